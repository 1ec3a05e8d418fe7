"""All runs, newest first, failed ones too: a page of them at a time, and what of them is asked for."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.address import kept_choices, kept_text
from app.frames import frame, rows_key, selected_rows
from app.links import link, visit
from app.paging import SIZE, asked_page, clearing, pages_of, turned
from app.picking import chosen, unknown
from app.state import State
from app.words import cut, memory
from registry import Registry
from registry.run_listing import STATUSES, Listed, Sieve, count, listed, named, numbers
from registry.run_rows import ALL, Asked
from registry.tables import duration
from registry.verdict_names import READING

COUNTS, NOT = "counts", "does not count"
SIGNS = {"succeeded": "✓", "failed": "✕", "diverged": "↯", "interrupted": "‖"}
PATIENCE = 0.3
"""Seconds of each look for runs that count, while the page waits."""
AGAIN = 0.5
"""Seconds between two looks."""


def show(state: State) -> None:
    """The listing, for what its address names."""
    st.title("Runs")
    registry = state.registry
    if not count(registry, ALL):
        st.info("The graph holds no run yet. To make the first, with data that the registry draws itself:")
        st.code("registry run-benchmark moco_v2", language="sh")
        return
    st.caption(
        "Every training that was filed, also those that failed: a number here was measured by a run of ours, "
        "in percent of the benchmark's metric, beside the encoder that learned nothing."
    )
    asked, counting = _filters(state)
    if counting is None:
        _all(registry, asked)
    else:
        _sifted(state, asked, counting=counting)


@st.cache_data(max_entries=8, show_spinner=False)
def _numbers(version: str, column: str, _registry: Registry) -> dict[str, int]:
    return numbers(_registry, column)


def _filters(state: State) -> tuple[Asked, bool | None]:
    """What is asked for, and whether only runs are wanted that count, that do not, or any."""
    first, second, third = st.columns(3)
    with first:
        method = _chosen(state, "method", "Method")
    with second:
        benchmark = _chosen(state, "benchmark", "Benchmark")
    beginning = third.text_input(
        "Name begins with", key="name", on_change=kept_text("name"), placeholder="moco_v2-s0-2026", max_chars=400
    ).strip()
    first, second = st.columns([2, 1])
    unknown("status", "status", [status.lower() for status in STATUSES])
    unknown("choice", "counts", [COUNTS, NOT])
    statuses = first.pills(
        "Status",
        [status.lower() for status in STATUSES],
        selection_mode="multi",
        key="status",
        on_change=kept_choices("status", [status.lower() for status in STATUSES]),
    )
    counts = second.pills(
        "In the ranking",
        [COUNTS, NOT],
        selection_mode="multi",
        key="counts",
        on_change=kept_choices("counts", [COUNTS, NOT]),
        help="A run counts that is complete, unchanged, not withdrawn and the first of its seed.",
    )
    asked = Asked(
        method=method,
        benchmark=benchmark,
        beginning=beginning or None,
        statuses=tuple(status for status in STATUSES if status.lower() in statuses) or None,
    )
    return asked, counts == [COUNTS] if len(counts) == 1 else None


def _chosen(state: State, kind: str, label: str) -> str | None:
    known = _numbers(state.version, kind, state.registry)
    names = [*sorted(known), *(name for name in state.registry.graph.names(kind) if name not in known)]
    return chosen(names, label, kind, lambda name: f"{name} ({known.get(name, 0):,})")


def _all(registry: Registry, asked: Asked) -> None:
    total = count(registry, asked)
    if not total:
        _none(asked)
        return
    place = st.container()
    page = turned(pages_of(total))
    found = list(listed(registry, asked, limit=SIZE, offset=SIZE * (page - 1)))
    with place:
        _table(found, f"{_from_to(page, len(found))} of {total:,} runs, newest first.")


@st.cache_resource(max_entries=8, show_spinner=False)
def _sieve(version: str, asked: Asked, counting: bool, _registry: Registry) -> Sieve:
    return Sieve(_registry, asked, counting=counting)


def _sifted(state: State, asked: Asked, *, counting: bool) -> None:
    """The runs that count, or do not; so many are looked at as the page needs, while it says how far it is."""
    sieve = _sieve(state.version, asked, counting, state.registry)
    page = asked_page()
    wanted = SIZE * page + 1
    enough = sieve.look(wanted, PATIENCE)
    names = list(sieve.found)
    if not enough:
        st.session_state["looked"] = True
        _looking(sieve, wanted, len(names))
    elif not names:
        _none(asked)
        return
    pages = pages_of(len(names))
    place = st.container()
    page = turned(pages if enough else max(pages, page), whole=enough)
    shown = names[SIZE * (page - 1) : SIZE * page]
    total = f"of {len(names):,}" if sieve.done else "of more"
    what = "count" if counting else "do not count"
    with place:
        if shown:
            _table(
                named(state.registry, shown), f"{_from_to(page, len(shown))} {total} runs that {what}, newest first."
            )


@st.fragment(run_every=AGAIN)
def _looking(sieve: Sieve, wanted: int, shown: int) -> None:
    """How far the search is; the page is drawn again where there is more to show."""
    just_looked = st.session_state.pop("looked", False)
    if not just_looked and (sieve.look(wanted, PATIENCE) or len(sieve.found) > shown):
        st.rerun()
    st.progress(sieve.looked / sieve.total, f"Looked at {sieve.looked:,} of {sieve.total:,} runs ...")


def _from_to(page: int, shown: int) -> str:
    first = SIZE * (page - 1) + 1
    return f"{first:,} to {first + shown - 1:,}"


def _none(asked: Asked) -> None:
    st.info("No run is like that.", icon=":material/search_off:")
    clearing("method", "benchmark", "name", "status", "counts")
    if asked.method and asked.benchmark:
        st.caption("To make one, if the method has a recipe for it:")
        command = ["registry", "run-benchmark", asked.method, "--on", asked.benchmark]
        st.code(shlex.join(command), language="sh", wrap_lines=True)


def _table(found: Sequence[Listed], told: str) -> None:
    number = st.column_config.NumberColumn
    event: Any = st.dataframe(
        frame(_row(each) for each in found),
        hide_index=True,
        height="content",
        placeholder="",
        key=rows_key("runs", [each.name for each in found]),
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        alt="Runs, newest first",
        column_config={
            "run": st.column_config.TextColumn(width=270),
            "value, %": number(format="%.2f", help="What the trained encoder reached."),
            "untrained, %": number(format="%.2f", help="What the same encoder reached before it learned anything."),
            "images/s": number(format="%.0f", help="Trained on in a second, the median over the timed epochs."),
            "memory": st.column_config.TextColumn(help="The largest that the process ever held."),
        },
    )
    st.caption(f"{told} Click a run's name, or tick its row, to open it.")
    unread = [each for each in found if each.run is None]
    if unread:
        st.caption(f"{len(unread)} of them cannot be read; `registry check` says what is wrong with their files.")
    for row in selected_rows(event, "run"):
        visit("run", found[row].name)
    if len(found) <= 3:
        for each in found:
            link("run", each.name, f"Open {each.name}")


def _row(each: Listed) -> dict[str, object]:
    run = each.run
    if run is None:
        return {
            "run": each.name,
            "status": "? unreadable",
            "counts": "no",
            "does not count because": cut(each.why_not),
        }
    remarks = ["synthetic data"] * each.synthetic + [READING] * each.reading
    return {
        "run": run.name,
        "status": f"{SIGNS.get(run.status, '?')} {run.status}",
        "value, %": run.value,
        "untrained, %": run.untrained,
        "counts": "yes" if each.why_not is None else "no",
        "recipe": cut(run.recipe or "", 90),
        "benchmark": run.benchmark,
        "seed": run.seed,
        "wall time": "" if run.wall_seconds is None else duration(run.wall_seconds),
        "images/s": run.images_per_second,
        "memory": memory(run.peak_memory),
        "device": cut(run.device or "", 80),
        "verified": each.verified or "",
        "does not count because": cut(each.why_not or ""),
        "remark": "; ".join(remarks),
    }
