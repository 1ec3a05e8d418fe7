"""A run's file: whole or not there, never overwritten, and read back as it was written."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib

from registry import Registry, results
from registry.errors import RegistryError
from tests.conftest import ROOT, FileRun


def test_a_record_says_what_the_run_was(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(512, seed=3)
    run = Registry.open(tiny_home).all_runs[0]
    assert (run.name, run.method, run.benchmark, run.seed) == (file.stem, "alpha", "toy_knn", 3)
    assert (run.value, run.untrained, run.status) == (51.2, 20.0, "succeeded")
    assert file.name.startswith("alpha-s3-20260101T120001Z-")
    assert file.parent.name == "toy_knn"


def test_a_record_holds_every_setting_of_recipe_and_protocol(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(512, milestones=(3, 5))
    graph = rdflib.Graph().parse(file)  # a reader that we did not write
    registry = Registry.open(tiny_home)
    settings = rdflib.URIRef(f"https://w3id.org/contrastive-registry/run/{file.stem}#settings")
    stated = {str(predicate).rsplit("/", 1)[1] for predicate in graph.predicates(settings)} - {"type"}
    stated = {name.partition("#")[0] for name in stated if "rdf-syntax" not in name}
    recipe, benchmark = registry.recipe("alpha", "toy_knn"), registry.benchmark("toy_knn")
    assert {*recipe.settings, *benchmark.settings} <= stated
    head = graph.value(settings, rdflib.URIRef("https://w3id.org/contrastive-registry/hyperparameter/milestones"))
    assert [int(item) for item in graph.items(head)] == [3, 5]


def test_the_curve_stands_beside_the_record_and_is_hashed_by_it(file_run: FileRun) -> None:
    file = file_run(500)
    curve = file.with_suffix(".csv").read_bytes()
    assert curve == b"epoch,loss\n1,2.5\n"
    assert sha256(curve).hexdigest() in file.read_text()


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    results.publish(tmp_path / "a.ttl", b"first")
    with pytest.raises(FileExistsError):
        results.publish(tmp_path / "a.ttl", b"second")
    assert (tmp_path / "a.ttl").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_full_disk_leaves_nothing_behind(
    tiny_home: Path, file_run: FileRun, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    calls = 0

    def full_disk(_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == fails_at:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results.os, "fsync", full_disk)
    with pytest.raises(RegistryError, match=r"could not be written to .*No space left on device"):
        file_run(500)
    assert list((tiny_home / "ontology" / "results").rglob("*.*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_process_killed_while_it_writes_leaves_no_half_file(tmp_path: Path) -> None:
    script = (
        "import os, sys, time; from pathlib import Path; from registry import results\n"
        "results.os.fsync = lambda _: (print('writing', flush=True), time.sleep(60))\n"
        f"results.publish(Path({str(tmp_path)!r}) / 'run.ttl', b'x' * 1000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / "run.ttl").exists()
    assert list(tmp_path.glob("*.ttl")) == []


def test_a_writer_at_work_is_not_read(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    file.with_name(f".{file.name}.123.part").write_text("half a rec")
    assert Registry.open(tiny_home).graph.broken == []


# Export


def test_turtle_export_rebuilds_the_same_graph(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    registry = Registry.open(tiny_home)
    text = registry.export("turtle")
    rebuilt = ox.Store()
    rebuilt.load(text.encode(), format=ox.RdfFormat.TURTLE)
    original = {quad.triple for quad in registry.graph.store}
    assert canonical(quad.triple for quad in rebuilt) == canonical(original)
    # A reader that we did not write finds as many triples in the export as in the files.
    merged = rdflib.Graph()
    for file in registry.graph.files.values():
        merged.parse(file)
    assert len(rdflib.Graph().parse(data=text, format="turtle")) == len(merged)


def canonical(triples: Iterable[ox.Triple]) -> list[str]:
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(map(str, dataset))


def test_nquads_export_rebuilds_the_same_store(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    registry = Registry.open(tiny_home)
    rebuilt = ox.Dataset(ox.parse(registry.export("nquads").encode(), format=ox.RdfFormat.N_QUADS))
    original = ox.Dataset(registry.graph.store)
    for dataset in (rebuilt, original):
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    assert rebuilt == original


@pytest.mark.parametrize("form", ["turtle", "nquads", "csv"])
def test_an_export_is_the_same_every_time(tiny_home: Path, file_run: FileRun, form: str) -> None:
    file_run(500)
    assert Registry.open(tiny_home).export(form) == Registry.open(tiny_home).export(form)


def test_csv_export_has_a_line_a_run_and_says_what_does_not_count(tiny_home: Path, file_run: FileRun) -> None:
    import csv

    file_run(500)
    file_run(None, status="Failed", seed=1)
    rows = list(csv.DictReader(Registry.open(tiny_home).export("csv").splitlines()))
    assert [(row["status"], row["value_percent"], row["ranked"], row["why_not_ranked"]) for row in rows] == [
        ("succeeded", "50.0", "true", ""),
        ("failed", "", "false", "failed: it broke"),
    ]


def test_no_claim_is_a_result_in_any_export(registry: Registry) -> None:
    graph = rdflib.Graph().parse(data=registry.export("turtle"), format="turtle")
    reg = rdflib.Namespace("https://w3id.org/contrastive-registry/vocabulary#")
    claims, measured = (set(graph.subjects(rdflib.RDF.type, kind)) for kind in (reg.Claim, reg.Result))
    assert claims
    assert not claims & measured
    assert not any(claim in registry.export("csv") for claim in map(str, claims))


def test_the_checkout_is_found_from_a_folder_inside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "tests")
    assert Registry.open().home.results == ROOT / "ontology" / "results"


def test_a_home_of_its_own_lies_over_the_shipped_ontology(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "mine")
    assert registry.method("moco_v2").label == "MoCo v2"
    assert registry.home.results == tmp_path / "mine" / "results"
    assert not (tmp_path / "mine").exists(), "looking makes no folder"


def test_a_file_of_the_users_shadows_the_shipped_one(tmp_path: Path) -> None:
    methods = tmp_path / "methods"
    methods.mkdir()
    shipped = (ROOT / "ontology" / "methods" / "moco_v2.ttl").read_text()
    (methods / "moco_v2.ttl").write_text(shipped.replace('"MoCo v2"@en', '"My MoCo"@en'))
    assert Registry.open(tmp_path).method("moco_v2").label == "My MoCo"


def test_a_file_as_home_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RegistryError, match="is a file; --home must name a folder"):
        Registry.open(tmp_path / "file")
