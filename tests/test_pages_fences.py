"""JSON-LD and OWL in fences: the same keys as properties, contexts that are shipped, text that is kept."""

from __future__ import annotations

import json
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.pages.facts import Reading, read_page
from registry.pages.fences import contexts, page_of
from registry.pages.keys import load_keys
from tests.conftest import ROOT

KEYS = load_keys(ROOT / "ontology" / "page_keys.ttl")
CONTEXT = "https://narrativegoldmine.com/ns/v2.jsonld"


def read(*objects: object, language: str = "json-ld", more: str = "") -> Reading:
    """A page with a heading, a fence for each object, from its second line, and more."""
    fences = [
        f"```{language}\n{one if isinstance(one, str) else json.dumps(one, indent=1, ensure_ascii=False)}\n```\n"
        for one in objects
    ]
    return read_page("# Key Queue\n" + "".join(fences) + more, "Key Queue.md", KEYS)


def facts(reading: Reading) -> list[tuple[str, str]]:
    return [(fact.key.name, fact.value) for fact in reading.facts]


def kinds(reading: Reading) -> list[str]:
    return [problem.kind for problem in reading.problems]


def test_a_page_of_two_fences_states_its_class_and_its_relations() -> None:
    page = {
        "@context": "https://narrativegoldmine.com/ns/v1",
        "@id": "urn:x:page:key-queue",
        "@type": "Page",
        "title": "Key Queue",
        "vc:slug": "key-queue",
        "vc:public": True,
        "vc:legacyProperties": [{"vc:key": "legacy-term-id", "vc:value": "AI-9001"}],
        "prov:generatedAtTime": {"@value": "2026-01-01T00:00:00Z", "@type": "xsd:dateTime"},
    }
    term = {
        "@context": CONTEXT,
        "@type": "Class",
        "label": "Key Queue",
        "definition": "Keys of past batches.",
        "domain": "machine-learning",
        "subClassOf": [{"@id": "urn:x:class:memory-bank", "label": "Memory Bank"}],
        "relations": {"usedBy": [{"@id": "urn:x:class:moco", "label": "MoCo"}], "relatedTo": ["[[Encoder]]"]},
        "quality": 0.74,
        "provenance": {"attributedTo": "did:x:y", "inferenceRule": "R1"},
        "sameAs": [{"@id": "urn:x:class:fifo", "label": "FIFO"}],
    }
    reading = read(page, term)
    assert facts(reading) == [
        ("iri", "urn:x:page:key-queue"),
        ("title", "Key Queue"),
        ("slug", "key-queue"),
        ("public", "true"),
        ("legacy-term-id", "AI-9001"),
        ("generated-at", "2026-01-01T00:00:00Z"),
        ("preferred-term", "Key Queue"),
        ("definition", "Keys of past batches."),
        ("domain", "machine-learning"),
        ("is-subclass-of", "Memory Bank"),
        ("used-by", "MoCo"),
        ("related-to", "Encoder"),
        ("quality-score", "0.74"),
        ("attributed-to", "did:x:y"),
        ("inference-rule", "R1"),
        ("same-as", "FIFO"),
    ]
    assert (reading.stated, reading.problems) == ([], [])
    assert all(fact.fence for fact in reading.facts)


def test_a_fact_of_a_fence_has_the_line_of_its_key() -> None:
    reading = read('{\n "@type": "Class",\n "label": "Q",\n "relations": {\n  "uses": ["A"]}}')
    assert [(fact.key.name, fact.line) for fact in reading.facts] == [("preferred-term", 4), ("uses", 6)]


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ({"@id": "urn:x:class:memory-bank", "label": "Memory Bank"}, "Memory Bank"),
        ({"@id": "urn:x:class:memory-bank", "vc:label": "Memory Bank"}, "Memory Bank"),
        ({"@id": "urn:x:class:memory-bank"}, "memory bank"),
        ({"@id": "https://example.org/ns#memory-bank/"}, "memory bank"),
        ({"@id": "urn:x:class:q", "label": " "}, "q"),
        ("[[Memory Bank]]", "Memory Bank"),
        ("Memory Bank", "Memory Bank"),
        ("urn:x:class:memory-bank", "memory bank"),
        ({}, None),
        (7, None),
        ("", None),
    ],
)
def test_a_target_is_the_page_of_its_label_or_else_of_the_end_of_its_address(value: object, page: str | None) -> None:
    assert page_of(value) == page


@pytest.mark.parametrize(
    "value",
    [
        {"@id": "urn:x:a", "label": "A"},
        [{"@id": "urn:x:a", "label": "A"}],
        "A",
        ["[[A]]"],
        {"@list": ["A"]},
        {"@set": [{"@value": "A"}]},
    ],
)
def test_a_relation_may_be_an_object_a_list_or_a_word(value: object) -> None:
    assert facts(read({"@type": "Class", "subClassOf": value})) == [("is-subclass-of", "A")]


def test_stray_spellings_in_fences_fold_by_the_same_table() -> None:
    relations = {"depends-on": "A", "relatedTo_2": "B", "bridges To": "C", "vc:usedBy": "D"}
    found = facts(read({"@context": CONTEXT, "@type": "Class", "relations": relations}))
    assert found == [("depends-on", "A"), ("related-to", "B"), ("bridges-to", "C"), ("used-by", "D")]


def test_unknown_keys_and_wrong_values_of_a_fence_are_kept() -> None:
    reading = read({"@type": "Class", "colour": {"a": [1.5, None]}, "subClassOf": 5, "size": 1.50, "uses": None})
    assert [(stated.property.written, stated.property.value) for stated in reading.stated] == [
        ("colour", '{"a": [1.5, null]}'),
        ("subClassOf", "5"),
        ("size", "1.5"),
        ("uses", ""),
    ]
    assert kinds(reading) == ["no-link", "no-value"]


def test_numbers_are_kept_as_they_are_written() -> None:
    assert facts(read('{"@type": "Class", "qualityScore": 0.70}')) == [("quality-score", "0.70")]


def test_a_key_that_stands_twice_in_an_object_has_both_values() -> None:
    assert facts(read('{"@type": "Class", "uses": "A", "uses": ["B"]}')) == [("uses", "A"), ("uses", "B")]


def test_an_annotation_of_links_says_nothing_new() -> None:
    reading = read(
        {"@context": CONTEXT, "@type": "vc:LinkResolutionsAnnotation", "vc:resolutions": [{"raw": "[[A]]"}]}
    )
    assert (reading.facts, reading.stated, reading.problems) == ([], [], [])


def test_broken_json_is_reported_at_its_line_in_the_page() -> None:
    reading = read('{\n "@type": "Class",\n "label": "Q"\n "uses": 1}')
    assert [(problem.kind, problem.line) for problem in reading.problems] == [("broken-json", 5)]
    assert "Expecting ',' delimiter" in reading.problems[0].reason
    assert reading.facts == []


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 600 + "]" * 600, '"a word"', "NaN", "12", "", "[]"])
def test_json_that_is_no_object_is_survived(text: str) -> None:
    assert read(text).facts == []


def test_an_unknown_context_is_reported_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", None)
    reading = read(
        {"@context": ["https://example.org/c.jsonld", {"my": "urn:my:"}], "@type": "Class", "my:status": "x"}
    )
    assert facts(reading) == [("status", "x")]
    assert kinds(reading) == ["unknown-context"]


def test_the_contexts_that_real_pages_name_are_shipped() -> None:
    shipped = {"ns/v1", "ns/v2.jsonld", "context/v1.jsonld"}
    assert {address.removeprefix("https://narrativegoldmine.com/") for address in contexts()} == shipped


def test_a_fence_of_plain_json_is_no_statement() -> None:
    assert read({"label": "Q", "status": "x"}, language="json").facts == []
    assert facts(read({"@type": "Class", "label": "Q"}, language="json")) == [("preferred-term", "Q")]


def test_a_fence_and_properties_that_name_other_parents_contradict_each_other() -> None:
    term = {"@type": "Class", "subClassOf": ["Memory Bank"]}
    reading = read(term, more="\n- is-subclass-of:: [[Dictionary]]\n")
    assert kinds(reading) == ["contradiction"]
    assert "the parents [[Dictionary]], and the JSON-LD names [[Memory Bank]]" in reading.problems[0].reason
    assert kinds(read(term, more="\n- is-subclass-of:: [[memory bank]]\n")) == []


def test_axioms_are_kept_as_text_in_every_dialect() -> None:
    texts = {
        "clojure": "(Declaration (Class :Q))\n(SubClassOf :Q (ObjectSomeValuesFrom :p :B))\n",
        "owl": "Declaration(Class(:Q))\n",
        "turtle": ":Q a owl:Class .\n",
        "": "SubClassOf(:Q :B)\n",
    }
    for language, text in texts.items():
        (owl,) = read(text.rstrip("\n"), language=language).owl
        assert (owl.language, owl.text, owl.line) == (language, text, 1)
    assert read("x = 1", language="python").owl == read("x = 1", language="").owl == []


def test_a_fence_in_a_bullet_may_have_its_body_at_column_0() -> None:
    text = "- #### OWL\n  - ```clojure\n(Declaration (Class :Q))\n    ```\n- status:: draft\n"
    reading = read_page(text, "Q.md", KEYS)
    assert [owl.text for owl in reading.owl] == ["(Declaration (Class :Q))\n"]
    assert facts(reading) == [("status", "draft")]


words = st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=8), st.sampled_from(["[[A]]", "urn:x:a-b"]))
names = st.one_of(
    st.text(max_size=8), st.sampled_from(["@id", "@value", "@list", "label", "subClassOf", "relations"])
)
values = st.recursive(words, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(names, values, max_size=5))
def test_whatever_an_object_holds_is_a_fact_or_kept(found: dict[str, object]) -> None:
    reading = read(json.dumps({"@type": "Class", **found}))
    assert "broken-json" not in kinds(reading) or "@graph" in found
    assert all(fact.line in range(1, 3) for fact in reading.facts)
    kept = {fact.value for fact in reading.facts} | {stated.property.value for stated in reading.stated}
    texts = {text for name, text in found.items() if isinstance(text, str) and text and not name.startswith("@")}
    assert texts <= kept | {text for text in texts if page_of(text) in kept}
