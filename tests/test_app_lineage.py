"""Family pictures: what is drawn, in which form, and that no text of the graph becomes language of the drawing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app import lineage
from registry import Registry
from registry.families import BORROWS, REFINES, Link, all_links, links_around
from registry.records import Method
from tests.test_families import method

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|->|[A-Za-z0-9_.#]+|[\[\]{}=,;]|\s+')
"""What DOT is made of, as far as we write it."""


def drawing(links: list[Link], known: list[Method], titles: dict[str, str] | None = None, chosen: str = "") -> str:
    methods = {each.name: each for each in known}
    return lineage.dot(links, methods, titles or {}, lineage.LIGHT, chosen or None)


def labels(dot: str) -> list[str]:
    """The texts of the nodes as Graphviz shows them."""
    found = re.findall(r'label=("(?:[^"\\]|\\.)*")', dot)
    return [text[1:-1].replace('\\"', '"').replace("\\\\", "\\").replace("&amp;", "&") for text in found]


def assert_whole(dot: str) -> None:
    """Nothing but tokens, so that each quoted text ends where we ended it."""
    place = 0
    while place < len(dot):
        token = TOKEN.match(dot, place)
        assert token, dot[place : place + 60]
        place = token.end()


def test_every_method_of_the_graph_is_drawn_with_its_label(registry: Registry) -> None:
    known = registry.methods()
    links = links_around(known, "moco_v2")
    dot = drawing(links, known, chosen="moco_v2")
    assert_whole(dot)
    names = {"moco_v2"} | {link.method for link in links} | {link.source for link in links}
    assert sorted(labels(dot)) == sorted(each.label for each in known if each.name in names)
    assert dot.count(" -> ") == len(links)


def test_a_refinement_is_solid_and_a_loan_dashed() -> None:
    known = [method("a"), method("b", refines="a"), method("c")]
    dot = drawing([Link("b", "a", REFINES), Link("b", "c", BORROWS)], known)
    assert re.search(r"n0 -> n1 \[style=solid", dot)
    assert re.search(r"n2 -> n1 \[style=dashed", dot)


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("reading", [True, False])
def test_what_runs_is_filled_and_what_is_a_reading_has_two_borders(runs: bool, reading: bool) -> None:
    known = [method("a"), replace(method("b"), implementation="x:Y" if runs else None, reading=reading)]
    (node,) = re.findall(r'n1 \[label="B".*', drawing([Link("b", "a", REFINES)], known))
    assert ("filled" in node) == runs
    assert ("peripheries=2" in node) == (runs and reading)


def test_a_paper_has_its_title_and_leads_to_its_page() -> None:
    dot = drawing([Link("a", "ada1843", BORROWS, "paper")], [method("a")], {"ada1843": "Notes"})
    assert 'label="Notes"' in dot
    assert 'URL="terms?subject=paper:ada1843"' in dot


@pytest.mark.parametrize(
    "text",
    [
        'quote" end',
        "back\\slash",
        "ends in a backslash\\",
        '\\" both',
        "\\N \\G \\n",
        "<b>bold</b>",
        "&lt;&amp;",
        "line\nbreak\r\n\ttab",
        '"]; evil [label="x',
        "\x00\x1b[31m",
        "</svg><script>alert(1)</script>",
        "é 日本 😀",
    ],
)
def test_a_label_says_the_text_and_nothing_else(text: str) -> None:
    known = [method("a"), replace(method("b"), label=text, definition=text)]
    dot = drawing([Link("b", "a", REFINES)], known)
    assert_whole(dot)
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    assert shown.replace(" ", "") in labels(dot)[1].replace("�", "").replace(" ", "") or "\x00" in text


def test_long_labels_are_cut() -> None:
    known = [method("a"), replace(method("b"), label="x" * 300, definition="y" * 3000)]
    dot = drawing([Link("b", "a", REFINES)], known)
    assert labels(dot)[1] == "x" * 31 + "…"
    assert len(dot) < 3000


def test_an_address_holds_no_more_than_a_name() -> None:
    known = [method("a"), method('x"];&b=1?#/%')]
    dot = drawing([Link('x"];&b=1?#/%', "a", REFINES)], known)
    assert_whole(dot)
    assert 'URL="?method=x%22%5D%3B%26b%3D1%3F%23%2F%25"' in dot


def test_the_nearest_of_many_relatives_are_drawn() -> None:
    known = [method("root"), *(method(f"m{number}", refines=f"m{number - 1}") for number in range(1, 200))]
    known.append(method("m0", refines="root"))
    links = links_around(known, "m100")
    near = lineage.nearest(links, "m100", most=5)
    assert {(link.method, link.source) for link in near} == {
        ("m99", "m98"),
        ("m100", "m99"),
        ("m101", "m100"),
        ("m102", "m101"),
    }
    assert lineage.nearest(links, "m100", most=1000) == links


def test_of_all_families_the_weightiest_are_drawn() -> None:
    known = [method("a"), method("b", refines="a"), method("c", refines="b"), method("x"), method("y", refines="x")]
    links = all_links(known)
    assert lineage.weightiest(links) == links
    kept = lineage.weightiest(links, most=3)
    assert [(link.method, link.source) for link in kept] == [("b", "a")]  # c and y led to nothing, x to y alone


def test_in_words_each_method_says_what_it_comes_from() -> None:
    links = [Link("b", "a", REFINES), Link("b", "c", BORROWS), Link("b", "p", BORROWS, "paper")]
    said = lineage.in_words([*links, Link("c", "a", REFINES)], {"a": "A", "b": "B", "c": "C", "p": "Notes"})
    assert said == ["B refines A; borrows from C, Notes", "C refines A"]
