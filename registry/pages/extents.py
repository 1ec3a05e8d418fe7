"""How far each construct of a page reaches, so that nothing inside it is taken for a block or a property."""

from __future__ import annotations

import re
from typing import Final

# A blank is what Logseq's parser skips inside a line; a line ends before "\n" or "\r", and only "\n" or "\r\n"
# may end one inside a construct.
BLANK: Final = r"[ \t\x1a\f]"
TRIMMED: Final = " \t\n\f\r"

TASKS: Final = (
    *("TODO", "DOING", "WAITING", "WAIT", "DONE", "CANCELED", "CANCELLED", "STARTED", "IN-PROGRESS", "NOW"),
    "LATER",
)
"""Logseq's words for the state of a task: a block that begins with one is a task."""
MARKERS: Final = f"(?:{'|'.join(TASKS)})"
HEAD: Final = re.compile(
    rf"(?P<indent>{BLANK}*+)"
    rf"(?:(?P<hashes>#++)(?=[ \t\n\r\f]|\Z)"
    rf"|-(?:{BLANK}*+(?P<size>#++)(?={BLANK}|[\r\n]|\Z)|(?!{BLANK}*+#++(?:{BLANK}|[\r\n]|\Z)))(?=[ \t\n\r\f]|\Z))"
    rf"(?:{BLANK}++(?P<marker>{MARKERS})"
    r"(?= |\Z))?"
    rf"(?:{BLANK}++\[#(?P<priority>[\x00-\x7f])\])?{BLANK}*+"
)
"""The start of a block: blanks and a dash or hashes, then a task marker and a priority."""

DIRECTIVE: Final = re.compile(
    rf"{BLANK}*+#\+(?!begin_)([^:\r\n]++):{BLANK}*+([^\r\n]*+)[\r\n]*+",
    re.IGNORECASE | re.ASCII,
)

_LINE = re.compile(r"[^\r\n]++")
_FENCE = re.compile(rf"(?:```|~~~){BLANK}*+([^\r\n]*+)(?:\r?\n)?+")
_FENCE_BODY = re.compile(r"(?:(?![ \t\f]*+(?:```|~~~))[^\r\n]++|\r?\n)*+[ \t\f]*+(?:```|~~~)[^\r\n]*+")
_BEGIN = re.compile(rf"#\+begin_([^ \t\x1a\f\r\n]++){BLANK}*+([^\r\n]*+)(?:\r?\n)?+", re.IGNORECASE | re.ASCII)
_ROW = re.compile(rf"{BLANK}*+\|(?:[-+| :]++{BLANK}*+\r?\n|(?=[^\r\n]*\|[ \t\f]*(?:[\r\n]|\Z))[^\r\n]++(?:\r?\n)?+)")
_FORMULA = re.compile(rf"{BLANK}*+#\+TBLFM:[^\r\n]++")
_LATEX = re.compile(rf"{BLANK}*+\\begin\{{([^}}]++)\}}[ \t\x1a\f\r\n]*+", re.IGNORECASE | re.ASCII)
_QUOTED = re.compile(
    rf"{BLANK}*+>{BLANK}*+(\r?\n)(?:\r?\n)?+"
    rf"|{BLANK}*+>?+{BLANK}*+(?!- |# |id:: |[-#](?:[\r\n]|\Z))([^\r\n]++)(?:\r?\n)?+",
    re.IGNORECASE | re.ASCII,
)


def _swallowed(barred: str) -> str:
    # A character of more than one byte is a line of its own here; a single byte is none.
    return rf"(?:{BLANK}*+(?:[^\r\n{barred} \t\x1a\f][^\r\n]++|[^\x00-\x7f])(?:\r?\n|\Z))++"


_FOOTNOTE = re.compile(rf"{BLANK}*+\[\^[^\] \t\x1a\f\r\n]++\]:{BLANK}*+(" + _swallowed(r"*#\[\-") + r")[\r\n]*+")
_TERM = re.compile(rf"{BLANK}*+([^\r\n]++)\r?\n((?:{BLANK}*+:{BLANK}++" + _swallowed("#:") + r")++)[\r\n]*+")
_ITEM = re.compile(rf"(?:[+*]|\d++\.){BLANK}++(?:\[ \]|\[[Xx]\])?+{BLANK}*+")
_NUMBER = re.compile(r"[+-]?[0-9][0-9_]*")
RULE: Final = re.compile(rf"{BLANK}*+(?:-{{3,}}+|\*{{3,}}+|_{{3,}}+){BLANK}*+(?:\r?\n|\Z)")
_RESULTS = re.compile(BLANK + r"*+#\+RESULTS:")
_COMMENT = re.compile(r"<!---?+\r?\n(?:(?![ \t\f]*+-->[ \t\f]*+(?:[\r\n]|\Z))[^\r\n]++|\r?\n)*+[ \t\f]*+-->[ \t\f]*+")
_NOTE = re.compile(rf"{BLANK}*+\[//\]: #{BLANK}*+[^\r\n]++")
_EOLS = re.compile(r"[\r\n]*+")
_BLANKS = re.compile(rf"{BLANK}*+")
_DRAWER = re.compile(
    rf"{BLANK}*+:[^: \r\n]++:\r?\n(?:(?![ \t\f]*+:end:[ \t\f]*+(?:[\r\n]|\Z))[^\r\n]++|\r?\n)*+"
    r"[ \t\f]*+:end:[ \t\f]*+(?:\r?\n)?+",
    re.IGNORECASE | re.ASCII,
)
_TAG = re.compile(r"<([^> \t\x1a\f]++)")
_HICCUP = re.compile(r"\[:([^\].# \t\x1a\f]++)")
_TAG_NAMES = """
    a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption cite code col
    colgroup data datalist dd del dfn div dl dt em embed fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6
    head header hr html i iframe img input ins kbd keygen label legend li link main map mark meta meter nav
    noscript object ol optgroup option output p param pre progress q rb rp rt rtc ruby s samp script section
    select small source span strong style sub sup table tbody td template textarea tfoot th thead time title tr
    track u ul var video details summary wbr
"""
_TAGS = frozenset(_TAG_NAMES.split())
_DEEPEST = 60
"""Lists deeper than this are text: the parser has no such limit, and no person writes them."""


def fence(text: str, start: int) -> tuple[str, int] | None:
    """The language and the end of the closed fence whose ticks stand at `start`."""
    opened = _FENCE.match(text, start)
    if opened is None:
        return None
    closed = _FENCE_BODY.match(text, opened.end())
    return (opened[1].split(" ", 1)[0], closed.end()) if closed else None


def custom(text: str, start: int) -> tuple[str, str, str, int] | None:
    """The name, the options, the body and the end of the `#+BEGIN_X` whose `#` stands at `start`."""
    opened = _BEGIN.match(text, start)
    if opened is None:
        return None
    ending = rf"[ \t\f]*+#\+end_{re.escape(opened[1])}"
    closing = re.compile(rf"((?:(?!{ending})[^\r\n]++|\r?\n)*+){ending}[^\r\n]*+", re.IGNORECASE | re.ASCII)
    body = closing.match(text, opened.end())
    return (opened[1].lower(), opened[2], body[1], body.end()) if body else None


def math(text: str, start: int) -> int | None:
    """The end of the `$$` formula that stands at `start`."""
    if not text.startswith("$$", start):
        return None
    end = text.find("$$", start + 2)
    return end + 2 if end >= 0 else None


def html(text: str, start: int) -> int | None:
    """The end of the HTML comment, declaration or element whose `<` stands at `start`."""
    if len(text) - start < 10 and len(text[start:].encode("utf-8", "surrogatepass")) < 10:
        return None  # the parser looks ten bytes ahead
    for opening, closing, least in (("<!--", "-->", 0), ("<![CDATA[", "]]", 0), ("<!", ">", 1), ("<?", "?>", 0)):
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening) + least)
            return end + len(closing) if end >= 0 else None
    opened = _TAG.match(text, start)
    if opened is None or opened[1].lower() not in _TAGS:
        return None
    tag = opened[1]
    closings = re.compile(rf"</{re.escape(tag)}>", re.IGNORECASE | re.ASCII)
    depth, position = 1, opened.end()
    while closed := closings.search(text, position):
        depth += (
            text.count(f"<{tag}>", position, closed.start()) + text.count(f"<{tag} ", position, closed.start()) - 1
        )
        position = closed.end()
        if depth <= 0:
            return position
    end = text.find("/>", opened.end())
    return end + 2 if end >= 0 else None


def hiccup(text: str, start: int) -> int | None:
    """The end of the `[:tag ...]` that stands at `start`."""
    opened = _HICCUP.match(text, start)
    if opened is None or opened[1].lower() not in _TAGS:
        return None
    depth, quotes, position = 1, 0, opened.end()
    while (end := text.find("]", position)) >= 0:
        part = text[position:end]
        quotes += part.replace('\\"', "").count('"')
        depth += part.count("[:") - (quotes % 2 == 0)
        position = end + 1
        if depth <= 0:
            return position
    return None


def quote(text: str, start: int) -> tuple[str, int] | None:
    """The quoted text and the end of the quote whose `>` stands at `start`; it runs on to lines without a `>`."""
    position, lines = start + 1, []
    while line := _QUOTED.match(text, position):
        lines.append(line[2] or "")
        position = line.end()
    return ("\n".join(lines) + "\n", position) if lines else None


def table(text: str, start: int) -> int | None:
    """The end of the table whose first row stands at `start`."""
    position = start
    while row := _ROW.match(text, position):
        position = row.end()
    if position == start:
        return None
    formula = _FORMULA.match(text, position)
    return after_ends(text, formula.end() if formula else position)


def latex(text: str, start: int) -> int | None:
    r"""The end of the `\begin{x}` that stands at `start`; without an `\end{x}` it is the end of the page."""
    opened = _LATEX.match(text, start)
    if opened is None:
        return None
    ending = f"\\end{{{opened[1]}}}"
    closed = re.compile(re.escape(ending), re.IGNORECASE | re.ASCII).search(text, opened.end())
    if closed:
        return closed.end()
    # The parser looks ahead at each backslash, and gives up where the page is too short for that.
    length = len(ending.encode("utf-8", "surrogatepass"))
    last = text.rfind("\\", opened.end())
    return len(text) if last < 0 or len(text[last:].encode("utf-8", "surrogatepass")) >= length else None


def items(text: str, start: int, contents: list[str], least: int = 0, depth: int = 0) -> int | None:
    """The end of the list whose first item stands at `start`, children included; their texts go to `contents`.

    Indented lines belong to the item above them, headings and properties included.
    """
    position, found = start, False
    while depth < _DEEPEST:
        blanks = _BLANKS.match(text, position)
        assert blanks
        indent = blanks.end() - position
        item = _ITEM.match(text, blanks.end())
        if item is None or indent < least or HEAD.match(text, position):
            break
        lines: list[str] = []
        end = _item(text, item.end(), indent, lines, contents, depth)
        if end is None:
            break
        contents.append("\n".join(line.strip(TRIMMED) for line in lines))
        position, found = end, True
    return position if found else None


def _item(text: str, start: int, indent: int, lines: list[str], contents: list[str], depth: int) -> int | None:
    position = start
    while line := _LINE.match(text, position):
        lines.append(line[0])
        position = line.end()
        ends = 0
        while ends < 2 and text.startswith(("\n", "\r\n"), position):
            position += 1 + (text[position] == "\r")
            ends += 1
        after = text[position : position + 1]
        if ends == 2 or not after:
            return position
        if after == "\r":
            return None
        if after not in " \t\x1a\f":
            return position
        following = _LINE.match(text, position)
        assert following
        bare = following[0].lstrip(" \t")
        inner = len(following[0]) - len(bare) if bare else 0
        mark = bare[:2]
        if _NUMBER.match(following[0].strip(TRIMMED)) or mark in ("+ ", "* "):
            return position if inner <= indent else items(text, position, contents, inner, depth + 1)
        if mark in ("- ", "-"):
            return position
    return None


def definitions(text: str, start: int, contents: list[str]) -> int | None:
    """The end of the terms with `: definition` lines that begin at `start`; their texts go to `contents`."""
    position = start
    while term := _TERM.match(text, position):
        contents += [term[1], *(_lines(part) for part in re.split(rf"(?m)^{BLANK}*:", term[2]))]
        position = term.end()
    return position if position > start else None


def footnote(text: str, start: int) -> tuple[str, int] | None:
    """The text and the end of the footnote that is defined at `start`."""
    found = _FOOTNOTE.match(text, start)
    return (_lines(found[1]), found.end()) if found else None


def _lines(text: str) -> str:
    return re.sub(rf"(?:^|[\r\n]++){BLANK}*+", "\n", text).strip(TRIMMED)


def drawer(text: str, start: int) -> int | None:
    """The end of the `:name:` drawer that stands at `start`."""
    found = _DRAWER.match(text, start)
    return found.end() if found else None


def silent(text: str, start: int) -> int | None:
    """The end of the rule, the comment or the results line that stands at `start`."""
    for pattern in (RULE, _RESULTS, _COMMENT, _NOTE):
        if found := pattern.match(text, start):
            return found.end()
    return None


def after_ends(text: str, position: int) -> int:
    found = _EOLS.match(text, position)
    assert found
    return found.end()
