"""MoCo trained by us and by `lightly`, from the same settings, and the meter that both are measured with."""

from __future__ import annotations

import copy
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import MoCoProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.transforms.moco_transform import MoCoV2Transform
from lightly.transforms.utils import IMAGENET_NORMALIZE
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from reference_impl.augment import Augmentation
from reference_impl.contract import Views
from reference_impl.data import ImagesInMemory
from reference_impl.encoders import EncoderName, build_encoder
from reference_impl.moco import MoCo
from reference_impl.optimisers import sgd
from reference_impl.small_maps import SmallMapConv2d
from reference_impl.training import Training, train

QUEUE, WIDTH, MOMENTUM, TEMPERATURE, RATE = 4096, 128, 0.99, 0.1, 0.06
# MoCoV2Transform(input_size=32), as it stands in lightly's example.
AUGMENTATION = Augmentation(
    crop_scale_min=0.2,
    flip_probability=0.5,
    jitter_probability=0.8,
    jitter_brightness=0.4,
    jitter_contrast=0.4,
    jitter_saturation=0.4,
    jitter_hue=0.1,
    grayscale_probability=0.2,
    blur_probability=0.5,
    second_blur_probability=0.5,
    blur_sigma_min=0.1,
    blur_sigma_max=2.0,
    solarize_probability=0.0,
    second_solarize_probability=0.0,
)


@dataclass(frozen=True)
class Case:
    """What is trained."""

    encoder: EncoderName
    precision: str
    batch: int
    steps: int
    """In a round."""
    size: int = 32


@dataclass(frozen=True)
class Cost:
    """What something took."""

    seconds: float
    processor: float
    """Seconds of processor time, of this process and of those that it started and that have ended."""


class Meter:
    """Runs from when it is made, on the host or, for a GPU, until what was asked of it is done."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.before = self._now()

    def cost(self) -> Cost:
        after = self._now()
        return Cost(after.seconds - self.before.seconds, after.processor - self.before.processor)

    def _now(self) -> Cost:
        wait(self.device)
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return Cost(time.perf_counter(), sum(one.ru_utime + one.ru_stime for one in used))


class Metered(ImagesInMemory):
    """Images that know what the last epoch with them took: all steps of the loop, no checkpoint."""

    cost: Cost

    def views(self, batch_size: int, augmentation: Augmentation, device: torch.device, count: int) -> Iterator[Views]:
        meter = Meter(device)
        yield from super().views(batch_size, augmentation, device, count)
        self.cost = meter.cost()


class Ours:
    """MoCo v2 of this repository, its loop, and its images on the device."""

    def __init__(self, case: Case, pixels: np.ndarray, device: torch.device) -> None:
        self.case, self.device = case, device
        method = MoCo(
            build_encoder(encoder=case.encoder, bn_splits=1),
            head="mlp",
            dim=WIDTH,
            queue_size=QUEUE,
            momentum=MOMENTUM,
            temperature=TEMPERATURE,
            symmetric=False,
            shuffle=False,
        )
        self.method = method.to(device).to(memory_format=torch.channels_last)
        self.optimiser = sgd(method, learning_rate=RATE, weight_decay=0.0, sgd_momentum=0.0, decay_vectors=True)
        self.source = Metered(pixels, np.zeros(len(pixels)), classes=1)
        mean, std = (torch.tensor(IMAGENET_NORMALIZE[name], device=device)[:, None, None] for name in ("mean", "std"))
        self.prepare = lambda images: ((images - mean) / std).contiguous(memory_format=torch.channels_last)

    def epoch(self) -> Cost:
        """One epoch of the loop."""
        settings = Training(
            epochs=1,
            batch_size=self.case.batch,
            optimiser="sgd",
            schedule="cosine",
            warmup_epochs=0,
            milestones=(),
            precision=self.case.precision,
        )
        with TemporaryDirectory() as folder:
            train(
                self.method,
                self.source,
                AUGMENTATION,
                self.prepare,
                settings,
                self.optimiser,
                self.device,
                curve=[],
                checkpoint_file=Path(folder) / "checkpoint.pt",
                identity="speed",
                resume=False,
                carried={},
                on_progress=lambda _: None,
            )
        return self.source.cost

    def step(self, first: Tensor, second: Tensor) -> None:
        """One step on two views."""
        views = Views((first, second), torch.zeros(len(first), dtype=torch.long, device=self.device))
        self.method.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.case.precision == "bfloat16"):
            loss = self.method.loss(views)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.method.after_step(progress=0.5)


class Pictures(Dataset):
    """PIL images under a transform, as torchvision's CIFAR10 gives them."""

    def __init__(self, pixels: np.ndarray, transform: Callable[[Image.Image], list[Tensor]]) -> None:
        self.pixels, self.transform = pixels.transpose(0, 2, 3, 1), transform

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> list[Tensor]:
        return self.transform(Image.fromarray(self.pixels[index]))


class Theirs:
    """MoCo out of lightly's parts around the same encoder, of PyTorch's own layers, fed by a DataLoader."""

    def __init__(self, case: Case, pixels: np.ndarray, device: torch.device, workers: int) -> None:
        self.case, self.device = case, device
        encoder = build_encoder(encoder=case.encoder, bn_splits=1)
        for module in encoder.modules():
            if isinstance(module, SmallMapConv2d):
                module.__class__ = nn.Conv2d  # as torchvision has it
        self.query = nn.Sequential(encoder, MoCoProjectionHead(encoder.width, encoder.width, WIDTH)).to(device)
        self.key = copy.deepcopy(self.query)
        deactivate_requires_grad(self.key)
        self.criterion = NTXentLoss(temperature=TEMPERATURE, memory_bank_size=(QUEUE, WIDTH)).to(device)
        self.optimiser = torch.optim.SGD(self.query.parameters(), lr=RATE)
        self.loader = DataLoader(
            Pictures(pixels, MoCoV2Transform(input_size=case.size)),
            batch_size=case.batch,
            shuffle=True,
            drop_last=True,
            num_workers=workers,
        )

    def epoch(self) -> Cost:
        """One epoch, the start of its workers and their end included."""
        meter = Meter(self.device)
        for first, second in self.loader:
            self.step(first.to(self.device), second.to(self.device))
        return meter.cost()

    def step(self, first: Tensor, second: Tensor) -> None:
        """One step on two views."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.case.precision == "bfloat16"):
            update_momentum(self.query, self.key, m=MOMENTUM)
            queries = self.query(first)
            with torch.no_grad():
                keys = self.key(second)
            loss = self.criterion(queries, keys)
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()


def wait(device: torch.device) -> None:
    """Until the device has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize()
