"""The `registry` command.  Each command is one sentence to the Registry and one print.

Exit codes: 0 done, 1 the request or the graph is wrong, 2 mistyped.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path

import click

from registry import __version__
from registry.errors import RegistryError
from registry.narrator import Narrator
from registry.session import FriendlyGroup, Session, as_json, pairs, show_rows, tell
from registry.tables import Cell, duration, percent, spread, to_json, to_text


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    envvar="REGISTRY_HOME",
    type=click.Path(path_type=Path),
    help="Folder of a registry, or for results over the shipped ontology.  [env: REGISTRY_HOME]",
)
@click.version_option(__version__, prog_name="registry")
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """A knowledge graph of contrastive methods and of the benchmarks they were run on."""
    context.obj = Session(home, quiet=context.invoked_subcommand == "check")
    context.call_on_close(context.obj.warn)


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
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


@cli.command()
@click.argument("question", required=False)
@click.option(
    "--param", "parameters", multiple=True, callback=pairs, metavar="NAME=VALUE", help="For a named question."
)
@as_json
@click.pass_obj
def ask(session: Session, question: str | None, parameters: dict[str, str], as_json: bool) -> None:
    """Answer QUESTION: SPARQL, a file that holds it, or a named question; without one, list those.

    Only the graph is asked: updates, SERVICE and FROM are refused, and a query that takes too long
    or too much memory is ended.
    """
    from registry.graph import query_names, read_query

    if question is None:
        names = [{"question": name, "what": read_query(name).splitlines()[0][2:]} for name in query_names()]
        show_rows(names, ["question", "what"], as_json)
        return
    if question in query_names():
        pass
    elif question == "-":
        question = sys.stdin.read()
    elif question.endswith(".rq") or (len(question) < 256 and "{" not in question and Path(question).is_file()):
        try:
            question = Path(question).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RegistryError(f"{question} cannot be read: {error}") from error
    answer = session.registry.ask(question, **parameters)
    rows: list[dict[str, Cell]] = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if as_json:
        click.echo(to_json({"columns": answer.columns, "rows": rows, "truncated": answer.truncated}))
        return
    from registry.namespaces import curie

    short: list[dict[str, Cell]] = [
        {name: curie(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows
    ]
    click.echo(to_text(short, answer.columns) or "no answer")
    if answer.truncated:
        click.echo(f"... cut off after {len(rows)} rows; add a LIMIT or an aggregate", err=True)


@cli.command()
@as_json
@click.pass_obj
def check(session: Session, as_json: bool) -> None:
    """Check every file: syntax, shapes, links, recipes against the code.  Exits with 1 if anything is wrong."""
    registry = session.registry
    violations = registry.check()
    if as_json:
        click.echo(to_json([asdict(violation) for violation in violations]))
    else:
        for violation in violations:
            tell(str(violation))
        count = f"{len(registry.graph.files)} files, {len(registry.graph.store)} triples"
        click.echo(f"{count}: {f'{len(violations)} problems' if violations else 'all is well'}")
    if violations:
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["turtle", "nquads", "csv"]))
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="A new file instead of the terminal.")
@click.pass_obj
def export(session: Session, form: str, output: Path | None) -> None:
    """Write the graph as turtle or nquads, or the runs as csv."""
    text = session.registry.export(form)
    if output is None:
        click.echo(text, nl=False)
        return
    from registry.results import publish

    try:
        publish(output, text.encode())
    except FileExistsError:
        raise RegistryError(f"{output} exists already; name a new file") from None
    except OSError as error:
        raise RegistryError(f"{output} cannot be written: {error}") from error
    click.echo(f"wrote {output}")


DEFAULT_BENCHMARK = "shapes_knn"


@cli.command()
@click.argument("method")
@click.option("--on", "benchmark", default=DEFAULT_BENCHMARK, show_default=True, help="What to run it on.")
@click.option("--recipe", "variant", help="A named recipe of the method, such as symmetric.")
@click.option(
    "--seed",
    "seeds",
    multiple=True,
    type=click.IntRange(0, 2**63 - 1),
    default=[0],
    show_default=True,
    help="Repeat for several runs.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="The accelerator if there is one, unless named.")
@click.option("--epochs", type=click.IntRange(min=1), help="Short for --set epochs=N.")
@click.option(
    "--set",
    "changes",
    multiple=True,
    callback=pairs,
    metavar="KEY=VALUE",
    help="Change a setting; the run then stands in no ranking of the recipe.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="REGISTRY_DATA",
    help="Folder of the data set.  [env: REGISTRY_DATA]",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of an interrupted run.")
@click.pass_obj
def run_benchmark(
    session: Session,
    method: str,
    benchmark: str,
    variant: str | None,
    seeds: tuple[int, ...],
    device: str | None,
    epochs: int | None,
    changes: dict[str, str],
    data: Path | None,
    resume: bool,
) -> None:
    """Train METHOD by its recipe, score it before and after, and file the result as Turtle."""
    if epochs is not None:
        if "epochs" in changes:
            raise click.UsageError("--epochs and --set epochs=... say the same thing; give one of them")
        changes = {**changes, "epochs": str(epochs)}
    typed = ["registry run-benchmark", method, "--on", benchmark]
    typed += ["--recipe", variant] if variant else []
    typed += [f"--seed {seed}" for seed in seeds]
    typed += [f"--device {device}"] if device else []
    typed += [f"--set {name}={value}" for name, value in changes.items()]
    # The folder itself is nobody else's: the checksum says what was in it.
    typed += ["--data DIR"] if data else []
    typed += ["--resume"] if resume else []
    narrator = Narrator()
    files = session.registry.run(
        method,
        benchmark,
        variant=variant,
        seeds=seeds,
        device=device,
        changes=changes,
        data=data,
        resume=resume,
        listener=narrator,
        command=" ".join(typed),
        after=lambda file: narrator.say(f"  result: {file}"),
    )
    click.echo(
        f"\n{len(files)} {'run' if len(files) == 1 else 'runs'} filed.  Next:\n"
        f"  registry leaderboard {benchmark}\n"
        f"  registry claims {method}\n"
        f"  registry ask runs"
    )


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows fewer letters than the graph
    try:
        cli(prog_name="registry")
    except OSError as error:  # a full disk behind the output
        sys.stderr.write(f"Error: the output cannot be written: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
