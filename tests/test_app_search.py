"""The search of the terms page: hits of the registry, what was read as another word, and any words at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry
from registry.search import LEFT_OUT
from tests.conftest import Explore, FileRun
from tests.exploring import run, texts
from tests.exploring_terms import (
    HOSTILE,
    asked,
    links,
    markup,
    target,
)


def test_the_hits_are_those_of_the_registry_and_lead_to_their_pages(explore: Explore, registry: Registry) -> None:
    app = explore("terms", words="momentun contrast")
    assert "Nothing has “momentun”: read as momentum" in texts(app)
    hits = registry.search("momentun contrast").hits
    assert set(links(app).values()) == {target(hit.kind, hit.name) for hit in hits}
    assert links(app)["Momentum Contrast"] == "terms?term=momentum_contrast"
    assert links(app)["XMoCo"] == "methods?method=xmoco"
    assert app.title[0].value == "Search"


def test_what_is_typed_and_chosen_stands_in_the_address(explore: Explore) -> None:
    app = explore("terms")
    app.text_input(key="words").set_value("moco")
    run(app)
    assert asked(app)["words"] == "moco"
    app.multiselect(key="kinds").set_value(["paper", "claim"])
    run(app)
    assert app.query_params["kinds"] == ["paper", "claim"]
    assert {caption.value.split()[0] for caption in app.caption if caption.value.startswith("**")} == {
        "**paper**",
        "**claim**",
    }
    app.selectbox(key="hits").set_value("50")
    run(app)
    assert asked(app)["hits"] == "50"
    app.text_input(key="words").set_value("")
    run(app)
    assert "words" not in asked(app)
    assert app.title[0].value == "Terms"


def test_the_address_fills_the_boxes(explore: Explore, registry: Registry) -> None:
    app = explore("terms", words="moco", kinds=["paper", "nonsense"], hits="50")
    assert app.multiselect(key="kinds").value == ["paper"]
    assert len([each for each in app.caption if each.value.startswith("**paper**")]) == len(
        registry.search("moco", ["paper"], 50).hits
    )
    assert not [kind for kind in app.multiselect(key="kinds").options if kind in LEFT_OUT]


def test_a_word_like_no_other_is_left_out_and_nothing_found_says_what_to_do(explore: Explore) -> None:
    assert "left out" in texts(explore("terms", words="simsiam qqqqzzzz"))
    assert "Try fewer words" in texts(explore("terms", words="..."))


def test_a_run_is_found_by_its_whole_name(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    name = file_run(500).stem
    app = explore("terms", tiny_home, words=name)
    assert f"runs?run={name}" in links(app).values()


@pytest.mark.parametrize("words", [*HOSTILE, "NEAR(", "a" * 5_000, "\0", "'; DROP TABLE texts; --"])
def test_any_words_are_only_words(explore: Explore, tiny_home: Path, words: str) -> None:
    assert not any(text in markup(explore("terms", tiny_home, words=words)) for text in HOSTILE)
