"""Work on the side of a page, so that whoever does not want to wait can go to another one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import streamlit as st

T = TypeVar("T")

LOOK_SECONDS = 0.2
"""How often a page that waits looks; only then does Streamlit let it go."""


class Work(Generic[T]):
    """One call on a thread of its own: begun at once, kept with what it gave or raised."""

    def __init__(self, do: Callable[[], T]) -> None:
        self.result: T | None = None
        self.error: Exception | None = None
        self.seconds = 0.0
        """How long it took, once it is done."""
        self._done = threading.Event()
        self._do = do
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        begun = time.perf_counter()
        try:
            self.result = self._do()
        except Exception as error:  # a thread's error reaches nobody else
            self.error = error
        self.seconds = time.perf_counter() - begun
        self._done.set()

    @property
    def done(self) -> bool:
        """Whether there is a result or an error."""
        return self._done.is_set()

    def wait(self, words: str, progress: Callable[[], str] = lambda: "") -> None:
        """Shows that it runs, for how long and how far it is, until it is done or the person goes elsewhere."""
        if self._done.wait(LOOK_SECONDS):
            return
        with st.spinner(words, show_time=True):
            place = st.empty()
            while not self._done.wait(LOOK_SECONDS):
                place.caption(progress())
            place.empty()
