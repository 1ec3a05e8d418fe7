"""Numbers that a source prints twice: 0.8086 and 80.86 % are one claim, 0.24 points and 0.24 % are two."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from registry.errors import BadSetting
from registry.graph import Graph
from registry.namespaces import iri, slug
from registry.reading import settings_of
from registry.signatures import Setting
from registry.triples import Value

SHARES = {iri("unit", "PERCENT"): (Decimal(1), " %"), iri("unit", "FRACTION"): (Decimal(100), "")}
"""Units of a share of a whole: what makes it percent, and how it is written."""


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A share as a source prints it."""

    percent: Decimal
    rounding: Decimal
    """Half a unit of the last printed digit, in percent."""
    unit: str
    words: str

    def is_same_number_as(self, other: Printed) -> bool:
        """Whether one number, rounded to the digits of each, prints as both."""
        return abs(self.percent - other.percent) <= max(self.rounding, other.rounding)


def printed(value: Value, unit: Value, stated: Value) -> Printed | None:
    """The share that a value with its unit stands for; None for points, times and what is no number."""
    if str(unit) not in SHARES or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    scale, sign = SHARES[str(unit)]
    found = [Decimal(digits) for digits in re.findall(r"\d*\.\d+|\d+", str(stated))]
    # Trailing zeros of the text are digits that the source vouches for; those of the value are lost.
    number = next((digits for digits in found if digits == Decimal(str(value))), Decimal(str(value)))
    last = number.as_tuple().exponent
    assert isinstance(last, int)
    return Printed(
        percent=number * scale,
        rounding=Decimal(5).scaleb(last - 1) * scale,
        unit=str(unit),
        words=f"{number}{sign}",
    )


def other_numbers(graph: Graph) -> Iterator[tuple[str, str]]:
    """Claims whose reg:alsoStated is another number, each with the reason."""
    for row in graph.select(
        "SELECT ?claim ?value ?unit ?stated ?also ?alsoUnit ?alsoStated"
        " { ?claim a reg:Claim ; mls:hasValue ?value ; qudt:hasUnit ?unit ; reg:statedText ?stated ;"
        "   reg:alsoStated [ mls:hasValue ?also ; qudt:hasUnit ?alsoUnit ; reg:statedText ?alsoStated ] }"
    ):
        claimed = printed(row["value"], row["unit"], row["stated"])
        repeated = printed(row["also"], row["alsoUnit"], row["alsoStated"])
        if repeated is None:
            continue  # a shape says what a statement needs
        if claimed is None:
            reason = (
                f"is a {slug(str(row['unit']))}, and what it also states, {repeated.words}, is a share of a whole"
            )
            yield str(row["claim"]), f"{reason}; give that a claim of its own"
        elif not claimed.is_same_number_as(repeated):
            yield (
                str(row["claim"]),
                f"states {claimed.words} and also {repeated.words}, which is another number; "
                "correct one, or give it a claim of its own",
            )


def stated_twice(graph: Graph) -> Iterator[tuple[str, str]]:
    """Pairs of claims that are one number of one source, as a fraction and in percent, each with the reason."""
    alike: dict[tuple[object, ...], list[tuple[str, Printed]]] = {}
    for row in graph.select(
        "SELECT DISTINCT ?claim ?source ?method ?benchmark ?data ?value ?unit ?stated"
        " { ?claim a reg:Claim ; prov:hadPrimarySource ?source ; reg:aboutMethod ?method ;"
        "   reg:onBenchmark ?benchmark ; mls:hasValue ?value ; qudt:hasUnit ?unit ; reg:statedText ?stated ."
        "   OPTIONAL { ?claim reg:pretrainedOn ?data } } ORDER BY ?claim"
    ):
        share = printed(row["value"], row["unit"], row["stated"])
        if share is not None:
            claim = str(row["claim"])
            same = (row["source"], row["method"], row["benchmark"], row["data"], _conditions(graph, claim))
            alike.setdefault(same, []).append((claim, share))
    for claims in alike.values():
        for (first, one), (second, other) in combinations(claims, 2):
            if one.unit != other.unit and one.is_same_number_as(other):
                yield (
                    second,
                    f"{one.words} and {other.words} are one claim: keep one and add reg:alsoStated to it; "
                    f"the other is {slug(first)}",
                )


def _conditions(graph: Graph, claim: str) -> tuple[tuple[str, Setting], ...] | str:
    """What a claim holds under; a claim that cannot be read is like no other."""
    found = graph.properties(claim)
    try:
        return tuple(
            (f"{kind}:{name}", to) for kind in ("hp", "ep") for name, to in settings_of(graph, found, kind).items()
        )
    except BadSetting:
        return claim
