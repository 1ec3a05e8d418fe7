"""The command that sets what papers and repositories claim beside what our results say about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from registry.session import Session, as_json, tell
from registry.tables import amount, reached, recomputed, to_json
from registry.verdict_names import VERDICTS

if TYPE_CHECKING:
    from registry.records import Verdict

SHOWN = 50
"""So many claims are shown where nobody asked for a method's or for more."""

VERDICT_OPTIONS = {verdict.replace(" ", "-"): verdict for verdict in VERDICTS}
EVIDENCE = ("primary", "secondary", "recalled")


@click.command()
@click.argument("method", required=False)
@click.option("--verdict", type=click.Choice(list(VERDICT_OPTIONS)), help="Only claims with this verdict.")
@click.option("--evidence", type=click.Choice(EVIDENCE), help="Only claims that were read so directly.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help=f"Show so many.  [default: all of METHOD's, the first {SHOWN} of all methods', all with --json]",
)
@as_json
@click.pass_obj
def claims(
    session: Session, method: str | None, verdict: str | None, evidence: str | None, limit: int | None, as_json: bool
) -> None:
    """List what papers and repositories claim, with what our results say about it."""
    registry = session.registry
    # Nothing has to be judged that is not shown.
    first = None if as_json or method or verdict or evidence else limit or SHOWN
    found = [
        each
        for each in registry.verdicts(method, limit=first)
        if (verdict is None or each.verdict == VERDICT_OPTIONS[verdict])
        and (evidence is None or each.claim.evidence.lower() == evidence)
    ]
    if as_json:
        click.echo(to_json([asdict(each) for each in found[:limit]]))
        return
    shown = found[: limit or (SHOWN if method is None else None)]
    for each in shown:
        _tell_claim(each)
    if shown:
        click.echo()
    known = len(found) if first is None else len(registry.graph.names("claim"))
    for line in _footer(found, len(shown), known, method):
        click.echo(line)


def _tell_claim(verdict: Verdict) -> None:
    claim = verdict.claim
    tell(f"{claim.name}: {claim.label}")
    tell(f'  claim    {amount(claim)}, printed "{claim.stated}" in {claim.source}')
    tell(f"  place    {claim.locator}")
    for place in claim.also_stated:
        tell(f"  also     {place}")
    if claim.evidence != "Primary":
        tell(f"  evidence {claim.evidence.lower()}")
    if verdict.theirs is not None:
        tell(f"  raw      {recomputed(verdict.theirs, verdict.remarks)}")
    if verdict.ours is not None:
        tell(f"  ours     {reached(verdict.ours)} ({verdict.recipe})")
    if verdict.nearest is not None:
        nearest = verdict.nearest
        data = " (synthetic data)" if nearest.synthetic else ""
        tell(f"  nearest  {reached(nearest.result)} ({nearest.recipe} on {nearest.benchmark}{data})")
    tell(f"  verdict  {verdict.verdict}: {verdict.reason}")
    for caveat in claim.caveats:
        tell(f"  caveat   {caveat}")


def _footer(found: Sequence[Verdict], shown: int, known: int, method: str | None) -> list[str]:
    """How many of what, and what the reader has to know of many intervals at once."""
    lines = [f"{len(found)} claims" if known == len(found) else f"the first {len(found)} of {known} claims"]
    if found:
        lines.append("verdicts: " + _counts((each.verdict for each in found), VERDICTS))
        lines.append("evidence: " + _counts((each.claim.evidence.lower() for each in found), EVIDENCE))
    if tested := sum(each.difference is not None for each in found):
        lines.append(
            f"{tested} tested, each interval at 95% on its own: of 20 honest repetitions one is expected to miss."
        )
    if shown < known:
        of_one = "" if method else ", registry claims METHOD those of one"
        lines.append(f"{known - shown} more: --limit {known} shows all{of_one}.")
    return lines


def _counts(words: Iterable[str], order: Sequence[str]) -> str:
    counts = Counter(words)
    return ", ".join(f"{counts[word]} {word}" for word in (*order, *sorted(set(counts) - set(order))) if counts[word])
