"""What a page means, on small pages that are malformed as real ones are; each test says what becomes of one thing."""

from __future__ import annotations

from textwrap import dedent

import pyoxigraph as ox
import pytest

from registry.namespaces import curie
from registry.pages.facts import Reading, read_page, to_nquads
from registry.pages.keys import load_keys
from tests.conftest import ROOT

KEYS = load_keys(ROOT / "ontology" / "page_keys.ttl")
GRAPH = "https://w3id.org/contrastive-registry/file/imports/logseq/toys/Key%20Queue.md"


def read(text: str, file: str = "pages/Key Queue.md") -> Reading:
    return read_page(dedent(text), file, KEYS)


def facts(text: str, file: str = "pages/Key Queue.md") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fact in read(text, file).facts:
        found.setdefault(fact.key.name, []).append(fact.value)
    return found


def problems(text: str) -> list[tuple[str, int]]:
    """Kind and line, from 1."""
    return [(problem.kind, problem.line + 1) for problem in read(text).problems]


def reason(text: str) -> str:
    (problem,) = read(text).problems
    return problem.reason


def triples(text: str, file: str = "pages/Key Queue.md") -> set[tuple[str, str, str]]:
    quads = ox.parse(to_nquads(read(text, file), "toys", GRAPH).encode(), format=ox.RdfFormat.N_QUADS)
    return {(curie(q.subject.value), curie(q.predicate.value), curie(q.object.value)) for q in quads}


PAGE = "page:toys/key%20queue"

# All generations of pages say the same

TABS = """\
    - ### OntologyBlock
      id:: key-queue-ontology
      collapsed:: true
    \t- term-id:: AI-9001
    \t- preferred-term:: Key Queue
    \t- status:: draft
    \t- #### Relationships
    \t  id:: key-queue-relationships
    \t\t- is-subclass-of:: [[Memory Bank]]
    """
TWO_SPACES = TABS.replace("\t\t", "    ").replace("\t", "  ")
FOUR_SPACES = """\
    - ### OntologyBlock
        - term-id:: AI-9001
        - preferred-term:: Key Queue
        - status:: draft

    ### Relationships
    - is-subclass-of:: [[Memory Bank]]
    """
GROUPS = """\
    - ### OntologyBlock
      collapsed:: true

      - **Identification**
        - term-id:: AI-9001
        - preferred-term:: Key Queue
        - status:: draft

      - #### Relationships
        - isSubclassOf:: [[Memory Bank]]
    """
MIXED = """\
    - ### OntologyBlock
        - term-id:: AI-9001
    \t- preferred-term:: Key Queue
      - status:: draft
    - is-subclass-of:: [[Memory Bank]]
    """
HEAD = """\
    term-id:: AI-9001
    preferred-term:: Key Queue
    status:: draft
    subClassOf:: [[Memory Bank]]

    - ### Definition
      - A queue of the keys of past batches.
    """
FENCE = """\
    public:: true

    # Key Queue
    ```json-ld
    {"@context": "https://narrativegoldmine.com/ns/v2.jsonld", "@type": "Class", "label": "Key Queue",
     "termId": "AI-9001", "status": "draft",
     "subClassOf": [{"@id": "urn:x:class:memory-bank", "label": "Memory Bank"}]}
    ```
    """


@pytest.mark.parametrize("text", [TABS, TWO_SPACES, FOUR_SPACES, GROUPS, MIXED, HEAD, FENCE])
def test_every_generation_of_pages_states_the_same_facts(text: str) -> None:
    found = facts(text)
    names = ("term-id", "preferred-term", "status", "is-subclass-of")
    assert [found[name] for name in names] == [["AI-9001"], ["Key Queue"], ["draft"], ["Memory Bank"]]
    assert {
        (PAGE, "rdf:type", "reg:Page"),
        (PAGE, "rdfs:label", "Key Queue"),
        (PAGE, "reg:inCollection", "import:logseq-toys"),
        (PAGE, "skos:notation", "AI-9001"),
        (PAGE, "skos:prefLabel", "Key Queue"),
        (PAGE, "reg:pageStatus", "draft"),
        (PAGE, "rdfs:subClassOf", "page:toys/memory%20bank"),
    } <= triples(text)
    assert problems(text) == []


def test_relations_count_wherever_they_stand() -> None:
    text = """\
        - ### OntologyBlock
          - enables:: [[Inside]]
          - #### Relationships
            - enables:: [[Below]]
        ### Relationships
        - enables:: [[Top]]
        enables:: [[Same Block]]
        ## Prose
        - uses:: [[Anywhere]]
        """
    assert facts(text) == {"enables": ["Inside", "Below", "Top", "Same Block"], "uses": ["Anywhere"]}


def test_prose_that_looks_like_a_relation_is_no_fact() -> None:
    reading = read(
        "## Relationships\n- **is-subclass-of**: [[Memory Bank]]\n- **Status:** draft\n- **Colour**: red\n"
    )
    assert reading.facts == []
    assert [(prose.key, prose.value, prose.line) for prose in reading.prose] == [
        ("is-subclass-of", "[[Memory Bank]]", 1),
        ("status", "draft", 2),
    ]
    assert reading.links == ["Memory Bank"]


def test_a_definition_below_its_heading_is_a_prose_statement() -> None:
    (prose,) = read("- ### Definition\n  - Keys of past batches.\n- ### Content\n").prose
    assert (prose.key, prose.value, prose.line) == ("definition", "Keys of past batches.", 1)


# Names


def test_a_page_is_named_by_its_title_or_its_file() -> None:
    assert read("title:: Queue of Keys\n").name == "Queue of Keys"
    assert read("preferred-term:: Q\n# Heading\n", "pages/A___B%3F.md").name == "A/B?"


def test_aliases_lead_to_the_page_and_those_in_a_block_do_not() -> None:
    text = "alias:: [[KeyQueue]], Queue\n\n- alias:: Row\n"
    assert facts(text) == {"alternative-terms": ["KeyQueue", "Queue", "Row"]}
    found = {(s, o) for s, p, o in triples(text) if p == "reg:aliasOf"}
    assert found == {("page:toys/keyqueue", PAGE), ("page:toys/queue", PAGE)}


# Values


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("[[A]], [[B]]", ["A", "B"]),
        ("[[A]] [[B]]", ["A", "B"]),
        ("[[A]] and [[B]]; [[C]]", ["A", "B", "C"]),
        ("[[A/B]]", ["A/B"]),
    ],
)
def test_a_value_of_links_is_the_set_of_its_pages(value: str, names: list[str]) -> None:
    assert facts(f"- enables:: {value}\n") == {"enables": names}
    assert problems(f"- enables:: {value}\n") == []


@pytest.mark.parametrize("value", ["[[A]] (via the queue)", "[[A]] — faster", "[[A]], other things"])
def test_words_beside_links_are_reported_and_the_links_kept(value: str) -> None:
    text = f"- enables:: {value}\n"
    assert facts(text) == {"enables": ["A"]}
    assert problems(text) == [("text-beside-links", 1)]


@pytest.mark.parametrize("value", ["Momentum Encoder", '["A", "B"]', "ai:Encoder"])
def test_a_relation_without_a_link_is_kept_as_it_is_and_reported(value: str) -> None:
    reading = read(f"- enables:: {value}\n")
    assert reading.facts == []
    assert [stated.property.value for stated in reading.stated] == [value]
    assert [problem.kind for problem in reading.problems] == ["no-link"]


def test_a_source_may_be_links_or_text_or_an_address() -> None:
    stated = ("He et al. 2020", "[[MoCo paper]]", "https://example.org/a?b#c", "owl:X")
    text = "".join(f"- source:: {value}\n" for value in stated)
    assert problems(text) == []
    assert {(p, o) for _, p, o in triples(text) if p == "dcterms:source"} == {
        ("dcterms:source", value)
        for value in ("He et al. 2020", "page:toys/moco%20paper", "https://example.org/a?b#c", "owl:X")
    }


@pytest.mark.parametrize("value", ["[[A", "A]]", "[[]]", "[[A|label]]"])
def test_a_link_that_is_none_is_reported(value: str) -> None:
    assert "broken-link" in [kind for kind, _ in problems(f"- enables:: [[B]], {value}\n")]


def test_a_link_to_a_class_of_a_vocabulary_is_kept_and_reported() -> None:
    text = "- is-subclass-of:: [[ai:ModelArchitecture]]\n"
    assert facts(text) == {"is-subclass-of": ["ai:ModelArchitecture"]}
    assert problems(text) == [("curie-link", 1)]


@pytest.mark.parametrize("value", ["", "None"])
def test_no_value_is_no_fact_and_is_reported(value: str) -> None:
    reading = read(f"- last-updated:: {value}\n")
    assert reading.facts == []
    assert [(stated.property.key, stated.property.value) for stated in reading.stated] == [("last-updated", value)]
    assert [problem.kind for problem in reading.problems] == ["no-value"]


def test_what_templates_leave_open_is_no_problem() -> None:
    reading = read("author-did::\nsignature::\ncontributors::\n\n- sources::\n")
    assert (reading.facts, reading.problems, len(reading.stated)) == ([], [], 4)


# Keys


def test_spellings_of_a_key_are_one_key() -> None:
    text = "\n".join(f"- {key}:: [[A]]" for key in ("relatedTo", "related-to", "ngm:relatedTo", "skos:related"))
    assert facts(text) == {"related-to": ["A"] * 4}


def test_a_key_with_a_colon_is_a_fact_though_text_to_logseq() -> None:
    text = "- owl:class:: ai:KeyQueue\n  owl:role:: Process\n- dt:colour:: blue\n"
    assert facts(text) == {"owl-class": ["ai:KeyQueue"], "owl-role": ["Process"]}
    assert [stated.property.key for stated in read(text).stated] == ["dt:colour"]
    assert problems(text) == []


def test_a_list_with_stars_states_properties_as_newer_versions_write_them() -> None:
    assert facts("- Key Queue\n  * term-id:: AI-9001\n  * colour:: blue\n") == {"term-id": ["AI-9001"]}


@pytest.mark.parametrize(
    "line",
    ["term-id::AI-9001", "Term ID:: AI-9001", "preferred term:: Key Queue", "1. term-id:: AI-9001", "> status:: x"],
)
def test_a_line_that_only_looks_like_a_property_is_kept_and_reported(line: str) -> None:
    reading = read(f"- block\n  {line}\n")
    assert reading.facts == []
    assert [(problem.kind, problem.line) for problem in reading.problems] == [("not-a-property", 1)]
    assert len(reading.stated) == 1


def test_unknown_keys_keep_their_order_their_block_and_their_spelling() -> None:
    reading = read("L402:: x\n\n- one\n  is:: a\n  My_Key::  b \n- two\n  status:: draft\n  zebra:: [[C]]\n")
    assert [
        (s.property.key, s.property.written, s.property.value, s.property.line, s.block) for s in reading.stated
    ] == [
        ("l402", "L402", "x", 0, 0),
        ("is", "is", "a", 3, 1),
        ("my-key", "My_Key", "b", 4, 1),
        ("zebra", "zebra", "[[C]]", 7, 2),
    ]
    assert [stated.position for stated in reading.stated] == [1, 2, 3, 4]
    assert reading.problems == []


def test_a_misspelt_key_gets_a_guess() -> None:
    assert reason("- is-subclas-of:: [[A]]\n").endswith("if is-subclass-of was meant, write that")


def test_a_character_that_cannot_be_seen_in_a_key_is_reported() -> None:
    text = "- term-id\u200b:: AI-9001\n"
    assert facts(text) == {"term-id": ["AI-9001"]}
    assert problems(text) == [("invisible-character", 1)]


def test_properties_of_a_second_drawer_are_kept_and_no_facts() -> None:
    text = "- block\n  status:: draft\n  some text\n  version:: 2\n  maturity:: mature\n"
    assert facts(text) == {"status": ["draft"]}
    assert [stated.property.key for stated in read(text).stated] == ["version", "maturity"]
    assert problems(text) == [("ignored-properties", 4)]


def test_nothing_in_a_fence_is_a_property() -> None:
    text = "- block\n  ```\n  term-id:: AI-9001\n  owl:class:: x\n  **Status**: draft\n  ```\n"
    reading = read(text)
    assert (reading.facts, reading.stated, reading.prose, reading.problems) == ([], [], [], [])


def test_a_block_with_a_title_describes_something_else() -> None:
    text = "- a link that was kept\n  title:: A post\n  url:: https://example.org\n  status:: read\n"
    assert facts(text) == {}
    assert [stated.property.key for stated in read(text).stated] == ["title", "url", "status"]


# Contradictions and other findings


def test_two_statuses_contradict_each_other_and_both_are_kept() -> None:
    text = "- status:: approved\n- status:: draft\n"
    assert facts(text) == {"status": ["approved", "draft"]}
    assert reason(text) == "status is 'approved' on line 1 and 'draft' here; both are kept"


def test_one_value_twice_is_no_contradiction() -> None:
    assert problems("- status:: draft\n- status:: Draft\n- **Status**: draft\n") == []


def test_prose_that_contradicts_a_property_is_reported_at_its_line() -> None:
    text = "- status:: approved\n\n## Technical Details\n- **Status**: draft\n- **Source Domain**: metaverse\n"
    assert problems(text) == [("contradiction", 4)]
    assert facts(text) == {"status": ["approved"]}


def test_an_abbreviation_contradicts_no_word() -> None:
    assert problems("- source-domain:: mv\n\n- **Source Domain**: metaverse\n") == []


def test_two_identifiers_on_a_page_are_both_kept() -> None:
    text = "- term-id:: AI-9001\n- term-id:: AI-9002\n"
    assert facts(text) == {"term-id": ["AI-9001", "AI-9002"]}
    assert problems(text) == [("contradiction", 2)]


@pytest.mark.parametrize(
    "value", ["20223", "mv-1761742247869", "XR-VPROD-123", "ai-0284", "AI-0284\u200b", "ONTO-PROPS"]
)
def test_an_odd_identifier_is_kept_and_reported(value: str) -> None:
    text = f"- term-id:: {value}\n"
    assert facts(text) == {"term-id": [value]}
    assert problems(text) == [("odd-term-id", 1)]
    assert (PAGE, "skos:notation", value) in triples(text)


def test_an_injected_parent_is_kept_and_reported() -> None:
    text = """\
        - ### OntologyBlock
        \t- #### Relationships
        - is-subclass-of:: [[Model Architecture]]
        \t  id:: key-queue-relationships
        \t\t- is-subclass-of:: [[Memory Bank]]
        """
    assert facts(text)["is-subclass-of"] == ["Model Architecture", "Memory Bank"]
    assert problems(text) == [("injected-parent", 3)]


def test_a_parent_below_an_unindented_heading_is_not_injected() -> None:
    assert problems("- ### OntologyBlock\n### Relationships\n- is-subclass-of:: [[A]]\n  text\n") == []


def test_a_page_that_is_its_own_parent_is_reported() -> None:
    assert problems("- is-subclass-of:: [[key queue]]\n") == [("self-parent", 1)]


def test_a_second_block_is_reported_and_its_facts_are_kept() -> None:
    text = "- ### OntologyBlock\n  - enables:: [[A]]\n- ### OntologyBlock\n  - enables:: [[B]]\n"
    assert facts(text) == {"enables": ["A", "B"]}
    assert problems(text) == [("second-block", 3)]


@pytest.mark.parametrize(
    "value", ["A component of the queue.", "TBD", "Key Queue is a concept within the ai domain."]
)
def test_a_definition_that_defines_nothing_is_reported(value: str) -> None:
    assert problems(f"- definition:: {value}\n") == [("placeholder", 1)]


def test_a_preferred_term_with_an_identifier_is_reported() -> None:
    assert problems("- preferred-term:: Key Queue (AI-9001)\n") == [("id-in-name", 1)]


def test_an_unfinished_merge_is_reported_and_both_sides_are_read() -> None:
    text = "- a\n<<<<<<< HEAD\n- enables:: [[A]]\n=======\n- enables:: [[B]]\n>>>>>>> theirs\n"
    assert facts(text)["enables"][0] == "A"
    assert ("conflict-marker", 2) in problems(text)


def test_a_fence_that_is_never_closed_is_reported() -> None:
    assert problems("- a\n  ```python\n  x = 1\n") == [("open-fence", 2)]


def test_comments_of_merged_and_deprecated_pages_are_prose_statements() -> None:
    reading = read("<!-- Merged from queue-of-keys.md -->\n\n- ### DEPRECATED merged into [[Memory Bank]]\n")
    assert [(prose.key, prose.value) for prose in reading.prose] == [
        ("merged-from", "queue-of-keys.md"),
        ("deprecated", "DEPRECATED merged into [[Memory Bank]]"),
    ]
