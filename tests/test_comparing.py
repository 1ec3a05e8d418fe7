"""Methods side by side: differences of means and of pairs by hand-worked values, and settings that differ."""

from __future__ import annotations

from math import sqrt

import pytest

from registry import Registry
from registry.comparing import Change, Contrast, changes, contrasts
from tests.conftest import FileRun

FIRST, SECOND = (500, 520, 600), (450, 500, 500)
"""Right answers of 1,000 by seed; the gaps are 5, 2 and 10 points."""

STUDENT = 4.302653
"""Student's t at 97.5 % with two degrees of freedom."""


def contrast(registry: Registry) -> Contrast:
    """Of the two standings that there are."""
    (found,) = contrasts(
        registry.leaderboard("toy_knn").standings, {run.name: run for run in registry.runs(benchmark="toy_knn")}
    )
    return found


def test_pairs_of_a_seed_are_tested_by_their_differences(tiny: Registry, file_run: FileRun) -> None:
    for seed, (first, second) in enumerate(zip(FIRST, SECOND, strict=True)):
        file_run(first, seed=seed)
        file_run(second, seed=seed, method="beta")
    found = contrast(Registry.open(tiny.home.results.parents[1]))
    assert (found.first, found.second, found.pairs) == ("alpha-toy", "beta-toy", 3)
    assert found.gap == pytest.approx(17 / 3)
    assert found.paired is not None
    reach = STUDENT * sqrt(49 / 3) / sqrt(3)  # the deviations -2/3, -11/3 and 13/3 have the variance 49/3
    assert (found.paired.low, found.paired.high) == pytest.approx((17 / 3 - reach, 17 / 3 + reach), abs=1e-5)
    t = (17 / 3) / (sqrt(49 / 3) / sqrt(3))
    assert found.paired.p_value == pytest.approx(
        1 - t / sqrt(t * t + 2)
    )  # Student's with two degrees, in closed form


def test_means_are_tested_by_welch_also_where_seeds_are_not_the_same(tiny: Registry, file_run: FileRun) -> None:
    for seed, (first, second) in enumerate(zip(FIRST, SECOND, strict=True)):
        file_run(first, seed=seed)
        file_run(second, seed=seed + 2, method="beta")
    found = contrast(Registry.open(tiny.home.results.parents[1]))
    assert (found.pairs, found.paired, found.reason) == (1, None, "")
    assert found.welch is not None
    assert (found.welch.low + found.welch.high) / 2 == pytest.approx(17 / 3)


def test_two_seeds_are_not_compared_and_it_says_why(tiny: Registry, file_run: FileRun) -> None:
    for seed, (first, second) in enumerate(zip(FIRST, SECOND, strict=True)):
        file_run(first, seed=seed)
        if seed < 2:
            file_run(second, seed=seed, method="beta")
    found = contrast(Registry.open(tiny.home.results.parents[1]))
    assert (found.welch, found.paired, found.pairs) == (None, None, 2)
    assert found.reason == "fewer than 3 seeds on a side: nothing is compared"


def test_only_settings_that_differ_are_told() -> None:
    assert changes([{"b": 1, "a": 0.1}, {"b": 1, "a": 0.2}]) == [Change("a", (0.1, 0.2))]


def test_a_setting_that_one_lacks_and_one_of_another_type_differ() -> None:
    assert changes([{"a": 1}, {}]) == [Change("a", (1, None))]
    assert changes([{"a": 1}, {"a": True}]) == [Change("a", (1, True))]
