"""Text and numbers as the pages show them.  Text of papers, pages and addresses is data: it is never markup."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from registry import RegistryError
from registry.records import Aggregate
from registry.tables import percent, printable
from registry.triples import Value

MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$:&^=@\"'/])")
"""Whatever begins something in Streamlit's Markdown: emphasis, links, HTML, formulas, colours, icons, footnotes."""

LONGEST = 300
"""Letters of a name that are shown at once; a tooltip or its own page has the rest."""


def plain(text: object) -> str:
    """The text itself, for a place that reads Markdown: on one line, with every sign escaped.

    Streamlit still shows an address of the web as a link, and `->` as an arrow; what must be seen to
    the letter, such as the words of a claim, belongs into `st.code`.
    """
    line = " ".join(printable(str(text).replace("\n", " ")).split())
    # Its own emblem is the one word that it looks for after escapes were undone.
    return MARKUP.sub(r"\\\1", line).replace(r"\:streamlit\:", r"\:stream" "\u2060" r"lit\:")


def cut(text: object, longest: int = LONGEST) -> str:
    """The beginning of a long text."""
    whole = str(text)
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"


def reason(error: Exception) -> str:
    """What went wrong: a sentence of ours, or whatever else was raised with the name of its kind."""
    return str(error) if isinstance(error, RegistryError) else f"{type(error).__name__}: {error}"


def is_web(address: object) -> bool:
    """Whether an address of the graph may become a link: only the web, with a host, and nothing that runs."""
    try:
        parts = urlsplit(str(address))
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and str(address).isprintable()


def setting(value: Value | tuple[Value, ...]) -> str:
    """A setting as a recipe has it: true, false, numbers, lists in brackets; "none" where there is no such one."""
    if isinstance(value, tuple):
        return f"({' '.join(map(setting, value))})"
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def mean_with_spread(result: Aggregate) -> str:
    """Mean with interval and n, or what there is of it: "45.30 % (43.88 to 46.72, n = 3)"."""
    if result.low is None:
        return f"{percent(result.mean)} % (n = {result.n})"
    return f"{percent(result.mean)} % ({percent(result.low)} to {percent(result.high)}, n = {result.n})"


def memory(size: int | None) -> str:
    """Bytes as people say them."""
    return "" if size is None else f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def file_name(text: str, longest: int = 100) -> str:
    """The text as the name of a file on any system: no folder in it, nothing that a shell reads."""
    return re.sub(r"[^\w.-]", "_", text)[:longest]
