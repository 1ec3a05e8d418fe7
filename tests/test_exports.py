"""The table of export formats, whole-graph formats and tables: complete, repeatable, and read by others' readers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas
import pyoxigraph as ox
import pytest
import rdflib
from click.testing import CliRunner, Result

from registry import Registry, exporting
from registry.cli import cli
from registry.errors import RegistryError, UnknownName
from registry.exporting import FORMATS, Shape
from tests.conftest import FileRun

TEXTS = [form for form in FORMATS if FORMATS[form].shape is Shape.TEXT]


@pytest.fixture
def measured(tiny_home: Path, file_run: FileRun) -> Registry:
    """The tiny ontology with 50, 51 and 52 % of alpha, and a run that broke."""
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(None, status="Failed", seed=9)
    return Registry.open(tiny_home)


def call(registry: Registry, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(registry.home.results.parents[1]), "export", *arguments])


def canonical(text: bytes, form: ox.RdfFormat) -> ox.Dataset:
    dataset = ox.Dataset(ox.parse(text, format=form))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


@pytest.mark.parametrize("form", TEXTS)
def test_the_same_graph_gives_the_same_text(measured: Registry, form: str) -> None:
    assert measured.export(form) == Registry.open(measured.home.results.parents[1]).export(form)


@pytest.mark.parametrize("form", ["croissant", "eee", "model-index"])
def test_the_same_graph_gives_the_same_files(measured: Registry, form: str) -> None:
    files = measured.export_files(form)
    assert files == Registry.open(measured.home.results.parents[1]).export_files(form)
    assert all(Path(name).name == name for name in files)


@pytest.mark.parametrize("form", TEXTS)
def test_the_command_writes_what_the_registry_exports(measured: Registry, form: str) -> None:
    assert call(measured, form).stdout == measured.export(form)


def test_an_unknown_format_gets_a_guess(tiny: Registry) -> None:
    with pytest.raises(UnknownName, match="no export format 'turtel'; did you mean 'turtle'"):
        tiny.export("turtel")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["turtle", "alpha"], "turtle is of the whole graph and takes no names; leave out alpha"),
        (["csv", "alfa"], "no method 'alfa'; did you mean 'alpha'?"),
        (["csv-claims", "alfa"], "no method 'alfa'; did you mean 'alpha'?"),
        (["bibtex", "ada1834"], "no paper 'ada1834'; did you mean 'ada1843'?"),
        (["croissant", "toi"], "no dataset 'toi'; did you mean 'toy'?"),
        (["mls", "nothing"], "no run 'nothing'"),
        (["croissant"], "croissant makes a folder of files: name a new one with --output; name one subject"),
        (["rocrate", "alpha"], "rocrate makes a folder of files: name a new one with --output"),
        (["eee", "alfa", "--output", "new"], "no method or run 'alfa'; did you mean 'alpha'?"),
        (["rocrate", "--output", "new"], "a crate is of one run; name it (they are listed by: registry runs)"),
    ],
)
def test_a_wrong_request_is_refused_with_a_way_out(
    measured: Registry, command: list[str], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call(measured, *command)
    assert (result.exit_code, message in result.output) == (1, True), result.output
    assert not Path("new").exists()


def test_help_lists_every_format_with_what_it_is_for() -> None:
    output = CliRunner().invoke(cli, ["export", "--help"]).output
    for name, form in FORMATS.items():
        assert f"  {name:<12} {form.help}" in output


def test_a_folder_is_new_and_whole_or_not_there(
    measured: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "sets"
    assert call(measured, "croissant", "--output", str(target)).output == f"wrote {target}\n"
    assert sorted(path.name for path in target.iterdir()) == ["far.json", "toy.json"]
    again = call(measured, "croissant", "--output", str(target))
    assert (again.exit_code, "exists already; name a new folder" in again.output) == (1, True)

    def full_disk(_: int) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(exporting.formats.os, "fsync", full_disk)
    failed = call(measured, "croissant", "--output", str(tmp_path / "other"))
    assert (failed.exit_code, "No space left on device" in failed.output) == (1, True)
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("home", "sets")] == []


def test_an_export_of_several_files_is_no_text(measured: Registry) -> None:
    with pytest.raises(RegistryError, match="makes a folder of files"):
        measured.export("eee", "alpha")


# JSON-LD


def test_jsonld_is_the_same_graph_as_nquads(measured: Registry) -> None:
    nquads = canonical(measured.export("nquads").encode(), ox.RdfFormat.N_QUADS)
    assert canonical(measured.export("jsonld").encode(), ox.RdfFormat.JSON_LD) == nquads


def test_rdflib_reads_the_jsonld_of_the_real_graph_as_its_nquads(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", False)
    read = rdflib.Dataset()
    read.parse(data=registry.export("jsonld"), format="json-ld")
    written = read.serialize(format="nquads").encode()
    expected = canonical(registry.export("nquads").encode(), ox.RdfFormat.N_QUADS)
    assert canonical(written, ox.RdfFormat.N_QUADS) == expected


def test_jsonld_sends_no_reader_to_the_network(measured: Registry) -> None:
    context = json.loads(measured.export("jsonld"))["@context"]
    assert isinstance(context, dict)
    assert "@import" not in context


def test_an_iri_whose_scheme_is_one_of_our_prefixes_survives_jsonld(measured: Registry) -> None:
    odd = ox.Quad(*(ox.NamedNode(f"unit:{name}") for name in "spog"))
    measured.graph.store.add(odd)
    assert odd in ox.Dataset(ox.parse(measured.export("jsonld"), format=ox.RdfFormat.JSON_LD))


# Tables


def test_pandas_reads_the_claims_with_units_and_verdicts(measured: Registry) -> None:
    table = pandas.read_csv(io.StringIO(measured.export("csv-claims"))).set_index("claim")
    assert len(table) == len(measured.all_claims)
    fraction = table.loc["alpha-fraction"]
    assert (fraction["value"], fraction["unit"], fraction["stated_text"]) == (50.0, "%", ".500")
    assert (fraction["our_runs"], fraction["our_mean_percent"], fraction["our_sd_percent"]) == (3, 51.0, 1.0)
    assert (fraction["verdict"], bool(fraction["synthetic"]), fraction["reported_by"]) == (
        "not comparable",
        True,
        "FirstParty",
    )
    assert table.loc["alpha-spread", "sample_size"] == 3


def test_tables_can_be_of_one_method(measured: Registry) -> None:
    for form in ("csv", "csv-claims"):
        table = pandas.read_csv(io.StringIO(measured.export(form, "alpha")))
        assert set(table["method"]) == {"alpha"}
    assert list(pandas.read_csv(io.StringIO(measured.export("csv", "gamma")))["run"]) == []
