"""Steps of a method on given views, as more than one file of tests takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from reference_impl.contract import Method, Views
from reference_impl.moco import MoCo


def losses_of_steps(method: Method, optimiser: Optimizer, batches: Iterable[Views]) -> list[float]:
    """The loss of each batch, after the steps on those before; progress runs to 1."""
    rows, losses = list(batches), []
    for step, views in enumerate(rows, start=1):
        loss = method.loss(views)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        method.after_step(progress=step / len(rows))
        losses.append(loss.item())
    return losses


def gradients(method: Method) -> list[Tensor]:
    return [parameter.grad for parameter in method.parameters() if parameter.grad is not None]


def assert_steps_are_those_of_moco(ours: Method, moco: MoCo, batch: Callable[..., Views]) -> None:
    """Losses, gradients and queues of four steps agree to the last bit."""
    for step in range(4):
        losses = [method.loss(batch(seed=step)) for method in (ours, moco)]
        assert torch.equal(*losses)
        for method, loss in zip((ours, moco), losses, strict=True):
            method.zero_grad()
            loss.backward()
            method.after_step(progress=0)
        assert all(map(torch.equal, gradients(ours), gradients(moco)))
        assert torch.equal(ours.queue_KD, moco.queue_KD)
