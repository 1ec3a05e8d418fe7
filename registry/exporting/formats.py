"""The table of export formats: what each writes, of which subjects, and whether as a text or as a folder.

A new format is a function of (registry, names) that returns files by name, and a line of the table.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from registry.errors import RegistryError, UnknownName

if TYPE_CHECKING:
    from registry.catalogue import Registry

Writer = Callable[["Registry", Sequence[str]], Mapping[str, bytes]]


class Shape(Enum):
    """What an export is made of."""

    TEXT = "one text, whatever is named"
    EACH = "one text for each subject"
    FOLDER = "a folder of files"


@dataclass(frozen=True, kw_only=True)
class Format:
    """A line of the table."""

    help: str
    writer: str
    """As package.module:function; imported when it is asked for, so that `--help` waits for no RDF store."""
    subject: str | None = None
    """What NAME may name, in words; None where the format is of the whole graph."""
    shape: Shape = Shape.TEXT

    def files(self, registry: Registry, names: Sequence[str]) -> Mapping[str, bytes]:
        """The files of an export by name."""
        module, _, function = self.writer.partition(":")
        return cast(Writer, getattr(import_module(module), function))(registry, names)

    def makes_folder(self, names: Sequence[str]) -> bool:
        """Whether the export of these subjects is a folder, whatever is found in them."""
        return self.shape is Shape.FOLDER or (self.shape is Shape.EACH and len(names) != 1)


FORMATS = {
    "turtle": Format(help="whole graph, triples merged", writer="registry.exporting.triples:turtle"),
    "nquads": Format(help="whole graph, one named graph a file", writer="registry.exporting.triples:nquads"),
    "csv": Format(help="runs, one a line", writer="registry.exporting.tables:runs", subject="method"),
    "csv-claims": Format(
        help="claims with their verdicts, one a line", writer="registry.exporting.tables:claims", subject="method"
    ),
    "jsonld": Format(help="whole graph, one named graph a file", writer="registry.exporting.jsonld:jsonld"),
    "mls": Format(
        help="runs in ML-Schema's words only, as Turtle", writer="registry.exporting.mlschema:mlschema", subject="run"
    ),
    "bibtex": Format(help="papers", writer="registry.exporting.bibtex:bibtex", subject="paper"),
    "model-index": Format(
        help="what a method reached here, for a Hugging Face model card",
        writer="registry.exporting.model_index:model_index",
        subject="method",
        shape=Shape.EACH,
    ),
    "croissant": Format(
        help="a data set as Croissant 1.1",
        writer="registry.exporting.croissant:croissant",
        subject="data set",
        shape=Shape.EACH,
    ),
    "pwc": Format(
        help="claims, or an import as it came, as Papers with Code tables",
        writer="registry.pwc_export:pwc",
        subject="import",
    ),
    "eee": Format(
        help="results and claims as Every Eval Ever 0.3.0",
        writer="registry.exporting.eee:eee",
        subject="method or run",
        shape=Shape.FOLDER,
    ),
    "rocrate": Format(
        help="one run as a Process Run Crate 0.5",
        writer="registry.exporting.rocrate:rocrate",
        subject="run",
        shape=Shape.FOLDER,
    ),
}


def export(registry: Registry, form: str, names: Sequence[str] = ()) -> str:
    """An export that is one text; raises UnknownName, and RegistryError where it is a folder."""
    if _format(form, names).makes_folder(names):
        each = "; name one subject for a text" if FORMATS[form].shape is Shape.EACH else ""
        raise RegistryError(f"{form} makes a folder of files: name a new one with --output{each}")
    (content,) = FORMATS[form].files(registry, names).values()
    return content.decode()


def export_files(registry: Registry, form: str, names: Sequence[str] = ()) -> dict[str, bytes]:
    """The files of an export by name, one or many; raises UnknownName, RegistryError."""
    return dict(sorted(_format(form, names).files(registry, names).items()))


def _format(form: str, names: Sequence[str]) -> Format:
    if form not in FORMATS:
        raise UnknownName("export format", form, FORMATS)
    if names and FORMATS[form].subject is None:
        raise RegistryError(f"{form} is of the whole graph and takes no names; leave out {' '.join(names)}")
    return FORMATS[form]


def publish_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Creates a folder with all its files, or nothing; raises FileExistsError rather than touch one."""
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(folder)
    try:
        draft.mkdir()
        for name, content in files.items():
            assert Path(name).name == name, f"{name!r} would leave the folder"
            with (draft / name).open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        # Should somebody have made the folder meanwhile, this fails unless theirs is empty.
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
