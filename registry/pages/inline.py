"""What stands inside a line of text: links, tags, code, emphasis, as far as it decides what refers to what."""

from __future__ import annotations

import re

from registry.pages import extents, links
from registry.pages.extents import BLANK
from registry.pages.links import BLOCK_REF, ESCAPED, PAGE_REF, Found

_DELIMITERS = r"\\_^\[*~`=$#"
_ENDS = r" \t\n\r\f"
_DAY = r"[+-]?[0-9][0-9_]*+-[+-]?[0-9][0-9_]*+-[+-]?[0-9]"
_MOMENT = (
    rf"{BLANK}*+(?:(?:[Ss](?i:CHEDULED)|[Cc]LO(?:C(?i:K)|S(?i:ED))|[Dd](?i:EADLINE)):{BLANK}++)?"
    rf"(?:<{_DAY}[^> \t\x1a\f]*+{BLANK}[A-Za-z]++(?:{BLANK}[^> \t\x1a\f]++){{0,2}}>"
    rf"|\[{_DAY}[^\] \t\x1a\f]*+{BLANK}[A-Za-z]++(?:{BLANK}[^\] \t\x1a\f]++){{0,2}}\])"
)
_TIME_TEXT = rf"(?:{BLANK}*+(?:[A-Za-z]++:)?+{_MOMENT}--{_MOMENT}|{_MOMENT})"
_TIME = re.compile(_TIME_TEXT)
_COOKIE = re.compile(r"\[[0-9]++(?:/[0-9]|%)[0-9/%]*+\]")
# A word is skipped whole, so that only what begins a word can be a link, a macro, an address, a time.
_WORDS = re.compile(
    rf"(?:[ \t\f][ \t\x1a\f]*+|[\r\n]"
    rf"|(?![!(<@{{]|(?![CDScds])[A-Za-z0-9]++://|(?=[CDScds]){_TIME_TEXT})[^{_DELIMITERS}{_ENDS}]++)*+"
)
_BREAKS = re.compile(rf"(?:{BLANK}{{2,}}+\n|\n)++\Z")
_WORD = re.compile(rf"[^{_DELIMITERS}{_ENDS}]++")
_INNER_WORDS = re.compile(rf"[^{_DELIMITERS}]*+")
_ENTITY = re.compile(r"\\[A-Za-z]++(?:\{\})?+")
_SCRIPT = re.compile(r"[_^]\{[^}\r\n]++\}")
_TAG = re.compile(
    r"#((?:[^,;.!?'\":#\[ \t\x1a\f\r\n]++|\[\[(?:[^\]\\\r\n]++|\\[^\r\n]?+|\](?!\]|\Z))++\]\]"
    r"|(?![,;.!?'\":#]*+(?:[ \t\x1a\f\r\n]|\Z))[^#,!?'\":])++)"
)
_TAG_WORD = re.compile(r"[^\[ \t\x1a\f\r\n]++|[\s\S]")
_MATHS = re.compile(r"\$\$[^$\r\n]*+\$\$|\$[^$ ]([^$\r\n]*+)\$")
_FOOTNOTE = re.compile(r"\[\^[^\] \t\x1a\f\r\n]++\]")
_URL = re.compile(r"[A-Za-z0-9]++://[^/?#\[\]<>{}() \t\x1a\f\r\n]++")
_QUICK = re.compile(r"<[A-Za-z0-9]++:(?://)?+[^> \t\x1a\f\r\n]++>")
_EMAIL = re.compile(r"<[^<>@, \r\n\t]++@[^<>@, \r\n\t'\"]++>?+")
_SNIPPET = re.compile(r"@@[^: \t\x1a\f\r\n]++: [^@\r\n]++@@")
_MACROS = (re.compile(r"\{\{\{([^}\r\n]++)\}\}\}"), re.compile(r"\{\{([^}\r\n]++)\}\}"))
_MACRO_NAME = re.compile(r"[^}( ]++")
_ARGUMENT = re.compile(r"\(\([^)]++\)\)|\"(?:\\\"?+|[^\"\\])++\"|[^,]++")
_BLANKS = re.compile(rf"{BLANK}*+")
_ADDRESS = re.compile(r"[()\[\]]|[,;.!?]|[^()\[\],;.!? \t\x1a\f\r\n]++")

_BOUNDARY = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\r\f")
_PATTERNS = {
    "*": ("***", "**", "*"),
    "_": ("___", "__", "_"),
    "~": ("~~",),
    "^": ("^^",),
    "=": ("==",),
}
_RUNS = {mark: re.compile(rf"(?:[^{re.escape(mark)}`\\]++|\\[\s\S]?+)++") for mark in _PATTERNS}
# After a tick that begins no code, all up to a blank is text, further ticks included.
_TICKED = {mark: re.compile(rf"(?:[^{re.escape(mark)} \t\n\r\f\\]++|\\[\s\S]?+)++") for mark in _PATTERNS}
_DEEPEST = 40


def scan(text: str, found: Found, *, macros: bool = True, nested: bool = True) -> None:
    """Adds to `found` what a paragraph, a title or a cell refers to.

    In a property value there are no macros, and what stands in emphasis is no reference: `nested` is False there.
    """
    position, length, last = 0, len(text), ""
    unclosed: set[str] = set()
    while True:
        words = _WORDS.match(text, position)
        assert words
        if words.end() > position:
            last = _last(text[position : words.end()]) or last
            position = words.end()
        if position >= length:
            return
        mark = text[position]
        end = None
        match mark:
            case "[":
                end = _bracket(text, position, found)
            case "#":
                end = _tag(text, position, found)
            case "*" | "_" | "^" | "~" | "=":
                end = _emphasis(text, position, last, found if nested else Found(), unclosed)
            case "`":
                end = links.code(text, position)
            case "(":
                if named := BLOCK_REF.match(text, position):
                    end = links.block(named, found)
            case "!":
                end = links.markdown_link(text, position + 1, found)
            case "{":
                end = _macro(text, position, found) if macros else None
            case "\\":
                end = _backslash(text, position)
            case "$":
                end = _maths(text, position)
            case "<":
                hidden = _QUICK.match(text, position) or _TIME.match(text, position)
                end = hidden.end() if hidden else extents.html(text, position)
                if end is None and (hidden := _EMAIL.match(text, position)):
                    end = hidden.end()
            case "@":
                if hidden := _SNIPPET.match(text, position):
                    end = hidden.end()
            case _:
                time = _TIME.match(text, position) if mark in "CDScds" else None
                end = time.end() if time else _address(text, position)
        if end is None:
            word = ESCAPED.match(text, position) or _WORD.match(text, position)
            end = word.end() if word else position + 1
            last = text[end - 1]
        position = end


def _scan_emphasis(text: str, found: Found, depth: int) -> None:
    """What stands in emphasis: links and more emphasis, but no tags."""
    position, length = 0, len(text)
    unclosed: set[str] = set()
    while True:
        words = _INNER_WORDS.match(text, position)
        assert words
        position = words.end()
        if position >= length:
            return
        end = None
        mark = text[position]
        if mark == "[":
            end = links.link(text, position, found)
        elif mark in _PATTERNS:
            end = _emphasis(text, position, "", found, unclosed, depth)
        if end is None:
            escaped = ESCAPED.match(text, position)
            end = escaped.end() if escaped else position + 1
        position = end


def _last(words: str) -> str:
    # The end of a line is not text to the parser, nor are two blanks before it.
    return (words if words[-1] != "\n" else _BREAKS.sub("", words))[-1:]


def _bracket(text: str, position: int, found: Found) -> int | None:
    footnote = _FOOTNOTE.match(text, position)
    if footnote:
        return footnote.end()
    end = links.link(text, position, found)
    if end is None and (hidden := _TIME.match(text, position) or _COOKIE.match(text, position)):
        return hidden.end()
    return extents.hiccup(text, position) if end is None else end


def _tag(text: str, position: int, found: Found) -> int | None:
    tag = _TAG.match(text, position)
    if tag is None:
        return None
    inner, name, at, plain = Found(found.verbatim), "", 0, 0
    while at < len(tag[1]):
        end = links.link(tag[1], at, inner) if tag[1][at] == "[" else None
        if end is None:
            word = _TAG_WORD.match(tag[1], at)
            assert word
            at = word.end()
        else:
            name += found.text(tag[1][plain:at]) + tag[1][at:end]
            at = plain = end
    name += found.text(tag[1][plain:])
    found.append((name[2:-2] if name.startswith("[[") and name.endswith("]]") else name, False))
    found += inner
    return tag.end()


def _backslash(text: str, position: int) -> int | None:
    for opening, closing in (("\\(", "\\)"), ("\\[", "\\]")):
        if text.startswith(opening, position):
            end = text.find(closing, position + 2)
            return end + 2 if end >= 0 else None
    entity = _ENTITY.match(text, position)
    return entity.end() if entity else None


def _maths(text: str, position: int) -> int | None:
    formula = _MATHS.match(text, position)
    return None if formula is None or (formula[1] or "")[-1:] in ("[", "{", "(", " ") else formula.end()


def _address(text: str, position: int) -> int | None:
    """The end of the address that stands here: up to a blank, closing brackets and punctuation left out."""
    begun = _URL.match(text, position)
    if begun is None:
        return None
    end = begun.end()
    if text[end : end + 1] not in ("/", "?", "#"):
        return end
    end += 1
    opened: list[str] = []
    while token := _ADDRESS.match(text, end):
        part = token[0]
        if part in ("(", "["):
            opened.append(")" if part == "(" else "]")
        elif part in (")", "]"):
            while opened and opened[-1] != part:
                opened.pop()
            if not opened:
                break
            opened.pop()
        elif part in ",;.!?" and text[token.end() : token.end() + 1] in ("", *" \t\x1a\f\r\n"):
            break
        end = token.end()
    return end


def _macro(text: str, position: int, found: Found) -> int | None:
    for pattern in _MACROS:
        macro = pattern.match(text, position)
        name = _MACRO_NAME.match(macro[1]) if macro else None
        arguments = _arguments(name.string[name.end() :]) if name else None
        if macro is None or name is None or arguments is None:
            continue
        target = ", ".join(arguments)
        if name[0] == "embed" and target.startswith("[[") and target.endswith("]]"):
            found.append((target[2:-2], False))
        elif name[0] == "embed" and (block := BLOCK_REF.fullmatch(target)):
            links.block(block, found)
        return macro.end()
    return None


def _arguments(text: str) -> list[str] | None:
    """The arguments of a macro; None where they are not separated by commas."""
    position, arguments = _blank(text, 0), list[str]()
    while position < len(text):
        ends = [links.matched(text, position), (page := PAGE_REF.match(text, position)) and page.end()]
        if ends[0] is not None and links.children(text[position + 2 : ends[0] - 2], [], 0) < 2:
            ends[0] = None
        argument = _ARGUMENT.match(text, position)
        end = ends[0] or ends[1] or (argument.end() if argument else None)
        if end is None:
            return None
        arguments.append(text[position:end])
        position = _blank(text, end)
        if position < len(text):
            if text[position] != ",":
                return None
            position = _blank(text, position + 1)
            if position == len(text):
                return None
    return arguments


def _blank(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    assert blanks
    return blanks.end()


def _emphasis(text: str, position: int, last: str, found: Found, unclosed: set[str], depth: int = 0) -> int | None:
    """The end of the emphasis that stands here, whose links go to `found`; `last` is the character of text before."""
    mark = text[position]
    for pattern in _PATTERNS[mark]:
        start = position + len(pattern)
        if (
            pattern in unclosed
            or (mark == "_" and last and last not in _BOUNDARY)
            or not text.startswith(pattern, position)
            or text[start : start + 1] in ("", *" \t\n\r\f")
        ):
            continue
        end, parts = _closing(text, start, pattern)
        if end is None:
            if "`" not in text and "\\" not in text:
                unclosed.add(pattern)
            continue
        if end < 0 or (mark == "_" and end < len(text) and text[end] not in _BOUNDARY):
            continue
        if len(pattern) < 3 and depth < _DEEPEST:
            for part in parts:
                if "[" in part:
                    _scan_emphasis(part, found, depth + 1)
        return end
    script = _SCRIPT.match(text, position)
    return script.end() if script else None


def _closing(text: str, start: int, pattern: str) -> tuple[int | None, list[str]]:
    """The end of the emphasis that begins at `start`, -1 for none and None for none up to the end; its plain parts.

    A pattern after a blank closes nothing, and neither does `_` before a letter; code is no part.
    """
    mark, position, plain, last, before = pattern[0], start, start, "", -1
    parts: list[str] = []
    length = len(text)
    while position < length:
        if length - position < len(pattern) and _short(text, position, pattern):
            break
        if run := _RUNS[mark].match(text, position):
            position, before = run.end(), -1
            last = text[position - 1]
        elif text[position] == "`":
            before, end = -1, links.code(text, position)
            if end is None:
                ticked = _TICKED[mark].match(text, position)
                assert ticked
                position = ticked.end()
            else:
                parts.append(text[plain:position])
                position = plain = end
            last = text[position - 1]
        elif not text.startswith(pattern, position):
            position, before, last = position + 1, -1, mark
        else:
            following = text[position + len(pattern) : position + len(pattern) + 1]
            blank = last != "" and last in " \t\n\r\f"
            if not following or not (blank or (mark == "_" and following not in _BOUNDARY)):
                break
            before = position if following in _BOUNDARY or mark != "_" else -1
            position, last = position + len(pattern), mark
    if before >= 0:
        position = before
    if position >= length:
        return None, []
    if position == start or not text.startswith(pattern, position):
        return -1, []
    parts.append(text[plain:position])
    return position + len(pattern), parts


def _short(text: str, position: int, pattern: str) -> bool:
    # The parser looks as many bytes ahead as the pattern has; too near to the end a mark is no text.
    return text[position] == pattern[0] and len(text[position:].encode("utf-8", "surrogatepass")) < len(pattern)
