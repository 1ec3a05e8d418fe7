"""Commands that say of a run what came to light after it was filed."""

from __future__ import annotations

import click

from registry.session import Session

why = click.option(
    "--why", required=True, metavar="TEXT", help="The reason, in words; it is shown wherever the run is."
)
stated_by = click.option("--stated-by", metavar="NAME", help="Who says so.")


@click.command()
@click.argument("run")
@why
@stated_by
@click.pass_obj
def retract(session: Session, run: str, why: str, stated_by: str | None) -> None:
    """Say that RUN counts no more.  Its record stays; a notice beside it gives the reason."""
    file = session.registry.retract(run, why, stated_by=stated_by)
    click.echo(f"retracted; the record stays in every listing and counts no more\n  notice: {file}")


@click.command()
@click.argument("run")
@click.option("--by", required=True, metavar="RUN", help="The run that takes its place.")
@why
@stated_by
@click.pass_obj
def supersede(session: Session, run: str, by: str, why: str, stated_by: str | None) -> None:
    """Say that another run takes the place of RUN.  Both records stay."""
    file = session.registry.supersede(run, by, why, stated_by=stated_by)
    click.echo(f"superseded; both records stay in every listing\n  notice: {file}")
