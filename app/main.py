"""The explorer: navigation, search and what stands around every page.  Started by `registry app`."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import streamlit as st

from app import state
from app.address import keep_address
from app.links import HOMES, PAGES, page_file
from app.words import cut, plain
from registry import RegistryError

ICON, LOOK = (Path(__file__).with_name(name) for name in ("icon.svg", "look.css"))

SCROLL = "<script>/* {} */ document.querySelector('[data-testid=stMain]').scrollTo(0, 0)</script>"

FEW = 3  # So many broken files are named.


def main() -> None:
    """Shows the page that the address names."""
    # Before the navigation: the browser would fetch the icon of a page from the web.
    st.set_page_config(page_icon=str(ICON), layout="wide")
    pages = [
        st.Page(page_file(name), title=title, icon=f":material/{icon}:", url_path=name, default=name == "overview")
        for name, (title, icon) in PAGES.items()
    ]
    page = st.navigation(pages)
    st.set_page_config(f"{page.title} | Contrastive registry")
    st.html(LOOK)
    _top(page.url_path)
    keep_address(page.url_path)
    try:
        now = state.current()
        with st.sidebar:
            if page.url_path != "terms":  # which has the same box, wider
                _search()
            if now.registry.graph.remark:
                st.caption(plain(cut(now.registry.graph.remark)))
        _unread(now)
        page.run()
    except RegistryError as error:
        st.error(plain(error), icon=":material/error:")
        st.page_link(page_file("overview"), label="Back to the overview", icon=":material/home:")


def _top(page: str) -> None:
    """Begins another subject at its top: within one page the browser would stay as far down as it was."""
    subject = [page, *(st.query_params.get(kind) for kind in (*HOMES, "subject"))]
    # Another digest is another script, which runs once; nothing of the address itself stands in it.
    st.html(SCROLL.format(sha256(repr(subject).encode()).hexdigest()), unsafe_allow_javascript=True)


def _search() -> None:
    words = st.text_input(
        "Search everything",
        key="search",
        placeholder="Search everything",
        label_visibility="collapsed",
        icon=":material/search:",
        help="Names, definitions, titles and claims; typos do no harm.",
    )
    if words:
        st.switch_page(page_file("terms"), query_params={"words": words})


def _unread(now: state.State) -> None:
    """What is not as it should be with the files: what a page cannot show is told, not hidden."""
    graph = now.registry.graph
    failure = state.keeper_of_now().failure
    if failure:
        st.warning(f"The newest files cannot be read, so an older state is shown: {plain(cut(failure))}")
    if graph.broken:
        names = ", ".join(each.file.name for each in graph.broken[:FEW])
        more = f" and {len(graph.broken) - FEW} more" if len(graph.broken) > FEW else ""
        st.warning(f"Left out, does not parse: {plain(cut(names))}{more}. registry check says where.")


main()
