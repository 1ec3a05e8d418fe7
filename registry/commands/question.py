"""Commands that ask: SPARQL and named questions."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from registry.errors import RegistryError
from registry.session import Session, as_json, pairs, show_rows
from registry.tables import Cell, to_json, to_text


@click.command()
@click.argument("question", required=False)
@click.option(
    "--param", "parameters", multiple=True, callback=pairs, metavar="NAME=VALUE", help="For a named question."
)
@as_json
@click.pass_obj
def ask(session: Session, question: str | None, parameters: dict[str, str], as_json: bool) -> None:
    """Answer QUESTION: SPARQL, a file that holds it, or a named question; without one, list those.

    Only the graph is asked: updates, SERVICE and FROM are refused, and a query that takes too long
    or too much memory is ended.
    """
    from registry.graph import query_names, read_query

    if question is None:
        names = [{"question": name, "what": read_query(name).splitlines()[0][2:]} for name in query_names()]
        show_rows(names, ["question", "what"], as_json)
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
