"""Where everything has its page: a subject of the graph to a page and its address."""

from __future__ import annotations

import streamlit as st

from app.words import cut, plain

PAGES = {
    "overview": ("Overview", "home"),
    "methods": ("Methods", "science"),
    "leaderboard": ("Leaderboard", "leaderboard"),
    "compare": ("Compare", "compare_arrows"),
    "claims": ("Claims", "fact_check"),
    "runs": ("Runs", "timeline"),
    "terms": ("Terms", "account_tree"),
    "ask": ("Ask", "terminal"),
    "export": ("Export", "download"),
}
"""File, title and icon of each page, in the order of the navigation."""

HOMES = {"method": "methods", "benchmark": "leaderboard", "run": "runs", "claim": "claims", "term": "terms"}
"""The page that shows one subject of a kind; the others stand in `terms`, which shows any."""


def page_file(name: str) -> str:
    """The page's file, as Streamlit names it."""
    return f"app_pages/{name}.py"


def place_of(kind: str, name: str) -> tuple[str, dict[str, str]]:
    """The page of a subject, and what stands in its address."""
    if kind in HOMES:
        return HOMES[kind], {kind: name}
    return "terms", {"subject": f"{kind}:{name}"}


def link(kind: str, name: str, label: str | None = None) -> None:
    """A link to the page of a subject."""
    page, query = place_of(kind, name)
    st.page_link(page_file(page), label=plain(cut(label or name, 90)), query_params=query)


def visit(kind: str, name: str) -> None:
    """Goes to the page of a subject."""
    page, query = place_of(kind, name)
    st.switch_page(page_file(page), query_params=query)


def here() -> str:
    """The file of the page that is shown."""
    name, _ = st.session_state["address shown"]
    return page_file(name or "overview")
