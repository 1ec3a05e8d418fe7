"""Judging for the pages: few claims at once, many on the side, none missed, and a failure told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from threading import Event

import pytest

from app import judging
from app.judging import JUDGE, Judged, again, judged
from app.state import State
from registry import Registry, RegistryError, ledger
from registry.ledger import Entry
from tests.test_ledger import of

VERSIONS = count()
PATIENCE = 30.0


def state_of(home: Path) -> State:
    """A state that no cache knows."""
    return State(Registry.open(home), f"judging {next(VERSIONS)}")


def finished(found: Judged) -> Judged:
    """The same when nothing is left to do."""
    waited = Event()
    for _ in range(int(PATIENCE / 0.02)):
        if found.done:
            return found
        waited.wait(0.02)
    raise AssertionError(f"not done after {PATIENCE} s")


class Held:
    """A judge that stops before each claim until it is let go."""

    def __init__(self) -> None:
        self.let_go, self.reached = Event(), Event()

    def entries(self, registry: Registry, names: list[str]) -> Iterator[Entry]:
        for number, entry in enumerate(ledger.entries(registry, names)):
            if number == 3:
                self.reached.set()
                assert self.let_go.wait(PATIENCE)
            yield entry


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Many claims, three of which are judged until the test lets the judge go."""
    judge = Held()
    monkeypatch.setattr(judging, "AT_ONCE", 0)
    monkeypatch.setattr(judging, "entries_aside", judge.entries)
    yield judge
    judge.let_go.set()


def test_few_claims_are_judged_before_the_answer(tiny_home: Path) -> None:
    state = state_of(tiny_home)
    found = judged(state)
    assert (found.done, found.failure, found.share, found.claims) == (True, None, 1.0, 7)
    assert found.verdicts == state.registry.verdicts()
    assert judged(state) is found


def test_many_claims_are_judged_on_the_side_and_what_is_there_is_given(tiny_home: Path, held: Held) -> None:
    state = state_of(tiny_home)
    found = judged(state)
    assert held.reached.wait(PATIENCE)
    assert (found.done, found.claims, found.share) == (False, 7, pytest.approx(3 / 7))
    before = found.verdicts
    assert [verdict.claim.name for verdict in before] == ["alpha-best", "alpha-far", "alpha-fraction"]
    held.let_go.set()
    assert finished(found).verdicts == state.registry.verdicts()
    assert len(before) == 3, "a list that was given grows no more"


def test_claims_about_one_method_are_judged_by_themselves(tiny_home: Path) -> None:
    state = state_of(tiny_home)
    assert judged(state, "beta").verdicts == state.registry.verdicts("beta")
    assert judged(state, "nothing").entries == []
    assert judged(state, "nothing").share == 1.0


def test_a_claim_about_a_method_that_nobody_describes_is_not_missed(
    tiny_home: Path, add: Callable[[str], None]
) -> None:
    add(of("odd", method="omega"))
    found = judged(state_of(tiny_home))
    assert len(found.entries) == found.claims == 8
    (odd,) = [entry for entry in found.entries if entry.verdict is None]
    assert odd.name == "odd"
    assert odd.reason.startswith("no method 'omega'")
    assert judged(state_of(tiny_home), "omega").entries == [odd]


@pytest.mark.parametrize("at_once", [0, 2_000])
@pytest.mark.parametrize(
    ("error", "told"),
    [(RegistryError("the disk is gone"), "the disk is gone"), (OSError("broken pipe"), "OSError: broken pipe")],
)
def test_a_failure_is_told_with_what_was_judged_before_and_can_be_tried_again(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, error: Exception, told: str
) -> None:
    def failing(registry: Registry, names: list[str]) -> Iterator[Entry]:
        yield from ledger.entries(registry, names[:2])
        raise error

    state = state_of(tiny_home)
    monkeypatch.setattr(judging, "AT_ONCE", at_once)
    for source in ("entries", "entries_aside"):
        monkeypatch.setattr(judging, source, failing)
    found = finished(judged(state))
    assert (found.failure, len(found.entries), found.share) == (told, 2, pytest.approx(2 / 7))
    for source in ("entries", "entries_aside"):
        monkeypatch.setattr(judging, source, ledger.entries)
    assert judged(state) is found
    again(state)
    assert finished(judged(state)).failure is None
    assert len(judged(state).entries) == 7


def test_trying_again_for_one_method_leaves_the_others(tiny_home: Path) -> None:
    state = state_of(tiny_home)
    every, alpha = judged(state), judged(state, "alpha")
    again(state, "alpha")
    assert judged(state) is every
    assert judged(state, "alpha") is not alpha


def test_nothing_is_judged_for_a_state_that_nobody_looks_at_any_more(tiny_home: Path, held: Held) -> None:
    found = judged(state_of(tiny_home))
    assert held.reached.wait(PATIENCE)
    found.release()
    held.let_go.set()
    for thread in threading.enumerate():
        if thread.name == JUDGE:
            thread.join(PATIENCE)
    assert (len(found.entries), found.done) == (4, False), "who holds it must not take it for all"
