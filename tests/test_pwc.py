"""Papers with Code tables: nothing is lost, nothing is guessed, nothing is mixed with claims and results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import Registry, namespaces
from registry.graph import graph_of
from registry.namespaces import BASE, iri
from registry.pwc_export import to_json
from registry.pwc_import import Imported
from registry.pwc_values import read_value
from tests.conftest import ROOT

REAL = ROOT.parent / "shared" / "datasets" / "pwc"
NAMES = ("cmrc", "coqa", "nlp-progress", "record", "snli", "squad")
KINDS = {
    "tasks": "?import reg:importedTask ?x",
    "subtasks": "?task reg:importedSubtask ?x",
    "datasets": "?task reg:importedDataset ?x",
    "subdatasets": "?dataset reg:importedSubdataset ?x",
    "tables": "?dataset reg:table ?x",
    "rows": "?table reg:row ?x",
    "values": "?row reg:statedValue ?x",
    "numbers": "?x a reg:StatedValue ; mls:hasValue ?number",
    "noted": "?x a reg:StatedValue ; reg:parseNote ?note",
}


def bring(home: Path, name: str, content: object) -> Imported:
    """Imports JSON, or bytes as they are, from a file of the name."""
    file = home / "sources" / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return Registry.open(home).import_pwc([file])[0]


def quads(home: Path, stem: str) -> list[str]:
    """The graph of an import after RDF canonicalisation."""
    dataset = ox.Dataset(Registry.open(home).graph.store.quads_for_pattern(None, None, None, graph(stem)))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(map(str, dataset))


def graph(stem: str) -> ox.NamedNode:
    return graph_of(f"imports/pwc/{stem}.ttl")


def asked(home: Path, pattern: str, *names: str) -> list[tuple[object, ...]]:
    rows = Registry.open(home).graph.select(f"SELECT {' '.join(f'?{name}' for name in names)} {{ {pattern} }}")
    return sorted((tuple(row[name] for name in names) for row in rows), key=str)


def test_an_import_is_found_by_the_name_of_its_file(bare: Path) -> None:
    report = bring(bare, "my tables.json", [{"task": "Reading"}])
    assert [hit.name for hit in Registry.open(bare).search("tables", ["import"]).hits] == [report.name]


def counted(home: Path) -> dict[str, object]:
    registry = Registry.open(home)
    query = "SELECT (COUNT(DISTINCT ?x) AS ?n) { %s }"
    return {kind: next(registry.graph.select(query % pattern))["n"] for kind, pattern in KINDS.items()}


def in_json(tasks: list[Any]) -> Counter[str]:
    """The same counts from the JSON, by plain loops."""
    found: Counter[str] = Counter(tasks=len(tasks))

    def dataset(item: dict[str, Any]) -> None:
        found["tables"] += bool(item.get("sota"))
        for row in (item.get("sota") or {}).get("rows", []):
            found["rows"] += 1
            found["values"] += len(row["metrics"])
        for part in item.get("subdatasets") or []:
            found["subdatasets"] += 1
            dataset(part)

    def task(item: dict[str, Any]) -> None:
        for one in item.get("datasets") or []:
            found["datasets"] += 1
            dataset(one)
        for one in item.get("subtasks") or []:
            found["subtasks"] += 1
            task(one)

    for item in tasks:
        task(item)
    return found


def table(*rows: dict[str, Any]) -> list[Any]:
    return [{"task": "T", "datasets": [{"dataset": "D", "sota": {"metrics": ["F1"], "rows": list(rows)}}]}]


# Real files

real = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not here")


@real
@pytest.mark.parametrize("name", NAMES)
def test_counts_of_a_real_file_are_those_of_its_json(bare: Path, name: str) -> None:
    source = REAL / f"{name}.json"
    report = Registry.open(bare).import_pwc([source])[0]
    in_graph = counted(bare)
    expected = in_json(json.loads(source.read_bytes()))
    assert {kind: in_graph[kind] for kind in expected} == dict(expected)
    assert {kind: count for kind, count in in_graph.items() if count} == dict(+report.counts)
    assert report.kept_as_json == []


@real
@pytest.mark.parametrize("name", NAMES)
def test_a_real_file_is_exported_byte_for_byte_and_imports_to_the_same_graph(bare: Path, name: str) -> None:
    source = REAL / f"{name}.json"
    Registry.open(bare).import_pwc([source])
    before = quads(bare, name)
    exported = to_json(Registry.open(bare), f"pwc-{name}")
    assert json.loads(exported) == json.loads(source.read_bytes())
    assert exported.encode() == source.read_bytes()
    (bare / "ontology" / "imports" / "pwc" / f"{name}.ttl").unlink()
    assert bring(bare, f"{name}.json", exported.encode()).outcome == "imported"
    assert quads(bare, name) == before


@real
def test_every_model_name_of_the_real_files_has_an_iri_of_its_own(bare: Path) -> None:
    Registry.open(bare).import_pwc([REAL / "nlp-progress.json"])
    pairs = set(asked(bare, "?row reg:model ?model ; reg:modelName ?name", "model", "name"))
    assert len({model for model, _ in pairs}) == len({name for _, name in pairs}) == len(pairs) > 300


@real
def test_the_graph_stays_whole_with_all_real_files_and_shows_nothing_more(tiny_home: Path) -> None:
    before = Registry.open(tiny_home)
    known = {kind: before.graph.names(kind) for kind in namespaces.KINDS}
    reports = before.import_pwc([REAL / f"{name}.json" for name in NAMES])
    after = Registry.open(tiny_home)
    assert [report.outcome for report in reports] == ["imported"] * 6
    assert after.check() == before.check()
    assert {kind: after.graph.names(kind) for kind in namespaces.KINDS} | {"import": []} == known
    assert after.all_claims == before.all_claims
    assert after.leaderboard("toy_knn") == before.leaderboard("toy_knn")


# Values


@pytest.mark.parametrize(
    ("text", "number", "notes"),
    [
        ("95.10", "95.10", ()),
        ("-0.5", "-0.5", ()),
        ("+3", "3", ()),
        (".809", "0.809", ()),
        ("1e-3", "0.001", ()),
        ("87.58*", "87.58", ("a footnote mark",)),
        ("\ufeff93.3", "93.3", ("a byte order mark or another character without width",)),
        ("\u22120.5", "-0.5", ("a minus sign that is not the ASCII one",)),
        (" 7 ", "7", ("spaces around it",)),
        ("90.0 ± 0.5", "90", ("a spread behind the number",)),
        ("70.14 (measured by Ge et al., 2018)", "70.14", ("a remark behind the number",)),
        ("74.10%", "74.1", ("a percent sign",)),
        ("", None, ("empty",)),
        ("-", None, ("a dash",)),
        ("\u2212", None, ("a minus sign that is not the ASCII one", "a dash")),
        ("--*", None, ("a footnote mark", "a dash")),
        ("24M", None, ("a unit suffix M",)),
        ("0.46B", None, ("a unit suffix B",)),
        ("60.7+", None, ("a plus sign behind the number",)),
        ("~257M", None, ("a bound or an estimate",)),
        (">90", None, ("a bound or an estimate",)),
        ("78.6/84.4", None, ("two values",)),
        ("91.1/90.7*", None, ("a footnote mark", "two values")),
        ("17.1(16.1 with basic dynamic evaluation)", None, ("two values",)),
        ("1,234", None, ("a comma that may part decimals, thousands or two values",)),
        ("Please tell us", None, ("words without a number",)),
        ("NaN", None, ("words without a number",)),
        ("inf", None, ("words without a number",)),
        ("1_000", None, ("not one number",)),
        ("\uff19\uff13", None, ("words without a number",)),
        ("1e999999999", None, ("more than 18 digits",)),
        ("9" * 5000, None, ("more than 18 digits",)),
    ],
)
def test_a_text_is_a_number_only_where_it_plainly_is_one(
    text: str, number: str | None, notes: tuple[str, ...]
) -> None:
    found = read_value(text)
    assert (None if found.number is None else Decimal(found.number)) == (None if number is None else Decimal(number))
    assert found.notes == notes


@given(st.text())
def test_no_text_becomes_zero_or_nan_by_mistake(text: str) -> None:
    found = read_value(text)
    assert found.number is not None or found.notes
    assert found.number is None or Decimal(found.number).is_finite()
    assert found.number is None or Decimal(found.number) != 0 or "0" in text


def test_a_dirty_value_keeps_its_text_and_its_note_in_the_graph(bare: Path) -> None:
    bring(bare, "t.json", table({"metrics": {"A": "87.58*", "B": "24M", "C": 95.1, "D": "74%", "E": None}}))
    cells = "?cell reg:metricName ?metric ; reg:statedText ?text"
    assert asked(bare, cells, "metric", "text") == [
        ("A", "87.58*"),
        ("B", "24M"),
        ("C", "95.1"),
        ("D", "74%"),
        ("E", "null"),
    ]
    assert asked(bare, "?cell reg:metricName ?metric ; mls:hasValue ?value", "metric", "value") == [
        ("A", 87.58),
        ("C", 95.1),
        ("D", 74.0),
    ]
    assert asked(bare, "?cell reg:metricName ?metric ; reg:parseNote ?note", "metric", "note") == [
        ("A", "a footnote mark"),
        ("B", "a unit suffix M"),
        ("D", "a percent sign"),
        ("E", "null instead of a value"),
    ]
    assert asked(bare, "?cell reg:metricName ?metric ; qudt:hasUnit unit:PERCENT", "metric") == [("D",)]


# Identity


def test_models_that_differ_by_one_character_are_two_and_rows_never_merge(bare: Path) -> None:
    names = ["X", "X+", "X ", "x", "X%", "X%2B", "X~", "..", "X", "X"]
    bring(bare, "t.json", table(*({"model_name": name, "metrics": {"F1": "1"}} for name in names)))
    assert len(asked(bare, "?model a reg:ImportedModel", "model")) == 8
    assert len(asked(bare, "?row a reg:ImportedRow", "row")) == len(asked(bare, "?v a reg:StatedValue", "v")) == 10


def test_the_same_name_in_two_places_is_two_subjects(bare: Path) -> None:
    part = {"subdataset": "D", "subdatasets": [{"subdataset": "D"}, {"subdataset": "D"}]}
    inner = [{"task": "T", "datasets": [{"dataset": "D"}]}, {"task": "T"}]
    bring(bare, "t.json", [{"task": "T", "datasets": [{"dataset": "D", "subdatasets": [part]}], "subtasks": inner}])
    bring(bare, "u.json", [{"task": "T"}])
    assert len(asked(bare, "?task a reg:ImportedTask", "task")) == 4
    assert len(asked(bare, "?dataset a reg:ImportedDataset", "dataset")) == 5


def test_text_of_a_file_never_leaves_the_literals(bare: Path) -> None:
    evil = '"> <urn:x> . # \\ \n\u2028'
    row = {"model_name": evil, "paper_url": "javascript:alert(1) <b>", "metrics": {evil: evil}}
    assert bring(bare, "t.json", [{"task": evil, evil: evil, "datasets": [{"dataset": "../.."}]}]).problem == ""
    bring(bare, "u.json", table(row))
    registry = Registry.open(bare)
    assert registry.graph.broken == []
    subjects = {quad.subject.value for quad in registry.graph.store if "imports/" in str(quad.graph_name)}
    assert all(subject.startswith(BASE) and ".." not in subject.split("/") for subject in subjects)
    assert asked(bare, "?row reg:paperUrl ?url", "url") == [("javascript:alert(1) <b>",)]


# Round trip

LOOSE: list[Any] = [
    {"task": "null", "description": None, "datasets": None, "source_link": None, "subtasks": None},
    {"task": "missing"},
    {"task": "empty", "description": "", "datasets": [], "source_link": {}, "categories": [], "synonyms": []},
    {"task": "twice", "categories": ["b", "a", "b"], "synonyms": ["", None, 3], "source_link": "https://x"},
    {"synonyms": ["unsorted keys"], "task": "more", "colour": {"deep": [1, 2.50, True, None]}, "Task": 0},
    {
        "task": "tables",
        "datasets": [
            {"dataset": "null", "sota": None},
            {"dataset": "empty", "sota": {}},
            {"dataset": "bare", "sota": {"metrics": [], "rows": []}},
            {"dataset": "both", "subdataset": "names"},
            {"dataset": 7, "subdataset": "seven"},
            {"nothing": 1},
            "a text",
            {"dataset": "loose", "sota": {"metrics": {"F1": 1}, "rows": None, "extra": 1}},
            {
                "dataset": "rows",
                "sota": {
                    "rows": [
                        {},
                        None,
                        {"model_name": None, "metrics": [], "paper_date": "2020-02-30", "paper_url": " a b "},
                        {"model_name": "", "metrics": {}, "paper_date": None, "uses_additional_data": None},
                        {"model_name": 1, "metrics": {"": "", "z": 1.50, "a": -0, "b": [1], "c": {}, "d": False}},
                        {"uses_additional_data": "yes", "code_links": [{"title": "t"}, {"url": None}, {}, "u"]},
                        {"uses_additional_data": True, "model_links": [{"url": "u", "title": "t", "x": 1}]},
                    ]
                },
            },
        ],
    },
]


def test_null_missing_empty_unknown_and_wrong_kinds_survive_in_their_order(bare: Path) -> None:
    report = bring(bare, "loose.json", LOOSE)
    assert to_json(Registry.open(bare), "pwc-loose") == json.dumps(LOOSE, indent=2)
    assert "tasks/more/colour" in report.kept_as_json
    assert "tasks/tables/datasets/rows/sota/rows/2" in report.kept_as_json


def test_numbers_keep_their_spelling(bare: Path) -> None:
    spelled = ["95.10", "1E+2", "-0", "1e999", "12345678901234567890123"]
    row = f'"metrics": {{{", ".join(f"{json.dumps(number)}: {number}" for number in spelled)}}}'
    bring(bare, "n.json", f'[{{"task": "T", "datasets": [{{"sota": {{"rows": [{{{row}}}]}}}}]}}]'.encode())
    exported = to_json(Registry.open(bare), "pwc-n")
    assert all(f'"{number}": {number}' in exported for number in spelled)


def test_another_turtle_parser_reads_the_same_triples(bare: Path) -> None:
    import rdflib

    bring(bare, "loose.json", LOOSE)
    theirs = rdflib.Graph().parse(bare / "ontology" / "imports" / "pwc" / "loose.ttl", format="turtle")
    ours = Registry.open(bare).graph.store.quads_for_pattern(None, None, None, graph("loose"))
    assert {tuple(map(str, triple)) for triple in theirs if triple[1] != rdflib.URIRef(iri("mls", "hasValue"))} == {
        (quad.subject.value, quad.predicate.value, quad.object.value)
        for quad in ours
        if quad.predicate.value != iri("mls", "hasValue")
    }


words = st.text(st.characters(exclude_categories=("Cs",)), max_size=4) | st.sampled_from(["X", "X+", "~", "..", "%"])
cells = words | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["-", "24M", "9*"])
anything = st.recursive(
    st.none() | st.booleans() | cells,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner),
    max_leaves=4,
)


@st.composite
def some_tasks(draw: st.DrawFn) -> list[Any]:
    """Tasks with any of their fields, each of its kind, null, or something else altogether."""

    def some(member: Callable[[], Any]) -> list[Any]:
        return [member() for _ in range(draw(st.integers(0, 2)))]

    def an_object(**members: Callable[[], Any]) -> dict[str, Any]:
        found = {}
        for name in draw(st.permutations(list(members))):
            kind = draw(st.integers(0, 9))
            if kind < 8:
                found[name] = members[name]() if kind < 6 else None if kind == 6 else draw(anything)
        return found | draw(st.dictionaries(words, anything, max_size=1))

    def text() -> str:
        return draw(words)

    def link() -> dict[str, Any]:
        return an_object(title=text, url=text)

    def row() -> dict[str, Any]:
        return an_object(
            model_name=text,
            paper_url=text,
            paper_date=lambda: str(draw(st.dates())),
            code_links=lambda: some(link),
            metrics=lambda: draw(st.dictionaries(words, cells, max_size=3)),
            uses_additional_data=lambda: draw(st.booleans()),
        )

    def dataset(depth: int) -> dict[str, Any]:
        return an_object(
            dataset=text,
            subdataset=text,
            dataset_links=lambda: some(link),
            sota=lambda: an_object(metrics=lambda: some(text), rows=lambda: some(row)),
            subdatasets=lambda: some(lambda: dataset(depth - 1)) if depth else [],
        )

    def task(depth: int) -> dict[str, Any]:
        return an_object(
            categories=lambda: some(text),
            source_link=link,
            datasets=lambda: some(lambda: dataset(1)),
            subtasks=lambda: some(lambda: task(depth - 1)) if depth else [],
        ) | {"task": text()}

    return some(lambda: task(1))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(tasks=some_tasks(), readable=st.booleans())
def test_any_tables_survive_import_and_export_and_make_the_same_graph_again(
    tasks: list[Any], readable: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("any")
    (home / "ontology").mkdir()
    (home / "ontology" / "vocabulary.ttl").touch()
    assert bring(home, "any.json", json.dumps(tasks, ensure_ascii=not readable).encode()).problem == ""
    first = quads(home, "any")
    exported = to_json(Registry.open(home), "pwc-any")
    assert exported == json.dumps(tasks, indent=2)
    bring(home, "any.json", exported.encode())
    assert quads(home, "any") == first
