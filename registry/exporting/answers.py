"""The answer to a query as a file: CSV, JSON of SPARQL 1.1 results, or Turtle where it is a graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.errors import RegistryError
from registry.exporting.lookup import to_json
from registry.exporting.triples import to_turtle
from registry.namespaces import iri
from registry.tables import to_csv

if TYPE_CHECKING:
    from registry.sandbox import Answer
    from registry.triples import Term

Json = dict[str, object]


def answer_csv(answer: Answer) -> bytes:
    """Values as people read them, IRIs whole; see `tables.harmless` for what a spreadsheet would run."""
    return to_csv(answer.columns, answer.rows)


def answer_json(answer: Answer) -> bytes:
    """Every term with its type, its language and all its digits, by https://www.w3.org/TR/sparql11-results-json/.

    The triples of a graph are rows of subject, predicate and object.
    """
    if answer.form == "truth":
        return to_json({"head": {}, "boolean": bool(answer.rows[0][0])})
    terms = _parsed(term for row in answer.terms for term in row if term is not None)
    bindings = [
        {name: _json(next(terms)) for name, term in zip(answer.columns, row, strict=True) if term is not None}
        for row in answer.terms
    ]
    return to_json({"head": {"vars": list(answer.columns)}, "results": {"bindings": bindings}})


def answer_turtle(answer: Answer) -> bytes:
    """The triples of a CONSTRUCT or DESCRIBE; raises RegistryError for any other answer."""
    if answer.form != "triples":
        raise RegistryError("only the answer to a CONSTRUCT or DESCRIBE is a graph; take CSV or JSON")
    triples = {quad.triple for quad in _quads(" ".join(map(str, row)) for row in answer.terms)}
    told = f"# Cut off after {len(answer.rows)} triples; there are more.\n" if answer.truncated else ""
    return told.encode() + to_turtle(triples)


def _quads(lines: Iterable[str]) -> Iterator[ox.Quad]:
    """What N-Triples without their full stops say, in their order."""
    text = "".join(f"{line} .\n" for line in lines)
    # Lenient, since a query can make terms that no file may hold; nodes keep their names.
    return iter(ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True))


def _parsed(terms: Iterable[str]) -> Iterator[Term]:
    anything = str(ox.NamedNode(iri("rdf", "value")))
    return (quad.object for quad in _quads(f"{anything} {anything} {term}" for term in terms))


def _json(term: Term) -> Json:
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, ox.Triple):  # of SPARQL 1.2, which says how
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _json(part) for name, part in parts.items()}}
    if term.language:
        return {"type": "literal", "value": term.value, "xml:lang": term.language}
    if term.datatype.value == iri("xsd", "string"):
        return {"type": "literal", "value": term.value}
    return {"type": "literal", "value": term.value, "datatype": term.datatype.value}
