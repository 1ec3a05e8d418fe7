"""What a person types as SPARQL can read the graph and nothing else."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from registry import Registry, sandbox
from registry.errors import QueryRefused

UPDATES = [
    "INSERT DATA { <a:b> <a:c> <a:d> }",
    "DELETE WHERE { ?s ?p ?o }",
    "# a comment\nPREFIX a: <http://a/>\nBASE <http://b/>\nLOAD <file:///etc/passwd>",
    "clear all",
    "WITH <a:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
    r"\u0049NSERT DATA { <a:b> <a:c> <a:d> }",
]

OUTSIDE = [
    "SELECT * { SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { service silent <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { SERVICE # hidden\n <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { VALUES ?x { <http://127.0.0.1:{port}/> } SERVICE ?x { ?s ?p ?o } }",
    "PREFIX x: <http://127.0.0.1:{port}/> SELECT * { SERVICE x:y { ?s ?p ?o } }",
    r"SELECT * { \u0053ERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { ?x ?y ?a FILTER(?a <'b>' ) SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { BIND(1 AS ?one) FILTER(1=1SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o }) }",
    "PREFIX a·b: <http://127.0.0.1:{port}/> SELECT * { SERVICE a·b:x { ?s ?p ?o } }",
    "SELECT * { SERVICE #x\r<http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
    "SELECT * FROM NAMED <http://127.0.0.1:{port}/> { ?s ?p ?o }",
    "ASK FROM<file:///etc/passwd> { ?s ?p ?o }",
]


@pytest.mark.parametrize("query", UPDATES)
def test_updates_are_refused(tiny: Registry, query: str) -> None:
    before = len(tiny.graph.store)
    with pytest.raises(QueryRefused, match="the graph is changed by its files only"):
        tiny.ask(query)
    assert len(tiny.graph.store) == before


@pytest.mark.parametrize("query", OUTSIDE)
def test_reaching_outside_is_refused(tiny: Registry, query: str) -> None:
    with pytest.raises(QueryRefused, match=r"SERVICE would send|FROM would read"):
        tiny.ask(query.replace("{port}", "9"))


@pytest.mark.parametrize("query", [query for query in OUTSIDE if "SERVICE" in query.upper() or "u0053" in query])
def test_even_a_query_that_slipped_through_reaches_nobody(
    tiny: Registry, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "refuse_unsafe", lambda _: None)
    calls = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)

        def answer() -> None:
            with contextlib.suppress(TimeoutError):
                calls.append(server.accept())

        waiting = threading.Thread(target=answer)
        waiting.start()
        with contextlib.suppress(QueryRefused):
            tiny.ask(query.replace("{port}", str(server.getsockname()[1])))
        waiting.join()
    assert calls == []


@pytest.mark.parametrize(
    "query",
    ["SELECT ?from { ?from reg:seed ?x }", "SELECT * { ?service reg:version ?x }", "ASK { ?s reg:service ?x }"],
)
def test_variables_and_names_are_no_alarm(tiny: Registry, query: str) -> None:
    assert tiny.ask(query)


def test_an_answer_of_too_many_characters_is_cut_off(tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import registry.sandbox as s; s.CHARACTERS = 100; s.main()"
    monkeypatch.setattr(sandbox, "COMMAND", ["-c", script])
    answer = tiny.ask("SELECT * { ?s ?p ?o }")
    assert answer.truncated
    assert len(answer.rows) < 5


def test_values_that_json_has_not_come_as_text(tiny: Registry) -> None:
    literals = ('"NaN"^^xsd:double', '"INF"^^xsd:double', 'STRDT("z", xsd:integer)')
    for literal, text in zip(literals, ("NaN", "INF", "z"), strict=True):
        assert tiny.ask(f"SELECT ?x {{ BIND({literal} AS ?x) }}").rows == [(text,)]


def test_words_in_strings_are_no_alarm(tiny: Registry) -> None:
    query = 'SELECT ?s { ?s ?p ?o FILTER(CONTAINS(STR(?o), "service from the start")) }'
    assert tiny.ask(query).rows == []


def test_a_query_that_takes_too_long_is_ended(tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 2)
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o }"
    with pytest.raises(QueryRefused, match="longer than 2 s and was ended"):
        tiny.ask(endless)


def test_a_large_answer_is_cut_off_and_says_so(tiny: Registry) -> None:
    answer = tiny.ask("SELECT * { ?a ?b ?c . ?d ?e ?f }")
    assert answer.truncated
    assert len(answer.rows) == sandbox.ROWS


def test_a_syntax_error_says_where(tiny: Registry) -> None:
    with pytest.raises(QueryRefused, match=r"this is not a SPARQL query: error at 2:\d+"):
        tiny.ask("SELECT * {\n ?s ?p }")


def test_prefixes_of_the_registry_need_no_declaration(tiny: Registry) -> None:
    assert tiny.ask("ASK { method:beta reg:variantOf method:alpha }").rows == [(True,)]


def test_a_construct_gives_triples(tiny: Registry) -> None:
    answer = tiny.ask("CONSTRUCT { ?s a reg:Seen } WHERE { ?s reg:variantOf method:alpha }")
    assert answer.columns == ("subject", "predicate", "object")
    assert [str(row[0]).rsplit("/", 1)[1] for row in answer.rows] == ["beta"]


def test_the_graph_of_a_triple_is_its_file(tiny: Registry) -> None:
    answer = tiny.ask("SELECT ?file { GRAPH ?file { method:beta reg:variantOf ?other } }")
    assert str(answer.rows[0][0]).endswith("/file/methods/beta.ttl")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_the_process_of_a_query_can_open_nothing(tmp_path: Path) -> None:
    script = (
        "from registry.sandbox import _lock_in; import socket; _lock_in()\n"
        "for attempt in (lambda: open('/dev/null'), socket.socket):\n"
        "    try:\n        attempt(); print('opened')\n    except OSError:\n        print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.split() == ["refused", "refused"]
