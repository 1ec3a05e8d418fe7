"""Full-text search over labels, definitions, titles and claims: ranked by SQLite's FTS5, tolerant of typos.

What is called exactly as the query comes first, then what has all its words in its names, then what
has them anywhere.  Words that nothing begins with are read as the nearest ones that occur (RapidFuzz).
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, product
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote

import pyoxigraph as ox

from registry.namespaces import BASE, KINDS, iri
from registry.triples import Term

LABELS = (("skos", "prefLabel"), ("dcterms", "title"), ("rdfs", "label"))
NAMES = (
    ("skos", "altLabel"),
    ("skos", "hiddenLabel"),
    ("skos", "notation"),
    ("fabio", "hasArXivId"),
    ("reg", "authors"),
    ("reg", "variantName"),
    ("reg", "sourceFile"),
)
BODIES = (
    ("skos", "definition"),
    ("skos", "editorialNote"),
    ("rdfs", "comment"),
    ("dcterms", "abstract"),
    ("reg", "statedText"),
    ("reg", "alsoStated"),
    ("reg", "locator"),
    ("reg", "caveat"),
    ("reg", "differsFromPaper"),
    ("reg", "openQuestion"),
)
STATEMENTS = (("reg", "statedText"), ("reg", "alsoStated"))
LEFT_OUT = {
    "run": "registry runs",
    "recipe": "registry show METHOD",
    "notice": "registry show RUN",
}
"""Too many and without words of their own, with the listings that find them."""

PRIORITY = {
    "method": 1.5,
    "term": 1.4,
    "dataset": 1.3,
    "protocol": 1.2,
    "benchmark": 1.1,
    "metric": 1.1,
    "task": 1.1,
    "paper": 1.0,
    "repository": 0.8,
    "claim": 0.5,
    "ablation": 0.5,
    "import": 0.4,
    "page": 0.3,
}
"""How much a kind's words weigh: claims and collections repeat the names of what they are about."""

RECORDS = ("repository", "claim", "ablation", "import", "page")
"""Kinds whose exact names come after those of all others: moco is a term before it is a repository."""

WEIGHTS = "10.0, 6.0, 1.0, 1.0"
"""A word in the label tells more than one in another name, and that more than one in the text."""

BEFORE, AROUND = 5, 16
"""Words of a passage: before the first that was looked for, and in all."""

WORDS = 32
"""So many words of a query are looked for."""

NAMED, ALSO_NAMED, STATED = 0, 1, 2
"""How a text is a subject's: its own name, another of its names, the words of a claim."""

SCHEMA = """
CREATE TABLE documents (id INTEGER PRIMARY KEY, file TEXT, kind TEXT, name TEXT);
CREATE INDEX documents_by_file ON documents (file);
CREATE TABLE keys (key TEXT, level INTEGER, document INTEGER, PRIMARY KEY (key, level, document)) WITHOUT ROWID;
CREATE INDEX keys_by_document ON keys (document);
CREATE TABLE vocabulary (word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5(label, names, body, folded, tokenize = 'unicode61 remove_diacritics 2');
"""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A subject that was found, with the passage that fits best."""

    kind: str
    name: str
    label: str
    passage: str


@dataclass(frozen=True)
class Found:
    """Hits, best first, and the words that were read as others, or, as nothing is near, left out."""

    hits: tuple[Hit, ...]
    corrected: Mapping[str, tuple[str, ...]]


class Document(NamedTuple):
    """The words of a subject as the tables hold them."""

    kind: str
    name: str
    texts: tuple[str, str, str, str]
    """Label, names, body, and the words of these that FTS5 would fold otherwise."""
    keys: list[tuple[str, int]]
    words: list[str]


def document(kind: str, name: str, said: Mapping[str, Sequence[str]]) -> Document:
    """The words of a subject, of the literals of each of its properties."""
    labels, names, body = (list(_literals(said, group)) for group in (LABELS, NAMES, BODIES))
    label = " · ".join(dict.fromkeys(labels)) or name
    name_read = unquote(name)
    texts = label, " · ".join([name_read, *names]), " · ".join(body)
    words = {word for text in texts for word in words_of(text)}
    # Letters of ASCII fold in one way only.
    tokens = {word for text in texts for word in (words_of if text.isascii() else _tokens)(text)}
    folded = " ".join(sorted(words - tokens))
    levels = ((NAMED, [*labels, name_read]), (ALSO_NAMED, names), (STATED, list(_literals(said, STATEMENTS))))
    keys = {(key, level) for level, names in levels for text in names if (key := key_of(words_of(text)))}
    return Document(kind, name, (*texts, folded), sorted(keys), sorted(words))


def add(connection: sqlite3.Connection, file: str, subjects: Mapping[str, Mapping[str, Sequence[Term]]]) -> None:
    """Takes in the subjects of a file that have words."""
    for address, found in subjects.items():
        kind, _, name = address.removeprefix(BASE).partition("/")
        if not address.startswith(BASE) or kind not in KINDS or kind in LEFT_OUT or "#" in name:
            continue
        if kind == "page" and iri("rdf", "type") not in found:
            continue  # an alias, or a page that another one speaks of
        said = {
            predicate: [term.value for term in terms if isinstance(term, ox.Literal)]
            for predicate, terms in found.items()
        }
        insert(connection, file, document(kind, name, said))


def insert(connection: sqlite3.Connection, file: str, found: Document) -> None:
    """Takes in one subject of a file."""
    cursor = connection.execute(
        "INSERT INTO documents (file, kind, name) VALUES (?, ?, ?)", (file, found.kind, found.name)
    )
    number = cursor.lastrowid
    connection.execute(
        "INSERT INTO texts (rowid, label, names, body, folded) VALUES (?, ?, ?, ?, ?)", (number, *found.texts)
    )
    connection.executemany("INSERT INTO keys VALUES (?, ?, ?)", [(*key, number) for key in found.keys])
    connection.executemany("INSERT OR IGNORE INTO vocabulary VALUES (?)", [(word,) for word in found.words])


def forget(connection: sqlite3.Connection, file: str) -> None:
    """Drops what was taken in from a file; its words stay in the vocabulary, but are not found there any more."""
    mine = "IN (SELECT id FROM documents WHERE file = ?)"
    connection.execute(f"DELETE FROM texts WHERE rowid {mine}", (file,))
    connection.execute(f"DELETE FROM keys WHERE document {mine}", (file,))
    connection.execute("DELETE FROM documents WHERE file = ?", (file,))


def find(connection: sqlite3.Connection, query: str, kinds: Collection[str] = (), limit: int = 20) -> Found:
    """What is called like a query, or has all its words, or else any; the first WORDS of it count."""
    chunks: list[list[str]] = []
    for chunk in query.split():
        if words := words_of(chunk)[: WORDS - sum(map(len, chunks))]:
            chunks.append(words)
    readings = {word: _read(connection, word) for chunk in chunks for word in chunk}
    corrected = {word: found for word, found in readings.items() if found != (word,)}
    looking = _Looking(connection, sorted(kinds) or list(PRIORITY), limit)
    if any(readings.values()):
        looking.for_names(islice(product(*(readings[word] for chunk in chunks for word in chunk)), 9))
        every = [_any(found) for found in readings.values() if found]
        together = " AND ".join(text for chunk in chunks if (text := _chunk(chunk, readings)))
        looking.for_words(f"{{label names folded}} : ({together})")
        looking.for_words(together)
        if not looking.found and not looking.pages:
            looking.for_words(" AND ".join(every))
        if not looking.found and not looking.pages:
            wider = (_any((*found, *_nearest(connection, word))) for word, found in readings.items() if found)
            looking.for_words(" AND ".join(wider))
        if not looking.found and not looking.pages:
            looking.for_words(" OR ".join(every))
    return Found(tuple(looking.hits({word for found in readings.values() for word in found})), corrected)


class _Looking:
    """Collects subjects in the order in which they are found."""

    def __init__(self, connection: sqlite3.Connection, kinds: Sequence[str], limit: int) -> None:
        self.connection, self.kinds, self.limit = connection, kinds, limit
        self.among = f"kind IN ({', '.join('?' * len(kinds))})"
        self.found: dict[tuple[str, str], int] = {}
        """Kind and slug, and the document that stands for them."""
        self.pages: dict[tuple[str, str], int] = {}
        """Imported pages apart: there may be thousands, and none comes before a subject of ours."""

    def for_names(self, queries: Iterable[Sequence[str]]) -> None:
        keys = sorted({key_of(words) for words in queries})
        rows = self.connection.execute(
            f"SELECT kind, name, id, level FROM keys JOIN documents ON id = document "
            f"WHERE key IN ({', '.join('?' * len(keys))}) AND {self.among}",
            (*keys, *self.kinds),
        )
        self._take(sorted(rows, key=lambda row: (row[0] in RECORDS, row[3], -PRIORITY[row[0]], row[1])))

    def for_words(self, expression: str) -> None:
        weight = " ".join(f"WHEN '{kind}' THEN {weight}" for kind, weight in PRIORITY.items())
        rows = self.connection.execute(
            f"SELECT kind, name, id FROM texts JOIN documents ON id = texts.rowid "
            f"WHERE texts MATCH ? AND {self.among} "
            f"ORDER BY kind = 'page', bm25(texts, {WEIGHTS}) * CASE kind {weight} END, kind, name LIMIT ?",
            (expression, *self.kinds, self.limit),
        )
        self._take(rows)

    def _take(self, rows: Iterable[Sequence[Any]]) -> None:
        for kind, name, document, *_ in rows:
            group = self.pages if kind == "page" else self.found
            if len(group) < self.limit:
                group.setdefault((kind, name), document)

    def hits(self, words: Collection[str]) -> Iterator[Hit]:
        for (kind, name), document in islice((self.found | self.pages).items(), self.limit):
            (row,) = self.connection.execute("SELECT label, names, body FROM texts WHERE rowid = ?", (document,))
            label, names, body = row
            others = names.removeprefix(unquote(name)).removeprefix(" · ")
            yield Hit(kind=kind, name=name, label=label, passage=_passage((body, others), tuple(words)))


def _any(readings: Iterable[str]) -> str:
    """FTS5 for one of several words; a whole word counts as well as the beginning of one, so it counts twice."""
    found = [f'"{reading}" OR "{_singular(reading)}"*' for reading in readings]
    return f"({' OR '.join(found)})"


def _singular(word: str) -> str:
    """As far as the beginning of a word tells: who asks for losses or samples wants a sample as well."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _chunk(words: Sequence[str], readings: Mapping[str, Sequence[str]]) -> str:
    """FTS5 for what was typed without a blank, 80.86 or t2i_r1: its words follow each other."""
    if all(tuple(readings[word]) == (word,) for word in words):
        return _any([" ".join(words)])
    return " AND ".join(_any(readings[word]) for word in words if readings[word])


def _passage(texts: Sequence[str], wanted: tuple[str, ...]) -> str:
    """The words around the first that was looked for."""
    for text in texts:
        parts = text.split()
        for number, part in enumerate(parts):
            if any(word.startswith(wanted) for word in words_of(part)):
                start = max(0, min(number - BEFORE, len(parts) - AROUND))
                cut = " ".join(parts[start : start + AROUND])
                return ("..." if start else "") + cut + ("..." if start + AROUND < len(parts) else "")
    text = next(filter(None, texts), "")
    parts = text.split()
    return " ".join(parts[:AROUND]) + ("..." if len(parts) > AROUND else "")


def called(connection: sqlite3.Connection, name: str) -> list[tuple[str, str]]:
    """Kind and slug of the subjects whose label, slug or other name has just these words."""
    rows = connection.execute(
        "SELECT DISTINCT kind, name FROM keys JOIN documents ON documents.id = keys.document "
        "WHERE key = ? AND level < ? ORDER BY kind, name",
        (key_of(words_of(name)), STATED),
    )
    return [(row[0], row[1]) for row in rows]


def words_of(text: str) -> list[str]:
    """The words of a text, so that spellings of case, accents and ligatures are one."""
    return re.findall(r"[^\W_]+", _plain("NFKD", text).casefold())


def _tokens(text: str) -> list[str]:
    """The words of a text as FTS5 keeps them."""
    return re.findall(r"[^\W_]+", _plain("NFD", text).lower())


def _plain(form: Literal["NFD", "NFKD"], text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize(form, text) if not unicodedata.combining(c))


def key_of(words: Sequence[str]) -> str:
    """A name without blanks: "MoCo v2" and "mocov2" are one, "80 86" and "808 6" are not."""
    key = words[0] if words else ""
    for before, after in pairwise(words):
        key += "." * (before[-1].isdigit() and after[0].isdigit()) + after
    return key


def _literals(said: Mapping[str, Sequence[str]], properties: Iterable[tuple[str, str]]) -> Iterator[str]:
    for prefix, local in properties:
        values = said.get(iri(prefix, local), ())
        # A store gives them in an order of its own; that of authors is part of what is said.
        yield from values if local == "authors" else sorted(values)


def _read(connection: sqlite3.Connection, word: str) -> tuple[str, ...]:
    """The word itself where something begins with it, else the nearest that occur; none where nothing is near."""
    return (word,) if _occurs(connection, word) else _nearest(connection, word)


def _occurs(connection: sqlite3.Connection, word: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM texts WHERE texts MATCH ? LIMIT 1", (f'"{word}"*',)).fetchall())


def _nearest(connection: sqlite3.Connection, word: str) -> tuple[str, ...]:
    """Up to three words, all equally near: one slip in three to five letters, two in up to nine, three in more."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    reach = (len(word) > 2) + (len(word) > 5) + (len(word) > 9)
    candidates = connection.execute(
        "SELECT word FROM vocabulary WHERE length(word) BETWEEN ? AND ? AND word <> ?",
        (len(word) - reach, len(word) + reach, word),
    )
    scored = process.extract(word, [row[0] for row in candidates], scorer=OSA.distance, score_cutoff=reach, limit=20)
    # People rarely mistake the first letter.
    ranks = {near: (slips, near[0] != word[0]) for near, slips, _ in scored if _occurs(connection, near)}
    return tuple(sorted(near for near, rank in ranks.items() if rank == min(ranks.values())))[:3]
