"""Runs by several processes that torchrun starts: one record, and whatever happens to one of them ends all."""

from __future__ import annotations

import csv
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from reference_impl import launch, worker
from reference_impl.data import Splits
from reference_impl.errors import DataError, ProcessFailed
from registry import Registry, runner, verification
from registry.cli import cli
from registry.errors import BadSetting, Interrupted, RegistryError
from tests.test_runner import Silent, run
from tests.test_training import SETTINGS, plan, toy


class Impatient(Silent):
    """Presses Ctrl-C after the first epoch."""

    def progress(self, progress: object) -> None:
        raise KeyboardInterrupt


def curve(file: Path) -> list[tuple[str, ...]]:
    with file.with_suffix(".csv").open(newline="") as stream:
        return [(row["epoch"], row["loss"], row["embedding_spread"]) for row in csv.DictReader(stream)]


def test_a_run_by_two_processes_is_interrupted_resumed_and_one_record(tiny_home: Path) -> None:
    several = {"nproc": 2, "changes": {"epochs": "2"}}
    with pytest.raises(Interrupted, match="stopped by a signal after 1 epochs; go on with --resume"):
        run(tiny_home, listener=Impatient(), **several)
    with pytest.raises(RegistryError, match="is of a training by 2 processes, not 1; resume with --nproc 2"):
        run(tiny_home, resume=True, changes={"epochs": "2"})
    (resumed,) = run(tiny_home, resume=True, **several)

    registry = Registry.open(tiny_home)
    assert registry.check() == []
    done = registry.find_run(resumed.stem)
    (broken,) = (found for found in registry.all_runs if found.name != done.name)
    assert (broken.status, done.status) == ("interrupted", "succeeded")
    assert "reg:deviceCount 2 ;" in resumed.read_text()
    assert [len(curve(resumed.with_name(f"{found.name}.ttl"))) for found in (broken, done)] == [1, 2]
    assert curve(resumed)[:1] == curve(resumed.with_name(f"{broken.name}.ttl"))
    again = verification._job(
        registry,
        done,
        registry.benchmark("toy_knn"),
        device=None,
        data=None,
        listener=Silent(),
        command="",
    )
    assert again.processes == 2


SUMMARY = """
Other Failures:
[1]:
  rank      : 1 (local_rank: 1)
  exitcode  : {code} (pid: 8)
Root Cause (first observed failure):
[0]:
  rank      : 0 (local_rank: 0)
  exitcode  : 1 (pid: 7)
"""
"""What torchrun prints at its end, as far as it matters; here the one who lost the other ended first."""


def killed(folder: Path | None, cache: Path) -> Splits:
    """Data at which the second process dies."""
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    return toy(folder, cache)


def test_a_process_that_is_killed_ends_the_run_as_failed(tmp_path: Path) -> None:
    stages: list[str] = []
    with pytest.raises(ProcessFailed, match=r"process 1 of 2 ended with exit code -9; was it killed"):
        launch.execute_in_processes(
            plan(tmp_path / "a.pt", loader=f"{__name__}:killed"),
            count=2,
            on_progress=lambda _: None,
            on_stage=stages.append,
            on_curve=lambda _: None,
        )
    assert stages[0] == "reading the data"
    assert "training" not in stages


def test_the_mistake_is_the_first_that_is_not_a_lost_connection() -> None:
    lost = {"kind": "RuntimeError", "text": "Connection closed by peer", "time": 1.0, "lost": True}
    own = {"kind": "ValueError", "text": "no such layer", "time": 2.0, "lost": False}
    later = {"kind": "DataError", "text": "no folder", "time": 3.0, "lost": False}
    told = launch._failure({0: lost, 1: own, 2: later}, 3, "")
    assert (type(told), str(told)) == (ProcessFailed, "process 1 of 3: ValueError: no such layer")
    told = launch._failure({0: lost, 2: later}, 3, "")
    assert (type(told), str(told)) == (DataError, "no folder")
    told = launch._failure({0: lost}, 2, SUMMARY.format(code=-9))
    assert str(told) == "process 1 of 2 ended with exit code -9; was it killed, or out of memory?"
    told = launch._failure({0: lost}, 2, SUMMARY.format(code=1))
    assert str(told) == "process 0 of 2: RuntimeError: Connection closed by peer"
    told = launch._failure({}, 2, "Traceback (most recent call last):\nImportError: no torch\n=====")
    assert str(told) == "torchrun ended: ImportError: no torch"
    assert str(launch._failure({}, 2, "")) == "torchrun ended: it does not say why"
    assert worker._lost(RuntimeError("[tcp/pair.cc:537] Connection closed by peer [127.0.0.1]:4711"))
    assert not worker._lost(RuntimeError("out of memory"))


def test_workers_read_the_experiment_as_it_was_written(tmp_path: Path) -> None:
    settings = SETTINGS | {"milestones": (1, 2)}
    written = replace(plan(tmp_path / "a.pt", settings=settings), data=tmp_path, protocol_settings={"rates": (0.1,)})
    worker.write_plan(written, tmp_path)
    assert worker.read_plan(tmp_path) == written


@pytest.mark.parametrize(
    ("nproc", "changes", "message"),
    [
        (0, {}, "a run needs at least 1 process, not 0 (--nproc)"),
        (3, {}, "batch_size 16 does not divide over 3 processes (--nproc)"),
        (4, {}, "the 2 BatchNorm groups of the recipe (bn_splits) do not divide over 4 processes (--nproc)"),
        (16, {"bn_splits": "1", "batch_size": "24"}, "batch_size 24 does not divide over 16 processes (--nproc)"),
    ],
)
def test_processes_that_cannot_share_a_batch_are_refused_before_anything_runs(
    tiny_home: Path, nproc: int, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(BadSetting) as caught:
        run(tiny_home, nproc=nproc, changes=changes)
    assert str(caught.value) == message
    assert Registry.open(tiny_home).all_runs == []


def test_more_processes_than_cuda_devices_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(BadSetting, match="2 processes need as many CUDA devices, and there are 1 here"):
        runner.require_processes(2, "cuda", {})


def test_no_process_at_all_is_a_mistyped_command() -> None:
    done = CliRunner().invoke(cli, ["run-benchmark", "moco_v2", "--nproc", "0"])
    assert done.exit_code == 2
    assert "--nproc" in done.output
