"""Commands that bring other collections into the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from registry.commands import syncing
from registry.session import FriendlyGroup, Session, as_json, tell
from registry.tables import printable, to_json, to_text

if TYPE_CHECKING:
    from registry.pages.collections import Copied
    from registry.pages.imported import PagesImported
    from registry.pwc_import import Imported


TOLD = 20
"""So many problems are printed; --json has all."""

FEW = 5
"""So many cases of what several pages are odd about."""


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


@import_.command()
@click.argument("sources", metavar="DIR|FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", metavar="COLLECTION", help="What the collection is called; else like its folder.")
@click.option("--prune", is_flag=True, help="Delete the pages that are gone from DIR; else they are kept.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything could not be used.")
@as_json
@click.pass_obj
def logseq(
    session: Session, sources: tuple[Path, ...], name: str | None, prune: bool, strict: bool, as_json: bool
) -> None:
    """Import pages of a Logseq graph: the folder DIR, or the page FILE.

    The text of each page is kept as it is; known properties become facts, the others stay
    queryable, and what could not be used is told with file, line and reason.  A page that cannot be
    read is named, and the others are imported; the exit code is then 1.

    Of a folder that `export logseq` wrote, what people changed since is taken over: facts of our own
    subjects into their files, pages of collections merged with ours, all else kept.  Where both sides
    changed a thing, ours stays, and theirs is told and on record.
    """
    from registry.pages.folder import is_export

    homecoming = [source for source in sources if is_export(source)]
    if homecoming:
        if len(sources) > 1 or name is not None:
            raise click.UsageError(f"{homecoming[0]} was exported from here; import it alone, without --name.")
        syncing.bring_home(session, homecoming[0], prune=prune, strict=strict, as_json=as_json)
        return
    report = session.registry.import_logseq(sources, name=name, prune=prune)
    if as_json:
        click.echo(to_json(asdict(report)))
    else:
        _show_pages(report)
    refused = [(copied, file) for copied in report.copied for file in copied.refused]
    for copied, file in refused:
        click.echo(f"Error: {printable(f'{copied.source}/{file}: {copied.refused[file]}')}", err=True)
    if refused or (strict and not report.is_clean):
        raise click.exceptions.Exit(1)


def _show_pages(report: PagesImported) -> None:
    for problem in report.problems[:TOLD]:
        tell(f"{problem.file}:{problem.line}: {problem.reason}")
    _say_more(report.problems)
    if report.kinds:
        click.echo()
        rows: list[dict[str, str | int | None]] = [
            {"problem": kind, "times": count} for kind, count in report.kinds.items()
        ]
        click.echo(to_text(rows, ["problem", "times"]))
    for what, cases in report.across.items():
        if cases:
            click.echo()
            tell(f"{what}: {len(cases)}")
            for case in cases[:FEW]:
                tell(f"  {case}")
            _say_more(cases, FEW)
    if report.problems or any(report.across.values()):
        click.echo()
    counts = [_counts(copied) for copied in report.copied]
    click.echo(to_text(counts, [column for column in counts[0] if any(row[column] for row in counts)]))
    for copied in report.copied:
        if copied.before:
            tell(f"{copied.collection} came from {copied.before} until now")
        for page in copied.gone[:TOLD]:
            tell(f"{'deleted' if copied.pruned else 'gone, and kept without --prune'}: {page}")
        _say_more(copied.gone)


def _counts(copied: Copied) -> dict[str, str | int]:
    return {
        "collection": copied.collection,
        "imported": len(copied.imported),
        "replaced": len(copied.replaced),
        "unchanged": len(copied.unchanged),
        "gone": len(copied.gone),
        "refused": len(copied.refused),
        "no pages": copied.others,
    }


def _say_more(told: Sized, shown: int = TOLD) -> None:
    if len(told) > shown:
        tell(f"... and {len(told) - shown} more, listed by --json")
