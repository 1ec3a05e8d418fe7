"""What `import logseq` says of a folder that was exported here and edited since."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from registry.session import Session, tell
from registry.tables import to_json

TOLD = 200
"""So many lines are printed; --json has all."""


def bring_home(session: Session, folder: Path, *, prune: bool, strict: bool, as_json: bool) -> None:
    """Takes over what people changed, and exits with 1 for a page that cannot be read, or by `strict` more."""
    from registry.pages.sync import sync

    done = sync(session.registry, folder, prune=prune)
    if as_json:
        click.echo(to_json(asdict(done)))
    else:
        told = done.told()
        for line in told[:TOLD]:
            tell(line)
        if len(told) > TOLD:
            tell(f"... and {len(told) - TOLD} more, listed by --json")
        counts = {
            "page changed": len(done.pages),
            "page unchanged": done.unchanged,
            "key": sum(len(page.changed) for page in done.pages),
            "conflict": sum(len(page.conflicts) for page in done.pages),
            "thing not used": sum(len(page.unused) for page in done.pages),
        }
        tell(", ".join(_counted(count, what) for what, count in counts.items()))
    refused = any(page.outcome == "refused" for page in done.pages)
    if refused or (strict and not done.is_clean):
        raise click.exceptions.Exit(1)


def _counted(count: int, what: str) -> str:
    first, *rest = what.split()
    return " ".join([str(count), first if count == 1 else f"{first}s", *rest])
