"""The evaluation tables of Papers with Code as JSON: their shape, and reading and writing without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, Union

from registry.errors import RegistryError


@dataclass(frozen=True, slots=True)
class Number:
    """A number as the file spells it: 95.10 stays 95.10."""

    text: str


@dataclass(frozen=True, slots=True)
class _Repeating:
    """An object that has a key more than once."""

    pairs: list[tuple[str, Json]]


Json: TypeAlias = Union[bool, str, Number, "list[Json]", "dict[str, Json]", None]

Holds = Literal["text", "url", "date", "flag", "texts", "object", "objects", "values"]


@dataclass(frozen=True)
class Field:
    """What a key of the JSON holds, and the property that says it in the graph."""

    predicate: str
    holds: Holds
    shape: str = ""
    """Of the objects that it holds."""


@dataclass(frozen=True)
class Shape:
    """A kind of object in the JSON and its class in the graph."""

    kind: str
    fields: dict[str, Field]


_NAMED = {
    "dataset": Field("rdfs:label", "text"),
    "subdataset": Field("rdfs:label", "text"),
    "description": Field("dcterms:description", "text"),
    "subdatasets": Field("reg:importedSubdataset", "objects", "dataset"),
    "dataset_links": Field("reg:datasetLink", "objects", "link"),
    "dataset_citations": Field("reg:datasetCitation", "objects", "link"),
    "sota": Field("reg:table", "object", "table"),
}

SHAPES = {
    "task": Shape(
        "reg:ImportedTask",
        {
            "task": Field("rdfs:label", "text"),
            "description": Field("dcterms:description", "text"),
            "categories": Field("reg:category", "texts"),
            "synonyms": Field("reg:synonym", "texts"),
            "source_link": Field("reg:sourceLink", "object", "link"),
            "subtasks": Field("reg:importedSubtask", "objects", "task"),
            "datasets": Field("reg:importedDataset", "objects", "dataset"),
        },
    ),
    "dataset": Shape("reg:ImportedDataset", _NAMED),
    "table": Shape(
        "reg:ImportedTable",
        {"metrics": Field("reg:column", "texts"), "rows": Field("reg:row", "objects", "row")},
    ),
    "row": Shape(
        "reg:ImportedRow",
        {
            "model_name": Field("reg:modelName", "text"),
            "paper_title": Field("reg:paperTitle", "text"),
            "paper_url": Field("reg:paperUrl", "url"),
            "paper_date": Field("reg:paperDate", "date"),
            "code_links": Field("reg:codeLink", "objects", "link"),
            "model_links": Field("reg:modelLink", "objects", "link"),
            "metrics": Field("reg:statedValue", "values"),
            "uses_additional_data": Field("reg:usesAdditionalData", "flag"),
        },
    ),
    "link": Shape(
        "reg:ImportedLink",
        {"title": Field("dcterms:title", "text"), "url": Field("schema:url", "url")},
    ),
}
"""Keys that are not listed here, or that hold something else, are kept as JSON text."""

EXPECTED = 'expected a list of tasks, [{"task": "...", "datasets": [...]}, ...], as in evaluation-tables.json'


def read(file: Path, content: bytes) -> list[dict[str, Json]]:
    """The tasks of a file; raises RegistryError, with the line where the content is no JSON."""
    text = _decoded(file, content)
    repeating: list[_Repeating] = []

    def item(pairs: list[tuple[str, Json]]) -> dict[str, Json] | _Repeating:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        repeating.append(_Repeating(pairs))
        return repeating[-1]

    try:
        tasks: Json = json.loads(
            text, object_pairs_hook=item, parse_float=Number, parse_int=Number, parse_constant=_refuse_constant
        )
    except json.JSONDecodeError as error:
        raise RegistryError(f"{file}:{error.lineno}: this is not JSON: {error.msg} (column {error.colno})") from None
    except _Constant as error:
        line = next((n for n, line in enumerate(text.split("\n"), 1) if _bare(str(error), line)), 1)
        raise RegistryError(f"{file}:{line}: {error} is no JSON number; write null or the text as a string") from None
    if repeating or re.search(r"\\u[dD][89a-fA-F]", text):
        for offence in _offences(tasks, ""):
            raise RegistryError(f"{file}: {offence}")
    if not isinstance(tasks, list):
        raise RegistryError(f"{file}: {EXPECTED}")
    found = []
    for index, task in enumerate(tasks):
        if not isinstance(task, dict) or not isinstance(task.get("task"), str):
            raise RegistryError(f'{file}: tasks[{index}] is no object with a text as "task"; {EXPECTED}')
        found.append(task)
    return found


def _decoded(file: Path, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RegistryError(f"{file}:1: this is UTF-16 or UTF-32; save the file as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise RegistryError(
            f"{file}:{line}: byte 0x{byte:02x} is not UTF-8 (it may be Latin-1); save the file as UTF-8"
        ) from None


class _Constant(Exception):
    """NaN or Infinity, which Python reads and JSON does not have."""


def _refuse_constant(name: str) -> Json:
    raise _Constant(name)


def _bare(constant: str, line: str) -> bool:
    outside_strings = re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
    return re.search(rf"{re.escape(constant)}\b", outside_strings) is not None


def _offences(value: Json | _Repeating, path: str) -> Iterator[str]:
    """What neither a dictionary nor a graph can hold, and where it stands."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield f"{path or 'the text'} holds half of a surrogate pair, which is no character: {value[:80]!a}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _offences(item, f"{path or 'tasks'}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _offences(key, f"a key of {path}")
            yield from _offences(item, f"{path}.{key}")
    elif isinstance(value, _Repeating):
        keys = [key for key, _ in value.pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        yield f"{path or 'the object'} has the key {json.dumps(twice)} more than once; which one holds is not said"


def dump(value: Json, indent: int | None = None) -> str:
    """The JSON text; numbers as they were spelled, and otherwise as `json.dumps` writes it."""
    pieces: list[str] = []
    _dump(value, pieces, "\n" if indent is not None else "", " " * (indent or 0))
    return "".join(pieces)


def _dump(value: Json, pieces: list[str], line: str, step: str) -> None:
    if isinstance(value, Number):
        pieces.append(value.text)
    elif isinstance(value, str):
        pieces.append(json.dumps(value))
    elif isinstance(value, bool) or value is None:
        pieces.append({True: "true", False: "false", None: "null"}[value])
    elif not value:
        pieces.append("[]" if isinstance(value, list) else "{}")
    else:
        inner = line + step if line else ""
        between = "," + (inner or " ")
        pieces.append(("[" if isinstance(value, list) else "{") + inner)
        if isinstance(value, list):
            for index, item in enumerate(value):
                pieces.append(between if index else "")
                _dump(item, pieces, inner, step)
        else:
            for index, (key, item) in enumerate(value.items()):
                pieces.append((between if index else "") + json.dumps(key) + ": ")
                _dump(item, pieces, inner, step)
        pieces.append(line + ("]" if isinstance(value, list) else "}"))
