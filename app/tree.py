"""The terms as a tree that opens level by level: for the keyboard, for small screens and for large graphs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from app.address import kept_number
from app.links import link, page_file
from app.words import cut, plain
from registry.describing import label_of
from registry.graph import Graph
from registry.hierarchy import Hierarchy

OPEN, ALL = "open", "*"
"""In the address: the slugs of the terms that are open, or that all are."""

A_PAGE = 50
"""So many terms stand on a page, and below one term."""

AT_ONCE = 12
"""Where no more terms can be opened than these, they are open from the beginning."""

OPENABLE = 100
"""So many can be open."""

INDENT = 24
DEEPEST = 12
"""So many levels are shown below each other; what stands deeper is on top of a tree of its own."""

ROWS = 400
"""So many rows are shown at once."""


def tree(
    graph: Graph, hierarchy: Hierarchy, terms: Collection[str], methods: Collection[str], top: str | None
) -> None:
    """The terms that are chosen, each below its parents."""
    grown = _Tree(graph, hierarchy, set(terms), set(methods))
    tops = [top] if top is not None else [name for name in hierarchy.tops if name in grown.terms]
    openable = [name for name in terms if grown.children(name) or grown.methods_of(name)]
    grown.opened = _opened(openable, tops)
    if len(openable) <= OPENABLE and openable:
        _open_or_close(grown.opened, openable)
    can_open = set(openable)
    tops.sort(key=lambda name: name not in can_open)
    page = _paged(tops)
    for name in page:
        if name in can_open:
            grown.row(name, ())
    with st.container(horizontal=True, gap="small"):
        for name in page:
            if name not in can_open:
                grown.row(name, ())
    if grown.left <= 0:
        st.info(f"These are the first {ROWS} rows. Close some terms to see those that follow.")


def _opened(openable: Sequence[str], tops: Sequence[str]) -> set[str]:
    asked = st.query_params.get(OPEN)
    if asked is None:
        return set(openable if len(openable) <= AT_ONCE else tops if len(tops) == 1 else ())
    if asked == ALL:
        return set(openable[:OPENABLE])
    return set(asked.split()[:OPENABLE]) & set(openable)


def _open_or_close(opened: Collection[str], openable: Sequence[str]) -> None:
    def remember(value: str) -> None:
        st.query_params[OPEN] = value

    with st.container(horizontal=True):
        all_open = all(name in opened for name in openable)
        st.button("Open all", on_click=remember, args=(ALL,), type="tertiary", disabled=all_open)
        none_open = not any(name in opened for name in openable)
        st.button("Close all", on_click=remember, args=("",), type="tertiary", disabled=none_open)


def _paged(names: Sequence[str]) -> Sequence[str]:
    pages = -(-len(names) // A_PAGE)
    if pages < 2:
        return names
    page = st.pagination(pages, key="part", on_change=kept_number("part", pages))
    return names[(page - 1) * A_PAGE : page * A_PAGE]


@contextmanager
def _indented() -> Iterator[None]:
    with st.container(horizontal=True, wrap=False, gap=None):
        st.space(INDENT)
        with st.container():
            yield


class _Tree:
    """What rows need to know."""

    def __init__(self, graph: Graph, hierarchy: Hierarchy, terms: set[str], methods: set[str]) -> None:
        self.graph, self.hierarchy, self.terms, self.methods = graph, hierarchy, terms, methods
        self.opened: set[str] = set()
        self.left = ROWS

    def children(self, name: str) -> list[str]:
        return [below for below in self.hierarchy.narrower[name] if below in self.terms]

    def methods_of(self, name: str) -> list[str]:
        return [method for method in self.hierarchy.terms[name].methods if method in self.methods]

    def row(self, name: str, path: tuple[str, ...]) -> None:
        """A term, and when it is open what stands below it."""
        self.left -= 1
        if self.left <= 0:
            return
        children, methods = self.children(name), self.methods_of(name)
        icon = ":material/alt_route:" if self.hierarchy.is_disputed(name) else None
        if name in path or not (children or methods):
            link("term", name, self.said(name, []))
            return
        if len(path) >= DEEPEST:
            label = f"{self.said(name, [])}: go on from here"
            onwards = {"view": "Tree", "below": name} | ({"methods": "true"} if self.methods else {})
            st.page_link(page_file("terms"), label=plain(label), query_params=onwards)
            return
        counts = _counted(len(children), "term") + _counted(len(methods), "method")
        key = f"{OPEN} {' '.join((*path, name))}"
        if st.session_state.get(key) != (name in self.opened):
            st.session_state[key] = name in self.opened
        label = plain(self.said(name, counts))
        row = st.expander(label, type="compact", icon=icon, key=key, on_change=self._toggled, args=(name,))
        if name in self.opened:
            with row, _indented():
                link("term", name, f"About {self.hierarchy.terms[name].label}")
                for below in children[:A_PAGE]:
                    self.row(below, (*path, name))
                for method in methods[:A_PAGE]:
                    disputed = " (sources disagree)" if method in self.hierarchy.methods_in_dispute else ""
                    link("method", method, f"{cut(label_of(self.graph, f'method:{method}'), 70)}{disputed}")
                left = len(children[A_PAGE:]) + len(methods[A_PAGE:])
                if left:
                    link("term", name, f"{left:,} more stand below it: all of them on its page")

    def said(self, name: str, counts: Sequence[str]) -> str:
        """Label, notation, what stands below, and whether sources disagree."""
        concept = self.hierarchy.terms[name]
        parts = [cut(concept.label, 60), *concept.notations[:1], *counts]
        if concept.disputed:
            parts.append("sources disagree")
        return " · ".join(parts)

    def _toggled(self, name: str) -> None:
        st.query_params[OPEN] = " ".join(sorted(self.opened ^ {name}))


def _counted(number: int, what: str) -> list[str]:
    return [f"{number:,} {what}{'s' * (number != 1)}"] if number else []
