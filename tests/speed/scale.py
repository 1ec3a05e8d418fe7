"""Measures a large registry: start, re-index, memory, questions, and rdflib beside it.

    python -m tests.speed.scale FOLDER [--runs 100000] [--cut 10000]

FOLDER is made when it is not there (about ten million triples for 100,000 runs; 4 GB of disk).  The
table that it prints stands in tests/speed/README.md.  Every time is of this machine, this run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import pyoxigraph as ox
from rdflib import Graph

from registry import Registry
from registry.graph import read_query
from registry.namespaces import PREFIXES, iri
from tests.speed import synthetic

REPEATS = 40
STARTS = 9
RDFLIB_REPEATS = 5

Parameters = dict[str, str]


def questions(methods: int) -> dict[str, Callable[[random.Random], Parameters]]:
    """Eight of the questions that the command line and the app ask, each with parameters to draw."""

    def method(chance: random.Random) -> str:
        return f"method_{chance.randrange(methods)}"

    def benchmark(chance: random.Random) -> str:
        return f"data_{chance.randrange(synthetic.BENCHMARKS)}_knn"

    def claim(chance: random.Random) -> str:
        number = chance.randrange(synthetic.CLAIMS_A_METHOD)
        return f"{method(chance)}-data_{number % synthetic.BENCHMARKS}_knn-{number}"

    return {
        "best_results": lambda chance: {"benchmark": benchmark(chance)},
        "runs": lambda chance: {"benchmark": benchmark(chance)},
        "runs_by_device": lambda chance: {},
        "claims": lambda chance: {"method": method(chance)},
        "results_beating_claim": lambda chance: {"claim": claim(chance)},
        "lineage": lambda chance: {"method": method(chance)},
        "term": lambda chance: {"term": f"term_{chance.randrange(synthetic.TERMS)}"},
        "papers_by_component": lambda chance: {"term": f"term_{chance.randrange(30)}"},
    }


def requests(methods: int) -> dict[str, Callable[[Registry, random.Random], object]]:
    """What the command line asks the Registry for, beside the questions."""

    def method(chance: random.Random) -> str:
        return f"method_{chance.randrange(methods)}"

    def benchmark(chance: random.Random) -> str:
        return f"data_{chance.randrange(synthetic.BENCHMARKS)}_knn"

    return {
        "leaderboard BENCHMARK": lambda registry, chance: registry.leaderboard(benchmark(chance)),
        "claims METHOD": lambda registry, chance: registry.verdicts(method(chance)),
        "show METHOD": lambda registry, chance: registry.describe(method(chance)),
        "show TERM": lambda registry, chance: registry.describe(f"term_{chance.randrange(synthetic.TERMS)}"),
        "runs, newest 50": lambda registry, chance: registry.runs(limit=50),
        "runs METHOD": lambda registry, chance: registry.runs(method=method(chance)),
        "methods": lambda registry, chance: registry.methods(),
        "benchmarks": lambda registry, chance: registry.benchmarks(),
        "search two words": lambda registry, chance: registry.search(f"{method(chance).replace('_', ' ')}"),
        "search, mistyped": lambda registry, chance: registry.search("mehtod 7"),
    }


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


def spread(times: Sequence[float]) -> str:
    """p50 and p95 as two cells."""
    ordered = sorted(times)
    return f"{median(ordered):.1f} | {ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]:.1f}"


def resident() -> int:
    """Largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def in_new_process(folder: Path, code: str) -> dict[str, float]:
    """What a fresh interpreter measures; `code` fills `found`."""
    script = (
        "import json, sys, time; start = time.perf_counter(); found = {}\n"
        "from pathlib import Path; home = Path(sys.argv[1])\n"
        f"{code}\nimport resource\n"
        "found['resident'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, encoding="utf-8", check=True
    )
    return {name: float(value) for name, value in json.loads(done.stdout).items()}


OPEN = (
    "from registry.catalogue import Registry\nimported = time.perf_counter()\nregistry = Registry.open(home)\n"
    "found['import'] = imported - start; found['open'] = time.perf_counter() - imported\n"
    "found['files'], found['triples'] = registry.graph.summary.size()"
)


def measure_starts(folder: Path) -> Iterator[str]:
    """Building the index, starting on it, and starting after one file changed."""
    index = folder / ".registry" / "index"
    built = not index.exists()
    first = in_new_process(folder, OPEN)
    yield f"{first['files']:,.0f} files, {first['triples']:,.0f} triples, index of {size(index) / 1e9:.2f} GB"
    yield ""
    yield "| start | seconds | resident MB |"
    yield "|---|---|---|"
    if built:
        yield f"| build the whole index | {first['open']:.0f} | {first['resident']:.0f} |"
    starts = [in_new_process(folder, OPEN) for _ in range(STARTS)]
    yield (
        f"| open it in a new process (median of {STARTS}) | {median(s['open'] for s in starts):.2f}, and "
        f"{median(s['import'] for s in starts):.2f} to import | {median(s['resident'] for s in starts):.0f} |"
    )
    claim = next((folder / "ontology" / "claims").iterdir())
    before = claim.read_text(encoding="utf-8")
    try:
        changes = []
        for number in range(3):
            claim.write_text(before + f"# changed {number}\n", encoding="utf-8")
            changes.append(in_new_process(folder, OPEN))
    finally:
        claim.write_text(before, encoding="utf-8")
    yield f"| open after one claim changed (median of 3) | {median(c['open'] for c in changes):.2f} | |"
    run = next((folder / "ontology" / "results" / "data_0_knn").iterdir())
    copy = run.with_name(run.name.replace("-s", "-s9", 1))
    try:
        copy.write_text(run.read_text(encoding="utf-8").replace(run.stem, copy.stem), encoding="utf-8")
        added = in_new_process(folder, OPEN)
    finally:
        copy.unlink(missing_ok=True)
    in_new_process(folder, OPEN)  # forgets it again
    yield f"| open after one run was filed | {added['open']:.2f} | |"


def size(folder: Path) -> int:
    """Bytes on disk, hard links counted once."""
    seen = {}
    for root, _, names in os.walk(folder):
        for name in names:
            status = (Path(root) / name).stat()
            seen[status.st_ino] = status.st_size
    return sum(seen.values())


def measure_questions(folder: Path, methods: int) -> Iterator[str]:
    """p50 and p95 of questions and requests, warm, in this process."""
    registry = Registry.open(folder)
    chance = random.Random(1)
    yield ""
    yield f"| asked {REPEATS} times with other names each time | p50 ms | p95 ms |"
    yield "|---|---|---|"
    for name, draw in questions(methods).items():
        registry.ask(name, **draw(chance))
        times = [timed(partial(registry.ask, name, **draw(chance))) for _ in range(REPEATS)]
        yield f"| `ask {name}` | {spread(times)} |"
    for name, request in requests(methods).items():
        times = []
        for _ in range(REPEATS):
            fresh = Registry(registry.home, graph=registry.graph)  # nothing remembered but the open store
            times.append(timed(partial(request, fresh, chance)))
        yield f"| `{name}` | {spread(times)} |"
    yield ""
    yield f"Resident after all of them: {resident()} MB."


def measure_rdflib(folder: Path, methods: int) -> Iterator[str]:
    """The eight questions on a smaller graph, in our index and in rdflib's memory, side by side."""
    registry = Registry.open(folder)
    files, triples = registry.graph.summary.size()
    yield ""
    yield f"The cut: {files:,} files, {triples:,} triples."
    start = time.perf_counter()
    theirs = in_rdflib(registry)
    yield f"rdflib took {time.perf_counter() - start:.0f} s to load it, and {resident()} MB are resident."
    yield ""
    yield "| question | ours p50 ms | p95 | rdflib p50 ms | p95 | rdflib / ours (p50) |"
    yield "|---|---|---|---|---|---|"
    for name, (ours, rdflib) in compare(registry, theirs, methods):
        yield f"| `{name}` | {spread(ours)} | {spread(rdflib)} | {median(rdflib) / median(ours):,.0f} |"


def in_rdflib(registry: Registry) -> Graph:
    """All triples of a registry in one graph of rdflib."""
    merged = {quad.triple for quad in registry.graph.store}
    text = ox.serialize(merged, format=ox.RdfFormat.N_TRIPLES)
    assert text is not None
    return Graph().parse(data=text, format="nt")


def compare(registry: Registry, theirs: Graph, methods: int) -> Iterator[tuple[str, tuple[list[float], list[float]]]]:
    """Milliseconds of each question, ours and rdflib's, with the same parameters in turn."""
    for name, draw in questions(methods).items():
        chance = random.Random(2)
        drawn = [draw(chance) for _ in range(RDFLIB_REPEATS)]
        ours, rdflib = [], []
        registry.ask(name, **drawn[0])
        for parameters in drawn:
            asked = partial(theirs.query, filled(name, parameters), initNs=PREFIXES)
            ours += [timed(partial(registry.ask, name, **parameters)) for _ in range(5)]
            rdflib.append(timed(lambda asked=asked: list(asked())))
        yield name, (ours, rdflib)


def filled(name: str, parameters: Parameters) -> str:
    """The text of a question with its parameters, for another engine."""
    text = read_query(name)
    for parameter, value in parameters.items():
        kind = next(line.split()[-1] for line in text.splitlines() if line.startswith(f"# ${parameter}:"))
        text = text.replace(f"# ${parameter}:", "#").replace(f"${parameter}", f"<{iri(kind, value)}>")
    return text


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--cut", type=int, default=10_000, help="runs of the smaller graph that rdflib gets")
    options = parser.parse_args()
    for name, runs in (("whole", options.runs), ("cut", options.cut)):
        if not (options.folder / name).exists():
            synthetic.generate(options.folder / name, runs)
    methods = round(options.runs / (synthetic.BENCHMARKS * synthetic.SEEDS))
    few = round(options.cut / (synthetic.BENCHMARKS * synthetic.SEEDS))
    for lines in (
        measure_starts(options.folder / "whole"),
        measure_questions(options.folder / "whole", methods),
        measure_rdflib(options.folder / "cut", few),
    ):
        for line in lines:
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
