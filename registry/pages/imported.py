"""What an import of pages tells: how many were taken, what could not be used, what is odd about several together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

import pyoxigraph as ox

from registry.graph import Graph
from registry.home import IMPORTS, PAGES
from registry.namespaces import BASE, iri
from registry.pages.collections import Copied
from registry.pages.names import page_iri
from registry.scanning import printable
from registry.triples import python_value


@dataclass
class PagesImported:
    """What came of an import, and what is odd about all pages of its collections."""

    copied: list[Copied]
    problems: list[Problem]
    """In the order of files and lines."""
    kinds: dict[str, int]
    """How many problems there are of each kind, the most frequent first."""
    across: dict[str, list[str]]
    """What is odd about several pages together, by what it is: a line for each case."""

    @property
    def is_clean(self) -> bool:
        """Whether every page was taken and nothing is odd."""
        return not self.problems and not any(self.across.values()) and not any(c.refused for c in self.copied)


@dataclass(frozen=True)
class Problem:
    """What could not be used of a page, or contradicts the rest of it."""

    file: str
    """Where the page was imported from."""
    line: int
    kind: str
    reason: str


def told(graph: Graph, copied: list[Copied]) -> PagesImported:
    """What the graph knows of the collections that were copied."""
    problems = [problem for report in copied for problem in _problems(graph, report)]
    kinds = Counter(problem.kind for problem in problems)
    return PagesImported(
        copied=copied,
        problems=problems,
        kinds=dict(sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))),
        across=_across(graph, [report.collection for report in copied]),
    )


def _problems(graph: Graph, report: Copied) -> Iterator[Problem]:
    below = f"{IMPORTS}/{PAGES}/{report.collection}"
    place = printable(str(report.source))
    for name, line, kind, reason in graph.summary.problems(below):
        yield Problem(f"{place}{os.sep}{name[len(below) + 1 :]}", line, kind, reason)


def _across(graph: Graph, collections: list[str]) -> dict[str, list[str]]:
    """What only whole collections show, as `ask pages_with_one_id` and its like answer it, in a tenth of the time."""
    begins = tuple(page_iri(collection, "") for collection in collections)
    ids = _pairs(graph, iri("skos", "notation"), begins)
    bearers: dict[tuple[str, str], list[str]] = {}
    for page, notations in ids.items():
        for notation in notations:
            bearers.setdefault((page.rpartition("/")[0], notation), []).append(page)
    children: dict[str, list[str]] = {}
    for page, parents in _pairs(graph, iri("rdfs", "subClassOf"), begins).items():
        for parent in parents:
            children.setdefault(parent, []).append(page)
    known = {iri("page", name) for name in graph.names("page")}
    known.update(_pairs(graph, iri("reg", "aliasOf"), begins))
    undefined = sorted(children.keys() - known, key=lambda parent: (-len(children[parent]), parent))
    files = {
        unquote(name.partition("/")[2]): [file.split("/", 3)[-1] for file in found]
        for begin in begins
        for name, found in graph.summary.described_twice("page", begin.removeprefix(iri("page", ""))).items()
    }

    ours = [
        page
        for page, addresses in sorted(_pairs(graph, iri("dcterms", "identifier"), begins).items())
        if any(address.startswith(BASE) for address in addresses)
    ]

    def label(page: str) -> str:
        return str(graph.value(page, iri("rdfs", "label")))

    return {
        "identifiers of several pages": [
            f"{notation}: {', '.join(sorted(map(label, pages)))}"
            for (_, notation), pages in sorted(bearers.items())
            if len(pages) > 1
        ],
        "pages with several identifiers": [
            f"{label(page)}: {', '.join(sorted(notations))}"
            for page, notations in sorted(ids.items())
            if len(notations) > 1
        ],
        "names of several pages": [f"{name}: {', '.join(found)}" for name, found in files.items()],
        "pages about subjects of this graph, which change nothing there without the .registry of their export": [
            label(page) for page in ours
        ],
        "parents that no page of the collection is": [
            f"{unquote(parent.rpartition('/')[2])}: {len(children[parent])}, such as {label(min(children[parent]))}"
            for parent in undefined
        ],
    }


def _pairs(graph: Graph, predicate: str, begins: tuple[str, ...]) -> dict[str, set[str]]:
    """The values of a property of each page of some collections."""
    found: dict[str, set[str]] = {}
    for quad in graph.store.quads_for_pattern(None, ox.NamedNode(predicate), None, None):
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(begins):
            found.setdefault(quad.subject.value, set()).add(str(python_value(quad.object)))
    return found
