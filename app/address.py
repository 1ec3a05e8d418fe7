"""What a person chose stands in the address: widgets of a key read it there, and callbacks write it back.

Streamlit's own binding (`bind="query-params"`) wins over the address of a link from a page to itself,
knows only what a box displays, and leaves two steps in the browser's history when a page is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import TypeVar

import streamlit as st

OVERTAKEN = 0.5
"""Seconds that a browser takes at most to learn a new address."""

T = TypeVar("T")
Callback = Callable[[], None]

PAGE = "page"
"""Under this the page of a listing stands in the address."""


def keep_address(page: str) -> None:
    """Gives the browser the address of what is shown, where it keeps the old one: on a link to the page one is on."""
    address = {key: st.query_params.get_all(key) for key in st.query_params}
    known = st.session_state.get("address shown")
    if known is not None and known[0] == page and known[1] != address:
        st.query_params.update()  # nothing new: it sends them as they are, and a browser that has them does nothing
    st.session_state["address shown"] = page, address


def kept(key: str, read: Callable[[list[str]], T], write: Callable[[T], list[str]]) -> Callback:
    """Gives the widget of that key what the address says; returns what to call when a person changes it.

    No texts stand for what a page begins with.
    """
    value = read(st.query_params.get_all(key))
    if key not in st.session_state or (st.session_state[key] != value and not overtaken(key)):
        st.session_state[key] = value
    elif st.session_state[key] != value:
        put(key, *write(st.session_state[key]))

    def remember() -> None:
        changed(key)
        put(key, *write(st.session_state[key]))
        if key != PAGE:
            put(PAGE)  # another choice begins at its first page

    return remember


def changed(key: str) -> None:
    """Remembers that a person has just chosen something."""
    st.session_state[f"{key} chosen at"] = time.monotonic()


def overtaken(key: str) -> bool:
    """Whether a choice is so young that an address which the browser sends may be older.

    Who types and clicks at once sends two messages, and the second before the answer to the first is there.
    """
    chosen_at: float | None = st.session_state.get(f"{key} chosen at")
    return chosen_at is not None and time.monotonic() - chosen_at < OVERTAKEN


def put(key: str, *texts: str) -> None:
    """Sets a part of the address, or takes it away where there is no text."""
    if texts:
        st.query_params[key] = list(texts)
    else:
        st.query_params.pop(key, None)


def kept_text(key: str) -> Callback:
    """For a box of text."""
    return kept(key, lambda texts: texts[0] if texts else "", lambda text: [text.strip()] if text.strip() else [])


def kept_switch(key: str) -> Callback:
    """For what is on or off, and off at first."""
    return kept(key, lambda texts: texts[:1] == ["true"], lambda on: ["true"] if on else [])


def kept_name(key: str, known: Collection[str]) -> Callback:
    """For one of the known names, none at first."""
    return kept(
        key,
        lambda texts: texts[0] if texts and texts[0] in known else None,
        lambda name: [] if name is None else [name],
    )


def kept_choice(key: str, options: Sequence[str]) -> Callback:
    """For one of several; the first of them is chosen at first, and goes without saying."""
    return kept(
        key,
        lambda texts: texts[0] if texts and texts[0] in options else options[0],
        lambda chosen: [] if chosen in (None, options[0]) else [chosen],
    )


def kept_choices(key: str, options: Collection[str], most: int | None = None) -> Callback:
    """For some of several, at most so many of them, none at first."""
    return kept(key, lambda texts: list(dict.fromkeys(name for name in texts if name in options))[:most], list)


def kept_date(key: str) -> Callback:
    """For a day, none at first."""
    return kept(key, _day, lambda day: [] if day is None else [day.isoformat()])


def _day(texts: list[str]) -> date | None:
    try:
        return date.fromisoformat(texts[0]) if texts else None
    except ValueError:
        return None


def kept_number(key: str, highest: int) -> Callback:
    """For a number from 1 on, 1 at first."""

    return kept(
        key, lambda texts: min(number_in(texts), highest), lambda number: [] if number == 1 else [str(number)]
    )


def number_in(texts: list[str]) -> int:
    """The number that an address names, 1 where it names none."""
    text = texts[0] if texts else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) else 1


def after(remember: Callback, *keys: str) -> Callback:
    """The same, and what hung on the old choice leaves the address."""

    def both() -> None:
        remember()
        for key in keys:
            put(key)

    return both
