"""Runs a page at a time: the pages tile the listing, and what counts is what the ranking says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry import Registry, errors
from registry.errors import nearest
from registry.run_listing import Sieve, count, listed, named, numbers, of_one_recipe
from registry.run_rows import ALL, Asked
from tests.conftest import FileRun

MINUTE = 60.0


@pytest.fixture
def home(tiny_home: Path, file_run: FileRun) -> Path:
    """Nine runs: four of alpha count, one of beta; one was changed, one lacks provenance, two broke off."""
    for seed in range(4):
        file_run(500 + seed, seed=seed)
    file_run(510, method="beta")
    file_run(600, seed=4, epochs=7)
    file_run(600, seed=5, without="torchVersion")
    file_run(None, seed=6, status="Failed")
    file_run(None, seed=7, status="Diverged", method="beta")
    return tiny_home


def test_pages_tile_the_listing_newest_first(home: Path) -> None:
    registry = Registry.open(home)
    whole = [each.name for each in listed(registry)]
    pages = [[each.name for each in listed(registry, limit=4, offset=offset)] for offset in (0, 4, 8, 12)]
    assert whole == [run.name for run in registry.runs()]
    assert [name for page in pages for name in page] == whole
    assert [len(page) for page in pages] == [4, 4, 1, 0]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (ALL, 9),
        (Asked(method="beta"), 2),
        (Asked(benchmark="toy_knn"), 9),
        (Asked(benchmark="far_knn"), 0),
        (Asked(method="alpha", statuses=("Failed",)), 1),
        (Asked(statuses=("Failed", "Diverged")), 2),
        (Asked(beginning="alpha-s"), 7),
        (Asked(beginning="alpha-s0", method="beta"), 0),
        (Asked(recipe="alpha-toy"), 6),
        (Asked(statuses=()), 0),
    ],
)
def test_the_count_is_that_of_the_listing(home: Path, asked: Asked, expected: int) -> None:
    registry = Registry.open(home)
    assert (count(registry, asked), len(list(listed(registry, asked)))) == (expected, expected)


def test_a_listed_run_says_what_the_registry_says_of_it(home: Path) -> None:
    registry = Registry.open(home)
    for each in listed(registry):
        assert each.run is not None
        assert each.why_not == registry.why_not_ranked(each.run)
        assert (each.synthetic, each.reading, each.verified) == (True, False, None)


def test_a_run_in_two_files_is_one_run(home: Path) -> None:
    file = next((home / "ontology" / "results" / "toy_knn").glob("beta-s0*.ttl"))
    shutil.copy(file, home / "ontology" / "results" / f"copy-{file.name}")
    registry = Registry.open(home)
    assert count(registry) == 9
    assert len({each.name for each in listed(registry)}) == len(list(listed(registry, limit=50))) == 9
    assert numbers(registry, "benchmark") == {"toy_knn": 9}


def test_a_run_whose_record_cannot_be_read_is_listed_with_the_reason(home: Path) -> None:
    file = next((home / "ontology" / "results" / "toy_knn").glob("beta-s0*.ttl"))
    file.write_text(file.read_text().replace("reg:seed 0", 'reg:seed "zero"'))
    registry = Registry.open(home)
    (unread,) = [each for each in listed(registry) if each.run is None]
    assert unread.name == file.stem
    assert unread.why_not is not None
    assert "seed is 'zero'" in unread.why_not
    sieve = Sieve(registry, ALL, counting=False)
    assert sieve.look(9, MINUTE)
    assert unread.name in sieve.found


def test_how_many_runs_there_are_of_each_method_and_benchmark(home: Path) -> None:
    registry = Registry.open(home)
    assert numbers(registry, "method") == {"alpha": 7, "beta": 2}
    assert numbers(registry, "benchmark") == {"toy_knn": 9}


def test_runs_of_one_recipe_are_those_with_the_same_settings(home: Path, file_run: FileRun) -> None:
    changed = file_run(601, seed=8, epochs=7)
    registry = Registry.open(home)
    run = registry.find_run(changed.stem)
    assert [each.run.seed for each in of_one_recipe(registry, run, 9) if each.run] == [4]
    plain = registry.find_run("alpha-s0")
    assert [each.run.seed for each in of_one_recipe(registry, plain, 9) if each.run] == [1, 2, 3, 5, 6]
    assert [each.run.seed for each in of_one_recipe(registry, plain, 2) if each.run] == [5, 6]


@pytest.mark.parametrize("first", [0, 200], ids=["all runs of a method together", "recipe by recipe"])
@pytest.mark.parametrize("counting", [True, False])
def test_the_sieve_finds_what_the_ranking_says(
    home: Path, monkeypatch: pytest.MonkeyPatch, counting: bool, first: int
) -> None:
    monkeypatch.setattr("registry.run_listing.FIRST", first)
    registry = Registry.open(home)
    expected = [run.name for run in registry.runs() if (registry.why_not_ranked(run) is None) == counting]
    sieve = Sieve(Registry.open(home), ALL, counting=counting)
    assert sieve.look(100, MINUTE)
    assert (sieve.found, sieve.looked, sieve.done) == (expected, 9, True)
    assert [each.name for each in named(registry, sieve.found)] == expected


def test_the_sieve_stops_when_there_are_enough_and_goes_on_where_it_was(home: Path) -> None:
    sieve = Sieve(Registry.open(home), ALL, counting=True)
    assert sieve.look(2, MINUTE)
    assert (len(sieve.found), sieve.done) == (2, False)
    first = list(sieve.found)
    assert sieve.look(5, MINUTE)
    assert sieve.found[:2] == first
    assert len(sieve.found) == 5


def test_the_sieve_stops_when_its_time_is_over(home: Path) -> None:
    sieve = Sieve(Registry.open(home), ALL, counting=True)
    assert not sieve.look(5, 0.0)
    assert (sieve.looked, sieve.total) == (0, 9)


def test_a_run_of_anothers_recipe_does_not_hide_which_seed_counts(home: Path) -> None:
    file = next((home / "ontology" / "results" / "toy_knn").glob("beta-s0*.ttl"))
    file.write_text(file.read_text().replace("recipe:beta-toy", "recipe:alpha-toy"))
    registry = Registry.open(home)
    registry.evidence("beta")  # knows the runs of beta alone
    assert all(registry.why_not_ranked(run) is None for run in registry.runs("alpha")[-4:])


@pytest.mark.parametrize("many", [1, 500])
def test_the_nearest_name_is_the_same_of_few_and_of_many(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(errors, "MANY", many)
    known = ["moco_v1-s0", "moco_v2-s0", "simclr-s0", *(f"byol-s{seed}" for seed in range(20))]
    assert nearest("moko_v2-s0", known) == "moco_v2-s0"
    assert nearest("?", known) is None
    assert nearest("x", []) is None
