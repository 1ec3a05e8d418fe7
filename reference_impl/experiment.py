"""One run: settings in, numbers out.  The only module that the registry calls to train."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reference_impl import checkpoint, feasibility, processes
from reference_impl.assembly import Setting, assemble, resolve
from reference_impl.batch_norm import span_processes
from reference_impl.data import Splits
from reference_impl.errors import DataError
from reference_impl.evaluation import Score
from reference_impl.training import Epoch, Progress, throughput, train


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """All that decides the numbers of a run, and where it runs."""

    identity: str
    """Names recipe, benchmark and seed: a checkpoint of another identity is refused."""
    method: str
    """The class, as "package.module:Name"; likewise `loader` and `protocol`, which are functions."""
    settings: dict[str, Setting]
    """Keywords of the recipe: of the method, the encoder, the augmentation and the training."""
    loader: str
    checksums: dict[str, str]
    """sha256 of the splits "train" and "test"; a split without one is not checked."""
    channel_mean: tuple[float, ...]
    channel_std: tuple[float, ...]
    protocol: str
    protocol_settings: dict[str, Setting]
    seed: int
    device: str
    data: Path | None
    cache: Path
    checkpoint: Path
    resume: bool


@dataclass(frozen=True)
class Outcome:
    """What a run measured.  Times in seconds, memory in bytes (None where there is no such device).

    Of several processes times and memory are the first's, images per second those of all together.
    """

    trained: Score
    untrained: Score
    curve: list[Epoch]
    checksums: dict[str, str]
    training_seconds: float
    evaluation_seconds: float
    images_per_second: float
    timed_epochs: int
    device_memory: int | None
    parameters: int


def execute(
    experiment: Experiment,
    *,
    on_progress: Callable[[Progress], None],
    on_stage: Callable[[str], None],
    on_curve: Callable[[list[Epoch]], None],
) -> Outcome:
    """Scores the untrained encoder, trains it, and scores it again by the same protocol.

    `on_curve` gets the curve object before the training fills it, so that a run that breaks off
    still has the epochs that it did.  Of several processes (`processes.py`) all call this alike;
    the first scores while the others wait, and all return the same.  Raises RunError and its kin.
    """
    torch.manual_seed(experiment.seed)
    device = torch.device(experiment.device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        # "float32" means it: by default PyTorch lets convolutions round their inputs to TF32.
        torch.backends.cudnn.allow_tf32 = False
    on_stage("reading the data")
    with processes.first_before_others():  # it may download them
        splits: Splits = resolve(experiment.loader)(experiment.data, experiment.cache)
    checksums = _verified(splits, experiment)
    if processes.rank() == 0:
        feasibility.require(experiment.method, experiment.settings, splits, experiment.protocol_settings, device)
    parts = assemble(experiment.method, experiment.settings)
    method = parts.method
    span_processes(method)
    method = method.to(device).to(memory_format=torch.channels_last)
    if processes.rank() > 0:  # All have drawn the same weights; from here on each draws views of its own.
        torch.manual_seed(int(np.random.SeedSequence([experiment.seed, processes.rank()]).generate_state(1)[0]))
    prepare = _normaliser(experiment, device)
    protocol = resolve(experiment.protocol)

    def score() -> Score:
        own: Any = None
        if processes.rank() == 0:
            with processes.alone():
                own = protocol(method, splits, prepare, device, **experiment.protocol_settings)
        result: Score = processes.gather_values(own)[0]
        return result

    evaluation_started = time.perf_counter()
    if experiment.resume:
        untrained = Score(**checkpoint.load(experiment.checkpoint, experiment.identity)["carried"])
    else:
        on_stage("scoring the untrained encoder")
        before = checkpoint.random_state()
        untrained = score()
        checkpoint.restore_random_state(before)  # training must not depend on how it is scored
    evaluation_seconds = time.perf_counter() - evaluation_started
    on_stage("training")
    started = time.perf_counter()
    curve: list[Epoch] = []
    on_curve(curve)
    train(
        method,
        splits.train,
        parts.augmentation,
        prepare,
        parts.training,
        parts.optimiser(method),
        device,
        curve=curve,
        checkpoint_file=experiment.checkpoint,
        identity=experiment.identity,
        resume=experiment.resume,
        carried={
            "correct": untrained.correct,
            "total": untrained.total,
            "chosen_learning_rate": untrained.chosen_learning_rate,
        },
        on_progress=on_progress,
    )
    training_seconds = time.perf_counter() - started
    on_stage("scoring the trained encoder")
    evaluation_started = time.perf_counter()
    trained = score()
    evaluation_seconds += time.perf_counter() - evaluation_started
    rate, timed = throughput(curve)
    return Outcome(
        trained=trained,
        untrained=untrained,
        curve=curve,
        checksums=checksums,
        training_seconds=training_seconds,
        evaluation_seconds=evaluation_seconds,
        images_per_second=rate,
        timed_epochs=timed,
        device_memory=torch.cuda.max_memory_allocated() if device.type == "cuda" else None,
        parameters=sum(parameter.numel() for parameter in method.encoder.parameters()),
    )


def _normaliser(experiment: Experiment, device: torch.device) -> Callable[[Tensor], Tensor]:
    mean, std = (
        torch.tensor(values, device=device)[None, :, None, None]
        for values in (experiment.channel_mean, experiment.channel_std)
    )
    return lambda images: ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def _verified(splits: Splits, experiment: Experiment) -> dict[str, str]:
    checksums = {"train": splits.train.sha256(), "test": splits.test.sha256()}
    for split, expected in experiment.checksums.items():
        if checksums[split] != expected:
            place = experiment.data or "the built-in renderer or download"
            raise DataError(
                f"the {split} images of {place} are not those of this benchmark: "
                f"sha256 {checksums[split]}, expected {expected}"
            )
    return checksums
