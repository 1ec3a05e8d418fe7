"""The ML-Schema view, read by rdflib: its words only, every setting, no number that it cannot name."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from rdflib import RDF, RDFS, URIRef

from registry import Registry
from registry.namespaces import iri
from tests.conftest import FileRun

MLS = rdflib.Namespace("http://www.w3.org/ns/mls#")


@pytest.fixture
def measured(tiny_home: Path, file_run: FileRun) -> Registry:
    """Four runs with a result, and one that broke."""
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(600, method="beta")
    file_run(None, method="beta", status="Failed", seed=9)
    return Registry.open(tiny_home)


PROPERTIES = (
    "achieves definedOn defines executes hasHyperParameter hasInput hasOutput hasPart hasQuality implements realizes "
    "specifiedBy hasValue"
)
"""All that ML-Schema has."""

ENDS = {
    "realizes": ({"Run"}, {"Algorithm"}),
    "executes": ({"Run"}, {"Implementation"}),
    "achieves": ({"Run"}, {"Task"}),
    "hasInput": ({"Run"}, {"Dataset", "HyperParameterSetting"}),
    "hasOutput": ({"Run"}, {"ModelEvaluation"}),
    "implements": ({"Implementation"}, {"Algorithm"}),
    "hasHyperParameter": ({"Implementation"}, {"HyperParameter"}),
    "definedOn": ({"Task"}, {"Dataset", "EvaluationSpecification"}),
    "defines": ({"EvaluationSpecification"}, {"Task"}),
    "hasPart": ({"EvaluationSpecification"}, {"EvaluationMeasure", "EvaluationProcedure"}),
    "specifiedBy": ({"HyperParameterSetting", "ModelEvaluation"}, {"HyperParameter", "EvaluationMeasure"}),
}


def ml_schema(registry: Registry, *runs: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=registry.export("mls", *runs), format="turtle")


def test_the_view_speaks_ml_schema_only(registry: Registry) -> None:
    view = ml_schema(registry)
    known = {MLS[name] for name in PROPERTIES.split()} | {RDF.type, RDFS.label, RDFS.comment}
    assert set(view.predicates()) <= known
    assert all(str(kind).startswith(MLS) for kind in view.objects(None, RDF.type))


def test_domains_and_ranges_of_ml_schema_hold(registry: Registry) -> None:
    view = ml_schema(registry)

    def kinds(node: object) -> set[str]:
        return {str(kind).removeprefix(MLS) for kind in view.objects(node, RDF.type)}  # type: ignore[arg-type]

    for name, (domain, range_) in ENDS.items():
        for subject, target in view.subject_objects(MLS[name]):
            assert kinds(subject) & domain, (name, subject)
            assert kinds(target) & range_, (name, target)


def test_a_run_has_the_settings_of_its_snapshot_and_its_seed(registry: Registry) -> None:
    view = ml_schema(registry)
    for run in registry.all_runs:
        address = iri("run", run.name)
        snapshot = registry.graph.properties(f"{address}#settings")
        expected = {name for name in snapshot if name.startswith(iri("hp", ""))} | {iri("reg", "seed")}
        inputs = view.objects(URIRef(address), MLS.hasInput)
        settings = [node for node in inputs if (node, RDF.type, MLS.HyperParameterSetting) in view]
        assert sorted(str(view.value(node, MLS.specifiedBy)) for node in settings) == sorted(expected)
        assert all(view.value(node, MLS.hasValue) is not None for node in settings)


def test_values_survive_the_view(measured: Registry) -> None:
    run = next(run for run in measured.runs("alpha") if run.seed == 2)
    view = ml_schema(measured, run.name)
    address = iri("run", run.name)

    def value(part: str) -> object:
        return view.value(URIRef(f"{address}#{part}"), MLS.hasValue, any=False).toPython()  # type: ignore[union-attr]

    assert float(value("trained")) == 52.0  # type: ignore[arg-type]
    assert (value("setting-queue_size"), value("setting-symmetric"), value("setting-seed")) == (32, False, 2)
    assert (str(value("setting-weight_decay")), value("setting-milestones")) == ("0.0005", "[]")
    assert len(list(view.subjects(RDF.type, MLS.Run))) == 1


def test_a_run_that_broke_has_no_evaluation_and_says_why(measured: Registry) -> None:
    failed = next(run for run in measured.all_runs if run.status == "failed")
    view = ml_schema(measured)
    address = URIRef(iri("run", failed.name))
    assert view.value(address, MLS.hasOutput) is None
    assert str(view.value(address, RDFS.comment)) == "failed; not ranked: failed: it broke"


def test_an_untrained_encoder_is_no_evaluation_of_a_run(measured: Registry) -> None:
    view = ml_schema(measured)
    outputs = list(view.objects(None, MLS.hasOutput))
    assert len(outputs) == 4
    assert not any(str(output).endswith("#untrained") for output in outputs)
