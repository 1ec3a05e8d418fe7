"""The on-disk index: the same answers as memory, only what changed is read, nothing is lost or stale."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from registry import Registry, index
from registry.cli import cli
from registry.graph import Graph, query_names, read_query
from registry.home import Home, find_home
from registry.namespaces import iri
from tests.conftest import FileRun

Reads = list[str]


@pytest.fixture
def home(tiny_home: Path, file_run: FileRun) -> Path:
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(600, method="beta")
    file_run(None, status="Interrupted", seed=9)
    return tiny_home


@pytest.fixture(autouse=True)
def large(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on every graph counts as large."""
    monkeypatch.setattr(index, "LARGE_FILES", 1)
    monkeypatch.setattr(index, "PATIENCE", 0.05)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """The files that are parsed from now on."""
    names: Reads = []
    parse = index.parse

    def counting(name: str, path: Path, content: bytes) -> list[ox.Quad]:
        names.append(name)
        return parse(name, path, content)

    monkeypatch.setattr(index, "parse", counting)
    return names


def ontology(home: Path) -> Path:
    return home / "ontology"


def versions(home: Path) -> list[Path]:
    return sorted((home / ".registry" / "index" / "versions").iterdir())


def quads(graph: Graph) -> str:
    """The whole graph after RDF canonicalisation."""
    dataset = ox.Dataset(graph.store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return "".join(sorted(f"{quad}\n" for quad in dataset))


def in_memory(home: Path) -> Graph:
    """The same files, read as those of a small home are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "exists", lambda home: False)
        patch.setattr(index, "is_large", lambda files: False)
        return Graph(find_home(home))


def is_whole(home: Path) -> bool:
    """Whether what is opened now is exactly the files."""
    opened = Graph(find_home(home))
    assert opened.version is not None, opened.remark
    return quads(opened) == quads(in_memory(home)) and opened.files == in_memory(home).files


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


# The same answers


def test_the_index_gives_the_same_triples_and_exports_as_memory(home: Path) -> None:
    assert is_whole(home)
    indexed, memory = Registry.open(home), Registry.open(home)
    memory.graph = in_memory(home)
    assert indexed.graph.version is not None
    for form in ("nquads", "turtle", "csv", "csv-claims"):
        assert indexed.export(form) == memory.export(form)


def test_every_named_question_has_the_same_answer(home: Path) -> None:
    indexed, memory = Graph(find_home(home)), in_memory(home)
    values = {"method": iri("method", "alpha"), "term": iri("term", "contrast")}
    for question in query_names():
        text = read_query(question)
        terms = {name: address for name, address in values.items() if f"${name}" in text}
        if text.count("$") != sum(text.count(f"${name}") for name in terms):
            continue
        expected, actual = (
            sorted(re.sub(r"_:\w+", "_:b", str(row)) for row in graph.rows(question, **terms))
            for graph in (memory, indexed)
        )
        assert actual == expected, question


def test_leaderboard_runs_verdicts_and_check_are_the_same(home: Path) -> None:
    indexed, memory = Registry.open(home), Registry.open(home)
    memory.graph = in_memory(home)
    assert indexed.leaderboard("toy_knn") == memory.leaderboard("toy_knn")
    assert indexed.all_runs == memory.all_runs
    assert indexed.runs("alpha", "toy_knn", limit=2) == memory.runs("alpha", "toy_knn", limit=2)
    assert indexed.verdicts() == memory.verdicts()
    assert indexed.check() == memory.check()


def test_a_row_of_the_summary_is_what_sparql_says_of_the_run(home: Path) -> None:
    graph = Graph(find_home(home))
    asked = graph.select(
        "SELECT ?run ?method ?benchmark ?seed ?status ?device ?hash ?value ?untrained"
        " { ?run mls:realizes ?method ; reg:onBenchmark ?benchmark ; reg:seed ?seed ; reg:status ?status ;"
        "   reg:deviceModel ?device ; reg:recipeHash ?hash"
        "   OPTIONAL { ?run mls:hasOutput ?t . ?t reg:encoderState reg:Trained ; mls:hasValue ?value }"
        "   OPTIONAL { ?run mls:hasOutput ?u . ?u reg:encoderState reg:Untrained ; mls:hasValue ?untrained } }"
    )
    columns = ("run", "method", "benchmark", "seed", "status", "device", "recipeHash", "value", "untrained")
    rows = [tuple(row[column] for column in columns) for row in graph.summary.runs()]
    assert sorted(map(str, rows)) == sorted(str(tuple(row.values())) for row in asked)
    assert len(rows) == 5


def test_the_summary_counts_what_the_store_holds(home: Path) -> None:
    graph = Graph(find_home(home))
    files = {str(quad.graph_name) for quad in graph.store}
    assert graph.summary.size() == (len(files), len(graph.store))
    methods = {row["m"] for row in graph.select("SELECT DISTINCT ?m { ?m a mls:Algorithm }")}
    assert {iri("method", name) for name in graph.names("method")} == methods


def test_many_threads_read_one_graph(home: Path) -> None:
    registry = Registry.open(home)

    def ask(number: int) -> tuple[int, int, str]:
        hits = registry.search("alpha").hits
        return len(registry.runs()), len(registry.graph.rows("runs")), hits[0].name

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(200))) == {(5, 5, "alpha")}


def test_many_threads_search_a_graph_in_memory_that_was_never_searched(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 2_000)
    registry = Registry.open(home)
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: registry.search("alpha").hits, range(40)))
    assert len(found) == 1


# Only what changed


def test_a_second_start_reads_nothing(home: Path, reads: Reads) -> None:
    Graph(find_home(home))
    assert len(reads) > 20
    reads.clear()
    Graph(find_home(home))
    assert (reads, len(versions(home))) == ([], 1)


def test_a_new_run_is_the_only_file_that_is_read(home: Path, file_run: FileRun, reads: Reads) -> None:
    Graph(find_home(home))
    file = file_run(530, seed=7)
    reads.clear()
    graph = Graph(find_home(home))
    assert reads == [f"results/toy_knn/{file.name}"]
    assert len(list(graph.summary.runs())) == 6
    assert is_whole(home)


def test_an_edited_and_a_removed_file_replace_what_they_said(home: Path, reads: Reads) -> None:
    Graph(find_home(home))
    edit(ontology(home) / "methods" / "beta.ttl", "Beta", "Bravo")
    (ontology(home) / "claims" / "alpha-long.ttl").unlink()
    reads.clear()
    graph = Graph(find_home(home))
    assert reads == ["methods/beta.ttl"]
    assert not graph.summary.has("claim", "alpha-long")
    assert graph.value(iri("method", "beta"), iri("skos", "prefLabel")) == "Bravo"
    assert is_whole(home)


def test_an_edit_of_the_same_length_right_after_reading_is_seen(home: Path) -> None:
    file = ontology(home) / "methods" / "beta.ttl"
    for old, new in (("Beta", "Veta"), ("Veta", "Zeta"), ("Zeta", "Beta")):
        edit(file, old, new)
        assert Graph(find_home(home)).value(iri("method", "beta"), iri("skos", "prefLabel")) == new


def test_a_touched_file_is_read_for_its_hash_only(home: Path, reads: Reads) -> None:
    before = Graph(find_home(home))
    os.utime(ontology(home) / "methods" / "beta.ttl", (1e9, 1e9))
    reads.clear()
    after = Graph(find_home(home))
    assert reads == []
    assert before.version is not None
    assert after.version is not None
    assert after.version.folder == before.version.folder


def test_blank_nodes_of_two_files_never_meet(home: Path) -> None:
    Graph(find_home(home))
    for name in ("one", "two"):
        file = ontology(home) / "terms" / f"{name}.ttl"
        file.write_text(
            f'<{iri("term", name)}> <{iri("skos", "note")}> _:b . _:b <{iri("rdfs", "label")}> "{name}" .'
        )
        graph = Graph(find_home(home))
    rows = list(graph.select("SELECT ?t (COUNT(?l) AS ?n) { ?t skos:note ?b . ?b rdfs:label ?l } GROUP BY ?t"))
    assert [row["n"] for row in rows] == [1, 1]


def test_a_broken_file_is_reported_until_it_is_mended(home: Path, reads: Reads) -> None:
    file = ontology(home) / "methods" / "beta.ttl"
    whole = file.read_text(encoding="utf-8")
    Graph(find_home(home))
    file.write_text("broken")
    assert [problem.file for problem in Graph(find_home(home)).broken] == [file]
    reads.clear()
    graph = Graph(find_home(home))
    assert (reads, [problem.line for problem in graph.broken]) == ([], [1])
    assert "beta" not in graph.names("method")
    file.write_text(whole, encoding="utf-8")
    assert Graph(find_home(home)).broken == []
    assert is_whole(home)


# Damage


def test_deleting_the_index_loses_nothing(home: Path) -> None:
    before = quads(Graph(find_home(home)))
    shutil.rmtree(home / ".registry" / "index")
    assert quads(Graph(find_home(home))) == before


def damages() -> Iterator[tuple[str, Callable[[Path, Path], object]]]:
    """Ways to damage an index, each given its folder and that of its version."""
    yield "CURRENT empty", lambda top, _: (top / "CURRENT").write_text("")
    yield "CURRENT garbage", lambda top, _: (top / "CURRENT").write_bytes(b"\xff\x00/..")
    yield "CURRENT elsewhere", lambda top, _: (top / "CURRENT").write_text("../../../etc")
    yield "CURRENT gone", lambda top, _: (top / "CURRENT").unlink()
    yield "version gone", lambda _, version: shutil.rmtree(version)
    yield "hold gone", lambda _, version: (version / "hold").unlink()
    yield "hold empty", lambda _, version: (version / "hold").write_bytes(b"")
    yield "summary gone", lambda _, version: (version / "summary.sqlite").unlink()
    yield "summary cut", lambda _, version: os.truncate(version / "summary.sqlite", 5000)
    yield "summary garbage", lambda _, version: (version / "summary.sqlite").write_bytes(b"garbage")
    yield "store gone", lambda _, version: shutil.rmtree(version / "store")
    yield "store cut", lambda _, version: [os.truncate(file, 100) for file in (version / "store").glob("*.sst")]
    # RocksDB opens a store with half a manifest as an empty one.
    yield (
        "manifest cut",
        lambda _, version: [os.truncate(file, 50) for file in (version / "store").glob("MANIFEST-*")],
    )
    yield "store garbage", lambda _, version: (version / "store" / "CURRENT").write_bytes(b"garbage")
    yield "other format", lambda _, version: _note(version / "summary.sqlite", "format", "0")


def _note(file: Path, name: str, value: str) -> None:
    connection = sqlite3.connect(file)
    connection.execute("UPDATE facts SET value = ? WHERE name = ?", (value, name))
    connection.commit()
    connection.close()


@pytest.mark.parametrize("damage", [pytest.param(act, id=name) for name, act in damages()])
def test_a_damaged_index_is_built_again(home: Path, damage: Callable[[Path, Path], object]) -> None:
    graph = Graph(find_home(home))
    assert graph.version is not None
    folder = graph.version.folder
    del graph
    gc.collect()
    damage(folder.parent.parent, folder)
    assert is_whole(home)
    assert len(versions(home)) <= 2


def test_a_base_that_fails_while_the_next_version_is_written_is_left(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Graph(find_home(home))
    edit(ontology(home) / "methods" / "beta.ttl", "Beta", "Bravo")
    write = index._write

    def fails(home: Home, draft: Path, base: index.Version | None, trusting: bool) -> None:
        if base is not None:
            raise RuntimeError("Corruption: block checksum mismatch")
        write(home, draft, base, trusting)

    monkeypatch.setattr(index, "_write", fails)
    assert is_whole(home)
    assert before.value(iri("method", "beta"), iri("skos", "prefLabel")) == "Beta"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), sqlite3.OperationalError("disk is full")])
def test_a_full_disk_leaves_no_draft_and_the_files_are_read_instead(
    home: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: object) -> None:
        raise error

    monkeypatch.setattr(index, "_sync", full)
    graph = Graph(find_home(home))
    assert (graph.version, versions(home)) == (None, [])
    assert quads(graph) == quads(in_memory(home))
    result = CliRunner().invoke(cli, ["--home", str(home), "methods"])
    assert "cannot be used, so every file was read again" in result.stderr
    assert result.exit_code == 0


def test_a_work_folder_that_cannot_be_made_is_no_obstacle(home: Path) -> None:
    (home / ".registry").write_text("a file")
    graph = Graph(find_home(home))
    assert graph.version is None
    assert quads(graph) == quads(in_memory(home))


# Versions


def test_a_reader_keeps_its_version_while_two_newer_ones_are_published(home: Path, file_run: FileRun) -> None:
    before = Registry.open(home)
    old = quads(before.graph)
    for seed in (6, 7):
        file_run(400, seed=seed)
        Registry.open(home)
    assert quads(before.graph) == old
    assert len(before.runs()) == 5
    assert len(Registry.open(home).runs()) == 7
    assert before.ask("SELECT (COUNT(?r) AS ?n) { ?r mls:realizes ?m }").rows == [(5,)]


def test_versions_that_nobody_reads_are_deleted(home: Path, file_run: FileRun) -> None:
    for seed in range(10, 16):
        file_run(400, seed=seed)
        Graph(find_home(home))
    gc.collect()
    file_run(400, seed=16)
    Graph(find_home(home))
    assert len(versions(home)) <= 2  # the last reader may still have held its own


def test_opening_again_and_again_leaks_no_descriptors(home: Path) -> None:
    Graph(find_home(home))
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        Graph(find_home(home))
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before  # noqa: PTH208


def test_while_another_process_writes_the_last_version_is_read_and_said_to_be_old(
    home: Path, file_run: FileRun
) -> None:
    Registry.open(home)
    file_run(400, seed=8)  # opens before it files
    with index._lock(home / ".registry" / "index" / "lock", None) as locked:
        assert locked
        registry = Registry.open(home)
        assert registry.graph.version is not None
        assert (registry.graph.version.stale, len(registry.runs())) == (True, 5)
        result = CliRunner().invoke(cli, ["--home", str(home), "methods"])
    assert "another process is updating the index; this is the state before" in result.stderr
    assert len(Registry.open(home).runs()) == 6


def test_the_parts_of_a_version_are_noted_with_their_sizes(home: Path) -> None:
    graph = Graph(find_home(home))
    assert graph.version is not None
    noted = json.loads((graph.version.folder / "hold").read_text())
    assert {"summary.sqlite", "CURRENT"} < noted.keys()
    assert noted["summary.sqlite"] == (graph.version.folder / "summary.sqlite").stat().st_size
