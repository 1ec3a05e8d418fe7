"""What our results say about a claim.  A verdict is computed, never stored."""

from __future__ import annotations

from collections.abc import Sequence

from registry.records import Benchmark, Claim, Recipe, Run, Verdict
from registry.signatures import Setting
from registry.statistics import ENOUGH, aggregate, difference

NOT_ATTEMPTED = "not attempted"
NOT_COMPARABLE = "not comparable"
FAILED = "failed"
REPRODUCED = "reproduced"
ABOVE = "above"
BELOW = "below"


def judge(
    claim: Claim, benchmark: Benchmark, recipes: Sequence[Recipe], runs: Sequence[Run], counted: set[str]
) -> Verdict:
    """The verdict on a claim from the runs of its method on its benchmark.

    `counted` names the runs whose result counts (complete, unchanged recipe, current version).
    Runs of a recipe are evidence when every condition that the source states holds for it.
    """
    mine = [run for run in runs if run.method == claim.method and run.benchmark == claim.benchmark]
    if not mine:
        return Verdict(
            claim=claim, verdict=NOT_ATTEMPTED, reason=_nothing_run(claim, recipes), ours=None, recipe=None
        )
    differing: list[str] = []
    failed = 0
    for recipe in recipes:
        evidence = [run for run in mine if run.recipe == recipe.name and run.name in counted]
        failed += sum(run.recipe == recipe.name and run.status != "succeeded" for run in mine)
        if not evidence:
            continue
        differences = conflicts(claim, recipe.settings, benchmark.settings)
        if differences:
            differing += [difference for difference in differences if difference not in differing]
            continue
        return _compare(claim, recipe, [run.value for run in evidence if run.value is not None])
    if differing:
        return Verdict(claim=claim, verdict=NOT_COMPARABLE, reason="; ".join(differing), ours=None, recipe=None)
    if failed:
        reason = f"{failed} of {len(mine)} runs broke off, none counts"
        return Verdict(claim=claim, verdict=FAILED, reason=reason, ours=None, recipe=None)
    return Verdict(
        claim=claim,
        verdict=NOT_COMPARABLE,
        reason=f"none of our {len(mine)} runs counts: changed recipe, older version or incomplete provenance",
        ours=None,
        recipe=None,
    )


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


def _nothing_run(claim: Claim, recipes: Sequence[Recipe]) -> str:
    if any(claim.benchmark in recipe.benchmarks for recipe in recipes):
        return f"registry run-benchmark {claim.method} --on {claim.benchmark}"
    return f"no recipe of {claim.method} for {claim.benchmark}"


def _compare(claim: Claim, recipe: Recipe, values: Sequence[float]) -> Verdict:
    ours = aggregate(values)
    if ours.n < ENOUGH:
        return Verdict(
            claim=claim,
            verdict=NOT_COMPARABLE,
            reason=f"n = {ours.n}: a comparison needs {ENOUGH} seeds",
            ours=ours,
            recipe=recipe.name,
        )
    low, high = difference(values, claim.raw_values or (claim.value,))
    # A stated number stands for all that round to it.
    rounding = 0.5 * 10**-claim.decimals
    if low > rounding:
        verdict = ABOVE
    elif high < -rounding:
        verdict = BELOW
    else:
        verdict = REPRODUCED
    reason = (
        f"ours minus claim: {low:+.2f} to {high:+.2f} points (95% interval, n = {ours.n}"
        f"{f' against {len(claim.raw_values)}' if claim.raw_values else ', claim without spread'})"
    )
    return Verdict(claim=claim, verdict=verdict, reason=reason, ours=ours, recipe=recipe.name)
