"""What a page states as N-Quads: one graph a page, every statement on it named by its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING

from registry.namespaces import iri
from registry.pages.names import collection_iri, page_iri

if TYPE_CHECKING:
    from registry.pages.stated import Fact, Reading


def _of(prefix: str, *names: str) -> tuple[str, ...]:
    return tuple(f" <{iri(prefix, name)}> " for name in names)


_TYPE = f" <{iri('rdf', 'type')}> "
_LABEL, _REFERENCES = f" <{iri('rdfs', 'label')}> ", f" <{iri('dcterms', 'references')}> "
_COLLECTION, _ALIAS_OF, _ON_PAGE, _LINE = _of("reg", "inCollection", "aliasOf", "onPage", "line")
_KEY, _WRITTEN_KEY, _WRITTEN_VALUE = _of("reg", "key", "writtenKey", "writtenValue")
_BLOCK, _POSITION, _PROBLEM, _REASON = _of("reg", "blockNumber", "position", "problem", "reason")
_LANGUAGE, _TEXT = _of("reg", "language", "text")
_PAGE = f"<{iri('reg', 'Page')}>"

# Half a pair of surrogates is no character, and no text may hold one.
_RARE = {
    **{code: f"\\u{code:04X}" for code in (*range(32), 0x7F) if code not in (9, 10, 13)},
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}
_IS_RARE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_NEEDS_ESCAPE = re.compile(r'[\\"\x00-\x1f\x7f\ud800-\udfff]')

# Only forms that every reader takes, and that a store gives back as they are written.  `owl:Class` is no IRI.
_IRI = re.compile(
    r"(?i:https?|ftp|urn|did|tag|doi|info|mailto|ipfs):(?://[A-Za-z0-9.-]+(?::\d+)?(?=[/?#]|$)|(?!//))"
    r"(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+(?:#(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)?"
)
_INTEGER = re.compile(r"0|-?[1-9]\d{0,14}", re.ASCII)
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,11})\.\d{0,5}[1-9]", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def to_nquads(reading: Reading, collection: str, graph: str) -> str:
    """The graph of a page in a collection; `graph` is its IRI."""
    page = f"<{page_iri(collection, reading.name)}>"
    end = f" <{graph}> .\n"
    parts = [
        f"{page}{_TYPE}{_PAGE}{end}{page}{_LABEL}{literal(reading.name)}{end}"
        f"{page}{_COLLECTION}<{collection_iri(collection)}>{end}"
    ]
    add = parts.append
    linked = set()
    for fact in reading.facts:
        value = _object(fact, collection)
        linked.add(value)
        add(f"{page} <{fact.key.predicate}> {value}{end}")
    for name in reading.aliases:
        add(f"<{page_iri(collection, name)}>{_ALIAS_OF}{page}{end}")
    for name in reading.links:
        target = f"<{page_iri(collection, name)}>"
        if target not in linked:  # a fact says more than that there is a link
            add(f"{page}{_REFERENCES}{target}{end}")
    name_of = _Names(graph)
    for kind, line, said in _statements(reading):
        node = name_of(line)
        add(f"{node}{_TYPE}{kind}{end}{node}{_ON_PAGE}{page}{end}{node}{_LINE}{_integer(line + 1)}{end}")
        parts += [f"{node}{predicate}{value}{end}" for predicate, value in said]
    return "".join(parts)


class _Names:
    """Names of statements: of the second one of a line with a number behind."""

    def __init__(self, graph: str) -> None:
        self.graph = graph
        self.given: dict[int, int] = {}

    def __call__(self, line: int) -> str:
        count = self.given[line] = self.given.get(line, 0) + 1
        return f"<{self.graph}#L{line + 1}>" if count == 1 else f"<{self.graph}#L{line + 1}-{count}>"


def _statements(reading: Reading) -> Iterator[tuple[str, int, list[tuple[str, str]]]]:
    """Class, line and properties of each node."""
    for stated in reading.stated:
        found = stated.property
        yield (
            _STATED,
            found.line,
            [
                (_KEY, literal(found.key)),
                (_WRITTEN_KEY, literal(found.written)),
                (_WRITTEN_VALUE, literal(found.value)),
                (_BLOCK, _integer(stated.block)),
                (_POSITION, _integer(stated.position)),
            ],
        )
    for problem in reading.problems:
        yield _FLAW, problem.line, [(_PROBLEM, literal(problem.kind)), (_REASON, literal(problem.reason))]
    for prose in reading.prose:
        yield _PROSE, prose.line, [(_KEY, literal(prose.key)), (_WRITTEN_VALUE, literal(prose.value))]
    for owl in reading.owl:
        yield _OWL, owl.line, [(_LANGUAGE, literal(owl.language)), (_TEXT, literal(owl.text))]


_STATED, _FLAW, _PROSE, _OWL = (
    f"<{iri('reg', name)}>" for name in ("StatedProperty", "PageProblem", "ProseStatement", "OwlText")
)


def _object(fact: Fact, collection: str) -> str:
    """The value of a fact: typed only where it comes back as it is written."""
    value, holds = fact.value, fact.key.holds
    if fact.link:
        return f"<{page_iri(collection, value)}>"
    if holds == "text" or holds == "names":
        return literal(value)
    if holds == "id":
        return f"{literal(value)}^^<{iri('reg', 'termId')}>"
    if holds in ("iri", "mixed") and _IRI.fullmatch(value):
        return f"<{value}>"
    if holds == "flag" and value in ("true", "false"):
        return _typed(value, "boolean")
    if holds == "number" and _INTEGER.fullmatch(value):
        return _typed(value, "integer")
    if holds == "number" and _DECIMAL.fullmatch(value):
        return _typed(value, "decimal")
    if holds == "date" and is_date(value):
        return _typed(value, "date")
    return literal(value)


def literal(text: str) -> str:
    """A plain literal."""
    if _NEEDS_ESCAPE.search(text):
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        if _IS_RARE.search(text):
            text = text.translate(_RARE)
    return f'"{text}"'


def _typed(text: str, kind: str) -> str:
    return f'"{text}"^^<{iri("xsd", kind)}>'


def _integer(number: int) -> str:
    return f'"{number}"^^<http://www.w3.org/2001/XMLSchema#integer>'


def is_date(text: str) -> bool:
    """Whether it is a day that there is, as XML Schema writes it."""
    with suppress(ValueError):
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    return False
