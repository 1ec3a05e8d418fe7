"""Exported folders of pages: complete, repeatable, whole or untouched, and never losing what a person wrote."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry import Registry
from registry.cli import cli
from registry.errors import RegistryError, UnknownName
from registry.namespaces import iri
from registry.pages import folder as folders
from registry.pages.flavours import PROFILES
from registry.pages.folder import BASE, Draft, publish, read_base
from registry.pages.names import fold, page_name
from registry.pages.own_names import name_all
from registry.pages.own_reading import read_own
from registry.pages.reader import read
from registry.pages.references import pages
from registry.pages.sync import sync
from tests.conftest import FileRun
from tests.logseq_writer import saved
from tests.mldoc import needs_mldoc, views

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.test_pages_export"])

ODD_PAGES = {
    "pages/Two.md": b"- ### OntologyBlock\r\n    - term-id:: AI-0002\r\n\t- is-subclass-of:: [[Nowhere]]\r\n",
    "pages/A___B.md": b"title:: A/B\n\n```\nopen\n",
    "deep/er/x.md": "no newline at the end, é, \u2028".encode(),
    "logseq/config.edn": b"{:file/name-format :legacy}",
}
"""What an import would have copied; the words are ours."""

HOSTILE_TITLES = [
    *(
        "../../x",
        "A/B",
        "CON",
        "a:b?",
        "long " * 60,
        "🙂 emoji",
        "<script>",
        "...",
        "nul.txt",
        "a|b",
        "[[x]]",
        "é",
        "E\u0301",
    ),
    *("/etc/passwd", "x.md", "%2e%2e", "C:\\x", "#tag", "name\nof two lines", "_", "a___b", "{{x}}", "2025-11-18"),
]


@pytest.fixture
def with_pages(tiny_home: Path) -> Registry:
    """The tiny ontology with an imported collection."""
    for name, content in ODD_PAGES.items():
        file = tiny_home / "ontology" / "imports" / "logseq" / "odd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (1, 10**9))
    return Registry.open(tiny_home)


def call(registry: Registry, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(registry.home.results.parents[1]), "export", "logseq", *arguments])


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_holds_our_pages_and_the_imported_ones_as_they_came(with_pages: Registry, tmp_path: Path) -> None:
    target = tmp_path / "out"
    answer = call(with_pages, str(target)).output
    assert re.fullmatch(rf"wrote {target}: \d+ pages of our own; 3 imported pages of odd\n", answer)
    found = content(target)
    assert {name: found[f"imported/odd/{name}"] for name in ODD_PAGES} == ODD_PAGES
    assert (target / "imported/odd/pages/Two.md").stat().st_mtime == 10**9
    assert b':file/name-format :triple-lowbar\n :hidden ["/imported"]' in found["logseq/config.edn"]
    own = {name for name in found if name.startswith("pages/")}
    assert {"pages/Contrast.md", "pages/Alpha.md", "pages/Notes.md", "pages/Toy, kNN.md"} <= own
    assert found["pages/is-subclass-of.md"].decode().split("\n")[:2] == [
        "type:: [[Property]]",
        "url:: http://www.w3.org/2000/01/rdf-schema#subClassOf",
    ]
    assert "- definition:: A term that names a part" in found["pages/Component.md"].decode()


def test_every_key_and_every_link_of_our_pages_has_its_page(registry: Registry, tmp_path: Path) -> None:
    registry.export_pages(tmp_path / "out", "registry")
    texts = {page_name(file.name): read(file.read_text()) for file in (tmp_path / "out" / "pages").iterdir()}
    known = {fold(name) for name in texts}
    known |= {fold(label) for page in texts.values() for label in _property(page, "alias").split(", ")}
    for name, page in texts.items():
        stated = [*page.properties, *(each for block in page.blocks for each in block.properties)]
        assert {each.key for each in stated} - known <= {"alias", "title"}, name
        shown = [*(each.value for each in stated), *(line for line in page.lines if line.lstrip().startswith("|"))]
        assert {fold(link) for text in shown for link in pages(text)} <= known, name


def _property(page: object, key: str) -> str:
    return next((each.value for each in page.properties if each.key == key), "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_exported_page_is_as_logseq_would_save_it(
    registry: Registry, with_pages: Registry, profile: str, tmp_path: Path
) -> None:
    for number, each in enumerate((registry, with_pages)):
        each.export_pages(tmp_path / str(number), "registry", profile=profile)
        for file in (tmp_path / str(number) / "pages").iterdir():
            text = file.read_bytes().decode()
            assert saved(text) == text, file.name


@needs_mldoc
@pytest.mark.parametrize("profile", PROFILES)
def test_logseqs_parser_sees_every_fact_and_every_link(registry: Registry, profile: str, tmp_path: Path) -> None:
    registry.export_pages(tmp_path / "out", "registry", profile=profile)
    files = sorted((tmp_path / "out" / "pages").iterdir())
    names = name_all(registry.graph)
    seen = {}
    for file, view in zip(files, views(files), strict=True):
        assert view is not None and view["uuids"] == [] and all(names.resolve(name) for name in view["pages"]), (
            file.name
        )
        stated = [*view["properties"], *(each for block in view["blocks"] for each in block["properties"])]
        page = read(file.read_text())
        ours = [*page.properties, *(each for block in page.blocks for each in block.properties)]
        assert stated == [[each.key, each.value] for each in ours], file.name
        seen[file.stem] = [f"{key}={value}" for key, value in stated]
    assert {"term-id=AI-0284", "is-subclass-of=[[TrainingMethod]]"} <= set(seen["Momentum Contrast"])
    assert {"term-id=AI-0283", "authority-score=0.93"} <= set(seen["Contrastive Learning"])


@pytest.mark.parametrize("flavour", ["logseq", "obsidian"])
def test_the_same_graph_gives_the_same_bytes(
    with_pages: Registry, file_run: FileRun, flavour: str, tmp_path: Path
) -> None:
    file_run(500)
    registry = Registry.open(with_pages.home.results.parents[1])
    for name in ("one", "two"):
        registry.export_pages(tmp_path / name, flavour=flavour)
    first = content(tmp_path / "one")
    assert first == content(tmp_path / "two")
    registry.export_pages(tmp_path / "one", flavour=flavour)
    assert content(tmp_path / "one") == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "one", "two"]


def test_hostile_titles_stay_inside_and_come_back(tiny: Registry, add: Callable[[str], None], tmp_path: Path) -> None:
    for number, title in enumerate(HOSTILE_TITLES):
        label = json.dumps(title, ensure_ascii=False)
        add(
            f"term:t{number} a skos:Concept ; skos:prefLabel {label}@en ; "
            'skos:definition "Odd."@en ; skos:broader term:craft .'
        )
    registry = Registry.open(tiny.home.results.parents[1])
    registry.export_pages(tmp_path / "out" / "graph")
    assert {path.relative_to(tmp_path / "out").parts[0] for path in (tmp_path / "out").rglob("*")} == {"graph"}
    names = name_all(registry.graph)
    labels, files = {}, list((tmp_path / "out" / "graph" / "pages").iterdir())
    for file in files:
        text = file.read_bytes().decode()
        reading = read_own(text, names.resolve, names.key)
        for subject, predicate, value in reading.facts:
            if predicate == iri("skos", "prefLabel"):
                labels[subject] = value.value  # type: ignore[union-attr]
                called = _property(read(text), "title") or page_name(file.name)
                assert names.resolve(called) == subject, file.name
    assert [labels[iri("term", f"t{number}")] for number in range(len(HOSTILE_TITLES))] == HOSTILE_TITLES
    assert len({file.name.casefold() for file in files}) == len(files)
    assert all(len(os.fsencode(file.name)) <= 255 for file in files)


def test_one_name_makes_a_graph_of_its_own(with_pages: Registry, tmp_path: Path) -> None:
    assert call(with_pages, "--output", str(tmp_path / "odd"), "odd").exit_code == 0
    found = content(tmp_path / "odd")
    assert {name: found.pop(name) for name in ODD_PAGES} == ODD_PAGES
    assert list(found) == [".registry/base.zip"]
    call(with_pages, str(tmp_path / "own"), "registry")
    assert not (tmp_path / "own" / "imported").exists()
    assert b"hidden" not in (tmp_path / "own" / "logseq" / "config.edn").read_bytes()
    with pytest.raises(UnknownName, match="no page collection 'od'; did you mean 'odd'"):
        with_pages.export_pages(tmp_path / "none", "od")


def test_the_base_of_a_merge_is_what_was_written(with_pages: Registry, tmp_path: Path) -> None:
    with_pages.export_pages(tmp_path / "out")
    base = read_base(tmp_path / "out")
    assert base is not None and (base.profile, base.flavour, base.edited()) == ("ontologyblock", "logseq", [])
    found = content(tmp_path / "out")
    del found[".registry/base.zip"]
    with zipfile.ZipFile(base.folder / BASE) as stored:
        assert {file: stored.read(file) for file in base.entries} == found
    entry = base.entries["pages/Contrast.md"]
    assert (entry.of, entry.subject) == ("registry", iri("term", "contrast"))
    assert base.entries["imported/odd/pages/Two.md"].of == "odd"


def test_what_a_person_wrote_is_neither_lost_nor_overwritten(with_pages: Registry, tmp_path: Path) -> None:
    target = tmp_path / "out"
    with_pages.export_pages(target)
    for name in ("journals/2026_01_01.md", "pages/My own page.md", ".git/refs/x"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text("mine")
    (target / ".git" / "empty").mkdir()
    (target / "logseq" / "config.edn").write_text("{:mine true}")
    (target / "pages" / "Craft.md").unlink()
    assert call(with_pages, str(target)).exit_code == 0
    assert [(target / name).read_text() for name in ("journals/2026_01_01.md", "pages/My own page.md")] == [
        "mine"
    ] * 2
    assert (target / "logseq" / "config.edn").read_text() == "{:mine true}"
    assert (target / ".git" / "empty").is_dir() and (target / "pages" / "Craft.md").exists()
    edited = target / "pages" / "Contrast.md"
    edited.write_text(edited.read_text() + "\n- mine")
    refused = call(with_pages, str(target))
    assert (refused.exit_code, edited.read_text().endswith("mine")) == (1, True)
    assert f"pages/Contrast.md in {target} changed since the export; bring that home first with: " in refused.output
    assert f"registry import logseq {target}" in refused.output
    assert call(with_pages, str(target), "--overwrite").exit_code == 0
    assert not edited.read_text().endswith("mine") and (target / "journals" / "2026_01_01.md").exists()


def test_a_page_that_a_person_added_is_in_every_later_export(tiny: Registry, tmp_path: Path) -> None:
    tiny.export_pages(tmp_path / "out")
    (tmp_path / "out" / "pages" / "Mine.md").write_text("- mine")
    sync(tiny, tmp_path / "out")
    assert call(tiny, str(tmp_path / "new")).exit_code == 0
    assert (tmp_path / "new" / "pages" / "Mine.md").read_text() == "- mine"
    (tmp_path / "new" / "pages" / "Mine.md").write_text("- mine, later")
    assert call(tiny, str(tmp_path / "new")).exit_code == 1  # nobody brought it home
    sync(tiny, tmp_path / "new")
    assert call(tiny, str(tmp_path / "new")).exit_code == 0
    assert (tmp_path / "new" / "pages" / "Mine.md").read_text() == "- mine, later"
    assert call(tiny, str(tmp_path / "vault"), "--flavour", "obsidian").exit_code == 0
    assert (tmp_path / "vault" / "added" / "pages" / "Mine.md").read_text() == "- mine, later"


def test_no_other_folder_is_touched(tiny: Registry, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    assert "holds other files than an export of ours" in call(tiny, str(other)).output
    assert "is a file; name a folder" in call(tiny, str(other / "thesis.txt")).output
    (other / ".registry").mkdir()
    (other / ".registry" / "base.zip").write_text("no zip")
    assert "nobody knows what was edited" in call(tiny, str(other), "--overwrite").output
    assert sorted(content(other)) == [".registry/base.zip", "thesis.txt"]
    (tmp_path / "empty").mkdir()
    assert call(tiny, str(tmp_path / "empty")).exit_code == 0
    assert call(tiny).exit_code == 2
    inside = call(tiny, str(tiny.home.imports / "logseq" / "new"))
    assert inside.exit_code == 1 and "lies among the files of the graph" in inside.output


def test_a_failed_export_leaves_the_old_folder(
    tiny: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.export_pages(tmp_path / "out")
    before = content(tmp_path / "out")

    def full_disk(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(folders, "_sync", full_disk)
    with pytest.raises(RegistryError, match="No space left on device; it is as it was"):
        tiny.export_pages(tmp_path / "out", profile="page-properties")
    assert content(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


# Killed at every step

STEPS: list[tuple[object, str]] = [
    *((folders, name) for name in ("_recover", "_carry_over", "_link", "_sync", "_put", "_exchange")),
    *((os, name) for name in ("open", "mkdir", "rename", "unlink", "rmdir")),
    (zipfile.ZipFile, "writestr"),
]


def write_pages(folder: Path, version: str) -> None:
    def write(draft: Draft) -> None:
        for name in ("pages/a.md", "pages/b.md"):
            draft.add(name, f"{name} {version}".encode(), of="registry", subject="urn:x")

    publish(folder, "ontologyblock", "logseq", write)


def write_and_die(folder: Path, last: int, exchanges: bool) -> None:
    """Writes the new version and is killed after so many steps."""
    taken = 0

    def counted(step: Callable[..., object]) -> Callable[..., object]:
        def count(*arguments: object, **keywords: object) -> object:
            nonlocal taken
            answer = step(*arguments, **keywords)
            taken += 1
            if taken == last:
                os.kill(os.getpid(), signal.SIGKILL)
            return answer

        return count

    if not exchanges:
        folders._exchange = lambda one, other: False  # type: ignore[assignment]
    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name)))
    write_pages(folder, "new")


@pytest.mark.parametrize("exchanges", [True, False], ids=["exchange", "rename twice"])
def test_an_export_killed_at_any_step_leaves_the_old_folder_or_the_new_one(tmp_path: Path, exchanges: bool) -> None:
    seen = set()
    for last in range(1, 200):
        home = tmp_path / str(last)
        target = home / "out"
        write_pages(target, "old")
        (target / "mine.md").write_text("mine")
        child = PROCESSES.Process(target=write_and_die, args=(target, last, exchanges))
        child.start()
        child.join()
        if not exchanges and not target.exists():
            folders._recover(target)
        found = content(target)
        versions = {found[f"pages/{name}.md"].decode().split(" ")[1] for name in "ab"}
        base = read_base(target)
        assert len(versions) == 1 and base is not None and base.edited() == [] and found["mine.md"] == b"mine"
        seen |= versions
        write_pages(target, "next")
        assert [path.name for path in home.iterdir()] == ["out"]
        assert (target / "mine.md").read_text() == "mine"
        shutil.rmtree(home)
        if child.exitcode == 0:
            break
    assert seen == {"old", "new"} and child.exitcode == 0 and last > 20
