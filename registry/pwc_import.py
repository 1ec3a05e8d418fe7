"""Imported evaluation tables as Turtle: one file of the graph for each JSON file, the same bytes for the same bytes.

What a table states is kept apart from claims that we read in the sources and from results that we
measured: it has classes of its own, takes no rank and gets no verdict.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, unquote

from registry.errors import RegistryError
from registry.home import Home
from registry.namespaces import BASE, PREFIXES, iri
from registry.pwc import SHAPES, Field, Json, Number, dump, read
from registry.pwc_values import read_value
from registry.results import replace

LICENCE = "https://creativecommons.org/licenses/by-sa/4.0/"
CREDIT = "Papers with Code and its contributors; evaluation tables under CC BY-SA 4.0"
VERSION = 1
"""Of the mapping to triples; a change makes other triples of the same file."""

COUNTED = ("tasks", "subtasks", "datasets", "subdatasets", "tables", "rows", "values", "numbers", "noted")


@dataclass
class Imported:
    """What came of a file.  `problem` says why it was not imported, and is empty if it was."""

    file: str
    name: str = ""
    """Of the import, as `export pwc` takes it."""
    outcome: str = "refused"
    """imported, replaced, unchanged or refused."""
    problem: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    """Of tasks, rows, values, ...; "numbers" are values with a number, "noted" those with a note."""
    notes: Counter[str] = field(default_factory=Counter)
    """How many values are odd, by what is odd about them."""
    kept_as_json: list[str] = field(default_factory=list)
    """Fields and list members of an unknown kind; they survive as JSON text."""


def import_files(home: Home, files: Iterable[Path]) -> list[Imported]:
    """Imports each file that can be read; the others are named with their problem."""
    done: list[Imported] = []
    taken: dict[str, Path] = {}
    for file in files:
        report = Imported(file=str(file))
        done.append(report)
        slug = slug_of(file)
        try:
            if slug in taken:
                raise RegistryError(f"{file}: would replace the import of {taken[slug]}; rename one of them")
            _import(home.imports / "pwc" / f"{slug}.ttl", file, report)
            taken[slug] = file
        except RegistryError as error:
            report.outcome, report.problem = "refused", str(error)
    return done


def slug_of(file: Path) -> str:
    """The name of a file without its ending, in letters that any path and any IRI may hold."""
    return _encoded(file.name.removesuffix(".json"))


def _import(target: Path, file: Path, report: Imported) -> None:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RegistryError(f"{file}: cannot be read: {error.strerror or error}") from error
    report.name = f"pwc-{slug_of(file)}"
    try:
        name = os.fsencode(file.name).decode("utf-8", errors="replace")
        text = to_turtle(name, content, read(file, content), report)
    except RecursionError:
        raise RegistryError(f"{file}: is nested too deep; tables have a few levels") from None
    try:
        before = target.read_bytes() if target.exists() else None
        if before is not None and (source := _source_line(before)) != _source_line(text):
            raise RegistryError(
                f"{file}: {target.name} holds the import of {source}; rename the file that you import"
            )
        report.outcome = "imported" if before is None else "unchanged" if before == text else "replaced"
        if before != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            replace(target, text)
    except OSError as error:
        raise RegistryError(f"{file}: its import cannot be written to {target}: {error}") from error


def _source_line(turtle: bytes) -> str:
    found = re.search(rb"^ +reg:sourceFile (.*) ;$", turtle, re.MULTILINE)
    return found.group(1).decode() if found else "another file"


def to_turtle(name: str, content: bytes, tasks: Sequence[dict[str, Json]], report: Imported) -> bytes:
    """The Turtle of a file's tasks; counts into the report what was found."""
    slug = report.name.removeprefix("pwc-")
    writer = _Writer(report)
    addresses = writer.children("tasks", "task", tasks, "")
    # Of the content rather than the bytes: a file with other spaces makes the same graph.
    normal = sha256(dump(list(tasks), indent=2).encode()).hexdigest()
    used = ("reg", "rdfs", "xsd", "prov", "mls", "schema", "dcterms", "qudt", "unit")
    head = [
        f"# Papers with Code tables that {_escaped(name)} states; sha256 of the file: {sha256(content).hexdigest()}.",
        *(f"@prefix {prefix}: <{PREFIXES[prefix]}> ." for prefix in used),
        f"@base <{BASE}pwc/{slug}/> .",
        "",
        f"<{iri('import', 'pwc-' + slug)}>",
        "    a reg:Import, prov:Activity ;",
        f"    reg:sourceFile {_text(name)} ;",
        f'    schema:sha256 "{normal}" ;',
        f"    reg:importerVersion {VERSION} ;",
        f"    dcterms:license <{LICENCE}> ;",
        f"    schema:creditText {_text(CREDIT)}" + (" ;" if addresses else " ."),
        *([f"    reg:importedTask {_listed(addresses)} ."] if addresses else []),
        "",
    ]
    return "\n".join([*head, *writer.statements, *writer.models(), ""]).encode()


class _Writer:
    def __init__(self, report: Imported) -> None:
        self.report = report
        self.statements: list[str] = []
        self._models: dict[str, str] = {}

    def models(self) -> list[str]:
        """Names that differ by one character are two models."""
        return [
            f"<{address}> a reg:ImportedModel ; rdfs:label {_text(name)} ." for name, address in self._models.items()
        ]

    def children(self, key: str, shape: str, items: Sequence[Json], parent: str) -> list[str]:
        """The addresses of the members of a list, each below its parent and by its name or number."""
        if key in COUNTED:
            self.report.counts[key] += sum(isinstance(item, dict) for item in items)
        seen: Counter[str] = Counter()
        addresses = []
        for position, item in enumerate(items, start=1):
            name = _name_of(shape, item)
            if name is None:
                part = str(position)
            elif not isinstance(item, dict):
                part = f"~item{position}"
            else:
                seen[name] += 1
                # A second one of the same name is another thing; quoted names hold no "~".
                part = _encoded(name) + (f"~{seen[name]}" if seen[name] > 1 or not name else "")
            address = f"{parent}{key}/{part}"
            addresses.append(address)
            if isinstance(item, dict):
                self._object(shape, item, address, [f"reg:position {position}"])
            else:
                self._unfit(address, item, position)
        return addresses

    def _unfit(self, address: str, item: Json, position: int) -> None:
        self.report.kept_as_json.append(unquote(address))
        self.statements.append(
            f"<{address}> a reg:ListedText ; reg:position {position} ; reg:jsonText {_text(dump(item))} ."
        )

    def _object(self, shape: str, item: dict[str, Json], address: str, facts: list[str]) -> None:
        place = len(self.statements)
        self.statements.append("")  # parents before their children
        facts = [f"a {SHAPES[shape].kind}", *facts, f"reg:fields {_text(dump(list(item)))}"]
        said: set[str] = set()
        for key, value in item.items():
            known = SHAPES[shape].fields.get(key)
            if value is None:
                facts.append(f"reg:nullField {_text(key)}")
                continue
            found = None if known is None or known.predicate in said else self._field(key, known, value, address)
            if known is None or found is None:
                self.report.kept_as_json.append(unquote(f"{address}/{_encoded(key)}"))
                facts.append(f"reg:otherField {_text(dump({key: value}))}")
            else:
                said.add(known.predicate)
                facts += found
        self.statements[place] = f"<{address}> " + " ;\n    ".join(facts) + " ."

    def _field(self, key: str, known: Field, value: Json, address: str) -> list[str] | None:
        """What a field says of its object; None if it holds something else than it should."""
        below = f"{address}/"
        match known.holds, value:
            case "text", str():
                model = [f"reg:model <{self._model(value)}>"] if key == "model_name" and value else []
                return [f"{known.predicate} {_text(value)}", *model]
            case "url", str():
                return [f"{known.predicate} {_text(value)}^^xsd:anyURI"]
            case "date", str():
                if _is_date(value):
                    return [f"{known.predicate} {_text(value)}^^xsd:date"]
                return [f"{known.predicate} {_text(value)}", f'reg:parseNote "{key} is not a date"']
            case "flag", bool():
                return [f"{known.predicate} {str(value).lower()}"]
            case "object", dict():
                self.report.counts["tables"] += known.shape == "table" and bool(value)
                self._object(known.shape, value, below + key, [])
                return [f"{known.predicate} <{below}{key}>"]
            case "objects", list():
                return _links(known.predicate, self.children(key, known.shape, value, below))
            case "texts", list():
                return _links(known.predicate, self._texts(f"{below}{key}/", value))
            case "values", dict():
                return _links(known.predicate, self._values(f"{below}{key}/", value))
        return None

    def _model(self, name: str) -> str:
        return self._models.setdefault(name, f"model/{_encoded(name)}")

    def _texts(self, below: str, items: Sequence[Json]) -> list[str]:
        addresses = [f"{below}{position}" for position in range(1, len(items) + 1)]
        for position, (address, item) in enumerate(zip(addresses, items, strict=True), start=1):
            if isinstance(item, str):
                self.statements.append(
                    f"<{address}> a reg:ListedText ; reg:position {position} ; rdfs:label {_text(item)} ."
                )
            else:
                self._unfit(address, item, position)
        return addresses

    def _values(self, below: str, cells: dict[str, Json]) -> list[str]:
        self.report.counts["values"] += len(cells)
        addresses = []
        for position, (metric, cell) in enumerate(cells.items(), start=1):
            address = below + (_encoded(metric) or "~1")
            addresses.append(address)
            facts = ["a reg:StatedValue", f"reg:position {position}", f"reg:metricName {_text(metric)}"]
            self.statements.append(f"<{address}> " + " ; ".join(facts + self._value(cell)) + " .")
        return addresses

    def _value(self, cell: Json) -> list[str]:
        if isinstance(cell, str | Number):
            text, kind = (cell, "") if isinstance(cell, str) else (cell.text, "number")
            reading = read_value(text)
            number, percent, notes = reading.number, reading.percent, reading.notes
        else:
            text = dump(cell)
            kind = {bool: "boolean", list: "array", dict: "object"}.get(type(cell), "null")
            number, percent, notes = None, False, (f"{kind} instead of a value",)
        self.report.counts["numbers"] += number is not None
        self.report.counts["noted"] += bool(notes)
        self.report.notes.update(notes)
        return [
            f"reg:statedText {_text(text)}",
            *([f'reg:jsonType "{kind}"'] if kind else []),
            *([f"mls:hasValue {number}"] if number is not None else []),
            *(["qudt:hasUnit unit:PERCENT"] if percent else []),
            *(f"reg:parseNote {_text(note)}" for note in notes),
        ]


def _name_of(shape: str, item: Json) -> str | None:
    """What addresses a task or a data set; rows and links go by number."""
    keys = {"task": ("task",), "dataset": ("dataset", "subdataset")}.get(shape)
    if keys is None:
        return None
    if not isinstance(item, dict):
        return ""
    return next((name for key in keys if isinstance(name := item.get(key), str)), "")


def _links(predicate: str, addresses: Sequence[str]) -> list[str]:
    return [f"{predicate} {_listed(addresses)}"] if addresses else []


def _listed(addresses: Sequence[str]) -> str:
    return ", ".join(f"<{address}>" for address in addresses)


def _encoded(name: str) -> str:
    """One segment of an IRI that no other name has: every character that means something is percent-encoded."""
    encoded = quote(name, safe="", errors="surrogateescape").replace("~", "%7E")
    return encoded.replace(".", "%2E") if not encoded.strip(".") else encoded  # "." and ".." are steps in a path


def _is_date(text: str) -> bool:
    with suppress(ValueError):
        return re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(date.fromisoformat(text))
    return False


_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)}
_ESCAPES |= {
    ord(character): escape
    for character, escape in zip('\\"\n\r\t', ("\\\\", '\\"', "\\n", "\\r", "\\t"), strict=True)
}


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _text(text: str) -> str:
    return f'"{_escaped(text)}"'
