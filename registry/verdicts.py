"""What our results say about a claim.  A verdict is computed, never stored."""

from __future__ import annotations

from collections.abc import Sequence

from registry.records import Benchmark, Claim, Recipe, Run, Verdict
from registry.signatures import Setting
from registry.statistics import ENOUGH, aggregate, difference, difference_from_mean

NOT_ATTEMPTED = "not attempted"
NOT_COMPARABLE = "not comparable"
FAILED = "failed"
REPRODUCED = "reproduced"
ABOVE = "above"
BELOW = "below"

TELLING = 2.0
"""Half width of an interval, in percentage points, beyond which "no difference seen" says nothing."""


def judge(
    claim: Claim, benchmark: Benchmark, recipes: Sequence[Recipe], runs: Sequence[Run], counted: set[str]
) -> Verdict:
    """The verdict on a claim from the runs of its method on its benchmark.

    `recipes` are the method's for the benchmark; `counted` names the runs whose result counts
    (complete, unchanged recipe, current version, one a seed).  Evidence are the runs of a recipe for
    which every condition holds that the source states; of several such recipes, the one with most.
    """
    mine = [run for run in runs if run.method == claim.method and run.benchmark == claim.benchmark]
    differing = {recipe.name: conflicts(claim, recipe.settings, benchmark.settings) for recipe in recipes}
    fitting = [recipe for recipe in recipes if not differing[recipe.name]]

    def says(verdict: str, reason: str) -> Verdict:
        return Verdict(claim=claim, verdict=verdict, reason=reason, ours=None, recipe=None)

    if not recipes:
        return says(NOT_ATTEMPTED, f"no recipe of {claim.method} for {claim.benchmark}")
    if not fitting:
        nearest = min(differing.values(), key=len)
        if any(run.name in counted for run in mine):
            return says(NOT_COMPARABLE, "; ".join(nearest))
        return says(NOT_ATTEMPTED, "no recipe meets its conditions: " + "; ".join(nearest))
    evidence = {
        recipe.name: [run.value for run in mine if run.recipe == recipe.name and run.name in counted]
        for recipe in fitting
    }
    recipe = max(fitting, key=lambda recipe: len(evidence[recipe.name]))
    values = [value for value in evidence[recipe.name] if value is not None]
    if values:
        return _compare(claim, recipe, values)
    tried = [run for run in mine if run.follows_recipe and run.recipe in {recipe.name for recipe in fitting}]
    broke = [run for run in tried if run.status in ("failed", "diverged")]
    if broke:
        return says(FAILED, f"{len(broke)} of {len(tried)} runs broke off, none counts")
    variant = f" --recipe {recipe.variant}" if recipe.variant else ""
    return says(NOT_ATTEMPTED, f"registry run-benchmark {claim.method} --on {claim.benchmark}{variant}")


def conflicts(claim: Claim, recipe: dict[str, Setting], protocol: dict[str, Setting]) -> list[str]:
    """The conditions that the source states and that do not hold, in words."""
    found = []
    for stated, held in ((claim.conditions, recipe), (claim.scoring, protocol)):
        for name, value in stated.items():
            if name not in held:
                found.append(f"{name}: the claim says {value}, ours has no such setting")
            elif held[name] != value:
                found.append(f"{name}: the claim says {value}, ours is {held[name]}")
    if claim.selection == "BestEpochOnTest":
        found.append("selection: the claim is the best epoch on the test set, ours the last epoch")
    if claim.evidence == "Recalled":
        found.append("evidence: the claim is recalled, not read")
    return found


def _compare(claim: Claim, recipe: Recipe, values: Sequence[float]) -> Verdict:
    ours = aggregate(values)

    def says(verdict: str, reason: str) -> Verdict:
        return Verdict(claim=claim, verdict=verdict, reason=reason, ours=ours, recipe=recipe.name)

    if ours.n < ENOUGH:
        return says(NOT_COMPARABLE, f"n = {ours.n}: a comparison needs {ENOUGH} seeds")
    if claim.raw_values:
        low, high = difference(values, claim.raw_values)
        against = f"against {len(claim.raw_values)} raw values"
    else:
        low, high = difference_from_mean(values, claim.value, claim.sample_size)
        against = "against one run" if claim.sample_size == 1 else f"against a mean of {claim.sample_size}"
    reason = f"ours minus claim: {low:+.2f} to {high:+.2f} points (95% interval, n = {ours.n} {against})"
    # A stated number stands for all that round to it.
    rounding = 0.5 * 10**-claim.decimals
    if low > rounding:
        return says(ABOVE, reason)
    if high < -rounding:
        return says(BELOW, reason)
    if (high - low) / 2 > TELLING:
        return says(NOT_COMPARABLE, f"too uncertain, more seeds are needed; {reason}")
    return says(REPRODUCED, reason)
