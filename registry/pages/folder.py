"""A folder of exported pages: written beside the old one, put in its place at once, with the base of a later merge.

`.registry/base.zip` holds each page as it was exported and, in `manifest.json`, what each file is.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from registry.errors import RegistryError

BASE = Path(".registry", "base.zip")
MANIFEST = "manifest.json"
FORMAT = 1
Taken = Callable[[str, "Entry | None", bytes], bool]
"""Whether what a person made of a file is home already; without an entry, of a page that got another name."""
BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a base raises that is damaged, or that others have written."""
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_EPOCH = (1980, 1, 1, 0, 0, 0)


def is_export(folder: Path) -> bool:
    """Whether a folder is one of our exports, so that importing it means taking over what people changed."""
    return (folder / BASE).is_file()


@dataclass(frozen=True)
class Entry:
    """What an exported file is."""

    of: str
    """The collection; `registry` for pages of our own graph, "" for settings of Logseq."""
    sha256: str
    subject: str | None = None
    """The IRI that a page of our own graph is about."""


@dataclass(frozen=True)
class Base:
    """An export as it was written."""

    folder: Path
    profile: str
    flavour: str
    entries: Mapping[str, Entry] = field(default_factory=dict)
    """By path below the folder, with slashes."""

    def edited(self) -> list[str]:
        """The pages whose files are not what was exported; those that are gone are not among them."""
        return [
            file
            for file, entry in self.entries.items()
            if entry.of and _digest(self.folder / file) not in (entry.sha256, "")
        ]


def read_base(folder: Path) -> Base | None:
    """The export that a folder is, or None where it is none of ours; raises RegistryError for a broken base."""
    if not (folder / BASE).is_file():
        return None
    try:
        with zipfile.ZipFile(folder / BASE) as base:
            found = json.loads(base.read(MANIFEST))
        entries = {file: Entry(**entry) for file, entry in found["files"].items()}
        _require_texts(found, entries.values())
        return Base(folder, str(found["profile"]), str(found["flavour"]), entries)
    except BROKEN as error:
        raise RegistryError(
            f"{folder / BASE} cannot be read ({error}), so nobody knows what was edited in {folder}; "
            "export into a new folder"
        ) from error


def _require_texts(manifest: Mapping[str, object], entries: Iterable[Entry]) -> None:
    if manifest["format"] != FORMAT:
        raise ValueError(f"its format is {manifest['format']}, and {FORMAT} is what this version reads")
    for each in entries:
        if not all(isinstance(text, str) for text in (each.of, each.sha256, each.subject or "")):
            raise ValueError("its manifest holds something else than texts")


class Draft:
    """Files on their way into a folder, and their base."""

    def __init__(self, folder: Path, profile: str, flavour: str) -> None:
        self.folder = folder
        self._about = {"format": FORMAT, "profile": profile, "flavour": flavour}
        self.entries: dict[str, Entry] = {}
        self._made = {folder}
        (folder / BASE).parent.mkdir(parents=True)
        self._zip = zipfile.ZipFile(folder / BASE, "w")

    def add(
        self, file: str, content: bytes, *, of: str, subject: str | None = None, like: Path | None = None
    ) -> None:
        """Writes a file, with the times of another where one is named; raises ValueError for one outside."""
        self._write(file, content, like)
        self.entries[file] = Entry(of, sha256(content).hexdigest(), subject)
        # Pages of our own graph repeat themselves; those of a large collection would take too long.
        self._store(file, content, zipfile.ZIP_DEFLATED if subject else zipfile.ZIP_STORED)

    def close(self) -> None:
        """Completes the base."""
        files = {file: asdict(entry) for file, entry in sorted(self.entries.items())}
        text = json.dumps({**self._about, "files": files}, indent=1, ensure_ascii=False)
        self._store(MANIFEST, text.encode(), zipfile.ZIP_DEFLATED)
        self._zip.close()

    def _write(self, file: str, content: bytes, like: Path | None) -> None:
        parts = file.split("/")
        if any(part in ("", ".", "..") or os.sep in part or "\0" in part for part in parts) or file in self.entries:
            raise ValueError(f"{file!r} is no new file of the folder")
        target = self.folder.joinpath(*parts)
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            view = memoryview(content)
            while view:
                view = view[os.write(descriptor, view) :]
            if like is not None:
                times = like.stat()
                os.utime(descriptor, ns=(times.st_atime_ns, times.st_mtime_ns))
        finally:
            os.close(descriptor)

    def _store(self, name: str, content: bytes, method: int) -> None:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type, entry.create_system, entry.external_attr = method, 3, 0o644 << 16
        self._zip.writestr(entry, content, compresslevel=1)


def publish(
    folder: Path,
    profile: str,
    flavour: str,
    write: Callable[[Draft], None],
    *,
    overwrite: bool = False,
    taken: Taken = lambda file, entry, content: False,
) -> None:
    """Puts what `write` writes in the place of a folder, or leaves the folder as it was.

    An earlier export of ours is replaced; what a person added to it stays.  Raises RegistryError for
    any other folder that holds something, and, unless `overwrite`, for pages that were edited since.
    """
    folder = folder.resolve()
    if not folder.name:
        raise RegistryError(f"{folder} is no folder of its own; name a new one")
    draft = folder.with_name(f".{_short(folder)}.{os.getpid()}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _recover(folder)
        old = _require_ours(folder)
        draft.mkdir()
        if folder.exists():
            shutil.copymode(folder, draft)
        new = Draft(draft, profile, flavour)
        write(new)
        if old is not None:
            _carry_over(old, new, overwrite, taken)
        new.close()
        _sync(draft)
        _put(draft, folder)
    except OSError as error:
        raise RegistryError(f"{folder} cannot be written: {error}; it is as it was") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _require_ours(folder: Path) -> Base | None:
    if not folder.exists():
        return None
    if not folder.is_dir():
        raise RegistryError(f"{folder} is a file; name a folder")
    old = read_base(folder)
    if old is None and any(folder.iterdir()):
        raise RegistryError(f"{folder} holds other files than an export of ours; name a new folder")
    return old


def _carry_over(old: Base, new: Draft, overwrite: bool, taken: Taken) -> None:
    """Takes along what a person added or set; refuses to lose what a person edited and did not bring home."""
    edited = {file for file in old.edited() if not taken(file, old.entries[file], _content(old.folder / file))}
    for file, path in _strangers(old.folder, old.entries):
        if file not in new.entries:
            if file.endswith(".md") and taken(file, None, _content(path)):
                continue
            target = new.folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(path, target)
        elif path.is_symlink() or not path.is_file() or _digest(path) != new.entries[file].sha256:
            edited.add(file)
    for file, entry in old.entries.items():
        if not entry.of and file in new.entries and _digest(old.folder / file) not in (entry.sha256, ""):
            shutil.copy2(old.folder / file, new.folder / file)  # settings of Logseq belong to its user
    lost = sorted(
        file for file in edited if file not in new.entries or _digest(old.folder / file) != new.entries[file].sha256
    )
    if lost and not overwrite:
        named = ", ".join(lost[:5]) + (f" and {len(lost) - 5} more" if len(lost) > 5 else "")
        raise RegistryError(
            f"{named} in {old.folder} changed since the export; bring that home first with: "
            f"registry import logseq {old.folder}, or lose it with --overwrite"
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:  # no file any more
        return b""


def _strangers(folder: Path, known: Mapping[str, Entry], below: str = "") -> Iterator[tuple[str, Path]]:
    """The files, links and empty folders that no export wrote."""
    with os.scandir(folder / below) as found:
        members = sorted(found, key=lambda member: member.name)
    if below and not members:
        yield below.rstrip("/"), folder / below
    for member in members:
        file = below + member.name
        if file == BASE.parts[0]:
            continue
        if member.is_dir(follow_symlinks=False):
            yield from _strangers(folder, known, file + "/")
        elif file not in known:
            yield file, Path(member.path)


def _link(path: Path, target: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        target.mkdir(exist_ok=True)
        return
    try:
        os.link(path, target, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(path, target, follow_symlinks=False)


def _put(draft: Path, folder: Path) -> None:
    """Exchanges both at once where the system can; `_recover` mends what a stop between two steps leaves."""
    if not folder.exists() or not any(folder.iterdir()):
        draft.rename(folder)
        return
    if _exchange(draft, folder):
        return
    aside = folder.with_name(f".{_short(folder)}.{os.getpid()}.old")
    folder.rename(aside)
    draft.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)


def _sync(draft: Path) -> None:
    """Waits until all files are on the disk: one call for all takes a fraction of one for each."""
    sync = getattr(ctypes.CDLL(None), "syncfs", None) if os.name == "posix" else None
    if sync is None:
        if hasattr(os, "sync"):
            os.sync()
        return
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        if sync(descriptor) != 0:
            raise OSError("the files could not be written to the disk")
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> bool:
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


def _recover(folder: Path) -> None:
    """Clears away what exports left that were stopped, and puts back a folder that one had set aside."""
    pattern = re.compile(rf"\.{re.escape(_short(folder))}\.(\d+)\.(part|old)")
    for leftover in sorted(folder.parent.iterdir()):
        found = pattern.fullmatch(leftover.name)
        if found is None or _runs(int(found[1])):
            continue
        if found[2] == "old" and not folder.exists():
            leftover.rename(folder)
        else:
            shutil.rmtree(leftover, ignore_errors=True)


def _runs(process: int) -> bool:
    if process == os.getpid():
        return False
    with suppress(ProcessLookupError):
        with suppress(PermissionError):
            os.kill(process, 0)
        return True
    return False


def _short(folder: Path) -> str:
    return os.fsdecode(os.fsencode(folder.name)[:200])


def _digest(path: Path) -> str:
    """The sha256 of a file, "" where there is none, something else for what is no file."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            return "unreadable"
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError:
        return "unreadable"
