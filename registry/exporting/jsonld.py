"""The whole graph as JSON-LD 1.1: the context inside, a named graph a file, values as they are written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.exporting.triples import stable
from registry.namespaces import PREFIXES, curie, iri

if TYPE_CHECKING:
    from registry.catalogue import Registry

Node = dict[str, object]


def jsonld(registry: Registry, _: Sequence[str]) -> dict[str, bytes]:
    """Numbers stay text with a datatype: JSON's own would lose digits and the kind of number."""
    quads = sorted(stable(registry), key=str)
    context = _context(quads)
    graphs: dict[str, dict[str, Node]] = {}
    for quad in quads:
        subjects = graphs.setdefault(_name(quad.graph_name, context), {})
        subject = _name(quad.subject, context)
        node = subjects.setdefault(subject, {"@id": subject})
        is_class = quad.predicate.value == iri("rdf", "type") and not isinstance(quad.object, ox.Literal)
        values = node.setdefault("@type" if is_class else _name(quad.predicate, context), [])
        assert isinstance(values, list)
        values.append(_name(quad.object, context) if is_class else _value(quad.object, context))
    document = {
        "@context": context,
        "@graph": [{"@id": graph, "@graph": list(subjects.values())} for graph, subjects in graphs.items()],
    }
    return {"registry.jsonld": (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()}


def _context(quads: Sequence[ox.Quad]) -> dict[str, str]:
    """The prefixes, less any that a reader would take for the scheme of an IRI of the graph."""
    terms = [term for quad in quads for term in quad]
    schemes = {term.value.partition(":")[0] for term in terms if isinstance(term, ox.NamedNode)}
    return {prefix: base for prefix, base in PREFIXES.items() if prefix not in schemes}


def _name(term: object, context: dict[str, str]) -> str:
    if isinstance(term, ox.BlankNode):
        return str(term)
    assert isinstance(term, ox.NamedNode), "a subject, predicate or graph without an IRI"
    prefix, _, rest = curie(term.value).partition(":")
    # What follows "prefix:" must not look like the host of an absolute IRI.
    return f"{prefix}:{rest}" if prefix in context and not rest.startswith("//") else term.value


def _value(term: object, context: dict[str, str]) -> object:
    if not isinstance(term, ox.Literal):
        return {"@id": _name(term, context)}
    if term.language:
        return {"@value": term.value, "@language": term.language}
    if term.datatype.value == iri("xsd", "string"):
        return term.value
    return {"@value": term.value, "@type": _name(term.datatype, context)}
