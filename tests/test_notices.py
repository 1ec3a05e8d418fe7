"""Notices: a run is retracted, superseded or verified by a new file; its record stays as it was."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

import pytest
import rdflib
from click.testing import CliRunner, Result

from registry import Registry, results, verification
from registry.cli import cli
from registry.errors import RegistryError, UnknownName
from registry.hashes import recipe_hash
from registry.namespaces import curie
from registry.records import Verification
from tests.conftest import FileRun
from tests.test_runner import Silent, run

WHY = "the labels were shuffled"


def call(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *arguments])


def verify(home: Path, file: Path, **options: object) -> Verification:
    return Registry.open(home).verify(file.stem, listener=Silent(), **options)  # type: ignore[arg-type]


def why(home: Path, file: Path) -> str | None:
    registry = Registry.open(home)
    return registry.why_not_ranked(registry.find_run(file.stem))


def problems(home: Path) -> list[str]:
    return [problem.message for problem in Registry.open(home).check()]


# Retraction


def test_a_retracted_run_stays_everywhere_and_counts_nowhere(tiny_home: Path, file_run: FileRun) -> None:
    files = [file_run(500 + seed, seed=seed) for seed in range(3)]
    before = files[0].read_bytes()
    Registry.open(tiny_home).retract(files[0].stem, WHY)
    registry = Registry.open(tiny_home)
    board = registry.leaderboard("toy_knn")
    assert [(standing.result.n, standing.rank) for standing in board.standings] == [(2, None)]
    assert board.left_out == ((files[0].stem, f"retracted: {WHY}"),)
    (near,) = [verdict for verdict in registry.verdicts() if verdict.claim.name == "alpha-near"]
    assert near.reason == "n = 2: a comparison needs 3 seeds"
    assert files[0].stem in call(tiny_home, "runs").output
    assert f"false,retracted: {WHY}" in registry.export("csv")
    assert files[0].read_bytes() == before
    assert problems(tiny_home) == []


def test_retraction_frees_the_seed_for_the_next_run_of_it(tiny_home: Path, file_run: FileRun) -> None:
    first, second, third = (file_run(correct, seed=4) for correct in (500, 600, 700))
    Registry.open(tiny_home).retract(first.stem, WHY)
    assert why(tiny_home, second) is None
    assert why(tiny_home, third) == f"seed 4 counts already, by {second.stem}"


def test_a_retraction_says_what_when_why_and_who_and_invalidates_the_results(
    tiny_home: Path, file_run: FileRun
) -> None:
    file = file_run(500)
    notice = Registry.open(tiny_home).retract(file.stem, "  the labels\nwere shuffled ", stated_by="Ada Lovelace")
    assert notice.parent == tiny_home / "ontology" / "notices"
    assert re.fullmatch(rf"{file.stem}-retracted-\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}}", notice.stem)
    graph = rdflib.Graph().parse(notice)  # a reader that we did not write
    said = {curie(str(p)): curie(str(o)) for p, o in graph.predicate_objects() if "type" not in p}
    assert said.pop("prov:startedAtTime").startswith("20")
    assert said.pop("prov:invalidated").startswith(f"run:{file.stem}#")
    assert said == {"reg:retracts": f"run:{file.stem}", "reg:reason": WHY, "reg:statedBy": "Ada Lovelace"}


def test_a_run_is_retracted_once(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    Registry.open(tiny_home).retract(file.stem, WHY)
    with pytest.raises(RegistryError, match=f"was retracted already on 20.* because {WHY}"):
        Registry.open(tiny_home).retract(file.stem, "again")
    assert len(list((tiny_home / "ontology" / "notices").iterdir())) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "--why is empty"), (" \n\t", "--why is empty"), ("a\x1b[2J", "cannot be printed"), ("\udcff", "printed")],
)
def test_a_reason_says_something(tiny_home: Path, file_run: FileRun, text: str, message: str) -> None:
    file = file_run(500)
    with pytest.raises(RegistryError, match=message):
        Registry.open(tiny_home).retract(file.stem, text)
    assert not (tiny_home / "ontology" / "notices").exists()


def test_a_reason_is_data_and_no_turtle(tiny_home: Path, file_run: FileRun) -> None:
    file, text = file_run(500), 'he said "no" . <a:b> <a:c> \\ <script>'
    Registry.open(tiny_home).retract(file.stem, text)
    assert why(tiny_home, file) == f"retracted: {text}"


def test_a_full_disk_leaves_no_notice(tiny_home: Path, file_run: FileRun, monkeypatch: pytest.MonkeyPatch) -> None:
    file = file_run(500)

    def full_disk(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results.os, "fsync", full_disk)
    with pytest.raises(RegistryError, match=r"the notice could not be written to .*No space left on device"):
        Registry.open(tiny_home).retract(file.stem, WHY)
    assert list((tiny_home / "ontology" / "notices").iterdir()) == []


def test_a_shipped_run_is_retracted_in_the_users_own_layer(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "mine")
    shipped = registry.all_runs[0]
    file = registry.retract(shipped.name, WHY)
    assert file.parent == tmp_path / "mine" / "notices"
    assert Registry.open(tmp_path / "mine").why_not_ranked(shipped) == f"retracted: {WHY}"


# Names of runs


def test_a_run_is_found_by_the_beginning_of_its_name(tiny_home: Path, file_run: FileRun) -> None:
    first, second = file_run(500, seed=1), file_run(500, seed=2)
    registry = Registry.open(tiny_home)
    assert registry.find_run("alpha-s2").name == second.stem
    with pytest.raises(RegistryError, match=f"2 runs begin with 'alpha-s'; give more of the name: {first.stem}, "):
        registry.find_run("alpha-s")
    with pytest.raises(UnknownName, match=f"no run 'x{first.stem}'; did you mean '{first.stem}'"):
        registry.find_run(f"x{first.stem}")
    with pytest.raises(UnknownName):
        registry.find_run("")


# Supersession


def test_a_successor_takes_the_place_of_the_run_that_it_supersedes(tiny_home: Path, file_run: FileRun) -> None:
    first, second, third = (file_run(correct, seed=4) for correct in (500, 600, 700))
    Registry.open(tiny_home).supersede(first.stem, third.stem, "run again with the repaired loader")
    assert why(tiny_home, first) == f"superseded by {third.stem}: run again with the repaired loader"
    assert why(tiny_home, third) is None
    assert why(tiny_home, second) == f"seed 4 counts already, by {third.stem}"
    assert problems(tiny_home) == []


def test_a_successor_with_another_seed_displaces_nobody(tiny_home: Path, file_run: FileRun) -> None:
    old, counting, late = file_run(500, seed=1), file_run(510, seed=2), file_run(520, seed=2)
    Registry.open(tiny_home).supersede(old.stem, late.stem, WHY)
    assert why(tiny_home, counting) is None
    assert why(tiny_home, late) == f"seed 2 counts already, by {counting.stem}"


def test_supersession_goes_by_way_of_others(tiny_home: Path, file_run: FileRun) -> None:
    first, second, third = (file_run(correct, seed=4) for correct in (500, 600, 700))
    Registry.open(tiny_home).supersede(first.stem, second.stem, WHY)
    Registry.open(tiny_home).supersede(second.stem, third.stem, WHY)
    assert Registry.open(tiny_home).notices.replaced(third.stem) == {first.stem, second.stem}
    assert why(tiny_home, third) is None


def test_what_cannot_supersede_is_refused(tiny_home: Path, file_run: FileRun) -> None:
    first, second, gone = file_run(500), file_run(510, seed=1), file_run(520, seed=2)
    stranger, failed = file_run(600, method="beta"), file_run(None, status="Failed", seed=3)
    Registry.open(tiny_home).retract(gone.stem, WHY)

    def refused(run: Path, by: Path, text: str = WHY) -> str:
        with pytest.raises(RegistryError) as caught:
            Registry.open(tiny_home).supersede(run.stem, by.stem, text)
        return str(caught.value)

    assert refused(first, first) == f"{first.stem} cannot supersede itself"
    assert refused(first, stranger) == f"{stranger.stem} is of another method: beta, not alpha"
    assert refused(first, gone) == f"{gone.stem} counts no more: retracted: {WHY}"
    assert refused(first, failed) == f"{failed.stem} has no result: failed"
    assert "--why is empty" in refused(first, second, " ")
    Registry.open(tiny_home).supersede(first.stem, second.stem, WHY)
    assert refused(second, first) == f"{first.stem} counts no more: superseded by {second.stem}: {WHY}"
    assert refused(first, second) == f"{first.stem} was superseded already by {second.stem} because {WHY}"


# In listings, questions and checks


def test_listings_mark_what_was_retracted_superseded_and_verified(tiny_home: Path, file_run: FileRun) -> None:
    old, new, wrong = file_run(500), file_run(510), file_run(520, seed=2)
    Registry.open(tiny_home).supersede(old.stem, new.stem, WHY)
    Registry.open(tiny_home).retract(wrong.stem, WHY)
    (known,) = run(tiny_home, seeds=[7])
    verify(tiny_home, known)
    table = call(tiny_home, "runs").output
    for text in (f"retracted: {WHY}", f"superseded by {new.stem}: {WHY}", "confirmed, held 1 of 1"):
        assert text in table
        assert text in call(tiny_home, "show", "alpha").output
    for listed in (
        json.loads(call(tiny_home, "runs", "--json").output),
        json.loads(call(tiny_home, "show", "alpha", "--json").output)["runs"],
    ):
        kinds = {row["name"]: [notice["kind"] for notice in row["notices"]] for row in listed}
        assert {name: kind for name, kind in kinds.items() if kind} == {
            old.stem: ["supersession"],
            wrong.stem: ["retraction"],
            known.stem: ["verification"],
        }


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["retract", "alpha-s9", "--why", "x"], "no run 'alpha-s9'; there are alpha-s0-"),
        (["retract", "alpha-s0", "--why", " "], "--why is empty; say it in words"),
        (["supersede", "alpha-s0", "--by", "alpha-s0", "--why", "x"], "cannot supersede itself"),
        (
            ["verify", "alpha-s0", "--tolerance", "-1"],
            "a tolerance is a number of percentage points from 0, not -1.0",
        ),
    ],
)
def test_a_wrong_notice_gets_one_line_and_exit_code_1(
    tiny_home: Path, file_run: FileRun, command: list[str], message: str
) -> None:
    file_run(500)
    result = call(tiny_home, *command)
    assert (result.exit_code, message in result.output) == (1, True), result.output


def test_a_reason_is_asked_for(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    result = call(tiny_home, "retract", "alpha-s0")
    assert (result.exit_code, "Missing option '--why'" in result.output) == (2, True)


def test_retracted_runs(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    notice = Registry.open(tiny_home).retract(file.stem, WHY, stated_by="Ada")
    found = Registry.open(tiny_home).ask("retracted_runs")
    assert found.columns == ("notice", "run", "stated", "statedBy", "reason")
    ((name, run_, _, *said),) = found.rows
    assert [curie(str(name)), curie(str(run_)), *said] == [f"notice:{notice.stem}", f"run:{file.stem}", "Ada", WHY]


def test_superseded_runs(tiny_home: Path, file_run: FileRun) -> None:
    old, new = file_run(500), file_run(510)
    Registry.open(tiny_home).supersede(old.stem, new.stem, WHY)
    ((_, *pair, _, stated_by, reason),) = Registry.open(tiny_home).ask("superseded_runs").rows
    assert [curie(str(cell)) for cell in pair] == [f"run:{old.stem}", f"run:{new.stem}"]
    assert (stated_by, reason) == (None, WHY)


def test_verifications(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    found = verify(tiny_home, file)
    ((*names, difference, tolerance, _, _),) = Registry.open(tiny_home).ask("verifications").rows
    expected = [f"notice:{found.name}", f"run:{file.stem}", f"run:{found.rerun}", "reg:Identical"]
    assert [curie(str(cell)) for cell in names] == expected
    assert (difference, tolerance) == (0.0, 5.0)


def test_an_edited_verification_is_found(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    found = verify(tiny_home, file)
    notice = tiny_home / "ontology" / "notices" / f"{found.name}.ttl"
    whole = notice.read_text()
    notice.write_text(whole.replace("reg:difference 0.0", "reg:difference 2.0"))
    assert problems(tiny_home) == ["the difference 2.0 is not that of the two values"]
    notice.write_text(whole.replace("reg:Identical", "reg:DoesNotHold"))
    assert problems(tiny_home) == ["the outcome 'does not hold' is not what the difference says"]
    (other,) = run(tiny_home, seeds=[1])
    notice.write_text(
        whole.replace(f"reg:verificationRun run:{found.rerun}", f"reg:verificationRun run:{other.stem}")
    )
    assert problems(tiny_home) == [f"{other.stem} is no repetition of {file.stem}"]


def test_runs_that_supersede_each_other_are_found(tiny_home: Path, file_run: FileRun) -> None:
    old, new = file_run(500), file_run(510)
    notice = Registry.open(tiny_home).supersede(old.stem, new.stem, WHY)
    back = notice.with_stem("back")
    text = notice.read_text().replace(notice.stem, "back").replace(old.stem, "third")
    back.write_text(text.replace(new.stem, old.stem).replace("third", new.stem))
    assert problems(tiny_home) == ["supersedes itself, by way of its reg:successor"] * 2
    assert Registry.open(tiny_home).leaderboard("toy_knn").standings == ()


def test_a_successor_of_another_method_is_found(tiny_home: Path, file_run: FileRun) -> None:
    old, new, stranger = file_run(500), file_run(510), file_run(600, method="beta")
    notice = Registry.open(tiny_home).supersede(old.stem, new.stem, WHY)
    notice.write_text(notice.read_text().replace(f"run:{new.stem}", f"run:{stranger.stem}"))
    assert problems(tiny_home) == [f"{stranger.stem} is of another method or benchmark than {old.stem}"]


def test_a_notice_about_a_run_that_is_not_there_is_found(tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    Registry.open(tiny_home).retract(file.stem, WHY)
    file.unlink()
    assert f"reg:retracts points at run:{file.stem}, which nothing describes" in problems(tiny_home)


def test_a_notice_that_makes_no_sense_stops_no_listing(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    found = verify(tiny_home, file)
    notice = tiny_home / "ontology" / "notices" / f"{found.name}.ttl"
    notice.write_text(notice.read_text().replace("reg:difference 0.0", 'reg:difference "much"'))
    registry = Registry.open(tiny_home)
    assert [standing.result.n for standing in registry.leaderboard("toy_knn").standings] == [1]
    assert "reg:difference is 'much', which is no number" in problems(tiny_home)


def test_every_tolerance_is_positive_and_on_a_benchmark_that_runs(registry: Registry) -> None:
    rows = registry.ask("SELECT ?b ?t { ?b reg:verificationTolerance ?t }").rows
    runnable = {benchmark.name for benchmark in registry.benchmarks() if benchmark.runnable}
    assert rows
    assert all(isinstance(value, float) and value > 0 for _, value in rows)
    assert {str(name).rsplit("/", 1)[1] for name, _ in rows} <= runnable


def test_every_committed_run_that_counts_can_be_verified(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "mine")
    counting = [found for found in registry.all_runs if registry.why_not_ranked(found) is None]
    assert counting
    for found in counting:
        benchmark = verification._same_benchmark(registry, found)
        assert verification._tolerance(registry.graph, benchmark, None) > 0
        job = verification._job(
            registry, found, benchmark, device="cpu", data=None, listener=Silent(), command="registry verify"
        )
        assert recipe_hash(job.settings) == found.recipe_hash
        assert set(job.data_checksums) == {"train", "test"}
