"""The rows of an answer as a chart, or its addresses as nodes and arrows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import altair as alt
import pandas as pd
import streamlit as st

from app.dot import quoted
from app.picking import one_in_a_box
from app.words import cut
from registry.namespaces import BASE, curie
from registry.sandbox import Answer
from registry.tables import Cell, printable

MOST_POINTS = 2_000
MOST_EDGES = 150
MOST_LABELS = 40
MARKS = ("bar", "points", "line")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?")
ROW = "row number"

Edge = tuple[str, str, str]
"""From, to, and what stands at the arrow."""


def numeric(cells: Iterable[Cell]) -> bool:
    """Whether a column holds numbers and nothing else, and at least one."""
    found = [cell for cell in cells if cell is not None]
    return bool(found) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in found)


def possible(answer: Answer) -> list[str]:
    """Of "chart" and "graph" what this answer can be shown as."""
    columns = range(len(answer.columns))
    views = ["chart"] if any(numeric(row[index] for row in answer.rows) for index in columns) else []
    graphic = bool(_triples(answer)) if answer.form == "triples" else len(_address_columns(answer)) > 1
    return [*views, "graph"] if graphic else views


# Charts


def chart(answer: Answer) -> None:
    """One column over another, in the order of the rows."""
    numbers = [name for index, name in enumerate(answer.columns) if numeric(row[index] for row in answer.rows)]
    others = [name for name in answer.columns if name not in numbers]
    first, second, third = st.columns(3)
    with first:
        x = one_in_a_box("Across (x)", [*others, *numbers, ROW], "x", next(iter(others), ROW))
    with second:
        y = one_in_a_box("Upwards (y)", numbers, "y", numbers[-1])
    with third:
        mark = one_in_a_box("Drawn as", MARKS, "mark", MARKS[0])
    frame = _points(answer, x, y)
    st.altair_chart(_drawn(frame, x, y, mark), alt=f"{y} over {x}")
    told = []
    if len(answer.rows) > MOST_POINTS:
        told.append(f"The first {MOST_POINTS:,} of {len(answer.rows):,} rows are drawn; the table holds all.")
    if missing := min(len(answer.rows), MOST_POINTS) - len(frame):
        told.append(f"Without {missing:,} rows that have no value.")
    if mark != "points" and frame["x"].duplicated().any():
        told.append("Several rows share one x: nothing is added up, so points show them better.")
    if told:
        st.caption(" ".join(told))


def _points(answer: Answer, x: str, y: str) -> pd.DataFrame:
    across = None if x == ROW and x not in answer.columns else answer.columns.index(x)
    upwards = answer.columns.index(y)
    addresses = [] if across is None else answer.addresses(across)
    rows = []
    for number, row in enumerate(answer.rows[:MOST_POINTS]):
        cell: Cell = number + 1 if across is None else row[across]
        if across is not None and addresses[number]:
            cell = curie(str(cell))
        if cell is not None and row[upwards] is not None:
            rows.append({"x": cell, "y": row[upwards], "row": number + 1})
    frame = pd.DataFrame(rows, columns=["x", "y", "row"])
    if not numeric(frame["x"].tolist()):
        frame["x"] = [cut(printable(str(cell)), 120) for cell in frame["x"]]
    return frame


def _drawn(frame: pd.DataFrame, x: str, y: str, mark: str) -> alt.Chart:
    cells = frame["x"].tolist()
    axis = alt.Axis(labelLimit=180, labelAngle=-40, labelOverlap=len(set(cells)) > MOST_LABELS)
    if numeric(cells):
        kind, across = "Q", alt.X("x:Q", title=x, scale=alt.Scale(zero=False))
    elif cells and all(MOMENT.fullmatch(cell) for cell in cells):
        kind, across = "T", alt.X("x:T", title=x)
    else:
        kind, across = (
            "N",
            alt.X("x:N", title=x, sort=None, axis=axis),
        )
    base = alt.Chart(frame)
    drawn = {
        "bar": base.mark_bar(opacity=0.75),
        "points": base.mark_point(size=60, filled=True, opacity=0.75),
        "line": base.mark_line(point=True),
    }[mark]
    result: alt.Chart = drawn.encode(
        x=across,
        y=alt.Y("y:Q", title=y, stack=None, scale=alt.Scale(zero=mark == "bar")),
        tooltip=[
            alt.Tooltip(f"x:{kind}", title=x),
            alt.Tooltip("y:Q", title=y),
            alt.Tooltip("row:Q", title="row"),
        ],
    ).properties(height=380)
    return result


# Nodes and arrows


def graph(answer: Answer) -> None:
    """The triples between addresses, or two columns of addresses as arrows."""
    if answer.form == "triples":
        edges = _triples(answer)
        left_out = len(answer.rows) - len(edges)
    else:
        names = _address_columns(answer)
        first, second = st.columns(2)
        with first:
            start = one_in_a_box("Arrows from", names, "from", names[0])
        with second:
            end = one_in_a_box("to", names, "to", names[1])
        edges = _pairs(answer, start, end)
        left_out = 0
    shown = edges[:MOST_EDGES]
    dark = st.context.theme.type == "dark"
    st.graphviz_chart(dot(shown, dark=dark), width="stretch", alt="The answer as nodes and arrows")
    told = ["Boxes are subjects of this registry, ellipses are addresses of others, points have no name."]
    if len(edges) > len(shown):
        told.append(f"The first {MOST_EDGES} of {len(edges):,} arrows are drawn; the table holds all.")
    if left_out:
        told.append(f"{left_out:,} triples whose value is a text or a number are in the table only.")
    st.caption(" ".join(told))


def _address_columns(answer: Answer) -> list[str]:
    """The columns in which addresses stand, and nothing else."""
    found = []
    for index, name in enumerate(answer.columns):
        given = [row[index] for row in answer.rows]
        addresses = answer.addresses(index)
        if any(addresses) and all(cell is None or address for cell, address in zip(given, addresses, strict=True)):
            found.append(name)
    return found


def _pairs(answer: Answer, start: str, end: str) -> list[Edge]:
    starts, ends = (answer.addresses(answer.columns.index(name)) for name in (start, end))
    return list(dict.fromkeys((a, b, "") for a, b in zip(starts, ends, strict=True) if a and b))


def _triples(answer: Answer) -> list[Edge]:
    """Those that lead from one node to another."""
    return [
        (_node(subject), _node(target), _node(predicate))
        for subject, predicate, target in answer.terms
        if subject and predicate and target and not target.startswith(('"', "<<"))
    ]


def _node(term: str) -> str:
    return term[1:-1] if term.startswith("<") else term


def dot(edges: Sequence[Edge], *, dark: bool) -> str:
    """The arrows in Graphviz's language.  Names and labels are data: none of them can end its quotes."""
    ink, soft = ("#e6e6e6", "#9aa0a6") if dark else ("#1f2328", "#6b7280")
    nodes = dict.fromkeys(node for start, end, _ in edges for node in (start, end))
    numbers = {node: f"n{number}" for number, node in enumerate(nodes)}
    lines = [
        "digraph {",
        'graph [rankdir=LR, bgcolor="transparent", nodesep=0.18, ranksep=0.6]',
        f'node [fontname="sans-serif", fontsize=11, fontcolor="{ink}", color="{soft}", height=0.3]',
        f'edge [fontname="sans-serif", fontsize=9, fontcolor="{ink}", color="{soft}", arrowsize=0.7]',
    ]
    for node, number in numbers.items():
        if node.startswith("_:"):
            lines.append(f"{number} [shape=point, width=0.08]")
        else:
            shape = 'shape=box, style="rounded"' if node.startswith(BASE) else "shape=ellipse"
            lines.append(f"{number} [{shape}, label={quoted(cut(curie(node), 48))}]")
    lines += [
        f"{numbers[start]} -> {numbers[end]}" + (f" [label={quoted(cut(curie(label), 32))}]" if label else "")
        for start, end, label in edges
    ]
    return "\n".join([*lines, "}"])
