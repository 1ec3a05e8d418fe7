"""Laws of the way out and home: a folder states the graph's facts, and an edit changes exactly its own."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry import Registry
from registry.namespaces import PREFIXES, iri
from registry.pages.export import export_pages
from registry.pages.flavours import PROFILES
from registry.pages.own import own_triples
from registry.pages.own_names import KINDS, name_all
from registry.pages.own_reading import read_own
from registry.pages.sync import sync

ROOT = Path(__file__).resolve().parents[1]
Triple = tuple[str, str, str]
EDITS = ("define", "relate", "note", "unrelate")


@dataclass(frozen=True)
class Place:
    """A registry and its exported folder."""

    home: Path
    graph: Path

    def export(self, profile: str) -> None:
        registry = Registry.open(self.home)
        export_pages(registry, self.graph, profile=profile)

    def triples(self) -> set[Triple]:
        """What our own files state of things that have names."""
        found = set()
        for quad in Registry.open(self.home).graph.store:
            if "/file/imports/" not in str(quad.graph_name) and not isinstance(quad.object, ox.BlankNode):
                found.add((str(quad.subject), str(quad.predicate), str(quad.object)))
        return {triple for triple in found if not triple[0].startswith("_:")}

    def pages(self) -> list[Path]:
        """The pages of subjects, not those of keys and classes."""
        ours = tuple(PREFIXES[kind] for kind in KINDS)
        found = sorted((self.graph / "pages").glob("*.md"))
        return [page for page in found if (about := about_of(page.read_text())) and about.startswith(ours)]


def about_of(text: str) -> str | None:
    found = re.search(r"^iri:: (\S+)$", text, re.MULTILINE)
    return found[1] if found else None


@pytest.fixture(scope="module")
def tiny_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("laws") / "home", tmp_path_factory.mktemp("laws") / "graph")
    shutil.copytree(Path(__file__).parent / "tiny", place.home / "ontology")
    for name in ("vocabulary.ttl", "shapes.ttl", "page_keys.ttl"):
        shutil.copy(ROOT / "ontology" / name, place.home / "ontology" / name)
    place.export(PROFILES[0])
    return place


@pytest.fixture(scope="module", params=PROFILES)
def real_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("real") / "home", tmp_path_factory.mktemp("real") / "graph")
    shutil.copytree(ROOT / "ontology", place.home / "ontology", ignore=shutil.ignore_patterns("results", "imports"))
    place.export(request.param)
    return place


def edit(place: Place, page: Path, what: str, word: str) -> tuple[set[Triple], set[Triple]]:
    """Edits a page as a person would; returns the triples that go and that come, worked out from the page alone."""
    text = page.read_text()
    about = f"<{about_of(text)}>"

    def triple(prefix: str, local: str, value: object) -> Triple:
        return about, f"<{iri(prefix, local)}>", str(value)

    gone: set[Triple] = set()
    come: set[Triple] = set()
    if what == "define" and (found := re.search(r"^(\t*- )?definition:: (.*)$", text, re.MULTILINE)):
        text = f"{text[: found.start(2)]}{word}{text[found.end(2) :]}"
        old = found[2].replace("\\", "")
        gone.add(triple("skos", "definition", ox.Literal(old, language="en")))
        come.add(triple("skos", "definition", ox.Literal(word, language="en")))
    elif what == "relate":
        other = plain(place)[len(word) % len(plain(place))]
        text += f"\n- related-to:: [[{other.stem}]]"
        come.add(triple("skos", "related", f"<{about_of(other.read_text())}>"))
    elif what == "note":
        text += f"\n- note:: {word}"
        come.add(triple("skos", "editorialNote", ox.Literal(word, language="en")))
    elif what == "unrelate" and (found := re.search(r"uses-component:: (\[\[([^\]]+)\]\])(, )", text)):
        text = text[: found.start(1)] + text[found.end(3) :]
        other = page.with_name(f"{found[2]}.md")
        gone.add(triple("reg", "usesComponent", f"<{about_of(other.read_text())}>"))
    page.write_text(text)
    return gone, come


def plain(place: Place) -> list[Path]:
    """The pages that are called like their files."""
    return [page for page in place.pages() if "%" not in page.stem and "___" not in page.stem]


def apply(place: Place, edits: Sequence[tuple[int, str, str]]) -> set[Triple]:
    """Makes edits on pages that have names like their files; returns what the graph should state then."""
    wanted = place.triples()
    pages = plain(place)
    for number, (chosen, what, word) in enumerate(edits):
        gone, come = edit(place, pages[chosen % len(pages)], what, f"{word} {number}")
        wanted = (wanted - gone) | come
    return wanted


@contextmanager
def copied(place: Place) -> Iterator[Place]:
    """A place of its own for one example."""
    with TemporaryDirectory() as folder:
        top = Path(folder)
        shutil.copytree(place.home, top / "home")
        shutil.copytree(place.graph, top / "graph")
        yield Place(top / "home", top / "graph")


WORDS = st.sampled_from(["A plain word.", 'He said "no"; then left', "ünï — ☃", "50 % of x:: y", "ends in a dot."])


@settings(max_examples=12, deadline=None)
@given(edits=st.lists(st.tuples(st.integers(0, 99), st.sampled_from(EDITS), WORDS), min_size=1, max_size=4))
def test_an_import_changes_exactly_what_was_edited(tiny_place: Place, edits: list[tuple[int, str, str]]) -> None:
    with copied(tiny_place) as place:
        wanted = apply(place, edits)
        done = sync(Registry.open(place.home), place.graph)
        assert done.is_clean, done.told()
        assert place.triples() == wanted
        assert sync(Registry.open(place.home), place.graph).pages == []
        place.export(PROFILES[0])
        assert place.triples() == wanted


def test_many_edits_of_the_real_ontology_change_exactly_their_triples(real_place: Place) -> None:
    choose = random.Random(4)
    edits = [(choose.randrange(10_000), EDITS[index % 4], f"word{'y' * index}") for index in range(24)]
    with copied(real_place) as place:
        before = place.triples()
        wanted = apply(place, edits)
        done = sync(Registry.open(place.home), place.graph)
        assert done.is_clean, done.told()
        assert place.triples() == wanted != before


def test_every_exported_page_states_what_the_graph_states(real_place: Place) -> None:
    registry = Registry.open(real_place.home)
    names = name_all(registry.graph)
    for page in real_place.pages():
        reading = read_own(page.read_text(), names.resolve, names.key)
        assert reading.subject is not None
        assert set(reading.facts) == own_triples(registry.graph, names, reading.subject), page.name
    assert sync(registry, real_place.graph).pages == []
