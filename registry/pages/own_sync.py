"""A page of our own graph that a person edited: facts go into the ontology's files, all else is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.namespaces import curie
from registry.pages import disputes, indexing, keeping, own_keys, own_values
from registry.pages.collections import OWN
from registry.pages.folder import Base
from registry.pages.keeping import Kept
from registry.pages.keys import fold_key
from registry.pages.layout import alike
from registry.pages.merging import merge
from registry.pages.names import fold, page_name
from registry.pages.outcomes import Changed, Conflict, PageSynced, Unused
from registry.pages.own import own_triples
from registry.pages.own_keys import OwnKey
from registry.pages.own_merging import Settled, Stated, Value, settle, shown
from registry.pages.own_names import KINDS, OwnNames, name_all
from registry.pages.own_reading import OwnReading, Unread, read_own
from registry.pages.own_writing import Writer
from registry.pages.reader import Property, read
from registry.turtle_edit import Change

if TYPE_CHECKING:
    from registry.catalogue import Registry

_NO_FACTS = ("iri", "url", "title", own_keys.ALSO_CALLED, own_keys.STATED_BY, own_keys.STATED_TEXT)
"""Keys of ours beside those that stand for a property."""


@dataclass(frozen=True)
class _Read:
    """What a text states, and what of it could not be read; lines count from 0."""

    facts: dict[tuple[str, Value], int]
    unread: list[Unread]
    subject: str | None
    title: str | None

    @property
    def stated(self) -> Stated:
        """The facts alone."""
        return set(self.facts)

    def line(self, change: Change) -> int | None:
        """Where the new value of a change stands."""
        new = change.add
        return self.facts.get((change.predicate, new)) if isinstance(new, ox.NamedNode | ox.Literal) else None


class OwnPages:
    """The pages of our own graph in an exported folder."""

    def __init__(self, registry: Registry, base: Base, renamed: Mapping[str, str]) -> None:
        self.home, self.graph, self.renamed = registry.home, registry.graph, renamed
        self.folder = base.folder.resolve()
        self.names: OwnNames = name_all(registry.graph)
        self.keys = indexing.load_keys(indexing.key_table(registry.home))
        self.writer = Writer(registry.graph, self.names)
        # A page links to others by the names that they had when the folder was written.
        self._then = {
            fold(page_name(name)): entry.subject
            for file, entry in base.entries.items()
            for name in (file, renamed.get(file, file))
            if entry.subject and (entry.subject in self.names.subjects or entry.subject in self.names.classes)
        }

    def sync(self, file: str, subject: str, exported: str, theirs: str) -> PageSynced:
        """Takes over what a person changed on a page since it was exported, or was last imported."""
        report = PageSynced(file, OWN, subject)
        before = keeping.load(self.home, subject)
        since = exported if before is None else before.since(exported, self.folder)
        if theirs == since and (file not in self.renamed or before is not None):
            return report
        text = theirs.removeprefix("\ufeff")  # some editors put it before the first key, which it would hide
        if keeping.about(text) != subject:
            # Nothing that it states would be found, and all that it stated would seem to be deleted.
            report.outcome = "refused"
            key = next((each.key for each in read(exported).properties if each.value == subject), "iri")
            reason = f"its head no longer says what it is about; write there, in a line of its own, {key}:: {subject}"
            report.unused.append(Unused(line=None, reason=reason))
            return report
        report.outcome = "changed"
        old, new = self._read(since), self._read(text)
        if subject in self.names.subjects:
            refused = self._take_facts(report, subject, old, new, text.split("\n"))
        else:
            refused = self._leave_facts(report, subject, since, text)
        called = page_name(self.renamed[file]) if file in self.renamed else new.title
        if called is not None and called != old.title:
            reason = f"is called {called!r} now; a page is called by its preferred-term, so edit that"
            report.unused.append(Unused(line=None, reason=reason))
        self._keep(report, subject, before, exported, since, theirs, refused)
        return report

    # Reading

    def _resolve(self, name: str) -> str | None:
        found = self._then.get(fold(name)) or self.names.resolve(name)
        return found if found in self.names.subjects or found in self.names.classes else None

    def _is_fact(self, key: str) -> bool:
        return key in _NO_FACTS or self._key(key) is not None

    def _key(self, name: str) -> OwnKey | None:
        """Our key of a name; of a spelling, the key whose property it means."""
        own, known = self.names.key(name), self.keys.known(name)
        meant = known.own if own is None and known is not None else ()
        return own or next((self.names.keys[each] for each in meant if each in self.names.keys), None)

    def _read(self, text: str) -> _Read:
        """A list of links of which some lead nowhere still states the others."""
        reading: OwnReading = read_own(text, self._resolve, self._key)
        unread = reading.unread
        if unread:
            lines = text.split("\n")
            for each in unread:
                unknown = own_values.unknown_links(each.value, self._resolve)
                if unknown:
                    rest = keeping.without_unknown(each.value, unknown)
                    lines[each.line] = lines[each.line].replace(each.value, rest)
            reading = read_own("\n".join(lines), self._resolve, self._key)
        facts = {(predicate, value): line for (_, predicate, value), line in reading.facts.items()}
        return _Read(facts, unread, reading.subject, reading.title)

    # Facts

    def _take_facts(
        self, report: PageSynced, subject: str, since: _Read, theirs: _Read, lines: list[str]
    ) -> set[str]:
        """Writes the facts that a person changed; returns the lines, blanks left out, that stay on the page alone."""
        ours: Stated = {(predicate, value) for _, predicate, value in own_triples(self.graph, self.names, subject)}
        known = {(each.key, each.value) for each in since.unread}
        fresh = [each for each in theirs.unread if (each.key, each.value) not in known]
        report.unused += [Unused(line=each.line + 1, reason=f"{each.key}: {each.reason}") for each in fresh]
        unsure = {key.predicate for each in theirs.unread if (key := self._key(fold_key(each.key))) is not None}
        wanted = theirs.stated | {fact for fact in since.stated if fact[0] in unsure}
        settled = settle(since.stated, ours, wanted, self.writer.shapes.single)
        refused = {lines[each.line].strip() for each in theirs.unread}
        written = self.writer.write(subject, settled.changes)
        report.changed += [self._told(change, theirs, name) for change, name in written.taken]
        for change, reason in written.refused:
            line = theirs.line(change)
            report.unused.append(Unused(line=None if line is None else line + 1, reason=reason))
            if line is not None:
                refused.add(lines[line].strip())
        for predicate in settled.nameless:
            file = self.writer.file_of(subject)
            reason = f"{self.writer.key(predicate)} is an ordered list or a quotation; edit it in {file}"
            report.unused.append(Unused(line=None, reason=reason))
        self._record(report, subject, settled, theirs, ours)
        return refused

    def _leave_facts(self, report: PageSynced, subject: str, since: str, theirs: str) -> set[str]:
        """Tells what a person changed on a page that states no facts; returns the lines, blanks left out."""
        before, after = (
            {(each.key, each.value): each.line for each in _properties(text) if self._is_fact(each.key)}
            for text in (since, theirs)
        )
        fresh = {pair: line for pair, line in after.items() if pair not in before}
        gone = dict.fromkeys(key for key, _ in before.keys() - after.keys()).keys() - {key for key, _ in fresh}
        if curie(subject).partition(":")[0] in KINDS:
            reason = f"nothing in the graph is {curie(subject)} any more"
        else:
            reason = f"what {curie(subject)} means is said in the vocabulary"
        report.unused += [Unused(line=line + 1, reason=f"{key}: {reason}") for (key, _), line in fresh.items()]
        report.unused += [Unused(line=None, reason=f"{key}: {reason}") for key in sorted(gone)]
        lines = theirs.split("\n")
        return {lines[line].strip() for line in fresh.values()}

    def _shown(self, value: Value | None) -> str:
        if isinstance(value, ox.NamedNode):
            return self.names.name(value.value) or shown(value)
        return shown(value)

    def _told(self, change: Change, theirs: _Read, name: str) -> Changed:
        values = [() if each is None else (each,) for each in (change.remove, change.add)]
        named = [
            tuple(self._shown(v) for v in side if not isinstance(v, ox.BlankNode | ox.Triple)) for side in values
        ]
        line = theirs.line(change)
        return Changed(
            key=self.writer.key(change.predicate),
            old=named[0],
            new=named[1],
            line=None if line is None else line + 1,
            file=name,
        )

    def _record(self, report: PageSynced, subject: str, settled: Settled, theirs: _Read, ours: Stated) -> None:
        """Puts on record what clashed; a record that the page and the graph agree on by now goes."""
        for clash in settled.clashes:
            base, mine, other = (", ".join(map(self._shown, side)) for side in (clash.base, clash.ours, clash.theirs))
            lines = [line for (predicate, _), line in theirs.facts.items() if predicate == clash.predicate]
            line = min(lines, default=0) + 1
            key = self.writer.key(clash.predicate)
            report.conflicts.append(Conflict(key=key, line=line, base=base, ours=mine, theirs=other))
        if report.conflicts or theirs.stated == ours:
            disputes.save(self.home, OWN, report.file, subject, report.conflicts)

    # All else

    def _keep(
        self,
        report: PageSynced,
        subject: str,
        before: Kept | None,
        exported: str,
        since: str,
        theirs: str,
        refused: set[str],
    ) -> None:
        """Keeps what stands beside facts, for later exports and to be asked for."""
        base = keeping.generated(before, exported)
        # In Logseq's own layout, where a setting of it gave another.
        laid_out, _ = alike(theirs.removeprefix("\ufeff"), base)
        kept, tables = keeping.keep(base, laid_out, self._is_fact, refused)
        raw = [line.strip() for line in theirs.split("\n")]
        for row in tables:
            line = raw.index(row) + 1 if row in raw else None
            report.unused.append(
                Unused(line=line, reason="claims, results and recipes are computed; the table comes back")
            )
        if before is not None and since == exported:
            kept = self._with_others(report, subject, before, base, since, kept)
        now = Kept(report.file, base, kept, exported, theirs, str(self.folder))
        report.kept = keeping.publish(self.home, before, now)
        keeping.save(self.home, subject, now)

    def _with_others(self, report: PageSynced, subject: str, before: Kept, base: str, since: str, kept: str) -> str:
        """What is kept of this page with what came home from other folders, unless it stood here and went."""
        there = {line.strip() for line in keeping.additions(before.base, before.kept)}
        began, _ = keeping.keep(base, alike(since, base)[0], self._is_fact, there)
        merged = merge(began, merge(before.base, base, before.kept).text, kept)
        if merged.conflicts:
            report.conflicts += map(disputes.of_lines, merged.conflicts)
            disputes.save(self.home, OWN, report.file, subject, report.conflicts)
        return merged.text


def _properties(text: str) -> list[Property]:
    """All that a text states, of the page and of its blocks."""
    page = read(text)
    return [*page.properties, *(each for block in page.blocks for each in block.properties)]
