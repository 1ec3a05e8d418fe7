"""Rows as aligned text for a terminal, as JSON for a program, or as CSV for both it and a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registry.records import Aggregate, Claim

Cell = str | int | float | bool | None

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def to_text(rows: Sequence[Mapping[str, Cell]], columns: Sequence[str]) -> str:
    """A table with a heading, numbers to the right; "" when there are no rows."""
    if not rows:
        return ""
    cells = [[_show(row[column]) for column in columns] for row in rows]
    right = [all(isinstance(row[column], int | float | None) for row in rows) for column in columns]
    widths = [max(len(heading), *(len(line[index]) for line in cells)) for index, heading in enumerate(columns)]

    def line(texts: Sequence[str]) -> str:
        padded = [
            text.rjust(width) if numeric else text.ljust(width)
            for text, width, numeric in zip(texts, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    return "\n".join([line(columns), line(["-" * width for width in widths]), *(line(row) for row in cells)])


def _show(cell: Cell) -> str:
    if cell is None:
        return ""
    return printable(str(cell))


def printable(text: str) -> str:
    """Text of pages and papers is data: a control character must not move the cursor."""
    return "".join(character if character.isprintable() else "�" for character in text)


def shorten(text: str, width: int) -> str:
    """The text on one line, cut to a width in characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def to_json(content: object) -> str:
    """Readable JSON; what is no JSON value is written as text."""
    return json.dumps(content, indent=2, ensure_ascii=False, default=str)


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A heading and a line a row, in UTF-8; no cell is a formula to a spreadsheet."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([harmless(column) for column in columns])
    writer.writerows([_in_csv(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return stream.getvalue().encode()


def _in_csv(text: str) -> str:
    # A carriage return alone would stand without quotes, and be the end of a line to a spreadsheet.
    return harmless(text).replace("\r\n", "\n").replace("\r", "\n")


def harmless(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would take it for a formula and run it.

    Spreadsheets read = + - @ so (in Asian settings their wide forms too), and a tab or a line break before
    one does not stop them.  The apostrophe is their own sign for text and hides itself; a program meets it
    only before such a text, and JSON has the text itself.  Signed numbers, as sources print them, stay: they
    compute nothing.
    """
    return f"'{text}" if text[:1] in FORMULA and not NUMBER.fullmatch(text) else text


def percent(value: float | None, digits: int = 2) -> str:
    """A number of percent or percentage points with fixed digits; "" for none."""
    return "" if value is None else f"{value:.{digits}f}"


def amount(claim: Claim) -> str:
    """A claim's number with its unit: "67.70 %", "+0.24 points than moco_v1", "53 h"."""
    if claim.unit == "%":
        return f"{percent(claim.value)} %"
    if claim.unit == "points":
        return f"{claim.value:+.{claim.decimals}f} points than {claim.compared_with or 'another method'}"
    return f"{claim.value:.{claim.decimals}f} {claim.unit}"


def duration(seconds: float) -> str:
    """Seconds as people say them: 45 s, 2 min 05 s, 1 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def spread(result: Aggregate) -> dict[str, Cell]:
    """The cells of n, mean, sample standard deviation and interval, in percent."""
    interval = "" if result.low is None else f"{percent(result.low)} to {percent(result.high)}"
    return {"n": result.n, "mean": percent(result.mean), "sd": percent(result.sd), "95% interval": interval}


def reached(result: Aggregate) -> str:
    """An aggregate in words: mean, n, and as far as there are any, spread with its ddof and interval."""
    sd = "" if result.sd is None else f", sd {percent(result.sd)} (ddof 1)"
    interval = "" if result.low is None else f", 95% interval {percent(result.low)} to {percent(result.high)}"
    return f"{percent(result.mean)} %, n = {result.n}{sd}{interval}"


def recomputed(theirs: Aggregate, remarks: Sequence[str]) -> str:
    """What a claim's raw values give, with both standard deviations, and how that fits what is printed."""
    if theirs.sd is None or theirs.population_sd is None:
        return f"recomputed from n = 1 raw value: {percent(theirs.mean)}"
    sds = f"sd {theirs.sd:.3f} (ddof 1), {theirs.population_sd:.3f} (ddof 0)"
    return "; ".join([f"recomputed from n = {theirs.n} raw values: mean {percent(theirs.mean)}, {sds}", *remarks])
