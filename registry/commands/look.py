"""Commands that show what the graph holds: methods, benchmarks, claims, runs, rankings."""

from __future__ import annotations

from dataclasses import asdict

import click

from registry.session import Session, as_json, show_rows, tell
from registry.tables import Cell, duration, percent, spread, to_json, to_text


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
        }
        for method in session.registry.methods()
    ]
    show_rows(rows, ["method", "label", "variant_of", "introduced_in", "implementation"], as_json)


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
@click.argument("method")
@as_json
@click.pass_obj
def show(session: Session, method: str, as_json: bool) -> None:
    """Show all that is known of METHOD: lineage, recipes, departures from the paper, results."""
    registry = session.registry
    found, recipes = registry.method(method), registry.recipes(method)
    runs, verdicts = registry.runs(method=method), registry.verdicts(method)
    if as_json:
        click.echo(
            to_json(
                {
                    "method": asdict(found),
                    "lineage": registry.lineage(method),
                    "recipes": [asdict(recipe) for recipe in recipes],
                    "runs": [asdict(run) for run in runs],
                    "claims": [asdict(verdict) for verdict in verdicts],
                }
            )
        )
        return
    facts: list[dict[str, Cell]] = [
        {"": "lineage", " ": " <- ".join([method, *registry.lineage(method)])},
        {"": "introduced in", " ": found.introduced_in},
        {"": "borrows from", " ": ", ".join(found.borrows_from)},
        {"": "components", " ": ", ".join(found.components)},
        {"": "implementation", " ": found.implementation or "none yet"},
    ]
    tell(found.label)
    tell(found.definition)
    click.echo()
    for fact in facts:
        if fact[" "]:
            tell(f"  {fact['']:<16}{fact[' ']}")
    for recipe in recipes:
        variant = f" --recipe {recipe.variant}" if recipe.variant else ""
        click.echo(f"\nrecipe {recipe.name}")
        for benchmark in recipe.benchmarks:
            note = "  # synthetic data" if benchmark in registry.synthetic() else ""
            click.echo(f"  registry run-benchmark {method} --on {benchmark}{variant}{note}")
        click.echo("  " + ", ".join(f"{name}={value}" for name, value in recipe.settings.items()))
        for departure in recipe.departures:
            tell(f"  unlike the paper: {departure}")
    if found.departures:
        click.echo("\nin every recipe")
    for departure in found.departures:
        tell(f"unlike the paper: {departure}")
    click.echo(f"\n{len(verdicts)} claims (registry claims {method}), {len(runs)} runs (registry runs {method})")


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
@as_json
@click.pass_obj
def claims(session: Session, method: str | None, as_json: bool) -> None:
    """List what papers and repositories claim, with what our results say about it."""
    verdicts = session.registry.verdicts(method)
    if as_json:
        click.echo(to_json([asdict(verdict) for verdict in verdicts]))
        return
    for verdict in verdicts:
        claim = verdict.claim
        tell(f"{claim.name}: {claim.label}")
        tell(f'  claim    {percent(claim.value)} %, printed "{claim.stated}" in {claim.source}')
        tell(f"  place    {claim.locator}")
        if verdict.ours is not None:
            ours = spread(verdict.ours)
            interval = f", 95% interval {ours['95% interval']}" if ours["95% interval"] else ""
            sd = f", sd {ours['sd']} (ddof 1)" if ours["sd"] else ""
            click.echo(f"  ours     {ours['mean']} %, n = {ours['n']}{sd}{interval}")
        tell(f"  verdict  {verdict.verdict}: {verdict.reason}")
        for caveat in claim.caveats:
            tell(f"  caveat   {caveat}")
    click.echo(f"\n{len(verdicts)} claims")


@click.command()
@click.argument("method", required=False)
@click.option("--on", "benchmark", help="Only runs on this benchmark.")
@as_json
@click.pass_obj
def runs(session: Session, method: str | None, benchmark: str | None, as_json: bool) -> None:
    """List the runs, newest first, also those that failed."""
    registry = session.registry
    found, synthetic = registry.runs(method, benchmark), registry.synthetic()
    if as_json:
        click.echo(
            to_json(
                [
                    {
                        **asdict(run),
                        "synthetic": run.benchmark in synthetic,
                        "why_not_ranked": registry.why_not_ranked(run),
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
            "does not count because": registry.why_not_ranked(run) or "",
        }
        for run in found
    ]
    columns = ["run", "benchmark", "status", "value", "untrained", "images/s", "wall", "does not count because"]
    show_rows(rows, columns, as_json, empty="no runs yet")
