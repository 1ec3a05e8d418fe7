"""What all commands share: the opened registry, errors as one line, common options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from registry.errors import RegistryError
from registry.tables import printable, to_json, to_text

if TYPE_CHECKING:
    from registry.catalogue import Registry


class FriendlyGroup(click.Group):
    """Turns the errors of the Registry into one line and exit code 1, and guesses mistyped commands."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RegistryError as error:
            raise click.ClickException(str(error)) from error
        except UnicodeEncodeError as error:
            raise click.ClickException("what was typed is not UTF-8; no name of the graph is") from error

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near or "did you mean" in error.message.lower():
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error


@dataclass
class Session:
    """Opens the registry when a command first needs it: `--help` does not."""

    home: Path | None
    thorough: bool
    """Whether every file is looked at and every flaw told by the command itself."""

    @cached_property
    def registry(self) -> Registry:
        from registry.catalogue import Registry
        from registry.home import find_home

        # Not opened: an import reads the graph once, after it has copied the pages.
        return Registry(find_home(self.home), trusting=not self.thorough)

    def warn(self) -> None:
        """Says at the end what no listing could show; `check` tells it in full."""
        if "registry" not in self.__dict__ or "graph" not in self.registry.__dict__:
            return
        if self.registry.graph.remark:
            click.echo(printable(f"warning: {self.registry.graph.remark}"), err=True)
        if self.thorough:
            return
        broken = [str(problem.file) for problem in self.registry.graph.broken]
        for what, names in (("does not parse", broken), ("cannot be read", self.registry.left_out)):
            if names:
                text = f"warning: left out, {what}: {', '.join(names)} (see: registry check)"
                click.echo(printable(text), err=True)


F = TypeVar("F", bound=Callable[..., Any])


def as_json(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def tell(text: str) -> None:
    """A line for the terminal, without control characters of the graph."""
    click.echo(printable(text))


def show_rows(rows: Sequence[dict[str, Any]], columns: Sequence[str], as_json: bool, empty: str = "nothing") -> None:
    click.echo(to_json(rows) if as_json else to_text(rows, columns) or empty)


def pairs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{value!r} is not of the form key=value", context, option)
        found[name] = text
    return found
