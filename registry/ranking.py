"""Which runs count, and what those of one recipe reached together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from statistics import fmean
from typing import TYPE_CHECKING

from registry.errors import BadSetting, UnknownName
from registry.hashes import benchmark_hash, recipe_hash
from registry.reading import is_reading
from registry.records import Benchmark, Leaderboard, Run, Standing
from registry.statistics import ENOUGH, aggregate
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry


class Ranking:
    """The rules, for the runs of one registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        # Asked for each run, and the same for all runs of a benchmark or a recipe.
        self._firsts: dict[tuple[str, str], dict[int, str]] = {}
        self._benchmarks: dict[str, tuple[int, str] | None] = {}
        self._hashes: dict[str, str | None] = {}

    def why_not(self, run: Run) -> str | None:
        """What keeps a run out of the ranking, or None if it counts.

        A seed counts once, by the run that was filed first: repeating one until it is good, or
        resuming one that is done, makes no further evidence.  A retracted or superseded run frees its
        seed; the successor of a run takes its place.
        """
        flaw = self._flaw(run)
        if flaw is None and (first := self._first_of_seed(run)) != run.name:
            return f"seed {run.seed} counts already, by {first}"
        return flaw

    @cached_property
    def requirements(self) -> frozenset[str]:
        """The properties that a record needs, as IRIs."""
        rows = self.registry.graph.select("SELECT ?name { ?name reg:neededForRanking true }")
        return frozenset(str(row["name"]) for row in rows)

    def know(self, runs: Iterable[Run]) -> None:
        """Takes in all runs of a method or of a benchmark at once, which else are asked for place by place."""
        places: dict[tuple[str, str], list[Run]] = {}
        for run in runs:
            places.setdefault((run.benchmark, run.recipe), []).append(run)
        for place, there in places.items():
            if place not in self._firsts:
                self._firsts[place] = self._firsts_of(there)

    def _first_of_seed(self, run: Run) -> str:
        place = run.benchmark, run.recipe
        if run.seed not in self._firsts.get(place, {}):  # also where somebody knew some of the runs only
            runs = self.registry.runs(benchmark=run.benchmark, recipe=run.recipe)
            self._firsts[place] = self._firsts_of(runs)
        return self._firsts[place][run.seed]

    def _firsts_of(self, runs: Sequence[Run]) -> dict[int, str]:
        """By seed, for the runs of one recipe on one benchmark."""
        known = {run.name: run for run in runs}

        def place(run: Run) -> tuple[str, bool]:
            """When it was filed, or the run of the same seed that it replaces; a repetition comes after."""
            notices = self.registry.notices
            replaced = [known[name] for name in notices.replaced(run.name) if name in known]
            first = min([run.started, *(other.started for other in replaced if other.seed == run.seed)])
            return first, notices.is_rerun(run.name)

        firsts: dict[int, str] = {}
        for run in sorted((run for run in runs if self._flaw(run) is None), key=place):
            firsts.setdefault(run.seed, run.name)
        return firsts

    def _flaw(self, run: Run) -> str | None:
        if (withdrawn := self.registry.notices.withdrawn(run.name)) is not None:
            return withdrawn
        if run.status != "succeeded":
            return run.status + (f": {run.reason}" if run.reason else "")
        if run.value is None or run.untrained is None:
            return "no result"
        if not self.requirements:
            return "no provenance is asked for: vocabulary.ttl is missing or does not parse"
        if run.missing:
            return "incomplete provenance: " + ", ".join(run.missing)
        if not run.follows_recipe:
            return "changed recipe: " + ", ".join(run.changed)
        known = self._benchmark(run.benchmark)
        if known is None:
            return f"benchmark {run.benchmark} is missing or cannot be read"
        version, digest = known
        if run.benchmark_version != version:
            return f"measured on version {run.benchmark_version} of the benchmark, now {version}"
        if run.benchmark_hash != digest:
            return "the benchmark has changed since"
        if run.recipe_hash != self._recipe_hash(run.recipe):
            return "the recipe has changed since"
        return None

    def _benchmark(self, name: str) -> tuple[int, str] | None:
        """Its version and hash today; one benchmark that is broken must not hide the runs on all others."""
        if name not in self._benchmarks:
            try:
                benchmark = self.registry.benchmark(name)
            except (BadSetting, UnknownName):  # `check` says what is wrong with it
                self._benchmarks[name] = None
            else:
                self._benchmarks[name] = benchmark.version, benchmark_hash(benchmark)
        return self._benchmarks[name]

    def _recipe_hash(self, name: str) -> str | None:
        if name not in self._hashes:
            try:
                recipe = self.registry.recipe_named(name)
            except BadSetting:  # `check` says what is wrong with it
                self._hashes[name] = None
            else:
                self._hashes[name] = recipe_hash(recipe.settings) if recipe.method else None
        return self._hashes[name]

    def leaderboard(self, benchmark: Benchmark, keep: Callable[[Run], bool] = lambda run: True) -> Leaderboard:
        """What the recipes reached, in percent, best mean first; fewer than three seeds take no rank.

        Of runs that `keep` does not keep nothing is said; whether one counts is still decided among all.
        """
        counting: dict[str, list[Run]] = {}
        left_out = []
        runs = self.registry.runs(benchmark=benchmark.name)
        self.know(runs)
        for run in filter(keep, runs):
            why = self.why_not(run)
            if why is None:
                counting.setdefault(run.recipe, []).append(run)
            else:
                left_out.append((run.name, why))
        standings = sorted(
            (self._standing(recipe, runs) for recipe, runs in counting.items()),
            key=lambda standing: (
                standing.result.n < ENOUGH,
                -standing.result.mean if benchmark.higher_is_better else standing.result.mean,
            ),
        )
        ranked = tuple(
            standing if standing.result.n < ENOUGH else replace(standing, rank=place)
            for place, standing in enumerate(standings, start=1)
        )
        return Leaderboard(benchmark=benchmark, standings=ranked, left_out=tuple(left_out))

    def _standing(self, name: str, runs: Sequence[Run]) -> Standing:
        recipe = self.registry.recipe_named(name)
        reading = is_reading(self.registry.graph, recipe.method)
        result = aggregate([run.value for run in runs if run.value is not None])
        doubted = [run.name for run in runs if self.registry.notices.doubted(run.name)]
        return Standing(
            rank=None,
            method=recipe.method,
            recipe=name,
            variant=recipe.variant,
            result=result,
            untrained=fmean(run.untrained for run in runs if run.untrained is not None),
            runs=tuple(run.name for run in runs),
            remark=_remark(result.n, len({run.source_sha256 for run in runs}), doubted, reading=reading),
        )


def _remark(seeds: int, versions: int, doubted: Sequence[str], *, reading: bool) -> str:
    few = "single run" if seeds == 1 else f"not ranked: n < {ENOUGH}" if seeds < ENOUGH else ""
    mixed = f"from {versions} versions of the code" if versions > 1 else ""
    unsure = f"not confirmed: {', '.join(doubted)}" if doubted else ""
    return "; ".join(text for text in (few, READING if reading else "", mixed, unsure) if text)
