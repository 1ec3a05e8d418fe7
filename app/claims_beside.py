"""Claims beside our results on one benchmark: drawn differently, each with its spread, joined only where compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import altair as alt
import pandas as pd

CLAIMED, CLAIMED_ELSE = "claimed, compared with ours", "claimed, not compared"
OURS, OURS_FEW = "ours: mean of n ≥ 3, 95 % interval", "ours: fewer than 3 seeds"
OURS_ELSE = "ours, under other conditions: not compared"
KINDS = (OURS, OURS_FEW, CLAIMED, CLAIMED_ELSE, OURS_ELSE)
SHAPES = dict(zip(KINDS, ("circle", "circle", "diamond", "diamond", "circle"), strict=True))
FILLED = dict(zip(KINDS, (True, False, True, False, False), strict=True))
COLOURS = {
    "light": dict(zip(KINDS, ("#0072B2", "#0072B2", "#B84E00", "#77808A", "#77808A"), strict=True)),
    "dark": dict(zip(KINDS, ("#56B4E9", "#56B4E9", "#E69F00", "#8D97A2", "#8D97A2"), strict=True)),
}
INK = {"light": "#1B2430", "dark": "#E4E9EF"}
ROW, AXIS, LEGEND = 44, 104, 24


@dataclass(frozen=True)
class Mark:
    """A point of the picture.  Those of one row stand on one line, below its label."""

    row: str
    label: str
    kind: str
    value: float
    low: float | None
    high: float | None
    told: str
    """What it rests on, or why it is not compared."""


def beside_ours(marks: Sequence[Mark], unit: str, theme: str | None) -> alt.LayerChart | alt.FacetChart:
    """A row for each result of ours and each claim, in the order given."""
    theme = "dark" if theme == "dark" else "light"
    rows = list(dict.fromkeys(mark.row for mark in marks))
    kinds = [kind for kind in KINDS if any(mark.kind == kind for mark in marks)]
    table = pd.DataFrame([asdict(mark) for mark in marks])
    first = table.drop_duplicates("row")
    y = alt.Y("row:N", sort=rows, axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    x = alt.X("value:Q", title=unit, scale=alt.Scale(zero=False, padding=14, nice=True), axis=alt.Axis(tickCount=8))
    colours = alt.Scale(domain=kinds, range=[COLOURS[theme][kind] for kind in kinds])
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=colours,
        legend=alt.Legend(orient="top", columns=1, symbolStrokeWidth=2, labelLimit=320),
    )
    shape = alt.Shape("kind:N", title=None, scale=alt.Scale(domain=kinds, range=[SHAPES[kind] for kind in kinds]))
    fills = [COLOURS[theme][kind] if FILLED[kind] else "transparent" for kind in kinds]
    fill = alt.Fill("kind:N", title=None, scale=alt.Scale(domain=kinds, range=fills))
    tooltip = [
        alt.Tooltip("label:N", title="what"),
        alt.Tooltip("kind:N", title="kind"),
        alt.Tooltip("value:Q", title=unit, format=".2f"),
        alt.Tooltip("low:Q", title="from", format=".2f"),
        alt.Tooltip("high:Q", title="to", format=".2f"),
        alt.Tooltip("told:N", title="and"),
    ]
    base = alt.Chart(table)
    down = 9
    layers = [
        alt.Chart(first)
        .mark_text(align="left", baseline="bottom", dy=-1, fontSize=12, limit=640, clip=True, color=INK[theme])
        .encode(y=y, x=alt.value(2), text="label:N"),
        base.mark_rule(strokeWidth=3, yOffset=down).encode(y=y, x=alt.X("low:Q"), x2="high:Q", color=colour),
    ]
    pairs = _pairs(marks)
    if pairs:
        layers.append(
            alt.Chart(pd.DataFrame(pairs))
            .mark_rule(strokeWidth=1.5, strokeDash=[2, 3], yOffset=down, color=INK[theme])
            .encode(y=y, x=alt.X("claimed:Q"), x2="ours:Q")
        )
    layers.append(
        base.mark_point(size=90, filled=False, strokeWidth=2, yOffset=down).encode(
            y=y, x=x, color=colour, fill=fill, shape=shape, tooltip=tooltip

        )
    )  # fmt: skip
    return alt.layer(*layers).properties(height=ROW * len(rows) + AXIS + LEGEND * len(kinds))


def _pairs(marks: Sequence[Mark]) -> list[dict[str, object]]:
    """A claim and the result that was compared with it, by their row."""
    claimed = {mark.row: mark.value for mark in marks if mark.kind == CLAIMED}
    return [
        {"row": mark.row, "claimed": claimed[mark.row], "ours": mark.value}
        for mark in marks
        if mark.kind in (OURS, OURS_FEW) and mark.row in claimed
    ]
