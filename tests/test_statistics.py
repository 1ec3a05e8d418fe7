"""Means, spreads and differences, against SciPy and values worked out by hand."""

from __future__ import annotations

import pytest
from scipy import stats

from registry import Registry
from registry.recomputing import remarks, widest_sd
from registry.statistics import (
    aggregate,
    difference,
    difference_from_mean,
    difference_from_summary,
    sample_sd,
)
from tests.conftest import ROOT
from tests.test_verdicts import T2, T4, call, claim

FIVE_TRIALS = [67.7, 67.6, 67.4, 67.6, 67.3]


def test_aggregate_recomputes_both_spreads_of_moco_v2s_five_trials() -> None:
    result = aggregate(FIVE_TRIALS)
    assert (result.n, result.mean) == (5, pytest.approx(67.52))
    # Squared distances: .0324 + .0064 + .0144 + .0064 + .0484 = .108; over 4 and over 5.
    assert (result.sd, result.population_sd) == (pytest.approx(0.027**0.5), pytest.approx(0.0216**0.5))
    assert (f"{result.sd:.3f}", f"{result.population_sd:.3f}") == ("0.164", "0.147")


def test_interval_is_students_t() -> None:
    result = aggregate([1.0, 2.0, 3.0])
    assert (result.low, result.high) == pytest.approx((2 - T2 / 3**0.5, 2 + T2 / 3**0.5), abs=1e-5)


def test_one_value_has_no_spread_and_two_have_no_interval() -> None:
    one = aggregate([5.0])
    assert (one.sd, one.population_sd, one.low) == (None, None, None)
    assert aggregate([5.0, 7.0]).sd == pytest.approx(2**0.5)
    assert aggregate([5.0, 7.0]).population_sd == pytest.approx(1.0)
    assert aggregate([5.0, 7.0]).low is None


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert (aggregate([5.0] * 3).low, aggregate([5.0] * 3).high) == (5.0, 5.0)


def test_difference_of_two_samples_is_welchs() -> None:
    # Means 2 and 12, each variance 1 and n = 3: standard error sqrt(2/3), df 4.
    found = difference([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])
    margin = T4 * (2 / 3) ** 0.5
    assert (found.low, found.high) == pytest.approx((-10 - margin, -10 + margin), abs=1e-5)
    # t = -10 / sqrt(2/3), t^2 = 150.  With df 4: p = 1 - sin a (1 + cos^2 a / 2), sin^2 a = t^2 / (t^2 + 4).
    assert found.p_value == pytest.approx(1 - (150 / 154) ** 0.5 * (1 + 4 / 154 / 2), rel=1e-6)


def test_difference_is_scipys_where_both_samples_have_a_spread() -> None:
    ours = [60.1, 61.3, 59.2, 60.9]
    expected = stats.ttest_ind(ours, FIVE_TRIALS, equal_var=False)
    found = difference(ours, FIVE_TRIALS)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.p_value == pytest.approx(expected.pvalue)


def test_difference_from_mean_sd_and_n_is_that_from_the_values() -> None:
    ours, theirs = [60.1, 61.3, 59.2, 60.9], aggregate(FIVE_TRIALS)
    own = aggregate(ours)
    assert theirs.sd is not None
    found, raw = difference_from_summary(ours, theirs.mean, theirs.sd, theirs.n), difference(ours, FIVE_TRIALS)
    assert (found.low, found.high, found.p_value) == pytest.approx((raw.low, raw.high, raw.p_value))
    expected = stats.ttest_ind_from_stats(own.mean, own.sd, own.n, theirs.mean, theirs.sd, theirs.n, equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)


def test_difference_of_samples_without_spread_is_exact() -> None:
    found = difference([3.0] * 3, [1.0] * 3)
    assert (found.low, found.high, found.p_value) == (2.0, 2.0, 0.0)
    assert difference([3.0] * 3, [3.0] * 3).p_value == 1.0


def test_one_published_run_is_as_uncertain_as_one_of_ours() -> None:
    # n = 4, sd sqrt(5/3), t(0.975, 3) = 3.182446: the prediction interval of one more run.
    ours, margin = [1.0, 2.0, 3.0, 4.0], 3.182446 * (5 / 3) ** 0.5 * (1 + 1 / 4) ** 0.5
    found = difference_from_mean(ours, 2.5, 1)
    assert (found.low, found.high) == pytest.approx((-margin, margin), abs=1e-5)
    assert found.p_value == pytest.approx(1.0)
    # A mean of many is nearly exact: then the interval is that of our own mean.
    own, exact = aggregate(ours), difference_from_mean(ours, 0.0, 10**9)
    assert (exact.low, exact.high) == pytest.approx((own.low, own.high), abs=1e-4)


def test_p_value_of_one_published_run_is_students() -> None:
    # Mean 2, sd 1, against 4: t = -2 / sqrt(1 + 1/3) = -sqrt(3).  With df 2: p = 1 - |t| / sqrt(2 + t^2).
    assert difference_from_mean([1.0, 2.0, 3.0], 4.0, 1).p_value == pytest.approx(1 - (3 / 5) ** 0.5)


def test_a_spread_with_ddof_0_is_made_one_with_ddof_1() -> None:
    assert sample_sd(0.147, 5, 0) == pytest.approx(0.147 * 1.118034)  # root of 5/4
    assert sample_sd(0.164, 5, 1) == 0.164


def test_a_spread_of_unknown_ddof_is_read_as_the_wider() -> None:
    assert sample_sd(0.1, 5, None) == max(sample_sd(0.1, 5, 0), sample_sd(0.1, 5, 1))


# What a source prints, and its raw values


def test_moco_v2s_stated_spread_agrees_with_ddof_0_only() -> None:
    output = call(ROOT, "moco_v2").output
    expected = "recomputed from n = 5 raw values: mean 67.52, sd 0.164 (ddof 1), 0.147 (ddof 0)"
    assert f"{expected}; the stated ±0.1 agrees with ddof 0 only\n" in output


def test_moco_v1s_stated_spread_agrees_with_both(registry: Registry) -> None:
    found = claim(registry, "moco_v1-imagenet1k_linear-200ep-5trials")
    assert remarks(found, aggregate(found.raw_values)) == ("the stated ±0.2 agrees with both",)


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"value": 67.6}, "the stated 67.6 is not the mean of the raw values"),
        ({"sample_size": 6}, "the stated n = 6 is not the number of raw values"),
        ({"spread": 0.3}, "the stated ±0.3 agrees with neither"),
        ({"spread": 0.16, "spread_decimals": 2}, "the stated ±0.16 agrees with ddof 1 only"),
        ({"spread_ddof": 1}, "the stated ±0.1 agrees with ddof 0 only, and is said to have ddof 1"),
    ],
)
def test_what_does_not_agree_with_the_raw_values_is_said(
    registry: Registry, changes: dict[str, object], remark: str
) -> None:
    found = claim(registry, "moco_v2-imagenet1k_linear-200ep-5trials", **changes)
    assert remark in remarks(found, aggregate(found.raw_values))


def test_the_widest_deviation_that_a_printed_spread_can_be_covers_the_true_one(registry: Registry) -> None:
    found = claim(registry, "moco_v2-imagenet1k_linear-200ep-5trials")
    # ±0.1 is up to 0.15, and with ddof 1 that times the root of 5/4; the raw values give 0.164.
    assert widest_sd(found) == pytest.approx(0.15 * 1.25**0.5)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"spread": None}, None),
        ({"sample_size": 1}, None),
        ({"spread_is": "half of the range"}, None),
        ({"spread_is": None}, 0.15 * 1.25**0.5),
        ({"spread_is": "sample standard deviation", "spread_ddof": 1}, 0.15),
    ],
)
def test_only_a_standard_deviation_over_known_n_is_used(
    registry: Registry, changes: dict[str, object], expected: float | None
) -> None:
    found = widest_sd(claim(registry, "moco_v2-imagenet1k_linear-200ep-5trials", **changes))
    assert found == (None if expected is None else pytest.approx(expected))
