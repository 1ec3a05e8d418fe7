"""Any subject of the graph by any of its names, and all that is said of it and about it.

A name is a slug, a label in any spelling of case, hyphens and blanks, a notation such as AI-0284,
an arXiv id, a DOI, or `kind:slug`, which always means one subject.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import pyoxigraph as ox

from registry.errors import AmbiguousName, UnknownName
from registry.graph import Graph
from registry.namespaces import BASE, KINDS, curie, iri, slug
from registry.records import Description, StatedParent
from registry.search import LEFT_OUT, called
from registry.triples import Term, python_value

LABELS = (("skos", "prefLabel"), ("dcterms", "title"))
PAGE_LABEL = (("rdfs", "label"),)
STRICTEST_FIRST = (
    ("skos:notation", "fabio:hasArXivId", "prism:doi"),
    ("skos:prefLabel", "dcterms:title"),
    ("skos:altLabel",),
)
"""After the slug itself: what a name may be, the more telling kinds first."""

RECORDS = ("repository", "recipe", "claim", "ablation", "run")
"""Kinds whose slugs come last: moco is Momentum Contrast before it is a repository."""

PAGE_NAMES = ("rdfs:label", "skos:prefLabel", "skos:notation", "skos:altLabel")
"""What an imported page may be called, after every name of a subject of ours."""

WORDS = {
    "skos:altLabel": "also called",
    "skos:editorialNote": "note",
    "skos:exactMatch": "same as",
    "dcterms:title": "title",
    "fabio:hasArXivId": "arXiv",
    "fabio:hasURL": "address",
    "prism:doi": "DOI",
    "rdfs:subClassOf": "stated parent",
    "reg:inCollection": "collection",
    "schema:isPartOf": "published in",
    "skos:prefLabel": "preferred term",
    "dcterms:references": "refers to",
    "prov:hadPrimarySource": "source",
    "rdf:type": "type",
    "rdfs:comment": "remark",
}
"""What properties of other vocabularies are called here; the rest are called by their local names."""

INVERSE_WORDS = {
    "dcterms:references": "referred to by",
    "rdfs:subClassOf": "stated parent of",
    "reg:introducedIn": "introduces",
    "reg:usesComponent": "used by",
    "reg:variantOf": "variants",
    "reg:borrowsFrom": "borrowed by",
    "reg:aboutMethod": "claims",
    "reg:ablates": "ablations",
    "reg:restsOn": "ablation",
    "prov:hadPrimarySource": "source of",
    "reg:retracts": "retracted in",
    "reg:supersedes": "superseded in",
    "reg:successor": "successor in",
    "reg:verifies": "verified in",
    "reg:verificationRun": "repetition in",
}
FIRST = (
    *("notation", "also called", "formula", "broader", "narrower", "related", "methods", "used by"),
    *("about method", "on benchmark", "value", "unit", "stated text", "locator"),
    *("title", "authors", "date", "published in", "arXiv", "DOI", "address"),
)
LAST = ("source", "note", "remark")
TOLD_APART = {"skos:prefLabel", "skos:definition", "skos:inScheme", "reg:assertion", "rdf:type"}
PAGE_TOLD_APART = {"rdfs:label", "skos:definition", "rdf:type"}


def find_subject(graph: Graph, name: str) -> tuple[str, list[str]]:
    """The IRI of the subject of that name, and those of others that bear the name less tellingly.

    Of several subjects with an equal right to the name a method comes first; raises AmbiguousName
    when there is none, and UnknownName with the nearest name when nothing is called so.
    """
    kind, colon, local = name.partition(":")
    if colon and kind == "page":
        return _find_page(graph, local), []
    if colon and kind in KINDS:
        return graph.find(kind, local), []
    names = _names(graph, name)
    levels = [[address for address, is_name in level if is_name == folded(name)] for level in names]
    bearers = [list(dict.fromkeys(level)) for level in levels]
    best = next((level for level in bearers if level), [])
    if not best:
        raise UnknownName("subject", name, _spellings(graph, name))
    methods = [address for address in best if address.startswith(iri("method", ""))]
    if len(best) > 1 and len(methods) != 1:
        raise AmbiguousName(name, [curie(address) for address in best])
    chosen = methods[0] if methods else best[0]
    others = dict.fromkeys(address for level in bearers for address in level if address != chosen)
    return chosen, list(others)


def _find_page(graph: Graph, name: str) -> str:
    """The page of that slug, or of that collection and name as it is written."""
    collection, slash, written = name.partition("/")
    if slash and not graph.summary.has("page", name):
        from registry.pages.names import page_iri

        address = page_iri(collection, written)
        if graph.summary.has("page", address.removeprefix(iri("page", ""))):
            return address
    return graph.find("page", name)


def describe(graph: Graph, name: str) -> Description:
    """All that the graph says of the subject of that name; raises UnknownName, AmbiguousName."""
    subject, others = find_subject(graph, name)
    kind, _, local = curie(subject).partition(":")
    found = graph.properties(subject)
    facts: dict[str, list[str]] = {}
    for predicate, values in found.items():
        if curie(predicate) not in (PAGE_TOLD_APART if kind == "page" else TOLD_APART):
            # Two properties may have one word: where a definition is from, and where a claim is.
            facts.setdefault(_word(graph, predicate), []).extend(_flat(_tell(graph, value) for value in values))
    facts = {word: sorted(values) for word, values in facts.items()}
    others_say = _said_of_page(graph, subject) if kind == "page" else _said_by_others(graph, subject)
    told = {word: set(values) for word, values in facts.items()}
    for word, address in [*others_say, *_methods_below(graph, subject)]:
        other = curie(address)
        if other not in told.setdefault(word, set()):
            told[word].add(other)
            facts.setdefault(word, []).append(other)
    label, definition = _label(graph, subject), graph.value(subject, iri("skos", "definition"))
    return Description(
        kind=kind,
        name=local,
        label=label or local,
        definition=str(definition or ""),
        facts={word: tuple(facts[word]) for word in sorted(facts, key=_place)},
        parents=tuple(_parents(graph, subject)),
        also=tuple(curie(address) for address in others),
    )


def label_of(graph: Graph, name: str) -> str:
    """The label of a subject given as `kind:slug`, or that name where it has none."""
    kind, _, local = name.partition(":")
    return (_label(graph, iri(kind, local)) if kind in KINDS else None) or name


def not_searched(graph: Graph, name: str) -> list[str]:
    """The subjects of just that slug that the search leaves out, as `kind:slug`."""
    return [f"{kind}:{name}" for kind in LEFT_OUT if graph.summary.has(kind, name)]


def folded(name: str) -> str:
    """A name without what spellings differ in: case, and blanks, hyphens or underscores."""
    return re.sub(r"[\s_-]+", " ", name.strip()).casefold()


def _names(graph: Graph, name: str) -> list[list[tuple[str, str]]]:
    """The subjects that might be called so with their folded names, the more telling levels first."""
    return _all_names(graph) if graph.version is None else _names_of(graph, _candidates(graph, name))


def _candidates(graph: Graph, name: str) -> list[tuple[str, str]]:
    """Kind and slug of the subjects that might be called so, by the index of words."""
    found = dict.fromkeys(called(graph.summary.connection, name))
    found |= dict.fromkeys((kind, name) for kind in LEFT_OUT if graph.summary.has(kind, name))
    doi = ox.NamedNode(iri("prism", "doi"))
    for quad in graph.store.quads_for_pattern(None, doi, ox.Literal(name), None):
        if isinstance(quad.subject, ox.NamedNode) and _named(quad.subject.value):
            found[curie(quad.subject.value).partition(":")[0], slug(quad.subject.value)] = None
    return sorted(found)


def _names_of(graph: Graph, subjects: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    pages = [iri(kind, name) for kind, name in subjects if kind == "page"]
    subjects = [(kind, name) for kind, name in subjects if kind != "page"]
    levels = [[(iri(kind, name), folded(name)) for kind, name in subjects if kind not in RECORDS]]
    said = {iri(kind, name): graph.properties(iri(kind, name)) for kind, name in subjects}
    for properties in STRICTEST_FIRST:
        predicates = [iri(*one.split(":")) for one in properties]
        levels.append(
            [
                (address, folded(str(python_value(term))))
                for address, found in said.items()
                for predicate in predicates
                for term in found.get(predicate, [])
            ]
        )
    records = [(iri(kind, name), folded(name)) for kind, name in subjects if kind in RECORDS]
    return [*levels, records, _page_names(graph, pages)]


def _all_names(graph: Graph) -> list[list[tuple[str, str]]]:
    def slugs(kinds: Iterable[str]) -> list[tuple[str, str]]:
        return [(iri(kind, name), folded(name)) for kind in kinds for name in graph.names(kind)]

    levels = [slugs(kind for kind in KINDS if kind not in (*RECORDS, "page"))]
    for properties in STRICTEST_FIRST:
        text = f"SELECT ?subject ?name {{ ?subject {'|'.join(properties)} ?name }} ORDER BY ?subject"
        rows = [(str(row["subject"]), str(row["name"])) for row in graph.select(text)]
        levels.append([(subject, folded(name)) for subject, name in rows if _named(subject)])
    return [*levels, slugs(RECORDS), _page_names(graph, [iri("page", name) for name in graph.names("page")])]


def _page_names(graph: Graph, pages: Iterable[str]) -> list[tuple[str, str]]:
    predicates = [iri(*name.split(":")) for name in PAGE_NAMES]
    said = {page: graph.properties(page) for page in pages}
    terms = ((page, term) for page, found in said.items() for name in predicates for term in found.get(name, []))
    return list(dict.fromkeys((page, folded(str(python_value(term)))) for page, term in terms))


def _spellings(graph: Graph, name: str) -> set[str]:
    """Names as they are written, for guesses: every one, or where an index of words is kept those near the name."""
    if graph.version is not None:
        hits = graph.search(name).hits
        return {hit.label for hit in hits} | {hit.name for hit in hits}
    properties = "|".join(name for names in STRICTEST_FIRST for name in names)
    labels = {str(row["name"]) for row in graph.select(f"SELECT ?name {{ ?subject {properties} ?name }}")}
    return labels | {name for kind in KINDS for name in graph.names(kind)}


def _place(word: str) -> tuple[int, str]:
    """Where a word stands in a description: the telling ones first, the rest by alphabet, remarks last."""
    if word in FIRST:
        return FIRST.index(word), word
    return len(FIRST) + 1 + (LAST.index(word) + 1 if word in LAST else 0), word


def _named(address: str) -> bool:
    kind, slash, local = address.removeprefix(BASE).partition("/")
    # A page has the labels of what it is about, which is meant by them.
    return bool(slash and local) and kind in KINDS and kind != "page" and "#" not in address


def _label(graph: Graph, subject: str) -> str | None:
    names = PAGE_LABEL if subject.startswith(iri("page", "")) else LABELS
    labels = (graph.value(subject, iri(*name)) for name in names)
    return next((str(label) for label in labels if label is not None), None)


def _word(graph: Graph, predicate: str) -> str:
    """What a property is called in a description."""
    known = WORDS.get(curie(predicate)) or graph.value(predicate, iri("rdfs", "label"))
    return str(known or _split_words(slug(predicate).removeprefix("has")))


def _split_words(name: str) -> str:
    """`isPartOf` is said "is part of"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _tell(graph: Graph, value: Term) -> Iterator[str]:
    """A value as people read it: an address as `kind:slug`, the members of a list, the parts of a nameless node."""
    if isinstance(value, ox.BlankNode):
        members = graph.items(value)
        if members:
            yield "; ".join(text for member in members for text in _tell(graph, member))
            return
        parts = list(graph.store.quads_for_pattern(value, None, None, None))
        told = [(_word(graph, part.predicate.value), text) for part in parts for text in _tell(graph, part.object)]
        yield ", ".join(f"{word} {text}" for word, text in sorted(told) if word != "type")
    else:
        text = python_value(value)
        if isinstance(text, bool):
            yield "yes" if text else "no"
        else:
            yield _told_address(graph, str(text)) if isinstance(value, ox.NamedNode) else str(text)


def _told_address(graph: Graph, address: str) -> str:
    """`kind:slug`, or for a word of the vocabulary its label."""
    if address.startswith(iri("reg", "")):
        return str(graph.value(address, iri("rdfs", "label")) or curie(address))
    return curie(address)


def _flat(values: Iterable[Iterator[str]]) -> list[str]:
    return [text for value in values for text in value]


def _said_by_others(graph: Graph, subject: str) -> Iterator[tuple[str, str]]:
    """Who points at a subject, and in which word that is said from here."""
    quads = graph.store.quads_for_pattern(None, None, ox.NamedNode(subject), None)
    pointing = {
        (quad.subject.value, quad.predicate.value) for quad in quads if isinstance(quad.subject, ox.NamedNode)
    }
    said_as = {predicate: curie(predicate) for _, predicate in pointing}
    words = {
        predicate: INVERSE_WORDS.get(said) or f"{_word(graph, predicate)} of" for predicate, said in said_as.items()
    }
    for address, predicate in sorted(pointing):
        if not _named(address):
            continue
        said = said_as[predicate]
        if said == "skos:broader":
            if not address.startswith(iri("method", "")):
                yield "narrower", address
        elif said == "skos:related":
            yield "related", address
        else:
            yield words[predicate], address


def _said_of_page(graph: Graph, page: str) -> Iterator[tuple[str, str]]:
    """Which pages point at a page."""
    for quad in graph.store.quads_for_pattern(None, None, ox.NamedNode(page), None):
        if isinstance(quad.subject, ox.NamedNode) and quad.subject.value.startswith(iri("page", "")):
            said = INVERSE_WORDS.get(curie(quad.predicate.value))
            yield said or f"{_word(graph, quad.predicate.value)} of", quad.subject.value


def _methods_below(graph: Graph, subject: str) -> Iterator[tuple[str, str]]:
    """The methods of a term and of the terms below it."""
    text = f"SELECT DISTINCT ?method {{ ?method a mls:Algorithm ; skos:broader+ {ox.NamedNode(subject)} }}"
    for row in graph.select(text + " ORDER BY ?method"):
        yield "methods", str(row["method"])


def _parents(graph: Graph, subject: str) -> Iterator[StatedParent]:
    """What each source gives as the parent, and how that stands to ours."""
    node = ox.NamedNode(subject)
    ours = {str(row["up"]) for row in graph.select(f"SELECT ?up {{ {node} skos:broader ?up }}")}
    above = {str(row["up"]) for row in graph.select(f"SELECT DISTINCT ?up {{ {node} skos:broader+ ?up }}")}
    rows = graph.select(
        f"SELECT ?parent ?text ?source {{ {node} reg:assertion ?a . ?a rdfs:subClassOf ?parent . "
        "OPTIONAL { ?a reg:statedText ?text } OPTIONAL { ?a dcterms:source ?source } } ORDER BY ?parent ?source"
    )
    for row in rows:
        parent = str(row["parent"])
        yield StatedParent(
            parent=curie(parent),
            agrees="ours" if parent in ours else "above ours" if parent in above else "not ours",
            stated=str(row["text"] or ""),
            source=str(row["source"] or ""),
        )
