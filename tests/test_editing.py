"""`registry edit` changes the lines of one key and prints them; `registry import logseq` takes folders home."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry.cli import cli

ROOT = Path(__file__).resolve().parents[1]
QUEUE = "- ### OntologyBlock\n\t- term-id:: AI-9001\n\t- status:: draft\n\t- is-subclass-of:: [[Memory]]\n\nText.\n"


@pytest.fixture
def home(tiny_home: Path) -> Path:
    """The tiny ontology with a page of a collection."""
    shutil.copy(ROOT / "ontology" / "page_keys.ttl", tiny_home / "ontology")
    notes = tiny_home.parent / "notes"
    notes.mkdir()
    (notes / "Key Queue.md").write_text(QUEUE)
    assert run(tiny_home, "import", "logseq", str(notes)).exit_code == 0
    return tiny_home


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *words])


def edit(home: Path, *words: str) -> list[str]:
    done = run(home, "edit", *words)
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


@pytest.mark.parametrize("name", ["notes/Key Queue", "page:notes/key queue", "page:notes/key%20queue", "Key Queue"])
def test_a_page_is_edited_by_any_of_its_names(home: Path, name: str) -> None:
    assert edit(home, name, "isSubclassOf", "Memory", "Store") == [
        "imports/logseq/notes/Key Queue.md",
        "-   - is-subclass-of:: [[Memory]]",
        "+   - is-subclass-of:: [[Memory]], [[Store]]",
    ]


@pytest.mark.parametrize("values", [("[[Store]]",), ("Store",)])
def test_a_link_is_named_with_or_without_brackets(home: Path, values: tuple[str, ...]) -> None:
    assert edit(home, "Key Queue", "is-subclass-of", *values)[-1] == "+   - is-subclass-of:: [[Store]]"
    assert edit(home, "Key Queue", "is-subclass-of", "[[Store]], [[Memory]]")[-1].endswith("[[Store]], [[Memory]]")


def test_a_link_may_be_typed_as_pages_write_it(home: Path) -> None:
    assert edit(home, "notes/Key Queue", "is-subclass-of", "[[Store]]")[-1] == "+   - is-subclass-of:: [[Store]]"


def test_an_empty_value_is_none(home: Path) -> None:
    done = run(home, "edit", "alpha", "definition", " ")
    assert (done.exit_code, "give no value at all" in done.output) == (1, True)


def test_no_value_takes_the_line_away(home: Path) -> None:
    edit(home, "notes/Key Queue", "status")
    page = home / "ontology" / "imports" / "logseq" / "notes" / "Key Queue.md"
    assert page.read_text() == QUEUE.replace("\t- status:: draft\n", "")
    assert edit(home, "notes/Key Queue", "status") == ["nothing changed: it is so already"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ("alpha", "definition", "The very first."),
            'skos:prefLabel "Alpha"@en ; skos:definition "The very first."@en ;',
        ),
        (
            ("method:alpha", "uses-component", "Contrast", "term:infonce"),
            "    reg:usesComponent term:infonce, term:contrast .",
        ),
        (("alpha", "note", "Odd; but true."), '    skos:editorialNote "Odd; but true."@en .'),
        (("alpha", "alias", "A", "The Alpha"), '    skos:altLabel "A"@en, "The Alpha"@en .'),
    ],
)
def test_a_subject_of_ours_is_edited_in_its_file(home: Path, words: tuple[str, ...], expected: str) -> None:
    told = edit(home, *words)
    assert told[0] == "methods/alpha.ttl"
    assert expected in (home / "ontology" / "methods" / "alpha.ttl").read_text()
    assert expected in "\n".join(told)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("alpha", "definitoin", "x"), "did you mean 'definition'?"),
        (("notes/Key Queue", "staus", "x"), "did you mean 'status'?"),
        (("notes/Key Quene", "status", "x"), "did you mean"),
        (("alpha", "uses-component", "Nothing Known"), "Nothing Known"),
        (("alpha", "preferred-term"), "needs one skos:prefLabel"),
        (("alpha", "preferred-term", "One", "Two"), "needs one skos:prefLabel"),
        (("alpha", "definition", "two\nlines"), "has one line"),
        (("notes/Key Queue", "definition", "a [[link]] in words"), "as a link"),
        (("notes", "authors", "A. B."), "an ordered list"),
        (("alpha-near", "definition", "x"), "in its own file"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(home: Path, words: tuple[str, ...], message: str) -> None:
    before = {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
    done = run(home, "edit", *words)
    assert (done.exit_code, message in done.output) == (1, True), done.output
    assert {file: file.read_bytes() for file in home.rglob("*") if file.is_file()} == before


def test_an_exported_folder_comes_home_by_the_same_command(home: Path) -> None:
    folder = home.parent / "graph"
    assert run(home, "export", "logseq", str(folder)).exit_code == 0
    page = folder / "pages" / "Alpha.md"
    page.write_text(page.read_text().replace("The first.", "The very first.") + "\n- related-to:: [[Nowhere]]")
    done = run(home, "import", "logseq", str(folder))
    assert done.exit_code == 0
    first, kept, unused, summary = done.output.splitlines()
    assert first == "pages/Alpha.md:6: definition: 'The first.' -> 'The very first.' (methods/alpha.ttl)"
    assert kept == "pages/Alpha.md: kept 1 line beside facts"
    assert "no page of the registry is called 'Nowhere'" in unused
    assert summary == "1 page changed, 60 pages unchanged, 1 key, 0 conflicts, 1 thing not used"
    assert run(home, "import", "logseq", str(folder)).output.startswith("0 pages changed")


def test_strict_exits_with_1_for_what_was_not_used(home: Path) -> None:
    folder = home.parent / "graph"
    run(home, "export", "logseq", str(folder))
    page = folder / "pages" / "Alpha.md"
    page.write_text(page.read_text() + "\n- related-to:: [[Nowhere]]")
    done = run(home, "import", "logseq", str(folder), "--strict", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["pages"][0]["unused"][0]["line"] is not None
    assert run(home, "import", "logseq", str(folder), "--name", "x").exit_code == 2
