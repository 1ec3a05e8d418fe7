"""Measures how fast the explorer's pages are in a real browser.

    python -m tests.speed.explorer HOME [--rounds 20]

HOME is a registry: this checkout, or the ten million triples that `tests.speed.scale` makes, whose index
must have been built.  "First paint" is a tab that knows nothing, from the request to the page's last part;
"page change" is a click in the navigation until the new page stands whole.  The server has been asked each
page once before: what Python imports and what is kept for each state of the files is told apart as "cold".
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from app.links import PAGES
from registry import Registry
from tests.exploring_browser import CHROMIUM, serving, settled

CHANGE_AIM, PAINT_AIM = 1.0, 2.0
"""Seconds at the 95th percentile (issue 6)."""


def deep_links(home: Path) -> dict[str, str]:
    """One page of each kind, by the address that shows it: of those with most to show."""
    registry = Registry.open(home)
    runs = registry.runs(limit=1)
    methods = sorted(registry.methods(), key=lambda each: -len(registry.runs(each.name, limit=2_000)))
    links = {title: "" if name == "overview" else name for name, (title, _) in PAGES.items()}
    if methods:
        links["one method"] = f"methods?method={methods[0].name}"
        links["three compared"] = "compare?" + "&".join(f"methods={each.name}" for each in methods[:3])
    if runs:
        links["one run"] = f"runs?run={runs[0].name}"
        links["one leaderboard"] = f"leaderboard?benchmark={runs[0].benchmark}"
    for kind, page in (("claim", "claims"), ("term", "terms")):
        names = registry.graph.names(kind)[:1]
        links |= {f"one {kind}": f"{page}?{kind}={name}" for name in names}
    links["two words searched"] = "terms?words=momentum+contrast"
    return links


def timed(act: Callable[[], None]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def row(what: str, cold: float, warm: list[float], aim: float) -> str:
    """A line of the table."""
    p50, p95 = np.percentile(warm, [50, 95])
    return f"| {what} | {cold:.2f} | {p50:.2f} | {p95:.2f} | {'' if p95 <= aim else '**missed**'} |"


def first_paints(root: str, links: dict[str, str], rounds: int, new_tab: Callable[[], Page]) -> None:
    """Each page in a tab of its own."""

    def paint(page: Page, address: str) -> None:
        page.goto(f"{root}/{address}")
        settled(page)

    click.echo(f"| first paint, a new tab (aim {PAINT_AIM} s) | cold | p50 | p95 | |\n|---|---|---|---|---|")
    for what, address in links.items():
        seconds = []
        for _ in range(rounds + 1):
            page = new_tab()
            seconds.append(timed(partial(paint, page, address)))
            page.context.close()
        click.echo(row(what, seconds[0], seconds[1:], PAINT_AIM))


def page_changes(root: str, rounds: int, new_tab: Callable[[], Page]) -> None:
    """Clicks through the navigation, round after round, in one tab."""
    page = new_tab()
    page.goto(root)
    settled(page)
    seconds: dict[str, list[float]] = {title: [] for title, _ in PAGES.values()}

    def change(title: str) -> None:
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        expect(page).to_have_title(f"{title} | Contrastive registry")
        settled(page)

    for _ in range(rounds + 1):
        for title in [*list(seconds)[1:], "Overview"]:
            seconds[title].append(timed(partial(change, title)))
    page.context.close()
    click.echo(f"\n| page change (aim {CHANGE_AIM} s) | cold | p50 | p95 | |\n|---|---|---|---|---|")
    for title, found in seconds.items():
        click.echo(row(title, found[0], found[1:], CHANGE_AIM))
    every = [each for found in seconds.values() for each in found[1:]]
    click.echo(row("all", max(found[0] for found in seconds.values()), every, CHANGE_AIM))


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("home", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        command = [sys.executable, "-m", "registry.cli", "--home", str(asked.home), "app", "--no-browser"]
        root = stack.enter_context(serving(command, folder))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])

        def new_tab() -> Page:
            return browser.new_context(viewport={"width": 1280, "height": 720}).new_page()

        first_paints(root, deep_links(asked.home), asked.rounds, new_tab)
        page_changes(root, asked.rounds, new_tab)
        browser.close()


if __name__ == "__main__":
    main()
