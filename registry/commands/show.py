"""The command that shows one subject, whatever it is: a method, a term, a paper, a benchmark, a claim, a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from registry.session import Session, as_json, tell
from registry.tables import percent, to_json
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry
    from registry.records import Description, Run

FEW = 12
"""So many values are told in full; of more the first are, with their number."""

REMARKS = ("evidence level", "note", "remark")

LONG = 60
"""Letters from which each value has a line of its own."""


@click.command()
@click.argument("name", nargs=-1, required=True)
@as_json
@click.pass_obj
def show(session: Session, name: Sequence[str], as_json: bool) -> None:
    """Show all that is known of NAME: a method, term, paper, task, protocol, benchmark, data set, claim, ...

    NAME is a slug (moco_v2), a label ("MoCo v2"), an identifier (AI-0284, 1911.05722), or kind:slug
    (term:infonce) where several bear one name.
    """
    registry = session.registry
    described = registry.describe(" ".join(name))
    if described.kind == "method":
        _show_method(registry, described, as_json)
    elif as_json:
        click.echo(to_json(asdict(described)))
    else:
        _show_heading(described)
        measured = _measured(registry, described.name) if described.kind == "run" else {}
        _show_facts({described.kind: (described.name,)} | measured | described.facts)
        _show_parents(described)
        _show_also(described)


def _measured(registry: Registry, name: str) -> dict[str, tuple[str, ...]]:
    """What a run reached, and whether it counts; nothing of a run whose record cannot be read."""
    for run in registry.runs(name=name):
        return _reached(registry, run)
    return {}


def _reached(registry: Registry, run: Run) -> dict[str, tuple[str, ...]]:
    from registry.reading import is_reading

    data = " (synthetic data)" if run.benchmark in registry.synthetic() else ""
    told = {
        "value": run.value is not None and f"{percent(run.value)} %{data}",
        "untrained": run.untrained is not None and f"{percent(run.untrained)} %{data}",
        "does not count because": registry.why_not_ranked(run),
        "verified": registry.notices.verified(run.name),
        "what ran": is_reading(registry.graph, run.method) and f"{run.method}, {READING}",
    }
    return {word: (text,) for word, text in told.items() if text}


def _show_heading(described: Description) -> None:
    tell(described.label)
    if described.definition:
        tell(described.definition)
    click.echo()


def _show_facts(facts: dict[str, tuple[str, ...]]) -> None:
    told = {word: values for word, values in facts.items() if values}
    width = max(16, *(len(word) + 2 for word in told))
    for word, values in told.items():
        more = [f"and {len(values) - FEW} more"] if len(values) > FEW else []
        if any(len(value) > LONG for value in values):
            for number, value in enumerate([*values[:FEW], *more]):
                tell(f"  {'' if number else word:<{width}}{value}")
        else:
            between = "; " if any("," in value for value in values) else ", "
            tell(f"  {word:<{width}}{between.join([*values[:FEW], *more])}")


def _show_parents(described: Description) -> None:
    if described.parents:
        click.echo("\nparents that sources give")
    for parent in described.parents:
        tell(f'  {parent.parent} ({parent.agrees}): "{parent.stated}", {parent.source}')


def _show_also(described: Description) -> None:
    if described.also:
        click.echo()
        tell(f"also of this name: {', '.join(described.also)}")


def _reference(registry: Registry, paper: str) -> str:
    """A paper as it is cited: slug, title, arXiv id and DOI."""
    described = registry.describe(f"paper:{paper}")
    ids = [f"{name} {value}" for name in ("arXiv", "DOI") for value in described.facts.get(name, ())]
    return ", ".join([f"{paper}: {described.label}", *ids])


def _show_method(registry: Registry, described: Description, as_json: bool) -> None:
    method = described.name
    found, recipes = registry.method(method), registry.recipes(method)
    runs, verdicts = registry.runs(method=method), registry.verdicts(method)
    questions = described.facts.get("open question", ())
    if as_json:
        content = {
            "method": asdict(found),
            "lineage": registry.lineage(method),
            "reading": found.reading,
            "description": asdict(described),
            "recipes": [asdict(recipe) for recipe in recipes],
            "runs": [{**asdict(run), "notices": registry.notices.told(run.name)} for run in runs],
            "claims": [asdict(verdict) for verdict in verdicts],
        }
        click.echo(to_json(content))
        return
    _show_heading(described)
    _show_facts(
        {
            "lineage": (" <- ".join([method, *registry.lineage(method)]),),
            "introduced in": (_reference(registry, found.introduced_in),) if found.introduced_in else (),
            "borrows from": found.borrows_from,
            "components": (", ".join(found.components),) if found.components else (),
            "implementation": (found.implementation or "none yet",),
        }
        | {
            word: described.facts.get(word, ())
            for word in ("also called", "notation", "formula", "broader", "variants", "same as", *REMARKS)
        }
    )
    _show_parents(described)
    if questions:
        click.echo(f"\n{READING}; open:")
    for question in questions:
        tell(f"  {question}")
    for recipe in recipes:
        variant = f" --recipe {recipe.variant}" if recipe.variant else ""
        click.echo(f"\nrecipe {recipe.name}")
        for benchmark in recipe.benchmarks:
            note = "  # synthetic data" if benchmark in registry.synthetic() else ""
            click.echo(f"  registry run-benchmark {method} --on {benchmark}{variant}{note}")
        click.echo("  " + ", ".join(f"{name}={value}" for name, value in recipe.settings.items()))
        for departure in recipe.departures:
            tell(f"  unlike the paper: {departure}")
    if found.departures:
        click.echo("\nin every recipe")
    for departure in found.departures:
        tell(f"unlike the paper: {departure}")
    for run in runs:
        for said in filter(None, (registry.notices.withdrawn(run.name), registry.notices.verified(run.name))):
            tell(f"run {run.name}: {said}")
    click.echo(f"\n{len(verdicts)} claims (registry claims {method}), {len(runs)} runs (registry runs {method})")
    _show_also(described)
