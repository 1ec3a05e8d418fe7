"""All verdicts of a state: few claims are judged at once, many by another process while pages are shown."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import streamlit as st

from app.claim_words import Tally
from app.state import State
from app.words import reason
from registry.ledger import Entry, claims_about, entries
from registry.ledger_aside import entries_aside
from registry.records import Verdict

AT_ONCE = 2_000
"""Claims that are judged before a page is shown; they take about a millisecond each."""

JUDGE = "judge of claims"
"""The name of the thread."""

WAITING = "Setting the claims beside our runs ..."


@dataclass
class Judged:
    """The claims in the order of their names with their verdicts, as far as they are there."""

    names: Sequence[str]
    """Of the claims that are to be judged."""
    done: bool = False
    failure: str | None = None
    """Why nothing more will come although claims are left."""
    tally: Tally = field(default_factory=Tally)
    """Of those so far."""
    _entries: list[Entry] = field(default_factory=list)
    _released: bool = False

    @property
    def claims(self) -> int:
        """How many are to be judged."""
        return len(self.names)

    @property
    def judged(self) -> int:
        """How many are."""
        return len(self._entries)

    @property
    def entries(self) -> list[Entry]:
        """Those so far, also the claims that have no verdict; a list of its own, which grows no more."""
        return list(self._entries)

    @property
    def verdicts(self) -> list[Verdict]:
        """The verdicts so far; a list of its own, which grows no more."""
        return [entry.verdict for entry in self.entries if entry.verdict is not None]

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return len(self._entries) / self.claims if self.claims else 1.0

    def fill(self, source: Generator[Entry]) -> None:
        """Takes what is judged as it comes; whatever goes wrong is kept as `failure`."""
        try:
            with closing(source):
                for entry in source:
                    self._entries.append(entry)
                    self.tally.add(entry)
                    if self._released:
                        return  # not done: who still holds it must ask for the newer one
        except Exception as error:  # a thread's error reaches nobody else
            self.failure = reason(error)
        self.done = True

    def release(self) -> None:
        """Nobody looks at it any more: the files have changed since."""
        self._released = True


@st.cache_resource(max_entries=2, show_spinner=WAITING, on_release=Judged.release)
def _all(version: str, _state: State) -> Judged:
    return _started(_state, _state.registry.graph.names("claim"))


@st.cache_resource(max_entries=64, show_spinner=WAITING, on_release=Judged.release)
def _about(version: str, method: str, _state: State) -> Judged:
    return _started(_state, claims_about(_state.registry, method))


def _started(state: State, names: Sequence[str]) -> Judged:
    judged = Judged(names)
    if judged.claims <= AT_ONCE:
        judged.fill(entries(state.registry, names))
    else:
        source = entries_aside(state.registry, names)
        threading.Thread(target=judged.fill, args=[source], name=JUDGE, daemon=True).start()
    return judged


def judged(state: State, method: str | None = None) -> Judged:
    """What our results say to all claims, or to those about a method; ask again while it is not done.

    Whoever asks for `done` first and for the verdicts then has them all where it is done.
    """
    return _all(state.version, state) if method is None else _about(state.version, method, state)


def again(state: State, method: str | None = None) -> None:
    """Forgets what was judged of a state, so that it is tried once more."""
    if method is None:
        _all.clear(state.version, state)
    else:
        _about.clear(state.version, method, state)
