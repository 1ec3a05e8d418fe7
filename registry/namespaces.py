"""The prefixes of the graph.  IRIs are made here and nowhere else."""

from __future__ import annotations

BASE = "https://w3id.org/contrastive-registry/"

KINDS = (
    "term",
    "method",
    "recipe",
    "paper",
    "repository",
    "claim",
    "ablation",
    "benchmark",
    "dataset",
    "metric",
    "protocol",
    "task",
    "run",
    "import",
    "notice",
    "page",
)
"""Subjects that have a slug: `method:moco_v2` is BASE + "method/moco_v2"."""

PREFIXES = {
    "reg": BASE + "vocabulary#",
    "hp": BASE + "hyperparameter/",
    "ep": BASE + "evaluation-parameter/",
    **{kind: f"{BASE}{kind}/" for kind in KINDS},
    "file": BASE + "file/",
    "pwc": BASE + "pwc/",
    "key": BASE + "page-key/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "mls": "http://www.w3.org/ns/mls#",
    "qb": "http://purl.org/linked-data/cube#",
    "schema": "https://schema.org/",
    "fabio": "http://purl.org/spar/fabio/",
    "prism": "http://prismstandard.org/namespaces/basic/2.0/",
    "dcterms": "http://purl.org/dc/terms/",
    "qudt": "http://qudt.org/schema/qudt/",
    "unit": "http://qudt.org/vocab/unit/",
    "sh": "http://www.w3.org/ns/shacl#",
}


def iri(prefix: str, local: str) -> str:
    """`iri("method", "moco_v2")` is the IRI of method:moco_v2."""
    return PREFIXES[prefix] + local


def slug(address: str) -> str:
    """The last part of an IRI: what it is called in files, commands and pages."""
    return address.rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def subject_of(address: str) -> tuple[str, str] | None:
    """Kind and slug of an IRI that names a subject of ours, or a part of one; None for any other."""
    kind, _, name = address.partition("#")[0].removeprefix(BASE).partition("/")
    return (kind, name) if address.startswith(BASE) and kind in KINDS and name else None


def curie(address: str) -> str:
    """The IRI as people write it, `method:moco_v2`; unchanged where no prefix fits."""
    fitting = [(base, prefix) for prefix, base in PREFIXES.items() if address.startswith(base)]
    if not fitting:
        return address
    base, prefix = max(fitting, key=lambda pair: len(pair[0]))
    return f"{prefix}:{address.removeprefix(base)}"
