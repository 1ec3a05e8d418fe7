"""A Turtle file as triples in the named graph of its own name, and terms as Python values."""

from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, unquote

import pyoxigraph as ox

from registry.errors import BrokenFile
from registry.namespaces import PREFIXES, iri

Value = str | int | float | bool | None
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


def parse(name: str, path: Path, content: bytes) -> list[ox.Quad]:
    """The triples of a file; `name` is its path below the ontology.  Raises BrokenFile."""
    graph = graph_of(name)
    try:
        triples = ox.parse(content, format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)
        return [ox.Quad(triple.subject, triple.predicate, triple.object, graph) for triple in triples]
    except SyntaxError as error:
        raise BrokenFile(path, error.lineno, str(error.msg).removeprefix("Parser error at ")) from None
    except (OSError, ValueError) as error:
        raise BrokenFile(path, None, str(error)) from None


def graph_of(name: str) -> ox.NamedNode:
    """The named graph of a file, by its path below the ontology."""
    return ox.NamedNode(iri("file", quote(name, errors="surrogateescape")))


def name_of(graph: str) -> str | None:
    """The file of a named graph, by its path below the ontology, or None where it is no file's."""
    if not graph.startswith(PREFIXES["file"]):
        return None
    return unquote(graph.removeprefix(PREFIXES["file"]), errors="surrogateescape")


def python_value(term: Term | None) -> Value:
    """A literal as the Python value it stands for, an IRI as text."""
    if term is None:
        return None
    if isinstance(term, ox.Literal):
        kind = term.datatype.value.removeprefix(PREFIXES["xsd"])
        if kind == "boolean":
            return term.value == "true"
        with suppress(ValueError):  # "abc"^^xsd:integer, or more digits than Python reads, stays text
            if kind == "integer":
                return int(term.value)
            if kind in ("decimal", "double", "float") and math.isfinite(number := float(term.value)):
                return number
        return term.value
    return term.value if isinstance(term, ox.NamedNode) else str(term)
