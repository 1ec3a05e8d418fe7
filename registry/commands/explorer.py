"""The command that opens the explorer, which is a program of its own: nothing here imports it."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

import registry
from registry.errors import MissingExtra
from registry.session import Session

PACKAGES = ("streamlit", "pandas", "altair")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens.  [default: the first free from 8501]")
@click.option("--browser/--no-browser", default=True, help="Open the browser.  [default: yes]")
@click.pass_obj
def app(session: Session, port: int | None, browser: bool) -> None:
    """Open the explorer: the graph as pages, charts and pictures, on this machine only."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingExtra("app", "app", ", ".join(missing))
    root = Path(registry.__file__).parents[1]
    home = session.registry.home  # found, or refused, before anything starts
    flags = {"server.address": "127.0.0.1", "server.headless": not browser, "server.showEmailPrompt": False}
    if port is not None:
        flags["server.port"] = port
    options = [f"--{name}={str(value).lower()}" for name, value in flags.items()]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    }
    if session.home is not None:
        environment["REGISTRY_HOME"] = str(session.home.resolve())
    click.echo(f"exploring {home.results.parent}; Ctrl-C ends it")
    command = [sys.executable, "-m", "streamlit", "run", str(root / "app" / "main.py"), *options]
    # In the place of this process: signals and the exit code are the explorer's own.
    os.execve(sys.executable, command, environment)
