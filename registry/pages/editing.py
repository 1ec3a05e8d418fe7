"""One key of one subject or page set to other values, in its own lines."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.describing import find_subject
from registry.errors import RegistryError, UnknownName
from registry.home import PAGES
from registry.namespaces import PREFIXES, curie
from registry.pages import indexing, lens, lists, own_keys, own_values
from registry.pages.own import own_triples
from registry.pages.own_keys import OwnKey
from registry.pages.own_merging import Stated, settle
from registry.pages.own_names import KINDS, OwnNames, name_all
from registry.pages.own_writing import Writer

if TYPE_CHECKING:
    from registry.catalogue import Registry

Edited = dict[str, tuple[str, str]]
"""Of each file that changed, by its path below the ontology, the text before and after."""


def edit(registry: Registry, name: str, key: str, values: Sequence[str]) -> Edited:
    """Gives a key of a subject, or of an imported page, exactly these values; none takes it away.

    Open the registry again to ask about it.  Raises UnknownName for a subject, page or key, and
    RegistryError where a value cannot stand there.
    """
    collection, slash, _ = name.partition("/")
    if slash and ":" not in collection and (registry.home.imports / PAGES / collection).is_dir():
        name = f"page:{name}"
    subject, _ = find_subject(registry.graph, name)
    if subject.startswith(PREFIXES["page"]):
        return _edit_page(registry, subject, key, values)
    return _edit_own(registry, subject, key, values)


def changed_lines(edited: Edited) -> list[str]:
    """The lines that went and came, below the name of each file."""
    told: list[str] = []
    for file, (before, after) in edited.items():
        found = unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
        told += [file, *(line.expandtabs(4) for line in list(found)[2:] if not line.startswith("@@"))]
    return told


def _edit_page(registry: Registry, page: str, key: str, values: Sequence[str]) -> Edited:
    from registry.results import replace

    keys = indexing.load_keys(indexing.key_table(registry.home))
    known = keys.known(key)
    if known is None:
        raise UnknownName("key", key, [each.name for each in keys.keys])
    files = [file for file in registry.graph.files_of(page) if indexing.is_page(file)]
    if len(files) != 1:
        listed = f"; its name is borne by {', '.join(files)}" if files else ""
        raise RegistryError(f"{curie(page)} is not one file of a collection{listed}")
    path = registry.graph.files[files[0]]
    before = path.read_bytes().decode()
    if known.holds == "links":  # by their names alone or as a page writes them
        values = [name for value in values for name in _linked(value)]
    after = lens.change(before, keys, {known: values}, "/".join(files[0].split("/")[3:]))
    if after == before:
        return {}
    try:
        replace(path, after.encode())
    except OSError as error:
        raise RegistryError(f"{path} cannot be written: {error}; it is as it was") from error
    return {files[0]: (before, after)}


def _linked(value: str) -> list[str]:
    return [item.name for item in lists.items(value)] if lists.is_list(value) else [value]


def _edit_own(registry: Registry, subject: str, key: str, values: Sequence[str]) -> Edited:
    names = name_all(registry.graph)
    if subject not in names.subjects:
        kinds = ", ".join(KINDS)
        raise RegistryError(
            f"{curie(subject)} is edited in its own file; by key can be edited: {kinds}, imported pages"
        )
    known = own_keys.BY_NAME["alias"] if key == own_keys.ALSO_CALLED else names.key(key)
    if known is None:
        raise UnknownName("key", key, [each.name for each in names.keys.values()])
    writer = Writer(registry.graph, names)
    mine = {(predicate, value) for _, predicate, value in own_triples(registry.graph, names, subject)}
    stated = {fact for fact in mine if fact[0] == known.predicate}
    if known.plain in ("strings", "numbers") or any(isinstance(value, str) for _, value in stated):
        raise RegistryError(f"{known.name} is an ordered list; edit it in {writer.file_of(subject)}")
    wanted: Stated = {(known.predicate, _value(registry, names, known, value)) for value in values}
    settled = settle(stated, stated, wanted, ())
    # All values or none: a command that was half obeyed would have to be read twice.
    written = writer.write(subject, settled.changes, whole=True)
    if written.refused:
        raise RegistryError(f"{curie(subject)}: {written.refused[0][1]}")
    return written.texts


def _value(registry: Registry, names: OwnNames, key: OwnKey, text: str) -> ox.NamedNode | ox.Literal:
    """What was typed, as a term: a name of a page or subject, or the literal that the key holds."""
    if "\n" in text or "\r" in text:
        raise RegistryError(f"{key.name} cannot hold {text!r}: a property of a page has one line")
    if not text.strip():
        raise RegistryError(f"{key.name} cannot hold {text!r}: give no value at all to take the key away")
    read = own_values.read(key, text, names.resolve)
    if text.startswith(('"', "[[", "<")) and read and len(read) == 1:
        return read[0]
    found = own_values.bare(key, text)
    if found is not None:
        return found
    if key.plain == "quoted":
        address = names.resolve(text)
        if address not in names.subjects:
            address, _ = find_subject(registry.graph, text)
        assert address is not None
        return ox.NamedNode(address)
    raise RegistryError(f"{key.name} cannot hold {text!r}: it holds {_HELD.get(key.plain, key.plain)}")


_HELD = {"date": "a day such as 2026-01-31 or a year", "flag": "true or false", "word": "a word of the vocabulary"}
