"""What a person types as SPARQL can read the graph and nothing else."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry, guard, index, sandbox
from registry.cli import cli
from registry.errors import QueryRefused

UPDATES = [
    "INSERT DATA { <a:b> <a:c> <a:d> }",
    "DELETE WHERE { ?s ?p ?o }",
    "# a comment\nPREFIX a: <http://a/>\nBASE <http://b/>\nLOAD <file:///etc/passwd>",
    "clear all",
    "WITH <a:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
]

OUTSIDE = [
    "SELECT * { SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { service silent <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { SERVICE # hidden\n <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { VALUES ?x { <http://127.0.0.1:{port}/> } SERVICE ?x { ?s ?p ?o } }",
    "PREFIX x: <http://127.0.0.1:{port}/> SELECT * { SERVICE x:y { ?s ?p ?o } }",
    "SELECT * { ?x ?y ?a FILTER(?a <'b>' ) SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { BIND(1 AS ?one) FILTER(1=1SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o }) }",
    "PREFIX a·b: <http://127.0.0.1:{port}/> SELECT * { SERVICE a·b:x { ?s ?p ?o } }",
    "SELECT * { SERVICE #x\r<http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }",
    "SELECT * FROM NAMED <http://127.0.0.1:{port}/> { ?s ?p ?o }",
    "ASK FROM<file:///etc/passwd> { ?s ?p ?o }",
]

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?n2 ?o }"


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


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("query", [query for query in OUTSIDE if "SERVICE" in query.upper()])
def test_even_a_query_that_slipped_through_reaches_nobody(
    tiny_home: Path, query: str, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 0 if large else 1000)
    tiny = Registry.open(tiny_home)
    assert (tiny.graph.version is not None) == (large and index.HAS_LOCKS)
    monkeypatch.setattr(guard, "refuse_unsafe", lambda _: None)
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
    monkeypatch.setattr(sandbox, "CHARACTERS", 100)
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
    with pytest.raises(QueryRefused, match="longer than 2 s and was ended"):
        tiny.ask(ENDLESS)


def test_a_large_answer_is_cut_off_and_says_so(tiny: Registry) -> None:
    answer = tiny.ask("SELECT * { ?a ?b ?c . ?d ?e ?f }")
    assert answer.truncated
    assert len(answer.rows) == sandbox.ROWS


def test_a_syntax_error_says_where(tiny: Registry) -> None:
    with pytest.raises(QueryRefused, match=r"this is not a SPARQL query: line 2, column \d+: expected"):
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


ATTEMPTS = """
import os, socket, subprocess
attempts = [socket.socket, lambda: open("written", "w"), lambda: subprocess.run(["true"]), lambda: open(os.devnull)]
for attempt in attempts:
    try:
        attempt()
        print("done", end=" ")
    except OSError:
        print("refused", end=" ")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limits there")
def test_the_process_of_a_query_can_open_nothing() -> None:
    assert attempted(files=False) == ["refused"] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="only there the kernel can refuse calls")
def test_the_process_of_a_query_on_an_index_can_only_read_files() -> None:
    assert attempted(files=True) == ["refused", "refused", "refused", "done"]


def attempted(*, files: bool) -> list[str]:
    lock = f"from registry.confinement import lock_in; lock_in(files={files}, seconds=9, memory=2**32)"
    script = f"import socket, subprocess; {lock}\n{ATTEMPTS}"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8").stdout.split()


def test_a_query_on_an_index_may_open_its_files_when_it_needs_them(
    tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 0)
    tiny = Registry.open(tiny_home)
    assert tiny.ask("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").rows == [(len(tiny.graph.store),)]


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("seconds", [1, 30])
def test_a_query_leaves_no_process_behind(tiny: Registry, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", seconds)
    before = children()
    if seconds == 1:
        with pytest.raises(QueryRefused):
            tiny.ask(ENDLESS)
    else:
        tiny.ask("ASK {}")
    assert children() == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_a_query_ends_with_the_process_that_asked(tiny_home: Path, blow: signal.Signals) -> None:
    command = [sys.executable, "-m", "registry.cli", "--home", str(tiny_home), "ask", ENDLESS]
    asking = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    listed = Path(f"/proc/{asking.pid}/task/{asking.pid}/children")
    while not (found := listed.read_text().split()):
        assert asking.poll() is None
        time.sleep(0.01)
    time.sleep(0.5)  # it has loaded the graph and computes
    asking.send_signal(blow)
    asking.wait()
    for _ in range(500):
        if not Path(f"/proc/{found[0]}").exists() or "State:\tZ" in Path(f"/proc/{found[0]}/status").read_text():
            return
        time.sleep(0.01)
    pytest.fail("the query goes on")


def test_a_query_that_takes_too_much_memory_is_ended(tiny: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MEMORY", 2**29)
    huge = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a"
    with pytest.raises(QueryRefused, match=r"more than 0.5 GiB of memory and was ended"):
        tiny.ask(huge)


def test_a_query_that_is_nested_too_deeply_says_so(tiny: Registry) -> None:
    with pytest.raises(QueryRefused, match="nested too deeply"):
        tiny.ask("SELECT * " + "{" * 50_000 + "}" * 50_000)


def test_the_help_of_ask_says_the_limits() -> None:
    text = " ".join(CliRunner().invoke(cli, ["ask", "--help"]).output.split())
    assert f"{sandbox.SECONDS} s, {sandbox.MEMORY // 2**30} GiB of memory, {sandbox.ROWS:,} rows" in text
