"""Rankings, verdicts and statistics against answers worked out by hand on the tiny ontology."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from registry import Registry
from registry.errors import UnknownName
from registry.records import Verdict
from registry.statistics import aggregate, difference
from tests.conftest import FileRun


def verdict(home: Path, claim: str) -> Verdict:
    return next(v for v in Registry.open(home).verdicts() if v.claim.name == claim)


# Statistics


def test_aggregate_recomputes_the_spread_of_moco_v2s_five_trials() -> None:
    result = aggregate([67.7, 67.6, 67.4, 67.6, 67.3])
    assert result.mean == pytest.approx(67.52)
    assert result.sd == pytest.approx(0.16432, abs=1e-5)  # ddof 1; the population's is 0.147


def test_interval_is_students_t() -> None:
    # n = 3, mean 2, sd 1: t(0.975, df 2) = 4.302653, over the root of 3.
    result = aggregate([1.0, 2.0, 3.0])
    assert (result.low, result.high) == pytest.approx((2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5), abs=1e-5)


def test_one_value_has_no_spread_and_two_have_no_interval() -> None:
    assert (aggregate([5.0]).sd, aggregate([5.0]).low) == (None, None)
    assert aggregate([5.0, 7.0]).sd == pytest.approx(2**0.5)
    assert aggregate([5.0, 7.0]).low is None


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert (aggregate([5.0] * 3).low, aggregate([5.0] * 3).high) == (5.0, 5.0)


def test_difference_of_two_samples_is_welchs() -> None:
    # Means 2 and 12, each variance 1 and n = 3: standard error sqrt(2/3), df 4, t = 2.776445.
    low, high = difference([1.0, 2.0, 3.0], [11.0, 12.0, 13.0])
    margin = 2.776445 * (2 / 3) ** 0.5
    assert (low, high) == pytest.approx((-10 - margin, -10 + margin), abs=1e-5)


def test_difference_is_scipys_where_both_samples_have_a_spread() -> None:
    ours, theirs = [60.1, 61.3, 59.2, 60.9], [67.7, 67.6, 67.4, 67.6, 67.3]
    expected = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    assert difference(ours, theirs) == pytest.approx((expected.low, expected.high))


def test_difference_of_samples_without_spread_is_exact() -> None:
    assert difference([3.0] * 3, [1.0] * 3) == (2.0, 2.0)


# Rankings


def test_three_seeds_are_ranked_by_their_mean(tiny_home: Path, file_run: FileRun) -> None:
    for seed, (alpha, beta) in enumerate([(500, 600), (510, 620), (520, 640)]):
        file_run(alpha, seed=seed)
        file_run(beta, method="beta", seed=seed)
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert [(s.rank, s.method, s.result.mean) for s in board.standings] == [(1, "beta", 62.0), (2, "alpha", 51.0)]
    assert board.standings[1].result.sd == pytest.approx(1.0)
    assert board.standings[0].untrained == 20.0
    assert board.left_out == ()


def test_fewer_than_three_seeds_take_no_rank_however_good(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(500, seed=seed)
    file_run(990, method="beta")
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert [(s.method, s.rank, s.remark) for s in board.standings] == [("alpha", 1, ""), ("beta", None, "single run")]


def test_a_seed_counts_once_by_the_run_that_was_filed_first(tiny_home: Path, file_run: FileRun) -> None:
    first = file_run(500, seed=4)
    again = [file_run(990, seed=4), file_run(995, seed=4)]
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert [(s.result.n, s.result.mean, s.rank) for s in board.standings] == [(1, 50.0, None)]
    assert sorted(board.left_out) == sorted((file.stem, f"seed 4 counts already, by {first.stem}") for file in again)


def test_a_changed_setting_leaves_the_recipes_ranking(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    file_run(900, epochs=7)
    registry = Registry.open(tiny_home)
    board = registry.leaderboard("toy_knn")
    assert [s.result.mean for s in board.standings] == [50.0]
    assert [why for _, why in board.left_out] == ["changed recipe: epochs"]


def test_named_recipes_stand_apart(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    file_run(700, variant="symmetric")
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert sorted((s.variant or "", s.result.mean) for s in board.standings) == [("", 50.0), ("symmetric", 70.0)]


@pytest.mark.parametrize("missing", ["sourceCommit", "trainingDataSha256", "torchVersion", "peakMemory"])
def test_a_result_without_complete_provenance_is_kept_and_not_ranked(
    tiny_home: Path, file_run: FileRun, missing: str
) -> None:
    file_run(500, without=missing)
    registry = Registry.open(tiny_home)
    assert registry.leaderboard("toy_knn").standings == ()
    assert [(run.value, registry.why_not_ranked(run)) for run in registry.all_runs] == [
        (50.0, f"incomplete provenance: {missing}")
    ]


@pytest.mark.parametrize("status", ["Failed", "Diverged", "Interrupted"])
def test_runs_without_a_result_are_recorded_and_counted(tiny_home: Path, file_run: FileRun, status: str) -> None:
    file_run(None, status=status)
    registry = Registry.open(tiny_home)
    assert registry.leaderboard("toy_knn").left_out[0][1] == f"{status.lower()}: it broke"


def test_results_of_an_older_benchmark_version_stay_with_it(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    file = tiny_home / "ontology" / "benchmarks" / "toy_knn.ttl"
    file.write_text(file.read_text().replace("reg:version 1", "reg:version 2"))
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert board.standings == ()
    assert board.left_out[0][1] == "measured on version 1 of the benchmark, now 2"


def test_results_of_an_edited_recipe_no_longer_count_for_it(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    file = tiny_home / "ontology" / "methods" / "alpha.ttl"
    file.write_text(file.read_text().replace("hp:epochs 1", "hp:epochs 2"))
    assert Registry.open(tiny_home).leaderboard("toy_knn").left_out[0][1] == "the recipe has changed since"


# Verdicts


def test_a_claim_that_nobody_ran_says_how_to(tiny_home: Path) -> None:
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("not attempted", "registry run-benchmark alpha --on toy_knn")
    assert verdict(tiny_home, "alpha-far").reason == "no recipe of alpha for far_knn"


@pytest.mark.parametrize(
    ("values", "expected"),
    [((590, 600, 610), "reproduced"), ((690, 700, 710), "above"), ((490, 500, 510), "below")],
)
def test_verdict_is_where_the_interval_lies(
    tiny_home: Path, file_run: FileRun, values: tuple[int, ...], expected: str
) -> None:
    for seed, value in enumerate(values):
        file_run(value, seed=seed)
    found = verdict(tiny_home, "alpha-near")
    assert found.verdict == expected
    # Mean differences 0, 10 and -10; sd 1, n = 3: half width 4.302653 / sqrt(3) = 2.484.
    middle = (sum(values) / 3 - 600) / 10
    assert found.reason.startswith(f"ours minus claim: {middle - 2.484:+.2f} to {middle + 2.484:+.2f} points")


def test_a_claim_with_raw_values_is_compared_with_its_own_spread(tiny_home: Path, file_run: FileRun) -> None:
    for seed, value in enumerate((590, 600, 610)):
        file_run(value, seed=seed)
    found = verdict(tiny_home, "alpha-spread")
    # Means 60 and 61, both variances 1: df 4, half width 2.776445 * sqrt(2/3) = 2.267.
    assert found.reason.startswith("ours minus claim: -3.27 to +1.27 points (95% interval, n = 3 against 3")


def test_a_fraction_and_a_percentage_are_compared_in_percent(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(500, seed=seed)
    found = verdict(tiny_home, "alpha-fraction")
    assert (found.claim.value, found.claim.decimals, found.verdict) == (50.0, 1, "reproduced")


def test_rounding_of_the_stated_number_is_no_difference(tiny_home: Path, file_run: FileRun) -> None:
    # All runs give 60.04: the claim prints 60.0, which stands for 59.95 to 60.05.
    for seed, value in enumerate((600, 600, 601)):
        file_run(value, seed=seed)
    assert verdict(tiny_home, "alpha-near").verdict == "reproduced"


def test_two_seeds_make_no_verdict(tiny_home: Path, file_run: FileRun) -> None:
    file_run(600)
    file_run(601, seed=1)
    file_run(602, seed=1)  # the same seed again
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("not comparable", "n = 2: a comparison needs 3 seeds")


def test_a_differing_condition_is_named(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(600, seed=seed)
    found = verdict(tiny_home, "alpha-long")
    assert (found.verdict, found.reason) == ("not comparable", "epochs: the claim says 800, ours is 1")


def test_the_best_epoch_on_test_is_not_comparable_with_the_last(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(600, seed=seed)
    found = verdict(tiny_home, "alpha-best")
    assert found.verdict == "not comparable"
    assert "best epoch on the test set" in found.reason


def test_only_broken_runs_make_the_verdict_failed(tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Diverged")
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("failed", "1 of 1 runs broke off, none counts")


def test_runs_of_a_changed_recipe_are_no_evidence(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(600, seed=seed, epochs=800)
    found = verdict(tiny_home, "alpha-long")
    assert found.verdict == "not comparable"
    assert found.reason.startswith("none of our 3 runs counts: changed recipe")


# What is known


def test_lineage_is_nearest_first(tiny: Registry) -> None:
    assert tiny.lineage("gamma") == ["beta", "alpha"]
    assert tiny.lineage("alpha") == []


def test_a_derived_recipe_has_its_bases_settings_and_its_own(tiny: Registry) -> None:
    base, derived = tiny.recipe("alpha", "toy_knn"), tiny.recipe("alpha", "toy_knn", "symmetric")
    assert derived.settings == base.settings | {"symmetric": True}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.method("alhpa"), "no method 'alhpa'; did you mean 'alpha'?"),
        (lambda r: r.benchmark("toy_nn"), "no benchmark 'toy_nn'; did you mean 'toy_knn'?"),
        (lambda r: r.leaderboard("toyknn"), "no benchmark 'toyknn'; did you mean 'toy_knn'?"),
        (lambda r: r.recipe("alpha", "toy_knn", "symetric"), "did you mean 'symmetric'?"),
        (lambda r: r.recipe("gamma", "toy_knn"), "no recipe of gamma for benchmark 'toy_knn'"),
        (lambda r: r.verdicts("zeta"), "no method 'zeta'"),
    ],
)
def test_unknown_names_get_the_nearest_guess(tiny: Registry, call, message: str) -> None:
    with pytest.raises(UnknownName) as caught:
        call(tiny)
    assert message in str(caught.value)
