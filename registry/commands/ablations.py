"""The command that asks whether what sources say of a changed setting holds here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from registry.session import Session, as_json, tell
from registry.tables import reached, to_json
from registry.verdict_names import ANSWERS, NOT_ATTEMPTED

if TYPE_CHECKING:
    from registry.records import Finding

ANSWER_OPTIONS = {answer.replace(" ", "-"): answer for answer in ANSWERS}
WORDS = {"Higher": "higher", "Lower": "lower", "NoDifference": "no difference", "Fails": "fails"}


@click.command()
@click.argument("method", required=False)
@click.option("--on", "benchmark", help="Only answers from this benchmark.")
@click.option("--answer", type=click.Choice(list(ANSWER_OPTIONS)), help="Only ablations with this answer.")
@as_json
@click.pass_obj
def ablations(session: Session, method: str | None, benchmark: str | None, answer: str | None, as_json: bool) -> None:
    """List what sources say of METHOD with one setting changed, and whether that holds in our runs."""
    registry = session.registry
    if benchmark is not None:
        registry.benchmark(benchmark)
    found = [
        each
        for each in registry.ablations(method)
        if benchmark in (None, each.benchmark) and (answer is None or each.answer == ANSWER_OPTIONS[answer])
    ]
    if as_json:
        click.echo(to_json([asdict(each) for each in found]))
        return
    for _, answers in groupby(found, key=lambda each: each.ablation.name):
        _tell_ablation(list(answers))
    counts = Counter(each.answer for each in found)
    click.echo("answers: " + (", ".join(f"{counts[each]} {each}" for each in ANSWERS if counts[each]) or "none"))
    if tested := sum(each.difference is not None for each in found):
        click.echo(f"{tested} tested, each interval at 95% on its own: of 20 true differences of zero one shows.")


def _tell_ablation(answers: Sequence[Finding]) -> None:
    ablation = answers[0].ablation
    tell(f"{ablation.name}: {ablation.label}")
    for stated in ablation.stated:
        tell(f'  source   "{stated}"')
    tell(f"  place    {ablation.source}, {ablation.locator}")
    if ablation.evidence != "Primary":
        tell(f"  evidence {ablation.evidence.lower()}")
    claimed = ", ".join(f"{points:+g}" for points in answers[0].claimed)
    tell(f"  says     {WORDS[ablation.expects]}" + (f", by its claims {claimed} points" if claimed else ""))
    for caveat in ablation.caveats:
        tell(f"  caveat   {caveat}")
    for each in answers:
        data = " (synthetic data)" if each.synthetic else ""
        where = f"{each.benchmark}{data}: " if each.benchmark else ""
        tell(f"  here     {where}{each.answer}: {each.reason}")
        if each.answer == NOT_ATTEMPTED:
            continue
        for side, result, recipe in (("with", each.ours, each.recipe), ("without", each.without, each.reference)):
            if result is not None:
                tell(f"    {side:<7}  {reached(result)} ({recipe})")
    click.echo()
