"""Runs a page at a time, each with what is said beside it: whether it counts, whether somebody repeated it.

A listing of a hundred thousand runs reads those that it shows, and no others.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from registry import run_rows
from registry.errors import BadSetting, UnknownName
from registry.namespaces import slug
from registry.reading import is_reading, read_run
from registry.records import Run
from registry.run_rows import ALL, Asked

if TYPE_CHECKING:
    from registry.catalogue import Registry

STATUSES = ("Succeeded", "Failed", "Diverged", "Interrupted")
"""How a run may end, as the vocabulary has it."""

FIRST, AT_ONCE = 200, 2_000
"""After so many looks the runs of a method are read together, where they are no more than the second number."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A run as a listing shows it."""

    name: str
    run: Run | None
    """None where its record cannot be read."""
    why_not: str | None
    """Why it does not count, or why its record cannot be read; None where it counts."""
    verified: str | None = None
    reading: bool = False
    synthetic: bool = False


def listed(registry: Registry, asked: Asked = ALL, *, limit: int | None = None, offset: int = 0) -> Iterator[Listed]:
    """The runs that are asked for, newest first, also those whose records cannot be read."""
    readings: dict[str, bool] = {}
    for row in registry.graph.summary.runs(asked, limit=limit, offset=offset):
        yield _told(registry, row, readings)


def named(registry: Registry, names: Iterable[str]) -> list[Listed]:
    """The runs of these names, in this order."""
    readings: dict[str, bool] = {}
    rows = (row for name in names for row in registry.graph.summary.runs(Asked(name=name)))
    return [_told(registry, row, readings) for row in rows]


def count(registry: Registry, asked: Asked = ALL) -> int:
    """How many runs are asked for."""
    return registry.graph.summary.count_runs(asked)


def numbers(registry: Registry, kind: str) -> dict[str, int]:
    """How many runs each method or each benchmark has, of those that have any."""
    return run_rows.numbers(registry.graph.summary.connection, kind)


def of_one_recipe(registry: Registry, run: Run, limit: int) -> list[Listed]:
    """The runs on the same benchmark with the same settings, seed by seed, the newest of them if there are more."""
    follows = Asked(benchmark=run.benchmark, recipe=run.recipe)
    departs = Asked(benchmark=run.benchmark, method=run.method)
    found = []
    for each in listed(registry, follows if run.follows_recipe else departs):
        if each.run is not None and each.run.recipe_hash == run.recipe_hash and each.name != run.name:
            found.append(each)
            if len(found) == limit:
                break
    return sorted(found, key=lambda each: (each.run.seed if each.run else 0, each.name))


def _read(registry: Registry, row: Mapping[str, Any]) -> tuple[str, Run | None, str | None]:
    """Its name, and the run, or why its record cannot be read."""
    name = slug(str(row["run"]))
    try:
        return name, read_run(row, registry.ranking.requirements), None
    except BadSetting as error:
        return name, None, f"its record cannot be read: {error}"


def _told(registry: Registry, row: Mapping[str, Any], readings: dict[str, bool]) -> Listed:
    name, run, flaw = _read(registry, row)
    if run is None:
        return Listed(name=name, run=None, why_not=flaw)
    if run.method not in readings:
        readings[run.method] = is_reading(registry.graph, run.method)
    synthetic = False
    with suppress(BadSetting, UnknownName):  # `check` says what is wrong with the benchmark
        synthetic = registry.benchmark(run.benchmark).dataset.synthetic
    return Listed(
        name=name,
        run=run,
        why_not=registry.why_not_ranked(run),
        verified=registry.notices.verified(name),
        reading=readings[run.method],
        synthetic=synthetic,
    )


class Sieve:
    """The runs that count, or those that do not, looked for only as far as somebody asks.

    Whether a run counts is decided by rules that read the runs beside it, so that nobody can know how many
    count without looking at each.  Several threads may look.
    """

    def __init__(self, registry: Registry, asked: Asked, *, counting: bool) -> None:
        self.registry = registry
        self._counting = counting
        self._rows = registry.graph.summary.runs(asked)
        self._unknown = {method for method, runs in numbers(registry, "method").items() if runs <= AT_ONCE}
        self._lock = Lock()
        self.total = count(registry, asked)
        """Among so many is looked."""
        self.looked = 0
        self.found: list[str] = []
        """The names so far, newest first."""
        self.done = False
        """Whether all were looked at."""

    def look(self, wanted: int, seconds: float) -> bool:
        """Looks on until so many are found, and no longer than that; whether there are enough or no more."""
        until = time.monotonic() + seconds
        with self._lock:
            while not self.done and len(self.found) < wanted and time.monotonic() < until:
                row = next(self._rows, None)
                if row is None:
                    self.done = True
                else:
                    self._take(row)
            return self.done or len(self.found) >= wanted

    def _take(self, row: Mapping[str, Any]) -> None:
        name, run, why_not = _read(self.registry, row)
        if run is not None:
            if self.looked >= FIRST and run.method in self._unknown:
                # All runs of a method together are read sooner than recipe by recipe.
                self._unknown.remove(run.method)
                rows = self.registry.graph.summary.runs(Asked(method=run.method))
                together = [_read(self.registry, other)[1] for other in rows]
                self.registry.ranking.know(other for other in together if other is not None)
            why_not = self.registry.why_not_ranked(run)
        self.looked += 1
        if (why_not is None) == self._counting:
            self.found.append(name)
