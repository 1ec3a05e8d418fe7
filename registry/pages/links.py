"""Links: `[[A]]`, `[[A [[B]] C]]`, `[label](target)`, `((block))`; and the code spans that may hide them."""

from __future__ import annotations

import re

from registry.pages.extents import BLANK

PAGE_REF = re.compile(r"\[\[((?:[^\]\\\r\n]++|\\[^\r\n]?+|\](?!\]|\Z))++)\]\]")
BLOCK_REF = re.compile(r"\(\(([^)]++)\)\)")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
_CODE = re.compile(r"`[^`\r\n]++`")
_LABEL = re.compile(r"(?:\\[^`\r\n]?+|[^\\`\[\]\r\n]++)++")
_METADATA = re.compile(r"(?:\{[^}\r\n]*+\})?+")
_TARGET_END = re.compile(rf"(?: {BLANK}*+(?:\"(?:\\\"?+|[^\"\\])++\")?)?\Z")
_SQUARE = re.compile(r"\\[^\r\n]?+|\[++|\]|[^\\\[\]]++")
_ROUND = re.compile(r"\\[^\r\n]?+|\(++|\)|[^\\()\r\n]++")
_DEEPEST = 40


class Found(list[tuple[str, bool]]):
    """Names of pages, and identifiers of blocks with True beside them."""

    def __init__(self, verbatim: bool = False) -> None:
        super().__init__()
        self.verbatim = verbatim
        """Whether backslashes stay, as they do in property values."""

    def add(self, name: str) -> None:
        """Adds the name of a page."""
        self.append((self.text(name), False))

    def text(self, written: str) -> str:
        """The text that was meant."""
        return written if self.verbatim or "\\" not in written else ESCAPED.sub(_second, written)


def _second(escaped: re.Match[str]) -> str:
    return escaped[0][1]


def block(named: re.Match[str], found: Found) -> int:
    """The end of a reference to a block, which counts only if it names a UUID."""
    if _UUID.fullmatch(named[1]):
        found.append((named[1], True))
    return named.end()


def link(text: str, position: int, found: Found) -> int | None:
    """The end of the `[[A [[B]] C]]`, `[[A]]` or `[label](target)` that stands here."""
    if text.startswith("[[", position) and text.find("]]", position) > 0:
        names: list[str] = []
        end = matched(text, position)
        if end is not None:
            inner = text[position + 2 : end - 2]
            if children(inner, names, 0) > 1:
                found.append((inner, False))
                found += [(name, False) for name in names]
                return end
        if page := PAGE_REF.match(text, position):
            found.add(page[1])
            return page.end()
    return markdown_link(text, position, found)


def matched(text: str, position: int) -> int | None:
    """The end of the `[[` that stands here, with as many `]]` as there are `[[`."""
    if not text.startswith("[[", position):
        return None
    depth, start = 1, position + 2
    while (end := text.find("]]", start)) >= 0:
        depth += text.count("[[", start, end) - 1
        start = end + 2
        if depth <= 0:
            return start
    return None


def children(inner: str, names: list[str], depth: int) -> int:
    """How many parts the inside of a link has, texts and links, whose names go to `names`; 1 if it has none."""
    position, count, found = 0, 0, list[str]()
    while position < len(inner):
        if inner[position] != "[":
            following = inner.find("[", position)
            position = len(inner) if following < 0 else following
        else:
            end = matched(inner, position) if depth < _DEEPEST else None
            if end is None:
                return 1
            name = inner[position + 2 : end - 2]
            found.append(name)
            children(name, found, depth + 1)
            position = end
        count += 1
    names += found
    return count


def markdown_link(text: str, position: int, found: Found) -> int | None:
    """The end of the `[label](target)` that stands here; only the target can refer to something."""
    if not text.startswith("[", position) or text.find("](", position) < 0:
        return None
    start = position + 1
    while start < len(text):
        if label := _LABEL.match(text, start):
            start = label.end()
        elif text[start] == "`":
            start = code(text, start) or start + 1
        elif text[start] == "[":
            page = PAGE_REF.match(text, start)
            start = page.end() if page else _balanced(text, start, _SQUARE, "[]")
        else:
            break
    if not text.startswith("](", start):
        return None
    start += 2
    end = _balanced(text, start, _ROUND, "()")
    target = text[start:end]
    if text.startswith(")", end):
        end += 1
    elif target.endswith(")"):
        target = target[:-1]
    else:
        return None
    named = BLOCK_REF.match(target) or PAGE_REF.match(target)
    if named and _TARGET_END.match(target, named.end()):
        if target[0] == "[":
            found.add(named[1])
        else:
            block(named, found)
    metadata = _METADATA.match(text, end)
    assert metadata
    return metadata.end()


def _balanced(text: str, position: int, tokens: re.Pattern[str], brackets: str) -> int:
    """Where the text ends that has as many closing as opening brackets, or no more brackets at all."""
    depth = 0
    while token := tokens.match(text, position):
        if token[0] == brackets[1]:
            if depth == 0:
                break
            depth -= 1
        elif token[0][0] == brackets[0]:
            depth += len(token[0])
        position = token.end()
    return position


def code(text: str, position: int) -> int | None:
    """The end of the code span that stands here."""
    if span := _CODE.match(text, position):
        return span.end()
    closed = text.find("``", position + 2) if text.startswith("``", position) else -1
    return closed + 2 if closed >= 0 else None
