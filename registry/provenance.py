"""All that the record of one run says: facts by the words of the vocabulary, settings, scores, and its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.errors import BadSetting, RegistryError, UnknownName
from registry.exporting.lookup import recorded_settings
from registry.graph import Graph
from registry.namespaces import PREFIXES, curie, iri, slug
from registry.records import Run
from registry.signatures import Setting
from registry.triples import Term, Value, python_value

if TYPE_CHECKING:
    from registry.catalogue import Registry

TOLD_APART = {"warning", "settings", "curve", "changedSetting", "followsRecipe", "departsFromRecipe", "status"}
"""Properties of a run that stand elsewhere in what is told of it."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One property of a record."""

    label: str
    meaning: str
    """What the vocabulary says of it."""
    value: Value
    """None where the record lacks it although no run counts without it."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one scoring of an encoder found."""

    state: str
    """"trained" or "untrained"."""
    value: float | None
    correct: int | None
    total: int | None
    chosen_learning_rate: float | None


@dataclass(frozen=True, kw_only=True)
class Used:
    """A setting as a run used it."""

    name: str
    value: Value
    changed: bool
    """Whether the run gave it another value than its recipe had then."""
    recipe: Value
    """What the recipe says today; None where it says nothing or cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """The record of a run beside what `Run` holds of it."""

    facts: dict[str, Fact]
    """By the local name in the vocabulary, those that the ranking asks for also where they are missing."""
    implementation: str | None
    dataset: str | None
    ended: str | None
    settings: tuple[Used, ...]
    protocol: dict[str, Value]
    """The settings of the protocol."""
    scores: tuple[Score, ...]
    warnings: tuple[str, ...]
    """What was told before it started."""
    recipe_flaw: str | None
    """Why nobody can say what the recipe says today."""


def read_record(registry: Registry, run: Run) -> Record:
    """The whole record of a run."""
    graph, address = registry.graph, iri("run", run.name)
    found = graph.properties(address)
    stated = {slug(name): terms for name, terms in found.items() if name.startswith(PREFIXES["reg"])}
    names = sorted((stated.keys() | {slug(name) for name in registry.ranking.requirements}) - TOLD_APART)
    dataset, ended = graph.value(address, iri("prov", "used")), graph.value(address, iri("prov", "endedAtTime"))
    recipe, flaw = _recipe(registry, run)
    return Record(
        facts={name: _fact(graph, name, stated.get(name, [])) for name in names},
        implementation=_text(graph.value(f"{address}#implementation", iri("reg", "implementation"))),
        dataset=None if dataset is None else slug(str(dataset)),
        ended=_text(ended),
        settings=tuple(
            Used(name=name, value=value, changed=name in run.changed, recipe=_plain(recipe.get(name)))
            for name, value in recorded_settings(registry, run.name, "hp").items()
        ),
        protocol=dict(recorded_settings(registry, run.name, "ep")),
        scores=tuple(_scores(graph, found.get(iri("mls", "hasOutput"), []))),
        warnings=tuple(sorted(str(python_value(term)) for term in stated.get("warning", []))),
        recipe_flaw=flaw,
    )


def record_file(graph: Graph, run: str) -> Path:
    """The file that describes a run; raises UnknownName."""
    graph.find("run", run)
    file = graph.summary.described_in("run", run)
    assert file is not None, "`find` knows those that a file describes"
    return file


def record_text(graph: Graph, run: str) -> str:
    """The record as it stands in its file; raises UnknownName, and RegistryError where the file is gone."""
    file = record_file(graph, run)
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RegistryError(f"the record of {run} cannot be read: {error}") from error


def _fact(graph: Graph, name: str, terms: list[Term]) -> Fact:
    address = iri("reg", name)
    values = [_told(python_value(term)) for term in terms]
    return Fact(
        label=str(graph.value(address, iri("rdfs", "label")) or name),
        meaning=str(graph.value(address, iri("rdfs", "comment")) or ""),
        value=None if not values else values[0] if len(values) == 1 else "; ".join(sorted(map(str, values))),
    )


def _told(value: Value) -> Value:
    return curie(value) if isinstance(value, str) and curie(value) != value else value


def _text(value: Value) -> str | None:
    return None if value is None else str(value)


def _recipe(registry: Registry, run: Run) -> tuple[Mapping[str, Setting], str | None]:
    """The settings of its recipe today, or why nobody knows them."""
    if not registry.graph.summary.has("recipe", run.recipe):
        return {}, f"there is no recipe {run.recipe} any more" if run.recipe else "it names no recipe"
    try:
        return registry.recipe_named(run.recipe).settings, None
    except (BadSetting, UnknownName) as error:
        return {}, f"the recipe {run.recipe} cannot be read: {error}"


def _plain(value: Setting | None) -> Value:
    """As `recorded_settings` has it: a list as the text of a JSON list."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else value


def _scores(graph: Graph, outputs: list[Term]) -> list[Score]:
    scores = []
    for output in outputs:
        if not isinstance(output, ox.NamedNode):
            continue
        said = {
            name: graph.value(output.value, iri(*name))
            for name in (
                ("reg", "encoderState"),
                ("mls", "hasValue"),
                ("reg", "correct"),
                ("reg", "total"),
                ("reg", "chosenLearningRate"),
            )
        }
        scores.append(
            Score(
                state=slug(str(said["reg", "encoderState"] or "unknown")).lower(),
                value=_number(said["mls", "hasValue"]),
                correct=_whole(said["reg", "correct"]),
                total=_whole(said["reg", "total"]),
                chosen_learning_rate=_number(said["reg", "chosenLearningRate"]),
            )
        )
    return sorted(scores, key=lambda score: score.state)


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
