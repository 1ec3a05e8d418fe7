"""An exported folder that people edited comes home: what they changed goes where it belongs, and nothing else does.

The export left the base of a three-way merge in the folder.  Pages of imported collections merge line
by line; on pages of our own graph the facts are compared, and go into the ontology's files.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RegistryError
from registry.home import PAGES
from registry.pages import disputes, indexing, keeping
from registry.pages.collections import OWN, is_left_out, leads_out
from registry.pages.facts import read_page
from registry.pages.folder import BASE, BROKEN, Base, Entry, read_base
from registry.pages.keeping import IMPORTED, Kept
from registry.pages.keys import Keys
from registry.pages.layout import alike, as_saved
from registry.pages.merging import merge
from registry.pages.names import page_iri
from registry.pages.outcomes import Changed, PageSynced, Synced, Unused
from registry.scanning import printable

if TYPE_CHECKING:
    from registry.catalogue import Registry
    from registry.pages.merging import Conflict as Lines


def sync(registry: Registry, folder: Path, *, prune: bool = False) -> Synced:
    """Takes over what people changed in an exported folder; open the registry again to ask about it.

    With `prune`, imported pages that are gone from the folder are deleted here as well.
    Raises RegistryError for a folder that is no export of ours for Logseq.
    """
    base = read_base(folder)
    if base is None:
        raise RegistryError(f"{folder} is no export of ours; nobody knows what was changed in it")
    if base.flavour != "logseq":
        raise RegistryError(
            f"{folder} was exported for {base.flavour}; only a folder that was exported for Logseq can be imported"
        )
    with zipfile.ZipFile(folder / BASE) as texts:
        return _Sync(registry, base, texts, prune).run()


class _Sync:
    def __init__(self, registry: Registry, base: Base, texts: zipfile.ZipFile, prune: bool) -> None:
        self.registry, self.base, self.texts, self.prune = registry, base, texts, prune
        self.home = registry.home
        self.top = base.folder.resolve()
        self.keys: Keys = indexing.load_keys(indexing.key_table(registry.home))
        self.done = Synced(str(base.folder))
        self.renamed: dict[str, str] = {}
        """Pages of our own that a person gave another name: the file of old and of now."""
        # The manifest may have been written by others: what it names outside of our collections does not count.
        pages = {file: entry for file, entry in base.entries.items() if entry.of and file.endswith(".md")}
        self.pages = {file: entry for file, entry in pages.items() if _is_safe(file, entry)}
        for file in sorted(pages.keys() - self.pages.keys()):
            report = PageSynced(file, pages[file].of, outcome="refused")
            reason = f"the manifest gives it a place outside the collections ({pages[file].of!r}); nothing was read"
            report.unused.append(Unused(line=None, reason=reason))
            self._note(report)
        # A folder with all has collections below `imported`; one with a collection alone is that.
        self.alone = next(
            (entry.of for file, entry in self.pages.items() if entry.of != OWN and not _is_below(file, entry.of)),
            None,
        )

    def run(self) -> Synced:
        """Every page of the export, then the pages that people added."""
        from registry.pages.own_sync import OwnPages

        own: OwnPages | None = None
        new = list(self._new())
        self.renamed = self._renamed([file for file, collection in new if collection == OWN])
        for file, entry in self.pages.items():
            report = PageSynced(file, entry.of, entry.subject)
            theirs = self._theirs(file, report)
            if theirs is None or self._is_as_exported(file, entry, theirs):
                self._note(report)
                continue
            exported = self._exported(file)
            if entry.of == OWN and entry.subject is not None:
                own = own or OwnPages(self.registry, self.base, self.renamed)
                self._note(own.sync(file, entry.subject, exported, theirs.decode()))
            else:
                self._note(self._merge(report, self._below(file, entry.of), exported, theirs.decode()))
        for file, collection in new:
            if file in self.renamed.values():
                continue
            report = PageSynced(file, collection)
            theirs = self._theirs(file, report)
            if theirs is not None:
                self._add(report, file if collection == OWN else self._below(file, collection), theirs)
            self._note(report)
        return self.done

    def _exported(self, file: str) -> str:
        try:
            return self.texts.read(file).decode()
        except BROKEN as error:
            raise RegistryError(
                f"{self.base.folder / BASE} has no text of {file} ({error}), so nobody knows what was edited; "
                "export into a new folder"
            ) from error

    def _note(self, report: PageSynced) -> None:
        if report.outcome == "unchanged":
            self.done.unchanged += 1
        else:
            self.done.pages.append(report)

    def _theirs(self, file: str, report: PageSynced) -> bytes | None:
        """The page in the folder; None where there is none to be read."""
        path = self.base.folder / self.renamed.get(file, file)
        try:
            reason = self._objection(path)
            if reason is not None:
                report.outcome = "refused"
                report.unused.append(Unused(line=None, reason=reason))
                return None
            content = path.read_bytes()
            content.decode()
        except FileNotFoundError:
            self._gone(file, report)
            return None
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            report.outcome = "refused"
            report.unused.append(Unused(line=line, reason="is not UTF-8 text; save it as UTF-8 and import it again"))
            return None
        except OSError as error:
            report.outcome = "refused"
            report.unused.append(Unused(line=None, reason=f"cannot be read: {error.strerror or error}"))
            return None
        return content

    def _objection(self, path: Path) -> str | None:
        """Why a path is not even opened; one that is not there has no objection."""
        if printable(str(path)) != str(path):
            return "its name is not UTF-8; give it another"
        if os.path.lexists(path) and leads_out(path, self.top):
            return "is a link that leads out of the folder"
        return "is no file" if os.path.lexists(path) and not path.is_file() else None

    def _gone(self, file: str, report: PageSynced) -> None:
        if report.subject is not None:
            report.outcome = "missing"
            reason = "a page that is gone deletes no subject; the next export writes it again"
            report.unused.append(Unused(line=None, reason=reason))
            return
        place = self._stored(report.collection, self._below(file, report.collection))
        if not place.exists():
            return
        report.outcome = "deleted" if self.prune else "missing"
        if self.prune:
            place.unlink()

    def _is_as_exported(self, file: str, entry: Entry, theirs: bytes) -> bool:
        """Whether neither now nor at an earlier import anything was changed on the page."""
        if sha256(theirs).hexdigest() != entry.sha256 or file in self.renamed:
            return False
        if entry.subject is not None:
            return keeping.load(self.home, entry.subject) is None
        return not keeping.memory_of(self.home, entry.of, self._below(file, entry.of)).exists()

    # Pages of collections

    def _below(self, file: str, collection: str) -> str:
        return file if self.alone == collection else file.removeprefix(f"{IMPORTED}/{collection}/")

    def _stored(self, collection: str, name: str) -> Path:
        return self.home.imports / PAGES / collection / name

    def _merge(self, report: PageSynced, name: str, exported: str, theirs: str) -> PageSynced:
        """Merges the page of a collection into the one that is stored."""
        place = self._stored(report.collection, name)
        memory = keeping.memory_of(self.home, report.collection, name)
        before = keeping.read(memory)
        since = exported if before is None else before.since(exported, self.top)
        ours = place.read_bytes().decode() if place.exists() else since
        if theirs == since and place.exists():
            return report
        lines: tuple[Lines, ...] = ()
        if ours == since:
            text = theirs
        else:
            base, relaid = alike(since, theirs)
            merged = merge(base, as_saved(ours) if relaid else ours, theirs)
            text, lines = merged.text, merged.conflicts
        report.outcome = "changed"
        report.changed = list(self._facts(ours, text, name, f"{PAGES}/{report.collection}/{name}"))
        report.conflicts = [disputes.of_lines(each) for each in lines]
        reading = read_page(text, name, self.keys)
        if report.conflicts or text == theirs:  # else an earlier conflict may still be open
            page = page_iri(report.collection, reading.name)
            disputes.save(self.home, report.collection, name, page, report.conflicts)
        self._store(place, text.encode())
        keeping.write(memory, Kept(name, "", "", exported, theirs, str(self.top)))
        return report

    def _facts(self, before: str, after: str, name: str, stored: str) -> Iterator[Changed]:
        """What the keys of a page say that they did not say before."""
        sides: list[dict[str, dict[str, int]]] = []
        for text in (before, after):
            said: dict[str, dict[str, int]] = {}
            reading = read_page(text, name, self.keys)
            for fact in reading.facts:
                said.setdefault(fact.key.name, {}).setdefault(fact.value, fact.line)
            for each in reading.stated:
                said.setdefault(each.property.written, {}).setdefault(each.property.value, each.property.line)
            sides.append(said)
        old, new = sides
        for key in sorted(old.keys() | new.keys()):
            was, now = old.get(key, {}), new.get(key, {})
            if was.keys() != now.keys():
                fresh = [line for value, line in now.items() if value not in was]
                yield Changed(
                    key=key,
                    old=tuple(value for value in was if value not in now),
                    new=tuple(value for value in now if value not in was),
                    line=min(fresh) + 1 if fresh else None,
                    file=stored,
                )

    # New pages

    def _renamed(self, new: list[str]) -> dict[str, str]:
        """New files that are about a subject whose page is gone."""
        gone = {
            entry.subject: file
            for file, entry in self.pages.items()
            if entry.subject is not None and not (self.base.folder / file).exists()
        }
        found: dict[str, str] = {}
        for file in new if gone else ():
            with suppress(OSError):
                about = keeping.about((self.base.folder / file).read_text(encoding="utf-8", errors="replace"))
                if about in gone:
                    found[gone.pop(about)] = file
        return found

    def _new(self) -> Iterator[tuple[str, str]]:
        """Pages that no export wrote, each with the collection that it joins."""
        top = self.base.folder
        for folder, below, files in os.walk(top):
            here = Path(folder).relative_to(top).as_posix().removeprefix(".")
            below[:] = sorted(name for name in below if not is_left_out(f"{here}/{name}".lstrip("/")))
            for file in sorted(files):
                name = f"{here}/{file}".lstrip("/")
                if not file.endswith(".md") or name in self.base.entries or is_left_out(name):
                    continue
                yield name, self._collection_of(name)

    def _collection_of(self, file: str) -> str:
        if self.alone is not None:
            return self.alone
        parts = file.split("/")
        known = {entry.of for entry in self.pages.values()}
        return parts[1] if len(parts) > 2 and parts[0] == IMPORTED and parts[1] in known else OWN

    def _add(self, report: PageSynced, name: str, content: bytes) -> None:
        place = self._stored(report.collection, name)
        if not place.exists() or place.read_bytes() != content:
            report.outcome = "added"
            self._store(place, content)
            if report.collection == OWN:
                keeping.found(self.home)
                about = keeping.about(content.decode())
                if about is not None:
                    reason = f"a new page says nothing of {about} to the registry; it is kept as a page alone"
                    report.unused.append(Unused(line=None, reason=reason))

    def _store(self, place: Path, content: bytes) -> None:
        from registry.results import replace

        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            replace(place, content)
        except OSError as error:
            raise RegistryError(f"{place} cannot be written: {error}; the page in the folder is untouched") from error


def _is_below(file: str, collection: str) -> bool:
    return file.startswith(f"{IMPORTED}/{collection}/")


def _is_safe(file: str, entry: Entry) -> bool:
    """Whether an entry names a place within the folder and within our collections."""
    parts = [*file.split("/"), entry.of]
    return not any(
        part in ("", ".", "..") or part.startswith(".") or "\\" in part or "\0" in part for part in parts
    ) and ("/" not in entry.of)
