"""The whole graph as Turtle or N-Quads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.namespaces import PREFIXES

if TYPE_CHECKING:
    from registry.catalogue import Registry


def turtle(registry: Registry, _: Sequence[str]) -> dict[str, bytes]:
    """All triples merged, whatever file they stand in."""
    return {"registry.ttl": to_turtle({quad.triple for quad in stable(registry)})}


def nquads(registry: Registry, _: Sequence[str]) -> dict[str, bytes]:
    """Each triple with the file it stands in."""
    return {"registry.nq": "".join(sorted(f"{quad} .\n" for quad in stable(registry))).encode()}


def stable(registry: Registry) -> ox.Dataset:
    """All quads, blank nodes renamed by RDF canonicalisation, so that their names do not vary."""
    dataset = ox.Dataset(registry.graph.store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def to_turtle(triples: set[ox.Triple]) -> bytes:
    """The triples in one order, whatever order they come in."""
    text = ox.serialize(sorted(triples, key=str), format=ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    assert text is not None
    return text
