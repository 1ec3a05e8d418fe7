"""`registry show` answers for every subject, by any of its names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry, index
from registry.cli import cli
from registry.errors import AmbiguousName, UnknownName
from registry.namespaces import KINDS
from tests.conftest import ROOT


def page(*name: str, home: Path = ROOT) -> str:
    result = CliRunner().invoke(cli, ["--home", str(home), "show", *name])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("contrastive learning", "term:contrastive_learning"),
        ("ContrastiveLearning", "term:contrastive_learning"),
        ("Momentum Contrast", "term:momentum_contrast"),
        ("MoCo", "term:momentum_contrast"),
        ("self-supervised learning", "term:self_supervised_learning"),
        ("self-supervised", "term:self_supervised_learning"),
        ("supervised learning", "term:supervised_learning"),
        ("generative family", "term:generative_learning"),
        ("contrastive family", "term:contrastive_learning"),
        ("InfoNCE", "term:infonce"),
        ("NT-Xent", "term:nt_xent"),
        ("triplet", "term:triplet_loss"),
        ("N-pair", "term:n_pair_loss"),
        ("margin contrastive", "term:margin_contrastive_loss"),
        ("supervised contrastive", "term:supervised_contrastive_loss"),
        ("MoCo v1", "method:moco_v1"),
        ("MoCo v2", "method:moco_v2"),
        ("MoCo v3", "method:moco_v3"),
        ("Dual-view (Hoang 2025)", "method:moco_dual_view"),
        ("XMoCo", "method:xmoco"),
        ("SimCLR", "method:simclr"),
        ("BYOL", "method:byol"),
        ("SupCon", "method:supcon"),
        ("SimCSE", "method:simcse"),
        ("ConSERT", "method:consert"),
        ("CLIP", "method:clip"),
        ("ALIGN", "method:align"),
        ("MAE", "method:mae"),
        ("BERT-MLM", "method:bert_mlm"),
        ("momentum encoder", "term:momentum_encoder"),
        ("queue", "term:key_queue"),
        ("projection head", "term:projection_head"),
        ("predictor", "term:predictor"),
        ("temperature", "term:temperature"),
        ("kNN", "protocol:knn"),
        ("linear probe", "protocol:linear_probe"),
        ("fine-tuning", "protocol:finetune"),
        ("zero-shot", "protocol:zero_shot"),
        ("STS", "protocol:sts"),
        ("document image classification", "task:document_image_classification"),
        ("text-line detection", "task:text_line_detection"),
        ("semantic textual similarity", "task:semantic_textual_similarity"),
        ("zero-shot classification", "task:zero_shot_classification"),
        ("AI-0283", "term:contrastive_learning"),
        ("AI-0284", "term:momentum_contrast"),
        ("1911.05722", "paper:he2019_moco"),
        ("10.1109/CVPR42600.2020.00975", "paper:he2019_moco"),
        ("imagenet1k", "dataset:imagenet1k"),
        ("cifar10_knn", "benchmark:cifar10_knn"),
        ("top1_accuracy", "metric:top1_accuracy"),
        ("lightly", "repository:lightly"),
        ("moco_v1-imagenet1k_linear-200ep-zoo", "claim:moco_v1-imagenet1k_linear-200ep-zoo"),
    ],
)
def test_a_name_means_its_subject(registry: Registry, name: str, subject: str) -> None:
    described = registry.describe(name)
    assert f"{described.kind}:{described.name}" == subject
    assert described.label in page(name)


def test_every_subject_of_every_kind_is_found_by_kind_and_slug(registry: Registry) -> None:
    for kind in KINDS:
        for name in registry.graph.names(kind):
            described = registry.describe(f"{kind}:{name}")
            assert (described.kind, described.name) == (kind, name)
            assert described.facts


def test_every_label_leads_to_a_subject_or_says_which_there_are(registry: Registry) -> None:
    labels = registry.ask("SELECT ?label { ?subject a skos:Concept ; skos:prefLabel|skos:altLabel ?label }").rows
    assert labels
    for (label,) in labels:
        registry.describe(str(label))


def test_case_blanks_and_hyphens_do_not_matter_and_quotes_are_not_needed() -> None:
    assert page("moco", "V3") == page("MoCo-v3") == page("moco_v3")


def test_a_method_without_code_says_none_yet() -> None:
    assert "implementation  none yet" in page("DINO")


def test_a_method_tells_its_lineage_paper_and_formula() -> None:
    shown = page("MoCo v3")
    assert "moco_v3 <- moco_v2 <- moco_v1" in shown
    assert "arXiv 2104.02057, DOI 10.1109/ICCV48922.2021.00950" in shown
    assert "L = ctr(q1, k2) + ctr(q2, k1)" in shown
    assert "reproduction" not in shown


@pytest.mark.parametrize("name", ["moco_dual_view", "xmoco"])
def test_a_reading_says_so_with_its_open_questions(name: str) -> None:
    shown = page(name)
    assert "a reading of its paper, not a reproduction; open:" in shown
    assert "Which MoCo is extended" in shown


def test_a_term_shows_every_sources_parent_and_how_it_stands_to_ours(registry: Registry) -> None:
    momentum, contrastive = registry.describe("AI-0284"), registry.describe("AI-0283")
    assert {(parent.parent, parent.agrees) for parent in momentum.parents} == {
        ("term:training_method", "not ours"),
        ("term:model_architecture", "not ours"),
        ("term:content_and_assets", "not ours"),
    }
    assert ("term:machine_learning", "above ours") in {(each.parent, each.agrees) for each in contrastive.parents}
    assert 'term:training_method (not ours): "is-subclass-of:: [[TrainingMethod]]"' in page("AI-0284")


def test_a_term_shows_its_neighbours_and_the_methods_below_it(tiny: Registry) -> None:
    facts = tiny.describe("Learning").facts
    assert facts["narrower"] == ("term:contrast",)
    assert facts["methods"] == ("method:alpha", "method:beta", "method:gamma")
    assert tiny.describe("infonce").facts["used by"] == ("method:alpha", "method:beta", "method:gamma")


def test_a_paper_shows_its_authors_in_order_and_what_it_introduced(registry: Registry) -> None:
    facts = registry.describe("he2019_moco").facts
    assert facts["authors"] == ("He, Kaiming; Fan, Haoqi; Wu, Yuxin; Xie, Saining; Girshick, Ross",)
    assert facts["introduces"] == ("method:moco_v1",)
    assert facts["DOI"] == ("10.1109/CVPR42600.2020.00975",)


def add_term(home: Path, slug: str, label: str) -> None:
    (home / "ontology" / "terms" / f"{slug}.ttl").write_text(
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        "@prefix term: <https://w3id.org/contrastive-registry/term/> .\n"
        f'term:{slug} a skos:Concept ; skos:prefLabel "{label}"@en ; skos:definition "Added."@en .\n'
    )


def test_a_method_wins_over_a_term_of_its_slug_and_the_term_stays_in_reach(tiny_home: Path) -> None:
    add_term(tiny_home, "alpha", "Alpha")
    registry = Registry.open(tiny_home)
    assert registry.describe("alpha").kind == "method"
    assert registry.describe("alpha").also == ("term:alpha",)
    assert registry.describe("term:alpha").kind == "term"
    assert "also of this name: term:alpha" in page("alpha", home=tiny_home)


def test_two_terms_of_one_name_are_listed_and_none_is_chosen(tiny_home: Path) -> None:
    add_term(tiny_home, "left", "Twin")
    add_term(tiny_home, "right", "twin")
    with pytest.raises(AmbiguousName, match=r"'TWIN' is the name of term:left, term:right; say which.*'term:left'"):
        Registry.open(tiny_home).describe("TWIN")
    result = CliRunner().invoke(cli, ["--home", str(tiny_home), "show", "twin"])
    assert (result.exit_code, result.output.count("Traceback")) == (1, 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("InfoNEC", "no subject 'InfoNEC'; did you mean 'InfoNCE'?"),
        ("Momentum Kontrast", "did you mean 'Momentum Contrast'?"),
        ("method:moco_v9", "no method 'moco_v9'; did you mean"),
        ("", "no subject ''"),
        ('"} DROP ALL #', "no subject"),
    ],
)
def test_an_unknown_name_gets_the_nearest_of_all_names(registry: Registry, name: str, message: str) -> None:
    with pytest.raises(UnknownName) as caught:
        registry.describe(name)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["AI-0284", "moco_v3", "he2019_moco", "cifar10_knn", "kNN"])
def test_json_is_the_same_description(registry: Registry, name: str) -> None:
    content = json.loads(page(name, "--json"))
    described = content.get("description", content)
    expected = registry.describe(name)
    assert described["name"] == expected.name
    assert described["facts"] == {word: list(values) for word, values in expected.facts.items()}


def test_a_control_character_of_the_graph_does_not_reach_the_terminal(tiny_home: Path) -> None:
    add_term(tiny_home, "sly", "Sly \\u001b[2J")
    assert "\x1b" not in page("sly", home=tiny_home)


@pytest.mark.parametrize(
    "name",
    ["MoCo", "moco_v3", "AI-0284", "2104.02057", "10.1109/ICCV48922.2021.00950", "momentum-contrast", "cifar10_knn"],
)
def test_the_index_of_words_leads_to_the_same_subject(name: str) -> None:
    registry = Registry.open(ROOT)
    expected = registry.describe(name)
    assert not registry.graph.summary.searchable
    registry.search("anything")
    assert registry.graph.summary.searchable
    assert registry.describe(name) == expected


def test_the_index_of_words_guesses_as_well() -> None:
    registry = Registry.open(ROOT)
    registry.search("anything")
    with pytest.raises(UnknownName, match="did you mean 'Momentum Contrast'"):
        registry.describe("Momentum Kontrast")


def test_names_lead_to_the_same_subjects_in_memory_and_on_an_index(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [
        "alpha",
        "Alpha",
        "AI-0001",
        "contrast",
        "InfoNCE loss",
        "toy_knn",
        "claim:alpha-near",
        "ada1843",
        "Notes",
    ]
    memory = [Registry.open(tiny_home).describe(name) for name in names]
    monkeypatch.setattr(index, "LARGE_FILES", 5)
    indexed = Registry.open(tiny_home)
    assert indexed.graph.version is not None
    assert [indexed.describe(name) for name in names] == memory
    with pytest.raises(UnknownName, match="no subject 'alpja'; did you mean 'alpha'"):
        indexed.describe("alpja")
