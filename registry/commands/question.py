"""Commands that ask: search, named questions and SPARQL."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from registry.errors import RegistryError
from registry.session import Session, as_json, pairs, show_rows, tell
from registry.tables import Cell, shorten, to_json, to_text


@click.command()
@click.argument("question", required=False)
@click.option(
    "--param", "parameters", multiple=True, callback=pairs, metavar="NAME=VALUE", help="For a named question."
)
@as_json
@click.pass_obj
def ask(session: Session, question: str | None, parameters: dict[str, str], as_json: bool) -> None:
    """Answer QUESTION: SPARQL, a file that holds it, or a named question; without one, list those.

    Only the graph is asked: updates, SERVICE and FROM are refused.  A query of yours is cut off after
    30 s, 4 GiB of memory, 10,000 rows or 20 million characters.
    """
    from registry.graph import parameters_of, query_names, read_query

    if question is None:
        texts = {name: read_query(name) for name in query_names()}
        names = [
            {
                "question": name,
                "parameters": " ".join(f"{parameter}=<{kind}>" for parameter, kind in parameters_of(text).items()),
                "what": text.splitlines()[0].removeprefix("# "),
            }
            for name, text in texts.items()
        ]
        show_rows(names, ["question", "parameters", "what"], as_json)
        return
    if question in query_names():
        pass
    elif question == "-":
        question = sys.stdin.read()
    elif question.endswith(".rq") or (len(question) < 256 and "{" not in question and Path(question).is_file()):
        try:
            question = Path(question).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RegistryError(f"{question} cannot be read: {error}") from error
    answer = session.registry.ask(question, **parameters)
    rows: list[dict[str, Cell]] = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    if as_json:
        click.echo(to_json({"columns": answer.columns, "rows": rows, "truncated": answer.truncated}))
        return
    from registry.namespaces import curie

    short: list[dict[str, Cell]] = [
        {name: curie(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in rows
    ]
    click.echo(to_text(short, answer.columns) or "no answer")
    if answer.truncated:
        click.echo(f"... cut off after {len(rows)} rows; add a LIMIT or an aggregate", err=True)


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--kind", "kinds", multiple=True, help="Only methods, terms, papers, claims, ...: --kind method.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@as_json
@click.pass_obj
def search(session: Session, words: tuple[str, ...], kinds: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find methods, terms, papers, claims, ... by WORDS: the best first, mistyped ones too."""
    found = session.registry.search(" ".join(words), kinds, limit)
    if as_json:
        click.echo(to_json({"hits": [asdict(hit) for hit in found.hits], "corrected": found.corrected}))
        return
    for word, near in found.corrected.items():
        tell(f"nothing has {word!r}; " + (f"read as {' or '.join(near)}" if near else "left out"))
    rows: list[dict[str, Cell]] = [
        {"what": f"{hit.kind}:{hit.name}", "label": shorten(hit.label, 60), "passage": shorten(hit.passage, 100)}
        for hit in found.hits
    ]
    for word in words:
        if session.registry.runs(name=word, limit=1):
            tell(f"{word} is a run: registry show {word}")
    show_rows(rows, ["what", "label", "passage"], as_json, empty="nothing found; runs are listed by: registry runs")
