"""Each command: works, fails kindly, gives the right exit code, has help, speaks JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from registry import Registry
from registry.cli import cli
from tests.conftest import ROOT, FileRun

COMMANDS = sorted(cli.commands)
LISTINGS = [
    ["methods"],
    ["benchmarks"],
    ["show", "alpha"],
    ["leaderboard", "toy_knn"],
    ["claims"],
    ["claims", "beta"],
    ["runs"],
    ["runs", "alpha", "--on", "toy_knn"],
    ["ask"],
    ["ask", "runs", "--param", "benchmark=toy_knn"],
    ["ask", "lineage", "--param", "method=gamma"],
    ["ask", "SELECT ?m { ?m a mls:Algorithm }"],
    ["check"],
]


def call(home: Path, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *arguments], input=stdin)


@pytest.fixture
def home(tiny_home: Path, file_run: FileRun) -> Path:
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(600, method="beta")
    file_run(None, status="Interrupted", seed=9)
    return tiny_home


@pytest.mark.parametrize("command", LISTINGS, ids=" ".join)
def test_a_listing_works_in_words_and_in_json(home: Path, command: list[str]) -> None:
    plain, structured = call(home, *command), call(home, *command, "--json")
    assert (plain.exit_code, structured.exit_code) == (0, 0), plain.output + structured.output
    assert plain.output.strip()
    json.loads(structured.output)


def test_leaderboard_shows_n_spread_interval_and_what_does_not_count(home: Path) -> None:
    output = call(home, "leaderboard", "toy_knn").output
    assert output.startswith("Toy, kNN (synthetic data), version 1: top1_accuracy in %")
    first, second = [line for line in output.splitlines() if "-toy" in line]
    # Mean 51, sd 1, n 3: 51 -+ 4.302653 / sqrt(3).
    assert first.split() == [
        "1",
        "alpha",
        "alpha-toy",
        "3",
        "51.00",
        "1.00",
        "48.52",
        "to",
        "53.48",
        "20.00",
        "31.00",
    ]
    assert second.split() == ["beta", "beta-toy", "1", "60.00", "20.00", "40.00", "single", "run"]
    assert "1 runs do not count:" in output
    assert "interrupted: it broke" in output


def test_synthetic_data_are_labelled_in_every_listing_of_runs(home: Path) -> None:
    assert call(home, "runs").output.count("toy_knn (synthetic data)") == 5
    assert all(run["synthetic"] for run in json.loads(call(home, "runs", "--json").output))
    assert "--on toy_knn  # synthetic data" in call(home, "show", "alpha").output
    assert all(",toy_knn,true," in line for line in call(home, "export", "csv").output.splitlines()[1:])


def test_claims_show_claim_ours_verdict_and_reason(home: Path) -> None:
    output = call(home, "claims", "alpha").output
    assert 'alpha-near: alpha-near\n  claim    60.00 %, printed "60.0" in Notes\n' in output
    assert "  ours     51.00 %, n = 3, sd 1.00 (ddof 1), 95% interval 48.52 to 53.48 (alpha-toy)\n" in output
    # 4.302653 * sd 1 * sqrt(1/3 + 1) = 4.968.
    assert "  verdict  below: ours minus claim: -13.97 to -4.03 points" in output
    assert "  place    page 1\n" in output


def test_show_prints_lineage_recipes_and_departures() -> None:
    output = CliRunner().invoke(cli, ["--home", str(ROOT), "show", "moco_v2"]).output
    assert "moco_v2 <- moco_v1" in output
    assert "registry run-benchmark moco_v2 --on cifar10_knn --recipe symmetric" in output
    assert "unlike the paper: The authors' CIFAR-10 demo keeps v1's linear head" in output


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["show", "alhpa"], "no subject 'alhpa'; did you mean 'alpha'?"),
        (["leaderboard", "toy_kn"], "no benchmark 'toy_kn'; did you mean 'toy_knn'?"),
        (["claims", "betta"], "did you mean 'beta'?"),
        (["runs", "--on", "toy"], "no benchmark 'toy'"),
        (["run-benchmark", "alpha", "--on", "toy_knn", "--set", "momentum=5"], "momentum must be from 0 to 1"),
        (["ask", "recipes_below_temperature", "--param", "bound=nan"], "'nan' is not a number"),
        (["ask", "lineage", "--param", "self=x", "--param", "query=y"], "needs --param method=<method>"),
        (["ask", "term", "--param", "term=contrst"], "no term 'contrst'; did you mean 'contrast'?"),
        (["ask", "INSERT DATA { <a:b> <a:c> <a:d> }"], "INSERT would change the graph"),
        (["ask", "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }"], "SERVICE would send the query elsewhere"),
        (["ask", "SELECT * {"], "this is not a SPARQL query: line 1, column "),
        (
            ["ask", "SELECT * {\n ?s metod:x 1 }"],
            "line 2, column 5: there is no prefix 'metod:'; did you mean 'method'?",
        ),
        (["ask", "nothing.rq"], "nothing.rq cannot be read"),
        (["run-benchmark", "alpha"], "no benchmark 'shapes_knn'"),
        (["run-benchmark", "alfa", "--on", "toy_knn"], "did you mean 'alpha'?"),
        (["run-benchmark", "alpha", "--on", "toy_knn", "--recipe", "symetric"], "did you mean 'symmetric'?"),
        (["run-benchmark", "alpha", "--on", "toy_knn", "--set", "epoch=3"], "did you mean 'epochs'?"),
        (["run-benchmark", "gamma", "--on", "toy_knn"], "no recipe of gamma for benchmark 'toy_knn'"),
        (["leaderboard", "\udcff"], "what was typed is not UTF-8"),
        (["search", "alpha\udcff"], "what was typed is not UTF-8"),
        (["export", "csv", "--output", "."], "'.' names no file or folder of its own"),
    ],
)
def test_a_wrong_request_gets_one_line_and_exit_code_1(home: Path, command: list[str], message: str) -> None:
    result = call(home, *command)
    assert result.exit_code == 1, result.output
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["shwo", "alpha"], "Did you mean"),
        (["export", "yaml"], "'yaml' is not one of 'turtle', 'nquads', 'csv'"),
        (["run-benchmark"], "Missing argument 'METHOD'"),
        (["run-benchmark", "alpha", "--device", "tpu"], "'tpu' is not one of"),
        (["run-benchmark", "alpha", "--epochs", "0"], "0 is not in the range x>=1"),
        (["run-benchmark", "alpha", "--seed", "-1"], "-1 is not in the range"),
        (["run-benchmark", "alpha", "--epochs", "1", "--set", "epochs=2"], "say the same thing"),
        (["run-benchmark", "alpha", "--seed", "99999999999999999999"], "is not in the range"),
        (["run-benchmark", "alpha", "--set", "epochs"], "'epochs' is not of the form key=value"),
        (["ask", "lineage", "--param", "gamma"], "'gamma' is not of the form key=value"),
        (["leaderboard", "toy_knn", "--jsn"], "No such option"),
    ],
)
def test_a_mistyped_command_gets_exit_code_2(home: Path, command: list[str], message: str) -> None:
    result = call(home, *command)
    assert result.exit_code == 2, result.output
    assert message in result.output


def test_check_exits_with_1_and_names_file_line_and_subject(home: Path) -> None:
    file = home / "ontology" / "claims" / "beta-near.ttl"
    file.write_text(file.read_text().replace("prov:hadPrimarySource paper:ada1843 ; ", ""))
    result = call(home, "check")
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("claim:beta-near"))
    assert result.exit_code == 1
    assert f"{file}:{line}: claim:beta-near: A claim needs prov:hadPrimarySource: who says so?" in result.output
    assert "1 problems" in result.output


def test_a_broken_file_is_warned_of_and_the_rest_works(home: Path) -> None:
    file = home / "ontology" / "methods" / "gamma.ttl"
    file.write_text("this is not Turtle")
    result = call(home, "methods")
    assert result.exit_code == 0
    assert "warning: left out, does not parse: " in result.stderr
    assert "gamma.ttl (see: registry check)" in result.stderr
    assert "alpha" in result.stdout


def test_a_broken_benchmark_keeps_its_runs_in_the_listings(home: Path) -> None:
    (home / "ontology" / "benchmarks" / "toy_knn.ttl").write_text("this is not Turtle")
    result = call(home, "runs")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("benchmark toy_knn is missing or cannot be read") == 4


def test_a_run_is_shown_with_what_it_measured(home: Path) -> None:
    (run, *_) = Registry.open(home).runs(method="beta")
    output = call(home, "show", run.name).output
    assert re.search(r"^  value +60\.00 % \(synthetic data\)$", output, re.MULTILINE)
    assert re.search(r"^  untrained +20\.00 % \(synthetic data\)$", output, re.MULTILINE)


def test_a_run_that_cannot_be_read_is_named_as_such_and_still_shown(home: Path) -> None:
    (run, *_) = Registry.open(home).runs(method="beta")
    file = next(home.rglob(f"{run.name}.ttl"))
    file.write_text(file.read_text().replace("reg:seed 0", 'reg:seed "0"'))
    assert f"the record of {run.name} cannot be read" in call(home, "retract", run.name[:9], "--why", "x").output
    assert call(home, "show", run.name).exit_code == 0


def test_a_subject_that_cannot_be_read_is_warned_of(home: Path) -> None:
    file = home / "ontology" / "claims" / "beta-near.ttl"
    file.write_text(file.read_text().replace("mls:hasValue 55.5", 'mls:hasValue "55.5*"'))
    result = call(home, "claims")
    assert result.exit_code == 0
    assert "warning: left out, cannot be read: https://w3id.org/contrastive-registry/claim/beta-near" in result.stderr


def test_the_current_folder_and_the_environment_can_be_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    assert "alpha" in CliRunner().invoke(cli, ["--home", ".", "methods"]).stdout
    monkeypatch.chdir(home.parent)
    assert "alpha" in CliRunner().invoke(cli, ["methods"], env={"REGISTRY_HOME": str(home)}).stdout
    monkeypatch.setenv("REGISTRY_HOME", str(home))
    assert Registry.open().home.results == home / "ontology" / "results"


def test_an_empty_home_has_helpful_listings(tmp_path: Path) -> None:
    result = call(tmp_path / "new", "runs", "moco_v1", "--on", "cifar10_linear")
    assert (result.exit_code, result.output) == (0, "no runs yet\n")
    assert "no result yet" in call(tmp_path / "new", "leaderboard", "cifar10_linear").output


def test_questions_come_from_text_file_standard_input_or_name(home: Path, tmp_path: Path) -> None:
    query = "SELECT ?m { ?m reg:variantOf method:beta }"
    (tmp_path / "mine.rq").write_text(query)
    outputs = [
        call(home, "ask", query).output,
        call(home, "ask", str(tmp_path / "mine.rq")).output,
        call(home, "ask", "-", stdin=query).output,
    ]
    assert outputs == ["m\n------------\nmethod:gamma\n"] * 3


def test_text_of_the_graph_cannot_move_the_cursor(home: Path) -> None:
    file = home / "ontology" / "methods" / "alpha.ttl"
    file.write_text(file.read_text().replace('"Alpha"@en', '"Al\\u001B[2Jpha"@en'))
    output = call(home, "methods").output
    assert "\x1b" not in output
    assert "Al�[2Jpha" in output


def test_a_term_is_found_by_its_notation(home: Path) -> None:
    assert "Learning from pairs." in call(home, "ask", "term", "--param", "term=AI-0001").output


def test_a_file_does_not_hide_a_question(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "methods").mkdir()
    (tmp_path / "runs").write_text("rubbish")
    monkeypatch.chdir(tmp_path)
    assert call(home, "ask", "runs", "--param", "benchmark=toy_knn").exit_code == 0


def test_a_terminal_with_few_letters_and_a_full_disk_show_no_traceback(home: Path) -> None:
    file = home / "ontology" / "methods" / "alpha.ttl"
    file.write_text(file.read_text().replace('"Alpha"@en', '"\u03b1"@en'))
    command = [sys.executable, "-m", "registry.cli", "--home", str(home), "methods"]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment, check=False)
        assert (done.returncode, b"Traceback" in done.stderr) == (1, False), done.stderr


def test_export_writes_a_new_file_and_never_replaces_one(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "graph.nq"
    assert call(home, "export", "nquads", "--output", str(target)).output == f"wrote {target}\n"
    again = call(home, "export", "nquads", "--output", str(target))
    assert (again.exit_code, "exists already" in again.output) == (1, True)
    nowhere = call(home, "export", "csv", "--output", str(tmp_path / "none" / "x.csv"))
    assert (nowhere.exit_code, "cannot be written" in nowhere.output) == (1, True)


def test_a_run_tells_its_progress_its_file_and_what_to_type_next(tiny_home: Path) -> None:
    result = call(tiny_home, "run-benchmark", "alpha", "--on", "toy_knn", "--device", "cpu", "--epochs", "1")
    assert result.exit_code == 0, result.output
    for part in (
        "alpha on Toy, kNN (synthetic data), recipe alpha-toy, seed 0, cpu",
        "epoch 1/1  loss ",
        " images/s  0 s left",
        " % before training",
        f"result: {tiny_home / 'ontology' / 'results' / 'toy_knn'}",
        "registry leaderboard toy_knn",
    ):
        assert part in result.output


def test_a_recorded_command_line_holds_no_path(tiny_home: Path, tmp_path: Path) -> None:
    call(tiny_home, "run-benchmark", "alpha", "--on", "toy_knn", "--device", "cpu", "--data", str(tmp_path))
    (file,) = (tiny_home / "ontology" / "results").rglob("*.ttl")
    assert "registry run-benchmark alpha --on toy_knn --seed 0 --device cpu --data DIR" in file.read_text()
    assert str(tmp_path) not in file.read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_a_sentence(name: str) -> None:
    command = cli.commands[name]
    assert command.help
    assert command.help.splitlines()[0].endswith(".")
    assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} --{parameter.name}"


def test_the_version_is_that_of_the_package() -> None:
    from registry import __version__

    assert CliRunner().invoke(cli, ["--version"]).output == f"registry, version {__version__}\n"


def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    command = f"{sys.executable} -m registry.cli ask 'SELECT * {{ ?s ?p ?o }}' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8", cwd=ROOT, env=os.environ)
    assert "Traceback" not in done.stderr
    assert done.stdout.strip()
