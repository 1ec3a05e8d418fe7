"""Can these settings be run, on these images and in this memory?  Asked before anything is trained.

Memory is estimated by a rehearsal: the method is built without contents and does one step on fake
tensors, which have shapes and types but hold nothing, while every storage that comes to life and
goes is counted.  So the estimate knows what a step keeps for its way back, in the precision of the
recipe.  It does not know the workspaces of convolutions nor what an allocator holds back.  Measured
on a CPU, what a process grew by was 1.02 (MoCo v2) and 1.12 (MAE) times the estimate of a step with a
C library that gives back what is freed, and 0.97 (MoCo v2 with ResNet-18) to 1.73 times (MAE) with one
that keeps smaller blocks; `tests/test_feasibility.py` holds the former between 0.85 and 1.35.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from reference_impl import processes
from reference_impl.assembly import Parts, Settings, assemble
from reference_impl.contract import Views
from reference_impl.data import ImagesInMemory, Splits
from reference_impl.errors import Impossible
from reference_impl.evaluation import EVALUATION_BATCH, layer_of

PLENTY = 4096
"""Bytes of memory for each byte of a batch of views that make a rehearsal needless: steps took 12 to 900."""
BANKS = 3
"""Copies of all training features that a protocol holds at its worst: parts, the whole, and the whole scaled."""
SIMILARITIES = 2 * 1024
"""Rows of similarities that kNN holds: a block of test images, and what is sorted of it."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Bytes that a run needs on its device."""

    data: int
    """Images that lie there all the time."""
    network: int
    """Parameters, their copies and buffers, such as a queue."""
    training: int
    """Gradients, the optimiser's state, and what a step keeps at its fullest."""
    evaluation: int
    """Features of all training images, and a batch on its way through the encoder."""

    @property
    def total(self) -> int:
        """At the fullest moment: a run does not train and evaluate at once."""
        return self.data + self.network + max(self.training, self.evaluation)

    def __str__(self) -> str:
        rest = {"images": self.data, "network": self.network, "a step": self.training, "evaluation": self.evaluation}
        return ", ".join(f"{what} {_gigabytes(size)}" for what, size in rest.items() if size)


def refuse(method: str, settings: Settings, images: int | None) -> None:
    """Raises Impossible for settings that fit neither each other nor so many training images."""
    _refuse_batch(settings, images)
    without_contents(method, settings)


def _refuse_batch(settings: Settings, images: int | None) -> None:
    batch, groups = settings["batch_size"], settings.get("bn_splits", 1)
    if images is not None and batch > images:
        raise Impossible(f"batch_size {batch} is more than the {images} training images")
    if batch % groups:
        raise Impossible(f"batch_size {batch} does not divide into {groups} BatchNorm groups (bn_splits)")
    if batch < 2 * groups:
        whom = f"each of {groups} BatchNorm groups (bn_splits)" if groups > 1 else "a batch"
        raise Impossible(
            f"batch_size {batch} leaves {whom} a single image, which has nothing to be normalised or contrasted "
            f"with; it must be at least {2 * groups}"
        )


def without_contents(method: str, settings: Settings) -> Parts | None:
    """What the settings make, with shapes only; None for a method that needs contents to be built.

    Raises Impossible for what its parts refuse.
    """
    with torch.device("meta"), torch.random.fork_rng(devices=[]):
        try:
            parts = assemble(method, settings)
            parts.optimiser(parts.method)
        except ValueError as error:
            raise Impossible(str(error)) from error
        except Exception:  # as reading a number from a tensor; the run will tell what there is to tell
            return None
    return parts


def warnings(settings: Settings, images: int | None) -> list[str]:
    """What can be run and is hardly meant, in sentences."""
    found = []
    batch, queue, epochs = settings["batch_size"], settings.get("queue_size"), settings["epochs"]
    if queue is not None:
        keys = 2 * batch if settings.get("symmetric") else batch
        if images is not None and queue > images:
            found.append(
                f"queue_size {queue} is more than the {images} training images: "
                "every query meets old keys of its own image as negatives"
            )
        if keys > queue:
            found.append(f"queue_size {queue} is less than the {keys} keys of a step: the rest of them is lost")
    if settings.get("momentum") == 1:
        found.append("momentum 1 never moves the slow copy: its keys or targets stay those of random weights")
    if settings["warmup_epochs"] >= epochs:
        found.append(f"warmup_epochs {settings['warmup_epochs']} of {epochs} epochs: the learning rate only rises")
    late = [str(milestone) for milestone in settings["milestones"] if milestone >= epochs]
    if settings["schedule"] == "step" and late:
        found.append(f"milestones {', '.join(late)} come after the last of {epochs} epochs")
    return found


def require(method: str, settings: Settings, splits: Splits, protocol: Settings, device: torch.device) -> None:
    """Raises Impossible unless the settings fit each other, the images and what memory is free.

    The message for memory gives the estimate, what is free, and the batch_size or queue_size that
    would fit.  Where the free memory is not known, nothing is said of it.
    """
    _refuse_batch(settings, len(splits.train))
    if protocol.get("neighbours", 0) > len(splits.train):
        raise Impossible(f"{protocol['neighbours']} neighbours asked of {len(splits.train)} training images")
    rehearsal = _Rehearsal(method, splits, protocol, device)
    parts = rehearsal.parts(settings)
    free = free_memory(device)
    if parts is None or free is None or rehearsal.is_small(parts, free):
        return
    needed = rehearsal.estimate(settings)
    if needed is not None and needed.total > free:
        ways = [way for name in ("batch_size", "queue_size") if (way := rehearsal.fitting(settings, name, free))]
        way_out = " or ".join(f"--set {way}" for way in ways) or "a smaller encoder, or a machine with more memory"
        raise Impossible(
            f"the run needs about {_gigabytes(needed.total)} of memory on {device.type} and {_gigabytes(free)} are "
            f"free ({needed}); what would fit: {way_out}"
        )


class _Rehearsal:
    """A run's memory by its settings."""

    def __init__(self, method: str, splits: Splits, protocol: Settings, device: torch.device) -> None:
        self.method, self.device, self.protocol = method, device, protocol
        self.images = len(splits.train)
        sample = splits.train.sample(1, torch.device("cpu"))
        self.shape = tuple(sample.shape[1:])
        # On a CPU the images lie in memory already, and are not free.
        held = [split for split in (splits.train, splits.test) if isinstance(split, ImagesInMemory)]
        self.data = 0 if device.type == "cpu" else sum(split.images.numel() for split in held)

    def parts(self, settings: Settings) -> Parts | None:
        """The method without contents; of several processes, what one of them holds of it."""
        mine = dict(settings)
        mine["batch_size"] //= processes.world_size()
        mine["bn_splits"] = max(1, mine["bn_splits"] // processes.world_size())
        return without_contents(self.method, mine)

    def is_small(self, parts: Parts, free: int) -> bool:
        """Whether a bound that asks no rehearsal leaves no doubt."""
        batch = parts.training.batch_size
        pixels = parts.method.view_count * batch * 4 * _count(self.shape)
        longest = max([batch, *(len(buffer) for buffer in parts.method.buffers() if buffer.ndim)])
        network = _size(parts.method)
        bank = 4 * self.images * BANKS * int(parts.method.encoder.width)  # type: ignore[arg-type]
        return 6 * network + PLENTY * pixels + 64 * batch * longest + bank + self.data < free / 2

    def estimate(self, settings: Settings) -> Estimate | None:
        """What a run of the settings needs; None where a step cannot be rehearsed."""
        parts = self.parts(settings)
        if parts is None:
            return None
        try:
            with processes.alone(), torch.random.fork_rng(devices=[]), FakeTensorMode():
                _materialise(parts.method)
                return Estimate(
                    data=self.data,
                    network=_size(parts.method),
                    evaluation=self._evaluation(parts),
                    training=self._step(parts),
                )
        except Exception:  # a step that only real tensors can do; the run will tell what there is to tell
            return None

    def fitting(self, settings: Settings, name: str, free: int) -> str | None:
        """The largest value of a setting with which the run fits, as name=value; None if there is none."""
        unit = settings.get("bn_splits", 1) * processes.world_size() if name == "batch_size" else 1
        least = 2 * unit if name == "batch_size" else settings["batch_size"]
        now = settings.get(name)
        if now is None or least >= now:
            return None
        most, few = (self.estimate({**settings, name: value}) for value in (now, least))
        if most is None or few is None or few.total > free or most.total <= few.total:
            return None
        # The need is a line over either setting; what it bends is left as a margin of a twentieth.
        share = (0.95 * free - few.total) / (most.total - few.total)
        value = max(least, int(least + share * (now - least)) // unit * unit)
        return f"{name}={value}"

    def _evaluation(self, parts: Parts) -> int:
        parts.method.eval()
        images = torch.empty(min(EVALUATION_BATCH, self.images), *self.shape)
        with torch.no_grad(), _Tally() as tally:
            features = layer_of(parts.method, self.protocol.get("features", "encoder"))(images)
        compared = SIMILARITIES if "neighbours" in self.protocol else 0
        size: int = tally.most + images.nbytes + 4 * self.images * (BANKS * features.shape[1] + compared)
        return size

    def _step(self, parts: Parts) -> int:
        method, training = parts.method.train(), parts.training
        optimiser = parts.optimiser(method)
        with _Tally() as tally:
            raw, ready = (
                [torch.empty(training.batch_size, *self.shape) for _ in range(method.view_count)] for _ in range(2)
            )
            labels = torch.zeros(training.batch_size, dtype=torch.long)
            with torch.autocast("cpu", torch.bfloat16, enabled=training.precision == "bfloat16"):
                loss = method.loss(Views(tuple(ready), labels))
            loss.backward()  # type: ignore[no-untyped-call]
            del loss, raw
            before = tally.now
            optimiser.step()
            return int(tally.most + tally.now - before)  # from the second step on the optimiser's state is there


class _Tally(TorchDispatchMode):
    """Counts the bytes of the storages that operations bring to life, until they go."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.most = 0
        self.alive: dict[int, Any] = {}

    def __torch_dispatch__(
        self, operation: Any, types: Any, arguments: tuple[Any, ...] = (), keywords: dict[str, Any] | None = None
    ) -> Any:
        result = operation(*arguments, **(keywords or {}))
        inputs = {tensor.untyped_storage()._cdata for tensor in tree_leaves(arguments) if isinstance(tensor, Tensor)}
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage()._cdata not in inputs:
                self._born(tensor.untyped_storage())
        return result

    def _born(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key in self.alive:
            return

        def gone(_: object) -> None:
            self.now -= size
            self.alive.pop(key, None)

        self.now += size
        self.most = max(self.most, self.now)
        self.alive[key] = weakref.ref(storage, gone)


def _materialise(network: nn.Module) -> None:
    """Fake tensors on a CPU in the place of those on no device, so that autocast knows what to do with them."""
    for module in network.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                fake = torch.empty(parameter.shape, dtype=parameter.dtype)
                module._parameters[name] = nn.Parameter(fake, requires_grad=parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = torch.empty(buffer.shape, dtype=buffer.dtype)


def free_memory(device: torch.device) -> int | None:
    """Bytes that a run may still take on a CUDA device, or of this machine and its control group; else None."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # of an earlier seed
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    if device.type != "cpu":
        return None
    known = [free for free in (_machine_free(), *_group_free()) if free is not None]
    return min(known) // processes.world_size() if known else None


def _machine_free() -> int | None:
    lines = _read("/proc/meminfo").splitlines()
    found = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return found[0] if found else None


def _group_free() -> list[int]:
    """What each control group above this process allows it to add; pages of files are given back on demand."""
    found = []
    for line in _read("/proc/self/cgroup").splitlines():
        hierarchy, controllers, path = line.split(":", 2)
        if hierarchy == "0":
            root, limit, usage, given_back = "/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, limit, usage = "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            given_back = "total_inactive_file"
        else:
            continue
        group = Path(root, path.lstrip("/"))
        for folder in (group, *group.parents):
            most, used = _read(folder / limit).strip(), _read(folder / usage).strip()
            if most.isdigit() and used.isdigit():
                stat = dict(entry.split() for entry in _read(folder / "memory.stat").splitlines())
                found.append(int(most) - int(used) + int(stat.get(given_back, 0)))
    return found


def _read(file: str | Path) -> str:
    try:
        return Path(file).read_text(encoding="ascii")
    except OSError:
        return ""


def _size(network: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in (*network.parameters(), *network.buffers()))


def _count(shape: tuple[int, ...]) -> int:
    return torch.Size(shape).numel()


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
