"""The source text that the graph points at, read as a file: nothing of it is imported or run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from registry.errors import RegistryError

PACKAGES = ("reference_impl",)
"""Only what these packages hold is shown: a pointer is text of the graph, and no path."""

POINTER = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+):([A-Za-z_]\w*)", re.ASCII)

DEPARTURE = re.compile(r"^[ \t]*# (Unlike the papers?: .*(?:\n[ \t]*# .*)*)", re.MULTILINE)
"""How the code says where it differs from its paper."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of the implementation, and where in it the class or function stands."""

    file: str
    """Below the folder that holds the package."""
    text: str
    first: int | None
    """The line where the definition begins, from 1; None where the file has no such name."""
    last: int | None
    departures: tuple[str, ...]
    """What its comments say of departures from the paper."""


def read_source(pointer: str) -> Source:
    """The file of "package.module:Name"; raises RegistryError where there is none to show."""
    parts = POINTER.fullmatch(pointer)
    if parts is None:
        raise RegistryError(f"{pointer!r} is not written as package.module:Name")
    package, *modules = parts[1].split(".")
    if package not in PACKAGES:
        raise RegistryError(f"{pointer} lies outside {', '.join(PACKAGES)}, whose sources alone are shown")
    spec = find_spec(package)  # of the package itself: of a module in it, this would import what is above
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder, *modules).with_suffix(".py")
        if file.is_file():
            return _source(file, Path(folder).parent, parts[2])
    raise RegistryError(f"{parts[1]} is not installed here, or is no file of Python source")


def _source(file: Path, above: Path, name: str) -> Source:
    try:
        text = file.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError) as error:
        raise RegistryError(f"{file.name} cannot be read: {error}") from error
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = next((node for node in tree.body if isinstance(node, definitions) and node.name == name), None)
    return Source(
        file=file.relative_to(above).as_posix(),
        text=text,
        first=None if found is None else found.lineno,
        last=None if found is None else found.end_lineno,
        departures=tuple(re.sub(r"\n[ \t]*# ", " ", comment) for comment in DEPARTURE.findall(text)),
    )
