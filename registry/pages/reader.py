"""A page as Logseq's parser sees it: blocks, levels, properties and fences, with every line kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

from registry.pages import extents
from registry.pages.extents import BLANK, DIRECTIVE, HEAD, MARKERS, TRIMMED


@dataclass(slots=True)
class Property:
    """One `key:: value` line."""

    key: str
    """As Logseq stores it: lower case, with "-" for "_"."""
    written: str
    """As it stands in the text."""
    value: str
    """Trimmed."""
    line: int
    """Index into the page's lines, from 0."""
    valid: bool = True
    """False where Logseq refuses the key, so that nothing in it can ask for the value."""


@dataclass(slots=True)
class Block:
    """A bullet or a heading with the lines that belong to it."""

    first: int
    """Index of its first line."""
    last: int
    """Index after its last line, children not included."""
    level: int
    """Leading blanks of a bullet plus one; 1 for a heading without a bullet."""
    depth: int
    """In the tree of blocks, from 1."""
    parent: int | None
    """Index of the block that it stands in; None for the page."""
    bullet: bool
    heading: int | None
    """Number of hashes, or None."""
    title: str
    """The rest of its first line, after marker and priority; empty where that is a property or a construct."""
    marker: str | None = None
    """TODO, DONE and so on: Logseq takes the block for a task."""
    priority: str | None = None
    properties: list[Property] = field(default_factory=list)
    """Of its first drawer, as written; of a key that stands twice Logseq takes the last."""
    ignored: list[Property] = field(default_factory=list)
    """Of its later drawers, which Logseq takes for text."""


@dataclass(slots=True)
class Fence:
    """A closed code fence."""

    language: str
    first: int
    """Index of the opening line."""
    last: int
    """Index after the closing line."""
    block: int | None
    """Index of the block in which it stands; None for the page itself."""


@dataclass(slots=True)
class Page:
    """The whole page; `"".join(lines)` is the text."""

    lines: list[str]
    """With their endings; only "\\n" ends a line, so a "\\r" before it is kept in the line."""
    blocks: list[Block] = field(default_factory=list)
    properties: list[Property] = field(default_factory=list)
    """Page properties: a drawer before the first block."""
    ignored: list[Property] = field(default_factory=list)
    fences: list[Fence] = field(default_factory=list)
    directives: list[Property] = field(default_factory=list)
    """YAML front matter and `#+key: value` lines at the very top, which Logseq takes for page properties too."""
    texts: list[Text] = field(default_factory=list)
    """All that may refer to something; kept only where the page has anything that looks like a reference."""


Kind = Literal["text", "value", "table", "list", "quote"]
Text = tuple[int | None, Kind, str]
"""The block, or None for the page; what the text is; the text."""

_PROPERTY = re.compile(rf"{BLANK}*+([^: \t\x1a\f\r\n]++)::(?: ([^\r\n]*+)|{BLANK}*+)(?:\r?\n|\Z)")
_ORG_DRAWER = re.compile(
    rf"{BLANK}*+:PROPERTIES:\r?\n((?:{BLANK}*+:(?!end:)[^: \r\n]++:[^\r\n]*+(?:\r?\n|\Z))*+)"
    rf"{BLANK}*+:END:(?:\r?\n)?+",
    re.IGNORECASE | re.ASCII,
)
_ORG_PROPERTY = re.compile(rf"{BLANK}*+:([^: \r\n]++):{BLANK}*+([^\r\n]*+)(?:\r?\n|\Z)")
_ORG_LINE = re.compile(rf"[\r\n]*+{BLANK}*+#\+([^: \t\x1a\f\r\n]++):{BLANK}*+([^\r\n]*+)[\r\n]*+")
_FRONT_MATTER = re.compile(r"---\r?\n")
_FRONT_LINE = re.compile(rf"([^:\r\n]++):{BLANK}*+([^\r\n]*+)(?:\r?\n|\Z)")
_ENDS = re.compile(r"[\r\n]++")
_LINE = re.compile(r"([^\r\n]++)(?:\r?\n)?+")
_LINE_END = re.compile(r"\r?\n")
_BLANKS = re.compile(rf"{BLANK}*+")
# Lines that can be nothing but text; blank lines after them go along.
_PLAIN = re.compile(
    rf"(?:{BLANK}*+(?![-#+*_|\\$<>`~\[:0-9\r\n])(?![^: \t\x1a\f\r\n]++::(?:[ \t\x1a\f\r\n]|\Z))[^\r\n]++[\r\n]*+)++"
)
_TERM = re.compile(rf"\n{BLANK}*+:{BLANK}")
_TAG = re.compile(r"#[^# \t\x1a\f\r\n]")
# Nearly all blocks are a dash or hashes with plain words, or a dash with one property; these are read in one step.
_WORDS = (
    rf"(?!{BLANK}|[-_*]{{3}}|[#|\\$<>`~:]|\[[\^#]|{MARKERS}[ \n]|[^: \t\x1a\f\r\n]++::(?:[ \t\x1a\f\r\n]|\Z))"
    r"([^\r\n]++)\n"
)
_COMMON = re.compile(
    rf"([ \t]*+)(?:- (?:([A-Za-z][^: \t\x1a\f\r\n]*+)::(?: ([^\r\n]*+))?\n(?=[ \t]*+(?:- |\#+ )|\n|\Z)|{_WORDS})"
    rf"|(\#++) {_WORDS})"
)
_REFUSED = re.compile(r'["^(){}@,\[\];~\\`]|\A#')

_CONSTRUCTS: Final = frozenset("-*_|\\#$<>`~[:+0123456789")


@lru_cache(maxsize=4096)
def _folded(key: str) -> tuple[str, bool]:
    return key.lower().replace("_", "-"), _REFUSED.search(key) is None


def read(text: str) -> Page:
    """The page of a text.  Every text is a page; nothing is refused."""
    reading = _Reading(text)
    reading.run()
    return reading.page


class _Reading:
    """One pass over the text, from one construct to the next; a construct may end inside a line."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        last = lines.pop()
        lines = [line + "\n" for line in lines]
        if last:
            lines.append(last)
        self.text = text
        self.page = Page(lines)
        self.refers = "[[" in text or "((" in text or _TAG.search(text) is not None
        self.org = "#+" in text or ":properties:" in text.lower()
        self.terms = _TERM.search(text) is not None
        self.block: Block | None = None
        self.owner: int | None = None
        self.drawers = 0
        self.ancestors: list[tuple[int, int]] = []
        self.counted = self.line = 0

    def line_of(self, position: int) -> int:
        """The index of the line of a position; positions only grow."""
        self.line += self.text.count("\n", self.counted, position)
        self.counted = position
        return self.line

    def run(self) -> None:
        """Reads construct after construct."""
        text, length, texts = self.text, len(self.text), self.page.texts
        plain_lines = None if self.terms else _PLAIN
        position = plain = self._front_matter()  # plain: where the text before this position began
        while position < length:
            before = len(texts)
            common = None if self.org else _COMMON.match(text, position)
            head = HEAD.match(text, position) if common is None else None
            end = -1
            if common is None and head is None:
                skipped = _ENDS.match(text, position) or (plain_lines and plain_lines.match(text, position))
                if not skipped:
                    end = self._construct(position, first=plain == position)
                    if end < 0:
                        skipped = _LINE.match(text, position)
                        assert skipped
                if skipped:
                    position = skipped.end()
                    continue
            if plain < position and self.refers:
                texts.insert(before, (self.owner, "text", text[plain:position]))
            if common is not None:
                end = self._common(common)
            elif head is not None:
                end = self._head(head)
            position = plain = end
        if plain < length and self.refers:
            texts.append((self.owner, "text", text[plain:]))
        blocks = self.page.blocks
        for block, following in pairwise(blocks):
            block.last = following.first
        if blocks:
            blocks[-1].last = len(self.page.lines)

    def _common(self, common: re.Match[str]) -> int:
        indent, key, value, title, hashes, heading = common.groups()
        bullet = hashes is None
        size = None if bullet else len(hashes)
        block = self._open(common.start(), len(indent) + 1 if bullet else 1, bullet, size, title or heading or "")
        if key is not None:
            value = value.lstrip("\x1a").strip(TRIMMED) if value else ""
            folded, valid = _folded(key)
            block.properties.append(Property(folded, key, value, block.first, valid))
            self.drawers = 1
            if self.refers:
                self.page.texts.append((self.owner, "value", value))
        elif self.refers:
            self.page.texts.append((self.owner, "text", block.title))
        return common.end()

    def _open(self, start: int, level: int, bullet: bool, size: int | None, title: str) -> Block:
        """Adds the block that begins at `start` to the page."""
        blocks, ancestors, place = self.page.blocks, self.ancestors, level
        while ancestors and ancestors[-1][0] >= level:
            # An outdent that fits no ancestor takes the place of the shallowest deeper one.
            place = ancestors.pop()[0]
        self.line += self.text.count("\n", self.counted, start)
        self.counted = start
        first = self.line
        parent = ancestors[-1][1] if ancestors else None
        self.block = block = Block(first, first + 1, level, len(ancestors) + 1, parent, bullet, size, title)
        self.owner = len(blocks)
        self.drawers = 0
        ancestors.append((place, self.owner))
        blocks.append(block)
        return block

    def _head(self, head: re.Match[str]) -> int:
        text, position = self.text, head.end()
        indent, hashes, size, marker, priority = head.group("indent", "hashes", "size", "marker", "priority")
        bullet = hashes is None
        marks = hashes or size
        title, following = "", position
        # A priority is followed by a blank, else what follows is no title.
        if priority is None or position > head.end("priority") + 1:
            line = _LINE.match(text, position)
            if line is None:
                end = _LINE_END.match(text, position)
                following = end.end() if end else position
            elif not (line[0][0] in _CONSTRUCTS and self._begins(position)) and not _PROPERTY.match(text, position):
                title, following = line[1], line.end()
        level = len(indent) + 1 if bullet else 1
        block = self._open(head.start(), level, bullet, len(marks) if marks else None, title)
        block.marker, block.priority = marker, priority
        self._note("text", title)
        return following

    def _begins(self, position: int) -> bool:
        """Whether a construct begins here, where a title would be."""
        text = self.text
        match text[position]:
            case ":":
                return bool(_ORG_DRAWER.match(text, position)) or extents.drawer(text, position) is not None
            case "-" | "*" | "_":
                return extents.RULE.match(text, position) is not None
            case "|":
                return extents.table(text, position) is not None
            case "\\":
                return extents.latex(text, position) is not None
            case "[":
                return extents.footnote(text, position) is not None
            case "#":
                return _ORG_LINE.match(text, position) is not None or extents.custom(text, position) is not None
            case "`" | "~":
                return extents.fence(text, position) is not None
            case "$":
                return extents.math(text, position) is not None
            case "<":
                return extents.html(text, position) is not None
            case ">":
                return extents.quote(text, position) is not None
        return False

    def _construct(self, position: int, first: bool) -> int:
        """The end of the construct that begins here, which is kept; -1 where none does."""
        text = self.text
        blanks = _BLANKS.match(text, position)
        assert blanks
        inner = blanks.end()
        mark = text[inner : inner + 1]
        if mark == "#" and (directive := DIRECTIVE.match(text, position)):
            if first and self.block is None and not self.page.properties:
                self.page.directives.append(self._property(directive[1], directive[2], directive.start(1)))
            return directive.end()
        if (end := self._drawer(position)) > 0:
            return end
        if mark in _CONSTRUCTS and (end := self._other(position, inner, mark)) > 0:
            return end
        if self.terms:
            contents: list[str] = []
            end_of_terms = extents.definitions(text, position, contents)
            if end_of_terms is not None:
                self._note("text", *contents)
                return end_of_terms
        silent = extents.silent(text, position) if mark in _CONSTRUCTS else None
        return -1 if silent is None else silent

    def _other(self, position: int, inner: int, mark: str) -> int:
        """The end of the table, formula, quote, fence, HTML, footnote or list that begins here; -1 for none."""
        text = self.text
        end: int | None = None
        contents: list[str] = []
        match mark:
            case "`" | "~":
                if found := extents.fence(text, inner):
                    end = self._fence(inner, *found)
            case "|":
                if (end := extents.table(text, position)) is not None:
                    self._note("table", text[position:end])
            case ">":
                if quoted := extents.quote(text, inner):
                    self._note("quote", quoted[0])
                    end = extents.after_ends(text, quoted[1])
            case "<" | "$" | "[":
                end = {"<": extents.html, "$": extents.math, "[": extents.hiccup}[mark](text, inner)
                if end is not None:
                    end = extents.after_ends(text, end)
                elif mark == "[" and (noted := extents.footnote(text, position)):
                    self._note("text", noted[0])
                    end = noted[1]
            case "\\":
                end = extents.latex(text, position)
            case "#":
                if begun := extents.custom(text, inner):
                    end = self._custom(inner, *begun)
            case _:
                if (end := extents.items(text, position, contents)) is not None:
                    self._note("list", *contents)
        return -1 if end is None else end

    def _fence(self, start: int, language: str, end: int) -> int:
        first = self.line_of(start)
        self.page.fences.append(Fence(language, first, self.line_of(end) + 1, self.owner))
        return extents.after_ends(self.text, end)

    def _custom(self, start: int, name: str, options: str, body: str, end: int) -> int:
        if name == "src":
            return self._fence(start, options.split(" ", 1)[0], end)
        if name not in ("example", "export", "comment"):
            self._note("quote", body)
        return extents.after_ends(self.text, end)

    def _note(self, kind: Kind, *texts: str) -> None:
        if self.refers:
            self.page.texts.extend((self.owner, kind, text) for text in texts)

    def _drawer(self, position: int) -> int:
        """The end of the properties, or of the `:drawer:`, that begin here; -1 where none do."""
        text, start = self.text, position
        found: list[Property] = []
        while True:
            if (stated := _PROPERTY.match(text, position)) is not None:
                value = (stated[2] or "").lstrip("\x1a").strip(TRIMMED)
                found.append(self._property(stated[1], value, stated.start(1)))
                self._note("value", value)
            elif not self.org:
                break
            elif (stated := _ORG_DRAWER.match(text, position)) is not None:
                for each in _ORG_PROPERTY.finditer(text, stated.start(1), stated.end(1)):
                    found.append(self._property(each[1], each[2], each.start(1)))
                    self._note("value", each[2])
            elif (stated := _ORG_LINE.match(text, position)) is not None:
                found.append(self._property(stated[1], stated[2], stated.start(1)))
            else:
                break
            position = stated.end()
        if position == start:
            end = extents.drawer(text, position)
            return -1 if end is None else end
        owner: Page | Block = self.page if self.block is None else self.block
        (owner.ignored if self.drawers else owner.properties).extend(found)
        self.drawers += 1
        return position

    def _property(self, key: str, value: str, position: int) -> Property:
        folded, valid = _folded(key)
        return Property(folded, key, value, self.line_of(position), valid)

    def _front_matter(self) -> int:
        """Reads the YAML at the top, and says where it ends."""
        opened = _FRONT_MATTER.match(self.text)
        end = self.text.find("---", opened.end()) if opened else -1
        if opened is None or end < 0:
            return 0
        position, found = opened.end(), []
        while position < end and (line := _FRONT_LINE.match(self.text, position, end)):
            found.append(self._property(line[1], line[2], position))
            position = line.end()
        if position == end:
            self.page.directives = found
        return end + 3
