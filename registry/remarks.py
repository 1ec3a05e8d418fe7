"""What has to be said beside numbers of an answer: whose method is a reading, and whose data a program made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from registry.namespaces import iri, subject_of
from registry.reading import is_reading
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry

POINTERS = {
    "recipe": (iri("reg", "ofMethod"),),
    "run": (iri("mls", "realizes"), iri("reg", "onBenchmark")),
    "claim": (iri("reg", "aboutMethod"), iri("reg", "onBenchmark")),
}
"""How a subject of a kind points at its method and its benchmark."""


def remarks_on(registry: Registry, addresses: Iterable[str]) -> list[str]:
    """A sentence for each reading, benchmark or data set among these subjects, or behind them, that needs one."""
    found: dict[str, set[str]] = {"method": set(), "benchmark": set(), "dataset": set()}
    for address in sorted(set(addresses)):
        subject = subject_of(address)
        pointers = POINTERS.get(subject[0], ()) if subject else ()
        targets = (registry.graph.value(address.partition("#")[0], pointer) for pointer in pointers)
        for each in (subject, *(subject_of(str(target)) for target in targets)):
            if each and each[0] in found:
                found[each[0]].add(each[1])
    readings = sorted(name for name in found["method"] if is_reading(registry.graph, name))
    invented = registry.synthetic()
    made = {registry.benchmark(name).dataset.name for name in invented}
    synthetic = [*sorted(found["benchmark"] & invented), *sorted(found["dataset"] & made)]
    return [f"{name}: {READING}." for name in readings] + [f"{name}: synthetic data." for name in synthetic]
