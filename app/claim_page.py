"""One claim: what its source states, word for word, and beside it what our results say."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.claim_words import ICONS, MEANINGS, printed, quoted, verdict_of
from app.links import link
from app.paging import way_back
from app.picking import unknown
from app.state import State
from app.words import cut, plain, setting
from registry import Registry, RegistryError
from registry.comparability import SELECTION
from registry.ledger import Entry, entry, meaning, stated_by, way_to_compare
from registry.recomputing import rounding
from registry.records import Claim, Nearest, Verdict
from registry.tables import percent, reached, recomputed
from registry.verdicts import MARGIN

RUNS = 12
"""So many runs behind a number are linked."""


def show(state: State, asked: str) -> None:
    """The page of the claim of that name."""
    registry = state.registry
    way_back("claims")
    if not registry.graph.summary.has("claim", asked):
        _unknown(registry)
        return
    found = entry(registry, asked)
    _head(registry, found)
    theirs, ours = st.columns(2)
    with theirs.container(border=True):
        st.subheader("What the source states", anchor=False)
        if found.claim is None:
            st.error(f"It cannot be read: {plain(cut(found.reason, 1000))}.", icon=":material/error:")
            st.code("registry check", language="sh")
        else:
            _stated(registry, found.claim, found.verdict)
    with ours.container(border=True):
        st.subheader("What our runs say", anchor=False)
        _ours(registry, found)


def _unknown(registry: Registry) -> None:
    st.title("Claims")
    unknown("claim", "claim", registry.graph.names("claim"))


def _head(registry: Registry, found: Entry) -> None:
    claim, verdict = found.claim, verdict_of(found)
    st.title(plain(cut(found.name if claim is None else claim.label, 160)))
    st.code(found.name, language=None)
    icon, colour = ICONS[verdict]
    with st.container(horizontal=True):
        st.badge("a claim, not measured here", icon=":material/format_quote:", color="violet")
        if claim is not None:
            st.badge(plain(f"{claim.evidence.lower()} evidence"), icon=":material/visibility:", color="gray")
        shown: Any = colour
        st.badge(verdict, icon=f":material/{icon}:", color=shown)
    if claim is not None:
        with st.container(horizontal=True):
            link("method", claim.method, f"Method: {claim.method}")
            link("benchmark", claim.benchmark, f"Benchmark: {claim.benchmark}")


def _stated(registry: Registry, claim: Claim, verdict: Verdict | None) -> None:
    st.metric("claimed", plain(quoted(claim)))
    st.caption("Word for word:")
    st.code(claim.stated, language=None, wrap_lines=True)
    source, reporter = stated_by(registry, claim.name)
    st.markdown(f"**Source** {plain(cut(claim.source, 400))}")
    if source is not None:
        kind, name = source
        link(kind, name, f"{kind.capitalize()}: {name}")
    lines = [("Place", claim.locator)]
    lines += [("Also stated", place) for place in claim.also_stated]
    level, told = meaning(registry, claim.evidence)
    lines.append(("Evidence", f"{level}. {told}"))
    if reporter is not None:
        lines.append(("Reported by", reporter))
    statistic, told = meaning(registry, claim.statistic)
    lines.append(
        (
            "Statistic",
            f"{statistic}, n = {claim.sample_size}. {told}" if claim.sample_size > 1 else f"{statistic}. {told}",
        )
    )
    selection, told = meaning(registry, claim.selection)
    lines.append(("Selection", f"{selection}. {told}"))
    if claim.spread is not None:
        ddof = "ddof not stated" if claim.spread_ddof is None else f"ddof {claim.spread_ddof}"
        what = claim.spread_is or "the source does not say what it is"
        lines.append(("Spread", f"± {claim.spread:.{claim.spread_decimals}f} {claim.unit}; {ddof}; {what}"))
    if claim.raw_values:
        lines.append(("Raw values", ", ".join(f"{value:g}" for value in claim.raw_values) + f" {claim.unit}"))
    if verdict is not None and verdict.theirs is not None:
        lines.append(("Recomputed here", recomputed(verdict.theirs, verdict.remarks)))
    if claim.pretrained_on:
        lines.append(("Pretrained on", ", ".join(claim.pretrained_on)))
    for title, settings in (("Conditions", claim.conditions), ("Scored with", claim.scoring)):
        if settings:
            lines.append((title, ", ".join(f"{name} {setting(value)}" for name, value in settings.items())))
    if not claim.conditions:
        lines.append(("Conditions", "the source states none of a recipe's settings"))
    st.markdown("\n".join(f"- **{title}**: {plain(cut(text, 1500))}" for title, text in lines))
    if claim.selection in SELECTION and claim.selection != "EarlierEpoch":
        st.caption(plain(f"The number is that of {SELECTION[claim.selection]}; ours is always the last epoch."))
    for caveat in claim.caveats:
        st.warning(plain(cut(caveat, 1500)), icon=":material/priority_high:")


def _ours(registry: Registry, found: Entry) -> None:
    claim, verdict = found.claim, found.verdict
    word = verdict_of(found)
    if verdict is not None and verdict.ours is not None:
        ours = verdict.ours
        st.metric("ours, measured: the mean", f"{percent(ours.mean)} %")
        interval = "" if ours.low is None else f", 95 % interval {percent(ours.low)} to {percent(ours.high)}"
        sd = "" if ours.sd is None else f", sd {percent(ours.sd)} over seeds, ddof 1"
        st.caption(plain(f"{'single run' if ours.n == 1 else f'n = {ours.n}'}{interval}{sd}"))
    else:
        st.metric("ours, measured", "none")
    icon, _ = ICONS[word]
    st.markdown(f":material/{icon}: **{word}**: {plain(MEANINGS[word])}\\.")
    if claim is None:
        return
    if verdict is None:
        st.warning(f"It cannot be judged: {plain(cut(found.reason, 1000))}.", icon=":material/help:")
        return
    if verdict.nearest is None:
        st.markdown(plain(cut(verdict.reason, 2000)))
    else:  # the reason is nothing but their list
        st.markdown("**What keeps it from being compared**")
        st.markdown("\n".join(f"- {plain(cut(each, 600))}" for each in verdict.differences))
    _difference(claim, verdict)
    if verdict.ours is not None:
        st.markdown("**The runs behind ours**")
        if verdict.recipe:
            link("recipe", verdict.recipe, f"Recipe: {verdict.recipe}")
        _runs(registry, verdict.runs)
    if verdict.nearest is not None:
        _nearest(registry, verdict.nearest)
    _attempt(registry, claim)


def _difference(claim: Claim, verdict: Verdict) -> None:
    if verdict.difference is None:
        return
    from app import claim_charts

    found = verdict.difference
    st.altair_chart(
        claim_charts.difference(claim, found),
        alt=f"Ours minus claim: {found.low:+.2f} to {found.high:+.2f} points, margin {MARGIN:g} point",
    )
    digits = f"±{rounding(claim.decimals):g}"
    margin = f"±{MARGIN:g} point"
    st.caption(
        f"Thick: the 95 % interval of the difference. Thin: widened by {plain(digits)} for the digits of the print. "
        f"Grey: the margin of {plain(margin)}; within it must lie the whole interval of a claim that is reproduced."
    )


def _nearest(registry: Registry, found: Nearest) -> None:
    data = " (synthetic data)" if found.synthetic else ""
    st.markdown("**Our nearest results**, under other conditions: nothing says that they should equal the claim")
    st.markdown(plain(f"{reached(found.result)}, on {found.benchmark}{data}"))
    with st.container(horizontal=True):
        link("recipe", found.recipe, f"Recipe: {found.recipe}")
        link("benchmark", found.benchmark, f"Benchmark: {found.benchmark}")
    with st.expander(f"Its {len(found.runs)} runs" if len(found.runs) > 1 else "Its run", icon=":material/timeline:"):
        _runs(registry, found.runs)


def _runs(registry: Registry, names: tuple[str, ...]) -> None:
    for name in names[:RUNS]:
        link("run", name)
    if len(names) > RUNS:
        st.caption(f"and {len(names) - RUNS} more")


def _attempt(registry: Registry, claim: Claim) -> None:
    st.markdown("**How to attempt it**")
    try:
        command = way_to_compare(registry, claim)
    except RegistryError as error:
        st.caption(plain(f"Nobody can say: {error}"))
        return
    if command is None:
        st.caption(
            f"No recipe here fits the conditions of {plain(printed(claim))}; the reason above says what is missing."
        )
        return
    st.caption("Its runs would be compared with the claim; typed in a terminal:")
    st.code(command, language="sh", wrap_lines=True)
