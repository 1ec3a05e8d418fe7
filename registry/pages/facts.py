"""What a page means: its properties as facts by the table of keys, and every line that could not be used.

Nothing is resolved and nothing is lost: values stay as they are written, properties that mean nothing here
are kept in their order, and whatever contradicts itself is reported with both its sides.
"""

from __future__ import annotations

import re

from registry.pages import fences, findings, reader, references
from registry.pages.keys import INVISIBLE, Key, Keys, fold_key
from registry.pages.names import fold, page_name
from registry.pages.nquads import to_nquads
from registry.pages.reader import Page, Property
from registry.pages.stated import Fact, Owl, Problem, Prose, Reading, Stated, quoted

__all__ = ["Fact", "Owl", "Problem", "Prose", "Reading", "Stated", "read_page", "to_nquads"]

_ALIASES = ("alias", "aliases")
"""What Logseq itself takes for other names of a page, in its head."""

_NOTHING = ("none", "null", "n/a")

_LINK = re.compile(r"\[\[([^\[\]#|\\]+)\]\]")
_ANY_LINK = re.compile(
    r"\[[^\[\]]*\]\(\[\[[^\[\]]*\]\]\)|#?\[\[(?:[^\[\]]|\[\[[^\[\]]*\]\])*\]\]|(?<![^\s,])#[^\s,\[\]]+"
)
_EMPTY_LINK = re.compile(r"\[\[[\s/]*\]\]")
_NESTED = re.compile(r"\[\[[^\]]*\[\[")
_BETWEEN = re.compile(r"(?:[\s,;]|\band\b|&)+")
_BETWEEN_COMMAS = re.compile(r"(?:\[\[[^\[\]]*\]\]|[^,])+")
_CURIE = re.compile(r"[A-Za-z]{1,8}:(?! )\S+")
_TERM_ID = re.compile(r"[A-Z]{2,}-[0-9]{4}")
_ID_IN_NAME = re.compile(r"\b[A-Z]{2,}-\d{3,}\b")
_PLACEHOLDER = re.compile(
    r"(?i)a component of\b|.{1,80} is a concept within the \w+ domain\.?$"
    r"|(?:to be (?:defined|added|written|determined)|tbd|todo|placeholder)\b"
)
# A line that reads like a property: with a key that Logseq does not take, without the blank, or in a list with `*`.
_LIKE = re.compile(
    r"[ \t]*(?:([-*+>]|\d{1,9}[.)])[ ]+)?"
    r"([A-Za-z\ufeff\u200b][\w.-]*(?: [\w.-]+){0,3}(?::[\w.-]+)?)::(?!:)([ \t]?)(.*)"
)


def read_page(text: str, file: str, keys: Keys) -> Reading:
    """What the text of a page states; `file` is its path, which names it unless it states a title."""
    page = reader.read(text)
    title = next((found.value for found in page.properties if found.key == "title" and found.value), None)
    reading = Reading(name=title or page_name(file))
    taking = _Taking(reading, keys)
    seen = {found.line for found in page.properties}
    for found in page.properties:
        taking.take(found, 0)
        if found.key in _ALIASES:
            reading.aliases += (name for name in _names(found.value) if fold(name) != fold(reading.name))
    for number, block in enumerate(page.blocks, 1):
        if not block.properties:
            continue
        own = any(found.key == "title" for found in block.properties)
        for found in block.properties:
            seen.add(found.line)
            if own:  # it describes something else than the page: a link that somebody kept
                reading.state(found, number)
            else:
                taking.take(found, number)
    ignored = [(0, found) for found in page.ignored]
    ignored += ((number, found) for number, block in enumerate(page.blocks, 1) for found in block.ignored)
    _set_aside(reading, ignored)
    seen.update(found.line for _, found in ignored)
    fenced = {line for fence in page.fences for line in range(fence.first, fence.last)}
    _take_others(page, seen | fenced, taking)
    fences.read_fences(page, keys, reading)
    findings.find(page, keys, reading, fenced)
    reading.links = _links(page)
    reading.put_in_order()
    return reading


class _Taking:
    """Properties one by one into a reading."""

    def __init__(self, reading: Reading, keys: Keys) -> None:
        self.reading, self.keys = reading, keys

    def take(self, found: Property, block: int) -> None:
        """A property as a fact, or, where that cannot be, as a stated property."""
        key, value = self.keys.known(found.written), found.value
        if not found.written.isascii() and INVISIBLE.search(found.written):
            shown = found.written.encode("ascii", "backslashreplace").decode()
            reason = f"the key is written {shown}, with a character that cannot be seen; Logseq takes it for another"
            self.reading.report("invisible-character", found.line, reason)
        if key is None:
            self.reading.state(found, block)
            near = self.keys.nearest(found.key)
            if near is not None:
                reason = f"nothing is known of the key {found.written}; if {near} was meant, write that"
                self.reading.report("misspelt-key", found.line, reason)
        elif not value or value.lower() in _NOTHING:
            self.reading.state(found, block)
            if not key.may_be_empty or value:
                says = f"says {value}, which is kept as it is" if value else "has no value"
                self.reading.report("no-value", found.line, f"{found.written} {says}; nothing was read from it")
        elif key.holds == "text":
            self.reading.facts.append(Fact(key, value, found.line))
            self._look_at_words(key, found)
        elif key.holds in ("links", "mixed"):
            self._take_links(key, found, block)
        elif key.holds == "names":
            self.reading.facts += (Fact(key, name, found.line) for name in _names(value))
        else:
            self.reading.facts.append(Fact(key, value, found.line))
            if key.name == "term-id" and not _TERM_ID.fullmatch(value):
                shown = value.encode("ascii", "backslashreplace").decode() if INVISIBLE.search(value) else value
                reason = f"the term identifier {shown!r} does not have the shape of AI-0284; it is kept as it is"
                self.reading.report("odd-term-id", found.line, reason)

    def _take_links(self, key: Key, found: Property, block: int) -> None:
        value = found.value
        one = _LINK.fullmatch(value)
        linked = [one[1]] if one else dict.fromkeys(references.pages_of_value(value))
        names = [name for name in linked if fold(name)]
        if not names and key.holds == "mixed":
            self.reading.facts.append(Fact(key, value, found.line))
            return
        facts = [Fact(key, name, found.line, link=True) for name in names]
        self.reading.facts += facts
        if not one or not names:
            self._look_at_links(found, names)
        if not names:
            self.reading.state(found, block)
        for name in names:
            if ":" in name and _CURIE.fullmatch(name):
                reason = f"[[{name}]] names a class of a vocabulary; Logseq takes it for a page called {name!r}"
                self.reading.report("curie-link", found.line, reason)

    def _look_at_links(self, found: Property, names: list[str]) -> None:
        value, line = found.value, found.line
        if value.count("[[") != value.count("]]") or _EMPTY_LINK.search(value):
            reason = f"the brackets of {quoted(value)} do not make links; what could be read of it is kept"
            self.reading.report("broken-link", line, reason)
            return
        if not names:
            reason = f"{found.written} should link to pages, [[like this]], and says {quoted(value)}"
            self.reading.report("no-link", line, reason)
            return
        if _NESTED.search(value):
            self.reading.report("broken-link", line, f"a link stands inside another one in {quoted(value)}")
        piped = next((name for name in names if "|" in name), None)
        if piped is not None:
            reason = f"[[{piped}]] is meant to show a label, and to Logseq is one page of that whole name"
            self.reading.report("broken-link", line, reason)
        rest = _BETWEEN.sub(" ", _ANY_LINK.sub(" ", value)).strip()
        if rest:
            reason = f"beside its links {found.written} says {quoted(rest)}, which Logseq drops; the links are kept"
            self.reading.report("text-beside-links", line, reason)

    def _look_at_words(self, key: Key, found: Property) -> None:
        if key.name == "definition":
            if _PLACEHOLDER.match(found.value.lstrip('"*[ ')):
                reason = f"the definition {quoted(found.value)} defines nothing yet; it is kept as it is"
                self.reading.report("placeholder", found.line, reason)
        elif key.name == "preferred-term":
            inside = _ID_IN_NAME.search(found.value)
            if inside:
                reason = f"the preferred term {quoted(found.value)} carries the identifier {inside[0]}"
                self.reading.report("id-in-name", found.line, reason)


def _names(value: str) -> list[str]:
    """A list of names: what stands between commas, links without their brackets."""
    if "[[" not in value:
        return [name for part in value.split(",") if (name := part.strip())]
    found: list[str] = []
    for part in _BETWEEN_COMMAS.findall(value):
        found += references.pages_of_value(part) or filter(None, [part.strip()])
    return found


def _set_aside(reading: Reading, ignored: list[tuple[int, Property]]) -> None:
    """Properties that Logseq takes for text: kept as stated, a problem for each group of them."""
    group: list[Property] = []
    for number, found in ignored:
        reading.state(found, number)
        if group and found.line != group[-1].line + 1:
            _report_group(reading, group)
            group = []
        group.append(found)
    if group:
        _report_group(reading, group)


def _report_group(reading: Reading, group: list[Property]) -> None:
    keys = ", ".join(dict.fromkeys(found.written for found in group))
    reason = f"only a block's first group of properties counts in Logseq, and this is a later one: {keys}"
    reading.report("ignored-properties", group[0].line, reason)


def _take_others(page: Page, done: set[int], taking: _Taking) -> None:
    """Lines that look like properties and are none to Logseq: some are facts all the same, the rest is reported."""
    block = 0
    for line, text in enumerate(page.lines):
        if "::" not in text or line in done:
            continue
        match = _LIKE.match(text)
        if match is None:
            continue
        while block < len(page.blocks) and page.blocks[block].first <= line:
            block += 1
        bullet, written, blank, value = match.groups()
        found = Property(fold_key(written), written, value.strip(), line)
        known = taking.keys.known(written)
        glued = not blank and bool(found.value)
        if not glued and " " not in written and (":" in written or (bullet in ("*", "+") and known)):
            # A key with a colon is text to Logseq, and so is a list with `*`, which newer versions write.
            taking.take(found, block)
        elif known:
            taking.reading.state(found, block)
            if glued:
                way = f"a blank must stand after {written}::"
            elif " " in written:
                way = f"a key has no blanks; write {known.name}::"
            else:
                way = "it stands where none can stand"
            taking.reading.report("not-a-property", line, f"the line is no property to Logseq: {way}")


def _links(page: Page) -> list[str]:
    """The pages that a text links to, each once."""
    found: dict[str, str] = {}
    for reference in references.of(page):
        if not reference.uuid and (folded := fold(reference.name)):
            found.setdefault(folded, reference.name)
    return list(found.values())
