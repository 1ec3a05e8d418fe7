"""Every named question about imported pages, on a small collection whose answers can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

PAGES = {
    "Queue of Keys": """\
        - ### OntologyBlock
          - term-id:: AI-0001
          - colour:: blue
          - status:: approved
          - shape::
          - status:: draft
          - is-subclass-of:: [[Memory]], [[MemoryBank]]
        """,
    "Memory Bank": """\
        alias:: MemoryBank, Bank of Memory

        - term-id:: AI-0001
        - term-id:: AI-0002
        - is-subclass-of:: [[Memory]]
        - [[Queue of Keys]] came later
        """,
    "Lonely": """\
        legacy-term-id:: AI-0001
        is-subclass-of:: nothing that links
        """,
}
ADDRESS = "page:toys/{}".format


@pytest.fixture
def collection(tiny_home: Path) -> Path:
    folder = tiny_home / "ontology" / "imports" / "logseq" / "toys"
    folder.mkdir(parents=True)
    for name, text in PAGES.items():
        lines = [line.removeprefix("        ") for line in text.split("\n")]
        (folder / f"{name}.md").write_text("\n".join(lines))
    return folder


pytestmark = pytest.mark.usefixtures("collection")
QUEUE, BANK, LONELY = (ADDRESS(name) for name in ("queue%20of%20keys", "memory%20bank", "lonely"))


def test_pages(answers) -> None:
    assert answers("pages", "page", "label", "collection", "notation") == [
        (LONELY, "Lonely", "import:logseq-toys", None),
        (BANK, "Memory Bank", "import:logseq-toys", "AI-0001"),
        (BANK, "Memory Bank", "import:logseq-toys", "AI-0002"),
        (QUEUE, "Queue of Keys", "import:logseq-toys", "AI-0001"),
    ]


def test_pages_with_one_id(answers) -> None:
    assert answers("pages_with_one_id", "notation", "page") == [("AI-0001", BANK), ("AI-0001", QUEUE)]


def test_pages_with_two_ids(answers) -> None:
    assert answers("pages_with_two_ids", "page", "notation") == [(BANK, "AI-0001"), (BANK, "AI-0002")]


def test_undefined_parents(answers) -> None:
    assert answers("undefined_parents", "parent", "children", "child") == [(ADDRESS("memory"), 2, "Memory Bank")]


def test_page_problems(answers) -> None:
    assert answers("page_problems", "collection", "problem", "problems", "pages") == [
        ("import:logseq-toys", "contradiction", 2, 2),
        ("import:logseq-toys", "no-link", 1, 1),
    ]


def test_problems_of_page(answers) -> None:
    reason = "is-subclass-of should link to pages, [[like this]], and says 'nothing that links'"
    assert answers("problems_of_page", "line", "problem", "reason", page="toys/lonely") == [(2, "no-link", reason)]


def test_contradictory_pages(answers) -> None:
    assert answers("contradictory_pages", "page", "line", "reason") == [
        (BANK, 4, "term-id is 'AI-0001' on line 3 and 'AI-0002' here; both are kept"),
        (QUEUE, 6, "status is 'approved' on line 4 and 'draft' here; both are kept"),
    ]


def test_stated_properties(answers) -> None:
    columns = ("position", "key", "value", "line", "block")
    assert answers("stated_properties", *columns, page="toys/queue%20of%20keys") == [
        (1, "colour", "blue", 3, 3),
        (2, "shape", "", 5, 5),
    ]


def test_pages_of_term(answers) -> None:
    assert answers("pages_of_term", "page", "notation", term="contrast") == [
        (page, "AI-0001") for page in (LONELY, BANK, QUEUE)
    ]


def test_page_parents(answers) -> None:
    assert answers("page_parents", "parent", "definedBy", "label", page="toys/queue%20of%20keys") == [
        (ADDRESS("memory"), None, None),
        (ADDRESS("memorybank"), BANK, "Memory Bank"),
    ]


def test_a_parent_is_found_by_its_name_and_in_its_own_collection(answers, collection: Path) -> None:
    for name in ("toys", "others"):
        (collection.parent / name).mkdir(exist_ok=True)
        (collection.parent / name / "Child.md").write_text("is-subclass-of:: [[memory bank]]\n")
    columns = ("parent", "definedBy", "label")
    assert answers("page_parents", *columns, page="toys/child") == [(BANK, BANK, "Memory Bank")]
    assert answers("page_parents", *columns, page="others/child") == [("page:others/memory%20bank", None, None)]
    assert ("page:others/memory%20bank", 1, "Child") in answers("undefined_parents", "parent", "children", "child")


def test_two_files_of_one_page_count_once(answers, collection: Path) -> None:
    (collection / "deep").mkdir()
    (collection / "deep" / "queue of keys.md").write_text("title:: Queue of Keys\n\n- term-id:: AI-0001\n")
    assert len([row for row in answers("pages", "page") if row == (QUEUE,)]) == 1
    assert answers("pages_with_one_id", "notation", "page") == [("AI-0001", BANK), ("AI-0001", QUEUE)]
    assert ("import:logseq-toys", "contradiction", 2) in answers("page_problems", "collection", "problem", "problems")
    assert len(answers("contradictory_pages", "page", "line")) == 2


def test_pages_of_one_name_are_told_once(answers, collection: Path) -> None:
    (collection / "below").mkdir()
    for number, place in enumerate((collection, collection / "below"), 3):
        (place / "Twin.md").write_text(f"- term-id:: AI-000{number}\n- term-id::\n")
    twin = ADDRESS("twin")
    assert answers("pages_with_two_ids", "page", "notation")[-2:] == [(twin, "AI-0003"), (twin, "AI-0004")]
    assert [row[0] for row in answers("pages", "page", "label", "collection", "notation")].count(twin) == 2
    assert ("no-value", 2, 1) in answers("page_problems", "problem", "problems", "pages")
