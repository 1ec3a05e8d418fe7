"""The claims of this checkout: what their sources print, and what may be compared with it."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

import pytest

from registry import Registry
from registry.comparability import RECALLED, differences
from registry.namespaces import iri, slug
from registry.records import Claim
from tests.conftest import ROOT


def claim(registry: Registry, name: str) -> Claim:
    return next(claim for claim in registry.all_claims if claim.name == name)


def numbers(text: str) -> set[Decimal]:
    return {Decimal(found) for found in re.findall(r"\d*\.\d+|\d+", text.replace(",", ""))}


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
        ("supervised-voc07_detection_ap50-moco", 81.3),
        ("supervised-voc07_detection_ap-moco", 53.5),
        ("supervised-voc07_detection_ap75-moco", 58.8),
        ("moco_v2-cifar10_linear_online-1000ep-solo_learn", 92.94),
        ("all4one-cifar10_linear_online-1000ep-solo_learn", 93.24),
        ("supcon-cifar10_linear_online_top5-1000ep-solo_learn", 99.65),
        ("moco_v3-cifar10_linear_online-1000ep-solo_learn", 93.1),
        ("byol-cifar100_linear_online-1000ep-solo_learn", 70.46),
        ("w_mse-cifar100_linear_online_top5-1000ep-solo_learn", 87.26),
        ("instance_discrimination-imagenet1k_linear-200ep-pycontrast", 59.5),
        ("pirl-imagenet1k_linear-200ep-pycontrast", 61.7),
        ("moco_v1-imagenet1k_linear-r50w4-hyper_ai", 68.6),
        ("moco_v2-imagenet1k_linear-200ep-mlp_t007-mzph", 62.9),
        ("moco_v2-imagenet1k_linear-k256-eqco", 67.0),
        ("moco_v2-imagenet1k_linear-200ep-8a40", 45),
        ("simco-cifar100_linear_online-b256-dual_temperature", 58.35),
        ("moco_v2-cifar100_linear_online-b1024-dual_temperature", 48.9),
        ("simclr-cifar10_linear-1000ep-resnet34-p3i0t", 92.85),
    ],
)
def test_a_claim_has_the_value_that_its_source_prints(registry: Registry, name: str, value: float) -> None:
    found = claim(registry, name)
    assert found.value == pytest.approx(value)
    assert Decimal(str(value)) in numbers(found.stated)


@pytest.mark.parametrize(
    ("cell", "accuracy", "minutes", "gigabytes"),
    [
        ("barlow_twins 200ep-b128", "0.842", "375.9 Min", "1.7 GByte"),
        ("fastsiam 800ep-b512", "0.902", "582.0 Min", "9.5 GByte"),
        ("moco_v2 200ep-b512", "0.847", "112.2 Min", "5.6 GByte"),
        ("nnclr 800ep-b512", "0.892", "335.0 Min", "5.0 GByte"),
        ("simsiam 200ep-b512", "0.764", "87.8 Min", "5.0 GByte"),
        ("smog 200ep-b128", "0.743", "192.2 Min", "1.2 GByte"),
    ],
)
def test_a_cell_of_lightlys_cifar_table_is_three_claims(
    registry: Registry, cell: str, accuracy: str, minutes: str, gigabytes: str
) -> None:
    method, setting = cell.split()
    benchmarks = {"knn": accuracy, "training_time": minutes, "training_memory": gigabytes}
    found = {kind: claim(registry, f"{method}-cifar10_{kind}-{setting}-lightly") for kind in benchmarks}
    assert {kind: one.stated for kind, one in found.items()} == benchmarks
    assert [one.unit for one in found.values()] == ["%", "min", "GB"]
    assert found["knn"].value == pytest.approx(100 * float(accuracy))
    assert found["training_time"].value == pytest.approx(float(minutes.split()[0]))
    assert found["knn"].selection == "BestEpochOnTest"


@pytest.mark.parametrize(
    ("benchmark", "source", "count"),
    [
        # 16 methods, two accuracies on two data sets.
        ("cifar10_linear_online", "solo-learn", 16),
        ("cifar10_linear_online_top5", "solo-learn", 16),
        ("cifar100_linear_online", "solo-learn", 16),
        ("cifar100_linear_online_top5", "solo-learn", 16),
        # 12 models, three settings, three columns.
        ("cifar10_knn", "lightly", 36),
        ("cifar10_training_time", "lightly", 36),
        ("cifar10_training_memory", "lightly", 36),
        # 3 methods, five batch sizes.
        ("cifar100_linear_online", "Dual-temperature", 15),
        # 6 cells of the table, 5 lines of the log, 1 difference.
        ("cifar10_knn", "MoCo Demo", 12),
    ],
)
def test_a_source_table_is_entered_whole(registry: Registry, benchmark: str, source: str, count: int) -> None:
    found = [one for one in registry.all_claims if one.benchmark == benchmark and source in one.source]
    assert len(found) == count
    assert len({(one.method, one.locator) for one in found}) == count


def test_starred_rows_of_lightly_have_the_larger_memory_bank_and_unstarred_ones_have_not(registry: Registry) -> None:
    starred = {one.name for one in registry.all_claims if "lightly" in one.name and "*'" in one.locator}
    cifar = [one for one in registry.all_claims if one.name.endswith("-lightly") and "cifar10" in one.benchmark]
    assert {one.name for one in cifar if any("8192" in text for text in one.caveats)} | {
        one.name for one in cifar if one.conditions.get("queue_size") == 8192
    } == {name for name in starred if "cifar10" in name}
    assert len([name for name in starred if "cifar10" in name]) == 2 * 2 * 3


def test_every_claim_of_lightlys_moco_names_the_false_negatives(registry: Registry) -> None:
    mine = [one for one in registry.all_claims if re.match(r"moco_v2-cifar10_.*-lightly$", one.name)]
    assert len(mine) == 9
    for one in mine:
        assert any("issue 564" in text for text in one.caveats), one.name


def test_solo_learns_cifar_rows_warn_of_the_online_probe_and_of_the_wider_stem(registry: Registry) -> None:
    mine = [one for one in registry.all_claims if re.search(r"-cifar.*-1000ep-solo_learn$", one.name)]
    assert len(mine) == 64
    for one in mine:
        assert any("Online accuracy" in text for text in one.caveats), one.name
        assert one.conditions["encoder"] == "resnet18_cifar_pad2"
        assert any("L_in" in text for text in one.caveats) == (one.method == "supcon")


# What the numbers are


def test_every_printed_text_contains_its_number(registry: Registry) -> None:
    rows = registry.graph.rows("claims")
    assert len(rows) == len(registry.all_claims)
    for row in rows:
        value, stated = abs(Decimal(str(row["value"]))), str(row["stated"])
        printed = numbers(stated)
        if "days" in stated:
            printed |= {24 * number for number in printed}
        if row["unit"] == iri("unit", "FRACTION") and "%" in stated:
            printed |= {number / 100 for number in printed}
        assert value in printed, f"{slug(str(row['claim']))}: {value} is not in {stated!r}"


def test_every_claim_has_a_file_a_place_and_an_evidence_level(registry: Registry) -> None:
    assert len(registry.all_claims) == len(list((ROOT / "ontology" / "claims").glob("*.ttl")))
    for found in registry.all_claims:
        assert found.locator
        assert found.stated
        assert found.evidence in ("Primary", "Secondary", "Recalled")


def test_no_number_is_entered_twice(registry: Registry) -> None:
    places = Counter((one.source, one.locator, one.method, one.benchmark, one.value) for one in registry.all_claims)
    assert [place for place, count in places.items() if count > 1 and "recalled" not in place[1]] == []


def test_the_five_trials_are_kept_as_raw_values(registry: Registry) -> None:
    found = claim(registry, "moco_v2-imagenet1k_linear-200ep-5trials")
    assert found.raw_values == (67.7, 67.6, 67.4, 67.6, 67.3)
    assert found.statistic == "MeanOfRuns"


def test_a_fraction_is_the_same_number_in_percent(registry: Registry) -> None:
    found = claim(registry, "moco_v2-cifar10_knn-200ep-b512-lightly")
    assert found.stated.startswith("0.847")
    assert found.value == pytest.approx(84.7)
    assert (found.decimals, found.unit) == (1, "%")


def test_days_are_kept_as_hours_and_as_printed(registry: Registry) -> None:
    found = claim(registry, "moco_v2-cifar10_training_time-3000ep-shatz01")
    assert (found.value, found.unit, found.stated) == (60.0, "h", "about 2.5 days")


def test_a_difference_is_in_points_and_names_what_it_is_measured_from(registry: Registry) -> None:
    name = "moco_v2-imagenet1k_linear-200ep-over_simclr-mzph"
    found = claim(registry, name)
    assert (found.value, found.unit) == (5.6, "points")
    assert registry.graph.value(iri("claim", name), iri("reg", "comparedWith")) == iri("method", "simclr")


def test_online_probes_are_a_benchmark_of_their_own(registry: Registry) -> None:
    found = claim(registry, "moco_v2-cifar10_linear_online-1000ep-solo_learn")
    assert found.benchmark == "cifar10_linear_online"
    assert found.caveats


# What may be compared


def differing(registry: Registry, name: str) -> tuple[str, ...]:
    recipe, benchmark = registry.recipe("moco_v2", "cifar10_knn"), registry.benchmark("cifar10_knn")
    return differences(claim(registry, name), benchmark, recipe.settings, benchmark)


def test_the_notebooks_claim_is_comparable_with_our_recipe_and_longer_ones_are_not(registry: Registry) -> None:
    assert differing(registry, "moco_v2-cifar10_knn-200ep-asymmetric") == ()
    assert differing(registry, "moco_v2-cifar10_knn-200ep-log_epoch200") == ()
    assert differing(registry, "moco_v2-cifar10_knn-800ep-asymmetric") == ("epochs: claimed 800, ours 200",)
    assert len(differing(registry, "moco_v2-cifar10_knn-200ep-symmetric")) == 1


@pytest.mark.parametrize(("epoch", "value"), [(1, 31.98), (2, 33.52), (5, 37.95), (198, 82.66)])
def test_an_epoch_from_within_a_training_is_compared_with_no_last_epoch(
    registry: Registry, epoch: int, value: float
) -> None:
    name = f"moco_v2-cifar10_knn-200ep-log_epoch{epoch}"
    assert claim(registry, name).value == value
    assert differing(registry, name) == (
        "selection rule: claimed an earlier epoch than the last, ours the last epoch",
    )


def test_a_difference_is_compared_with_no_accuracy(registry: Registry) -> None:
    found = differing(registry, "moco_v2-cifar10_knn-800ep-without_shuffle")
    assert found[0] == "unit: claimed a difference from moco_v2 in points, ours top1_accuracy in %"


def test_recalled_claims_are_in_no_comparison_and_say_why(registry: Registry) -> None:
    recalled = [verdict for verdict in registry.verdicts() if verdict.claim.evidence == "Recalled"]
    assert {"simclr-cifar10_linear-800ep-simsiam_paper", "instance_discrimination-cifar10_knn-paper"} <= {
        verdict.claim.name for verdict in recalled
    }
    for verdict in recalled:
        assert verdict.verdict == "not comparable"
        assert verdict.ours is None
        assert RECALLED in verdict.differences
        assert RECALLED in verdict.reason


def test_time_and_memory_are_better_when_lower(registry: Registry) -> None:
    measures = ("training_time", "epoch_time", "training_memory")
    for benchmark in [registry.benchmark(f"cifar10_{measure}") for measure in measures]:
        assert not benchmark.higher_is_better
        assert not benchmark.runnable
