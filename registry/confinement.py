"""The other process: it loads a graph, gives up all it could do harm with, and answers one query.

A graph in memory needs no file any more: the process may then open nothing, since a file and a
connection both need a descriptor and the limit of those is lowered to what is open.  An index on
disk opens its files when a query first needs them, so there it is the kernel that refuses each call
for a connection, for a program and for a file to write (seccomp, on Linux).  Elsewhere the guard
stands alone for an index.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.namespaces import PREFIXES
from registry.triples import python_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registry.triples import Term, Value

MACHINES = {
    # socket, connect, sendto, sendmsg, bind, execve, execveat, io_uring_setup, openat2, creat
    "x86_64": (0xC000003E, 317, {257: 32, 2: 24}, (41, 42, 44, 46, 49, 59, 322, 425, 437, 85)),
    "aarch64": (0xC00000B7, 277, {56: 32}, (198, 203, 206, 211, 200, 221, 281, 425, 437)),
}
"""By machine: the kernel's number for it, its call `seccomp`, its calls that open a file with the place of
their flags, and those calls that a query never needs."""


def main() -> None:
    """A request on standard input, its first line as JSON and then the graph; an answer on standard output."""
    request = json.loads(sys.stdin.buffer.readline())
    _die_with(request["parent"])
    if request["store"] is None:
        store = ox.Store()
        store.bulk_load(sys.stdin.buffer, format=ox.RdfFormat.N_QUADS, lenient=True)
    else:
        store = ox.Store.read_only(request["store"])
    lock_in(files=request["store"] is not None, seconds=request["seconds"], memory=request["memory"])
    json.dump(answer(store, request["query"], request["rows"], request["characters"]), sys.stdout)


def answer(store: ox.Store, query: str, most_rows: int, most_characters: int) -> dict[str, object]:
    """What `sandbox.Answer` holds; or what is wrong with the query."""
    columns, form = ["subject", "predicate", "object"], "triples"
    rows: list[list[Value]] = []
    terms: list[list[str | None]] = []
    size, truncated = 0, False
    try:
        result = store.query(query, prefixes=PREFIXES, use_default_graph_as_union=True)
        items: Iterable[Sequence[Term | None]]
        if isinstance(result, ox.QueryBoolean):
            columns, form, items = ["answer"], "truth", [(ox.Literal(bool(result)),)]
        elif isinstance(result, ox.QuerySolutions):
            columns, form = [variable.value for variable in result.variables], "rows"
            items = ([solution[index] for index in range(len(columns))] for solution in result)
        else:
            items = (tuple(triple) for triple in result)
        for cells in items:
            row = [python_value(cell) for cell in cells]
            size += sum(len(str(cell)) for cell in row)
            if len(rows) == most_rows or size > most_characters:
                truncated = True
                break
            rows.append(row)
            terms.append([None if cell is None else str(cell) for cell in cells])
    except (SyntaxError, OSError, RuntimeError, ValueError) as error:
        return {"error": str(error)}
    return {"columns": columns, "rows": rows, "truncated": truncated, "form": form, "terms": terms}


def lock_in(*, files: bool, seconds: int, memory: int) -> None:
    """From here on this process can reach nothing; with `files` it may still open some to read."""
    try:
        import resource
    except ImportError:  # not on Windows; the guard still holds there
        return
    free = os.dup(0)
    os.close(free)
    if not files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
    # Whoever started it may be gone before the time-out.
    limits = {resource.RLIMIT_AS: memory, resource.RLIMIT_CPU: seconds + 5, resource.RLIMIT_CORE: 0}
    for limit, value in limits.items():
        with suppress(ValueError, OSError):  # a lower one holds already, or macOS, which limits no memory
            resource.setrlimit(limit, (value, value))
    refuse_calls()


def refuse_calls() -> bool:
    """Makes the kernel refuse connections, programs and files to write from now on; False where it cannot."""
    machine = platform.machine() if sys.platform == "linux" else ""
    if machine not in MACHINES or sys.maxsize < 2**32:
        return False
    architecture, seccomp, opening, denied = MACHINES[machine]
    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06  # of the packet filter's language
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    # After a comparison: how many steps to skip if it holds, and if not.  The last step refuses.
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, refuse), (load, 0, 0, 0)]
    last = len(steps) + len(denied) + 1 + 4 * len(opening) + 1
    steps += [(equal, last - index - 1, 0, number) for index, number in enumerate(denied, start=len(steps))]
    steps.append((at_least, last - len(steps) - 1, 0, 0x40000000))  # the calls of another way to number them
    for number, flags in opening.items():
        steps += [(equal, 0, 3, number), (load, 0, 0, flags)]
        steps += [(any_bit, last - len(steps) - 1, 0, writes), (give, 0, 0, allow)]
    steps += [(give, 0, 0, allow), (give, 0, 0, refuse)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HP", len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, filter_mode, all_threads = 38, 1, 1
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.syscall(seccomp, filter_mode, all_threads, ctypes.c_char_p(program)) == 0)


def _die_with(parent: int) -> None:
    """On Linux the kernel ends this process when the one that started it is gone."""
    if sys.platform == "linux":
        kill, on_parents_death = 9, 1
        ctypes.CDLL(None).prctl(on_parents_death, kill, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)
