"""Texts in Graphviz's language."""

from __future__ import annotations

from registry.tables import printable


def quoted(text: str) -> str:
    """A text as a string of DOT: what would end it, begin an escape of a label or an HTML entity is escaped."""
    line = " ".join(printable(text.replace("\n", " ")).split())
    return '"' + line.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') + '"'
