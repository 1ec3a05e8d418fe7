"""Where each fact of a Turtle text stands: statements, predicates and objects with their places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from registry.errors import RegistryError
from registry.triples import Term

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n]+|\#[^\r\n]*)
      | (?P<iri><[^\x00-\x20<>"{}|^`]*>)
      | (?P<literal>\"{3}(?:[^"\\]|\\.|"(?!""))*\"{3}|'{3}(?:[^'\\]|\\.|'(?!''))*'{3}
                    |"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
      | (?P<mark>\^\^|@[A-Za-z]+(?:-[A-Za-z0-9]+)*(?:--[a-z]+)?)
      | (?P<number>[+-]?(?:\d+(?:\.\d*)?[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d*\.\d+|\d+))
      | (?P<node>_:\w(?:[\w·-]|\.+(?=[\w·-]))*)
      | (?P<name>(?:[^\W\d_](?:[\w·-]|\.+(?=[\w·-]))*)?
                 :(?:(?:[\w:·]|%[0-9A-Fa-f]{2}|\\.)(?:[\w:·-]|%[0-9A-Fa-f]{2}|\\.|\.+(?=[\w:·%\\-]))*)?)
      | (?P<word>[A-Za-z]+)
      | (?P<sign>[;,.\[\]()])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text, blanks and comments left out."""

    kind: str
    start: int
    end: int


@dataclass(slots=True)
class Object:
    """One object of a predicate; its term is None where that is a blank node or a list."""

    start: int
    end: int
    term: Term | None = None


@dataclass(slots=True)
class Predicate:
    """A verb with its objects; `comma[i]` is the place of the comma after object i."""

    start: int
    verb: str
    iri: str
    objects: list[Object]
    commas: list[int]
    semicolon: int | None
    """Place of the first `;` after it; None before the end of its statement."""


@dataclass(slots=True)
class Statement:
    """A subject with its predicates, up to the full stop."""

    start: int
    subject: Term | None
    predicates: list[Predicate]
    stop: int
    """Place of the full stop."""
    prefixes: dict[str, str]
    """As declared above it: name without colon -> IRI."""


@dataclass(slots=True)
class Declaration:
    """A prefix with the place of its whole declaration."""

    name: str
    start: int
    end: int


@dataclass(slots=True)
class Layout:
    """What stands where in a text."""

    statements: list[Statement]
    declarations: list[Declaration]
    tokens: list[Token]


def layout(text: str) -> Layout:
    """The places of all facts of a Turtle text that parses.  Raises RegistryError for what Turtle 1.1 has not."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.position = 0
        self.header = ""
        self.prefixes: dict[str, str] = {}
        self.found = Layout([], [], self.tokens)

    def read(self) -> Layout:
        while self.position < len(self.tokens):
            word = self._word().lower()
            if word in ("@prefix", "prefix"):
                self._prefix(dotted=word.startswith("@"))
            elif word in ("@base", "base", "@version", "version"):
                self._directive(3 if word.startswith("@") else 2)
            else:
                self.found.statements.append(self._statement())
        return self.found

    def _word(self, offset: int = 0) -> str:
        if self.position + offset >= len(self.tokens):
            raise RegistryError("the Turtle text ends within a statement")
        token = self.tokens[self.position + offset]
        return self.text[token.start : token.end]

    def _directive(self, length: int) -> Token:
        first, last = self.tokens[self.position], self.tokens[self.position + length - 1]
        self.header += self.text[first.start : last.end] + "\n"
        self.position += length
        return Token("directive", first.start, last.end)

    def _prefix(self, *, dotted: bool) -> None:
        name = self._word(1)[:-1]
        place = self._directive(4 if dotted else 3)
        (known,) = ox.parse(f"{self.header}{name}: <x:p> <x:o> .", format=ox.RdfFormat.TURTLE)
        assert isinstance(known.subject, ox.NamedNode)
        self.prefixes = {**self.prefixes, name: known.subject.value}
        self.found.declarations.append(Declaration(name, place.start, place.end))

    def _term(self) -> Object:
        """The next term; brackets as a whole."""
        first = self.tokens[self.position]
        depth = 0
        while True:
            word = self._word()
            depth += (word in ("[", "(")) - (word in ("]", ")"))
            self.position += 1
            if depth == 0:
                break
        if first.kind == "literal" and self.position < len(self.tokens) and self.tokens[self.position].kind == "mark":
            self.position += 2 if self._word() == "^^" else 1
        return Object(first.start, self.tokens[self.position - 1].end)

    def _statement(self) -> Statement:
        subject = self._term()
        predicates: list[Predicate] = []
        while self._word() != ".":
            if self._word() == ";":  # after the last predicate, or one too many
                if predicates and predicates[-1].semicolon is None:
                    predicates[-1].semicolon = self.tokens[self.position].start
                self.position += 1
                continue
            predicates.append(self._predicate())
        stop = self.tokens[self.position].start
        self.position += 1
        self._name(subject, predicates)
        return Statement(subject.start, subject.term, predicates, stop, self.prefixes)

    def _predicate(self) -> Predicate:
        start, verb = self.tokens[self.position].start, self._word()
        self.position += 1
        objects, commas = [self._term()], []
        while self._word() == ",":
            commas.append(self.tokens[self.position].start)
            self.position += 1
            objects.append(self._term())
        return Predicate(start, verb, "", objects, commas, None)

    def _name(self, subject: Object, predicates: Sequence[Predicate]) -> None:
        """Lets the parser say what the words mean: prefixes, escapes and bases are its business."""
        named = [thing for thing in (subject, *(each for p in predicates for each in p.objects)) if self._leaf(thing)]
        objects = "".join(f"<x:s> <x:p> {self.text[thing.start : thing.end]} .\n" for thing in named)
        verbs = "".join(f"<x:s> {predicate.verb} <x:o> .\n" for predicate in predicates)
        facts = list(ox.parse(self.header + objects + verbs, format=ox.RdfFormat.TURTLE))
        for thing, fact in zip(named, facts, strict=False):
            thing.term = fact.object
        for predicate, fact in zip(predicates, facts[len(named) :], strict=True):
            predicate.iri = fact.predicate.value

    def _leaf(self, thing: Object) -> bool:
        return self.text[thing.start] not in "[(" and not self.text.startswith("_:", thing.start)


def _tokens(text: str) -> list[Token]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            line = text.count("\n", 0, place) + 1
            raise RegistryError(f"line {line} of the Turtle text holds {text[place]!r}, which is not edited here")
        if match.lastgroup != "blank":
            found.append(Token(str(match.lastgroup), place, match.end()))
        place = match.end()
    return found
