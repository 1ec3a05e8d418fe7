"""What a person wrote on pages of our own graph beside its facts: kept, and merged into every later export.

Of each page that was edited there is one JSON file of texts: the page as the graph made it, the
same with what the person wrote beside facts, and the page as it was last seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from registry.errors import RegistryError
from registry.home import PAGES, Home
from registry.namespaces import PREFIXES, curie
from registry.pages import lists, reader
from registry.pages.collections import OWN
from registry.pages.folder import Entry
from registry.pages.keys import fold_key
from registry.pages.merging import merge
from registry.pages.names import collection_iri, page_name

IMPORTED = "imported"
"""Below which an exported folder has the collections."""
FOLDER, SEEN = ".kept", ".seen"

_PROPERTY = re.compile(r"[ \t]*(?:- )?(?P<key>[^\s:]+)::(?:[ \t]|$)")
_TABLE = re.compile(r"[ \t]*(?:- )?\|")


@dataclass(frozen=True)
class Kept:
    """The three texts of a page."""

    file: str
    """Its path in the exported folder."""
    base: str
    """As it was exported, without what is kept."""
    kept: str
    """The base with what the person wrote beside facts."""
    exported: str
    """As it was exported, with what was kept by then."""
    seen: str
    """As the person last left it."""
    folder: str = ""
    """The exported folder in which it was last seen: a copy of that folder was edited apart from it."""

    def since(self, exported: str, folder: Path) -> str:
        """What a person began with: the page as it was last seen in that very folder, else as it was exported."""
        return self.seen if self.exported == exported and self.folder == str(folder) else exported


def place_of(home: Home, subject: str) -> Path:
    """The file of what is kept of the page of a subject."""
    return home.imports / PAGES / OWN / FOLDER / f"{quote(curie(subject), safe='')}.json"


def load(home: Home, subject: str) -> Kept | None:
    """What is kept of the page of a subject; raises RegistryError for a file that nobody can read."""
    return read(place_of(home, subject))


def save(home: Home, subject: str, kept: Kept) -> None:
    """Keeps the texts of the page of a subject."""
    write(place_of(home, subject), kept)


def memory_of(home: Home, collection: str, name: str) -> Path:
    """Where it stands how the page of a collection was last seen in an exported folder."""
    return home.imports / PAGES / collection / SEEN / f"{sha256(name.encode()).hexdigest()[:32]}.json"


def is_home(home: Home, file: str, entry: Entry | None, content: bytes) -> bool:
    """Whether an exported file, as a person left it, was imported; without an entry, one that was renamed."""
    subject = about(content.decode("utf-8", "replace")) if entry is None else entry.subject
    if subject is not None:
        kept = load(home, subject)
    elif entry is None:
        return False
    else:
        kept = read(memory_of(home, entry.of, file.removeprefix(f"{IMPORTED}/{entry.of}/")))
    return kept is not None and kept.seen.encode() == content


def read(place: Path) -> Kept | None:
    """The texts of a page; raises RegistryError for a file that nobody can read."""
    try:
        return Kept(**json.loads(place.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise RegistryError(f"{place}: what a person wrote cannot be read: {error}; mend or delete it") from error


def write(place: Path, kept: Kept) -> None:
    """Files the texts of a page."""
    from registry.results import replace

    content = json.dumps(asdict(kept), ensure_ascii=False, indent=1).encode()
    if not place.exists() or place.read_bytes() != content:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(place, content)


def about(text: str) -> str | None:
    """The IRI that a page of our own graph is about."""
    return next((each.value for each in reader.read(text).properties if each.key in ("iri", "url")), None)


def finish(home: Home, text: str) -> str:
    """A page that is exported, with what a person wrote on earlier ones merged into it."""
    subject = about(text)
    kept = load(home, subject) if subject else None
    return text if kept is None else merge(kept.base, text, kept.kept).text


def files(home: Home) -> set[str]:
    """The pages of our own graph beside whose facts something is kept."""
    found = (read(place) for place in (home.imports / PAGES / OWN / FOLDER).glob("*.json"))
    return {kept.file for kept in found if kept is not None}


def generated(kept: Kept | None, exported: str) -> str:
    """The page as it was exported less what was kept by then: what the graph alone made of it."""
    if kept is None:
        return exported
    if kept.exported == exported:
        return kept.base
    return merge(kept.kept, kept.base, exported).text


IsFact = Callable[[str], bool]
"""Whether a key of a page is one of ours, so that its property is a fact."""


def keep(base: str, theirs: str, is_fact: IsFact, refused: Collection[str]) -> tuple[str, list[str]]:
    """The base with what theirs has beside facts and tables, and the lines of tables that were edited.

    Properties under our keys stay as the graph has them, but for the `refused` lines, blanks left out.
    """
    old, new = base.split("\n"), theirs.split("\n")
    lines: list[str] = []
    tables: list[str] = []
    for tag, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += old[start:end]
            continue
        replaced = {key_of(line) for line in new[first:last] if line.strip() in refused}
        lines += [line for line in old[start:end] if _is_ours(line, is_fact) and key_of(line) not in replaced]
        lines += [line for line in new[first:last] if line.strip() in refused or not _is_ours(line, is_fact)]
        edited = [line.strip() for line in (*old[start:end], *new[first:last]) if _TABLE.match(line)]
        there = {line.strip() for line in new[first:last]}
        tables += [line for line in edited if line in there] or edited[:1]
    return "\n".join(lines), tables


def _is_ours(line: str, is_fact: IsFact) -> bool:
    key = key_of(line)
    return bool(_TABLE.match(line)) or (key is not None and is_fact(key))


def key_of(line: str) -> str | None:
    """The key of a line that is a property."""
    found = _PROPERTY.match(line)
    return fold_key(found["key"]) if found else None


def additions(base: str, kept: str) -> list[str]:
    """The lines that a person added."""
    old, new = base.split("\n"), kept.split("\n")
    found: list[str] = []
    for tag, _, _, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found += (line for line in new[first:last] if line.strip())
    return found


def as_page(name: str, added: list[str]) -> str:
    """What was added as a page of its own, so that its properties can be asked for."""
    head = [line for line in added if _PROPERTY.match(line) and not line.startswith((" ", "\t", "- "))]
    rest = [line for line in added if line not in head]
    return "\n".join([f"title:: {name}", *head, "", *rest]) + "\n"


def publish(home: Home, before: Kept | None, now: Kept) -> list[str]:
    """Files what was added to a page as a page of its own, and returns the lines that are new."""
    from registry.results import replace

    place = home.imports / PAGES / OWN
    added = additions(now.base, now.kept)
    if before is not None and before.file != now.file:
        (place / before.file).unlink(missing_ok=True)
    page = place / now.file
    if added:
        found(home)
        text = as_page(page_name(now.file), added).encode()
        if not page.exists() or page.read_bytes() != text:
            page.parent.mkdir(parents=True, exist_ok=True)
            replace(page, text)
    else:
        page.unlink(missing_ok=True)
    already = [] if before is None else additions(before.base, before.kept)
    return [line for line in added if line not in already]


def found(home: Home) -> None:
    """Files what the collection of kept pages is."""
    from registry.results import replace

    file = home.imports / PAGES / OWN / "collection.ttl"
    text = (
        "# What people wrote beside the facts on exported pages of our own graph; the pages stand beside this file.\n"
        + "".join(f"@prefix {prefix}: <{PREFIXES[prefix]}> .\n" for prefix in ("reg", "rdfs", "prov"))
        + f'\n<{collection_iri(OWN)}>\n    a reg:Import, prov:Activity ;\n    rdfs:label "{OWN}" .\n'
    )
    if not file.exists() or file.read_bytes() != text.encode():
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, text.encode())


def without_unknown(value: str, unknown: Collection[str]) -> str:
    """A list of links less those that lead nowhere."""
    for name in unknown:
        value = lists.without(value, name)
    return value
