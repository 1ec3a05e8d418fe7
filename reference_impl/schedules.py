"""How the learning rate moves over the epochs."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["cosine", "step"]

STEP_FACTOR = 0.1


def learning_rate_at(epoch: int, epochs: int, base: float, schedule: Schedule, milestones: tuple[int, ...]) -> float:
    """The rate of an epoch, counted from 0; it changes between epochs, not within (main_moco.py).

    "cosine" is base (1 + cos(pi epoch / epochs)) / 2; "step" divides by ten at each milestone.
    Raises ValueError for another schedule.
    """
    if schedule == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * epoch / epochs))
    if schedule == "step":
        return base * STEP_FACTOR ** sum(epoch >= milestone for milestone in milestones)
    raise ValueError(f"no schedule {schedule!r}; there are 'cosine' and 'step'")
