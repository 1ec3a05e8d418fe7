"""What the pages of our own graph are called: one name for each subject, class and key, no two alike to Logseq."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

import pyoxigraph as ox

from registry.graph import Graph
from registry.namespaces import BASE, curie, iri, slug
from registry.pages import own_keys
from registry.pages.names import fold
from registry.pages.normal import inline, linkable
from registry.pages.own_keys import OwnKey
from registry.triples import python_value

KINDS = ("term", "method", "paper", "benchmark", "dataset", "task", "protocol", "metric", "repository")
"""The kinds of subjects that have a page; of two subjects with one label the earlier kind keeps it."""

CLASSES = {
    "skos:Concept": "Term",
    "mls:Algorithm": "Method",
    "schema:ScholarlyArticle": "Paper",
    "mls:Dataset": "Data set",
    "schema:Dataset": "Data set (schema.org)",
    "mls:EvaluationMeasure": "Metric",
    "mls:EvaluationSpecification": "Evaluation specification",
    "schema:SoftwareSourceCode": "Repository",
}
"""Our words for classes of other vocabularies; ours have labels."""

PROPERTY, CLASS = "Property", "Class"
BUILT_IN = ("alias", "title", "tags", "icon", "template", "filters", "public", "macro")
"""Keys of Logseq's own, which have no page."""
_NAMES = ("skos:prefLabel", "skos:altLabel", "dcterms:title")
"""What a page is called: a paper as people cite it, where that is known, else by its title."""


@dataclass
class OwnNames:
    """Names by IRI, IRIs by name and alias."""

    subjects: dict[str, str] = field(default_factory=dict)
    """The names of the pages of terms, methods, papers, ...: by kind, then by name."""
    classes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, OwnKey] = field(default_factory=dict)
    """The key of each property of a subject."""
    aliases: dict[str, list[str]] = field(default_factory=dict)
    """The labels of a subject that may be aliases of its page."""
    by_name: dict[str, str] = field(default_factory=dict)
    """What a folded name or alias stands for."""

    def resolve(self, name: str) -> str | None:
        """The IRI of the subject, class or property whose page bears a name or alias."""
        return self.by_name.get(fold(name))

    def key(self, name: str) -> OwnKey | None:
        """The key of that name; for one that is not in the table, by the page of the property."""
        if name in own_keys.BY_NAME:
            return own_keys.BY_NAME[name]
        return next((key for key in self.keys.values() if key.name == name), None)

    def all(self) -> list[str]:
        """The names of all pages, those of keys included."""
        keys = {key.name: None for key in self.keys.values()} | dict.fromkeys(own_keys.PAGE_KEYS)
        return [*self.subjects.values(), *self.classes.values(), *keys]

    def name(self, address: str) -> str | None:
        """The name of the page of a subject or class."""
        return self.subjects.get(address) or self.classes.get(address)


def name_all(graph: Graph) -> OwnNames:
    """The names of all pages of a graph; they depend on nothing else."""
    names = OwnNames()
    subjects = [iri(kind, local) for kind in KINDS for local in sorted(graph.names(kind))]
    properties = {address: graph.properties(address) for address in subjects}
    predicates = {predicate for found in properties.values() for predicate in found if own_keys.stated(predicate)}
    # The pages of keys come first: Logseq calls them by the key, whatever else is called so.
    for key in own_keys.OWN_KEYS:
        names.keys[key.predicate] = key
    taken = {key.name for key in own_keys.OWN_KEYS} | set(own_keys.PAGE_KEYS) | set(BUILT_IN)
    for predicate in sorted(predicates - set(names.keys)):
        name = next(free for free in _numbered(own_keys.key_name(predicate), "-") if free not in taken)
        taken.add(name)
        names.keys[predicate] = OwnKey(name, predicate)
    names.by_name = {fold(name): iri("reg", "") for name in taken}
    names.by_name |= {fold(key.name): key.predicate for key in names.keys.values()}
    types = {python_value(term) for found in properties.values() for term in found.get(iri("rdf", "type"), [])}
    for address in sorted(str(kind) for kind in types):
        names.classes[address] = _claim(names, address, _with_suffix(_class_name(graph, address), "class"))
    for name, address in ((PROPERTY, iri("rdf", "Property")), (CLASS, iri("rdfs", "Class"))):
        names.classes[address] = _claim(names, address, _with_suffix(name, "class"))
    for address, found in properties.items():
        kind, local = curie(address).split(":", 1)
        label = linkable(_label(found)) or local
        names.subjects[address] = _claim(names, address, [*_with_suffix(label, kind), f"{label} ({kind} {local})"])
    for address, found in properties.items():
        mine = sorted(str(python_value(term)) for term in found.get(iri("skos", "altLabel"), []) if _english(term))
        for label in filter(_may_be_alias, mine):
            if fold(label) not in names.by_name:
                names.by_name[fold(label)] = address
                names.aliases.setdefault(address, []).append(label)
    return names


def _claim(names: OwnNames, address: str, wishes: Iterable[str]) -> str:
    """The first wish that no other page is called, or the last with a number."""
    wishes = list(wishes)
    free = (name for name in chain(wishes, _numbered(wishes[-1], " ")) if fold(name) not in names.by_name)
    name = next(free)
    names.by_name[fold(name)] = address
    return name


def _with_suffix(name: str, kind: str) -> list[str]:
    return [name, f"{name} ({kind})"]


def _numbered(name: str, between: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}{between}{number}"
        number += 1


def _class_name(graph: Graph, address: str) -> str:
    if curie(address) in CLASSES:
        return CLASSES[curie(address)]
    label = graph.value(address, iri("rdfs", "label")) if address.startswith(BASE) else None
    words = str(label or own_keys.key_name(address).replace("-", " "))
    return linkable(words[:1].upper() + words[1:]) or slug(address)


def _label(properties: dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]]) -> str:
    for name in _NAMES:
        texts = sorted(str(python_value(term)) for term in properties.get(iri(*name.split(":")), []))
        if texts:
            return texts[0]
    return ""


def _english(term: object) -> bool:
    return isinstance(term, ox.Literal) and term.language == "en"


def _may_be_alias(label: str) -> bool:
    """Whether Logseq would read the label as one alias and nothing else."""
    return "," not in label and inline(label) == label == linkable(label) and not label.startswith('"')
