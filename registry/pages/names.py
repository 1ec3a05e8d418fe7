"""Names of pages, names of their files, and the one identity that both share.

The rules are those of Logseq's file names with triple lowbars: `A/B` lies in `A___B.md` and what a file
system could stumble over is percent-encoded.  Two things are stricter here, and decode the same in Logseq:
every `%` is encoded, and so is what some systems ignore or take for another character.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from unicodedata import category, normalize
from urllib.parse import quote, unquote_to_bytes

from registry.namespaces import PREFIXES

LONGEST = 255
"""Bytes that a file name may have on the usual systems."""

SUFFIX = ".md"

_BLANKS = "/ \t\n\r\f\v\xa0\ufeff"
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=[. ]|$)")
_UNSAFE = re.compile(r"[%:*?\"<>|#\\\x00-\x1f\x7f]|[^\x00-\x7f]|^[. ]| $|_(?=/)|(?<=/)_|_{3,}", re.DOTALL)
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# An encoded tilde stands in no name that is written in full.
_SHORTENED = "%7E"
_SAFE_LENGTH = LONGEST - len(SUFFIX) - len(_SHORTENED) - 32


def fold(name: str) -> str:
    """What makes two names one page: small letters, composed characters, no slashes or blanks around."""
    if name.isascii():
        return name.lower().strip(_BLANKS)
    return normalize("NFC", normalize("NFC", name).lower()).strip(_BLANKS)


def file_name(page: str) -> str:
    """The file that a page lies in: one safe name of at most 255 bytes, inside any folder of any system.

    Two pages never share one, not even where large and small letters are the same to the system.
    """
    name = _UNSAFE.sub(_encode, normalize("NFC", page))
    device = _DEVICE.match(name)
    if device and device.end() < len(name):
        cut = device.end()
        name = f"{name[:cut]}%{ord(name[cut]):02X}{name[cut + 1 :]}"
    elif device or name.endswith("."):
        name += "/"
    name = name.replace("/", "___")
    if not name or len(name.encode()) + len(SUFFIX) > LONGEST:
        digest = sha256(fold(page).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        name = _cut(name, _SAFE_LENGTH) + _SHORTENED + digest
    return name + SUFFIX


def page_name(file: str) -> str:
    """The page of a file that states no title; `file` may be a path with slashes."""
    stem = file.rsplit("/", 1)[-1].removesuffix(SUFFIX)
    name = _ENCODED.sub(_decode, stem.replace("___", "/"))
    if name.startswith("/") or name.endswith("/") or "//" in name:
        name = "/".join(part for part in name.split("/") if part)
    return name or stem


def needs_title(page: str) -> bool:
    """Whether the file name does not tell the page's name, so that the page must state it: `title:: ...`."""
    return page_name(file_name(page)) != page


@lru_cache(maxsize=65536)
def page_iri(collection: str, name: str) -> str:
    """The IRI of a page, the same for all spellings of its name."""
    return f"{PREFIXES['page']}{_quoted(collection)}/{_quoted(fold(name))}"


def collection_iri(collection: str) -> str:
    """The IRI of the import that a collection of pages is."""
    return f"{PREFIXES['import']}logseq-{_quoted(collection)}"


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogatepass")


def _encode(found: re.Match[str]) -> str:
    text = found[0]
    if text.isascii() or not _is_plain(text):
        return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))
    return text


@lru_cache(maxsize=4096)
def _is_plain(character: str) -> bool:
    """Whether every system shows a character, and takes it for no other one than Logseq does."""
    if category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") or character.isspace() or character == "Σ":
        return False
    small = character.lower()
    return small == character.casefold() == character.upper().lower() and len(small) == 1


def _decode(found: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(found[0]).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return found[0]


def _cut(name: str, most: int) -> str:
    """As many whole characters as fit into so many bytes, without a last one that may be half an encoded one."""
    cut = name.encode("utf-8")[:most].decode("utf-8", "ignore")
    return re.sub(r"(?:%[0-9A-F]{0,2})+$", "", cut)
