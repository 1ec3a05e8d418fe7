"""Conflicts of a page on record: Turtle files that can be asked, beside the pages of their collection."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from registry.home import PAGES, Home
from registry.namespaces import PREFIXES
from registry.pages.outcomes import Conflict

FOLDER = "conflicts"


def place_of(home: Home, collection: str, file: str) -> Path:
    """The record of a page's conflicts."""
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in Path(file).stem)[:60]
    digest = sha256(file.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return home.imports / PAGES / collection / FOLDER / f"{plain}-{digest}.ttl"


def save(home: Home, collection: str, file: str, page: str, conflicts: Sequence[Conflict]) -> None:
    """Records the conflicts of a page, in the place of earlier ones; with none the record goes."""
    from registry.results import replace

    place = place_of(home, collection, file)
    if not conflicts:
        place.unlink(missing_ok=True)
        return
    content = _turtle(place, file, page, conflicts).encode()
    if not place.exists() or place.read_bytes() != content:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, content)


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
