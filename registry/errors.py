"""What a request can do wrong.  Every message names the thing, the place, the guess and the way out.

RegistryError            (the command line prints it and exits with 1)
  UnknownName            no method, benchmark, term, recipe, ... of that name
  AmbiguousName          a name that several subjects bear equally
  BadSetting             a recipe or --set has a keyword or a value that nothing takes
  BrokenFile             a Turtle file that does not parse
  QueryRefused           SPARQL that is wrong, writes, reaches outside or takes too long
  MissingExtra           a command needs packages that are not installed
  RunFailed              a run ended without a result; its record was written
    Interrupted          somebody stopped it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

LISTED_BY = {
    "method": "registry methods",
    "benchmark": "registry benchmarks",
    "question": "registry ask",
    "subject": "registry methods, registry benchmarks, registry claims",
    "run": "registry runs",
}

MANY, FEW = 500, 5
"""Of more names than the first number, only so many as the second are looked at closely."""


class RegistryError(Exception):
    """Base of all errors that are the request's or the graph's, not the code's."""


class UnknownName(RegistryError):
    """There is nothing of that kind and name; says the nearest, or lists all when they are few."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        if near := nearest(name, known):
            hint = f"; did you mean {near!r}?"
        elif known and len(known) <= 12:
            hint = f"; there are {', '.join(known)}"
        elif kind in LISTED_BY:
            hint = f"; they are listed by: {LISTED_BY[kind]}"
        else:
            hint = f"; there are {len(known)}, such as {known[0]}" if known else "; there is none yet"
        super().__init__(f"no {kind} {name!r}{hint}")


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that is most like another one, or None where none is."""
    if len(known) > MANY:  # of a hundred thousand, difflib would need a minute
        from rapidfuzz import fuzz, process

        known = [each for each, *_ in process.extract(name, known, scorer=fuzz.ratio, limit=FEW)]
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.5)), None)


class AmbiguousName(RegistryError):
    """Several subjects are called so; each can be named by its kind and slug."""

    def __init__(self, name: str, bearers: Iterable[str]) -> None:
        bearers = sorted(bearers)
        super().__init__(f"{name!r} is the name of {', '.join(bearers)}; say which, for instance {bearers[0]!r}")


class BadSetting(RegistryError):
    """A keyword that nothing takes, one that is missing, or a value of the wrong kind."""


class BrokenFile(RegistryError):
    """A Turtle file that cannot be read; `line` counts from 1, and is None where nobody knows it."""

    def __init__(self, file: Path, line: int | None, reason: str) -> None:
        self.file, self.line, self.reason = file, line, reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")


class QueryRefused(RegistryError):
    """A query that is not SPARQL, that would write or reach outside, or that took too long.

    `place` is the line and the column of what is wrong, both from 1, where it is one place.
    """

    def __init__(self, message: str, place: tuple[int, int] | None = None) -> None:
        self.place = place
        super().__init__(message)


class MissingExtra(RegistryError):
    """A command needs an optional group of packages."""

    def __init__(self, doing: str, extra: str, missing: str) -> None:
        super().__init__(
            f"{doing} needs packages that are not installed ({missing}); "
            f"install them with: pip install 'contrastive-registry[{extra}]', or '.[{extra}]' in a checkout"
        )


class RunFailed(RegistryError):
    """A run ended without a result."""


class Interrupted(RunFailed):
    """A person or the system stopped a run."""
