"""JSON-LD in fences: its keys by the same table as properties, its contexts shipped and never fetched.

An object `{"@id": ..., "label": "Key Queue"}` stands for the page of that label; one without a label for
the page that its address ends in, with blanks for hyphens: `urn:x:class:key-queue` is the page "key queue".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from registry.pages.keys import Key, Keys, fold_key
from registry.pages.names import fold
from registry.pages.reader import Fence, Page, Property
from registry.pages.stated import Fact, Reading

LANGUAGES = ("json-ld", "jsonld", "application/ld+json")
CONTEXTS = Path(__file__).parent / "contexts.json"
"""The contexts that pages name, by address: what they say of prefixes."""

_ANNOTATION = "LinkResolutionsAnnotation"
"""Says again what the links of the text are; nothing is read from it."""

_GROUPS = ("relations", "provenance", "quality")
"""Objects whose keys are keys of the page."""

_LABELS = ("label", "vc:label", "name", "prefLabel", "title")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:)?', re.DOTALL)
_WIKILINK = re.compile(r"\[\[(.+)\]\]", re.DOTALL)
_ADDRESS = re.compile(r"(?:urn|https?|did|tag):\S+", re.IGNORECASE)


class _Number(float):
    """A number that remembers how it is written."""

    written: str


def read_fences(page: Page, keys: Keys, reading: Reading) -> None:
    """Adds what the JSON-LD fences of a page state to its reading."""
    for fence in page.fences:
        language = fence.language.split(" ", 1)[0].lower()
        if language in LANGUAGES or language == "json":
            text = "".join(page.lines[fence.first + 1 : fence.last - 1])
            if language != "json" or '"@context"' in text or '"@type"' in text:
                _read(text, fence, keys, reading)


def _read(text: str, fence: Fence, keys: Keys, reading: Reading) -> None:
    first = fence.first + 1
    try:
        found = json.loads(text, parse_float=_number, parse_int=_number, object_pairs_hook=_object, strict=False)
        _Objects(text, first, 0 if fence.block is None else fence.block + 1, keys, reading).take(found)
    except json.JSONDecodeError as error:
        reason = f"the JSON cannot be read ({error.msg}, column {error.colno}); it stays in the text"
        reading.report("broken-json", first + error.lineno - 1, reason)
    except RecursionError:
        reading.report("broken-json", fence.first, "the JSON is nested too deeply; it stays in the text")


def _number(written: str) -> _Number:
    number = _Number(written if len(written) < 300 else "0")
    number.written = written
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that stands twice both values count."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for name in found:
            values = [value for other, value in pairs if other == name]
            found[name] = values if len(values) > 1 else values[0]
    return found


class _Objects:
    """The objects of one fence into a reading."""

    def __init__(self, text: str, first: int, block: int, keys: Keys, reading: Reading) -> None:
        self.first, self.block, self.keys, self.reading = first, block, keys, reading
        self.prefixes: set[str] = set()
        self.lines: dict[str, int] = {}
        line, place = first, 0
        for string in _STRING.finditer(text):
            if string[2]:
                line += text.count("\n", place, string.start())
                place = string.start()
                self.lines.setdefault(string[1], line)

    def take(self, found: Any) -> None:
        """An object, a list of them, or a graph."""
        if isinstance(found, list):
            for one in found:
                self.take(one)
        elif isinstance(found, dict):
            self._take_context(found.get("@context"))
            kind = found.get("@type")
            if _ANNOTATION in " ".join(_texts(kind)):
                return
            for written, value in found.items():
                if written == "@graph":
                    self.take(value)
                elif written not in ("@context", "@type"):
                    self._take_pair(written, value)
        else:
            reason = f"a JSON-LD fence holds an object, and this one {type(found).__name__}; it stays in the text"
            self.reading.report("broken-json", self.first - 1, reason)

    def _take_context(self, context: Any) -> None:
        for one in context if isinstance(context, list) else [context]:
            if isinstance(one, dict):
                self.prefixes |= one.keys()
            elif isinstance(one, str):
                shipped = contexts().get(one)
                if shipped is None:
                    reason = f"the context {one} is not shipped and never fetched; keys are read by their local names"
                    self.reading.report("unknown-context", self._line("@context"), reason)
                else:
                    self.prefixes |= shipped

    def _take_pair(self, written: str, value: Any) -> None:
        local = self._local(written)
        if local in _GROUPS and isinstance(value, dict):
            for name, inner in value.items():
                self._take_pair(name, inner)
        elif local == "legacyProperties" and isinstance(value, list):
            for one in value:
                name = one.get("vc:key", one.get("key")) if isinstance(one, dict) else None
                if isinstance(name, str):
                    self.lines.setdefault(name, self._line(written))
                    self._take_known(name, one.get("vc:value", one.get("value")))
                else:
                    self._keep(written, one)
        else:
            self._take_known(written, value)

    def _take_known(self, written: str, value: Any) -> None:
        key = self.keys.known(written) or self.keys.known(self._local(written))
        if key is None:
            self._keep(written, value)
            return
        line = self._line(written)
        for one in _each(value):
            fact = self._fact(key, one, line)
            if fact is not None:
                self.reading.facts.append(fact)
            elif one is None or one == "":
                self._keep(written, one)
                if not key.may_be_empty:
                    self.reading.report("no-value", line, f"{written} has no value in the JSON-LD; nothing was read")
            else:
                self._keep(written, one)
                wanted = "a page" if key.holds == "links" else "a value"
                reason = f"{written} should name {wanted} in the JSON-LD, and says {_dump(one)[:60]}"
                self.reading.report("no-link" if key.holds == "links" else "no-value", line, reason)

    def _fact(self, key: Key, value: Any, line: int) -> Fact | None:
        """A value as a fact, or None where it is none that the key can hold."""
        if isinstance(value, dict) and "@value" in value:
            value = value["@value"]
        is_page = key.holds == "links" or (
            key.holds == "mixed" and (_label(value) is not None if isinstance(value, dict) else "[[" in str(value))
        )
        if is_page:
            name = page_of(value)
            return None if name is None else Fact(key, name, line, link=True, fence=True)
        if isinstance(value, dict):
            value = _label(value) or value.get("@id")
        text = _text(value)
        return Fact(key, text, line, fence=True) if text else None

    def _keep(self, written: str, value: Any) -> None:
        text = "" if value is None else _text(value)
        text = _dump(value) if text is None else text
        self.reading.state(Property(fold_key(written), written, _whole(text), self._line(written)), self.block)

    def _local(self, written: str) -> str:
        """A key without its prefix, where the context has that prefix."""
        prefix, colon, local = written.partition(":")
        return local if colon and (prefix in self.prefixes or prefix in self.keys.prefixes) else written

    def _line(self, written: str) -> int:
        return self.lines.get(written, self.first - 1)


def page_of(value: Any) -> str | None:
    """The name of the page that a JSON value stands for, or None where it names none."""
    if isinstance(value, dict):
        return page_of(_label(value) or value.get("@id"))
    if not isinstance(value, str) or not fold(value):
        return None
    text = _whole(value).strip()
    link = _WIKILINK.fullmatch(text)
    if link:
        return str(link[1])
    if _ADDRESS.fullmatch(text):
        ending = text.rstrip(":/#").replace("/", ":").replace("#", ":").rpartition(":")[2]
        return ending.replace("-", " ").replace("_", " ") or None
    return text


def _label(found: dict[str, Any]) -> str | None:
    texts = (found.get(name) for name in _LABELS)
    return next((text for text in texts if isinstance(text, str) and text.strip()), None)


@cache
def contexts() -> dict[str, frozenset[str]]:
    """The shipped contexts: address, and the prefixes that it declares."""
    documents = json.loads(CONTEXTS.read_text(encoding="utf-8"))
    return {
        address: frozenset(name for name in document["@context"] if not name.startswith("@"))
        for address, document in documents.items()
    }


def _each(value: Any) -> Iterator[Any]:
    """The values of a key: those of a list one by one, an empty list none."""
    if isinstance(value, dict) and isinstance(inner := value.get("@list", value.get("@set")), list):
        value = inner
    if isinstance(value, list):
        for one in value:
            yield from _each(one)
    else:
        yield value


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _text(value: Any) -> str | None:
    """A JSON value that is no object, as it is written."""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.written if isinstance(value, _Number) else None


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _whole(text: str) -> str:
    """Without halves of characters, which JSON can write and no text may hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
