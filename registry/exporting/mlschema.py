"""Runs in the words of ML-Schema (http://www.w3.org/ns/mls#) and nothing else, for tools that know no other.

ML-Schema has no word for status, seed, provenance, unit or claim, nor for an encoder before training.
So a run without a result has no evaluation, its comment says how it ended, seeds are settings,
untrained encoders and claims are left out, and the label of a measure names its unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.exporting.lookup import data_label, fact, label, recorded_settings, task_of
from registry.exporting.triples import to_turtle
from registry.namespaces import iri
from registry.reading import is_reading
from registry.records import Run
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry

Fact = str | int | float | bool


def mlschema(registry: Registry, runs: Sequence[str]) -> dict[str, bytes]:
    """All runs, or the named ones, with their settings and everything that they point at."""
    for name in runs:
        registry.graph.find("run", name)
    view = _View()
    for run in registry.all_runs:
        if not runs or run.name in runs:
            _describe(registry, run, view)
    return {"ml-schema.ttl": to_turtle(view.triples)}


class _View:
    """Triples that are collected, each once."""

    def __init__(self) -> None:
        self.triples: set[ox.Triple] = set()

    def say(self, subject: str, predicate: str, target: str) -> None:
        """A property of mls: whose value is another subject."""
        self._add(subject, iri("mls", predicate), ox.NamedNode(target))

    def describe(self, subject: str, kind: str, name: str, comment: str | None = None) -> None:
        """The class of a subject and what it is called."""
        self._add(subject, iri("rdf", "type"), ox.NamedNode(iri("mls", kind)))
        self._add(subject, iri("rdfs", "label"), ox.Literal(name))
        if comment:
            self._add(subject, iri("rdfs", "comment"), ox.Literal(comment))

    def value(self, subject: str, value: Fact) -> None:
        """A number, a truth or a text; fractions as decimals, with all their digits."""
        literal = ox.Literal(value)
        if isinstance(value, float):
            literal = ox.Literal(format(Decimal(repr(value)), "f"), datatype=ox.NamedNode(iri("xsd", "decimal")))
        self._add(subject, iri("mls", "hasValue"), literal)

    def _add(self, subject: str, predicate: str, target: ox.NamedNode | ox.Literal) -> None:
        self.triples.add(ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), target))


def _describe(registry: Registry, run: Run, view: _View) -> None:
    benchmark = registry.benchmark(run.benchmark)
    address, method = iri("run", run.name), iri("method", run.method)
    implementation, dataset = f"{address}#implementation", iri("dataset", benchmark.dataset.name)
    why = registry.why_not_ranked(run)
    view.describe(address, "Run", run.name, f"{run.status}; not ranked: {why}" if why else run.status)
    view.describe(method, "Algorithm", label(registry, "method", run.method))
    reading = READING if is_reading(registry.graph, run.method) else None
    code = registry.graph.value(implementation, iri("reg", "implementation"))
    commit = fact(registry, run.name, "sourceCommit")
    view.describe(implementation, "Implementation", f"{code} at commit {commit}" if commit else str(code), reading)
    view.describe(dataset, "Dataset", data_label(benchmark.dataset))
    view.say(address, "realizes", method)
    view.say(address, "executes", implementation)
    view.say(implementation, "implements", method)
    view.say(address, "hasInput", dataset)

    measure, specification = iri("metric", benchmark.metric), iri("benchmark", benchmark.name)
    procedure = iri("protocol", benchmark.protocol)
    view.describe(measure, "EvaluationMeasure", f"{label(registry, 'metric', benchmark.metric)} in percent")
    view.describe(procedure, "EvaluationProcedure", label(registry, "protocol", benchmark.protocol))
    view.describe(specification, "EvaluationSpecification", f"{benchmark.title}, version {benchmark.version}")
    view.say(specification, "hasPart", measure)
    view.say(specification, "hasPart", procedure)
    if task := task_of(registry, benchmark.name):
        view.describe(iri("task", task), "Task", label(registry, "task", task))
        view.say(address, "achieves", iri("task", task))
        view.say(specification, "defines", iri("task", task))
        view.say(iri("task", task), "definedOn", dataset)
        view.say(iri("task", task), "definedOn", specification)

    settings: dict[str, Fact] = {iri("reg", "seed"): run.seed}
    settings |= {iri("hp", name): value for name, value in recorded_settings(registry, run.name, "hp").items()}
    for parameter, value in settings.items():
        name = parameter.removeprefix(iri("hp", "")).removeprefix(iri("reg", ""))
        setting = f"{address}#setting-{name}"
        view.describe(parameter, "HyperParameter", name)
        view.describe(setting, "HyperParameterSetting", f"{name} of {run.name}")
        view.say(implementation, "hasHyperParameter", parameter)
        view.say(setting, "specifiedBy", parameter)
        view.value(setting, value)
        view.say(address, "hasInput", setting)

    if run.value is not None:
        evaluation = f"{address}#trained"
        view.describe(evaluation, "ModelEvaluation", f"{benchmark.title}, {run.name}")
        view.say(address, "hasOutput", evaluation)
        view.say(evaluation, "specifiedBy", measure)
        view.value(evaluation, run.value)
