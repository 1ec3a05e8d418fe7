"""Pages as Obsidian reads them: YAML front matter for properties, links by the names of files.

Obsidian finds a page by the name of its file, whatever the case, and by nothing else: a link to a page
whose title can be no file name is written `[[file|title]]`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

import pyoxigraph as ox

from registry.namespaces import curie, iri
from registry.pages import references
from registry.pages.names import fold, page_name
from registry.pages.normal import Node, inline
from registry.pages.own import SECTIONS, OwnPage, Statement
from registry.pages.own_keys import ALSO_CALLED
from registry.pages.own_names import KINDS
from registry.pages.reader import Page, Property, read
from registry.triples import python_value

_FORBIDDEN = re.compile(r'[\\/:*?"<>|#^\[\]%\x00-\x1f\x7f]+')
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)")
_LONGEST = 200
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN_KEY = re.compile(r"[a-z][a-z0-9-]*")
_NOT_TEXT = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_LINK_OR_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)|\[\[((?:(?!\[\[|\]\]).)+)\]\]")
_BLOCK = re.compile(r"^[ \t]*(?:-(?: |$)|#+ )", re.MULTILINE)
"""Where the first block begins, before which stand the properties of the page."""
_ROW = re.compile(r"\s*(?:- )?\|")
_HIDDEN = ("id", "collapsed", "heading", "custom-id")
"""Properties by which Logseq keeps the state of its window."""

Value = str | bool | ox.Literal | Sequence["Value"]


class Vault:
    """The files of a folder of pages: no two names alike, and none that Obsidian could not link to."""

    def __init__(self, names: Iterable[str], below: str = "") -> None:
        self.crowded: frozenset[str] = frozenset()
        """Names that files of several folders bear; a link to such a one gives its path."""
        self._targets: dict[str, PurePosixPath] = {}
        """By folded name, the path without its ending."""
        taken: set[str] = set()
        for name in names:
            if fold(name) not in self._targets:
                self._targets[fold(name)] = PurePosixPath(below + _free(_stem(name), taken))

    def know(self, aliases: Iterable[str], name: str) -> None:
        """Makes aliases lead to the page of a name, unless they are names themselves."""
        for alias in aliases:
            self._targets.setdefault(fold(alias), self._targets[fold(name)])

    def file(self, name: str) -> str:
        """The path of a page."""
        return f"{self._targets[fold(name)]}.md"

    def stems(self) -> list[str]:
        """The names of all files, as Obsidian compares them."""
        return [target.name.casefold() for target in set(self._targets.values())]

    def link(self, name: str) -> str:
        """A link to the page of a name, shown by that name; as it was where there is no such page."""
        target = self._targets.get(fold(name))
        if target is None:
            return f"[[{name}]]"
        found = str(target) if target.name.casefold() in self.crowded else target.name
        return f"[[{name}]]" if found.casefold() == name.casefold() else f"[[{found}|{name.replace('|', '¦')}]]"

    def cell_link(self, name: str) -> str:
        """The same in a table, where a bar ends a cell."""
        return self.link(name).replace("|", "\\|")


class Imported(Vault):
    """The files of an imported collection, whose folders stay; names that need no change stay too."""

    def __init__(self, titles: Mapping[str, tuple[str, Sequence[str]]], below: str = "") -> None:
        """By path: the name of each page and its aliases."""
        super().__init__(())
        self.titles = titles
        self._paths: dict[str, PurePosixPath] = {}
        taken: set[str] = set()
        for path, (name, _) in titles.items():
            folder, _, file = f"{below}{path}".rpartition("/")
            stem = _free(_stem(file.removesuffix(".md")), taken, folder)
            self._paths[path] = PurePosixPath(folder, stem)
            self._targets.setdefault(fold(name), self._paths[path])
        for name, aliases in titles.values():
            self.know(aliases, name)

    def path(self, path: str) -> str:
        """Where a page lies."""
        return f"{self._paths[path]}.md"

    def stems(self) -> list[str]:
        """The names of all files, as Obsidian compares them."""
        return [path.name.casefold() for path in self._paths.values()]


def tell_apart(vaults: Sequence[Vault]) -> None:
    """Makes vaults that share a folder name the paths of files that are called alike."""
    counts = Counter(stem for vault in vaults for stem in vault.stems())
    for vault in vaults:
        vault.crowded = frozenset(stem for stem, count in counts.items() if count > 1)


def vault_of(place: Path, files: Sequence[str], below: str = "") -> Imported:
    """The names of the pages of a collection and their files."""
    titles = {}
    for file in files:
        text = (place / file).read_bytes().decode()
        page = read(_BLOCK.split(text, maxsplit=1)[0])
        own = {each.key: each.value for each in page.properties}
        aliases = [*_items(own.get("alias", "")), *_items(own.get("aliases", ""))]
        titles[file] = own.get("title") or page_name(file), aliases
    return Imported(titles, below)


def render(page: OwnPage, vault: Vault) -> str:
    """A page of our own graph."""
    front: dict[str, Value] = {"title": page.name}
    kind = curie(page.subject).partition(":")[0]
    if kind in KINDS:
        front["tags"] = [kind]
    labels = [] if PurePosixPath(vault.file(page.name)).stem == page.name else [page.name]
    sections = {key: Node(f"## {title}") for key, title in SECTIONS.items()}
    relations = {statement.key for statement in (*page.head, *page.statements) if statement.relates}
    found: dict[str, list[Value]] = {}
    for statement in (*page.head, *page.statements):
        if statement.key in sections:
            sections[statement.key].children += [Node(inline(term.value)) for term in statement.terms]
        elif statement.key in ("alias", ALSO_CALLED):
            labels += [term.value for term in statement.terms]
        else:
            found.setdefault(statement.key, []).extend(_values(statement, vault))
    if labels:
        front["aliases"] = list(dict.fromkeys(labels))
    for key, values in found.items():
        front[key] = values[0] if len(values) == 1 and key not in relations else values
    if "url" not in front:
        front["iri"] = page.subject
    parents = Node("## Parents that sources state")
    for parent in page.parents:
        said = f": {inline(parent.text)}" if parent.text else ""
        parents.children.append(Node(f"{vault.link(parent.link)}{said} ({inline(parent.source.value)})"))
    nodes = [node for node in (parents, *sections.values()) if node.children]
    return front_matter(front) + "\n" + "\n\n".join(_paragraphs([*nodes, *page.sections])) + "\n"


def convert(text: str, file: str, vault: Imported) -> str:
    """An imported page: its properties as front matter as well, its links as Obsidian follows them."""
    if text.startswith(("---\n", "---\r\n")):
        return text
    page = read(text)
    name, aliases = vault.titles[file]
    stem = PurePosixPath(vault.path(file)).stem
    front: dict[str, Value] = {}
    if labels := [label for label in dict.fromkeys([name, *aliases]) if label != stem]:
        front["aliases"] = labels
    stated: dict[str, list[Value]] = {}
    for each in (*page.properties, *(each for block in page.blocks for each in block.properties)):
        if each.key not in (*_HIDDEN, "alias", "aliases") and each.value:
            stated.setdefault(each.key, []).extend(_linked(each, vault))
    front |= {key: values[0] if len(values) == 1 else values for key, values in stated.items()}
    head = {each.line for each in page.properties}
    body = "".join(_relinked(page, vault, head))
    return (front_matter(front) if front else "") + body


def front_matter(values: Mapping[str, Value]) -> str:
    """YAML whose texts are all quoted as in JSON, which YAML includes."""
    return "---\n" + "".join(f"{_key(key)}: {_yaml(value)}\n" for key, value in values.items()) + "---\n"


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key not in _NOT_TEXT else _yaml(key)


def _yaml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, ox.Literal):
        return value.value
    if isinstance(value, str):
        return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    return f"[{', '.join(_yaml(item) for item in value)}]"


def _values(statement: Statement, vault: Vault) -> Iterator[Value]:
    if statement.relates:
        for name in re.findall(r"\[\[(.+?)\]\](?!\])", statement.value):
            yield vault.link(name)
        return
    for term in statement.terms:
        value = python_value(term)
        if isinstance(value, bool):
            yield value
        elif isinstance(term, ox.Literal) and _is_number(term):
            yield term
        else:
            yield term.value


def _is_number(term: ox.Literal) -> bool:
    kinds = (iri("xsd", "integer"), iri("xsd", "decimal"))
    return term.datatype.value in kinds and _NUMBER.fullmatch(term.value) is not None


def _linked(stated: Property, vault: Vault) -> Iterator[Value]:
    names = references.pages(stated.value)
    if names and not stated.value.startswith('"'):
        for name in names:
            yield vault.link(name)
    else:
        yield stated.value


def _relinked(page: Page, vault: Vault, left_out: set[int]) -> Iterator[str]:
    """The lines of a page without its own drawer; code stays as it is."""
    code = {line for fence in page.fences for line in range(fence.first, fence.last)}
    for number, line in enumerate(page.lines):
        if number in left_out:
            continue
        if number in code or "[[" not in line:
            yield line
            continue
        in_table = _ROW.match(line) is not None

        def one(found: re.Match[str], in_table: bool = in_table) -> str:
            if found[1]:
                return found[0]
            return vault.cell_link(found[2]) if in_table else vault.link(found[2])

        yield _LINK_OR_CODE.sub(one, line)


def _paragraphs(nodes: Iterable[Node]) -> Iterator[str]:
    """Headings with what stands below them: lines of a list, or a text with its table."""
    for node in nodes:
        yield node.text
        listed = [child for child in node.children if "\n" not in child.text]
        if listed:
            yield "\n".join(f"- {child.text}" for child in listed)
        for child in node.children:
            if "\n" in child.text:
                intro, _, rest = child.text.partition("\n")
                yield from (intro, rest)


def _items(value: str) -> list[str]:
    names = references.pages(value)
    return names or [part.strip() for part in value.split(",") if part.strip()]


def _stem(name: str) -> str:
    stem = _FORBIDDEN.sub("-", name).strip(" .")
    while len(stem.encode("utf-8", "replace")) > _LONGEST:
        stem = stem[:-1]
    return "_" + stem if _DEVICE.match(stem) else stem.strip(" .") or "page"


def _free(stem: str, taken: set[str], below: str = "") -> str:
    """The stem, or with a number where another file of the folder is called so."""
    free, number = stem, 1
    while f"{below}{free}".casefold() in taken:
        number += 1
        free = f"{stem} {number}"
    taken.add(f"{below}{free}".casefold())
    return free
