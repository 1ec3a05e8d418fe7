"""A run by several processes of this machine, which torchrun starts, watches and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from reference_impl import errors
from reference_impl.errors import ProcessFailed, RunError
from reference_impl.evaluation import Score
from reference_impl.experiment import Experiment, Outcome
from reference_impl.training import Epoch, Progress
from reference_impl.worker import FAILED, words_of, write_plan

LISTENING_SECONDS = 0.1
FAREWELL_SECONDS = 45
"""How long torchrun may take to end its processes; it kills those that do not end in 30."""


def threads_of_each(count: int) -> int:
    """How many threads PyTorch uses in each of so many processes."""
    return max(1, torch.get_num_threads() // count)


def execute_in_processes(
    experiment: Experiment,
    *,
    count: int,
    on_progress: Callable[[Progress], None],
    on_stage: Callable[[str], None],
    on_curve: Callable[[list[Epoch]], None],
) -> Outcome:
    """As `experiment.execute`, by `count` processes that share every batch.

    Raises the RunError that a process raised, or ProcessFailed for anything else that ended one;
    whatever ends the call, the processes end with it.  They meet in a file and talk over the
    loopback interface: nothing listens beyond this machine.
    """
    curve: list[Epoch] = []
    on_curve(curve)
    with TemporaryDirectory(prefix="contrastive-registry-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        write_plan(experiment, folder)
        log = folder / "torchrun.log"
        with log.open("wb") as stream:
            torchrun = subprocess.Popen(
                _command(folder, count),
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env=os.environ | _environment(count),
                start_new_session=True,  # Ctrl-C is for the parent, which ends the rest
            )
        outcome: Outcome | None = None
        mistakes: dict[int, dict[str, Any]] = {}
        ears = [_Ear(words_of(folder, rank)) for rank in range(count)]
        try:
            alive = True
            while alive:
                # Asked before listening: what was said last is then heard.
                alive = torchrun.poll() is None
                for rank, ear in enumerate(ears):
                    for what, value in ear.heard():
                        if what == "stage":
                            on_stage(value)
                        elif what == "row":
                            curve.append(Epoch(**value))
                        elif what == "progress":
                            on_progress(Progress(**value))
                        elif what == "outcome":
                            outcome = _outcome(value, curve)
                        else:
                            mistakes[rank] = value
                if alive:
                    time.sleep(LISTENING_SECONDS)
        finally:
            _end(torchrun, experiment.checkpoint)
        if outcome is None or torchrun.returncode:
            raise _failure(mistakes, count, log.read_text(encoding="utf-8", errors="replace"))
        return outcome


def _command(folder: Path, count: int) -> list[str]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={count}"]
    torchrun += ["--max-restarts=0", "--rdzv-id=run", "--rdzv-backend=c10d", "--rdzv-conf=store_type=file"]
    # Not --standalone: its store would listen on every interface.
    torchrun += [f"--rdzv-endpoint={folder / 'rendezvous'}", "--local-addr=127.0.0.1"]
    return [*torchrun, "--module", "reference_impl.worker", str(folder)]


def _environment(count: int) -> dict[str, str]:
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    return {
        # The same packages as here, and none that happens to lie in the working folder.
        "PYTHONPATH": os.pathsep.join(str(Path(place).absolute()) for place in sys.path),
        "PYTHONSAFEPATH": "1",
        "OMP_NUM_THREADS": str(threads_of_each(count)),
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",  # or torchrun listens for its workers
    }


class _Ear:
    """Reads what a process has said since the last time."""

    def __init__(self, file: Path) -> None:
        self.file, self.position = file, 0

    def heard(self) -> list[tuple[str, Any]]:
        try:
            with self.file.open("rb") as stream:
                stream.seek(self.position)
                said = stream.read()
        except FileNotFoundError:
            return []
        whole = said[: said.rfind(b"\n") + 1]
        self.position += len(whole)
        return [item for line in whole.splitlines() for item in json.loads(line).items()]


def _outcome(told: dict[str, Any], curve: list[Epoch]) -> Outcome:
    scores = {name: Score(**told[name]) for name in ("trained", "untrained")}
    return Outcome(**(told | scores | {"curve": curve}))


def _end(torchrun: subprocess.Popen[bytes], checkpoint: Path) -> None:
    """Ends torchrun and its workers, and removes what a worker was writing beside the checkpoint."""
    assert torchrun.stdin is not None
    if torchrun.poll() is None:
        torchrun.terminate()
    torchrun.stdin.close()  # workers that torchrun did not end do so now
    try:
        torchrun.wait(FAREWELL_SECONDS)
    except subprocess.TimeoutExpired:
        torchrun.kill()
        torchrun.wait()
    for draft in checkpoint.parent.glob(f"{checkpoint.stem}.*.part"):
        draft.unlink(missing_ok=True)


def _failure(mistakes: dict[int, dict[str, Any]], count: int, log: str) -> RunError:
    """The mistake that came first; those who only lost the others made none, unless nobody did."""
    own = {rank: told for rank, told in mistakes.items() if not told["lost"]}
    # torchrun's summary: a process that ended by itself, not for the loss of another nor by torchrun.
    for ended, code in re.findall(r"\(local_rank: (\d+)\)\s+exitcode\s*: (-?\d+)", log):
        if not own and int(code) not in (FAILED, -signal.SIGTERM):
            return ProcessFailed(
                f"process {ended} of {count} ended with exit code {code}; was it killed, or out of memory?"
            )
    if mistakes:
        rank, told = min((own or mistakes).items(), key=lambda item: float(item[1]["time"]))
        if kind := getattr(errors, told["kind"], None):
            mistake: RunError = kind(told["text"])
            return mistake
        return ProcessFailed(f"process {rank} of {count}: {told['kind']}: {told['text']}")
    complaint = re.search(r"^\S*(?:Error|Exception): .+$", log, re.MULTILINE)
    return ProcessFailed(f"torchrun ended: {complaint[0] if complaint else 'it does not say why'}")
