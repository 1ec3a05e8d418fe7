"""The Registry: every question and every act that the command line, the app and the tests may use."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from registry import ablations, checks, describing, exporting, notices, run_rows
from registry.errors import BadSetting, RegistryError, UnknownName
from registry.graph import Graph
from registry.home import Home, find_home
from registry.namespaces import KINDS, iri, slug
from registry.notices import Notices
from registry.ranking import Ranking
from registry.reading import read_benchmark, read_claim, read_method, read_recipe, read_run
from registry.records import (
    Benchmark,
    Claim,
    Description,
    Finding,
    Leaderboard,
    Method,
    Overview,
    Recipe,
    Run,
    Verdict,
    Verification,
    Violation,
)
from registry.search import LEFT_OUT
from registry.verdicts import Evidence, evidence_on, judge

if TYPE_CHECKING:
    from registry.pages.export import Exported
    from registry.pages.imported import PagesImported
    from registry.pwc_import import Imported
    from registry.runner import Listener
    from registry.sandbox import Answer
    from registry.search import Found

S = TypeVar("S")
R = TypeVar("R")


class Registry:
    """A loaded graph and what can be asked of it.  Names are slugs; unknown ones raise UnknownName."""

    def __init__(self, home: Home, graph: Graph | None = None, *, trusting: bool = True) -> None:
        self.home = home
        self._trusting = trusting
        if graph is not None:
            self.graph = graph
        self.left_out: dict[str, str] = {}
        """Subjects that no listing shows because a value of theirs cannot be read, and why."""
        self._read_recipes: dict[str, Recipe] = {}
        self._benchmarks: dict[str, Benchmark] = {}
        self._gathered: dict[str, Evidence] = {}

    @classmethod
    def open(cls, home: Path | None = None, *, trusting: bool = True) -> Registry:
        """The registry of the folder, or of the place that `registry.home` finds.

        Records are never edited, so an index takes a folder of them that looks unchanged as it is;
        with `trusting` false it looks at every file.
        """
        registry = cls(find_home(home), trusting=trusting)
        assert registry.graph
        return registry

    @cached_property
    def graph(self) -> Graph:
        """The state that was read; of a registry that was not opened, when it is first asked for."""
        return Graph(self.home, trusting=self._trusting)

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

    def overview(self) -> Overview:
        """How much the graph holds of each kind."""
        levels = {slug(str(row["evidence"])).lower(): row["claims"] for row in self.graph.rows("claims_by_evidence")}
        here = [method for method in self.methods() if method.implementation is not None]
        return Overview(
            subjects=self.graph.summary.counts(),
            implemented=len(here),
            readings=sum(method.reading for method in here),
            runnable=sum(benchmark.runnable for benchmark in self.benchmarks()),
            evidence={level: count for level, count in levels.items() if isinstance(count, int)},
        )

    def methods(self) -> list[Method]:
        """All methods, by name."""
        return [read_method(self.graph, name) for name in self.graph.names("method")]

    def method(self, name: str) -> Method:
        """What the graph says of a method."""
        self.graph.find("method", name)
        return read_method(self.graph, name)

    def lineage(self, name: str) -> list[str]:
        """The methods that this one refines, nearest first."""
        rows = self.graph.rows("lineage", method=self.graph.find("method", name))
        return [slug(str(row["ancestor"])) for row in rows]

    def describe(self, name: str) -> Description:
        """All that is said of a subject by any of its names; raises UnknownName, AmbiguousName."""
        return describing.describe(self.graph, name)

    @cached_property
    def all_recipes(self) -> list[Recipe]:
        """All recipes, by name, with the settings of those they are based on."""
        return self._recipes(self.graph.names("recipe"))

    def _recipes(self, names: Iterable[str]) -> list[Recipe]:
        return self._readable(names, lambda name: iri("recipe", name), self.recipe_named)

    def recipe_named(self, name: str) -> Recipe:
        """A recipe by its own name, with the settings of those it is based on; raises BadSetting."""
        if name not in self._read_recipes:
            self._read_recipes[name] = read_recipe(self.graph, name)
        return self._read_recipes[name]

    def recipes(self, method: str) -> list[Recipe]:
        """The recipes of a method, the default ones first."""
        address = self.graph.find("method", method)
        mine = self._recipes(sorted(slug(name) for name in self.graph.subjects(iri("reg", "ofMethod"), address)))
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
        names = self.graph.names("benchmark")
        return self._readable(names, lambda name: iri("benchmark", name), self.benchmark)

    def benchmark(self, name: str) -> Benchmark:
        """A benchmark with its data set; raises BadSetting where the graph's values make no sense."""
        self.graph.find("benchmark", name)
        if name not in self._benchmarks:
            self._benchmarks[name] = read_benchmark(self.graph, name)
        return self._benchmarks[name]

    def synthetic(self) -> set[str]:
        """The benchmarks whose data a program made; their numbers are labelled so wherever they appear."""
        return {benchmark.name for benchmark in self.benchmarks() if benchmark.dataset.synthetic}

    @cached_property
    def all_claims(self) -> list[Claim]:
        """All claims, by name, values in percent."""
        return self._claims(self.graph.names("claim"))

    def _claims(self, names: Iterable[str]) -> list[Claim]:
        found = self._readable(names, lambda name: iri("claim", name), lambda name: read_claim(self.graph, name))
        return [claim for claim in found if claim is not None]

    # What was measured

    @cached_property
    def all_runs(self) -> list[Run]:
        """All runs, newest first, values in percent."""
        return self.runs()

    def runs(
        self,
        method: str | None = None,
        benchmark: str | None = None,
        *,
        recipe: str | None = None,
        name: str | None = None,
        limit: int | None = None,
    ) -> list[Run]:
        """The runs of a method, on a benchmark, by a recipe, of a name, or all; newest first, at most `limit`."""
        for kind, asked_for in (("method", method), ("benchmark", benchmark)):
            if asked_for is not None:
                self.graph.find(kind, asked_for)
        asked = run_rows.Asked(method=method, benchmark=benchmark, recipe=recipe, name=name)
        rows = self.graph.summary.runs(asked, limit=limit)
        return self._readable(rows, lambda row: str(row["run"]), lambda row: read_run(row, self.ranking.requirements))

    @cached_property
    def ranking(self) -> Ranking:
        """The rules by which runs count."""
        return Ranking(self)

    def find_run(self, name: str) -> Run:
        """The run of that name, or the only one whose name begins so; raises UnknownName, RegistryError."""
        return notices.find_run(self, name)

    @cached_property
    def notices(self) -> Notices:
        """What was said of runs after they were filed: retractions, supersessions, verifications."""
        rows = notices.rows(self.graph)
        return Notices(
            self._readable(rows, lambda row: str(row["notice"]), lambda row: notices.read(self.graph, row))
        )

    def why_not_ranked(self, run: Run) -> str | None:
        """What keeps a run out of the ranking, or None if it counts; see `Ranking`."""
        return self.ranking.why_not(run)

    def leaderboard(self, benchmark: str, keep: Callable[[Run], bool] = lambda run: True) -> Leaderboard:
        """What the recipes reached, best mean first, of the runs that `keep` keeps; see `Ranking.leaderboard`."""
        return self.ranking.leaderboard(self.benchmark(benchmark), keep)

    def verdicts(self, method: str | None = None, *, limit: int | None = None) -> list[Verdict]:
        """Every claim, or every claim about a method, or the first by name, with what our results say about it."""
        if method is not None:
            address = self.graph.find("method", method)
            about = {slug(claim) for claim in self.graph.subjects(iri("reg", "aboutMethod"), address)}
            claims = self._claims(sorted(about)[:limit])
        elif limit is not None:
            claims = self._claims(self.graph.names("claim")[:limit])
        else:
            claims = self.all_claims
        return self._readable(
            claims,
            lambda claim: iri("claim", claim.name),
            lambda claim: judge(claim, self.benchmark(claim.benchmark), self.evidence(claim.method)),
        )

    def ablations(self, method: str | None = None) -> list[Finding]:
        """What sources say becomes of a method, or of any, when a setting changes, and whether it holds here."""
        mine = ablations.about(self.graph, method)
        return [each for found in self._readable(mine, str, partial(ablations.findings, self)) for each in found]

    def evidence(self, method: str) -> Evidence:
        """The runs of a method, and by recipe and benchmark those that count; gathered once."""
        if method not in self._gathered:
            self._gathered[method] = evidence_on(self, method)
        return self._gathered[method]

    # What can be asked and done

    def ask(self, query: str, /, **parameters: str) -> Answer:
        """The answer to SPARQL, or to a named question with its parameters, within the guard's limits.

        Raises QueryRefused, UnknownName, RegistryError.
        """
        from registry import sandbox

        return sandbox.ask(self.graph, query, parameters)

    def search(self, words: str, kinds: Collection[str] = (), limit: int = 20) -> Found:
        """Subjects by their words, best first, also where a word is mistyped; raises UnknownName for a kind."""
        for kind in kinds:
            if kind not in KINDS:
                raise UnknownName("kind", kind, KINDS)
            if kind in LEFT_OUT:
                raise RegistryError(f"each {kind} is left out of the search; they are listed by: {LEFT_OUT[kind]}")
        return self.graph.search(words, kinds, limit)

    def check(self) -> list[Violation]:
        """Everything that is wrong with the files; empty when the graph is whole."""
        return checks.check(self)

    def import_pwc(self, files: Iterable[Path]) -> list[Imported]:
        """Files Papers with Code tables in the graph; open the registry again to ask about them."""
        from registry.pwc_import import import_files

        return import_files(self.home, files)

    def import_logseq(
        self, sources: Iterable[Path], *, name: str | None = None, prune: bool = False
    ) -> PagesImported:
        """Copies folders of pages, or single ones, into the graph and tells what is odd; raises RegistryError."""
        from registry.pages import collections, imported

        copied = collections.copy(self.home, sources, name, prune=prune)
        self.graph = Graph(self.home)
        return imported.told(self.graph, copied)

    def export(self, form: str, *names: str) -> str:
        """The graph, or the named parts of it, as one text in a format of `exporting.FORMATS`.

        Raises UnknownName, and RegistryError where the format makes a folder of files.
        """
        return exporting.export(self, form, names)

    def export_files(self, form: str, *names: str) -> dict[str, bytes]:
        """The files of an export by name; raises UnknownName, RegistryError."""
        return exporting.export_files(self, form, names)

    def export_pages(
        self,
        folder: Path,
        *names: str,
        profile: str = "ontologyblock",
        flavour: str = "logseq",
        overwrite: bool = False,
    ) -> Exported:
        """Writes our own pages and the imported ones, or the named collections; see `pages.export.export_pages`."""
        from registry.pages.export import export_pages

        return export_pages(self, folder, names, profile=profile, flavour=flavour, overwrite=overwrite)

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
        nproc: int = 1,
        listener: Listener,
        command: str = "",
        after: Callable[[Path], None] = lambda file: None,
    ) -> list[Path]:
        """Trains, by `nproc` processes, and scores once for each seed; returns the result files.

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
            nproc=nproc,
            listener=listener,
            command=command,
            after=after,
        )

    def retract(self, run: str, why: str, *, stated_by: str | None = None) -> Path:
        """Files that a run counts no more; returns the notice.  Raises UnknownName, RegistryError."""
        return notices.retract(self, run, why, stated_by)

    def supersede(self, run: str, by: str, why: str, *, stated_by: str | None = None) -> Path:
        """Files that another run takes its place; returns the notice.  Raises UnknownName, RegistryError."""
        return notices.supersede(self, run, by, why, stated_by)

    def verify(
        self,
        run: str,
        *,
        tolerance: float | None = None,
        device: str | None = None,
        data: Path | None = None,
        stated_by: str | None = None,
        listener: Listener,
        command: str = "",
        after: Callable[[Path], None] = lambda file: None,
    ) -> Verification:
        """Runs a record again and files whether it holds; `after` hears of both files.

        Raises RegistryError before anything runs where the record cannot be repeated, RunFailed or
        Interrupted, with no notice, where the repetition ends without a result.
        """
        from registry import verification

        return verification.verify(
            self,
            self.find_run(run),
            tolerance=tolerance,
            device=device,
            data=data,
            stated_by=stated_by,
            listener=listener,
            command=command,
            after=after,
        )
