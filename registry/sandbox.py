"""SPARQL that a person typed, answered where it can do no harm.

A query may only read.  SERVICE and FROM are refused by their text, in any spelling the parser
would take, and the query runs in a process of its own that can open no file and no connection
once the graph is loaded, and that is ended when it takes too long or too much memory
(pyoxigraph has no time-out, and nothing switches its SERVICE off).
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import QueryRefused, RegistryError
from registry.namespaces import KINDS, PREFIXES

if TYPE_CHECKING:
    from registry.graph import Graph, Value

SECONDS = 30
ROWS = 10_000
CHARACTERS = 20_000_000
MEMORY = 4 * 2**30
COMMAND = ["-m", "registry.sandbox"]

_GAP = r"(?:\s|\#[^\r\n]*[\r\n])*"
_TARGET = r"(?:<|[?$]|[^\s<>{}()\"']*:)"
# Not the end of a variable or of a name with a prefix; a digit or a bracket may stand right before.
_WORD = r"(?<![?$A-Za-z_:-])"
# Searched in the raw text, strings and comments included: a false alarm is harmless, a miss is not.
_SERVICE = re.compile(rf"{_WORD}SERVICE{_GAP}(?:SILENT{_GAP})?{_TARGET}", re.IGNORECASE)
_FROM = re.compile(rf"{_WORD}FROM{_GAP}(?:NAMED{_GAP})?{_TARGET}", re.IGNORECASE)
_UPDATE = re.compile(
    r"^(?:\s|\#[^\r\n]*[\r\n]|(?:PREFIX\s+[\w.-]*:|BASE)\s*<[^>]*>)*"
    r"(INSERT|DELETE|LOAD|CLEAR|DROP|CREATE|ADD|MOVE|COPY|WITH)\b",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")


@dataclass(frozen=True)
class Answer:
    """Columns and rows; `truncated` when there were more than the guard lets through.

    A SELECT gives its variables, an ASK one column "answer", a CONSTRUCT or DESCRIBE the columns
    "subject", "predicate" and "object".
    """

    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    truncated: bool


def refuse_unsafe(query: str) -> None:
    """Raises QueryRefused for an update and for anything that reaches outside the graph."""
    spelled_out = _ESCAPE.sub(_character, query)
    if update := _UPDATE.search(spelled_out):
        raise QueryRefused(
            f"{update.group(1).upper()} would change the graph; the graph is changed by its files only"
        )
    if _SERVICE.search(spelled_out):
        raise QueryRefused("SERVICE would send the query elsewhere; only this graph can be asked")
    if _FROM.search(spelled_out):
        raise QueryRefused("FROM would read another place; GRAPH ?file { ... } tells the file of a triple")


def _character(match: re.Match[str]) -> str:
    code = int(match.group(1) or match.group(2), 16)
    return chr(code) if code < sys.maxunicode else ""


def ask(graph: Graph, query: str, parameters: dict[str, str]) -> Answer:
    """The answer to SPARQL text or to a named question; raises QueryRefused, UnknownName, RegistryError."""
    text = _question(graph, query, parameters) if re.fullmatch(r"\s*[\w-]+\s*", query) else query
    if text is query and parameters:
        raise RegistryError("only named questions take parameters; write the values into the query instead")
    refuse_unsafe(text)
    request = {"layers": [str(layer) for layer in graph.home.layers], "query": text}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *_python_path()])}
    try:
        done = subprocess.run(
            [sys.executable, *COMMAND],
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise QueryRefused(
            f"the query took longer than {SECONDS} s and was ended; bind more of it or add a LIMIT"
        ) from None
    if done.returncode != 0:
        raise QueryRefused(f"the query used more than {MEMORY // 2**30} GiB of memory or {SECONDS} s, and was ended")
    reply = json.loads(done.stdout)
    if "error" in reply:
        raise QueryRefused(f"this is not a SPARQL query: {reply['error']}")
    return Answer(tuple(reply["columns"]), [tuple(row) for row in reply["rows"]], reply["truncated"])


def _python_path() -> list[str]:
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def _question(graph: Graph, name: str, parameters: dict[str, str]) -> str:
    """A named question with its `$parameters` filled in."""
    from registry.graph import read_query

    text = read_query(name.strip())
    declared = dict(re.findall(r"^# \$(\w+): (\w+)$", text, re.MULTILINE))
    for missing in sorted(declared.keys() - parameters.keys()):
        raise RegistryError(f"the question {name} needs --param {missing}=<{declared[missing]}>")
    for extra in sorted(parameters.keys() - declared.keys()):
        raise RegistryError(
            f"the question {name} takes no parameter {extra!r}; it takes {', '.join(declared) or 'none'}"
        )
    for parameter, kind in declared.items():
        text = re.sub(rf"\${parameter}\b", _term(graph, kind, parameters[parameter]), text)
    return text


def _term(graph: Graph, kind: str, value: str) -> str:
    if kind in KINDS:
        return f"<{graph.find(kind, value)}>"
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RegistryError(f"{value!r} is not a number")
    return repr(number)


def main() -> None:
    """The other process: a request on standard input, an answer on standard output."""
    from registry.graph import Graph
    from registry.home import Home

    request = json.load(sys.stdin)
    layers = tuple(Path(layer) for layer in request["layers"])
    graph = Graph(Home(layers=layers, results=layers[-1], work=layers[-1]))
    _lock_in()
    json.dump(_answer(graph, request["query"]), sys.stdout)


def _lock_in() -> None:
    """From here on this process can open nothing: a socket or a file needs a descriptor."""
    try:
        import resource
    except ImportError:  # not on Windows; the refusal by text still holds there
        return
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    # Whoever started it may be gone before the time-out.
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 5, SECONDS + 5))


def _answer(graph: Graph, query: str) -> dict[str, object]:
    import pyoxigraph as ox

    from registry.graph import python_value

    try:
        result = graph.store.query(query, prefixes=PREFIXES, use_default_graph_as_union=True)
        if isinstance(result, ox.QueryBoolean):
            return {"columns": ["answer"], "rows": [[bool(result)]], "truncated": False}
        rows: list[list[Value]] = []
        columns = ["subject", "predicate", "object"]
        if isinstance(result, ox.QuerySolutions):
            columns = [variable.value for variable in result.variables]
        size = 0
        for item in result:
            row = [python_value(item[index]) for index in range(len(columns))]
            size += sum(len(str(cell)) for cell in row)
            if len(rows) == ROWS or size > CHARACTERS:
                return {"columns": columns, "rows": rows, "truncated": True}
            rows.append(row)
    except (SyntaxError, OSError, RuntimeError, ValueError) as error:
        return {"error": str(error)}
    return {"columns": columns, "rows": rows, "truncated": False}


if __name__ == "__main__":
    main()
