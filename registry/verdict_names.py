"""What verdicts, answers and readings are called; a module of words, so that `--help` waits for nothing else."""

from __future__ import annotations

NOT_ATTEMPTED = "not attempted"
NOT_COMPARABLE = "not comparable"
FAILED = "failed"
REPRODUCED = "reproduced"
ABOVE = "above"
BELOW = "below"
VERDICTS = (REPRODUCED, BELOW, ABOVE, NOT_COMPARABLE, NOT_ATTEMPTED, FAILED)

HOLDS = "holds"
DOES_NOT_HOLD = "does not hold"
OPEN = "open"
ANSWERS = (HOLDS, DOES_NOT_HOLD, OPEN, NOT_ATTEMPTED)
"""What our results say to the direction that a source states of an ablation."""

READING = "a reading of its paper, not a reproduction"
"""What is said wherever a method appears whose paper leaves something open."""
