"""`registry app` and `make app`: what they start, where it listens, and what they say when they cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from registry.cli import cli
from registry.commands import explorer
from tests.conftest import ROOT


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str]]]:
    """What would have been started, in the place of starting it."""
    found: list[tuple[list[str], dict[str, str]]] = []

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        found.append((command, environment))

    monkeypatch.setattr(os, "execve", execve)
    return found


def test_it_listens_on_this_machine_only(started: list[Any]) -> None:
    result = CliRunner().invoke(cli, ["--home", str(ROOT), "app", "--port", "8700", "--no-browser"])
    assert result.exit_code == 0
    ((command, environment),) = started
    assert command[1:4] == ["-m", "streamlit", "run"]
    assert Path(command[4]) == ROOT / "app" / "main.py"
    assert set(command[5:]) == {
        "--server.address=127.0.0.1",
        "--server.headless=true",
        "--server.showEmailPrompt=false",
        "--server.port=8700",
    }
    assert environment["REGISTRY_HOME"] == str(ROOT)
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_a_home_that_is_a_file_is_refused_before_anything_starts(started: list[Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = CliRunner().invoke(cli, ["--home", str(tmp_path / "file"), "app"])
    assert (result.exit_code, started) == (1, [])
    assert "is a file; --home must name a folder" in result.stderr


def test_without_its_packages_it_says_what_to_install(started: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "find_spec", lambda name: None)
    result = CliRunner().invoke(cli, ["app"])
    assert (result.exit_code, started) == (1, [])
    assert "contrastive-registry[app]" in result.stderr


def test_make_app_runs_the_command() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "app"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].endswith("registry app")


def test_a_port_that_is_none_is_mistyped() -> None:
    assert CliRunner().invoke(cli, ["app", "--port", "70000"]).exit_code == 2


def test_the_command_imports_nothing_of_the_explorer() -> None:
    script = "import sys, registry.commands.explorer; print({'app', 'streamlit'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
