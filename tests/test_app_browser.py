"""The explorer in a real browser: every page draws, links lead where they say, and nothing leaves the machine."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from app.links import PAGES
from tests.conftest import FileRun
from tests.exploring import HOSTILE
from tests.exploring_browser import CHROMIUM, SECONDS, serving, settled

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("REGISTRY_CHROMIUM_REQUIRED"), reason="there is no Chromium here"
)

LOOKING_FOR_ITSELF = re.compile(r"/\w+/_stcore/(health|host-config)$")
"""Streamlit asks below the address of a deep link first, where it is not, and then at the root."""


@dataclass
class Visit:
    """A tab, and what it did that it should not have done."""

    page: Page
    root: str
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        self.page.goto(f"{self.root}/{address}")
        self.settled()

    def settled(self) -> None:
        """After the page has drawn what its script gave it, and no traceback."""
        settled(self.page)
        expect(self.page.get_by_test_id("stException")).to_have_count(0)


def explorer(home: Path) -> list[str]:
    """The command that opens a home, less its port."""
    return [sys.executable, "-m", "registry.cli", "--home", str(home), "app", "--no-browser"]


@pytest.fixture(scope="module")
def server(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The explorer of this checkout, as the command starts it."""
    with serving(explorer(committed), tmp_path_factory.mktemp("server")) as root:
        yield root


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM is not None, "REGISTRY_CHROMIUM_REQUIRED is set, and there is no Chromium"
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not start for root, as whom continuous integration runs.
        expect.set_options(timeout=SECONDS * 1000)
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def visit(server: str, browser: Browser) -> Iterator[Visit]:
    with visiting(browser, server) as visit:
        yield visit


@contextmanager
def visiting(browser: Browser, server: str) -> Iterator[Visit]:
    """A tab at a server, which must neither ask anybody else nor complain of anything."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(SECONDS * 1000)
    made = Visit(page, server)

    def requested(url: str) -> None:
        if not url.startswith((server, server.replace("http", "ws"), "data:", "blob:")):
            made.outside.append(url)

    def asked(dialog: Dialog) -> None:
        made.errors.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", asked)

    page.on("request", lambda request: requested(request.url))
    page.on("websocket", lambda socket: requested(socket.url))
    page.on("pageerror", lambda error: made.errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            made.errors.append(f"{message.text} {message.location.get('url')}")
            if message.type == "error" and not LOOKING_FOR_ITSELF.search(str(message.location.get("url")))
            else None
        ),
    )
    yield made
    page.close()
    assert made.outside == []
    assert made.errors == []


def test_every_page_can_be_reached_by_its_link_in_the_navigation(visit: Visit) -> None:
    visit.open("")
    for title, _ in PAGES.values():
        visit.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        expect(visit.page).to_have_title(f"{title} | Contrastive registry")
        visit.settled()


@pytest.mark.parametrize("size", [(1280, 720), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_wider_than_its_window(visit: Visit, page: str, size: tuple[int, int]) -> None:
    visit.page.set_viewport_size({"width": size[0], "height": size[1]})
    visit.open("" if page == "overview" else page)
    assert visit.page.evaluate("document.scrollingElement.scrollWidth") <= size[0]


LINKS = {
    "methods?method=moco_v2": "MoCo v1 whose embeddings pass through an MLP head",
    "methods?method=moco_v2&part=Curves&quantity=learning+rate": "Trained for cifar10_mini_knn",
    "methods?view=Family": "A solid arrow leads to what refines a method",
    "leaderboard?benchmark=cifar10_mini_knn": "Weighted kNN on encoder features, 10,000 training images",
    "compare?methods=moco_v2&methods=simclr&benchmark=shapes_knn": "What differs in their recipes",
    "claims?claim=moco_v2-voc07_detection_ap75-200ep": "What keeps it from being compared",
    "claims?untried=true&method=clip": "claims, by name",
    "runs?status=succeeded&method=simclr": "runs, newest first",
    "terms?term=momentum_encoder": "A copy of the encoder that no gradient reaches",
    "terms?subject=dataset:cifar10": "CIFAR-10",
    "terms?words=momentm+contrast": "read as momentum",
    "terms?view=Tree": "Where sources disagree",
    "ask?question=lineage&method=moco_v3": "2 rows, 4 columns",
    "ask?query=SELECT+*+{+?s+?p+?o+}": "This query came from elsewhere",
    "export?format=bibtex": "The same on the command line",
}
"""Addresses of every page, and what must stand there."""


@pytest.mark.parametrize("address", LINKS)
def test_a_deep_link_shows_what_it_names(visit: Visit, address: str) -> None:
    visit.open(address)
    expect(visit.page.get_by_text(LINKS[address]).first).to_be_visible()
    visit.page.reload()
    expect(visit.page.get_by_text(LINKS[address]).first).to_be_visible()
    assert visit.page.url == f"{visit.root}/{address}"


def test_a_number_leads_to_the_run_that_says_so_and_back(visit: Visit) -> None:
    visit.open("leaderboard?benchmark=cifar10_mini_knn&of=moco_v2-cifar10_mini")
    visit.page.get_by_role("link", name="seed 0:").click()
    expect(visit.page).to_have_url(re.compile(r"/runs\?run=moco_v2-s0-"))
    visit.settled()
    visit.page.go_back()
    expect(visit.page).to_have_url(re.compile(r"/leaderboard\?benchmark=cifar10_mini_knn&of=moco_v2-cifar10_mini"))
    visit.settled()
    expect(visit.page.get_by_role("link", name="seed 0:")).to_be_visible()


def test_the_way_back_leads_to_the_listing_as_it_was_left(visit: Visit) -> None:
    visit.open("runs?method=simclr&name=simclr-s1")
    visit.page.get_by_role("link", name="Open simclr-s1").first.click()
    expect(visit.page).to_have_url(re.compile(r"/runs\?run=simclr-s1-"))
    visit.page.get_by_role("link", name="Back to the runs").click()
    expect(visit.page).to_have_url(f"{visit.root}/runs?method=simclr&name=simclr-s1")
    visit.settled()
    expect(visit.page.get_by_role("textbox", name="Name begins with")).to_have_value("simclr-s1")


def test_the_search_leads_from_any_page_to_what_is_found(visit: Visit) -> None:
    visit.open("leaderboard")
    box = visit.page.get_by_role("textbox", name="Search everything")
    box.fill("momentm contrast")
    box.press("Enter")
    expect(visit.page).to_have_url(re.compile(r"/terms\?words=momentm\+contrast"))
    visit.page.get_by_role("link", name="Momentum Contrast").first.click()
    expect(visit.page).to_have_url(re.compile(r"/(terms|methods)\?\w+=mom?e?n?t?u?m?\w+"))
    visit.settled()


def test_a_choice_stands_in_the_address(visit: Visit) -> None:
    visit.open("leaderboard")
    visit.page.get_by_role("combobox", name="Benchmark").fill("shapes_knn")
    visit.page.get_by_role("option", name="shapes_knn").click()
    expect(visit.page).to_have_url(re.compile(r"leaderboard\?benchmark=shapes_knn"))
    visit.settled()


def downloaded(visit: Visit, button: str | re.Pattern[str], folder: Path) -> str:
    """What is in the file that a button hands over."""
    with visit.page.expect_download() as coming:
        visit.page.get_by_role("button", name=button).click()
    coming.value.save_as(folder / "file")
    return (folder / "file").read_text(encoding="utf-8")


def test_a_table_can_be_downloaded(visit: Visit, tmp_path: Path) -> None:
    visit.open("leaderboard?benchmark=cifar10_mini_knn")
    assert downloaded(visit, "Download this table", tmp_path).startswith('rank,recipe,"mean, %",n,')


def test_an_export_is_made_and_downloaded(visit: Visit, tmp_path: Path) -> None:
    visit.open("export?format=bibtex")
    visit.page.get_by_role("button", name="Prepare the file").click()
    assert "@" in downloaded(visit, re.compile("^.*Download .*bib"), tmp_path)


def test_a_typed_query_is_answered_and_its_answer_downloaded(visit: Visit, tmp_path: Path) -> None:
    visit.open("ask")
    visit.page.get_by_role("radio", name="SPARQL of your own").click()
    editor = visit.page.get_by_role("textbox", name="SPARQL")
    editor.press_sequentially("SELECT ?name { term:momentum_encoder skos:prefLabel ?name }")
    editor.press("Control+Enter")
    expect(visit.page.get_by_text("1 row, 1 column")).to_be_visible()
    assert downloaded(visit, re.compile("^(download )?CSV$"), tmp_path).startswith("name\nMomentum encoder")
    expect(visit.page).to_have_url(re.compile(r"ask\?query=SELECT"))


def test_a_wrong_query_is_told_with_its_line_and_column(visit: Visit) -> None:
    visit.open("ask?query=SELECT+*+{%0A++?s+?p%0A}")
    visit.page.get_by_role("button", name="Run").click()
    expect(visit.page.get_by_text("line 3, column 2: expected")).to_be_visible()


def test_a_page_that_cannot_be_is_told(visit: Visit) -> None:
    visit.open("methods?method=moco_v22")
    visit.page.get_by_role("link", name="Go to moco_v2").click()
    expect(visit.page).to_have_url(f"{visit.root}/methods?method=moco_v2")
    visit.settled()


def test_texts_of_a_hostile_graph_run_nothing_and_ask_nobody(
    browser: Browser, tiny_home: Path, file_run: FileRun, tmp_path: Path
) -> None:
    text = HOSTILE + " <img src=x onerror=alert(2)>"
    for seed in range(3):
        file_run(500 + seed, seed=seed)
    for file in (tiny_home / "ontology").glob("[mptbcd]*/*.ttl"):
        said = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r'"[^"\n]*"@en', f'"{text}"@en', said), encoding="utf-8")
    pages = [
        *("", "methods", "methods?view=Family", "claims", "runs", "terms", "terms?view=Tree", "terms?words=script"),
        *(f"methods?method=alpha&part={part}" for part in ("About", "Claims", "Curves", "Recipes", "Paper")),
        *("compare?methods=alpha&methods=beta", "leaderboard?benchmark=toy_knn", "claims?claim=alpha-near"),
        *("runs?run=alpha-s0", "terms?term=contrast", "ask?question=lineage&method=beta&as=graph", "export"),
        *(f"{page}={quote(text)}" for page in ("methods?method", "terms?subject", "ask?query", "runs?run")),
    ]
    with serving(explorer(tiny_home), tmp_path) as root, visiting(browser, root) as visit:
        for page in pages:
            visit.open(page)
            for frame in visit.page.frames:
                alive = "[onerror], [href^='javascript'], [src='http://127.0.0.1/i']"
                assert frame.locator(alive).count() == 0, page
                assert frame.locator("script", has_text="alert(").count() == 0, page


MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](x.png)",
    "$x$ and $y$",
    ":red[x]",
    ":material/home:",
    "# x",
    "a_b*c*",
    "`x`",
    "1. x",
    "| a | b |",
    "[^1]",
    "&lt;b&gt;",
    "~~x~~",
    ":smile: :+1: :streamlit:",
    "- x",
    "> x",
]


def test_what_looks_like_markup_is_shown_as_it_is_written(browser: Browser, tmp_path: Path) -> None:
    script = tmp_path / "texts.py"
    lines = ["import streamlit as st", "from app.words import plain", "st.title('Texts')"]
    script.write_text("\n".join([*lines, *(f"st.markdown(plain({text!r}))" for text in MARKUP)]), encoding="utf-8")
    with serving([sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true"], tmp_path) as root:
        page = browser.new_page()
        page.goto(root)
        shown = page.get_by_test_id("stMarkdownContainer")
        expect(shown).to_have_count(1 + len(MARKUP), timeout=SECONDS * 1000)
        for element, text in zip(shown.all()[1:], MARKUP, strict=True):
            assert element.inner_text().replace("\u2060", "") == text
            assert {child.evaluate("each => each.tagName") for child in element.locator("*").all()} == {"P"}
        page.close()
