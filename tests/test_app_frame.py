"""What stands around every page: state, search, remarks on broken files, and text that is never markup."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import state, words
from app.links import HOMES, PAGES, place_of
from registry import Registry, RegistryError, index, scanning
from tests.conftest import Explore, FileRun
from tests.exploring import run, texts


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_an_empty_graph(explore: Explore, bare: Path, page: str) -> None:
    assert texts(explore(page, bare))


@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_a_tiny_graph(explore: Explore, tiny_home: Path, page: str) -> None:
    assert texts(explore(page, tiny_home))


def test_a_file_that_does_not_parse_is_told_beside_what_can_be_read(explore: Explore, tiny_home: Path) -> None:
    (tiny_home / "ontology" / "methods" / "broken.ttl").write_text("method:x a")
    assert "does not parse: broken\\.ttl" in texts(explore("methods", tiny_home))


def test_a_home_that_cannot_be_read_is_one_sentence(explore: Explore, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    app = explore("overview", tmp_path / "file")
    (said,) = [each.value for each in app.error]
    assert said.endswith(words.plain("is a file; --home must name a folder"))


def test_a_run_that_is_filed_appears_without_a_restart(
    explore: Explore, tiny_home: Path, file_run: FileRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    app = explore("overview", tiny_home)
    assert "No run yet" in texts(app)
    file_run(500)
    assert "No run yet" not in texts(run(app))


def test_words_typed_into_the_search_lead_to_what_they_find(explore: Explore) -> None:
    app = explore("overview")
    app.sidebar.text_input[0].set_value("momentun")
    run(app)
    assert app.title[0].value == "Search"
    assert app.query_params["words"] == "momentun"


def test_while_a_new_state_is_read_the_old_one_is_shown(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    monkeypatch.setattr(state, "SHARE", 1e9)
    keeper = state.Keeper(tiny_home)
    first = keeper.current()
    monkeypatch.setattr(state.Registry, "open", lambda home: (_ for _ in ()).throw(RegistryError("locked")))
    (tiny_home / "ontology" / "methods" / "new.ttl").write_text("")
    assert keeper.current() is first
    assert keeper.failure == "locked"


def test_a_file_that_is_written_during_the_opening_is_read_at_the_next_look(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    whole, later = state.Registry.open, [tiny_home / "ontology" / "terms" / "late.ttl"]

    def slow(home: Path) -> Registry:
        found = whole(home)
        while later:
            later.pop().write_text("<https://w3id.org/contrastive-registry/term/late> a <http://e.org/x> .")
        return found

    monkeypatch.setattr(state.Registry, "open", slow)
    keeper = state.Keeper(tiny_home)
    assert len(keeper.current().registry.graph.files) == len(list((tiny_home / "ontology").rglob("*.ttl")))


def test_files_that_only_grow_old_are_no_new_state(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    file = tiny_home / "ontology" / "terms" / "infonce.ttl"
    os.utime(file, (time.time() - 1, time.time() - 1))  # too young to be trusted, and older than the opening
    keeper = state.Keeper(tiny_home)
    first = keeper.current()
    monkeypatch.setattr(scanning, "SETTLED", 0)
    assert keeper.current() is first


def test_a_file_of_tomorrow_is_read_once(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    os.utime(tiny_home / "ontology" / "terms" / "infonce.ttl", (time.time() + 86_400,) * 2)
    keeper = state.Keeper(tiny_home)
    first = keeper.current()
    assert keeper.current() is first


def test_a_deleted_file_is_forgotten(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    keeper = state.Keeper(tiny_home)
    (tiny_home / "ontology" / "terms" / "infonce.ttl").unlink()
    assert "terms/infonce.ttl" not in keeper.current().registry.graph.files


def test_sessions_share_one_state(tiny_home: Path) -> None:
    keeper, found = state.Keeper(tiny_home), []
    threads = [threading.Thread(target=lambda: found.append(keeper.current())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 1


def test_every_kind_has_a_page() -> None:
    assert set(HOMES.values()) <= set(PAGES)
    assert place_of("paper", "he2019_moco") == ("terms", {"subject": "paper:he2019_moco"})


# Text is never markup


@given(st.text())
def test_no_text_is_markup(text: str) -> None:
    escaped = words.plain(text)
    assert "\n" not in escaped
    assert not words.MARKUP.search(words.re.sub(r"\\.", "", escaped))


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://arxiv.org/abs/1911.05722", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("//example.org", False),
        ("https://", False),
        ("http://[", False),
        ("https://example.org/\u202egnp", False),
    ],
)
def test_only_addresses_of_the_web_become_links(address: str, is_one: bool) -> None:
    assert words.is_web(address) is is_one


def test_pages_stand_while_runs_are_filed_into_an_index(
    explore: Explore, tiny_home: Path, file_run: FileRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 0)
    monkeypatch.setattr(state, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(state, "SHARE", 1e9)
    app = explore("runs", tiny_home)
    keeper = state.keeper_of_now()
    assert keeper.current().registry.graph.version is not None
    for seed in range(6):
        file_run(500 + seed, seed=seed)
        run(app)
    for _ in range(100):
        if len(keeper.current().registry.runs()) == 6:
            break
        time.sleep(0.1)
    assert len(keeper.current().registry.runs()) == 6
    assert keeper.failure is None
