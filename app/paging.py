"""Which page of a long listing is shown, and the way out of filters; both stand in the address."""

from __future__ import annotations

import streamlit as st

from app.address import PAGE, kept_number, number_in, put
from app.links import page_file
from app.words import cut, plain

SIZE = 50
"""Rows of a page."""


def turned(pages: int, *, whole: bool = True) -> int:
    """The page that the reader turned to, from 1; of a listing that is not `whole` yet, more pages may come."""
    asked = st.query_params.get(PAGE)
    page = min(asked_page(), pages)
    if whole and asked is not None and asked != str(page):
        st.caption(f"There is no page {plain(cut(asked, 20))}: this is page {page:,} of {pages:,}.")
    if pages == 1:
        return 1
    return st.pagination(pages, key=PAGE, on_change=kept_number(PAGE, pages))


def asked_page() -> int:
    """The page that the address names, 1 where it names none."""
    return number_in(st.query_params.get_all(PAGE))


def pages_of(total: int) -> int:
    """How many pages so many rows fill."""
    return max(1, -(-total // SIZE))


def remember(listing: str) -> None:
    """Keeps the address of a listing for the way back to it."""
    st.session_state[f"{listing}_address"] = st.query_params.to_dict()


def way_back(listing: str) -> None:
    """A way to the listing as the reader left it."""
    address = st.session_state.get(f"{listing}_address", {})
    st.page_link(
        page_file(listing), label=f"Back to the {listing}", icon=":material/arrow_back:", query_params=address
    )


def clearing(*filters: str) -> None:
    """A button that takes filters away, by their keys in the address."""

    def clear() -> None:
        for key in (*filters, PAGE):
            put(key)

    st.button("Clear the filters", on_click=clear, icon=":material/filter_alt_off:")
