"""What is derived on pages of our own graph: claims, results, recipes and settings, each in tables of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.namespaces import curie, iri
from registry.pages.normal import Node, cell, inline, link, table
from registry.pages.own_names import OwnNames
from registry.reading import settings_of
from registry.tables import amount, percent
from registry.triples import Term, python_value

if TYPE_CHECKING:
    from registry.catalogue import Registry
    from registry.records import Recipe, Run, Standing, Verdict

SHOWN = 100
"""So many runs that do not count are listed on a page; of more, their number is told."""

CLAIMS = "Numbers that sources print, none of them measured by us; a verdict says what our runs say about one."
RESULTS = (
    "What our runs reached, in percent: mean ± sample standard deviation (ddof 1) over n seeds, "
    "and Student's 95% interval of the mean."
)

_EVIDENCE = {"Primary": "primary", "Secondary": "secondary", "Recalled": "recalled"}

Standings = list[tuple[str, "Standing"]]


class Tables:
    """The tables of one registry; `to` writes a link to the page of a name."""

    def __init__(self, registry: Registry, names: OwnNames, to: Callable[[str], str] = link) -> None:
        self.registry = registry
        self.names = names
        self.to = to
        self.synthetic = registry.synthetic()

    def sections(self, subject: str) -> list[Node]:
        """The headings of a page with the tables below them; none where there is nothing to say."""
        kind, name = curie(subject).split(":", 1)
        match kind:
            case "method":
                return [
                    *self._claims(self._verdicts["method", name], ("benchmark", "source")),
                    *self._results((each for each in self._standings if each[1].method == name), ("benchmark",)),
                    *self._left_out(self.registry.runs(method=name)),
                    *self._recipes(self.registry.recipes(name)),
                ]
            case "benchmark":
                return [
                    *self._claims(self._verdicts["benchmark", name], ("method", "source")),
                    *self._results((each for each in self._standings if each[0] == name), ("method",)),
                    *self._left_out(self.registry.runs(benchmark=name)),
                    *self._settings(subject),
                ]
            case "paper" | "repository":
                introduced = set(self.registry.graph.subjects(iri("reg", "introducedIn"), subject))
                here = (each for each in self._standings if iri("method", each[1].method) in introduced)
                return [
                    *self._claims(self._verdicts["source", subject], ("method", "benchmark")),
                    *self._results(here, ("method", "benchmark")),
                ]
            case "dataset":
                return self._splits(subject)
        return []

    @cached_property
    def _verdicts(self) -> Mapping[tuple[str, str], list[Verdict]]:
        """The claims by method, by benchmark and by source, each with what our results say."""
        found: dict[tuple[str, str], list[Verdict]] = defaultdict(list)
        for verdict in self.registry.verdicts():
            claim = verdict.claim
            found["method", claim.method].append(verdict)
            found["benchmark", claim.benchmark].append(verdict)
            found["source", self._source(claim.name)].append(verdict)
        return found

    @cached_property
    def _standings(self) -> Standings:
        measured = sorted({run.benchmark for run in self.registry.all_runs})
        known = set(self.registry.graph.names("benchmark"))
        boards = [self.registry.leaderboard(name) for name in measured if name in known]
        return [(board.benchmark.name, standing) for board in boards for standing in board.standings]

    def _source(self, claim: str) -> str:
        return str(self.registry.graph.value(iri("claim", claim), iri("prov", "hadPrimarySource")))

    def _claims(self, verdicts: Sequence[Verdict], about: Sequence[str]) -> list[Node]:
        rows = []
        for verdict in verdicts:
            claim = verdict.claim
            where = {
                "method": self._link(iri("method", claim.method)),
                "benchmark": self._benchmark(claim.benchmark),
                "source": self._link(self._source(claim.name)),
            }
            told = (claim.locator, claim.stated, _EVIDENCE.get(claim.evidence, claim.evidence), verdict.verdict)
            cells = [cell(text) for text in (*told, verdict.reason, claim.name)]
            rows.append([cell(amount(claim)), *(where[column] for column in about), *cells])
        heading = ["claim", *about, "place", "printed", "evidence", "verdict", "because", "record"]
        return _section("Claims", CLAIMS, heading, rows)

    def _results(self, standings: Iterable[tuple[str, Standing]], about: Sequence[str]) -> list[Node]:
        rows = []
        for benchmark, standing in standings:
            result = standing.result
            where = {"method": self._link(iri("method", standing.method)), "benchmark": self._benchmark(benchmark)}
            numbers = [
                str(result.n),
                percent(result.mean) + ("" if result.sd is None else f" ± {percent(result.sd)}"),
                "" if result.low is None else f"{percent(result.low)} to {percent(result.high)}",
                percent(standing.untrained),
            ]
            texts = [cell(standing.recipe), *numbers, cell(standing.remark), cell(", ".join(standing.runs))]
            rows.append([*(where[column] for column in about), *texts])
        heading = [*about, "recipe", "n", "mean ± sd (ddof 1)", "95% interval", "untrained", "remark", "runs"]
        return _section("Measured here", RESULTS, heading, rows)

    def _left_out(self, runs: Iterable[Run]) -> list[Node]:
        counted = [(run, self.registry.why_not_ranked(run)) for run in runs]
        left_out = [(run, why) for run, why in counted if why is not None]
        rows = [
            [cell(run.name), self._link(iri("method", run.method)), self._benchmark(run.benchmark), cell(why)]
            for run, why in left_out[:SHOWN]
        ]
        more = f"; the newest {SHOWN} of {len(left_out)}" if len(left_out) > SHOWN else ""
        intro = f"Runs of ours that broke off or do not count, with the reason{more}."
        return _section("Runs that do not count", intro, ["run", "method", "benchmark", "because"], rows)

    def _recipes(self, recipes: Iterable[Recipe]) -> list[Node]:
        rows = [
            [
                cell(recipe.name),
                ", ".join(self._benchmark(name) for name in recipe.benchmarks),
                cell(", ".join(f"{name}={value}" for name, value in recipe.settings.items())),
                cell(" ".join(recipe.departures)),
            ]
            for recipe in recipes
        ]
        intro = "Settings of the implementation for the benchmarks that share them."
        return _section("Recipes", intro, ["recipe", "for", "settings", "unlike the paper"], rows)

    def _settings(self, benchmark: str) -> list[Node]:
        found = settings_of(self.registry.graph, self.registry.graph.properties(benchmark), "ep")
        rows = [[cell(name), cell(str(value))] for name, value in found.items()]
        return _section("Settings of the protocol", "As its function takes them.", ["keyword", "value"], rows)

    def _splits(self, dataset: str) -> list[Node]:
        graph, columns = self.registry.graph, ("reg:splitName", "reg:imageCount", "schema:sha256")
        rows = []
        for node in graph.properties(dataset).get(iri("reg", "split"), []):
            if isinstance(node, ox.NamedNode | ox.BlankNode):
                parts = _parts(graph.store.quads_for_pattern(node, None, None, None))
                rows.append([cell(parts.get(iri(*column.split(":")), "")) for column in columns])
        return _section("Splits", "What was read of it.", ["split", "images", "sha256"], sorted(rows))

    def _link(self, address: str) -> str:
        name = self.names.name(address)
        return self.to(name) if name else cell(curie(address))

    def _benchmark(self, name: str) -> str:
        return self._link(iri("benchmark", name)) + (" (synthetic data)" if name in self.synthetic else "")


def _section(heading: str, intro: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Node]:
    if not rows:
        return []
    return [Node(f"## {heading}", children=[Node(f"{inline(intro)}\n{table(columns, rows)}")])]


def _parts(quads: Iterable[ox.Quad]) -> dict[str, str]:
    found: dict[str, Term] = {quad.predicate.value: quad.object for quad in quads}
    return {predicate: str(python_value(term)) for predicate, term in found.items()}
