"""The Registry: every question and every act that the command line, the app and the tests may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from registry import checks, exports
from registry.errors import UnknownName
from registry.graph import Graph, Value
from registry.hashes import recipe_hash
from registry.home import Home, find_home
from registry.namespaces import iri, slug
from registry.reading import (
    read_benchmark,
    read_claim,
    read_method,
    read_recipe,
)
from registry.records import (
    Benchmark,
    Claim,
    Leaderboard,
    Method,
    Recipe,
    Run,
    Standing,
    Verdict,
    Violation,
)
from registry.statistics import ENOUGH, aggregate
from registry.verdicts import judge

if TYPE_CHECKING:
    from registry.runner import Listener
    from registry.sandbox import Answer


class Registry:
    """A loaded graph and what can be asked of it.  Names are slugs; unknown ones raise UnknownName."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.graph = Graph(home)

    @classmethod
    def open(cls, home: Path | None = None) -> Registry:
        """The registry of the folder, or of the place that `registry.home` finds."""
        return cls(find_home(home))

    # What is known

    def methods(self) -> list[Method]:
        return [read_method(self.graph, slug(str(row["method"]))) for row in self.graph.rows("methods")]

    def method(self, name: str) -> Method:
        self.graph.find("method", name)
        return read_method(self.graph, name)

    def lineage(self, name: str) -> list[str]:
        """The methods that this one refines, nearest first."""
        rows = self.graph.rows("lineage", method=self.graph.find("method", name))
        return [slug(str(row["ancestor"])) for row in rows]

    @cached_property
    def all_recipes(self) -> list[Recipe]:
        return [read_recipe(self.graph, name) for name in self.graph.slugs.get("recipe", [])]

    def recipes(self, method: str) -> list[Recipe]:
        """The recipes of a method, the default ones first."""
        self.graph.find("method", method)
        mine = [recipe for recipe in self.all_recipes if recipe.method == method]
        return sorted(mine, key=lambda recipe: (recipe.variant is not None, recipe.name))

    def recipe(self, method: str, benchmark: str, variant: str | None = None) -> Recipe:
        """The recipe that `run-benchmark` would use."""
        self.graph.find("benchmark", benchmark)
        fitting = [recipe for recipe in self.recipes(method) if benchmark in recipe.benchmarks]
        for recipe in fitting:
            if recipe.variant == variant:
                return recipe
        if variant is not None and fitting:
            raise UnknownName(
                f"recipe of {method} on {benchmark}", variant, [r.variant for r in fitting if r.variant]
            )
        raise UnknownName(
            f"recipe of {method} for benchmark",
            benchmark,
            {name for recipe in self.recipes(method) for name in recipe.benchmarks},
        )

    def benchmarks(self) -> list[Benchmark]:
        return [self.benchmark(slug(str(row["benchmark"]))) for row in self.graph.rows("benchmarks")]

    def benchmark(self, name: str) -> Benchmark:
        self.graph.find("benchmark", name)
        return read_benchmark(self.graph, name)

    @cached_property
    def all_claims(self) -> list[Claim]:
        return [read_claim(self.graph, row) for row in self.graph.rows("claims")]

    # What was measured

    @cached_property
    def all_runs(self) -> list[Run]:
        changed: dict[str, list[str]] = {}
        for row in self.graph.rows("changed_settings"):
            changed.setdefault(str(row["run"]), []).append(str(row["setting"]))
        missing: dict[str, list[str]] = {}
        for row in self.graph.rows("missing_provenance"):
            missing.setdefault(str(row["run"]), []).append(slug(str(row["property"])))
        return [
            _run(row, changed.get(str(row["run"]), []), missing.get(str(row["run"]), []))
            for row in self.graph.rows("runs")
        ]

    def runs(self, method: str | None = None, benchmark: str | None = None) -> list[Run]:
        """All runs, newest first, or those of a method or on a benchmark."""
        if method is not None:
            self.graph.find("method", method)
        if benchmark is not None:
            self.graph.find("benchmark", benchmark)
        return [run for run in self.all_runs if method in (None, run.method) and benchmark in (None, run.benchmark)]

    def why_not_ranked(self, run: Run) -> str | None:
        """What keeps a run out of the ranking, or None if it counts.

        A seed counts once, by the run that was filed first: repeating one until it is good, or
        resuming one that is done, makes no further evidence.
        """
        flaw = self._flaw(run)
        if flaw is None and (first := self._first_of_seed[_seed_of(run)]) != run.name:
            return f"seed {run.seed} counts already, by {first}"
        return flaw

    @cached_property
    def _first_of_seed(self) -> dict[tuple[str, str, int], str]:
        sound = sorted((run for run in self.all_runs if self._flaw(run) is None), key=lambda run: run.started)
        return {_seed_of(run): run.name for run in reversed(sound)}

    def _flaw(self, run: Run) -> str | None:
        if run.status != "succeeded":
            return run.status + (f": {run.reason}" if run.reason else "")
        if run.value is None or run.untrained is None:
            return "no result"
        if run.missing:
            return "incomplete provenance: " + ", ".join(run.missing)
        if not run.follows_recipe:
            return "changed recipe: " + ", ".join(run.changed)
        version = self.graph.value(iri("benchmark", run.benchmark), iri("reg", "version"))
        if run.benchmark_version != version:
            return f"measured on version {run.benchmark_version} of the benchmark, now {version}"
        current = next((r for r in self.all_recipes if r.name == run.recipe), None)
        if current is None or run.recipe_hash != recipe_hash(current.settings):
            return "the recipe has changed since"
        return None

    def leaderboard(self, benchmark: str) -> Leaderboard:
        """What the recipes reached on a benchmark, best mean first; fewer than three runs take no rank."""
        described = self.benchmark(benchmark)
        counting: dict[str, list[Run]] = {}
        left_out = []
        for run in self.runs(benchmark=benchmark):
            why = self.why_not_ranked(run)
            if why is None:
                counting.setdefault(run.recipe, []).append(run)
            else:
                left_out.append((run.name, why))
        standings = sorted(
            (self._standing(recipe, runs) for recipe, runs in counting.items()),
            key=lambda standing: (standing.result.n < ENOUGH, -standing.result.mean),
        )
        ranked = tuple(
            standing if standing.result.n < ENOUGH else _ranked(standing, place)
            for place, standing in enumerate(standings, start=1)
        )
        return Leaderboard(benchmark=described, standings=ranked, left_out=tuple(left_out))

    def _standing(self, name: str, runs: Sequence[Run]) -> Standing:
        recipe = next(recipe for recipe in self.all_recipes if recipe.name == name)
        result = aggregate([run.value for run in runs if run.value is not None])
        return Standing(
            rank=None,
            method=recipe.method,
            recipe=name,
            variant=recipe.variant,
            result=result,
            untrained=aggregate([run.untrained for run in runs if run.untrained is not None]).mean,
            runs=tuple(run.name for run in runs),
            remark="single run" if result.n == 1 else "not ranked: n < 3" if result.n < ENOUGH else "",
        )

    def verdicts(self, method: str | None = None) -> list[Verdict]:
        """Every claim, or every claim about a method, with what our results say about it."""
        if method is not None:
            self.graph.find("method", method)
        counted = {run.name for run in self.all_runs if self.why_not_ranked(run) is None}
        return [
            judge(
                claim,
                self.benchmark(claim.benchmark),
                [r for r in self.recipes(claim.method) if claim.benchmark in r.benchmarks],
                self.all_runs,
                counted,
            )
            for claim in self.all_claims
            if method in (None, claim.method)
        ]

    # What can be asked and done

    def ask(self, query: str, **parameters: str) -> Answer:
        """The answer to SPARQL, or to a named question with its parameters, within the guard's limits."""
        from registry import sandbox

        return sandbox.ask(self.graph, query, parameters)

    def check(self) -> list[Violation]:
        """Everything that is wrong with the files; empty when the graph is whole."""
        return checks.check(self)

    def export(self, form: str) -> str:
        """The graph as "turtle" or "nquads", or the results as "csv"."""
        return exports.export(self, form)

    def run(
        self,
        method: str,
        benchmark: str,
        *,
        variant: str | None = None,
        seeds: Iterable[int] = (0,),
        device: str | None = None,
        changes: dict[str, str] | None = None,
        data: Path | None = None,
        resume: bool = False,
        listener: Listener,
        command: str = "",
        after: Callable[[Path], None] = lambda file: None,
    ) -> list[Path]:
        """Trains and scores once for each seed; returns the result files.  Raises RunFailed, BadSetting."""
        from registry import runner

        return runner.run(
            self,
            self.recipe(method, benchmark, variant),
            self.benchmark(benchmark),
            seeds=seeds,
            device=device,
            changes=changes or {},
            data=data,
            resume=resume,
            listener=listener,
            command=command,
            after=after,
        )


def _seed_of(run: Run) -> tuple[str, str, int]:
    return run.benchmark, run.recipe, run.seed


def _ranked(standing: Standing, rank: int) -> Standing:
    return replace(standing, rank=rank)


def _run(row: dict[str, Value], changed: list[str], missing: list[str]) -> Run:
    def number(name: str) -> float | None:
        value = row[name]
        return float(value) if isinstance(value, int | float) else None

    return Run(
        name=slug(str(row["run"])),
        method=slug(str(row["method"])),
        benchmark=slug(str(row["benchmark"])),
        benchmark_version=int(row["version"] or 0),
        recipe=slug(str(row["recipe"] or row["departsFrom"] or "")),
        follows_recipe=row["recipe"] is not None,
        recipe_hash=str(row["recipeHash"]),
        benchmark_hash=str(row["benchmarkHash"]),
        changed=tuple(changed),
        seed=int(row["seed"] or 0),
        status=slug(str(row["status"])).lower(),
        started=str(row["started"]),
        value=number("value"),
        untrained=number("untrained"),
        missing=tuple(missing),
        reason=None if row["reason"] is None else str(row["reason"]),
        images_per_second=number("imagesPerSecond"),
        wall_seconds=number("wallSeconds"),
        peak_memory=None if row["peakMemory"] is None else int(row["peakMemory"]),
        device=None if row["device"] is None else str(row["device"]),
    )
