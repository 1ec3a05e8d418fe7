"""Altair charts of measured numbers: each with its unit on the axis, its spread, and no more than it knows.

Columns have fixed names and text stands in the rows, so that nothing of the graph is read as Vega's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from registry.records import Leaderboard, Run

DOT, THIN, ROW_HEIGHT = 90, 1.5, 28
FEW_EPOCHS = 6


def standings(board: Leaderboard, runs: Mapping[str, Run], unit: str) -> alt.LayerChart | alt.FacetChart:
    """Mean and interval of each recipe, its single runs as hollow dots, and its untrained encoder as a tick."""
    order = [standing.recipe for standing in board.standings]
    means = pd.DataFrame(
        [
            {
                "recipe": standing.recipe,
                "mean": standing.result.mean,
                "low": standing.result.low,
                "high": standing.result.high,
                "n": standing.result.n,
                "kind": "mean of n ≥ 3, 95 % interval" if standing.rank else "fewer than 3 seeds",
                "untrained": standing.untrained,
            }
            for standing in board.standings
        ]
    )
    singles = pd.DataFrame(
        [
            {"recipe": standing.recipe, "value": runs[name].value, "seed": runs[name].seed, "run": name}
            for standing in board.standings
            for name in standing.runs
        ]
    )
    y = alt.Y("recipe:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    x = alt.X("mean:Q", title=unit, scale=alt.Scale(zero=False, padding=12))
    base = alt.Chart(means)
    colour = alt.Color("kind:N", title=None, legend=alt.Legend(orient="top", columns=1, labelLimit=320))
    layers = [
        base.mark_tick(thickness=2, size=16, opacity=0.55).encode(
            y=y, x=alt.X("untrained:Q"), tooltip=[alt.Tooltip("untrained:Q", title="untrained, %", format=".2f")]
        ),
        base.mark_rule(strokeWidth=3).encode(y=y, x=alt.X("low:Q"), x2="high:Q", color=colour),
        alt.Chart(singles)
        .mark_point(size=40, filled=False, opacity=0.7, color="#888888")
        .encode(
            y=y,
            x=alt.X("value:Q"),
            tooltip=["run:N", "seed:Q", alt.Tooltip("value:Q", title="%", format=".2f")],
        ),
        base.mark_point(size=DOT, filled=True).encode(
            y=y,
            x=x,
            color=colour,
            shape=alt.Shape("kind:N", title=None),
            tooltip=[
                "recipe:N",
                alt.Tooltip("mean:Q", title="mean, %", format=".2f"),
                alt.Tooltip("low:Q", title="from, %", format=".2f"),
                alt.Tooltip("high:Q", title="to, %", format=".2f"),
                "n:Q",
            ],
        ),
    ]
    return alt.layer(*layers).properties(height=alt.Step(ROW_HEIGHT))


def over_time(rows: Sequence[dict[str, Any]], unit: str) -> alt.Chart:
    """Single runs by the day they started; a colour and a shape for each recipe."""
    chart: alt.Chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_point(size=70, filled=True, opacity=0.8)
        .encode(
            x=alt.X("started:T", title="started (UTC)"),
            y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False, padding=12)),
            color=alt.Color("recipe:N", title=None),
            shape=alt.Shape("recipe:N", title=None),
            tooltip=["run:N", "recipe:N", alt.Tooltip("value:Q", title="%", format=".2f"), "started:T"],
        )
        .properties(height=300)
    )
    return chart


def curves(rows: Sequence[dict[str, Any]], title: str) -> alt.LayerChart | alt.FacetChart:
    """One line a seed over the epochs."""
    hover = alt.selection_point(on="pointerover", fields=["seed"], empty=False, nearest=True)
    # A line of one epoch is no line: so few are shown as dots.
    few = len({row["epoch"] for row in rows}) < FEW_EPOCHS
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("epoch:Q", title="epoch", axis=alt.Axis(tickMinStep=1, format=",d")),
        y=alt.Y("value:Q", title=title, scale=alt.Scale(zero=False)),
        color=alt.Color("seed:N", title="seed", legend=alt.Legend(symbolType="stroke", symbolSize=300)),
    )
    lines = base.mark_line(strokeWidth=THIN).encode(strokeDash=alt.StrokeDash("seed:N", title="seed"))
    dots = base.mark_point(filled=True, size=30).encode(
        opacity=alt.condition(hover, alt.value(1), alt.value(1 if few else 0)),
        tooltip=["run:N", "seed:N", "epoch:Q", alt.Tooltip("value:Q", title=title, format=".4g")],
    )
    return alt.layer(lines, dots.add_params(hover)).properties(height=260)
