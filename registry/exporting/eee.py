"""Results and claims as Every Eval Ever 0.3.0 records, where others compare evaluations.

A record is either of a run of ours (`evaluation_run`) or of a text (`documentation`), never of both.
The relationship is that of whoever states a number to the method's authors, as it is for claims:
we train and score others' methods, so ours is `third_party`, although the trained encoder is our own.
Differences, costs beside a score and claims that nobody has read stay out.  A claim's record is dated by
the newest run: few sources have a date, and the same registry must give the same record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from registry.errors import RegistryError, UnknownName
from registry.exporting.lookup import (
    data_label,
    fact,
    label,
    names,
    run_iris,
    seeds,
    standings,
    task_of,
    to_json,
)
from registry.namespaces import iri, slug
from registry.reading import is_reading
from registry.records import Aggregate, Benchmark, Claim
from registry.statistics import LEVEL, aggregate
from registry.verdict_names import READING

if TYPE_CHECKING:
    from registry.catalogue import Registry

Json = dict[str, object]

US = "contrastive-registry"
UNITS = {"PERCENT": "percent", "SEC": "s", "MIN": "min", "HR": "h", "GigaBYTE": "GB"}
"""QUDT units as the format writes them."""

INTERVAL = "Student's t over training seeds"


def eee(registry: Registry, subjects: Sequence[str]) -> dict[str, bytes]:
    """A file for each recipe on each benchmark and for each claim, of all or the named methods; or for a run."""
    methods, runs = (names(registry, kind) for kind in ("method", "run"))
    for name in subjects:
        if name not in methods and name not in runs:
            raise UnknownName("method or run", name, [*methods, *runs])
    chosen = [name for name in subjects or methods if name in methods]
    records = {f"run-{name}.json": _of_run(registry, name) for name in subjects if name in runs}
    for method, found in standings(registry, chosen).items():
        for benchmark, standing in found:
            records[f"results-{benchmark.name}-{standing.recipe}.json"] = _measured(
                registry, method, benchmark, standing.recipe, standing.runs, standing.result
            )
    moment = _newest(registry)
    for claim in registry.all_claims:
        if claim.method in chosen and _fits(registry, claim):
            records[f"claim-{claim.name}.json"] = _claimed(registry, claim, moment)
    if not records:
        raise RegistryError(f"{' '.join(subjects) or 'the registry'} has neither results that count nor such claims")
    return {name: to_json(record) for name, record in records.items()}


def _fits(registry: Registry, claim: Claim) -> bool:
    """Whether somebody read it and it is a value of the benchmark's own metric, not a difference or a cost."""
    graph, address = registry.graph, iri("claim", claim.name)
    unit = graph.value(address, iri("qudt", "hasUnit"))
    if unit == iri("unit", "FRACTION"):
        unit = iri("unit", "PERCENT")
    metric = iri("metric", registry.benchmark(claim.benchmark).metric)
    compared = graph.value(address, iri("reg", "comparedWith"))
    return claim.evidence != "Recalled" and compared is None and unit == graph.value(metric, iri("qudt", "hasUnit"))


def _newest(registry: Registry) -> str:
    """The end of the newest run: the state of the registry that a record was written from."""
    runs = registry.all_runs
    return (
        _epoch(max(str(fact(registry, run.name, "endedAtTime", "prov") or run.started) for run in runs))
        if runs
        else "0"
    )


def _of_run(registry: Registry, name: str) -> Json:
    run = registry.find_run(name)
    why = registry.why_not_ranked(run)
    if why or run.value is None:
        raise RegistryError(f"{name} has no result that counts: {why}")
    benchmark = registry.benchmark(run.benchmark)
    return _measured(registry, run.method, benchmark, run.recipe, (name,), aggregate([run.value]))


def _measured(
    registry: Registry, method: str, benchmark: Benchmark, recipe: str, runs: tuple[str, ...], ours: Aggregate
) -> Json:
    commits = sorted({str(fact(registry, run, "sourceCommit")) for run in runs})
    devices = sorted({str(fact(registry, run, "deviceModel")) for run in runs})
    engines = sorted({str(fact(registry, run, "torchVersion")) for run in runs})
    moment = _epoch(max(str(fact(registry, run, "endedAtTime", "prov")) for run in runs))
    uncertainty: Json = {"num_samples": ours.n}
    if ours.sd is not None:
        uncertainty["standard_deviation"] = round(ours.sd, 6)
    if ours.low is not None and ours.high is not None:
        low, high = round(ours.low, 6), round(ours.high, 6)
        uncertainty["confidence_interval"] = {
            "lower": low,
            "upper": high,
            "confidence_level": LEVEL,
            "method": INTERVAL,
        }
    details = {
        "statistic": "single run" if ours.n == 1 else f"mean of {ours.n} runs; standard deviation with ddof 1",
        "seeds": " ".join(map(str, seeds(registry, runs))),
        "runs": " ".join(run_iris(runs)),
        "recipe": iri("recipe", recipe),
        "selection": "last epoch",
    }
    return {
        "schema_version": "0.3.0",
        "evaluation_id": f"{benchmark.name}/{US}/{recipe}/{moment}",
        "evaluation_timestamp": moment,
        "retrieved_timestamp": moment,
        "source_metadata": {
            "source_name": "Contrastive Registry, runs of its own",
            "source_type": "evaluation_run",
            "source_organization_name": US,
            "evaluator_relationship": "third_party",
            "additional_details": {"trained_by": US, "method_authors": "not involved"},
        },
        "eval_library": {"name": US, "version": " ".join(commits)},
        "model_info": {
            "name": label(registry, "method", method),
            "id": f"{US}/{recipe}",
            "developer": US,
            "inference_engine": {"name": "PyTorch", "version": " ".join(engines)},
            "additional_details": {
                "deployment_type": "self_deployed",
                "model_availability": "unknown",
                "method": iri("method", method),
                "devices": ", ".join(devices),
                **({"remark": READING} if is_reading(registry.graph, method) else {}),
            },
        },
        "evaluation_results": [_result(registry, benchmark, round(ours.mean, 6), details, uncertainty)],
    }


def _claimed(registry: Registry, claim: Claim, moment: str) -> Json:
    address = iri("claim", claim.name)
    graph = registry.graph
    source = str(graph.value(address, iri("prov", "hadPrimarySource")))
    first = graph.value(address, iri("reg", "reportedBy")) == iri("reg", "FirstParty")
    details = {
        "claim": address,
        "stated_text": claim.stated,
        "locator": claim.locator,
        "evidence": claim.evidence,
        "statistic": claim.statistic,
        "selection": claim.selection,
        "trainings": "" if claim.statistic == "StatisticNotStated" else str(claim.sample_size),
        "source_date": str(graph.value(source, iri("dcterms", "date")) or ""),
        "conditions": ", ".join(f"{name}={value}" for name, value in (claim.conditions | claim.scoring).items()),
        "caveats": " ".join(claim.caveats),
    }
    uncertainty: Json = {}
    if len(claim.raw_values) > 1:
        spread = aggregate(claim.raw_values)
        uncertainty = {"num_samples": spread.n, "standard_deviation": round(spread.sd or 0.0, 6)}
        details["uncertainty"] = "computed here from the raw values that the source gives, ddof 1"
    return {
        "schema_version": "0.3.0",
        "evaluation_id": f"{claim.name}/{slug(source)}/{claim.method}/{moment}",
        "retrieved_timestamp": moment,
        "source_metadata": {
            "source_name": claim.source,
            "source_type": "documentation",
            "source_organization_name": claim.source,
            "evaluator_relationship": "first_party" if first else "third_party",
            "additional_details": {"source": source},
        },
        "eval_library": {"name": "not stated", "version": "unknown"},
        "model_info": {
            "name": label(registry, "method", claim.method),
            "id": f"{slug(source)}/{claim.method}",
            "additional_details": {
                "deployment_type": "unknown",
                "model_availability": "unknown",
                "method": iri("method", claim.method),
            },
        },
        "evaluation_results": [
            _result(registry, registry.benchmark(claim.benchmark), round(claim.value, 6), details, uncertainty)
        ],
    }


def _result(
    registry: Registry, benchmark: Benchmark, score: float, details: Mapping[str, str], uncertainty: Json
) -> Json:
    page = registry.graph.value(iri("dataset", benchmark.dataset.name), iri("schema", "url"))
    data: Json = {"dataset_name": data_label(benchmark.dataset), "source_type": "url" if page else "other"}
    if page:
        data["url"] = [str(page)]
    data["additional_details"] = {
        "dataset": iri("dataset", benchmark.dataset.name),
        "synthetic": str(benchmark.dataset.synthetic).lower(),
        "split": benchmark.evaluation_split,
        **({"decoded_sha256": sha} if (sha := benchmark.dataset.checksums.get(benchmark.evaluation_split)) else {}),
    }
    score_details: Json = {"score": score, "details": {name: value for name, value in details.items() if value}}
    if uncertainty:
        score_details["uncertainty"] = uncertainty
    return {
        "evaluation_name": benchmark.title,
        "source_data": data,
        "metric_config": _metric(registry, benchmark),
        "score_details": score_details,
    }


def _metric(registry: Registry, benchmark: Benchmark) -> Json:
    """What is measured.  A metric without bounds is not called continuous, which would ask for them."""
    graph, metric = registry.graph, iri("metric", benchmark.metric)
    unit = slug(str(graph.value(metric, iri("qudt", "hasUnit"))))
    low, high = (graph.value(metric, iri("reg", bound)) for bound in ("minimum", "maximum"))
    bounded = isinstance(low, int | float) and isinstance(high, int | float)
    return {
        "evaluation_description": f"{benchmark.title}, version {benchmark.version}",
        "metric_id": benchmark.metric,
        "metric_name": label(registry, "metric", benchmark.metric),
        "metric_unit": UNITS.get(unit, unit),
        "lower_is_better": not benchmark.higher_is_better,
        **({"score_type": "continuous", "min_score": low, "max_score": high} if bounded else {}),
        "additional_details": {
            "benchmark": iri("benchmark", benchmark.name),
            "task": task_of(registry, benchmark.name) or "not stated",
            "protocol": iri("protocol", benchmark.protocol),
        },
    }


def _epoch(moment: str) -> str:
    """Seconds since 1970 of a time as RDF writes it; without a zone it is UTC."""
    read = datetime.fromisoformat(moment)
    return str(int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()))
