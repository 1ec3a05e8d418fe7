"""Pages are read as Logseq's own parser reads them, and nothing of them is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.pages import references
from registry.pages.reader import read
from tests import hostile
from tests.mldoc import needs_mldoc, seen, views, views_of

PAGES = Path(__file__).parent / "pages"
GOLDEN = json.loads((PAGES / "golden.json").read_text())
SHARED = Path(__file__).resolve().parents[2] / "shared"
REAL = [*sorted(SHARED.glob("pages/*.md")), *sorted(SHARED.glob("seeds/*.md"))]
needs_real_pages = pytest.mark.skipif(not REAL, reason="real pages are not at hand")
SNIPPETS = st.lists(st.sampled_from(hostile.SNIPPETS), max_size=20).map("".join)


def text_of(name: str) -> str:
    return (PAGES / f"{name}.md").read_bytes().decode()


def test_every_page_has_a_golden_view() -> None:
    assert sorted(GOLDEN) == sorted(file.stem for file in PAGES.glob("*.md"))
    assert all(GOLDEN.values())


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_page_is_seen_as_logseq_sees_it(name: str) -> None:
    assert seen(text_of(name)) == GOLDEN[name]


@given(st.text() | SNIPPETS)
def test_every_text_is_a_page_and_every_byte_is_kept(text: str) -> None:
    page = read(text)
    assert "".join(page.lines) == text
    assert all(line.endswith("\n") for line in page.lines[:-1])
    references.of(page)


@given(SNIPPETS)
def test_lines_are_where_things_stand(text: str) -> None:
    page = read(text)
    for one in [page, *page.blocks]:
        for stated in one.properties + one.ignored:
            assert stated.written in page.lines[stated.line] and stated.value.strip() in page.lines[stated.line]
    for block in page.blocks:
        assert block.first < block.last <= len(page.lines) or block.first == block.last
        assert block.title in page.lines[block.first]
        assert block.parent is None or page.blocks[block.parent].depth == block.depth - 1
    for fence in page.fences:
        assert any(mark in page.lines[fence.first] for mark in ("```", "~~~", "#+")) and fence.first < fence.last


@given(st.text())
def test_references_of_any_text_are_found_without_exception(text: str) -> None:
    references.pages(text)
    references.pages_of_value(text)


DEEP = {
    "brackets": "[" * 20_000,
    "links": "[[" * 5_000 + "]]" * 5_000,
    "quotes": ">" * 5_000,
    "elements": "<b>" * 300,
    "emphasis": "**a " * 300,
    "lists": "\n".join(" " * depth + "* a" for depth in range(300)),
    "ticks": "`" * 20_000,
    "formulas": "$$" * 5_001,
    "hashes": "#" * 20_000,
    "references": "((" * 5_000,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_deep_and_long_texts_are_read(text: str) -> None:
    page = read(text)
    assert "".join(page.lines) == text
    references.of(page)


def test_a_refused_key_is_no_valid_property() -> None:
    page = read(text_of("bad_keys"))
    assert [stated.written for block in page.blocks for stated in block.properties if not stated.valid] == [
        "a(b)",
        "#c",
        "[[Key]]",
        "`code",
    ]


def test_front_matter_and_directives_at_the_top_are_kept_apart_from_properties() -> None:
    page = read(text_of("front_matter"))
    assert [(one.key, one.value, one.line) for one in page.directives] == [
        ("title", "Batch Size", 1),
        ("tags", "[a, b]", 2),
    ]
    assert [one.key for one in page.properties] == ["term-id"]
    assert [(one.key, one.line) for one in read(text_of("directives")).directives] == [
        ("title", 0),
        ("tags", 1),
    ]


def test_a_fence_says_where_it_opens_and_closes() -> None:
    page = read(text_of("fences"))
    bodies = ["".join(page.lines[fence.first + 1 : fence.last - 1]) for fence in page.fences]
    assert [fence.language for fence in page.fences] == ["clojure", "json-ld", "owl", "yaml", "python"]
    assert bodies[2] == "Declaration(Class(:Column0))\n## not a heading\n"


def test_only_the_first_drawer_counts() -> None:
    block = read(text_of("drawers")).blocks[0]
    assert [one.key for one in block.properties] == ["a", "b"]
    assert [one.key for one in block.ignored] == ["c", "d"]


def test_the_references_of_a_value_are_those_that_logseq_counts() -> None:
    assert references.pages_of_value("uses [[SimCLR]] and #contrast") == ["SimCLR", "contrast"]
    assert references.pages_of_value('"[[Quoted]]"') == []
    assert references.pages_of_value("**[[Emphasised]]**") == []
    assert references.pages("**[[Emphasised]]**") == ["Emphasised"]
    assert references.pages("[[A [[B]] C]] [x]([[D]]) `[[E]]`") == ["A [[B]] C", "B", "D"]


@needs_real_pages
def test_every_byte_of_real_pages_is_kept() -> None:
    for file in REAL:
        text = file.read_bytes().decode()
        assert "".join(read(text).lines) == text, file.name


@needs_mldoc
@needs_real_pages
def test_real_pages_are_seen_as_logseq_sees_them() -> None:
    for file, view in zip(REAL, views(REAL), strict=True):
        assert seen(file.read_bytes().decode()) == view, file.name


@needs_mldoc
def test_golden_views_are_what_the_parser_says_today() -> None:
    files = sorted(PAGES.glob("*.md"))
    assert dict(zip((file.stem for file in files), views(files), strict=True)) == GOLDEN


@needs_mldoc
def test_hostile_texts_are_seen_as_logseq_sees_them() -> None:
    ours = [text_of(name) for name in sorted(GOLDEN)]
    texts = hostile.texts(seed=4, count=4000) + hostile.damaged(ours, seed=4, count=2000)
    differing = [text for text, view in zip(texts, views_of(texts), strict=True) if view not in (None, seen(text))]
    assert not differing, f"{len(differing)} of {len(texts)}, the first: {differing[0]!r}"
