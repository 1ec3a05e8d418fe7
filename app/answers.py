"""The answer to a question on the page: as a table, a chart or a picture, with links, remarks and downloads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import pandas as pd
import streamlit as st

from app import answer_pictures
from app.links import link
from app.picking import one_of
from app.state import State
from app.words import cut, file_name, is_web, plain
from registry import Registry
from registry.exporting.answers import answer_csv, answer_json, answer_turtle
from registry.namespaces import curie, subject_of
from registry.remarks import remarks_on
from registry.sandbox import Answer
from registry.tables import Cell, harmless, printable

PART = 1_000
"""Rows of a table at once; the browser gets no more."""

LONGEST_CELL = 1_000
EXACT = 2**53
"""Whole numbers beyond it a browser rounds, so they are shown as text."""

AROUND = 60
"""Letters of a line on either side of the one that is pointed at."""


@dataclass(frozen=True)
class Reply:
    """An answer and what has to be said of the methods and data behind its numbers."""

    answer: Answer
    remarks: list[str]


def reply(registry: Registry, answer: Answer) -> Reply:
    """The answer with its remarks, which take a while where it names many subjects."""
    columns = range(len(answer.columns))
    if not any(answer_pictures.numeric(row[index] for row in answer.rows) for index in columns):
        return Reply(answer, [])
    named = chain.from_iterable(answer.addresses(index) for index in columns)
    return Reply(answer, remarks_on(registry, {address for address in named if address}))


def show(current: State, replied: Reply, seconds: float, file: str) -> None:
    """All that there is to an answer; how it is looked at stands in the address."""
    answer = replied.answer
    if answer.form == "truth":
        st.metric("Answer", "yes" if answer.rows[0][0] else "no")
        _downloads(answer, file)
        return
    if not answer.rows:
        st.info("Nothing in the graph fits: the answer has no rows.", icon=":material/inbox:")
        return
    what = "triples" if answer.form == "triples" else "rows"
    _told(answer, what, seconds)
    views = ["table", *answer_pictures.possible(answer)]
    wished = st.query_params.get("as", "table")
    if wished not in views:
        st.caption(
            "A chart needs a column of numbers; a picture needs two columns of addresses, or triples between "
            "addresses. So here is the table."
        )
    view = one_of("Show as", views, "as", str.capitalize) if len(views) > 1 else "table"
    if view == "chart":
        answer_pictures.chart(answer)
    elif view == "graph":
        answer_pictures.graph(answer)
    else:
        _table(current, answer)
    if replied.remarks:
        st.caption(plain(" ".join(replied.remarks)))
    with st.container(horizontal=True):
        _downloads(answer, file)


def _told(answer: Answer, what: str, seconds: float) -> None:
    rows, columns = len(answer.rows), len(answer.columns)
    if answer.truncated:
        st.warning(
            f"Cut off after {rows:,} {what}: there are more. Add a LIMIT, an aggregate or a narrower pattern.",
            icon=":material/content_cut:",
        )
    of = f", {columns} column{'s' * (columns != 1)}" if what == "rows" else ""
    one = what.removesuffix("s") if rows == 1 else what
    st.caption(f"{rows:,} {one}{of}, in {max(seconds, 0.01):.2f} s")


def _downloads(answer: Answer, file: str) -> None:
    def button(label: str, write: Callable[[Answer], bytes], ending: str, kind: str) -> None:
        st.download_button(
            label,
            lambda: write(answer),  # made when it is asked for
            f"{file_name(file)}.{ending}",
            kind,
            on_click="ignore",
            icon=":material/download:",
            key=f"download {ending}",
        )

    if answer.form != "truth":
        button("CSV", answer_csv, "csv", "text/csv")
    button("JSON", answer_json, "srj", "application/sparql-results+json")
    if answer.form == "triples":
        button("Turtle", answer_turtle, "ttl", "text/turtle")


def _table(current: State, answer: Answer) -> None:
    parts = -(-len(answer.rows) // PART)
    part = min(_part(), parts) if parts > 1 else 1
    first = (part - 1) * PART
    frame = _frame(answer, first)
    chosen = st.dataframe(
        frame,
        hide_index=True,
        key=f"rows {id(answer)} {part}",  # a selection is of one answer
        on_select="rerun",
        selection_mode="single-row",
        alt="The answer as a table",
    )
    if parts > 1:
        _pages(parts, part)
        st.caption(
            f"Rows {first + 1:,} to {first + len(frame):,} of {len(answer.rows):,}. Sorting a column sorts these; "
            "the downloads hold all."
        )
    selected = [row for row in chosen.selection.rows if row < len(frame)]
    if selected:
        _links(current, answer, first + selected[0])
    elif any(cell and subject_of(cell) for column in range(len(answer.columns)) for cell in answer.addresses(column)):
        st.caption("Select a row to go to the page of what it names.")


def _part() -> int:
    """Which thousand of rows the address asks for."""
    asked = st.query_params.get("part", "")
    return int(asked) if re.fullmatch("[1-9][0-9]{0,5}", asked) else 1


def _pages(parts: int, part: int) -> None:
    """The buttons that turn to other rows."""
    key = f"part {part} of {parts}"

    def turn() -> None:
        st.query_params["part"] = str(st.session_state[key])

    st.pagination(parts, default=part, key=key, on_change=turn)


def _frame(answer: Answer, first: int) -> pd.DataFrame:
    """A thousand rows as people read them: addresses short, and no text that a spreadsheet would run.

    (The table has a button of its own that writes what it shows as CSV.)
    """
    columns = {}
    for index, name in enumerate(answer.columns):
        cells = [row[index] for row in answer.rows[first : first + PART]]
        addresses = answer.addresses(index)[first : first + PART]
        if answer_pictures.numeric(cells) and all(abs(cell) < EXACT for cell in cells if isinstance(cell, int)):
            columns[name] = pd.Series(cells)
        else:
            shown = zip(cells, addresses, strict=True)
            columns[name] = pd.Series([_shown(cell, address) for cell, address in shown], dtype="object")
    return pd.DataFrame(columns)


def _shown(cell: Cell, address: str | None) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    return cut(harmless(printable(curie(address) if address else str(cell))), LONGEST_CELL)


def _links(current: State, answer: Answer, row: int) -> None:
    """The pages of everything that a row names, ours and those of the web."""
    with st.container(border=True):
        seen = set()
        for index, column in enumerate(answer.columns):
            address = answer.addresses(index)[row]
            if address is None or address in seen:
                continue
            seen.add(address)
            subject = subject_of(address)
            if subject and current.registry.graph.summary.has(*subject):
                link(*subject, f"{column}: {':'.join(subject)}")
            elif is_web(address) and curie(address) == address:  # a word of a vocabulary is no page to go to
                st.link_button(plain(cut(f"{column}: {address}", 90)), address, icon=":material/open_in_new:")
        if not seen:
            st.caption("This row names nothing that has a page.")


def pointed_at(query: str, line: int, column: int) -> str:
    """The line of a query with its number, and a caret below the column; a long line is cut on both sides."""
    lines = query.split("\n")
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    start = max(0, column - 1 - AROUND)
    piece = text[start : column - 1 + AROUND]
    before = "".join("\t" if letter == "\t" else " " for letter in text[start : column - 1])
    number = f"{line} | "
    return f"{number}{printable_line(piece)}\n{' ' * (len(number) - 2)}| {before}^"


def printable_line(text: str) -> str:
    """The text with its tabs; other control signs are shown as what they are not."""
    return "".join(letter if letter == "\t" else printable(letter) for letter in text)
