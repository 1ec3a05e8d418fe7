"""Values of the graph as values of properties on a page, and back, without loss.

A value is a list of links, `[[Page]], <reg:Primary>`; a literal with its type, `"Deutsch"@de`; or bare
text, which stands for the kind of literal that its key has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import pyoxigraph as ox

from registry.namespaces import PREFIXES, curie, iri
from registry.pages.normal import inline, link, plain
from registry.pages.nquads import is_date
from registry.pages.own_keys import OwnKey

Resolve = Callable[[str], str | None]
"""The IRI of a page by its name or alias; None where there is no such page."""

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)|\^\^<([^<>\s]+)>)?')
# A name has no "]]" in it: else a long list with a word behind it could be taken apart in countless ways.
_LINK = re.compile(r"\[\[((?:[^\]]|\](?!\]))+)\]\](?!\])|<([^<>\s]+)>")
_LINKS = re.compile(rf"(?:{_LINK.pattern})(?:, (?:{_LINK.pattern}))*")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}
_HAZARD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"\\#\[\](){}`<>|^;]")
_SAFE_ADDRESS = re.compile(r"https?://[\w./~%?=&:+#,;@!*'$-]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:(\d+)|\d*\.\d+)", re.ASCII)


def english(text: str) -> ox.Literal:
    """A text in English, as most of ours are."""
    return ox.Literal(text, language="en")


def bare(key: OwnKey, text: str) -> ox.Literal | ox.NamedNode | None:
    """What bare text stands for under a key, or None where it stands for nothing."""
    match key.plain:
        case "text":
            return english(text)
        case "string":
            return ox.Literal(text)
        case "id":
            return _typed(text, "reg", "termId")
        case "address":
            return _typed(text, "xsd", "anyURI")
        case "flag" if text in ("true", "false"):
            return _typed(text, "xsd", "boolean")
        case "date" if is_date(text):
            return _typed(text, "xsd", "date")
        case "date" if re.fullmatch("[0-9]{4}", text):
            return _typed(text, "xsd", "gYear")
        case "number" if found := _NUMBER.fullmatch(text):
            return _typed(text, "xsd", "integer" if found[1] else "decimal")
        case "word" if re.fullmatch(r"[a-z]+", text):
            return ox.NamedNode(iri("reg", text.capitalize()))
    return None


def literal(key: OwnKey, term: ox.Literal | ox.NamedNode, reserved: str = "") -> str:
    """A literal, or a word of the vocabulary, as a value: bare where that comes back the same, else quoted.

    It is quoted as well where it holds the `reserved` character, which a quoted value never shows.
    """
    text = term.value if isinstance(term, ox.Literal) else term.value.removeprefix(PREFIXES["reg"]).lower()
    marked = inline(text)
    if marked.startswith('"'):
        marked = "\\" + marked
    if not (reserved and reserved in marked) and _whole(text) and read(key, marked, lambda name: None) == [term]:
        return marked
    if isinstance(term, ox.NamedNode):
        return address(term.value)
    kind = "" if term.datatype.value == iri("xsd", "string") else f"^^<{_safe(term.datatype.value)}>"
    return f'"{_safe(term.value)}"' + (f"@{term.language}" if term.language else kind)


def links(targets: Iterable[str | tuple[str]]) -> str:
    """Links to pages by their names, and to addresses that have no page, each in a tuple of its own."""
    return ", ".join(link(target) if isinstance(target, str) else address(*target) for target in targets)


def address(target: str) -> str:
    """An IRI as `<prefix:name>` where it has a prefix, else in full."""
    short = curie(target)
    if short != target and re.fullmatch(r"[a-z]+:[\w.-]+", short, re.ASCII):
        return f"<{short}>"
    return f"<{target if _SAFE_ADDRESS.fullmatch(target) else _safe(target)}>"


def read(key: OwnKey, value: str, resolve: Resolve) -> list[ox.Literal | ox.NamedNode] | None:
    """The terms that a value stands for, or None where it stands for nothing."""
    if _LINKS.fullmatch(value):
        found = [_target(name, short, resolve) for name, short in _LINK.findall(value)]
        return None if None in found else [ox.NamedNode(one) for one in found if one is not None]
    if quoted := _QUOTED.fullmatch(value):
        text, language, datatype = quoted.groups()
        if language:
            return [ox.Literal(_raw(text), language=language)]
        return [ox.Literal(_raw(text), datatype=ox.NamedNode(_raw(datatype)) if datatype else None)]
    term = bare(key, plain(value)) if value else None
    return None if term is None else [term]


def unknown_links(value: str, resolve: Resolve) -> list[str]:
    """The names in a value that no page bears."""
    return [name for name, short in _LINK.findall(value) if name and resolve(name) is None]


def ordered(key: OwnKey, items: Sequence[ox.NamedNode | ox.Literal]) -> str:
    """The items of an ordered list as one value; what else would be read as a single value ends in ";"."""
    value = "; ".join(literal(_item(key), item, ";") for item in items)
    return value + ";" if _is_single(value) else value


def read_ordered(key: OwnKey, value: str, resolve: Resolve) -> list[ox.Literal | ox.NamedNode] | bool | None:
    """The items of such a value; True where it is no list but a single value, None where one stands for nothing."""
    if _is_single(value):
        return True
    parts = value.removesuffix(";").split("; ") if value else []
    found = [read(_item(key), part, resolve) for part in parts]
    return None if None in found else [item for items in found if items is not None for item in items]


def _is_single(value: str) -> bool:
    return bool(_QUOTED.fullmatch(value) or _LINKS.fullmatch(value))


def _item(key: OwnKey) -> OwnKey:
    return OwnKey(key.name, key.predicate, key.plain.removesuffix("s"))


def _typed(text: str, prefix: str, name: str) -> ox.Literal:
    return ox.Literal(text, datatype=ox.NamedNode(iri(prefix, name)))


def _target(name: str, short: str, resolve: Resolve) -> str | None:
    if name:
        return resolve(name)
    prefix, colon, local = short.partition(":")
    if colon and prefix in PREFIXES and not local.startswith("//"):
        return PREFIXES[prefix] + local
    return _raw(short)


def _whole(text: str) -> bool:
    """Whether no reader would trim an end of a text."""
    return bool(text) and text[0].isprintable() and text[-1].isprintable()


def _safe(text: str) -> str:
    return _HAZARD.sub(lambda found: f"\\u{ord(found[0]):04X}", text)


def _raw(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else _CONTROL.get(found[3], found[3])

    return _ESCAPE.sub(one, text)
