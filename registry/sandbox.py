"""SPARQL that a person typed, answered where it can do no harm.

A query may only read: `guard` refuses the others.  It runs in a process of its own that can reach
nothing once the graph is loaded (`confinement`), and that is ended when it takes too long or too
much memory: pyoxigraph has no time-out, and nothing switches its SERVICE off.
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry import guard
from registry.errors import QueryRefused, RegistryError
from registry.namespaces import KINDS, iri

if TYPE_CHECKING:
    from registry.graph import Graph
    from registry.triples import Value

# The help of `registry ask` says these.
SECONDS = 30
ROWS = 10_000
CHARACTERS = 20_000_000
MEMORY = 4 * 2**30
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from registry.confinement import main; main()"


@dataclass(frozen=True)
class Answer:
    """Columns and rows; `truncated` when there were more than the guard lets through.

    A SELECT gives its variables, an ASK one column "answer", a CONSTRUCT or DESCRIBE the columns
    "subject", "predicate" and "object".
    """

    columns: tuple[str, ...]
    rows: list[tuple[Value, ...]]
    truncated: bool
    form: str
    """"rows" of a SELECT, "truth" of an ASK, "triples" of a CONSTRUCT or DESCRIBE."""
    terms: list[tuple[str | None, ...]]
    """The cells of the rows as N-Triples writes them, which also tells an address from a text; None for nothing."""

    def addresses(self, column: int) -> list[str | None]:
        """The IRIs of a column, by row; None where something else stands."""
        return [
            term[1:-1] if (term := row[column]) is not None and term[0] == "<" and term[1] != "<" else None
            for row in self.terms
        ]


def ask(graph: Graph, query: str, parameters: dict[str, str]) -> Answer:
    """The answer to SPARQL text or to a named question; raises QueryRefused, UnknownName, RegistryError."""
    if re.fullmatch(r"\s*[\w-]+\s*", query):
        # Ours, and its parameters are names or numbers: there is nothing to guard against.
        from registry.confinement import answer

        return _as_answer(answer(graph.store, question_text(graph, query, parameters), ROWS, CHARACTERS))
    if parameters:
        raise RegistryError("only named questions take parameters; write the values into the query instead")
    guard.refuse_unsafe(query)
    return _as_answer(_answered_apart(graph, query))


def _answered_apart(graph: Graph, query: str) -> dict[str, Any]:
    """The reply of the other process, which is gone afterwards whatever happens here."""
    import pyoxigraph as ox

    request = {
        "query": query,
        "store": None if graph.version is None else str(graph.version.folder / "store"),
        "rows": ROWS,
        "characters": CHARACTERS,
        "seconds": SECONDS,
        "memory": MEMORY,
        "parent": os.getpid(),
    }
    content = graph.store.dump(format=ox.RdfFormat.N_QUADS) if graph.version is None else None
    # The packages of this process and no search for others: it starts twice as fast.
    packages = [str(Path(__file__).parents[1]), *filter(None, sys.path)]
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", PROGRAM, *packages],
            input=json.dumps(request).encode() + b"\n" + (content or b""),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise QueryRefused(
            f"the query took longer than {SECONDS} s and was ended; bind more of it or add a LIMIT"
        ) from None
    if done.returncode == 0:
        return dict(json.loads(done.stdout))
    last_words = done.stderr.decode(errors="replace").strip()
    if "memory allocation" in last_words or "MemoryError" in last_words:
        raise QueryRefused(
            f"the query used more than {MEMORY / 2**30:.3g} GiB of memory and was ended; bind more of it"
        )
    if done.returncode == -signal.SIGSEGV:
        raise QueryRefused("the query is nested too deeply to be read")
    raise RegistryError(f"the process of the query ended without an answer: {last_words[-200:] or done.returncode}")


def _as_answer(reply: dict[str, Any]) -> Answer:
    if "error" in reply:
        told = re.match(r"error at (\d+):(\d+): ", reply["error"])
        if told is None:
            raise QueryRefused(f"this is not a SPARQL query: {reply['error']}")
        raise guard.not_sparql((int(told[1]), int(told[2])), reply["error"][told.end() :])
    rows, terms = ([tuple(row) for row in reply[part]] for part in ("rows", "terms"))
    return Answer(tuple(reply["columns"]), rows, reply["truncated"], reply["form"], terms)


def question_text(graph: Graph, name: str, parameters: dict[str, str]) -> str:
    """A named question with its `$parameters` filled in; raises UnknownName, RegistryError."""
    from registry.graph import parameters_of, read_query

    text = read_query(name.strip())
    declared = parameters_of(text)
    for missing in sorted(declared.keys() - parameters.keys()):
        raise RegistryError(f"the question {name} needs --param {missing}=<{declared[missing]}>")
    for extra in sorted(parameters.keys() - declared.keys()):
        raise RegistryError(
            f"the question {name} takes no parameter {extra!r}; it takes {', '.join(declared) or 'none'}"
        )
    text = re.sub(r"^# \$\w+: \w+\n", "", text, flags=re.MULTILINE)
    for parameter, kind in declared.items():
        text = re.sub(rf"\${parameter}\b", _term(graph, kind, parameters[parameter]), text)
    return text


def _term(graph: Graph, kind: str, value: str) -> str:
    if kind in KINDS:
        address = graph.find(kind, value)
        name = address.removeprefix(iri(kind, ""))
        return f"{kind}:{name}" if re.fullmatch(r"[A-Za-z0-9_]+", name) else f"<{address}>"
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RegistryError(f"{value!r} is not a number")
    return repr(number)
