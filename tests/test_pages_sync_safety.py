"""A folder that comes home deletes nothing by accident, takes back nobody's edits and writes nowhere else."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from registry import Registry
from registry.errors import RegistryError
from registry.pages.outcomes import Synced
from registry.pages.sync import sync
from tests.test_pages_sync import QUEUE, Folder, folder

__all__ = ["folder"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("iri:: https://w3id.org/contrastive-registry/method/alpha\n", "", id="its iri is gone"),
        pytest.param("type:: [[Method]]", "# Alpha\ntype:: [[Method]]", id="its head became a block"),
        pytest.param(None, "", id="it is empty"),
    ],
)
def test_a_page_that_no_longer_says_what_it_is_about_deletes_nothing(
    folder: Folder, old: str | None, new: str
) -> None:
    before = folder.facts()
    folder.edit(old or folder.page().read_text(), new)
    (page,) = folder.sync().pages
    assert (page.outcome, folder.facts()) == ("refused", before)
    assert "iri:: https://w3id.org/contrastive-registry/method/alpha" in page.unused[0].reason


def test_a_subject_keeps_a_type(folder: Folder) -> None:
    before = folder.facts()
    folder.edit("type:: [[Method]], [[Term]]\n", "")
    (page,) = folder.sync().pages
    assert (page.changed, folder.facts()) == ([], before)
    assert "nobody would know what method:alpha is" in page.unused[0].reason


def test_a_byte_order_mark_changes_nothing(folder: Folder) -> None:
    folder.page().write_text("\ufeff" + folder.page().read_text())
    (page,) = folder.sync().pages
    assert (page.changed, page.kept, page.unused) == ([], [], [])
    folder.export()  # nothing is there to be brought home first


def test_properties_that_logseq_takes_for_text_are_told_and_delete_nothing(folder: Folder) -> None:
    before = folder.facts()
    folder.edit("\t- definition:: The first.\n", "")
    folder.edit("- preferred-term:: Alpha\n", "- preferred-term:: Alpha\n\n\t  definition:: The first.\n")
    (page,) = folder.sync().pages
    assert folder.facts() == before
    assert "takes it for text" in page.unused[0].reason


def test_edits_on_the_page_of_a_subject_that_is_gone_are_told(folder: Folder) -> None:
    folder.turtle().unlink()
    folder.edit("definition:: The first.", "definition:: The very first.")
    (page,) = folder.sync().pages
    (unused,) = page.unused
    assert (unused.line, unused.reason) == (6, "definition: nothing in the graph is method:alpha any more")


def test_edits_on_the_page_of_a_key_are_told(folder: Folder) -> None:
    folder.edit("url:: http", "preferred-term:: Another\nurl:: http", "definition")
    (page,) = folder.sync().pages
    (unused,) = page.unused
    assert (unused.line, unused.reason[:15]) == (2, "preferred-term:")
    assert "vocabulary" in unused.reason


def rewrite(folder: Folder, files: dict[str, object], **about: object) -> None:
    """Puts other entries before those of the manifest of an exported folder."""
    path = folder.path / ".registry" / "base.zip"
    with zipfile.ZipFile(path) as base:
        texts = {name: base.read(name) for name in base.namelist()}
    manifest = json.loads(texts["manifest.json"])
    texts["manifest.json"] = json.dumps(manifest | about | {"files": files | manifest["files"]}).encode()
    with zipfile.ZipFile(path, "w") as base:
        for name, text in texts.items():
            base.writestr(name, text)


def test_a_manifest_of_others_writes_nowhere_but_in_the_collections(folder: Folder) -> None:
    outside = folder.home.parent / "outside"
    rewrite(folder, {"x.md": {"of": "../../../../outside", "sha256": ""}, "../y.md": {"of": "notes", "sha256": ""}})
    for name in ("x.md", "new.md", "../y.md"):
        (folder.path / name).write_text("- text\n")
    done = folder.sync(prune=True)
    assert [page.file for page in done.pages if page.outcome == "refused"] == ["../y.md", "x.md"]
    assert not outside.exists()
    assert {file.name for file in folder.home.rglob("*.md")} == {"Queue.md", "new.md"}


@pytest.mark.parametrize(
    ("files", "about"),
    [
        pytest.param({"x.md": {"of": 3, "sha256": ""}}, {}, id="a number for a collection"),
        pytest.param({"x.md": {"of": "registry", "sha256": "", "subject": ["a"]}}, {}, id="a list for a subject"),
        pytest.param({"x.md": {"of": "registry"}}, {}, id="no checksum"),
        pytest.param({}, {"format": 2}, id="a later format"),
    ],
)
def test_a_manifest_that_cannot_be_understood_is_refused(
    folder: Folder, files: dict[str, object], about: dict[str, object]
) -> None:
    rewrite(folder, files, **about)
    with pytest.raises(RegistryError, match="export into a new folder"):
        folder.sync()


# Two copies of one folder


@pytest.fixture
def copy(folder: Folder) -> Path:
    """Another person's copy of the exported folder."""
    return Path(shutil.copytree(folder.path, folder.path.with_name("copy")))


def bring_home(folder: Folder, copy: Path) -> Synced:
    return sync(Registry.open(folder.home), copy)


def exported(folder: Folder) -> str:
    folder.path = folder.path.with_name("new")
    folder.export()
    return folder.page().read_text()


def test_a_copy_that_nobody_edited_takes_back_nothing(folder: Folder, copy: Path) -> None:
    folder.edit("definition:: The first.", "definition:: The very first.")
    folder.edit("- ## Claims", "- ## A thought\n- ## Claims")
    (folder.path / "imported" / "notes" / "Queue.md").write_text(QUEUE.replace("- last", "- very last"))
    folder.sync()
    assert bring_home(folder, copy).pages == []
    assert folder.queue.read_text() == QUEUE.replace("- last", "- very last")
    text = exported(folder)
    assert "definition:: The very first." in text and "- ## A thought" in text


def test_edits_of_two_copies_both_come_home(folder: Folder, copy: Path) -> None:
    folder.edit("definition:: The first.", "definition:: The very first.")
    folder.edit("- ## Claims", "- ## A thought\n- ## Claims")
    folder.sync()
    page = copy / "pages" / "Alpha.md"
    page.write_text(
        page.read_text().replace("moco:MoCo", "moco:Toy").replace("- ## Recipes", "- ## More\n- ## Recipes")
    )
    (report,) = bring_home(folder, copy).pages
    assert [change.key for change in report.changed] == ["implementation"]
    text = exported(folder)
    for line in ("definition:: The very first.", "moco:Toy", "- ## A thought", "- ## More"):
        assert line in text


def test_of_words_that_two_copies_changed_ours_stay_and_theirs_are_told(folder: Folder, copy: Path) -> None:
    folder.edit("- ## Claims", "- ## A thought\n- ## Claims")
    folder.sync()
    folder.export()
    shutil.rmtree(copy)
    shutil.copytree(folder.path, copy)
    folder.edit("## A thought", "## A better thought")
    folder.sync()
    page = copy / "pages" / "Alpha.md"
    page.write_text(page.read_text().replace("## A thought", "## A worse thought"))
    (report,) = bring_home(folder, copy).pages
    assert [conflict.theirs for conflict in report.conflicts] == ["- ## A worse thought"]
    assert "## A better thought" in exported(folder)


def test_words_that_went_in_a_later_export_are_gone(folder: Folder) -> None:
    folder.edit("- ## Claims", "- ## A thought\n- related-to:: [[Nobody]]\n- ## Claims")
    folder.sync()
    folder.export()
    folder.edit("- ## A thought\n", "")
    folder.edit("- related-to:: [[Nobody]]\n", "")
    folder.sync()
    assert not {"## A thought", "related-to:: [[Nobody]]"} & {
        line.strip("\t -") for line in exported(folder).split("\n")
    }


def test_an_added_page_merges_and_goes_only_when_asked(folder: Folder) -> None:
    stored = folder.home / "ontology" / "imports" / "logseq" / "registry" / "pages" / "Mine.md"
    mine = folder.page("Mine")
    mine.write_text("- one\n- two\n- three\n")
    folder.sync()
    folder.export()
    other = Path(shutil.copytree(folder.path, folder.path.with_name("copy")))
    mine.write_text(mine.read_text().replace("one", "1"))
    folder.sync()
    assert bring_home(folder, other).pages == []
    (other / "pages" / "Mine.md").write_text("- one\n- two\n- 3\n")
    bring_home(folder, other)
    assert stored.read_text() == "- 1\n- two\n- 3\n"
    mine.unlink()
    assert [page.outcome for page in folder.sync().pages] == ["missing"]
    assert stored.exists()
    assert [page.outcome for page in folder.sync(prune=True).pages] == ["deleted"]
    assert not stored.exists()
