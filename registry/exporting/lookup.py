"""What several exports look up: subjects by kind, results that count with their records, settings, labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.namespaces import iri, slug
from registry.records import Benchmark, Dataset, Standing
from registry.triples import python_value

if TYPE_CHECKING:
    from registry.catalogue import Registry


Standings = list[tuple[Benchmark, Standing]]


def names(registry: Registry, kind: str) -> list[str]:
    """The slugs of all subjects of a kind."""
    return registry.graph.names(kind)


def standings(registry: Registry, methods: Sequence[str]) -> dict[str, Standings]:
    """What the recipes of each method reached on each benchmark, over the runs that count."""
    found: dict[str, Standings] = {method: [] for method in methods}
    for name in sorted({run.benchmark for run in registry.all_runs if run.method in found}):
        board = registry.leaderboard(name)
        for standing in sorted(board.standings, key=lambda standing: standing.recipe):
            if standing.method in found:
                found[standing.method].append((board.benchmark, standing))
    return found


def run_iris(runs: Sequence[str]) -> list[str]:
    """Where the records of runs stand in the graph: the provenance of a number."""
    return [iri("run", name) for name in sorted(runs)]


def seeds(registry: Registry, runs: Sequence[str]) -> list[int]:
    """The seeds of the runs."""
    return sorted(int(str(fact(registry, run, "seed"))) for run in runs)


def fact(registry: Registry, run: str, name: str, prefix: str = "reg") -> str | int | float | bool | None:
    """What the record of a run says under a property of the vocabulary."""
    return registry.graph.value(iri("run", run), iri(prefix, name))


def label(registry: Registry, kind: str, name: str) -> str:
    """What people call a subject; its slug where nobody says."""
    return str(registry.graph.value(iri(kind, name), iri("skos", "prefLabel")) or name)


def data_label(dataset: Dataset) -> str:
    """The label of a data set, with a warning where a program made it."""
    return f"{dataset.label} (synthetic data)" if dataset.synthetic else dataset.label


def task_of(registry: Registry, benchmark: str) -> str | None:
    """The slug of the task that a benchmark stands for."""
    task = registry.graph.value(iri("benchmark", benchmark), iri("reg", "task"))
    return slug(str(task)) if task else None


def recorded_settings(registry: Registry, run: str, prefix: str) -> dict[str, str | int | float | bool]:
    """The settings that a run used, of the recipe (hp) or of the protocol (ep); a list as the text of a JSON list."""
    graph = registry.graph
    settings: dict[str, str | int | float | bool] = {}
    for address, terms in sorted(graph.properties(f"{iri('run', run)}#settings").items()):
        if address.startswith(iri(prefix, "")):
            value = python_value(terms[0])
            items = [python_value(item) for item in graph.items(terms[0])]
            listed = bool(items) or value == iri("rdf", "nil")
            settings[slug(address)] = json.dumps(items) if listed or value is None else value
    return settings


def to_json(document: object) -> bytes:
    """JSON for people and programs alike."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
