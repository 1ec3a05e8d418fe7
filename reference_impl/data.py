"""Data sets by name: where their images come from, and how a training reads them.

A data set of small images lives on the device as bytes; one of large images streams from files.
"""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision.datasets import CIFAR10, ImageFolder
from torchvision.transforms import v2

from reference_impl import parquet, processes, shapes
from reference_impl.augment import Augmentation, resized_crop
from reference_impl.contract import Views
from reference_impl.errors import DataError


class ImageSource(ABC):
    """Images with labels.  All images come as floats in [0, 1], (batch, 3, height, width)."""

    classes: int

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def views(self, batch_size: int, augmentation: Augmentation, device: torch.device, count: int) -> Iterator[Views]:
        """One epoch in random order, `count` views of each image; a last short batch is left out.

        Of several processes each gets its rows of every batch, which holds `batch_size` in all.
        """

    @abstractmethod
    def labelled(self, batch_size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, in order, unchanged (or resized and cropped at the centre), with labels."""

    @abstractmethod
    def cropped(self, batch_size: int, scale_min: float, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once in random order, with labels; cropped to at least that share, half of them flipped."""

    @abstractmethod
    def sample(self, count: int, device: torch.device) -> Tensor:
        """Some images, unchanged: random ones, and the same ones every time."""

    @abstractmethod
    def sha256(self) -> str:
        """Identifies what was read."""


class ImagesInMemory(ImageSource):
    """All images as bytes (N, 3, H, W), moved to the device once."""

    def __init__(self, images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], classes: int) -> None:
        self.images = torch.from_numpy(np.ascontiguousarray(images))
        self.labels = torch.from_numpy(labels.astype(np.int64))
        self.classes = classes

    def __len__(self) -> int:
        return len(self.images)

    def views(self, batch_size: int, augmentation: Augmentation, device: torch.device, count: int) -> Iterator[Views]:
        order, own_batch = _own_order(len(self), batch_size, device)
        for images, labels in self._batches(order, own_batch, device):
            yield Views(augmentation.views(images, count), labels)

    def labelled(self, batch_size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        return self._batches(torch.arange(len(self)), batch_size, device)

    def cropped(self, batch_size: int, scale_min: float, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in self._batches(torch.randperm(len(self)), batch_size, device):
            yield resized_crop(images, scale_min, flip_probability=0.5), labels

    def sample(self, count: int, device: torch.device) -> Tensor:
        return next(self._batches(_some(count, len(self)), count, device))[0]

    def _batches(self, order: Tensor, batch_size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        if self.images.device != device:
            self.images, self.labels = self.images.to(device), self.labels.to(device)
        for chosen in torch.split(order.to(device), batch_size):
            yield self.images[chosen].float() / 255, self.labels[chosen]

    def sha256(self) -> str:
        digest = hashlib.sha256(self.images.cpu().numpy().tobytes())
        digest.update(self.labels.cpu().numpy().astype("<i8").tobytes())
        return digest.hexdigest()


class ImagesInFolder(ImageSource):
    """One folder a class, images of any size, decoded and cropped by workers as they are needed."""

    def __init__(self, folder: Path, *, size: int) -> None:
        try:
            self.files = ImageFolder(str(folder))
        except FileNotFoundError as error:
            raise DataError(f"{folder} does not hold one folder of images for each class: {error}") from error
        self.folder = folder
        self.size = size
        self.classes = len(self.files.classes)
        self.workers = min(16, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 4)

    def __len__(self) -> int:
        return len(self.files)

    def views(self, batch_size: int, augmentation: Augmentation, device: torch.device, count: int) -> Iterator[Views]:
        crop = self._random_crop(augmentation.crop_scale_min, augmentation.flip_probability)
        # Cropped from the full-size image by a worker; the rest is done where the encoder is.
        order, own_batch = _own_order(len(self), batch_size, device)
        for crops, labels in self._load([crop] * count, own_batch, device, order):
            yield Views(augmentation.recolour(torch.cat(list(crops)), count).chunk(count), labels)

    def labelled(self, batch_size: int, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        for (images,), labels in self._load([self._centre_crop()], batch_size, device):
            yield images, labels

    def cropped(self, batch_size: int, scale_min: float, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
        crop, order = self._random_crop(scale_min, 0.5), torch.randperm(len(self))
        for (images,), labels in self._load([crop], batch_size, device, order):
            yield images, labels

    def sample(self, count: int, device: torch.device) -> Tensor:
        some = _Cropped(self.files, [self._centre_crop()], seed=0)
        read = [some[index] for index in _some(count, len(self)).tolist()]
        (images,), _ = _unless_broken(_together(read))
        return images.to(device).float() / 255

    def _random_crop(self, scale_min: float, flip_probability: float) -> v2.Compose:
        return v2.Compose(
            [
                v2.RandomResizedCrop(self.size, scale=(scale_min, 1)),
                v2.RandomHorizontalFlip(flip_probability),
                v2.PILToTensor(),
            ]
        )

    def _centre_crop(self) -> v2.Compose:
        return v2.Compose([v2.Resize(self.size * 8 // 7), v2.CenterCrop(self.size), v2.PILToTensor()])

    def _load(
        self, crops: list[v2.Compose], batch_size: int, device: torch.device, order: Tensor | None = None
    ) -> Iterator[tuple[list[Tensor], Tensor]]:
        """In that order and cropped at random, or all as they come and cropped at the centre."""
        seed = 0 if order is None else int(torch.randint(2**62, ()))
        loader = DataLoader(
            _Cropped(self.files, crops, seed),
            batch_size,
            sampler=None if order is None else order.tolist(),
            num_workers=max(1, self.workers // processes.world_size()),
            collate_fn=_together,
            pin_memory=device.type == "cuda",
        )
        for batch in loader:
            views, labels = _unless_broken(batch)
            # From pinned memory the copy runs beside the computation; the host does not wait for it.
            images = [view.to(device, non_blocking=True).float() / 255 for view in views]
            yield images, labels.to(device, non_blocking=True)

    def sha256(self) -> str:
        """Over the names, sizes and labels of the files: reading 140 GB to hash them would cost hours."""
        digest = hashlib.sha256()
        for path, label in self.files.samples:
            name = Path(path).relative_to(self.folder).as_posix()
            digest.update(f"{name}\t{Path(path).stat().st_size}\t{label}\n".encode())
        return digest.hexdigest()


Item = tuple[list[Tensor], int] | DataError


class _Cropped(TorchDataset[Item]):
    """Each image draws from a seed of its own, so that the number of workers changes nothing."""

    def __init__(self, files: ImageFolder, crops: list[v2.Compose], seed: int) -> None:
        self.files, self.crops, self.seed = files, crops, seed

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Item:
        path, label = self.files.samples[index]
        try:
            image = self.files.loader(path)
        except OSError as error:
            # Returned, not raised: a worker would wrap it in its own traceback.
            return DataError(f"{path} cannot be read as an image: {error}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed + index)
            return [crop(image) for crop in self.crops], label


def _together(items: list[Item]) -> tuple[list[Tensor], Tensor] | DataError:
    """A batch of items: one tensor for each crop, and the labels; or the first error."""
    views: list[list[Tensor]] = []
    labels: list[int] = []
    for item in items:
        if isinstance(item, DataError):
            return item
        views.append(item[0])
        labels.append(item[1])
    return [torch.stack(crop) for crop in zip(*views, strict=True)], torch.tensor(labels)


def _unless_broken(batch: tuple[list[Tensor], Tensor] | DataError) -> tuple[list[Tensor], Tensor]:
    if isinstance(batch, DataError):
        raise batch
    return batch


def _own_order(available: int, batch_size: int, device: torch.device) -> tuple[Tensor, int]:
    """Which images this process sees in an epoch, one order drawn for all, and how many of them in a batch."""
    order = processes.from_first(torch.randperm(available).to(device))
    batches = order[: available // batch_size * batch_size].view(-1, batch_size)
    return processes.own_part(batches, dim=1).flatten(), batch_size // processes.world_size()


def _some(count: int, available: int) -> Tensor:
    return torch.randperm(available, generator=torch.Generator().manual_seed(0))[:count]


@dataclass(frozen=True)
class Splits:
    """The two halves of a data set: what an encoder trains on and what it is tested on, once."""

    train: ImageSource
    test: ImageSource


def shapes32(folder: Path | None, cache: Path) -> Splits:
    """The synthetic shapes: 10,000 and 2,000 images drawn from two seeds."""
    count = len(shapes.OUTLINES)
    return Splits(
        train=ImagesInMemory(*shapes.render(10_000, seed=1), classes=count),
        test=ImagesInMemory(*shapes.render(2_000, seed=2), classes=count),
    )


def cifar10(folder: Path | None, cache: Path) -> Splits:
    """CIFAR-10 from Parquet shards or torchvision's files in `folder`; downloaded where there is none."""
    train, test = (_cifar10_split(folder, cache, split) for split in ("train", "test"))
    return Splits(train=ImagesInMemory(*train, classes=10), test=ImagesInMemory(*test, classes=10))


def cifar10_mini(folder: Path | None, cache: Path) -> Splits:
    """1,000 training images of each class and the whole test set.

    The images are in the order of their checksums, so the first thousand of a class are a random
    thousand, and the same ones whatever file they were read from.
    """
    images, labels = _cifar10_split(folder, cache, "train")
    chosen = np.sort(np.concatenate([np.flatnonzero(labels == label)[:1000] for label in range(10)]))
    test = _cifar10_split(folder, cache, "test")
    return Splits(
        train=ImagesInMemory(images[chosen], labels[chosen], classes=10),
        test=ImagesInMemory(*test, classes=10),
    )


def _cifar10_split(folder: Path | None, cache: Path, split: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    count = {"train": 50_000, "test": 10_000}[split]
    images, labels = _read_cifar10(folder, cache, split)
    if images.shape != (count, 3, 32, 32) or set(np.unique(labels)) != set(range(10)):
        raise DataError(
            f"this is not the {split} split of CIFAR-10: {len(images)} images of shape {images.shape[1:]} with "
            f"{len(np.unique(labels))} classes, where {count} of shape (3, 32, 32) with 10 were expected"
            + (f"; read from {folder}" if folder else "")
        )
    return in_canonical_order(images, labels)


def _read_cifar10(folder: Path | None, cache: Path, split: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    if folder is not None:
        if not folder.is_dir():
            raise DataError(f"no folder {folder}; --data must name the folder that holds CIFAR-10")
        for place in (folder, folder / "cifar10"):
            if shards := parquet.shards(place, split):
                return parquet.read(shards)
            if (place / CIFAR10.base_folder).is_dir():
                return _torchvision_cifar10(place, split, download=False)
        raise DataError(
            f"no CIFAR-10 in {folder}: looked there and in {folder / 'cifar10'} for {split}-*.parquet "
            f"(Hugging Face layout) and for {CIFAR10.base_folder}/ (torchvision's)"
        )
    return _torchvision_cifar10(cache, split, download=True)


def _torchvision_cifar10(
    folder: Path, split: str, *, download: bool
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    try:
        dataset = CIFAR10(str(folder), train=split == "train", download=download)
    except (OSError, RuntimeError) as error:
        tried = "downloading CIFAR-10 into" if download else "reading CIFAR-10 from"
        raise DataError(
            f"{tried} {folder} failed ({error}); name a folder that holds it with --data DIR or REGISTRY_DATA"
        ) from error
    return dataset.data.transpose(0, 3, 1, 2), np.asarray(dataset.targets)


def in_canonical_order(
    images: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Sorted by the sha256 of each image and its label: one order for all copies of a data set."""
    keys = [
        hashlib.sha256(image.tobytes() + bytes([label])).digest()
        for image, label in zip(images, labels.tolist(), strict=True)
    ]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return images[order], labels[order]


def imagenet1k(folder: Path | None, cache: Path) -> Splits:
    """An ImageFolder tree: `train/<class>/*` and `val/<class>/*`, in `folder` or `folder/imagenet1k`."""
    if folder is None:
        raise DataError("ImageNet-1k cannot be downloaded: name its folder with --data DIR or REGISTRY_DATA")
    for place in (folder, folder / "imagenet1k"):
        if (place / "train").is_dir() and (place / "val").is_dir():
            splits = Splits(
                train=ImagesInFolder(place / "train", size=224), test=ImagesInFolder(place / "val", size=224)
            )
            if splits.train.classes != splits.test.classes:
                raise DataError(
                    f"{place / 'train'} holds {splits.train.classes} classes, {place / 'val'} {splits.test.classes}"
                )
            return splits
    raise DataError(
        f"no ImageNet in {folder}: looked there and in {folder / 'imagenet1k'} for the folders train/ and val/"
    )
