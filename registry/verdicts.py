"""What our results say about a claim.  A verdict is computed, never stored.

The question is one of equivalence.  Our mean minus the claim's has a 95% interval, widened by half
a unit of the last digit that the source prints.  A claim is `reproduced` when the whole interval
lies within MARGIN on both sides of zero: the same as two one-sided tests at 2.5% each (the usual
90% interval would be two at 5%).  That holds also where the interval leaves out zero, since a
difference that is certain and small is still small; the reason then says how large.  Otherwise it
is `above` or `below` when the interval leaves out zero, and `not comparable` when it does not: "no
difference seen" in three noisy seeds is no evidence of agreement.

The margin of 1.0 point stands between two kinds of evidence.  Honest repetitions differ by less:
the five MoCo v2 trials have a standard deviation of 0.16 and span 0.4; PyContrast and mmselfsup
reached 67.5 and 67.58 where 67.7 was published; Fast-MoCo gave 73.1 for 73.5, a gap that a user took
for a failure (its issue 2) and that is no wider than the span of those trials.  What is broken
differs by more: 66.4 for MoCo v2 (VISSL issue 240), about 90 for 93.10 (solo-learn issue 385).  The
margin is a decision and no law.  Where seeds differ by 2 points (SimCSE issue 63), a single published
run cannot be reproduced within it by any number of ours, and the reason then says that.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from registry.comparability import RECALLED, differences
from registry.recomputing import remarks, rounding, widest_sd
from registry.records import Aggregate, Benchmark, Claim, Difference, Method, Nearest, Recipe, Run, Verdict
from registry.statistics import (
    ENOUGH,
    LEVEL,
    aggregate,
    difference,
    difference_from_mean,
    difference_from_summary,
    least_half_width,
)
from registry.verdict_names import ABOVE, BELOW, FAILED, NOT_ATTEMPTED, NOT_COMPARABLE, READING, REPRODUCED

if TYPE_CHECKING:
    from registry.catalogue import Registry

MARGIN = 1.0
"""In percentage points; a smaller difference does not speak against a claim."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A recipe on a benchmark with its runs that count, and what they reached together."""

    recipe: Recipe
    benchmark: Benchmark
    runs: tuple[Run, ...]
    result: Aggregate | None

    @property
    def values(self) -> list[float]:
        return [run.value for run in self.runs if run.value is not None]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(run.name for run in self.runs)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What there is of a method: all its runs, and by recipe and benchmark those that count."""

    method: Method
    runs: Sequence[Run]
    places: Sequence[Place]


def gather(
    method: Method,
    recipes: Iterable[Recipe],
    benchmarks: Mapping[str, Benchmark],
    runs: Sequence[Run],
    counts: Callable[[Run], bool],
) -> Evidence:
    """The evidence on a method, once for all claims about it.

    A run counts that is complete, of an unchanged recipe and the current version of its benchmark,
    one a seed.
    """
    counted: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        if run.value is not None and counts(run):
            counted.setdefault((run.recipe, run.benchmark), []).append(run)
    places = []
    for recipe in recipes:
        for name in recipe.benchmarks:
            if name in benchmarks:  # of others, `check` says what is wrong with them
                place = Place(
                    recipe=recipe,
                    benchmark=benchmarks[name],
                    runs=tuple(counted.get((recipe.name, name), ())),
                    result=None,
                )
                places.append(replace(place, result=aggregate(place.values)) if place.runs else place)
    return Evidence(method=method, runs=runs, places=places)


def evidence_on(registry: Registry, method: str) -> Evidence:
    """The evidence on a method that a registry holds."""
    runs = registry.runs(method)
    registry.ranking.know(runs)
    return gather(
        registry.method(method),
        registry.recipes(method),
        {benchmark.name: benchmark for benchmark in registry.benchmarks()},
        runs,
        lambda run: registry.why_not_ranked(run) is None,
    )


def judge(claim: Claim, claimed: Benchmark, evidence: Evidence) -> Verdict:
    """The verdict on a claim about `claimed` from the runs of its method.

    Compared are the runs of a recipe for which every condition holds that the source states; of
    several such recipes, the one with most.  What a reading of a paper reaches says nothing of the
    paper's number, however near it comes: that is `not comparable`.
    """
    found = _judge(claim, claimed, evidence)
    if not evidence.method.reading:
        return found
    compared = found.verdict in (REPRODUCED, ABOVE, BELOW, NOT_COMPARABLE)
    return replace(
        found,
        verdict=NOT_COMPARABLE if compared else found.verdict,
        reason=f"ours is {READING}; {found.reason}",
        differences=(f"ours is {READING}", *found.differences) if compared else found.differences,
    )


def _judge(claim: Claim, claimed: Benchmark, evidence: Evidence) -> Verdict:
    theirs = aggregate(claim.raw_values) if claim.raw_values else None
    restated = () if theirs is None else remarks(claim, theirs)
    silent = Verdict(claim=claim, verdict=NOT_ATTEMPTED, reason="", theirs=theirs, remarks=restated)
    differing = [
        (differences(claim, claimed, place.recipe.settings, place.benchmark), place) for place in evidence.places
    ]
    fitting = [place for found, place in differing if not found]
    measured = [place for place in fitting if place.runs]
    if measured:
        place = max(measured, key=lambda place: len(place.runs))
        known = replace(silent, ours=place.result, recipe=place.recipe.name, runs=place.names)
        return _compare(known, place.values)
    pairs = {(place.recipe.name, place.benchmark.name) for place in fitting}
    tried = [run for run in evidence.runs if run.follows_recipe and (run.recipe, run.benchmark) in pairs]
    broke = [run for run in tried if run.status in ("failed", "diverged")]
    if broke:
        return replace(silent, verdict=FAILED, reason=f"{len(broke)} of {len(tried)} runs broke off, none counts")
    way = _way(fitting)
    elsewhere = [(found, place) for found, place in differing if place.runs]
    if elsewhere:
        found, place = min(elsewhere, key=lambda pair: _distance(*pair))
        reason = "; ".join(found) + (f"; to compare: {way}" if way else "")
        return replace(silent, verdict=NOT_COMPARABLE, reason=reason, differences=found, nearest=_nearest(place))
    if claim.evidence == "Recalled":
        # No run that anybody might start would change that.
        return replace(silent, verdict=NOT_COMPARABLE, reason=RECALLED, differences=(RECALLED,))
    return replace(silent, reason=way or _missing(claimed, differing, evidence.method))


def _distance(found: Sequence[str], place: Place) -> tuple[bool, int, int, tuple[str, ...]]:
    """Fewest differing conditions first, then most runs; data that a program made only where there are no other."""
    return place.benchmark.dataset.synthetic, len(found), -len(place.runs), place.names


def _nearest(place: Place) -> Nearest:
    assert place.result is not None
    return Nearest(
        recipe=place.recipe.name,
        benchmark=place.benchmark.name,
        synthetic=place.benchmark.dataset.synthetic,
        result=place.result,
        runs=place.names,
    )


def _way(fitting: Sequence[Place]) -> str | None:
    """The command whose runs would be compared."""
    return next((way(place) for place in fitting if place.benchmark.runnable), None)


def way(place: Place) -> str:
    """The command that runs a recipe on a benchmark."""
    return run_command(place.recipe, place.benchmark.name)


def run_command(recipe: Recipe, benchmark: str, seeds: Iterable[int] = ()) -> str:
    """The command for these seeds, or the usual one; names of the graph are words to a shell, whatever they hold."""
    variant = ["--recipe", recipe.variant] if recipe.variant else []
    chosen = chain.from_iterable(("--seed", str(seed)) for seed in seeds)
    return shlex.join(["registry", "run-benchmark", recipe.method, "--on", benchmark, *variant, *chosen])


def _missing(claimed: Benchmark, differing: Sequence[tuple[tuple[str, ...], Place]], method: Method) -> str:
    """What stands between a claim and a run that could be compared with it."""
    lacks = []
    if method.implementation is None:
        lacks.append(f"no implementation of {method.name}")
    if not claimed.runnable:
        data = f"no loader of {claimed.dataset.label}" if not claimed.dataset.loader else ""
        scoring = f"no implementation of {claimed.protocol}" if not claimed.implementation else ""
        what = ", ".join(text for text in (data, scoring) if text) or "no settings of its protocol"
        lacks.append(f"{claimed.name} is only described: {what}")
    here = [found for found, place in differing if place.benchmark.name == claimed.name]
    if not here:
        lacks.append(f"no recipe of {method.name} for {claimed.name}")
    elif all(here):
        fewest = min(here, key=len)
        lacks.append("no recipe meets its conditions: " + "; ".join(fewest))
    return "; ".join(lacks)


def _compare(known: Verdict, values: Sequence[float]) -> Verdict:
    """The verdict by the test of what is known, our values against the claim."""
    claim = known.claim
    if len(values) < ENOUGH:
        reason = f"n = {len(values)}: a comparison needs {ENOUGH} seeds"
        return replace(known, verdict=NOT_COMPARABLE, reason=reason)
    found, against, error = _difference(claim, values)
    # What is printed stands for all numbers that round to it.
    low, high = found.low - rounding(claim.decimals), found.high + rounding(claim.decimals)
    p_value = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    reason = (
        f"ours minus claim: {found.low:+.2f} to {found.high:+.2f} points ({LEVEL:.0%} interval, "
        f"±{rounding(claim.decimals):g} for the printed digits; {p_value}; {found.test}; "
        f"n = {len(values)}, ddof 1 against {against})"
    )
    apart = low > 0 or high < 0
    if max(-low, high) < MARGIN:
        size = f"different, yet by less than {MARGIN} points" if apart else f"all within {MARGIN} points"
        return replace(known, verdict=REPRODUCED, reason=f"{reason}; {size}", difference=found)
    if apart:
        return replace(known, verdict=ABOVE if low > 0 else BELOW, reason=reason, difference=found)
    least = least_half_width(error)
    remedy = "more seeds are needed"
    if least + rounding(claim.decimals) >= MARGIN:
        remedy = f"and no number of seeds of ours would tell: the claim itself is known to ±{least:.2f} points only"
    reason = f"too uncertain, {remedy}; {reason}"
    return replace(known, verdict=NOT_COMPARABLE, reason=reason, difference=found)


def _difference(claim: Claim, values: Sequence[float]) -> tuple[Difference, str, float]:
    """Ours minus the claim by the test that its source allows, what it was against, the claim's standard error."""
    theirs, size, sd = claim.raw_values, claim.sample_size, widest_sd(claim)
    if len(theirs) > 1:
        error = (aggregate(theirs).sd or 0.0) / len(theirs) ** 0.5
        return difference(values, theirs), f"n = {len(theirs)} raw values, ddof 1", error
    if sd is not None:
        ddof = "not stated, read as 0" if claim.spread_ddof is None else str(claim.spread_ddof)
        against = f"n = {size}, ±{claim.spread:.{claim.spread_decimals}f} with ddof {ddof}: at most {sd:.3f}, ddof 1"
        return difference_from_summary(values, claim.value, sd, size), against, sd / size**0.5
    against = "one run" if size == 1 else f"the mean of n = {size}"
    error = (aggregate(values).sd or 0.0) / size**0.5
    return difference_from_mean(values, theirs[0] if theirs else claim.value, size), against, error
