"""Two changed versions of a page and the one that both began with, merged line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from registry.pages import lists

_PROPERTY = re.compile(r"(?P<lead>[ \t]*(?:- )?)(?P<key>[^\s:]+):: ?(?P<value>.*?)(?P<end>\r?)$")


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Lines that both sides changed, each in its own way.  The merged text has ours."""

    line: int
    """Where ours stand in the merged text, from 1."""
    their_line: int
    """Where theirs stand in their text, from 1."""
    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """What became of both sides."""

    text: str
    conflicts: tuple[Conflict, ...] = field(default=())


def merge(base: str, ours: str, theirs: str) -> Merged:
    """The base with the changes of both sides.

    Where both changed the same lines differently, ours stay and a conflict tells of theirs.  Property
    lines that list pages merge as sets, and lines that both sides insert in one place are all kept.
    """
    if base == ours or ours == theirs:
        return Merged(theirs)
    if base == theirs:
        return Merged(ours)
    ending = _ending(theirs) if _ending(theirs) != _ending(base) else _ending(ours)
    sides = [text.replace("\r\n", "\n") if _ending(text) == "\r\n" else text for text in (base, ours, theirs)]
    # Whether the last line ends is a fact of its own: a line behind it changes nothing of it.
    ends = [side.endswith("\n") for side in sides]
    found = _Merger(*(side.removesuffix("\n").split("\n") for side in sides))
    found.run()
    last = ending if (ends[2] if ends[2] != ends[0] else ends[1]) else ""
    return Merged(ending.join(found.lines) + last, tuple(found.conflicts))


def _ending(text: str) -> str:
    """How the lines of a text end; those that end in both ways keep their returns as text."""
    breaks = text.count("\n")
    return "\r\n" if breaks and text.count("\r\n") == breaks else "\n"


class _Merger:
    def __init__(self, base: list[str], ours: list[str], theirs: list[str]) -> None:
        self.base, self.ours, self.theirs = base, ours, theirs
        self.lines: list[str] = []
        self.conflicts: list[Conflict] = []

    def run(self) -> None:
        """Chunks between the lines that all three share."""
        mine, other = _matches(self.base, self.ours), _matches(self.base, self.theirs)
        start = (0, 0, 0)
        for index in sorted(mine.keys() & other.keys()):
            self._chunk(start, (index, mine[index], other[index]))
            self.lines.append(self.base[index])
            start = (index + 1, mine[index] + 1, other[index] + 1)
        self._chunk(start, (len(self.base), len(self.ours), len(self.theirs)))

    def _chunk(self, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
        base, ours, theirs = (
            side[first:last]
            for side, first, last in zip((self.base, self.ours, self.theirs), start, end, strict=True)
        )
        if ours == theirs or base == theirs:
            self.lines += ours
        elif base == ours:
            self.lines += theirs
        else:
            self._both(base, ours, theirs, start[2])

    def _both(self, base: list[str], ours: list[str], theirs: list[str], their_line: int) -> None:
        """A chunk that both sides changed."""
        while ours and theirs and ours[0] == theirs[0]:
            self.lines.append(ours[0])
            base = base[1:] if base and base[0] == ours[0] else base
            ours, theirs, their_line = ours[1:], theirs[1:], their_line + 1
        tail: list[str] = []
        while ours and theirs and ours[-1] == theirs[-1]:
            tail.insert(0, ours[-1])
            base = base[:-1] if base and base[-1] == ours[-1] else base
            ours, theirs = ours[:-1], theirs[:-1]
        for settle in (self._as_properties, self._one_by_one, self._as_insertions):
            if settle(base, ours, theirs, their_line):
                break
        else:
            self._disagree(base, ours, theirs, their_line)
        self.lines += tail

    def _as_properties(self, base: list[str], ours: list[str], theirs: list[str], their_line: int) -> bool:
        """Property lines, each key once on each side: the order of the lines says nothing."""
        tables = [_by_key(side) for side in (base, ours, theirs)]
        if not (ours and theirs) or any(table is None for table in tables):
            return False
        before, mine, other = (table or {} for table in tables)
        for key in [*mine, *(key for key in other if key not in mine)]:
            was, our, their = before.get(key), mine.get(key), other.get(key)
            line = their_line + (list(other).index(key) if key in other else 0)
            self._line(was, our, their, line)
        return True

    def _one_by_one(self, base: list[str], ours: list[str], theirs: list[str], their_line: int) -> bool:
        """As many lines on each side: each has its own history."""
        if not len(base) == len(ours) == len(theirs):
            return False
        for offset, (was, our, their) in enumerate(zip(base, ours, theirs, strict=True)):
            self._line(was, our, their, their_line + offset)
        return True

    def _as_insertions(self, base: list[str], ours: list[str], theirs: list[str], their_line: int) -> bool:
        if base:
            return False
        self.lines += ours + theirs
        return True

    def _line(self, base: str | None, ours: str | None, theirs: str | None, their_line: int) -> None:
        """One line of each side; None where a side has none."""
        if ours == theirs or base == theirs:
            chosen = ours
        elif base == ours:
            chosen = theirs
        else:
            chosen = _as_sets(base, ours, theirs)
            if chosen is None:
                self._disagree(_lines(base), _lines(ours), _lines(theirs), their_line)
                return
        self.lines += [] if chosen is None else [chosen]

    def _disagree(self, base: list[str], ours: list[str], theirs: list[str], their_line: int) -> None:
        self.conflicts.append(
            Conflict(
                line=len(self.lines) + 1,
                their_line=their_line + 1,
                base=tuple(base),
                ours=tuple(ours),
                theirs=tuple(theirs),
            )
        )
        self.lines += ours


def _lines(side: str | None) -> list[str]:
    return [] if side is None else [side]


def _by_key(lines: Sequence[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for line in lines:
        stated = _PROPERTY.match(line)
        if stated is None or stated["key"] in found:
            return None
        found[stated["key"]] = line
    return found


def _as_sets(base: str | None, ours: str | None, theirs: str | None) -> str | None:
    """A property line whose values of both sides are lists of pages, merged; None where that cannot be."""
    if ours is None or theirs is None:
        return None
    mine, other = _PROPERTY.match(ours), _PROPERTY.match(theirs)
    was = _PROPERTY.match(base) if base is not None else None
    if mine is None or other is None or mine["key"] != other["key"] or (was and was["key"] != mine["key"]):
        return None
    if base is not None and was is None:
        return None
    value = lists.merged(was["value"] if was else "", mine["value"], other["value"])
    return None if not value else ours[: mine.start("value")] + value + mine["end"]


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    """For each line of the base that the other kept, where it stands there."""
    first = _common(base, other)
    last = _common(base[first:][::-1], other[first:][::-1])
    found = {index: index for index in range(first)}
    found |= {len(base) - last + index: len(other) - last + index for index in range(last)}
    middle = SequenceMatcher(None, base[first : len(base) - last], other[first : len(other) - last], autojunk=False)
    for match in middle.get_matching_blocks():
        found |= {first + match.a + offset: first + match.b + offset for offset in range(match.size)}
    return found


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
