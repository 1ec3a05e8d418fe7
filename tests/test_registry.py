"""Rankings and lookups against answers worked out by hand on the tiny ontology."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry
from registry.errors import UnknownName
from tests.conftest import FileRun

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
