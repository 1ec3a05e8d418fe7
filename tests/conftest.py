"""The real ontology, and a tiny one whose answers can be worked out by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry import Registry
from registry.hashes import benchmark_hash, recipe_hash
from registry.results import Measured, RunRecord, write

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


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The ontology of this checkout, with its committed results."""
    return Registry.open(ROOT)


@pytest.fixture
def tiny_home(tmp_path: Path) -> Path:
    """A registry of three methods that a test may change."""
    home = tmp_path / "home"
    shutil.copytree(TINY, home / "ontology")
    for name in ("vocabulary.ttl", "shapes.ttl"):
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
