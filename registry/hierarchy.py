"""The terms as a tree: what stands below what, where to begin, and what to show of a large one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from registry.families import Concept

NAMED = 12
"""So many of the parents that sources give one subject come into an excerpt."""

Disputes = Mapping[str, tuple[tuple[str, str], ...]]
"""By the slug of a method what `families.methods_in_dispute` says of it."""


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """What is shown of a hierarchy."""

    terms: tuple[str, ...]
    """Those nearest to the top first."""
    named: tuple[str, ...]
    """Terms that are shown only because a source gives them as the parent of one of the others."""
    methods: tuple[str, ...]
    left_out: int
    """Terms and methods that are as well chosen, and for which there was no room."""


class Hierarchy:
    """Terms with what is narrower.  A term with two parents stands below both, and circles do no harm."""

    def __init__(self, concepts: Iterable[Concept], methods_in_dispute: Disputes | None = None) -> None:
        self.terms = {concept.name: concept for concept in concepts}
        self.methods_in_dispute = methods_in_dispute or {}
        found: dict[str, list[str]] = {name: [] for name in self.terms}
        for concept in self.terms.values():
            for parent in concept.parents:
                if parent in found:
                    found[parent].append(concept.name)
        self.narrower = {name: tuple(below) for name, below in found.items()}
        """What stands right below each term, in the order of the terms."""

    @cached_property
    def tops(self) -> tuple[str, ...]:
        """Where to begin so as to reach every term: those without a parent, and one of each circle above all."""
        tops = [name for name, concept in self.terms.items() if not self._parents(concept.name)]
        reached = set(self._in_breadth(tops))
        for name in self.terms:
            if name not in reached:
                tops.append(self._circle_above(name))
                reached.update(self._in_breadth(tops[-1:]))
        found = set(tops)
        return tuple(name for name in self.terms if name in found)

    @cached_property
    def in_circles(self) -> tuple[str, ...]:
        """Terms that stand below themselves."""
        return tuple(name for name in self.terms if name in self._in_breadth(self.narrower[name]))

    def below(self, name: str) -> list[str]:
        """A term and all that stands below it, nearest first."""
        return list(self._in_breadth([name]))

    def above(self, name: str) -> list[str]:
        """All that stands above a term, nearest first."""
        found, left = dict.fromkeys(self._parents(name)), list(self._parents(name))
        for parent in left:
            for further in self._parents(parent):
                if further not in found:
                    found[further] = None
                    left.append(further)
        return [parent for parent in found if parent != name]

    def path(self, name: str) -> list[str]:
        """From a top down to a term, by the first parent of each."""
        path = [name]
        while parents := self._parents(path[0]):
            if parents[0] in path:
                break
            path.insert(0, parents[0])
        return path

    def is_disputed(self, name: str) -> bool:
        """Whether a source gives a term, or a method right below it, another parent."""
        concept = self.terms[name]
        return bool(concept.disputed or any(method in self.methods_in_dispute for method in concept.methods))

    def chosen(self, top: str | None = None, *, disputed_only: bool = False) -> list[str]:
        """A term and all below it, or all terms; or of these the disputed ones with what leads to them."""
        terms = self.below(top) if top is not None else list(self._in_breadth(self.tops))
        if not disputed_only:
            return terms
        kept: set[str] = set()
        for name in terms:
            if self.is_disputed(name):
                kept.update((name, *self.above(name)))
        return [name for name in terms if name in kept]

    def methods_of(self, terms: Collection[str], *, disputed_only: bool = False) -> list[str]:
        """The methods right below these terms."""
        found = dict.fromkeys(method for name in terms for method in self.terms[name].methods)
        return [method for method in found if not disputed_only or method in self.methods_in_dispute]

    def excerpt(self, terms: Collection[str], methods: Collection[str] = (), *, limit: int) -> Excerpt:
        """As many of the terms, and then of the methods right below them, as there is room for.

        With each come some of the parents that sources give it.
        """
        shown: dict[str, None] = {}
        named: dict[str, None] = {}
        for name in terms:
            others = self._known(self.terms[name].disputed)
            if len(shown.keys() | named.keys() | {name, *others}) > limit:
                break
            shown[name] = None
            named |= dict.fromkeys(others)
        below = set(self.methods_of(shown))
        taken: list[str] = []
        for method in methods:
            others = self._known(self.methods_in_dispute.get(method, ()))
            if len(taken) + 1 + len(shown.keys() | named.keys() | {*others}) > limit:
                break
            if method in below:
                taken.append(method)
                named |= dict.fromkeys(others)
        return Excerpt(
            terms=tuple(shown),
            named=tuple(name for name in named if name not in shown),
            methods=tuple(taken),
            left_out=len(terms) - len(shown) + len(methods) - len(taken),
        )

    def _known(self, disputed: Iterable[tuple[str, str]]) -> list[str]:
        return list(dict.fromkeys(parent for parent, _ in disputed if parent in self.terms))[:NAMED]

    def _parents(self, name: str) -> list[str]:
        return [parent for parent in self.terms[name].parents if parent in self.terms]

    def _in_breadth(self, begin: Iterable[str]) -> Iterator[str]:
        found = dict.fromkeys(begin)
        left = list(found)
        for name in left:
            yield name
            for below in self.narrower[name]:
                if below not in found:
                    found[below] = None
                    left.append(below)

    def _circle_above(self, name: str) -> str:
        """A term of the circle to which the first parents of a term lead: the first of it."""
        path = [name]
        while (parent := self._parents(path[-1])[0]) not in path:
            path.append(parent)
        circle = path[path.index(parent) :]
        return next(each for each in self.terms if each in circle)
