"""A process that runs any SPARQL unguarded, watched for what it reaches: connections and opened files."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

IN_ACCESS, IN_OPEN = 0x1, 0x20

PROGRAM = """
import json, sys
import pyoxigraph as ox
from registry.namespaces import PREFIXES
store = ox.Store()
for index in range(3):
    names = [ox.NamedNode(f"http://example.org/{part}{index}") for part in "spog"]
    store.add(ox.Quad(*names))
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "open" in request:
            open(request["open"]).close()
        else:
            result = store.query(request["query"], prefixes=PREFIXES, use_default_graph_as_union=True)
            isinstance(result, ox.QueryBoolean) or list(result)
        error = ""
    except Exception as problem:
        error = type(problem).__name__
    print(error, flush=True)
"""


class Watched:
    """The process and its watchers: a listening socket, and the kernel's notes of files opened in a folder."""

    def __init__(self, folder: Path) -> None:
        self.canary = folder / "canary.ttl"
        self.canary.write_text("<a:a> <a:b> <a:c> .")
        self.connections = 0
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._count, daemon=True).start()
        libc = ctypes.CDLL(None, use_errno=True)
        self._notes = libc.inotify_init1(os.O_NONBLOCK)
        for path in (folder, self.canary):
            assert libc.inotify_add_watch(self._notes, bytes(path), IN_ACCESS | IN_OPEN) >= 0
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1  # before the process that waits for an answer can go on
            connection.close()

    def reached(self, request: dict[str, str]) -> tuple[bool, str]:
        """Whether a request made the process connect or open anything, and the error that it ended with."""
        before = self.connections
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        error = self.process.stdout.readline().strip()
        return self.connections > before or self._opened(), error

    def _opened(self) -> bool:
        try:
            return len(os.read(self._notes, 1 << 16)) >= struct.calcsize("iIII")
        except BlockingIOError:
            return False

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()  # type: ignore[union-attr]
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        os.close(self._notes)
