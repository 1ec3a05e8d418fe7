"""A property value that lists pages: one taken out, one added, all else as it was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from registry.pages.names import fold

_TAG = re.compile(r"(?<![^\s,])#([^\s\[\],.;:!?\"'#()]+)")
_LABELLED = re.compile(r"\[[^\[\]]*\]\(\[\[$")


@dataclass(frozen=True, slots=True)
class Item:
    """A link or tag of a value."""

    start: int
    end: int
    name: str


def items(value: str) -> list[Item]:
    """The links `[[A]]`, `#[[A]]`, `[label]([[A]])` and the tags `#A` of a value, from left to right."""
    found: list[Item] = []
    place = 0
    while place < len(value):
        if value.startswith("[[", place):
            end = _closing(value, place)
            if end is not None:
                found.append(_widened(value, Item(place, end, value[place + 2 : end - 2])))
                place = end
                continue
        elif value[place] == "#" and (tag := _TAG.match(value, place)):
            found.append(Item(place, tag.end(), tag[1]))
            place = tag.end()
            continue
        place += 1
    return found


def _closing(value: str, start: int) -> int | None:
    """The place after the brackets that close those at `start`."""
    depth, place = 0, start
    while place < len(value):
        pair = value[place : place + 2]
        if pair == "[[":
            depth, place = depth + 1, place + 2
        elif pair == "]]":
            depth, place = depth - 1, place + 2
            if depth == 0:
                return place
        else:
            place += 1
    return None


def _widened(value: str, item: Item) -> Item:
    label = _LABELLED.search(value[: item.start + 2])
    if label and value.startswith(")", item.end):
        return Item(label.start(), item.end + 1, item.name)
    if value[: item.start].endswith("#"):
        return Item(item.start - 1, item.end, item.name)
    return item


def is_list(value: str) -> bool:
    """Whether the value is nothing but links and tags, set apart by commas and blanks."""
    rest, last = "", 0
    for item in items(value):
        rest += value[last : item.start]
        last = item.end
    return last > 0 and not (rest + value[last:]).strip(", \t")


def without(value: str, name: str) -> str:
    """The value less its links to a page.  What is said of it up to the next comma goes along."""
    while True:
        found = items(value)
        gone = next((item for item in found if fold(item.name) == fold(name)), None)
        if gone is None:
            return value
        commas = _commas(value, found)
        start = max((at + 1 for at in commas if at < gone.start), default=0)
        end = min((at for at in commas if at >= gone.end), default=len(value))
        if any(item != gone and start <= item.start < end for item in found):  # links without a comma
            value = _cut(value, gone.start, gone.end)
        elif end < len(value):
            blanks = len(value[end + 1 :]) - len(value[end + 1 :].lstrip(" \t"))
            lead = len(value[start:]) - len(value[start:].lstrip(" \t"))
            value = value[: start + lead] + value[end + 1 + blanks :]
        else:
            value = value[: max(start - 1, 0)].rstrip(" \t")


def _commas(value: str, found: Sequence[Item]) -> list[int]:
    """Where the commas between the parts stand: in no link, in no brackets."""
    places, depth = [], 0
    for place, character in enumerate(value):
        if not any(item.start < place < item.end for item in found):
            depth += (character == "(") - (character == ")")
            if character == "," and depth <= 0:
                places.append(place)
    return places


def _cut(value: str, start: int, end: int) -> str:
    """The value less a part, and less one of the blanks around it."""
    before, after = value[:start], value[end:]
    if before.endswith((" ", "\t")) and (not after or after[0] in " \t,"):
        before = before[:-1]
    elif not before and after.startswith((" ", "\t")):
        after = after[1:]
    return before + after


def with_added(value: str, names: Sequence[str]) -> str:
    """The value with links to more pages behind it."""
    links = ", ".join(f"[[{name}]]" for name in names)
    if not links:
        return value
    kept = value.rstrip(" \t,")
    return f"{kept}, {links}" if kept.strip() else links


def merged(base: str, ours: str, theirs: str) -> str | None:
    """Ours with what theirs added to base and less what it took out; None where one of them is no list."""
    if not all(is_list(value) or not value.strip() for value in (base, ours, theirs)):
        return None
    before = {fold(item.name) for item in items(base)}
    after = {fold(item.name): item.name for item in items(theirs)}
    for gone in before - after.keys():
        ours = without(ours, gone)
    present = {fold(item.name) for item in items(ours)}
    return with_added(ours, [name for key, name in after.items() if key not in before | present])
