"""The picture of terms: a graph to zoom, drag and select in, drawn by Cytoscape through st-link-analysis.

Its panel writes what nodes say as HTML, so it gets ids and captions of ours in which no sign can be
markup, and what it sends back is looked up among those ids.  It never sees text as it stands in the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import streamlit as st

from app.placing import placing
from app.words import cut
from registry.describing import label_of
from registry.graph import Graph
from registry.hierarchy import Excerpt, Hierarchy
from registry.tables import printable

LIMIT = 300
"""So many nodes are still drawn at once and can be told apart after zooming in."""

AT = "at"
"""Under this the node that was selected stands in the address, as `kind:slug`."""

MISSING = (
    "The picture needs a package that is not installed; the tree shows the same. "
    "To install it: pip install 'contrastive-registry\\[app\\]', or '.\\[app\\]' in a checkout."
)

HEIGHT, PADDING = 600, 42
"""The most pixels that it takes, and so many around it: the panel covers some on the left."""

CAPTION, LONGEST = 30, 120
HARMLESS = str.maketrans("<>&\"'`\\", "\u2039\u203a\uff06\u201d\u2019\u02cb\u2216")
"""Signs that mean something to HTML, to selectors or to scripts, and others that look like them."""

TERM, DISPUTED, NAMED, HERE = "Term", "Disputed term", "Term named by a source", "This term"
METHOD, DISPUTED_METHOD = "Method", "Disputed method"
BELOW, APART, SAID = "narrower", "narrower, apart", "a source says"
"""Groups of nodes and links: constants, for selectors are made of them."""

LEGEND = (
    "Broader terms stand to the left. Circle: term. Square: method. Diamond, orange: a source gives another parent, "
    "and a dashed line leads to it; a hollow circle is there only for that. Drag to move, scroll or pinch to zoom. "
    "On a small screen and by keyboard the tree is easier to use."
)

LIGHT = {
    "term": "#0072B2",
    "method": "#009E73",
    "odd": "#C24E00",
    "line": "#9AA4B1",
    "text": "#1B2430",
    "ground": "#FFFFFF",
}
DARK = {
    "term": "#56B4E9",
    "method": "#2FBF98",
    "odd": "#F0883E",
    "line": "#5A6675",
    "text": "#E4E9EF",
    "ground": "#0E1015",
}


@dataclass(frozen=True)
class Picture:
    """What Cytoscape is given, and what its ids mean here."""

    elements: dict[str, list[dict[str, Any]]]
    subjects: dict[str, tuple[str, str]]
    """Kind and slug by id."""

    @property
    def height(self) -> int:
        """Pixels in which it can be read, as far as there are as many."""
        lowest: float = max(node["position"]["y"] for node in self.elements["nodes"])
        return round(min(HEIGHT, 150 + lowest))

    @property
    def key(self) -> str:
        """Another one for each content: a picture is drawn anew rather than mended."""
        return f"network-{sha256(repr(self.elements).encode()).hexdigest()[:16]}"


def harmless(text: object, longest: int = LONGEST) -> str:
    """A text without any sign that HTML, a selector or a script could begin or end with."""
    return cut(printable(" ".join(str(text).split())).translate(HARMLESS), longest)


def picture(graph: Graph, hierarchy: Hierarchy, excerpt: Excerpt, here: str | None = None) -> Picture:
    """The nodes and links of an excerpt, each at its place; `here` is drawn larger."""
    parents = _parents(hierarchy, excerpt)
    ids = _ids(parents)
    told = {name: _told(graph, hierarchy, name) for name in parents}
    put = placing(
        {name: above[0] if above else None for name, above in parents.items()},
        {name: len(said["name"]) * (1.4 if name == f"term:{here}" else 1) for name, said in told.items()},
    )
    nodes = [
        {
            "data": {"id": identifier, "label": _group(hierarchy, excerpt, name, here)} | told[name],
            "position": {"x": round(put.places[name][0], 1), "y": round(put.places[name][1], 1)},
        }
        for name, identifier in ids.items()
    ]
    links = [
        (other, name, APART if name in put.apart else BELOW) for name, above in parents.items() for other in above
    ]
    links += [link for link in _said(hierarchy, excerpt) if link[1] in ids]
    edges = [
        {"data": {"id": f"{number}", "label": label, "source": ids[source], "target": ids[target]}}
        for number, (source, target, label) in enumerate(dict.fromkeys(links))
        if source != target
    ]
    subjects = {identifier: (name.partition(":")[0], name.partition(":")[2]) for name, identifier in ids.items()}
    return Picture({"nodes": nodes, "edges": edges}, subjects)


def _parents(hierarchy: Hierarchy, excerpt: Excerpt) -> dict[str, list[str]]:
    """Every node, `kind:slug`, with those that it stands right below, the one that leads on from the top first."""
    terms = [*excerpt.terms, *excerpt.named]
    shown = set(terms)
    found: dict[str, list[str]] = {}
    for name in terms:
        found[f"term:{name}"] = [
            f"term:{parent}" for parent in hierarchy.terms[name].parents if parent in shown and parent != name
        ]
    for method in excerpt.methods:
        found[f"method:{method}"] = []
    for name in excerpt.terms:
        for method in hierarchy.terms[name].methods:
            if f"method:{method}" in found:
                found[f"method:{method}"].append(f"term:{name}")
    return found


def _ids(names: Mapping[str, object]) -> dict[str, str]:
    """An id for each name, harmless, and still another for each."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        identifier = harmless(name)
        if identifier in taken:
            identifier = f"{identifier} {len(taken)}"
        taken.add(identifier)
        found[name] = identifier
    return found


def _group(hierarchy: Hierarchy, excerpt: Excerpt, name: str, here: str | None) -> str:
    kind, _, slug = name.partition(":")
    if kind == "method":
        return DISPUTED_METHOD if slug in hierarchy.methods_in_dispute else METHOD
    if slug == here:
        return HERE
    if slug in excerpt.named:
        return NAMED
    return DISPUTED if hierarchy.terms[slug].disputed else TERM


def _told(graph: Graph, hierarchy: Hierarchy, name: str) -> dict[str, str]:
    """What the panel says of a node: its name, which is its caption too, in full where that is cut, its notations."""
    kind, _, slug = name.partition(":")
    label = label_of(graph, name) if kind == "method" else hierarchy.terms[slug].label
    told = {"name": harmless(label, CAPTION)}
    if told["name"] != harmless(label):
        told["in full"] = harmless(label)
    if kind == "term" and (notations := hierarchy.terms[slug].notations):
        told["notation"] = harmless(", ".join(notations))
    return told


def _said(hierarchy: Hierarchy, excerpt: Excerpt) -> Iterator[tuple[str, str, str]]:
    """The parents that sources give."""
    for name in excerpt.terms:
        for parent, _ in hierarchy.terms[name].disputed:
            yield f"term:{name}", f"term:{parent}", SAID
    for method in excerpt.methods:
        for parent, _ in hierarchy.methods_in_dispute.get(method, ()):
            yield f"method:{method}", f"term:{parent}", SAID


@dataclass(frozen=True)
class Style:
    """One of Cytoscape's styles, as the package asks for them; its own classes know neither shapes nor dashes."""

    selector: str
    style: Mapping[str, object]

    def dump(self) -> dict[str, object]:
        """As it is sent."""
        return {"selector": self.selector, "style": dict(self.style)}


def styles(dark: bool) -> list[Style]:
    """The looks of all groups: each differs in shape or dashes as well as in colour."""
    colours = DARK if dark else LIGHT
    text: dict[str, object] = {
        "label": "data(name)",
        "color": colours["text"],
        "font-size": 11,
        "min-zoomed-font-size": 5,
        "text-valign": "center",
        "text-halign": "right",
        "text-margin-x": 4,
        "text-margin-y": 0,
        # Links begin behind the captions.
        "text-background-color": colours["ground"],
        "text-background-opacity": 0.9,
    }
    shapes: dict[str, dict[str, object]] = {
        TERM: {"shape": "ellipse", "background-color": colours["term"]},
        DISPUTED: {"shape": "diamond", "background-color": colours["odd"], "width": 17, "height": 17},
        NAMED: {
            "shape": "ellipse",
            "background-opacity": 0,
            "border-width": 2,
            "border-color": colours["odd"],
            "border-style": "dashed",
        },
        HERE: {"shape": "ellipse", "background-color": colours["term"], "width": 20, "height": 20}
        | {"font-weight": "bold", "font-size": 13, "border-width": 2, "border-color": colours["text"]},
        METHOD: {"shape": "rectangle", "background-color": colours["method"], "width": 9, "height": 9},
        DISPUTED_METHOD: {"shape": "diamond", "background-color": colours["odd"], "width": 13, "height": 13},
    }
    nodes = [
        Style(f"node[label='{group}']", text | {"width": 12, "height": 12} | shape) for group, shape in shapes.items()
    ]
    below = {"line-color": colours["line"], "width": 1.2, "curve-style": "taxi", "taxi-direction": "rightward"}
    apart = {"line-color": colours["line"], "width": 0.8, "curve-style": "straight", "opacity": 0.5}
    said = {
        "line-color": colours["odd"],
        "target-arrow-color": colours["odd"],
        "target-arrow-shape": "triangle",
        "line-style": "dashed",
        "curve-style": "unbundled-bezier",
        "width": 1.4,
    }
    edges = [
        Style(f"edge[label='{label}']", style) for label, style in ((BELOW, below), (APART, apart), (SAID, said))
    ]
    return [*nodes, *edges]


def available() -> bool:
    """Whether the package that draws is installed."""
    try:
        import st_link_analysis  # noqa: F401
    except ImportError:
        return False
    return True


def draw(shown: Picture) -> None:
    """Draws it; the node that a person selects stands as `kind:slug` in the address."""
    from st_link_analysis import Event, st_link_analysis

    def selected() -> None:
        subject = answered(shown, st.session_state.get(shown.key))
        if subject is not None:
            st.query_params[AT] = ":".join(subject)

    st_link_analysis(
        shown.elements,
        layout={"name": "preset", "fit": True, "padding": PADDING, "animate": False},
        node_styles=styles(dark=st.context.theme.type == "dark"),
        height=shown.height,
        key=shown.key,
        on_change=selected,
        events=[Event("selected", "tap", "node")],
    )


def answered(shown: Picture, value: object) -> tuple[str, str] | None:
    """Kind and slug of the node that the browser says was selected: whatever it sends, one of ours or None."""
    data = value.get("data") if isinstance(value, dict) else None
    identifier = data.get("target_id") if isinstance(data, dict) else None
    return shown.subjects.get(identifier) if isinstance(identifier, str) else None
