"""Recipes of a method: what each changes, where it departs from the paper, and how to run it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.frames import frame, height_of
from app.links import link
from app.picking import chosen
from app.words import cut, plain, setting
from registry import Registry, RegistryError
from registry.comparing import changes
from registry.records import Benchmark, Method, Recipe
from registry.statistics import ENOUGH
from registry.verdict_names import READING
from registry.verdicts import run_command

MOST_VARIANTS = 60


def recipe_box(
    registry: Registry, mine: Sequence[Recipe], marks: dict[str, str], placeholder: str = "All of them"
) -> Recipe | None:
    """The recipe that the address names; a recipe of another method, left over from its page, is forgotten."""
    known = {recipe.name: recipe for recipe in mine}
    asked = st.query_params.get("recipe")
    if asked is not None and asked not in known and registry.graph.summary.has("recipe", asked):
        st.query_params.pop("recipe")
    name = chosen(
        list(known),
        "Recipe",
        "recipe",
        lambda each: f"{cut(each, 80)}{marks.get(each, '')}",
        placeholder=placeholder,
    )
    return None if name is None else known[name]


def recipes(registry: Registry, method: Method) -> None:
    """What a recipe changes beside the parent's, what the variants change, and all settings."""
    mine = registry.recipes(method.name)
    if not mine:
        st.info(f"There is no recipe of {plain(cut(method.label, 80))}: nothing here says how to train it.")
        return
    first = _first(registry, method, mine)
    recipe = recipe_box(registry, mine, {}, cut(first.name, 80)) or first
    on = ", ".join(recipe.benchmarks)
    st.subheader(f"{plain(cut(recipe.name, 100))}", anchor=False)
    st.caption(plain(cut(f"On {on}." if on else "On no benchmark.")))
    _beside_parent(registry, method, recipe)
    _beside_variants(mine, recipe)
    with st.expander(f"All {len(recipe.settings)} settings", icon=":material/tune:"):
        rows = [{"setting": name, "value": setting(value)} for name, value in sorted(recipe.settings.items())]
        st.dataframe(frame(rows), hide_index=True)


def _first(registry: Registry, method: Method, mine: Sequence[Recipe]) -> Recipe:
    """The recipe to show before one is asked for: one that has something beside it."""
    beside = (recipe for recipe in mine for each in recipe.benchmarks if _of_ancestor(registry, method, each))
    return next(beside, mine[0])


def _beside_parent(registry: Registry, method: Method, recipe: Recipe) -> None:
    """Beside the recipe of the nearest method above that has one for the same benchmark."""
    found: dict[str, list[str]] = {}
    parents: dict[str, Recipe] = {}
    for benchmark in recipe.benchmarks:
        parent = _of_ancestor(registry, method, benchmark)
        if parent is not None:
            parents[parent.name] = parent
            found.setdefault(parent.name, []).append(benchmark)
    if not found:
        if method.variant_of is not None:
            st.caption("Nothing that it refines has a recipe for the same benchmark.")
        return
    for name, benchmarks in found.items():
        st.markdown(f"Beside **{plain(cut(name, 100))}** on {plain(cut(', '.join(benchmarks)))}:")
        rows = [
            {
                "setting": change.setting,
                parents[name].method: setting(change.values[0]),
                method.name: setting(change.values[1]),
            }
            for change in changes([parents[name].settings, recipe.settings])
        ]
        if rows:
            st.dataframe(frame(rows), hide_index=True, height=height_of(rows))
        else:
            st.caption("Every setting is the same.")
        link("method", parents[name].method, f"Method: {parents[name].method}")


def _of_ancestor(registry: Registry, method: Method, benchmark: str) -> Recipe | None:
    for ancestor in registry.lineage(method.name):
        try:
            return registry.recipe(ancestor, benchmark)
        except RegistryError:  # it has none, or none that is the default
            continue
    return None


def _beside_variants(mine: Sequence[Recipe], recipe: Recipe) -> None:
    """The method's own recipes for the same benchmarks: a row each, a column for each setting they differ in."""
    family = [other for other in mine if set(other.benchmarks) & set(recipe.benchmarks)]
    if len(family) < 2:
        return
    shown = family[:MOST_VARIANTS]
    rows = changes([other.settings for other in shown])
    st.markdown(f"Its **{len(family)}** recipes there, and the settings in which they differ:")
    table = [
        {"recipe": other.variant or "default"} | {row.setting: setting(row.values[place]) for row in rows}
        for place, other in enumerate(shown)
    ]
    st.dataframe(
        frame(table),
        hide_index=True,
        height=height_of(table),
        column_config={"recipe": st.column_config.TextColumn(pinned=True)},
    )
    if len(family) > len(shown):
        st.caption(f"{len(family) - len(shown)} more are not shown.")


def departures(registry: Registry, method: Method) -> None:
    """Where the implementation and each recipe differ from the paper."""
    mine = [recipe for recipe in registry.recipes(method.name) if recipe.departures]
    if not method.departures and not mine:
        st.info("Nothing says that it departs from its paper.")
        return
    if method.reading:
        st.caption(f"It is {READING}: what its paper leaves open is listed under About.")
    if method.departures:
        st.subheader("In every recipe", anchor=False)
        st.markdown("\n".join(f"- {plain(text)}" for text in method.departures))
    if mine:
        st.subheader("Of single recipes", anchor=False)
        for recipe in mine[:MOST_VARIANTS]:
            told = "\n".join(f"- {plain(text)}" for text in recipe.departures)
            st.markdown(f"**{plain(cut(recipe.name, 100))}**\n\n{told}")
        if len(mine) > MOST_VARIANTS:
            st.caption(f"{len(mine) - MOST_VARIANTS} more recipes are not shown.")


def how_to_run(registry: Registry, method: Method) -> None:
    """The commands for each recipe and benchmark."""
    mine = registry.recipes(method.name)
    if method.implementation is None or not mine:
        lack = "no implementation" if method.implementation is None else "no recipe"
        st.info(f"It cannot be run here: there is {lack}. CONTRIBUTING.md shows how to add one.")
        return
    known = {benchmark.name: benchmark for benchmark in registry.benchmarks()}
    there = [name for name in dict.fromkeys(name for recipe in mine for name in recipe.benchmarks) if name in known]
    runnable = [name for name in there if known[name].runnable]
    recipe = recipe_box(registry, mine, {})
    if recipe is not None:
        runnable = [name for name in runnable if name in recipe.benchmarks]
        if not runnable:
            st.info("None of its benchmarks can be run here: they are described only.")
    for name in runnable:
        _commands(known[name], [recipe] if recipe else [each for each in mine if name in each.benchmarks])
    st.caption(
        f"{ENOUGH} seeds are the fewest that are compared. Where a data set is not built in, --data DIR names its "
        "folder; --epochs 1 makes a trial that is recorded and does not count."
    )


def _commands(benchmark: Benchmark, there: Sequence[Recipe]) -> None:
    st.subheader(plain(cut(benchmark.title, 120)), anchor=False)
    for recipe in there[:1]:
        st.code(run_command(recipe, benchmark.name, range(ENOUGH)), language="sh", wrap_lines=True)
    if len(there) > 1:
        with st.expander(f"{len(there) - 1} variants", icon=":material/alt_route:"):
            for recipe in there[1:MOST_VARIANTS]:
                st.code(run_command(recipe, benchmark.name, range(ENOUGH)), language="sh", wrap_lines=True)
