"""Papers as BibTeX: keys are slugs, the text is UTF-8, and what TeX would read as a command is escaped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.exporting.lookup import names
from registry.namespaces import iri
from registry.triples import python_value

if TYPE_CHECKING:
    from registry.catalogue import Registry

TYPES = {"ConferencePaper": ("inproceedings", "booktitle"), "JournalArticle": ("article", "journal")}
"""FaBiO classes with an entry type of their own, and what the place of publication is called there."""

COMMANDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


def bibtex(registry: Registry, papers: Sequence[str]) -> dict[str, bytes]:
    """Every paper by its slug, or the named ones; the year is that of the date the graph gives."""
    chosen = dict.fromkeys(papers or names(registry, "paper"))
    return {"papers.bib": "\n".join(entry(registry, name) for name in chosen).encode()}


def entry(registry: Registry, name: str) -> str:
    """One paper.  A title keeps its capitals in any style; identifiers and addresses are verbatim."""
    graph = registry.graph
    found = graph.properties(graph.find("paper", name))

    def texts(prefix: str, local: str) -> list[str]:
        return sorted(str(python_value(term)) for term in found.get(iri(prefix, local), []))

    def text(prefix: str, local: str) -> str:
        return next(iter(texts(prefix, local)), "")

    classes = {address.removeprefix(iri("fabio", "")) for address in texts("rdf", "type")}
    kind, venue = next((TYPES[name] for name in TYPES if name in classes), ("misc", "howpublished"))
    authors = [str(python_value(item)) for head in found.get(iri("reg", "authors"), []) for item in graph.items(head)]
    identifiers = [i.removeprefix("doi:") for i in texts("schema", "identifier") if i.startswith("doi:")]
    arxiv = text("fabio", "hasArXivId")
    fields = {
        "author": " and ".join(_author(author) for author in authors),
        "title": f"{{{_escaped(title)}}}" if (title := text("dcterms", "title")) else "",
        "year": text("dcterms", "date")[:4],
        venue: _escaped(text("schema", "isPartOf")),
        "eprint": _verbatim(arxiv),
        "archiveprefix": "arXiv" if arxiv else "",
        "doi": _verbatim(text("prism", "doi") or "".join(identifiers[:1])),
        "url": _verbatim(text("fabio", "hasURL") or text("schema", "url")),
    }
    lines = [f"  {field:<13} = {{{value}}},\n" for field, value in fields.items() if value]
    return f"@{kind}{{{name},\n{''.join(lines)}}}\n"


def _author(name: str) -> str:
    """ "Family, Given" as it is; any other name is one piece that BibTeX must not take apart."""
    escaped = _escaped(name)
    return escaped if name.count(",") == 1 and not re.search(r"\band\b", name) else f"{{{escaped}}}"


def _escaped(text: str) -> str:
    return "".join(COMMANDS.get(character, character) for character in " ".join(text.split()))


def _verbatim(text: str) -> str:
    """Addresses are not escaped in BibTeX; braces, which would end the field, are percent-encoded."""
    return "".join(text.split()).replace("{", "%7B").replace("}", "%7D")
