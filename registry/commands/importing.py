"""Commands that bring other collections into the graph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.session import FriendlyGroup, Session, as_json, tell
from registry.tables import printable, to_json, to_text

if TYPE_CHECKING:
    from registry.pwc_import import Imported


@click.group("import", cls=FriendlyGroup)
def import_() -> None:
    """Bring another collection into the graph, kept apart from claims and results."""


@import_.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@as_json
@click.pass_obj
def pwc(session: Session, files: tuple[Path, ...], as_json: bool) -> None:
    """Import evaluation tables of Papers with Code from JSON FILES.

    A file that cannot be read is named, and the others are imported; the exit code is then 1.
    A file that was imported before is replaced by what it holds now.
    """
    done = session.registry.import_pwc(files)
    if as_json:
        click.echo(to_json([vars(report) for report in done]))
    else:
        _show(done)
    refused = [report for report in done if report.problem]
    for report in refused:
        click.echo(f"Error: {printable(report.problem)}", err=True)
    if refused:
        raise click.exceptions.Exit(1)


def _show(done: list[Imported]) -> None:
    from registry.pwc_import import COUNTED

    rows = [
        {"import": report.name, "outcome": report.outcome} | {name: report.counts[name] for name in COUNTED}
        for report in done
        if not report.problem
    ]
    if rows:
        click.echo(to_text(rows, ["import", "outcome", *COUNTED]))
    notes = sum((report.notes for report in done), Counter[str]())
    for note, count in sorted(notes.items(), key=lambda pair: (-pair[1], pair[0])):
        tell(f"{count} value{'s' if count > 1 else ''}: {note}")
    kept = [f"{report.name}: {place}" for report in done for place in report.kept_as_json]
    for place in kept[:20]:
        tell(f"kept as JSON text: {place}")
    if len(kept) > 20:
        tell(f"kept as JSON text: {len(kept) - 20} more, listed by --json")
