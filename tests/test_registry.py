"""Rankings, verdicts and statistics against answers worked out by hand on the tiny ontology."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy import stats

from registry import Registry
from registry.errors import UnknownName
from registry.records import Verdict
from registry.statistics import aggregate, difference, difference_from_mean
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
    [((597, 600, 603), "reproduced"), ((697, 700, 703), "above"), ((497, 500, 503), "below")],
)
def test_verdict_is_where_the_interval_lies(
    tiny_home: Path, file_run: FileRun, values: tuple[int, ...], expected: str
) -> None:
    for seed, value in enumerate(values):
        file_run(value, seed=seed)
    found = verdict(tiny_home, "alpha-near")
    assert found.verdict == expected
    # Mean differences 0, 10 and -10; sd 0.3, n = 3 and one run: 4.302653 * 0.3 * sqrt(1 + 1/3) = 1.490.
    middle = (sum(values) / 3 - 600) / 10
    assert found.reason.startswith(f"ours minus claim: {middle - 1.490:+.2f} to {middle + 1.490:+.2f} points")


def test_an_interval_too_wide_to_tell_makes_no_verdict(tiny_home: Path, file_run: FileRun) -> None:
    for seed, value in enumerate((300, 600, 900)):
        file_run(value, seed=seed)
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason[:14]) == ("not comparable", "too uncertain,")


def test_one_published_run_is_as_uncertain_as_one_of_ours() -> None:
    # n = 4, sd sqrt(5/3), t(0.975, 3) = 3.182446: the prediction interval of one more run.
    ours, margin = [1.0, 2.0, 3.0, 4.0], 3.182446 * (5 / 3) ** 0.5 * (1 + 1 / 4) ** 0.5
    assert difference_from_mean(ours, 2.5, 1) == pytest.approx((-margin, margin), abs=1e-5)
    # A mean of many is nearly exact: then the interval is that of our own mean.
    own = aggregate(ours)
    assert difference_from_mean(ours, 0.0, 10**9) == pytest.approx((own.low, own.high), abs=1e-4)


def test_the_recipe_that_meets_a_claims_conditions_is_compared(tiny_home: Path, file_run: FileRun) -> None:
    file = tiny_home / "ontology" / "claims" / "alpha-near.ttl"
    file.write_text(file.read_text().replace("hp:epochs 1", "hp:epochs 1 ; hp:symmetric true"))
    for seed, value in enumerate((597, 600, 603)):
        file_run(value + 100, seed=seed)  # the default recipe is asymmetric
    assert verdict(tiny_home, "alpha-near").reason == ("registry run-benchmark alpha --on toy_knn --recipe symmetric")
    for seed, value in enumerate((597, 600, 603)):
        file_run(value, seed=seed, variant="symmetric")
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.recipe) == ("reproduced", "alpha-toy-symmetric")


def test_where_lower_is_better_the_lowest_mean_leads(tiny_home: Path, file_run: FileRun) -> None:
    file = tiny_home / "ontology" / "metrics" / "top1_accuracy.ttl"
    file.write_text(file.read_text().replace("reg:higherIsBetter true", "reg:higherIsBetter false"))
    for seed in range(3):
        file_run(900, seed=seed)
        file_run(100, method="beta", seed=seed)
    assert [s.method for s in Registry.open(tiny_home).leaderboard("toy_knn").standings] == ["beta", "alpha"]


def test_without_the_vocabulary_nothing_is_ranked(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    (tiny_home / "ontology" / "vocabulary.ttl").write_text("broken")
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert board.standings == ()
    assert "vocabulary.ttl is missing or does not parse" in board.left_out[0][1]


def test_a_copied_record_counts_once(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    (file.parent / "copy.ttl").write_bytes(file.read_bytes())
    registry = Registry.open(tiny_home)
    assert len(registry.all_runs) == 1
    assert any("stands in 2 files" in problem.message for problem in registry.check())


def test_a_benchmark_edited_under_its_version_takes_no_more_results(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    file = tiny_home / "ontology" / "benchmarks" / "toy_knn.ttl"
    file.write_text(file.read_text().replace("ep:neighbours 5", "ep:neighbours 6"))
    assert Registry.open(tiny_home).leaderboard("toy_knn").left_out[0][1] == "the benchmark has changed since"


def test_a_whole_number_in_turtle_is_the_float_that_the_code_takes(tiny_home: Path, file_run: FileRun) -> None:
    file = tiny_home / "ontology" / "methods" / "alpha.ttl"
    file.write_text(file.read_text().replace("hp:temperature 0.2", "hp:temperature 1"))
    assert repr(Registry.open(tiny_home).recipe("alpha", "toy_knn").settings["temperature"]) == "1.0"


def test_results_of_several_versions_of_the_code_are_marked(tiny_home: Path, file_run: FileRun) -> None:
    files = [file_run(500, seed=seed) for seed in range(3)]
    files[0].write_text(files[0].read_text().replace("1" * 64, "9" * 64))
    assert Registry.open(tiny_home).leaderboard("toy_knn").standings[0].remark == "from 2 versions of the code"


def test_a_claim_with_raw_values_is_compared_with_its_own_spread(tiny_home: Path, file_run: FileRun) -> None:
    for seed, value in enumerate((590, 600, 610)):
        file_run(value, seed=seed)
    found = verdict(tiny_home, "alpha-spread")
    # Means 60 and 61, both variances 1: df 4, half width 2.776445 * sqrt(2/3) = 2.267.
    assert "ours minus claim: -3.27 to +1.27 points (95% interval, n = 3 against 3 raw values)" in found.reason


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
    assert found.reason == "selection: the claim is the best epoch on the test set, ours the last epoch"


def test_only_broken_runs_make_the_verdict_failed(tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Diverged")
    found = verdict(tiny_home, "alpha-near")
    assert (found.verdict, found.reason) == ("failed", "1 of 1 runs broke off, none counts")


def test_a_changed_recipe_that_broke_or_a_stopped_run_is_no_failure(tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Diverged", learning_rate=1e20)
    file_run(None, status="Interrupted")
    assert verdict(tiny_home, "alpha-near").verdict == "not attempted"


def test_runs_of_a_changed_recipe_are_no_evidence(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(600, seed=seed, epochs=800)
    found = verdict(tiny_home, "alpha-long")
    assert found.verdict == "not attempted"
    assert found.reason == "no recipe meets its conditions: epochs: the claim says 800, ours is 1"


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
