"""`registry --help` next to `python -c pass`, measured in turn in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

REPETITIONS = 10
AIM = 8.0


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def test_help_starts_in_at_most_eight_times_the_time_of_python_itself() -> None:
    script = str(Path(sys.executable).with_name("registry"))
    commands = {"python": [sys.executable, "-c", "pass"], "help": [script, "--help"]}
    for command in commands.values():
        seconds(command)  # fills the caches
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(REPETITIONS):
        for name, command in commands.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    ratio = medians["help"] / medians["python"]
    told = {name: f"{1000 * taken:.0f} ms" for name, taken in medians.items()}
    print(f"\nmedians of {REPETITIONS}: {told}, ratio {ratio:.1f}")  # noqa: T201
    assert ratio <= AIM
