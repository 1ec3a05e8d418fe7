"""The graph in other formats.  The same graph gives the same bytes."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.errors import UnknownName
from registry.namespaces import PREFIXES

if TYPE_CHECKING:
    from registry.catalogue import Registry

FORMATS = ("turtle", "nquads", "csv")


def export(registry: Registry, form: str) -> str:
    """ "turtle": all triples merged; "nquads": each with the file it stands in; "csv": one run a line."""
    if form == "turtle":
        return _turtle(registry)
    if form == "nquads":
        return "".join(sorted(f"{quad} .\n" for quad in _stable(registry)))
    if form == "csv":
        return _csv(registry)
    raise UnknownName("export format", form, FORMATS)


def _stable(registry: Registry) -> ox.Dataset:
    """All quads, blank nodes renamed by RDF canonicalisation, so that their names do not vary."""
    dataset = ox.Dataset(registry.graph.store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


def _turtle(registry: Registry) -> str:
    triples = sorted({quad.triple for quad in _stable(registry)}, key=str)
    text = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    assert text is not None
    return text.decode()


CSV_COLUMNS = (
    "run",
    "method",
    "benchmark",
    "synthetic",
    "benchmark_version",
    "recipe",
    "follows_recipe",
    "seed",
    "status",
    "value_percent",
    "untrained_percent",
    "ranked",
    "why_not_ranked",
    "started",
    "device",
    "images_per_second",
    "wall_seconds",
    "peak_memory_bytes",
    "recipe_sha256",
)


def _csv(registry: Registry) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    synthetic = registry.synthetic()
    for run in sorted(registry.all_runs, key=lambda run: (run.started, run.name)):
        why = registry.why_not_ranked(run)
        writer.writerow(
            (
                run.name,
                run.method,
                run.benchmark,
                str(run.benchmark in synthetic).lower(),
                run.benchmark_version,
                run.recipe,
                str(run.follows_recipe).lower(),
                run.seed,
                run.status,
                run.value,
                run.untrained,
                str(why is None).lower(),
                why or "",
                run.started,
                run.device,
                run.images_per_second,
                run.wall_seconds,
                run.peak_memory,
                run.recipe_hash,
            )
        )
    return stream.getvalue()
