"""The whole record of a run: each fact by its word, each setting beside its recipe, and the file itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry, RegistryError
from registry.curves import curve_csv, read_curve
from registry.errors import UnknownName
from registry.provenance import Record, read_record, record_file, record_text
from tests.conftest import PROVENANCE, FileRun
from tests.test_checks import edit


def record(home: Path, file: Path) -> Record:
    registry = Registry.open(home)
    return read_record(registry, registry.find_run(file.stem))


def test_every_fact_of_the_record_is_told_by_the_word_of_the_vocabulary(tiny_home: Path, file_run: FileRun) -> None:
    found = record(tiny_home, file_run(500))
    assert {name: found.facts[name].value for name in PROVENANCE} == PROVENANCE
    assert found.facts["torchVersion"].label == "PyTorch version"
    assert found.facts["peakMemory"].meaning.startswith("Largest resident memory")
    assert (found.implementation, found.dataset) == ("reference_impl.moco:MoCo", "toy")
    assert found.ended == "2026-01-01T12:00:13Z"


def test_a_fact_that_the_ranking_asks_for_is_told_also_where_it_is_missing(
    tiny_home: Path, file_run: FileRun
) -> None:
    found = record(tiny_home, file_run(500, without="hostCpu"))
    assert found.facts["hostCpu"].value is None
    assert "driverVersion" not in found.facts


def test_a_setting_stands_beside_what_the_recipe_says_today(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500, epochs=7)
    edit(tiny_home, "methods/alpha.ttl", "hp:dim 8", "hp:dim 16")
    used = {each.name: (each.value, each.recipe, each.changed) for each in record(tiny_home, file).settings}
    assert used["epochs"] == (7, 1, True)
    assert used["dim"] == (8, 16, False)
    assert used["milestones"] == ("[]", "[]", False)


def test_a_recipe_that_is_gone_is_told(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500, method="beta")
    (tiny_home / "ontology" / "methods" / "beta.ttl").unlink()
    found = record(tiny_home, file)
    assert found.recipe_flaw == "there is no recipe beta-toy any more"
    assert {each.recipe for each in found.settings} == {None}


def test_a_recipe_that_cannot_be_read_is_told(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500, method="beta")
    edit(tiny_home, "methods/beta.ttl", "hp:temperature 0.07", "hp:temperature 0.07, 0.08")
    assert "the recipe beta-toy cannot be read: temperature has 2 values" in str(record(tiny_home, file).recipe_flaw)


def test_both_scores_are_told_with_what_they_count(tiny_home: Path, file_run: FileRun) -> None:
    scores = record(tiny_home, file_run(512)).scores
    assert [(each.state, each.value, each.correct, each.total) for each in scores] == [
        ("trained", 51.2, 512, 1000),
        ("untrained", 20.0, 200, 1000),
    ]
    assert record(tiny_home, file_run(None, seed=1, status="Failed")).scores == ()


def test_the_text_of_the_record_is_that_of_its_file(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    graph = Registry.open(tiny_home).graph
    assert record_text(graph, file.stem) == file.read_text()
    # What another file says of the run is no record of it.
    (tiny_home / "ontology" / "a.ttl").write_text(
        f"<https://w3id.org/contrastive-registry/run/{file.stem}> <x:y> 1 ."
    )
    assert record_file(Registry.open(tiny_home).graph, file.stem) == file
    file.unlink()
    with pytest.raises(RegistryError, match=f"the record of {file.stem} cannot be read"):
        record_text(graph, file.stem)
    with pytest.raises(UnknownName):
        record_text(graph, "../../etc/passwd")


def test_the_curve_is_given_as_it_was_recorded_or_not_at_all(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    curve = file.with_suffix(".csv")
    graph = Registry.open(tiny_home).graph
    assert curve_csv(graph, file.stem) == curve.read_bytes() == b"epoch,loss\n1,2.5\n"
    assert [(point.epoch, point.loss, point.seconds) for point in read_curve(graph, file.stem)] == [(1, 2.5, None)]
    curve.write_text("epoch,loss\n1,9.9\n")
    with pytest.raises(RegistryError, match="its sha256 differs"):
        curve_csv(graph, file.stem)
    curve.unlink()
    with pytest.raises(RegistryError, match=f"the learning curve of {file.stem} cannot be read"):
        read_curve(graph, file.stem)
