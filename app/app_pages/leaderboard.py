"""One benchmark: who reached what, over how many seeds, and which runs say so."""

from __future__ import annotations

import shlex
from dataclasses import replace

import streamlit as st

from app import charts, state
from app.address import kept_choices, kept_date, kept_name, kept_switch, put
from app.boards import Wanted, ranked, runs_on, version_of
from app.frames import frame, height_of, rows_key
from app.links import link, visit
from app.picking import chosen, unknown
from app.standings import axis_of, standings
from app.words import cut, plain
from registry.namespaces import iri
from registry.records import Benchmark, Leaderboard, Run, Standing
from registry.tables import Cell, percent, to_csv

DRAWN = 60
"""So many standings are drawn; the table has all."""


def page(now: state.State) -> None:
    """The page, for what its address names."""
    registry = now.registry
    st.title("Leaderboard")
    benchmarks = {benchmark.name: benchmark for benchmark in registry.benchmarks()}
    if not benchmarks:
        st.info("The graph holds no benchmark yet: one file in ontology/benchmarks/ describes it.")
        return
    runnable_first = sorted(benchmarks, key=lambda name: (not benchmarks[name].runnable, name))
    name = chosen(runnable_first, "Benchmark", "benchmark", lambda each: f"{each}: {benchmarks[each].title}")
    if name is None:
        st.info("Choose a benchmark to see what methods reached on it. Those that run here come first.")
        for each in runnable_first[:8]:
            link("benchmark", each, f"{each}: {benchmarks[each].title}")
        return
    _board(now, benchmarks[name])


def _board(now: state.State, benchmark: Benchmark) -> None:
    registry = now.registry
    definition = registry.graph.value(iri("benchmark", benchmark.name), iri("skos", "definition"))
    st.markdown(plain(definition or "Nobody has defined it yet."))
    runs = runs_on(now, benchmark.name)
    if not runs:
        _nobody_ran(benchmark)
        return
    wanted = _filters(list(runs.values()))
    if wanted != Wanted():
        st.caption(f"{sum(map(wanted.fits, runs.values())):,} of {len(runs):,} runs fit the filters.")
    board = ranked(now, benchmark.name, wanted)
    if not board.standings:
        st.info("No run that counts is left. The runs that do not count are below, each with its reason.")
    else:
        drawn = replace(board, standings=board.standings[:DRAWN])
        standings(drawn, runs)
        if len(board.standings) > DRAWN:
            st.caption(f"The first {DRAWN} of {len(board.standings):,} recipes are drawn; the table has all.")
        _table(board, runs)
        _over_time(drawn, runs)
    _left_out(board)


def _over_time(board: Leaderboard, runs: dict[str, Run]) -> None:
    opened = st.expander("Over time", icon=":material/timeline:", key="time", on_change=kept_switch("time"))
    if not opened.open:
        return
    rows = [
        {"run": name, "recipe": standing.recipe, "value": runs[name].value, "started": runs[name].started}
        for standing in board.standings
        for name in standing.runs
    ]
    with opened:
        st.altair_chart(charts.over_time(rows, axis_of(board.benchmark)), alt="Runs by the day they started")


def _nobody_ran(benchmark: Benchmark) -> None:
    if benchmark.runnable:
        st.info("Nobody has run a method on it yet. To be the first:")
        st.code(shlex.join(["registry", "run-benchmark", "METHOD", "--on", benchmark.name]), language="sh")
    else:
        st.info("It is described only, for the claims that are made about it: nothing here can score it.")


def _filters(runs: list[Run]) -> Wanted:
    """What the boxes ask for; their choices stand in the address."""
    there = {
        "device": sorted({run.device for run in runs if run.device}),
        "recipe": sorted({run.recipe for run in runs}),
        "code": sorted({version_of(run) for run in runs} - {""}),
    }
    active = any(key in st.query_params for key in (*there, "since"))
    with st.expander("Filter the runs", icon=":material/filter_alt:", expanded=active):
        columns = st.columns(4)
        titles = {
            "device": ("Hardware", None),
            "recipe": ("Recipe", None),
            "code": ("Implementation", "sha256 of the sources that trained, its first twelve digits"),
        }
        found = {}
        for column, (key, (title, told)) in zip(columns, titles.items(), strict=False):
            with column:
                unknown(title.lower(), key, there[key])
                remember = kept_choices(key, there[key])
                found[key] = tuple(st.multiselect(title, there[key], key=key, on_change=remember, help=told))
        with columns[3]:
            asked, remember = st.query_params.get("since"), kept_date("since")
            since = st.date_input("Started since", None, key="since", on_change=remember, format="YYYY-MM-DD")
            if asked and since is None:
                st.warning(f"{plain(cut(asked, 40))} is no date; 2026-01-31 is one.")
    return Wanted(found["device"], found["recipe"], found["code"], since)


def _table(board: Leaderboard, runs: dict[str, Run]) -> None:
    key = f"standings of {board.benchmark.name}"
    rows = [_row(standing) for standing in board.standings]
    number = st.column_config.NumberColumn

    def opened() -> None:
        for row in st.session_state[key].selection.rows:
            put("of", board.standings[row].recipe)

    st.dataframe(
        frame(rows),
        hide_index=True,
        height=height_of(rows),
        key=key,
        on_select=opened,
        selection_mode="single-row",
        column_config={
            name: number(name, format="%.2f")
            for name in ("mean, %", "sd, points", "from, %", "to, %", "untrained, %", "gain, points")
        },
    )
    st.caption(
        "sd is the sample standard deviation over seeds (ddof 1), from and to the 95 % interval of the mean by "
        "Student's t; fewer than three seeds take no rank. Select a row for the runs behind it."
    )
    st.download_button(
        "Download this table",
        to_csv(list(rows[0]), [list(row.values()) for row in rows]),
        f"{board.benchmark.name}.csv",
        "text/csv",
        icon=":material/download:",
    )
    recipes = {standing.recipe: standing for standing in board.standings}
    chosen_recipe = st.selectbox(
        "Who says so: the runs of",
        list(recipes),
        index=None,
        key="of",
        on_change=kept_name("of", recipes),
        placeholder="Choose a row",
    )
    if chosen_recipe:
        _provenance(recipes[chosen_recipe], runs)


def _row(standing: Standing) -> dict[str, Cell]:
    result = standing.result
    return {
        "rank": standing.rank,
        "recipe": standing.recipe,
        "mean, %": result.mean,
        "n": result.n,
        "sd, points": result.sd,
        "from, %": result.low,
        "to, %": result.high,
        "untrained, %": standing.untrained,
        "gain, points": result.mean - standing.untrained,
        "method": standing.method,
        "remark": standing.remark,
    }


def _provenance(standing: Standing, runs: dict[str, Run]) -> None:
    with st.container(border=True):
        link("method", standing.method, f"Method: {standing.method}")
        for name in standing.runs:
            run = runs[name]
            link(
                "run",
                name,
                f"seed {run.seed}: {percent(run.value)} %, {run.started[:10]}, {cut(run.device, 40)}: {name}",
            )


def _left_out(board: Leaderboard) -> None:
    if board.left_out:
        count = len(board.left_out)
        label = "1 run does not count" if count == 1 else f"{count:,} runs do not count"
        with st.expander(label, icon=":material/block:"):
            runs = [run for run, _ in board.left_out]
            table = st.dataframe(
                frame({"run": run, "because": why} for run, why in board.left_out),
                hide_index=True,
                key=rows_key("left out", runs),
                on_select="rerun",
                selection_mode="single-row",
            )
            st.caption("Select a row to open the run.")
            for row in table.selection.rows:
                visit("run", runs[row])


page(state.current())
