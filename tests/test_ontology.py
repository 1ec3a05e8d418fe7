"""The ontology of this checkout: its facts, and that every recipe fits its code."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass

import pytest

from reference_impl.assembly import resolve
from registry import Registry
from registry.namespaces import iri, slug
from registry.runner import keywords_of
from registry.signatures import CONSUMERS, keywords, match
from tests.conftest import ROOT

POINTERS = (
    *CONSUMERS,
    "reference_impl.moco:MoCo",
    "reference_impl.moco_dual_view:MoCoDualView",
    "reference_impl.xmoco:XMoCo",
    "reference_impl.supcon:SupCon",
    "reference_impl.simclr:SimCLR",
    "reference_impl.byol:BYOL",
    "reference_impl.moco_v3:MoCoV3",
    "reference_impl.mae:MAE",
    "reference_impl.optimisers:sgd",
    "reference_impl.optimisers:lars",
    "reference_impl.optimisers:adamw",
    "reference_impl.evaluation:knn",
    "reference_impl.evaluation:linear_probe",
    "reference_impl.fine_tuning:fine_tune",
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
    assert keywords("reference_impl.training:Training")["schedule"].choices == ("cosine", "cosine_by_step", "step")


def test_every_recipe_fits_its_class_with_nothing_missing_or_left_over(registry: Registry) -> None:
    assert registry.all_recipes
    for recipe in registry.all_recipes:
        assert match(recipe.settings, keywords_of(registry.method(recipe.method), recipe.settings)) == [], recipe.name


def test_every_runnable_benchmark_fits_its_protocol(registry: Registry) -> None:
    runnable = [benchmark for benchmark in registry.benchmarks() if benchmark.runnable]
    assert {benchmark.name for benchmark in runnable} == {
        "shapes_knn",
        "cifar10_mini_knn",
        "cifar10_mini_linear",
        "cifar10_mini_finetune",
        "shapes_finetune",
        "cifar10_knn",
        "cifar10_linear",
        "imagenet1k_linear",
    }
    for benchmark in runnable:
        assert match(benchmark.settings, {"protocol": keywords(benchmark.implementation)}) == []
        assert callable(resolve(benchmark.dataset.loader))


def test_every_implemented_method_has_a_recipe_that_can_be_run(registry: Registry) -> None:
    runnable = {benchmark.name for benchmark in registry.benchmarks() if benchmark.runnable}
    implemented = [method.name for method in registry.methods() if method.implementation]
    assert {"moco_v1", "moco_v2"} <= set(implemented)
    for name in implemented:
        assert runnable & {benchmark for recipe in registry.recipes(name) for benchmark in recipe.benchmarks}, name


def test_synthetic_data_are_labelled_wherever_a_benchmark_is_titled(registry: Registry) -> None:
    titles = {benchmark.name: benchmark.title for benchmark in registry.benchmarks()}
    assert titles["shapes_knn"].endswith("(synthetic data)")
    assert "synthetic" not in titles["cifar10_knn"]


@pytest.mark.parametrize(
    ("term", "notation", "parents"),
    [
        (
            "contrastive_learning",
            "AI-0283",
            {"machine_learning", "representation_learning", "self_supervised_learning", "training_method"},
        ),
        ("momentum_contrast", "AI-0284", {"training_method", "model_architecture", "content_and_assets"}),
    ],
)
def test_the_two_source_terms_have_their_notation_and_every_parent_that_a_source_gives(
    registry: Registry, term: str, notation: str, parents: set[str]
) -> None:
    assert registry.graph.value(iri("term", term), iri("skos", "notation")) == notation
    asserted = registry.ask(
        f"SELECT DISTINCT ?parent {{ term:{term} reg:assertion ?assertion . ?assertion rdfs:subClassOf ?parent }}"
    ).rows
    assert {parent for (parent,) in asserted} == {iri("term", parent) for parent in parents}


def test_a_method_whose_paper_could_not_be_read_says_so(registry: Registry) -> None:
    readings = registry.ask(
        "SELECT DISTINCT ?method { ?method reg:evidenceLevel reg:Secondary ; reg:openQuestion ?question }"
    ).rows
    assert {name for (name,) in readings} == {iri("method", name) for name in ("moco_dual_view", "xmoco")}


def test_every_component_that_a_method_uses_is_a_term_with_a_definition_and_a_source(registry: Registry) -> None:
    lacking = registry.ask(
        "SELECT ?part { ?method reg:usesComponent ?part . FILTER NOT EXISTS "
        "{ ?part a reg:Component ; skos:definition ?words ; dcterms:source ?source } }"
    ).rows
    assert lacking == []


@pytest.mark.parametrize(
    ("method", "has", "lacks"),
    [
        ("simclr", {"nt_xent", "mlp_head", "large_batch"}, {"momentum_encoder", "key_queue", "predictor"}),
        ("moco_v1", {"momentum_encoder", "key_queue", "linear_head"}, {"mlp_head", "gaussian_blur", "predictor"}),
        ("moco_v2", {"momentum_encoder", "key_queue", "mlp_head", "gaussian_blur"}, {"predictor", "large_batch"}),
        ("moco_v3", {"momentum_encoder", "predictor", "large_batch"}, {"key_queue", "memory_bank"}),
        ("byol", {"momentum_encoder", "predictor", "stop_gradient"}, {"infonce", "key_queue", "temperature"}),
        ("simsiam", {"predictor", "stop_gradient"}, {"momentum_encoder", "infonce"}),
        ("barlow_twins", {"projection_head"}, {"momentum_encoder", "stop_gradient", "predictor"}),
        ("nnclr", {"key_queue", "predictor", "infonce"}, {"momentum_encoder"}),
        ("instance_discrimination", {"memory_bank", "temperature"}, {"momentum_encoder", "key_queue"}),
        ("dino", {"momentum_encoder", "multi_crop"}, {"predictor", "infonce"}),
        ("simmoco", {"momentum_encoder"}, {"key_queue"}),
        ("simco", {"temperature"}, {"momentum_encoder", "key_queue"}),
    ],
)
def test_a_method_has_the_parts_of_its_paper_and_no_others(
    registry: Registry, method: str, has: set[str], lacks: set[str]
) -> None:
    rows = registry.ask(f"SELECT ?part {{ <{iri('method', method)}> reg:usesComponent ?part }}").rows
    parts = {slug(str(part)) for (part,) in rows}
    assert (has - parts, lacks & parts) == (set(), set())


def test_no_term_is_its_own_ancestor_and_every_broader_term_exists(registry: Registry) -> None:
    assert registry.ask("SELECT ?term { ?term skos:broader+ ?term }").rows == []
    assert (
        registry.ask("SELECT ?term { ?m skos:broader ?term FILTER NOT EXISTS { ?term a skos:Concept } }").rows == []
    )


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
        "second_blur_probability",
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


# The source documents, where they are at hand

SHARED = ROOT.parent / "shared"


def documents(*folders: str) -> str:
    files = [file for folder in folders for file in sorted((SHARED / folder).glob("*")) if file.is_file()]
    if not files:
        pytest.skip("the source documents are not at hand")
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def test_every_identifier_and_address_that_the_documents_cite_is_that_of_a_paper(registry: Registry) -> None:
    text = documents("seeds")
    cited = {found.rstrip(".") for found in re.findall(r"DOI: (\S+)", text)}
    cited |= set(re.findall(r"arXiv:(\d{4}[.]\d{5})", text))
    assert {"10.1109/CVPR42600.2020.00975", "2501.16360"} <= cited
    for identifier in cited:
        assert registry.describe(identifier).kind == "paper", identifier
    known = {str(url) for (url,) in registry.ask("SELECT ?url { ?paper fabio:hasURL ?url }").rows}
    known = {re.sub(r"^https?://(www[.])?", "", url).rstrip("/") for url in known}
    addresses = {re.sub(r"^https?://(www[.])?", "", a) for a in re.findall(r"Available at: ([^\s\[]+)", text)}
    assert {address.rstrip("/") for address in addresses} - known == set()
    assert len(addresses) >= 9


def test_what_sources_say_of_parents_is_kept_word_for_word(registry: Registry) -> None:
    text = documents("seeds", "pages")
    stated = registry.ask("SELECT DISTINCT ?text { ?assertion a reg:ParentAssertion ; reg:statedText ?text }").rows
    assert {words for (words,) in stated if str(words) not in text} == {"Content and Assets"}, "read second-hand"


# Committed results


def test_committed_runs_are_complete_and_from_a_clean_tree(registry: Registry) -> None:
    for run in registry.all_runs:
        if registry.graph.files_of(iri("run", run.name))[0].startswith("results/"):
            reason = registry.why_not_ranked(run) if run.status == "succeeded" else None
            assert reason in (None, "the recipe has changed since"), run.name
            assert registry.graph.value(iri("run", run.name), iri("reg", "sourceModified")) is False
