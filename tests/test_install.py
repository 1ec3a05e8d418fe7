"""The wheel in an empty folder: ontology inside, no PyTorch, no checkout, results in a folder of the user."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def needed(name: str, seen: set[str]) -> set[str]:
    """The distributions that one needs, extras left out."""
    if name in seen:
        return seen
    seen.add(name)
    for requirement in metadata.requires(name) or []:
        dependency = re.match(r"[\w.-]+", requirement)
        if dependency and "extra ==" not in requirement and installed(dependency.group()):
            needed(dependency.group(), seen)
    return seen


def installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.fixture(scope="session")
def stranger(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds the wheel and what it needs without extras: no PyTorch."""
    packages = tmp_path_factory.mktemp("packages")
    for name in needed("contrastive-registry", set()) - {"contrastive-registry"}:
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}:
            target = packages / top
            if not target.exists():
                target.symlink_to(Path(str(distribution.locate_file(top))))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return packages


def call(stranger: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(stranger)}
    # -S: without site-packages, so that nothing but the wheel and its needs is there.
    return subprocess.run(
        [sys.executable, "-S", "-m", "registry.cli", *arguments],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
        check=False,
    )


def test_the_wheel_holds_the_ontology_the_questions_and_the_commit(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"registry/ontology/vocabulary.ttl", "registry/ontology/methods/moco_v2.ttl"} <= names
    assert {"registry/queries/runs.rq", "reference_impl/moco.py"} <= names
    assert {"app/main.py", "app/icon.svg", "app/.streamlit/config.toml", "app/app_pages/overview.py"} <= names
    shipped = {name.removeprefix("registry/") for name in names if name.startswith("registry/ontology/")}
    ours = {path.relative_to(ROOT) for path in (ROOT / "ontology").rglob("*.ttl")}
    assert shipped >= {path.as_posix() for path in ours if path.parts[1] != "imports"}
    if (ROOT / ".git").exists():
        assert "registry/build.json" in names


def test_imported_tables_of_others_stay_out_of_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from build_note import WheelContents

    for name in ("terms", "imports"):
        (tmp_path / "ontology" / name).mkdir(parents=True)
    contents: dict[str, dict[str, str]] = {"force_include": {}}
    WheelContents(str(tmp_path), {}, None, None, str(tmp_path / "dist"), "wheel").initialize("standard", contents)
    assert list(contents["force_include"].values()) == ["registry/ontology/terms"]


@pytest.mark.parametrize(
    "command",
    [["--help"], ["methods"], ["show", "moco_v2"], ["claims", "moco_v1"], ["leaderboard", "shapes_knn"], ["check"]],
    ids=" ".join,
)
def test_an_installed_wheel_answers_from_an_empty_folder(stranger: Path, tmp_path: Path, command: list[str]) -> None:
    done = call(stranger, tmp_path, *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_sparql_works_from_an_installed_wheel(stranger: Path, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(stranger)}
    done = subprocess.run(
        [sys.executable, "-m", "registry.cli", "ask", "lineage", "--param", "method=moco_v2"],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (done.returncode, "method:moco_v1" in done.stdout) == (0, True), done.stderr


def test_training_without_the_extra_says_which_one_to_install(stranger: Path, tmp_path: Path) -> None:
    done = call(stranger, tmp_path, "run-benchmark", "moco_v2")
    assert done.returncode == 1
    assert "run-benchmark needs packages that are not installed (torch, torchvision, pyarrow)" in done.stderr
    assert "pip install 'contrastive-registry[train]'" in done.stderr


def test_an_installed_wheel_files_results_with_the_user(wheel: Path, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    folder = tmp_path / "somewhere"
    folder.mkdir()
    # One small step of the real benchmark, with PyTorch from the environment of the tests.
    arguments = ["run-benchmark", "moco_v2", "--device", "cpu", "--epochs", "1", "--set", "batch_size=2048"]
    environment = os.environ | {"PYTHONPATH": str(packages), "HOME": str(tmp_path / "user")}
    environment.pop("XDG_CONFIG_HOME", None)
    for home in ([], ["--home", str(tmp_path / "named")]):
        done = subprocess.run(
            [sys.executable, "-m", "registry.cli", *home, *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=folder,
            env=environment,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        place = tmp_path / "named" if home else tmp_path / "user"
        (file,) = place.rglob("moco_v2-s0-*.ttl")
        if (ROOT / ".git").exists():
            assert "reg:sourceCommit " in file.read_text()
    assert list(folder.iterdir()) == []
