"""One method's whole page: what it is, whom it comes from, and a tab for each other thing one asks of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

import streamlit as st

from app import lineage
from app.links import link, page_file
from app.method_curves import curves
from app.method_recipes import departures, how_to_run, recipes
from app.method_results import claims
from app.picking import tabs
from app.state import State
from app.words import cut, is_web, plain
from registry import RegistryError
from registry.describing import label_of
from registry.families import BORROWS, REFINES, Link, links_around, terms_above
from registry.namespaces import iri
from registry.records import Description, Method
from registry.sources import read_source
from registry.verdict_names import READING

ABOUT, RECIPES, CLAIMS, CURVES, DEPARTURES, SOURCE, RUN, PAPER = (
    *("About", "Recipes", "Claims", "Curves", "Departures", "Source", "Run it", "Paper"),
)


def method_page(now: State, methods: Mapping[str, Method], name: str) -> None:
    """Shows the method; `part` in the address is its open tab."""
    method, registry = methods[name], now.registry
    said = registry.describe(f"method:{name}")
    _head(method, methods)
    parts: dict[str, Callable[[], None]] = {
        ABOUT: lambda: _about(now, method, methods, said),
        RECIPES: lambda: recipes(registry, method),
        CLAIMS: lambda: claims(now, method),
        CURVES: lambda: curves(registry, method),
        DEPARTURES: lambda: departures(registry, method),
        SOURCE: lambda: _source(method),
        RUN: lambda: how_to_run(registry, method),
        PAPER: lambda: _paper(now, method),
    }
    for tab, show in zip(tabs(list(parts), "part"), parts.values(), strict=True):
        if tab.open:
            with tab:
                show()


def _head(method: Method, methods: Mapping[str, Method]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if method.implementation is None:
            st.badge("Described only", icon=":material/description:", color="gray")
        else:
            st.badge("Runs here", icon=":material/check_circle:", color="green")
        if method.implementation is not None and method.reading:
            st.badge(READING.capitalize(), icon=":material/menu_book:", color="orange")
        st.page_link(page_file("methods"), label="All methods", icon=":material/list:")
        if (parent := methods.get(method.variant_of or "")) is not None:
            st.page_link(
                page_file("compare"),
                label=f"Compare with {plain(cut(parent.label, 60))}",
                icon=":material/compare_arrows:",
                query_params={"methods": [parent.name, method.name]},
            )
    st.markdown(plain(method.definition) or "Nobody has defined it yet.")


def _about(now: State, method: Method, methods: Mapping[str, Method], said: Description) -> None:
    registry = now.registry
    if method.reading:
        _open_questions(method, said)
    also, formulas = said.facts.get("also called", ()), said.facts.get("formula", ())
    if also:
        st.markdown(f"Also called {plain(cut('; '.join(also)))}.")
    for formula in formulas:
        st.code(formula, language=None, wrap_lines=True)
    st.subheader("Where it stands", anchor=False)
    _terms(now, method)
    links = links_around(methods.values(), method.name)
    papers = sorted({each.source for each in links if each.of == "paper"})
    titles = {paper: label_of(registry.graph, f"paper:{paper}") for paper in papers}
    _picture(method, methods, links, titles)
    _relatives(method, methods, links, titles)
    if method.components:
        st.subheader("Components", anchor=False)
        with st.container(horizontal=True):
            for part in method.components[:60]:
                link("term", part, label_of(registry.graph, f"term:{part}"))
    for remark in (*said.facts.get("note", ()), *said.facts.get("remark", ())):
        st.caption(plain(cut(remark, 1000)))


def _open_questions(method: Method, said: Description) -> None:
    questions = said.facts.get("open question", ())
    what = READING if method.implementation is not None else "not run here, and what is known leaves questions open"
    asked = "\n".join(f"- {plain(cut(question, 600))}" for question in questions[:50])
    st.warning(f"This is **{what}**. Open questions:\n\n{asked}", icon=":material/menu_book:")


def _terms(now: State, method: Method) -> None:
    above = terms_above(now.registry.graph, iri("method", method.name))
    if not above:
        st.caption("No term stands above it.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown("Terms above it:", width="content")
        for place, term in enumerate(above[:12]):
            if place and term.distance > above[place - 1].distance:
                st.markdown("→", width="content")
            link("term", term.name, f"{term.notation} {term.label}" if term.notation else term.label)


def _picture(method: Method, methods: Mapping[str, Method], links: Sequence[Link], titles: Mapping[str, str]) -> None:
    if not links:
        return
    near = lineage.nearest(links, method.name)
    st.graphviz_chart(
        lineage.dot(near, methods, titles, lineage.paint(), method.name),
        alt=f"Family picture of {method.label}: {lineage.drawn(near)} methods and papers; the same as links below",
    )
    left_out = lineage.drawn(links) - lineage.drawn(near)
    st.caption(lineage.LEGEND + (f" {left_out} more distant relatives are not drawn." if left_out else ""))


def _relatives(
    method: Method, methods: Mapping[str, Method], links: Sequence[Link], titles: Mapping[str, str]
) -> None:
    """The picture as links: of the method itself, then of the others in words."""
    mine = [each for each in links if each.method == method.name]
    others = [each for each in links if each.source == method.name and each.of == "method"]
    rows = {
        "Refines": [("method", each.source) for each in mine if each.kind == REFINES],
        "Borrows from": [(each.of, each.source) for each in mine if each.kind == BORROWS],
        "Refined by": [("method", each.method) for each in others if each.kind == REFINES],
        "Lent to": [("method", each.method) for each in others if each.kind == BORROWS],
    }
    if (parent := method.variant_of) is not None and parent not in methods:
        st.caption(f"It refines {plain(cut(parent, 80))}, of which there is no file here that can be read.")
    elif not any(rows.values()):
        st.caption("It refines nothing, borrows nothing, and nothing here refines it or borrows from it.")
    for words, ends in rows.items():
        if ends:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"{words}:", width="content")
                for kind, name in ends[:40]:
                    label = methods[name].label if kind == "method" else f"the paper {titles[name]}"
                    link(kind, name, label)
                if len(ends) > 40:
                    st.markdown(f"and {len(ends) - 40} more", width="content")
    farther = [each for each in links if each not in mine and each not in others]
    if farther:
        labels = {name: each.label for name, each in methods.items()} | dict(titles)
        with st.expander("The rest of the picture in words", icon=":material/notes:"):
            st.markdown("\n".join(f"- {plain(cut(line))}" for line in lineage.in_words(farther, labels)[:200]))


def _source(method: Method) -> None:
    if method.implementation is None:
        st.info("It is described only: there is no implementation here.")
        return
    st.markdown("The graph names its implementation:")
    st.code(method.implementation, language=None)
    try:
        source = read_source(method.implementation)
    except RegistryError as error:
        st.warning(f"The source cannot be shown: {plain(cut(error))}", icon=":material/code_off:")
        return
    for departure in source.departures:
        st.markdown(f"- {plain(departure)}")
    where = "" if source.first is None else f", lines {source.first} to {source.last} of"
    name = method.implementation.partition(":")[2]
    st.caption(plain(f"{name}{where} {source.file}" if where else f"{source.file} holds no {name}"))
    st.code(source.text, language="python", line_numbers=True, height=620)


def _paper(now: State, method: Method) -> None:
    registry, name = now.registry, method.introduced_in
    if name is None:
        st.info("The graph names no paper that introduced it.")
        return
    if not registry.graph.summary.has("paper", name):
        st.info(f"It was introduced in {plain(cut(name, 80))}, of which there is no file here that can be read.")
        return
    said = registry.describe(f"paper:{name}")
    st.subheader(plain(cut(said.label)), anchor=False)
    authors, date = said.facts.get("authors", ()), said.facts.get("date", ())
    st.markdown(
        plain(cut(" · ".join([*authors, *date, *said.facts.get("published in", ())]), 1500))
        or "Nothing says who wrote it, or when."
    )
    with st.container(horizontal=True):
        for label, address in _addresses(said):
            if is_web(address):
                st.page_link(address, label=label, icon=":material/open_in_new:")
        link("paper", name, "All that is said of it")
    st.caption("BibTeX")
    st.code(registry.export("bibtex", name), language=None, wrap_lines=True)
    borrowed = [each for each in method.borrows_from if registry.graph.summary.has("paper", each)]
    if borrowed:
        st.markdown("It borrows from:")
        for each in borrowed:
            link("paper", each, label_of(registry.graph, f"paper:{each}"))


def _addresses(said: Description) -> list[tuple[str, str]]:
    """What leads to the paper itself: labels of ours, addresses of the graph."""
    arxiv = [("arXiv", f"https://arxiv.org/abs/{quote(each)}") for each in said.facts.get("arXiv", ())]
    doi = [("DOI", f"https://doi.org/{quote(each)}") for each in said.facts.get("DOI", ())]
    known = {address for _, address in arxiv + doi}
    return arxiv + doi + [("Web", each) for each in said.facts.get("address", ()) if each not in known]
