"""Boxes whose choice stands in the address, and what is said where it names what nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from app.address import after, kept_choice, kept_name, kept_text
from app.links import here
from app.state import current
from app.words import cut, plain
from registry.errors import nearest

MOST_NAMES = 3_000
"""So many names a box takes; more would keep the browser busy, so a name is typed instead."""


def chosen(
    known: Sequence[str],
    label: str,
    key: str,
    format: Callable[[str], str] = str,
    *,
    noun: str | None = None,
    placeholder: str = "Choose one",
    forget: Sequence[str] = (),
) -> str | None:
    """One of the known names, or None, by a box that begins empty.

    A name in the address that nobody knows is told as such a `noun`, with the nearest one; another choice
    takes what is to `forget` out of the address.
    """
    asked = st.query_params.get(key)
    unknown(noun or key, key, known)
    if len(known) > MOST_NAMES:
        remember = after(kept_text(key), *forget)
        st.text_input(label, key=key, on_change=remember, placeholder=f"One of {len(known):,} names")
        return asked if asked in known else None
    return st.selectbox(
        label,
        known,
        index=None,
        format_func=format,
        key=key,
        on_change=after(kept_name(key, known), *forget),
        placeholder=placeholder,
    )


def unknown(noun: str, key: str, known: Collection[str]) -> None:
    """Tells which names of the address under `key` are not among the known ones, each with the nearest."""
    for asked in st.query_params.get_all(key):
        if not asked or asked in known:
            continue
        if any(flaw.file.stem == asked for flaw in current().registry.graph.broken):
            st.warning(f"The file of {plain(cut(asked, 80))} does not parse; registry check says where.")
            continue
        near = nearest(asked[:400], list(known))
        hint = f"Did you mean {plain(cut(near, 80))}?" if near else f"There are {len(known):,} to choose from."
        st.warning(f"There is no {noun} {plain(cut(asked, 80))}. {hint}", icon=":material/search_off:")
        if near:
            instead = [near if each == asked else each for each in st.query_params.get_all(key)]
            st.page_link(
                here(), label=f"Go to {plain(cut(near, 80))}", query_params=st.query_params.to_dict() | {key: instead}
            )


def one_of(label: str, options: Sequence[str], key: str, format: Callable[[str], str] = str) -> str:
    """One of a few words that are all seen at once; the first of them goes without saying."""
    unknown("choice", key, options)
    return str(
        st.segmented_control(
            label, options, required=True, format_func=format, key=key, on_change=kept_choice(key, options)
        )
    )


def one_in_a_box(label: str, options: Sequence[str], key: str, default: str) -> str:
    """One of many words, of which one goes without saying."""
    unknown("choice", key, options)
    remember = kept_choice(key, [default, *(option for option in options if option != default)])
    return str(st.selectbox(label, options, key=key, on_change=remember))


def tabs(names: Sequence[str], key: str) -> Sequence[TabContainer]:
    """Tabs, of which the open one stands in the address; the first of them goes without saying."""
    unknown("tab", key, names)
    return st.tabs(names, key=key, on_change=kept_choice(key, names))
