"""One subject of the graph, of any kind: what it is called, what is said of it, and where that leads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import streamlit as st

from app import network
from app.address import kept_switch
from app.frames import frame
from app.links import HOMES, link, page_file
from app.words import cut, is_web, plain
from registry import Registry, RegistryError
from registry.describing import label_of
from registry.families import pages_of
from registry.hierarchy import Hierarchy
from registry.namespaces import KINDS, curie
from registry.records import Description, StatedParent

NEIGHBOUR = re.compile(rf"({'|'.join(KINDS)}):(\S+)")
"""How another subject stands in a description."""

ELSEWHERE = {"arXiv": "https://arxiv.org/abs/", "DOI": "https://doi.org/"}
"""Where the identifiers of other systems lead."""

AT_ONCE = 24
"""So many values of a word are shown; the rest stand in a table that opens."""

AROUND = 60
"""So many nodes are in the picture around one term."""

LONGEST_NAME, LONGEST_TEXT = 300, 2_000

Colour = Literal["green", "blue", "orange"]
AGREEMENTS: dict[str, tuple[str, Colour, str]] = {
    "ours": ("The same parent as here", "green", ":material/check:"),
    "above ours": ("Stands higher up here", "blue", ":material/arrow_upward:"),
    "not ours": ("Contradicts: stands nowhere above it here", "orange", ":material/alt_route:"),
}


def found(registry: Registry, asked: str) -> Description | None:
    """The subject of that name; where there is none, says so and gives those that come near."""
    reason = "No name is as long as the one in the address."
    try:
        if len(asked) <= LONGEST_NAME:
            return registry.describe(asked)
    except RegistryError as error:
        reason = str(error)
    st.title("Nothing of that name")
    st.warning(plain(cut(reason, 600)), icon=":material/search_off:")
    words = asked[:LONGEST_NAME].partition(":")[2] or asked[:LONGEST_NAME]
    if near := registry.search(words, limit=5).hits:
        st.markdown("Perhaps one of these:")
    for hit in near:
        link(hit.kind, hit.name, f"{hit.label} ({hit.kind})")
    return None


def subject(registry: Registry, description: Description) -> None:
    """Any subject: its label, its definition, and what is said of it as words and values."""
    st.title(plain(cut(description.label, 160)))
    st.caption(f"{plain(description.kind)}: {plain(cut(description.name))}")
    if description.kind in HOMES:
        link(description.kind, description.name, f"To the page of this {description.kind}")
    if description.definition:
        st.markdown(plain(cut(description.definition, LONGEST_TEXT)))
    _parents(registry, description.parents)
    _facts(registry, description.facts)
    _also(registry, description)


def term(registry: Registry, hierarchy: Hierarchy, description: Description) -> None:
    """One term: where it stands first, then what sources say of that, then everything else."""
    facts = dict(description.facts)
    st.title(plain(cut(description.label, 160)))
    st.caption(plain(cut(" · ".join([*facts.pop("notation", ()), f"term: {description.name}"]))))
    if description.definition:
        st.markdown(plain(cut(description.definition, LONGEST_TEXT)))
    if names := facts.pop("also called", ()):
        st.caption(f"Also called {plain(cut(', '.join(names), 600))}")
    _path(hierarchy, description.name)
    if len(facts.get("broader", ())) < 2:
        facts.pop("broader", None)
    for word in ("broader", "narrower", "methods"):
        if word in facts:
            st.caption(f"**{word.capitalize()}** ({len(facts[word]):,})")
            _values(registry, word, facts.pop(word))
    _around(registry, hierarchy, description.name)
    _parents(registry, description.parents)
    _given_as_parent(registry, hierarchy, description.name)
    _pages(registry, description.name)
    _facts(registry, facts)
    _also(registry, description)


def _path(hierarchy: Hierarchy, name: str) -> None:
    """From the top of the taxonomy to a term."""
    path = hierarchy.path(name)[:-1]
    if not path:
        st.caption("It stands at the top of the taxonomy.")
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for number, above in enumerate(path):
            if number:
                st.caption(":material/chevron_right:", width="content")
            link("term", above, cut(hierarchy.terms[above].label, 40))
    if name in hierarchy.in_circles:
        st.warning("It stands below itself: one of the parents above has to go.", icon=":material/sync_problem:")


def _around(registry: Registry, hierarchy: Hierarchy, name: str) -> None:
    """The picture of what stands above and below a term."""
    if not network.available():
        st.caption(network.MISSING)
        return
    above, below = hierarchy.above(name), hierarchy.below(name)
    terms = [name, *above[: AROUND // 2], *below[1:]]
    excerpt = hierarchy.excerpt(terms, hierarchy.methods_of(below), limit=AROUND)
    shown = network.picture(registry.graph, hierarchy, excerpt, here=name)
    if len(shown.subjects) < 2:
        st.caption("Nothing stands above or below it, and no source gives it a parent.")
        return
    selected(registry)
    network.draw(shown)
    if excerpt.left_out:
        st.page_link(
            page_file("terms"),
            label=f"{excerpt.left_out:,} more stand below it: all of them in the tree",
            query_params={"below": name, "view": "Tree", "methods": "true"},
        )


def selected(registry: Registry) -> None:
    """What the node is that was selected in a picture, with the link to its page."""
    match = NEIGHBOUR.fullmatch(st.query_params.get(network.AT, "")[:LONGEST_NAME])
    if match is None or not registry.graph.summary.has(match[1], match[2]):
        st.caption("Select a node to see what it is and to go to its page.")
        return
    description = registry.describe(match[0])
    with st.container(border=True):
        link(match[1], match[2], f"{description.label} ({match[1]})")
        st.caption(plain(cut(description.definition or "It has no definition.", 240)))


def _parents(registry: Registry, parents: Sequence[StatedParent]) -> None:
    """What each source gives as the parent, in its own words."""
    if not parents:
        return
    st.subheader("What sources give as its parent")
    against = sum(parent.agrees == "not ours" for parent in parents)
    if against:
        st.caption(
            f"{against} of {len(parents)} contradict the parent that is given here. Nothing is settled in silence: "
            "the one given here stays, and what sources say is kept in their own words."
        )
    for parent in sorted(parents, key=lambda each: each.agrees != "not ours")[:AT_ONCE]:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                _value(registry, parent.parent)
                says, colour, icon = AGREEMENTS[parent.agrees]
                st.badge(says, color=colour, icon=icon)
            if parent.stated:
                st.code(cut(parent.stated, LONGEST_TEXT), language=None, wrap_lines=True)
            source = curie(parent.source) if parent.source else "No source is given."
            if NEIGHBOUR.fullmatch(source) or is_web(source):
                _value(registry, source)
            else:
                st.caption(plain(cut(source, LONGEST_TEXT)))
    if len(parents) > AT_ONCE:
        rows = [
            {"parent": each.parent, "agrees": each.agrees, "stated text": each.stated, "source": each.source}
            for each in parents
        ]
        with st.expander(f"All {len(parents):,} of them"):
            st.dataframe(frame(rows), hide_index=True)


def _given_as_parent(registry: Registry, hierarchy: Hierarchy, name: str) -> None:
    """Terms and methods that a source puts below a term, and we do not."""
    others = [f"term:{other}" for other, concept in hierarchy.terms.items() if name in dict(concept.disputed)]
    others += [
        f"method:{other}" for other, disputed in hierarchy.methods_in_dispute.items() if name in dict(disputed)
    ]
    if others:
        st.subheader("A source puts these below it")
        _values(registry, "a source puts below it", others)


def _pages(registry: Registry, name: str) -> None:
    if pages := pages_of(registry.graph, name):
        st.subheader("Imported pages with its identifier")
        for page, label in list(pages.items())[:AT_ONCE]:
            link("page", page, label)


def _facts(registry: Registry, facts: dict[str, tuple[str, ...]]) -> None:
    """A table of words and values, of which those that name something are links."""
    if not facts:
        return
    st.subheader("What is said of it")
    for word, values in facts.items():
        left, right = st.columns([1, 4], gap="small")
        left.markdown(f"**{plain(cut(word, 80))}**" + (f" ({len(values):,})" if len(values) > AT_ONCE else ""))
        with right:
            _values(registry, word, values)


def _values(registry: Registry, word: str, values: Sequence[str]) -> None:
    shown = values[:AT_ONCE]
    links = [value for value in shown if NEIGHBOUR.fullmatch(value)]
    if links:
        with st.container(horizontal=True, gap="small"):
            for value in links:
                _value(registry, value)
    for value in shown:
        if value not in links:
            _value(registry, value, word)
    if len(values) > AT_ONCE:
        _rest(registry, word, values)


def _value(registry: Registry, value: str, word: str = "") -> None:
    """One value: a link to a subject or to the web, or the text itself."""
    match = NEIGHBOUR.fullmatch(value)
    address = ELSEWHERE[word] + value if word in ELSEWHERE and re.fullmatch(r"[\w./-]+", value) else value
    if match:
        link(match[1], match[2], label_of(registry.graph, value))
    elif is_web(address):
        st.page_link(address, label=plain(cut(value, 120)), icon=":material/open_in_new:")
    else:
        st.markdown(plain(cut(value, LONGEST_TEXT)))


def _rest(registry: Registry, word: str, values: Sequence[str]) -> None:
    """All values of a word as a table, read when it is opened; a selected row becomes a link."""
    key = f"all_{'_'.join(word.split())}"
    opened = st.expander(f"All {len(values):,}", key=key, on_change=kept_switch(key))
    if not opened.open:
        return
    with opened:
        rows = [
            {"value": value, "label": label_of(registry.graph, value) if NEIGHBOUR.fullmatch(value) else ""}
            for value in values
        ]
        table = st.dataframe(
            frame(rows),
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key=f"rows_{key}",
        )
        st.caption("Select a row for a link to it.")
        for row in table.selection.rows:
            _value(registry, values[row], word)


def _also(registry: Registry, description: Description) -> None:
    if description.also:
        st.subheader("Others of that name")
        for other in description.also[:AT_ONCE]:
            _value(registry, other)
