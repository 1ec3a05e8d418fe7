"""What tests of terms and other subjects read of a page: links, the picture, the tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from app import network
from app.links import place_of
from registry import Registry
from registry.families import methods_in_dispute, taxonomy
from registry.hierarchy import Hierarchy
from tests.exploring import texts

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

Add = Callable[[str], None]
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "$x$",
    ":red[x]",
    "<img src=x onerror='alert(`1`)'>",
    '"&amp;\\',
    "\u202eright to left",
)
EVIL = "# " + " ".join(HOSTILE)
LONG = "Name " * 60


def links(app: AppTest) -> dict[str, str]:
    """Where the links of a page lead, by their labels."""
    found = {}
    for element in app.get("page_link"):
        proto: Any = element.proto
        found[proto.label] = f"{proto.page}?{proto.query_string}" if not proto.external else proto.page
    return found


def picture(app: AppTest) -> dict[str, Any]:
    """What the picture on a page is given."""
    (element,) = app.get("component_instance")
    proto: Any = element.proto
    content: dict[str, Any] = json.loads(proto.json_args)
    return content


def target(kind: str, name: str) -> str:
    """Where the link to a subject leads."""
    page, query = place_of(kind, name)
    return f"{page}?{urlencode(query)}"


def nodes(app: AppTest) -> dict[str, dict[str, str]]:
    return {node["data"]["id"]: node["data"] for node in picture(app)["elements"]["nodes"]}


def edges(app: AppTest) -> set[tuple[str, str, str]]:
    found = [edge["data"] for edge in picture(app)["elements"]["edges"]]
    return {(edge["source"], edge["label"], edge["target"]) for edge in found}


def rows(app: AppTest) -> list[str]:
    """The terms of a tree that can be opened, by what is said of them."""
    return [str(element.label) for element in app.expander if not element.label.startswith("All ")]


def button(app: AppTest, label: str) -> Any:
    return next(each for each in app.button if each.label == label)


def asked(app: AppTest) -> dict[str, str]:
    """What stands in the address of a page."""
    return {name: value[0] if isinstance(value, list) else value for name, value in app.query_params.items()}


def markup(app: AppTest) -> str:
    """All that a page gives to places that read Markdown."""
    labels = [*links(app), *(str(each.label) for each in app.expander)]
    for group in (app.text_input, app.multiselect, app.selectbox, app.toggle, app.button, app.button_group):
        labels += [f"{each.label} {getattr(each, 'help', '')}" for each in group]
    return "\n".join([texts(app), *labels])


def literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def shown_of(home: Path) -> network.Picture:
    """The picture of all terms and methods of a home."""
    graph = Registry.open(home).graph
    found = Hierarchy(taxonomy(graph), methods_in_dispute(graph))
    terms = found.chosen()
    return network.picture(graph, found, found.excerpt(terms, found.methods_of(terms), limit=network.LIMIT))
