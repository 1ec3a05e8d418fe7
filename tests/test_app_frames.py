"""Tables on pages: what a spreadsheet would run is text, and a selected row is of the rows that were drawn."""

from __future__ import annotations

from app.frames import WHOLE, frame, height_of, rows_key


def test_no_cell_and_no_heading_is_a_formula() -> None:
    table = frame([{"=1+1": "=HYPERLINK(1)", "n": 3}, {"=1+1": "-0.5", "n": 4}])
    assert list(table) == ["'=1+1", "n"]
    assert list(table["'=1+1"]) == ["'=HYPERLINK(1)", "-0.5"]
    assert list(table["n"]) == [3, 4]


def test_other_rows_are_another_table() -> None:
    assert rows_key("runs", ["a", "b"]) == rows_key("runs", ("a", "b"))
    assert len({rows_key("runs", ["a", "b"]), rows_key("runs", ["b", "a"]), rows_key("claims", ["a", "b"])}) == 3


def test_short_tables_stand_whole() -> None:
    assert (height_of(range(WHOLE)), height_of(range(WHOLE + 1))) == ("content", "auto")
