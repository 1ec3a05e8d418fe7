"""Recipe to result: the only door from the graph to the reference implementations."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import TYPE_CHECKING, Protocol

from registry import environment, results
from registry.errors import BadSetting, Interrupted, RegistryError, RunFailed
from registry.hashes import benchmark_hash, recipe_hash
from registry.home import Home
from registry.records import Benchmark, Method, Recipe
from registry.signatures import Keyword, Setting, consumers, keywords, match

if TYPE_CHECKING:
    from reference_impl.evaluation import Score
    from reference_impl.experiment import Experiment, Outcome
    from reference_impl.training import Progress
    from registry.catalogue import Registry


class Listener(Protocol):
    """Who watches a run."""

    def seed(self, seed: int, recipe: Recipe, benchmark: Benchmark, device: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def stage(self, what: str) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def scored(self, untrained: Score, trained: Score) -> None: ...


def keywords_of(method: Method, settings: Mapping[str, Setting]) -> dict[str, dict[str, Keyword]]:
    """The keywords of everything that these settings of the method feed; raises BadSetting."""
    if method.implementation is None:
        raise BadSetting(f"{method.name} has no implementation yet")
    return {pointer: keywords(pointer) for pointer in consumers(method.implementation, settings)}


def changed_settings(recipe: Recipe, method: Method, changes: dict[str, str]) -> dict[str, Setting]:
    """The recipe's settings with those that a person typed; raises BadSetting with the nearest guess."""
    # Another optimiser takes other settings.
    chosen = recipe.settings | {name: text for name, text in changes.items() if name == "optimiser"}
    known = {name: keyword for taken in keywords_of(method, chosen).values() for name, keyword in taken.items()}
    settings = {name: value for name, value in recipe.settings.items() if name in known}
    for name, text in changes.items():
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known))}"
            raise BadSetting(f"{method.name} has no setting {name!r}; {hint}")
        settings[name] = known[name].parse(text)
    if problems := match(settings, keywords_of(method, settings)):
        raise BadSetting(f"recipe {recipe.name}: " + "; ".join(problems))
    _refuse_impossible(settings)
    return settings


def _refuse_impossible(settings: dict[str, Setting]) -> None:
    for name, value in settings.items():
        if isinstance(value, bool | str | tuple):
            continue
        if isinstance(value, int) and value < 1 and name != "warmup_epochs":
            raise BadSetting(f"{name} must be at least 1, not {value}")
        if not math.isfinite(value):
            raise BadSetting(f"{name} must be a finite number, not {value}")
        if name in ("temperature", "learning_rate") and value <= 0:
            raise BadSetting(f"{name} must be positive, not {value}")
        share = name.endswith(("_probability", "momentum")) or name == "crop_scale_min"
        if value < 0 or (share and value > 1):
            raise BadSetting(f"{name} must be {'from 0 to 1' if share else 'at least 0'}, not {value}")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What all seeds of a request have in common."""

    home: Home
    method: Method
    recipe: Recipe
    benchmark: Benchmark
    settings: dict[str, Setting]
    device: str
    processes: int
    """How many train together, each on a device of its own."""
    data: Path | None
    resume: bool
    listener: Listener
    command: str
    verifies: str | None = None
    """The run that is done again, if any; its repetition has a checkpoint of its own."""
    data_checksums: dict[str, str] = field(default_factory=dict)
    """sha256 by split that the data must have beside what the benchmark asks: those of that run."""


def run(
    registry: Registry,
    recipe: Recipe,
    benchmark: Benchmark,
    *,
    seeds: Iterable[int],
    device: str | None,
    changes: dict[str, str],
    data: Path | None,
    resume: bool,
    nproc: int = 1,
    listener: Listener,
    command: str,
    after: Callable[[Path], None],
) -> list[Path]:
    """See Registry.run."""
    method = registry.method(recipe.method)
    settings = changed_settings(recipe, method, changes)
    require_runnable(benchmark)
    chosen_device = usable_device(device)
    require_processes(nproc, chosen_device, settings)
    job = Job(
        home=registry.home,
        method=method,
        recipe=recipe,
        benchmark=benchmark,
        settings=settings,
        device=chosen_device,
        processes=nproc,
        data=data,
        resume=resume,
        listener=listener,
        command=command,
    )
    return run_seeds(job, seeds, after)


def require_runnable(benchmark: Benchmark) -> None:
    """Raises BadSetting or MissingExtra unless a run could be scored."""
    if not benchmark.runnable:
        raise BadSetting(f"benchmark {benchmark.name!r} is described only: nothing here can score it")
    assert benchmark.implementation
    if problems := match(benchmark.settings, {benchmark.implementation: keywords(benchmark.implementation)}):
        raise BadSetting(f"benchmark {benchmark.name}: " + "; ".join(problems))
    environment.require_training()


def run_seeds(job: Job, seeds: Iterable[int], after: Callable[[Path], None]) -> list[Path]:
    """Runs the job once for each seed; returns the files, or raises RunFailed after all, or Interrupted at once.

    Raises BadSetting or RegistryError before anything runs where a run makes no sense or could not be filed.
    """
    warned = _considered(job)
    results.require_writable(job.home.results / job.benchmark.name)
    for warning in warned:
        job.listener.warning(warning)
    files, failures = [], []
    for seed in dict.fromkeys(seeds):
        several = f"{job.processes} processes on " * (job.processes > 1)
        job.listener.seed(seed, job.recipe, job.benchmark, several + job.device)
        try:
            file = _run_once(job, seed, warned)
        except Interrupted:
            raise
        except RunFailed as failure:
            failures.append(failure)  # the other seeds may still do well
            continue
        files.append(file)
        after(file)
    if failures:
        raise RunFailed("\n".join(str(failure) for failure in failures)) from failures[0]
    return files


def _considered(job: Job) -> list[str]:
    """What to warn of before a run; raises BadSetting for settings that fit neither each other nor the images."""
    from reference_impl import feasibility
    from reference_impl.errors import Impossible

    assert job.method.implementation
    images = job.benchmark.dataset.image_counts.get(job.benchmark.training_split)
    try:
        feasibility.refuse(job.method.implementation, job.settings, images)
    except Impossible as error:
        raise BadSetting(f"recipe {job.recipe.name}: {error}") from error
    return feasibility.warnings(job.settings, images)


def usable_device(asked: str | None) -> str:
    """The device that was asked for, or the accelerator if there is one; raises BadSetting."""
    import torch

    available = torch.cuda.is_available()
    if asked == "cuda" and not available:
        raise BadSetting("no CUDA device is available here; use --device cpu")
    return asked or ("cuda" if available else "cpu")


def require_processes(count: int, device: str, settings: Mapping[str, Setting]) -> None:
    """Raises BadSetting unless so many processes can share the batch, its BatchNorm groups and the devices here."""
    import torch

    if count < 1:
        raise BadSetting(f"a run needs at least 1 process, not {count} (--nproc)")
    if device == "cuda" and count > torch.cuda.device_count():
        raise BadSetting(
            f"{count} processes need as many CUDA devices, and there are {torch.cuda.device_count()} here"
        )
    batch, splits = settings.get("batch_size", count), settings.get("bn_splits", 1)
    if isinstance(batch, int) and batch % count:
        raise BadSetting(f"batch_size {batch} does not divide over {count} processes (--nproc)")
    if isinstance(splits, int) and splits > 1 and splits % count:
        raise BadSetting(
            f"the {splits} BatchNorm groups of the recipe (bn_splits) do not divide over {count} processes (--nproc)"
        )


def _experiment(job: Job, seed: int) -> Experiment:
    from reference_impl.experiment import Experiment

    benchmark, dataset = job.benchmark, job.benchmark.dataset
    assert job.method.implementation
    assert benchmark.implementation
    assert dataset.loader
    digest = recipe_hash(job.settings)
    again = "-again" if job.verifies else ""
    file = f"{job.method.name}-{benchmark.name}-s{seed}-{digest[:12]}{again}.pt"
    return Experiment(
        identity=f"{job.recipe.name} {digest} {benchmark.name} {benchmark.version} {seed}",
        method=job.method.implementation,
        settings=job.settings,
        loader=dataset.loader,
        checksums=dataset.checksums | job.data_checksums,
        channel_mean=dataset.channel_mean,
        channel_std=dataset.channel_std,
        protocol=benchmark.implementation,
        protocol_settings=benchmark.settings,
        seed=seed,
        device=job.device,
        data=job.data,
        cache=job.home.work / "data",
        checkpoint=job.home.work / "checkpoints" / file,
        resume=job.resume,
    )


def _run_once(job: Job, seed: int, warned: Sequence[str]) -> Path:
    from reference_impl.errors import CheckpointError, DataError, Diverged, Impossible
    from reference_impl.experiment import execute
    from reference_impl.launch import execute_in_processes
    from reference_impl.training import Epoch

    experiment = _experiment(job, seed)
    facts: dict[str, environment.Fact | float] = {
        **environment.source(),
        **environment.machine(job.device, job.processes),
        "commandLine": job.command,
        "resumed": job.resume,
    }
    started, clock = datetime.now(UTC), perf_counter()
    outcome: Outcome | None = None
    curve: list[Epoch] = []
    status, reason = "Succeeded", None
    cause: BaseException | None = None

    def keep(rows: list[Epoch]) -> None:
        nonlocal curve
        curve = rows

    try:
        with _termination_as_interrupt():
            train = execute if job.processes == 1 else partial(execute_in_processes, count=job.processes)
            outcome = train(experiment, on_progress=job.listener.progress, on_stage=job.listener.stage, on_curve=keep)
    except Impossible as error:
        raise BadSetting(f"recipe {job.recipe.name}: {error}") from error
    except (DataError, CheckpointError) as error:
        raise RegistryError(str(error)) from error  # nothing ran: there is nothing to record
    except KeyboardInterrupt:
        status, reason = "Interrupted", f"stopped by a signal after {len(curve)} epochs"
    except Diverged as error:
        status, reason, cause = "Diverged", str(error), error
    except Exception as error:
        status, reason, cause = "Failed", f"{type(error).__name__}: {error}", error
    facts |= {"wallSeconds": round(perf_counter() - clock, 3), **environment.peak_memory(job.processes)}
    if outcome is not None:
        facts |= _measured_facts(outcome)
        job.listener.scored(outcome.untrained, outcome.trained)  # told before the disk can fail
    file = results.write(
        job.home.results,
        results.RunRecord(
            recipe=job.recipe,
            settings=job.settings,
            recipe_hash=recipe_hash(job.settings),
            benchmark=job.benchmark,
            benchmark_hash=benchmark_hash(job.benchmark),
            implementation=experiment.method,
            seed=seed,
            status=status,
            reason=reason,
            started=started,
            ended=datetime.now(UTC),
            facts=facts,
            trained=_measured(outcome.trained) if outcome else None,
            untrained=_measured(outcome.untrained) if outcome else None,
            curve=[asdict(row) for row in curve],
            warnings=warned,
        ),
    )
    if outcome is None:
        way_out = "; go on with --resume" if status == "Interrupted" and curve and not job.verifies else ""
        happened = "was interrupted" if status == "Interrupted" else status.lower()
        kind = Interrupted if status == "Interrupted" else RunFailed
        raise kind(f"the run with seed {seed} {happened}: {reason}{way_out}\nrecorded in {file}") from cause
    return file


def _measured(score: Score) -> results.Measured:
    return results.Measured(correct=score.correct, total=score.total, chosen_learning_rate=score.chosen_learning_rate)


def _measured_facts(outcome: Outcome) -> dict[str, environment.Fact | float]:
    facts: dict[str, environment.Fact | float] = {
        "trainingDataSha256": outcome.checksums["train"],
        "evaluationDataSha256": outcome.checksums["test"],
        "trainingSeconds": round(outcome.training_seconds, 3),
        "evaluationSeconds": round(outcome.evaluation_seconds, 3),
        "imagesPerSecond": round(outcome.images_per_second, 1),
        "timedEpochs": outcome.timed_epochs,
        "warmupEpochs": len(outcome.curve) - outcome.timed_epochs,
        "encoderParameters": outcome.parameters,
    }
    if outcome.device_memory is not None:
        facts["deviceMemory"] = outcome.device_memory
    if (share := outcome.curve[-1].false_negative_share) is not None:
        facts["falseNegativeShare"] = round(share, 6)
    return facts


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does, so that it is recorded."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
