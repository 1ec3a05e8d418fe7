"""One run: what it reached, whether that counts, where the number comes from, and what was said of it since."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st

from app import run_facts
from app.address import put
from app.links import link, page_file
from app.paging import way_back
from app.picking import unknown
from app.run_list import SIGNS
from app.state import State
from app.words import cut, plain
from registry import Registry, RegistryError
from registry.curves import curve_csv
from registry.notices import LISTED, candidates_for
from registry.provenance import Record, read_record, record_file, record_text
from registry.records import Benchmark, Run
from registry.run_listing import Listed, named, of_one_recipe
from registry.tables import duration, percent
from registry.verdict_names import READING

COLOURS = {"succeeded": "green", "failed": "red", "diverged": "red", "interrupted": "orange"}
ICONS = {"succeeded": "check", "failed": "close", "diverged": "trending_down", "interrupted": "pause"}
WIDTH = 168
"""Of a number in pixels: two stand beside each other on a telephone."""
SEEDS = 20
"""So many other seeds are linked."""


def show(state: State, asked: str) -> None:
    """The page of the run of that name, or of the only one whose name begins so."""
    registry = state.registry
    way_back("runs")
    found = _found(registry, asked)
    if found is None:
        return
    if asked != found.name:  # an address that is sent needlessly may overtake the browser's way back
        put("run", found.name)
    if found.run is None:
        _unreadable(registry, found)
        return
    record = read_record(registry, found.run)
    _head(registry, found, found.run, record)
    run_facts.curve(state, found.run)
    run_facts.settings(found.run, record)
    run_facts.provenance(registry, found.run, record)
    run_facts.history(registry, found.run)
    _seeds(registry, found.run)
    _again(registry, found.run)
    _files(registry, found.name)


def _found(registry: Registry, asked: str) -> Listed | None:
    names = candidates_for(registry, asked)
    if len(names) == 1:
        return next(iter(named(registry, names)), None) or Listed(
            name=names[0], run=None, why_not="its record names no method, so that it is no run"
        )
    st.title("Runs")
    if not names:
        unknown("run", "run", registry.graph.names("run"))
    else:
        st.info(f"{len(names):,} runs begin with {plain(cut(asked, 80))}. Which is meant?")
        for name in names[:LISTED]:
            link("run", name)
        if len(names) > LISTED:
            _listing(f"All {len(names):,} of them", name=asked)
    return None


def _listing(label: str, **filters: str) -> None:
    st.page_link(page_file("runs"), label=label, icon=":material/list:", query_params=filters)


def _unreadable(registry: Registry, found: Listed) -> None:
    """A record that is in the graph and cannot be told: what is wrong, and where."""
    st.title("A run that cannot be read")
    st.code(found.name, language=None)
    st.error(f"It is left out of every listing: {plain(cut(found.why_not))}.", icon=":material/error:")
    st.markdown("Nothing is lost: the record is a file that people can read and mend. What is wrong with it tells:")
    st.code("registry check", language="sh")
    _files(registry, found.name, opened=True)


def _head(registry: Registry, found: Listed, run: Run, record: Record) -> None:
    benchmark = _benchmark(registry, run)
    st.title(plain(f"{cut(run.recipe or run.method, 80)} on {cut(run.benchmark, 60)}, seed {run.seed}"))
    st.code(run.name, language=None)
    with st.container(horizontal=True):
        status = plain(run.status)
        st.badge(status, icon=f":material/{ICONS.get(run.status, 'help')}:", color=_colour(run.status))
        if found.why_not is None:
            st.badge("counts", icon=":material/leaderboard:", color="green")
        else:
            st.badge("does not count", icon=":material/block:", color="orange")
        if found.synthetic:
            st.badge("synthetic data", icon=":material/category:", color="violet")
        if found.reading:
            st.badge("a reading", icon=":material/menu_book:", color="violet")
        if found.verified:
            doubted = registry.notices.doubted(run.name)
            icon, colour = ("question_mark", "orange") if doubted else ("verified", "green")
            st.badge(plain(found.verified), icon=f":material/{icon}:", color=_named_colour(colour))
    if found.why_not is not None:
        st.warning(f"It does not count: {plain(cut(found.why_not, 1000))}.", icon=":material/block:")
    _measured(run, record, benchmark)
    if found.reading:
        st.caption(f"Ours is {READING}.")
    if found.synthetic:
        st.caption("Synthetic data: the number shows that a method learns, not how well it does on photographs.")
    for warning in record.warnings:
        st.warning(f"Told before it started: {plain(cut(warning, 1000))}", icon=":material/warning:")
    with st.container(horizontal=True):
        link("method", run.method, f"Method: {run.method}")
        link("benchmark", run.benchmark, f"Benchmark: {run.benchmark}")
        if run.recipe:
            link("recipe", run.recipe, f"Recipe: {run.recipe}")


def _colour(status: str) -> Any:
    return _named_colour(COLOURS.get(status, "gray"))


def _named_colour(colour: str) -> Any:
    """Streamlit's type of a colour is a closed list of words."""
    return colour


def _benchmark(registry: Registry, run: Run) -> Benchmark | None:
    try:
        return registry.benchmark(run.benchmark)
    except RegistryError:  # `check` says what is wrong with it; the ranking tells it on this page as well
        return None


def _measured(run: Run, record: Record, benchmark: Benchmark | None) -> None:
    metric = "result" if benchmark is None else benchmark.metric.replace("_", " ")
    both = run.value is not None and run.untrained is not None
    numbers = {
        f"{plain(metric)}, %": percent(run.value) or "none",
        "untrained encoder, %": percent(run.untrained) or "none",
        "learned, points": f"{(run.value or 0) - (run.untrained or 0):+.2f}" if both else "none",
        "wall time": "not recorded" if run.wall_seconds is None else duration(run.wall_seconds),
    }
    with st.container(horizontal=True):
        for label, number in numbers.items():
            st.metric(label, number, width=WIDTH)
    told = []
    for score in record.scores:
        right = f"{score.correct:,} of {score.total:,} right" if score.correct and score.total else ""
        rate = "" if score.chosen_learning_rate is None else f"with learning rate {score.chosen_learning_rate:g}"
        if right or rate:
            told.append(" ".join(part for part in (f"{score.state}:", right, rate) if part))
    if told:
        st.caption(plain("; ".join(told)))


def _seeds(registry: Registry, run: Run) -> None:
    st.subheader("Other seeds of it")
    others = of_one_recipe(registry, run, SEEDS)
    if not others:
        st.caption("No other run has the same settings on the same benchmark: a single run, which takes no rank.")
        return
    st.caption("Runs on the same benchmark with the same settings.")
    for each in others:
        if each.run is not None:
            value = f"{percent(each.run.value)} %" if each.run.value is not None else each.run.status
            counts = "" if each.why_not is None else ", does not count"
            sign = SIGNS.get(each.run.status, "?")
            link("run", each.name, f"{sign} seed {each.run.seed}: {value}, {each.run.started[:10]}{counts}")
    if len(others) == SEEDS:
        _listing("All of its method there", method=run.method, benchmark=run.benchmark)


def _again(registry: Registry, run: Run) -> None:
    st.subheader("Do it again, or take it back")
    name = shlex.quote(run.name)
    if run.value is None:
        st.caption("There is no value that a repetition could confirm. These commands are typed in a terminal:")
    else:
        st.caption("Trains and scores again from this record and files whether it holds; typed in a terminal:")
        st.code(f"registry verify {name}", language="sh")
    if registry.notices.withdrawn(run.name) is None:
        st.caption("Takes it out of the ranking; the record stays in every listing, with the reason beside it:")
        st.code(f'registry retract {name} --why "..."', language="sh")
        st.caption("The same where a better run takes its place:")
        st.code(f'registry supersede {name} --by RUN --why "..."', language="sh")


def _files(registry: Registry, name: str, *, opened: bool = False) -> None:
    st.subheader("The record itself")
    graph = registry.graph
    first, second = st.columns(2)
    try:
        text = record_text(graph, name)
        file = record_file(graph, name).name
    except RegistryError as error:
        st.error(plain(error), icon=":material/error:")
        return
    first.download_button(
        "Download the record (Turtle)", text, file, "text/turtle", icon=":material/download:", on_click="ignore"
    )
    try:
        content = curve_csv(graph, name)
    except RegistryError:  # told where the curve would stand
        content = None
    if content is not None:
        second.download_button(
            "Download the learning curve (CSV)",
            content,
            f"{file.removesuffix('.ttl')}.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    with st.expander("Read it here", icon=":material/description:", expanded=opened):
        st.code(text, language="turtle", wrap_lines=True)
