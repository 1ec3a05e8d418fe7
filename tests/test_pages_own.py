"""Pages of our own graph: what they state, what they show as tables, and that all of it reads back the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry import Registry
from registry.namespaces import iri
from registry.pages import own_values
from registry.pages.flavours import PROFILES
from registry.pages.keys import load_keys
from registry.pages.own import own_page, own_triples, render
from registry.pages.own_keys import BY_NAME, OWN_KEYS
from registry.pages.own_names import OwnNames, name_all
from registry.pages.own_reading import read_own
from registry.pages.own_tables import Tables
from tests.conftest import ROOT, FileRun
from tests.test_pages_normal import HOSTILE, HOSTILE_TEXTS

Say = Callable[[str], None]


def page(registry: Registry, subject: str, profile: str = PROFILES[0]) -> str:
    names = name_all(registry.graph)
    found = own_page(registry.graph, names, iri(*subject.split(":")))
    found.sections = Tables(registry, names).sections(found.subject)
    return render(found, profile)


def opened(registry: Registry) -> Registry:
    return Registry.open(registry.home.results.parents[1])


def assert_law(registry: Registry, profile: str) -> OwnNames:
    """facts(import(export(G))) = G, on every page."""
    names = name_all(registry.graph)
    for subject in names.subjects:
        text = render(own_page(registry.graph, names, subject), profile)
        found = read_own(text, names.resolve, names.key)
        assert (found.subject, found.unread, found.unknown) == (subject, [], []), text
        assert set(found.facts) == own_triples(registry.graph, names, subject), text
    return names


def test_a_term_has_the_shape_of_the_source_pages(tiny: Registry) -> None:
    assert page(tiny, "term:contrast") == (
        "type:: [[Term]]\n"
        "iri:: https://w3id.org/contrastive-registry/term/contrast\n\n"
        "- ### OntologyBlock\n"
        "\t- term-id:: AI-0001\n"
        "\t- preferred-term:: Contrast\n"
        "\t- definition:: Learning from pairs.\n"
        "\t- ### Relationships\n"
        "\t\t- is-subclass-of:: [[Learning]]\n"
        "\t\t- is-subclass-of:: [[Craft]]\n"
        "\t\t  stated-by:: a page"
    )


def test_the_other_profile_states_the_same_in_the_head(tiny: Registry) -> None:
    assert page(tiny, "term:contrast", "page-properties") == (
        "type:: [[Term]]\n"
        "iri:: https://w3id.org/contrastive-registry/term/contrast\n"
        "term-id:: AI-0001\n"
        "preferred-term:: Contrast\n"
        "definition:: Learning from pairs.\n"
        "is-subclass-of:: [[Learning]]\n\n"
        "- ### Relationships\n"
        "\t- is-subclass-of:: [[Craft]]\n"
        "\t  stated-by:: a page"
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_every_page_of_the_registry_reads_back_as_the_graph(registry: Registry, profile: str) -> None:
    assert len(assert_law(registry, profile).subjects) > 350


@pytest.mark.parametrize("profile", PROFILES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    texts=st.lists(
        st.tuples(
            st.sampled_from([key.predicate for key in OWN_KEYS if key.name != "type"]),
            st.sampled_from(HOSTILE) | HOSTILE_TEXTS | st.text(max_size=5),
            st.sampled_from(["", "@en", "@de", "termId", "date", "boolean", "integer", "decimal", "odd kind #1"]),
        ),
        max_size=6,
    )
)
def test_any_literal_reads_back_as_it_was(tiny: Registry, profile: str, texts: list[tuple[str, str, str]]) -> None:
    quads = []
    for predicate, text, kind in texts:
        if kind.startswith("@"):
            value = ox.Literal(text, language=kind[1:])
        else:
            prefix = {"": "", "termId": "reg", "odd kind #1": "odd"}.get(kind, "xsd")
            datatype = ox.NamedNode("urn:odd#1" if prefix == "odd" else iri(prefix, kind)) if prefix else None
            value = ox.Literal(text, datatype=datatype)
        quads.append(ox.Quad(ox.NamedNode(iri("term", "infonce")), ox.NamedNode(predicate), value))
    names = name_all(tiny.graph)
    subject = iri("term", "infonce")
    kept = list(tiny.graph.store.quads_for_pattern(ox.NamedNode(subject), None, None, None))
    tiny.graph.store.extend(quads)
    try:
        text = render(own_page(tiny.graph, names, subject), profile)
        wanted = own_triples(tiny.graph, names, subject)
    finally:
        for quad in set(quads) - set(kept):
            tiny.graph.store.remove(quad)
    assert set(read_own(text, names.resolve, names.key).facts) == wanted


def test_a_property_without_a_key_is_stated_under_its_own_name(tiny: Registry, add: Say) -> None:
    add('term:craft schema:dateCreated "1843"^^xsd:gYear ; <urn:x#Is_Odd> <urn:y#1>, "a"@de .')
    add('term:craft <urn:x#node> [ rdfs:label "nameless" ], ( "a" ) ; reg:authors ( "a; b" ), ( "c" [] ), () .')
    text = page(opened(tiny), "term:craft")
    assert '- date-created:: "1843"^^<http://www.w3.org/2001/XMLSchema\\u0023gYear>' in text
    assert "- is-odd:: <urn:y\\u00231>" in text and '- is-odd:: "a"@de' in text
    assert '- authors:: "a\\u003B b";' in text and "nameless" not in text
    for profile in PROFILES:
        assert_law(opened(tiny), profile)


def test_subjects_with_one_label_have_pages_of_their_own(tiny: Registry, add: Say) -> None:
    add(
        'term:alpha a skos:Concept ; skos:prefLabel "Alpha"@en .'
        'term:alpha2 a skos:Concept ; skos:prefLabel "ALPHA"@en .'
        'paper:alpha a schema:ScholarlyArticle ; dcterms:title "alpha"@en .'
        'paper:task a schema:ScholarlyArticle ; dcterms:title "Task"@en . task:nameless a mls:Task .'
    )
    subjects = name_all(opened(tiny).graph).subjects
    called = {
        name: subjects[iri(*name.split(":"))] for name in ("term:alpha", "term:alpha2", "method:alpha", "paper:alpha")
    }
    assert list(called.values()) == ["Alpha", "ALPHA (term)", "Alpha (method)", "alpha (paper)"]
    assert (subjects[iri("paper", "task")], subjects[iri("task", "nameless")]) == ("Task (paper)", "nameless")
    assert_law(opened(tiny), PROFILES[0])


def test_an_alias_belongs_to_one_page(tiny: Registry, add: Say) -> None:
    add(
        'term:craft skos:altLabel "Handiwork"@en, "Contrast"@en, "craft"@en, "a, b"@en, "#x"@en, "Handwerk"@de .'
        'term:learning skos:altLabel "handiwork"@en, "CamelCase"@en .'
    )
    lines = page(opened(tiny), "term:craft").split("\n")
    assert lines[1] == "alias:: Handiwork"
    others = [line.partition(":: ")[2] for line in lines if "alternative-terms::" in line]
    assert others == ["\\#x", "Contrast", '"Handwerk"@de', "a, b", "craft"]
    assert page(opened(tiny), "term:learning").split("\n")[1] == "alias:: CamelCase"
    assert_law(opened(tiny), PROFILES[1])


def test_a_stated_parent_stands_as_the_source_spells_it(registry: Registry) -> None:
    lines = page(registry, "term:momentum_contrast").split("\n")
    stated = lines.index("\t\t- is-subclass-of:: [[TrainingMethod]]")
    assert lines[stated + 1] == "\t\t  stated-by:: Logseq page 'Momentum Contrast', section Relationships"
    assert "\t\t- is-subclass-of:: [[Contrastive Learning]]" in lines
    names = name_all(registry.graph)
    assert names.resolve("TrainingMethod") == names.resolve("training method") == iri("term", "training_method")


def test_the_source_terms_state_what_their_pages_state(registry: Registry) -> None:
    text = page(registry, "term:contrastive_learning")
    for stated in (
        *("term-id:: AI-0283", "preferred-term:: Contrastive Learning", "status:: approved", "version:: 1.0"),
        *("last-updated:: 2025-11-18", "source-domain:: ai", "public-access:: true", "ontology:: true"),
        *("maturity:: mature", "authority-score:: 0.93", "is-subclass-of:: [[MachineLearning]]"),
        "source:: [[Chen et al. 2020 SimCLR]], [[Gao et al. 2021 SimCSE]], [[He et al. 2020 MoCo]], "
        "[[Radford et al. 2021 CLIP]]",
    ):
        assert f"- {stated}\n" in text
    assert "- ontology:: true\n" in page(registry, "term:momentum_contrast")


def test_claims_and_results_stand_in_tables_of_their_own(tiny: Registry, file_run: FileRun) -> None:
    for seed, correct in enumerate((500, 510, 520)):
        file_run(correct, seed=seed)
    file_run(530, variant="symmetric")
    file_run(None, status="Failed", seed=9)
    sections = dict(
        re.findall(r"^- ## (.+)\n\t- .+\n\t  (\|.+(?:\n\t  \|.+)+)", page(opened(tiny), "method:alpha"), re.M)
    )
    assert list(sections) == ["Claims", "Measured here", "Runs that do not count", "Recipes"]
    best = next(line for line in sections["Claims"].split("\n") if "alpha-best" in line)
    assert best.removeprefix("\t  | ").split(" | ")[:7] == [
        *("60.00 %", "[[Toy, kNN]] (synthetic data)", "[[Notes]]", "page 1", "60.0", "primary"),
        "not comparable",
    ]
    measured = [line.removeprefix("\t  | ").split(" | ") for line in sections["Measured here"].split("\n")[2:]]
    assert [row[:6] for row in measured] == [
        ["[[Toy, kNN]] (synthetic data)", "alpha-toy", "3", "51.00 ± 1.00", "48.52 to 53.48", "20.00"],
        ["[[Toy, kNN]] (synthetic data)", "alpha-toy-symmetric", "1", "53.00", "", "20.00"],
    ]
    assert measured[1][6] == "single run"
    assert "sd (ddof 1)" in sections["Measured here"]
    assert "failed: it broke" in sections["Runs that do not count"]
    assert "alpha-best" not in sections["Measured here"] and "alpha-s0" not in sections["Claims"].replace(
        "alpha-spread", ""
    )


def test_papers_and_benchmarks_have_their_tables_too(tiny: Registry, file_run: FileRun) -> None:
    file_run(500)
    for subject, columns in (
        ("paper:ada1843", "| claim | method | benchmark |"),
        ("benchmark:toy_knn", "| claim | method | source |"),
    ):
        text = page(opened(tiny), subject)
        assert columns in text and "- ## Measured here" in text and "single run" in text


def test_a_reading_is_called_no_reproduction_and_prints_its_questions(registry: Registry) -> None:
    text = page(registry, "method:xmoco")
    _, _, section = text.partition("- ## A reading of its paper, not a reproduction\n")
    assert section.startswith("\t- open-question:: ")
    assert text.count("open-question::") == len(
        registry.graph.properties(iri("method", "xmoco"))[iri("reg", "openQuestion")]
    )


def test_what_a_person_typed_is_read_or_reported(tiny: Registry) -> None:
    names = name_all(tiny.graph)
    text = (
        page(tiny, "term:contrast").replace("[[Learning]]", "[[craft]], [[Nowhere]]")
        + "\n- mood:: good\n- type:: odd"
    )
    found = read_own(text, names.resolve, names.key)
    assert [(each.key, each.reason) for each in found.unread] == [
        ("is-subclass-of", "no page of the registry is called 'Nowhere'"),
        ("type", "the key does not hold such a value"),
    ]
    assert [(each.key, each.value) for each in found.unknown] == [("mood", "good")]


def test_a_key_means_on_our_pages_what_the_table_of_the_ontology_says() -> None:
    assert len(BY_NAME) == len(OWN_KEYS) == len({key.predicate for key in OWN_KEYS})
    table = load_keys(ROOT / "ontology" / "page_keys.ttl")
    for key in OWN_KEYS:
        known = table.known(key.name)
        assert known is not None and key.predicate in (known.predicate, *known.own), key.name


def test_a_long_list_of_links_with_words_behind_it_is_no_list() -> None:
    alpha = iri("method", "alpha")
    key, value = BY_NAME["is-subclass-of"], ", ".join(["[[Alpha]]"] * 60)
    assert own_values.read(key, value, lambda name: alpha) == [ox.NamedNode(alpha)] * 60
    assert own_values.read(key, f"{value} and more", lambda name: alpha) is None


@pytest.mark.parametrize("value", ["2025-02-30", "\u0662\u0660\u0662\u0665", "\u0660.\u0665", "\u0665"])
def test_what_is_no_date_or_number_stands_for_nothing(value: str) -> None:
    assert own_values.bare(BY_NAME["last-updated"], value) is None
    assert own_values.bare(BY_NAME["authority-score"], value) is None
