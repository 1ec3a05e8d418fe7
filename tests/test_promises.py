"""What makes a number count: each of the thirteen promises, from end to end."""

from __future__ import annotations

import csv
import json
import re
from hashlib import sha256
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from reference_impl import evaluation
from reference_impl.data import Splits
from reference_impl.training import Progress
from registry import Registry
from registry.cli import cli
from registry.namespaces import curie, iri
from tests import test_training
from tests.conftest import ROOT, FileRun
from tests.test_checks import edit
from tests.test_runner import Silent, run
from tests.test_training import toy_images


def says(home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cli, ["--home", str(home), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


# 1. Claims and results never mix.


def test_1_no_subject_is_claim_and_result_and_check_refuses_one_that_is(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    both = "ASK { ?x a reg:Claim, reg:Result }"
    assert Registry.open(tiny_home).ask(both).rows == [(False,)]
    edit(tiny_home, "claims/beta-near.ttl", "a reg:Claim", "a reg:Result, reg:Claim")
    assert any("cannot be a result" in problem.message for problem in Registry.open(tiny_home).check())


def test_1_no_ranking_and_no_list_of_runs_holds_a_claim(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    registry = Registry.open(tiny_home)
    assert len(registry.all_claims) == 7
    assert [standing.result.n for standing in registry.leaderboard("toy_knn").standings] == [1]
    assert len(json.loads(says(tiny_home, "runs", "--json"))) == 1
    assert len(says(tiny_home, "export", "csv").splitlines()) == 2


# 2. A result without complete provenance is kept, and not ranked.


@pytest.mark.parametrize("missing", ["sourceSha256", "evaluationDataSha256", "hostCpu", "commandLine"])
def test_2_a_result_without_complete_provenance_is_kept_and_not_ranked(
    tiny_home: Path, file_run: FileRun, missing: str
) -> None:
    file = file_run(500, without=missing)
    board = Registry.open(tiny_home).leaderboard("toy_knn")
    assert (board.standings, board.left_out) == ((), ((file.stem, f"incomplete provenance: {missing}"),))
    assert "50.00" in says(tiny_home, "runs")


# 3. Failed, diverged and interrupted runs are recorded and counted.


def test_3_runs_without_a_result_are_listed_and_counted(tiny_home: Path, file_run: FileRun) -> None:
    for seed, status in enumerate(("Failed", "Diverged", "Interrupted")):
        file_run(None, seed=seed, status=status)
    assert "3 runs do not count:" in says(tiny_home, "leaderboard", "toy_knn")
    table = says(tiny_home, "runs")
    assert all(f"{status}: it broke" in table for status in ("failed", "diverged", "interrupted"))
    (near,) = [verdict for verdict in Registry.open(tiny_home).verdicts() if verdict.claim.name == "alpha-near"]
    assert (near.verdict, near.reason) == ("failed", "2 of 3 runs broke off, none counts")


# 4. One seed is "single run"; three or more give mean, sd and interval; fewer never win.


def test_4_fewer_than_three_seeds_never_win_and_three_show_mean_sd_and_interval(
    tiny_home: Path, file_run: FileRun
) -> None:
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(990, method="beta")
    first, second = Registry.open(tiny_home).leaderboard("toy_knn").standings
    # Mean 51, sd 1 with ddof 1, 51 -+ t(0.975, df 2) = 4.302653 over the root of 3.
    assert (first.rank, first.result.n, first.result.mean, first.result.sd) == (1, 3, 51.0, pytest.approx(1.0))
    assert first.result.low == pytest.approx(51 - 4.302653 / 3**0.5, abs=1e-5)
    assert (second.rank, second.result.sd, second.remark) == (None, None, "single run")


# 5. Comparison only within one benchmark version, or "not comparable" with the reason.


def test_5_results_of_an_older_version_are_compared_with_nothing(tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(600, seed=seed)
    edit(tiny_home, "benchmarks/toy_knn.ttl", "reg:version 1", "reg:version 2")
    registry = Registry.open(tiny_home)
    board = registry.leaderboard("toy_knn")
    assert board.standings == ()
    assert {why for _, why in board.left_out} == {"measured on version 1 of the benchmark, now 2"}
    assert {verdict.verdict for verdict in registry.verdicts("alpha")} == {"not attempted"}


def test_5_a_claim_under_other_conditions_is_not_comparable_and_says_which(
    tiny_home: Path, file_run: FileRun
) -> None:
    for seed in range(3):
        file_run(600, seed=seed)
    edit(tiny_home, "claims/alpha-near.ttl", "hp:epochs 1", "hp:epochs 800")
    (near,) = [verdict for verdict in Registry.open(tiny_home).verdicts() if verdict.claim.name == "alpha-near"]
    assert (near.verdict, near.reason) == ("not comparable", "epochs: claimed 800, ours 1")


# 6. The last epoch counts; test data selects nothing.


def test_6_the_test_set_is_scored_before_the_first_and_after_the_last_epoch_only(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score, trained, scored_after = evaluation.knn, [0], []

    class Counting(Silent):
        def progress(self, progress: Progress) -> None:
            trained.append(progress.epoch - (not progress.epoch_done))

    def counted(*arguments: object, **settings: object) -> evaluation.Score:
        scored_after.append(trained[-1])
        return score(*arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(evaluation, "knn", counted)
    run(tiny_home, changes={"epochs": "3"}, listener=Counting())
    assert scored_after == [0, 3]


def test_6_other_test_images_change_nothing_that_is_trained(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def losses(file: Path) -> list[str]:
        return [row["loss"] for row in csv.DictReader(file.with_suffix(".csv").read_text().splitlines())]

    (ours,) = run(tiny_home, changes={"epochs": "2"})
    other = Splits(train=toy_images(96, 0), test=toy_images(24, 77))
    monkeypatch.setattr(test_training, "toy", lambda folder, cache: other)
    (theirs,) = run(tiny_home, changes={"epochs": "2"})
    assert losses(ours) == losses(theirs)


# 7. Results are superseded or retracted with a reason, never deleted.


def test_7_retraction_and_supersession_add_a_file_and_change_none(tiny_home: Path, file_run: FileRun) -> None:
    old, new, wrong = file_run(500), file_run(510), file_run(520, seed=1)
    before = {file: file.read_bytes() for file in tiny_home.rglob("*") if file.is_file()}
    says(tiny_home, "supersede", old.stem, "--by", new.stem, "--why", "a repaired loader")
    says(tiny_home, "retract", wrong.stem, "--why", "the wrong data")
    added = {file.parent.name for file in tiny_home.rglob("*") if file.is_file() and file not in before}
    assert {file: file.read_bytes() for file in before} == before
    assert added == {"notices"}
    table = says(tiny_home, "runs")
    assert f"superseded by {new.stem}: a repaired loader" in table
    assert "retracted: the wrong data" in table


# 8. `registry verify RUN` runs a record again and says whether it holds within the stated tolerance.


def test_8_a_record_is_run_again_and_the_graph_says_that_it_held(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    assert f"{file.stem}: identical" in says(tiny_home, "verify", file.stem)
    ((_, verified, again, outcome, difference, tolerance, when, _),) = (
        Registry.open(tiny_home).ask("verifications").rows
    )
    assert (curie(str(verified)), curie(str(outcome))) == (f"run:{file.stem}", "reg:Identical")
    assert (difference, tolerance) == (0.0, 5.0)
    assert again != verified
    assert re.match(r"\d{4}-\d\d-\d\dT", str(when))


# 9. Fractions, percent and percentage points are explicit.


@pytest.mark.parametrize(
    ("value", "unit", "stated"), [("0.8086", "FRACTION", "0.8086"), ("80.86", "PERCENT", "80.86 %")]
)
def test_9_a_fraction_and_its_percentage_are_one_number(tiny_home: Path, value: str, unit: str, stated: str) -> None:
    edit(tiny_home, "claims/beta-near.ttl", "mls:hasValue 55.5", f"mls:hasValue {value}")
    edit(tiny_home, "claims/beta-near.ttl", "unit:PERCENT", f"unit:{unit}")
    edit(tiny_home, "claims/beta-near.ttl", 'reg:statedText "55.5"', f'reg:statedText "{stated}"')
    (claim,) = [claim for claim in Registry.open(tiny_home).all_claims if claim.name == "beta-near"]
    assert (claim.value, claim.decimals, claim.stated) == (pytest.approx(80.86, abs=1e-9), 2, stated)


def test_9_a_difference_of_two_percentages_is_in_points(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    says(tiny_home, "verify", file.stem)
    unit = "SELECT ?unit { ?notice reg:difference ?any ; qudt:hasUnit ?unit }"
    assert [curie(str(cell)) for (cell,) in Registry.open(tiny_home).ask(unit).rows] == ["reg:PercentagePoint"]


# 10. Every number on a page is reachable by SPARQL with its provenance.


def test_10_every_number_that_is_listed_for_a_run_is_in_the_graph_with_its_provenance(
    tiny_home: Path, file_run: FileRun
) -> None:
    file_run(500, seed=3)
    (listed,) = json.loads(says(tiny_home, "runs", "--json"))
    registry = Registry.open(tiny_home)
    reached = registry.ask(
        "SELECT ?value { { ?run mls:realizes ?m ; ?p ?value } UNION "
        "{ ?result prov:wasGeneratedBy ?run ; mls:hasValue ?value . ?run reg:sourceCommit ?c ; reg:seed ?s ; "
        "reg:recipeHash ?r ; reg:trainingDataSha256 ?d ; reg:torchVersion ?t ; reg:deviceModel ?v } }"
    )
    numbers = {name: cell for name, cell in listed.items() if isinstance(cell, int | float)}
    numbers = {name: cell for name, cell in numbers.items() if not isinstance(cell, bool)}
    assert {"value", "untrained", "seed", "wall_seconds", "images_per_second", "peak_memory"} <= set(numbers)
    assert set(numbers.values()) <= {cell for (cell,) in reached.rows}


def test_10_a_mean_names_the_runs_whose_values_sparql_gives(tiny_home: Path, file_run: FileRun) -> None:
    for seed, correct in enumerate((500, 510, 523)):
        file_run(correct, seed=seed)
    (standing,) = json.loads(says(tiny_home, "leaderboard", "toy_knn", "--json"))["standings"]
    registry = Registry.open(tiny_home)
    values = []
    for name in standing["runs"]:
        query = f"SELECT ?v {{ ?r prov:wasGeneratedBy <{iri('run', name)}> ; reg:encoderState reg:Trained ; "
        ((value,),) = registry.ask(query + "mls:hasValue ?v }").rows
        values.append(value)
    assert standing["result"]["mean"] == pytest.approx(sum(values) / len(values))


# 11. Export and rebuild give the same graph.


def test_11_a_graph_that_is_exported_and_rebuilt_has_the_same_canonical_hash(
    tiny_home: Path, tmp_path: Path, file_run: FileRun
) -> None:
    old, new = file_run(500), file_run(510)
    Registry.open(tiny_home).supersede(old.stem, new.stem, "a repaired loader")
    exported = Registry.open(tiny_home).export("nquads")
    files: dict[str, list[ox.Triple]] = {}
    for quad in ox.parse(exported.encode(), format=ox.RdfFormat.N_QUADS):
        files.setdefault(quad.graph_name.value.removeprefix(iri("file", "")), []).append(quad.triple)
    for name, triples in files.items():
        file = tmp_path / "rebuilt" / "ontology" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        ox.serialize(triples, str(file), format=ox.RdfFormat.TURTLE)
    rebuilt = Registry.open(tmp_path / "rebuilt").export("nquads")
    assert sha256(rebuilt.encode()).digest() == sha256(exported.encode()).digest()


# 12. Timings carry machine, warm-up, repetitions, and compile time apart.


def test_12_a_timing_says_on_what_after_what_and_over_how_many_epochs(tiny_home: Path) -> None:
    (file,) = run(tiny_home, changes={"epochs": "4"})
    graph = Registry.open(tiny_home).graph
    fact = {
        name: graph.value(iri("run", file.stem), iri("reg", name))
        for name in ("deviceModel", "hostCpu", "threads", "warmupEpochs", "timedEpochs", "imagesPerSecond")
    }
    assert all(fact[name] for name in ("deviceModel", "hostCpu", "threads"))
    assert (fact["warmupEpochs"], fact["timedEpochs"]) == (1, 3)
    rows = list(csv.DictReader(file.with_suffix(".csv").read_text().splitlines()))
    rates = sorted(int(row["images"]) / float(row["seconds"]) for row in rows[1:])
    assert fact["imagesPerSecond"] == pytest.approx(rates[1], abs=0.06), "the median of the three after the first"


def test_12_what_is_compiled_is_timed_apart() -> None:
    compiles = any("torch.compile(" in file.read_text() for file in (ROOT / "reference_impl").glob("*.py"))
    assert not compiles or "reg:compileSeconds" in (ROOT / "ontology" / "vocabulary.ttl").read_text()


# 13. A departure from a paper is written where it is made, and the method page prints it.


def test_13_every_departure_in_the_graph_is_shown_with_its_method(registry: Registry) -> None:
    departures = 0
    for method in registry.methods():
        shown = says(ROOT, "show", method.name)
        recipes = registry.recipes(method.name)
        for departure in (*method.departures, *(text for recipe in recipes for text in recipe.departures)):
            assert f"unlike the paper: {departure}" in shown
            departures += 1
    assert departures


def test_13_departures_in_code_begin_with_the_same_words() -> None:
    said = [
        line.strip()
        for file in (ROOT / "reference_impl").glob("*.py")
        for line in file.read_text().splitlines()
        if re.search(r"#.*(unlike|differs from|departs from|other than) the (paper|authors)", line, re.IGNORECASE)
    ]
    assert [line for line in said if not re.search(r"# Unlike the (paper|authors)", line)] == []
