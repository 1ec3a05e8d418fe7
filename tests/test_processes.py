"""Two processes with half a batch each count as one with the whole: losses, gradients, queues, statistics."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, multiprocessing, nn

from reference_impl import processes
from reference_impl.batch_norm import SharedBatchNorm, SplitBatchNorm2d, average_statistics, span_processes
from reference_impl.contract import Method, Views
from reference_impl.data import ImagesInFolder, ImagesInMemory
from reference_impl.encoders import build_encoder
from reference_impl.errors import Diverged
from reference_impl.experiment import resolve
from reference_impl.fine_tuning import crops_and_flips
from reference_impl.training import _objective
from registry import Registry
from registry.signatures import Setting, keywords
from tests.conftest import ROOT
from tests.test_data import image_folder
from tests.test_training import SETTINGS, execute, plan, toy_images

CPU = torch.device("cpu")
COUNT, BATCH, STEPS, RATE = 2, 8, 2, 0.05
SMALL: dict[str, Setting] = {"queue_size": 20, "hidden_dim": 24, "decoder_width": 16, "decoder_depth": 1}

Case = tuple[str, dict[str, Setting], dict[str, Setting]]
"""A class, the settings of its encoder, and its own."""


def cases() -> dict[str, Case]:
    """Every method that can run, by the name of its recipe for the shapes, but small; and forms that need a look."""
    registry, found = Registry.open(ROOT), {}

    def case(implementation: str, settings: dict[str, Setting]) -> Case:
        own = {name: settings[name] for name in keywords(implementation)}
        return implementation, {name: settings[name] for name in ("encoder", "bn_splits")}, own

    for method in registry.methods():
        if method.implementation is not None:
            settings = registry.recipe(method.name, "shapes_knn").settings
            small = {name: value for name, value in SMALL.items() if name in settings}
            found[method.name] = case(method.implementation, {**settings, **small})
    for name, of, changes in FORMS:
        implementation, encoder, own = found[of]
        found[name] = (implementation, encoder, own | changes)
    return found


FORMS: list[tuple[str, str, dict[str, Setting]]] = [
    ("moco_v2, symmetric, not shuffled", "moco_v2", {"symmetric": True, "shuffle": False}),
    ("moco_v2, a queue shorter than the batch", "moco_v2", {"queue_size": 5}),
    ("moco_dual_view, keys that learn", "moco_dual_view", {"key_gradient": "through", "selection_scope": "batch"}),
    ("xmoco, pairs with the queue", "xmoco", {"pair_set": "batch_and_queue", "distance": "kl", "symmetric": True}),
    ("supcon, the mean inside the logarithm", "supcon", {"form": "in"}),
]


def images() -> list[Views]:
    """The views of each step."""
    generator = torch.Generator().manual_seed(1)
    return [
        Views(
            tuple(torch.randn(BATCH, 3, 32, 32, generator=generator, dtype=torch.float64) for _ in range(2)),
            torch.randint(0, 3, (BATCH,), generator=generator),
        )
        for _ in range(STEPS)
    ]


def trained(case: Case) -> dict[str, Tensor]:
    """What one process of however many has after some steps: losses, first gradients, and all of its state."""
    with pytest.MonkeyPatch.context() as patch:
        # In float64 throughout, where a mistake is no rounding.
        patch.setattr(Tensor, "float", Tensor.double)
        return _trained(case)


def _trained(case: Case) -> dict[str, Tensor]:
    implementation, encoder, own = case
    torch.manual_seed(0)
    method: Method = resolve(implementation)(build_encoder(**encoder), **own)  # type: ignore[arg-type]
    method.double()
    span_processes(method)
    if hasattr(method, "mask"):  # drawn for the whole batch
        whole = method.mask

        def mask(batch: int, patches: int, device: torch.device) -> tuple[Tensor, ...]:
            drawn = whole(batch * processes.world_size(), patches, device)
            return tuple(processes.own_part(part) for part in drawn)

        method.mask = mask  # type: ignore[method-assign]
    objective, found = _objective(method), {}
    learning = {name: parameter for name, parameter in method.named_parameters() if parameter.requires_grad}
    torch.manual_seed(2)
    for step, views in enumerate(images()):
        ours = tuple(processes.own_part(view) for view in views.images[: method.view_count])
        loss = objective(Views(ours, processes.own_part(views.labels)))
        loss.backward()
        found[f"loss {step}"] = processes.mean(loss.detach())
        with torch.no_grad():
            for name, parameter in learning.items():
                assert parameter.grad is not None, name
                if step == 0:
                    found[f"gradient {name}"] = parameter.grad.clone()
                parameter -= RATE * parameter.grad
                parameter.grad = None
        method.after_step(progress=(step + 1) / STEPS)
    if method.false_negative_share is not None:
        found["share"] = processes.mean(method.false_negative_share)
    average_statistics(method)
    return found | {f"state {name}": value.clone() for name, value in method.state_dict().items()}


def small_parts() -> dict[str, Tensor]:
    """What the gatherings give one process of the group."""
    mine = torch.arange(3.0 * processes.rank(), 3.0 * processes.rank() + 3).requires_grad_()
    weights = torch.arange(3.0 * COUNT) * (1 + processes.rank())
    (processes.gather_with_gradient(mine) * weights).sum().backward()
    assert mine.grad is not None
    rows = torch.arange(4.0).view(4, 1) + 10 * processes.rank()
    shown = ImagesInMemory(toy_images(40, 0).images.numpy(), torch.arange(40).numpy(), classes=40)
    torch.manual_seed(processes.rank())
    seen = [views.labels for views in shown.views(8, _Unchanged(), CPU, 1)]  # type: ignore[arg-type]
    return {
        "gathered": processes.gather(mine.detach()),
        "gradient": mine.grad,
        "first": processes.from_first(torch.tensor([7.0 + processes.rank()])),
        "mean": processes.mean(torch.tensor([1.0 + processes.rank()])),
        "own first": processes.own_first(processes.gather(rows)).flatten(),
        "seen": torch.stack(seen),
    }


class _Unchanged:
    """Views that are the images themselves."""

    def views(self, images: Tensor, count: int) -> tuple[Tensor, ...]:
        return (images,) * count


def layers() -> dict[str, Tensor]:
    """Batch normalisations of each kind, of which each process has half the batch."""
    torch.manual_seed(3)
    whole = {
        "images": (nn.BatchNorm2d(5), 4 + 3 * torch.randn(8, 5, 3, 2)),
        "vectors": (nn.BatchNorm1d(5, affine=False), 100 + torch.randn(8, 5)),
        "split": (SplitBatchNorm2d(5, splits=4), torch.randn(8, 5, 3, 2)),
        "halves": (SplitBatchNorm2d(5, splits=2), torch.randn(8, 5, 3, 2)),
    }
    found = {}
    for name, (layer, inputs) in whole.items():
        network = nn.Sequential(layer).double()
        span_processes(network)
        factors = processes.own_part(torch.randn(*inputs.shape, dtype=torch.float64))
        mine = processes.own_part(inputs.double()).clone().requires_grad_()
        outputs = network(mine)
        (outputs * factors).sum().backward()
        average_statistics(network)
        assert mine.grad is not None
        found[f"{name} outputs"] = processes.gather(outputs.detach())
        found[f"{name} gradient"] = processes.gather(mine.grad)
        found |= {f"{name} {key}": value for key, value in network.state_dict().items()}
    return found


def whole_runs(folder: Path) -> dict[str, Tensor]:
    """A run whose protocol trains as well, on the first process alone, and one that diverges."""
    settings = SETTINGS | {"epochs": 1}
    outcome = execute(
        plan(
            folder / "tuned.pt",
            settings=settings,
            protocol="reference_impl.fine_tuning:fine_tune",
            protocol_settings=FINE_TUNING,
        )
    )
    with pytest.raises(Diverged) as caught:
        execute(plan(folder / "far.pt", settings=settings | {"learning_rate": 1e20}))
    return {
        "loss": torch.tensor(outcome.curve[0].loss),
        "right": torch.tensor([outcome.untrained.correct, outcome.trained.correct]),
        "step": torch.tensor(int(str(caught.value).split()[6])),
        "checkpoint": torch.tensor([(folder / name).is_file() for name in ("tuned.pt", "far.pt")]),
    }


FINE_TUNING: dict[str, Setting] = {
    "epochs": 1,
    "batch_size": 16,
    "learning_rate": 0.01,
    "warmup_epochs": 0,
    "weight_decay": 0.05,
    "layer_decay": 0.75,
    "crop_scale_min": 0.5,
    "precision": "float32",
}


def everything(cases: dict[str, Case]) -> dict[str, dict[str, Tensor]]:
    return {"small parts": small_parts(), "layers": layers()} | {name: trained(case) for name, case in cases.items()}


def be_one_of_a_group(rank: int, folder: Path, cases: dict[str, Case]) -> None:
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(COUNT), "GLOO_SOCKET_IFNAME": "lo"}
    with processes.group(CPU, folder / "store"):
        torch.save(everything(cases) | {"runs": whole_runs(folder)}, folder / f"{rank}.pt")


Found = dict[str, dict[str, Tensor]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """By process what it found."""
    folder = tmp_path_factory.mktemp("group")
    multiprocessing.spawn(be_one_of_a_group, (folder, cases()), nprocs=COUNT)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(COUNT)]


def agree(ours: dict[str, Tensor], whole: dict[str, Tensor], tolerance: float) -> None:
    """Equal but for rounding: a gradient that is 0 in theory is measured by the others."""
    assert ours.keys() == whole.keys()
    largest = max((value.abs().max() for name, value in whole.items() if name.startswith("gradient")), default=1.0)
    for name, value in whole.items():
        scale = float(largest) if name.startswith("gradient") else 1.0
        torch.testing.assert_close(
            ours[name],
            value,
            rtol=tolerance,
            atol=tolerance * scale,
            msg=lambda said, name=name: f"{name}: {said}",
        )


@pytest.mark.parametrize("name", cases())
def test_losses_gradients_and_state_of_two_processes_are_those_of_one(found: list[Found], name: str) -> None:
    whole = trained(cases()[name])
    for rank in range(COUNT):
        agree(found[rank][name], whole, tolerance=1e-9)


def test_batch_normalisation_of_each_kind_is_that_of_the_whole_batch(found: list[Found]) -> None:
    whole = layers()
    for rank in range(COUNT):
        agree(found[rank]["layers"], whole, tolerance=1e-10)


def test_rows_are_gathered_in_the_order_of_the_ranks(found: list[Found]) -> None:
    for rank in range(COUNT):
        parts = found[rank]["small parts"]
        assert parts["gathered"].tolist() == [0, 1, 2, 3, 4, 5]
        assert (parts["first"].tolist(), parts["mean"].tolist()) == ([7], [1.5])


def test_the_gradient_of_a_gathered_row_is_the_sum_over_the_processes(found: list[Found]) -> None:
    # Weights 0 .. 5 in the first process and twice as much in the second.
    assert [found[rank]["small parts"]["gradient"].tolist() for rank in range(COUNT)] == [[0, 3, 6], [9, 12, 15]]


def test_own_rows_stand_first_so_that_query_and_key_have_one_index(found: list[Found]) -> None:
    first, second = (found[rank]["small parts"]["own first"].tolist() for rank in range(COUNT))
    assert first == [0, 1, 2, 3, 10, 11, 12, 13]
    assert second == [10, 11, 12, 13, 0, 1, 2, 3]


def test_processes_see_each_image_once_in_one_order_of_all(found: list[Found]) -> None:
    first, second = (found[rank]["small parts"]["seen"] for rank in range(COUNT))
    assert first.shape == second.shape == (5, 4)
    assert torch.cat([first, second]).flatten().sort().values.tolist() == list(range(40))
    torch.manual_seed(0)  # the first's
    assert torch.equal(torch.cat([first, second], dim=1), torch.randperm(40).view(5, 8))


def test_the_first_process_scores_and_all_know_the_score_and_the_mean_loss(found: list[Found]) -> None:
    first, second = (found[rank]["runs"] for rank in range(COUNT))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_loss_that_is_no_number_ends_every_process_without_a_checkpoint(found: list[Found]) -> None:
    for rank in range(COUNT):
        assert 2 <= int(found[rank]["runs"]["step"]) <= 6
        assert found[rank]["runs"]["checkpoint"].tolist() == [True, False]


def test_images_of_a_folder_are_shared_out_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = image_folder(tmp_path, {"cat": (60, 50), "dog": (50, 70), "owl": (64, 64), "rat": (80, 40)})
    source = ImagesInFolder(root / "train", size=32)
    seen = []
    for rank in range(COUNT):
        monkeypatch.setattr(processes, "world_size", lambda: COUNT)
        monkeypatch.setattr(processes, "rank", lambda rank=rank: rank)
        monkeypatch.setattr(processes, "from_first", lambda order: order)
        torch.manual_seed(0)
        seen += [views.labels for views in source.views(4, crops_and_flips(0.5), CPU, 2)]
    assert {len(labels) for labels in seen} == {2}
    assert torch.cat(seen).bincount().tolist() == [len(source) // 4] * 4


def test_alone_a_process_is_all_of_them() -> None:
    rows = torch.arange(4.0)
    assert (processes.rank(), processes.world_size()) == (0, 1)
    for alike in (processes.gather, processes.gather_with_gradient, processes.own_part, processes.own_first):
        assert alike(rows) is rows or torch.equal(alike(rows), rows)
    network: Any = nn.Sequential(nn.BatchNorm2d(3))
    span_processes(network)
    assert not isinstance(network[0], SharedBatchNorm)
