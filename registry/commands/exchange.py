"""Commands that check the files and write them in other formats."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from registry.errors import RegistryError
from registry.exporting import FORMATS, publish_folder
from registry.pages.flavours import FLAVOURS, PROFILES
from registry.session import FriendlyGroup, Session, as_json, tell
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
LOGSEQ_HELP = "logseq       pages for Logseq or Obsidian, as a folder  [NAME: registry or page collection]"


class FormatGroup(FriendlyGroup):
    """Has a command for each format; its help lists them with their subjects."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Nothing: the help has said it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = [*FORMATS, "logseq"]
        if args[0] not in known and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], known, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"{args[0]!r} is not one of {', '.join(map(repr, known))}.{guess}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=FormatGroup, help=f"{EXPORT_HELP}\n{LOGSEQ_HELP}", subcommand_metavar="FORMAT [NAME]...")
def export() -> None:
    """The commands are made below, one a format."""


def _command(form: str) -> click.Command:
    """The command that writes a format of the table."""

    @click.pass_obj
    def write(session: Session, names: tuple[str, ...], output: Path | None) -> None:
        _write(session, form, names, output)

    found = FORMATS[form]
    sentences = [f"Write {found.help}.", found.purpose]
    if found.licence:
        sentences.append(f"Licence: {found.licence}")
    if found.subject:
        sentences.append(f"NAME: {found.subject}.")
    where = "A new file, or a new folder, not the terminal."
    return click.Command(
        form,
        callback=write,
        help="\n\n".join(sentences),
        params=[
            click.Argument(["names"], metavar="[NAME]...", nargs=-1),
            click.Option(["--output"], type=click.Path(path_type=Path), help=where),
        ],
    )


for name in FORMATS:
    export.add_command(_command(name))


def _write(session: Session, form: str, names: tuple[str, ...], output: Path | None) -> None:
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


@export.command()
@click.argument("arguments", metavar="DIR [NAME]...", nargs=-1)
@click.option("--output", type=click.Path(path_type=Path), help="The same as DIR.")
@click.option(
    "--profile", type=click.Choice(PROFILES), default=PROFILES[0], show_default=True, help="Where facts stand."
)
@click.option(
    "--flavour", type=click.Choice(FLAVOURS), default=FLAVOURS[0], show_default=True, help="For which program."
)
@click.option("--overwrite", is_flag=True, help="Also pages that were edited since the last export.")
@click.pass_obj
def logseq(
    session: Session, arguments: tuple[str, ...], output: Path | None, profile: str, flavour: str, overwrite: bool
) -> None:
    """Write pages into the folder DIR, which is new or an earlier export.

    Without NAME these are the pages of our own graph and, below imported, every collection as it
    came.  NAME is registry, for our own pages, or a collection; with one, DIR has nothing else.
    """
    if output is None:
        if not arguments:
            raise click.UsageError("Missing argument 'DIR'.")
        output, *named = Path(arguments[0]), *arguments[1:]
    else:
        named = list(arguments)
    done = session.registry.export_pages(output, *named, profile=profile, flavour=flavour, overwrite=overwrite)
    told = [f"{_pages(done.own, 'page')} of our own"] if done.own else []
    if done.collections:
        told.append(f"{_pages(done.imported, 'imported page')} of {', '.join(done.collections)}")
    tell(f"wrote {output}: {'; '.join(told) or 'no pages'}")


def _pages(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
