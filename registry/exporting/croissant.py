"""Data sets as Croissant 1.1 (http://mlcommons.org/croissant/1.1): what the graph knows of them, and no more.

The registry holds no files of a data set, so there is no distribution, and no fields for image and label,
which Croissant would have point into one.  The checksums of the graph are of decoded images with their
labels.  So they stand in the records of the splits under a name that says so, not as `sha256` of a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyoxigraph as ox

from registry.exporting.lookup import data_label, names, to_json
from registry.namespaces import iri
from registry.reading import read_dataset
from registry.records import Dataset
from registry.triples import python_value

if TYPE_CHECKING:
    from registry.catalogue import Registry

Json = dict[str, object]

ALIASES = (
    "arrayShape citeAs column containedIn equivalentProperty extract field fileProperty fileObject fileSet format "
    "includes isArray isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "samplingRate separator source subField transform"
)
"""Names that readers expect to find in the context of every Croissant file."""

CONTEXT: Json = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    **{alias: f"cr:{alias}" for alias in ALIASES.split()},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "name": {"@container": "@language"},
    "description": {"@container": "@language"},
}


def croissant(registry: Registry, datasets: Sequence[str]) -> dict[str, bytes]:
    """A file for each data set, or for the named ones."""
    chosen = datasets or names(registry, "dataset")
    return {f"{name}.json": to_json(_describe(registry, name)) for name in chosen}


def _describe(registry: Registry, name: str) -> Json:
    graph = registry.graph
    address = graph.find("dataset", name)
    dataset = read_dataset(graph, name)
    definition = str(graph.value(address, iri("skos", "definition")) or dataset.label)
    base = graph.value(address, iri("schema", "isBasedOn"))
    described: Json = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": data_label(dataset),
        "description": " ".join([definition, *_origin(dataset)]),
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "url": str(graph.value(address, iri("schema", "url")) or address),
        "sameAs": address,
    }
    if base:
        described["isBasedOn"] = str(base)
    if splits := _splits(registry, dataset):
        described["recordSet"] = [_record_set(splits)]
    return described


def _origin(dataset: Dataset) -> list[str]:
    if dataset.synthetic:
        return [f"Synthetic data: made by a program, {dataset.loader} of the contrastive-registry."]
    return [f"The contrastive-registry reads it by {dataset.loader}."] if dataset.loader else []


def _splits(registry: Registry, dataset: Dataset) -> list[dict[str, object]]:
    """A record for each part of the data, in the order of their names."""
    graph = registry.graph
    records: list[dict[str, object]] = []
    for part in graph.properties(iri("dataset", dataset.name)).get(iri("reg", "split"), []):
        if isinstance(part, ox.NamedNode | ox.BlankNode):
            quads = graph.store.quads_for_pattern(part, None, None, None)
            found = {quad.predicate.value: python_value(quad.object) for quad in quads}
            name = str(found.get(iri("reg", "splitName")))
            records.append(
                {
                    "splits/name": name,
                    "splits/images": found.get(iri("reg", "imageCount")),
                    "splits/decoded_sha256": dataset.checksums.get(name),
                }
            )
    return sorted(records, key=lambda record: str(record["splits/name"]))


def _record_set(splits: list[dict[str, object]]) -> Json:
    def field(name: str, kind: str, description: str) -> Json:
        address = f"splits/{name}"
        return {"@type": "cr:Field", "@id": address, "name": name, "description": description, "dataType": kind}

    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "The parts of the data set that benchmarks use.",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            field("name", "sc:Text", "What the part is called."),
            field("images", "sc:Integer", "How many images it has."),
            field("decoded_sha256", "sc:Text", "SHA-256 of the decoded images with their labels, not of a file."),
        ],
        "data": splits,
    }
