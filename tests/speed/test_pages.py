"""An invented folder of 300 pages: importing all beside importing one, reading apart beside reading here."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry import Registry
from registry.pages import indexing
from tests.speed import corpus, pages

NUMBER = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("pages") / "speed"
    pages.prepare(place, NUMBER, 5_000)
    return place


def test_an_invented_page_is_always_the_same_and_has_the_flaws_of_real_ones(folder: Path) -> None:
    texts = [corpus.page(number, NUMBER, 5_000) for number in range(NUMBER)]
    assert [(folder / "corpus" / "pages" / f"{corpus.name_of(7)}.md").read_text()] == texts[7:8]
    keys = indexing.load_keys(folder / "home" / "ontology" / "page_keys.ttl")
    taken = indexing.take("imports/logseq/c/A.md", folder / "corpus" / "pages" / f"{corpus.name_of(7)}.md", keys)
    assert taken is not None
    assert taken.row.triples > 20
    for mark in (
        "\t- term-id::",
        "    - term-id::",
        "\n  - term-id::",
        "**Identification**",
        "```json-ld",
        "```clojure",
    ):
        assert any(mark in text for text in texts), mark


def test_one_changed_page_costs_less_than_half_of_all_and_both_fit_into_memory(folder: Path) -> None:
    pages.command(folder, "methods")  # compiles, and fills the caches
    anew = pages.command(folder, "import", "logseq", folder / "corpus")
    with (folder / "corpus" / "pages" / f"{corpus.name_of(7)}.md").open("a") as page:
        page.write("- term-id:: XX-1\n")
    again = pages.command(folder, "import", "logseq", folder / "corpus")
    print(f"\nprocessor: anew {anew.processor:.2f} s, one page {again.processor:.2f} s")  # noqa: T201
    assert again.processor < anew.processor / 2
    assert max(anew.resident, again.resident) < 500
    registry = Registry.open(folder / "home")
    assert registry.graph.version is not None
    assert len(registry.graph.names("page")) == NUMBER
    (changed,) = registry.graph.select('SELECT ?label { ?page skos:notation "XX-1"^^reg:termId ; rdfs:label ?label }')
    assert changed["label"] == corpus.name_of(7)


def test_an_export_gives_back_what_was_imported(folder: Path) -> None:
    shutil.rmtree(folder / "out", ignore_errors=True)
    pages.command(folder, "import", "logseq", folder / "corpus")
    pages.command(folder, "export", "logseq", folder / "out", "corpus")
    for file in (folder / "corpus" / "pages").iterdir():
        assert (folder / "out" / "pages" / file.name).read_bytes() == file.read_bytes()
