"""Imported pages as the index takes them in: N-Quads for the store and words for the summary.

Few are read in this process and many by two others, with the same outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.home import Home
from registry.namespaces import BASE, iri
from registry.pages.keys import FILE
from registry.scanning import PAGE, Stamp
from registry.search import Document, document
from registry.triples import graph_of

if TYPE_CHECKING:
    from registry.pages.facts import Reading as PageReading
    from registry.pages.keys import Keys
    from registry.pages.worker import Reading
    from registry.summary import Summary

PORTION = 16 * 2**20
"""Bytes of N-Quads that are loaded at a time: more is faster, and takes thirty times as much memory."""


MANY = 200
"""From so many pages on two processes read them sooner than one, starting them included."""


@dataclass(frozen=True)
class Row:
    """What the summary takes in of a page; of one with a flaw, nothing but that."""

    checksum: str
    triples: int = 0
    document: Document | None = None
    problems: Sequence[tuple[int, str, str]] = ()
    """Line from 1, kind and reason of what could not be used."""
    flaw: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, values: Sequence[Any]) -> Row:
        """One that was sent as JSON."""
        checksum, triples, document, *rest = values
        return cls(checksum, triples, document and Document(*document), *rest)


@dataclass(frozen=True)
class Taken:
    """What the index takes in of a page."""

    row: Row
    quads: bytes = b""


def is_page(name: str) -> bool:
    """Whether a file that was scanned is a page."""
    return name.endswith(PAGE)


def key_table(home: Home) -> Path | None:
    """The table of keys that pages of a home are read by."""
    found = [layer / FILE for layer in home.layers if (layer / FILE).is_file()]
    return found[-1] if found else None


def digest(home: Home) -> str:
    """Another one for each way of reading pages: for other keys and for other code."""
    table = key_table(home)
    parts = [file.read_bytes() for file in sorted(Path(__file__).parent.iterdir()) if file.suffix in (".py", ".json")]
    parts.append(b"" if table is None else table.read_bytes())
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()


def load_keys(table: Path | None) -> Keys:
    """The keys of a table; of one that is missing or broken none, so that all stay what they are in the text."""
    from registry.errors import BrokenFile
    from registry.pages import keys

    if table is None:
        return keys.Keys(())
    try:
        return keys.load_keys(table)
    except BrokenFile:  # it is a file of the graph and reported as such
        return keys.Keys(())


def take(name: str, path: Path, keys: Keys) -> Taken | None:
    """What is taken in of a page; None when the file is gone."""
    checksum = ""
    try:
        content = path.read_bytes()
        checksum = sha256(content).hexdigest()
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Taken(Row(checksum, flaw="is not UTF-8 text; save it as UTF-8 and import it again", line=line))
    except FileNotFoundError:
        if "\\udc" in name:
            return Taken(Row(checksum, flaw="its name is not UTF-8; give it another"))
        if path.is_symlink():
            return Taken(Row(checksum, flaw=f"is a link to {path.readlink()}, which is not there"))
        return None
    except OSError as error:
        return Taken(Row(checksum, flaw=error.strerror or str(error)))
    return _read(name, text, checksum, keys)


def _read(name: str, text: str, checksum: str, keys: Keys) -> Taken:
    from registry.pages.facts import read_page, to_nquads

    _, _, collection, below = name.split("/", 3)
    try:
        reading = read_page(text, below, keys)
        quads = to_nquads(reading, collection, graph_of(name).value).encode()
    except (ValueError, RecursionError) as error:  # one page must not keep all others from being read
        return Taken(Row(checksum, flaw=f"cannot be read: {error}"))
    problems = [(problem.line + 1, problem.kind, problem.reason) for problem in reading.problems]
    return Taken(Row(checksum, len(set(quads.splitlines())), document_of(reading, collection), problems), quads)


def document_of(reading: PageReading, collection: str) -> Document:
    """The words by which a page is found: its names, its notation and its definition."""
    from registry.pages.names import page_iri

    said: dict[str, list[str]] = {iri("rdfs", "label"): [reading.name]}
    for fact in reading.facts:
        if not fact.link:
            said.setdefault(fact.key.predicate, []).append(fact.value)
    kind, _, name = page_iri(collection, reading.name).removeprefix(BASE).partition("/")
    return document(kind, name, {predicate: sorted(set(values)) for predicate, values in said.items()})


class Pages:
    """Pages on their way into a summary and a store, read by other processes from now on where they are many.

    Only with a folder to write to may other processes be asked.
    """

    def __init__(self, home: Home, files: Mapping[str, Stamp], folder: Path | None = None) -> None:
        self.files = files
        self.table = key_table(home)
        self.workers: Reading | None = None
        if folder is not None and len(files) >= MANY:
            from registry.pages.worker import Reading

            self.workers = Reading(files, self.table, folder / "pages")

    def take_in(self, summary: Summary) -> Iterator[bytes | Path]:
        """Fills the summary and gives N-Quads in portions, or the files in which these are."""
        missing = dict(self.files)
        if self.workers is not None:
            for portion in self.workers.portions():
                for name, row in portion.rows.items():
                    summary.add_page(name, missing.pop(name), row)
                yield portion.quads
        if missing:
            keys = load_keys(self.table)
            quads = bytearray()
            for name, stamp in missing.items():
                page = take(name, Path(stamp.path), keys)
                if page is not None:
                    summary.add_page(name, stamp, page.row)
                    quads += page.quads
                if len(quads) > PORTION:
                    yield bytes(quads)
                    quads.clear()
            yield bytes(quads)

    def close(self) -> None:
        """Ends the other processes."""
        if self.workers is not None:
            self.workers.close()
