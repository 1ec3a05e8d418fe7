"""The facts of a page of our own graph, read back from its text, in either profile and after a person edited it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pyoxigraph as ox

from registry.namespaces import iri
from registry.pages import own_keys, own_values
from registry.pages.own import STATED_BY_KEY, STATED_TEXT_KEY, Fact, assertion_text, list_text
from registry.pages.own_keys import ALSO_CALLED, STATED_BY, STATED_TEXT, OwnKey
from registry.pages.own_values import Resolve
from registry.pages.reader import Property, read

FindKey = Callable[[str], OwnKey | None]
"""The key of a name; None for one that means no property of ours."""

_OTHER = ("iri", "title", "url", STATED_BY, STATED_TEXT)
"""Keys that state no fact of their own."""


@dataclass(frozen=True)
class Unread:
    """A property that says nothing the graph could hold; its line counts from 0."""

    line: int
    key: str
    value: str
    reason: str


@dataclass
class OwnReading:
    """What a page states of its subject."""

    subject: str | None
    """None for a page without an `iri`, which is none of ours."""
    title: str | None = None
    """What the page says that it is called; else it is called like its file."""
    facts: dict[Fact, int] = field(default_factory=dict)
    """Each with the first line that states it, from 0."""
    unread: list[Unread] = field(default_factory=list)
    unknown: list[Property] = field(default_factory=list)
    """Properties under keys that are none of ours."""

    def state(self, predicate: str, value: ox.NamedNode | ox.Literal | str, line: int) -> None:
        """Takes in a fact; the first line that states it counts."""
        if self.subject is not None:
            self.facts.setdefault((self.subject, predicate, value), line)


def read_own(text: str, resolve: Resolve, find_key: FindKey) -> OwnReading:
    """All that a page of ours states, with what could not be read; nothing of a page without an `iri`.

    Its facts are those of `own.own_triples`.
    """
    page = read(text)
    subject = next((each.value for each in page.properties if each.key == "iri"), None)
    reading = OwnReading(subject, next((each.value for each in page.properties if each.key == "title"), None))
    if subject is None:
        return reading
    for drawer in (page.properties, *(block.properties for block in page.blocks)):
        latest = {each.key: each for each in drawer}  # of a key that stands twice Logseq takes the last
        sourced = STATED_BY in latest
        for each in latest.values():
            if each.key in _OTHER:
                continue
            key = _key(each.key, find_key)
            if key is None:
                reading.unknown.append(each)
            elif sourced and key.name == "is-subclass-of":
                _read_parent(reading, latest, each, resolve)
            elif each.value:
                _read_value(reading, key, each, resolve)
    for each in (*page.ignored, *(each for block in page.blocks for each in block.ignored)):
        if _key(each.key, find_key) is not None:
            reason = "it stands where Logseq takes it for text, behind the properties of its block"
            reading.unread.append(Unread(each.line, each.written, each.value, reason))
    return reading


def _key(name: str, find_key: FindKey) -> OwnKey | None:
    return own_keys.BY_NAME["alias"] if name == ALSO_CALLED else find_key(name)


def _read_value(reading: OwnReading, key: OwnKey, stated: Property, resolve: Resolve) -> None:
    values: list[ox.NamedNode | ox.Literal | str] | None
    listed = own_values.read_ordered(key, stated.value, resolve) if key.plain in ("strings", "numbers") else True
    if not isinstance(listed, bool):
        values = None if listed is None else [list_text(listed)]
    elif key.name == "alias" and stated.key != ALSO_CALLED:
        values = [own_values.english(label) for label in _labels(stated.value)]
    else:
        values = own_values.read(key, stated.value, resolve)  # type: ignore[assignment]
    if values is None:
        reading.unread.append(Unread(stated.line, stated.written, stated.value, _reason(stated.value, resolve)))
        return
    for value in values:
        reading.state(key.predicate, value, stated.line)


def _read_parent(reading: OwnReading, drawer: dict[str, Property], stated: Property, resolve: Resolve) -> None:
    """A parent as a source states it: `is-subclass-of` beside `stated-by`."""
    parents = own_values.read(own_keys.BY_NAME["is-subclass-of"], stated.value, resolve)
    sources = own_values.read(STATED_BY_KEY, drawer[STATED_BY].value, resolve)
    words = [ox.Literal(f"is-subclass-of:: {stated.value}")]
    if STATED_TEXT in drawer:
        words = own_values.read(STATED_TEXT_KEY, drawer[STATED_TEXT].value, resolve)  # type: ignore[assignment]
    if not (parents and sources and words and len(parents) == len(sources) == len(words) == 1):
        reading.unread.append(Unread(stated.line, stated.written, stated.value, _reason(stated.value, resolve)))
        return
    told = assertion_text(parents[0].value, words[0].value, sources[0])
    reading.state(iri("reg", "assertion"), told, stated.line)


def _labels(value: str) -> Iterator[str]:
    for part in value.split(","):
        label = part.strip()
        if label.startswith("[[") and label.endswith("]]"):
            label = label[2:-2]
        if label:
            yield label


def _reason(value: str, resolve: Resolve) -> str:
    unknown = own_values.unknown_links(value, resolve)
    if unknown:
        return f"no page of the registry is called {', '.join(map(repr, unknown))}"
    return "the key does not hold such a value"
