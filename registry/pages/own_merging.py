"""What a person changed of a subject against what the graph changed since: which changes go in, which clash."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import pyoxigraph as ox

from registry.namespaces import curie
from registry.turtle_edit import Change

Value = ox.NamedNode | ox.Literal | str
"""What has no name of its own, a list or an assertion, is its Turtle text."""

Stated = set[tuple[str, Value]]
"""Properties with their values."""


@dataclass(frozen=True, kw_only=True)
class Clash:
    """A property that both sides changed, each in its own way; the graph keeps its own."""

    predicate: str
    base: tuple[Value, ...]
    ours: tuple[Value, ...]
    theirs: tuple[Value, ...]


@dataclass
class Settled:
    """What is to be done."""

    changes: list[Change] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    nameless: list[str] = field(default_factory=list)
    """Properties whose lists or assertions were changed: those are edited in their Turtle files."""


def settle(base: Stated, ours: Stated, theirs: Stated, single: Collection[str]) -> Settled:
    """The changes from base to theirs that ours does not have yet.

    `single` are the properties that a subject has once.  Of them, and of values that both sides
    replaced, both changes cannot stand.
    """
    done = Settled()
    for predicate in sorted({predicate for predicate, _ in base ^ theirs}):
        was, mine, other = (_of(side, predicate) for side in (base, ours, theirs))
        removed, added = (
            [v for v in was if v not in other and v in mine],
            [v for v in other if v not in [*was, *mine]],
        )
        if any(isinstance(value, str) for value in (*removed, *added)):
            done.nameless.append(predicate)
        elif _clash(was, mine, other, predicate in single):
            done.clashes.append(Clash(predicate=predicate, base=tuple(was), ours=tuple(mine), theirs=tuple(other)))
        else:
            done.changes += _pairs(predicate, removed, added)
    return done


def _of(side: Stated, predicate: str) -> list[Value]:
    return sorted((value for each, value in side if each == predicate), key=str)


def _clash(base: list[Value], ours: list[Value], theirs: list[Value], single: bool) -> bool:
    """Whether both sides moved the same value, to different places."""
    if set(ours) in (set(base), set(theirs)):
        return False
    if single:
        return True
    # Of several texts each is a value of its own; only one that both replaced is in dispute.
    replaced = [v for v in base if v not in ours and v not in theirs and isinstance(v, ox.Literal)]
    mine, other = ([v for v in side if v not in base] for side in (ours, theirs))
    return bool(replaced and mine and other and set(mine) != set(other))


def _pairs(predicate: str, removed: list[Value], added: list[Value]) -> Iterable[Change]:
    named = [[value for value in side if not isinstance(value, str)] for side in (removed, added)]
    for index in range(max(map(len, named))):
        old, new = (side[index] if index < len(side) else None for side in named)
        yield Change(predicate, old, new)


def shown(value: Value | None) -> str:
    """A value in words."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return curie(value.value) if isinstance(value, ox.NamedNode) else value.value
