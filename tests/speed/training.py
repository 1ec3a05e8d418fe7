"""Measures our MoCo training beside `lightly`'s example of it, in turns within one run.

    python -m tests.speed.training [--images FOLDER] [--only ENCODER] [--rounds 5] [--steps N]
    python -m tests.speed.training --device cuda

Both train the same encoder with the same batch, precision, threads, settings and images: "end to end" is
epochs of the whole loop with its data pipeline, ours `reference_impl.training.train`, theirs what their
documentation shows (docs.lightly.ai/examples/moco.html) by calls of their public interface; "step" is
forward, backward and update on the same two tensors.  Two ratios: of the seconds that pass, and of the
processor time of all processes, which tells the same on a machine that is busy with other things.  The
tables stand in tests/speed/README.md, with what differs.  FOLDER holds CIFAR-10; without it the images
are noise.

With `--device cuda` only ours is measured: images per second, the share of the speed of a large matrix
product, and the memory at its peak.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from reference_impl.data import cifar10
from tests.speed.contestants import Case, Cost, Meter, Ours, Theirs

CPU_CASES = (
    Case("resnet18", "float32", 256, 20),
    Case("resnet18", "bfloat16", 256, 20),
    Case("resnet_mini", "bfloat16", 128, 40),
    Case("resnet18_cifar", "float32", 64, 4),
    Case("resnet18_cifar", "bfloat16", 64, 6),
)
CUDA_CASES = (
    Case("resnet18_cifar", "bfloat16", 512, 100),
    Case("resnet50", "bfloat16", 256, 20, size=224),
)


@dataclass(frozen=True)
class Comparison:
    """What the same images took, a pair for each round."""

    ours: list[Cost]
    theirs: list[Cost]

    def ratios(self, of: Literal["seconds", "processor"]) -> list[float]:
        """How many times as much theirs took."""
        return [getattr(theirs, of) / getattr(ours, of) for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def row(self, case: Case, what: str) -> str:
        images = case.batch * case.steps
        cells = [case.encoder, case.precision, str(case.batch), what]
        cells += [f"{images / median(cost.seconds for cost in costs):.0f}" for costs in (self.ours, self.theirs)]
        for of in ("seconds", "processor"):
            ratios = self.ratios(of)
            cells.append(f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")
        return f"| {' | '.join(cells)} |"


def compare(case: Case, pixels: np.ndarray, *, rounds: int, workers: int) -> Iterator[tuple[str, Comparison]]:
    """End to end, then the step alone; the two take turns, after a round that is not counted."""
    device = torch.device("cpu")
    # Frees one large block, after which the C library no longer returns memory to the system in every step.
    # A real run does so while it scores the untrained encoder; here both have the good of it.
    torch.empty(31 * 2**20, dtype=torch.uint8).fill_(1)
    ours, theirs = Ours(case, pixels, device), Theirs(case, pixels, device, workers)
    yield "end to end", in_turns(ours.epoch, theirs.epoch, rounds)
    plain = [torch.randn(case.batch, 3, case.size, case.size) for _ in range(2)]
    layout = [view.contiguous(memory_format=torch.channels_last) for view in plain]
    our_steps = partial(repeated, partial(ours.step, *layout), case.steps)
    their_steps = partial(repeated, partial(theirs.step, *plain), case.steps)
    yield "step", in_turns(our_steps, their_steps, rounds)


def in_turns(ours: Callable[[], Cost], theirs: Callable[[], Cost], rounds: int) -> Comparison:
    """The pairs of `rounds` rounds, after one that is not counted."""
    pairs = [(ours(), theirs()) for _ in range(rounds + 1)][1:]
    return Comparison([pair[0] for pair in pairs], [pair[1] for pair in pairs])


def repeated(step: Callable[[], None], times: int) -> Cost:
    """What that many steps took on a CPU."""
    meter = Meter(torch.device("cpu"))
    for _ in range(times):
        step()
    return meter.cost()


@dataclass(frozen=True)
class Rate:
    """How fast our training is on a device."""

    images_per_second: float
    share_of_ceiling: float
    """Of the floating-point operations of a large matrix product in the same precision, measured just before."""
    peak_memory: int
    """Bytes; 0 where PyTorch does not count them."""


def rate(case: Case, pixels: np.ndarray, device: torch.device, *, rounds: int, side: int) -> Rate:
    """Our whole loop; `side` is that of the matrices of the ceiling."""
    dtype = {"bfloat16": torch.bfloat16, "float32": torch.float32}[case.precision]
    ceiling = matrix_ceiling(dtype, device, side)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    ours = Ours(case, pixels, device)
    ours.epoch()
    seconds = median(ours.epoch().seconds for _ in range(rounds))
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else 0
    views = [
        torch.randn(case.batch, 3, case.size, case.size, device=device).contiguous(memory_format=torch.channels_last)
        for _ in range(2)
    ]
    with FlopCounterMode(display=False) as counter:
        ours.step(*views)
    operations = counter.get_total_flops() * case.steps
    return Rate(case.batch * case.steps / seconds, operations / seconds / ceiling, peak)


def matrix_ceiling(dtype: torch.dtype, device: torch.device, side: int) -> float:
    """Floating-point operations per second of the best of ten products of two square matrices."""
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(13):  # three to warm up
        meter = Meter(device)
        torch.mm(left, right)
        seconds.append(meter.cost().seconds)
    return 2 * side**3 / min(seconds[3:])


def images(folder: Path | None, count: int, size: int) -> np.ndarray:
    """Bytes (count, 3, size, size): of CIFAR-10 where its folder is named and 32 pixels are asked, else noise."""
    if folder is not None and size == 32:
        return cifar10(folder, folder).train.images.numpy()[:count]
    return np.random.default_rng(0).integers(0, 256, (count, 3, size, size), dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", metavar="ENCODER")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="in a round, instead of each case's own")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="of lightly's DataLoader")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("no CUDA device is available here")
    torch.manual_seed(0)
    device = torch.device(arguments.device)
    cases = [
        case for case in (CPU_CASES, CUDA_CASES)[device.type == "cuda"] if arguments.only in (None, case.encoder)
    ]
    if arguments.steps:
        cases = [replace(case, steps=arguments.steps) for case in cases]
    for line in (gpu_table if device.type == "cuda" else cpu_table)(cases, arguments):
        print(line, flush=True)  # noqa: T201


def cpu_table(cases: list[Case], arguments: argparse.Namespace) -> Iterator[str]:
    """Ours beside lightly's, a line at a time."""
    yield f"{torch.get_num_threads()} threads, {arguments.workers} workers for lightly, PyTorch {torch.__version__}"
    yield "| encoder | precision | batch | what | ours, images/s | lightly, images/s | by seconds | by processor |"
    yield "|---|---|---|---|---|---|---|---|"
    for case in cases:
        pixels = images(arguments.images, case.batch * case.steps, case.size)
        for what, comparison in compare(case, pixels, rounds=arguments.rounds, workers=arguments.workers):
            yield comparison.row(case, what)


def gpu_table(cases: list[Case], arguments: argparse.Namespace) -> Iterator[str]:
    """Ours alone, a line at a time."""
    device = torch.device(arguments.device)
    yield f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}"
    yield "| encoder | precision | batch | images/s | share of a matrix product's speed | peak memory, GB |"
    yield "|---|---|---|---|---|---|"
    for case in cases:
        pixels = images(arguments.images, case.batch * case.steps, case.size)
        found = rate(case, pixels, device, rounds=arguments.rounds, side=8192)
        numbers = f"{found.images_per_second:.0f} | {found.share_of_ceiling:.2f} | {found.peak_memory / 1e9:.1f}"
        yield f"| {case.encoder} | {case.precision} | {case.batch} | {numbers} |"


if __name__ == "__main__":
    main()
