"""Commands that check the files and write them in other formats."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from registry.errors import RegistryError
from registry.session import Session, as_json, tell
from registry.tables import to_json


@click.command()
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


@click.command()
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
