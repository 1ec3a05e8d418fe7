"""The ontology of this checkout: its facts, and that every recipe fits its code."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass
from decimal import Decimal

import pytest

from reference_impl.experiment import resolve
from registry import Registry
from registry.namespaces import iri
from registry.records import Claim
from registry.runner import consumers
from registry.signatures import CONSUMERS, keywords, match
from tests.conftest import ROOT

POINTERS = (
    *CONSUMERS,
    "reference_impl.moco:MoCo",
    "reference_impl.evaluation:knn",
    "reference_impl.evaluation:linear_probe",
)


@pytest.mark.parametrize("pointer", POINTERS)
def test_keywords_read_from_source_are_those_of_the_code(pointer: str) -> None:
    target = resolve(pointer)
    if is_dataclass(target):
        expected = {field.name for field in fields(target)}
    else:
        parameters = inspect.signature(target).parameters.values()
        expected = {p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}
        assert all(p.default is inspect.Parameter.empty for p in parameters), "a fact has a default in the code"
    assert set(keywords(pointer)) == expected


def test_choices_are_found_through_imports() -> None:
    assert keywords("reference_impl.moco:MoCo")["head"].choices == ("linear", "mlp")
    assert keywords("reference_impl.training:Training")["schedule"].choices == ("cosine", "step")


def test_every_recipe_fits_its_class_with_nothing_missing_or_left_over(registry: Registry) -> None:
    assert registry.all_recipes
    for recipe in registry.all_recipes:
        assert match(recipe.settings, consumers(registry.method(recipe.method))) == [], recipe.name


def test_every_runnable_benchmark_fits_its_protocol(registry: Registry) -> None:
    runnable = [benchmark for benchmark in registry.benchmarks() if benchmark.runnable]
    assert {benchmark.name for benchmark in runnable} == {
        "shapes_knn",
        "cifar10_mini_knn",
        "cifar10_mini_linear",
        "cifar10_knn",
        "cifar10_linear",
        "imagenet1k_linear",
    }
    for benchmark in runnable:
        assert match(benchmark.settings, {"protocol": keywords(benchmark.implementation)}) == []
        assert callable(resolve(benchmark.dataset.loader))


def test_every_method_has_a_recipe_for_the_embedded_benchmark(registry: Registry) -> None:
    for method in registry.methods():
        assert registry.recipe(method.name, "shapes_knn").settings


def test_synthetic_data_are_labelled_wherever_a_benchmark_is_titled(registry: Registry) -> None:
    titles = {benchmark.name: benchmark.title for benchmark in registry.benchmarks()}
    assert titles["shapes_knn"].endswith("(synthetic data)")
    assert "synthetic" not in titles["cifar10_knn"]


@pytest.mark.parametrize(
    ("term", "notation"), [("contrastive_learning", "AI-0283"), ("momentum_contrast", "AI-0284")]
)
def test_the_two_source_terms_have_their_notation_and_the_pages_parent(
    registry: Registry, term: str, notation: str
) -> None:
    assert registry.graph.value(iri("term", term), iri("skos", "notation")) == notation
    asserted = registry.ask(
        f"SELECT ?parent {{ term:{term} reg:assertion ?assertion . ?assertion rdfs:subClassOf ?parent }}"
    ).rows
    assert asserted == [(iri("term", {"AI-0283": "machine_learning", "AI-0284": "training_method"}[notation]),)]


def settings_of(registry: Registry, method: str, benchmark: str, variant: str | None = None) -> dict[str, object]:
    return registry.recipe(method, benchmark, variant).settings


def test_imagenet_recipes_are_those_of_the_papers(registry: Registry) -> None:
    first, second = (settings_of(registry, name, "imagenet1k_linear") for name in ("moco_v1", "moco_v2"))
    common = {
        "encoder": "resnet50",
        "dim": 128,
        "queue_size": 65536,
        "momentum": 0.999,
        "epochs": 200,
        "batch_size": 256,
        "learning_rate": 0.03,
        "sgd_momentum": 0.9,
        "weight_decay": 0.0001,
        "crop_scale_min": 0.2,
        "grayscale_probability": 0.2,
    }
    assert common.items() <= first.items()
    assert common.items() <= second.items()
    assert {name for name in first if first[name] != second[name]} == {
        "head",
        "temperature",
        "schedule",
        "milestones",
        "jitter_probability",
        "jitter_hue",
        "blur_probability",
    }
    assert (first["temperature"], second["temperature"]) == (0.07, 0.2)


def test_cifar10_recipe_is_that_of_the_authors_notebook(registry: Registry) -> None:
    notebook = {
        "encoder": "resnet18_cifar",
        "batch_size": 512,
        "bn_splits": 8,
        "schedule": "cosine",
        "epochs": 200,
        "learning_rate": 0.06,
        "dim": 128,
        "queue_size": 4096,
        "momentum": 0.99,
        "temperature": 0.1,
        "symmetric": False,
        "weight_decay": 0.0005,
        "head": "linear",
        "blur_probability": 0.0,
        "crop_scale_min": 0.08,
    }
    plain = settings_of(registry, "moco_v2", "cifar10_knn")
    assert notebook.items() <= plain.items()
    assert settings_of(registry, "moco_v2", "cifar10_knn", "symmetric") == plain | {"symmetric": True}
    protocol = registry.benchmark("cifar10_knn").settings
    assert protocol == {"neighbours": 200, "temperature": 0.1, "features": "embedding"}


# Claims


def claim(registry: Registry, name: str) -> Claim:
    return next(claim for claim in registry.all_claims if claim.name == name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("moco_v1-imagenet1k_linear-200ep-zoo", 60.6),
        ("moco_v1-imagenet1k_linear-200ep-5trials", 60.8),
        ("moco_v2-imagenet1k_linear-200ep-5trials", 67.5),
        ("moco_v2-imagenet1k_linear-200ep-zoo", 67.7),
        ("moco_v2-imagenet1k_linear-800ep-zoo", 71.1),
        ("moco_v2-cifar10_knn-200ep-asymmetric", 82.6),
        ("moco_v2-cifar10_knn-400ep-asymmetric", 86.3),
        ("moco_v2-cifar10_knn-800ep-asymmetric", 88.7),
        ("moco_v2-cifar10_knn-200ep-symmetric", 85.3),
        ("moco_v2-cifar10_knn-400ep-symmetric", 88.5),
        ("moco_v2-cifar10_knn-800ep-symmetric", 89.7),
        ("moco_v2-cifar10_linear-800ep-symmetric", 90.7),
        ("moco_v1-voc07_detection_ap50-200ep", 81.5),
        ("moco_v1-voc07_detection_ap-200ep", 55.9),
        ("moco_v1-voc07_detection_ap75-200ep", 62.6),
        ("moco_v2-cifar10_linear_online-1000ep-solo_learn", 92.94),
    ],
)
def test_a_claim_has_the_value_that_its_source_prints(registry: Registry, name: str, value: float) -> None:
    found = claim(registry, name)
    assert found.value == pytest.approx(value)
    assert str(Decimal(str(value))) in found.stated


def test_the_five_trials_are_kept_as_raw_values(registry: Registry) -> None:
    found = claim(registry, "moco_v2-imagenet1k_linear-200ep-5trials")
    assert found.raw_values == (67.7, 67.6, 67.4, 67.6, 67.3)
    assert found.statistic == "MeanOfRuns"


def test_a_fraction_is_the_same_number_in_percent(registry: Registry) -> None:
    found = claim(registry, "moco_v2-cifar10_knn-200ep-b512-lightly")
    assert found.stated.startswith("0.847")
    assert (found.value, found.decimals) == (pytest.approx(84.7), 1)


def test_online_probes_are_a_benchmark_of_their_own(registry: Registry) -> None:
    found = claim(registry, "moco_v2-cifar10_linear_online-1000ep-solo_learn")
    assert found.benchmark == "cifar10_linear_online"
    assert found.caveats


def test_the_notebooks_claim_is_comparable_with_our_recipe_and_longer_ones_are_not(registry: Registry) -> None:
    from registry.verdicts import conflicts

    recipe, benchmark = registry.recipe("moco_v2", "cifar10_knn"), registry.benchmark("cifar10_knn")

    def differing(name: str) -> list[str]:
        return conflicts(claim(registry, name), recipe.settings, benchmark.settings)

    assert differing("moco_v2-cifar10_knn-200ep-asymmetric") == []
    assert differing("moco_v2-cifar10_knn-800ep-asymmetric") == ["epochs: the claim says 800, ours is 200"]
    assert len(differing("moco_v2-cifar10_knn-200ep-symmetric")) == 1


def test_every_claim_conforms_to_a_source_with_a_place(registry: Registry) -> None:
    assert len(registry.all_claims) == len(list((ROOT / "ontology" / "claims").glob("*.ttl")))
    for found in registry.all_claims:
        assert found.locator
        assert found.stated
        assert found.evidence == "Primary"


# Committed results


def test_committed_runs_are_complete_and_from_a_clean_tree(registry: Registry) -> None:
    for run in registry.all_runs:
        if registry.graph.files_of(iri("run", run.name))[0].startswith("results/"):
            assert registry.why_not_ranked(run) is None or run.status != "succeeded", run.name
            assert registry.graph.value(iri("run", run.name), iri("reg", "sourceModified")) is False
