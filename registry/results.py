"""One Turtle file a run, written once, whole or not at all, with its learning curve beside it."""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from registry.environment import Fact
from registry.errors import RegistryError
from registry.namespaces import PREFIXES, iri
from registry.records import Benchmark, Recipe
from registry.signatures import Setting


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A score of one encoder."""

    correct: int
    total: int
    chosen_learning_rate: float | None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """All that a run's file says."""

    recipe: Recipe
    settings: dict[str, Setting]
    """As run; where they differ from the recipe's, the run departs from it."""
    recipe_hash: str
    benchmark: Benchmark
    benchmark_hash: str
    implementation: str
    seed: int
    status: str
    """Succeeded, Failed, Diverged or Interrupted."""
    reason: str | None
    started: datetime
    ended: datetime
    facts: Mapping[str, Fact | float]
    """Further properties, by their name in the vocabulary."""
    trained: Measured | None
    untrained: Measured | None
    curve: Sequence[Mapping[str, float | int]]
    warnings: Sequence[str] = ()
    """What was told before the run started."""

    @property
    def changed(self) -> list[str]:
        """The settings that differ from the recipe."""
        return sorted(name for name, value in self.settings.items() if self.recipe.settings.get(name) != value)


def write(folder: Path, record: RunRecord) -> Path:
    """Files a run below `folder`/<benchmark>/ and returns the Turtle file.

    Raises RegistryError when it cannot be written; then nothing is left behind.
    """
    stamp = record.started.strftime("%Y%m%dT%H%M%SZ")
    name = f"{record.recipe.method}-s{record.seed}-{stamp}-{secrets.token_hex(3)}"
    place = folder / record.benchmark.name
    curve = _curve_csv(record.curve) if record.curve else None
    text = to_turtle(name, record, sha256(curve).hexdigest() if curve else None)
    file = place / f"{name}.ttl"
    try:
        place.mkdir(parents=True, exist_ok=True)
        if curve:
            publish(place / f"{name}.csv", curve)
        try:
            publish(file, text.encode())
        except OSError:
            (place / f"{name}.csv").unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RegistryError(f"the record of the run could not be written to {place}: {error}") from error
    return file


def require_writable(folder: Path) -> None:
    """Raises RegistryError unless a file can be made below `folder`: better known before a training than after."""
    probe = folder / f".{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise RegistryError(
            f"results cannot be written to {folder}: {error}; name another place with --home"
        ) from error


def publish(file: Path, content: bytes) -> None:
    """Creates a file with its whole content, or nothing; raises FileExistsError rather than replace one."""
    with _draft(file, content) as draft:
        try:
            os.link(draft, file)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with file.open("xb"):
                draft.replace(file)


def replace(file: Path, content: bytes) -> None:
    """Writes a file's whole content in the place of what it held; whoever reads sees the old or the new."""
    with _draft(file, content) as draft:
        draft.replace(file)


@contextmanager
def _draft(file: Path, content: bytes) -> Iterator[Path]:
    """The content beside the file, on disk under a name that nobody reads; it is gone afterwards."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _curve_csv(curve: Sequence[Mapping[str, float | int]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(curve[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(curve)
    return stream.getvalue().encode()


def to_turtle(name: str, record: RunRecord, curve_sha256: str | None) -> str:
    """The file of a run, prefixed by a sentence for people."""
    from rdflib import RDF, XSD, Graph, Literal, URIRef
    from rdflib.collection import Collection

    graph = Graph()
    for prefix in sorted(PREFIXES):
        graph.bind(prefix, PREFIXES[prefix], override=True)
    run = URIRef(iri("run", name))

    def say(subject: URIRef, prefix: str, local: str, *values: object) -> None:
        for value in values:
            graph.add((subject, URIRef(iri(prefix, local)), value if isinstance(value, URIRef) else literal(value)))

    def literal(value: object) -> Literal:
        if isinstance(value, datetime):
            return Literal(value.strftime("%Y-%m-%dT%H:%M:%SZ"), datatype=XSD.dateTime)
        if isinstance(value, float):
            return Literal(Decimal(repr(value)), datatype=XSD.decimal)
        return Literal(value)

    def part(fragment: str) -> URIRef:
        return URIRef(f"{run}#{fragment}")

    graph.add((run, RDF.type, URIRef(iri("mls", "Run"))))
    graph.add((run, RDF.type, URIRef(iri("prov", "Activity"))))
    say(run, "mls", "realizes", URIRef(iri("method", record.recipe.method)))
    say(run, "mls", "executes", part("implementation"))
    graph.add((part("implementation"), RDF.type, URIRef(iri("mls", "Implementation"))))
    say(part("implementation"), "reg", "implementation", record.implementation)
    say(run, "reg", "onBenchmark", URIRef(iri("benchmark", record.benchmark.name)))
    say(run, "reg", "benchmarkVersion", record.benchmark.version)
    say(run, "reg", "benchmarkHash", record.benchmark_hash)
    say(run, "prov", "used", URIRef(iri("dataset", record.benchmark.dataset.name)))
    recipe = URIRef(iri("recipe", record.recipe.name))
    say(run, "reg", "departsFromRecipe" if record.changed else "followsRecipe", recipe)
    say(run, "reg", "changedSetting", *record.changed)
    say(run, "reg", "recipeHash", record.recipe_hash)
    say(run, "reg", "seed", record.seed)
    say(run, "reg", "status", URIRef(iri("reg", record.status)))
    if record.reason is not None:
        say(run, "reg", "reason", record.reason)
    say(run, "reg", "warning", *record.warnings)
    say(run, "prov", "startedAtTime", record.started)
    say(run, "prov", "endedAtTime", record.ended)
    for fact, value in record.facts.items():
        say(run, "reg", fact, value)

    say(run, "reg", "settings", part("settings"))
    graph.add((part("settings"), RDF.type, URIRef(iri("reg", "RecipeSnapshot"))))
    for prefix, settings in (("hp", record.settings), ("ep", record.benchmark.settings)):
        for keyword, setting in settings.items():
            if isinstance(setting, tuple):
                head = Collection(graph, part(f"{prefix}-{keyword}"), [literal(item) for item in setting]).uri
                say(part("settings"), prefix, keyword, head if setting else RDF.nil)
            else:
                say(part("settings"), prefix, keyword, setting)

    for state, measured in (("Trained", record.trained), ("Untrained", record.untrained)):
        if measured is None:
            continue
        result = part(state.lower())
        for kind in (("reg", "Result"), ("mls", "ModelEvaluation"), ("qb", "Observation")):
            graph.add((result, RDF.type, URIRef(iri(*kind))))
        say(run, "mls", "hasOutput", result)
        say(result, "prov", "wasGeneratedBy", run)
        say(result, "reg", "encoderState", URIRef(iri("reg", state)))
        say(result, "reg", "onBenchmark", URIRef(iri("benchmark", record.benchmark.name)))
        say(result, "reg", "benchmarkVersion", record.benchmark.version)
        say(result, "mls", "specifiedBy", URIRef(iri("metric", record.benchmark.metric)))
        say(result, "mls", "hasValue", round(100 * measured.correct / measured.total, 6))
        say(result, "qudt", "hasUnit", URIRef(iri("unit", "PERCENT")))
        say(result, "reg", "correct", measured.correct)
        say(result, "reg", "total", measured.total)
        if measured.chosen_learning_rate is not None:
            say(result, "reg", "chosenLearningRate", measured.chosen_learning_rate)

    if curve_sha256 is not None:
        say(run, "reg", "curve", part("curve"))
        graph.add((part("curve"), RDF.type, URIRef(iri("reg", "Curve"))))
        say(part("curve"), "schema", "contentUrl", f"{name}.csv")
        say(part("curve"), "schema", "sha256", curve_sha256)
    summary = f"{record.recipe.method} on {record.benchmark.title}, seed {record.seed}: {record.status.lower()}"
    return f"# {summary}. Written by `registry run-benchmark`; never edited.\n{graph.serialize(format='turtle')}"
