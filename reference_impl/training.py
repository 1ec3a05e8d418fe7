"""The one training loop.  What no paper argues about is here, once, for all methods."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from reference_impl import checkpoint, processes
from reference_impl.augment import Augmentation
from reference_impl.batch_norm import average_statistics
from reference_impl.contract import Method, Views
from reference_impl.data import ImageSource
from reference_impl.errors import CheckpointError, Diverged
from reference_impl.evaluation import Prepare
from reference_impl.optimisers import OptimiserName
from reference_impl.schedules import Schedule, learning_rate_factor

COLLAPSED = 1e-5
"""Spread of the embeddings under which they count as one point."""
SPREAD_SAMPLE = 256
PROGRESS_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Training:
    """The settings of the loop; those of its optimiser are that function's own (`optimisers.py`)."""

    epochs: int
    batch_size: int
    """Of all processes together."""
    optimiser: OptimiserName
    schedule: Schedule
    warmup_epochs: int
    milestones: tuple[int, ...]
    precision: Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Epoch:
    """A row of the learning curve."""

    epoch: int
    """Counted from 1."""
    loss: float
    """Mean over the steps of the epoch, and over the processes."""
    learning_rate: float
    """At the first step of the epoch."""
    seconds: float
    images: int
    embedding_spread: float
    """1 - |mean of the unit embeddings|^2 on a fixed sample: 0 when all images look alike."""
    false_negative_share: float | None = None
    """Mean over the steps of the share that `Method.false_negative_share` tells, where a method does."""


@dataclass(frozen=True)
class Progress:
    """What a person who waits wants to know.  `loss` is the last finished epoch's."""

    epoch: int
    epochs: int
    loss: float | None
    images_per_second: float
    seconds_left: float
    epoch_done: bool


def train(
    method: Method,
    source: ImageSource,
    augmentation: Augmentation,
    prepare: Prepare,
    settings: Training,
    optimiser: Optimizer,
    device: torch.device,
    *,
    curve: list[Epoch],
    checkpoint_file: Path,
    identity: str,
    resume: bool,
    carried: dict[str, Any],
    on_progress: Callable[[Progress], None],
) -> None:
    """Trains in place and fills the learning curve; a checkpoint follows every epoch.

    With `resume`, goes on from the checkpoint to the same numbers that an uninterrupted training
    reaches (bit for bit on a CPU).  `identity` says which run a checkpoint belongs to; `carried`
    is kept in it for the caller.  Of several processes (`processes.py`) all call this alike; the first
    writes the checkpoint, with the random state of each.  Raises Diverged, CheckpointError.
    """
    steps = len(source) // settings.batch_size
    if steps == 0:
        raise ValueError(f"a batch of {settings.batch_size} is more than the {len(source)} training images")
    if settings.batch_size % processes.world_size():
        raise ValueError(f"a batch of {settings.batch_size} does not divide over {processes.world_size()} processes")
    objective = _objective(method)
    sample = source.sample(SPREAD_SAMPLE, device)
    if resume:
        state = checkpoint.load(checkpoint_file, identity)
        method.load_state_dict(state["method"])
        optimiser.load_state_dict(state["optimiser"])
        curve.extend(Epoch(**row) for row in state["curve"])
        if len(state["random"]) != processes.world_size():
            raise CheckpointError(
                f"the checkpoint {checkpoint_file} is of a training by {len(state['random'])} processes, "
                f"not {processes.world_size()}; resume with --nproc {len(state['random'])}"
            )
        checkpoint.restore_random_state(state["random"][processes.rank()])
    for group in optimiser.param_groups:
        group.setdefault("initial_lr", group["lr"])
    clock = _Clock(settings.epochs, len(curve), steps * settings.batch_size, on_progress)
    for epoch in range(len(curve), settings.epochs):
        method.train()
        started = time.perf_counter()
        # Filled without .item(), which would make the host wait for the device.
        losses = torch.zeros(steps, device=device)
        shares = torch.zeros(steps, device=device)
        for step, views in enumerate(source.views(settings.batch_size, augmentation, device, method.view_count)):
            factor = learning_rate_factor(
                epoch + step / steps,
                settings.epochs,
                settings.schedule,
                warmup_epochs=settings.warmup_epochs,
                milestones=settings.milestones,
            )
            for group in optimiser.param_groups:
                group["lr"] = group["initial_lr"] * factor
            if step == 0:
                rate = optimiser.param_groups[0]["lr"]
            with torch.autocast(device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
                loss = objective(Views(tuple(prepare(images) for images in views.images), views.labels))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            method.after_step(progress=(epoch * steps + step + 1) / (settings.epochs * steps))
            losses[step] = loss.detach()
            if method.false_negative_share is not None:
                shares[step] = method.false_negative_share
            clock.step(epoch, step + 1, settings.batch_size)
        average_statistics(method)
        losses, shares = processes.mean(losses), processes.mean(shares)
        row = Epoch(
            epoch=epoch + 1,
            loss=float(losses.mean()),
            learning_rate=rate,
            seconds=time.perf_counter() - started,
            images=steps * settings.batch_size,
            embedding_spread=spread(method, prepare(sample)),
            false_negative_share=None if method.false_negative_share is None else float(shares.mean()),
        )
        curve.append(row)
        if not math.isfinite(row.loss):
            first = int((~losses.isfinite()).int().argmax())
            raise Diverged(
                f"the loss became {float(losses[first])} at step {epoch * steps + first + 1} "
                f"(epoch {row.epoch}, step {first + 1} of {steps})"
            )
        random = processes.gather_values(checkpoint.random_state())
        if processes.rank() == 0:
            checkpoint.save(
                checkpoint_file,
                {
                    "identity": identity,
                    "method": method.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "curve": [asdict(row) for row in curve],
                    "random": random,
                    "carried": carried,
                },
            )
        clock.epoch(row)
    # At the end only: with strong views the embeddings may crowd together for some epochs and part again.
    if not curve[-1].embedding_spread > COLLAPSED:
        raise Diverged(_collapse(curve, steps))


def _objective(method: Method) -> Callable[[Views], Tensor]:
    """The method's loss; of several processes, such that `backward` leaves the mean of their gradients."""
    if processes.world_size() == 1:
        return method.loss
    # Averages a part of the gradients while the rest is still being computed.
    parallel = DistributedDataParallel(_Objective(method), broadcast_buffers=False)
    return lambda views: parallel(views)


class _Objective(nn.Module):
    """A method whose loss is its `forward`, as DistributedDataParallel wants it."""

    def __init__(self, method: Method) -> None:
        super().__init__()
        self.method = method

    def forward(self, views: Views) -> Tensor:
        return self.method.loss(views)


@torch.no_grad()
def spread(method: Method, images: Tensor) -> float:
    """1 - |mean of the unit embeddings|^2 of a batch of images; 0 when all are one point."""
    method.eval()
    embeddings = normalize(nn.Sequential(method.encoder, method.head)(images).float(), dim=1)
    return 1 - float(embeddings.mean(dim=0).square().sum())


def _collapse(curve: list[Epoch], steps: int) -> str:
    """Since when a training that ended so has had one point for all images."""
    since = 1 + max((row.epoch for row in curve if row.embedding_spread > COLLAPSED), default=0)
    return (
        f"collapsed: all embeddings are one point since epoch {since} "
        f"(by step {since * steps} of {len(curve) * steps}; spread at the end {curve[-1].embedding_spread:.1e})"
    )


class _Clock:
    """Tells how far the training is, at most every few seconds and after every epoch."""

    def __init__(
        self, epochs: int, done: int, images_per_epoch: int, on_progress: Callable[[Progress], None]
    ) -> None:
        self.epochs, self.images_per_epoch, self.on_progress = epochs, images_per_epoch, on_progress
        self.images = 0
        self.loss: float | None = None
        self.started = self.told = time.perf_counter()
        self.left = (epochs - done) * images_per_epoch

    def step(self, epoch: int, steps: int, batch_size: int) -> None:
        self.images += batch_size
        if time.perf_counter() - self.told >= PROGRESS_SECONDS:
            self._tell(epoch + 1, epoch_done=False)

    def epoch(self, row: Epoch) -> None:
        self.loss = row.loss
        self._tell(row.epoch, epoch_done=True)

    def _tell(self, epoch: int, *, epoch_done: bool) -> None:
        self.told = time.perf_counter()
        rate = self.images / (self.told - self.started)
        seconds_left = (self.left - self.images) / rate
        self.on_progress(Progress(epoch, self.epochs, self.loss, rate, seconds_left, epoch_done))


def throughput(curve: list[Epoch]) -> tuple[float, int]:
    """Images per second, the median over the epochs after the first, and how many were timed.

    The first epoch warms up caches and allocators and is left out, unless it is the only one.
    """
    timed = curve[1:] or curve
    rates = torch.tensor([row.images / row.seconds for row in timed], dtype=torch.float64)
    return float(rates.quantile(0.5)), len(timed)
