"""What a person asks, on the side of the page: named questions at once, typed queries one after another."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from app.answers import Reply, reply
from app.state import State
from app.work import Work
from registry import RegistryError


class Dropped(RegistryError):
    """Another query took its place before it began."""


@dataclass(eq=False)
class Asked:
    """What was asked of which state of the graph, and what becomes of it."""

    text: str
    """A query, or the name of a question."""
    parameters: dict[str, str]
    version: str
    work: Work[Reply] = field(init=False)

    def is_of(self, current: State, text: str, parameters: dict[str, str]) -> bool:
        """Whether it is the same, asked of the same state."""
        return (self.text, self.parameters, self.version) == (text, parameters, current.version)


class Asker:
    """One person's questions.  A typed query may take long and much memory, so the next one waits for it.

    Of those that wait only the newest is asked.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._newest: Asked | None = None

    def question(self, current: State, name: str, parameters: dict[str, str]) -> Asked:
        """Begins to ask a named question."""
        asked = Asked(name, parameters, current.version)
        asked.work = Work(lambda: self._answer(current, asked))
        return asked

    def query(self, current: State, text: str) -> Asked:
        """Begins to ask a query, as soon as the one before has ended."""
        asked = self._newest = Asked(text, {}, current.version)

        def in_turn() -> Reply:
            with self._turn:
                if self._newest is not asked:
                    raise Dropped("a newer query took the place of this one; run it again")
                return self._answer(current, asked)

        asked.work = Work(in_turn)
        return asked

    def _answer(self, current: State, asked: Asked) -> Reply:
        return reply(current.registry, current.registry.ask(asked.text, **asked.parameters))
