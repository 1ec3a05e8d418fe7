"""The on-disk index while others write it and are killed: every step of an update, readers beside a writer."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import shutil
import signal
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from registry import index
from registry.graph import Graph
from registry.home import find_home
from registry.results import publish
from registry.summary import Summary
from tests.conftest import FileRun
from tests.test_index import in_memory

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.test_index_kills"])

STEPS: list[tuple[object, str]] = [
    (index, "_clear"),
    (index, "_write"),
    (index, "_checksum"),
    (index, "take_in"),
    (index, "parse"),
    (Summary, "add"),
    (Summary, "trust"),
    (gc, "collect"),
    (index, "_sync"),
    (index, "_publish"),
    (Path, "rename"),
    (Path, "replace"),
    (index, "_sweep"),
    (os, "unlink"),
]
"""What an update calls; it is killed before and after each call of each."""

KILLED = -signal.SIGKILL


@pytest.fixture
def home(tiny_home: Path, file_run: FileRun) -> Path:
    file_run(500)
    file_run(510, seed=1)
    return tiny_home


@pytest.fixture(autouse=True)
def large(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 1)


def update_and_die(home: Path, step: int) -> None:
    """Brings the index up to date, and is killed at the given step; exits when there are fewer."""
    index.LARGE_FILES = 1
    taken = 0

    def tick() -> None:
        nonlocal taken
        taken += 1
        if taken == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def ticking(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **keywords: Any) -> Any:
            tick()
            answer = call(*arguments, **keywords)
            tick()
            return answer

        return called

    for owner, name in STEPS:
        setattr(owner, name, ticking(getattr(owner, name)))
    Graph(find_home(home))


def run_and_kill(home: Path, step: int) -> int | None:
    process = PROCESSES.Process(target=update_and_die, args=(home, step))
    process.start()
    process.join()
    return process.exitcode


def add_run(home: Path, seed: int) -> Path:
    """One more run, like the first but for its name and its seed."""
    folder = home / "ontology" / "results" / "toy_knn"
    template = min(folder.glob("alpha-s0-*.ttl"))
    name = f"alpha-s{seed}-20260202T020202Z-abcdef"
    text = template.read_text(encoding="utf-8").replace(template.stem, name)
    assert "reg:seed 0" in text
    publish(folder / f"{name}.ttl", text.replace("reg:seed 0", f"reg:seed {seed}").encode())
    return folder / f"{name}.ttl"


def quads(graph: Graph) -> str:
    dataset = ox.Dataset(graph.store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return "".join(sorted(f"{quad}\n" for quad in dataset))


def assert_whole(home: Path) -> None:
    """What is opened now is exactly the files, and no more than one old version lies about."""
    opened, memory = Graph(find_home(home)), in_memory(home)
    assert opened.version is not None, opened.remark
    assert quads(opened) == quads(memory)
    assert list(opened.summary.runs()) == list(memory.summary.runs())
    assert opened.search("alpha") == memory.search("alpha")


def leftovers(home: Path) -> list[str]:
    return sorted(place.name for place in (home / ".registry" / "index" / "versions").iterdir())


def test_an_update_that_is_killed_at_any_step_loses_nothing(home: Path) -> None:
    Graph(find_home(home))
    step, seed, kills = 1, 100, 0
    while True:
        gc.collect()  # nobody here holds a version
        step, seed = step + 2, seed + 1  # after one call is before the next
        added = add_run(home, seed)
        code = run_and_kill(home, step)
        assert_whole(home)
        if code == 0:
            break
        assert code == KILLED
        kills += 1
        added.unlink()
    assert kills >= 30
    gc.collect()
    add_run(home, seed + 1)
    Graph(find_home(home))
    assert len(leftovers(home)) == 1
    assert not leftovers(home)[0].endswith(index.DRAFT)


def test_a_first_build_that_is_killed_leaves_nothing_that_is_taken_for_an_index(home: Path) -> None:
    chance = random.Random(0)
    for step in sorted(chance.sample(range(1, 140), 12)):
        shutil.rmtree(home / ".registry", ignore_errors=True)
        assert run_and_kill(home, step) == KILLED
        assert_whole(home)
        assert len(leftovers(home)) <= 2
        gc.collect()


def write_runs(home: Path, count: int, done: Event) -> None:
    index.LARGE_FILES = 1
    try:
        for seed in range(200, 200 + count):
            add_run(home, seed)
            Graph(find_home(home))
    finally:
        done.set()


def read_runs(home: Path, done: Event, answers: Queue[list[tuple[int, int, int]] | str]) -> None:
    """Opens the registry until the writer is done: runs of the summary, runs and trained results of the store."""
    index.LARGE_FILES = 1
    found: list[tuple[int, int, int]] = []
    try:
        last = False
        while not last:
            last = done.is_set()
            graph = Graph(find_home(home))
            assert graph.version is not None, graph.remark
            counts = [
                next(graph.select(f"SELECT (COUNT(DISTINCT ?x) AS ?n) {{ {pattern} }}"))["n"]
                for pattern in ("?x mls:realizes ?m", "?x reg:encoderState reg:Trained ; prov:wasGeneratedBy ?r")
            ]
            found.append((len(list(graph.summary.runs())), *counts))  # type: ignore[arg-type]
        answers.put(found)
    except BaseException as error:
        answers.put(repr(error))


def test_readers_beside_a_writer_meet_no_error_and_no_half_state(home: Path) -> None:
    Graph(find_home(home))
    done, answers = PROCESSES.Event(), PROCESSES.Queue()
    readers = [PROCESSES.Process(target=read_runs, args=(home, done, answers)) for _ in range(2)]
    writer = PROCESSES.Process(target=write_runs, args=(home, 20, done))
    for process in (*readers, writer):
        process.start()
    seen = [answers.get() for _ in readers]
    for process in (*readers, writer):
        process.join()
        assert process.exitcode == 0
    for found in seen:
        assert isinstance(found, list), found
        assert all(summary == runs == results for summary, runs, results in found)
        assert found == sorted(found)
        assert found[-1][0] == 22
    assert_whole(home)
