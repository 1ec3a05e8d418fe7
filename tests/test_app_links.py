"""Addresses of the explorer: a browser is told what is shown, and what nobody knows is answered with the nearest."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.state.query_params import QueryParams

from tests.conftest import Explore
from tests.exploring import run, texts


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The addresses that the browser is given."""
    found: list[dict[str, object]] = []
    monkeypatch.setattr(QueryParams, "_send_query_param_msg", lambda self: found.append(dict(self._query_params)))
    return found


def test_a_link_to_the_same_page_changes_the_address(
    explore: Explore, tiny_home: Path, sent: list[dict[str, object]]
) -> None:
    app = explore("methods", tiny_home, method="alpha")
    sent.clear()
    app.query_params["method"] = "beta"  # what such a link asks for; the browser keeps its own address
    run(app)
    assert sent == [{"method": "beta"}]
    run(app)
    assert sent == [{"method": "beta"}]


def test_a_link_to_another_page_leaves_the_address_to_the_browser(
    explore: Explore, tiny_home: Path, sent: list[dict[str, object]]
) -> None:
    app = explore("methods", tiny_home, method="alpha", part="Recipes")
    sent.clear()
    app.switch_page("app_pages/leaderboard.py")
    app.query_params["benchmark"] = "toy_knn"
    run(app)
    assert sent == []


def test_a_choice_is_not_undone_by_an_address_that_is_older(
    explore: Explore, tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = explore("claims", tiny_home)
    monkeypatch.setattr("app.address.OVERTAKEN", 60.0)
    app.text_input(key="words").set_value("near")
    run(app)
    del app.query_params["words"]  # what a click sends that comes before the browser knows of the words
    assert (run(app).text_input(key="words").value, app.query_params["words"]) == ("near", "near")


def test_another_choice_begins_at_the_first_page(explore: Explore) -> None:
    app = explore("claims", page="2")
    app.toggle(key="untried").set_value(True)
    assert "page" not in run(app).query_params


def test_an_open_tab_stands_in_the_address_and_the_first_does_not(explore: Explore, tiny_home: Path) -> None:
    app = explore("methods", tiny_home, method="alpha", part="Paper")
    assert app.session_state["part"] == "Paper"
    del app.query_params["part"]
    assert run(app).session_state["part"] == "About"


def test_what_nobody_knows_is_told_with_how_many_there_are(explore: Explore, tiny_home: Path) -> None:
    assert "There is no method zzzz. There are 3 to choose from." in texts(
        explore("methods", tiny_home, method="zzzz")
    )
