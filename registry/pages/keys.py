"""The keys of pages: many spellings, one meaning, by the one table in the ontology."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from registry.errors import BrokenFile
from registry.namespaces import PREFIXES, iri

FILE = "page_keys.ttl"
"""Its place below the ontology."""

HOLDS = ("text", "links", "mixed", "names", "id", "iri", "flag", "number", "date")

SHORTEST_GUESS, NEAR = 6, 92.0
"""Letters of a key that is guessed at, and how alike, of 100, it and the guess are at least."""

# What cannot be seen, and the blanks that look like others.
INVISIBLE = re.compile("[\u00a0\u00ad\u180e\u200b-\u200f\u2060\ufeff]")


@dataclass(frozen=True)
class Key:
    """What a property of a page means."""

    name: str
    """As our own pages write it: `is-subclass-of`."""
    predicate: str
    """The IRI of the property that a fact has."""
    holds: str
    """One of HOLDS."""
    single: bool = False
    """Whether two different values on a page contradict each other."""
    spellings: tuple[str, ...] = ()
    """Besides the name, as the table writes them."""
    own: tuple[str, ...] = ()
    """The properties that it stands for on pages of our own subjects."""
    may_be_empty: bool = False


def fold_key(written: str) -> str:
    """A key as Logseq takes it: small letters, `-` for `_` and blanks."""
    return written.lower().replace("_", "-").replace(" ", "-")


@dataclass(frozen=True)
class Keys:
    """The table."""

    keys: tuple[Key, ...]
    """By name."""
    prefixes: frozenset[str] = frozenset()
    """That change nothing: `ngm:relatedTo` is `relatedTo`."""
    digest: str = ""
    """SHA-256 of the table's file."""
    _found: dict[str, Key | None] = field(default_factory=dict, repr=False, compare=False)
    _near: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def by_spelling(self) -> dict[str, Key]:
        """Every spelling, folded."""
        return {fold_key(spelling): key for key in self.keys for spelling in (key.name, *key.spellings)}

    @cached_property
    def _by_predicate(self) -> dict[str, Key]:
        return {predicate: key for key in self.keys for predicate in (key.predicate, *key.own)}

    def known(self, written: str) -> Key | None:
        """The key of a spelling, or None for one that the table does not have."""
        try:
            return self._found[written]
        except KeyError:
            found = self._look_up(written)
            if len(self._found) < 10_000:
                self._found[written] = found
            return found

    def _look_up(self, written: str) -> Key | None:
        folded = fold_key(INVISIBLE.sub("", written))
        if found := self.by_spelling.get(folded):
            return found
        prefix, colon, local = folded.partition(":")
        return self.by_spelling.get(local) if colon and prefix in self.prefixes else None

    def nearest(self, folded: str) -> str | None:
        """The name or spelling, folded, that an unknown key is probably meant for."""
        if len(folded) < SHORTEST_GUESS:
            return None
        if folded not in self._near:
            from rapidfuzz import fuzz, process

            known = [spelling for spelling in self.by_spelling if len(spelling) >= SHORTEST_GUESS]
            found = process.extractOne(folded, known, scorer=fuzz.ratio, score_cutoff=NEAR)
            if len(self._near) >= 10_000:
                return found[0] if found else None
            self._near[folded] = found[0] if found else None
        return self._near[folded]

    def of(self, predicate: str) -> Key | None:
        """The key under which a property, of an imported page or of a subject of ours, is written."""
        return self._by_predicate.get(predicate)

    def named(self, name: str) -> Key:
        """The key of that very name; raises KeyError."""
        key = self.by_spelling[name]
        if key.name != name:
            raise KeyError(name)
        return key


def load_keys(file: Path) -> Keys:
    """The table of an ontology; raises BrokenFile where it does not say what each key means, once."""
    import pyoxigraph as ox

    content = _content(file)
    stated: dict[str, dict[str, list[str]]] = {}
    try:
        for triple in ox.parse(content, format=ox.RdfFormat.TURTLE):
            subject, value = triple.subject, triple.object
            if not isinstance(subject, ox.Triple) and not isinstance(value, ox.Triple):
                stated.setdefault(subject.value, {}).setdefault(triple.predicate.value, []).append(value.value)
    except SyntaxError as error:
        raise BrokenFile(file, error.lineno, str(error.msg).removeprefix("Parser error at ")) from None
    except ValueError as error:
        raise BrokenFile(file, None, str(error)) from None
    kind, prefix = iri("rdf", "type"), iri("reg", "ignoredPrefix")
    keys = [_key(file, said) for said in stated.values() if iri("reg", "PageKey") in said.get(kind, ())]
    prefixes = frozenset(text.lower() for said in stated.values() for text in said.get(prefix, ()))
    keys.sort(key=lambda key: key.name)
    _require_one_meaning(file, keys)
    return Keys(tuple(keys), prefixes, sha256(content).hexdigest())


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BrokenFile(file, None, f"cannot be read: {error.strerror}; pages need its table of keys") from None


def _key(file: Path, said: dict[str, list[str]]) -> Key:
    def one(name: str) -> str:
        found = said.get(iri("reg", name), [])
        if len(found) != 1:
            known = said.get(iri("reg", "pageKey"), ["?"])[0]
            raise BrokenFile(file, None, f"the page key {known!r} needs one reg:{name}, and has {len(found)}")
        return found[0]

    name, predicate, holds = one("pageKey"), one("meansProperty"), one("holds")
    if holds not in HOLDS:
        raise BrokenFile(file, None, f"the page key {name!r} holds {holds!r}; it can hold {', '.join(HOLDS)}")
    return Key(
        name=name,
        predicate=predicate,
        holds=holds,
        single=said.get(iri("reg", "single")) == ["true"],
        spellings=tuple(sorted(said.get(iri("reg", "spelling"), ()))),
        own=tuple(sorted(said.get(iri("reg", "meansOwnProperty"), ()))) or (predicate,),
        may_be_empty=said.get(iri("reg", "mayBeEmpty")) == ["true"],
    )


def _require_one_meaning(file: Path, keys: Iterable[Key]) -> None:
    spelt: dict[str, str] = {}
    meant: dict[str, str] = {}
    for key in keys:
        for spelling in (key.name, *key.spellings):
            other = spelt.setdefault(fold_key(spelling), key.name)
            if other != key.name:
                raise BrokenFile(
                    file, None, f"{spelling!r} is a spelling of two page keys, {other!r} and {key.name!r}"
                )
        for predicate in {key.predicate, *key.own}:
            other = meant.setdefault(predicate, key.name)
            if other != key.name:
                reason = f"{predicate.removeprefix(PREFIXES['reg'])} is meant by two page keys"
                raise BrokenFile(file, None, f"{reason}, {other!r} and {key.name!r}")
