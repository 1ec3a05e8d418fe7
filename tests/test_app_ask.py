"""The page that asks: what it shows is what the Registry answers, and nothing typed there does harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import answers
from app.answer_pictures import MOST_EDGES, dot
from app.asking import Asker, Dropped
from app.questions import all_questions
from app.state import State, keeper
from app.words import plain
from registry import Registry, sandbox
from registry.graph import query_names
from registry.namespaces import PREFIXES, curie
from registry.sandbox import Answer
from tests.conftest import Explore
from tests.exploring import run, texts

HOSTILE = ("<script>alert(1)</script>", "[x](javascript:alert(1))", "$x$", ":red[x]", "=1+1", "![i](http://e.org/i)")
TEMPERATURES = "SELECT ?recipe ?t { ?recipe reg:ofMethod ?m ; hp:temperature ?t } ORDER BY ?t ?recipe"


def ask(app: AppTest, query: str) -> AppTest:
    """The query typed and run."""
    app.text_area[0].set_value(query)
    return press(app, "Run")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return run(app)


def table(app: AppTest) -> Any:
    """The answer; the other table is that of the prefixes."""
    found = [each.value for each in app.dataframe if "stands for" not in each.value]
    assert len(found) == 1
    return found[0]


def shown(answer: Answer) -> list[tuple[object, ...]]:
    return [tuple(curie(cell) if isinstance(cell, str) else cell for cell in row) for row in answer.rows]


def labels(app: AppTest, kind: str) -> list[str]:
    return [each.proto.label for each in app.get(kind)]


# Named questions


def test_every_question_is_listed_with_its_help(explore: Explore) -> None:
    app = explore("ask")
    said = texts(app)
    assert set(labels(app, "page_link")) >= {plain(name.replace("_", " ")) for name in query_names()}
    assert all(plain(question.help) in said for question in all_questions().values())


def test_a_question_in_the_address_is_answered_at_once(explore: Explore, registry: Registry) -> None:
    app = explore("ask", question="lineage", method="moco_v3")
    assert list(table(app).itertuples(index=False, name=None)) == shown(registry.ask("lineage", method="moco_v3"))


def test_a_question_waits_for_its_parameters(explore: Explore) -> None:
    app = explore("ask", question="lineage")
    assert "Choose what it is about" in texts(app)
    next(box for box in app.selectbox if box.label == "method").select("moco_v2")
    run(app)
    assert app.query_params["method"] == "moco_v2"
    assert list(table(app)["ancestor"]) == ["method:moco_v1"]


def test_a_question_by_number_takes_one_that_is_typed(explore: Explore, registry: Registry) -> None:
    app = explore("ask", question="recipes_below_temperature")
    next(box for box in app.text_input if "bound" in box.label).set_value("0.15")
    run(app)
    assert len(table(app)) == len(registry.ask("recipes_below_temperature", bound="0.15").rows)
    assert app.query_params["bound"] == "0.15"


@pytest.mark.parametrize("bound", ["cold", "nan", "1) } #", "x" * 300])
def test_what_is_no_number_is_told(explore: Explore, bound: str) -> None:
    app = explore("ask", question="recipes_below_temperature", bound=bound)
    assert "is not a number" in app.error[0].value


def test_a_term_may_be_named_by_its_notation(explore: Explore) -> None:
    app = explore("ask", question="terms_below", term="AI-0283")
    assert next(box for box in app.selectbox if box.label == "term").value is not None
    assert not app.warning


def test_unknown_names_in_the_address_are_told_with_the_nearest(explore: Explore) -> None:
    assert "Did you mean lineage" in texts(explore("ask", question="lineag"))
    assert plain("did you mean 'moco_v3'?") in texts(explore("ask", question="lineage", method="moco_v33"))


def test_another_question_keeps_the_parameters_that_it_takes(explore: Explore) -> None:
    app = explore("ask", question="component_changes", method="moco_v1", other="moco_v2", part="1")
    next(box for box in app.selectbox if box.label == "Question").select("lineage")
    run(app)
    assert dict(app.query_params) == {"question": "lineage", "method": "moco_v1"}


def test_many_names_are_typed_instead_of_chosen(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.questions.MOST_NAMES", 3)
    app = explore("ask", question="lineage", method="moco_v2")
    assert next(box for box in app.text_input if box.label == "method").value == "moco_v2"
    assert list(table(app)["ancestor"]) == ["method:moco_v1"]


def test_a_wrong_one_of_many_names_is_told(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.questions.MOST_NAMES", 3)
    assert "There is no method moco\\_v9" in texts(explore("ask", question="lineage", method="moco_v9"))


def test_a_question_is_copied_into_the_editor_and_gives_the_same(explore: Explore, registry: Registry) -> None:
    app = press(explore("ask", question="lineage", method="moco_v3"), "Copy into the editor")
    assert "question" not in app.query_params
    assert app.query_params["query"] == app.text_area[0].value
    assert "was not asked yet" in texts(app)
    press(app, "Run")
    assert list(table(app).itertuples(index=False, name=None)) == shown(registry.ask("lineage", method="moco_v3"))


def test_on_an_empty_graph_a_question_says_that_there_is_nothing(explore: Explore, bare: Path) -> None:
    assert "The graph holds no method yet" in texts(explore("ask", bare, question="lineage"))
    assert "Nothing in the graph fits" in texts(explore("ask", bare, question="methods"))


# SPARQL


def test_a_query_in_the_address_fills_the_editor_and_is_not_asked(
    explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sandbox, "ask", lambda graph, query, parameters: asked.append(query))
    app = explore("ask", query=TEMPERATURES)
    assert app.text_area[0].value == TEMPERATURES
    assert "was not asked yet" in texts(app)
    assert asked == []


def test_what_is_typed_is_answered_and_stands_in_the_address(explore: Explore, registry: Registry) -> None:
    app = ask(explore("ask", query=""), TEMPERATURES)
    assert list(table(app).itertuples(index=False, name=None)) == shown(registry.ask(TEMPERATURES))
    assert app.query_params["query"] == TEMPERATURES


def test_an_answer_to_an_older_query_says_so(explore: Explore) -> None:
    app = ask(explore("ask", query=""), TEMPERATURES)
    app.text_area[0].set_value("ASK {}")
    run(app)
    assert "the editor holds another one" in texts(app)
    assert len(table(app))


def test_an_empty_editor_is_told(explore: Explore) -> None:
    assert "The editor is empty" in texts(press(explore("ask", query=""), "Run"))


def test_prefixes_and_limits_are_shown(explore: Explore) -> None:
    app = explore("ask", query="")
    assert list(app.dataframe[0].value["stands for"]) == list(PREFIXES.values())
    assert "30 s or 4 GiB, its answer after 10,000 rows or 20 million letters" in texts(app)


@pytest.mark.parametrize(
    ("query", "message", "pointer"),
    [
        ("SELECT * {\n  ?s ?p ?o .\n  SERVICE <x:y> {} }", "SERVICE would send", "3 |   SERVICE <x:y> {} }\n  |   ^"),
        ("ASK FROM <file:///etc/passwd> {}", "FROM would read", "1 | ASK FROM <file:///etc/passwd> {}\n  |     ^"),
        ("INSERT DATA { <a:a> <a:b> 1 }", "INSERT would change", "1 | INSERT DATA { <a:a> <a:b> 1 }\n  | ^"),
        ("SELECT * {\n ?s ?p }", "is not a SPARQL query", "2 |  ?s ?p }\n  |         ^"),
        ("what is this", "begins with", "1 | what is this\n  | ^"),
    ],
)
def test_a_refusal_says_why_and_points_at_the_place(explore: Explore, query: str, message: str, pointer: str) -> None:
    app = ask(explore("ask", query=""), query)
    assert message in app.error[0].value
    assert app.code[-1].value == pointer


def test_a_query_that_takes_too_long_is_ended_and_told(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 1)
    app = ask(explore("ask", query=""), "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }")
    assert "longer than 1 s and was ended" in app.error[0].value


def test_an_error_of_ours_is_no_traceback(explore: Explore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("no <b>division</b>")

    monkeypatch.setattr(sandbox, "ask", fail)
    app = ask(explore("ask", query=""), "ASK {}")
    assert app.error[0].value == plain("no <b>division</b>")
    assert "a mistake of the program" in texts(app)


@pytest.mark.parametrize(("query", "word"), [("ASK {}", "yes"), ("ASK { reg:nothing ?p ?o }", "no")])
def test_a_truth_is_a_word(explore: Explore, query: str, word: str) -> None:
    app = ask(explore("ask", query=""), query)
    assert app.metric[0].value == word
    assert labels(app, "download_button") == ["JSON"]


def test_no_rows_are_said_to_be_none(explore: Explore) -> None:
    assert "Nothing in the graph fits" in texts(ask(explore("ask", query=""), "SELECT * { reg:nothing ?p ?o }"))


def test_a_long_query_does_not_stand_in_the_address(explore: Explore) -> None:
    app = ask(explore("ask", query=""), f"ASK {{}} #{'x' * 7_000}")
    assert app.query_params["query"] == ""
    assert "too long for an address" in texts(app)
    assert app.metric[0].value == "yes"


def test_turning_to_the_questions_and_back_keeps_what_was_typed(explore: Explore) -> None:
    app = ask(explore("ask", query=""), TEMPERATURES)
    app.segmented_control[0].set_value("question")
    run(app)
    assert "query" not in app.query_params
    app.segmented_control[0].set_value("query")
    run(app)
    assert app.text_area[0].value == TEMPERATURES
    assert len(table(app))


def test_typed_queries_wait_for_each_other_and_named_questions_do_not(
    tiny: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, begun = threading.Event(), []

    def slow(graph: object, query: str, parameters: object) -> Answer:
        begun.append(query)
        if query != "methods":
            goes_on.wait(20)
        return Answer(("x",), [], False, "rows", [])

    monkeypatch.setattr(sandbox, "ask", slow)
    asker, current = Asker(), State(tiny, "1")
    first = asker.query(current, "first")
    while not begun:
        time.sleep(0.01)
    second, third = asker.query(current, "second"), asker.query(current, "third")
    question = asker.question(current, "methods", {})
    question.work.wait("")
    assert question.work.done and not first.work.done
    goes_on.set()
    for asked in (first, second, third):
        asked.work.wait("")
    assert isinstance(second.work.error, Dropped)
    assert (begun, third.work.error) == (["first", "methods", "third"], None)


# Tables


def test_a_large_answer_is_told_and_comes_in_parts(explore: Explore) -> None:
    query = "SELECT ?s ?p ?o { ?s ?p ?o } ORDER BY ?s ?p STR(?o)"
    app = ask(explore("ask", query="", part="2"), query)
    assert "Cut off after 10,000 rows" in app.warning[0].value
    assert len(table(app)) == answers.PART
    first = list(table(app).itertuples(index=False, name=None))
    app.get("pagination")[0].set_value(10)
    run(app)
    assert app.query_params["part"] == "10"
    assert "Rows 9,001 to 10,000 of 10,000" in texts(app)
    assert list(table(app).itertuples(index=False, name=None)) != first


@pytest.mark.parametrize("part", ["0", "99", "-1", "x", "9" * 300, "²"])
def test_a_part_that_is_not_there_is_the_nearest_or_the_first(explore: Explore, part: str) -> None:
    app = explore("ask", question="claims", method="moco_v2", part=part)
    assert len(table(app))


def test_cells_are_short_whole_and_never_a_formula() -> None:
    values = [7, 2**60, True, None, "=1+1", "a\x1b[2Jb", "x" * 5_000, "-3", PREFIXES["method"] + "alpha"]
    terms: list[tuple[str | None, ...]] = [(None if value is None else '"x"',) for value in values]
    terms[-1] = (f"<{values[-1]}>",)
    (column,) = answers._frame(Answer(("x",), [(value,) for value in values], False, "rows", terms), 0).items()
    assert list(column[1]) == [
        "7",
        str(2**60),
        "true",
        None,
        "'=1+1",
        "a�[2Jb",
        "x" * 999 + "…",
        "-3",
        "method:alpha",
    ]


def test_a_selected_row_leads_to_what_it_names(explore: Explore) -> None:
    app = explore("ask", question="lineage", method="moco_v3")
    assert "Select a row" in texts(app)
    grid = next(each for each in app.dataframe if "ancestor" in each.value)
    app.session_state[grid.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    run(app)
    assert plain("ancestor: method:moco_v2") in labels(app, "page_link")


# Charts and pictures


def test_a_chart_shows_the_chosen_columns(explore: Explore) -> None:
    app = explore("ask", question="best_results", benchmark="shapes_knn", **{"as": "chart", "y": "mean"})
    assert len(app.get("vega_lite_chart")) == 1
    next(box for box in app.selectbox if box.label == "Drawn as").select("line")
    next(box for box in app.selectbox if box.label == "Across (x)").select("seeds")
    run(app)
    assert (app.query_params["mark"], app.query_params["x"], app.query_params["y"]) == ("line", "seeds", "mean")
    assert "Several rows share one x" in texts(app)
    assert "xmoco: a reading of its paper, not a reproduction" in texts(app).replace("\\", "")


@pytest.mark.parametrize(("view", "question"), [("chart", "same_concept"), ("graph", "claims_by_evidence")])
def test_a_view_that_does_not_fit_is_told(explore: Explore, view: str, question: str) -> None:
    assert "So here is the table" in texts(explore("ask", question=question, **{"as": view}))


def test_two_columns_of_addresses_are_arrows(explore: Explore, registry: Registry) -> None:
    app = explore("ask", question="methods", **{"as": "graph", "from": "variantOf", "to": "method"})
    (picture,) = app.get("graphviz_chart")
    rows = [row for row in shown(registry.ask("methods")) if row[registry.ask("methods").columns.index("variantOf")]]
    assert picture.proto.spec.count(" -> ") == len(rows)
    assert 'label="method:moco_v1"' in picture.proto.spec


def test_a_graph_is_drawn_up_to_its_limit_and_tells_the_rest(explore: Explore, registry: Registry) -> None:
    query = "CONSTRUCT { ?s skos:broader ?o ; skos:note 1 } { ?s reg:aboutMethod ?o }"
    app = ask(explore("ask", query="", **{"as": "graph"}), query)
    (picture,) = app.get("graphviz_chart")
    assert picture.proto.spec.count(" -> ") == MOST_EDGES
    count = len(registry.ask("SELECT DISTINCT ?s ?o { ?s reg:aboutMethod ?o }").rows)
    assert f"The first 150 of {count:,} arrows are drawn" in texts(app)
    assert f"{count:,} triples whose value is a text or a number" in texts(app)
    assert labels(app, "download_button") == ["CSV", "JSON", "Turtle"]


@pytest.mark.parametrize("name", [*HOSTILE, 'a" ]; b [', "back\\", "a\nb", "&lt;b&gt;", "_:x y"])
def test_no_name_ends_the_quotes_of_a_picture(name: str) -> None:
    *_, node, _, edge, end = dot([(f"https://e.org/{name}", "b:b", name)], dark=True).split("\n")
    assert end == "}"
    inside = edge.removeprefix('n0 -> n1 [label="').removesuffix('"]')
    assert '"' not in inside.replace("\\\\", "").replace('\\"', "")
    assert not inside.replace("\\\\", "").endswith("\\")
    assert "&" not in inside.replace("&amp;", "")
    assert node.startswith("n0 [shape=ellipse")


# Text is data


@pytest.mark.parametrize("text", [*HOSTILE, "n" * 300])
def test_hostile_labels_stay_text(explore: Explore, tiny_home: Path, add: Callable[[str], None], text: str) -> None:
    quoted = text.replace('"', '\\"')
    add(f'method:evil a reg:Method ; skos:prefLabel "{quoted}"@en ; skos:definition "{quoted}"@en ; '
        "reg:variantOf method:alpha .")  # fmt: skip
    keeper.clear()
    for address in ({"question": "lineage", "method": "evil"}, {"question": "descendants", "method": "alpha"}):
        app = explore("ask", tiny_home, **address)
        assert text not in texts(app) or text.isalnum()
        assert all(text not in label or text.isalnum() for label in labels(app, "page_link"))
    assert answers.harmless(text) in list(table(app)["label"])


@pytest.mark.parametrize("text", [*HOSTILE, "n" * 300])
@pytest.mark.parametrize("key", ["question", "method", "as", "part", "x"])
def test_hostile_addresses_stay_text(explore: Explore, text: str, key: str) -> None:
    app = explore("ask", **({"question": "lineage", "method": "moco_v3"} | {key: text}))
    assert text not in texts(app) or text.isalnum()
    assert "n" * 300 not in texts(app)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_query_is_only_shown_where_text_is_text(explore: Explore, text: str) -> None:
    app = ask(explore("ask", query=text), text)
    assert app.error
    assert text not in texts(app)


def test_a_caret_stands_below_its_column_also_in_a_long_line() -> None:
    line = "é" * 500 + "\t!" + "x" * 500
    number, caret = answers.pointed_at(f"a\n{line}", 2, 502).split("\n")
    assert number[caret.index("^")] == "!"
    assert len(number) < 200
    assert answers.pointed_at("a", 9, 9).endswith("^")
