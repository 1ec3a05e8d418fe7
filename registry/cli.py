"""The `registry` command.  Each command is one sentence to the Registry and one print.

Exit codes: 0 done, 1 the request or the graph is wrong, 2 mistyped.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path

import click

from registry import __version__
from registry.commands import (
    ablations,
    bench,
    claims,
    editing,
    exchange,
    explorer,
    importing,
    look,
    notices,
    question,
    show,
)
from registry.session import FriendlyGroup, Session


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
    context.obj = Session(home, thorough=context.invoked_subcommand == "check")
    context.call_on_close(context.obj.warn)


for command in (
    look.overview,
    look.methods,
    look.benchmarks,
    show.show,
    look.leaderboard,
    claims.claims,
    ablations.ablations,
    look.runs,
    question.search,
    question.ask,
    explorer.app,
    exchange.check,
    exchange.export,
    importing.import_,
    editing.edit,
    bench.run_benchmark,
    bench.verify,
    notices.retract,
    notices.supersede,
):
    cli.add_command(command)


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
