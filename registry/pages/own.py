"""The page of a subject of our own graph: its facts as properties, what is claimed and measured as tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from registry.graph import Graph
from registry.namespaces import iri
from registry.pages import normal, own_keys, own_values
from registry.pages.names import needs_title
from registry.pages.normal import Node
from registry.pages.own_keys import ALSO_CALLED, STATED_BY, STATED_TEXT, OwnKey
from registry.pages.own_names import OwnNames
from registry.triples import Term, python_value
from registry.verdict_names import READING

SECTIONS = {
    "open-question": READING.capitalize(),
    "differs-from-paper": "Unlike the paper",
}
"""Keys whose values stand below a heading of their own."""

_VERBATIM = re.compile(r"is-subclass-of:: \[\[(.+)\]\]")

Fact = tuple[str, str, ox.NamedNode | ox.Literal | str]
"""Subject, property and value; a value that has no name, a list or an assertion, is its Turtle text."""


@dataclass(frozen=True)
class Statement:
    """A line `key:: value` of a page and what it says."""

    key: str
    value: str
    terms: tuple[ox.NamedNode | ox.Literal, ...]

    @property
    def relates(self) -> bool:
        """Whether it says how the subject stands to others."""
        return self.value.startswith("[[")


@dataclass(frozen=True)
class Parent:
    """A parent as a source states it."""

    link: str
    source: ox.NamedNode | ox.Literal
    text: str | None
    """None where the link says it all."""

    def properties(self) -> list[tuple[str, str]]:
        """Of the block in which it stands."""
        properties = [("is-subclass-of", normal.link(self.link)), (STATED_BY, _written(STATED_BY_KEY, self.source))]
        if self.text is not None:
            properties.append((STATED_TEXT, _written(STATED_TEXT_KEY, ox.Literal(self.text))))
        return properties


STATED_BY_KEY = OwnKey(STATED_BY, iri("dcterms", "source"), "string")
STATED_TEXT_KEY = OwnKey(STATED_TEXT, iri("reg", "statedText"), "string")


@dataclass
class OwnPage:
    """A page before it is written in a profile and a flavour."""

    name: str
    subject: str
    head: list[Statement]
    """What stands in the head in every profile, `iri` left out."""
    statements: list[Statement]
    parents: list[Parent] = field(default_factory=list)
    sections: list[Node] = field(default_factory=list)
    """What is derived: tables of claims, results and recipes."""

    def keys(self) -> set[str]:
        """All keys that it uses."""
        used = {statement.key for statement in (*self.head, *self.statements)} | {"iri"}
        return used | {key for parent in self.parents for key, _ in parent.properties()}


def own_page(graph: Graph, names: OwnNames, subject: str) -> OwnPage:
    """The page of a term, method, paper, ... without its tables."""
    head, statements = [], []
    for key, terms in sorted(_by_key(graph, names, subject).items(), key=lambda pair: _place(pair[0])):
        if key.name == "alias":
            head += _aliases(names, subject, terms)
            statements += [Statement(ALSO_CALLED, *_one(key, term)) for term in _not_aliases(names, subject, terms)]
        else:
            (head if key.name == "type" else statements).extend(_state(graph, names, key, terms))
    parents = [
        parent
        for node in graph.properties(subject).get(iri("reg", "assertion"), [])
        if (parent := _parent(graph, names, node))
    ]
    parents.sort(key=lambda parent: parent.properties())
    return OwnPage(names.subjects[subject], subject, head, statements, parents)


def meaning_page(graph: Graph, names: OwnNames, name: str, address: str, kind: str) -> OwnPage:
    """The page of a key or a class: what it means, as an IRI and in the words of the vocabulary."""
    found = graph.properties(address)
    statements = [
        Statement(key, *_one(own_keys.BY_NAME[key], term))
        for predicate, key in (("label", "preferred-term"), ("comment", "definition"))
        for term in found.get(iri("rdfs", predicate), [])
        if isinstance(term, ox.Literal)
    ]
    type_ = iri(*kind.split(":"))
    head = [Statement("type", normal.link(names.classes[type_]), (ox.NamedNode(type_),))]
    head.append(Statement("url", address, (ox.Literal(address),)))
    return OwnPage(name, address, head, sorted(statements, key=lambda statement: statement.value))


def own_triples(graph: Graph, names: OwnNames, subject: str) -> set[Fact]:
    """What the graph states of a subject under the properties that its page shows as keys."""
    facts: set[Fact] = set()
    for key, terms in _by_key(graph, names, subject).items():
        facts |= {(subject, key.predicate, term) for term in terms if isinstance(term, ox.NamedNode | ox.Literal)}
        lists = [items for term in terms if (items := _items(graph, key, term))]
        facts |= {(subject, key.predicate, list_text(items)) for items in lists}
    for node in graph.properties(subject).get(iri("reg", "assertion"), []):
        if parent := _assertion(graph, node):
            facts.add((subject, iri("reg", "assertion"), assertion_text(*parent)))
    return facts


def assertion_text(parent: str, text: str, source: ox.NamedNode | ox.Literal) -> str:
    """A parent assertion as Turtle, in the one form in which two are compared."""
    properties = ((iri("rdfs", "subClassOf"), ox.NamedNode(parent)), (STATED_TEXT_KEY.predicate, ox.Literal(text)))
    told = [f"<{predicate}> {term}" for predicate, term in (*properties, (STATED_BY_KEY.predicate, source))]
    return f"[ {' ; '.join(told)} ]"


def list_text(items: Iterable[ox.NamedNode | ox.Literal]) -> str:
    """An ordered list as Turtle, in the one form in which two are compared."""
    return f"( {' '.join(str(item) for item in items)} )"


def render(page: OwnPage, profile: str) -> str:
    """The page in Logseq normal form."""
    head = {statement.key: statement.value for statement in page.head}
    if needs_title(page.name):
        head = {"title": page.name} | head
    if "url" not in head:
        head["iri"] = page.subject
    sectioned = {key: Node(f"## {title}") for key, title in SECTIONS.items()}
    facts, relations = Node("### OntologyBlock"), Node("### Relationships")
    counts: dict[str, int] = {}
    for statement in page.statements:
        counts[statement.key] = counts.get(statement.key, 0) + 1
    for statement in page.statements:
        bullet = Node(properties=[(statement.key, statement.value)])
        if statement.key in sectioned:
            sectioned[statement.key].children.append(bullet)
        elif profile == "page-properties" and counts[statement.key] == 1:
            head[statement.key] = statement.value
        else:
            (relations if statement.relates else facts).children.append(bullet)
    relations.children += [Node(properties=parent.properties()) for parent in page.parents]
    if profile == "page-properties":
        facts.text = "### Further values"
        nodes = [node for node in (facts, relations) if node.children]
    else:
        facts.children += [relations] if relations.children else []
        nodes = [facts] if facts.children else []
    nodes += [node for node in sectioned.values() if node.children]
    return normal.write(head, [*nodes, *page.sections])


def _by_key(graph: Graph, names: OwnNames, subject: str) -> dict[OwnKey, list[Term]]:
    found = graph.properties(subject).items()
    return {names.keys[predicate]: terms for predicate, terms in found if own_keys.stated(predicate)}


def _place(key: OwnKey) -> tuple[int, str]:
    return (own_keys.OWN_KEYS.index(key) if key in own_keys.OWN_KEYS else len(own_keys.OWN_KEYS)), key.name


def _state(graph: Graph, names: OwnNames, key: OwnKey, terms: list[Term]) -> list[Statement]:
    """The lines of a key: one of links, then one for each literal or list."""
    lines = []
    targets = [term for term in set(terms) if isinstance(term, ox.NamedNode) and not _is_word(key, term)]
    if targets:
        targets.sort(
            key=lambda term: (names.name(term.value) is None, (names.name(term.value) or term.value).casefold())
        )
        value = own_values.links(names.name(term.value) or (term.value,) for term in targets)
        lines.append(Statement(key.name, value, tuple(targets)))
    others = [Statement(key.name, *_one(key, term)) for term in set(terms) - set(targets) if _has_name(term)]
    lists = [items for term in set(terms) if (items := _items(graph, key, term))]
    others += [Statement(key.name, own_values.ordered(key, items), tuple(items)) for items in lists]
    return lines + sorted(others, key=lambda statement: statement.value)


def _is_word(key: OwnKey, term: ox.NamedNode) -> bool:
    return key.plain == "word" and not own_values.literal(key, term).startswith("<")


def _has_name(term: Term) -> bool:
    return isinstance(term, ox.NamedNode | ox.Literal)


def _one(key: OwnKey, term: Term) -> tuple[str, tuple[ox.NamedNode | ox.Literal, ...]]:
    assert isinstance(term, ox.NamedNode | ox.Literal)
    return own_values.literal(key, term), (term,)


def _written(key: OwnKey, term: ox.NamedNode | ox.Literal) -> str:
    return own_values.literal(key, term) if isinstance(term, ox.Literal) else own_values.address(term.value)


def _aliases(names: OwnNames, subject: str, terms: list[Term]) -> list[Statement]:
    labels = names.aliases.get(subject, [])
    mine = [term for term in terms if isinstance(term, ox.Literal) and term.value in labels and term.language == "en"]
    mine.sort(key=lambda term: term.value)
    return [Statement("alias", ", ".join(term.value for term in mine), tuple(mine))] if mine else []


def _not_aliases(names: OwnNames, subject: str, terms: list[Term]) -> list[Term]:
    aliased = {term for statement in _aliases(names, subject, terms) for term in statement.terms}
    return sorted(set(terms) - aliased, key=str)


def _items(graph: Graph, key: OwnKey, node: Term) -> list[ox.NamedNode | ox.Literal]:
    """The items of a list under a key that holds lists; none of any other nameless node."""
    if not isinstance(node, ox.BlankNode) or key.plain not in ("strings", "numbers"):
        return []
    items = graph.items(node)
    named = [item for item in items if isinstance(item, ox.NamedNode | ox.Literal)]
    return named if len(named) == len(items) else []


def _parent(graph: Graph, names: OwnNames, node: Term) -> Parent | None:
    found = _assertion(graph, node)
    if found is None:
        return None
    address, text, source = found
    verbatim = _VERBATIM.fullmatch(text)
    if verbatim and names.resolve(verbatim[1]) == address:
        return Parent(verbatim[1], source, None)
    name = names.name(address)
    return Parent(name, source, text) if name else None


def _assertion(graph: Graph, node: Term) -> tuple[str, str, ox.NamedNode | ox.Literal] | None:
    """Parent, words and source; None for an assertion that says more or less than that."""
    assert isinstance(node, ox.BlankNode | ox.NamedNode)
    parts: dict[str, list[Term]] = {}
    for quad in graph.store.quads_for_pattern(node, None, None, None):
        parts.setdefault(quad.predicate.value, []).append(quad.object)
    parts.pop(iri("rdf", "type"), None)
    wanted = [
        parts.pop(one, []) for one in (iri("rdfs", "subClassOf"), iri("reg", "statedText"), STATED_BY_KEY.predicate)
    ]
    if parts or any(len(values) != 1 for values in wanted):
        return None
    (parent,), (text,), (source,) = wanted
    if not isinstance(source, ox.NamedNode | ox.Literal) or text != ox.Literal(str(python_value(text))):
        return None
    return str(python_value(parent)), str(python_value(text)), source
