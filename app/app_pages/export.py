"""What can be taken away: every export of the registry, for whoever wants it in the browser."""

from __future__ import annotations

import streamlit as st

from app import exports, state
from app.address import kept_choices, kept_text
from app.exports import PAGES, Wish, making
from app.links import page_file
from app.picking import MOST_NAMES, chosen, one_of, unknown
from app.questions import counted
from app.state import State
from app.words import cut, plain
from registry import Registry, RegistryError
from registry.exporting import FORMATS
from registry.pages.collections import OWN
from registry.pages.export import collections_of
from registry.pages.flavours import FLAVOURS, PROFILES

PLURALS = {"method": "methods", "run": "runs", "paper": "papers", "dataset": "datasets", "import": "imports"}
PROFILE_WORDS = {"ontologyblock": "Facts in a block", "page-properties": "Facts in the head of the page"}
FORM_ORDER = [PAGES, *FORMATS]


def page(current: State) -> None:
    """The page, for what its address names."""
    st.title("Export")
    form = chosen(FORM_ORDER, "Format", "format", lambda each: f"{each}: {exports.help_of(each)}")
    if form is None:
        st.caption("Everything that the registry knows can be taken away. Nothing is made before you ask for it.")
        _offer()
        return
    with st.container(border=True):
        st.markdown(plain(exports.purpose_of(form)))
        if licence := exports.licence_of(form):
            st.caption(f":material/balance: Licence: {plain(licence)}")
    wish = _wish(current, form)
    if wish is None:
        return
    st.caption("The same on the command line" + (", as a folder:" if wish.is_folder else ":"))
    st.code(wish.command, language="sh", wrap_lines=True)
    _, triples = current.registry.graph.summary.size()
    if exports.is_whole(form) and triples > exports.MOST_TRIPLES:
        st.info(
            f"The graph has {triples:,} triples, which is too much for a file in a browser: use the command above."
        )
        return
    _prepare(current, wish)


def _offer() -> None:
    """A card for each format."""
    for number, form in enumerate(FORM_ORDER):
        if number % 3 == 0:  # a row at a time, so that a narrow screen keeps the order
            columns = st.columns(3)
        with columns[number % 3].container(border=True):
            st.page_link(
                page_file("export"),
                label=plain(form),
                query_params={"format": form},
                icon=":material/folder_zip:" if form == PAGES else ":material/description:",
            )
            st.markdown(plain(f"{exports.help_of(form)[0].upper()}{exports.help_of(form)[1:]}."))
            st.caption(plain(exports.purpose_of(form)))


# What is asked for


def _wish(current: State, form: str) -> Wish | None:
    """The boxes of a format; None while one that is needed is empty."""
    if form == PAGES:
        return _pages(current.registry)
    kinds = exports.kinds_of(form)
    if exports.needs_one(form):
        return _one(current, form, kinds[0])
    names = [name for kind in kinds for name in _names(current, kind)]
    return Wish(form, tuple(names))


def _one(current: State, form: str, kind: str) -> Wish | None:
    count = counted(current, kind)
    if not count:
        st.info(f"It is of one {kind}, and the graph holds no {kind} yet.")
        return None
    if count <= MOST_NAMES:
        name = chosen(current.registry.graph.names(kind), kind.capitalize(), kind)
    else:
        name = st.text_input(
            kind.capitalize(), key=kind, on_change=kept_text(kind), placeholder="Its name, or its beginning"
        )
    if not name:
        st.info(f"It is of one {kind}: choose which.")
        return None
    return Wish(form, (name,))


def _names(current: State, kind: str) -> list[str]:
    """The subjects of a kind that a person names; none stands for all."""
    key = PLURALS[kind]
    count = counted(current, kind)
    if count > MOST_NAMES:
        text = st.text_input(
            f"{key.capitalize()}, names with blanks between", key=key, on_change=kept_text(key), placeholder="All"
        )
        return (text or "").split()
    known = current.registry.graph.names(kind)
    unknown(kind, key, known)
    if not known:
        return []
    return st.multiselect(key.capitalize(), known, key=key, on_change=kept_choices(key, known), placeholder="All")


def _pages(registry: Registry) -> Wish:
    first, second = st.columns(2)
    with first:
        flavour = one_of("For which program", FLAVOURS, "flavour", str.capitalize)
    with second:
        profile = PROFILES[0]
        if flavour == "logseq":
            profile = one_of("Where facts stand", PROFILES, "profile", PROFILE_WORDS.__getitem__)
    there = [OWN, *collections_of(registry.home)]
    unknown("collection", "collections", there)
    names = st.multiselect(
        "Collections",
        there,
        key="collections",
        on_change=kept_choices("collections", there),
        placeholder="All",
        help=f"{OWN} stands for the pages of our own graph; the others are pages that were imported.",
    )
    return Wish(PAGES, tuple(names), profile, flavour)


# What comes of it


def _prepare(current: State, wish: Wish) -> None:
    """Makes the file when it is asked for, and hands it over."""
    wanted = st.session_state.get("wanted export")
    if st.button("Prepare the file", type="primary", icon=":material/deployed_code:"):
        if wanted == (wish, current.version) and making(current.version, wish, current).work.error:
            making.clear(current.version, wish, current)  # it may have been the disk
        wanted = st.session_state["wanted export"] = (wish, current.version)
    if wanted is None or wanted[0] != wish:
        return
    if wanted[1] != current.version:
        st.info("The graph has changed since this file was made; prepare it again.")
        return
    made = making(current.version, wish, current)
    made.work.wait("Making the file; other pages may be used meanwhile.", made.progress)
    if made.work.error is not None:
        known = isinstance(made.work.error, RegistryError)
        st.error(plain(cut(made.work.error, 600)), icon=":material/error:")
        if not known:
            st.caption("This is a mistake of the program, or of the disk.")
    elif made.work.result is not None:
        _hand_over(made.work.result)


def _hand_over(export: exports.Export) -> None:
    if export.hollow or not export.files:
        st.info(
            "There is nothing of this kind in the graph yet, so the file would be empty.", icon=":material/inbox:"
        )
        return
    files = f", {export.files:,} files" if export.name.endswith(".zip") else ""
    st.download_button(
        f"Download {plain(cut(export.name, 60))} ({exports.size(len(export.content))}{files})",
        export.content,
        export.name,
        export.type,
        on_click="ignore",
        icon=":material/download:",
    )


page(state.current())
