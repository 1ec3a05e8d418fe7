"""What verdicts are called; apart from how they are reached, so that `--help` waits for no statistics."""

from __future__ import annotations

NOT_ATTEMPTED = "not attempted"
NOT_COMPARABLE = "not comparable"
FAILED = "failed"
REPRODUCED = "reproduced"
ABOVE = "above"
BELOW = "below"
VERDICTS = (REPRODUCED, BELOW, ABOVE, NOT_COMPARABLE, NOT_ATTEMPTED, FAILED)
