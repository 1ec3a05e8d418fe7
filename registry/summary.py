"""What listings need of a graph's files, row by row, in SQLite: files, subjects, recipes; runs are in `run_rows`.

It is filled from the same triples as the store, file by file, and can be made again at any time.
Asking it for the runs of one benchmark takes milliseconds where a query over all runs takes seconds.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from registry import run_rows, search
from registry.namespaces import BASE, KINDS, iri
from registry.run_rows import ALL, Asked, Row
from registry.scanning import Known, Stamp
from registry.triples import Term, python_value

if TYPE_CHECKING:
    from registry.pages.indexing import Row as Page

SCHEMA = f"""{run_rows.SCHEMA}
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE folders (path TEXT PRIMARY KEY, modified INTEGER) WITHOUT ROWID;
CREATE TABLE files (name TEXT PRIMARY KEY, folder TEXT, path TEXT, size INTEGER, modified INTEGER, inode INTEGER,
                    sha256 TEXT, triples INTEGER, flaw TEXT, line INTEGER) WITHOUT ROWID;
CREATE INDEX files_by_folder ON files (folder);
CREATE INDEX files_broken ON files (flaw) WHERE flaw IS NOT NULL;
CREATE TABLE subjects (kind TEXT, name TEXT, file TEXT, PRIMARY KEY (kind, name, file)) WITHOUT ROWID;
CREATE INDEX subjects_by_file ON subjects (file);
CREATE TABLE problems (file TEXT, line INTEGER, kind TEXT, reason TEXT);
CREATE INDEX problems_by_file ON problems (file, line);
CREATE TABLE recipes (recipe TEXT, file TEXT, content TEXT, PRIMARY KEY (recipe, file)) WITHOUT ROWID;
CREATE INDEX recipes_by_file ON recipes (file);
"""

TABLES = {"files": "name", "subjects": "file", "runs": "file", "recipes": "file", "problems": "file"}
"""The column of each table that names the file from which a row was read."""

LAYOUT = sha256(
    repr((4, SCHEMA, search.SCHEMA, search.LABELS, search.NAMES, search.BODIES, run_rows.PROPERTIES, KINDS)).encode()
).hexdigest()
"""Another one for each way of filling the tables; whoever changes how rows are made counts up the number."""


class Summary(Known):
    """The tables of one state of a graph."""

    def __init__(self, connection: sqlite3.Connection, *, searchable: bool = True) -> None:
        self.connection = connection
        self.searchable = searchable
        """Whether the words are kept as well; a graph in memory does that only when it is searched."""
        connection.row_factory = sqlite3.Row

    @classmethod
    def create(cls, file: Path | None = None) -> Summary:
        """An empty one, in a new file or in memory."""
        connection = sqlite3.connect(":memory:" if file is None else file, check_same_thread=False)
        # Written beside the published ones and synced once, before it is published.
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA + search.SCHEMA)
        return cls(connection, searchable=file is not None)

    @classmethod
    def open(cls, file: Path, *, writing: bool = False) -> Summary:
        """One that `create` made; raises sqlite3.DatabaseError when it is damaged."""
        # A published one never changes, so it needs no locks.
        mode = "mode=rw" if writing else "mode=ro&immutable=1"
        connection = sqlite3.connect(f"{file.as_uri()}?{mode}", uri=True, check_same_thread=False)
        if writing:
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        return cls(connection)

    # Writing

    def add(self, name: str, stamp: Stamp, checksum: str, quads: Sequence[ox.Quad]) -> None:
        """Takes in a file that was read.  `forget` it first when it was there before."""
        self._add_file(name, stamp, checksum, len(quads), None, None)
        subjects = by_subject(quads)
        if self.searchable:
            search.add(self.connection, name, subjects)
        self.connection.executemany(
            "INSERT OR IGNORE INTO subjects VALUES (?, ?, ?)",
            [(*named, name) for address, found in subjects.items() if (named := _kind(address, found))],
        )
        run_rows.add(self.connection, name, subjects)
        self.connection.executemany(
            "INSERT OR IGNORE INTO recipes VALUES (?, ?, ?)",
            [(address, name, json.dumps(content)) for address, content in _recipes(subjects)],
        )

    def add_page(self, name: str, stamp: Stamp, page: Page) -> None:
        """Takes in a page that was read.  `forget` it first when it was there before."""
        self._add_file(name, stamp, page.checksum, page.triples, page.flaw, page.line)
        if page.document is not None:
            self.connection.execute(
                "INSERT OR IGNORE INTO subjects VALUES (?, ?, ?)", (page.document.kind, page.document.name, name)
            )
            if self.searchable:
                search.insert(self.connection, name, page.document)
        self.connection.executemany(
            "INSERT INTO problems VALUES (?, ?, ?, ?)", [(name, *problem) for problem in page.problems]
        )

    def add_broken(self, name: str, stamp: Stamp, checksum: str, line: int | None, flaw: str) -> None:
        """Takes in a file that does not parse, so that it is reported without being read again."""
        self._add_file(name, stamp, checksum, 0, flaw, line)

    def _add_file(
        self, name: str, stamp: Stamp, checksum: str, triples: int, flaw: str | None, line: int | None
    ) -> None:
        folder = str(Path(stamp.path).parent)
        self.connection.execute(
            "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (name, folder, stamp.path, stamp.size, stamp.modified, stamp.inode, checksum, triples, flaw, line),
        )

    def forget(self, name: str) -> None:
        """Drops all that was read from a file."""
        for table, column in TABLES.items():
            self.connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (name,))
        search.forget(self.connection, name)

    def restamp(self, name: str, stamp: Stamp) -> None:
        """Notes that a file has another time and the same content."""
        self.connection.execute(
            "UPDATE files SET folder = ?, path = ?, size = ?, modified = ?, inode = ? WHERE name = ?",
            (str(Path(stamp.path).parent), stamp.path, stamp.size, stamp.modified, stamp.inode, name),
        )

    def trust(self, folders: Mapping[str, int]) -> None:
        """Replaces the folders that the next scan may skip."""
        self.connection.execute("DELETE FROM folders")
        self.connection.executemany("INSERT INTO folders VALUES (?, ?)", folders.items())

    def note(self, name: str, value: str) -> None:
        """Keeps a fact about this summary itself."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    # Reading

    def fact(self, name: str) -> str | None:
        """A fact that was noted, or None."""
        for row in self.connection.execute("SELECT value FROM facts WHERE name = ?", (name,)):
            return str(row["value"])
        return None

    def folders(self) -> dict[str, int]:
        """Folders with the time at which they were trusted; one with a broken file is not, for that may be mended."""
        found = {row["path"]: row["modified"] for row in self.connection.execute("SELECT * FROM folders")}
        broken = self.connection.execute("SELECT DISTINCT folder FROM files WHERE flaw IS NOT NULL")
        return found | {row["folder"]: 0 for row in broken}

    def stamps(self, folder: str) -> dict[str, Stamp]:
        """The files that were read from a folder."""
        rows = self.connection.execute(
            "SELECT name, path, size, modified, inode FROM files WHERE folder = ?", (folder,)
        )
        return {row[0]: Stamp(*row[1:]) for row in rows}

    def stamp(self, name: str) -> Stamp | None:
        """How a file was found when it was read."""
        query = "SELECT path, size, modified, inode FROM files WHERE name = ?"
        for row in self.connection.execute(query, (name,)):
            return Stamp(*row)
        return None

    def checksum(self, name: str) -> str | None:
        """sha256 of a file's content when it was read."""
        for row in self.connection.execute("SELECT sha256 FROM files WHERE name = ?", (name,)):
            return str(row["sha256"])
        return None

    def files(self) -> dict[str, Path]:
        """All files by their name below the ontology, sorted."""
        rows = self.connection.execute("SELECT name, path FROM files ORDER BY name")
        return {row["name"]: Path(row["path"]) for row in rows}

    def broken(self) -> list[tuple[Path, int | None, str]]:
        """The files that do not parse, with line and reason."""
        rows = self.connection.execute("SELECT path, line, flaw FROM files WHERE flaw IS NOT NULL ORDER BY name")
        return [(Path(row["path"]), row["line"], row["flaw"]) for row in rows]

    def pages(self) -> list[str]:
        """The names of the files that are pages."""
        return [row["name"] for row in self.connection.execute("SELECT name FROM files WHERE name LIKE '%.md'")]

    def size(self) -> tuple[int, int]:
        """How many files and triples there are."""
        (row,) = self.connection.execute("SELECT COUNT(*), COALESCE(SUM(triples), 0) FROM files")
        return row[0], row[1]

    def names(self, kind: str, beginning: str = "") -> list[str]:
        """The slugs of the subjects of a kind, or of those that begin so; sorted."""
        rows = self.connection.execute(
            "SELECT DISTINCT name FROM subjects WHERE kind = ? AND name >= ? AND name < ? ORDER BY name",
            (kind, beginning, beginning + "\U0010ffff"),
        )
        return [row["name"] for row in rows]

    def problems(self, folder: str) -> list[tuple[str, int, str, str]]:
        """What could not be used of the pages below a folder: file, line from 1, kind and reason, in that order."""
        rows = self.connection.execute(
            "SELECT file, line, kind, reason FROM problems WHERE file >= ? AND file < ? ORDER BY file, line, kind",
            (f"{folder}/", f"{folder}0"),
        )
        return [tuple(row) for row in rows]

    def described_twice(self, kind: str, beginning: str) -> dict[str, list[str]]:
        """The files of each subject of a kind that several describe, of those whose slug begins so."""
        rows = self.connection.execute(
            "SELECT name, file FROM subjects WHERE kind = ? AND name IN (SELECT name FROM subjects WHERE kind = ?"
            " AND name >= ? AND name < ? GROUP BY name HAVING COUNT(*) > 1) ORDER BY name, file",
            (kind, kind, beginning, beginning + "\U0010ffff"),
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["name"], []).append(row["file"])
        return found

    def counts(self) -> dict[str, int]:
        """How many subjects of each kind are described."""
        rows = self.connection.execute("SELECT kind, COUNT(DISTINCT name) FROM subjects GROUP BY kind")
        return {row[0]: row[1] for row in rows}

    def has(self, kind: str, name: str) -> bool:
        """Whether a subject is described."""
        query = "SELECT 1 FROM subjects WHERE kind = ? AND name = ? LIMIT 1"
        return bool(self.connection.execute(query, (kind, name)).fetchall())

    def described_in(self, kind: str, name: str) -> Path | None:
        """The file that describes a subject, the first by name of several; None where nothing does."""
        query = "SELECT path FROM subjects JOIN files ON files.name = file WHERE kind = ? AND subjects.name = ?"
        for row in self.connection.execute(query + " ORDER BY file LIMIT 1", (kind, name)):
            return Path(row["path"])
        return None

    def recipe(self, name: str) -> Content:
        """What the files say of a recipe; nothing when there is none."""
        found: Content = {}
        query = "SELECT content FROM recipes WHERE recipe = ? ORDER BY file"
        for row in self.connection.execute(query, (iri("recipe", name),)):
            for address, values in json.loads(row["content"]).items():
                found.setdefault(address, []).extend(values)
        return found

    def runs(self, asked: Asked = ALL, *, limit: int | None = None, offset: int = 0) -> Iterator[Row]:
        """The runs, newest first, one row each even where a run stands in two files."""
        return run_rows.find(self.connection, asked, limit=limit, offset=offset)

    def count_runs(self, asked: Asked = ALL) -> int:
        """How many of them there are."""
        return run_rows.count(self.connection, asked)


FIRST, REST = iri("rdf", "first"), iri("rdf", "rest")
NIL = ox.NamedNode(iri("rdf", "nil"))

Subjects = dict[str, dict[str, list[Term]]]

Content = dict[str, list[Any]]
"""The values of each property as JSON has them: a literal's value, {"iri": ...} or {"list": [...]}."""


def by_subject(quads: Iterable[ox.Quad]) -> Subjects:
    """Predicates and objects of every named subject; of a list or a nested node also its literals."""
    found: Subjects = {}
    nested: dict[Term, list[Term]] = {}
    first: dict[Term, Term] = {}
    rest: dict[Term, Term] = {}
    for quad in quads:
        subject, predicate = quad.subject, quad.predicate.value
        if isinstance(subject, ox.NamedNode):
            found.setdefault(subject.value, {}).setdefault(predicate, []).append(quad.object)
        elif predicate == FIRST:
            first[subject] = quad.object
        elif predicate == REST:
            rest[subject] = quad.object
        elif isinstance(quad.object, ox.Literal):
            nested.setdefault(subject, []).append(quad.object)
    if first or nested:
        for properties in found.values():
            for terms in properties.values():
                terms += [literal for term in terms for literal in nested.get(term, [])]
                for head in [term for term in terms if term in first]:
                    seen = set()
                    while head in first and head not in seen:
                        seen.add(head)
                        terms.append(first[head])
                        head = rest.get(head, head)
    return found


def _kind(address: str, found: Mapping[str, object]) -> tuple[str, str] | None:
    """Kind and slug of a subject of ours that is described, not only mentioned."""
    if not address.startswith(BASE) or "#" in address or iri("rdf", "type") not in found:
        return None
    kind, _, name = address.removeprefix(BASE).partition("/")
    return (kind, name) if kind in KINDS and name else None


def _recipes(subjects: Subjects) -> Iterator[tuple[str, Content]]:
    """The properties of each recipe that a file describes."""
    for address, found in subjects.items():
        if iri("reg", "ofMethod") in found:
            yield address, {name: _content(terms) for name, terms in found.items()}


def _content(terms: Sequence[Term]) -> list[Any]:
    # `by_subject` puts the members of a list behind its head.
    if any(isinstance(term, ox.BlankNode) or term == NIL for term in terms):
        return [{"list": [python_value(term) for term in terms if isinstance(term, ox.Literal)]}]
    return [{"iri": term.value} if isinstance(term, ox.NamedNode) else python_value(term) for term in terms]
