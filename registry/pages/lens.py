"""Facts of a page changed in its text, each in its own lines, all else byte for byte."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.errors import RegistryError
from registry.pages import lists, references
from registry.pages.facts import Reading, read_page
from registry.pages.keys import Key, Keys
from registry.pages.names import fold
from registry.pages.reader import Page, Property, read

_LINE = re.compile(
    r"(?P<lead>[ \t]*(?:[-*+] )?)(?P<key>\S.*?)::(?P<gap>[ \t]*)(?P<value>.*?)(?P<tail>[ \t]*\r?\n?)", re.DOTALL
)
_LISTS = ("links", "mixed", "names")
"""What a key holds whose values share a line."""
_NOT_FACTS = frozenset(("id", "collapsed", "title", "iri"))
"""Keys that say something of a block or of the page as a page: no other fact is put beside them."""


def change(text: str, keys: Keys, wanted: Mapping[Key, Sequence[str]], file: str = "page.md") -> str:
    """The text whose facts under the given keys are exactly the wanted values, as a set.

    Only lines of properties differ, and none where the facts are so already.  The result is read again:
    raises RegistryError where a value cannot stand in a property, where the facts stand elsewhere than
    in properties, and where any other fact would change.
    """
    before = read_page(text, file, keys)
    after = text
    for key, values in wanted.items():
        _require_values(key, values, _values(before, key))
        after = _Change(after, keys, key, file).to(list(dict.fromkeys(values)))
    if after != text:
        _require_facts(before, read_page(after, file, keys), wanted)
    return after


def _same(key: Key, value: str) -> str:
    """What makes two values one fact."""
    return fold(value) if key.holds == "links" else value


def _values(reading: Reading, key: Key) -> list[str]:
    return [fact.value for fact in reading.facts if fact.key == key]


def _require_values(key: Key, values: Sequence[str], stated: Sequence[str]) -> None:
    for value in values:
        if value in stated:
            continue
        if "\n" in value or "\r" in value:
            raise RegistryError(f"{key.name} cannot hold {value!r}: a property of a page has one line")
        if not value or value != value.strip():
            raise RegistryError(f"{key.name} cannot hold {value!r}: a page has no blanks around a value")
        if key.holds == "links":
            if references.pages(f"[[{value}]]") != [value]:
                raise RegistryError(f"{key.name} cannot hold {value!r}: no link [[...]] leads to a page of that name")
        elif key.holds not in _LISTS and references.pages(value):
            raise RegistryError(
                f"{key.name} cannot hold {value!r}: Logseq would read {references.pages(value)[0]!r} as a link "
                "and drop the rest; put a backslash before # and [["
            )


def _require_facts(before: Reading, after: Reading, wanted: Mapping[Key, Sequence[str]]) -> None:
    for key, values in wanted.items():
        if {_same(key, value) for value in _values(after, key)} != {_same(key, value) for value in values}:
            raise RegistryError(
                f"{key.name} cannot be made {_shown(values)} by changing its own lines; edit the page by hand"
            )
    old = Counter((fact.key.name, fact.value) for fact in before.facts if fact.key not in wanted)
    new = Counter((fact.key.name, fact.value) for fact in after.facts if fact.key not in wanted)
    if old != new:
        (name, value), _ = next(iter(((old - new) + (new - old)).items()))
        raise RegistryError(f"that would change {name} {value!r} as well; edit the page by hand")


def _shown(values: Sequence[str]) -> str:
    return ", ".join(map(repr, values)) or "empty"


@dataclass(frozen=True)
class _Place:
    """A property in the text: its block is None in the head of the page."""

    property: Property
    block: int | None


class _Change:
    """One key of one text."""

    def __init__(self, text: str, keys: Keys, key: Key, file: str) -> None:
        self.keys, self.key = keys, key
        self.page: Page = read(text)
        self.lines: list[str] = list(self.page.lines)
        self.facts = [fact for fact in read_page(text, file, keys).facts if fact.key == key]
        self.places = [
            *(_Place(each, None) for each in self.page.properties),
            *(_Place(each, index) for index, block in enumerate(self.page.blocks) for each in block.properties),
        ]
        self._add_places()
        self.own = [place for place in self.places if keys.known(place.property.written) == key]
        self.newline = "\r\n" if any(line.endswith("\r\n") for line in self.lines) else "\n"
        self.gone: set[int] = set()

    def _add_places(self) -> None:
        """The lines that Logseq takes for text and the registry for facts, `owl:class:: x` for one."""
        known = {place.property.line for place in self.places}
        for fact in self.facts:
            found = _LINE.fullmatch(self.lines[fact.line])
            if found is None or fact.fence or fact.line in known:
                continue
            above = [index for index, block in enumerate(self.page.blocks) if block.first <= fact.line]
            stated = Property(found["key"].lower(), found["key"], found["value"], fact.line)
            self.places.append(_Place(stated, above[-1] if above else None))
            known.add(fact.line)
        self.places.sort(key=lambda place: place.property.line)

    def to(self, values: list[str]) -> str:
        """The text in which the key has these values."""
        stated = {_same(self.key, fact.value): fact.value for fact in self.facts}
        keep = {_same(self.key, value) for value in values}
        removed = [stated[each] for each in stated if each not in keep]
        added = [value for value in values if _same(self.key, value) not in stated]
        for old, new in zip(removed, added, strict=False):
            self._replace(old, new)
        for old in removed[len(added) :]:
            self._replace(old, None)
        if len(added) > len(removed):
            self._add(added[len(removed) :])
        return self._text()

    def _text(self) -> str:
        """The lines; whether the last one ends stays as it was."""
        text = "".join(line for index, line in enumerate(self.lines) if index not in self.gone)
        if self.page.lines and not self.page.lines[-1].endswith("\n") and text.endswith("\n"):
            return text.removesuffix("\n").removesuffix("\r")
        return text

    # One value for another

    def _replace(self, old: str, new: str | None) -> None:
        lines = [fact.line for fact in self.facts if _same(self.key, fact.value) == _same(self.key, old)]
        for line in dict.fromkeys(lines):
            found = _LINE.fullmatch(self.lines[line])
            place = next((each for each in self.own if each.property.line == line), None)
            if found is None or place is None:
                raise RegistryError(
                    f"{self.key.name} {old!r} stands in line {line + 1}, in no property; edit the page by hand"
                )
            value = self._without(found["value"], old, new)
            if value:
                self._set(line, value)
            else:
                self._remove(place)
            new = None  # what is stated twice is replaced once

    def _without(self, value: str, old: str, new: str | None) -> str:
        """The value of a line with one of its values replaced, or less it."""
        if self.key.holds not in _LISTS:
            return new or ""
        if any(fold(item.name) == fold(old) for item in lists.items(value)):
            if new is None:
                return lists.without(value, old)
            item = next(item for item in lists.items(value) if fold(item.name) == fold(old))
            written = value[item.start : item.end]
            # A tag may not be able to bear the new name.
            link = written.replace(f"[[{item.name}]]", f"[[{new}]]") if "[[" in written else f"[[{new}]]"
            return value[: item.start] + link + value[item.end :]
        if value == old:
            return new or ""
        parts = value.split(",")
        kept = [
            part.replace(old, new or "", 1) if part.strip() == old else part
            for part in parts
            if new is not None or part.strip() != old
        ]
        return ",".join(kept).strip()

    def _set(self, line: int, value: str) -> None:
        found = _LINE.fullmatch(self.lines[line])
        assert found is not None
        tail = found["tail"] if found["value"] else found["tail"].lstrip(" \t")
        self.lines[line] = f"{found['lead']}{found['key']}::{found['gap'] or ' '}{value}{tail}"

    def _remove(self, place: _Place) -> None:
        """Takes out a property; of a block that holds more, the rest stays a block."""
        line = place.property.line
        block = None if place.block is None else self.page.blocks[place.block]
        if block is None or block.first != line:
            self.gone.add(line)
            return
        following = next((each for each in block.properties if each.line == line + 1), None)
        lead = self.lines[line][: self.lines[line].index(place.property.written)]
        if following is not None:
            rest = self.lines[line + 1].lstrip(" \t")
            self.lines[line + 1] = lead + rest
            self.gone.add(line)
        elif self._has_more(place.block):
            self.lines[line] = lead.rstrip(" ") + ("\r\n" if self.lines[line].endswith("\r\n") else "\n")
        else:
            self.gone.add(line)

    def _has_more(self, index: int | None) -> bool:
        """Whether a block has children, or lines that are not blank."""
        assert index is not None
        block = self.page.blocks[index]
        children = any(each.parent == index for each in self.page.blocks)
        return children or any(self.page.lines[at].strip() for at in range(block.first + 1, block.last))

    # New values

    def _add(self, values: list[str]) -> None:
        own = [place for place in self.own if place.property.line not in self.gone]
        shared = [place for place in own if self._takes_more(place.property.value)]
        found = _LINE.fullmatch(self.lines[shared[-1].property.line]) if shared else None
        if found is not None:
            self._set(shared[-1].property.line, self._joined(found["value"], values))
            return
        for place in own:
            if not place.property.value and values:
                self._set(place.property.line, values.pop(0))
        if self.key.holds in ("links", "names") and values:
            values = [self._joined("", values)]
        for value in values:
            self._insert(f"{self._written()}:: {value}", own)

    def _takes_more(self, value: str) -> bool:
        """Whether one more value fits behind what a line holds."""
        if self.key.holds == "mixed":
            return bool(lists.items(value))
        return self.key.holds in ("links", "names")

    def _joined(self, value: str, values: Sequence[str]) -> str:
        """A list with more values behind it, as it is written so far."""
        if self.key.holds == "links" or lists.items(value):
            return lists.with_added(value, values)
        return ", ".join([*([value.rstrip(" \t,")] if value else []), *values])

    def _written(self) -> str:
        """The key as this page writes it, else its name."""
        return self.own[-1].property.written if self.own else self.key.name

    def _insert(self, stated: str, own: list[_Place]) -> None:
        anchor = own[-1] if own else self._anchor()
        if anchor is None:
            self._insert_without_neighbours(stated)
            return
        line = anchor.property.line
        block = None if anchor.block is None else self.page.blocks[anchor.block]
        lead = self.lines[line][: self.lines[line].index(anchor.property.written)]
        if block is not None and block.first == line:
            line = self._last_line(anchor.block) - 1
        self._put(line + 1, lead + stated)

    def _anchor(self) -> _Place | None:
        """The property beside which the page would state such a fact: of its kind, in the same group."""
        known = [
            (place, key)
            for place in self.places
            if (key := self.keys.known(place.property.written)) and key.name not in _NOT_FACTS
        ]
        alike = [place for place, key in known if (key.holds == "links") == (self.key.holds == "links")]
        if self.key.holds == "links" and alike:
            return alike[-1]
        alike = alike or [place for place, _ in known]
        if not alike:
            return None
        first = next((place for place, key in known if key.name in ("term-id", "preferred-term")), alike[0])
        beside = [place for place in alike if self._group(place) == self._group(first)]
        return beside[-1] if beside else first

    def _group(self, place: _Place) -> tuple[object, ...]:
        """What properties share that stand together: a drawer, or bullets of one parent."""
        if place.block is None:
            return ("page",)
        block = self.page.blocks[place.block]
        return (
            ("bullets", block.parent, block.level) if block.first == place.property.line else ("drawer", place.block)
        )

    def _last_line(self, index: int | None) -> int:
        """The line after a block with all that is in it, blank lines at its end left out."""
        assert index is not None
        block = self.page.blocks[index]
        end = block.last
        for each in self.page.blocks[index + 1 :]:
            if each.depth <= block.depth:
                break
            end = each.last
        while end > block.first + 1 and not self.page.lines[end - 1].strip():
            end -= 1
        return end

    def _insert_without_neighbours(self, stated: str) -> None:
        """In the OntologyBlock if there is one, else among the properties of the page, else above all."""
        for index, block in enumerate(self.page.blocks):
            if block.bullet and block.title.strip().removeprefix("#").strip("# ") == "OntologyBlock":
                lead = re.match(r"[ \t]*", self.lines[block.first])
                assert lead is not None
                end = max((each.line + 1 for each in block.properties), default=block.first + 1)
                self._put(end, f"{lead[0]}{self._step(index)}- {stated}")
                return
        if self.page.properties:
            last = self.page.properties[-1].line
            self._put(last + 1, stated)
        else:
            self._put(0, stated)

    def _step(self, index: int) -> str:
        """How far the page indents what stands in a block."""
        block = self.page.blocks[index]
        for each in self.page.blocks:
            if each.bullet and each.parent is not None and self.page.blocks[each.parent].bullet:
                outer = self.page.blocks[each.parent]
                return self.page.lines[each.first][outer.level - 1 : each.level - 1]
        return "\t" if block.level == 1 else "  "

    def _put(self, at: int, line: str) -> None:
        """A new line before the one at a place; it goes with the line before it, so that places stay."""
        if at == 0:
            self.lines[:1] = [line + self.newline + (self.lines[0] if self.lines else "")]
            return
        if at - 1 in self.gone:
            self.gone.remove(at - 1)
            self.lines[at - 1] = line + self.newline
            return
        before = self.lines[at - 1]
        if before.endswith("\n"):
            self.lines[at - 1] = before + line + self.newline
        else:
            self.lines[at - 1] = before + self.newline + line
