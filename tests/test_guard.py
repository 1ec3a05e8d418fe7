"""No query that reaches the network or the file system passes the guard, and no harmless one is refused.

What a query reaches is seen by running it unguarded in a watched process, not by reading its text.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.errors import QueryRefused
from registry.guard import refuse_unsafe
from tests.watching import PROGRAM, Watched

linux = pytest.mark.skipif(sys.platform != "linux", reason="watches files with inotify")

REACHING = [
    "SELECT * { SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { sErViCe sIlEnT<http://127.0.0.1:{port}/>{?s ?p ?o} }",
    "SELECT * { SERVICESILENT<http://127.0.0.1:{port}/>{?s ?p ?o} }",
    "SELECT * { SERVICE # hidden\r<http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { # SERVICE \u2028\nSERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "PREFIX : <http://127.0.0.1:{port}/> SELECT * { SERVICE:x { ?s ?p ?o } }",
    "PREFIX : <http://127.0.0.1:{port}/> SELECT * { SERVICESILENT:x { ?s ?p ?o } }",
    "PREFIX : <http://127.0.0.1:{port}/> PREFIX SERVICE: <a:> SELECT * { SERVICE:x { ?s ?p ?o } }",
    "PREFIX x: <http://127.0.0.1:{port}/> SELECT * { SERVICEx:y { ?s ?p ?o } }",
    "PREFIX x: <http://127.0.0.1:{port}/> SELECT * { ?s ?p ?o OPTIONAL{} .SERVICEx:y { ?s ?p ?o } }",
    "BASE <http://127.0.0.1:{port}/> SELECT * { SERVICE <> { ?s ?p ?o } }",
    "PREFIX \u3001\u218f: <http://127.0.0.1:{port}/> SELECT * { SERVICE \u3001\u218f: { ?s ?p ?o } }",
    "SELECT ?\u3001 { SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?\u3001 } }",
    "SELECT * { ?s ?p ?o FILTER(1 <'b>' || true) SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "SELECT * { ?s ?p ?o OPTIONAL { ?s ?p <x:it's> } SERVICE <http://127.0.0.1:{port}/> { } } #'",
    "SELECT * { OPTIONAL {truea(1 <a:'> 'c')} SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } } #'",
    "SELECT * { ?s ?p ?o OPTIONAL { FILTER(<<(<a:a><a:b>1)>> <'b>') } SERVICE <http://127.0.0.1:{port}/> { } } #'",
    "SELECT * { { SELECT (?s <'b>' AS ?x) ?s { ?s ?p ?o } } SERVICE <http://127.0.0.1:{port}/> { } }",
    "SELECT * { ?s ?p ?o FILTER(!EXISTS { FILTER(EXISTS{} <'b>') }) SERVICE <http://127.0.0.1:{port}/> { } } #'",
    "DESCRIBE ?s { SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } }",
    "ASK { FILTER NOT EXISTS { SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o } } }",
]

FORBIDDEN = {
    "SELECT * FROM <file:///etc/passwd> { ?s ?p ?o }": "line 1, column 10: FROM would read another place",
    "ASK FROM NAMED<http://127.0.0.1:9/> {}": "FROM would read another place",
    "PREFIX : <a:> SELECT * FROM:x { ?s ?p ?o }": r"there is no prefix 'FROM:'",
    "LOAD <file:///etc/passwd>": "LOAD would change the graph",
    "SELECT * {} ; DROP ALL": "line 1, column 15: DROP would change the graph",
    "insert data { <a:a> <a:b> <a:c> }": "INSERT would change the graph",
}

WRONG = {
    "": "it begins with '', not with one of ASK, CONSTRUCT, DESCRIBE, SELECT",
    "what is MoCo?": "line 1, column 1: it begins with 'what'",
    "SELECT * {\n  FLTER(1 = 1) }": "line 2, column 3: SPARQL has no word 'FLTER'; did you mean 'FILTER'",
    "SELECT * { ?m a metod:x }": "line 1, column 17: there is no prefix 'metod:'; did you mean 'method'",
    "SELECT * { ?s ?p 'it's' }": "line 1, column 23: the text in quotes that begins here does not end",
    "SELECT * { ?s ?p <a b> }": "line 1, column 18: the IRI that begins here does not end",
    "SELECT * { ?s ?p \\u0053 }": r"column 18: '\\\\' means nothing here",
    "SELECT * { ?\u00d7 ?p ?o }": "column 13: '\u00d7' means nothing here",
    "SELECT * { ?s ?p '\ud800' }": "column 19: this is half a character",
}

HARMLESS = [
    'SELECT * { ?s ?p "SERVICE <http://127.0.0.1:{port}/> { ?s ?p ?o }" }',
    r"SELECT * { ?s ?p 'it\'s SERVICE <http://127.0.0.1:{port}/> {}' }",
    r"SELECT * { ?s ?p '\u0027 SERVICE <http://127.0.0.1:{port}/> {}' }",
    'SELECT * { ?s ?p """a "quoted" \'\'\'\nSERVICE <http://127.0.0.1:{port}/> {}\n\\""""@en }',
    'SELECT * { ?s <http://x/y#z> """\nSERVICE <http://127.0.0.1:{port}/> {}""" }',
    "SELECT * { ?s <http://x/it's#z> 'SERVICE <http://127.0.0.1:{port}/> {}' }",
    "SELECT * { ?s a <http://127.0.0.1:{port}/service/?from=SERVICE> }",
    "SELECT * { ?s a <file:///etc/passwd> # SERVICE <http://127.0.0.1:{port}/> {}\n}",
    "SELECT ?from $SERVICE { ?from ?SERVICE ?\u03c3\u03b5r\u00b7vice }",
    "SELECT * { _:SERVICE reg:service reg:from\\'FROM ; reg:%53ERVICE reg:a.SERVICE, 'a'@service }",
    "PREFIX service: <http://x/> PREFIX From: <http://y/> SELECT * { GRAPH service:x { ?s From:y service: } }",
    "SELECT * { ?s ?p ?o FILTER(?o < 'SERVICE' && ?o <= <a:SERVICE> && ?s != <a:#'> && 1<2) }",
    "SELECT * { ?s ?p <<( ?a <a:'> ?c )>>, (1 <a:'> 'b'), 'a'@en--ltr {| ?x ?y |} . << ?a a ?c ~ ?r >> ?b ?c }",
    "VERSION '1.2' SELECT (COUNT(DISTINCT *) AS ?n) { ?s reg:a?/(^reg:b|!(a|^reg:c))* ?o } ORDER BY ?n <a:f#>(?n)",
    "SELECT * { VALUES (?x ?y) { (<a:#'> UNDEF) (-1.5e3 true) } LATERAL { ?s ?p ?x } FILTER(?x NOT IN (1, .5)) }",
    "select(group_concat(?x;separator=',')as?n){?s?p?x{select*{}limit 10}}having(1<2)values?z{undef}",
    "SELECT * { ?s ?p '\0\U0001f600' }",
    "\n# SERVICE\nBASE <http://127.0.0.1:{port}/> ASK { <SERVICE> <FROM> <> }",
]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    watched = Watched(tmp_path_factory.mktemp("canary"))
    yield watched
    watched.close()


def refused(query: str) -> bool:
    try:
        refuse_unsafe(query)
    except QueryRefused:
        return True
    return False


@linux
@pytest.mark.parametrize("query", REACHING)
def test_a_query_that_reaches_out_is_refused(watched: Watched, query: str) -> None:
    query = query.replace("{port}", str(watched.port))
    assert watched.reached({"query": query})[0], "the watcher saw nothing"
    assert refused(query)


@linux
def test_the_watchers_see_a_file_that_is_opened(watched: Watched) -> None:
    assert watched.reached({"open": str(watched.canary)}) == (True, "")
    assert watched.reached({"query": "ASK {}"}) == (False, "")


@pytest.mark.parametrize(("query", "message"), (FORBIDDEN | WRONG).items())
def test_a_refusal_says_why_and_where(query: str, message: str) -> None:
    with pytest.raises(QueryRefused, match=message):
        refuse_unsafe(query)


@linux
@pytest.mark.parametrize("query", HARMLESS)
def test_a_harmless_query_passes(watched: Watched, query: str) -> None:
    query = query.replace("{port}", str(watched.port))
    assert watched.reached({"query": query})[0] is False
    assert watched.reached({"query": query})[1] in ("", "RuntimeError"), "Oxigraph cannot read it"
    refuse_unsafe(query)


def test_a_long_query_is_read_token_by_token() -> None:
    for unit in ('"""', "'''\\", "<", "<a:'>", "#", "\\", "(", "a.", "_:a.", "a:.", "?", "@a-", "1.", "'\\'"):
        refused("SELECT * { ?s ?p " + unit * (200_000 // len(unit)))


# Generated queries

PORT = "{port}"
BLANKS = st.sampled_from(["", " ", "\n", "\t\r\n", "# x\n", "#'\r", '#"""\n', "# SERVICE <\n"])
ADDRESSES = st.sampled_from([f"<http://127.0.0.1:{PORT}/>", "x:y", ":y", ":", "<z>", "x:", "service:y", "\u3001:"])
HEADS = st.sampled_from(
    ["SELECT * {", "ASK{", "DESCRIBE ?s {", "CONSTRUCT{?s ?p ?o}WHERE{", "SELECT(1 <'b>' AS ?z){"]
)
PROLOGUE = "".join(
    f"PREFIX {prefix}: <http://127.0.0.1:{PORT}/> " for prefix in ("x", "", "service", "\u3001", "silentx")
)
BASE = f"BASE <http://127.0.0.1:{PORT}/> "
PIECES = st.sampled_from(
    [
        "",
        "?s ?p ?o.",
        "?s ?p ?o ;",
        "OPTIONAL{true a 1}",
        "OPTIONAL{truea(1)}",
        "FILTER(1 <'b>' || true)",
        "FILTER(1<2)",
        "FILTER(?o != <a:#'>)",
        "BIND(1 AS ?one)",
        "VALUES ?v {1}",
        "OPTIONAL{?s ?p 'a',\"b\"@en,'''c'd''',1.5,true,x:a.b,_:c,<a:it's>}",
        "OPTIONAL{?s a (1 <a:'> 'c')}",
        "OPTIONAL{?s x:p <<( ?a <a:'> ?c )>>}",
        "OPTIONAL{FILTER(EXISTS{} <'b>')}",
        "OPTIONAL{FILTER(?o<'>'&&?o<'>')}",
        "{SELECT(?s <'b>' AS ?k)?s{?s ?p ?o}}",
    ]
)
WRAPS = st.sampled_from(
    [
        "{%s}",
        "OPTIONAL{%s}",
        "{}UNION{%s}",
        "{SELECT * {%s}}",
        "FILTER EXISTS{%s}",
        "MINUS{%s}",
        "BIND(EXISTS{%s} AS ?e)",
    ]
)
TOKENS = [
    *"*{}()[]<>=.;,?'\"#\\a1",
    "SELECT",
    "ASK",
    "<<",
    ">>",
    "<<(",
    ")>>",
    "?s",
    "true",
    "'a'",
    "'''",
    '"""',
    "@en",
    "^^",
]
TOKENS += [
    "SERVICE",
    "SILENT",
    "FROM",
    "NAMED",
    "GRAPH",
    "OPTIONAL",
    "FILTER",
    "BIND",
    "AS",
    "EXISTS",
    "UNION",
    "x:y",
]
TOKENS += [":", "x:", f"<http://127.0.0.1:{PORT}/>", "<file://{canary}>", "<a:'>", "<a:#>", "\\u0053", "{?s ?p ?o}"]
SCRATCHES = st.tuples(
    st.floats(0, 1), st.integers(0, 2), st.sampled_from([*"'\"<>#\\{}().:;?@^|Sa \n", "\u3001", ""])
)


@st.composite
def attacks(draw: st.DrawFn) -> str:
    keyword = "".join(draw(st.sampled_from([letter, letter.lower()])) for letter in "SERVICE")
    silent = draw(st.sampled_from(["", "", "SILENT", "silent"]))
    call = keyword + draw(BLANKS) + silent + draw(BLANKS) + draw(ADDRESSES) + draw(BLANKS) + "{?s ?p ?o}"
    call = draw(PIECES) + draw(BLANKS) + call + draw(BLANKS) + draw(PIECES)
    for wrap in draw(st.lists(WRAPS, max_size=3)):
        call = wrap % call
    query = draw(st.sampled_from(["", BASE])) + PROLOGUE + draw(HEADS) + draw(PIECES) + call + "}"
    return query + draw(st.sampled_from(["", " #'", ' #"""', " #>", "LIMIT 5"]))


@st.composite
def scratched(draw: st.DrawFn) -> str:
    query = draw(attacks())
    for place, length, text in draw(st.lists(SCRATCHES, min_size=1, max_size=2)):
        start = int(place * len(query))
        query = query[:start] + text + query[start + length :]
    return query


@st.composite
def soups(draw: st.DrawFn) -> str:
    words = draw(st.lists(st.tuples(st.sampled_from(TOKENS), BLANKS), min_size=3, max_size=15))
    return (
        PROLOGUE + "SELECT * { " + "".join(word + blank for word, blank in words) + draw(st.sampled_from(["", "}"]))
    )


@st.composite
def disguised(draw: st.DrawFn) -> str:
    """Attacks that are only spoken of."""
    attack = draw(st.one_of(attacks(), scratched(), soups()))
    escaped = re.sub(r"""(["'\\])""", r"\\\1", attack)
    flat = escaped.replace("\n", r"\n").replace("\r", r"\r")
    long = draw(st.sampled_from([f'"""{escaped}"""', f"'''{escaped}'''"]))
    text = draw(st.sampled_from([f'"{flat}"', f"'{flat}'", long]))
    path, _, fragment = quote(attack, safe="/:?=&#;'()*+,!$@~").partition("#")
    address = f"<http://x/{path}#{fragment.replace('#', '%23')}>"
    comment = "# " + re.sub(r"[\r\n]", " ", attack) + "\n"
    letters = "".join(re.findall(r"\w", attack, re.ASCII))
    name = draw(st.sampled_from(["?", "$", "reg:", "_:", "service:", "reg:a.", "reg:\\'"])) + letters
    term = draw(st.sampled_from([text, address, name + " "]))
    harmless = draw(
        st.sampled_from(
            [
                f"SELECT * {{ ?s ?p {term} }}",
                f"SELECT * {{ ?s {address} {text}{comment} }}",
                f"SELECT * {{ ?s ?p ({address} {text} {address} 'it') FILTER(?s < {text} || ?s != {address}) }}",
                f"SELECT * {{ ?s ?p ?o FILTER(?o <{text}) FILTER(?o<{address}){comment}}}",
                f"SELECT (STR({text})AS?x) {{ VALUES (?x ?y) {{ ({address}{text}) (1 {address}) }} }}",
                f"SELECT * {{ ?s a ({address}{text}) ; {address} [ ?p {term} ] }} ORDER BY STR({text})",
                f"{comment}ASK {comment}{{ ?s ?p <<( ?a {address} {text} )>> FILTER(EXISTS {{}} <{text}) }}",
            ]
        )
    )
    return "PREFIX service: <http://x/> " + harmless


def generated(maximum: int) -> settings:
    return settings(
        max_examples=maximum, derandomize=True, database=None, deadline=None, suppress_health_check=[*HealthCheck]
    )


@linux
@pytest.mark.parametrize(
    ("queries", "number", "at_least"), [(attacks(), 600, 300), (scratched(), 2000, 100), (soups(), 500, 0)]
)
def test_no_generated_query_that_reaches_out_passes(
    watched: Watched, queries: st.SearchStrategy[str], number: int, at_least: int
) -> None:
    seen: Counter[bool] = Counter()

    @generated(number)
    @given(queries)
    def run(query: str) -> None:
        query = query.replace("{port}", str(watched.port)).replace("{canary}", str(watched.canary))
        reached, _ = watched.reached({"query": query})
        seen[reached] += 1
        assert not reached or refused(query)

    run()
    assert seen[True] >= at_least


@linux
def test_no_generated_query_that_only_speaks_of_an_attack_is_refused(watched: Watched) -> None:
    readable: Counter[bool] = Counter()

    @generated(600)
    @given(disguised())
    def run(query: str) -> None:
        query = query.replace("{port}", str(watched.port)).replace("{canary}", str(watched.canary))
        reached, error = watched.reached({"query": query})
        assert not reached
        readable[error == ""] += 1
        if not error:
            refuse_unsafe(query)

    run()
    assert readable[True] >= 500


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_what_passes_makes_no_call_of_the_system_that_opens_or_connects(watched: Watched) -> None:
    lines = [json.dumps({"query": query.replace("{port}", str(watched.port))}) + "\n" for query in HARMLESS]
    control = [
        json.dumps({"open": "/begin"}) + "\n",
        json.dumps({"query": REACHING[0].replace("{port}", str(watched.port))}) + "\n",
    ]
    calls = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=open,openat,openat2,socket,connect,execve",
        sys.executable,
        "-c",
        PROGRAM,
    ]
    done = subprocess.run(
        calls, input="".join([control[0], *lines, *control]), capture_output=True, encoding="utf-8", check=False
    )
    if "/begin" not in done.stderr:
        pytest.skip("strace may not watch here")
    _, harmless, reaching = re.split(r'.*"/begin".*', done.stderr)
    assert harmless.split() == []
    assert "connect(" in reaching
