"""Several processes that train one model, each with its part of every batch; alone, a process is all of them.

Process r of W holds the rows [r b, (r + 1) b) of a batch of W b.  Its loss l_r is the mean over its own
rows, or the whole batch's, and the loss of the batch is L = (l_1 + .. + l_W) / W.  What a parameter
shared by all gets in the end is the mean of its gradients over the processes (training.py).

Why the gradients are then those of one process: let z_s be what process s computes from the parameters
and all may see, G_s the gradient that reaches it there, J_s its Jacobian.  The mean is
(1/W) sum_s J_s^T G_s, and dL/dtheta = sum_s J_s^T dL/dz_s with dL/dz_s = (1/W) sum_r dl_r/dz_s.  They are
equal when G_s = sum_r dl_r/dz_s: the way back of a gathering is a *sum* over the processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

Value = TypeVar("Value")

PATIENCE = timedelta(days=7)
"""How long a process waits for another: the first scores alone.  A dead one is noticed by who started them."""


_alone = False


def rank() -> int:
    """Which process this is, counted from 0."""
    return distributed.get_rank() if distributed.is_initialized() and not _alone else 0


def world_size() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() and not _alone else 1


@contextmanager
def alone() -> Iterator[None]:
    """Within, this process is all of them: for what the first does while the others wait."""
    global _alone
    _alone = True
    try:
        yield
    finally:
        _alone = False


@contextmanager
def group(device: torch.device, store: Path) -> Iterator[None]:
    """Joins the processes that torchrun started; they meet in the file `store`, which must not exist before.

    NCCL between CUDA devices, gloo between CPUs.
    """
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=f"file://{store}",
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
        timeout=PATIENCE,
    )
    yield
    # Not after an error: the process then ends, and saying farewell would wait for the others.
    distributed.destroy_process_group()


@contextmanager
def first_before_others() -> Iterator[None]:
    """The first process does alone what the others then find done, such as a download."""
    if rank() > 0:
        gather_values(None)
    yield
    if rank() == 0 and world_size() > 1:
        gather_values(None)


def own_part(tensor: Tensor, dim: int = 0) -> Tensor:
    """This process's rows of what all share; the length must divide by the processes."""
    return tensor.chunk(world_size(), dim)[rank()]


def own_first(everyone: Tensor) -> Tensor:
    """Gathered rows, turned so that this process's come first: its row i is then row i of all."""
    return everyone.roll(-rank() * (len(everyone) // world_size()), 0) if world_size() > 1 else everyone


def from_first(tensor: Tensor) -> Tensor:
    """The first process's tensor, in place; the others' must be alike in shape and type."""
    if world_size() > 1:
        distributed.broadcast(tensor, src=0)
    return tensor


@torch.no_grad()
def gather(tensor: Tensor) -> Tensor:
    """The rows (b, ...) of all processes in the order of their ranks, (W b, ...); no gradient passes."""
    if world_size() == 1:
        return tensor
    if tensor.ndim == 4 and not tensor.is_contiguous():  # channels_last
        return gather(tensor.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # the same layout again
    everyone = torch.empty(world_size() * len(tensor), *tensor.shape[1:], dtype=tensor.dtype, device=tensor.device)
    distributed.all_gather_into_tensor(everyone, tensor.contiguous())
    return everyone


def gather_with_gradient(tensor: Tensor) -> Tensor:
    """As `gather`; the gradient of a row is the sum of those that all processes have for it (see above)."""
    if world_size() == 1:
        return tensor
    everyone: Tensor = _Gather.apply(tensor)
    return everyone


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        return gather(tensor)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return own_part(total)


@torch.no_grad()
def mean(tensor: Tensor) -> Tensor:
    """The mean over the processes of tensors of one shape."""
    if world_size() == 1:
        return tensor
    total = tensor.clone()
    distributed.all_reduce(total)
    return total / world_size()


def gather_values(value: Value) -> list[Value]:
    """Any value of each process, in the order of their ranks; the host waits for all."""
    if world_size() == 1:
        return [value]
    everyone: list[Any] = [None] * world_size()
    distributed.all_gather_object(everyone, value)
    return everyone
