"""Pages read by processes of their own, so that thousands use every core; each outcome is that of `indexing.take`.

A process gets the table of keys and its files as JSON.  It writes portions into a folder, N-Quads in
one file and what the summary needs in another, and says the name of each that is whole.  So nothing
of a process that ends early is taken in by halves, and whoever asked reads the missing pages itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path

from registry.pages import indexing
from registry.pages.indexing import Row
from registry.scanning import Stamp

WORKERS = 2
PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from registry.pages.worker import main; main()"


@dataclass(frozen=True)
class Portion:
    """Some pages that were read."""

    quads: Path
    """N-Quads of all of them; whoever has loaded the file deletes it."""
    rows: dict[str, Row]
    """By the names of the files."""


class Reading:
    """Processes that read pages into a folder, from now on; the folder is gone when this is closed."""

    def __init__(self, files: Mapping[str, Stamp], table: Path | None, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        folder.mkdir()
        by_size = sorted(files, key=lambda name: (-files[name].size, name))
        # The packages of this process and no search for others: it starts twice as fast.
        packages = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
        reading, writing = os.pipe()
        self._said = os.fdopen(reading, encoding="utf-8")
        try:
            for _ in range(WORKERS):
                process = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", PROGRAM, *packages],
                    stdin=subprocess.PIPE,
                    stdout=writing,
                    stderr=subprocess.DEVNULL,
                    encoding="utf-8",
                )
                self.processes.append(process)
        except BaseException:
            self.close()
            raise
        finally:
            os.close(writing)
        for number, process in enumerate(self.processes):
            request = {
                "table": table and str(table),
                "draft": str(folder / str(number)),
                "files": {name: files[name].path for name in by_size[number::WORKERS]},
            }
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin:
                json.dump(request, process.stdin)

    def portions(self) -> Iterator[Portion]:
        """What is taken in, in any order; the pages of a process that ended early are missing."""
        for line in self._said:
            name = line.rstrip("\n")
            rows = json.loads((self.folder / f"{name}.json").read_bytes())
            yield Portion(self.folder / f"{name}.nq", {file: Row.of(row) for file, row in rows.items()})

    def close(self) -> None:
        """Ends the processes, whatever they are at."""
        self._said.close()
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def main() -> None:
    """Reads the pages that stdin asks for; each line on stdout names a portion that is written."""
    request = json.load(sys.stdin)
    keys = indexing.load_keys(request["table"] and Path(request["table"]))
    rows: dict[str, Row] = {}
    portion, number = bytearray(), 0
    files = list(request["files"].items())
    for name, path in files:
        page = indexing.take(name, Path(path), keys)
        if page is not None:
            rows[name] = page.row
            portion += page.quads
        if len(portion) > indexing.PORTION or name == files[-1][0]:
            draft = Path(f"{request['draft']}-{number}")
            draft.with_suffix(".nq").write_bytes(portion)
            draft.with_suffix(".json").write_text(json.dumps({name: astuple(row) for name, row in rows.items()}))
            # One write of a few bytes, so that those of two processes never mix.
            os.write(1, f"{draft.name}\n".encode())
            portion.clear()
            rows.clear()
            number += 1
