"""How the trainings of a method went: one line a seed, of the quantity that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from app import charts
from app.address import kept_switch
from app.curve_lines import QUANTITIES, line
from app.links import link
from app.method_recipes import recipe_box
from app.picking import one_of
from app.words import cut, plain
from registry import Registry, RegistryError
from registry.curves import read_curve
from registry.records import Method, Recipe, Run
from registry.verdicts import run_command

MOST_RUNS, MOST_PICTURES = 8, 4
"""As many lines as there are colours, and so many pictures below one another."""


def curves(registry: Registry, method: Method) -> None:
    """The learning curves of a recipe over its seeds, a picture for each benchmark it was run on."""
    mine = registry.recipes(method.name)
    runs = registry.runs(method.name)
    registry.ranking.know(runs)
    counting = Counter(run.recipe for run in runs if registry.why_not_ranked(run) is None)
    if not runs:
        st.info(f"Nobody has run {plain(cut(method.label, 80))} yet.")
        _invite(mine[:1])
        return
    ordered = sorted(mine, key=lambda recipe: -counting[recipe.name])
    marks = {recipe.name: f" ({counting[recipe.name] or 'no'} runs that count)" for recipe in mine}
    first = next(iter(ordered), None)
    recipe = recipe_box(registry, ordered, marks, cut(first.name, 80) if first else "") or first
    if recipe is None:
        st.info("Its runs follow recipes that are no longer there.")
        return
    quantity = one_of("Quantity", list(QUANTITIES), "quantity")
    here = [run for run in runs if run.recipe == recipe.name]
    reasons = {run.name: registry.why_not_ranked(run) for run in here}
    left_out = sum(reason is not None for reason in reasons.values())
    if left_out and not st.toggle(f"Also the {left_out} that do not count", key="all", on_change=kept_switch("all")):
        here = [run for run in here if reasons[run.name] is None]
    st.subheader(plain(cut(recipe.name, 100)), anchor=False)
    if not here:
        st.info("No run of this recipe counts yet." if left_out else "Nobody has run this recipe yet.")
        _invite([recipe])
    benchmarks = list(dict.fromkeys(run.benchmark for run in here))
    if len(benchmarks) > MOST_PICTURES:
        st.caption(f"The {MOST_PICTURES} newest of {len(benchmarks)} benchmarks that it was run on are drawn.")
    for benchmark in benchmarks[:MOST_PICTURES]:
        there = [run for run in here if run.benchmark == benchmark]
        _picture(registry, benchmark, there, quantity)
        with st.container(horizontal=True):
            for run in there[:MOST_RUNS]:
                link("run", run.name, f"seed {run.seed} ({run.name[-6:]}): {cut(reasons[run.name] or 'counts', 50)}")


def _invite(recipes: Sequence[Recipe]) -> None:
    for recipe in recipes:
        for benchmark in recipe.benchmarks[:1]:
            st.code(run_command(recipe, benchmark), language="sh", wrap_lines=True)


def _picture(registry: Registry, benchmark: str, runs: Sequence[Run], quantity: str) -> None:
    column, title = QUANTITIES[quantity]
    rows, lacking = [], []
    for run in runs[:MOST_RUNS]:
        try:
            points = read_curve(registry.graph, run.name)
        except RegistryError as error:
            st.warning(plain(cut(error)), icon=":material/broken_image:")
            continue
        drawn = line(run, runs, points, column)
        rows += drawn
        if not drawn:
            lacking.append(run)
    if rows:
        synthetic = ", on synthetic data" if benchmark in registry.synthetic() else ""
        st.markdown(plain(cut(f"Trained for {benchmark}{synthetic}:")))
        st.altair_chart(charts.curves(rows, title), alt=f"{quantity} over the epochs, for {cut(benchmark, 80)}")
    if lacking:
        seeds = ", ".join(f"seed {run.seed}" for run in lacking)
        st.caption(plain(cut(f"No {quantity} is recorded of {seeds} on {benchmark}.")))
    if len(runs) > MOST_RUNS:
        st.caption(f"The newest {MOST_RUNS} of {len(runs)} runs are drawn.")
