"""The ledger of claims: each with what our results say, or why nobody can say it, and how to find out.

`Registry.verdicts` leaves out what cannot be judged; nothing is left out here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.comparability import differences
from registry.errors import BadSetting, UnknownName
from registry.namespaces import KINDS, curie, iri, slug
from registry.reading import read_claim
from registry.records import Claim, Verdict
from registry.statistics import ENOUGH
from registry.verdicts import Place, judge, way

if TYPE_CHECKING:
    from registry.catalogue import Registry

INCOMPLETE = "it lacks something that every claim states (see: registry check)"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the ledger."""

    name: str
    claim: Claim | None
    """None where it cannot be read."""
    verdict: Verdict | None
    """None where it cannot be judged."""
    reason: str
    """That of the verdict, or why there is none."""


def entries(registry: Registry, names: Iterable[str]) -> Generator[Entry]:
    """The claims of these names, judged one by one."""
    for name in names:
        yield entry(registry, name)


def entry(registry: Registry, name: str) -> Entry:
    """One claim, whatever is wrong with it."""
    claim = None
    try:
        claim = read_claim(registry.graph, name)
        if claim is None:
            return Entry(name=name, claim=None, verdict=None, reason=INCOMPLETE)
        verdict = judge(claim, registry.benchmark(claim.benchmark), registry.evidence(claim.method))
    except (BadSetting, UnknownName) as error:
        return Entry(name=name, claim=claim, verdict=None, reason=str(error))
    return Entry(name=name, claim=claim, verdict=verdict, reason=verdict.reason)


def claims_about(registry: Registry, method: str) -> list[str]:
    """The names of all claims about a method, also of one that nobody describes."""
    graph = registry.graph
    about = {slug(address) for address in graph.subjects(iri("reg", "aboutMethod"), iri("method", method))}
    return sorted(name for name in about if graph.summary.has("claim", name))


def methods_of_claims(registry: Registry) -> list[str]:
    """The methods that some claim is about, sorted; also those that nobody describes."""
    quads = registry.graph.store.quads_for_pattern(None, ox.NamedNode(iri("reg", "aboutMethod")), None, None)
    return sorted({slug(quad.object.value) for quad in quads if isinstance(quad.object, ox.NamedNode)})


def way_to_compare(registry: Registry, claim: Claim) -> str | None:
    """The command whose runs would be compared with a claim, with the seeds that are missing, if any recipe fits."""
    claimed = registry.benchmark(claim.benchmark)
    fitting = [
        place
        for place in registry.evidence(claim.method).places
        if place.benchmark.runnable and not differences(claim, claimed, place.recipe.settings, place.benchmark)
    ]
    if not fitting:
        return None
    place = max(fitting, key=lambda place: len(place.runs))
    return " ".join([way(place), *(f"--seed {seed}" for seed in _missing(place))])


def _missing(place: Place) -> list[int]:
    """The lowest seeds that make the runs enough, or one more where they are."""
    there = {run.seed for run in place.runs}
    free = (seed for seed in range(len(there) + ENOUGH) if seed not in there)
    return [next(free) for _ in range(max(1, ENOUGH - len(there)))]


def meaning(registry: Registry, word: str) -> tuple[str, str]:
    """What people call a word of the vocabulary, such as "LastEpoch", and what it means."""
    label, comment = (registry.graph.value(iri("reg", word), iri("rdfs", name)) for name in ("label", "comment"))
    return str(label or word), str(comment or "")


def stated_by(registry: Registry, claim: str) -> tuple[tuple[str, str] | None, str | None]:
    """Kind and slug of the source of a claim, and who reports it, in words; None where nobody says."""
    address = iri("claim", claim)
    source, reporter = (
        registry.graph.value(address, iri(*name)) for name in (("prov", "hadPrimarySource"), ("reg", "reportedBy"))
    )
    kind, colon, name = curie(str(source)).partition(":")
    known = bool(colon) and kind in KINDS and registry.graph.summary.has(kind, name)
    return (kind, name) if known else None, None if reporter is None else meaning(registry, slug(str(reporter)))[0]
