"""Which files an index takes for changed: layers, moved homes, links, odd names, records edited in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry, index, scanning
from registry.cli import cli
from registry.errors import RegistryError
from registry.graph import Graph
from registry.home import Home, find_home
from registry.namespaces import iri
from tests.conftest import FileRun

YEARS_AGO = 10**18


@pytest.fixture(params=["memory", "index"])
def large(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fact holds of a graph in memory as well as of the index."""
    monkeypatch.setattr(index, "LARGE_FILES", 1 if request.param == "index" else 2_000)


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 1)


def label(home: Home | Path, kind: str, name: str) -> object:
    opened = Graph(home if isinstance(home, Home) else find_home(home))
    return opened.value(iri(kind, name), iri("skos", "prefLabel"))


def method(name: str, label: str) -> str:
    return f"<{iri('method', name)}> a <{iri('mls', 'Algorithm')}> ; <{iri('skos', 'prefLabel')}> '{label}' .\n"


def age(folder: Path) -> None:
    """Makes everything in a folder look old enough to be trusted."""
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, ns=(YEARS_AGO, YEARS_AGO), follow_symlinks=False)


@pytest.fixture
def layered(tiny_home: Path, tmp_path: Path) -> Home:
    """The tiny ontology as the shipped one, under a folder of the user."""
    mine = tmp_path / "mine"
    (mine / "methods").mkdir(parents=True)
    return Home(layers=(tiny_home / "ontology", mine), results=mine / "results", work=mine / ".registry")


@pytest.mark.usefixtures("large")
def test_a_file_of_the_user_shadows_a_shipped_one_until_it_is_removed(layered: Home) -> None:
    file = layered.layers[1] / "methods" / "beta.ttl"
    labels = [label(layered, "method", "beta")]
    file.write_text(method("beta", "Mine"))
    labels.append(label(layered, "method", "beta"))
    file.unlink()
    labels.append(label(layered, "method", "beta"))
    assert labels == ["Beta", "Mine", "Beta"]


@pytest.mark.usefixtures("large")
def test_a_shadow_with_the_same_content_is_the_file_that_is_named(layered: Home) -> None:
    shipped, mine = (layer / "methods" / "beta.ttl" for layer in layered.layers)
    Graph(layered)
    shutil.copy(shipped, mine)
    assert Graph(layered).files["methods/beta.ttl"] == mine
    mine.unlink()
    assert Graph(layered).files["methods/beta.ttl"] == shipped


@pytest.mark.usefixtures("large")
def test_records_shadow_each_other_in_folders_that_are_trusted(layered: Home, file_run: FileRun) -> None:
    shipped = file_run(500)
    mine = layered.results / "toy_knn" / shipped.name
    mine.parent.mkdir(parents=True)
    mine.write_text(shipped.read_text(encoding="utf-8").replace("reg:seed 0", "reg:seed 77"), encoding="utf-8")
    folders = shipped.parent, mine.parent

    def seeds() -> list[object]:
        for folder in folders:
            age(folder)
        return [row["seed"] for row in Graph(layered).summary.runs()]

    assert (seeds(), seeds()) == ([77], [77])
    (shipped.parent / "other.ttl").write_text("")
    os.utime(shipped.parent, ns=(YEARS_AGO + 1, YEARS_AGO + 1))
    assert [row["seed"] for row in Graph(layered).summary.runs()] == [77]
    mine.unlink()
    assert seeds() == [0]


@pytest.mark.usefixtures("indexed")
def test_an_index_that_was_copied_with_its_home_reads_the_copy(tiny_home: Path, tmp_path: Path) -> None:
    age(tiny_home / "ontology")
    Graph(find_home(tiny_home))
    copy = tmp_path / "copy"
    shutil.copytree(tiny_home, copy, copy_function=shutil.copy2)
    graph = Graph(find_home(copy))
    assert graph.version is not None
    assert all(path.is_relative_to(copy) for path in graph.files.values())
    (tiny_home / "ontology" / "methods" / "beta.ttl").write_text(method("beta", "Original"))
    assert label(copy, "method", "beta") == "Beta"


@pytest.mark.usefixtures("large")
def test_a_home_that_was_moved_is_read_where_it_is(tiny_home: Path, tmp_path: Path) -> None:
    Graph(find_home(tiny_home))
    moved = tiny_home.rename(tmp_path / "moved")
    assert Registry.open(moved).check() == []
    assert all(path.is_file() for path in Graph(find_home(moved)).files.values())


@pytest.mark.usefixtures("indexed")
def test_a_record_edited_in_place_is_found_by_check(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    age(file.parent)
    Graph(find_home(tiny_home))
    text = file.read_text(encoding="utf-8")
    with file.open("r+", encoding="utf-8") as stream:
        stream.write(text.replace("mls:hasValue 50.0", "mls:hasValue 90.0"))
    os.utime(file.parent, ns=(YEARS_AGO, YEARS_AGO))
    assert [run.value for run in Registry.open(tiny_home).runs()] == [50.0]
    result = CliRunner().invoke(cli, ["--home", str(tiny_home), "check"])
    assert "value 90.0 is not 500 of 1000" in result.output
    assert [run.value for run in Registry.open(tiny_home).runs()] == [90.0]


@pytest.mark.usefixtures("indexed")
def test_a_folder_whose_files_are_still_young_is_not_trusted(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    os.utime(file.parent, ns=(YEARS_AGO, YEARS_AGO))  # the folder is old, its file was written to just now
    Graph(find_home(tiny_home))
    text = file.read_text(encoding="utf-8")
    with file.open("r+", encoding="utf-8") as stream:
        stream.write(text.replace("mls:hasValue 50.0", "mls:hasValue 90.0"))
    os.utime(file.parent, ns=(YEARS_AGO, YEARS_AGO))
    assert [run.value for run in Registry.open(tiny_home).runs()] == [90.0]


@pytest.mark.usefixtures("indexed")
def test_a_broken_record_that_is_mended_in_place_is_read_again(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    text = file.read_text(encoding="utf-8")
    file.write_text("x" * len(text))
    age(file.parent)
    assert len(Graph(find_home(tiny_home)).broken) == 1
    file.write_text(text, encoding="utf-8")
    assert Graph(find_home(tiny_home)).broken == []


def odd(home: Path, make: Callable[[Path], object]) -> list[str]:
    """What is said of an odd file in the ontology, when all else is read."""
    make(home / "ontology" / "methods")
    for _ in range(2):
        graph = Graph(find_home(home))
        assert "beta" in graph.names("method")
    result = CliRunner().invoke(cli, ["--home", str(home), "check"])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return [problem.reason for problem in graph.broken]


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: (folder / "x.ttl").write_bytes(b"\xff"), "Invalid UTF-8"),
        (lambda folder: (folder / "x.ttl").symlink_to("nowhere"), "is a link to nowhere, which is not there"),
        (lambda folder: (folder / "x.ttl").symlink_to("x.ttl"), "Too many levels of symbolic links"),
        (lambda folder: Path(os.fsdecode(bytes(folder) + b"/\xe9.ttl")).touch(), "its name is not UTF-8"),
        (lambda folder: Path(os.fsdecode(bytes(folder) + b"/\xe9")).mkdir(), "its name is not UTF-8"),
    ],
    ids=["bytes", "dangling link", "link to itself", "file name", "folder name"],
)
def test_an_odd_file_is_reported_and_the_rest_is_read(
    tiny_home: Path, make: Callable[[Path], object], reason: str
) -> None:
    (said,) = odd(tiny_home, make)
    assert reason in said


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "make",
    [
        lambda folder: (folder / "x.ttl").mkdir(),
        lambda folder: os.mkfifo(folder / "x.ttl"),
        lambda folder: Path(os.fsdecode(bytes(folder) + b"/\xe9.txt")).touch(),
        lambda folder: (folder / "loop").symlink_to(folder),
    ],
    ids=["folder", "pipe", "other file", "link to a folder"],
)
def test_what_is_no_turtle_file_is_passed_over(tiny_home: Path, make: Callable[[Path], object]) -> None:
    assert odd(tiny_home, make) == []


@pytest.mark.usefixtures("large")
def test_a_file_that_vanishes_after_it_was_listed_was_never_there(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in, file = index.take_in, tiny_home / "ontology" / "methods" / "gamma.ttl"

    def slow(*arguments: object) -> object:
        file.unlink(missing_ok=True)
        return take_in(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(index, "take_in", slow)
    graph = Graph(find_home(tiny_home))
    assert (graph.broken, "gamma" in graph.names("method")) == ([], False)


@pytest.mark.usefixtures("large")
def test_a_folder_that_may_not_be_listed_is_an_error_and_not_an_empty_one(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Graph(find_home(tiny_home))
    scandir = os.scandir

    def refusing(folder: str) -> object:
        if str(folder).endswith("methods"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(scanning.os, "scandir", refusing)
    with pytest.raises(RegistryError, match="methods cannot be listed: Permission denied; its files would be missed"):
        Graph(find_home(tiny_home))


def test_a_home_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match=r"not UTF-8; name another folder with --home"):
        find_home(tmp_path / os.fsdecode(b"\xe9"))
