"""One of the processes of a run, as torchrun starts them: python -m reference_impl.worker FOLDER.

It finds the experiment in FOLDER and says there, a line of JSON at a time, how it goes (`launch.py` listens).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from reference_impl import processes
from reference_impl.experiment import Experiment, execute
from reference_impl.training import Epoch, Progress

PLAN, STORE = "experiment.json", "store"
FAILED = 1
"""With what a process ends that has said why."""


def write_plan(experiment: Experiment, folder: Path) -> None:
    """Leaves the experiment for the workers."""
    (folder / PLAN).write_text(json.dumps(asdict(experiment), default=str), encoding="utf-8")


def read_plan(folder: Path) -> Experiment:
    """The experiment as it was left, down to the types."""
    plan: dict[str, Any] = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    for name in ("settings", "protocol_settings"):  # JSON knows no tuples
        plan[name] = {key: tuple(value) if isinstance(value, list) else value for key, value in plan[name].items()}
    for name in ("channel_mean", "channel_std"):
        plan[name] = tuple(plan[name])
    for name in ("data", "cache", "checkpoint"):
        plan[name] = plan[name] and Path(plan[name])
    return Experiment(**plan)


def words_of(folder: Path, rank: int) -> Path:
    """Where that process says how it goes."""
    return folder / f"{rank}.jsonl"


class _Voice:
    """Tells whoever started the run what happens; the processes after the first tell only what goes wrong."""

    def __init__(self, folder: Path, rank: int) -> None:
        self.stream = words_of(folder, rank).open("w", encoding="utf-8")
        self.first = rank == 0
        self.curve: list[Epoch] = []
        self.told = 0

    def say(self, what: str, value: object) -> None:
        print(json.dumps({what: value}), file=self.stream, flush=True)

    def stage(self, what: str) -> None:
        if self.first:
            self.say("stage", what)

    def keep(self, curve: list[Epoch]) -> None:
        self.curve = curve

    def progress(self, progress: Progress) -> None:
        if self.first:
            self.rows()
            self.say("progress", asdict(progress))

    def rows(self) -> None:
        for row in self.curve[self.told :]:
            self.say("row", asdict(row))
        self.told = len(self.curve)


def main(folder: Path) -> None:
    """Runs the experiment; ends the process with FAILED where it fails."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    rank = int(os.environ["RANK"])
    voice = _Voice(folder, rank)
    try:
        experiment = read_plan(folder)
        if experiment.device == "cuda":
            torch.cuda.set_device(rank)
        with processes.group(torch.device(experiment.device), folder / STORE):
            outcome = execute(experiment, on_progress=voice.progress, on_stage=voice.stage, on_curve=voice.keep)
    except Exception as error:
        if voice.first:
            voice.rows()
        told = {"kind": type(error).__name__, "text": str(error), "time": time.time(), "lost": _lost(error)}
        voice.say("error", told)
        os._exit(FAILED)  # at once: leaving in good order would wait for the others
    if voice.first:
        voice.rows()
        voice.say("outcome", asdict(outcome))


def _lost(error: Exception) -> bool:
    """Whether the error is only that another process is gone."""
    gone = ("Connection closed by peer", "Connection reset by peer", "Broken pipe")
    return isinstance(error, distributed.DistError) or any(words in str(error) for words in gone)


def _end_with_the_parent() -> None:
    """Standard input comes from whoever started the run, and ends with it, however that ends."""
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
