"""Commands that train and score."""

from __future__ import annotations

from pathlib import Path

import click

from registry.narrator import Narrator
from registry.session import Session, pairs

DEFAULT_BENCHMARK = "shapes_knn"


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
