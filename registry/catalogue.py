"""The Registry: every question and every act that the command line, the app and the tests may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from registry import checks, exports
from registry.errors import BadSetting, UnknownName
from registry.graph import Graph, Value
from registry.hashes import benchmark_hash, recipe_hash
from registry.home import Home, find_home
from registry.namespaces import iri, slug
from registry.reading import (
    number,
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

S = TypeVar("S")
R = TypeVar("R")


class Registry:
    """A loaded graph and what can be asked of it.  Names are slugs; unknown ones raise UnknownName."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.graph = Graph(home)
        self.left_out: dict[str, str] = {}
        """Subjects that no listing shows because a value of theirs cannot be read, and why."""

    @classmethod
    def open(cls, home: Path | None = None) -> Registry:
        """The registry of the folder, or of the place that `registry.home` finds."""
        return cls(find_home(home))

    def _readable(self, subjects: Iterable[S], address: Callable[[S], str], read: Callable[[S], R]) -> list[R]:
        """Those that can be read; `check` says what is wrong with the others."""
        found = []
        for subject in subjects:
            try:
                found.append(read(subject))
            except (BadSetting, UnknownName) as error:
                self.left_out[address(subject)] = str(error)
        return found

    # What is known

    def methods(self) -> list[Method]:
        """All methods, by name."""
        return [read_method(self.graph, name) for name in self.graph.slugs.get("method", [])]

    def method(self, name: str) -> Method:
        """What the graph says of a method."""
        self.graph.find("method", name)
        return read_method(self.graph, name)

    def lineage(self, name: str) -> list[str]:
        """The methods that this one refines, nearest first."""
        rows = self.graph.rows("lineage", method=self.graph.find("method", name))
        return [slug(str(row["ancestor"])) for row in rows]

    @cached_property
    def all_recipes(self) -> list[Recipe]:
        """All recipes, by name, with the settings of those they are based on."""
        names = self.graph.slugs.get("recipe", [])
        return self._readable(names, lambda name: iri("recipe", name), lambda name: read_recipe(self.graph, name))

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
        variants = [recipe.variant for recipe in fitting if recipe.variant]
        if variant is not None and fitting:
            raise UnknownName(f"recipe of {method} on {benchmark}", variant, variants)
        if fitting:
            names = ", ".join(variants)
            raise BadSetting(f"{method} has no default recipe for {benchmark}; name one with --recipe: {names}")
        raise UnknownName(
            f"recipe of {method} for benchmark",
            benchmark,
            {name for recipe in self.recipes(method) for name in recipe.benchmarks},
        )

    def benchmarks(self) -> list[Benchmark]:
        """All benchmarks, by name, also those that are only described."""
        names = self.graph.slugs.get("benchmark", [])
        return self._readable(names, lambda name: iri("benchmark", name), self.benchmark)

    def benchmark(self, name: str) -> Benchmark:
        """A benchmark with its data set; raises BadSetting where the graph's values make no sense."""
        self.graph.find("benchmark", name)
        return read_benchmark(self.graph, name)

    def synthetic(self) -> set[str]:
        """The benchmarks whose data a program made; their numbers are labelled so wherever they appear."""
        return {benchmark.name for benchmark in self.benchmarks() if benchmark.dataset.synthetic}

    @cached_property
    def all_claims(self) -> list[Claim]:
        """All claims, by name, values in percent."""
        rows = self.graph.rows("claims")
        return self._readable(rows, lambda row: str(row["claim"]), lambda row: read_claim(self.graph, row))

    # What was measured

    @cached_property
    def all_runs(self) -> list[Run]:
        """All runs, newest first, values in percent."""
        changed: dict[str, list[str]] = {}
        for row in self.graph.rows("changed_settings"):
            changed.setdefault(str(row["run"]), []).append(str(row["setting"]))
        missing: dict[str, list[str]] = {}
        for row in self.graph.rows("missing_provenance"):
            missing.setdefault(str(row["run"]), []).append(slug(str(row["property"])))
        return self._readable(
            self.graph.rows("runs"),
            lambda row: str(row["run"]),
            lambda row: _run(row, changed.get(str(row["run"]), []), missing.get(str(row["run"]), [])),
        )

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
    def _requirements(self) -> list[str]:
        return [str(row["name"]) for row in self.graph.select("SELECT ?name { ?name reg:neededForRanking true }")]

    @cached_property
    def _first_of_seed(self) -> dict[tuple[str, str, int], str]:
        sound = sorted((run for run in self.all_runs if self._flaw(run) is None), key=lambda run: run.started)
        return {_seed_of(run): run.name for run in reversed(sound)}

    def _flaw(self, run: Run) -> str | None:
        if run.status != "succeeded":
            return run.status + (f": {run.reason}" if run.reason else "")
        if run.value is None or run.untrained is None:
            return "no result"
        if not self._requirements:
            return "no provenance is asked for: vocabulary.ttl is missing or does not parse"
        if run.missing:
            return "incomplete provenance: " + ", ".join(run.missing)
        if not run.follows_recipe:
            return "changed recipe: " + ", ".join(run.changed)
        benchmark = self.benchmark(run.benchmark)
        if run.benchmark_version != benchmark.version:
            return f"measured on version {run.benchmark_version} of the benchmark, now {benchmark.version}"
        if run.benchmark_hash != benchmark_hash(benchmark):
            return "the benchmark has changed since"
        current = next((r for r in self.all_recipes if r.name == run.recipe), None)
        if current is None or run.recipe_hash != recipe_hash(current.settings):
            return "the recipe has changed since"
        return None

    def leaderboard(self, benchmark: str) -> Leaderboard:
        """What the recipes reached, in percent, best mean first; fewer than three seeds take no rank."""
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
            key=lambda standing: (
                standing.result.n < ENOUGH,
                -standing.result.mean if described.higher_is_better else standing.result.mean,
            ),
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
            remark=_remark(result.n, len({run.source_sha256 for run in runs})),
        )

    def verdicts(self, method: str | None = None) -> list[Verdict]:
        """Every claim, or every claim about a method, with what our results say about it."""
        if method is not None:
            self.graph.find("method", method)
        counted = {run.name for run in self.all_runs if self.why_not_ranked(run) is None}
        return self._readable(
            [claim for claim in self.all_claims if method in (None, claim.method)],
            lambda claim: iri("claim", claim.name),
            lambda claim: judge(
                claim,
                self.benchmark(claim.benchmark),
                [r for r in self.recipes(claim.method) if claim.benchmark in r.benchmarks],
                self.all_runs,
                counted,
            ),
        )

    # What can be asked and done

    def ask(self, query: str, /, **parameters: str) -> Answer:
        """The answer to SPARQL, or to a named question with its parameters, within the guard's limits.

        Raises QueryRefused, UnknownName, RegistryError.
        """
        from registry import sandbox

        return sandbox.ask(self.graph, query, parameters)

    def check(self) -> list[Violation]:
        """Everything that is wrong with the files; empty when the graph is whole."""
        return checks.check(self)

    def export(self, form: str) -> str:
        """The graph as "turtle" or "nquads", or the runs as "csv"; raises UnknownName for another form."""
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
        """Trains and scores once for each seed; returns the result files.

        Raises UnknownName, BadSetting and MissingExtra before anything runs, RegistryError when the
        data are not there or the record cannot be written, RunFailed when a run ended without a
        result (after the other seeds), Interrupted when it was stopped.
        """
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


def _remark(seeds: int, versions: int) -> str:
    few = "single run" if seeds == 1 else f"not ranked: n < {ENOUGH}" if seeds < ENOUGH else ""
    mixed = f"from {versions} versions of the code" if versions > 1 else ""
    return "; ".join(text for text in (few, mixed) if text)


def _seed_of(run: Run) -> tuple[str, str, int]:
    return run.benchmark, run.recipe, run.seed


def _ranked(standing: Standing, rank: int) -> Standing:
    return replace(standing, rank=rank)


def _run(row: dict[str, Value], changed: list[str], missing: list[str]) -> Run:
    def optional(name: str) -> float | None:
        return None if row[name] is None else number(row[name], name)

    def whole(name: str) -> int:
        return int(number(row[name], name))

    return Run(
        name=slug(str(row["run"])),
        method=slug(str(row["method"])),
        benchmark=slug(str(row["benchmark"])),
        benchmark_version=whole("version"),
        recipe=slug(str(row["recipe"] or row["departsFrom"] or "")),
        follows_recipe=row["recipe"] is not None,
        recipe_hash=str(row["recipeHash"]),
        benchmark_hash=str(row["benchmarkHash"]),
        changed=tuple(changed),
        seed=whole("seed"),
        status=slug(str(row["status"])).lower(),
        started=str(row["started"]),
        value=optional("value"),
        untrained=optional("untrained"),
        missing=tuple(missing),
        reason=None if row["reason"] is None else str(row["reason"]),
        images_per_second=optional("imagesPerSecond"),
        wall_seconds=optional("wallSeconds"),
        peak_memory=None if row["peakMemory"] is None else whole("peakMemory"),
        device=None if row["device"] is None else str(row["device"]),
        source_sha256=None if row["sourceSha256"] is None else str(row["sourceSha256"]),
    )
