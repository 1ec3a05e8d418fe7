"""A method whose paper leaves something open is a reading of it, and is called so wherever it appears."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry
from registry.cli import cli
from registry.verdict_names import READING
from tests.conftest import ROOT, FileRun

READINGS = {"moco_dual_view", "xmoco"}


@pytest.fixture
def read(tiny_home: Path, add: Callable[[str], None], file_run: FileRun) -> Path:
    """The tiny ontology, whose alpha is a reading with three runs of 60 %, and beta is none."""
    add('method:alpha reg:openQuestion "Which of two weights it is."@en .')
    for seed in range(3):
        file_run(600, seed=seed)
        file_run(500, method="beta", seed=seed)
    return tiny_home


def says(home: Path, *arguments: str) -> str:
    result = CliRunner().invoke(cli, ["--home", str(home), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def lines_of(text: str, word: str) -> list[str]:
    return [line for line in text.splitlines() if word in line]


def test_the_two_ambiguous_papers_have_runnable_readings_and_nothing_else_is_one(registry: Registry) -> None:
    found = [method for method in registry.methods() if method.reading]
    assert {method.name for method in found} == READINGS
    assert all(method.implementation and method.departures and registry.recipes(method.name) for method in found)


@pytest.mark.parametrize("benchmark", ["cifar10_mini_knn", "cifar10_knn"])
def test_each_rung_of_the_ladder_is_a_recipe_that_differs_in_that_rung_alone(
    registry: Registry, benchmark: str
) -> None:
    both, dual_view, selection, farthest = (
        registry.recipe("moco_dual_view", benchmark, variant).settings
        for variant in (None, "dual_view_only", "selection_only", "farthest")
    )
    assert both["alpha"] > 0
    assert both["selection"] == "hardest_topk"
    assert dual_view == both | {"selection": "none", "share_kept": 1.0}
    assert selection == both | {"alpha": 0.0}
    assert farthest == both | {"selection": "farthest_topk"}
    # Below the ladder stands MoCo v2 itself: nothing else differs.
    baseline = registry.recipe("moco_v2", benchmark).settings
    assert {name: value for name, value in both.items() if name in baseline} | {"symmetric": False} == baseline


@pytest.mark.parametrize("name", sorted(READINGS))
def test_the_page_of_a_reading_says_so_and_lists_what_is_open(name: str) -> None:
    text = says(ROOT, "show", name)
    assert f"{READING}; open:" in text
    assert "unlike the paper:" in text
    assert json.loads(says(ROOT, "show", name, "--json"))["reading"] is True
    assert json.loads(says(ROOT, "show", "moco_v2", "--json"))["reading"] is False


def test_lists_of_methods_tell_readings_from_the_rest(read: Path) -> None:
    text = says(read, "methods")
    assert all(READING in line for line in lines_of(text, "Alpha"))
    assert not any(READING in line for line in lines_of(text, "Beta"))
    assert "1 of them as a reading of their paper" in says(read, "overview")


def test_leaderboards_and_lists_of_runs_tell_readings_from_the_rest(read: Path) -> None:
    board = says(read, "leaderboard", "toy_knn")
    assert READING in lines_of(board, "alpha-toy")[0]
    assert READING not in lines_of(board, "beta-toy")[0]
    remarks = {
        s["method"]: s["remark"] for s in json.loads(says(read, "leaderboard", "toy_knn", "--json"))["standings"]
    }
    assert remarks == {"alpha": READING, "beta": ""}
    assert f"alpha is {READING}" in says(read, "runs")
    assert READING not in says(read, "runs", "beta")
    told = json.loads(says(read, "runs", "--json"))
    assert {each["method"]: each["reading"] for each in told} == {"alpha": True, "beta": False}


def test_a_run_of_a_reading_says_so(read: Path) -> None:
    registry = Registry.open(read)
    assert f"alpha, {READING}" in says(read, "show", registry.runs("alpha")[0].name)
    assert READING not in says(read, "show", registry.runs("beta")[0].name)


def test_a_claim_is_neither_reproduced_nor_missed_by_a_reading(read: Path) -> None:
    # The same runs reproduce the claim of 60 % where alpha is no reading.
    (near,) = [each for each in Registry.open(read).verdicts("alpha") if each.claim.name == "alpha-near"]
    assert near.verdict == "not comparable"
    assert near.reason.startswith(f"ours is {READING}; ours minus claim: ")
    assert near.differences[0] == f"ours is {READING}"
    assert near.ours is not None
    assert near.ours.mean == 60
    assert READING in says(read, "claims", "alpha")
    (read / "ontology" / "more" / "0.ttl").write_text("# nothing is open\n")
    (near,) = [each for each in Registry.open(read).verdicts("alpha") if each.claim.name == "alpha-near"]
    assert near.verdict == "reproduced"


def test_a_claim_that_nobody_tried_stays_so(tiny_home: Path, add: Callable[[str], None]) -> None:
    add('method:alpha reg:openQuestion "Which of two weights it is."@en .')
    verdicts = {verdict.verdict for verdict in Registry.open(tiny_home).verdicts("alpha")}
    assert "not attempted" in verdicts
    assert "reproduced" not in verdicts


@pytest.mark.parametrize("form", ["csv", "csv-claims"])
def test_tables_of_runs_and_claims_mark_readings(read: Path, form: str) -> None:
    rows = list(csv.DictReader(io.StringIO(Registry.open(read).export(form))))
    assert {row["reading"] for row in rows if row["method"] == "alpha"} == {"true"}
    assert {row["reading"] for row in rows if row["method"] != "alpha"} <= {"false"}


@pytest.mark.parametrize("form", ["rocrate", "eee", "mls"])
def test_exports_of_one_run_say_what_ran(read: Path, form: str) -> None:
    registry = Registry.open(read)
    alpha, beta = (
        "\n".join(content.decode() for content in registry.export_files(form, registry.runs(name)[0].name).values())
        for name in ("alpha", "beta")
    )
    assert READING in alpha
    assert READING not in beta


def test_model_cards_say_what_ran(read: Path) -> None:
    registry = Registry.open(read)
    assert READING in registry.export("model-index", "alpha")
    assert READING not in registry.export("model-index", "beta")


def test_pages_say_so_above_what_is_open_and_beside_what_was_measured(read: Path, tmp_path: Path) -> None:
    Registry.open(read).export_pages(tmp_path / "pages")
    texts = {file.stem: file.read_text() for file in (tmp_path / "pages").rglob("*.md")}
    (alpha,) = [text for text in texts.values() if "## Measured here" in text and "Which of two weights" in text]
    assert f"## {READING.capitalize()}" in alpha
    assert READING in lines_of(alpha, "alpha-toy")[0]


def test_who_starts_a_run_of_a_reading_is_told(read: Path) -> None:
    result = CliRunner().invoke(
        cli, ["--home", str(read), "run-benchmark", "alpha", "--on", "toy_knn", "--set", "dim=0"]
    )
    assert result.exit_code == 1
    assert f"alpha is {READING}\n" in result.output
