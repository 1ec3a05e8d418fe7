"""Turtle files in, query rows out.  The files are the truth; the store is rebuilt from them.

Each file is one named graph, so every triple knows its file.  A small graph is loaded into memory,
a large one is kept in an index on disk that reads only changed files again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cached_property
from importlib import resources
from pathlib import Path
from threading import Lock

import pyoxigraph as ox

from registry import index, search
from registry.errors import BrokenFile, UnknownName
from registry.home import Home
from registry.namespaces import PREFIXES, iri
from registry.scanning import Known, scan
from registry.search import Found
from registry.summary import Summary, by_subject
from registry.triples import Term, Value, graph_of, name_of, python_value


class Graph:
    """The triples of all files of a home.  A file that does not parse is kept in `broken`."""

    def __init__(self, home: Home, *, trusting: bool = True) -> None:
        """With `trusting` false every file is looked at; see `scanning`."""
        self.home = home
        self.version: index.Version | None = None
        """The version of the index that is read, or None when the graph is in memory."""
        self.remark: str | None = None
        """What is not as it should be with the index; the answers are still those of files."""
        self._searching = Lock()
        if index.exists(home):
            self._open_index(trusting)
        if self.version is None:
            files = scan(home, Known()).suspects
            if self.remark is None and index.is_large(files):
                self._open_index(trusting)
        self.store: ox.Store = ox.Store() if self.version is None else self.version.store
        self.summary: Summary = Summary.create() if self.version is None else self.version.summary
        if self.version is None:
            index.load(home, files, self.store, self.summary)
        self.broken = [BrokenFile(*flaw) for flaw in self.summary.broken()]

    def _open_index(self, trusting: bool) -> None:
        try:
            self.version = index.current(self.home, trusting=trusting)
        except index.FAILURES as error:  # memory has to do
            folder = index.folder_of(self.home)
            self.remark = f"the index in {folder} cannot be used, so every file was read again: {error}"
            return
        if self.version.stale:
            self.remark = "another process is updating the index; this is the state before"

    @cached_property
    def files(self) -> dict[str, Path]:
        """Every file by its path below its layer, sorted."""
        return self.summary.files()

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
        for quad in self.store.quads_for_pattern(ox.NamedNode(subject), ox.NamedNode(predicate), None, None):
            return python_value(quad.object)
        return None

    def subjects(self, predicate: str, target: str) -> list[str]:
        """Every named subject that points at a target by a property."""
        quads = self.store.quads_for_pattern(None, ox.NamedNode(predicate), ox.NamedNode(target), None)
        return [quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode)]

    def search(self, query: str, kinds: Collection[str] = (), limit: int = 20) -> Found:
        """Subjects by their words, best first; see `search.find`."""
        with self._searching:
            if not self.summary.searchable:
                for name in self.files:
                    quads = self.store.quads_for_pattern(None, None, None, graph_of(name))
                    search.add(self.summary.connection, name, by_subject(quads))
                self.summary.searchable = True
        return search.find(self.summary.connection, query, kinds, limit)

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

    def names(self, kind: str) -> list[str]:
        """The slugs of a kind of subject: "method" gives ["moco_v1", "moco_v2"]."""
        return self.summary.names(kind)

    def find(self, kind: str, name: str) -> str:
        """The IRI of a subject by its slug, or of a term by its notation; raises UnknownName with a guess."""
        if kind == "term":
            notation = ox.Literal(name, datatype=ox.NamedNode(iri("reg", "termId")))
            noted = self.store.quads_for_pattern(None, ox.NamedNode(iri("skos", "notation")), notation, None)
            bearers = (quad.subject.value for quad in noted if isinstance(quad.subject, ox.NamedNode))
            terms = sorted(bearer for bearer in bearers if bearer.startswith(PREFIXES["term"]))
            if len(terms) == 1:
                return terms[0]
        if not self.summary.has(kind, name):
            raise UnknownName(kind, name, self.names(kind))
        return iri(kind, name)

    def files_of(self, subject: str) -> list[str]:
        """The files in which the subject stands, by their path below the ontology."""
        quads = self.store.quads_for_pattern(ox.NamedNode(subject), None, None, None)
        graphs = {quad.graph_name.value for quad in quads if isinstance(quad.graph_name, ox.NamedNode)}
        return sorted(name for graph in graphs if (name := name_of(graph)) is not None)

    def path_of(self, subject: str) -> Path:
        """The file in which something is said of a subject, the first by name of several."""
        stamp = self.summary.stamp(self.files_of(subject)[0])
        assert stamp is not None
        return Path(stamp.path)

    def line_of(self, subject: str, file: str) -> int | None:
        """The line on which a file first speaks of a subject, from 1."""
        try:
            text = self.files[file].read_text(encoding="utf-8", errors="replace")
        except OSError:  # deleted since it was read
            return None
        spellings = [f"<{subject}>"]
        for prefix, base in re.findall(r"@prefix\s+([\w-]*:)\s*<([^>]*)>", text):
            if subject.startswith(base):
                spellings.append(prefix + subject.removeprefix(base))
        for number, line in enumerate(text.splitlines(), start=1):
            if any(re.match(rf"{re.escape(spelling)}(?![\w/#-])", line) for spelling in spellings):
                return number
        return None


def read_query(name: str) -> str:
    """The text of a named question; raises UnknownName."""
    file = resources.files("registry") / "queries" / f"{name}.rq"
    if not re.fullmatch(r"(checks/)?\w+", name) or not file.is_file():
        raise UnknownName("question", name, query_names())
    return file.read_text(encoding="utf-8")


def parameters_of(text: str) -> dict[str, str]:
    """The parameters that the text of a named question declares, each with a kind of subject or `number`."""
    return dict(re.findall(r"^# \$(\w+): (\w+)$", text, re.MULTILINE))


def query_names() -> list[str]:
    """All named questions; those of `checks` are asked by the checks alone."""
    folder = resources.files("registry") / "queries"
    return sorted(file.name.removesuffix(".rq") for file in folder.iterdir() if file.name.endswith(".rq"))
