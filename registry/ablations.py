"""Does what a source says of a changed setting hold here?  An answer is computed, never stored.

An ablation names the settings without and with the change.  Two recipes of its method test it on a
benchmark when they differ in those settings alone; nothing else has to say that they belong
together.  Their runs are compared by Welch's t-test over seeds: a seed gives both sides the same
first weights, but their trainings part at the first step, so that pairing by seed would halve the
degrees of freedom and take away no noise.  Fewer than three seeds on a side answer nothing.

`higher` and `lower` hold when the whole 95% interval of the difference lies on that side of zero,
and `no difference` when it lies within the MARGIN of the verdicts.  `fails` holds when every seed
diverged, or when the interval of what training gained lies below that margin.  An interval that
leaves out zero otherwise answers `does not hold`; one that contains it leaves the question open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from registry.errors import BadSetting
from registry.graph import Graph
from registry.hashes import recipe_hash
from registry.namespaces import iri, slug
from registry.reading import number, read_claim, settings_of
from registry.records import Ablation, Claim, Difference, Finding, Run
from registry.signatures import Setting
from registry.statistics import ENOUGH, LEVEL, difference, difference_from_zero
from registry.triples import Term, python_value
from registry.verdict_names import DOES_NOT_HOLD, HOLDS, NOT_ATTEMPTED, OPEN
from registry.verdicts import MARGIN, Evidence, Place, way

if TYPE_CHECKING:
    from registry.catalogue import Registry

Pair = tuple[Place, Place]
"""With the change, and without it."""


def read_ablation(graph: Graph, name: str) -> Ablation | None:
    """What the graph says of an ablation; None where the shapes miss something in it.  Raises BadSetting."""
    address = iri("ablation", name)
    found = graph.properties(address)

    def texts(prefix: str, local: str) -> tuple[str, ...]:
        return tuple(sorted(str(python_value(term)) for term in found.get(iri(prefix, local), [])))

    sides = [found.get(iri("reg", local), []) for local in ("changedFrom", "changedTo")]
    single = [
        texts(*needed)
        for needed in (
            *(("skos", "prefLabel"), ("reg", "ablates"), ("reg", "expects"), ("reg", "locator")),
            *(("prov", "hadPrimarySource"), ("reg", "evidenceLevel")),
        )
    ]
    stated = texts("reg", "statedText")
    if not (all(single) and all(sides) and stated):
        return None
    label, method, expects, locator, source, evidence = (values[0] for values in single)
    before, after = (_side(graph, side[0]) for side in sides)
    if not before or before.keys() != after.keys() or any(before[key] == after[key] for key in before):
        raise BadSetting("reg:changedFrom and reg:changedTo must give the same settings, each with another value")
    factor = graph.value(address, iri("reg", "epochsFactor"))
    return Ablation(
        name=name,
        label=label,
        method=slug(method),
        changed_from=before,
        changed_to=after,
        epochs_factor=1.0 if factor is None else number(factor, "reg:epochsFactor"),
        expects=slug(expects),
        stated=stated,
        locator=locator,
        source=str(graph.value(source, iri("dcterms", "title")) or slug(source)),
        evidence=slug(evidence),
        rests_on=tuple(slug(claim) for claim in texts("reg", "restsOn")),
        caveats=texts("reg", "caveat"),
    )


def _side(graph: Graph, node: Term) -> dict[str, Setting]:
    parts: dict[str, list[Term]] = {}
    for quad in graph.store.quads_for_pattern(node, None, None, None):  # type: ignore[arg-type]
        parts.setdefault(quad.predicate.value, []).append(quad.object)
    return settings_of(graph, parts, "hp")


def claimed_differences(ablation: Ablation, claims: Iterable[Claim]) -> tuple[float, ...]:
    """The differences that the claims of an ablation give, with the change minus without it, in points.

    A claim that is a difference gives its own, two that differ in the change alone give theirs.
    """
    found, shares = [], []
    for claim in claims:
        if claim.unit == "points" and _has(claim.conditions, ablation.changed_to):
            found.append(claim.value)
        elif claim.unit == "%":
            shares.append(claim)
    found += [
        round(claim.value - other.value, 6)
        for claim, other in product(shares, shares)
        if claim.benchmark == other.benchmark and _differ(ablation, claim.conditions, other.conditions)
    ]
    return tuple(sorted(found))


def contradicted(ablation: Ablation, claimed: Sequence[float]) -> str | None:
    """What is wrong with an ablation whose claims do not go the way that it expects."""
    goes = {
        "Higher": all(points > 0 for points in claimed),
        "Lower": all(points < 0 for points in claimed),
        "NoDifference": all(abs(points) <= MARGIN for points in claimed),
    }
    if goes.get(ablation.expects, True):
        return None
    points = ", ".join(f"{points:+g}" for points in claimed)
    return f"reg:expects reg:{ablation.expects}, and its claims differ by {points} points"


def _has(settings: Mapping[str, Setting], asked: Mapping[str, Setting]) -> bool:
    return all(name in settings and settings[name] == value for name, value in asked.items())


def _differ(ablation: Ablation, changed: Mapping[str, Setting], reference: Mapping[str, Setting]) -> bool:
    """Whether two sets of settings have the change between them and nothing else."""
    if not (_has(changed, ablation.changed_to) and _has(reference, ablation.changed_from)):
        return False
    differing = {name for name in changed.keys() | reference.keys() if changed.get(name) != reference.get(name)}
    if ablation.epochs_factor == 1:
        return differing == set(ablation.changed_to)
    epochs, before = changed.get("epochs"), reference.get("epochs")
    if not isinstance(epochs, int) or not isinstance(before, int) or epochs != ablation.epochs_factor * before:
        return False
    return differing == {*ablation.changed_to, "epochs"}


def about(graph: Graph, method: str | None) -> list[str]:
    """The addresses of the ablations of a method, or of all; raises UnknownName."""
    if method is not None:
        graph.find("method", method)
    known = (iri("ablation", name) for name in graph.names("ablation"))
    return [
        each for each in known if method is None or graph.value(each, iri("reg", "ablates")) == iri("method", method)
    ]


def findings(registry: Registry, address: str) -> list[Finding]:
    """What our runs say to an ablation, one for each benchmark and pair of recipes that tests it.

    Raises BadSetting where a value of the graph makes no sense.
    """
    ablation = read_ablation(registry.graph, slug(address))
    if ablation is None:
        return []
    claims = [claim for name in ablation.rests_on if (claim := read_claim(registry.graph, name)) is not None]
    claimed = claimed_differences(ablation, claims)
    if flaw := contradicted(ablation, claimed):
        raise BadSetting(flaw)
    return compare(ablation, claimed, registry.evidence(ablation.method))


def compare(ablation: Ablation, claimed: tuple[float, ...], evidence: Evidence) -> list[Finding]:
    """The answers of that evidence; one that says why there is none where no recipes make the change."""
    silent = Finding(
        ablation=ablation,
        claimed=claimed,
        benchmark=None,
        synthetic=False,
        answer=NOT_ATTEMPTED,
        reason=f"no two recipes of {ablation.method} differ in this alone",
    )
    return [_judge(silent, pair, evidence) for pair in _pairs(ablation, evidence)] or [silent]


def _pairs(ablation: Ablation, evidence: Evidence) -> Iterator[Pair]:
    places = [place for place in evidence.places if place.benchmark.runnable]
    for changed, reference in product(places, places):
        same = changed.benchmark.name == reference.benchmark.name
        if same and _differ(ablation, changed.recipe.settings, reference.recipe.settings):
            yield changed, reference


def _judge(silent: Finding, pair: Pair, evidence: Evidence) -> Finding:
    changed, reference = pair
    here = replace(
        silent,
        benchmark=changed.benchmark.name,
        synthetic=changed.benchmark.dataset.synthetic,
        recipe=changed.recipe.name,
        reference=reference.recipe.name,
        ours=changed.result,
        without=reference.result,
        runs=(*changed.names, *reference.names),
    )
    diverged = [_diverged(place, evidence.runs) for place in pair]
    expects = here.ablation.expects
    fails = expects == "Fails"
    asked = pair[:1] if fails else pair  # what fails is set against its own untrained encoder
    if not changed.runs and diverged[0] >= ENOUGH:
        answer = HOLDS if expects in ("Fails", "Lower") else DOES_NOT_HOLD
        return replace(here, answer=answer, reason=f"with the change all {diverged[0]} seeds diverged")
    if missing := [place for place, gone in zip(asked, diverged, strict=False) if not place.runs and not gone]:
        return replace(here, reason="; ".join(way(place) for place in missing))
    counts = " and ".join(f"n = {len(place.runs)}" for place in asked)
    if any(len(place.runs) < ENOUGH for place in asked):
        reason = f"{counts}: a comparison needs {ENOUGH} seeds on each side" + _told(diverged)
        return replace(here, answer=OPEN, reason=reason)
    found = _gain(changed.runs) if fails else difference(changed.values, reference.values)
    what = "trained minus untrained" if fails else "with the change minus without"
    p_value = "p < 0.001" if found.p_value < 0.001 else f"p = {found.p_value:.3f}"
    reason = (
        f"{what}: {found.low:+.2f} to {found.high:+.2f} points "
        f"({LEVEL:.0%} interval; {p_value}; {found.test}; {counts}, ddof 1)"
    )
    versions = len({run.source_sha256 for place in asked for run in place.runs})
    reason += (f"; from {versions} versions of the code" if versions > 1 else "") + _told(diverged)
    answer = _answer(expects, found)
    if answer == HOLDS and (diverged[1] or (diverged[0] and expects in ("Higher", "NoDifference"))):
        answer = OPEN  # only the seeds that came through speak for it
    return replace(here, answer=answer, reason=reason, difference=found)


def _answer(expects: str, found: Difference) -> str:
    holds = {
        "Higher": found.low > 0,
        "Lower": found.high < 0,
        "NoDifference": max(-found.low, found.high) < MARGIN,
        "Fails": found.high < MARGIN,
    }
    if holds[expects]:
        return HOLDS
    return DOES_NOT_HOLD if found.low > 0 or found.high < 0 else OPEN


def _gain(runs: Sequence[Run]) -> Difference:
    """What training added to each run's own untrained encoder."""
    gains = [run.value - run.untrained for run in runs if run.value is not None and run.untrained is not None]
    return difference_from_zero(gains)


def _diverged(place: Place, runs: Sequence[Run]) -> int:
    """The seeds of an unchanged recipe whose runs diverged and never came through."""
    digest = recipe_hash(place.recipe.settings)
    seeds = {
        run.seed
        for run in runs
        if run.status == "diverged"
        and (run.recipe, run.benchmark) == (place.recipe.name, place.benchmark.name)
        and (run.recipe_hash, run.benchmark_version) == (digest, place.benchmark.version)
    }
    return len(seeds - {run.seed for run in place.runs})


def _told(diverged: Sequence[int]) -> str:
    sides = zip(diverged, ("with", "without"), strict=True)
    return "".join(f"; {count} more seeds diverged {side} the change" for count, side in sides if count)
