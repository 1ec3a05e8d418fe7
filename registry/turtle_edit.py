"""Facts of a Turtle text changed so that only their own lines change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from registry.errors import RegistryError
from registry.namespaces import PREFIXES
from registry.triples import Term
from registry.turtle_layout import Object, Predicate, Statement, layout

_RDF_TYPE = PREFIXES["rdf"] + "type"
_BARE = {
    PREFIXES["xsd"] + "integer": re.compile(r"[+-]?\d+"),
    PREFIXES["xsd"] + "decimal": re.compile(r"[+-]?\d*\.\d+"),
    PREFIXES["xsd"] + "double": re.compile(r"[+-]?(?:\d+\.\d*|\.?\d+)[eE][+-]?\d+"),
    PREFIXES["xsd"] + "boolean": re.compile("true|false"),
}
"""Literals that need no quotes."""
_LOCAL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_REST = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|$)")
"""What may follow on a line that is otherwise done: blanks and a comment."""


@dataclass(frozen=True)
class Change:
    """A value that goes, one that comes, or one in the place of another."""

    predicate: str
    remove: Term | None
    add: Term | None


def edit(text: str, subject: str, changes: Sequence[Change]) -> str:
    """The text with some facts of a subject changed; comments and all other lines stay byte for byte.

    The result is parsed, and holds exactly the old triples less the removed, plus the added.
    Raises RegistryError where the text does not parse, lacks what is to be removed, says nothing of
    the subject, or cannot be edited; a change of blank nodes is refused.
    """
    wanted = _triples(text)
    node = ox.NamedNode(subject)
    for change in changes:
        predicate = ox.NamedNode(change.predicate)
        for term in (change.remove, change.add):
            if not isinstance(term, ox.NamedNode | ox.Literal | None):
                raise RegistryError(f"only IRIs and literals of {subject} can be changed, and {term} is neither")
        if change.remove is not None:
            gone = ox.Quad(node, predicate, change.remove)
            if gone not in wanted:
                raise RegistryError(f"{subject} does not state {predicate} {change.remove}; nothing was changed")
            wanted.discard(gone)
        if change.add is not None:
            wanted.add(ox.Quad(node, predicate, change.add))
        text = _Editor(text, subject).apply(change)
    try:
        if _canonical(_triples(text)) == _canonical(wanted):
            return text
    except RegistryError:
        pass
    raise RegistryError(f"the facts of {subject} cannot be changed in place; edit its file by hand")


def _triples(text: str) -> set[ox.Quad]:
    try:
        return set(ox.parse(text, format=ox.RdfFormat.TURTLE))
    except SyntaxError as error:
        raise RegistryError(f"line {error.lineno} of the Turtle text: {error.msg}") from None


def _canonical(quads: set[ox.Quad]) -> set[ox.Quad]:
    if not any(isinstance(term, ox.BlankNode) for quad in quads for term in (quad.subject, quad.object)):
        return quads
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return set(dataset)


class _Editor:
    """One change of one text."""

    def __init__(self, text: str, subject: str) -> None:
        self.text = text
        self.layout = layout(text)
        self.subject = ox.NamedNode(subject)
        self.own = [each for each in self.layout.statements if each.subject == self.subject]
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def apply(self, change: Change) -> str:
        """The text after the change."""
        old, new = change.remove, change.add
        if old == new:
            return self.text
        states_new = new is not None and self._find(change.predicate, new) is not None
        if old is not None:
            place = self._find(change.predicate, old)
            if place is None:
                raise RegistryError(f"{self.subject} states {old} where it cannot be changed; edit its file by hand")
            if new is not None and not states_new:
                text, states_new = self._replace(*place, new), True
            else:
                text = self._remove(*place)
            while place := _Editor(text, self.subject.value)._find(change.predicate, old):  # it was written twice
                text = _Editor(text, self.subject.value)._remove(*place)
            text = _without_orphans(self.text, text)
        else:
            text = self.text
        if new is not None and not states_new:
            return _Editor(text, self.subject.value)._add(change.predicate, new)
        return text

    def _find(self, predicate: str, term: Term) -> tuple[Statement, Predicate, int] | None:
        for statement in self.own:
            for each in statement.predicates:
                for index, thing in enumerate(each.objects):
                    if each.iri == predicate and thing.term == term:
                        return statement, each, index
        return None

    def _splice(self, *parts: tuple[int, int, str]) -> str:
        text = self.text
        for start, end, new in sorted(parts, reverse=True):
            text = text[:start] + new + text[end:]
        return text

    def _line_start(self, place: int) -> int:
        return self.text.rfind("\n", 0, place) + 1

    def _starts_line(self, place: int) -> bool:
        return not self.text[self._line_start(place) : place].strip(" \t")

    def _line_end(self, place: int) -> int | None:
        """The place after the line, where nothing but a comment follows on it; else None."""
        rest = _REST.match(self.text, place)
        return rest.end() if rest else None

    # Replacing

    def _replace(self, statement: Statement, predicate: Predicate, index: int, new: Term) -> str:
        old = predicate.objects[index]
        written, declared = self._write(statement, new, self.text[old.start : old.end])
        if self.text[old.end : old.end + 1] == "." and not written.endswith(('"', ">")):
            written += " "  # "5." and "a." would swallow the full stop
        return self._splice((old.start, old.end, written), *declared)

    # Removing

    def _remove(self, statement: Statement, predicate: Predicate, index: int) -> str:
        if len(predicate.objects) == 1:
            return self._remove_predicate(statement, predicate)
        thing = predicate.objects[index]
        if index + 1 < len(predicate.objects):
            return self._remove_before_comma(thing, predicate.commas[index], predicate.objects[index + 1])
        return self._remove_last(statement, predicate, predicate.objects[index - 1], thing)

    def _remove_before_comma(self, thing: Object, comma: int, following: Object) -> str:
        end = self._line_end(comma + 1)
        if self._starts_line(thing.start) and end is not None and "#" not in self.text[thing.end : comma]:
            return self._splice((self._line_start(thing.start), end, ""))
        if "#" in self.text[thing.end : following.start]:
            return self._splice((thing.start, thing.end, ""), (comma, comma + 1, ""))
        return self._splice((thing.start, following.start, ""))

    def _remove_last(self, statement: Statement, predicate: Predicate, before: Object, thing: Object) -> str:
        comma = predicate.commas[-1]
        if "#" not in self.text[before.end : thing.start]:
            return self._splice((before.end, thing.end, ""))
        ending = statement.stop if predicate.semicolon is None else predicate.semicolon
        end = self._line_end(ending + 1)
        if self._starts_line(thing.start) and end is not None and not self.text[thing.end : ending].strip():
            # The line before it takes over how the predicate ends.
            mark = self.text[ending]
            return self._splice((comma, comma + 1, mark), (self._line_start(thing.start), end, ""))
        return self._splice((comma, comma + 1, ""), (thing.start, thing.end, ""))

    def _remove_predicate(self, statement: Statement, predicate: Predicate) -> str:
        if len(statement.predicates) == 1:
            end = self._line_end(statement.stop + 1)
            return self._splice((statement.start, statement.stop + 1 if end is None else end, ""))
        position = statement.predicates.index(predicate)
        if predicate.semicolon is not None:
            after = predicate.semicolon + 1
            end = self._line_end(after)
            if self._starts_line(predicate.start) and end is not None:
                return self._splice((self._line_start(predicate.start), end, ""))
            if end is not None:  # the last of several on its line
                start = len(self.text[: predicate.start].rstrip(" \t"))
                return self._splice((start, after, ""))
            blanks = len(self.text[after:]) - len(self.text[after:].lstrip(" \t"))
            return self._splice((predicate.start, after + blanks, ""))
        before = statement.predicates[position - 1]
        assert before.semicolon is not None
        end = self._line_end(statement.stop + 1)
        last = predicate.objects[-1].end
        if self._starts_line(predicate.start) and end is not None and not self.text[last : statement.stop].strip():
            return self._splice(
                (before.semicolon, before.semicolon + 1, "."), (self._line_start(predicate.start), end, "")
            )
        if "#" in self.text[before.semicolon : predicate.start]:
            return self._splice((predicate.start, last, ""))
        return self._splice((len(self.text[: before.semicolon].rstrip(" \t")), last, ""))

    # Adding

    def _add(self, predicate: str, new: Term) -> str:
        for statement in self.own:
            for each in statement.predicates:
                if each.iri == predicate:
                    written, declared = self._write(statement, new, self.text[each.objects[-1].start :])
                    place = each.objects[-1].end
                    return self._splice((place, place, self._comma(each) + written), *declared)
        if not self.own:
            raise RegistryError(f"the file says nothing of {self.subject}")
        return self._add_predicate(self.own[0], predicate, new)

    def _comma(self, predicate: Predicate) -> str:
        """How the predicate separates its objects."""
        if len(predicate.objects) > 1:
            between = self.text[predicate.objects[-2].end : predicate.objects[-1].start]
            if "#" not in between:
                return between
        return ", "

    def _add_predicate(self, statement: Statement, predicate: str, new: Term) -> str:
        verb, declared = self._write(statement, ox.NamedNode(predicate), "")
        written, more = self._write(statement, new, "")
        declared += [each for each in more if each not in declared]
        last = statement.predicates[-1]
        place, stop = last.objects[-1].end, statement.stop
        indent, column = self._columns(statement)
        fact = indent + (verb + " ").ljust(column - len(indent)) + written
        end = self._line_end(stop + 1)
        inline = "\n" not in self.text[statement.start : stop] and len(statement.predicates) > 1
        if inline or end is None:
            between = " " if last.semicolon is not None else " ; "
            place = place if last.semicolon is None else last.semicolon + 1
            return self._splice((place, place, f"{between}{verb} {written}"), *declared)
        if self._starts_line(stop):
            # The full stop has a line of its own.
            line = self._line_start(stop)
            mark = [] if last.semicolon is not None else [(place, place, " ;")]
            return self._splice((line, line, f"{fact} ;{self.newline}"), *mark, *declared)
        gap = self.text[place:stop] if last.semicolon is None else " "
        mark = [(stop, stop + 1, ";")] if last.semicolon is None else [(stop, stop + 1, "")]
        open_line = "" if self.text[:end].endswith("\n") else self.newline
        closing = self.newline if not open_line else ""
        return self._splice((end, end, f"{open_line}{fact}{gap}.{closing}"), *mark, *declared)

    def _columns(self, statement: Statement) -> tuple[str, int]:
        """The indentation of the statement's predicates, and the column in which most objects stand."""
        indents: Counter[str] = Counter()
        columns: Counter[int] = Counter()
        for each in statement.predicates:
            line = self._line_start(each.start)
            if self._starts_line(each.start) and each.start != statement.start:
                indents[self.text[line : each.start]] += 1
                if each.iri != _RDF_TYPE and self._line_start(each.objects[0].start) == line:
                    columns[each.objects[0].start - line] += 1
        indent = indents.most_common(1)[0][0] if indents else "    "
        return indent, columns.most_common(1)[0][0] if columns else 0

    # Writing

    def _write(self, statement: Statement, term: Term, like: str) -> tuple[str, list[tuple[int, int, str]]]:
        """A term as the file would write it, and the prefix that must be declared for it."""
        if isinstance(term, ox.NamedNode):
            return self._write_iri(statement, term.value)
        assert isinstance(term, ox.Literal)
        datatype = term.datatype.value
        if datatype in _BARE and _BARE[datatype].fullmatch(term.value) and not like.startswith(('"', "'")):
            return term.value, []
        quoted = _quoted(term.value, long=like.startswith(('"""', "'''")))
        if term.language:
            return f"{quoted}@{term.language}", []
        if datatype == PREFIXES["xsd"] + "string":
            return quoted, []
        kind, declared = self._write_iri(statement, datatype)
        return f"{quoted}^^{kind}", declared

    def _write_iri(self, statement: Statement, address: str) -> tuple[str, list[tuple[int, int, str]]]:
        for prefixes in (statement.prefixes, PREFIXES):
            fitting = [
                (base, name)
                for name, base in prefixes.items()
                if address.startswith(base) and _LOCAL.fullmatch(address[len(base) :])
            ]
            if fitting:
                base, name = max(fitting, key=lambda pair: len(pair[0]))
                if prefixes is statement.prefixes:
                    return f"{name}:{address[len(base) :]}", []
                above = [each for each in self.layout.declarations if each.start < statement.start]
                if above and all(each.name != name for each in self.layout.declarations):
                    return f"{name}:{address[len(base) :]}", [self._declaration(above[-1].start, name, base)]
        return f"<{address}>", []

    def _declaration(self, above: int, name: str, base: str) -> tuple[int, int, str]:
        """The line of a prefix, after the last one and aligned with it."""
        written = self.text[above:]
        found = re.match(r"(@prefix|prefix)([ \t]+)[^<\s]*[ \t]*(?=<)", written, re.IGNORECASE)
        end = self.text.find("\n", above) + 1
        keyword, column = (found[1], len(found[0])) if found else ("@prefix", 0)
        dot = " ." if keyword.startswith("@") else ""
        return end, end, f"{f'{keyword} {name}:'.ljust(column - 1)} <{base}>{dot}{self.newline}"


def _quoted(value: str, *, long: bool) -> str:
    """The text in quotes; in three of them, lines broken, where the file has it so."""
    if long:
        inner = "".join(each if each == "\n" else _ESCAPES.get(each, each) for each in value)
        return f'"""{inner}"""'
    return (
        '"' + "".join(_ESCAPES.get(each) or (each if each >= " " else f"\\u{ord(each):04X}") for each in value) + '"'
    )


def _without_orphans(before: str, after: str) -> str:
    """The text without the prefixes that only what was removed had used."""
    used = _used(before) - _used(after)
    for each in reversed(layout(after).declarations):
        line = after.rfind("\n", 0, each.start) + 1
        rest = _REST.match(after, each.end)
        if each.name in used and rest and not after[line : each.start].strip():
            after = after[:line] + after[rest.end() :]
    return after


def _used(text: str) -> set[str]:
    """The prefixes that names of the text have."""
    found = layout(text)
    declared = {each.start for each in found.declarations}
    names: set[str] = set()
    for before, token in zip(found.tokens, found.tokens[1:], strict=False):
        if token.kind == "name" and before.start not in declared:
            names.add(text[token.start : token.end].split(":", 1)[0])
    return names
