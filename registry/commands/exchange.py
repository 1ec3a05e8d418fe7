"""Commands that check the files and write them in other formats."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from registry.errors import RegistryError
from registry.exporting import FORMATS, publish_folder
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
        files, triples = registry.graph.summary.size()
        count = f"{files} files, {triples} triples"
        click.echo(f"{count}: {f'{len(violations)} problems' if violations else 'all is well'}")
    if violations:
        raise click.exceptions.Exit(1)


EXPORT_HELP = "Write the graph, or the named parts of it, in another format.\n\n\b\n" + "\n".join(
    f"{name:<12} {form.help}" + (f"  [NAME: {form.subject}]" if form.subject else "")
    for name, form in FORMATS.items()
)


@click.command(help=EXPORT_HELP)
@click.argument("form", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--output", type=click.Path(path_type=Path), help="A new file, or a new folder, not the terminal.")
@click.pass_obj
def export(session: Session, form: str, names: tuple[str, ...], output: Path | None) -> None:
    if output is not None and not output.name:
        raise RegistryError(f"{str(output)!r} names no file or folder of its own; name a new one with --output")
    registry = session.registry
    folder = output is not None and FORMATS[form].makes_folder(names)
    files = registry.export_files(form, *names) if folder else {}
    text = "" if folder else registry.export(form, *names)
    if output is None:
        click.echo(text, nl=False)
        return
    from registry.results import publish

    try:
        if folder:
            publish_folder(output, files)
        else:
            publish(output, text.encode())
    except FileExistsError:
        raise RegistryError(f"{output} exists already; name a new {'folder' if folder else 'file'}") from None
    except OSError as error:
        raise RegistryError(f"{output} cannot be written: {error}") from error
    click.echo(f"wrote {output}")
