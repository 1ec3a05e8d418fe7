"""A tree of blocks as Logseq itself would write it: reading such a page and saving it changes nothing.

Text of the graph is data: `inline`, `title` and `cell` take from it whatever Logseq would take for a
link, a tag, a block reference, a macro, code, HTML or a task; `plain` gives it back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from registry.pages.extents import MARKERS

_KEY = re.compile(r'[^\s:"^(){}@,\[\];~\\`#][^\s:"^(){}@,\[\];~\\`]*')
_PUNCTUATION = re.escape("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_ESCAPED = re.compile(rf"\\([{_PUNCTUATION}])")
_ADDRESS = r"(?:(?<=\s)|^)https?://[\w./~%?=&:+-]+(?:#[\w./~%?=&:+-]*)?(?=\s|$)"
_SPECIAL = (
    rf"(?P<address>{_ADDRESS})"
    rf"|\\(?=[{_PUNCTUATION}])"  # else it would take the next character's meaning from it
    r"|#(?!\s|$)|\((?=\()|\{(?=\{)|`|<(?=[A-Za-z/!?])|(?<=:):|\["
)
_WITHOUT_LINKS = re.compile(_SPECIAL + r"(?=[\[^])")
"""Where no `](` follows, most brackets are brackets."""
_WITH_LINKS = re.compile(_SPECIAL)
_FIRST = re.compile(rf"{MARKERS}(?=\s|$)|[-+*>|#:!~=]|\$(?=\$)|\d+(?=[.)])")


_LOOKALIKES = str.maketrans("|\\", "¦\u29f5")
"""For what ends a cell, and what would take its meaning from the next character of a link."""


@dataclass(slots=True)
class Node:
    """A block: its text, whose first line is the title, its properties and the blocks in it."""

    text: str = ""
    """Logseq's markup; what comes from the graph has gone through `inline`, `title` or `cell`."""
    properties: Sequence[tuple[str, str]] = ()
    children: list[Node] = field(default_factory=list)


def write(page_properties: Mapping[str, str], nodes: Sequence[Node]) -> str:
    """The page in Logseq's normal form.

    A page needs a property: without one Logseq would drop the bullet of a heading that comes first.
    Raises ValueError for that, for a key that Logseq does not take and for a value of several lines.
    """
    if not page_properties:
        raise ValueError("a page needs a property")
    head = "\n".join(_property(key, value) for key, value in page_properties.items())
    if not nodes:
        return head
    return head + "\n\n" + "\n".join(line for node in nodes for line in _lines(node, 0))


def _lines(node: Node, depth: int) -> Iterator[str]:
    indent = "\t" * depth
    title, _, rest = node.text.partition("\n")
    content = [title] if title else []
    content += [_property(key, value) for key, value in node.properties]
    content += rest.split("\n") if rest else []
    yield f"{indent}- {content[0]}" if content else f"{indent}-"
    for line in content[1:]:
        yield f"{indent}  {line}"
    for child in node.children:
        yield from _lines(child, depth + 1)


def _property(key: str, value: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be the key of a property")
    if "\n" in value or value != value.strip():
        raise ValueError(f"the value of {key} would not come back: {value!r}")
    return f"{key}:: {value}" if value else f"{key}::"


def link(name: str) -> str:
    """A link to a page; `linkable` says which names can be linked."""
    return f"[[{name}]]"


def linkable(name: str) -> str:
    """The name with nothing in it that would end a link, a table cell or a line."""
    flat = re.sub(r"[\s\x00-\x1f\x7f]+", " ", name).translate(_LOOKALIKES).strip()
    flat = re.sub(r"^\[|\[\[+", lambda found: "(" * len(found[0]), flat)
    return re.sub(r"\]\]+|\]$", lambda found: ")" * len(found[0]), flat)


def inline(text: str) -> str:
    """A text of the graph as one line of markup that shows it and refers to nothing."""
    flat = _one_line(text)
    special = _WITH_LINKS if "](" in flat else _WITHOUT_LINKS
    return special.sub(lambda found: found[0] if found["address"] else "\\" + found[0], flat)


def title(text: str) -> str:
    """A text of the graph as the first line of a block."""
    marked = inline(text)
    if found := _FIRST.match(marked):
        number = found[0].isdigit()
        return f"{found[0]}\\{marked[found.end() :]}" if number else "\\" + marked
    return marked


def cell(text: str) -> str:
    """A text of the graph as a cell of a table, which no bar can stand in."""
    return inline(text).replace("|", "¦")


def plain(marked: str) -> str:
    """The text that `inline` was given, for a text without line breaks and blanks at its ends."""
    return _ESCAPED.sub(r"\1", marked)


def _one_line(text: str) -> str:
    return re.sub(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]\s*", " ", text).strip()


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of a Markdown table; the cells have gone through `cell` or are links."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
