"""Which method comes from which, and which term stands below which, with what sources say against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyoxigraph as ox

from registry.errors import UnknownName
from registry.graph import Graph
from registry.namespaces import curie, iri, slug
from registry.records import Method
from registry.triples import python_value

REFINES, BORROWS = "refines", "borrows from"


@dataclass(frozen=True)
class Link:
    """From a method to what it comes from."""

    method: str
    source: str
    """A method, or the paper of a loan where no method here stands for it."""
    kind: str
    """REFINES or BORROWS."""
    of: str = "method"
    """What `source` is: "method" or "paper"."""


def links_around(methods: Iterable[Method], name: str) -> list[Link]:
    """The links among a method, all that it comes from by refining, all that refines it, and its own loans.

    Loans are those that it took and those that it gave; raises UnknownName.
    """
    known = {method.name: method for method in methods}
    if name not in known:
        raise UnknownName("method", name, known)
    links = all_links(known.values())
    near = {name} | refining(links, name)
    above: str | None = name
    parents = {link.method: link.source for link in links if link.kind == REFINES}
    while (above := parents.get(above or "")) is not None and above not in near:
        near.add(above)
    loans = [link for link in links if link.kind == BORROWS and name in (link.method, link.source)]
    near |= {each for link in loans if link.of == "method" for each in (link.method, link.source)}
    return [
        link
        for link in links
        if link in loans or (link.of == "method" and link.method in near and link.source in near)
    ]


def all_links(methods: Iterable[Method]) -> list[Link]:
    """Every link among these methods, and their loans from papers that no method here stands for.

    A loan is from a paper.  It is drawn to the method that the paper introduced, of several that
    refine one another to the first; where that leaves more than one, or none, to the paper itself.
    """
    methods = list(methods)
    names = {method.name for method in methods}
    introduced = defaultdict(list)
    for method in methods:
        if method.introduced_in is not None:
            introduced[method.introduced_in].append(method)
    found = []
    for method in methods:
        if method.variant_of in names - {method.name}:
            found.append(Link(method.name, str(method.variant_of), REFINES))
        for paper in method.borrows_from:
            there = {each.name: each for each in introduced[paper]}
            first = [each for each in there if there[each].variant_of not in there.keys() - {each}]
            if len(first) != 1:
                found.append(Link(method.name, paper, BORROWS, "paper"))
            elif first[0] != method.name:
                found.append(Link(method.name, first[0], BORROWS))
    return found


def refining(links: Iterable[Link], name: str) -> set[str]:
    """All methods that refine this one, directly or not, without itself."""
    children = defaultdict(list)
    for link in links:
        if link.kind == REFINES:
            children[link.source].append(link.method)
    found: set[str] = set()
    left = [name]
    while left:
        fresh = set(children[left.pop()]) - found - {name}
        found |= fresh
        left += fresh
    return found


@dataclass(frozen=True)
class Above:
    """A term above a subject."""

    name: str
    label: str
    notation: str | None
    distance: int
    """Steps from the subject; 1 for what it stands right below."""


def terms_above(graph: Graph, subject: str) -> list[Above]:
    """The terms above a subject, given as an IRI: nearest first, each once, by name where equally near."""
    found: list[Above] = []
    seen = {subject}
    level, distance = [subject], 0
    while level:
        said = (graph.properties(each).get(iri("skos", "broader"), []) for each in level)
        broader = {str(python_value(term)) for terms in said for term in terms}
        level = sorted(address for address in broader - seen if address.startswith(iri("term", "")))
        seen |= broader
        distance += 1
        for address in level:
            label, notation = (graph.value(address, iri("skos", one)) for one in ("prefLabel", "notation"))
            found.append(
                Above(
                    name=slug(address),
                    label=str(label or slug(address)),
                    notation=None if notation is None else str(notation),
                    distance=distance,
                )
            )
    return found


@dataclass(frozen=True, kw_only=True)
class Concept:
    """A term of the taxonomy.  Neighbours are given by slug."""

    name: str
    label: str
    notations: tuple[str, ...]
    parents: tuple[str, ...]
    methods: tuple[str, ...]
    """Methods right below it."""
    disputed: tuple[tuple[str, str], ...]
    """Parents that a source gives and that stand nowhere above it here, each with its source, "" where none is
    given; what is no term of ours is written `kind:slug`, or as its whole address."""


def taxonomy(graph: Graph) -> list[Concept]:
    """All terms, by label, with their parents here and the ones that sources give instead."""
    terms = {iri("term", name): name for name in graph.names("term")}
    methods: dict[str, set[str]] = defaultdict(set)
    broader, stated = _broader(graph), _stated(graph)
    for below, parents in broader.items():
        if below.startswith(iri("method", "")):
            for parent in parents:
                methods[parent].add(slug(below))
    found = [
        Concept(
            name=name,
            label=_label(graph, address) or name,
            notations=tuple(sorted({term.value for term in _literals(graph, address, "notation")})),
            parents=tuple(sorted(terms[parent] for parent in broader.get(address, ()) if parent in terms)),
            methods=tuple(sorted(methods[address])),
            disputed=_disputed(terms, broader, address, stated.get(address, ())),
        )
        for address, name in terms.items()
    ]
    return sorted(found, key=lambda concept: (concept.label.casefold(), concept.name))


def methods_in_dispute(graph: Graph) -> dict[str, tuple[tuple[str, str], ...]]:
    """By the slug of a method the terms that a source puts it below and ours do not, as in `Concept.disputed`."""
    terms = {iri("term", name): name for name in graph.names("term")}
    broader = _broader(graph)
    found = {
        slug(address): _disputed(terms, broader, address, said)
        for address, said in sorted(_stated(graph).items())
        if address.startswith(iri("method", ""))
    }
    return {method: disputed for method, disputed in found.items() if disputed}


def _broader(graph: Graph) -> dict[str, set[str]]:
    """What stands right above each subject."""
    found = defaultdict(set)
    for row in graph.select("SELECT ?below ?above { ?below skos:broader ?above }"):
        found[str(row["below"])].add(str(row["above"]))
    return dict(found)


def _stated(graph: Graph) -> dict[str, set[tuple[str, str]]]:
    """The parents that sources give each subject, and the sources."""
    found = defaultdict(set)
    for row in graph.select(
        "SELECT ?subject ?parent ?source { ?subject reg:assertion ?a . ?a rdfs:subClassOf ?parent . "
        "OPTIONAL { ?a dcterms:source ?source } }"
    ):
        found[str(row["subject"])].add((str(row["parent"]), curie(str(row["source"] or ""))))
    return dict(found)


def _disputed(
    terms: Mapping[str, str], broader: Mapping[str, set[str]], address: str, said: Iterable[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    standing = _above(broader, address) if said else set()
    return tuple(
        sorted((terms.get(parent) or curie(parent), source) for parent, source in said if parent not in standing)
    )


def _above(broader: Mapping[str, set[str]], address: str) -> set[str]:
    """All that stands above a subject; itself only where it stands in a circle."""
    found: set[str] = set()
    left = [*broader.get(address, ())]
    while left:
        parent = left.pop()
        if parent not in found:
            found.add(parent)
            left += broader.get(parent, ())
    return found


def _label(graph: Graph, address: str) -> str | None:
    """The English one before those of other languages."""
    found = _literals(graph, address, "prefLabel")
    return min(found, key=lambda term: (term.language not in ("en", None), term.value)).value if found else None


def _literals(graph: Graph, address: str, predicate: str) -> list[ox.Literal]:
    quads = graph.store.quads_for_pattern(ox.NamedNode(address), ox.NamedNode(iri("skos", predicate)), None, None)
    return [quad.object for quad in quads if isinstance(quad.object, ox.Literal)]


def pages_of(graph: Graph, term: str) -> dict[str, str]:
    """By slug the names of the imported pages that bear a term's identifier, now or before."""
    return {slug(str(row["page"])): str(row["label"]) for row in graph.rows("pages_of_term", term=iri("term", term))}
