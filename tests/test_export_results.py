"""Results in the formats of others: the hand-worked numbers, their provenance, no claim among them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from huggingface_hub import EvalResult, ModelCard

from registry import Registry
from registry.errors import RegistryError
from registry.namespaces import iri
from tests.conftest import FileRun


@pytest.fixture
def measured(tiny_home: Path, file_run: FileRun) -> Registry:
    """50, 51 and 52 %: mean 51, sd 1, and 4.302653 / sqrt(3) on either side."""
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(600, method="beta")
    file_run(None, method="beta", status="Failed", seed=9)
    return Registry.open(tiny_home)


# model-index


def card(text: str) -> tuple[str, list[EvalResult]]:
    data = ModelCard(text + "\n# A model\n", ignore_metadata_errors=False).data
    assert data.eval_results is not None
    return data.model_name, data.eval_results


def test_a_model_card_gives_the_mean_over_seeds_and_says_so(measured: Registry) -> None:
    name, (result,) = card(measured.export("model-index", "alpha"))
    assert (name, result.metric_value, result.metric_type) == ("Alpha", 51.0, "top1_accuracy")
    assert result.metric_name == "Accuracy in percent, Toy, kNN: mean of 3 seeds, sd 1.00 (ddof 1)"
    assert (result.task_type, result.dataset_type, result.dataset_split) == ("colours", "toy", "test")
    assert result.dataset_config == "toy_knn, version 1"
    assert result.metric_args["seeds"] == [0, 1, 2]
    assert result.metric_args["interval"] == [48.515862, 53.484138]
    assert (result.source_name, result.source_url) == (
        "Contrastive Registry: runs of its own",
        iri("benchmark", "toy_knn"),
    )


def test_a_model_card_points_at_the_runs_and_labels_synthetic_data(measured: Registry) -> None:
    _, (result,) = card(measured.export("model-index", "alpha"))
    assert result.dataset_name == "Toy (synthetic data)"
    counted = [iri("run", run.name) for run in measured.runs("alpha")]
    assert sorted(result.metric_args["runs"]) == sorted(counted)


def test_a_single_run_is_called_one(measured: Registry) -> None:
    _, (result,) = card(measured.export("model-index", "beta"))
    assert (result.metric_value, result.metric_name.endswith("single run, seed 0")) == (60.0, True)
    assert "standard_deviation" not in result.metric_args


def test_neither_claims_nor_untrained_encoders_are_results_of_a_card(registry: Registry) -> None:
    for text in registry.export_files("model-index").values():
        _, results = card(text.decode())
        values = {result.metric_value for result in results}
        means = {
            round(standing.result.mean, 6)
            for name in {run.benchmark for run in registry.all_runs}
            for standing in registry.leaderboard(name).standings
        }
        assert values <= means


def test_a_method_without_results_has_no_card(measured: Registry) -> None:
    with pytest.raises(RegistryError, match="gamma has no results that count; see: registry runs gamma"):
        measured.export("model-index", "gamma")
    assert sorted(measured.export_files("model-index")) == ["alpha.md", "beta.md"]


def test_a_label_cannot_break_out_of_the_card(tiny_home: Path, file_run: FileRun) -> None:
    file = tiny_home / "ontology" / "methods" / "alpha.ttl"
    file.write_text(file.read_text().replace('"Alpha"@en', '"a: \\"b\\" # é 😀 \\n---\\u0007"@en'))
    file_run(500)
    name, _ = card(Registry.open(tiny_home).export("model-index", "alpha"))
    assert name == 'a: "b" # é 😀 �---�'


# Every Eval Ever 0.3.0: what its schema requires, and the words it allows

REQUIRED = {
    "": "schema_version evaluation_id retrieved_timestamp source_metadata eval_library model_info evaluation_results",
    "source_metadata": "source_type source_organization_name evaluator_relationship",
    "eval_library": "name version",
    "model_info": "name id additional_details",
    "model_info/additional_details": "deployment_type model_availability",
    "evaluation_results/0": "evaluation_name source_data metric_config score_details",
    "evaluation_results/0/source_data": "dataset_name source_type",
    "evaluation_results/0/metric_config": "lower_is_better",
    "evaluation_results/0/score_details": "score",
}
ALLOWED = {
    "schema_version": {"0.3.0"},
    "source_metadata/source_type": {"documentation", "evaluation_run"},
    "source_metadata/evaluator_relationship": {"first_party", "third_party", "collaborative", "other"},
    "model_info/additional_details/deployment_type": {"self_deployed", "externally_managed", "unknown"},
    "model_info/additional_details/model_availability": {"open_weights", "closed_weights", "unknown"},
    "evaluation_results/0/source_data/source_type": {"url", "hf_dataset", "other"},
}
TOP_LEVEL = {*REQUIRED[""].split(), "evaluation_timestamp", "detailed_evaluation_results"}


def at(record: object, path: str) -> object:
    for part in path.split("/") if path else []:
        record = record[int(part)] if isinstance(record, list) else record[part]  # type: ignore[index]
    return record


def problems(record: dict[str, object]) -> list[str]:
    """What the schema would object to."""
    found = [
        f"{path}: no {name}"
        for path, names in REQUIRED.items()
        for name in names.split()
        if name not in at(record, path)
    ]  # type: ignore[operator]
    found += [f"{path}: {at(record, path)}" for path, words in ALLOWED.items() if at(record, path) not in words]
    found += [f"unknown: {name}" for name in record.keys() - TOP_LEVEL]
    found += [f"{path}: {value!r} is no text" for path, value in details(record, "") if not isinstance(value, str)]
    metric, data = (at(record, f"evaluation_results/0/{part}") for part in ("metric_config", "source_data"))
    assert isinstance(metric, dict) and isinstance(data, dict)
    # Of its three score types this registry has one, which needs bounds.
    if (metric.get("score_type") == "continuous") != ({"min_score", "max_score"} <= metric.keys()):
        found.append("metric_config: score_type and bounds disagree")
    if (data["source_type"] == "url") != bool(data.get("url")):
        found.append("source_data: url and source_type disagree")
    return found


def details(node: object, path: str) -> list[tuple[str, object]]:
    """Everything under a key whose values must be texts."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = []
    for key, child in children:
        if key in ("additional_details", "details") and isinstance(child, dict):
            found += [(f"{path}/{key}/{name}", value) for name, value in child.items()]
        found += details(child, f"{path}/{key}")
    return found


def test_every_record_has_what_every_eval_ever_requires(registry: Registry) -> None:
    records = {name: json.loads(text) for name, text in registry.export_files("eee").items()}
    assert {name: found for name, record in records.items() if (found := problems(record))} == {}
    assert len({record["evaluation_id"] for record in records.values()}) == len(records)


def test_the_checker_sees_what_is_wrong(measured: Registry) -> None:
    record = json.loads(next(iter(measured.export_files("eee", "alpha").values())))
    del record["eval_library"]["version"]
    record["source_metadata"]["source_type"] = "hearsay"
    record["model_info"]["additional_details"]["gpus"] = 8
    assert [problem.partition(":")[0] for problem in problems(record)] == [
        "eval_library",
        "source_metadata/source_type",
        "/model_info/additional_details/gpus",
    ]


def test_a_measured_record_carries_mean_uncertainty_and_runs(measured: Registry) -> None:
    record = json.loads(measured.export_files("eee", "alpha")["results-toy_knn-alpha-toy.json"])
    (result,) = record["evaluation_results"]
    assert record["source_metadata"]["source_type"] == "evaluation_run"
    assert record["source_metadata"]["evaluator_relationship"] == "third_party"
    assert result["score_details"]["score"] == 51.0
    assert result["score_details"]["uncertainty"] == {
        "num_samples": 3,
        "standard_deviation": 1.0,
        "confidence_interval": {
            "lower": 48.515862,
            "upper": 53.484138,
            "confidence_level": 0.95,
            "method": "Student's t over training seeds",
        },
    }
    assert set(result["score_details"]["details"]["runs"].split()) == {
        iri("run", run.name) for run in measured.runs("alpha")
    }
    assert (result["metric_config"]["metric_unit"], result["metric_config"]["lower_is_better"]) == ("percent", False)
    assert result["source_data"]["dataset_name"] == "Toy (synthetic data)"


def test_a_record_is_dated_by_its_newest_run(measured: Registry) -> None:
    record = json.loads(measured.export_files("eee", "alpha")["results-toy_knn-alpha-toy.json"])
    # The third run began at 2026-01-01T12:00:03Z and took 12 s.
    assert record["retrieved_timestamp"] == str(1767225600 + 12 * 3600 + 15)


def test_a_claim_is_documentation_with_its_words_and_place(measured: Registry) -> None:
    files = measured.export_files("eee", "alpha")
    assert {f"claim-{claim.name}.json" for claim in measured.all_claims if claim.method == "alpha"} <= files.keys()
    fraction, spread = (json.loads(files[f"claim-alpha-{name}.json"]) for name in ("fraction", "spread"))
    assert fraction["source_metadata"]["source_type"] == "documentation"
    assert fraction["source_metadata"]["evaluator_relationship"] == "first_party"
    score = fraction["evaluation_results"][0]["score_details"]
    assert (score["score"], score["details"]["stated_text"], score["details"]["locator"]) == (50.0, ".500", "page 1")
    uncertainty = spread["evaluation_results"][0]["score_details"]["uncertainty"]
    assert uncertainty == {"num_samples": 3, "standard_deviation": 1.0}


def test_one_run_is_a_record_of_its_own(measured: Registry) -> None:
    run = next(run for run in measured.runs("alpha") if run.seed == 1)
    (record,) = map(json.loads, measured.export_files("eee", run.name).values())
    assert problems(record) == []
    score = record["evaluation_results"][0]["score_details"]
    assert (score["score"], score["details"]["statistic"]) == (51.0, "single run")


def test_a_run_that_does_not_count_makes_no_record(measured: Registry) -> None:
    failed = next(run for run in measured.all_runs if run.status == "failed")
    with pytest.raises(RegistryError, match="has no result that counts: failed: it broke"):
        measured.export_files("eee", failed.name)


@pytest.mark.parametrize("change", ["Recalled", "PercentagePoint", "MIN"])
def test_a_claim_that_cannot_be_compared_as_a_score_stays_out(tiny_home: Path, change: str) -> None:
    file = tiny_home / "ontology" / "claims" / "alpha-near.ttl"
    old, new = {
        "Recalled": ("reg:Primary", "reg:Recalled"),
        "PercentagePoint": ("unit:PERCENT", "reg:PercentagePoint ; reg:comparedWith method:beta"),
        "MIN": ("unit:PERCENT", "unit:MIN"),
    }[change]
    file.write_text(file.read_text().replace(old, new))
    assert "claim-alpha-near.json" not in Registry.open(tiny_home).export_files("eee", "alpha")


def test_bounds_and_direction_are_the_metrics_own(registry: Registry) -> None:
    record = json.loads(registry.export_files("eee", "moco_v2")["results-shapes_knn-moco_v2-shapes.json"])
    metric = record["evaluation_results"][0]["metric_config"]
    assert (metric["score_type"], metric["min_score"], metric["max_score"]) == ("continuous", 0, 100)
