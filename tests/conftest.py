"""The real ontology, and a tiny one whose answers can be worked out by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registry import Registry
from registry.hashes import benchmark_hash, recipe_hash
from registry.namespaces import PREFIXES, curie
from registry.results import Measured, RunRecord, write

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
TINY = Path(__file__).parent / "tiny"

# Everything that a ranking asks for and that the record itself does not hold.
PROVENANCE: dict[str, str | int | float | bool] = {
    "sourceCommit": "0" * 40,
    "sourceModified": False,
    "sourceSha256": "1" * 64,
    "trainingDataSha256": "2" * 64,
    "evaluationDataSha256": "3" * 64,
    "pythonVersion": "3.11.0",
    "torchVersion": "2.11.0",
    "torchvisionVersion": "0.26.0",
    "operatingSystem": "Test 1",
    "deviceKind": "cpu",
    "deviceModel": "Abacus",
    "deviceCount": 1,
    "hostCpu": "Abacus",
    "threads": 2,
    "commandLine": "registry run-benchmark alpha",
    "wallSeconds": 12.5,
    "peakMemory": 1000,
    "imagesPerSecond": 100.0,
}

FileRun = Callable[..., Path]
Answers = Callable[..., list[tuple[object, ...]]]
Explore = Callable[..., "AppTest"]


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of this checkout without the results that its user added: who runs the demo can run the tests."""
    added = {ROOT / name for name in untracked("ontology/results")}
    home = tmp_path_factory.mktemp("committed")
    shutil.copytree(
        ROOT / "ontology",
        home / "ontology",
        ignore=lambda folder, names: [name for name in names if Path(folder, name) in added],
    )
    return home


def untracked(folder: str) -> list[str]:
    """Files there of which git does not know; none where there is no git."""
    command = ["git", "ls-files", "--others", "-z", folder]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    except FileNotFoundError:
        return []
    return listed.stdout.split("\0")[:-1]


@pytest.fixture(scope="session")
def registry(committed: Path) -> Registry:
    """The ontology of this checkout, with its committed results."""
    return Registry.open(committed)


@pytest.fixture
def tiny_home(tmp_path: Path) -> Path:
    """A registry of three methods that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(TINY, home / "ontology")
    for name in ("vocabulary.ttl", "shapes.ttl", "page_keys.ttl"):
        shutil.copy(ROOT / "ontology" / name, home / "ontology" / name)
    return home


@pytest.fixture
def tiny(tiny_home: Path) -> Registry:
    return Registry.open(tiny_home)


@pytest.fixture
def file_run(tiny_home: Path) -> FileRun:
    """Files a run with given counts of right answers out of 1,000, as the runner would."""
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def file(
        correct: int | None,
        *,
        method: str = "alpha",
        variant: str | None = None,
        seed: int = 0,
        status: str = "Succeeded",
        without: str | None = None,
        **changes: object,
    ) -> Path:
        nonlocal moment
        moment += timedelta(seconds=1)
        registry = Registry.open(tiny_home)
        recipe, benchmark = registry.recipe(method, "toy_knn", variant), registry.benchmark("toy_knn")
        settings = {**recipe.settings, **changes}
        return write(
            registry.home.results,
            RunRecord(
                recipe=recipe,
                settings=settings,
                recipe_hash=recipe_hash(settings),
                benchmark=benchmark,
                benchmark_hash=benchmark_hash(benchmark),
                implementation="reference_impl.moco:MoCo",
                seed=seed,
                status=status,
                reason=None if status == "Succeeded" else "it broke",
                started=moment,
                ended=moment + timedelta(seconds=12),
                facts={name: value for name, value in PROVENANCE.items() if name != without},
                trained=None if correct is None else Measured(correct=correct, total=1000, chosen_learning_rate=None),
                untrained=None if correct is None else Measured(correct=200, total=1000, chosen_learning_rate=None),
                curve=[{"epoch": 1, "loss": 2.5}],
            ),
        )

    return file


@pytest.fixture
def answers(tiny_home: Path, file_run: FileRun) -> Answers:
    """Answers of the tiny ontology with four runs, IRIs shortened."""
    names = {
        "a0": file_run(500, seed=0),
        "a1": file_run(520, seed=1, without="torchVersion"),
        "a2": file_run(600, seed=2, epochs=7),
        "b0": file_run(None, method="beta", status="Failed"),
    }
    short = {f"run:{file.stem}": name for name, file in names.items()}

    def shorten(cell: object) -> object:
        text = curie(cell) if isinstance(cell, str) else cell
        return short.get(str(text), text)

    def answer(question: str, *columns: str, **parameters: str) -> list[tuple[object, ...]]:
        parameters = {name: names[value].stem if value in names else value for name, value in parameters.items()}
        found = Registry.open(tiny_home).ask(question, **parameters)
        chosen = [found.columns.index(column) for column in columns]
        return [tuple(shorten(row[index]) for index in chosen) for row in found.rows]

    return answer


@pytest.fixture
def add(tiny_home: Path) -> Callable[[str], None]:
    """Says more of the tiny ontology, in a file of its own."""

    def say(turtle: str) -> None:
        prefixes = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items())
        folder = tiny_home / "ontology" / "more"
        folder.mkdir(exist_ok=True)
        (folder / f"{len(list(folder.iterdir()))}.ttl").write_text(prefixes + turtle)

    return say


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A registry that holds nothing but its vocabulary."""
    (tmp_path / "bare" / "ontology").mkdir(parents=True)
    for name in ("vocabulary.ttl", "shapes.ttl"):
        (tmp_path / "bare" / "ontology" / name).write_bytes((ROOT / "ontology" / name).read_bytes())
    return tmp_path / "bare"


@pytest.fixture
def explore(monkeypatch: pytest.MonkeyPatch, committed: Path) -> Iterator[Explore]:
    """Opens a page of the explorer, on this checkout or on a home of its own, with that in its address."""
    from app.state import keeper
    from tests.exploring import opened

    # Streamlit puts a page there and leaves it; processes that other tests start would run it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    def open_page(page: str, home: Path = committed, /, **address: str) -> AppTest:
        monkeypatch.setenv("REGISTRY_HOME", str(home))
        monkeypatch.setattr("app.address.OVERTAKEN", 0.0)  # a test is faster than any hand
        return opened(page, **address)

    yield open_page
    keeper.clear()  # each test has files of its own
