"""Methods: a list to search and a family picture, or one method's whole page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import lineage, state
from app.address import kept_choices, kept_name, kept_text
from app.frames import frame
from app.method_page import method_page
from app.picking import chosen, tabs, unknown
from app.words import cut, plain
from registry import Registry
from registry.describing import label_of
from registry.families import BORROWS, REFINES, all_links, refining
from registry.namespaces import iri
from registry.records import Method
from registry.verdict_names import READING

RUNS, READINGS, DESCRIBED = "Runs here", "Readings", "Described only"
SHOWN = (RUNS, READINGS, DESCRIBED)
LIST, FAMILY = "List", "Family"
WORDS_OF_THE_LIST = ("method", "what it is")


@dataclass(frozen=True)
class Known:
    """What the list shows of all methods."""

    methods: dict[str, Method]
    years: dict[str, str]
    """Of the papers that introduced methods."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _known(version: str, _registry: Registry) -> Known:
    graph, methods = _registry.graph, {method.name: method for method in _registry.methods()}
    papers = sorted({method.introduced_in for method in methods.values() if method.introduced_in})
    dates = {paper: graph.value(iri("paper", paper), iri("dcterms", "date")) for paper in papers}
    return Known(methods, {paper: str(date)[:4] for paper, date in dates.items() if date is not None})


def page(now: state.State) -> None:
    """The page, for what its address names."""
    title, known = st.container(), _known(now.version, now.registry)
    if not known.methods:
        title.title("Methods")
        st.info("The graph holds no method yet: one file in ontology/methods/ describes it.")
        return
    searching = "method" not in st.query_params
    boxes = st.columns([4, 4, 6], vertical_alignment="bottom") if searching else [st.container()]
    with boxes[0]:
        name = chosen(list(known.methods), "Method", "method", lambda each: _spelled(known.methods[each]))
    if name is not None:
        title.title(plain(cut(known.methods[name].label, 120)), anchor=False)
        method_page(now, known.methods, name)
        return
    with title:
        _heading(known)
    _all(now.registry, known, boxes[1:] or st.columns(2, vertical_alignment="bottom"))


def _spelled(method: Method) -> str:
    return method.name if method.label == method.name else f"{cut(method.label, 60)} · {cut(method.name, 60)}"


def _heading(known: Known) -> None:
    st.title("Methods")
    here = [method for method in known.methods.values() if method.implementation is not None]
    readings = sum(method.reading for method in here)
    st.markdown(
        f"**{len(known.methods)}** methods: **{len(here)}** run here"
        + (f", {readings} of them as a reading of a paper that leaves something open" if readings else "")
        + "; the others are described, for the claims that are made about them."
    )


def _all(registry: Registry, known: Known, boxes: Sequence[DeltaGenerator]) -> None:
    shown = _filtered(registry, known, boxes)
    if not shown:
        st.info("No method is left. Take a filter away, or search for another word; typing errors do no harm.")
        return
    listing, family = tabs([LIST, FAMILY], "view")
    if listing.open:
        with listing:
            _table(shown, known)
    if family.open:
        with family:
            _family(registry, shown, known)


def _filtered(registry: Registry, known: Known, boxes: Sequence[DeltaGenerator]) -> list[Method]:
    """What the boxes leave, their choices in the address; found by words the best come first, else by name."""
    methods = known.methods
    links = all_links(methods.values())
    first, second = boxes
    words = first.text_input(
        "Search", key="words", on_change=kept_text("words"), placeholder="A name, or words about it"
    )
    unknown("choice", "show", SHOWN)
    status = second.segmented_control("Show", SHOWN, key="show", on_change=kept_name("show", SHOWN))
    with st.expander("More filters", icon=":material/filter_alt:", expanded=_asked("component", "refines")):
        left, right = st.columns(2)
        components = sorted({part for method in methods.values() for part in method.components})
        unknown("component", "component", components)
        parts = left.multiselect(
            "With all of these components",
            components,
            key="component",
            on_change=kept_choices("component", components),
        )
        with right:
            parents = sorted({link.source for link in links if link.kind == REFINES})
            root = chosen(
                parents,
                "Refines, at any distance",
                "refines",
                lambda each: _spelled(methods[each]),
                noun="method that others refine called",
            )
    family = None if root is None else refining(links, root) | {root}
    found = _found(registry, words, methods)

    def keep(method: Method) -> bool:
        runs = method.implementation is not None
        fits = {RUNS: runs, READINGS: runs and method.reading, DESCRIBED: not runs}
        return (
            (status is None or fits[status])
            and set(parts) <= set(method.components)
            and (family is None or method.name in family)
        )

    return [methods[name] for name in found if keep(methods[name])]


def _asked(*keys: str) -> bool:
    return any(key in st.query_params for key in keys)


def _found(registry: Registry, words: str | None, methods: dict[str, Method]) -> list[str]:
    if not (words or "").strip():
        return list(methods)
    found = registry.search(str(words), ("method",), limit=len(methods))
    for word, others in found.corrected.items():
        read = f"read as {', '.join(others)}" if others else "left out: nothing is near it"
        st.caption(plain(f"{cut(word, 60)} is {cut(read, 120)}"))
    return [hit.name for hit in found.hits if hit.name in methods]


def _table(shown: Sequence[Method], known: Known) -> None:
    rows = frame(
        [
            {
                "method": cut(method.label, 80),
                "here": _status(method),
                "year": known.years.get(method.introduced_in or "", ""),
                "refines": method.variant_of or "",
                "what it is": method.definition,
                "components": ", ".join(method.components),
                "name": method.name,
            }
            for method in shown
        ]
    )

    def opened() -> None:
        selected = st.session_state["listed"].selection
        rows = [*selected.rows, *(row for row, column in selected.cells if column in WORDS_OF_THE_LIST)]
        if rows:
            st.query_params["method"] = shown[rows[0]].name

    st.dataframe(
        rows,
        hide_index=True,
        key="listed",
        on_select=opened,
        selection_mode=["single-row", "single-cell"],
        height=min(35 * (len(rows) + 1) + 3, 740),
        column_config={
            "method": st.column_config.TextColumn(width="medium"),
            "what it is": st.column_config.TextColumn(width="large"),
            "components": st.column_config.TextColumn(width="medium"),
        },
    )
    st.caption(f"{len(rows)} of {len(known.methods)} methods. Click a method, or tick its row, to open its page.")


def _status(method: Method) -> str:
    if method.implementation is None:
        return "described only"
    return "runs, a reading" if method.reading else "runs"


def _family(registry: Registry, shown: Sequence[Method], known: Known) -> None:
    names = {method.name for method in shown}
    links = [
        link
        for link in all_links(known.methods.values())
        if link.method in names and (link.of == "paper" or link.source in names)
    ]
    if not links:
        st.info("None of these methods refines another of them or borrows from it.")
        return
    picture = lineage.weightiest(links)
    papers = sorted({link.source for link in links if link.of == "paper"})
    titles = {paper: label_of(registry.graph, f"paper:{paper}") for paper in papers}
    alone = len(names) - len({link.method for link in links} | {link.source for link in links if link.of == "method"})
    st.graphviz_chart(
        lineage.dot(picture, known.methods, titles, lineage.paint()),
        alt=f"Family picture of {lineage.drawn(picture)} methods and papers; the same in words below",
    )
    st.caption(lineage.LEGEND + " A node leads to its page.")
    left_out = lineage.drawn(links) - lineage.drawn(picture)
    if left_out:
        st.caption(f"{left_out} of which less came are not drawn; under More filters, choose whom they refine.")
    if alone:
        st.caption(f"{alone} of these methods neither refine nor borrow, nor are refined: the list has them.")
    labels = {name: method.label for name, method in known.methods.items()} | titles
    with st.expander("In words", icon=":material/notes:"):
        kinds = [sum(link.kind == kind for link in links) for kind in (REFINES, BORROWS)]
        st.caption(f"{kinds[0]} refinements, {kinds[1]} loans; {READING} is said on the page of a method.")
        st.markdown("\n".join(f"- {plain(cut(line, 600))}" for line in lineage.in_words(links, labels)[:400]))


page(state.current())
