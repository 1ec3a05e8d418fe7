"""Which files of a home have changed since they were last read, without reading all of them.

A file is known by its size, time and inode.  Folders of results are trusted as a whole while their
own time stands still: records are added and never edited, so a hundred thousand of them need not be
looked at one by one.  Who edits one in place all the same is found out by `registry check`, which trusts nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from registry.errors import RegistryError
from registry.home import IMPORTS, PAGES, RESULTS, Home

TURTLE, PAGE = ".ttl", ".md"
"""How the names of the files end that are read; a page is read only where imported pages stand."""

SETTLED = 2 * 10**9
"""Nanoseconds: a time younger than this may not tell two changes apart."""


@dataclass(frozen=True)
class Stamp:
    """What tells that a file is still the one that was read."""

    path: str
    size: int
    modified: int
    """Nanoseconds; 0 where it was too young to be trusted."""
    inode: int


@dataclass
class Scan:
    """The outcome: what to read, what to forget, and the folders that may be trusted next time."""

    suspects: dict[str, Stamp] = field(default_factory=dict)
    """By name below the ontology: files that are new or whose stamp differs."""
    gone: list[str] = field(default_factory=list)
    folders: dict[str, int] = field(default_factory=dict)
    """Every folder that was seen, with its time in nanoseconds, or 0."""


class Known:
    """What the last scan left behind; the empty one knows nothing."""

    def folders(self) -> Mapping[str, int]:
        """Folders with the time at which they were trusted, or 0."""
        return {}

    def stamps(self, folder: str) -> Mapping[str, Stamp]:
        """The files of a folder, by name."""
        return {}

    def stamp(self, name: str) -> Stamp | None:
        """One file, in whatever folder it was found."""
        return None


def scan(home: Home, known: Known, *, trusting: bool = True) -> Scan:
    """Compares the folders of a home with what is known of them; raises RegistryError for one it may not list."""
    before = known.folders()
    children: dict[str, list[str]] = {}
    for path in before:
        children.setdefault(str(Path(path).parent), []).append(path)
    now = time.time_ns()
    result = Scan()
    found: dict[str, Stamp] = {}
    visited: dict[str, Mapping[str, Stamp]] = {}
    for layer in home.layers:
        top = str(layer)
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                modified = Path(folder).stat().st_mtime_ns
            except OSError:
                continue
            parts = Path(folder).relative_to(layer).parts
            if trusting and parts[:1] == (RESULTS,) and modified and before.get(folder) == modified:
                result.folders[folder] = modified
                waiting += children.get(folder, [])
                continue
            visited[folder] = known.stamps(folder)
            settled = now - modified > SETTLED
            # Below the folder of a collection, that is.
            endings = (TURTLE, PAGE) if parts[:2] == (IMPORTS, PAGES) and len(parts) > 2 else (TURTLE,)
            for entry in _entries(folder):
                path = printable(entry.path)
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and folder == top and not home.reads(layer, entry.name):
                    continue
                if is_folder and path == entry.path:
                    waiting.append(path)
                elif is_folder or _is_read(entry, endings):
                    stamp = _stamp(entry, now)
                    settled = settled and bool(stamp.modified)
                    # A later layer shadows an earlier one.
                    found[path[len(top) + 1 :].replace(os.sep, "/")] = stamp
            # A file that is still being written may change without a trace in its folder.
            result.folders[folder] = modified if settled else 0
    for folder in before.keys() - result.folders.keys():
        visited[folder] = known.stamps(folder)
    remembered = {name: stamp for stamps in visited.values() for name, stamp in stamps.items()}
    result.gone = sorted(remembered.keys() - found.keys())
    result.suspects = {
        name: stamp for name, stamp in sorted(found.items()) if not stamp.modified or remembered.get(name) != stamp
    }
    if trusting and len(home.layers) > 1:
        elsewhere = any(name not in remembered and known.stamp(name) for name in result.suspects)
        if result.gone or elsewhere:
            # One file shadows another, and which of them may be decided in a folder that was skipped.
            return scan(home, known, trusting=False)
    return result


def printable(text: str) -> str:
    """A path as text; bytes of it that are not UTF-8 are shown as such, and then it names no file."""
    return text.encode("utf-8", "backslashreplace").decode()


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):  # it was there a moment ago
        return []
    except OSError as error:
        raise RegistryError(f"{folder} cannot be listed: {error.strerror}; its files would be missed") from error


def _is_read(entry: os.DirEntry[str], endings: tuple[str, ...]) -> bool:
    """Whether it is a file to read; a link that leads nowhere is one to complain of."""
    if not entry.name.endswith(endings):
        return False
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry.path).exists())
    except OSError:  # a link to itself
        return True


def _stamp(entry: os.DirEntry[str], now: int) -> Stamp:
    try:
        status = entry.stat()
    except OSError:  # gone, or a link that leads nowhere
        return Stamp(printable(entry.path), 0, 0, 0)
    settled = now - status.st_mtime_ns > SETTLED
    return Stamp(printable(entry.path), status.st_size, status.st_mtime_ns if settled else 0, status.st_ino)
