"""Pages in Logseq's normal form: as Logseq itself would save them, with text of the graph as nothing but text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.pages.normal import Node, cell, inline, linkable, plain, table, title, write
from registry.pages.reader import read
from registry.pages.references import pages
from tests.logseq_writer import saved
from tests.mldoc import needs_mldoc, views_of

HOSTILE = [
    "a #tag b",
    "#tag",
    "a#tag",
    "#[[two words]]",
    "see [[Page]] and [[A [[B]] C]]",
    "((01234567-89ab-cdef-0123-456789abcdef))",
    "{{embed [[Page]]}} {{{x}}}",
    "`code #x` and ``more``",
    "[label](target) ![image]([[Page]])",
    "<script>alert(1)</script> <!-- no -->",
    "key:: value",
    "::::",
    "TODO nothing",
    "DOING",
    "- no bullet",
    "## no heading",
    "> no quote",
    "1. no list",
    "a | b",
    r"\frac{a}{b} \# \[[x]] \\ \ ",
    "[#A] no priority",
    "https://example.org/a#b (https://example.org/c#d) https://#e",
    "$a #b$ *#c* _#d_",
    "“quoted”, it's 50 % — ok",
]
HOSTILE_LETTERS = st.sampled_from(
    [*"#[](){}<>:`\\|\"'$*_-+=!/^~&; aZ9.\n\t", "[[", "]]", "((", "{{", "::", "](", "TODO "]
)
HOSTILE_TEXTS = st.lists(HOSTILE_LETTERS | st.text(max_size=3), max_size=12).map("".join)


def test_a_tree_is_written_with_tabs_and_nothing_between_its_blocks() -> None:
    tree = [
        Node(
            "### Block\n\nTwo lines\nof text",
            children=[Node(properties=[("a", "1"), ("b", "2")]), Node("x", [("c", "")])],
        ),
        Node("```\n- code\n```"),
    ]
    assert write({"type": "[[Term]]", "alias": "B"}, tree) == (
        "type:: [[Term]]\nalias:: B\n\n"
        "- ### Block\n  \n  Two lines\n  of text\n\t- a:: 1\n\t  b:: 2\n\t- x\n\t  c::\n"
        "- ```\n  - code\n  ```"
    )


def test_saving_a_written_page_changes_nothing() -> None:
    tree = [
        Node("### H", children=[Node("a\n| x | y |\n| - | - |", children=[Node(properties=[("k", "v")])])]),
        Node("b"),
    ]
    text = write({"k": "v"}, tree)
    assert saved(text) == text


def test_the_writer_of_the_tests_knows_the_traps_of_logseq() -> None:
    assert saved("- ## First\n- b\n") == "## First\n- b"
    assert saved("- a:: 1\n- b") == "a:: 1\n- b"
    assert saved("k:: v\n\n\n- ## First\n    - b\n\n# Second") == "k:: v\n\n- ## First\n\t- b\n- # Second"


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({}, "needs a property"),
        ({"a:b": "1"}, "cannot be the key"),
        ({"a": "1\n2"}, "come back"),
        ({"a": " 1"}, "come back"),
    ],
)
def test_what_logseq_would_not_read_back_is_refused(head: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write(head, [])


@pytest.mark.parametrize("text", HOSTILE)
def test_text_refers_to_nothing_and_comes_back(text: str) -> None:
    assert plain(inline(text)) == text.strip()
    assert pages(inline(text)) == pages(title(text)) == pages(cell(text)) == []
    page = read(write({"k": inline(text)}, [Node(title(text))]))
    assert [each.value for each in page.properties] == [inline(text)]
    assert [(block.title, block.heading, block.properties) for block in page.blocks] == [(title(text), None, [])]


@given(HOSTILE_TEXTS)
def test_any_text_refers_to_nothing(text: str) -> None:
    assert pages(inline(text)) == []
    flat = inline(plain(inline(text)))
    assert flat == inline(text)
    page = read(write({"k": "v"}, [Node(f"x {inline(text)}")]))
    assert len(page.blocks) == 1 and not page.blocks[0].properties


@given(HOSTILE_TEXTS)
def test_any_name_can_be_linked_once_it_is_linkable(name: str) -> None:
    safe = linkable(name)
    assert linkable(safe) == safe
    assert not safe or pages(f"[[{safe}]]") == [safe]


def test_a_bar_ends_no_cell() -> None:
    assert table(["a", "b"], [[cell("x | y"), cell("#z")]]) == "| a | b |\n| --- | --- |\n| x ¦ y | \\#z |"


@needs_mldoc
def test_logseqs_parser_sees_no_reference_in_hostile_text() -> None:
    texts = [
        write({"k": inline(text)}, [Node(title(text)), Node(f"x\n{table(['a'], [[cell(text)]])}")])
        for text in HOSTILE
    ]
    for text, view in zip(HOSTILE, views_of(texts), strict=True):
        assert view is not None
        assert (view["pages"], view["uuids"], len(view["blocks"])) == ([], [], 2), text
        assert [block["marker"] for block in view["blocks"]] == [None, None], text
        assert view["properties"] == [["k", inline(text)]], text
