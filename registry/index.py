"""The on-disk index of a large graph: whole versions of a store, of which only changed files are read again.

A version is a folder with an Oxigraph store and a `Summary`.  The next one starts as hard links to
the last, takes in the files whose content changed, and is published by replacing the file CURRENT.
So a reader never sees a store that is being written, and a process that is killed leaves behind a
draft that nobody reads and the next writer removes.  Deleting the folder loses nothing.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from weakref import finalize

import pyoxigraph as ox

from registry.errors import BrokenFile
from registry.home import Home
from registry.pages import indexing
from registry.scanning import Known, Stamp, scan
from registry.summary import LAYOUT, Summary
from registry.triples import graph_of, parse

HAS_LOCKS = os.name == "posix"
"""Elsewhere a graph of any size is loaded into memory."""
if HAS_LOCKS:
    import fcntl

FORMAT = f"{ox.__version__} {LAYOUT}"
"""An index of another format is built anew."""

LARGE_FILES, LARGE_BYTES = 2_000, 8 * 2**20
"""From here on loading into memory takes longer than half a second."""

DRAFT = ".part"
"""How the names of folders end that no reader looks for."""

PATIENCE = 2.0
"""Seconds that a reader waits for a writer before it takes the last version as it is."""

FAILURES = (OSError, RuntimeError, sqlite3.Error)
"""What a full disk, a folder that may not be written or a damaged store raise."""

PAGE_WEIGHT = 10
"""Files of Turtle that take as long to read as a page."""

RESTAMP = 100
"""So many files with a new time and the old content are worth a new version: each is read at every start."""


@dataclass
class Version:
    """A published state, and whether files have changed since that another process is taking in.

    As long as this object lives, nobody deletes its folder.
    """

    store: ox.Store
    summary: Summary
    folder: Path
    stale: bool = False


def is_large(files: Mapping[str, Stamp]) -> bool:
    """Whether a graph is better kept on disk."""
    weight = sum(PAGE_WEIGHT if indexing.is_page(name) else 1 for name in files)
    return HAS_LOCKS and (weight > LARGE_FILES or sum(stamp.size for stamp in files.values()) > LARGE_BYTES)


def folder_of(home: Home) -> Path:
    """Where the index of a home stands."""
    return home.work / "index"


def exists(home: Home) -> bool:
    """Whether a home has an index already."""
    return HAS_LOCKS and (folder_of(home) / "CURRENT").is_file()


def current(home: Home, *, trusting: bool = True) -> Version:
    """The index of a home, brought up to date; raises FAILURES when it cannot be written.

    Without `trusting`, every file is looked at; see `scanning`.
    """
    folder = folder_of(home)
    folder.mkdir(parents=True, exist_ok=True)
    version = _published(folder)
    if version is not None and not _changed(home, version.summary, trusting):
        return version
    with _lock(folder / "lock", PATIENCE if version is not None else None) as locked:
        if not locked:
            assert version is not None
            version.stale = True
            return version
        outdated = None if version is None else version.folder
        version = _published(folder)
        # Unless another process has just done it.
        if version is None or version.folder == outdated or _changed(home, version.summary, trusting):
            _clear(folder)
            _publish(folder, _next(home, folder, version, trusting))
            version = _published(folder)
            if version is None:
                raise OSError(f"{folder} does not keep what is written to it")
        _sweep(folder, version.folder)
    return version


def _changed(home: Home, known: Summary, trusting: bool) -> bool:
    found = scan(home, known, trusting=trusting)
    if found.gone or _reads_pages_otherwise(home, known):
        return True
    same = 0
    for name, stamp in found.suspects.items():
        before = known.stamp(name)
        # Elsewhere, when the home has moved or one file shadows another with the same content.
        if before is None or before.path != stamp.path or known.checksum(name) != _checksum(stamp):
            return True
        same += 1
    return same > RESTAMP


def _reads_pages_otherwise(home: Home, known: Summary) -> bool:
    """Whether the pages were read by another table of keys, or by other code, than they would be now."""
    noted = known.fact("pages")
    return bool(noted) and noted != indexing.digest(home)


def _checksum(stamp: Stamp) -> str:
    """sha256 of a file's content, or "" when it cannot be read."""
    with suppress(OSError):
        return sha256(Path(stamp.path).read_bytes()).hexdigest()
    return ""


# Reading


def _published(folder: Path) -> Version | None:
    """The version that CURRENT names, or None when there is none that can be used."""
    for _ in range(10):  # a writer may publish and sweep between two lines here
        try:
            place = folder / "versions" / (folder / "CURRENT").read_text(encoding="utf-8")
            hold = os.open(place / "hold", os.O_RDONLY)
        except (OSError, ValueError):
            continue
        version = None
        try:
            fcntl.flock(hold, fcntl.LOCK_SH)
            if not (place / "hold").exists():  # swept while this waited
                continue
            version = _opened(place)
        finally:
            if version is None:
                os.close(hold)
            else:
                finalize(version, os.close, hold)
        return version
    return None


def _opened(place: Path) -> Version | None:
    """A version, unless it is damaged or of another format: then it is built again from the files."""
    try:
        if json.loads((place / "hold").read_bytes()) != _sizes(place):
            return None
        summary = Summary.open(place / "summary.sqlite")
        if summary.fact("format") != FORMAT:
            return None
        return Version(ox.Store.read_only(str(place / "store")), summary, place)
    except (*FAILURES, ValueError):
        return None


def _sizes(place: Path) -> dict[str, int]:
    """The sizes of all parts of a version: a store that lost some may open as an empty one."""
    parts = [place / "summary.sqlite"]
    for pattern in ("*.sst", "*.log", "CURRENT", "MANIFEST-*"):
        parts += (place / "store").glob(pattern)
    return {part.name: part.stat().st_size for part in parts}


# Writing


@contextmanager
def _lock(file: Path, patience: float | None) -> Iterator[bool]:
    """Whether the one lock of writers was got; without `patience`, it is waited for."""
    with file.open("wb") as stream:
        deadline = None if patience is None else time.monotonic() + patience
        locked = False
        while not locked:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX if deadline is None else fcntl.LOCK_EX | fcntl.LOCK_NB)
                locked = True
            except BlockingIOError:
                if deadline is not None and time.monotonic() > deadline:
                    break
                time.sleep(0.02)
        yield locked


def _next(home: Home, folder: Path, base: Version | None, trusting: bool) -> Path:
    """The next version, whole and synced, under a name that no reader looks for."""
    while True:
        draft = folder / "versions" / f"{time.time_ns()}{DRAFT}"
        try:
            _write(home, draft, base, trusting)
            return draft
        except (RuntimeError, sqlite3.DatabaseError):
            shutil.rmtree(draft, ignore_errors=True)
            if base is None:
                raise
            base = None  # it is damaged where nobody had looked
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)  # a full disk needs the room
            raise


def _write(home: Home, draft: Path, base: Version | None, trusting: bool) -> None:
    draft.mkdir(parents=True)
    if base is not None and _reads_pages_otherwise(home, base.summary):
        pages, (files, _) = len(base.summary.pages()), base.summary.size()
        if 2 * pages > files:
            base = None  # dropping them one by one takes longer than reading all files
    if base is None:
        summary = Summary.create(draft / "summary.sqlite")
        summary.note("format", FORMAT)
    else:
        base.store.backup(str(draft / "store"))
        shutil.copyfile(base.folder / "summary.sqlite", draft / "summary.sqlite")
        summary = Summary.open(draft / "summary.sqlite", writing=True)
    with closing(summary.connection):
        store = ox.Store(str(draft / "store"))
        found = scan(home, Known() if base is None else summary, trusting=trusting)
        changed: dict[str, Stamp] = {}
        if _reads_pages_otherwise(home, summary):
            again = {name: stamp for name in summary.pages() if (stamp := summary.stamp(name))}
            changed |= {name: again[name] for name in again.keys() - {*found.gone, *found.suspects}}
        else:
            again = {}
        for name, stamp in found.suspects.items():
            before = summary.checksum(name)
            if before is not None and name not in again and before == _checksum(stamp):
                summary.restamp(name, stamp)
            else:
                changed[name] = stamp
        for name in (*found.gone, *changed):
            if summary.checksum(name) is not None:
                store.remove_graph(graph_of(name))
                summary.forget(name)
        many = base is None or len(changed) > RESTAMP
        load(home, changed, store, summary, draft if many else None)
        summary.note("pages", indexing.digest(home) if summary.pages() else "")
        summary.trust(found.folders)
        summary.connection.commit()
        store.flush()
        del store
        gc.collect()  # there is no close()
    _sync(draft / "summary.sqlite")
    hold = draft / "hold"
    hold.write_text(json.dumps(_sizes(draft)), encoding="utf-8")
    _sync(hold)


def load(
    home: Home, files: Mapping[str, Stamp], store: ox.Store, summary: Summary, draft: Path | None = None
) -> None:
    """Reads files of a home into a store and a summary; into a draft in bulk, else all or nothing."""
    named = {name: stamp for name, stamp in files.items() if indexing.is_page(name)}
    with closing(indexing.Pages(home, named, draft)) as pages:
        triples = take_in({name: stamp for name, stamp in files.items() if name not in named}, summary)
        if draft is not None:
            store.bulk_extend(triples)
        else:
            store.extend(list(triples))
        for quads in pages.take_in(summary):
            if isinstance(quads, Path):
                store.bulk_load(path=quads, format=ox.RdfFormat.N_QUADS)
                quads.unlink()
            else:
                (store.load if draft is None else store.bulk_load)(quads, format=ox.RdfFormat.N_QUADS)
    if draft is not None:
        # Loading in bulk leaves many small overlapping files, in which every look-up takes five times as long.
        store.optimize()


def take_in(files: Mapping[str, Stamp], summary: Summary) -> Iterator[ox.Quad]:
    """Reads files into a summary and gives their triples; what does not parse is noted there."""
    for name, stamp in files.items():
        path = Path(stamp.path)
        checksum = ""
        try:
            content = path.read_bytes()
            checksum = sha256(content).hexdigest()
            quads = parse(name, path, content)
        except FileNotFoundError:
            if "\\udc" in name:
                summary.add_broken(name, stamp, checksum, None, "its name is not UTF-8; give it another")
            elif path.is_symlink():
                summary.add_broken(name, stamp, checksum, None, f"is a link to {path.readlink()}, which is not there")
            # Anything else was deleted since it was listed.
        except OSError as error:
            summary.add_broken(name, stamp, checksum, None, error.strerror or str(error))
        except BrokenFile as error:
            summary.add_broken(name, stamp, checksum, error.line, error.reason)
        else:
            summary.add(name, stamp, checksum, quads)
            yield from quads


def _publish(folder: Path, draft: Path) -> None:
    """From here on the version is the current one."""
    whole = draft.with_suffix("")
    draft.rename(whole)
    pointer = folder / "CURRENT.part"
    pointer.write_text(whole.name, encoding="utf-8")
    _sync(pointer)
    pointer.replace(folder / "CURRENT")


def _sync(file: Path) -> None:
    with file.open("rb") as stream:
        os.fsync(stream.fileno())


def _sweep(folder: Path, keep: Path) -> None:
    """Deletes the versions that nobody holds open."""
    for place in (folder / "versions").iterdir():
        if place == keep or place.suffix == DRAFT:
            continue
        with suppress(OSError), (place / "hold").open("rb") as hold:
            fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place.rename(place.with_suffix(DRAFT))  # half deleted it would be no version and no draft
    _clear(folder)


def _clear(folder: Path) -> None:
    """Deletes what killed writers left behind, and what nobody needs any more."""
    for place in (folder / "versions").glob(f"*{DRAFT}"):
        shutil.rmtree(place, ignore_errors=True)
