"""What a table's cell says as a number, and why not: real cells hold dashes, marks, units and remarks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_UNSIGNED = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_NUMBER = rf"[+-]?{_UNSIGNED}(?:[eE][+-]?[0-9]+)?"
_MARKS = "*†‡§¶^"
_SPREAD = re.compile(rf"({_NUMBER})\s*(?:±|\+/-|\+-)\s*{_UNSIGNED}")
_REMARK = re.compile(rf"({_NUMBER})\s*[(\[]([^()\[\]]*)[)\]]")
_TWO = re.compile(rf"{_NUMBER}\s*%?(?:\s*[/|;,]\s*|\s+|\s*[(\[]){_NUMBER}\s*%?[)\]]?")
_DIGITS = 18
"""On either side of the point; what the store's decimals hold exactly."""


@dataclass(frozen=True)
class Reading:
    """The number that a text plainly means, if it does, and what is odd about the text."""

    number: str | None
    """In plain digits, "-0.5"."""
    percent: bool
    """Whether the text itself says that the number is in percent."""
    notes: tuple[str, ...]


def read_value(text: str) -> Reading:
    """Never a guess: a text that could mean two things has no number."""
    notes = []
    rest = re.sub("[\ufeff\u200b\u2060]", "", text)
    if rest != text:
        notes.append("a byte order mark or another character without width")
    if rest != rest.strip():
        notes.append("spaces around it")
        rest = rest.strip()
    if "\u2212" in rest:
        notes.append("a minus sign that is not the ASCII one")
        rest = rest.replace("\u2212", "-")
    bare = rest.strip(_MARKS).strip()
    if bare != rest and bare:
        notes.append("a footnote mark")
        rest = bare
    percent = re.fullmatch(rf"{_NUMBER}\s*%", rest) is not None
    if percent:
        notes.append("a percent sign")
        rest = rest.removesuffix("%").rstrip()
    elif spread := _SPREAD.fullmatch(rest):
        notes.append("a spread behind the number")
        rest = spread.group(1)
    elif (remark := _REMARK.fullmatch(rest)) and re.match("[A-Za-z]", remark.group(2)):
        notes.append("a remark behind the number")
        rest = remark.group(1)
    if re.fullmatch(_NUMBER, rest) is None:
        return Reading(None, False, (*notes, _reason(rest)))
    number = _plain(rest)
    if number is None:
        return Reading(None, False, (*notes, f"more than {_DIGITS} digits"))
    return Reading(number, percent, tuple(notes))


def _plain(text: str) -> str | None:
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) > 2 * _DIGITS or abs(int(exponent[:6] or "0")) > 2 * _DIGITS:
        return None
    whole, _, fraction = format(Decimal(text), "f").lstrip("+-").partition(".")
    if len(whole) > _DIGITS or len(fraction) > _DIGITS:
        return None
    sign = "-" if text.startswith("-") else ""
    return f"{sign}{whole}.{fraction or '0'}"


def _reason(rest: str) -> str:
    """Why a text is not one number."""
    if not rest:
        return "empty"
    if re.fullmatch(r"[-\u2013\u2014]+", rest):
        return "a dash"
    if suffix := re.fullmatch(rf"{_NUMBER}\s*([A-Za-zµ]{{1,3}})", rest):
        return f"a unit suffix {suffix.group(1)}"
    if re.fullmatch(rf"{_NUMBER}\+", rest):
        return "a plus sign behind the number"
    if re.fullmatch(rf"[~<>≈≤≥=]+\s*{_NUMBER}\s*[%A-Za-z]?", rest):
        return "a bound or an estimate"
    if re.fullmatch(r"[+-]?[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?", rest):
        return "a comma that may part decimals, thousands or two values"
    if _TWO.match(rest):
        return "two values"
    if not re.search("[0-9]", rest):
        return "words without a number"
    return "not one number"
