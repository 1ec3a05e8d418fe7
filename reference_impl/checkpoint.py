"""Checkpoints: the whole state of a training, written so that a crash leaves the old or the new one."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from reference_impl.errors import CheckpointError


def save(file: Path, state: dict[str, Any]) -> None:
    """Writes beside the file and renames: the name never points at half a checkpoint."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.part")
    try:
        with draft.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def load(file: Path, identity: str) -> dict[str, Any]:
    """The state of the run `identity`, on the CPU; raises CheckpointError.

    Only tensors and plain values are read: a checkpoint cannot run code.
    """
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"nothing to resume: no checkpoint {file}") from error
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        first_line = str(error).partition("\n")[0]
        raise CheckpointError(f"the checkpoint {file} cannot be read: {first_line}") from error
    if not isinstance(state, dict):
        raise CheckpointError(f"the checkpoint {file} holds no training")
    if state.get("identity") != identity:
        raise CheckpointError(
            f"the checkpoint {file} belongs to another run ({state.get('identity')}, not {identity}); "
            "run without --resume to start afresh"
        )
    return state


def random_state() -> dict[str, Any]:
    """The state of PyTorch's generators, of the host and of the device in use."""
    return {
        "cpu": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None,  # type: ignore[no-untyped-call]
    }


def restore_random_state(state: dict[str, Any]) -> None:
    torch.set_rng_state(state["cpu"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
