"""Commands that show what the graph holds: methods, benchmarks, claims, runs, rankings."""

from __future__ import annotations

from dataclasses import asdict

import click

from registry.namespaces import KINDS
from registry.session import Session, as_json, show_rows, tell
from registry.tables import Cell, duration, percent, spread, to_json, to_text
from registry.verdict_names import READING


@click.command()
@as_json
@click.pass_obj
def overview(session: Session, as_json: bool) -> None:
    """Count what the graph holds: terms, methods, papers, claims by evidence level, runs."""
    found = session.registry.overview()
    if as_json:
        click.echo(to_json(asdict(found)))
        return
    remarks = {
        "method": f"{found.implemented} run here, {found.readings} of them as a reading of their paper",
        "benchmark": f"{found.runnable} run here, the others are described for their claims",
        "claim": ", ".join(f"{count} {level}" for level, count in found.evidence.items()),
    }
    kinds = sorted(found.subjects, key=KINDS.index)
    rows = [{"kind": kind, "count": found.subjects[kind], "": remarks.get(kind, "")} for kind in kinds]
    show_rows(rows, ["kind", "count", ""], as_json)


@click.command()
@as_json
@click.pass_obj
def methods(session: Session, as_json: bool) -> None:
    """List the methods."""
    rows = [
        {
            "method": method.name,
            "label": method.label,
            "variant_of": method.variant_of,
            "introduced_in": method.introduced_in,
            "implementation": method.implementation or "none yet",
            "": READING if method.reading else "",
        }
        for method in session.registry.methods()
    ]
    show_rows(rows, ["method", "label", "variant_of", "introduced_in", "implementation", ""], as_json)


@click.command()
@as_json
@click.pass_obj
def benchmarks(session: Session, as_json: bool) -> None:
    """List the benchmarks, those that can be run first."""
    found = sorted(session.registry.benchmarks(), key=lambda benchmark: not benchmark.runnable)
    rows = [
        {
            "benchmark": benchmark.name,
            "version": benchmark.version,
            "what": benchmark.title,
            "protocol": benchmark.protocol,
            "metric": benchmark.metric,
            "runnable": "yes" if benchmark.runnable else "described only",
        }
        for benchmark in found
    ]
    show_rows(rows, ["benchmark", "version", "what", "protocol", "metric", "runnable"], as_json)


@click.command()
@click.argument("benchmark")
@as_json
@click.pass_obj
def leaderboard(session: Session, benchmark: str, as_json: bool) -> None:
    """Rank the methods on BENCHMARK by the mean over seeds."""
    board = session.registry.leaderboard(benchmark)
    if as_json:
        click.echo(to_json(asdict(board)))
        return
    click.echo(f"{board.benchmark.title}, version {board.benchmark.version}: {board.benchmark.metric} in %\n")
    rows: list[dict[str, Cell]] = [
        {
            "rank": standing.rank,
            "method": standing.method,
            "recipe": standing.recipe,
            **spread(standing.result),
            "untrained": percent(standing.untrained),
            "gain": percent(standing.result.mean - standing.untrained),
            "": standing.remark,
        }
        for standing in board.standings
    ]
    columns = ["rank", "method", "recipe", "n", "mean", "sd", "95% interval", "untrained", "gain", ""]
    click.echo(to_text(rows, columns) or "no result yet")
    click.echo("\nsd is the sample standard deviation over seeds (ddof 1), the interval Student's t of the mean.")
    if board.left_out:
        click.echo(f"\n{len(board.left_out)} runs do not count:")
        for name, why in board.left_out:
            tell(f"  {name}: {why}")


@click.command()
@click.argument("method", required=False)
@click.option("--on", "benchmark", help="Only runs on this benchmark.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show so many.")
@as_json
@click.pass_obj
def runs(session: Session, method: str | None, benchmark: str | None, limit: int, as_json: bool) -> None:
    """List the runs, newest first, also those that failed."""
    registry = session.registry
    found, synthetic = registry.runs(method, benchmark, limit=limit), registry.synthetic()
    readings = {run.method for run in found} & {known.name for known in registry.methods() if known.reading}
    if as_json:
        click.echo(
            to_json(
                [
                    {
                        **asdict(run),
                        "synthetic": run.benchmark in synthetic,
                        "reading": run.method in readings,
                        "why_not_ranked": registry.why_not_ranked(run),
                        "verified": registry.notices.verified(run.name),
                        "notices": registry.notices.told(run.name),
                    }
                    for run in found
                ]
            )
        )
        return
    rows: list[dict[str, Cell]] = [
        {
            "run": run.name,
            "benchmark": run.benchmark + (" (synthetic data)" if run.benchmark in synthetic else ""),
            "status": run.status,
            "value": percent(run.value),
            "untrained": percent(run.untrained),
            "images/s": None if run.images_per_second is None else round(run.images_per_second),
            "wall": "" if run.wall_seconds is None else duration(run.wall_seconds),
            "verified": registry.notices.verified(run.name) or "",
            "does not count because": registry.why_not_ranked(run) or "",
        }
        for run in found
    ]
    columns = ["run", "benchmark", "status", "value", "untrained", "images/s", "wall", "verified"]
    columns.append("does not count because")
    show_rows(rows, columns, as_json, empty="no runs yet")
    for name in sorted(readings):
        tell(f"\n{name} is {READING}")
    if len(found) == limit:
        click.echo(f"\nonly the newest {limit} are shown; more with --limit", err=True)
