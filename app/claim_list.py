"""The ledger of claims: a page of those that are asked for, each with what our results say about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app.address import kept_choices, kept_switch, kept_text
from app.claim_words import CHOICES, EVIDENCE, MEANINGS, Tally, evidence_of, quoted, signed, verdict_of
from app.frames import frame, rows_key, selected_rows
from app.judging import again, judged
from app.links import link, visit
from app.paging import SIZE, clearing, pages_of, turned
from app.picking import chosen, unknown
from app.state import State, current
from app.words import cut, mean_with_spread, plain
from registry.ledger import Entry, methods_of_claims
from registry.verdict_names import NOT_ATTEMPTED

UNTRIED = "Nobody has re-run it"

AGAIN = 2.0
"""Seconds between two looks at how far the judging is."""

Wanted = tuple[str | None, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def show(state: State) -> None:
    """The listing, for what its address names."""
    st.title("Claims")
    if not state.registry.graph.names("claim"):
        st.info("The graph holds no claim yet: one file in ontology/claims/ describes each.")
        return
    st.caption(
        "Numbers that papers and repositories print, in quotation marks, with their source. "
        "What runs of ours measured stands in a column of its own, without; the verdict says how the two agree."
    )
    method, wanted = _filters(state)
    if judged(state, method).done:
        _ledger(method, wanted)
    else:
        st.fragment(_ledger, run_every=AGAIN)(method, wanted)


def _filters(state: State) -> tuple[str | None, Wanted]:
    """The method, and what is wanted else: the benchmark, verdicts, levels of evidence, words."""
    first, second, third = st.columns(3)
    with first:
        method = chosen(_methods(state.version, state), "Method", "method")
    named = judged(state, method).tally.benchmarks.union(state.registry.graph.names("benchmark"))
    with second:
        benchmark = chosen(sorted(named), "Benchmark", "benchmark")
    words = third.text_input(
        "Words", key="words", on_change=kept_text("words"), placeholder="linear probe, 200ep, Table 1"
    )
    unknown("verdict", "verdict", CHOICES)
    unknown("level of evidence", "evidence", EVIDENCE)
    verdicts = st.pills(
        "Verdict",
        CHOICES,
        selection_mode="multi",
        key="verdict",
        on_change=kept_choices("verdict", CHOICES),
        disabled=st.query_params.get("untried") == "true",
        help=f'Without effect while "{UNTRIED}" is on.',
    )
    first, second = st.columns(2, vertical_alignment="bottom")
    evidence = first.pills(
        "Evidence", EVIDENCE, selection_mode="multi", key="evidence", on_change=kept_choices("evidence", EVIDENCE)
    )
    untried = second.toggle(
        UNTRIED,
        key="untried",
        on_change=kept_switch("untried"),
        help=f'Only claims whose verdict is "{NOT_ATTEMPTED}".',
    )
    if untried:
        verdicts = [NOT_ATTEMPTED]
    folded = tuple(sorted({word for word in words.casefold().split() if word}))
    return method, (benchmark, tuple(verdicts), tuple(evidence), folded)


@st.cache_data(max_entries=4, show_spinner=False)
def _methods(version: str, _state: State) -> list[str]:
    """Also those that claims are about and nobody describes."""
    return sorted({*methods_of_claims(_state.registry), *_state.registry.graph.names("method")})


def _ledger(method: str | None, wanted: Wanted) -> None:
    """What there is of it; while not all claims are judged it is drawn again and again, of the newest state."""
    state = current()
    progress = judged(state, method)
    done = progress.done
    entries = progress.entries
    if done and st.session_state.get("judging"):
        st.session_state["judging"] = False
        st.rerun()  # outside of the fragment that looks again and again
    st.session_state["judging"] = not done
    if progress.failure is not None:
        st.error(
            f"The judging broke off after {len(entries):,} of {progress.claims:,} claims: {plain(progress.failure)}",
            icon=":material/error:",
        )
        st.button("Try again", on_click=again, args=(state, method), icon=":material/refresh:")
    elif not done:
        told = f"{len(entries):,} of {progress.claims:,} claims are judged; those are shown."
        st.progress(progress.share, told)
    found = [entry for entry in entries if _is_wanted(entry, wanted)] if any(wanted) else entries
    if not found:
        _none(progress.claims, done=done)
        return
    _picture(Tally.of(found) if any(wanted) else progress.tally)
    place = st.container()
    page = turned(pages_of(len(found)), whole=done)
    first = SIZE * (page - 1)
    shown = found[first : first + SIZE]
    with place:
        so_far = "" if done else " so far"
        _table(shown, f"{first + 1:,} to {first + len(shown):,} of {len(found):,} claims{so_far}, by name.")


def _is_wanted(entry: Entry, wanted: Wanted) -> bool:
    benchmark, verdicts, evidence, words = wanted
    claim = entry.claim
    if benchmark is not None and (claim is None or claim.benchmark != benchmark):
        return False
    if verdicts and verdict_of(entry) not in verdicts:
        return False
    if evidence and evidence_of(entry) not in evidence:
        return False
    if not words:
        return True
    said: tuple[str, ...] = (entry.name, entry.reason)
    if claim is not None:
        said += (
            claim.label,
            claim.method,
            claim.benchmark,
            claim.stated,
            claim.source,
            claim.locator,
            *claim.caveats,
        )
    text = "\n".join(said).casefold()
    return all(word in text for word in words)


def _none(claims: int, *, done: bool) -> None:
    if done and not claims:
        st.info("No claim is about that method yet: one file in ontology/claims/ describes each.")
    elif done:
        st.info("No claim is like that.", icon=":material/search_off:")
    else:
        st.info("None so far is like that.", icon=":material/hourglass_top:")
    clearing("method", "benchmark", "words", "verdict", "evidence", "untried")


def _picture(tally: Tally) -> None:
    from app import claim_charts

    with st.expander(
        "How many of each verdict, and how directly they were read", icon=":material/bar_chart:", expanded=True
    ):
        st.altair_chart(claim_charts.counts(tally), alt="Claims by verdict and by evidence level")
        there = {verdict for verdict, _ in tally.counts.copy()}  # it may grow meanwhile
        st.caption(
            plain("; ".join(f"{signed(verdict)}: {MEANINGS[verdict]}" for verdict in CHOICES if verdict in there))
        )
        if tally.tested:
            st.caption(
                f"{tally.tested:,} tested, each at 95 % on its own: of 20 honest repetitions one is expected to miss."
            )


def _table(shown: Sequence[Entry], told: str) -> None:
    event: Any = st.dataframe(
        frame(_row(entry) for entry in shown),
        hide_index=True,
        height="content",
        placeholder="",
        key=rows_key("claims", [entry.name for entry in shown]),
        on_select="rerun",
        selection_mode=["single-row", "single-cell"],
        alt="Claims with their verdicts",
        column_config={
            "claim": st.column_config.TextColumn(width=280),
            "claimed": st.column_config.TextColumn(
                width=120,
                help="The number of the source, in quotation marks; its own words stand on the page of the claim.",
            ),
            "ours, measured": st.column_config.TextColumn(
                help="The mean of our runs under the claim's conditions, with its 95 % interval and n."
            ),
            "evidence": st.column_config.TextColumn(help="How directly the text of the claim was read."),
            "reason": st.column_config.TextColumn(width=420),
            "source": st.column_config.TextColumn(width=200),
            "place": st.column_config.TextColumn(width=200),
        },
    )
    st.caption(f"{told} Click a claim's name, or tick its row, to open it.")
    for row in selected_rows(event, "claim"):
        visit("claim", shown[row].name)
    if len(shown) <= 3:
        for entry in shown:
            link("claim", entry.name, f"Open {entry.name}")


def _row(entry: Entry) -> dict[str, object]:
    claim, verdict = entry.claim, entry.verdict
    if claim is None:
        return {"claim": entry.name, "verdict": signed(verdict_of(entry)), "reason": cut(entry.reason)}
    ours = verdict.ours if verdict is not None else None
    return {
        "claim": entry.name,
        "claimed": quoted(claim),
        "verdict": signed(verdict_of(entry)),
        "benchmark": cut(claim.benchmark, 90),
        "ours, measured": "" if ours is None else mean_with_spread(ours),
        "reason": cut(entry.reason),
        "evidence": claim.evidence.lower(),
        "method": cut(claim.method, 90),
        "source": cut(claim.source),
        "place": cut(claim.locator),
    }
