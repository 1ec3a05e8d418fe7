"""Runs as rows of SQLite: made from the triples of a file, and read by what a listing asks for, newest first.

A run may stand in two files; it is one run all the same, and the first file by name has the word.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox

from registry.namespaces import iri, slug
from registry.triples import Term, python_value

PROPERTIES = {
    iri(*name): column
    for column, name in {
        "method": ("mls", "realizes"),
        "benchmark": ("reg", "onBenchmark"),
        "version": ("reg", "benchmarkVersion"),
        "recipe": ("reg", "followsRecipe"),
        "departsFrom": ("reg", "departsFromRecipe"),
        "recipeHash": ("reg", "recipeHash"),
        "benchmarkHash": ("reg", "benchmarkHash"),
        "seed": ("reg", "seed"),
        "status": ("reg", "status"),
        "started": ("prov", "startedAtTime"),
        "reason": ("reg", "reason"),
        "imagesPerSecond": ("reg", "imagesPerSecond"),
        "wallSeconds": ("reg", "wallSeconds"),
        "peakMemory": ("reg", "peakMemory"),
        "falseNegativeShare": ("reg", "falseNegativeShare"),
        "device": ("reg", "deviceModel"),
        "sourceSha256": ("reg", "sourceSha256"),
    }.items()
}
COLUMNS = ("run", "file", *PROPERTIES.values(), "value", "untrained", "changed", "stated")

SCHEMA = f"""
CREATE TABLE stated (id INTEGER PRIMARY KEY, properties TEXT UNIQUE);
CREATE TABLE runs ({", ".join(COLUMNS)}, PRIMARY KEY (run, file)) WITHOUT ROWID;
CREATE TABLE doubled (run TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX runs_by_file ON runs (file);
CREATE INDEX runs_by_method ON runs (method, started DESC, run);
CREATE INDEX runs_by_benchmark ON runs (benchmark, started DESC, run);
CREATE INDEX runs_by_recipe ON runs (recipe, benchmark, started DESC, run);
CREATE INDEX runs_by_status ON runs (status, started DESC, run);
CREATE INDEX runs_by_start ON runs (started DESC, run);
"""

FIRST_FILE = """(runs.run NOT IN (SELECT run FROM doubled)
    OR NOT EXISTS (SELECT 1 FROM runs AS other WHERE other.run = runs.run AND other.file < runs.file))"""
"""Of the files that a run stands in, the first.  Nearly all stand in one, and need not be looked up again."""

Row = dict[str, Any]  # one of SQLite: text, numbers and None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which runs are asked for; what is None may be anything."""

    method: str | None = None
    benchmark: str | None = None
    recipe: str | None = None
    """The recipe that they followed unchanged."""
    name: str | None = None
    beginning: str | None = None
    """Of the name."""
    statuses: tuple[str, ...] | None = None
    """As the vocabulary has them: "Succeeded", "Failed", "Diverged", "Interrupted"."""

    def condition(self) -> tuple[str, dict[str, str]]:
        """What follows WHERE, and the values in it."""
        named = {"method": self.method, "benchmark": self.benchmark, "recipe": self.recipe, "run": self.name}
        values = {column: iri(column, slug) for column, slug in named.items() if slug is not None}
        terms = [f"runs.{column} = :{column}" for column in values]
        if self.beginning is not None:
            values |= {"from": iri("run", self.beginning), "to": iri("run", self.beginning) + "\U0010ffff"}
            terms.append("runs.run >= :from AND runs.run < :to")
        if self.statuses is not None:
            known = {f"status{number}": iri("reg", status) for number, status in enumerate(self.statuses)}
            values |= known
            terms.append(f"runs.status IN ({', '.join(f':{name}' for name in known)})")
        terms.append(FIRST_FILE)
        return " AND ".join(terms), values


ALL = Asked()


def add(connection: sqlite3.Connection, file: str, subjects: Mapping[str, Mapping[str, Sequence[Term]]]) -> None:
    """Takes in the runs that a file describes."""
    marks = ", ".join("?" * len(COLUMNS))
    for row in _made(subjects):
        row["stated"] = _stated(connection, row["stated"])
        row["file"] = file
        # It may stay there when one of the files is forgotten: that costs a look, and no answer changes.
        connection.execute(
            "INSERT OR IGNORE INTO doubled SELECT run FROM runs WHERE run = ? AND file <> ?", (row["run"], file)
        )
        connection.execute(f"INSERT OR IGNORE INTO runs VALUES ({marks})", [row.get(column) for column in COLUMNS])


def find(
    connection: sqlite3.Connection, asked: Asked = ALL, *, limit: int | None = None, offset: int = 0
) -> Iterator[Row]:
    """The runs, newest first, one row each; at most `limit`, after the first `offset`."""
    condition, values = asked.condition()
    page = f"ORDER BY started DESC, run LIMIT {-1 if limit is None else limit} OFFSET {offset}"
    if limit is not None:  # what is sorted or skipped stands in an index, and only the page is read
        condition = f"(run, file) IN (SELECT run, file FROM runs WHERE {condition} {page})"
        page = "ORDER BY started DESC, run"
    rows = connection.execute(
        f"SELECT runs.*, properties FROM runs JOIN stated ON stated.id = runs.stated WHERE {condition} {page}", values
    )
    for row in rows:
        yield {**row, "changed": json.loads(row["changed"]), "stated": row["properties"].split()}


def count(connection: sqlite3.Connection, asked: Asked = ALL) -> int:
    """How many runs there are."""
    condition, values = asked.condition()
    (row,) = connection.execute(f"SELECT COUNT(*) FROM runs WHERE {condition}", values)
    return int(row[0])


def numbers(connection: sqlite3.Connection, column: str) -> dict[str, int]:
    """How many runs there are for each value of "method" or "benchmark", by slug."""
    assert column in ("method", "benchmark")
    rows = connection.execute(
        f"SELECT {column}, COUNT(*) FROM runs WHERE {column} IS NOT NULL AND {FIRST_FILE} GROUP BY {column}"
    )
    return {slug(str(row[0])): int(row[1]) for row in rows}


def _stated(connection: sqlite3.Connection, properties: str) -> int:
    connection.execute("INSERT OR IGNORE INTO stated (properties) VALUES (?)", (properties,))
    (row,) = connection.execute("SELECT id FROM stated WHERE properties = ?", (properties,))
    return int(row["id"])


def _made(subjects: Mapping[str, Mapping[str, Sequence[Term]]]) -> Iterator[Row]:
    """A row for each run among the subjects."""
    outputs: dict[str, list[Mapping[str, Sequence[Term]]]] = {}
    for found in subjects.values():
        for term in found.get(iri("prov", "wasGeneratedBy"), []):
            if isinstance(term, ox.NamedNode):
                outputs.setdefault(term.value, []).append(found)
    for address, found in subjects.items():
        if iri("mls", "realizes") not in found:
            continue
        row: Row = {column: _first(found.get(name)) for name, column in PROPERTIES.items()}
        row["run"] = address
        row["started"] = str(row["started"] or "").replace("+00:00", "Z") or None  # times in order as texts
        row["changed"] = json.dumps(
            sorted(str(python_value(term)) for term in found.get(iri("reg", "changedSetting"), []))
        )
        row["stated"] = " ".join(sorted(found))
        for output in outputs.get(address, []):
            state = slug(str(_first(output.get(iri("reg", "encoderState")))))
            column = {"Trained": "value", "Untrained": "untrained"}.get(state)
            if column:
                row[column] = _first(output.get(iri("mls", "hasValue")))
        yield row


def _first(terms: Sequence[Term] | None) -> object:
    """The value, and of several always the same one."""
    if not terms:
        return None
    return python_value(terms[0] if len(terms) == 1 else min(terms, key=str))
