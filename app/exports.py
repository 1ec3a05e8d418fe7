"""What an export needs from a person, the command that gives the same, and the file once it is made."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import streamlit as st

from app.state import State
from app.words import file_name
from app.work import Work
from registry import Registry
from registry.exporting import FORMATS, Shape
from registry.exporting.archive import archive, pages_archive
from registry.pages.flavours import FLAVOURS, LICENCE, PROFILES, PURPOSE

PAGES = "logseq"
"""The one format that is not of the table: a folder of pages."""

PAGES_FOLDER = "registry-pages"
HELP = "pages for Logseq or Obsidian, as a folder"
KEPT, KEPT_SECONDS = 6, 3_600
"""So many files are kept for all sessions, and so long."""

MOST_TRIPLES = 2_000_000
"""A file of a whole graph that is larger is no load for a browser."""

TYPES = {
    "ttl": "text/turtle",
    "nq": "application/n-quads",
    "csv": "text/csv",
    "jsonld": "application/ld+json",
    "json": "application/json",
    "bib": "application/x-bibtex",
    "md": "text/markdown",
    "zip": "application/zip",
}


@dataclass(frozen=True)
class Wish:
    """An export that a person asks for."""

    form: str
    names: tuple[str, ...] = ()
    profile: str = PROFILES[0]
    flavour: str = FLAVOURS[0]

    @property
    def is_folder(self) -> bool:
        """Whether the command makes a folder of it."""
        return self.form == PAGES or FORMATS[self.form].makes_folder(self.names)

    @property
    def file(self) -> str:
        """What its file or folder is called."""
        stem, _, ending = (PAGES_FOLDER if self.form == PAGES else FORMATS[self.form].file).partition(".")
        one = file_name(f"{stem}-{self.names[0]}") if len(self.names) == 1 else stem
        return one if self.is_folder else f"{one}.{ending}"

    @property
    def command(self) -> str:
        """What to type for the same."""
        words = ["registry", "export", self.form, "--output", self.file]
        if self.form == PAGES:
            words += ["--profile", self.profile] if self.profile != PROFILES[0] else []
            words += ["--flavour", self.flavour] if self.flavour != FLAVOURS[0] else []
        if any(name.startswith("-") for name in self.names):
            words.append("--")  # a name of the graph must not become an option
        words += self.names
        return shlex.join(words)


@dataclass(frozen=True)
class Export:
    """A file to take away."""

    name: str
    content: bytes = field(repr=False)
    files: int
    """How many there are in it, where it is a zip; else 1."""

    @property
    def type(self) -> str:
        """Its media type."""
        return TYPES[self.name.rpartition(".")[2]]

    @cached_property
    def hollow(self) -> bool:
        """Whether it has a form and nothing in it."""
        if self.name.endswith(".csv"):
            return self.content.count(b"\n") <= 1
        lines = self.content.splitlines()
        return self.content.strip() in (b"", b"[]") or all(line.startswith(b"@prefix") for line in lines)


class Making:
    """An export on its way; pages can be counted while they are written."""

    def __init__(self, registry: Registry, wish: Wish) -> None:
        self._place: Path | None = None
        self.work = Work(lambda: self._make(registry, wish))

    def progress(self) -> str:
        """How far it is, in words."""
        place = self._place
        pages = sum(1 for _ in place.rglob("*.md")) if place is not None else 0
        return f"{pages:,} pages written" if pages else ""

    def _make(self, registry: Registry, wish: Wish) -> Export:
        if wish.form == PAGES:
            with TemporaryDirectory(prefix="pages-") as place:
                self._place = Path(place)
                content = pages_archive(
                    registry, wish.names, profile=wish.profile, flavour=wish.flavour, work=self._place
                )
                self._place = None
            with ZipFile(BytesIO(content)) as made:
                return Export(f"{wish.file}.zip", content, len(made.namelist()))
        files = registry.export_files(wish.form, *wish.names)
        if wish.is_folder:
            return Export(f"{wish.file}.zip", archive(files), len(files))
        (content,) = files.values()
        return Export(wish.file, content, 1)


@st.cache_resource(max_entries=KEPT, ttl=KEPT_SECONDS, show_spinner=False)
def making(version: str, wish: Wish, _current: State) -> Making:
    """The export of one state of the graph, made once for all who ask."""
    return Making(_current.registry, wish)


def purpose_of(form: str) -> str:
    """What a format is for, in sentences."""
    return PURPOSE if form == PAGES else FORMATS[form].purpose


def licence_of(form: str) -> str | None:
    """What holds for its files, in a sentence, where somebody has rights in them."""
    return LICENCE if form == PAGES else FORMATS[form].licence


def help_of(form: str) -> str:
    """What a format writes, in a few words."""
    return HELP if form == PAGES else FORMATS[form].help


def kinds_of(form: str) -> Sequence[str]:
    """The kinds of subjects that can be named."""
    return () if form == PAGES else FORMATS[form].kinds


def needs_one(form: str) -> bool:
    """Whether it is of one subject, never of all."""
    return form != PAGES and FORMATS[form].shape is Shape.FOLDER and len(kinds_of(form)) == 1


def is_whole(form: str) -> bool:
    """Whether it is of the whole graph, whatever is named."""
    return form != PAGES and FORMATS[form].subject is None


def size(count: int) -> str:
    """Bytes as people say them."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"
