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
    file: str
    """What its file is called, or, with the ending of each file in it, its folder."""
    writer: str
    """As package.module:function; imported when it is asked for, so that `--help` waits for no RDF store."""
    purpose: str
    """What it is for, in a sentence or two."""
    licence: str | None = None
    """What holds for the file, in a sentence; None where nobody has rights in it."""
    subject: str | None = None
    """What NAME may name, in words; None where the format is of the whole graph."""
    kinds: tuple[str, ...] = ()
    """The same as kinds of subjects."""
    shape: Shape = Shape.TEXT

    def files(self, registry: Registry, names: Sequence[str]) -> Mapping[str, bytes]:
        """The files of an export by name."""
        module, _, function = self.writer.partition(":")
        return cast(Writer, getattr(import_module(module), function))(registry, names)

    def makes_folder(self, names: Sequence[str]) -> bool:
        """Whether the export of these subjects is a folder, whatever is found in them."""
        return self.shape is Shape.FOLDER or (self.shape is Shape.EACH and len(names) != 1)


QUOTED = "what claims quote belongs to their sources, which each claim names"
WHOLE = (
    f"MIT; {QUOTED}. Imported tables of Papers with Code are under CC BY-SA 4.0, imported pages are their authors'."
)
OURS = "MIT: these are measurements of our own runs."

FORMATS = {
    "turtle": Format(
        help="whole graph, triples merged",
        purpose="For any tool that reads RDF, and for people: the form in which the graph is written, in one file.",
        licence=WHOLE,
        file="registry.ttl",
        writer="registry.exporting.triples:turtle",
    ),
    "nquads": Format(
        help="whole graph, one named graph a file",
        purpose="To load the graph into a triple store of yours; each triple still says which file it stands in.",
        licence=WHOLE,
        file="registry.nq",
        writer="registry.exporting.triples:nquads",
    ),
    "csv": Format(
        help="runs, one a line",
        purpose="For a spreadsheet or pandas: what each run of ours measured, and whether it counts or why not.",
        licence=OURS,
        file="runs.csv",
        writer="registry.exporting.tables:runs",
        subject="method",
        kinds=("method",),
    ),
    "csv-claims": Format(
        help="claims with their verdicts, one a line",
        purpose="For a spreadsheet or pandas: what sources claim, word for word, and beside it what our runs say.",
        licence=f"MIT; {QUOTED}.",
        file="claims.csv",
        writer="registry.exporting.tables:claims",
        subject="method",
        kinds=("method",),
    ),
    "jsonld": Format(
        help="whole graph, one named graph a file",
        purpose="For programs that read JSON and know linked data; the context is inside, nothing is fetched.",
        licence=WHOLE,
        file="registry.jsonld",
        writer="registry.exporting.jsonld:jsonld",
    ),
    "mls": Format(
        help="runs in ML-Schema's words only, as Turtle",
        purpose="For tools that compare experiments and know the words of ML-Schema only. Claims are not in it.",
        licence=OURS,
        file="ml-schema.ttl",
        writer="registry.exporting.mlschema:mlschema",
        subject="run",
        kinds=("run",),
    ),
    "bibtex": Format(
        help="papers",
        purpose="To cite the papers that introduced the methods, from LaTeX or a reference manager.",
        file="papers.bib",
        writer="registry.exporting.bibtex:bibtex",
        subject="paper",
        kinds=("paper",),
    ),
    "model-index": Format(
        help="what a method reached here, for a Hugging Face model card",
        purpose="For the head of a model card on Hugging Face, which then shows our results. Claims are not in it.",
        licence=OURS,
        file="model-index.md",
        writer="registry.exporting.model_index:model_index",
        subject="method",
        kinds=("method",),
        shape=Shape.EACH,
    ),
    "croissant": Format(
        help="a data set as Croissant 1.1",
        purpose="For catalogues and loaders that read Croissant: what a data set is, its splits and checksums.",
        licence="MIT for the description; the data are not in it and keep their own licence.",
        file="croissant.json",
        writer="registry.exporting.croissant:croissant",
        subject="data set",
        kinds=("dataset",),
        shape=Shape.EACH,
    ),
    "pwc": Format(
        help="claims, or an import as it came, as Papers with Code tables",
        purpose="For programs that read the tables of Papers with Code. Our results are never among the claims.",
        licence=f"An import stays under CC BY-SA 4.0. Without one: MIT; {QUOTED}.",
        file="evaluation-tables.json",
        writer="registry.pwc_export:pwc",
        subject="import",
        kinds=("import",),
    ),
    "eee": Format(
        help="results and claims as Every Eval Ever 0.3.0",
        purpose="To send evaluations to Every Eval Ever, a record each: of runs of ours or of a text, never of both.",
        licence=f"MIT; {QUOTED}.",
        file="every-eval-ever.json",
        writer="registry.exporting.eee:eee",
        subject="method or run",
        kinds=("method", "run"),
        shape=Shape.FOLDER,
    ),
    "rocrate": Format(
        help="one run as a Process Run Crate 0.5",
        purpose="To deposit one run, for instance on Zenodo, with its record, its learning curve and its provenance.",
        licence="MIT; the data sets are not in it and keep theirs.",
        file="ro-crate.json",
        writer="registry.exporting.rocrate:rocrate",
        subject="run",
        kinds=("run",),
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
