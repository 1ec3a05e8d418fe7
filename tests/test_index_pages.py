"""Imported pages in the graph: the same from memory and from the index, in one process and in several."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from registry import Registry, index
from registry.cli import cli
from registry.describing import find_subject
from registry.errors import AmbiguousName, UnknownName
from registry.graph import Graph
from registry.home import Home, find_home
from registry.namespaces import iri
from registry.pages import indexing, worker
from registry.pages.worker import Reading
from registry.scanning import Stamp
from tests.speed import corpus

Write = Callable[..., Path]
ALPHA = "- term-id:: AI-0001\n- preferred-term:: Alpha\n- status::\n- odd-key:: one\n- see [[Beta Page]]\n"


@pytest.fixture
def write(tiny_home: Path) -> Write:
    """Puts a page into the graph."""

    def page(name: str, text: str = ALPHA, collection: str = "toys") -> Path:
        file = tiny_home / "ontology" / "imports" / "logseq" / collection / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
        return file

    return page


@pytest.fixture(params=["memory", "index"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each fact holds of a graph in memory as well as of the index."""
    monkeypatch.setattr(index, "LARGE_FILES", 1 if request.param == "index" else 100_000)
    return str(request.param)


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 1)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that this process reads from now on."""
    names: list[str] = []
    take = indexing.take

    def counting(name: str, *others: object) -> object:
        names.append(name.rpartition("/")[2])
        return take(name, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(indexing, "take", counting)
    return names


def page(name: str, collection: str = "toys") -> str:
    return iri("page", f"{collection}/{name}")


def everything(graph: Graph) -> tuple[list[str], list[tuple[object, ...]], object]:
    """Triples, rows of the summary and an answer of the search."""
    queries = ("name, sha256, triples, flaw, line FROM files", "* FROM subjects", "* FROM problems")
    rows = [tuple(row) for query in queries for row in graph.summary.connection.execute(f"SELECT {query}")]
    # Blank nodes of our own files have other names each time.
    quads = [str(quad) for quad in graph.store if "/file/imports/" in str(quad.graph_name)]
    return sorted(quads), sorted(rows, key=repr), graph.search("robust alpha", limit=50)


def in_memory(home: Path) -> Graph:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "exists", lambda home: False)
        patch.setattr(index, "is_large", lambda files: False)
        return Graph(find_home(home))


# What is read


@pytest.mark.usefixtures("kept")
def test_a_page_is_a_file_of_the_graph_below_its_collection_only(tiny_home: Path, write: Write) -> None:
    file = write("pages/Alpha Page")
    for elsewhere in ("Loose.md", "imports/Loose.md", "imports/logseq/Loose.md", "methods/Loose.md"):
        (tiny_home / "ontology" / elsewhere).write_text(ALPHA)
    graph = Graph(find_home(tiny_home))
    assert graph.names("page") == ["toys/alpha%20page"]
    assert graph.files["imports/logseq/toys/pages/Alpha Page.md"] == file
    assert graph.files_of(page("alpha%20page")) == ["imports/logseq/toys/pages/Alpha Page.md"]


@pytest.mark.usefixtures("kept")
def test_check_has_nothing_to_say_of_pages_that_are_merely_odd(tiny_home: Path, write: Write) -> None:
    assert CliRunner().invoke(cli, ["--home", str(tiny_home), "import", "logseq", str(_folder(tiny_home))]).output
    assert Graph(find_home(tiny_home)).summary.problems("imports/logseq/odd")
    assert Registry.open(tiny_home).check() == []


def _folder(home: Path) -> Path:
    folder = home.parent / "odd"
    folder.mkdir()
    (folder / "Alpha.md").write_text(ALPHA + "- is-subclass-of:: [[Nowhere]], [[ai:X]]\n- <<<<<<< HEAD\n")
    return folder


@pytest.mark.usefixtures("kept")
def test_a_page_that_is_not_utf8_is_a_broken_file_until_it_is_mended(tiny_home: Path, write: Write) -> None:
    write("Whole")
    file = write("Torn")
    file.write_bytes(b"- a:: 1\n- caf\xe9\n")
    for _ in range(2):
        (broken,) = Graph(find_home(tiny_home)).broken
        assert (broken.file, broken.line) == (file, 2)
        assert "is not UTF-8 text; save it as UTF-8" in broken.reason
    assert Graph(find_home(tiny_home)).names("page") == ["toys/whole"]
    file.write_text(ALPHA)
    graph = Graph(find_home(tiny_home))
    assert (graph.broken, graph.names("page")) == ([], ["toys/torn", "toys/whole"])


@pytest.mark.usefixtures("indexed")
def test_memory_and_index_hold_the_same_of_pages_of_every_shape(tiny_home: Path, write: Write) -> None:
    for number in range(40):
        write(corpus.name_of(number), corpus.page(number, 60, 2_000))
    graph = Graph(find_home(tiny_home))
    assert graph.version is not None
    assert everything(graph) == everything(in_memory(tiny_home))
    assert graph.summary.size() == (len(graph.files), len(graph.store))


# Only what changed


@pytest.mark.usefixtures("indexed")
def test_only_changed_pages_are_read_again(tiny_home: Path, write: Write, taken: list[str]) -> None:
    files = [write(name) for name in ("One", "Two", "Three")]
    Graph(find_home(tiny_home))
    assert sorted(taken) == ["One.md", "Three.md", "Two.md"]
    taken.clear()
    write("Two", "- term-id:: AI-0002\n")
    files[2].unlink()
    graph = Graph(find_home(tiny_home))
    assert (taken, graph.names("page")) == (["Two.md"], ["toys/one", "toys/two"])
    assert everything(graph) == everything(in_memory(tiny_home))
    taken.clear()
    Graph(find_home(tiny_home))
    assert taken == []


@pytest.mark.usefixtures("indexed")
def test_another_table_of_keys_makes_all_pages_be_read_again(tiny_home: Path, write: Write, taken: list[str]) -> None:
    write("One")
    write("Two")
    odd = iri("reg", "oddKey")
    graph = Graph(find_home(tiny_home))
    assert not graph.properties(page("one")).get(odd)
    table = tiny_home / "ontology" / "page_keys.ttl"
    known = table.read_text(encoding="utf-8")
    table.write_text(known.replace('"is-subclass-of"', '"is-subclass-of", "odd-key"', 1), encoding="utf-8")
    assert table.read_text(encoding="utf-8") != known
    taken.clear()
    graph = Graph(find_home(tiny_home))
    assert sorted(taken) == ["One.md", "Two.md"]
    assert everything(graph) == everything(in_memory(tiny_home))
    taken.clear()
    Graph(find_home(tiny_home))
    assert taken == []


@pytest.mark.usefixtures("kept")
def test_without_a_table_of_keys_pages_are_read_and_nothing_is_a_fact(tiny_home: Path, write: Write) -> None:
    write("One")
    (tiny_home / "ontology" / "page_keys.ttl").unlink()
    graph = Graph(find_home(tiny_home))
    assert not graph.properties(page("one")).get(iri("skos", "notation"))
    assert {"term-id", "status"} <= {str(row["k"]) for row in graph.select("SELECT ?k { ?s reg:key ?k }")}


# Several processes


@pytest.fixture
def many(tiny_home: Path, write: Write, monkeypatch: pytest.MonkeyPatch, indexed: None) -> Path:
    """Forty pages, which count as many."""
    monkeypatch.setattr(indexing, "MANY", 10)
    monkeypatch.setattr(indexing, "PORTION", 20_000)
    for number in range(40):
        write(corpus.name_of(number), corpus.page(number, 60, 2_000))
    write("Torn").write_bytes(b"\xff")
    return tiny_home


def test_other_processes_read_many_pages_alike(many: Path, taken: list[str]) -> None:
    graph = Graph(find_home(many))
    assert taken == []
    assert [problem.file.name for problem in graph.broken] == ["Torn.md"]
    assert everything(graph) == everything(in_memory(many))
    assert graph.version is not None
    assert {part.name for part in graph.version.folder.iterdir()} == {"hold", "store", "summary.sqlite"}


@pytest.mark.parametrize("program", ["raise SystemExit(3)", "import os; os.abort()"])
def test_what_a_process_that_dies_has_not_read_is_read_here(
    many: Path, taken: list[str], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(worker, "PROGRAM", program)
    graph = Graph(find_home(many))
    assert len(taken) == 41
    assert everything(graph) == everything(in_memory(many))


def test_a_process_that_dies_in_the_middle_loses_no_page(
    many: Path, taken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    portions = Reading.portions

    def first_only(reading: Reading) -> object:
        for portion in portions(reading):
            for process in reading.processes:
                process.kill()
            yield portion
            return

    monkeypatch.setattr(Reading, "portions", first_only)
    graph = Graph(find_home(many))
    assert 0 < len(taken) < 41
    assert everything(graph) == everything(in_memory(many))


def test_no_process_stays_when_the_index_cannot_be_written(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Reading] = []
    start = Reading.__init__

    def noting(reading: Reading, *arguments: object) -> None:
        started.append(reading)
        start(reading, *arguments)  # type: ignore[arg-type]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Reading, "__init__", noting)
    monkeypatch.setattr(index, "take_in", full)
    with pytest.raises(OSError, match="No space left"):
        Graph(find_home(many))
    assert started
    assert all(process.poll() is not None for reading in started for process in reading.processes)


# Names


@pytest.mark.usefixtures("kept")
def test_a_name_means_our_own_subject_before_any_page(tiny_home: Path, write: Write) -> None:
    label = str(Graph(find_home(tiny_home)).value(iri("term", "contrast"), iri("skos", "prefLabel")))
    for collection in ("toys", "more"):
        write("Their Page", f"title:: {label}\n\n- term-id:: AI-7777\n", collection)
    graph = Graph(find_home(tiny_home))
    subject, others = find_subject(graph, label)
    assert subject == iri("term", "contrast")
    assert [other for other in others if "/page/" in other] == [
        page(_folded(label), "more"),
        page(_folded(label), "toys"),
    ]
    with pytest.raises(UnknownName):
        graph.find("term", "AI-7777")
    with pytest.raises(AmbiguousName, match=r"page:more/.*page:toys/"):
        find_subject(graph, "AI-7777")


def _folded(label: str) -> str:
    return label.lower().replace(" ", "%20")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "name", ["page:toys/two%20words", "page:toys/Two Words", "Two Words", "two words", "AI-0077"]
)
def test_show_tells_what_a_page_states(tiny_home: Path, write: Write, name: str) -> None:
    write("Two Words", "- term-id:: AI-0077\n- definition:: Words.\n- is-subclass-of:: [[Others]]\n")
    write("Third", "- [[Two words]] matter\n")
    result = CliRunner().invoke(cli, ["--home", str(tiny_home), "show", name])
    told = " ".join(result.output.split())
    assert told.startswith("Two Words Words. page toys/two%20words notation AI-0077")
    assert "stated parent page:toys/others" in told
    assert "referred to by page:toys/third" in told


@pytest.mark.usefixtures("kept")
def test_search_finds_pages_after_every_subject_of_ours(tiny_home: Path, write: Write) -> None:
    for number in range(30):
        write(f"Alpha {number}", f"- preferred-term:: Alpha\n- definition:: alpha alpha alpha {number}\n")
    registry = Registry.open(tiny_home)
    own = registry.search("alpha", limit=1000).hits
    kinds = [hit.kind for hit in own]
    assert kinds.index("page") > 1
    assert set(kinds[kinds.index("page") :]) == {"page"}
    (hit,) = registry.search("alpha 17", ["page"], limit=1).hits
    assert (hit.name, hit.label) == ("toys/alpha%2017", "Alpha · Alpha 17")


def test_many_pages_make_a_graph_large(tiny_home: Path) -> None:
    stamp = Stamp("x", 10, 1, 1)
    pages = {f"imports/logseq/c/{number}.md": stamp for number in range(300)}
    turtle = {f"methods/{number}.ttl": stamp for number in range(300)}
    assert (index.is_large(pages), index.is_large(turtle)) == (index.HAS_LOCKS, False)


def test_the_packages_of_a_reading_process_are_those_of_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No module of the folder in which somebody stands is run."""
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imports").mkdir()
    file = tmp_path / "imports" / "A.md"
    file.write_text(ALPHA)
    reading = Reading({"imports/logseq/c/A.md": Stamp(str(file), 5, 1, 1)}, None, tmp_path / "draft")
    (portion,) = reading.portions()
    quads = list(ox.parse(portion.quads.read_bytes(), format=ox.RdfFormat.N_QUADS))
    reading.close()
    assert portion.rows["imports/logseq/c/A.md"].triples == len(quads) > 3
    assert not os.path.lexists(tmp_path / "draft")


def test_a_layer_of_the_user_may_bring_its_own_table(tiny_home: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    home = Home((tiny_home / "ontology", mine), mine / "results", mine / ".registry")
    assert indexing.key_table(home) == tiny_home / "ontology" / "page_keys.ttl"
    (mine / "page_keys.ttl").write_text("")
    assert indexing.key_table(home) == mine / "page_keys.ttl"
