"""Tables of rows as `st.dataframe` takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from registry.tables import harmless

if TYPE_CHECKING:
    import pandas as pd

WHOLE = 40
"""Rows of a table that still stands on a page without scrolling by itself."""


def frame(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Rows by the names of their columns.

    A table on a page has a button of its own that writes what it shows as CSV, so no text of it is a
    formula to a spreadsheet.
    """
    import pandas as pd

    return pd.DataFrame([{harmless(name): _tame(cell) for name, cell in row.items()} for row in rows])


def _tame(cell: object) -> object:
    return harmless(cell) if isinstance(cell, str) else cell


def height_of(rows: Sequence[object]) -> Literal["content", "auto"]:
    """A table that is not long stands on the page whole; a longer one scrolls."""
    return "content" if len(rows) <= WHOLE else "auto"


def selected_rows(event: Any, column: str) -> list[int]:
    """The rows that a person ticked, or of which a cell of that column was clicked."""
    selection = event.selection
    return [*selection.rows, *(row for row, name in selection.cells if name == column)]


def rows_key(table: str, names: Iterable[str]) -> str:
    """A key for a table of these subjects: a row that was selected is none of another content's."""
    return f"{table} {sha256(repr(list(names)).encode()).hexdigest()[:16]}"
