"""The ledger judged by a process of its own, for a program that must answer people meanwhile.

Judging computes without pause, and threads of Python compute one at a time: beside it, pages would wait.
Parent and child hand each other objects by pickle, which is read from nobody else.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from registry.errors import RegistryError

if TYPE_CHECKING:
    from registry.catalogue import Registry
    from registry.ledger import Entry

COMMAND = (sys.executable, "-m", "registry.ledger_aside")


def entries_aside(registry: Registry, names: Sequence[str]) -> Generator[Entry]:
    """What `ledger.entries` gives for these claims; raises RegistryError for whatever goes wrong there.

    The process reads the files itself, and ends with the iterator.
    """
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((registry.home, list(names)), process.stdin)
            process.stdin.close()
            for number in range(len(names)):
                try:
                    found = pickle.load(process.stdout)
                except (EOFError, pickle.UnpicklingError):
                    problem = f"the process that judges claims ended after {number:,} of {len(names):,}"
                    raise RegistryError(problem) from None
                if isinstance(found, Exception):
                    raise found
                yield found
        finally:
            process.kill()


def main() -> None:
    """Reads a home and names of claims from the standard input, writes an entry each to the standard output."""
    from registry.catalogue import Registry
    from registry.ledger import entries

    os.nice(19)  # whoever waits for a page comes first
    home, names = pickle.load(sys.stdin.buffer)
    try:
        for entry in entries(Registry(home), names):
            pickle.dump(entry, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except BrokenPipeError:  # nobody wants to know any more
        sys.stderr.close()
    except Exception as error:  # the parent raises it; errors of several words do not survive a pickle
        told = str(error) if isinstance(error, RegistryError) else f"{type(error).__name__}: {error}"
        pickle.dump(RegistryError(told), sys.stdout.buffer)


if __name__ == "__main__":
    main()
