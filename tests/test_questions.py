"""Every named question against an answer worked out by hand on the tiny ontology."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry
from registry.errors import RegistryError, UnknownName
from registry.graph import query_names, read_query
from registry.namespaces import curie
from tests.conftest import FileRun

Rows = list[tuple[object, ...]]


@pytest.fixture
def answers(tiny_home: Path, file_run: FileRun):
    """Answers of the tiny ontology with four runs, IRIs shortened."""
    names = {
        "a0": file_run(500, seed=0),
        "a1": file_run(520, seed=1, without="torchVersion"),
        "a2": file_run(600, seed=2, epochs=7),
        "b0": file_run(None, method="beta", status="Failed"),
    }
    short = {f"run:{file.stem}": name for name, file in names.items()}
    registry = Registry.open(tiny_home)

    def shorten(cell: object) -> object:
        text = curie(cell) if isinstance(cell, str) else cell
        return short.get(text, text)  # type: ignore[arg-type]

    def answer(question: str, *columns: str, **parameters: str) -> Rows:
        found = registry.ask(question, **parameters)
        chosen = [found.columns.index(column) for column in columns]
        return [tuple(shorten(row[index]) for index in chosen) for row in found.rows]

    return answer


def test_methods(answers) -> None:
    assert answers("methods", "method", "variantOf", "implementation") == [
        ("method:alpha", None, "reference_impl.moco:MoCo"),
        ("method:beta", "method:alpha", "reference_impl.moco:MoCo"),
        ("method:gamma", "method:beta", None),
    ]


def test_lineage(answers) -> None:
    assert answers("lineage", "ancestor", "distance", "definition", method="gamma") == [
        ("method:beta", 1, "Alpha, colder."),
        ("method:alpha", 2, "The first."),
    ]


def test_recipes(answers) -> None:
    assert answers("recipes", "recipe", "method", "benchmark", "variant") == [
        ("recipe:alpha-toy", "method:alpha", "benchmark:toy_knn", None),
        ("recipe:alpha-toy-symmetric", "method:alpha", "benchmark:toy_knn", "symmetric"),
        ("recipe:beta-toy", "method:beta", "benchmark:toy_knn", None),
    ]


def test_recipes_below_temperature(answers) -> None:
    assert answers("recipes_below_temperature", "recipe", "temperature", bound="0.2") == [("recipe:beta-toy", 0.07)]
    assert len(answers("recipes_below_temperature", "recipe", bound="0.3")) == 2


def test_benchmarks(answers) -> None:
    assert answers("benchmarks", "benchmark", "version", "dataset", "protocol", "metric") == [
        ("benchmark:far_knn", 1, "dataset:far", "protocol:knn", "metric:top1_accuracy"),
        ("benchmark:toy_knn", 1, "dataset:toy", "protocol:knn", "metric:top1_accuracy"),
    ]


def test_claims(answers) -> None:
    found = answers("claims", "claim", "value", "stated", "sourceTitle")
    assert ("claim:alpha-fraction", 0.5, ".500", "Notes") in found
    assert len(found) == 7


def test_claims_never_rerun(answers) -> None:
    assert answers("claims_never_rerun", "claim", "method", "benchmark") == [
        ("claim:alpha-far", "method:alpha", "benchmark:far_knn")
    ]


def test_runs(answers) -> None:
    assert answers("runs", "run", "status", "value", "untrained", "recipe", "departsFrom", "reason") == [
        ("b0", "reg:Failed", None, None, "recipe:beta-toy", None, "it broke"),
        ("a2", "reg:Succeeded", 60.0, 20.0, None, "recipe:alpha-toy", None),
        ("a1", "reg:Succeeded", 52.0, 20.0, "recipe:alpha-toy", None, None),
        ("a0", "reg:Succeeded", 50.0, 20.0, "recipe:alpha-toy", None, None),
    ]


def test_changed_settings(answers) -> None:
    assert answers("changed_settings", "run", "setting") == [("a2", "epochs")]


def test_missing_provenance(answers) -> None:
    assert answers("missing_provenance", "run", "property") == [("a1", "reg:torchVersion")]


def test_results(answers) -> None:
    # a2 changed its recipe and does not count; the mean of 50 and 52 is 51.
    assert answers("results", "recipe", "state", "n", "mean", "lowest", "highest", benchmark="toy_knn") == [
        ("recipe:alpha-toy", "reg:Trained", 2, 51.0, 50.0, 52.0),
        ("recipe:alpha-toy", "reg:Untrained", 2, 20.0, 20.0, 20.0),
    ]


def test_runs_by_device(answers) -> None:
    assert answers("runs_by_device", "device", "runs", "imagesPerSecond") == [("Abacus", 4, 100.0)]


def test_parents_in_dispute(answers) -> None:
    assert answers("parents_in_dispute", "term", "ours", "theirs", "source") == [
        ("term:contrast", "term:learning", "term:craft", "a page")
    ]


def test_term(answers) -> None:
    found = answers("term", "subject", "property", "value", term="contrast")
    assert ("term:contrast", "skos:notation", "AI-0001") in found
    assert ("method:gamma", "skos:broader", "term:contrast") in found
    assert {row[0] for row in found} == {"term:contrast", "method:alpha", "method:beta", "method:gamma"}


def test_slugs(answers) -> None:
    found = {row[0] for row in answers("slugs", "subject")}
    assert {"method:gamma", "claim:beta-near", "term:craft", "recipe:beta-toy", "a0"} <= found


def test_dangling(answers, tiny_home: Path) -> None:
    assert answers("dangling", "subject") == []
    (tiny_home / "ontology" / "terms" / "craft.ttl").unlink()
    (tiny_home / "ontology" / "datasets" / "far.ttl").unlink()
    found = Registry.open(tiny_home).ask("dangling").rows
    assert [tuple(curie(str(cell)) for cell in row) for row in found] == [
        ("benchmark:far_knn", "reg:dataset", "dataset:far")
    ]


def test_undefined_properties(answers, tiny_home: Path) -> None:
    assert answers("undefined_properties", "property") == []
    file = tiny_home / "ontology" / "terms" / "craft.ttl"
    file.write_text(
        file.read_text().replace("skos:definition", "<https://w3id.org/contrastive-registry/vocabulary#x>")
    )
    assert [curie(str(row[0])) for row in Registry.open(tiny_home).ask("undefined_properties").rows] == ["reg:x"]


def test_every_question_is_tested_has_a_help_line_and_runs(registry: Registry) -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    for name in query_names():
        assert name in tested, f"no test for the question {name}"
        assert read_query(name).startswith("# "), f"{name} has no help line"
    assert set(registry.ask("methods").columns) >= {"method", "label"}


def test_an_unknown_question_gets_the_nearest_guess(tiny: Registry) -> None:
    with pytest.raises(UnknownName, match="no question 'linage'; did you mean 'lineage'"):
        tiny.ask("linage")


def test_parameters_are_asked_for_and_checked(tiny: Registry) -> None:
    with pytest.raises(RegistryError, match="needs --param method=<method>"):
        tiny.ask("lineage")
    with pytest.raises(UnknownName, match="did you mean 'beta'"):
        tiny.ask("lineage", method="bta")
    with pytest.raises(RegistryError, match="takes no parameter 'colour'; it takes method"):
        tiny.ask("lineage", method="beta", colour="red")
    with pytest.raises(RegistryError, match="'cold' is not a number"):
        tiny.ask("recipes_below_temperature", bound="cold")
    with pytest.raises(RegistryError, match="only named questions take parameters"):
        tiny.ask("SELECT * { ?s ?p ?o }", method="beta")
