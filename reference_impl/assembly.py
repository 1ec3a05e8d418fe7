"""From the settings of a recipe to what they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from importlib import import_module
from inspect import signature
from typing import Any

from torch.optim import Optimizer

from reference_impl.augment import Augmentation
from reference_impl.contract import Method
from reference_impl.encoders import build_encoder
from reference_impl.training import Training

Setting = bool | int | float | str | tuple[int, ...] | tuple[float, ...]
Settings = Mapping[str, Any]
"""By keyword; each a Setting, whose type its keyword knows."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a recipe's settings make."""

    training: Training
    augmentation: Augmentation
    method: Method
    optimiser: Callable[[Method], Optimizer]


def resolve(pointer: str) -> Any:
    """What "package.module:Name" points at; raises ImportError or AttributeError."""
    module, _, name = pointer.partition(":")
    return getattr(import_module(module), name)


def assemble(method: str, settings: Settings) -> Parts:
    """What the settings make of the class at that pointer; raises ValueError where they make nothing."""
    left: dict[str, Any] = dict(settings)
    training = Training(**_take(left, Training))
    augmentation = Augmentation(**_take(left, Augmentation))
    encoder = build_encoder(**{name: left.pop(name) for name in ("encoder", "bn_splits")})
    make_optimiser = resolve(f"reference_impl.optimisers:{training.optimiser}")
    for_optimiser = {name: left.pop(name) for name in signature(make_optimiser).parameters if name in left}
    return Parts(
        training=training,
        augmentation=augmentation,
        method=resolve(method)(encoder, **left),
        optimiser=partial(make_optimiser, **for_optimiser),
    )


def _take(settings: dict[str, Any], consumer: type) -> dict[str, Any]:
    """Removes from the settings what a dataclass asks for, and returns it."""
    return {field.name: settings.pop(field.name) for field in fields(consumer)}
