"""Runs and rankings of benchmarks, read once for each state of the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import streamlit as st

from app.state import State
from registry.records import Leaderboard, Run


@dataclass(frozen=True)
class Wanted:
    """Which runs are asked for; nothing stands for all."""

    devices: tuple[str, ...] = ()
    recipes: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    """Of the sources that trained, by the beginning of their sha256."""
    since: date | None = None

    def fits(self, run: Run) -> bool:
        """Whether a run is asked for."""
        return (
            (not self.devices or run.device in self.devices)
            and (not self.recipes or run.recipe in self.recipes)
            and (not self.versions or version_of(run) in self.versions)
            and (self.since is None or date.fromisoformat(run.started[:10]) >= self.since)
        )


def version_of(run: Run) -> str:
    """The beginning of the sha256 of the sources that trained; "" where the record has none."""
    return (run.source_sha256 or "")[:12]


def runs_on(now: State, benchmark: str) -> dict[str, Run]:
    """All runs on a benchmark, by name."""
    return _runs(now.version, benchmark, now)


def ranked(now: State, benchmark: str, wanted: Wanted) -> Leaderboard:
    """The ranking of a benchmark, of the runs that are asked for."""
    return _ranked(now.version, benchmark, wanted, now)


@st.cache_resource(max_entries=16, show_spinner="Reading the runs ...")
def _runs(version: str, benchmark: str, _now: State) -> dict[str, Run]:
    return {run.name: run for run in _now.registry.runs(benchmark=benchmark)}


@st.cache_resource(max_entries=32, show_spinner="Ranking the runs ...")
def _ranked(version: str, benchmark: str, wanted: Wanted, _now: State) -> Leaderboard:
    return _now.registry.leaderboard(benchmark, wanted.fits)
