"""What a page refers to, as Logseq's parser sees it: pages, tags, blocks, embeds; nothing inside code or fences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from registry.pages import extents, inline
from registry.pages.extents import BLANK, DIRECTIVE, TRIMMED
from registry.pages.links import Found
from registry.pages.reader import Kind, Page


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of a page."""

    name: str
    """Of the page, as written; or the identifier of a block."""
    block: int | None
    """Index of the block in which it stands; None for the page itself."""
    uuid: bool
    """Whether it names a block."""


_REFERRING = re.compile(r"\[\[|\(\(|#[^# \t\x1a\f\r\n]")
# A text in which nothing but links can mean anything, which most texts are.
_ONLY_LINKS = re.compile(r"(?:[^\\_^\[\]*~`=$#!(<@{:]++|:(?!//)|\[\[[^\\_^\[\]*~`=$#!(<@{:\r\n]++\]\])*+\Z")
_LINK = re.compile(r"\[\[([^\]]++)\]\]")
_BLANKS = re.compile(rf"{BLANK}*+")
_SEPARATOR = re.compile(r"[-+| :]++")
_LINE = re.compile(r"[^\r\n]++")
_ENDS = re.compile(r"[\r\n]++")
_DEEPEST = 20


def of(page: Page) -> list[Reference]:
    """All references of a page in the order of the text, as often as they stand there."""
    references = []
    for block, kind, text in page.texts:
        if _REFERRING.search(text):
            references += [Reference(name, block, uuid) for name, uuid in _found(kind, text)]
    return references


def pages(text: str) -> list[str]:
    """The names of the pages that a line of text refers to, as written, in order."""
    found = Found()
    if _REFERRING.search(text):
        inline.scan(text, found)
    return [name for name, uuid in found if not uuid]


def pages_of_value(value: str) -> list[str]:
    """The names of the pages that a property value refers to: none where it is quoted or only emphasised."""
    return [name for name, uuid in _found("value", value) if not uuid] if _REFERRING.search(value) else []


def _found(kind: Kind, text: str) -> Found:
    found = Found(verbatim=kind == "value")
    if kind == "value":
        if not (text.startswith('"') and text.endswith('"')):
            inline.scan(text, found, macros=False, nested=False)
    elif kind == "text" and _ONLY_LINKS.match(text):
        for name in _LINK.findall(text):
            found.add(name)
    elif kind == "text":
        inline.scan(text.replace("\r", "\n"), found)
    elif kind == "table":
        for cell in _cells(text):
            inline.scan(cell, found)
    else:
        for part in _parts(text, 0, directives=kind == "quote", lists=kind == "quote"):
            inline.scan(part, found)
    return found


def _cells(table: str) -> Iterator[str]:
    for line in re.split(r"[\r\n]+", table):
        row = line.strip(TRIMMED + "\x1a")
        if row.startswith("|") and not _SEPARATOR.fullmatch(row):
            yield from (cell.strip(TRIMMED) for cell in row[1:-1].split("|"))


def _parts(text: str, depth: int, *, directives: bool, lists: bool) -> Iterator[str]:
    """The lines of text in a quote, a custom block or a list item."""
    position = plain = 0
    while position < len(text):
        if ends := _ENDS.match(text, position):
            position = ends.end()
            continue
        inner: list[str] = []
        end = _construct(text, position, depth, inner, directives, lists)
        if end is None:
            line = _LINE.match(text, position)
            assert line
            position = line.end()
            continue
        yield text[plain:position].replace("\r", "\n")
        yield from inner
        position = plain = end
    yield text[plain:].replace("\r", "\n")


def _construct(text: str, position: int, depth: int, inner: list[str], directives: bool, lists: bool) -> int | None:
    """The end of the construct inside a construct that begins here; what it says goes to `inner`."""
    blanks = _BLANKS.match(text, position)
    assert blanks
    start = blanks.end()
    mark = text[start : start + 1]
    contents: list[str] = []
    if depth > _DEEPEST:
        return None
    if directives and mark == "#" and (directive := DIRECTIVE.match(text, position)):
        return directive.end()
    if (end := extents.table(text, position)) is not None:
        inner += _cells(text[position:end])
        return end
    if lists and (end := extents.items(text, position, contents)) is not None:
        for item in contents:
            inner += _parts(item, depth + 1, directives=True, lists=False)
        return end
    if lists and (end := extents.definitions(text, position, contents)) is not None:
        inner += contents
        return end
    if (end := extents.latex(text, position)) is not None:
        return end
    if mark in "`~" and (fence := extents.fence(text, start)):
        return extents.after_ends(text, fence[1])
    if mark == "#" and (custom := extents.custom(text, start)):
        if custom[0] not in ("src", "example", "export", "comment"):
            inner += _parts(custom[2], depth + 1, directives=True, lists=True)
        return extents.after_ends(text, custom[3])
    if mark == ">" and (quoted := extents.quote(text, start)):
        inner += _parts(quoted[0], depth + 1, directives=True, lists=True)
        return extents.after_ends(text, quoted[1])
    for opening, extent in (("<", extents.html), ("$", extents.math), ("[", extents.hiccup)):
        if mark == opening and (end := extent(text, start)) is not None:
            return extents.after_ends(text, end)
    return extents.silent(text, position)
