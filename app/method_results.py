"""What is claimed of a method beside what we measured: a picture for each benchmark, and a reason for each claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from app.claim_words import quoted
from app.claims_beside import CLAIMED, CLAIMED_ELSE, OURS, OURS_ELSE, OURS_FEW, Mark, beside_ours
from app.frames import frame, rows_key
from app.judging import judged
from app.links import link, visit
from app.picking import chosen
from app.state import State
from app.words import cut, mean_with_spread, plain
from registry import Registry
from registry.records import Aggregate, Benchmark, Claim, Method, Nearest, Verdict
from registry.statistics import ENOUGH
from registry.tables import percent
from registry.verdict_names import ABOVE, BELOW, NOT_ATTEMPTED, READING, REPRODUCED
from registry.verdicts import Place

COMPARED = (REPRODUCED, ABOVE, BELOW)
MOST_ROWS, MOST_PICTURES, MOST_UNJUDGED = 24, 4, 20
"""Rows of one picture, pictures before one is asked for, and claims that are named as not to be judged."""


@dataclass
class Group:
    """What is claimed and what we reached on one benchmark, in one unit."""

    benchmark: Benchmark
    unit: str
    verdicts: list[Verdict] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.benchmark.name if self.unit == "%" else f"{self.benchmark.name} ({self.unit})"

    @property
    def compared(self) -> int:
        return sum(verdict.verdict in COMPARED for verdict in self.verdicts)


@st.cache_resource(max_entries=32, show_spinner=False)
def _groups(version: str, method: str, so_far: int, _registry: Registry, _verdicts: Sequence[Verdict]) -> list[Group]:
    """By benchmark and unit: what is compared first, then where we have results, then what has most claims.

    `so_far` is how many verdicts there are yet.
    """
    found: dict[tuple[str, str], Group] = {}
    for verdict in _verdicts:
        claim = verdict.claim
        group = found.setdefault(
            (claim.benchmark, claim.unit), Group(_registry.benchmark(claim.benchmark), claim.unit)
        )
        group.verdicts.append(verdict)
    for place in _registry.evidence(method).places:
        if place.result is not None:
            group = found.setdefault((place.benchmark.name, "%"), Group(place.benchmark, "%"))
            group.places.append(place)
    return sorted(
        found.values(), key=lambda each: (-each.compared, -len(each.places), -len(each.verdicts), each.name)
    )


def claims(now: State, method: Method) -> None:
    """Claims beside our results: a picture for each benchmark, and every claim with the reason."""
    ledger = judged(now, method.name)
    if ledger.failure is not None:
        st.error(f"The judging broke off: {plain(cut(ledger.failure))}", icon=":material/error:")
    elif not ledger.done:
        st.caption(f"{len(ledger.entries):,} of {ledger.claims:,} claims are judged so far; look again in a while.")
    verdicts = ledger.verdicts
    groups = {group.name: group for group in _groups(now.version, method.name, len(verdicts), now.registry, verdicts)}
    _unjudged([entry.name for entry in ledger.entries if entry.verdict is None])
    if not groups:
        st.info(f"Nobody claims a number of {plain(cut(method.label, 80))} here, and nobody has run it.")
        return
    if method.reading:
        st.warning(f"Ours is {READING}: nothing below is compared with it.", icon=":material/menu_book:")
    asked = st.query_params.get("on")
    if (
        asked is not None
        and asked not in groups
        and now.registry.graph.summary.has("benchmark", asked.split(" (")[0])
    ):
        st.info(f"There is neither a claim nor a result of it on {plain(cut(asked, 80))}.")
        st.query_params.pop("on")
    name = chosen(
        list(groups),
        "Benchmark",
        "on",
        lambda each: _spelled(groups[each]),
        noun="benchmark",
        placeholder="All of them",
    )
    if name is not None:
        _picture(groups[name])
        _table(groups[name])
        return
    if verdicts:
        st.caption(f"{len(verdicts):,} claims on {len(groups)} benchmarks. Choose one for its claims one by one.")
    for group in list(groups.values())[:MOST_PICTURES]:
        _picture(group)
    if len(groups) > MOST_PICTURES:
        st.subheader("The other benchmarks", anchor=False)
        _others(list(groups.values())[MOST_PICTURES:])


def _unjudged(names: Sequence[str]) -> None:
    """The claims that cannot be judged, each a link to its page, which says why."""
    if not names:
        return
    claims = "1 claim" if len(names) == 1 else f"{len(names):,} claims"
    with st.expander(f"{claims} without a verdict", icon=":material/help:"):
        for name in names[:MOST_UNJUDGED]:
            link("claim", name)
        if len(names) > MOST_UNJUDGED:
            st.caption(f"and {len(names) - MOST_UNJUDGED:,} more, which the page Claims has")


def _spelled(group: Group) -> str:
    claimed = f"{len(group.verdicts)} claim{'s' * (len(group.verdicts) != 1)}"
    ours = f", {len(group.places)} of our recipes" if group.places else ""
    return f"{cut(group.name, 80)}: {claimed}{ours}"


def _picture(group: Group) -> None:
    benchmark = group.benchmark
    st.subheader(plain(cut(benchmark.title, 120)), anchor=False)
    link("benchmark", benchmark.name, f"Leaderboard: {benchmark.name}")
    if not group.verdicts:
        st.caption("Ours alone: no claim is about this benchmark.")
    else:
        _why_not(group)
    marks = _marks(group)
    rows = list(dict.fromkeys(mark.row for mark in marks))
    shown = [mark for mark in marks if mark.row in rows[:MOST_ROWS]]
    st.altair_chart(
        beside_ours(shown, _axis(group), st.context.theme.type),
        alt=f"{len(group.verdicts)} claims and {len(group.places)} results of ours on {cut(benchmark.label, 80)}",
    )
    if len(rows) > MOST_ROWS:
        st.caption(f"{MOST_ROWS} of {len(rows)} rows are drawn; the table of this benchmark has the others.")


def _why_not(group: Group) -> None:
    """What keeps claims from being compared, the commonest first."""
    apart = [verdict for verdict in group.verdicts if verdict.verdict not in COMPARED]
    kinds = Counter(text.partition(":")[0] for verdict in apart for text in dict.fromkeys(verdict.differences))
    never = sum(verdict.verdict == NOT_ATTEMPTED for verdict in apart)
    reasons = [f"{kind} ({count})" for kind, count in kinds.most_common(8)]
    if reasons:
        st.caption(plain(cut(f"{len(apart)} of {len(group.verdicts)} claims are not compared. What differs: "
                             f"{', '.join(reasons)}.")))  # fmt: skip
    if never:
        st.caption(f"{never} of {len(group.verdicts)} claims were never attempted here.")


def _axis(group: Group) -> str:
    units = {"%": "%", "points": "difference in percentage points"}
    measure = group.benchmark.metric.replace("_", " ")
    return f"{measure}, {units.get(group.unit, group.unit)}"


def _marks(group: Group) -> list[Mark]:
    """Ours first, best first; then claims that are compared, then the others, highest first."""
    found = [
        _ours(f"ours {place.recipe.name}", place.recipe.name, place.result, "our runs that count")
        for place in sorted(group.places, key=lambda each: -_mean(each.result))
    ]
    for verdict in sorted(group.verdicts, key=lambda each: (each.verdict not in COMPARED, -each.claim.value)):
        claim, compared = verdict.claim, verdict.verdict in COMPARED
        spread = claim.spread if group.unit in ("%", "points") else None
        row = f"claim {claim.name}"
        found.append(
            Mark(
                row=row,
                label=cut(f"{verdict.verdict}: {claim.label}" if compared else claim.label, 110)
                + f" · {quoted(claim)}",
                kind=CLAIMED if compared else CLAIMED_ELSE,
                value=claim.value,
                low=None if spread is None else claim.value - spread,
                high=None if spread is None else claim.value + spread,
                told=cut(f"{_printed(claim)}; {verdict.verdict}: {verdict.reason}", 400),
            )
        )
        if compared:
            found.append(_ours(row, verdict.recipe or "", verdict.ours, "our runs under the claim's conditions"))
    return [mark for mark in [*found, *_elsewhere(group)] if mark is not None]


def _elsewhere(group: Group) -> list[Mark]:
    """The results of ours that come nearest to claims and that nothing says they should equal; at the end."""
    nearest = {
        (near.recipe, near.benchmark): (near, verdict)
        for verdict in reversed(group.verdicts)
        if group.unit == "%" and (near := verdict.nearest) is not None and near.benchmark != group.benchmark.name
    }
    return [
        Mark(
            row=f"near {near.recipe} {near.benchmark}",
            label=f"nearest of ours: {cut(near.recipe, 60)} on {cut(near.benchmark, 60)}"
            + (" (synthetic data)" if near.synthetic else "")
            + f" · {percent(near.result.mean)} %, n = {near.result.n}",
            kind=OURS_ELSE,
            value=near.result.mean,
            low=near.result.low,
            high=near.result.high,
            told=cut(verdict.reason, 400),
        )
        for near, verdict in nearest.values()
    ]


def _ours(row: str, recipe: str, result: Aggregate | None, told: str) -> Mark | None:
    if result is None:
        return None
    return Mark(
        row=row,
        label=f"ours: {cut(recipe, 80)} · {percent(result.mean)} %, n = {result.n}",
        kind=OURS if result.n >= ENOUGH else OURS_FEW,
        value=result.mean,
        low=result.low,
        high=result.high,
        told=told,
    )


def _mean(result: Aggregate | None) -> float:
    return 0.0 if result is None else result.mean


def _printed(claim: Claim) -> str:
    """What the source prints, with what its spread is."""
    if claim.spread is None:
        return f"printed {claim.stated}"
    what = claim.spread_is or "the source does not say of what"
    return f"printed {claim.stated}, ± {claim.spread:.{claim.spread_decimals}f} ({what})"


def _table(group: Group) -> None:
    """Every claim on the benchmark with its verdict; a row leads to the claim's page."""
    if not group.verdicts:
        return
    verdicts = sorted(group.verdicts, key=lambda each: (each.verdict not in COMPARED, -each.claim.value))
    rows = [
        {
            "claim": each.claim.label,
            "claimed": quoted(each.claim),
            "verdict": each.verdict,
            "ours": "" if each.ours is None else mean_with_spread(each.ours),
            "why": each.reason,
            "nearest of ours": _nearest(each.nearest),
            "evidence": each.claim.evidence.lower(),
            "source": each.claim.source,
            "name": each.claim.name,
        }
        for each in verdicts
    ]
    chosen_row = st.dataframe(
        frame(rows),
        hide_index=True,
        key=rows_key("claims of one method", [row["name"] for row in rows]),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "claim": st.column_config.TextColumn(width="medium"),
            "why": st.column_config.TextColumn(width="large"),
        },
    )
    st.caption("Numbers in quotation marks are claimed, ours are measured. Select a row for the claim's own page.")
    for row in chosen_row["selection"]["rows"]:
        visit("claim", verdicts[row].claim.name)


def _nearest(near: Nearest | None) -> str:
    if near is None:
        return ""
    data = " (synthetic data)" if near.synthetic else ""
    return f"{mean_with_spread(near.result)} by {near.recipe} on {near.benchmark}{data}"


def _others(groups: Sequence[Group]) -> None:
    rows = [
        {
            "benchmark": group.name,
            "claims": len(group.verdicts),
            "compared": group.compared,
            "lowest claim": min((each.claim.value for each in group.verdicts), default=None),
            "highest claim": max((each.claim.value for each in group.verdicts), default=None),
            "unit": group.unit,
            "our recipes": len(group.places),
        }
        for group in groups
    ]

    def opened() -> None:
        for row in st.session_state["others"].selection.rows:
            st.query_params["on"] = groups[row].name

    st.dataframe(frame(rows), hide_index=True, key="others", on_select=opened, selection_mode="single-row")
    st.caption("Select a row for its picture and its claims.")
