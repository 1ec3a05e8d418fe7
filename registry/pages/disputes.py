"""Conflicts of a page on record: Turtle files that can be asked, beside the pages of their collection."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from registry.home import PAGES, Home
from registry.namespaces import PREFIXES, slug
from registry.pages import keeping
from registry.pages.merging import Conflict as Lines
from registry.pages.outcomes import Conflict

FOLDER = "conflicts"


def of_lines(lines: Lines) -> Conflict:
    """A conflict of lines as one of a page."""
    key = next((found for line in lines.theirs or lines.ours or lines.base if (found := keeping.key_of(line))), "")
    return Conflict(
        key=key,
        line=lines.their_line,
        base="\n".join(lines.base),
        ours="\n".join(lines.ours),
        theirs="\n".join(lines.theirs),
    )


def place_of(home: Home, collection: str, file: str) -> Path:
    """The record of a page's conflicts."""
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in Path(file).stem)[:60]
    digest = sha256(file.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return home.imports / PAGES / collection / FOLDER / f"{plain}-{digest}.ttl"


def save(home: Home, collection: str, file: str, page: str, conflicts: Sequence[Conflict]) -> None:
    """Records the conflicts of a page beside earlier ones, of a key only the last; with none the record goes."""
    from registry.results import replace

    place = place_of(home, collection, file)
    if not conflicts:
        place.unlink(missing_ok=True)
        return
    keys = {each.key for each in conflicts if each.key}
    open_still = [each for each in _load(place) if each.key not in keys and each not in conflicts]
    content = _turtle(place, file, page, [*open_still, *conflicts]).encode()
    if not place.exists() or place.read_bytes() != content:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, content)


def _load(place: Path) -> list[Conflict]:
    """The conflicts of a record; of one that somebody broke none."""
    import pyoxigraph as ox

    if not place.exists():
        return []
    said: dict[str, dict[str, str]] = {}
    try:
        for triple in ox.parse(place.read_bytes(), format=ox.RdfFormat.TURTLE):
            if isinstance(triple.object, ox.Literal):
                said.setdefault(str(triple.subject), {})[slug(triple.predicate.value)] = triple.object.value
    except (SyntaxError, ValueError):
        return []
    return [
        Conflict(
            key=found.get("key", ""),
            line=int(line) if (line := found.get("line", "")).isdecimal() else 1,
            base=found.get("baseValue", ""),
            ours=found.get("ourValue", ""),
            theirs=found.get("theirValue", ""),
        )
        for found in said.values()
    ]


def _turtle(place: Path, file: str, page: str, conflicts: Sequence[Conflict]) -> str:
    import pyoxigraph as ox

    from registry.triples import graph_of

    # The path below the ontology: imports/logseq/<collection>/conflicts/<name>.ttl
    graph = graph_of("/".join(place.parts[-5:])).value
    parts = [
        "# What a page and the graph changed differently since the page was exported; the graph kept its own.",
        f"@prefix reg: <{PREFIXES['reg']}> .",
    ]
    for number, each in enumerate(conflicts, 1):
        told = {
            "reg:onPage": ox.NamedNode(page),
            "reg:inFile": ox.Literal(file),
            "reg:line": each.line,
            "reg:key": ox.Literal(each.key) if each.key else None,
            "reg:baseValue": ox.Literal(each.base),
            "reg:ourValue": ox.Literal(each.ours),
            "reg:theirValue": ox.Literal(each.theirs),
        }
        facts = "".join(f" ;\n    {name} {term}" for name, term in told.items() if term is not None)
        parts.append(f"\n<{graph}#{number}> a reg:PageConflict{facts} .")
    return "\n".join(parts) + "\n"
