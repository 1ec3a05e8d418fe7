"""One run as a Process Run Crate 0.5 (https://w3id.org/ro/wfrun/process/0.5): its record, its curve, its provenance.

The context is named by its address, as RO-Crate 1.1 asks; readers know it and fetch nothing.
Our results are under the licence of the registry; the data sets are not in the crate and keep theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from registry.errors import RegistryError
from registry.exporting.lookup import data_label, fact, label, recorded_settings, to_json
from registry.namespaces import iri
from registry.reading import is_reading
from registry.records import Run
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry

Entity = dict[str, object]

PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
LICENCE = "https://spdx.org/licenses/MIT"

SOFTWARE = {"pythonVersion": "Python", "torchVersion": "PyTorch", "torchvisionVersion": "torchvision"}
CONDITIONS = {
    "operatingSystem": None,
    "hostCpu": None,
    "hostMemory": "bytes",
    "deviceKind": None,
    "deviceModel": None,
    "deviceCount": None,
    "threads": None,
    "cudaVersion": None,
    "driverVersion": None,
    "sourceModified": None,
    "sourceSha256": None,
    "recipeHash": None,
    "benchmarkHash": None,
    "benchmarkVersion": None,
    "resumed": None,
    "wallSeconds": "seconds",
    "trainingSeconds": "seconds",
    "evaluationSeconds": "seconds",
    "imagesPerSecond": "images per second",
    "timedEpochs": None,
    "peakMemory": "bytes",
    "deviceMemory": "bytes",
    "encoderParameters": None,
    "falseNegativeShare": None,
}
"""What a record says of machine, code and cost, with the unit where the name does not say it."""


def rocrate(registry: Registry, names: Sequence[str]) -> dict[str, bytes]:
    """The files of the crate; raises RegistryError unless one run is named and its files are as recorded."""
    if len(names) != 1:
        raise RegistryError("a crate is of one run; name it (they are listed by: registry runs)")
    run = registry.find_run(names[0])
    files = _files(registry, run)
    document = {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": _entities(registry, run, files)}
    return {"ro-crate-metadata.json": to_json(document), **files}


def _files(registry: Registry, run: Run) -> dict[str, bytes]:
    """The record and, where it names one, the learning curve beside it."""
    graph, address = registry.graph, iri("run", run.name)
    record = graph.files[graph.files_of(address)[0]]
    files = {f"{run.name}.ttl": record.read_bytes()}
    name, expected = (graph.value(f"{address}#curve", iri("schema", part)) for part in ("contentUrl", "sha256"))
    if name is None:
        return files
    curve = record.parent / PurePosixPath(str(name)).name
    if not curve.is_file() or sha256(content := curve.read_bytes()).hexdigest() != expected:
        raise RegistryError(f"the learning curve {curve} is not there as it was recorded (see: registry check)")
    return files | {f"{run.name}.csv": content}


def _entities(registry: Registry, run: Run, files: dict[str, bytes]) -> list[Entity]:
    benchmark = registry.benchmark(run.benchmark)
    address = iri("run", run.name)
    software, requirements = _software(registry, run)
    data = _data(registry, run)
    settings = [
        _property(f"#{prefix}-{name}", name, value, iri(prefix, name))
        for prefix in ("hp", "ep")
        for name, value in recorded_settings(registry, run.name, prefix).items()
    ]
    settings.append(_property("#seed", "seed", run.seed, iri("reg", "seed")))
    results, conditions = _results(registry, run), _conditions(registry, run)
    title = f"{label(registry, 'method', run.method)} on {benchmark.title}, seed {run.seed}"
    started, ended = (str(fact(registry, run.name, name, "prov")) for name in ("startedAtTime", "endedAtTime"))
    action: Entity = {
        "@id": address,
        "@type": "CreateAction",
        "name": title,
        "description": str(fact(registry, run.name, "commandLine") or "command line not recorded"),
        "startTime": started,
        "endTime": ended,
        "instrument": _link(software),
        "object": [_link(entity) for entity in (data, *settings)],
        "result": [*({"@id": name} for name in files), *map(_link, results)],
        "additionalProperty": [_link(entity) for entity in conditions],
        "actionStatus": {
            "@id": f"http://schema.org/{'Completed' if run.status == 'succeeded' else 'Failed'}ActionStatus"
        },
    }
    if run.status != "succeeded":
        action["error"] = f"{run.status}: {run.reason}" if run.reason else run.status
    root: Entity = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": f"A run of the contrastive-registry: {address}"
        + (f". The method is {READING}." if is_reading(registry.graph, run.method) else ""),
        "datePublished": ended,
        "license": {"@id": LICENCE},
        "conformsTo": {"@id": PROFILE},
        "hasPart": [{"@id": name} for name in files],
        "mentions": _link(action),
    }
    return [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        root,
        {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {"@id": LICENCE, "@type": "CreativeWork", "name": "MIT License", "identifier": "MIT"},
        *(_file(name, content) for name, content in files.items()),
        action,
        software,
        *requirements,
        data,
        *settings,
        *results,
        *conditions,
    ]


def _software(registry: Registry, run: Run) -> tuple[Entity, list[Entity]]:
    """What ran, and the packages that it ran with."""
    implementation = f"{iri('run', run.name)}#implementation"
    requirements: list[Entity] = [
        {"@id": f"#{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": str(version)}
        for recorded, name in SOFTWARE.items()
        if (version := fact(registry, run.name, recorded)) is not None
    ]
    code = registry.graph.value(implementation, iri("reg", "implementation"))
    changed = fact(registry, run.name, "sourceModified") is not False
    software: Entity = {
        "@id": implementation,
        "@type": "SoftwareSourceCode",
        "name": f"contrastive-registry, {code}",
        "version": str(fact(registry, run.name, "sourceCommit") or "not recorded"),
        "description": "with changes that no commit holds" if changed else "as committed",
        "programmingLanguage": "Python",
        "softwareRequirements": [_link(entity) for entity in requirements],
    }
    return software, requirements


def _data(registry: Registry, run: Run) -> Entity:
    """The data set, which the crate does not hold, with what identifies the parts that were read."""
    dataset = registry.benchmark(run.benchmark).dataset
    read = [
        f"{part} images and labels as decoded: sha256 {checksum}"
        for part in ("training", "evaluation")
        if (checksum := fact(registry, run.name, f"{part}DataSha256"))
    ]
    entity: Entity = {
        "@id": iri("dataset", dataset.name),
        "@type": "CreativeWork",
        "name": data_label(dataset),
        "description": "; ".join(read),
    }
    if page := registry.graph.value(iri("dataset", dataset.name), iri("schema", "url")):
        entity["url"] = str(page)
    return entity


def _results(registry: Registry, run: Run) -> list[Entity]:
    """What was measured, before and after training."""
    benchmark = registry.benchmark(run.benchmark)
    metric = label(registry, "metric", benchmark.metric)
    return [
        _property(
            f"{iri('run', run.name)}#{state}",
            f"{metric} of the {state} encoder, {benchmark.title}",
            value,
            iri("metric", benchmark.metric),
            "percent",
        )
        for state, value in (("trained", run.value), ("untrained", run.untrained))
        if value is not None
    ]


def _conditions(registry: Registry, run: Run) -> list[Entity]:
    return [
        _property(f"#{name}", name, value, iri("reg", name), unit)
        for name, unit in CONDITIONS.items()
        if (value := fact(registry, run.name, name)) is not None
    ]


def _property(address: str, name: str, value: object, meaning: str, unit: str | None = None) -> Entity:
    entity: Entity = {"@id": address, "@type": "PropertyValue", "name": name, "value": value, "propertyID": meaning}
    return entity | {"unitText": unit} if unit else entity


def _file(name: str, content: bytes) -> Entity:
    record = name.endswith(".ttl")
    return {
        "@id": name,
        "@type": "File",
        "name": "record of the run" if record else "learning curve, one line an epoch",
        "encodingFormat": "text/turtle" if record else "text/csv",
        "contentSize": str(len(content)),
        "sha256": sha256(content).hexdigest(),
    }


def _link(entity: Entity) -> Entity:
    return {"@id": entity["@id"]}
