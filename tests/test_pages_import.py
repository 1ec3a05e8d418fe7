"""`registry import logseq` as a stranger meets it: good folders, bad ones, again and again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry import Registry
from registry.cli import cli
from registry.errors import RegistryError
from registry.home import find_home
from registry.namespaces import iri
from registry.pages import collections
from tests.conftest import ROOT
from tests.speed import corpus

PAGES = {
    "pages/Key Queue.md": (
        "- ### OntologyBlock\n\t- term-id:: AI-0401\n\t- status:: approved\n\t- shape::\n"
        "\t- is-subclass-of:: [[Memory]]\n- **Status**: draft\n"
    ),
    "pages/Key Bank.md": "- term-id:: AI-0401\r\n- made-up:: 7\r\n- is-subclass-of:: [[Key Queue]]\r\n",
    "journals/2026_01_01.md": "- read of [[Key Queue]]",
}
PLAIN = "- term-id:: AI-0402\n- text\n"
Run = Callable[..., Result]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A folder of three pages."""
    folder = tmp_path / "My Notes"
    for name, text in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    age(folder)
    return folder


@pytest.fixture
def run(tiny_home: Path) -> Run:
    def invoke(*arguments: str | Path) -> Result:
        words = ["--home", str(tiny_home), "import", "logseq", *map(str, arguments)]
        result = CliRunner().invoke(cli, words)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return invoke


def age(folder: Path) -> None:
    """Makes all files old enough for their times to be trusted."""
    for file in folder.rglob("*"):
        os.utime(file, (1e9, 1e9))


def kept(home: Path, collection: str) -> Path:
    return home / "ontology" / "imports" / "logseq" / collection


def counts(result: Result) -> dict[str, int]:
    """The numbers of the last table."""
    heading, _, row = result.output.rstrip().split("\n")[-3:]
    return dict(zip(re.split(r"  +", heading.strip())[1:], map(int, row.split()[1:]), strict=True))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.md")}


# Good folders


def test_pages_are_kept_byte_for_byte_with_their_times(tiny_home: Path, run: Run, graph: Path) -> None:
    assert counts(run(graph)) == {"imported": 3}
    assert bytes_of(kept(tiny_home, "my-notes")) == bytes_of(graph)
    assert {file.stat().st_mtime for file in kept(tiny_home, "my-notes").rglob("*.md")} == {1e9}
    assert Registry.open(tiny_home).graph.value(iri("page", "my-notes/key%20queue"), iri("reg", "inCollection"))


def test_what_could_not_be_used_is_told_with_file_line_and_reason(run: Run, graph: Path) -> None:
    result = run(graph)
    page = graph / "pages" / "Key Queue.md"
    assert f"{page}:4: shape has no value; nothing was read from it" not in result.output  # no key of the table
    assert (
        f"{page}:6: status is 'approved' on line 3, and the text says 'draft'; the property counts" in result.output
    )
    assert re.search(r"contradiction +1\n", result.output)
    assert "identifiers of several pages: 1\n  AI-0401: Key Bank, Key Queue\n" in result.output
    assert "parents that no page of the collection is: 1\n  memory: 1, such as Key Queue\n" in result.output
    assert result.exit_code == 0


def test_strict_exits_with_one_for_any_problem_and_imports_all_the_same(
    tiny_home: Path, run: Run, graph: Path, tmp_path: Path
) -> None:
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "A.md").write_text(PLAIN)
    assert (run(clean, "--strict").exit_code, run(graph, "--strict").exit_code) == (0, 1)
    assert len(bytes_of(kept(tiny_home, "my-notes"))) == 3


def test_json_has_every_problem_where_the_text_has_twenty(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "flawed"
    folder.mkdir()
    (folder / "A.md").write_text("- term-id:: odd\n" * 25)
    text = run(folder)
    assert text.output.count("A.md:") == 20
    assert "... and 5 more, listed by --json\n" in text.output
    report = json.loads(run(folder, "--json").output)
    assert len(report["problems"]) == 25
    assert report["problems"][24] | {"reason": ""} == {
        "file": str(folder / "A.md"),
        "line": 25,
        "kind": "odd-term-id",
        "reason": "",
    }
    assert report["kinds"] == {"odd-term-id": 25}
    assert report["copied"][0]["unchanged"] == ["A.md"]


def test_a_page_alone_joins_the_collection_of_its_folder(tiny_home: Path, run: Run, graph: Path) -> None:
    assert counts(run(graph / "pages" / "Key Queue.md", graph / "pages" / "Key Bank.md")) == {"imported": 2}
    assert sorted(bytes_of(kept(tiny_home, "pages"))) == ["Key Bank.md", "Key Queue.md"]


def test_two_collections_keep_their_pages_apart(tiny_home: Path, run: Run, graph: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Key Queue.md").write_text(PLAIN)
    result = run(graph, other)
    assert re.search(r"my-notes +3\nother +1\n", result.output)
    opened = Registry.open(tiny_home).graph
    assert {"my-notes/key%20queue", "other/key%20queue"} < set(opened.names("page"))
    notation = iri("skos", "notation")
    assert opened.value(iri("page", "other/key%20queue"), notation) == "AI-0402"


def test_the_configuration_of_the_graph_is_kept_and_other_files_are_counted(
    tiny_home: Path, run: Run, graph: Path
) -> None:
    (graph / "logseq").mkdir()
    (graph / "logseq" / "config.edn").write_text("{:meta/version 1}")
    (graph / "assets").mkdir()
    (graph / "assets" / "moco.png").write_bytes(b"\x89PNG")
    assert counts(run(graph)) == {"imported": 3, "no pages": 1}
    assert (kept(tiny_home, "my-notes") / "logseq" / "config.edn").read_text() == "{:meta/version 1}"


@pytest.mark.parametrize(
    "ignored",
    [".git", "logseq/bak/pages", "logseq/.recycle", "logseq/version-files", "node_modules", "a/node_modules"],
)
def test_folders_that_logseq_ignores_are_ignored(run: Run, graph: Path, ignored: str) -> None:
    (graph / ignored).mkdir(parents=True)
    (graph / ignored / "Old.md").write_text(PLAIN)
    assert counts(run(graph)) == {"imported": 3}


def test_the_collection_is_described(tiny_home: Path, run: Run, graph: Path) -> None:
    run(graph)
    registry = Registry.open(tiny_home)
    assert registry.describe("import:logseq-my-notes").label == "logseq-my-notes"
    folder = registry.graph.value(iri("import", "logseq-my-notes"), iri("reg", "sourceFolder"))
    assert (folder, registry.check()) == (str(graph), [])


def test_text_of_pages_is_never_markup_or_a_path(tiny_home: Path, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "hostile"
    folder.mkdir()
    (folder / "A.md").write_text(
        'title:: ../../up> <x> "\n\n- term-id:: \x1b[31m" . <a> <b> <c>\n- is-subclass-of:: [[../../etc "> <y]]\n'
    )
    result = run(folder)
    assert "\x1b" not in result.output
    assert sorted(bytes_of(kept(tiny_home, "hostile"))) == ["A.md"]
    assert Registry.open(tiny_home).graph.names("page") == ["hostile/..%2F..%2Fup%3E%20%3Cx%3E%20%22"]


# Again


def test_a_second_import_counts_what_changed(tiny_home: Path, run: Run, graph: Path) -> None:
    run(graph)
    (graph / "pages" / "Key Bank.md").write_text(PLAIN)
    (graph / "pages" / "New.md").write_text(PLAIN)
    (graph / "journals" / "2026_01_01.md").unlink()
    result = run(graph)
    assert "gone, and kept without --prune: journals/2026_01_01.md" in result.output
    assert re.search(r"imported +replaced +unchanged +gone\n.*\nmy-notes +1 +1 +1 +1\n", result.output)
    assert len(bytes_of(kept(tiny_home, "my-notes"))) == 4
    result = run(graph, "--prune")
    assert "deleted: journals/2026_01_01.md" in result.output
    assert bytes_of(kept(tiny_home, "my-notes")) == bytes_of(graph)
    assert "my-notes/2026_01_01" not in Registry.open(tiny_home).graph.names("page")
    assert counts(run(graph)) == {"unchanged": 3}


def test_a_touched_page_is_unchanged_and_one_of_the_same_size_and_another_time_is_not(run: Run, graph: Path) -> None:
    run(graph)
    os.utime(graph / "pages" / "Key Bank.md", (2e9, 2e9))
    assert counts(run(graph)) == {"unchanged": 3}
    file = graph / "pages" / "Key Queue.md"
    file.write_bytes(file.read_bytes().replace(b"AI-0401", b"AI-0409"))
    assert counts(run(graph)) == {"replaced": 1, "unchanged": 2}


def test_an_edit_of_the_same_length_right_after_an_import_is_seen(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "young"
    folder.mkdir()
    for number in range(3):
        (folder / "A.md").write_text(f"- term-id:: AI-000{number}\n")
        os.utime(folder / "A.md", ns=(time.time_ns(),) * 2)
        young = (folder / "A.md").stat()
        run(folder)
        (folder / "A.md").write_text(f"- term-id:: AI-100{number}\n")
        os.utime(folder / "A.md", ns=(young.st_mtime_ns,) * 2)  # within one tick of the clock
        assert counts(run(folder)) == {"replaced": 1}


def test_a_collection_of_another_folder_is_not_mixed_silently(
    tiny_home: Path, run: Run, graph: Path, tmp_path: Path
) -> None:
    run(graph)
    other = tmp_path / "elsewhere" / "My Notes"
    other.mkdir(parents=True)
    (other / "A.md").write_text(PLAIN)
    result = run(other)
    assert result.exit_code == 1
    assert f"my-notes was imported from {graph}, not from {other}" in result.output
    assert "another name with --name, or --name my-notes if the folder has moved" in result.output
    assert len(bytes_of(kept(tiny_home, "my-notes"))) == 3
    moved = graph.rename(tmp_path / "moved")
    result = run(moved, "--name", "my-notes")
    assert re.search(r"my-notes +3\n", result.output)
    assert f"my-notes came from {graph} until now" in result.output
    assert counts(run(moved, "--name", "my-notes")) == {"unchanged": 3}


@pytest.mark.parametrize(
    ("question", "what"),
    [
        ("pages_with_one_id", "identifiers of several pages"),
        ("pages_with_two_ids", "pages with several identifiers"),
        ("undefined_parents", "parents that no page of the collection is"),
    ],
)
def test_an_import_tells_of_several_pages_what_the_questions_answer(
    tiny_home: Path, run: Run, tmp_path: Path, question: str, what: str
) -> None:
    folder = tmp_path / "flawed"
    corpus.write(folder, 60, 1_500)
    for number in range(4):
        page = folder / "pages" / f"{corpus.name_of(number)}.md"
        page.write_text(page.read_text() + "- term-id:: XX-0001\n")
    told = json.loads(run(folder, "--json").output)["across"][what]
    answers = {row[0] for row in Registry.open(tiny_home).ask(question).rows}
    assert len(told) == len(answers) > 0


# Bad input


def test_what_cannot_be_read_is_named_and_the_rest_is_imported(tiny_home: Path, run: Run, graph: Path) -> None:
    (graph / "pages" / "Latin.md").write_bytes(b"- one\n- caf\xe9\n")
    (graph / "pages" / "Pipe.md").symlink_to("/dev/null/x")
    os.mkfifo(graph / "pages" / "Fifo.md")
    Path(os.fsdecode(bytes(graph) + b"/pages/\xe9.md")).write_text(PLAIN)
    result = run(graph)
    assert result.exit_code == 1
    assert f"Error: {graph}/pages/Latin.md: is not UTF-8 text (line 2); save it as UTF-8" in result.output
    assert "pages/Fifo.md: is no file" in result.output
    assert "pages/Pipe.md: is a link that leads out of the folder" in result.output
    assert "its name is not UTF-8; give it another" in result.output
    assert bytes_of(kept(tiny_home, "my-notes")).keys() == PAGES.keys()
    assert "refused" in result.output


def test_a_page_that_became_unreadable_is_kept_as_it_was(tiny_home: Path, run: Run, graph: Path) -> None:
    run(graph)
    (graph / "pages" / "Key Bank.md").write_bytes(b"\xff")
    assert run(graph, "--prune").exit_code == 1
    assert bytes_of(kept(tiny_home, "my-notes"))["pages/Key Bank.md"] == PAGES["pages/Key Bank.md"].encode()


def test_links_are_followed_within_the_folder_only(tiny_home: Path, run: Run, graph: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "Secret.md").write_text("- unheard-of\n")
    (graph / "pages" / "Out.md").symlink_to(secret / "Secret.md")
    (graph / "out").symlink_to(secret)
    (graph / "loop").symlink_to(graph)
    (graph / "pages" / "In.md").symlink_to(graph / "journals" / "2026_01_01.md")
    result = run(graph)
    assert result.exit_code == 1
    assert bytes_of(kept(tiny_home, "my-notes")).keys() == {*PAGES, "pages/In.md"}
    assert not any(file.is_symlink() for file in kept(tiny_home, "my-notes").rglob("*"))
    assert "unheard-of" not in "".join(map(str, Registry.open(tiny_home).graph.store))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere: there is no such folder or page"),
        (["empty"], "holds no pages; they are Markdown files that end in .md"),
        (["notes.txt"], "is no page; pages are Markdown files that end in .md"),
        (["registry"], "the name registry is for pages of the registry itself; choose another with --name"),
        (["good", "--name", "registry"], "the name registry is for pages of the registry itself"),
        (["good", "--name", "Good Pages/../x"], "cannot be the name of a collection; take --name good-pages-..-x"),
        (["good", "--name", "..."], "gives no name for a collection; use --name"),
        (["good", "registry", "--name", "x"], "--name is for one folder at a time"),
        (["good", "more/Good"], "are both called good; use --name for one"),
        (["home"], "holds imported pages already; import the folder they came from"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(
    tiny_home: Path, run: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    for folder in ("good", "more/Good", "registry"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "A.md").write_text(PLAIN)
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("text")
    at = next((index for index, word in enumerate(arguments) if word.startswith("--")), len(arguments))
    result = run(*(tmp_path / word for word in arguments[:at]), *arguments[at:])
    assert (result.exit_code, said in result.output) == (1, True), result.output
    assert result.output.count("\n") == 1
    assert not (tiny_home / "ontology" / "imports").exists()


def test_a_folder_that_may_not_be_listed_is_named_and_nothing_of_it_is_pruned(
    tiny_home: Path, run: Run, graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(graph)
    scandir = os.scandir

    def refusing(folder: str) -> object:
        if str(folder) == str(graph / "pages"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    result = run(graph, "--prune")
    assert (result.exit_code, "pages: cannot be listed: Permission denied" in result.output) == (1, True)
    assert len(bytes_of(kept(tiny_home, "my-notes"))) == 3


def test_a_full_disk_is_one_sentence(tiny_home: Path, run: Run, graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(collections, "replace", full)
    result = run(graph)
    assert result.exit_code == 1
    assert "the pages cannot be written: [Errno 28] No space left on device" in result.output


@pytest.mark.parametrize("name", ["Größe", "对比学习", "a b/c", "X" * 300])
def test_a_name_of_any_letters_gives_a_safe_slug(name: str) -> None:
    slug = collections.slug_of(name)
    assert slug == collections.slug_of(slug)
    assert "/" not in slug
    assert 0 < len(slug) <= collections.LONGEST


# Killed


def test_an_import_that_is_killed_leaves_whole_pages_only_and_the_next_one_ends_it(
    tiny_home: Path, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    for number in range(3000):
        (folder / f"{number}.md").write_text(f"- page {number}\n" * 200)
    place = kept(tiny_home, "long")
    command = [sys.executable, "-m", "registry.cli", "--home", str(tiny_home), "import", "logseq", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None and len(os.listdir(place) if place.exists() else []) < 20:  # noqa: PTH208
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    copied = bytes_of(place)
    assert 0 < len(copied) < 3000
    assert copied.items() <= bytes_of(folder).items()
    left = place / ".1.part"
    left.write_text("half")
    os.utime(left)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collections, "FORGOTTEN", -1)
        report = collections.copy(find_home(tiny_home), [folder])[0]
    assert len(report.imported) + len(report.unchanged) == 3000
    assert bytes_of(place) == bytes_of(folder)
    assert not list(place.glob(".*"))


def test_the_registry_that_imported_knows_the_pages(tiny_home: Path, graph: Path) -> None:
    registry = Registry.open(tiny_home)
    assert registry.graph.names("page") == []
    report = registry.import_logseq([graph], name="notes")
    assert [copied.imported for copied in report.copied] == [sorted(PAGES)]
    assert len(registry.graph.names("page")) == 3
    with pytest.raises(RegistryError, match="no such folder"):
        registry.import_logseq([graph / "nowhere"])


SHARED = ROOT.parent / "shared"


@pytest.mark.skipif(not (SHARED / "pages").is_dir(), reason="the real pages are not here")
def test_real_pages_are_imported_whole(tiny_home: Path, run: Run) -> None:
    result = run(SHARED / "pages", SHARED / "seeds", "--json")
    report = json.loads(result.output)
    assert (result.exit_code, [copied["refused"] for copied in report["copied"]]) == (0, [{}, {}])
    for collection in ("pages", "seeds"):
        assert bytes_of(kept(tiny_home, collection)) == bytes_of(SHARED / collection)
    registry = Registry.open(tiny_home)
    assert registry.graph.value(iri("page", "seeds/momentum%20contrast"), iri("skos", "notation")) == "AI-0284"
    assert registry.check() == []


def test_pages_about_our_own_subjects_are_told_when_they_come_as_pages_of_others(graph: Path, run: Run) -> None:
    (graph / "Copy.md").write_text(f"iri:: {iri('method', 'alpha')}\n\n- text\n")
    assert "pages about subjects of this graph, which change nothing there" in run(graph).output
