"""The named questions on the page: all of them by what they are about, and the boxes for the parameters of one."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.links import page_file
from app.picking import MOST_NAMES
from app.state import State
from app.words import cut, plain
from registry import Registry, RegistryError
from registry.graph import parameters_of, query_names, read_query
from registry.namespaces import iri

VIEWS = ("as", "x", "y", "mark", "from", "to", "part")
"""What else stands in the address of an answer: how it is looked at."""


@dataclass(frozen=True)
class Question:
    """A named question with its first line as help, and the kind of each parameter."""

    name: str
    text: str
    help: str
    parameters: dict[str, str]

    @property
    def about(self) -> str:
        """The kind of its first parameter, or "" where it is of the whole graph."""
        return next((kind for kind in self.parameters.values() if kind != "number"), "")


@st.cache_data(show_spinner=False)
def all_questions() -> dict[str, Question]:
    """By name; they are part of the program."""
    texts = {name: read_query(name) for name in query_names()}
    return {
        name: Question(name, text, text.splitlines()[0].removeprefix("# ").replace("`", ""), parameters_of(text))
        for name, text in texts.items()
    }


@st.cache_data(max_entries=2, show_spinner=False)
def _counts(version: str, _registry: Registry) -> dict[str, int]:
    return _registry.graph.summary.counts()


def counted(current: State, kind: str) -> int:
    """How many subjects of a kind there are; in a large graph counting takes longer than a box may."""
    return _counts(current.version, current.registry).get(kind, 0)


def list_questions(questions: dict[str, Question]) -> None:
    """All of them with their help, each a link, in groups."""
    groups: dict[str, list[Question]] = {}
    for question in questions.values():
        groups.setdefault(question.about, []).append(question)
    for about in sorted(groups, key=lambda each: (-len(groups[each]), each)):
        title = f"About one {about}" if about else "Of the whole graph"
        with st.expander(f"{title}: {len(groups[about])}", expanded=about == "method"):
            for number, question in enumerate(groups[about]):
                if number % 2 == 0:  # a row at a time, so that a narrow screen keeps the order
                    columns = st.columns(2)
                with columns[number % 2]:
                    words = plain(question.name.replace("_", " "))
                    st.page_link(page_file("ask"), label=words, query_params={"question": question.name})
                    st.caption(plain(question.help))


def readdress(wanted: dict[str, str]) -> None:
    """Makes the address say this and no more of what the page keeps in it; what others keep there stays."""
    ours = {
        "query",
        "question",
        *VIEWS,
        *(each for question in all_questions().values() for each in question.parameters),
    }
    for key in [key for key in st.query_params if key in ours - wanted.keys()]:
        st.query_params.pop(key)
    if any(st.query_params.get(key) != value for key, value in wanted.items()):
        st.query_params.update(wanted)


def forget_other_addresses(question: Question | None) -> None:
    """Leaves in the address what belongs to this question; parameters of the one before stay where they fit."""
    kept = {"question", *(question.parameters if question else ()), *VIEWS}
    readdress({key: value for key, value in st.query_params.items() if key in kept})


def parameters(current: State, question: Question) -> dict[str, str] | None:
    """What the boxes hold, or None while one is empty or names what is not there."""
    if not question.parameters:
        return {}
    found: dict[str, str | None] = {}
    columns = st.columns(max(2, len(question.parameters)))
    for column, (parameter, kind) in zip(columns, question.parameters.items(), strict=False):
        with column:
            found[parameter] = _box(current, parameter, kind)
    given = {parameter: value for parameter, value in found.items() if value}
    return given if len(given) == len(found) else None


def _box(current: State, parameter: str, kind: str) -> str | None:
    """The value of a parameter, which stands in the address; a known name, or a number."""
    count = counted(current, kind)
    label = plain(parameter if parameter == kind else f"{parameter} (a {kind})")
    asked = st.query_params.get(parameter) or None
    name = _known(current, kind, asked) if asked and kind != "number" else asked
    typed = kind == "number" or count > MOST_NAMES
    key = f"for {parameter} {kind}"
    shown: str | None = (asked or "") if typed else name
    if st.session_state.get(key) != shown:
        st.session_state[key] = shown

    def remember() -> None:
        if st.session_state[key]:
            st.query_params[parameter] = st.session_state[key]
        else:
            st.query_params.pop(parameter, None)

    if typed:
        st.text_input(label, key=key, on_change=remember, placeholder="0.2" if kind == "number" else "its name")
        return name
    if not count:
        st.caption(f"The graph holds no {plain(kind)} yet.")
        return None
    names = current.registry.graph.names(kind)
    st.selectbox(label, names, index=None, key=key, on_change=remember, placeholder="Choose one")
    return name


def _known(current: State, kind: str, asked: str) -> str | None:
    """The slug of a subject that the address names, also by its notation; tells where there is none."""
    graph = current.registry.graph
    if counted(current, kind) > MOST_NAMES and not graph.summary.has(kind, asked):  # too many to look for the nearest
        st.warning(f"There is no {plain(kind)} {plain(cut(asked, 80))}.", icon=":material/search_off:")
        return None
    try:
        return graph.find(kind, asked).removeprefix(iri(kind, ""))
    except RegistryError as error:
        st.warning(plain(cut(error)), icon=":material/search_off:")
        return None
