"""Terms as a picture and as a tree, with what sources say against it; a search; and one of anything."""

from __future__ import annotations

import streamlit as st

from app import finding, network, state, subjects
from app.address import kept_choice, kept_switch
from app.frames import frame
from app.links import link, page_file
from app.picking import chosen
from app.state import State
from app.tree import tree
from app.words import cut, plain
from registry import Registry
from registry.describing import label_of
from registry.errors import nearest
from registry.families import methods_in_dispute, taxonomy
from registry.hierarchy import Hierarchy

VIEWS = GRAPH, TREE = "Graph", "Tree"
# Disagreements that are shown as links, and as rows of a table.
AT_ONCE, A_TABLE = 8, 10_000


@st.cache_resource(max_entries=2, show_spinner="Reading the terms ...")
def hierarchy_of(version: str, _registry: Registry) -> Hierarchy:
    """The terms of a state of the files."""
    return Hierarchy(taxonomy(_registry.graph), methods_in_dispute(_registry.graph))


def page(current: State) -> None:
    """The page, for what its address names."""
    registry, asked = current.registry, st.query_params.to_dict()
    words = finding.words()
    if words:
        st.title("Search")
        finding.hits(registry, words)
        return
    hierarchy = hierarchy_of(current.version, registry)
    name = f"term:{asked['term']}" if asked.get("term") else asked.get("subject")
    if name:
        st.page_link(page_file("terms"), label="All terms", icon=":material/arrow_back:")
        description = subjects.found(registry, name)
        if description is not None and description.name in hierarchy.terms and description.kind == "term":
            subjects.term(registry, hierarchy, description)
        elif description is not None:
            subjects.subject(registry, description)
        return
    st.title("Terms")
    if not hierarchy.terms:
        st.info("The graph holds no term yet: one file in ontology/terms/ describes one.")
        return
    _taxonomy(registry, hierarchy)


def _taxonomy(registry: Registry, hierarchy: Hierarchy) -> None:
    view, top, with_methods, disputed_only = _filters(hierarchy)
    if hierarchy.in_circles:
        names = ", ".join(hierarchy.terms[name].label for name in hierarchy.in_circles[:5])
        st.warning(f"These terms stand below themselves: {plain(cut(names))}.", icon=":material/sync_problem:")
    terms = hierarchy.chosen(top, disputed_only=disputed_only)
    if not terms:
        st.info("No source contradicts a parent among these terms. Take the filter away to see all of them.")
        return
    methods = hierarchy.methods_of(terms, disputed_only=disputed_only) if with_methods else []
    if view == GRAPH and network.available():
        _picture(registry, hierarchy, terms, methods)
    else:
        if view == GRAPH:
            st.info(network.MISSING, icon=":material/extension_off:")
        tree(registry.graph, hierarchy, terms, methods, top)
    _disagreements(registry, hierarchy, terms)


def _filters(hierarchy: Hierarchy) -> tuple[str, str | None, bool, bool]:
    """Picture or tree, the term on top if there is one, whether with methods, whether only where sources disagree."""
    _known_top(hierarchy)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = st.segmented_control("Show as", VIEWS, required=True, key="view", on_change=kept_choice("view", VIEWS))
        with st.container(width=250):
            top = chosen(
                list(hierarchy.terms), "A term and all below it", "below", lambda name: hierarchy.terms[name].label
            )
        methods = st.toggle("Methods", key="methods", on_change=kept_switch("methods"))
        disputed = st.toggle(
            "Only disputed",
            key="disputed",
            on_change=kept_switch("disputed"),
            help="Terms and methods that a source gives another parent, and what leads to them",
        )
    return view or GRAPH, top, methods, disputed


def _known_top(hierarchy: Hierarchy) -> None:
    """In the address a term may stand by its notation, and one that nobody knows is told."""
    asked = st.query_params.get("below")
    if asked is None or asked in hierarchy.terms:
        return
    bearers = [name for name, concept in hierarchy.terms.items() if asked in concept.notations]
    if bearers:
        st.query_params["below"] = bearers[0]
        return
    del st.query_params["below"]
    near = nearest(asked[:80], list(hierarchy.terms))
    hint = f" Did you mean {plain(hierarchy.terms[near].label)}?" if near else ""
    st.warning(f"There is no term {plain(cut(asked, 80))}, so all are shown.{hint}", icon=":material/search_off:")


def _picture(registry: Registry, hierarchy: Hierarchy, terms: list[str], methods: list[str]) -> None:
    excerpt = hierarchy.excerpt(terms, methods, limit=network.LIMIT)
    if excerpt.left_out:
        shown, chosen_here = len(excerpt.terms) + len(excerpt.methods), len(terms) + len(methods)
        st.info(
            f"The picture shows {shown:,} of {chosen_here:,} terms and methods: those nearest to the top. "
            "Choose a term to see what stands below it; the tree has all of them.",
            icon=":material/zoom_in:",
        )
    subjects.selected(registry)
    network.draw(network.picture(registry.graph, hierarchy, excerpt))
    st.caption(network.LEGEND)


def _disagreements(registry: Registry, hierarchy: Hierarchy, terms: list[str]) -> None:
    """Which sources give another parent, and what becomes of that here."""
    said = [("term", name, hierarchy.terms[name].disputed) for name in terms]
    said += [
        ("method", method, hierarchy.methods_in_dispute[method])
        for method in hierarchy.methods_of(terms, disputed_only=True)
    ]
    disputed = [(kind, name, others) for kind, name, others in said if others]
    if not disputed:
        return
    st.subheader("Where sources disagree")
    st.caption(
        f"{len(disputed):,} of these terms and methods have a source that gives a parent which stands nowhere above "
        "them here. Nothing is settled in silence: the parent given here stays, and what the source says is kept in "
        "its own words on the page of each."
    )
    for kind, name, others in disputed[:AT_ONCE]:
        parents = dict.fromkeys(parent for parent, _ in others)
        labels = [hierarchy.terms[each].label if each in hierarchy.terms else each for each in parents]
        with st.container(gap="xxsmall"):
            link(kind, name, label_of(registry.graph, f"{kind}:{name}"))
            st.caption(f"A source gives {plain(cut('; or '.join(labels), 300))}.")
    if len(disputed) > AT_ONCE:
        rows = [
            {"term or method": f"{kind}:{name}", "a source gives": parent, "source": source}
            for kind, name, others in disputed
            for parent, source in others
        ]
        with st.expander(f"All {len(disputed):,} of them"):
            st.dataframe(frame(rows[:A_TABLE]), hide_index=True)


page(state.current())
