"""Family pictures of methods: DOT that Graphviz lays out in the browser, and the same in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import streamlit as st

from app.dot import quoted
from app.words import cut
from registry.families import BORROWS, REFINES, Link
from registry.records import Method

MOST_AROUND, MOST_AT_ALL = 40, 80
"""Nodes that a picture still shows readably: around one method, and of all."""

LEGEND = (
    "A solid arrow leads to what refines a method, a dashed one to what borrows from it. "
    "Filled: runs here. Double border: runs here as a reading of its paper. "
    "Dashed border: a paper of which no single method stands here."
)


@dataclass(frozen=True)
class Paint:
    """The colours of one theme."""

    ink: str
    line: str
    filled: str
    refines: str
    borrows: str


LIGHT = Paint(ink="#1B2430", line="#5B6673", filled="#D6E6F3", refines="#0072B2", borrows="#B84E00")
DARK = Paint(ink="#E4E9EF", line="#93A0AE", filled="#1D3C55", refines="#56B4E9", borrows="#E69F00")


def paint() -> Paint:
    """The colours for the theme that the reader has chosen."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def nearest(links: Sequence[Link], name: str, most: int = MOST_AROUND) -> list[Link]:
    """The links between a method and those nearest to it by steps, as many as a picture shows."""
    beside = defaultdict(list)
    for link in links:
        ends = ("method", link.method), (link.of, link.source)
        for here, there in (ends, ends[::-1]):
            beside[here].append(there)
    found = {("method", name): None}
    queue = list(found)
    for here in queue:
        for there in beside[here]:
            if there not in found and len(found) < most:
                found[there] = None
                queue.append(there)
    return [link for link in links if ("method", link.method) in found and (link.of, link.source) in found]


def weightiest(links: Sequence[Link], most: int = MOST_AT_ALL) -> list[Link]:
    """The links among those of which most came, directly or not, as many as a picture shows."""
    below = defaultdict(set)
    for link in links:
        below[link.of, link.source].add(("method", link.method))
    ends = dict.fromkeys(end for link in links for end in ((link.of, link.source), ("method", link.method)))
    if len(ends) <= most:
        return list(links)
    kept = set(sorted(ends, key=lambda end: -_reached(below, end))[:most])
    return [link for link in links if ("method", link.method) in kept and (link.of, link.source) in kept]


def _reached(below: Mapping[tuple[str, str], set[tuple[str, str]]], start: tuple[str, str]) -> int:
    found: set[tuple[str, str]] = set()
    left = [start]
    while left:
        fresh = below.get(left.pop(), set()) - found
        found |= fresh
        left += fresh
    return len(found)


def drawn(links: Collection[Link]) -> int:
    """How many methods and papers these links join."""
    return len({end for link in links for end in (("method", link.method), (link.of, link.source))})


def dot(
    links: Sequence[Link],
    methods: Mapping[str, Method],
    titles: Mapping[str, str],
    colours: Paint,
    chosen: str | None = None,
) -> str:
    """The picture in Graphviz's language, from what came first on the left to what came of it.

    Nodes lead to their pages: addresses are made here, of names alone.  `titles` are those of papers.
    """
    nodes: dict[tuple[str, str], str] = {}
    lines = [
        'digraph { bgcolor="transparent"; rankdir=LR; nodesep=0.16; ranksep=0.45;',
        f'node [shape=box, fontname="Arial", fontsize=10, height=0.32, margin="0.1,0.04", penwidth=1, '
        f'color="{colours.line}", fontcolor="{colours.ink}", fillcolor="{colours.filled}", style="rounded"];',
        "edge [arrowsize=0.6, penwidth=1.2];",
    ]
    if chosen is not None:
        nodes["method", chosen] = "n0"
    for link in links:
        for end in ((link.of, link.source), ("method", link.method)):
            nodes.setdefault(end, f"n{len(nodes)}")
    for (kind, name), node in nodes.items():
        look = _method_node(methods[name], name == chosen) if kind == "method" else _paper_node(name, titles)
        lines.append(f"{node} [{look}];")
    for link in links:
        ends = f"{nodes[link.of, link.source]} -> {nodes['method', link.method]}"
        style, colour = ("solid", colours.refines) if link.kind == REFINES else ("dashed", colours.borrows)
        tip = quoted(f"{link.method} {link.kind} {link.source}")
        lines.append(f'{ends} [style={style}, color="{colour}", tooltip={tip}];')
    return "\n".join([*lines, "}"])


def _method_node(method: Method, chosen: bool) -> str:
    styles = ["rounded"]
    if method.implementation is not None:
        styles.append("filled")
    if chosen:
        styles.append("bold")
    label, tip = quoted(cut(method.label, 32)), quoted(cut(f"{method.label}: {method.definition}", 240))
    more = ", peripheries=2" if method.implementation is not None and method.reading else ""
    more += ", penwidth=2.4" if chosen else ""
    address = f"?method={quote(method.name, safe='')}"
    return f'label={label}, tooltip={tip}, URL="{address}", style="{",".join(styles)}"{more}'


def _paper_node(name: str, titles: Mapping[str, str]) -> str:
    title = titles.get(name, name)
    address = f"terms?subject=paper:{quote(name, safe='')}"
    return f'label={quoted(cut(title, 32))}, tooltip={quoted(title)}, URL="{address}", style="dashed"'


def in_words(links: Sequence[Link], label: Mapping[str, str]) -> list[str]:
    """The picture as sentences, one for each method that comes from another."""
    said: dict[str, dict[str, list[str]]] = {}
    for link in links:
        said.setdefault(link.method, {REFINES: [], BORROWS: []})[link.kind].append(
            label.get(link.source, link.source)
        )
    return [
        f"{label.get(name, name)} "
        + "; ".join(f"{kind} {', '.join(sources)}" for kind, sources in kinds.items() if sources)
        for name, kinds in said.items()
    ]
