"""Two processes with half a batch each count as one with the whole: losses, gradients, queues, statistics."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, multiprocessing, nn

from reference_impl import processes
from reference_impl.batch_norm import SharedBatchNorm, span_processes
from reference_impl.data import ImagesInFolder
from registry import Registry
from registry.signatures import Setting, keywords
from tests.conftest import ROOT
from tests.gathering import COUNT, Case, be_one_of_a_group, layers, trained
from tests.test_data import image_folder
from tests.test_formulas import recipe_of_v2
from tests.test_training import CPU

SMALL: dict[str, Setting] = {"queue_size": 20, "hidden_dim": 24, "decoder_width": 16, "decoder_depth": 1}


@cache
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


def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(found: list[Found]) -> None:
    for rank in range(COUNT):
        runs = found[rank]["runs"]
        assert runs["whole"].shape == (4, 4)
        assert torch.equal(runs["whole"], runs["resumed"])


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
        seen += [views.labels for views in source.views(4, recipe_of_v2(), CPU, 2)]
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
