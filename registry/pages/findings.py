"""What is wrong with a page as a whole, and what its text says beside its properties."""

from __future__ import annotations

import re
from itertools import pairwise

from registry.pages.keys import Keys
from registry.pages.names import fold
from registry.pages.reader import Page
from registry.pages.stated import Fact, Owl, Prose, Reading, quoted

_PROSE = re.compile(r"[ \t]*(?:[-*+][ \t]+)?\*\*([A-Za-z][\w -]{0,40})(?::\*\*|\*\*[ \t]*:)(?!:)[ \t]*(\S.*)")
_COMMENT = re.compile(r"<!--\s*(merged from|deprecated|redirect(?:ed)?(?: to)?)\b:?(.*?)-->", re.IGNORECASE)
_DEPRECATED = re.compile(r"[ \t]*(?:-[ \t]+)?#{1,6}[ \t]+(DEPRECATED\b.*)")
_FENCE = re.compile(r"[ \t]*(?:-[ \t]+)?(?:```|~~~)")
_AXIOM = re.compile(r"\(?\b(?:Declaration|SubClassOf|EquivalentClasses|ObjectPropertyDomain)\s*\(|\(SubClassOf\b")
_OWL = frozenset(
    (
        "clojure",
        "owl",
        "turtle",
        "ttl",
        "functional",
        "owl-functional",
        "ofn",
        "manchester",
        "omn",
        "lisp",
        "n3",
        "rdf",
    )
)


def find(page: Page, keys: Keys, reading: Reading, fenced: set[int]) -> None:
    """Adds prose, axioms and problems to a reading whose facts are taken."""
    closed = True
    for number, text in enumerate(page.lines):
        if "**:" in text or ":**" in text:
            found = _PROSE.match(text)
            if found and (key := keys.known(found[1])) and number not in fenced:
                reading.prose.append(Prose(key.name, found[2].strip(), number))
        elif "<!--" in text and "-->" in text:
            if found := _COMMENT.search(text):
                reading.prose.append(Prose(found[1].lower().replace(" ", "-"), found[2].strip(), number))
        elif "DEPRECATED" in text:
            found = _DEPRECATED.match(text)
            if found and number not in fenced:
                reading.prose.append(Prose("deprecated", found[1].strip(), number))
        elif closed and ("```" in text or "~~~" in text) and number not in fenced and _FENCE.match(text):
            closed = False
            reason = "this code fence is never closed, so Logseq takes what follows for text and properties"
            reading.report("open-fence", number, reason)
        elif text.startswith("<<<<<<<") and not text[7:8].strip():
            reason = "a Git merge was not finished here; both sides are read, and the marks stay in the text"
            reading.report("conflict-marker", number, reason)
    _definition(page, reading)
    _owl(page, reading)
    _contradictions(reading)
    _parents(page, reading)
    _second_block(page, reading)


def _definition(page: Page, reading: Reading) -> None:
    """The block below the heading Definition, where no property defines the term."""
    if any(fact.key.name == "definition" for fact in reading.facts):
        return
    for before, block in pairwise(page.blocks):
        if before.heading and before.title.strip("# ") == "Definition" and not before.properties:
            if block.bullet and not block.heading and not block.properties and block.title.strip():
                reading.prose.append(Prose("definition", block.title.strip(), block.first))
            return


def _owl(page: Page, reading: Reading) -> None:
    for fence in page.fences:
        language = fence.language.split(" ", 1)[0].lower()
        if language in _OWL or not language:
            text = "".join(page.lines[fence.first + 1 : fence.last - 1])
            if language in _OWL or _AXIOM.search(text):
                reading.owl.append(Owl(fence.language, text, fence.first))


def _contradictions(reading: Reading) -> None:
    """Two values of what has one, in properties or, against a property, in the text."""
    first: dict[str, Fact] = {}
    for fact in reading.facts:
        if not fact.key.single:
            continue
        other = first.setdefault(fact.key.name, fact)
        if other is not fact and not _alike(other.value, fact.value):
            reason = (
                f"{fact.key.name} is {quoted(other.value)} on line {other.line + 1} and {quoted(fact.value)} here; "
                "both are kept"
            )
            reading.report("contradiction", fact.line, reason)
    for prose in reading.prose:
        fact_or_none = first.get(prose.key)
        if fact_or_none is None or _is_short(fact_or_none.value) != _is_short(prose.value):
            continue
        if not _alike(fact_or_none.value, prose.value):
            reason = (
                f"{prose.key} is {quoted(fact_or_none.value)} on line {fact_or_none.line + 1}, "
                f"and the text says {quoted(prose.value)}; the property counts"
            )
            reading.report("contradiction", prose.line, reason)


def _alike(one: str, other: str) -> bool:
    return one == other or _plain(one) == _plain(other)


def _is_short(value: str) -> bool:
    """Whether it may be an abbreviation, which contradicts no word: mv is metaverse."""
    return len(value.strip()) <= 3


def _plain(value: str) -> str:
    return value.strip(" .`*_\"'").casefold()


def _parents(page: Page, reading: Reading) -> None:
    parents = [fact for fact in reading.facts if fact.key.name == "is-subclass-of"]
    if not parents:
        return
    own = fold(reading.name)
    for fact in parents:
        if fold(fact.value) == own:
            reading.report("self-parent", fact.line, f"the page names itself, [[{fact.value}]], as its parent")
    lines = {fact.line: fact for fact in parents if not fact.fence}
    for before, block in pairwise(page.blocks):
        fact_or_none = lines.get(block.first)
        if (
            fact_or_none is not None
            and before.level > block.level == 1
            and "relationship" in before.title.lower()
            and before.last == before.first + 1
            and _goes_on_indented(page, block.first + 1)
        ):
            reason = (
                f"[[{fact_or_none.value}]] stands without indentation between the heading {before.title!r} and what "
                "belongs to it, and was probably put there by a program; it is kept as a parent"
            )
            reading.report("injected-parent", fact_or_none.line, reason)
    stated, fenced = (
        {fold(fact.value): fact for fact in parents if fact.fence is inside} for inside in (False, True)
    )
    if stated and fenced and stated.keys() != fenced.keys():
        one, other = (", ".join(f"[[{fact.value}]]" for fact in group.values()) for group in (stated, fenced))
        reason = f"the properties name the parents {one}, and the JSON-LD names {other}; all are kept"
        reading.report("contradiction", next(iter(stated.values())).line, reason)


def _goes_on_indented(page: Page, line: int) -> bool:
    return line < len(page.lines) and page.lines[line][:1] in ("\t", " ") and bool(page.lines[line].strip())


def _second_block(page: Page, reading: Reading) -> None:
    blocks = [block for block in page.blocks if "OntologyBlock" in block.title and block.heading]
    for block in blocks[1:]:
        reason = f"the page has another ontology block on line {blocks[0].first + 1}; the facts of both are kept"
        reading.report("second-block", block.first, reason)
