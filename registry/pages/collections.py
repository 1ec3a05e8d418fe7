"""Folders of pages copied into the graph byte for byte, each a collection of its own.

The copies are files of the graph; what they say is read from them by the index.  A page is replaced
as a whole, and one whose size and time are those of its copy is not read again.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from stat import S_ISREG
from threading import get_ident

from registry.errors import RegistryError
from registry.home import PAGES, Home
from registry.namespaces import PREFIXES, iri
from registry.results import replace
from registry.scanning import PAGE, SETTLED, printable

OWN = "registry"
"""The collection of what people add to pages of our own subjects."""

RECORD = "collection.ttl"
CONFIG = "logseq/config.edn"
"""Kept with the pages: it says how names of files are read."""

IGNORED = ("logseq/bak", "logseq/version-files")
"""Folders whose files are no pages to Logseq, beside node_modules and those that begin with a dot."""

LONGEST = 100
"""Characters of a collection's name: it is a folder and a part of IRIs."""

COPIERS = 2
"""Threads that copy: while one waits for the file system, another goes on."""

FORGOTTEN = 3600
"""Seconds after which a draft is one that a killed import left behind."""


@dataclass
class Copied:
    """What came of one folder; pages by their path below it."""

    collection: str
    source: Path
    before: str | None = None
    """The folder that the collection came from until now, if another."""
    imported: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """No longer in the folder: deleted if `pruned`, else kept."""
    pruned: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    """Why a file or a folder was left out; the rest is imported."""
    others: int = 0
    """Files that are no pages, such as drawings."""


@dataclass(frozen=True)
class Stand:
    """A page in the folder that is imported."""

    path: str
    size: int
    modified: int


def copy(home: Home, sources: Iterable[Path], name: str | None = None, *, prune: bool = False) -> list[Copied]:
    """Copies folders and single pages into collections; raises RegistryError before anything is copied.

    A collection is called like its folder, or `name`.  With `prune`, pages that are gone from a
    folder are deleted from its collection.
    """
    wanted = _by_folder(sources)
    if name is not None and len(wanted) > 1:
        listed = " and ".join(str(folder) for folder in wanted)
        raise RegistryError(f"--name is for one folder at a time, and these are of {len(wanted)}: {listed}")
    planned: dict[str, Path] = {}
    for folder in wanted:
        collection = _collection(folder, name)
        if collection in planned:
            raise RegistryError(
                f"{planned[collection]} and {folder} are both called {collection}; use --name for one"
            )
        planned[collection] = folder
    plans = [(collection, folder, _before(home, collection, folder, name)) for collection, folder in planned.items()]
    return [
        _copy_folder(home, Copied(collection, folder, before), wanted[folder], prune)
        for collection, folder, before in plans
    ]


def _by_folder(sources: Iterable[Path]) -> dict[Path, list[Path] | None]:
    """Each folder with the pages of it that are meant, or None for all."""
    wanted: dict[Path, list[Path] | None] = {}
    for source in sources:
        path = Path(os.path.abspath(source))  # noqa: PTH100  # a link is called as it is named
        if path.is_dir():
            wanted[path] = None
        elif not path.exists():
            raise RegistryError(f"{printable(str(source))}: there is no such folder or page")
        elif path.suffix != PAGE:
            raise RegistryError(f"{printable(str(source))} is no page; pages are Markdown files that end in {PAGE}")
        elif (files := wanted.setdefault(path.parent, [])) is not None:
            files.append(path)
    return wanted


def _collection(folder: Path, name: str | None) -> str:
    asked = folder.name if name is None else name
    slug = slug_of(asked)
    if not slug:
        raise RegistryError(f"{printable(asked)!r} gives no name for a collection; use --name")
    if name is not None and name != slug:
        raise RegistryError(f"{printable(name)!r} cannot be the name of a collection; take --name {slug}")
    if slug == OWN:
        raise RegistryError(f"the name {OWN} is for pages of the registry itself; choose another with --name")
    return slug


def slug_of(name: str) -> str:
    """A name in small letters, digits, hyphens, underscores and dots within."""
    return re.sub(r"[^\w.-]+", "-", printable(name).lower())[:LONGEST].strip("-._")


def folder_of(home: Home, collection: str) -> Path:
    """Where the pages of a collection stand."""
    return home.imports / PAGES / collection


def _before(home: Home, collection: str, folder: Path, name: str | None) -> str | None:
    """The other folder that a collection was imported from; only a name that was typed may take its place."""
    place = folder_of(home, collection)
    if place.is_relative_to(folder) or folder.is_relative_to(home.imports):
        raise RegistryError(
            f"{printable(str(folder))} holds imported pages already; import the folder they came from"
        )
    known = source_of(place / RECORD)
    if known is None or known == printable(str(folder)):
        return None
    if name is None:
        raise RegistryError(
            f"the collection {collection} was imported from {known}, not from {printable(str(folder))}; "
            f"choose another name with --name, or --name {collection} if the folder has moved"
        )
    return known


def source_of(record: Path) -> str | None:
    """The folder that a collection came from; None where there is no record of it."""
    import pyoxigraph as ox

    try:
        triples = list(ox.parse(record.read_bytes(), format=ox.RdfFormat.TURTLE))
    except FileNotFoundError:
        return None
    except (OSError, SyntaxError, ValueError) as error:
        raise RegistryError(f"{record}: cannot be read, so what the collection is stays unknown: {error}") from error
    folder = ox.NamedNode(iri("reg", "sourceFolder"))
    return next((str(triple.object.value) for triple in triples if triple.predicate == folder), None)


def _copy_folder(home: Home, report: Copied, files: list[Path] | None, prune: bool) -> Copied:
    place = folder_of(home, report.collection)
    found = dict(sorted(_pages(report) if files is None else _named(report, files)))
    if not found and not report.refused:
        raise RegistryError(
            f"{printable(str(report.source))} holds no pages; they are Markdown files that end in {PAGE}"
        )
    here = _copies(place)
    try:
        place.mkdir(parents=True, exist_ok=True)
        _keep_record(place, report)
        with ThreadPoolExecutor(COPIERS) as copiers:
            copying = {}
            for name, stand in found.items():
                before = here.get(name)
                if before is not None and (before.size, before.modified) == (stand.size, stand.modified):
                    report.unchanged.append(name)
                else:
                    copying[name] = copiers.submit(_copy_page, place / name, stand, before is not None)
            joins = {"imported": report.imported, "replaced": report.replaced, "unchanged": report.unchanged}
            for name, copied in copying.items():
                outcome, reason = copied.result()
                if reason:
                    report.refused[name] = reason
                else:
                    joins[outcome].append(name)
        if files is None:
            # Whatever could not be looked at may still be there.
            lost = tuple(report.refused)
            report.gone = [
                name
                for name in sorted(here.keys() - found.keys())
                if not any(name == other or name.startswith(f"{other}/") for other in lost)
            ]
            if prune:
                report.pruned = True
                for name in report.gone:
                    (place / name).unlink(missing_ok=True)
    except OSError as error:
        raise RegistryError(f"{place}: the pages cannot be written: {error}") from error
    return report


def _pages(report: Copied) -> Iterator[tuple[str, Stand]]:
    """The pages of a folder that Logseq would read; links are followed no further than that folder."""
    top = str(report.source)
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            report.refused[_below(folder, top)] = f"cannot be listed: {error.strerror or error}"
            continue
        for entry in entries:
            name = _below(entry.path, top)
            if is_left_out(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
                continue
            is_link, is_page = entry.is_symlink(), entry.name.endswith(PAGE)
            to_folder = is_link and Path(entry.path).is_dir()
            if is_link and (is_page or to_folder) and leads_out(entry.path, top):
                report.refused[name] = "is a link that leads out of the folder; import its target"
            elif not is_page or to_folder:
                report.others += not to_folder and name != CONFIG
            elif (stand := _stand(name, entry.path, entry.stat, report)) is not None:
                yield name, stand


def is_left_out(name: str) -> bool:
    """Whether Logseq reads nothing of a file or folder, by its path below that of the graph."""
    own = name.rsplit("/", 1)[-1]
    return own.startswith(".") or own == "node_modules" or name in IGNORED


def _below(path: str, top: str) -> str:
    return printable(path)[len(printable(top)) + 1 :].replace(os.sep, "/")


def leads_out(path: str | Path, top: str | Path) -> bool:
    """Whether a path leads out of a folder, to nowhere, or to itself."""
    try:
        return not Path(path).resolve(strict=True).is_relative_to(Path(top).resolve())
    except (OSError, RuntimeError):
        return True


def _named(report: Copied, files: Iterable[Path]) -> Iterator[tuple[str, Stand]]:
    for file in files:
        if (stand := _stand(printable(file.name), str(file), file.stat, report)) is not None:
            yield file.name, stand


def _stand(name: str, file: str, stat: Callable[[], os.stat_result], report: Copied) -> Stand | None:
    if printable(file) != file:
        report.refused[name] = "its name is not UTF-8; give it another"
        return None
    try:
        status = stat()
    except OSError as error:
        report.refused[name] = f"cannot be read: {error.strerror or error}"
        return None
    if not S_ISREG(status.st_mode):
        report.refused[name] = "is no file"
        return None
    return Stand(file, status.st_size, status.st_mtime_ns)


def _copies(place: Path) -> dict[str, Stand]:
    """The pages of a collection as they were copied; what a killed import left behind is deleted."""
    found = {}
    waiting = [str(place)]
    while waiting:
        with suppress(FileNotFoundError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                elif entry.name.endswith(PAGE):
                    status = entry.stat()
                    found[_below(entry.path, str(place))] = Stand(entry.path, status.st_size, status.st_mtime_ns)
                elif entry.name.endswith(".part") and time.time() - entry.stat().st_ctime > FORGOTTEN:
                    Path(entry.path).unlink(missing_ok=True)
    return found


def _copy_page(target: Path, stand: Stand, known: bool) -> tuple[str, str]:
    """What came of a page: the list of the report that it joins, and why it was refused."""
    try:
        with open(stand.path, "rb") as source:  # noqa: PTH123 - a Path takes as long as reading the page
            content = source.read()
        content.decode("utf-8")
    except OSError as error:
        return "refused", f"cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "refused", f"is not UTF-8 text (line {line}); save it as UTF-8"
    outcome = "replaced" if known else "imported"
    if known and target.read_bytes() == content:
        outcome = "unchanged"
    else:
        # Not synced: a page that a crash cut short has another size than its source, and is copied again.
        draft = f"{target.parent}/.{os.getpid()}-{get_ident()}.part"
        try:
            copy = open(draft, "wb")  # noqa: PTH123, SIM115
        except FileNotFoundError:
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = open(draft, "wb")  # noqa: PTH123, SIM115
        with copy:
            copy.write(content)
        os.replace(draft, target)  # noqa: PTH105
    if time.time_ns() - stand.modified > SETTLED:  # one as young may change again without a trace
        os.utime(target, ns=(stand.modified, stand.modified))
    return outcome, ""


def _keep_record(place: Path, report: Copied) -> None:
    """The description of the collection, and how its files are named."""
    from registry.pages.names import collection_iri

    used = "".join(f"@prefix {prefix}: <{PREFIXES[prefix]}> .\n" for prefix in ("reg", "rdfs", "prov"))
    record = (
        "# Pages of a Logseq graph, imported as they are; they stand beside this file.\n"
        f"{used}\n<{collection_iri(report.collection)}>\n    a reg:Import, prov:Activity ;\n"
        f"    rdfs:label {_literal(report.collection)} ;\n"
        f"    reg:sourceFolder {_literal(printable(str(report.source)))} .\n"
    )
    config = report.source / PurePath(CONFIG)
    kept = {place / RECORD: record.encode()}
    if config.is_file() and not leads_out(config, report.source):
        kept[place / PurePath(CONFIG)] = config.read_bytes()
    for file, content in kept.items():
        if not file.exists() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace(file, content)


def _literal(text: str) -> str:
    import pyoxigraph as ox

    return str(ox.Literal(text))
