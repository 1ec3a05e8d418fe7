"""An invented registry of 500 runs: the index beside building it anew, our questions beside rdflib's."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry, index
from tests.speed import scale, synthetic

METHODS = 2
RUNS = METHODS * synthetic.BENCHMARKS * synthetic.SEEDS


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale") / "registry"
    assert synthetic.generate(folder, RUNS) == RUNS
    return folder


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 10)


def test_an_invented_registry_is_whole_and_ranks_its_runs(home: Path) -> None:
    registry = Registry.open(home)
    assert registry.check() == []
    standings = registry.leaderboard("data_3_knn").standings
    assert [standing.result.n for standing in standings] == [synthetic.SEEDS] * METHODS


def test_one_changed_file_costs_less_than_a_third_of_a_new_index(home: Path) -> None:
    Registry.open(home)  # imports, and fills the caches
    changed = next((home / "ontology" / "claims").iterdir())
    anew, again = [], []
    for turn in range(3):  # in turns, and the least of each: other work on the machine only adds
        (home / ".registry").rename(home / f"old-{turn}")
        anew.append(scale.timed(lambda: Registry.open(home)))
        changed.write_text(changed.read_text() + "# changed\n")
        again.append(scale.timed(lambda: Registry.open(home)))
    ratio = min(anew) / min(again)
    print(f"\nanew {min(anew):.0f} ms, one file {min(again):.0f} ms, ratio {ratio:.0f}")  # noqa: T201
    assert ratio > 3


def test_the_questions_are_answered_faster_than_by_rdflib(home: Path) -> None:
    registry = Registry.open(home)
    times = dict(scale.compare(registry, scale.in_rdflib(registry), METHODS))
    ours, rdflib = (sum(sum(pair[side]) / len(pair[side]) for pair in times.values()) for side in (0, 1))
    print(f"\nours {ours:.0f} ms, rdflib {rdflib:.0f} ms, ratio {rdflib / ours:.0f}")  # noqa: T201
    assert ours < rdflib
