"""Measures thousands of pages: import, import again, export, questions, each in a process of its own.

    python -m tests.speed.pages FOLDER [--pages 8000]

FOLDER is made when it is not there: an invented folder of pages and a copy of the ontology.  The table
that it prints stands in tests/speed/README.md.  Memory is the largest sum over a process and those
that it started, seen fifty times a second.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from tests.speed import corpus

ROOT = Path(__file__).resolve().parents[2]
PAGE = os.sysconf("SC_PAGE_SIZE")
QUESTIONS = ("pages", "page_problems", "pages_with_one_id", "pages_with_two_ids", "undefined_parents")


@dataclass(frozen=True)
class Cost:
    """What a command took."""

    seconds: float
    processor: float
    """Seconds of processor time, of all processes."""
    resident: int
    """Megabytes at the highest."""
    output: str

    def row(self, what: str) -> str:
        """A row of the table."""
        return f"| {what} | {self.seconds:.2f} | {self.processor:.2f} | {self.resident} |"


def prepare(folder: Path, pages: int, size: int = 15_000) -> None:
    """Makes a home and an invented folder of pages."""
    shutil.copytree(ROOT / "ontology", folder / "home" / "ontology", ignore=shutil.ignore_patterns("imports"))
    corpus.write(folder / "corpus", pages, size)


def command(folder: Path, *arguments: str | Path) -> Cost:
    """Runs a command of the registry in a new process; raises AssertionError where it fails."""
    words = [sys.executable, "-m", "registry.cli", "--home", str(folder / "home"), *map(str, arguments)]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with TemporaryFile() as told, subprocess.Popen(words, stdout=told, stderr=told, cwd=ROOT) as process:
        highest = 0
        while process.poll() is None:
            highest = max(highest, sum(map(_resident, _family(process.pid))))
            time.sleep(0.02)
        told.seek(0)
        output = told.read().decode()
        assert process.returncode == 0, output
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, processor, highest * PAGE // 2**20, output)


def _family(process: int) -> Iterator[int]:
    """A process and those that it started."""
    yield process
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return
    for child in children.split():
        yield from _family(int(child))


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def measure(folder: Path) -> Iterator[str]:
    """The table."""
    files = sorted((folder / "corpus" / "pages").iterdir())
    size = sum(file.stat().st_size for file in files)
    yield f"{len(files):,} pages, {size / 1e6:.0f} MB."
    yield ""
    yield "| command in a new process | seconds | processor seconds | resident MB |"
    yield "|---|---|---|---|"
    command(folder, "methods")  # compiles, and fills the caches
    yield command(folder, "import", "logseq", folder / "corpus").row("import all, into a new index")
    with files[len(files) // 2].open("a", encoding="utf-8") as page:
        page.write("- one more line\n")
    yield command(folder, "import", "logseq", folder / "corpus").row("import again, one page changed")
    yield command(folder, "import", "logseq", folder / "corpus").row("import again, nothing changed")
    shutil.rmtree(folder / "out", ignore_errors=True)
    yield command(folder, "export", "logseq", folder / "out", "corpus").row("export the collection")
    yield command(folder, "search", "robust", "encoder", "--kind", "page").row("search")
    yield command(folder, "show", f"page:corpus/{corpus.name_of(4).lower()}").row("show one page")
    for question in QUESTIONS:
        yield command(folder, "ask", question).row(f"`ask {question}`")


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", type=int, default=8_000)
    options = parser.parse_args()
    if not options.folder.exists():
        prepare(options.folder, options.pages)
    shutil.rmtree(options.folder / "home" / ".registry", ignore_errors=True)
    shutil.rmtree(options.folder / "home" / "ontology" / "imports", ignore_errors=True)
    for line in measure(options.folder):
        print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
