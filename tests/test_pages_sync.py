"""A folder that people edited comes home: what they changed is taken over, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from registry import Registry
from registry.errors import RegistryError
from registry.home import Home, find_home
from registry.namespaces import iri
from registry.pages.collections import copy
from registry.pages.export import export_pages
from registry.pages.folder import is_export
from registry.pages.layout import as_saved
from registry.pages.outcomes import Synced
from registry.pages.sync import sync

ROOT = Path(__file__).resolve().parents[1]
QUEUE = (
    "- ### OntologyBlock\n  id:: queue\n\n  - term-id:: AI-9001\n  - status:: draft\n\n## Queue\n\nText of a queue.\n"
    "\n- is-subclass-of:: [[Memory]]\n- last\n"
)


class Folder:
    """A registry with its exported folder."""

    def __init__(self, home: Path) -> None:
        self.home, self.path = home, home.parent / "graph"
        self.export()

    def export(self) -> None:
        registry = Registry.open(self.home)
        export_pages(registry, self.path)

    def sync(self, *, prune: bool = False) -> Synced:
        return sync(Registry.open(self.home), self.path, prune=prune)

    def page(self, name: str = "Alpha") -> Path:
        return self.path / "pages" / f"{name}.md"

    def edit(self, old: str, new: str, name: str = "Alpha") -> None:
        text = self.page(name).read_text()
        assert text.count(old) == 1
        self.page(name).write_text(text.replace(old, new))

    def facts(self, name: str = "alpha") -> set[tuple[str, str]]:
        found = Registry.open(self.home).graph.properties(iri("method", name))
        return {(predicate, str(value)) for predicate, values in found.items() for value in values}

    def turtle(self, name: str = "alpha") -> Path:
        return self.home / "ontology" / "methods" / f"{name}.ttl"

    @property
    def queue(self) -> Path:
        return self.home / "ontology" / "imports" / "logseq" / "notes" / "Queue.md"


@pytest.fixture
def folder(tiny_home: Path) -> Folder:
    """The tiny ontology and an imported collection of one page, exported."""
    shutil.copy(ROOT / "ontology" / "page_keys.ttl", tiny_home / "ontology")
    notes = tiny_home.parent / "notes"
    notes.mkdir()
    (notes / "Queue.md").write_text(QUEUE)
    copy(find_home(tiny_home), [notes])
    return Folder(tiny_home)


def texts(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_a_folder_that_nobody_edited_changes_nothing(folder: Folder) -> None:
    before = texts(folder.home)
    done = folder.sync()
    assert (done.pages, texts(folder.home)) == ([], before)
    assert is_export(folder.path)
    assert not is_export(folder.home)


def test_a_changed_value_changes_its_line_of_the_ontology_and_no_other(folder: Folder) -> None:
    before = folder.turtle().read_text()
    folder.edit("definition:: The first.", "definition:: The very first.")
    (page,) = folder.sync().pages
    assert folder.turtle().read_text() == before.replace('"The first."', '"The very first."')
    (change,) = page.changed
    assert (change.key, change.old, change.new) == ("definition", ("The first.",), ("The very first.",))
    assert change.file == "methods/alpha.ttl"
    assert change.line == 6


@pytest.mark.parametrize(
    ("old", "new", "gone", "come"),
    [
        pytest.param(
            "uses-component:: [[InfoNCE loss]]",
            "uses-component:: [[InfoNCE loss]], [[contrast]]",
            [],
            [("reg", "usesComponent", "term", "contrast")],
            id="a link by its name in other letters",
        ),
        pytest.param(
            "\t\t- introduced-in:: [[Notes]]\n",
            "\t\t- introduced-in:: [[Notes]]\n\t\t- related-to:: [[Beta]]\n",
            [],
            [("skos", "related", "method", "beta")],
            id="a new property",
        ),
        pytest.param(
            "\t\t- uses-component:: [[InfoNCE loss]]\n",
            "",
            [("reg", "usesComponent", "term", "infonce")],
            [],
            id="a property that went",
        ),
    ],
)
def test_exactly_the_changed_facts_change(
    folder: Folder, old: str, new: str, gone: list[tuple[str, ...]], come: list[tuple[str, ...]]
) -> None:
    before = folder.facts()
    folder.edit(old, new)
    assert folder.sync().is_clean
    after = folder.facts()
    for found, expected in ((before - after, gone), (after - before, come)):
        assert found == {(iri(*each[:2]), f"<{iri(*each[2:])}>") for each in expected}
    assert not Registry.open(folder.home).check()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("is-subclass-of:: [[Contrast]]", "isSubclassOf:: [[Contrast]]"),
        ("definition:: The first.", "Definition:: The first."),
        ("type:: ", "\ufefftype:: "),
    ],
)
def test_another_spelling_of_a_key_or_a_byte_order_mark_is_no_change(folder: Folder, old: str, new: str) -> None:
    page = folder.page().read_text()
    before = folder.turtle().read_bytes()
    folder.edit(old, new)
    done = folder.sync()
    assert (done.is_clean, folder.turtle().read_bytes()) == (True, before)
    folder.export()
    assert folder.page().read_text() == page


def test_importing_twice_changes_nothing_more_and_an_undone_edit_is_undone(folder: Folder) -> None:
    start, page = folder.turtle().read_bytes(), folder.page().read_text()
    folder.edit("The first.", "The very first.")
    folder.sync()
    once = texts(folder.home)
    assert folder.sync().pages == []
    assert texts(folder.home) == once
    folder.page().write_text(page)
    folder.sync()
    assert folder.turtle().read_bytes() == start


def test_what_the_graph_changed_since_stays(folder: Folder) -> None:
    turtle = folder.turtle().read_text().replace("reg:usesComponent term:infonce", "reg:usesComponent term:contrast")
    folder.turtle().write_text(turtle)
    folder.edit("The first.", "The very first.")
    assert folder.sync().is_clean
    assert folder.turtle().read_text() == turtle.replace("The first.", "The very first.")


def test_a_conflict_keeps_ours_and_puts_theirs_on_record(folder: Folder) -> None:
    folder.turtle().write_text(folder.turtle().read_text().replace('"Alpha"', '"Alpha ours"'))
    folder.edit("preferred-term:: Alpha", "preferred-term:: Alpha theirs")
    done = folder.sync()
    (clash,) = done.pages[0].conflicts
    assert (clash.key, clash.base, clash.ours, clash.theirs) == (
        "preferred-term",
        "Alpha",
        "Alpha ours",
        "Alpha theirs",
    )
    assert not done.is_clean
    assert '"Alpha ours"@en' in folder.turtle().read_text()
    (row,) = Registry.open(folder.home).ask("page_conflicts").rows
    assert row[1:] == ("pages/Alpha.md", 5, "preferred-term", "Alpha", "Alpha ours", "Alpha theirs")


def test_page_conflicts(folder: Folder) -> None:
    folder.turtle().write_text(folder.turtle().read_text().replace("The first.", "Ours."))
    folder.edit("The first.", "Theirs.")
    folder.sync()
    registry = Registry.open(folder.home)
    assert [row[-3:] for row in registry.ask("page_conflicts").rows] == [("The first.", "Ours.", "Theirs.")]
    assert not registry.check()
    folder.edit("Theirs.", "Ours.")
    folder.sync()
    assert not Registry.open(folder.home).ask("page_conflicts").rows


def test_a_renamed_page_is_still_about_its_subject(folder: Folder) -> None:
    folder.edit("The first.", "The very first.")
    folder.page().rename(folder.page("Aleph"))
    folder.edit(
        "is-subclass-of:: [[Contrast]]", "is-subclass-of:: [[Contrast]]\n\t\t- related-to:: [[Aleph]]", "Beta"
    )
    done = folder.sync()
    assert '"The very first."' in folder.turtle().read_text()
    assert (iri("skos", "related"), f"<{iri('method', 'alpha')}>") in folder.facts("beta")
    assert ["called 'Aleph' now" in each.reason for page in done.pages for each in page.unused] == [True]
    folder.export()
    assert [folder.page(name).exists() for name in ("Alpha", "Aleph")] == [True, False]


def test_a_page_that_was_only_renamed_is_told_and_gets_its_name_back(folder: Folder) -> None:
    folder.page().rename(folder.page("Aleph"))
    (page,) = folder.sync().pages
    assert "called 'Aleph' now" in page.unused[0].reason
    assert folder.sync().pages == []
    folder.export()
    assert [folder.page(name).exists() for name in ("Alpha", "Aleph")] == [True, False]


def test_a_title_that_a_person_gives_is_told(folder: Folder) -> None:
    folder.edit("iri:: ", "title:: Aleph\niri:: ")
    assert ["called 'Aleph' now" in each.reason for page in folder.sync().pages for each in page.unused] == [True]


def test_a_new_page_joins_the_pages_of_the_registry_and_founds_no_subject(folder: Folder) -> None:
    folder.page("Plain").write_text("- a thought\n")
    folder.page("Delta").write_text("iri:: https://w3id.org/contrastive-registry/method/delta\n")
    done = folder.sync()
    assert [(page.file, len(page.unused)) for page in done.pages] == [("pages/Delta.md", 1), ("pages/Plain.md", 0)]
    assert not Registry.open(folder.home).check()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[[Contrast]]", "[[Nowhere]]", "'Nowhere'"),
        ("\t- preferred-term:: Alpha\n", "", "needs one skos:prefLabel"),
        ("[[InfoNCE loss]]", "[[Method]]", "a kind of things"),
        ("reference_impl.moco:MoCo", "not a pointer", "must read package.module:Name"),
        ("type:: [[Method]], [[Term]]\n", "", "nobody would know what"),
    ],
)
def test_what_the_graph_cannot_hold_is_told_and_not_written(folder: Folder, old: str, new: str, reason: str) -> None:
    before = folder.turtle().read_bytes()
    folder.edit(old, new)
    done = folder.sync()
    assert folder.turtle().read_bytes() == before
    assert reason in " ".join(each.reason for each in done.pages[0].unused)
    assert not done.is_clean


@pytest.mark.parametrize("new", ["", "iri:: https://w3id.org/contrastive-registry/method/beta"])
def test_a_page_that_lost_its_iri_deletes_nothing(folder: Folder, new: str) -> None:
    before, facts = texts(folder.home), folder.facts("beta")
    folder.edit("iri:: https://w3id.org/contrastive-registry/method/alpha", new)
    folder.edit("The first.", "The very first.")
    (page,) = folder.sync().pages
    assert (page.outcome, texts(folder.home)) == ("refused", before)
    assert "in a line of its own, iri:: https" in page.unused[0].reason
    assert folder.facts("beta") == facts
    with pytest.raises(RegistryError, match="bring that home first"):
        folder.export()


def test_known_links_beside_an_unknown_one_are_taken(folder: Folder) -> None:
    before = folder.facts()
    folder.edit("[[InfoNCE loss]]", "[[InfoNCE loss]], [[Nowhere]], [[Contrast]]")
    folder.sync()
    assert folder.facts() - before == {(iri("reg", "usesComponent"), f"<{iri('term', 'contrast')}>")}
    assert before <= folder.facts()


def test_an_edited_table_is_told_and_comes_back(folder: Folder) -> None:
    page = folder.page().read_text()
    folder.edit("| alpha-toy |", "| alpha-mine |")
    done = folder.sync()
    assert "computed" in done.pages[0].unused[0].reason
    assert done.pages[0].unused[0].line is not None
    folder.export()
    assert folder.page().read_text() == page


def test_words_beside_facts_are_kept_in_later_exports_and_can_be_asked_for(folder: Folder) -> None:
    note = "- ## My notes\n\t- mood:: hopeful\n\t- see [[Queue]]"
    folder.page().write_text(f"{folder.page().read_text()}\n{note}")
    done = folder.sync()
    assert done.is_clean
    assert len(done.pages[0].kept) == 3
    assert done.pages[0].changed == []
    folder.turtle().write_text(folder.turtle().read_text().replace("The first.", "The other."))
    folder.export()
    text = folder.page().read_text()
    assert text.endswith(note)
    assert "definition:: The other." in text
    assert folder.sync().pages == []
    moods = Registry.open(folder.home).graph.select('SELECT ?value { ?s reg:key "mood" ; reg:writtenValue ?value }')
    assert [row["value"] for row in moods] == ["hopeful"]


def test_what_was_kept_and_then_deleted_is_gone(folder: Folder) -> None:
    folder.page().write_text(folder.page().read_text() + "\n- a note\n- another")
    folder.sync()
    folder.export()
    folder.edit("\n- a note", "")
    folder.sync()
    folder.export()
    assert folder.page().read_text().endswith("\n- another")
    assert "a note" not in folder.page().read_text()


@pytest.mark.parametrize("lay_out", [lambda text: text, lambda text: text.replace("\t", "  "), as_saved])
def test_a_new_layout_of_a_page_is_no_change(folder: Folder, lay_out: Callable[[str], str]) -> None:
    before = folder.turtle().read_text()
    for page in sorted((folder.path / "pages").glob("*.md")):
        page.write_text(lay_out(page.read_text()))
    folder.edit("The first.", "The very first.")
    done = folder.sync()
    assert folder.turtle().read_text() == before.replace("The first.", "The very first.")
    assert [
        (page.file, len(page.changed), page.kept, page.unused) for page in done.pages if page.changed or page.kept
    ] == [("pages/Alpha.md", 1, [], [])]


# Pages of collections


def queue_page(folder: Folder) -> Path:
    return folder.path / "imported" / "notes" / "Queue.md"


def test_a_page_of_a_collection_takes_over_what_was_edited(folder: Folder) -> None:
    queue_page(folder).write_text(QUEUE.replace("draft", "approved").replace("Text", "New text"))
    (page,) = folder.sync().pages
    assert folder.queue.read_text() == QUEUE.replace("draft", "approved").replace("Text", "New text")
    assert [(each.key, each.old, each.new, each.line) for each in page.changed] == [
        ("status", ("draft",), ("approved",), 5)
    ]
    assert folder.sync().pages == []


def test_both_sides_of_a_page_of_a_collection_merge(folder: Folder) -> None:
    folder.queue.write_text(QUEUE.replace("[[Memory]]", "[[Memory]], [[Store]]").replace("AI-9001", "AI-9002"))
    queue_page(folder).write_text(QUEUE.replace("[[Memory]]", "[[Buffer]]").replace("AI-9001", "AI-9003"))
    (page,) = folder.sync().pages
    assert folder.queue.read_text() == QUEUE.replace("[[Memory]]", "[[Store]], [[Buffer]]").replace(
        "AI-9001", "AI-9002"
    )
    (clash,) = page.conflicts
    assert (clash.key, clash.line, clash.theirs) == ("term-id", 4, "  - term-id:: AI-9003")
    rows = Registry.open(folder.home).ask("page_conflicts").rows
    assert [row[1] for row in rows] == ["Queue.md"]


def test_a_page_that_logseq_laid_out_anew_merges_with_ours(folder: Folder) -> None:
    folder.queue.write_text(QUEUE.replace("AI-9001", "AI-9002"))
    queue_page(folder).write_text(as_saved(QUEUE).replace("draft", "approved"))
    assert folder.sync().is_clean
    assert folder.queue.read_text() == as_saved(QUEUE).replace("draft", "approved").replace("AI-9001", "AI-9002")


def test_a_conflict_stays_on_record_until_both_sides_agree(folder: Folder) -> None:
    theirs = folder.path / "imported" / "notes" / "Queue.md"
    record = folder.queue.parent / "conflicts"
    folder.queue.write_text(QUEUE.replace("draft", "ours"))
    theirs.write_text(QUEUE.replace("draft", "theirs"))
    folder.sync()
    theirs.write_text(theirs.read_text().replace("- last", "- very last"))
    folder.sync()
    assert len(list(record.iterdir())) == 1
    theirs.write_text(theirs.read_text().replace("theirs", "ours"))
    folder.sync()
    assert list(record.iterdir()) == []


def test_new_pages_join_their_collection_and_gone_ones_go_only_when_asked(folder: Folder) -> None:
    queue_page(folder).with_name("New.md").write_text("status:: draft\n")
    (folder.path / "pages" / "Mine.md").write_text("- my page\n")
    queue_page(folder).unlink()
    outcomes = {page.file: page.outcome for page in folder.sync().pages}
    assert outcomes == {
        "imported/notes/Queue.md": "missing",
        "imported/notes/New.md": "added",
        "pages/Mine.md": "added",
    }
    assert folder.queue.with_name("New.md").read_text() == "status:: draft\n"
    assert folder.queue.exists()
    folder.sync(prune=True)
    assert not folder.queue.exists()


def test_a_page_that_is_not_text_is_refused_and_the_others_come_home(folder: Folder) -> None:
    queue_page(folder).write_bytes(b"a\n\xff")
    folder.edit("The first.", "The very first.")
    done = folder.sync()
    assert {page.outcome for page in done.pages} == {"refused", "changed"}
    assert folder.queue.read_text() == QUEUE


def test_a_link_that_leads_out_of_the_folder_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("status:: secret\n")
    queue_page(folder).unlink()
    queue_page(folder).symlink_to(secret)
    queue_page(folder).with_name("Other.md").symlink_to(secret)
    done = folder.sync()
    assert [(page.file, page.outcome) for page in done.pages] == [
        ("imported/notes/Queue.md", "refused"),
        ("imported/notes/Other.md", "refused"),
    ]
    assert not any(b"secret" in content for content in texts(folder.home).values())


def test_what_is_no_page_is_named_and_not_waited_for(folder: Folder) -> None:
    folder.page().unlink()
    os.mkfifo(folder.page())
    folder.page("Loop").symlink_to("Loop.md")
    odd = os.fsdecode(b"odd\xff")
    folder.page(odd).write_text("- text\n")
    done = folder.sync()
    assert [(page.outcome, page.unused[0].reason.split(";")[0]) for page in done.pages] == [
        ("refused", "is no file"),
        ("refused", "is a link that leads out of the folder"),
        ("refused", "its name is not UTF-8"),
    ]
    with pytest.raises(RegistryError, match="changed since the export"):
        folder.export()


def test_a_base_that_names_no_subject_is_refused(folder: Folder) -> None:
    base = folder.path / ".registry" / "base.zip"
    with zipfile.ZipFile(base) as found:
        texts_of = {name: found.read(name) for name in found.namelist()}
    manifest = json.loads(texts_of["manifest.json"])
    manifest["files"]["pages/Alpha.md"]["subject"] = 5
    with zipfile.ZipFile(base, "w") as made:
        for name, content in (texts_of | {"manifest.json": json.dumps(manifest).encode()}).items():
            made.writestr(name, content)
    with pytest.raises(RegistryError, match=r"base\.zip cannot be read"):
        folder.sync()


def test_a_shipped_ontology_is_never_edited(folder: Folder, tmp_path: Path) -> None:
    user = tmp_path / "user"
    user.mkdir()
    home = Home(layers=(folder.home / "ontology", user), results=user / "results", work=user / ".registry")
    before = texts(folder.home / "ontology")
    folder.edit("The first.", "The very first.")
    sync(Registry(home), folder.path)
    assert texts(folder.home / "ontology") == before
    assert "The very first." in (user / "methods" / "alpha.ttl").read_text()
    assert [
        str(value) for value in Registry(home).graph.properties(iri("method", "alpha"))[iri("skos", "definition")]
    ] == [str(ox.Literal("The very first.", language="en"))]


def test_a_folder_for_obsidian_and_one_of_others_are_refused(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no export of ours"):
        sync(Registry.open(folder.home), tmp_path)
    export_pages(Registry.open(folder.home), tmp_path / "vault", flavour="obsidian")
    with pytest.raises(RegistryError, match="exported for obsidian"):
        sync(Registry.open(folder.home), tmp_path / "vault")


def test_a_page_laid_out_as_saved_has_tabs_bullets_and_no_blank_lines() -> None:
    assert as_saved(QUEUE) == (
        "- ### OntologyBlock\n  id:: queue\n\t- term-id:: AI-9001\n\t- status:: draft\n- ## Queue\n  \n"
        "  Text of a queue.\n- is-subclass-of:: [[Memory]]\n- last"
    )
    assert as_saved(as_saved(QUEUE)) == as_saved(QUEUE)


def test_a_conflict_stays_on_record_beside_a_later_one_of_another_key(folder: Folder) -> None:
    folder.turtle().write_text(folder.turtle().read_text().replace("The first.", "Ours."))
    folder.edit("The first.", "Theirs.")
    folder.sync()
    folder.turtle().write_text(folder.turtle().read_text().replace('"Alpha"', '"Alpha ours"'))
    folder.edit("preferred-term:: Alpha", "preferred-term:: Alpha theirs")
    folder.sync()
    rows = Registry.open(folder.home).ask("page_conflicts").rows
    assert sorted(row[3] for row in rows) == ["definition", "preferred-term"]


def test_an_export_is_refused_where_a_subject_takes_the_name_of_an_added_page(folder: Folder) -> None:
    folder.page("Plain").write_text("- a thought\n")
    folder.sync()
    folder.turtle().write_text(folder.turtle().read_text().replace('"Alpha"', '"Plain"'))
    with pytest.raises(RegistryError, match="added by a person"):
        folder.export()
