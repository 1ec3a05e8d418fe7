"""What the graph holds, the newest runs, claims and their verdicts as one picture, and where to go next."""

from __future__ import annotations

import streamlit as st

from app import claim_charts, state
from app.judging import Judged, judged
from app.links import link, page_file
from app.words import cut, plain
from registry.records import Overview, Run
from registry.run_listing import numbers
from registry.tables import percent
from registry.verdict_names import READING

NEWEST = 6
CARD = 122  # pixels: six stand beside each other at 1280 pixels, two on a telephone

WAYS = (
    ("methods", "Methods", "what each is, where it comes from, what its paper claims and what ours reaches"),
    ("leaderboard", "Leaderboard", "who reached what on one benchmark, over how many seeds"),
    ("compare", "Compare", "two to six methods side by side, and what differs in them"),
    ("claims", "Claims", "every number that a paper states, and what our runs say to it"),
    ("terms", "Terms and search", "the taxonomy as a graph, and a search across everything"),
    ("ask", "Ask", "your own question in SPARQL, or one of the named ones"),
)

SECONDS_BETWEEN_LOOKS = 2


@st.cache_resource(max_entries=2, show_spinner=False)
def _counted(version: str, _now: state.State) -> tuple[Overview, int]:
    """What the graph holds, and on how many benchmarks there are runs."""
    return _now.registry.overview(), len(numbers(_now.registry, "benchmark"))


@st.cache_resource(max_entries=2, show_spinner=False)
def _readings(version: str, _now: state.State) -> set[str]:
    return {method.name for method in _now.registry.methods() if method.reading}


def page(now: state.State) -> None:
    """The page; of an empty graph it says how to fill it."""
    st.title("Contrastive registry")
    st.markdown(
        "What does the paper claim, what does a clean implementation reach, on which data, under which protocol, "
        "and who says so?"
    )
    overview, benchmarks = _counted(now.version, now)
    if not overview.subjects:
        st.info("This graph is empty: its ontology folder holds no method, no claim and no run.")
        st.markdown("A file in `ontology/methods` describes a method; `registry check` says whether it is whole.")
        return
    counts = overview.subjects
    shown = (
        ("Methods", counts.get("method", 0), f"{overview.implemented} run here"),
        ("Runs", counts.get("run", 0), f"on {benchmarks} benchmarks"),
        ("Claims", counts.get("claim", 0), f"{overview.evidence.get('primary', 0)} read at their source"),
        ("Papers", counts.get("paper", 0), f"beside {counts.get('repository', 0)} repositories"),
        ("Benchmarks", counts.get("benchmark", 0), f"{overview.runnable} run here"),
        ("Terms", counts.get("term", 0), "in one taxonomy"),
    )
    with st.container(horizontal=True):
        for what, count, remark in shown:
            with st.container(width=CARD, gap="xxsmall"):
                st.metric(what, f"{count:,}", border=True)
                st.caption(remark)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _verdicts(now)
    with right:
        _newest(now)
    st.subheader("Where to go next")
    for start in range(0, len(WAYS), 3):
        for column, (file, title, what) in zip(st.columns(3), WAYS[start : start + 3], strict=True):
            with column.container(border=True, height="stretch"):
                st.page_link(page_file(file), label=f"**{title}**")
                st.caption(what)


def _verdicts(now: state.State) -> None:
    st.subheader("Claims, and what our runs say to them")
    if judged(now).done:
        _picture(judged(now))
    else:
        _progress()


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _progress() -> None:
    """Looks again until all claims are judged, those of a newer state if there is one."""
    found = judged(state.current())
    if found.done:
        st.rerun()
    st.progress(found.share, f"{found.judged:,} of {found.claims:,} claims judged so far")
    _picture(found)


def _picture(found: Judged) -> None:
    if found.failure:
        st.warning(f"Not all claims could be judged: {plain(found.failure)}")
    if not found.claims:
        st.caption("No claim yet.")
    if not found.judged:
        return
    st.altair_chart(claim_charts.counts(found.tally), alt="Number of claims by verdict and evidence")
    st.caption(
        f"{found.tally.tested:,} tested against runs of ours under the same conditions. Not comparable: our runs "
        "differ from the claim's conditions, which its page names. Not attempted: no run of ours yet."
    )
    st.page_link(page_file("claims"), label="Open the ledger of claims", icon=":material/fact_check:")


def _newest(now: state.State) -> None:
    st.subheader("Newest runs")
    runs = now.registry.runs(limit=NEWEST)
    if not runs:
        st.caption("No run yet. The first takes minutes on a CPU:")
        st.code("registry run-benchmark moco_v2", language="sh")
        return
    synthetic = now.registry.synthetic()
    readings = _readings(now.version, now)
    for run in runs:
        link("run", run.name, f"{_outcome(run)}, seed {run.seed}: {run.recipe or run.method}")
        remarks = [
            run.benchmark,
            run.started[:16].replace("T", " "),
            "synthetic data" if run.benchmark in synthetic else "",
            READING if run.method in readings else "",
        ]
        st.caption(plain(cut(", ".join(filter(None, remarks)))))


def _outcome(run: Run) -> str:
    return run.status if run.value is None else f"{percent(run.value)} %"


page(state.current())
