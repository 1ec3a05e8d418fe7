"""What a page states as triples, whatever it says; and the real pages, where they are at hand."""

from __future__ import annotations

from textwrap import dedent

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.namespaces import curie
from registry.pages.facts import Reading, read_page, to_nquads
from registry.pages.keys import load_keys
from registry.pages.stated import PROBLEMS
from tests.conftest import ROOT

KEYS = load_keys(ROOT / "ontology" / "page_keys.ttl")
SHARED = ROOT.parent / "shared"
GRAPH = "https://w3id.org/contrastive-registry/file/imports/logseq/toys/Key%20Queue.md"
PAGE = "page:toys/key%20queue"


def quads(text: str) -> list[ox.Quad]:
    written = to_nquads(read_page(text, "Key Queue.md", KEYS), "toys", GRAPH)
    return list(ox.parse(written.encode(), format=ox.RdfFormat.N_QUADS))


def triples(text: str) -> set[tuple[str, str, str]]:
    return {(curie(q.subject.value), curie(q.predicate.value), curie(q.object.value)) for q in quads(text)}


def test_values_are_typed_only_where_they_come_back_as_written() -> None:
    text = """\
        authority-score:: 0.93
        quality-score:: 0.50
        version:: 1.0
        last-updated:: 2025-11-18
        created:: 2025-13-45
        sequence-number:: 0142
        ontology:: true
        """
    literals = [quad.object for quad in quads(dedent(text)) if isinstance(quad.object, ox.Literal)]
    found = {literal.value: curie(literal.datatype.value) for literal in literals}
    del found["Key Queue"]
    assert found == {
        "0.93": "xsd:decimal",
        "0.50": "xsd:string",
        "1.0": "xsd:string",
        "2025-11-18": "xsd:date",
        "2025-13-45": "xsd:string",
        "0142": "xsd:string",
        "true": "xsd:boolean",
    }


def test_every_statement_is_named_by_its_line() -> None:
    found = triples("- a:: 1\n- enables:: nothing\n- ```clojure\n  (Declaration (Class :Q))\n  ```\n")
    lines = {
        "#L1": "reg:StatedProperty",
        "#L2": "reg:StatedProperty",
        "#L2-2": "reg:PageProblem",
        "#L3": "reg:OwlText",
    }
    for ending, kind in lines.items():
        assert (curie(GRAPH + ending), "rdf:type", kind) in found
        assert (curie(GRAPH + ending), "reg:onPage", PAGE) in found
    assert (curie(GRAPH + "#L3"), "reg:text", "  (Declaration (Class :Q))\n") in found


def test_links_of_the_text_that_no_fact_states_are_references() -> None:
    found = triples("- see [[Memory Bank]] and [[memory bank]]\n  ```\n  [[Hidden]]\n  ```\n- uses:: [[Encoder]]\n")
    assert {o for _, p, o in found if p == "dcterms:references"} == {"page:toys/memory%20bank"}


SNIPPETS = [
    "- ", "\t", "  ", "term-id:: ", "[[", "]]", "x", ":: ", "\n", "```json-ld\n", "```\n", '{"a": [', '"', "}", "\\",
    "**Status**: ", "\r\n", "is-subclass-of:: [[ai:X]]", "owl:class:: ", "\x00", "\u200b", "\ufeff",
    "<!-- Merged from ",
    "iri:: https://[", "iri:: urn:x%zz", "🎉", "é", "#", "### OntologyBlock", "<<<<<<< ", "None", "1e999",
    "alias:: a,b\n",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.text(), st.lists(st.sampled_from(SNIPPETS)).map("".join)), st.text(max_size=8), st.text(max_size=8)
)
def test_whatever_a_page_says_its_triples_parse_and_its_problems_are_of_the_list(
    text: str, name: str, collection: str
) -> None:
    reading = read_page(text, f"{name}.md", KEYS)
    parsed = list(ox.parse(to_nquads(reading, collection, GRAPH).encode(), format=ox.RdfFormat.N_QUADS))
    assert {quad.graph_name.value for quad in parsed} == {GRAPH}
    assert {problem.kind for problem in reading.problems} <= PROBLEMS.keys()
    lines = text.count("\n") + 1
    assert all(0 <= found.line < lines for found in (*reading.facts, *reading.problems, *reading.prose, *reading.owl))


# The real pages, where they are at hand


def shared(name: str) -> Reading:
    found = sorted(SHARED.glob(f"*/{name}*.md"))
    if not found:
        pytest.skip("the source pages are not at hand")
    return read_page(found[0].read_bytes().decode(), found[0].name, KEYS)


def test_the_two_source_pages_state_what_they_say() -> None:
    contrast = {fact.key.name: fact.value for fact in shared("Contrastive Learning").facts}
    assert contrast.pop("definition").startswith("Contrastive Learning represents")
    assert contrast == {
        "id": "contrastive-learning-ontology", "collapsed": "true", "public-access": "true", "ontology": "true",
        "term-id": "AI-0283", "preferred-term": "Contrastive Learning", "source-domain": "ai", "status": "approved",
        "version": "1.0", "last-updated": "2025-11-18", "maturity": "mature", "source": "Gao et al. 2021 SimCSE",
        "authority-score": "0.93", "is-subclass-of": "MachineLearning",
    }  # fmt: skip
    assert [problem.kind for problem in shared("Contrastive Learning").problems] == ["contradiction"] * 2
    moco = [(fact.key.name, fact.value) for fact in shared("Momentum Contrast").facts]
    assert moco == [
        ("term-id", "AI-0284"),
        ("preferred-term", "Momentum Contrast"),
        ("ontology", "true"),
        ("is-subclass-of", "TrainingMethod"),
    ]


def test_an_older_page_on_momentum_contrast_has_its_injected_parent() -> None:
    reading = shared("g_seed_ancestor__Momentum_Contrast__22d25b8a")
    parents = [fact.value for fact in reading.facts if fact.key.name == "is-subclass-of"]
    assert parents == ["ModelArchitecture", "TrainingMethod"]
    assert [problem.kind for problem in reading.problems] == ["injected-parent"]


def test_every_real_page_states_something_and_its_triples_parse() -> None:
    files = [*SHARED.glob("pages/*.md"), *SHARED.glob("seeds/*.md")]
    if not files:
        pytest.skip("the source pages are not at hand")
    silent = []
    for file in files:
        reading = read_page(file.read_bytes().decode(), file.name, KEYS)
        list(ox.parse(to_nquads(reading, "real", GRAPH).encode(), format=ox.RdfFormat.N_QUADS))
        if not any(fact.key.name == "term-id" for fact in reading.facts):
            silent.append(file.name)
    assert len(silent) <= len(files) // 10, silent
