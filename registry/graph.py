"""Turtle files in, query rows out.  The files are the truth; the store is rebuilt from them.

Each file is one named graph, so every triple knows its file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox

from registry.errors import BrokenFile, UnknownName
from registry.home import Home
from registry.namespaces import PREFIXES, iri

Value = str | int | float | bool | None
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


class Graph:
    """The triples of all files of a home.  A file that does not parse is kept in `broken`."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.files = home.files()
        self.store = ox.Store()
        self.broken: list[BrokenFile] = []
        for name, path in self.files.items():
            self._load(name, path)

    def _load(self, name: str, path: Path) -> None:
        try:
            self.store.load(path.read_bytes(), format=ox.RdfFormat.TURTLE, to_graph=graph_of(name))
        except SyntaxError as error:
            self.broken.append(BrokenFile(path, error.lineno, str(error.msg).removeprefix("Parser error at ")))
        except (OSError, ValueError) as error:
            self.broken.append(BrokenFile(path, None, str(error)))

    def rows(self, query: str, **terms: str) -> list[dict[str, Value]]:
        """The answers to `queries/<query>.rq`; `$name` in it stands for the IRI given as `name`."""
        text = read_query(query)
        for name, address in terms.items():
            text = re.sub(rf"\${name}\b", str(ox.NamedNode(address)).replace("\\", r"\\"), text)
        return list(self.select(text))

    def select(self, text: str) -> Iterator[dict[str, Value]]:
        """The answers to a SELECT query of ours, as Python values; unbound is None."""
        solutions = self.store.query(text, prefixes=PREFIXES, use_default_graph_as_union=True)
        assert isinstance(solutions, ox.QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        for solution in solutions:
            yield {name: python_value(solution[name]) for name in names}

    def properties(self, subject: str) -> dict[str, list[Term]]:
        """Every property of a subject with its values, of all files."""
        found: dict[str, list[Term]] = {}
        for quad in self.store.quads_for_pattern(ox.NamedNode(subject), None, None, None):
            found.setdefault(quad.predicate.value, []).append(quad.object)
        return found

    def value(self, subject: str, predicate: str) -> Value:
        """One value of a property, or None."""
        for term in self.properties(subject).get(predicate, []):
            return python_value(term)
        return None

    def items(self, head: Term) -> list[Term]:
        """The members of an RDF list."""
        members: list[Term] = []
        first, rest, nil = (ox.NamedNode(iri("rdf", name)) for name in ("first", "rest", "nil"))
        seen = set()
        while isinstance(head, ox.NamedNode | ox.BlankNode) and head != nil and head not in seen:
            seen.add(head)
            members += [quad.object for quad in self.store.quads_for_pattern(head, first, None, None)][:1]
            following = [quad.object for quad in self.store.quads_for_pattern(head, rest, None, None)]
            head = following[0] if following else nil
        return members

    @cached_property
    def slugs(self) -> dict[str, list[str]]:
        """The slugs of each kind: {"method": ["moco_v1", "moco_v2"], ...}."""
        found: dict[str, list[str]] = {}
        for row in self.rows("slugs"):
            subject = str(row["subject"])
            kind, _, name = subject.removeprefix(PREFIXES["reg"].removesuffix("vocabulary#")).partition("/")
            found.setdefault(kind, []).append(name)
        return {kind: sorted(names) for kind, names in found.items()}

    def find(self, kind: str, name: str) -> str:
        """The IRI of a subject by its slug, or of a term by its notation; raises UnknownName with a guess."""
        if kind == "term":
            notation = ox.Literal(name, datatype=ox.NamedNode(iri("reg", "termId")))
            noted = self.store.quads_for_pattern(None, ox.NamedNode(iri("skos", "notation")), notation, None)
            terms = sorted(quad.subject.value for quad in noted if isinstance(quad.subject, ox.NamedNode))
            if len(terms) == 1:
                return terms[0]
        if name not in self.slugs.get(kind, []):
            raise UnknownName(kind, name, self.slugs.get(kind, []))
        return iri(kind, name)

    def files_of(self, subject: str) -> list[str]:
        """The files in which the subject stands, by their path below the ontology."""
        quads = self.store.quads_for_pattern(ox.NamedNode(subject), None, None, None)
        graphs = {quad.graph_name for quad in quads}
        return sorted(name for name in self.files if graph_of(name) in graphs)

    def line_of(self, subject: str, file: str) -> int | None:
        """The line on which a file first speaks of a subject, from 1."""
        text = self.files[file].read_text(encoding="utf-8", errors="replace")
        spellings = [f"<{subject}>"]
        for prefix, base in re.findall(r"@prefix\s+([\w-]*:)\s*<([^>]*)>", text):
            if subject.startswith(base):
                spellings.append(prefix + subject.removeprefix(base))
        for number, line in enumerate(text.splitlines(), start=1):
            if any(re.match(rf"{re.escape(spelling)}(?![\w/#-])", line) for spelling in spellings):
                return number
        return None


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


def graph_of(name: str) -> ox.NamedNode:
    """The named graph of a file, by its path below the ontology."""
    return ox.NamedNode(iri("file", quote(name, errors="surrogateescape")))


def read_query(name: str) -> str:
    """The text of a named question; raises UnknownName."""
    file = resources.files("registry") / "queries" / f"{name}.rq"
    if not re.fullmatch(r"\w+", name) or not file.is_file():
        raise UnknownName("question", name, query_names())
    return file.read_text(encoding="utf-8")


def query_names() -> list[str]:
    """All named questions."""
    folder = resources.files("registry") / "queries"
    return sorted(file.name.removesuffix(".rq") for file in folder.iterdir() if file.name.endswith(".rq"))
