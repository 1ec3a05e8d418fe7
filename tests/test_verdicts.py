"""What our results say about a claim: each test, each verdict and each condition, worked out by hand."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scipy import stats

from registry import Registry
from registry.cli import cli
from registry.comparability import differences
from registry.namespaces import iri
from registry.records import Benchmark, Claim, Method, Verdict
from registry.statistics import (
    aggregate,
)
from registry.verdict_names import VERDICTS
from registry.verdicts import Evidence, gather
from tests.conftest import FileRun
from tests.test_checks import edit

T2, T4 = 4.302653, 2.776445
"""Quantiles 0.975 of Student's t with 2 and 4 degrees of freedom."""


def verdict(home: Path, claim: str) -> Verdict:
    return next(v for v in Registry.open(home).verdicts() if v.claim.name == claim)


def claim(registry: Registry, name: str = "alpha-near", **changes: object) -> Claim:
    found = next(claim for claim in registry.all_claims if claim.name == name)
    return replace(found, **changes)  # type: ignore[arg-type]


def file_runs(file_run: FileRun, *tenths: int, **changes: object) -> None:
    """Three or so seeds with these results, in tenths of a percent."""
    for seed, value in enumerate(tenths):
        file_run(value, seed=seed, **changes)


def call(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), "claims", *arguments])


# Against one published run, or a mean


@pytest.mark.parametrize(
    ("tenths", "expected"),
    [((599, 600, 601), "reproduced"), ((697, 700, 703), "above"), ((497, 500, 503), "below")],
)
def test_verdict_is_where_the_interval_lies(
    tiny_home: Path, file_run: FileRun, tenths: tuple[int, ...], expected: str
) -> None:
    file_runs(file_run, *tenths)
    found = verdict(tiny_home, "alpha-near")
    assert found.verdict == expected
    # n = 3 and one run: 4.302653 * sd * sqrt(1/3 + 1).
    middle, margin = sum(tenths) / 30 - 60, T2 * (tenths[1] - tenths[0]) / 10 * (4 / 3) ** 0.5
    assert found.difference is not None
    assert (found.difference.low, found.difference.high) == pytest.approx(
        (middle - margin, middle + margin), abs=1e-5
    )
    assert found.reason.startswith(f"ours minus claim: {middle - margin:+.2f} to {middle + margin:+.2f} points")
    assert "Student's t, with our spread for the claim's unseen runs; n = 3, ddof 1 against one run" in found.reason
    assert len(found.runs) == 3
    assert found.recipe == "alpha-toy"


def test_a_mean_of_unseen_values_is_known_better_than_one_run(tiny_home: Path, file_run: FileRun) -> None:
    edit(tiny_home, "claims/alpha-near.ttl", "reg:SingleRun ;", "reg:MeanOfRuns ; reg:sampleSize 4 ;")
    file_runs(file_run, 599, 600, 601)
    found = verdict(tiny_home, "alpha-near")
    assert found.difference is not None
    assert found.difference.high == pytest.approx(T2 * 0.1 * (1 / 3 + 1 / 4) ** 0.5, abs=1e-5)
    assert "against the mean of n = 4" in found.reason


def test_an_interval_that_leaves_the_margin_and_holds_zero_makes_no_verdict(
    tiny_home: Path, file_run: FileRun
) -> None:
    file_runs(file_run, 597, 600, 603)  # half width 1.49
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason[:42]) == ("not comparable", "too uncertain, more seeds are needed; ours")
    assert found.differences == ()


def test_a_method_too_noisy_for_one_published_run_is_said_to_be(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 594, 600, 606)  # 1.96 * sd 0.6 = 1.18, which no number of our seeds makes less
    found = verdict(tiny_home, "alpha-near")
    assert found.verdict == "not comparable"
    assert "no number of seeds of ours would tell: the claim itself is known to ±1.18 points only" in found.reason


def test_the_printed_digits_widen_the_interval(tiny_home: Path, file_run: FileRun) -> None:
    # "60" stands for 59.5 to 60.5: an interval of 0.30 to 1.30 points above 60 may be no difference.
    edit(
        tiny_home,
        "claims/alpha-near.ttl",
        'mls:hasValue 60.0 ; qudt:hasUnit unit:PERCENT ;\n    reg:statedText "60.0"',
        'mls:hasValue 60 ; qudt:hasUnit unit:PERCENT ;\n    reg:statedText "60"',
    )
    file_runs(file_run, 607, 608, 609)
    found = verdict(tiny_home, "alpha-near")
    assert found.difference is not None
    assert found.difference.low == pytest.approx(0.8 - T2 * 0.1 * (4 / 3) ** 0.5, abs=1e-5)
    assert (found.verdict, "±0.5 for the printed digits" in found.reason) == ("not comparable", True)


def test_two_seeds_make_no_verdict(tiny_home: Path, file_run: FileRun) -> None:
    file_run(600)
    file_run(601, seed=1)
    file_run(602, seed=1)  # the same seed again
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("not comparable", "n = 2: a comparison needs 3 seeds")
    assert found.ours is not None
    assert found.ours.n == 2


# Against raw values, and against mean, spread and n


def test_a_claim_with_raw_values_is_compared_with_its_own_spread(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 590, 600, 610)
    found = verdict(tiny_home, "alpha-spread")
    # Means 60 and 61, both variances 1: df 4, half width 2.776445 * sqrt(2/3) = 2.267.
    assert "ours minus claim: -3.27 to +1.27 points (95% interval" in found.reason
    assert "Welch's t, from raw values; n = 3, ddof 1 against n = 3 raw values, ddof 1" in found.reason
    assert found.theirs == aggregate([60.0, 61.0, 62.0])


@pytest.mark.parametrize(
    ("tenths", "expected", "end"),
    [
        # Both variances 0.01 and n = 3: half width 2.776445 * sqrt(0.02 / 3) = 0.227, and 0.05 for the digits.
        ((609, 610, 611), "reproduced", "; all within 1.0 points"),
        ((613, 614, 615), "reproduced", "; different, yet by less than 1.0 points"),  # 0.123 to 0.677
        ((607, 606, 605), "reproduced", "; different, yet by less than 1.0 points"),
        ((616, 617, 618), "reproduced", "; different, yet by less than 1.0 points"),  # 0.423 to 0.977
        ((617, 618, 619), "above", "raw values, ddof 1)"),  # 0.523 to 1.077
        ((603, 602, 601), "below", "raw values, ddof 1)"),
    ],
)
def test_a_certain_difference_within_the_margin_is_a_reproduction_and_is_told(
    tiny_home: Path, file_run: FileRun, tenths: tuple[int, ...], expected: str, end: str
) -> None:
    edit(tiny_home, "claims/alpha-spread.ttl", "( 60.0 61.0 62.0 )", "( 60.9 61.0 61.1 )")
    file_runs(file_run, *tenths)
    found = verdict(tiny_home, "alpha-spread")
    middle, margin = sum(tenths) / 30 - 61, T4 * (0.02 / 3) ** 0.5
    assert f"ours minus claim: {middle - margin:+.2f} to {middle + margin:+.2f} points" in found.reason
    assert (found.verdict, found.reason[-len(end) :]) == (expected, end)


@pytest.mark.parametrize(
    ("ddof", "said", "sd"),
    [
        ("; reg:spreadDdof 1", "1", 0.25),
        ("; reg:spreadDdof 0", "0", 0.306186),
        ("", "not stated, read as 0", 0.306186),
    ],
)
def test_a_stated_spread_is_used_at_its_widest(
    tiny_home: Path, file_run: FileRun, ddof: str, said: str, sd: float
) -> None:
    stated = f'reg:statedText "60.0±0.2" ; reg:sampleSize 3 ; reg:statedSpread 0.2 {ddof} ;'
    edit(tiny_home, "claims/alpha-near.ttl", 'reg:statedText "60.0" ;', stated)
    file_runs(file_run, 599, 600, 601)
    found = verdict(tiny_home, "alpha-near")
    assert "Welch's t, from mean, standard deviation and n; n = 3, ddof 1 against n = 3" in found.reason
    assert f"±0.2 with ddof {said}: at most {sd:.3f}, ddof 1" in found.reason
    # Squared errors of the means, and Welch-Satterthwaite.
    ours, theirs = 0.01 / 3, sd**2 / 3
    freedom = (ours + theirs) ** 2 / (ours**2 / 2 + theirs**2 / 2)
    assert found.difference is not None
    assert found.difference.high == pytest.approx(stats.t.ppf(0.975, freedom) * (ours + theirs) ** 0.5, abs=1e-4)


def test_a_number_after_plus_minus_that_is_no_deviation_is_not_used(tiny_home: Path, file_run: FileRun) -> None:
    stated = (
        'reg:statedText "60.0±0.2" ; reg:sampleSize 3 ; reg:statedSpread 0.2 ; reg:statedSpreadIs "half a range" ;'
    )
    edit(tiny_home, "claims/alpha-near.ttl", 'reg:statedText "60.0" ;', stated)
    file_runs(file_run, 599, 600, 601)
    assert "Student's t, with our spread" in verdict(tiny_home, "alpha-near").reason


# Units


def test_a_fraction_and_a_percentage_are_compared_in_percent(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 500, 500, 500)
    found = verdict(tiny_home, "alpha-fraction")
    assert (found.claim.value, found.claim.unit, found.claim.decimals) == (50.0, "%", 1)
    assert found.verdict == "reproduced"


@pytest.mark.parametrize(
    ("value", "unit", "printed", "claimed"),
    [
        ("0.24", "reg:PercentagePoint", "+0.24 points than alpha", "a difference from alpha in points"),
        ("-3.7", "reg:PercentagePoint", "-3.7 points than alpha", "a difference from alpha in points"),
        ("53", "unit:HR", "53 h", "h on the hardware of its source"),
        ("112.2", "unit:MIN", "112.2 min", "min on the hardware of its source"),
        ("5.60", "unit:GigaBYTE", "5.60 GB", "GB on the hardware of its source"),
    ],
)
def test_what_is_no_percentage_keeps_its_unit_and_is_not_compared(
    tiny_home: Path, file_run: FileRun, value: str, unit: str, printed: str, claimed: str
) -> None:
    unit += " ; reg:comparedWith method:alpha" if "Point" in unit else ""
    edit(tiny_home, "claims/beta-near.ttl", "55.5 ; qudt:hasUnit unit:PERCENT", f"{value} ; qudt:hasUnit {unit}")
    edit(tiny_home, "claims/beta-near.ttl", 'reg:statedText "55.5"', f'reg:statedText "{value}"')
    assert Registry.open(tiny_home).check() == []
    assert verdict(tiny_home, "beta-near").verdict == "not attempted"
    file_runs(file_run, 500, 500, 500, method="beta")
    assert f'  claim    {printed}, printed "{value}"' in call(tiny_home, "beta").output
    found = verdict(tiny_home, "beta-near")
    assert (found.verdict, found.differences) == (
        "not comparable",
        (f"unit: claimed {claimed}, ours top1_accuracy in %",),
    )


def test_a_decline_printed_without_its_sign_has_the_digits_of_the_source(tiny_home: Path) -> None:
    unit = "reg:PercentagePoint ; reg:comparedWith method:alpha"
    edit(tiny_home, "claims/beta-near.ttl", "55.5 ; qudt:hasUnit unit:PERCENT", f"-0.2 ; qudt:hasUnit {unit}")
    edit(tiny_home, "claims/beta-near.ttl", 'reg:statedText "55.5"', 'reg:statedText "0.20 lower"')
    assert "claim    -0.20 points than alpha" in call(tiny_home, "beta").output


def test_a_number_printed_twice_is_one_claim_with_both_places(tiny_home: Path) -> None:
    place = 'qudt:hasUnit unit:PERCENT ; reg:statedText "50 %" ; reg:locator "p 2"'
    also = f"[ a reg:Statement ; mls:hasValue 50 ; {place} ]"
    edit(
        tiny_home,
        "claims/alpha-fraction.ttl",
        'reg:locator "page 1"',
        f'reg:locator "page 1" ; reg:alsoStated {also}',
    )
    found = verdict(tiny_home, "alpha-fraction").claim
    assert (found.value, found.also_stated) == (50.0, ('"50 %" in p 2',))


# Conditions


@pytest.fixture
def toy(tiny: Registry) -> Benchmark:
    return tiny.benchmark("toy_knn")


def differing(tiny: Registry, stated: Claim, claimed: Benchmark) -> tuple[str, ...]:
    """Against the default recipe on toy_knn."""
    return differences(stated, claimed, tiny.recipe("alpha", "toy_knn").settings, tiny.benchmark("toy_knn"))


@pytest.mark.parametrize(
    ("changes", "condition"),
    [
        ({}, None),
        ({"conditions": {"encoder": "resnet50"}}, "backbone: claimed resnet50, ours resnet_mini"),
        ({"conditions": {"epochs": 200}}, "epochs: claimed 200, ours 1"),
        ({"conditions": {"temperature": 0.07}}, "temperature: claimed 0.07, ours 0.2"),
        ({"conditions": {"symmetric": True}}, "symmetric: claimed true, ours false"),
        ({"conditions": {"milestones": (60, 80)}}, "milestones: claimed 60, 80, ours none"),
        ({"conditions": {"patch_size": 16}}, "patch_size: claimed 16, ours has no such setting"),
        ({"scoring": {"neighbours": 200}}, "protocol's neighbours: claimed 200, ours 5"),
        ({"pretrained_on": ("far",)}, "pretraining data: claimed far, ours toy"),
        ({"pretrained_on": ("toy",)}, None),
        ({"selection": "SelectionNotStated"}, None),
        (
            {"selection": "BestEpochOnTest"},
            "selection rule: claimed the best epoch on the test set, ours the last epoch",
        ),
        (
            {"selection": "EarlierEpoch"},
            "selection rule: claimed an earlier epoch than the last, ours the last epoch",
        ),
        (
            {"selection": "BestOnDevelopment"},
            "selection rule: claimed the best checkpoint on the development set, ours the last epoch",
        ),
        ({"selection": "BestOfSeeds"}, "selection rule: claimed best of seeds, ours the last epoch"),
        ({"evidence": "Secondary"}, None),
        ({"evidence": "Recalled"}, "evidence level: the claim is recalled, nobody has read it in a text"),
    ],
)
def test_a_condition_of_the_claim_that_does_not_hold_is_named(
    tiny: Registry, toy: Benchmark, changes: dict[str, object], condition: str | None
) -> None:
    found = differing(tiny, claim(tiny, **changes), toy)
    assert found == (() if condition is None else (condition,))


@pytest.mark.parametrize(
    ("changes", "condition"),
    [
        ({"protocol": "linear_probe"}, "protocol: claimed linear probe, ours knn"),
        ({"metric": "top5_accuracy"}, "metric: claimed top5 accuracy, ours top1 accuracy"),
        ({"training_split": "train+val"}, "training split: claimed train+val, ours train"),
        ({"evaluation_split": "val"}, "split: claimed val, ours test"),
        ({"settings": {"neighbours": 20}}, "protocol's neighbours: claimed 20, ours 5"),
        ({}, "benchmark: claimed other, ours toy_knn"),
    ],
)
def test_what_another_benchmark_does_otherwise_is_named(
    tiny: Registry, toy: Benchmark, changes: dict[str, object], condition: str
) -> None:
    claimed = replace(toy, name="other", **changes)  # type: ignore[arg-type]
    assert differing(tiny, claim(tiny), claimed) == (condition,)


def test_another_data_set_is_named_before_all_else(tiny: Registry) -> None:
    stated = claim(tiny, "alpha-far", conditions={"epochs": 200, "encoder": "resnet50"}, selection="BestEpochOnTest")
    assert differing(tiny, stated, tiny.benchmark("far_knn")) == (
        "data set: claimed Far, ours Toy (synthetic data)",
        "backbone: claimed resnet50, ours resnet_mini",
        "epochs: claimed 200, ours 1",
        "selection rule: claimed the best epoch on the test set, ours the last epoch",
    )


# Not comparable, not attempted, failed


def test_the_recipe_that_meets_a_claims_conditions_is_compared(tiny_home: Path, file_run: FileRun) -> None:
    edit(tiny_home, "claims/alpha-near.ttl", "hp:epochs 1", "hp:epochs 1 ; hp:symmetric true")
    file_runs(file_run, 699, 700, 701)  # the default recipe is asymmetric
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == (
        "not comparable",
        "symmetric: claimed true, ours false; "
        "to compare: registry run-benchmark alpha --on toy_knn --recipe symmetric",
    )
    file_runs(file_run, 599, 600, 601, variant="symmetric")
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.recipe, found.nearest) == ("reproduced", "alpha-toy-symmetric", None)


def test_results_elsewhere_are_shown_as_the_nearest_and_never_as_ours(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 500, 510, 520)
    found = verdict(tiny_home, "alpha-far")
    assert (found.verdict, found.reason) == ("not comparable", "data set: claimed Far, ours Toy (synthetic data)")
    assert (found.ours, found.recipe, found.runs, found.difference) == (None, None, (), None)
    assert found.nearest is not None
    assert (found.nearest.recipe, found.nearest.benchmark) == ("alpha-toy", "toy_knn")
    assert found.nearest.result == aggregate([50.0, 51.0, 52.0][::-1])
    assert len(found.nearest.runs) == 3
    assert "nearest  51.00 %, n = 3" in call(tiny_home, "alpha").output
    assert "(alpha-toy on toy_knn (synthetic data))" in call(tiny_home, "alpha").output


def test_the_nearest_result_has_the_fewest_differing_conditions(tiny_home: Path, file_run: FileRun) -> None:
    edit(tiny_home, "claims/alpha-far.ttl", "reg:statedText", f"<{iri('hp', 'symmetric')}> true ; reg:statedText")
    file_runs(file_run, 500, 510, 520)
    file_run(300, variant="symmetric")
    found = verdict(tiny_home, "alpha-far").nearest
    assert found is not None
    assert (found.recipe, found.result.n) == ("alpha-toy-symmetric", 1)


def test_real_images_are_nearer_to_a_claim_than_synthetic_ones(registry: Registry) -> None:
    found = {verdict.claim.name: verdict.nearest for verdict in registry.verdicts("moco_v2")}
    nearest = found["moco_v2-imagenet1k_linear-200ep-5trials"]
    assert nearest is not None
    assert not nearest.synthetic


def test_a_claim_that_nobody_ran_says_how_to(tiny_home: Path) -> None:
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("not attempted", "registry run-benchmark alpha --on toy_knn")


def test_a_claim_that_nobody_can_run_says_what_is_missing(tiny_home: Path) -> None:
    found = verdict(tiny_home, "alpha-far")
    assert (found.verdict, found.reason) == (
        "not attempted",
        "far_knn is only described: no loader of Far; no recipe of alpha for far_knn",
    )
    edit(tiny_home, "claims/beta-near.ttl", "method:beta", "method:gamma")
    found = verdict(tiny_home, "beta-near")
    assert (found.verdict, found.reason) == (
        "not attempted",
        "no implementation of gamma; no recipe of gamma for toy_knn",
    )


def test_runs_of_another_method_say_nothing(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 600, 600, 600)
    assert verdict(tiny_home, "beta-near").verdict == "not attempted"


def test_a_recalled_claim_is_never_compared(tiny_home: Path, file_run: FileRun) -> None:
    edit(tiny_home, "claims/alpha-near.ttl", "reg:Primary", "reg:Recalled")
    recalled = "evidence level: the claim is recalled, nobody has read it in a text"
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason, found.differences) == ("not comparable", recalled, (recalled,))
    file_runs(file_run, 599, 600, 601)
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason, found.difference) == ("not comparable", recalled, None)


def test_only_broken_runs_make_the_verdict_failed(tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Diverged")
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("failed", "1 of 1 runs broke off, none counts")


def test_a_changed_recipe_that_broke_or_a_stopped_run_is_no_failure(tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Diverged", learning_rate=1e20)
    file_run(None, status="Interrupted")
    assert verdict(tiny_home, "alpha-near").verdict == "not attempted"


def test_runs_of_a_changed_recipe_are_no_evidence(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 600, 600, 600, epochs=800)
    found = verdict(tiny_home, "alpha-long")
    assert found.verdict == "not attempted"
    assert found.reason == "no recipe meets its conditions: epochs: claimed 800, ours 1"


def test_the_evidence_on_a_method_is_gathered_once_for_all_its_claims(
    tiny: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def counting(method: Method, *rest: object) -> Evidence:
        asked.append(method.name)
        return gather(method, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("registry.verdicts.gather", counting)
    assert len(tiny.verdicts("alpha")) == 6
    assert asked == ["alpha"]


# The command


def test_claims_are_counted_by_verdict_and_evidence(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 599, 600, 601)
    lines = call(tiny_home).output.splitlines()
    assert lines[-4:] == [
        "7 claims",
        "verdicts: 1 reproduced, 1 above, 4 not comparable, 1 not attempted",
        "evidence: 6 primary, 1 secondary",
        "3 tested, each interval at 95% on its own: of 20 honest repetitions one is expected to miss.",
    ]


def test_claims_are_chosen_by_verdict_and_evidence(tiny_home: Path) -> None:
    assert re.findall(r"^(\S+):", call(tiny_home, "--evidence", "secondary").output, re.MULTILINE)[0] == "alpha-far"
    assert "1 claims\n" in call(tiny_home, "--evidence", "secondary").output
    assert "7 claims\n" in call(tiny_home, "--verdict", "not-attempted").output
    assert call(tiny_home, "--verdict", "reproduced").output == "0 claims\n"
    assert call(tiny_home, "--verdict", "refuted").exit_code == 2


def test_a_limit_says_how_many_more_there_are(tiny_home: Path) -> None:
    output = call(tiny_home, "--limit", "2").output
    assert output.count("  verdict  ") == 2
    assert output.endswith("5 more: --limit 7 shows all, registry claims METHOD those of one.\n")


def test_json_has_all_that_a_verdict_rests_on(tiny_home: Path, file_run: FileRun) -> None:
    file_runs(file_run, 599, 600, 601)
    found = {each["claim"]["name"]: each for each in json.loads(call(tiny_home, "--json").output)}
    assert len(found) == 7
    assert found["alpha-near"]["difference"]["test"].startswith("Student's t")
    assert set(found["alpha-near"]["difference"]) == {"low", "high", "p_value", "test"}
    assert (found["alpha-near"]["ours"]["n"], found["alpha-near"]["recipe"]) == (3, "alpha-toy")
    assert found["alpha-long"]["differences"] == ["epochs: claimed 800, ours 1"]
    assert found["alpha-long"]["nearest"]["benchmark"] == "toy_knn"
    assert found["alpha-spread"]["theirs"]["population_sd"] == pytest.approx((2 / 3) ** 0.5)
    assert {each["verdict"] for each in found.values()} <= set(VERDICTS)
