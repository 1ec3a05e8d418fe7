"""The search across everything: hits with their passages, and what was read as another word."""

from __future__ import annotations

import streamlit as st

from app.address import kept_choice, kept_choices, kept_text
from app.links import link
from app.picking import unknown
from app.words import cut, plain
from registry import Registry
from registry.describing import label_of, not_searched
from registry.search import PRIORITY

HITS = ("20", "50", "100")
"""How many hits are shown: at first, and when more are asked for."""


def words() -> str:
    """The box; what stands in it stands in the address."""
    return str(
        st.text_input(
            "Search everything",
            key="words",
            on_change=kept_text("words"),
            type="search",
            placeholder="Search everything: momentum contrast, AI-0284, 2003.04297, 80.86 %",
            label_visibility="collapsed",
        )
        or ""
    ).strip()


def hits(registry: Registry, words: str) -> None:
    """What was found, best first."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    known = sorted(PRIORITY)
    unknown("kind", "kinds", known)
    kinds = left.multiselect(
        "Only these kinds", known, key="kinds", on_change=kept_choices("kinds", known), placeholder="All kinds"
    )
    limit = int(right.selectbox("Hits", HITS, key="hits", on_change=kept_choice("hits", HITS)))
    with st.spinner("Searching ..."):
        found = registry.search(words, kinds, limit)
    for word, near in found.corrected.items():
        st.caption(f"Nothing has “{plain(cut(word, 60))}”: {_read_as(near)}.")
    for name in words.split()[:4]:
        for other in not_searched(registry.graph, name):
            kind, _, slug = other.partition(":")
            link(kind, slug, f"{label_of(registry.graph, other)} ({kind})")
    if not found.hits:
        st.info(
            f"Nothing found for “{plain(cut(words, 80))}”. Try fewer words, a name or an identifier"
            + (", or all kinds." if kinds else "; runs, recipes and notices are found by their whole name only.")
        )
    for hit in found.hits:
        with st.container(gap="xxsmall"):
            link(hit.kind, hit.name, hit.label)
            st.caption(f"**{hit.kind}** {plain(cut(hit.passage))}")
    if len(found.hits) == limit and limit < int(HITS[-1]):
        st.caption(f"These are the first {limit}. Choose more hits above, or more words.")


def _read_as(near: tuple[str, ...]) -> str:
    return f"read as {plain(' or '.join(near))}" if near else "left out"
