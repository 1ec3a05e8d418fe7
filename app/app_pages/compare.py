"""Two to six methods side by side: what they reached and cost, by how much they differ, and in what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from statistics import median

import streamlit as st

from app import state
from app.address import kept_choices, kept_switch
from app.boards import Wanted, ranked, runs_on
from app.frames import frame, height_of
from app.links import link
from app.picking import chosen, unknown
from app.standings import standings
from app.words import cut, memory, plain, setting
from registry import Registry
from registry.comparing import Contrast, changes, contrasts
from registry.errors import BadSetting, UnknownName
from registry.records import Benchmark, Difference, Leaderboard, Method, Recipe, Run
from registry.tables import duration, percent
from registry.verdict_names import READING

MOST = 6


def page(now: state.State) -> None:
    """The page, for the methods and the benchmark that its address names."""
    registry = now.registry
    st.title("Compare")
    methods = {method.name: method for method in registry.methods()}
    if len(methods) < 2:
        st.info("There are fewer than two methods to compare: one file in ontology/methods/ describes each.")
        return
    unknown("method", "methods", methods)
    if len(st.query_params.get_all("methods")) > MOST:
        st.warning(f"The address names more than {MOST} methods: the first {MOST} are compared.")
    names = st.multiselect(
        "Methods, two to six",
        list(methods),
        key="methods",
        on_change=kept_choices("methods", methods, MOST),
        max_selections=MOST,
        placeholder="Choose methods",
    )
    if len(names) < 2:
        st.info("Choose at least two methods.")
        return
    picked = [methods[name] for name in names]
    shared = _shared_benchmarks(now.version, tuple(names), registry)
    if shared:
        first = next(iter(shared))
        name = chosen(
            list(shared),
            "Benchmark",
            "benchmark",
            lambda each: f"{each}: {shared[each].title}",
            noun="benchmark with recipes of two of them called",
            placeholder=f"{first}: {cut(shared[first].title, 80)}, which most of them have a recipe for",
        )
        benchmark = shared[name or first]
        _results(now, benchmark, names)
        _settings(registry, benchmark, names)
    else:
        st.info("No benchmark that runs here has recipes of two of them, so that only what they are is compared.")
    _components(picked)


@st.cache_resource(max_entries=64, show_spinner=False)
def _shared_benchmarks(version: str, names: tuple[str, ...], _registry: Registry) -> dict[str, Benchmark]:
    """The benchmarks that run here and for which two of the methods have recipes, the most shared and run first."""
    recipes = [set(chain.from_iterable(each.benchmarks for each in _registry.recipes(name))) for name in names]
    found = []
    for benchmark in _registry.benchmarks():
        sharing = sum(benchmark.name in known for known in recipes)
        if benchmark.runnable and sharing > 1:
            ran = sum(bool(_registry.runs(name, benchmark.name, limit=1)) for name in names)
            found.append((-ran, -sharing, benchmark.dataset.synthetic, benchmark.name, benchmark))
    return {name: benchmark for *_, name, benchmark in sorted(found, key=lambda row: row[:4])}


def _results(now: state.State, benchmark: Benchmark, names: Sequence[str]) -> None:
    registry = now.registry
    st.subheader(f"Results on {plain(benchmark.title)}")
    runs = {name: run for name, run in runs_on(now, benchmark.name).items() if run.method in names}
    defaults = _default_recipes(registry, benchmark, names)
    recipes = {run.recipe for run in runs.values()}
    others = recipes - defaults
    if others and not st.toggle(f"Also their {len(others)} other recipes", key="all", on_change=kept_switch("all")):
        recipes &= defaults
    if not recipes:
        st.info(f"No run that counts here yet: {plain(', '.join(sorted(names)))}.")
        return
    board = ranked(now, benchmark.name, Wanted(recipes=tuple(sorted(recipes))))
    missing = sorted(set(names) - {standing.method for standing in board.standings})
    if missing:
        st.info(f"No run that counts here yet: {plain(', '.join(missing))}.")
    if not board.standings:
        return
    standings(board, runs)
    _contrasts(board, runs)
    _costs(board, runs)


def _default_recipes(registry: Registry, benchmark: Benchmark, names: Sequence[str]) -> set[str]:
    """Of each method the recipe that a run follows where none is named."""
    known = chain.from_iterable(registry.recipes(name) for name in names)
    return {recipe.name for recipe in known if recipe.variant is None and benchmark.name in recipe.benchmarks}


def _contrasts(board: Leaderboard, runs: dict[str, Run]) -> None:
    found = contrasts(board.standings, runs)
    if not found:
        return
    st.dataframe(frame(_contrast(each) for each in found), hide_index=True, height=height_of(found))
    st.caption(
        "First minus second, in percentage points, with the 95 % interval. Welch's t-test needs three seeds a side, "
        "the paired one three seeds that both trained. Each interval stands for itself: of twenty pairs that do not "
        "differ one is expected to look as if it did."
    )


def _contrast(each: Contrast) -> dict[str, object]:
    return {
        "first": each.first,
        "second": each.second,
        "difference, points": percent(each.gap),
        "Welch, 95 %": _interval(each.welch) or each.reason,
        "Welch, p": None if each.welch is None else round(each.welch.p_value, 4),
        "paired, 95 %": _interval(each.paired) or f"{each.pairs} common seeds",
        "paired, p": None if each.paired is None else round(each.paired.p_value, 4),
        "pairs": each.pairs,
    }


def _interval(found: Difference | None) -> str:
    return "" if found is None else f"[{percent(found.low)}, {percent(found.high)}]"


def _costs(board: Leaderboard, runs: dict[str, Run]) -> None:
    st.subheader("What it cost")
    rows = []
    for standing in board.standings:
        mine = [runs[name] for name in standing.runs]
        walls = [run.wall_seconds for run in mine if run.wall_seconds is not None]
        rates = [run.images_per_second for run in mine if run.images_per_second is not None]
        peaks = [run.peak_memory for run in mine if run.peak_memory is not None]
        rows.append(
            {
                "recipe": standing.recipe,
                "time of a run, median": duration(median(walls)) if walls else "",
                "images/s, median": round(median(rates)) if rates else None,
                "memory, largest": memory(max(peaks)) if peaks else "",
                "on": ", ".join(sorted({run.device for run in mine if run.device})),
                "n": len(mine),
            }
        )
    st.dataframe(frame(rows), hide_index=True)
    if len({row["on"] for row in rows}) > 1:
        st.caption("Not on the same hardware: times and images/s are not comparable.")


def _settings(registry: Registry, benchmark: Benchmark, names: Sequence[str]) -> None:
    st.subheader("What differs in their recipes")
    recipes: dict[str, Recipe] = {}
    for name in names:
        try:
            recipes[name] = registry.recipe(name, benchmark.name)
        except (UnknownName, BadSetting) as error:
            st.caption(plain(cut(error)))
    rows = changes([recipe.settings for recipe in recipes.values()])
    if len(recipes) > 1 and rows:
        table = [
            {"setting": row.setting} | {name: setting(value) for name, value in zip(recipes, row.values, strict=True)}
            for row in rows
        ]
        st.dataframe(frame(table), hide_index=True, height=height_of(table))
        st.caption("Default recipes; none where one has no such setting.")
    elif len(recipes) > 1:
        st.caption("Nothing: their settings are the same.")


def _components(picked: Sequence[Method]) -> None:
    st.subheader("What they are made of")
    for column, method in zip(st.columns(len(picked)), picked, strict=True):
        with column:
            link("method", method.name, method.label)
            if method.reading:
                st.caption(plain(READING))
    components = sorted({component for method in picked for component in method.components})
    rows = [
        {"": component} | {method.name: "yes" if component in method.components else "" for method in picked}
        for component in components
    ]
    rows += [
        {"": "refines"} | {method.name: method.variant_of or "" for method in picked},
        {"": "introduced in"} | {method.name: method.introduced_in or "" for method in picked},
        {"": "implementation"} | {method.name: method.implementation or "none yet" for method in picked},
    ]
    st.dataframe(frame(rows), hide_index=True)


page(state.current())
