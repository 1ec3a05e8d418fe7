"""Claims on text, image-text pairs and documents: what their sources print, and whether it fits together."""

from __future__ import annotations

import csv
from collections import Counter
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest

from registry import Registry
from registry.comparability import RECALLED, differences
from registry.namespaces import iri, slug
from registry.records import Claim

STSB = Path(__file__).resolve().parents[2] / "shared" / "datasets" / "stsb"

SETS = ("sts12_sts", "sts13_sts", "sts14_sts", "sts15_sts", "sts16_sts", "stsb_sts", "sickr_sts")


@pytest.fixture(scope="module")
def claims(registry: Registry) -> dict[str, Claim]:
    return {claim.name: claim for claim in registry.all_claims}


@pytest.fixture(scope="module")
def sources(registry: Registry) -> Counter[tuple[str, str]]:
    """How many claims there are of each source, by evidence level."""
    rows = registry.graph.select(
        "SELECT ?source ?level { ?c prov:hadPrimarySource ?source ; reg:evidenceLevel ?level }"
    )
    return Counter((slug(str(row["source"])), slug(str(row["level"]))) for row in rows)


@pytest.mark.parametrize(
    ("name", "value", "stated"),
    [
        ("simcse-sts_average-bert_base-authors", 76.25, "76.25"),
        ("simcse-sts_average-roberta_large-authors", 78.90, "78.90"),
        ("simcse_supervised-sts_average-bert_base-authors", 81.57, "81.57"),
        ("simcse_supervised-sts_average-bert_base-script", 81.58, "81.58"),
        ("simcse_supervised-sts_average-roberta_large-authors", 83.76, "83.76"),
        ("simcse-stsb_sts-bert_base-paper", 76.85, "76.85"),
        ("simcse_supervised-stsb_sts-bert_base-script", 84.26, "84.26"),
        ("simcse-sts_average-bert_base-issue258", 74.84, "74.84"),
        ("consert-stsb_sts-bert_base-authors", 73.97, "73.97"),
        ("consert-sts_average-bert_large-authors", 76.45, "76.45"),
        ("consert_supervised-sts_average-joint_unsup-bert_large-authors", 80.75, "80.75"),
        ("sbert-sts_average-bert_base-consert", 74.19, "74.19"),
        ("bert_mlm-sts_average-bert_base-consert", 53.86, "53.86"),
        ("bert_mlm-squad1_test_f1-single-authors", 91.8, "91.8"),
        ("bert_mlm-squad1_dev_f1-bert_base-example", 88.41249612335034, "88.41249612335034"),
        ("bert_mlm-mrpc_finetune-bert_base-example", 84.5588, "0.845588"),
        ("clip-imagenet1k_zero_shot-vit_b_32-open_clip", 63.32, "0.6332"),
        ("clip-cifar100_zero_shot-rn50-open_clip", 40.30, "0.4030"),
        ("clip-cifar10_zero_shot-vit_l_14_336-open_clip", 94.93, "0.9493"),
        ("clip-imagenet1k_zero_shot-rn50-cc12m-open_clip", 35.91, "0.3591"),
        ("align-imagenet1k_zero_shot-paper", 76.4, "76.4"),
        ("supervised-laiye_text_lines_detection_f1-laiye", 81.1, "0.811"),
        ("moco_v1-laiye_text_lines_detection_f1-45w-laiye", 80.86, "0.8086"),
        ("moco_v1-laiye_text_lines_detection_recall-15w-laiye", 78.06, "0.7806"),
        ("dit-rvl_cdip_finetune-large-authors", 92.69, "92.69"),
        ("dit-funsd_detection_f1-large-synthetic-paper", 94.29, "0.9429"),
    ],
)
def test_a_claim_has_the_value_that_its_source_prints(
    claims: dict[str, Claim], name: str, value: float, stated: str
) -> None:
    assert (claims[name].value, claims[name].stated) == (pytest.approx(value, abs=1e-12), stated)


def test_the_values_of_seven_sets_average_to_the_stated_average(claims: dict[str, Claim]) -> None:
    checked = 0
    for name, average in claims.items():
        parts = [claims.get(name.replace("sts_average", part)) for part in SETS]
        if average.benchmark != "sts_average" or not all(parts):
            continue
        mean = sum(part.value for part in parts if part) / len(SETS)
        # Half a unit of the last digit for the average, and as much for the seven that are averaged.
        assert average.value == pytest.approx(mean, abs=0.01), name
        checked += 1
    assert checked == 14, "twelve rows of ConSERT's table, one row of SimCSE's paper, one output of its script"


def test_the_list_of_simcse_models_is_a_hundredth_below_its_own_script(claims: dict[str, Claim]) -> None:
    listed, printed = (claims[f"simcse_supervised-sts_average-bert_base-{who}"] for who in ("authors", "script"))
    assert printed.value - listed.value == pytest.approx(0.01)
    assert any("81.58" in caveat for caveat in listed.caveats)


@pytest.mark.parametrize(
    ("source", "level", "count"),
    [
        ("simcse", "Primary", 16),
        ("simcse_issues", "Primary", 5),
        ("gao2021_simcse", "Primary", 1),
        ("gao2021_simcse", "Secondary", 9),
        ("consert", "Primary", 96),
        ("open_clip_results", "Primary", 28),
        ("open_clip", "Primary", 1),
        ("radford2021_clip", "Secondary", 3),
        ("radford2021_clip", "Recalled", 1),
        ("jia2021_align", "Secondary", 1),
        ("jia2021_align", "Recalled", 5),
        ("bert", "Primary", 10),
        ("devlin2018_bert", "Secondary", 1),
        ("devlin2018_bert", "Recalled", 1),
        ("laiye_moco_series", "Primary", 11),
        ("dit", "Primary", 9),
        ("li2022_dit", "Primary", 2),
    ],
)
def test_every_number_of_a_source_is_one_claim(
    sources: Counter[tuple[str, str]], source: str, level: str, count: int
) -> None:
    assert sources[source, level] == count


def test_the_difference_that_laiye_states_is_that_of_its_two_values_in_points(claims: dict[str, Claim]) -> None:
    moco = claims["moco_v1-laiye_text_lines_detection_f1-45w-laiye"]
    labels = claims["supervised-laiye_text_lines_detection_f1-laiye"]
    stated = claims["moco_v1-laiye_text_lines_detection_f1-45w-difference-laiye"]
    assert stated.unit == "points"
    assert stated.value == pytest.approx(moco.value - labels.value)
    assert 100 * (moco.value / labels.value - 1) == pytest.approx(-0.30, abs=0.005), (
        "per cent would be another number"
    )


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("moco_v1-laiye_text_lines_detection_f1-45w-laiye", "80.86 %"),
        ("supervised-laiye_text_lines_detection_f1-laiye", "81.10 %"),
        ("simcse-sts_average-bert_base-paper", "76.3%"),
        ("dit-funsd_detection_f1-large-synthetic-paper", "94.29"),
        ("dit-publaynet_detection_ap-large-cascade-paper", "94.9"),
    ],
)
def test_a_number_in_table_and_prose_is_one_claim(registry: Registry, name: str, printed: str) -> None:
    query = f"SELECT ?text {{ <{iri('claim', name)}> reg:alsoStated/reg:statedText ?text }}"
    assert [row["text"] for row in registry.graph.select(query)] == [printed]


def test_every_laiye_claim_says_that_its_data_are_private(claims: dict[str, Claim]) -> None:
    found = [claim for name, claim in claims.items() if name.endswith("-laiye")]
    assert len(found) == 11
    assert all("Private data: nobody else can repeat this." in claim.caveats for claim in found)


def test_consert_on_its_own_test_texts_says_so(claims: dict[str, Claim]) -> None:
    found = [claim for claim in claims.values() if claim.method == "consert" and claim.source.startswith("yym6472")]
    assert len(found) == 16
    assert all(any(caveat.startswith("In-domain") for caveat in claim.caveats) for claim in found)


def test_only_the_first_consert_model_is_the_original_run(claims: dict[str, Claim]) -> None:
    trained = [c for c in claims.values() if c.method in ("consert", "consert_supervised", "sbert")]
    again = {c.label for c in trained if any(caveat.startswith("Trained again") for caveat in c.caveats)}
    original = {c.name for c in trained if any("original run" in caveat for caveat in c.caveats)}
    assert (len(again), len(original)) == (72, 8)
    assert all(name.startswith("consert-") and name.endswith("bert_base-authors") for name in original)


def at_its_best(registry: Registry, claim: Claim) -> tuple[str, ...]:
    """What would differ if runs of ours met every setting that the claim states."""
    benchmark = registry.benchmark(claim.benchmark)
    return differences(claim, benchmark, claim.conditions, benchmark)


def test_selection_on_development_data_keeps_a_claim_from_comparison(
    registry: Registry, claims: dict[str, Claim]
) -> None:
    differing = at_its_best(registry, claims["simcse-sts_average-bert_base-authors"])
    assert "selection rule: claimed the best checkpoint on the development set, ours the last epoch" in differing


def test_recalled_numbers_say_that_nobody_looked(registry: Registry, claims: dict[str, Claim]) -> None:
    recalled = [c for c in claims.values() if c.evidence == "Recalled" and c.method in ("align", "clip", "bert_mlm")]
    assert len(recalled) == 7
    assert {claim.locator for claim in recalled} == {"not looked up: recalled from memory"}
    assert all(RECALLED in at_its_best(registry, claim) for claim in recalled)


@pytest.mark.skipif(not STSB.is_dir(), reason="STS-B is not at hand")
def test_sizes_and_checksums_of_sts_b_are_those_of_its_files(registry: Registry) -> None:
    query = (
        f"SELECT ?name ?size ?sum {{ <{iri('dataset', 'stsb')}> reg:split ?s ."
        " ?s reg:splitName ?name ; reg:exampleCount ?size ; schema:sha256 ?sum }"
    )
    described = {str(row["name"]): (row["size"], row["sum"]) for row in registry.graph.select(query)}
    files = {name: (STSB / f"stsb-en-{name}.csv").read_bytes() for name in ("train", "dev", "test")}
    assert described == {
        name: (sum(1 for _ in csv.reader(StringIO(content.decode(), newline=""))), sha256(content).hexdigest())
        for name, content in files.items()
    }
