"""Croissant and RO-Crate: read by mlcroissant and rocrate, with nothing in them that we do not know."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import mlcroissant
import pytest
import rdflib
from click.testing import CliRunner
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from registry import Registry
from registry.cli import cli
from registry.errors import RegistryError
from registry.namespaces import iri
from registry.reading import read_dataset
from tests.conftest import ROOT, FileRun

# Croissant

NOT_IN_THE_GRAPH = ("citeAs", "datePublished", "license", "version")


def test_mlcroissant_finds_no_error_in_any_data_set(registry: Registry) -> None:
    files = registry.export_files("croissant")
    described = {file.stem for file in (ROOT / "ontology" / "datasets").iterdir()}
    assert {name.removesuffix(".json") for name in files} == described
    for text in files.values():
        issues = mlcroissant.Dataset(jsonld=json.loads(text)).metadata.ctx.issues
        assert not issues.errors
        assert all(any(name in warning for name in NOT_IN_THE_GRAPH) for warning in issues.warnings)


def test_the_splits_of_a_data_set_come_back_as_records(registry: Registry) -> None:
    read = mlcroissant.Dataset(jsonld=json.loads(registry.export("croissant", "cifar10_mini")))
    records = {record["splits/name"]: record for record in read.records("splits")}
    assert {name: record["splits/images"] for name, record in records.items()} == {"train": 10000, "test": 10000}
    checksums = {name: record["splits/decoded_sha256"] for name, record in records.items()}
    assert checksums == read_dataset(registry.graph, "cifar10_mini").checksums


def test_no_checksum_of_ours_is_given_as_that_of_a_file(registry: Registry) -> None:
    for text in registry.export_files("croissant").values():
        described = json.loads(text)
        assert "distribution" not in described
        fields = [field for held in described.get("recordSet", []) for field in held["field"]]
        assert all("not of a file" in field["description"] for field in fields if "sha256" in field["name"])


def test_a_synthetic_data_set_says_so(registry: Registry) -> None:
    metadata = mlcroissant.Dataset(jsonld=json.loads(registry.export("croissant", "shapes"))).metadata
    assert metadata.name == "Shapes (synthetic data)"
    assert "Synthetic data: made by a program" in str(metadata.description)


def test_a_croissant_follows_no_address(registry: Registry) -> None:
    described = json.loads(registry.export("croissant", "cifar10"))
    assert isinstance(described["@context"], dict)
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert described["url"] == "https://www.cs.toronto.edu/~kriz/cifar.html"


# RO-Crate


def crate_of(registry: Registry, run: str, folder: Path) -> ROCrate:
    home = str(registry.home.results.parents[1])
    done = CliRunner().invoke(cli, ["--home", home, "export", "rocrate", run, "--output", str(folder)])
    assert done.output == f"wrote {folder}\n"
    return ROCrate(folder)


def action_of(crate: ROCrate) -> ContextEntity:
    action = crate.root_dataset["mentions"]
    assert action.type == "CreateAction"
    return action


def test_every_link_of_a_crate_leads_to_something_in_it(registry: Registry) -> None:
    run = registry.all_runs[0].name
    graph = json.loads(registry.export_files("rocrate", run)["ro-crate-metadata.json"])["@graph"]
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    outside = ("https://w3id.org/ro/crate/1.1", "http://schema.org/CompletedActionStatus")
    for entity in graph:
        for value in entity.values():
            for link in value if isinstance(value, list) else [value]:
                if isinstance(link, dict):
                    assert link["@id"] in (*ids, *outside)


def test_rocrate_reads_the_run_back(registry: Registry, tmp_path: Path) -> None:
    run = next(run for run in registry.all_runs if run.benchmark == "shapes_knn" and run.method == "moco_v2")
    crate = crate_of(registry, run.name, tmp_path / "crate")
    action, root = action_of(crate), crate.root_dataset
    assert root["conformsTo"].id == "https://w3id.org/ro/wfrun/process/0.5"
    assert root["license"].id == "https://spdx.org/licenses/MIT"
    assert root["name"] == f"MoCo v2 on Shapes, weighted kNN (synthetic data), seed {run.seed}"
    assert action.id == iri("run", run.name)
    assert action["instrument"]["version"] == registry.graph.value(action.id, iri("reg", "sourceCommit"))
    assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert action["startTime"] < action["endTime"]
    measured = {
        entity["name"]: (entity["value"], entity["unitText"])
        for entity in action["result"]
        if entity.type == "PropertyValue"
    }
    assert measured == {
        "Top-1 accuracy of the trained encoder, Shapes, weighted kNN (synthetic data)": (run.value, "percent"),
        "Top-1 accuracy of the untrained encoder, Shapes, weighted kNN (synthetic data)": (run.untrained, "percent"),
    }


def test_a_crate_holds_the_settings_of_the_run(registry: Registry, tmp_path: Path) -> None:
    run = registry.all_runs[0]
    action = action_of(crate_of(registry, run.name, tmp_path / "crate"))
    settings = {
        entity["propertyID"]: entity["value"] for entity in action["object"] if entity.type == "PropertyValue"
    }
    recipe = next(recipe for recipe in registry.all_recipes if recipe.name == run.recipe)
    for name, value in recipe.settings.items():
        assert settings[iri("hp", name)] == (json.dumps(list(value)) if isinstance(value, tuple) else value)
    assert settings[iri("reg", "seed")] == run.seed


def test_a_crate_holds_the_record_and_the_curve_byte_for_byte(registry: Registry, tmp_path: Path) -> None:
    run = registry.all_runs[0]
    crate = crate_of(registry, run.name, tmp_path / "crate")
    place = registry.home.results / run.benchmark
    for suffix in ("ttl", "csv"):
        name = f"{run.name}.{suffix}"
        content = (tmp_path / "crate" / name).read_bytes()
        assert content == (place / name).read_bytes()
        assert crate.get(name)["sha256"] == sha256(content).hexdigest()
    assert len(rdflib.Graph().parse(tmp_path / "crate" / f"{run.name}.ttl")) > 50


def test_a_run_that_broke_is_a_failed_action_with_its_error(
    tiny_home: Path, file_run: FileRun, tmp_path: Path
) -> None:
    name = file_run(None, status="Diverged").stem
    action = action_of(crate_of(Registry.open(tiny_home), name, tmp_path / "crate"))
    assert action["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert action["error"] == "diverged: it broke"
    assert [entity.type for entity in action["result"]] == ["File", "File"]


def test_an_edited_curve_is_not_packed(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    file.with_suffix(".csv").write_text("epoch,loss\n1,0\n")
    with pytest.raises(RegistryError, match="is not there as it was recorded"):
        Registry.open(tiny_home).export_files("rocrate", file.stem)


def test_a_record_cannot_name_a_file_outside_its_folder(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    secret = tiny_home / "secret.csv"
    secret.write_bytes(file.with_suffix(".csv").read_bytes())
    file.write_text(file.read_text().replace(f'"{file.stem}.csv"', '"../../../secret.csv"'))
    with pytest.raises(RegistryError, match="is not there as it was recorded"):
        Registry.open(tiny_home).export_files("rocrate", file.stem)
