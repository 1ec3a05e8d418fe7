"""The picture of a ranking, with what its marks mean and whose numbers are those of a reading."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app import charts
from app.words import cut, plain
from registry.records import Benchmark, Leaderboard, Run
from registry.verdict_names import READING

MARKS = "Dot and bar: mean and its 95 % interval over seeds. Ring: a single run. Tick: the untrained encoder."


def axis_of(benchmark: Benchmark) -> str:
    """The metric of a benchmark with its unit."""
    return f"{benchmark.metric.replace('_', ' ')}, %"


def standings(board: Leaderboard, runs: Mapping[str, Run]) -> None:
    """Draws the standings of a board, of which there is at least one; `runs` knows their runs by name."""
    benchmark = board.benchmark
    st.altair_chart(
        charts.standings(board, runs, axis_of(benchmark)), alt=f"Means and intervals on {cut(benchmark.label)}"
    )
    readings = sorted({standing.method for standing in board.standings if READING in standing.remark})
    st.caption(" ".join([MARKS, *([plain(f"{', '.join(readings)}: {READING}.")] if readings else [])]))
    if benchmark.dataset.synthetic:
        st.caption("Synthetic data: a number here shows that a method learns, not how well it does on photographs.")
