"""Where the nodes of a picture stand: trees that grow to the right, packed side by side.

A layout of our own gives the same picture each time, at once, with labels that do not cover each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ROW, GAP = 20, 1.7
"""Between two rows, and in rows between two trees."""

LETTER, MARGIN = 5.5, 42
"""How wide a letter of a caption is, and what a node and the way to the next take beside it."""

SHAPE = 1.5
"""How much wider than high the picture should be."""

MOST_ROWS, MOST_COLUMNS = (60, 40, 25, 15), 12
WORTH = 0.75
"""A tree is taken apart at its top where the picture becomes so much smaller."""

Place = tuple[float, float]


@dataclass(frozen=True)
class Placing:
    """Where each node stands, and which stand apart from the one that they stand below."""

    places: dict[str, Place]
    apart: frozenset[str]
    size: float
    """How small the picture has to be drawn."""


def placing(parents: Mapping[str, str | None], letters: Mapping[str, float]) -> Placing:
    """Where each node stands, by the one that it stands below, if any; the order of nodes is kept."""
    children: dict[str, list[str]] = {name: [] for name in parents}
    above: dict[str, str | None] = {}
    for name, parent in parents.items():
        above[name] = None if parent is None or _leads_up(above, parent, name) else parent
    for name, parent in above.items():
        if parent is not None:
            children[parent].append(name)
    trees = [name for name, parent in above.items() if parent is None]
    wide = {name: MARGIN + LETTER * count for name, count in letters.items()}
    best = _placing(trees, children, wide, len(parents))
    for most in MOST_ROWS:
        other = _placing(trees, children, wide, most)
        if other.size < WORTH * best.size:
            best = other
    return best


def _placing(
    trees: Sequence[str], children: Mapping[str, Sequence[str]], wide: Mapping[str, float], most: int
) -> Placing:
    """In as many columns as make the picture largest; trees of more rows lose their top to a column on the left."""
    heads, rest = [], list(trees)
    rows = _rows(trees, children)
    for name in rest:
        if rows[name] > most:
            heads.append(name)
            rest += children[name]
    among, first = set(heads), set(trees)
    rest = [name for name in rest if name not in among]
    tops = {name: [child for child in children[name] if child in among] for name in heads}
    left = _packed([_grown(name, tops) for name in heads if name in first], 1, wide) if heads else {}
    begin = max((x + wide[name] for name, (x, _) in left.items()), default=0.0)
    grown = [_grown(name, children) for name in rest]
    packings = [_packed(grown, columns, wide) for columns in range(1, min(len(grown), MOST_COLUMNS) + 1)]
    if not packings:
        return Placing({}, frozenset(), 0.0)
    right = min(packings, key=lambda packed: _size(packed, wide, begin))
    found = left | {name: (begin + x, y) for name, (x, y) in right.items()}
    return Placing(found, frozenset(rest) - first, _size(right, wide, begin))


def _rows(trees: Sequence[str], children: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many leaves stand below each node."""
    order = list(trees)
    for name in order:
        order += children[name]
    found: dict[str, int] = {}
    for name in reversed(order):
        found[name] = sum(found[child] for child in children[name]) or 1
    return found


def _leads_up(above: Mapping[str, str | None], name: str | None, target: str) -> bool:
    """Whether a node is that one or stands below it: then it cannot stand above it as well."""
    while name is not None and name != target:
        name = above.get(name)
    return name == target


def _grown(top: str, children: Mapping[str, Sequence[str]]) -> dict[str, Place]:
    """Level and row of each node of a tree: leaves have rows of their own, others the middle of theirs."""
    order, left = [], [(top, 0)]
    while left:
        name, level = left.pop()
        order.append((name, level))
        left += [(child, level + 1) for child in reversed(children[name])]
    found: dict[str, Place] = {}
    rows: dict[str, float] = {}
    row = 0
    for name, _ in order:
        if not children[name]:
            rows[name] = row
            row += 1
    for name, level in reversed(order):
        if children[name]:
            rows[name] = (rows[children[name][0]] + rows[children[name][-1]]) / 2
        found[name] = (level, rows[name])
    return found


def _packed(trees: Sequence[Mapping[str, Place]], columns: int, wide: Mapping[str, float]) -> dict[str, Place]:
    """The trees in columns, the highest first, each where most room is left; a level is as wide as its captions."""
    heights = [0.0] * columns
    levels: list[list[float]] = [[] for _ in range(columns)]
    put: list[tuple[Mapping[str, Place], int, float]] = []
    for tree in sorted(trees, key=len, reverse=True):
        column = heights.index(min(heights))
        put.append((tree, column, heights[column]))
        heights[column] += max(row for _, row in tree.values()) + (GAP if len(tree) > 1 else 1)
        for name, (level, _) in tree.items():
            levels[column] += [0.0] * (int(level) + 1 - len(levels[column]))
            levels[column][int(level)] = max(levels[column][int(level)], wide[name])
    begins = [sum(map(sum, levels[:column])) for column in range(columns)]
    return {
        name: (begins[column] + sum(levels[column][: int(level)]), (above + row) * ROW)
        for tree, column, above in put
        for name, (level, row) in tree.items()
    }


def _size(found: Mapping[str, Place], wide: Mapping[str, float], begin: float) -> float:
    width = begin + max(x + wide[name] for name, (x, _) in found.items())
    height = max(y for _, y in found.values()) + ROW
    return max(width / SHAPE, height)
