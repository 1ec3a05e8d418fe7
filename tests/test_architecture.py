"""Who may import whom, what is imported when, and that no file holds two ideas."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import registry
from tests.conftest import ROOT

MAY_IMPORT = {
    "reference_impl": {"reference_impl"},
    "registry": {"registry", "reference_impl"},
    "app": {"app", "registry"},
}
FILES = sorted(
    path.relative_to(ROOT) for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py") if path.is_file()
)


def imported_packages(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_point_down_the_diagram(file: Path) -> None:
    assert imported_packages(file) & set(MAY_IMPORT) <= MAY_IMPORT[file.parts[0]]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_pytorch_stays_below_and_rdf_above(file: Path) -> None:
    strangers = {"reference_impl": {"rdflib", "pyoxigraph", "pyshacl", "click"}, "registry": {"streamlit"}}
    assert not imported_packages(file) & strangers.get(file.parts[0], set())


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_holds_one_idea_in_at_most_400_lines(file: Path) -> None:
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("file", FILES, ids=str)
def test_every_module_says_in_its_first_line_what_it_is(file: Path) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8")))
    assert docstring, "no docstring"
    assert docstring.splitlines()[0].rstrip().endswith((".", ":", "?"))


HEAVY = {"torch", "torchvision", "pandas", "streamlit", "rdflib", "pyoxigraph", "scipy", "numpy", "pyshacl"}
HEAVY |= {"registry.records"}  # each of its classes is compiled at import, a quarter of the time of `--help`


@pytest.mark.parametrize(
    "code", ["import registry", "from registry.cli import cli; cli(['--help'], standalone_mode=False)"]
)
def test_help_and_import_load_nothing_heavy(code: str) -> None:
    script = f"import sys, json\n{code}\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & HEAVY


def test_check_and_questions_need_no_pytorch() -> None:
    script = (
        "import sys; from registry.cli import cli\n"
        "for command in (['check'], ['leaderboard', 'shapes_knn'], ['claims'], ['show', 'moco_v2']):\n"
        "    cli(command, standalone_mode=False)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, cwd=ROOT)


def test_public_names_are_exactly_those_announced() -> None:
    for name in registry.__all__:
        assert getattr(registry, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'Registri'"):
        registry.Registri  # noqa: B018


def test_every_error_says_something_a_stranger_understands() -> None:
    from registry import errors

    assert "did you mean 'moco_v2'" in str(errors.UnknownName("method", "moco_v9", ["moco_v1", "moco_v2"]))
    assert str(errors.UnknownName("method", "x", ["a", "b"])) == "no method 'x'; there are a, b"
    many = [f"thing{number}" for number in range(20)]
    assert str(errors.UnknownName("benchmark", "x", many)).endswith("; they are listed by: registry benchmarks")
    assert str(errors.UnknownName("claim", "x", many)).endswith("; there are 20, such as thing0")
    assert str(errors.BrokenFile(Path("a.ttl"), 3, "bad")) == "a.ttl:3: bad"
    assert "pip install 'contrastive-registry[train]'" in str(errors.MissingExtra("x", "train", "torch"))
