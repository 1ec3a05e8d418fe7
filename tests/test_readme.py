"""Every command that the README shows does what it says."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry
from registry.cli import cli
from tests.conftest import ROOT
from tests.test_data import SHARED

README = (ROOT / "README.md").read_text(encoding="utf-8")
INDENTED = re.findall(r"^    (make \w+)", README, re.MULTILINE)
FENCED = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
]
COMMANDS = [*INDENTED, *FENCED]


def test_the_readmes_first_lines_are_demo_and_test() -> None:
    assert INDENTED[:2] == ["make demo", "make test"]
    assert README.splitlines()[2].strip().startswith("make demo")


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("make ")])
def test_make_targets_exist(command: str) -> None:
    subprocess.run([*shlex.split(command), "--dry-run"], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("pip ")])
def test_extras_that_are_installed_exist(command: str) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.search(r"\[(\w+)\]", command)
    assert named is None or named.group(1) in extras


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith("registry ") and "run-benchmark" not in c])
def test_commands_that_ask_answer(command: str) -> None:
    result = CliRunner().invoke(cli, ["--home", str(ROOT), *shlex.split(command)[1:]])
    assert result.exit_code == 0, result.output
    assert result.output.strip()


@pytest.mark.parametrize("command", re.findall(r"^    (registry .*?)(?:  #.*)?$", README, re.MULTILINE))
def test_commands_that_file_something_are_spelled_as_they_are(command: str) -> None:
    # What they do is tested in test_notices.py and test_pwc.py.
    words = shlex.split(command)[1:]
    called = list(itertools.takewhile(lambda word: word.isalpha() and word.islower(), words))
    shown = CliRunner().invoke(cli, [*called, "--help"])
    assert shown.exit_code == 0, shown.output
    assert all(word in shown.output for word in words if word.startswith("--"))


@pytest.mark.slow
@pytest.mark.parametrize("command", [c for c in COMMANDS if "run-benchmark" in c])
def test_commands_that_run_run(command: str, tmp_path: Path) -> None:
    arguments = shlex.split(command.replace("--data datasets", f"--data {shlex.quote(str(SHARED))}"))[1:]
    # One short epoch instead of all: the full runs are committed results.
    shortened = [*arguments, "--epochs", "1", "--set", "batch_size=1024"]
    result = CliRunner().invoke(cli, ["--home", str(tmp_path), *shortened])
    if "--device cuda" in command:
        import torch

        if not torch.cuda.is_available():
            assert (result.exit_code, "no CUDA device is available here" in result.output) == (1, True)
            return
    if "--data" in command and not SHARED.is_dir():
        assert (result.exit_code, "no folder" in result.output) == (1, True)
        return
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.rglob("*.ttl"))) == max(1, command.count("--seed"))


SHOWN = dict(re.findall(r"<!-- the output of: registry (.*?) -->\n```text\n(.*?)```", README, re.DOTALL))


def test_the_commands_about_pages_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    section = README.partition("## Pages for Logseq")[2].partition("\n## ")[0]
    commands = re.findall(r"^    (registry .*?)(?:  #.*)?$", section, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes" / "pages").mkdir(parents=True)
    text = "- ### OntologyBlock\n\t- term-id:: AI-0001\n\t- status:: draft\n"
    (tmp_path / "notes" / "pages" / "Key Queue.md").write_text(text)
    for command in commands:
        result = CliRunner().invoke(cli, ["--home", str(tmp_path / "home"), *shlex.split(command)[1:]])
        assert result.exit_code == 0, (command, result.output)
    assert len(commands) == 6
    assert (tmp_path / "my-notes" / "pages" / "Key Queue.md").read_text() == text.replace("draft", "approved")


def test_the_readme_shows_what_the_graph_holds_and_a_ranking() -> None:
    assert list(SHOWN) == ["overview", "leaderboard cifar10_mini_knn"]


@pytest.mark.parametrize("command", SHOWN)
def test_the_output_in_the_readme_is_the_current_one(committed: Path, command: str) -> None:
    output = CliRunner().invoke(cli, ["--home", str(committed), *shlex.split(command)]).output
    assert SHOWN[command].strip() == output.partition("\nsd is the sample")[0].strip()


def test_the_python_of_the_readme_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        env=os.environ | {"REGISTRY_HOME": ""},
    )


def test_every_command_is_in_the_readme() -> None:
    for name in cli.commands:
        assert f"registry {name}" in README, name


def test_pictures_and_links_of_the_readme_exist() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


def test_every_method_that_runs_is_introduced(registry: Registry) -> None:
    for method in registry.methods():
        if method.implementation is not None:
            assert f"`{method.name}`" in README, method.name
