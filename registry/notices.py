"""Notices: what is said of a run after it was filed.  Records are added, never edited, never deleted."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RegistryError, UnknownName
from registry.graph import Graph
from registry.home import Home
from registry.namespaces import PREFIXES, curie, iri, slug
from registry.reading import number
from registry.records import Notice, Retraction, Run, Supersession, Verification
from registry.results import publish
from registry.triples import Value

if TYPE_CHECKING:
    from registry.catalogue import Registry

OUTCOMES = {"Identical": "identical", "Holds": "holds", "DoesNotHold": "does not hold"}
LISTED = 12
"""More candidates than this are not listed in a message."""


class Notices:
    """The notices of a graph by the run that they are about, oldest first."""

    def __init__(self, notices: Iterable[Notice]) -> None:
        self._about: dict[str, list[Notice]] = {}
        self._replaced: dict[str, list[str]] = {}
        self._reruns: set[str] = set()
        for notice in sorted(notices, key=lambda notice: (notice.stated, notice.name)):
            self._about.setdefault(notice.run, []).append(notice)
            if isinstance(notice, Supersession):
                self._replaced.setdefault(notice.successor, []).append(notice.run)
            if isinstance(notice, Verification):
                self._reruns.add(notice.rerun)

    def about(self, run: str) -> Sequence[Notice]:
        """All notices about a run."""
        return self._about.get(run, [])

    def told(self, run: str) -> list[dict[str, object]]:
        """All notices about a run as JSON objects, each with its kind."""
        return [{"kind": type(notice).__name__.lower(), **asdict(notice)} for notice in self.about(run)]

    def retraction(self, run: str) -> Retraction | None:
        """The first retraction of a run."""
        return next((notice for notice in self.about(run) if isinstance(notice, Retraction)), None)

    def supersession(self, run: str) -> Supersession | None:
        """The first supersession of a run."""
        return next((notice for notice in self.about(run) if isinstance(notice, Supersession)), None)

    def withdrawn(self, run: str) -> str | None:
        """Why a run counts no more, in words, or None."""
        if (retraction := self.retraction(run)) is not None:
            return f"retracted: {retraction.reason}"
        if (supersession := self.supersession(run)) is not None:
            return f"superseded by {supersession.successor}: {supersession.reason}"
        return None

    def verifications(self, run: str) -> list[Verification]:
        """The verifications of a run; one whose own run was retracted says nothing any more."""
        found = [notice for notice in self.about(run) if isinstance(notice, Verification)]
        return [notice for notice in found if self.retraction(notice.rerun) is None]

    def doubted(self, run: str) -> bool:
        """Whether a verification did not hold."""
        return any(not notice.held for notice in self.verifications(run))

    def verified(self, run: str) -> str | None:
        """What the verifications found together: "confirmed, held 1 of 1", or None where there is none."""
        found = self.verifications(run)
        if not found:
            return None
        held = sum(notice.held for notice in found)
        return f"{'not confirmed' if self.doubted(run) else 'confirmed'}, held {held} of {len(found)}"

    def is_rerun(self, run: str) -> bool:
        """Whether a run was made to verify another."""
        return run in self._reruns

    def naming(self, run: str) -> list[Notice]:
        """The notices about other runs in which this one is the repetition or the successor."""
        found = [notice for notices in self._about.values() for notice in notices]
        return [
            notice
            for notice in found
            if (isinstance(notice, Supersession) and notice.successor == run)
            or (isinstance(notice, Verification) and notice.rerun == run)
        ]

    def replaced(self, run: str) -> set[str]:
        """The runs that this one supersedes, also by way of others."""
        found: set[str] = set()
        waiting = [run]
        while waiting:
            for earlier in self._replaced.get(waiting.pop(), []):
                if earlier not in found:
                    found.add(earlier)
                    waiting.append(earlier)
        return found


def rows(graph: Graph) -> Iterator[dict[str, Value]]:
    """What the graph says of each notice."""
    for question in ("retracted_runs", "superseded_runs", "verifications"):
        yield from graph.rows(question)


def read(graph: Graph, row: Mapping[str, Value]) -> Notice:
    """The notice of a row; raises BadSetting where a number is none."""

    def text(name: str, missing: str) -> str:
        return missing if row[name] is None else str(row[name])

    name, run, stated = slug(str(row["notice"])), slug(str(row["run"])), text("stated", "")
    stated_by = text("statedBy", "") or None
    if "outcome" in row:
        differing = graph.properties(str(row["notice"])).get(iri("reg", "differsIn"), [])
        return Verification(
            name=name,
            run=run,
            stated=stated,
            stated_by=stated_by,
            rerun=slug(str(row["verificationRun"])),
            outcome=OUTCOMES.get(slug(str(row["outcome"])), "does not hold"),
            difference=number(row["difference"], "reg:difference"),
            tolerance=number(row["tolerance"], "reg:tolerance"),
            differing=tuple(sorted(str(getattr(term, "value", term)) for term in differing)),
        )
    reason = text("reason", "no reason is given")
    if "successor" in row:
        successor = slug(str(row["successor"]))
        return Supersession(
            name=name, run=run, stated=stated, stated_by=stated_by, reason=reason, successor=successor
        )
    return Retraction(name=name, run=run, stated=stated, stated_by=stated_by, reason=reason)


def candidates_for(registry: Registry, name: str) -> list[str]:
    """The run of that name, or all whose names begin so; also those whose records cannot be read."""
    summary = registry.graph.summary
    return [name] if summary.has("run", name) else summary.names("run", beginning=name) if name else []


def find_run(registry: Registry, name: str) -> Run:
    """The run of that name, or the one whose name begins so; raises UnknownName, RegistryError."""
    candidates = candidates_for(registry, name)
    if len(candidates) > 1:
        listed = ", ".join(candidates[:LISTED]) + (", ..." if len(candidates) > LISTED else "")
        raise RegistryError(f"{len(candidates)} runs begin with {name!r}; give more of the name: {listed}")
    for candidate in candidates:
        for run in registry.runs(name=candidate):
            return run
        raise RegistryError(f"the record of {candidate} cannot be read (see: registry check)")
    raise UnknownName("run", name, registry.graph.names("run"))


def retract(registry: Registry, name: str, why: str, stated_by: str | None) -> Path:
    """See Registry.retract."""
    run = find_run(registry, name)
    if (earlier := registry.notices.retraction(run.name)) is not None:
        raise RegistryError(f"{run.name} was retracted already on {earlier.stated} because {earlier.reason}")
    said = {("reg", "reason"): _sentence("--why", why), ("prov", "invalidated"): _results(registry, run)}
    return write(registry.home, "Retraction", ("retracts", "retracted"), run.name, said, stated_by)


def supersede(registry: Registry, name: str, by: str, why: str, stated_by: str | None) -> Path:
    """See Registry.supersede."""
    run, successor = find_run(registry, name), find_run(registry, by)
    notices = registry.notices
    if successor.name == run.name:
        raise RegistryError(f"{run.name} cannot supersede itself")
    if (earlier := notices.supersession(run.name)) is not None:
        raise RegistryError(f"{run.name} was superseded already by {earlier.successor} because {earlier.reason}")
    for what, here, there in (
        ("method", run.method, successor.method),
        ("benchmark", run.benchmark, successor.benchmark),
    ):
        if here != there:
            raise RegistryError(f"{successor.name} is of another {what}: {there}, not {here}")
    for withdrawn in (run, successor):
        if (why_not := notices.withdrawn(withdrawn.name)) is not None:
            raise RegistryError(f"{withdrawn.name} counts no more: {why_not}")
    if successor.value is None:
        raise RegistryError(f"{successor.name} has no result: {successor.status}")
    said: dict[tuple[str, str], object] = {
        ("reg", "successor"): Address(iri("run", successor.name)),
        ("reg", "reason"): _sentence("--why", why),
    }
    return write(registry.home, "Supersession", ("supersedes", "superseded"), run.name, said, stated_by)


class Address(str):
    """An IRI among the values of a notice."""

    __slots__ = ()


def write(
    home: Home,
    kind: str,
    verb: tuple[str, str],
    run: str,
    said: Mapping[tuple[str, str], object],
    stated_by: str | None,
) -> Path:
    """Files a notice and returns its Turtle file; raises RegistryError when it cannot be written.

    `verb` is the property that points at the run, and the word for the file's name.
    """
    now = datetime.now(UTC)
    name = f"{run}-{verb[1]}-{now.strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(3)}"
    content: dict[tuple[str, str], object] = {
        ("reg", verb[0]): Address(iri("run", run)),
        **said,
        ("prov", "startedAtTime"): now,
    }
    if stated_by is not None:
        content[("reg", "statedBy")] = _sentence("--stated-by", stated_by)
    file = home.notices / f"{name}.ttl"
    try:
        home.notices.mkdir(parents=True, exist_ok=True)
        publish(file, _to_turtle(name, kind, content).encode())
    except OSError as error:
        raise RegistryError(f"the notice could not be written to {home.notices}: {error}") from error
    return file


def _to_turtle(name: str, kind: str, content: Mapping[tuple[str, str], object]) -> str:
    from rdflib import RDF, XSD, Literal, URIRef
    from rdflib import Graph as Triples

    graph = Triples()
    for prefix in sorted(PREFIXES):
        graph.bind(prefix, PREFIXES[prefix], override=True)
    notice = URIRef(iri("notice", name))

    def term(value: object) -> URIRef | Literal:
        if isinstance(value, Address):
            return URIRef(value)
        if isinstance(value, datetime):
            return Literal(value.strftime("%Y-%m-%dT%H:%M:%SZ"), datatype=XSD.dateTime)
        if isinstance(value, float):
            return Literal(Decimal(repr(value)), datatype=XSD.decimal)
        return Literal(value)

    for kind_of in (("reg", kind), ("prov", "Activity")):
        graph.add((notice, RDF.type, URIRef(iri(*kind_of))))
    for (prefix, local), value in content.items():
        for one in value if isinstance(value, tuple) else (value,):
            graph.add((notice, URIRef(iri(prefix, local)), term(one)))
    said_of = next(str(value) for value in content.values() if isinstance(value, Address))
    summary = f"{kind} of {curie(said_of)}. Written by `registry`; never edited."
    return f"# {summary}\n{graph.serialize(format='turtle')}"


def _results(registry: Registry, run: Run) -> tuple[Address, ...]:
    """What a run measured: PROV invalidates entities, and a run is an activity."""
    measured = registry.graph.properties(iri("run", run.name)).get(iri("mls", "hasOutput"), [])
    return tuple(Address(getattr(term, "value", term)) for term in measured)


def _sentence(option: str, text: str) -> str:
    """The text on one line; raises RegistryError where it says nothing or cannot be printed."""
    sentence = " ".join(text.split())
    if not sentence:
        raise RegistryError(f"{option} is empty; say it in words")
    if not sentence.isprintable():
        raise RegistryError(f"{option} holds characters that cannot be printed")
    return sentence
