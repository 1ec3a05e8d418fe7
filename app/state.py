"""The graph as its files are now: opened once for all sessions, and again when a file has changed."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import streamlit as st

from app.words import reason
from registry import Registry
from registry.scanning import scan

LOOK_SECONDS, SHARE = 2.0, 0.05
"""Not more often than this are the files looked at, and for no larger share of the time: pages wait meanwhile."""

TICK = 20 * 10**6
"""Nanoseconds by which the time of a file may lag behind the clock."""

Left = tuple[tuple[str, int, int, int], ...]
"""Files by name, size, inode and time."""

_openings = count(1)


@dataclass(frozen=True)
class State:
    """A registry, and what tells this state of its files from any other."""

    registry: Registry
    version: str
    left: Left | None = field(repr=False, default=())
    """Of the files at the opening those that were too young to be sure of; None where some changed during it."""


class Keeper:
    """Holds the newest state.  A small graph is read again at once; an index is brought up to date on the side."""

    def __init__(self, home: Path | None) -> None:
        self.home = home
        self.failure: str | None = None
        """Why the newest files could not be read, while an older state is shown."""
        self._lock = threading.Lock()
        self._state = self._open()
        self._next_look = time.monotonic() + LOOK_SECONDS
        self._updating = threading.Thread()

    def current(self) -> State:
        """The state to show now."""
        with self._lock:
            if time.monotonic() > self._next_look and not self._updating.is_alive():
                if self._state.registry.graph.version is None:
                    self._replace()
                else:  # looking at a hundred thousand files takes longer than a page may
                    self._updating = threading.Thread(target=self._replace, daemon=True)
                    self._updating.start()
            return self._state

    def _replace(self) -> None:
        begun = time.monotonic()
        try:
            if self._state.left is None or self._state.left != _left(self._state.registry):
                self._state = self._open()
            self.failure = None
        except Exception as error:  # whatever it is, the older state is shown and the reason told
            self.failure = reason(error)
        ended = time.monotonic()
        self._next_look = ended + max(LOOK_SECONDS, (ended - begun) / SHARE)

    def _open(self) -> State:
        begun = time.time_ns() - TICK
        registry = Registry.open(self.home)
        left, ended = _left(registry), time.time_ns() + TICK
        whole = left is not None and not any(begun <= modified <= ended for *_, modified in left)
        return State(registry, f"{os.getpid()}-{next(_openings)}", left if whole else None)


def _left(registry: Registry) -> Left | None:
    """The files that changed since they were read, or that were too young then to tell; None if one is gone.

    Their times are taken as they are, so that a file which only grows old is no change.
    """
    found = scan(registry.home, registry.graph.summary)
    if found.gone:
        return None
    return tuple(
        (name, stamp.size, stamp.inode, _modified(stamp.path)) for name, stamp in sorted(found.suspects.items())
    )


def _modified(path: str) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:  # gone since, or a link that leads nowhere
        return 0


@st.cache_resource(show_spinner="Reading the graph ...")
def keeper(home: str) -> Keeper:
    """One for each home, shared by all sessions."""
    return Keeper(Path(home) if home else None)


def keeper_of_now() -> Keeper:
    """The one of the home that the explorer was started on; raises RegistryError where there is none to read."""
    return keeper(os.environ.get("REGISTRY_HOME", ""))


def current() -> State:
    """What every page asks first; raises RegistryError where there is no graph to read."""
    return keeper_of_now().current()
