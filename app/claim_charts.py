"""Pictures of claims: how many there are of each kind, and how far ours is from one."""

from __future__ import annotations

import altair as alt
import pandas as pd

from app.claim_words import CHOICES, EVIDENCE, UNREADABLE, Tally, signed
from registry.recomputing import rounding
from registry.records import Claim, Difference
from registry.verdicts import MARGIN

BAR, AROUND, LEVEL = 40, 120, 20
"""Pixels: of a bar, of the axis with its titles, and of a line of the legend."""
GREY = "#808080"


def counts(tally: Tally) -> alt.Chart:
    """Claims by verdict, each bar in parts by how directly they were read; the numbers stand beside it in words."""
    found = tally.counts.copy()
    levels = [level for level in (*EVIDENCE, UNREADABLE) if any(level == other for _, other in found)]
    verdicts = [verdict for verdict in CHOICES if any(verdict == other for other, _ in found)]
    told = {
        verdict: f"{signed(verdict)}|"
        + ", ".join(f"{number:,} {level}" for level in levels if (number := found[verdict, level]))
        for verdict in verdicts
    }
    rows = [
        {"verdict": told[verdict], "evidence": level, "place": place, "claims": number}
        for verdict in verdicts
        for place, level in enumerate(levels)
        if (number := found[verdict, level])
    ]
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            y=alt.Y(
                "verdict:N",
                sort=[told[verdict] for verdict in verdicts],
                title=None,
                axis=alt.Axis(
                    labelLimit=240, ticks=False, labelExpr="split(datum.label, '|')", labelPadding=8, labelOffset=-7
                ),
            ),
            x=alt.X("claims:Q", title="claims", axis=alt.Axis(tickMinStep=1, format=",d", tickCount=5)),
            # A level keeps its colour, whatever is filtered.
            color=alt.Color(
                "evidence:N",
                title="evidence",
                scale=alt.Scale(domain=[*EVIDENCE, UNREADABLE]),
                legend=alt.Legend(orient="top", columns=1, values=levels),
            ),
            order=alt.Order("place:Q"),
            tooltip=["evidence:N", alt.Tooltip("claims:Q", format=",")],
        )
        .properties(height=BAR * len(verdicts) + AROUND + LEVEL * len(levels))
    )
    return chart


def difference(claim: Claim, found: Difference) -> alt.LayerChart | alt.FacetChart:
    """Ours minus the claim with its interval, against zero and the margin within which it is reproduced."""
    digits = rounding(claim.decimals)
    row = {
        "what": "ours minus claim",
        "low": found.low,
        "high": found.high,
        "lowest": found.low - digits,
        "highest": found.high + digits,
        "middle": (found.low + found.high) / 2,
        "told": f"{found.low:+.2f} to {found.high:+.2f}",
        "height": 0.45,
        "under": 0.14,
    }
    margin = {
        "low": -MARGIN,
        "high": MARGIN,
        "zero": 0.0,
        "told": f"within {MARGIN:g} point of the claim",
        "top": 0.88,
        "from": 0.25,
        "to": 0.75,
    }
    reach = 1.25 * max(MARGIN, digits - found.low, found.high + digits)
    x = alt.X(
        "low:Q",
        title="ours minus claim, percentage points",
        scale=alt.Scale(domain=[-reach, reach], nice=False),
        axis=alt.Axis(format="+.2~f", tickCount=7),
    )

    def y(column: str) -> alt.Y:
        return alt.Y(f"{column}:Q", axis=None, scale=alt.Scale(domain=[0, 1]))

    around = alt.Chart(pd.DataFrame([margin]))
    ours = alt.Chart(pd.DataFrame([row])).encode(
        color=alt.Color("what:N", legend=None),
        tooltip=[
            alt.Tooltip("middle:Q", title="ours minus claim, points", format="+.2f"),
            alt.Tooltip("told:N", title="95 % interval"),
        ],
    )
    layers = [
        around.mark_rect(opacity=0.18, color=GREY).encode(x=x, x2="high:Q"),
        around.mark_rule(strokeDash=[4, 3], color=GREY).encode(x="zero:Q", y=y("from"), y2="to:Q"),
        around.mark_text(color=GREY).encode(x="zero:Q", y=y("top"), text="told:N"),
        ours.mark_rule(strokeWidth=1.5).encode(x="lowest:Q", x2="highest:Q", y=y("height")),
        ours.mark_rule(strokeWidth=6).encode(x=x, x2="high:Q", y=y("height")),
        ours.mark_point(size=140, filled=True, shape="diamond", opacity=1, stroke="white").encode(
            x="middle:Q", y=y("height")
        ),
        ours.mark_text(color=GREY).encode(x="middle:Q", y=y("under"), text="told:N", color=alt.value(GREY)),
    ]
    return alt.layer(*layers).properties(height=170)
