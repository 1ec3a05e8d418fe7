"""What a page states: facts, other properties, problems, prose and axioms, each with its line."""

from __future__ import annotations

from dataclasses import dataclass, field

from registry.pages.keys import Key
from registry.pages.reader import Property

PROBLEMS = {
    "no-value": "a property without a value, or with the word None for one",
    "no-link": "a relation whose value links to no page",
    "text-beside-links": "words beside the links of a relation, which Logseq drops",
    "broken-link": "a link with unbalanced brackets, without a name, with a label in it, or inside another link",
    "curie-link": "a link to a class of a vocabulary where a page should be named",
    "odd-term-id": "a term identifier of another shape than AI-0284",
    "id-in-name": "a preferred term that carries a term identifier",
    "invisible-character": "a key with characters that cannot be seen",
    "misspelt-key": "an unknown key that differs from a known one by a letter or two",
    "not-a-property": "a line with a known key that is no property to Logseq",
    "ignored-properties": "properties after the first group of a block, which Logseq takes for text",
    "contradiction": "two different values of something that has one",
    "injected-parent": "a parent without indentation, put between a heading and what belongs to it",
    "self-parent": "a page that names itself as its parent",
    "second-block": "a second ontology block on one page",
    "placeholder": "a definition that was never written",
    "conflict-marker": "the mark of a Git merge that nobody finished",
    "open-fence": "a code fence that is never closed",
    "broken-json": "a JSON-LD fence that is no JSON",
    "unknown-context": "a JSON-LD fence with a context that is not shipped; none is ever fetched",
}
"""Every kind of problem, and what it is."""


@dataclass(slots=True)
class Fact:
    """A value under a known key."""

    key: Key
    value: str
    """Verbatim; of a link the name of the page as written."""
    line: int
    """Index into the page's lines, from 0; that of the key where it stands in a JSON fence."""
    link: bool = False
    """Whether the value names a page."""
    fence: bool = False
    """Whether it stands in a JSON fence."""


@dataclass(slots=True)
class Stated:
    """A property that means nothing to the registry, or whose value could not be used."""

    property: Property
    block: int
    """Number of its block from 1; 0 for the head of the page."""
    position: int
    """Among those of the page, from 1."""


@dataclass(slots=True)
class Problem:
    """Something that could not be used, or that contradicts the rest of the page."""

    kind: str
    """One of PROBLEMS."""
    line: int
    reason: str


@dataclass(slots=True)
class Prose:
    """A sentence of the text that says what a property could say."""

    key: str
    value: str
    line: int


@dataclass(slots=True)
class Owl:
    """A fence of OWL axioms."""

    language: str
    text: str
    line: int
    """Of the opening fence."""


@dataclass(slots=True)
class Reading:
    """All that a page states."""

    name: str
    facts: list[Fact] = field(default_factory=list)
    stated: list[Stated] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    prose: list[Prose] = field(default_factory=list)
    owl: list[Owl] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Names of the pages that the text links to, as written, each once."""
    aliases: list[str] = field(default_factory=list)
    """Other names under which Logseq finds the page."""

    def state(self, found: Property, block: int) -> None:
        """Keeps a property as it is written."""
        self.stated.append(Stated(found, block, 0))

    def report(self, kind: str, line: int, reason: str) -> None:
        """Notes a problem of the list."""
        self.problems.append(Problem(kind, line, reason))

    def put_in_order(self) -> None:
        """By lines, whatever was found first."""
        self.facts.sort(key=lambda fact: fact.line)
        self.problems.sort(key=lambda problem: problem.line)
        self.stated.sort(key=lambda stated: stated.property.line)
        for position, stated in enumerate(self.stated, 1):
            stated.position = position


def quoted(value: str) -> str:
    """A value in a sentence: in quotes, and not all of a long one."""
    return repr(value if len(value) <= 60 else value[:57] + "...")
