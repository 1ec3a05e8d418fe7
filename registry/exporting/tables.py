"""Runs and claims as CSV (UTF-8, a heading, one subject a line), units in the headings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from registry.exporting.lookup import names
from registry.namespaces import iri, slug
from registry.reading import is_reading
from registry.tables import Cell, to_csv

if TYPE_CHECKING:
    from registry.catalogue import Registry

RUN_COLUMNS = (
    "run",
    "method",
    "reading",
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
    "false_negative_share",
    "recipe_sha256",
)

CLAIM_COLUMNS = (
    "claim",
    "method",
    "reading",
    "benchmark",
    "synthetic",
    "value",
    "unit",
    "compared_with",
    "stated_text",
    "source",
    "locator",
    "evidence",
    "reported_by",
    "statistic",
    "sample_size",
    "selection",
    "verdict",
    "verdict_reason",
    "our_runs",
    "our_mean_percent",
    "our_sd_percent",
    "our_interval_low_percent",
    "our_interval_high_percent",
    "our_recipe",
)


def runs(registry: Registry, methods: Sequence[str]) -> dict[str, bytes]:
    """Every run, oldest first, with whether it counts and why not; or those of the named methods."""
    chosen = _chosen(registry, methods)
    synthetic = registry.synthetic()
    rows = []
    for run in sorted(registry.all_runs, key=lambda run: (run.started, run.name)):
        if run.method not in chosen:
            continue
        why = registry.why_not_ranked(run)
        row: dict[str, Cell] = {
            "run": run.name,
            "method": run.method,
            "reading": _truth(is_reading(registry.graph, run.method)),
            "benchmark": run.benchmark,
            "synthetic": _truth(run.benchmark in synthetic),
            "benchmark_version": run.benchmark_version,
            "recipe": run.recipe,
            "follows_recipe": _truth(run.follows_recipe),
            "seed": run.seed,
            "status": run.status,
            "value_percent": run.value,
            "untrained_percent": run.untrained,
            "ranked": _truth(why is None),
            "why_not_ranked": why or "",
            "started": run.started,
            "device": run.device,
            "images_per_second": run.images_per_second,
            "wall_seconds": run.wall_seconds,
            "peak_memory_bytes": run.peak_memory,
            "false_negative_share": run.false_negative_share,
            "recipe_sha256": run.recipe_hash,
        }
        rows.append(row)
    return {"runs.csv": _to_csv(RUN_COLUMNS, rows)}


def claims(registry: Registry, methods: Sequence[str]) -> dict[str, bytes]:
    """Every claim, or those about the named methods, and beside it what our results say about it."""
    chosen = _chosen(registry, methods)
    synthetic = registry.synthetic()
    rows = []
    for verdict in registry.verdicts():
        claim, ours = verdict.claim, verdict.ours
        if claim.method not in chosen:
            continue
        row: dict[str, Cell] = {
            "claim": claim.name,
            "method": claim.method,
            "reading": _truth(is_reading(registry.graph, claim.method)),
            "benchmark": claim.benchmark,
            "synthetic": _truth(claim.benchmark in synthetic),
            "value": claim.value,
            "unit": claim.unit,
            "compared_with": _slug_of(registry, claim.name, "comparedWith"),
            "stated_text": claim.stated,
            "source": claim.source,
            "locator": claim.locator,
            "evidence": claim.evidence,
            "reported_by": _slug_of(registry, claim.name, "reportedBy"),
            "statistic": claim.statistic,
            "sample_size": None if claim.statistic == "StatisticNotStated" else claim.sample_size,
            "selection": claim.selection,
            "verdict": verdict.verdict,
            "verdict_reason": verdict.reason,
            "our_runs": ours.n if ours else None,
            "our_mean_percent": ours.mean if ours else None,
            "our_sd_percent": ours.sd if ours else None,
            "our_interval_low_percent": ours.low if ours else None,
            "our_interval_high_percent": ours.high if ours else None,
            "our_recipe": verdict.recipe,
        }
        rows.append(row)
    return {"claims.csv": _to_csv(CLAIM_COLUMNS, rows)}


def _chosen(registry: Registry, methods: Sequence[str]) -> set[str]:
    for name in methods:
        registry.graph.find("method", name)
    return set(methods or names(registry, "method"))


def _slug_of(registry: Registry, claim: str, name: str) -> str:
    """What a claim points at by a property; "" for nothing."""
    target = registry.graph.value(iri("claim", claim), iri("reg", name))
    return slug(str(target)) if target else ""


def _truth(value: bool) -> str:
    return str(value).lower()


def _to_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> bytes:
    return to_csv(columns, ([row[column] for column in columns] for row in rows))
