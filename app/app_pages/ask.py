"""The named questions, and SPARQL that a person types: asked within the limits of the guard, shown as it comes."""

from __future__ import annotations

import streamlit as st

from app import answers, state
from app.address import changed, overtaken
from app.asking import Asked, Asker
from app.frames import frame
from app.picking import chosen
from app.questions import (
    VIEWS,
    Question,
    all_questions,
    forget_other_addresses,
    list_questions,
    parameters,
    readdress,
)
from app.state import State
from app.words import cut, plain
from registry import RegistryError, sandbox
from registry.errors import QueryRefused
from registry.namespaces import PREFIXES

MODES = {"question": "Named questions", "query": "SPARQL of your own"}
EXAMPLE = """SELECT ?recipe ?temperature {
  ?recipe reg:ofMethod method:moco_v2 ;
          hp:temperature ?temperature .
}
ORDER BY ?temperature"""
# Letters of a query that stand in the address; servers and mail programs cut longer ones.
LONGEST_ADDRESS = 6_000


def page(current: State) -> None:
    """The page, for what its address names."""
    st.title("Ask")
    own = "query" in st.query_params
    st.session_state["asking by"] = "query" if own else "question"
    st.segmented_control(
        "Ask by",
        list(MODES),
        format_func=MODES.__getitem__,
        key="asking by",
        on_change=_change_mode,
        required=True,
        label_visibility="collapsed",
    )
    if own:
        _own_query(current)
    else:
        _named(current)


def _change_mode() -> None:
    if st.session_state["asking by"] == "query":
        _into_editor(st.session_state.get("sparql") or "")
    else:
        readdress({})


def _into_editor(text: str) -> None:
    readdress({})
    st.session_state["sparql"] = text
    _into_address(text)


def _typed() -> None:
    changed("sparql")
    _into_address(st.session_state["sparql"])


def _into_address(text: str) -> None:
    short = text if len(text) <= LONGEST_ADDRESS else ""
    st.session_state["query in address"] = short
    looked_at = {key: value for key, value in st.query_params.items() if key in VIEWS and key != "part"}
    readdress(looked_at | {"query": short})


# Named questions


def _named(current: State) -> None:
    questions = all_questions()
    name = chosen(
        list(questions), "Question", "question", lambda each: f"{each}: {questions[each].help}", forget=VIEWS
    )
    question = questions[name] if name else None
    forget_other_addresses(question)
    if question is None:
        st.caption("Choose a question by typing a word of it, or from these lists.")
        list_questions(questions)
        return
    st.markdown(plain(question.help))
    given = parameters(current, question)
    _sparql_of(current, question, given)
    if given is None:
        st.info("Choose what it is about; the answer then comes by itself.")
        return
    asked: Asked | None = st.session_state.get("asked question")
    if asked is None or not asked.is_of(current, question.name, given):
        asked = st.session_state["asked question"] = _asker().question(current, question.name, given)
    _tell(current, asked, "-".join([question.name, *given.values()]))


def _sparql_of(current: State, question: Question, given: dict[str, str] | None) -> None:
    text = question.text
    if given:
        try:
            text = sandbox.question_text(current.registry.graph, question.name, given)
        except RegistryError:  # told where the answer would stand
            text = question.text
    with st.expander("Its SPARQL", icon=":material/code:"):
        st.code(text.strip(), language="sparql", wrap_lines=True)
        st.button(
            "Copy into the editor",
            on_click=_into_editor,
            args=(text.strip(),),
            icon=":material/edit:",
            help="To change it; it is not asked before you press Run.",
        )


# SPARQL


def _own_query(current: State) -> None:
    address = st.query_params.get("query", "")
    if address != st.session_state.get("query in address"):
        if overtaken("sparql"):
            _into_address(st.session_state["sparql"])
        else:
            st.session_state["query in address"] = address
            st.session_state["sparql"] = address
    text = st.text_area(
        "SPARQL",
        key="sparql",
        height=220,
        placeholder=EXAMPLE,
        on_change=_typed,
        persist_state="session",
        label_visibility="collapsed",
    )
    left, right = st.columns([1, 4], vertical_alignment="center")
    run = left.button("Run", type="primary", icon=":material/play_arrow:", shortcut="Mod+Enter", width="stretch")
    right.caption(
        f"It only reads, and only this graph. It is ended after {sandbox.SECONDS} s or "
        f"{sandbox.MEMORY / 2**30:.3g} GiB, its answer after {sandbox.ROWS:,} rows or "
        f"{sandbox.CHARACTERS / 1e6:g} million letters."
    )
    if len(text or "") > LONGEST_ADDRESS:
        st.caption("The query is too long for an address: a link to this page will not hold it.")
    _prefixes()
    asked: Asked | None = st.session_state.get("asked query")
    if run and not (text or "").strip():
        st.info("The editor is empty: write a query, or copy one from the named questions.")
        return
    if run:
        asked = st.session_state["asked query"] = _asker().query(current, text or "")
    if asked is None:
        if text:
            st.info("This query came from elsewhere and was not asked yet. Read it, then press Run.")
        return
    if asked.text != text:
        st.info("The answer below is to the query as it was run; the editor holds another one.")
        with st.expander("The query as it was run"):
            st.code(asked.text, language="sparql", wrap_lines=True)
    elif asked.version != current.version:
        st.info("The graph has changed since this was asked; press Run to ask again.")
    _tell(current, asked, "answer")


def _prefixes() -> None:
    with st.expander("Prefixes that need no declaration", icon=":material/tag:"):
        rows = [{"prefix": f"{prefix}:", "stands for": base} for prefix, base in PREFIXES.items()]
        st.dataframe(frame(rows), hide_index=True, alt="Prefixes")


# Both


def _asker() -> Asker:
    asker: Asker = st.session_state.setdefault("asker", Asker())
    return asker


def _tell(current: State, asked: Asked, file: str) -> None:
    """The answer, or what was wrong, as soon as there is one."""
    asked.work.wait("Asking the graph; other pages may be used meanwhile.")
    if asked.work.error is not None:
        _refused(asked.work.error, asked.text)
    elif asked.work.result is not None:
        answers.show(current, asked.work.result, asked.work.seconds, file)


def _refused(error: Exception, query: str) -> None:
    st.error(plain(cut(error, 600)), icon=":material/error:")
    if isinstance(error, QueryRefused) and error.place:
        st.code(answers.pointed_at(query, *error.place), language=None)
    if not isinstance(error, RegistryError):
        st.caption("This is a mistake of the program, not of the query.")


page(state.current())
