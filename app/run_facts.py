"""What stands behind a run's number: its curve, its settings, its provenance, and the notices about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.address import kept_choice, kept_switch
from app.curve_lines import QUANTITIES, line
from app.frames import frame, height_of
from app.links import link
from app.state import State
from app.words import cut, memory, plain, setting
from registry import Registry, RegistryError
from registry.curves import Point, read_curve
from registry.provenance import Fact, Record
from registry.records import Notice, Retraction, Run, Supersession, Verification
from registry.run_listing import of_one_recipe
from registry.tables import duration

GROUPS = {
    "Code": ("sourceCommit", "sourceModified", "sourceSha256"),
    "Data": ("trainingDataSha256", "evaluationDataSha256", "benchmarkVersion", "benchmarkHash"),
    "Software": (
        *("pythonVersion", "torchVersion", "torchvisionVersion", "cudaVersion", "driverVersion"),
        "operatingSystem",
    ),
    "Machine": (
        *("deviceKind", "deviceModel", "deviceCount", "deviceMemory", "hostCpu", "hostMemory", "threads"),
        "peakMemory",
    ),
}
"""Facts that stand together; what is in none of them, nor told in words, comes last."""

IN_WORDS = (
    *("commandLine", "wallSeconds", "trainingSeconds", "evaluationSeconds", "imagesPerSecond", "timedEpochs"),
    *("warmupEpochs", "resumed", "seed", "reason", "recipeHash", "curve", "onBenchmark"),
)

TIMES = {"wallSeconds": "in all", "trainingSeconds": "training", "evaluationSeconds": "both scorings"}
FIRST_IS_WARM = "the first epoch is a warm-up and not among them, unless it is the only one"

BESIDE = 6
"""So many other seeds are drawn beside a curve."""


def curve(state: State, run: Run) -> None:
    """The learning curve, by the quantity that is chosen."""
    st.subheader("Learning curve")
    graph = state.registry.graph
    try:
        points = read_curve(graph, run.name)
    except RegistryError as error:
        st.warning(f"The number stands, its curve does not: {plain(error)}.", icon=":material/broken_image:")
        return
    if not points:
        st.caption("The record has no learning curve.")
        return
    there = [name for name, (column, _) in QUANTITIES.items() if line(run, [run], points, column)]
    if not there:
        st.caption(f"The file of the curve has {len(points)} epochs and no number that can be drawn.")
        return
    first, second = st.columns([3, 1], vertical_alignment="bottom")
    quantity = first.pills("Quantity", there, required=True, key="quantity", on_change=kept_choice("quantity", there))
    beside = second.toggle("Beside other seeds", key="seeds", on_change=kept_switch("seeds"))
    column, title = QUANTITIES[quantity or there[0]]
    others = _others(state.registry, run) if beside else {}
    runs = [run, *(other for other, _ in others.values())]
    rows = line(run, runs, points, column)
    missing = len(points) - len(rows)
    for other, curve_of_other in others.values():
        rows += line(other, runs, curve_of_other, column)
    from app import charts

    st.altair_chart(charts.curves(rows, title), alt=f"{title} over the epochs of this run")
    if missing:
        st.caption(f"{missing} of {len(points)} epochs have no such number, or none that is finite.")


def _others(registry: Registry, run: Run) -> dict[str, tuple[Run, list[Point]]]:
    """Runs of the same settings with their curves, by name; those that cannot be read are counted on the page."""
    found, unread = {}, 0
    others = [each.run for each in of_one_recipe(registry, run, BESIDE) if each.run is not None]
    for other in others:
        try:
            found[other.name] = other, read_curve(registry.graph, other.name)
        except RegistryError:
            unread += 1
    if not others:
        st.caption("There is no other seed of it.")
    if unread:
        st.caption(f"The curves of {unread} other seeds cannot be read.")
    return found


def settings(run: Run, record: Record) -> None:
    """What it ran with, beside what its recipe says today."""
    st.subheader("Settings")
    if run.changed:
        names = ", ".join(run.changed)
        st.warning(f"Changed from the recipe {plain(run.recipe)}: {plain(cut(names))}.", icon=":material/edit:")
    else:
        st.caption(
            f"The recipe {plain(cut(run.recipe, 90))} as it was then, unchanged; this is the copy in the record."
        )
    if record.recipe_flaw:
        st.warning(f"What it says today cannot be shown: {plain(cut(record.recipe_flaw))}.")
    if not record.settings:
        st.caption("The record holds no copy of the settings.")
        return
    rows = [
        {
            "setting": used.name,
            "used": setting(used.value),
            "recipe today": setting(used.recipe),
            "remark": "changed by the run"
            if used.changed
            else "the recipe has changed since"
            if not record.recipe_flaw and used.recipe != used.value
            else "",
        }
        for used in sorted(record.settings, key=lambda used: (not used.changed, used.recipe == used.value, used.name))
    ]
    if record.recipe_flaw:
        for row in rows:
            del row["recipe today"]
    with st.container():
        st.dataframe(frame(rows), hide_index=True, height=height_of(rows), alt="Settings")
    if record.protocol:
        told = ", ".join(f"{name} {setting(value)}" for name, value in record.protocol.items())
        st.caption(f"Scored with {plain(cut(told, 500))}.")


def provenance(registry: Registry, run: Run, record: Record) -> None:
    """Where the number comes from: what was typed, when, how long it took, on what it ran."""
    st.subheader("Where the number comes from")
    ended = f" to {plain(_moment(record.ended))}" if record.ended else ""
    st.markdown(f"**Ran** from {plain(_moment(run.started))}{ended} (UTC).")
    command = record.facts.get("commandLine")
    if command is not None and command.value is not None:
        st.code(str(command.value), language="sh", wrap_lines=True)
    else:
        st.caption("What was typed is not recorded.")
    st.markdown(_timing(record))
    if run.missing:
        st.warning(f"Missing, and asked for by the ranking: {plain(', '.join(run.missing))}.")
    implementation = [("implementation", record.implementation, "The class that was trained.")]
    dataset = [("data set", record.dataset, "What it was trained and scored on.")]
    columns = st.columns(2)
    for place, (title, names) in enumerate(GROUPS.items()):
        first = {"Code": implementation, "Data": dataset}.get(title, [])
        with columns[place % 2]:
            _group(title, [*first, *_facts(record, names)])
    told = {name for names in GROUPS.values() for name in names} | set(IN_WORDS)
    with columns[0]:
        rest = [name for name in record.facts if name not in told]
        _group("Also recorded", _facts(record, ("recipeHash", *rest)))
    if record.dataset:
        link("dataset", record.dataset, f"Data set: {record.dataset}")


def _facts(record: Record, names: tuple[str, ...]) -> list[tuple[str, str | None, str]]:
    found = []
    for name in names:
        fact = record.facts.get(name)
        if fact is not None:
            found.append((fact.label, SHOWN.get(name, _text)(fact), fact.meaning))
    return found


def _text(fact: Fact) -> str | None:
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    return None if fact.value is None else str(fact.value)


def _bytes(fact: Fact) -> str | None:
    return memory(fact.value) if isinstance(fact.value, int) else _text(fact)


def _modified(fact: Fact) -> str | None:
    if not isinstance(fact.value, bool):
        return _text(fact)
    return "yes: the code differed from that commit" if fact.value else "no: exactly that commit"


SHOWN: dict[str, Callable[[Fact], str | None]] = {
    "peakMemory": _bytes,
    "hostMemory": _bytes,
    "deviceMemory": _bytes,
    "sourceModified": _modified,
}


def _group(title: str, facts: list[tuple[str, str | None, str]]) -> None:
    if not facts:
        return
    with st.container(border=True):
        st.markdown(f"**{title}**")
        lines = [
            f"- {plain(label)}: {plain(cut(value)) if value is not None else '*missing*'}"
            for label, value, _ in facts
        ]
        st.markdown("\n".join(lines), help="\n".join(f"- {plain(label)}: {plain(told)}" for label, _, told in facts))


def _moment(text: str | None) -> str:
    return (text or "").replace("T", " ").removesuffix("Z").replace("+00:00", "")


def _timing(record: Record) -> str:
    """The timings with what they are of: warm-up and repetitions are said, as nothing else makes them comparable."""

    def value(name: str) -> float | None:
        found = record.facts.get(name)
        return float(found.value) if found is not None and isinstance(found.value, int | float) else None

    lasted = [
        f"{duration(seconds) if seconds >= 60 else f'{seconds:.1f} s'} {what}"
        for name, what in TIMES.items()
        if (seconds := value(name)) is not None
    ]
    told = [f"{', '.join(lasted)}." if lasted else "nobody recorded how long."]
    rate, timed, warm = value("imagesPerSecond"), value("timedEpochs"), value("warmupEpochs")
    if rate is not None:
        over = f", the median over {timed:.0f} timed epochs" if timed else ""
        before = FIRST_IS_WARM if warm is None else f"epochs of warm-up before them: {warm:.0f}"
        told.append(f"{rate:,.0f} images per second{over}; {before}; nothing is compiled.")
    resumed = record.facts.get("resumed")
    if resumed is not None and resumed.value is True:
        told.append("It went on from a checkpoint: wall time and memory are those of the last part.")
    return f"**Took** {plain(' '.join(told))}"


def history(registry: Registry, run: Run) -> None:
    """What was said of the run after it was filed, oldest first."""
    st.subheader("What was said of it since")
    about, naming = registry.notices.about(run.name), registry.notices.naming(run.name)
    if not about and not naming:
        st.caption("Nothing: it was neither repeated nor taken back.")
    for notice in about:
        _notice(notice)
    for notice in naming:
        with st.container(border=True):
            if isinstance(notice, Verification):
                st.markdown(f":material/replay: This run was made to verify another, which {_outcome(notice)}.")
            else:
                st.markdown(":material/swap_horiz: This run takes the place of another.")
            link("run", notice.run)


def _notice(notice: Notice) -> None:
    by = f" by {plain(cut(notice.stated_by, 90))}" if notice.stated_by else ""
    when = plain(_moment(notice.stated))
    with st.container(border=True):
        if isinstance(notice, Retraction):
            st.markdown(f":material/block: **Retracted** {when}{by}: {plain(cut(notice.reason, 1000))}")
        elif isinstance(notice, Supersession):
            st.markdown(f":material/swap_horiz: **Superseded** {when}{by}: {plain(cut(notice.reason, 1000))}")
            link("run", notice.successor, f"By {notice.successor}")
        elif isinstance(notice, Verification):
            icon = "verified" if notice.held else "question_mark"
            points = f"{notice.difference:+.2f} points, {notice.tolerance:g} are allowed"
            st.markdown(f":material/{icon}: **Repeated** {when}{by}: it {_outcome(notice)} ({plain(points)})")
            if notice.differing:
                st.caption(f"What was different: {plain(cut('; '.join(notice.differing), 1000))}")
            link("run", notice.rerun, f"The repetition: {notice.rerun}")


def _outcome(notice: Verification) -> str:
    return {"identical": "is identical", "holds": "holds"}.get(notice.outcome, "does not hold")
