"""Answers to SPARQL: the terms behind their cells, the place of a mistake, and the files that they become."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from registry import Registry, index
from registry.errors import QueryRefused, RegistryError
from registry.exporting.answers import answer_csv, answer_json, answer_turtle
from registry.exporting.archive import archive, pages_archive
from registry.namespaces import iri, subject_of
from registry.remarks import remarks_on
from registry.sandbox import question_text
from registry.tables import harmless
from tests.conftest import FileRun

VALUES = """SELECT ?x { VALUES (?n ?x) {
  (1 method:alpha) (2 "https://w3id.org/contrastive-registry/method/alpha") (3 0.5) (4 "a\\n\\"b\\""@en)
  (5 UNDEF) (6 "2026-01-01"^^xsd:date) (7 <https://example.org/a,b>) } } ORDER BY ?n"""


# Terms


def test_an_address_is_told_from_a_text_that_looks_like_one(tiny: Registry) -> None:
    answer = tiny.ask(VALUES)
    assert answer.rows[0] == answer.rows[1]
    assert answer.addresses(0) == [iri("method", "alpha"), None, None, None, None, None, "https://example.org/a,b"]


@pytest.mark.parametrize(
    ("query", "form"),
    [("ASK {}", "truth"), ("SELECT * {}", "rows"), ("DESCRIBE method:alpha", "triples"), ("methods", "rows")],
)
def test_an_answer_says_what_form_it_has(tiny: Registry, query: str, form: str) -> None:
    answer = tiny.ask(query)
    assert answer.form == form
    assert [len(row) for row in answer.terms] == [len(answer.columns)] * len(answer.rows)


def test_an_index_gives_the_same_terms(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "SELECT * { ?s ?p ?o FILTER(!ISBLANK(?s) && !ISBLANK(?o)) } ORDER BY ?s ?p STR(?o)"
    before = Registry.open(tiny_home).ask(query)
    monkeypatch.setattr(index, "LARGE_FILES", 0)
    assert Registry.open(tiny_home).ask(query) == before


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SELECT * {\n  ?s ?p ?o .\n  SERVICE <x:y> {} }", (3, 3)),
        ("SELECT * {\n  FLTER(1 = 1) }", (2, 3)),
        ("SELECT * { ?s foo:bar ?o }", (1, 15)),
        ("SELECT * {\n ?s ?p }", (2, 9)),
        ("SELECT ?x {\n 'é' ?x ?x ?x ?x}", (2, 18)),
        ("INSERT DATA {}", (1, 1)),
    ],
)
def test_a_mistake_has_its_line_and_column(tiny: Registry, query: str, place: tuple[int, int]) -> None:
    with pytest.raises(QueryRefused) as refusal:
        tiny.ask(query)
    assert refusal.value.place == place


def test_a_question_with_its_parameters_can_be_asked_as_sparql(registry: Registry) -> None:
    text = question_text(registry.graph, "lineage", {"method": "moco_v3"})
    assert "method:moco_v3 reg:variantOf* ?between" in text
    assert "$" not in text
    assert registry.ask(text).rows == registry.ask("lineage", method="moco_v3").rows


# Files


def test_json_is_what_the_recommendation_says(tiny: Registry) -> None:
    document = json.loads(answer_json(tiny.ask(VALUES)))
    assert document["head"] == {"vars": ["x"]}
    assert [row.get("x") for row in document["results"]["bindings"]] == [
        {"type": "uri", "value": iri("method", "alpha")},
        {"type": "literal", "value": iri("method", "alpha")},
        {"type": "literal", "value": "0.5", "datatype": iri("xsd", "decimal")},
        {"type": "literal", "value": 'a\n"b"', "xml:lang": "en"},
        None,
        {"type": "literal", "value": "2026-01-01", "datatype": iri("xsd", "date")},
        {"type": "uri", "value": "https://example.org/a,b"},
    ]
    assert json.loads(answer_json(tiny.ask("ASK {}"))) == {"head": {}, "boolean": True}


def test_others_read_the_json(tiny: Registry) -> None:
    answer = tiny.ask("SELECT * { ?s ?p ?o }")
    theirs = rdflib.query.Result.parse(io.BytesIO(answer_json(answer)), format="json")
    assert len(theirs.bindings) == len(answer.rows)


@pytest.mark.parametrize("query", ["CONSTRUCT WHERE { ?s ?p ?o }", "DESCRIBE method:alpha"])
def test_turtle_holds_the_triples_of_a_graph(tiny: Registry, query: str) -> None:
    answer = tiny.ask(query)
    read = ox.Dataset(ox.parse(answer_turtle(answer), format=ox.RdfFormat.TURTLE))
    expected = ox.Dataset(
        ox.parse("".join(f"{s} {p} {o} .\n" for s, p, o in answer.terms), format=ox.RdfFormat.N_TRIPLES)
    )
    for dataset in (read, expected):
        dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    assert read == expected


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_any_text_survives_turtle_and_json(text: str) -> None:
    from registry.sandbox import Answer

    term = str(ox.Literal(text))
    answer = Answer(("s", "p", "o"), [("a:a", "a:b", text)], False, "triples", [("<a:a>", "<a:b>", term)])
    (quad,) = ox.parse(answer_turtle(answer), format=ox.RdfFormat.TURTLE)
    assert isinstance(quad.object, ox.Literal)
    assert quad.object.value == text
    assert json.loads(answer_json(answer))["results"]["bindings"][0]["o"]["value"] == text


def test_a_table_is_no_graph(tiny: Registry) -> None:
    with pytest.raises(RegistryError, match="only the answer to a CONSTRUCT or DESCRIBE is a graph"):
        answer_turtle(tiny.ask("SELECT * {}"))


def test_turtle_that_was_cut_off_says_so(tiny: Registry) -> None:
    answer = tiny.ask("CONSTRUCT { [] reg:a ?d } { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    assert answer.truncated
    assert answer_turtle(answer).startswith(b"# Cut off after 10000 triples; there are more.\n")


def test_csv_has_a_line_for_each_row(tiny: Registry) -> None:
    rows = list(csv.reader(io.StringIO(answer_csv(tiny.ask("methods")).decode())))
    assert rows[0] == list(tiny.ask("methods").columns)
    assert [row[0] for row in rows[1:]] == [iri("method", name) for name in ("alpha", "beta", "gamma")]


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])  # noqa: RUF001
def test_no_text_of_a_csv_is_a_formula(tiny: Registry, text: str) -> None:
    escaped = text.replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")
    written = answer_csv(tiny.ask(f'SELECT ?x {{ BIND("{escaped}" AS ?x) }}')).decode()
    assert list(csv.reader(io.StringIO(written, newline="")))[1:] == [["'" + text.replace("\r", "\n")]]


@pytest.mark.parametrize("text", ["-0.24", "+1", "+.5e-3", "1+1", "", "a=b", "'=1", "method:alpha"])
def test_numbers_with_a_sign_and_other_texts_stay(text: str) -> None:
    assert harmless(text) == text


def test_a_formula_in_a_claim_is_none_in_its_csv(tiny_home: Path) -> None:
    file = tiny_home / "ontology" / "claims" / "alpha-near.ttl"
    file.write_text(file.read_text().replace('statedText "60.0"', 'statedText "=HYPERLINK(1)"'))
    assert ",'=HYPERLINK(1)," in Registry.open(tiny_home).export("csv-claims")


# Zips


def test_the_same_files_are_the_same_zip() -> None:
    one, other = archive({"b": b"2", "a": b"1"}), archive({"a": b"1", "b": b"2"})
    assert one == other
    with zipfile.ZipFile(io.BytesIO(one)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == {"a": b"1", "b": b"2"}


def test_zipped_pages_are_the_exported_folder(tiny: Registry, tmp_path: Path) -> None:
    content = pages_archive(tiny, [], profile="page-properties", flavour="logseq", work=tmp_path)
    assert list(tmp_path.glob("**/*.md")) == []
    tiny.export_pages(tmp_path / "pages", profile="page-properties")
    files = {path.relative_to(tmp_path / "pages").as_posix() for path in (tmp_path / "pages").rglob("*.*")}
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert set(zipped.namelist()) == {name for name in files if (tmp_path / "pages" / name).is_file()}
        for name in zipped.namelist():
            if name.endswith(".md"):
                assert zipped.read(name) == (tmp_path / "pages" / name).read_bytes()


# Names and remarks


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        (iri("method", "alpha"), ("method", "alpha")),
        (iri("run", "a-s0#trained"), ("run", "a-s0")),
        (iri("page", "notes/a"), ("page", "notes/a")),
        (iri("reg", "Method"), None),
        (iri("method", ""), None),
        ("https://example.org/method/alpha", None),
    ],
)
def test_a_subject_is_told_by_its_address(address: str, subject: tuple[str, str] | None) -> None:
    assert subject_of(address) == subject


def test_readings_and_synthetic_data_are_told_also_behind_a_run(registry: Registry) -> None:
    (run, *_) = registry.runs("xmoco", "shapes_knn")
    assert remarks_on(registry, [iri("run", run.name) + "#trained"]) == [
        "xmoco: a reading of its paper, not a reproduction.",
        "shapes_knn: synthetic data.",
    ]
    assert remarks_on(registry, [iri("method", "moco_v2"), iri("method", "none"), "a:b"]) == []


def test_a_synthetic_data_set_is_told(tiny_home: Path, file_run: FileRun) -> None:
    assert remarks_on(Registry.open(tiny_home), [iri("dataset", "toy")]) == ["toy: synthetic data."]
