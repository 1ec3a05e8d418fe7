"""Methods side by side on one benchmark: what they reached, by how much they differ, and what differs in them.

Means of at least three seeds a side are compared by Welch's t-test, as everywhere here.  Where both
sides trained the same three seeds or more, the differences of pairs are tested as well; a seed gives
both the same data order and, where the networks are alike, the same first weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.records import Difference, Run, Standing
from registry.signatures import Setting
from registry.statistics import ENOUGH, difference, difference_from_zero


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A first standing minus a second one, in percentage points."""

    first: str
    second: str
    gap: float
    welch: Difference | None
    """None where a side has fewer than three seeds: `reason` says so."""
    paired: Difference | None
    """None where fewer than three seeds are common to both."""
    pairs: int
    reason: str


@dataclass(frozen=True)
class Change:
    """A setting in which recipes differ; None where one of them has no such setting."""

    setting: str
    values: tuple[Setting | None, ...]


def contrasts(standings: Sequence[Standing], runs: Mapping[str, Run]) -> list[Contrast]:
    """Every pair of standings, in their order; `runs` knows their runs by name."""
    found = []
    for place, first in enumerate(standings):
        for second in standings[place + 1 :]:
            ours, theirs = (
                {runs[name].seed: runs[name].value for name in standing.runs} for standing in (first, second)
            )
            common = sorted(ours.keys() & theirs.keys())
            gaps = [ours[seed] - theirs[seed] for seed in common]  # type: ignore[operator]
            enough = min(first.result.n, second.result.n) >= ENOUGH
            values = [[value for value in side.values() if value is not None] for side in (ours, theirs)]
            found.append(
                Contrast(
                    first=first.recipe,
                    second=second.recipe,
                    gap=first.result.mean - second.result.mean,
                    welch=difference(*values) if enough else None,
                    paired=difference_from_zero(gaps) if len(gaps) >= ENOUGH else None,
                    pairs=len(gaps),
                    reason="" if enough else f"fewer than {ENOUGH} seeds on a side: nothing is compared",
                )
            )
    return found


def changes(recipes: Sequence[Mapping[str, Setting]]) -> list[Change]:
    """The settings that are not the same in all of these, by name."""
    names = sorted({name for settings in recipes for name in settings})
    rows = [Change(name, tuple(settings.get(name) for settings in recipes)) for name in names]
    return [row for row in rows if len({repr(value) for value in row.values}) > 1]
