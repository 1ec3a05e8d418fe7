"""How a rate or a momentum moves over a training."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["cosine", "cosine_by_step", "step"]

STEP_FACTOR = 0.1


def learning_rate_factor(
    epoch: float, epochs: int, schedule: Schedule, *, warmup_epochs: int = 0, milestones: tuple[int, ...] = ()
) -> float:
    """What the base learning rate is multiplied by; `epoch` counts from 0, its fraction says how far it is.

    "cosine" is (1 + cos(pi epoch / epochs)) / 2 and "step" divides by ten at each milestone; both
    change between epochs, not within (main_moco.py).  "cosine_by_step" is the cosine at every step
    (SimCLR, arXiv 2002.05709, appendix B.6; main_moco.py of MoCo v3).  A warm-up rises linearly from
    0, step by step, and the cosine falls over the epochs that remain.
    Raises ValueError for another schedule.
    """
    if schedule not in ("cosine", "cosine_by_step", "step"):
        raise ValueError(f"no schedule {schedule!r}; there are 'cosine', 'cosine_by_step' and 'step'")
    if epoch < warmup_epochs:
        return epoch / warmup_epochs
    if schedule == "step":
        return STEP_FACTOR ** sum(epoch >= milestone for milestone in milestones)
    reached = epoch if schedule == "cosine_by_step" else math.floor(epoch)
    return 0.5 * (1 + math.cos(math.pi * (reached - warmup_epochs) / (epochs - warmup_epochs)))


def rising_momentum(start: float, progress: float) -> float:
    """1 - (1 - start) (1 + cos(pi progress)) / 2: from `start` to 1 (BYOL, arXiv 2006.07733, section 3.3)."""
    return 1 - (1 - start) * 0.5 * (1 + math.cos(math.pi * progress))
