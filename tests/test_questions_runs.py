"""The named questions about runs and results, against answers worked out by hand on the tiny ontology.

The fixture `answers` has four runs: a0 reached 50, a1 (without its PyTorch version) 52, a2 (with
another number of epochs) 60, and b0 failed; before training all had 20.
"""

from __future__ import annotations

from registry import Registry
from registry.namespaces import iri, slug
from tests.conftest import FileRun


def test_runs(answers) -> None:
    columns = ("run", "status", "value", "untrained", "recipe", "departsFrom", "reason", "version")
    assert answers("runs", *columns, benchmark="toy_knn") == [
        ("b0", "reg:Failed", None, None, "recipe:beta-toy", None, "it broke", 1),
        ("a2", "reg:Succeeded", 60.0, 20.0, None, "recipe:alpha-toy", None, 1),
        ("a1", "reg:Succeeded", 52.0, 20.0, "recipe:alpha-toy", None, None, 1),
        ("a0", "reg:Succeeded", 50.0, 20.0, "recipe:alpha-toy", None, None, 1),
    ]
    assert answers("runs", "run", benchmark="far_knn") == []


def test_runs_of_method(answers) -> None:
    columns = ("run", "benchmark", "seed", "value", "imagesPerSecond", "wallSeconds", "device")
    assert answers("runs_of_method", *columns, method="beta") == [
        ("b0", "benchmark:toy_knn", 0, None, 100.0, 12.5, "Abacus")
    ]
    assert [row[0] for row in answers("runs_of_method", "run", method="alpha")] == ["a2", "a1", "a0"]


def test_failed_runs(answers, file_run: FileRun) -> None:
    file_run(None, status="Interrupted", seed=9)
    found = answers("failed_runs", "method", "seed", "status", "reason")
    assert found == [
        ("method:alpha", 9, "reg:Interrupted", "it broke"),
        ("method:beta", 0, "reg:Failed", "it broke"),
    ]


def test_runs_by_device(answers) -> None:
    assert answers("runs_by_device", "device", "runs") == [("Abacus", 4)]


def test_throughput(answers) -> None:
    columns = ("device", "method", "runs", "imagesPerSecond", "slowest", "fastest", "wallSeconds")
    assert answers("throughput", *columns, benchmark="toy_knn") == [
        ("Abacus", "method:alpha", 3, 100.0, 100.0, 100.0, 12.5),
        ("Abacus", "method:beta", 1, 100.0, 100.0, 100.0, 12.5),
    ]


def test_seeds(answers) -> None:
    # a2 changed its recipe and does not follow it
    assert answers("seeds", "seed", "run", "value", "untrained", recipe="alpha-toy") == [
        (0, "a0", 50.0, 20.0),
        (1, "a1", 52.0, 20.0),
    ]
    assert answers("seeds", "run", "status", "value", recipe="beta-toy") == [("b0", "reg:Failed", None)]


def test_missing_provenance(answers) -> None:
    columns = ("run", "benchmark", "property")
    assert answers("missing_provenance", *columns, method="alpha") == [
        ("a1", "benchmark:toy_knn", "reg:torchVersion")
    ]
    assert answers("missing_provenance", *columns, method="beta") == []


def test_provenance(answers) -> None:
    found = answers("provenance", "part", "property", "value", run="a2")
    assert ("a2", "reg:changedSetting", "epochs") in found
    told = {(str(part).rpartition("#")[2], prop, value) for part, prop, value in found}
    assert ("settings", "hp:epochs", 7) in told
    assert ("trained", "mls:hasValue", 60.0) in told
    assert ("implementation", "reg:implementation", "reference_impl.moco:MoCo") in told


def test_results(answers) -> None:
    # a2 changed its recipe and does not count; the mean of 50 and 52 is 51.
    columns = ("recipe", "state", "n", "mean", "lowest", "highest")
    assert answers("results", *columns, method="alpha", benchmark="toy_knn") == [
        ("recipe:alpha-toy", "reg:Trained", 2, 51.0, 50.0, 52.0),
        ("recipe:alpha-toy", "reg:Untrained", 2, 20.0, 20.0, 20.0),
    ]
    assert answers("results", "recipe", method="beta", benchmark="toy_knn") == []


def test_results_are_of_the_current_version_of_a_benchmark(answers, tiny_home) -> None:
    file = tiny_home / "ontology" / "benchmarks" / "toy_knn.ttl"
    file.write_text(file.read_text().replace("reg:version 1", "reg:version 2"))
    assert answers("results", "recipe", method="alpha", benchmark="toy_knn") == []
    assert answers("best_results", "recipe", benchmark="toy_knn") == []
    assert answers("results_beating_claim", "run", claim="alpha-fraction") == []


def test_best_results(answers, file_run: FileRun) -> None:
    for seed, correct in enumerate((500, 520, 540)):
        file_run(correct, method="beta", seed=seed)
    columns = ("method", "recipe", "seeds", "n", "mean", "lowest", "highest", "variance")
    first, second = answers("best_results", *columns, benchmark="toy_knn")
    # 50, 52, 54: the squares of the deviations are 4 + 0 + 4, divided by 2. Two seeds are no ranking.
    assert first == ("method:beta", "recipe:beta-toy", 3, 3, 52.0, 50.0, 54.0, 4.0)
    assert second == ("method:alpha", "recipe:alpha-toy", 2, 2, 51.0, 50.0, 52.0, 2.0)


def test_best_results_have_no_variance_of_one_run(tiny: Registry, file_run: FileRun, tiny_home) -> None:
    file_run(500)
    (row,) = Registry.open(tiny_home).ask("best_results", benchmark="toy_knn").rows
    assert row[3:] == (1, 50.0, 50.0, 50.0, None)


def test_best_results_leave_out_what_was_withdrawn(answers, tiny_home) -> None:
    registry = Registry.open(tiny_home)
    best = next(run for run in registry.runs() if run.value == 52.0)
    registry.retract(best.name, "The wrong data were read.")
    assert answers("best_results", "n", "mean", benchmark="toy_knn") == [(1, 50.0)]
    assert ("a1",) not in answers("results_beating_claim", "run", claim="alpha-fraction")


def test_best_results_begin_with_the_best_of_the_leaderboard(registry: Registry) -> None:
    board = registry.leaderboard("cifar10_mini_knn").standings
    found = registry.ask("best_results", benchmark="cifar10_mini_knn").rows
    assert board[0].recipe == slug(str(found[0][1]))
    assert abs(board[0].result.mean - float(str(found[0][4]))) < 1e-9
    sd = board[0].result.sd
    assert sd is not None
    assert abs(sd**2 - float(str(found[0][7]))) < 1e-6
    assert registry.graph.subjects(iri("reg", "followsRecipe"), str(found[0][1]))


def test_false_negatives(answers, tiny_home) -> None:
    columns = ("run", "method", "falseNegativeShare", "value")
    assert answers("false_negatives", *columns, benchmark="toy_knn") == []
    best = next(run for run in Registry.open(tiny_home).runs() if run.value == 52.0)
    more = tiny_home / "ontology" / "more.ttl"
    run, share, kept = iri("run", best.name), iri("reg", "falseNegativeShare"), iri("hp", "share_kept")
    more.write_text(f"<{run}> <{share}> 0.25 . <{run}#settings> <{kept}> 0.5 .\n")
    (row,) = Registry.open(tiny_home).ask("false_negatives", benchmark="toy_knn").rows
    assert [slug(str(cell)) for cell in row[:2]] == [best.name, "alpha"]
    assert row[2:] == (None, 0.5, None, 0.25, 52.0)
