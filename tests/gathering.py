"""What one process, alone or of a group, makes of its part of a batch; `test_processes.py` compares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from reference_impl import processes
from reference_impl.assembly import Setting, resolve
from reference_impl.batch_norm import SplitBatchNorm2d, average_statistics, span_processes
from reference_impl.contract import Method, Views
from reference_impl.data import ImagesInMemory
from reference_impl.encoders import build_encoder
from reference_impl.errors import Diverged
from reference_impl.training import _objective
from tests.test_training import CPU, SETTINGS, Stop, execute, numbers, plan, toy_images

COUNT, BATCH, STEPS, RATE = 2, 8, 2, 0.05

Case = tuple[str, dict[str, Setting], dict[str, Setting]]
"""A class, the settings of its encoder, and its own."""


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
    """A run whose protocol trains as well, on the first process alone; one in two parts; and one that diverges."""
    settings = SETTINGS | {"epochs": 1}
    outcome = execute(
        plan(
            folder / "tuned.pt",
            settings=settings,
            protocol="reference_impl.fine_tuning:fine_tune",
            protocol_settings=FINE_TUNING,
        )
    )
    whole = execute(plan(folder / "whole.pt"))
    with pytest.raises(Stop):
        execute(plan(folder / "parts.pt"), stop_after=2)
    processes.gather_values(None)  # the first has written its checkpoint
    resumed = execute(plan(folder / "parts.pt", resume=True))
    with pytest.raises(Diverged) as caught:
        execute(plan(folder / "far.pt", settings=settings | {"learning_rate": 1e20}))
    return {
        "loss": torch.tensor(outcome.curve[0].loss),
        "right": torch.tensor([outcome.untrained.correct, outcome.trained.correct]),
        "step": torch.tensor(int(str(caught.value).split()[6])),
        "whole": torch.tensor(numbers(whole.curve), dtype=torch.float64),
        "resumed": torch.tensor(numbers(resumed.curve), dtype=torch.float64),
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
