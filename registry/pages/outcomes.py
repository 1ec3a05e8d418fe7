"""What came of each page of an exported folder that was imported again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Values of one key before and after."""

    key: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    line: int | None
    """Of the page in the folder, from 1; None where the property went."""
    file: str
    """Where it was written: a file of the ontology, or the stored page."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What both sides changed, each in its own way: ours stays, theirs is on record."""

    key: str
    """Empty for lines that are no property."""
    line: int
    """Of the page in the folder, from 1."""
    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, kw_only=True)
class Unused:
    """What a person wrote that no fact came of."""

    line: int | None
    reason: str


@dataclass
class PageSynced:
    """One page."""

    file: str
    """Its path in the folder."""
    collection: str
    subject: str | None = None
    """The IRI of our own that it is about."""
    outcome: str = "unchanged"
    """unchanged, changed, added, deleted, missing or refused."""
    changed: list[Changed] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Lines beside facts that were kept."""
    unused: list[Unused] = field(default_factory=list)


@dataclass
class Synced:
    """What came of a folder: the pages that are not as they were."""

    folder: str
    pages: list[PageSynced] = field(default_factory=list)
    unchanged: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether everything that a person changed was taken."""
        return not any(page.conflicts or page.unused or page.outcome == "refused" for page in self.pages)

    def told(self) -> Sequence[str]:
        """A line for each thing that happened, with its place."""
        lines: list[str] = []
        for page in self.pages:
            if page.outcome == "missing" and page.subject is not None:
                lines.append(f"{page.file}: no longer in the folder")
            elif page.outcome in _OUTCOMES:
                lines.append(f"{page.file}: {_OUTCOMES[page.outcome]}")
            for change in page.changed:
                what = f"{_several(change.old)} -> {_several(change.new)}"
                lines.append(f"{_at(page.file, change.line)}: {change.key}: {what} ({change.file})")
            for clash in page.conflicts:
                key = f"{clash.key}: " if clash.key else ""
                sides = f"it was {clash.base!r}, is now {clash.ours!r}, and the page says {clash.theirs!r}"
                lines.append(f"{_at(page.file, clash.line)}: conflict: {key}{sides}; kept is {clash.ours!r}")
            if page.kept:
                lines.append(
                    f"{page.file}: kept {len(page.kept)} line{'s' if len(page.kept) > 1 else ''} beside facts"
                )
            lines += [f"{_at(page.file, each.line)}: not used: {each.reason}" for each in page.unused]
        return lines


_OUTCOMES = {
    "added": "a new page, added",
    "deleted": "no longer in the folder, deleted",
    "missing": "no longer in the folder; it is kept, unless you import with --prune",
    "refused": "left out",
}


def _at(file: str, line: int | None) -> str:
    return file if line is None else f"{file}:{line}"


def _several(values: tuple[str, ...]) -> str:
    return ", ".join(repr(value) for value in values) or "nothing"
