"""Commands that train and score."""

from __future__ import annotations

from pathlib import Path

import click

from registry.commands.notices import stated_by
from registry.narrator import Narrator
from registry.session import Session, pairs, tell
from registry.tables import percent
from registry.verdict_names import READING

DEFAULT_BENCHMARK = "shapes_knn"

data_folder = click.option(
    "--data",
    type=click.Path(path_type=Path),
    envvar="REGISTRY_DATA",
    help="Folder of the data set.  [env: REGISTRY_DATA]",
)


@click.command()
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
@data_folder
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of an interrupted run.")
@click.option(
    "--nproc",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Train by so many processes, each on a device of its own, that share every batch.",
)
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
    nproc: int,
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
    typed += [f"--nproc {nproc}"] if nproc > 1 else []
    narrator = Narrator()
    if session.registry.method(method).reading:
        narrator.say(f"{method} is {READING}")
    files = session.registry.run(
        method,
        benchmark,
        variant=variant,
        seeds=seeds,
        device=device,
        changes=changes,
        data=data,
        resume=resume,
        nproc=nproc,
        listener=narrator,
        command=" ".join(typed),
        after=lambda file: narrator.say(f"  result: {file}"),
    )
    click.echo(
        f"\n{len(files)} {'run' if len(files) == 1 else 'runs'} filed.  Next:\n"
        f"  registry leaderboard {benchmark}\n"
        f"  registry claims {method}\n"
        f"  registry ask runs --param benchmark={benchmark}"
    )


@click.command()
@click.argument("run")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), help="The kind that the record names, unless named.")
@data_folder
@click.option(
    "--tolerance",
    type=float,
    metavar="POINTS",
    help="How far the value may lie from the recorded one, unless as far as the benchmark states.",
)
@stated_by
@click.pass_obj
def verify(
    session: Session, run: str, device: str | None, data: Path | None, tolerance: float | None, stated_by: str | None
) -> None:
    """Do RUN again from its record and file whether it holds.  Exit code 1 when it does not."""
    found = session.registry.find_run(run)
    typed = ["registry verify", found.name]
    typed += [f"--device {device}"] if device else []
    typed += ["--data DIR"] if data else []
    typed += [f"--tolerance {tolerance}"] if tolerance is not None else []
    narrator = Narrator()
    notice = session.registry.verify(
        found.name,
        tolerance=tolerance,
        device=device,
        data=data,
        stated_by=stated_by,
        listener=narrator,
        command=" ".join(typed),
        after=lambda file: narrator.say(f"  filed: {file}"),
    )
    for fact in notice.differing:
        tell(f"  different: {fact}")
    if any(fact.startswith("sourceSha256") for fact in notice.differing):
        tell("  warning: the code is not the one that the record was measured with")
    points, limit = f"{notice.difference:+.2f} points", f"tolerance {percent(notice.tolerance)} points"
    click.echo(f"\n{notice.run}: {notice.outcome}\n  {points} from the recorded {percent(found.value)} %, {limit}")
    if not notice.held:
        click.echo("It stays in the ranking as not confirmed; to take it out: registry retract RUN --why TEXT")
        click.get_current_context().exit(1)
