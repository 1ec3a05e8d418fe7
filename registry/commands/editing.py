"""The command that sets a key of a subject or page."""

from __future__ import annotations

import click

from registry.session import Session, tell


@click.command()
@click.argument("name")
@click.argument("key")
@click.argument("values", metavar="[VALUE]...", nargs=-1)
@click.pass_obj
def edit(session: Session, name: str, key: str, values: tuple[str, ...]) -> None:
    """Give KEY of NAME exactly these values, or take it away where none is given.

    NAME is a subject, or an imported page as COLLECTION/NAME.  Only the lines of the key change, in
    the file of the subject or in the text of the page, and they are printed.
    """
    from registry.pages import editing

    edited = editing.edit(session.registry, name, key, values)
    for line in editing.changed_lines(edited):
        tell(line)
    if not edited:
        click.echo("nothing changed: it is so already")
