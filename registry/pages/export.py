"""The pages of the graph as a folder for Logseq or Obsidian: our own newly written, imported ones as they came."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RegistryError, UnknownName
from registry.home import PAGES, Home
from registry.pages import keeping, obsidian, own, own_keys
from registry.pages.collections import CONFIG, OWN
from registry.pages.flavours import FLAVOURS, PROFILES
from registry.pages.folder import Draft, publish
from registry.pages.keeping import IMPORTED
from registry.pages.names import file_name
from registry.pages.own import OwnPage
from registry.pages.own_names import BUILT_IN, OwnNames, name_all
from registry.pages.own_tables import Tables

if TYPE_CHECKING:
    from registry.catalogue import Registry


@dataclass
class Exported:
    """What stands in the folder now."""

    folder: Path
    own: int = 0
    """Pages of our own graph, those of keys and classes included."""
    imported: int = 0
    collections: tuple[str, ...] = ()


def export_pages(
    registry: Registry,
    folder: Path,
    names: Sequence[str] = (),
    *,
    profile: str = PROFILES[0],
    flavour: str = FLAVOURS[0],
    overwrite: bool = False,
) -> Exported:
    """Writes the named collections, or our own pages with every collection below `imported`, into a folder.

    The folder is new, empty, or an earlier export; it is replaced as a whole or stays as it was.
    Raises UnknownName for a collection, RegistryError where something would be lost.
    """
    for what, wish, known in (("profile", profile, PROFILES), ("flavour", flavour, FLAVOURS)):
        if wish not in known:
            raise UnknownName(what, wish, known)
    _require_outside(registry.home, folder)
    there = collections_of(registry.home)
    for name in names:
        if name != OWN and name not in there:
            raise UnknownName("page collection", name, [OWN, *there])
    chosen = tuple(name for name in there if name in names or not names)
    below = {name: "" if len(names) == 1 else f"{IMPORTED}/{name}/" for name in chosen}
    plan = _Plan(registry, profile, not names or OWN in names, below)
    write = _write_pages if flavour == "logseq" else _write_notes
    publish(
        folder,
        profile,
        flavour,
        lambda draft: write(draft, plan),
        overwrite=overwrite,
        taken=lambda file, entry, content: keeping.is_home(registry.home, file, entry, content),
    )
    return Exported(folder, plan.own, plan.imported, chosen)


def _require_outside(home: Home, folder: Path) -> None:
    """Pages among the files of the graph would be read as imported ones."""
    place = folder.resolve()
    for layer in home.layers:
        below = place.relative_to(layer.resolve()).parts if place.is_relative_to(layer.resolve()) else None
        if below is not None and (not below or home.reads(layer, below[0])):
            raise RegistryError(f"{folder} lies among the files of the graph in {layer}; name a folder elsewhere")


@dataclass
class _Plan:
    """What goes into a folder, and how much it was."""

    registry: Registry
    profile: str
    with_own: bool
    below: dict[str, str]
    """The folder of each collection, with a slash at its end unless it is the uppermost."""
    own: int = 0
    imported: int = 0


def _write_pages(draft: Draft, plan: _Plan) -> None:
    """Everything for Logseq."""
    registry = plan.registry
    for name, below in plan.below.items():
        plan.imported += _copy(draft, registry.home, name, below)
    if CONFIG not in draft.entries:
        draft.add(CONFIG, _config(hidden=any(plan.below.values())), of="")
    if not plan.with_own:
        return
    names = name_all(registry.graph)
    for page in own_pages(registry, names, Tables(registry, names)):
        text = keeping.finish(registry.home, own.render(page, plan.profile))
        draft.add(f"pages/{file_name(page.name)}", text.encode(), of=OWN, subject=page.subject)
        plan.own += 1
    place, files = _added(registry.home)
    for file in files:
        if file in draft.entries:
            raise RegistryError(
                f"{place / file} was added by a person, and a subject has a page of that name now; rename the file"
            )
        draft.add(file, _content(place / file), of=OWN)
        plan.own += 1


def _write_notes(draft: Draft, plan: _Plan) -> None:
    """Everything for Obsidian."""
    registry = plan.registry
    places = {name: (*_pages_of(registry.home, name), below) for name, below in plan.below.items()}
    if plan.with_own:
        places[OWN] = (*_added(registry.home), "added/")
    vaults = {name: obsidian.vault_of(*place) for name, place in places.items()}
    names = name_all(registry.graph)
    mine = obsidian.Vault(names.all() if plan.with_own else (), "pages/")
    for subject, aliases in names.aliases.items() if plan.with_own else ():
        mine.know(aliases, names.subjects[subject])
    obsidian.tell_apart([mine, *vaults.values()])
    for name, vault in vaults.items():
        place, files, _ = places[name]
        for file in files:
            text = obsidian.convert(_content(place / file).decode(), file, vault)
            draft.add(vault.path(file), text.encode(), of=name)
            plan.imported += name != OWN
            plan.own += name == OWN
    if plan.with_own:
        for page in own_pages(registry, names, Tables(registry, names, mine.cell_link)):
            draft.add(mine.file(page.name), obsidian.render(page, mine).encode(), of=OWN, subject=page.subject)
            plan.own += 1


def collections_of(home: Home) -> list[str]:
    """The imported collections of pages, without what was added to our own pages."""
    place = home.imports / PAGES
    if not place.is_dir():
        return []
    found = (each.name for each in place.iterdir() if each.is_dir() and not each.name.startswith("."))
    return sorted(name for name in found if name != OWN)


def own_pages(registry: Registry, names: OwnNames, tables: Tables) -> Iterator[OwnPage]:
    """Every page of our own graph: of subjects, then of the classes and keys that those use."""
    used: set[str] = {"type", "url", "preferred-term", "definition"}
    for subject in names.subjects:
        page = own.own_page(registry.graph, names, subject)
        page.sections = tables.sections(subject)
        used |= page.keys()
        yield page
    for address, name in names.classes.items():
        yield own.meaning_page(registry.graph, names, name, address, "rdfs:Class")
    meanings = {key.name: key.predicate for key in names.keys.values()} | own_keys.PAGE_KEYS
    for name in sorted(used - set(BUILT_IN)):
        yield own.meaning_page(registry.graph, names, name, meanings[name], "rdf:Property")


def _pages_of(home: Home, name: str) -> tuple[Path, list[str]]:
    place = home.imports / PAGES / name
    return place, [file for file in _files(str(place)) if file.endswith(".md")]


def _copy(draft: Draft, home: Home, name: str, below: str) -> int:
    """Adds a collection byte for byte; returns how many pages it has."""
    place, pages = home.imports / PAGES / name, 0
    for file in _files(str(place)):
        is_page = file.endswith(".md")
        pages += is_page
        draft.add(below + file, _content(place / file), of=name if is_page else "", like=place / file)
    return pages


def _added(home: Home) -> tuple[Path, list[str]]:
    """The pages that a person added to our own; what was added on our pages is in them already."""
    place, files = _pages_of(home, OWN) if (home.imports / PAGES / OWN).is_dir() else (home.imports, [])
    ours = keeping.files(home)
    return place, [file for file in files if file not in ours]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RegistryError(f"{path} cannot be read: {error}; import its collection again") from error


def _files(place: str, below: str = "") -> Iterator[str]:
    """The pages of a collection and its settings, in one order on every system."""
    with os.scandir(f"{place}/{below}") as found:
        members = sorted(found, key=lambda member: member.name)
    for member in members:
        if member.is_dir(follow_symlinks=False):
            if not member.name.startswith("."):
                yield from _files(place, f"{below}{member.name}/")
        elif member.name.endswith(".md") or below + member.name == CONFIG:
            yield below + member.name


def _config(*, hidden: bool) -> bytes:
    lines = ["{:meta/version 1", ' :preferred-format "Markdown"', " :file/name-format :triple-lowbar"]
    return "\n".join([*lines, *([f' :hidden ["/{IMPORTED}"]'] if hidden else [])]).encode() + b"}\n"
