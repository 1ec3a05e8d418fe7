"""Does a record hold?  It is trained and scored again from its own settings, and the values compared."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from registry import notices, results, runner
from registry.errors import BadSetting, RegistryError, RunFailed
from registry.graph import Graph
from registry.hashes import benchmark_hash, recipe_hash
from registry.namespaces import iri
from registry.reading import accepted, settings_of
from registry.records import Benchmark, Recipe, Run, Verification
from registry.signatures import Setting, consumers, match

if TYPE_CHECKING:
    from registry.catalogue import Registry

ENVIRONMENT = (
    "sourceSha256",
    "pythonVersion",
    "torchVersion",
    "torchvisionVersion",
    "cudaVersion",
    "driverVersion",
    "operatingSystem",
    "deviceKind",
    "deviceModel",
    "deviceCount",
    "hostCpu",
    "threads",
    "trainingDataSha256",
    "evaluationDataSha256",
)
"""What may make the same settings and seed give another number, by property."""


def verify(
    registry: Registry,
    run: Run,
    *,
    tolerance: float | None,
    device: str | None,
    data: Path | None,
    stated_by: str | None,
    listener: runner.Listener,
    command: str,
    after: Callable[[Path], None],
) -> Verification:
    """See Registry.verify."""
    benchmark = _same_benchmark(registry, run)
    limit = _tolerance(registry.graph, benchmark, tolerance)
    job = _job(registry, run, benchmark, device=device, data=data, listener=listener, command=command)
    try:
        (file,) = runner.run_seeds(job, [run.seed], after)
    except RunFailed as failure:
        raise type(failure)(f"{run.name} is neither confirmed nor refuted: {failure}") from failure
    again = _reopened(registry)
    rerun = again.find_run(file.stem)
    assert run.value is not None and rerun.value is not None
    difference = round(rerun.value - run.value, 6)
    outcome = _outcome(registry.graph, run, again.graph, rerun, difference, limit)
    notice = notices.write(
        registry.home,
        "Verification",
        ("verifies", "verified"),
        run.name,
        {
            ("reg", "verificationRun"): notices.Address(iri("run", rerun.name)),
            ("reg", "outcome"): notices.Address(iri("reg", outcome)),
            ("reg", "difference"): difference,
            ("reg", "tolerance"): limit,
            ("qudt", "hasUnit"): notices.Address(iri("reg", "PercentagePoint")),
            ("reg", "differsIn"): _differing(registry.graph, run, again.graph, rerun),
        },
        stated_by,
    )
    after(notice)
    filed = _reopened(registry).notices.about(run.name)
    return next(found for found in filed if isinstance(found, Verification) and found.name == notice.stem)


def _reopened(registry: Registry) -> Registry:
    """The registry with what was just filed, however long another process keeps the index."""
    while True:
        again = type(registry)(registry.home)
        if again.graph.version is None or not again.graph.version.stale:
            return again


def _same_benchmark(registry: Registry, run: Run) -> Benchmark:
    """The benchmark that the run was measured on; raises RegistryError where there is nothing like it to repeat."""
    if run.status != "succeeded" or run.value is None:
        raise RegistryError(
            f"{run.name} has no value to verify: {run.status}" + (f", {run.reason}" * bool(run.reason))
        )
    benchmark = registry.benchmark(run.benchmark)
    then, now = f"version {run.benchmark_version} of {benchmark.name}", f"version {benchmark.version}"
    if run.benchmark_version != benchmark.version:
        raise RegistryError(f"{run.name} was measured on {then}, which is {now} today; only the same can be repeated")
    if run.benchmark_hash != benchmark_hash(benchmark):
        raise RegistryError(
            f"{run.name} was measured on {then}; its data, split or protocol settings now differ, "
            "and only the same can be repeated"
        )
    return benchmark


def _tolerance(graph: Graph, benchmark: Benchmark, asked: float | None) -> float:
    if asked is not None:
        if not math.isfinite(asked) or asked < 0:
            raise BadSetting(f"a tolerance is a number of percentage points from 0, not {asked}")
        return float(asked)
    stated = graph.value(iri("benchmark", benchmark.name), iri("reg", "verificationTolerance"))
    if isinstance(stated, bool) or not isinstance(stated, int | float):
        raise BadSetting(
            f"{benchmark.name} states no reg:verificationTolerance; name one in percentage points with --tolerance"
        )
    return float(stated)


def _job(
    registry: Registry,
    run: Run,
    benchmark: Benchmark,
    *,
    device: str | None,
    data: Path | None,
    listener: runner.Listener,
    command: str,
) -> runner.Job:
    """The job that the record describes: its own settings and class, whatever the recipe says today."""
    graph, address = registry.graph, iri("run", run.name)
    recorded = graph.value(f"{address}#implementation", iri("reg", "implementation"))
    method = registry.method(run.method)
    if isinstance(recorded, str):
        method = replace(method, implementation=recorded)
    settings = _snapshot(graph, run, method.implementation)
    if problems := match(settings, runner.keywords_of(method, settings)):
        raise BadSetting(f"the code no longer takes the settings of {run.name}: " + "; ".join(problems))
    runner.require_runnable(benchmark)
    results.require_writable(registry.home.notices)
    checksums = {
        split: graph.value(address, iri("reg", name))
        for split, name in (("train", "trainingDataSha256"), ("test", "evaluationDataSha256"))
    }
    kind, count = (graph.value(address, iri("reg", name)) for name in ("deviceKind", "deviceCount"))
    usable = runner.usable_device(device or (kind if isinstance(kind, str) else None))
    processes = count if isinstance(count, int) else 1
    runner.require_processes(processes, usable, settings)
    return runner.Job(
        home=registry.home,
        method=method,
        recipe=_recipe(registry, run, settings),
        benchmark=benchmark,
        settings=settings,
        device=usable,
        processes=processes,
        data=data,
        resume=False,
        listener=listener,
        command=command,
        verifies=run.name,
        data_checksums={split: checksum for split, checksum in checksums.items() if isinstance(checksum, str)},
    )


def _snapshot(graph: Graph, run: Run, implementation: str | None) -> dict[str, Setting]:
    settings = settings_of(graph, graph.properties(f"{iri('run', run.name)}#settings"), "hp")
    if recipe_hash(settings) != run.recipe_hash:
        raise RegistryError(
            f"the settings of {run.name} are not those that its reg:recipeHash was made from; see: registry check"
        )
    return accepted(settings, consumers(implementation, settings) if implementation else [])


def _recipe(registry: Registry, run: Run, settings: dict[str, Setting]) -> Recipe:
    """What the repetition follows or departs from: the same recipe as the record, in the state of the record."""
    if not run.follows_recipe:
        registry.graph.find("recipe", run.recipe)
        return registry.recipe_named(run.recipe)
    return Recipe(
        name=run.recipe,
        method=run.method,
        variant=None,
        benchmarks=(run.benchmark,),
        settings=settings,
        departures=(),
    )


def _outcome(graph: Graph, run: Run, again: Graph, rerun: Run, difference: float, limit: float) -> str:
    """Identical, Holds or DoesNotHold.  Equal values may be chance; equal losses in every epoch are not."""
    losses = _losses(graph, run)
    if difference == 0 and run.untrained == rerun.untrained and losses and losses == _losses(again, rerun):
        return "Identical"
    return "Holds" if abs(difference) <= limit else "DoesNotHold"


def _losses(graph: Graph, run: Run) -> list[str]:
    """The loss of every epoch as it was written; empty where the curve is gone."""
    # Other files may speak of the run as well: its record is the one that speaks of its curve.
    records = graph.files_of(f"{iri('run', run.name)}#curve")
    file = graph.files[records[0]].with_suffix(".csv") if records else None
    if file is None or not file.is_file():
        return []
    with file.open(encoding="utf-8", newline="") as stream:
        return [row.get("loss") or "" for row in csv.DictReader(stream)]


def _differing(graph: Graph, run: Run, again: Graph, rerun: Run) -> tuple[str, ...]:
    found = []
    for name in ENVIRONMENT:
        before, now = (
            source.value(iri("run", one.name), iri("reg", name)) for source, one in ((graph, run), (again, rerun))
        )
        if before != now:
            found.append(f"{name}: {_told(before)} recorded, {_told(now)} now")
    return tuple(found)


def _told(fact: object) -> str:
    return "nothing" if fact is None else str(fact)
