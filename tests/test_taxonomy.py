"""Which term stands below which, what sources say against it, and what is shown of a large taxonomy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from registry import Registry, families
from registry.describing import label_of, not_searched
from registry.families import Concept, methods_in_dispute, pages_of, taxonomy
from registry.hierarchy import NAMED, Hierarchy
from registry.namespaces import curie, iri, slug
from tests.conftest import FileRun

Add = Callable[[str], None]
PAGE_TREE = (
    "page:a a reg:Page ; rdfs:label 'Contrast' ; skos:notation 'AI-0001'^^reg:termId . page:b rdfs:label 'Another' ."
)


def concepts(home: Path) -> dict[str, Concept]:
    return {concept.name: concept for concept in taxonomy(Registry.open(home).graph)}


def hierarchy(home: Path) -> Hierarchy:
    graph = Registry.open(home).graph
    return Hierarchy(taxonomy(graph), methods_in_dispute(graph))


def stated(subject: str, parent: str, source: str | None = "'a page'") -> str:
    return f"{subject} reg:assertion [ rdfs:subClassOf {parent} {f'; dcterms:source {source}' if source else ''} ] ."


def test_a_concept_holds_what_the_files_say(tiny_home: Path) -> None:
    found = concepts(tiny_home)
    assert list(found) == ["contrast", "craft", "infonce", "learning"]
    assert found["contrast"] == Concept(
        name="contrast",
        label="Contrast",
        notations=("AI-0001",),
        parents=("learning",),
        methods=("alpha", "beta", "gamma"),
        disputed=(("craft", "a page"),),
    )
    assert (found["infonce"].parents, found["infonce"].disputed, found["infonce"].methods) == (("contrast",), (), ())


def test_a_parent_further_up_is_no_contradiction_and_one_below_is(tiny_home: Path, add: Add) -> None:
    add(stated("term:infonce", "term:learning") + stated("term:learning", "term:contrast"))
    found = concepts(tiny_home)
    assert found["infonce"].disputed == ()
    assert found["learning"].disputed == (("contrast", "a page"),)


def test_what_is_no_term_and_what_names_no_source_is_kept(tiny_home: Path, add: Add) -> None:
    add(stated("term:craft", "page:a%2FCraft", None) + stated("term:craft", "term:nowhere", "paper:ada1843"))
    add(stated("term:craft", "<https://example.org/Skill>"))
    assert concepts(tiny_home)["craft"].disputed == (
        ("https://example.org/Skill", "a page"),
        ("page:a%2FCraft", ""),
        ("term:nowhere", "paper:ada1843"),
    )


def test_parents_that_are_no_terms_are_left_out(tiny_home: Path, add: Add) -> None:
    add("term:craft skos:broader term:nowhere, <https://example.org/Skill> .")
    assert concepts(tiny_home)["craft"].parents == ()


def test_a_term_without_a_label_is_called_by_its_slug(tiny_home: Path, add: Add) -> None:
    add("term:bare a skos:Concept .")
    assert concepts(tiny_home)["bare"].label == "bare"


def test_the_english_label_comes_before_those_of_other_languages(tiny_home: Path, add: Add) -> None:
    add("term:soup a skos:Concept ; skos:prefLabel 'Suppe'@de, 'Soup'@en, 'Brodo'@it .")
    add("term:stew a skos:Concept ; skos:prefLabel 'Eintopf'@de .")
    found = concepts(tiny_home)
    assert (found["soup"].label, found["stew"].label) == ("Soup", "Eintopf")


def test_methods_have_contradictions_too(tiny_home: Path, add: Add) -> None:
    add(stated("method:alpha", "term:craft") + stated("method:beta", "term:learning"))
    assert methods_in_dispute(Registry.open(tiny_home).graph) == {"alpha": (("craft", "a page"),)}


def test_the_contradictions_are_those_of_the_named_question(registry: Registry) -> None:
    """It tells of every other parent than ours; those that stand higher up here contradict nothing."""
    rows = registry.ask("parents_in_dispute").rows
    above: dict[str, set[str]] = {}
    for row in registry.graph.select("SELECT ?below ?above { ?below skos:broader+ ?above }"):
        above.setdefault(str(row["below"]), set()).add(str(row["above"]))
    expected = {
        (str(term), slug(str(theirs)), source) for term, _, theirs, source in rows if theirs not in above[term]
    }
    found = {
        (iri("term", concept.name), parent, source)
        for concept in taxonomy(registry.graph)
        for parent, source in concept.disputed
    }
    found |= {
        (iri("method", method), parent, source)
        for method, disputed in methods_in_dispute(registry.graph).items()
        for parent, source in disputed
    }
    assert found == expected
    assert len(found) > 5


def test_a_term_says_of_its_sources_what_its_description_says(registry: Registry) -> None:
    for concept in taxonomy(registry.graph):
        described = registry.describe(f"term:{concept.name}")
        against = {(each.parent, curie(each.source)) for each in described.parents if each.agrees == "not ours"}
        assert {(f"term:{parent}", source) for parent, source in concept.disputed} == against, concept.name
        assert described.label == concept.label


def test_the_terms_and_their_methods_are_all_there(registry: Registry) -> None:
    found = Hierarchy(taxonomy(registry.graph))
    assert list(found.chosen()) and set(found.chosen()) == set(registry.graph.names("term"))
    assert set(found.methods_of(found.chosen())) == set(registry.graph.names("method"))
    narrower = {slug(str(row[0])) for row in registry.ask("terms_below", term="machine_learning").rows}
    assert set(found.below("machine_learning")) == narrower | {"machine_learning"}
    methods = {slug(str(row[0])) for row in registry.ask("methods_under_term", term="contrastive_learning").rows}
    assert set(found.methods_of(found.below("contrastive_learning"))) == methods


def test_what_stands_above_a_term_is_looked_up_once_for_all_its_statements(
    tiny_home: Path, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("".join(stated("term:craft", f"term:t{number}") for number in range(50)))
    asked: Counter[str] = Counter()
    above = families._above
    monkeypatch.setattr(families, "_above", lambda broader, name: (asked.update([name]), above(broader, name))[1])
    assert len(concepts(tiny_home)["craft"].disputed) == 50
    assert asked == {iri("term", "craft"): 1, iri("term", "contrast"): 1}


def test_a_chain_of_two_thousand_terms_is_read_and_climbed(tiny_home: Path, add: Add) -> None:
    chain = (f"term:c{number} a skos:Concept ; skos:broader term:c{number - 1} ." for number in range(1, 2_000))
    add("term:c0 a skos:Concept ." + "".join(chain) + stated("term:c1999", "term:c3"))
    found = hierarchy(tiny_home)
    assert (len(found.below("c0")), len(found.above("c1999")), len(found.path("c1999"))) == (2_000, 1_999, 2_000)
    assert found.terms["c1999"].disputed == ()
    assert found.in_circles == ()


def test_an_empty_graph_has_an_empty_taxonomy(bare: Path) -> None:
    found = hierarchy(bare)
    assert (found.tops, found.chosen(), found.in_circles) == ((), [], ())
    assert found.excerpt([], limit=10).terms == ()


# What stands where


def test_tops_are_the_terms_without_a_parent(tiny_home: Path) -> None:
    found = hierarchy(tiny_home)
    assert found.tops == ("craft", "learning")
    assert found.chosen() == ["craft", "learning", "contrast", "infonce"]
    assert found.path("infonce") == ["learning", "contrast", "infonce"]
    assert found.above("infonce") == ["contrast", "learning"]


CIRCLES = {
    "itself": ("term:craft skos:broader term:craft .", ("craft",), ("craft", "learning")),
    "two": ("term:learning skos:broader term:infonce .", ("contrast", "infonce", "learning"), ("contrast", "craft")),
    "below a top": (
        "term:contrast skos:broader term:infonce .",
        ("contrast", "infonce"),
        ("craft", "learning"),
    ),
}


@pytest.mark.parametrize(("said", "inside", "tops"), CIRCLES.values(), ids=CIRCLES)
def test_a_circle_hides_nothing_and_ends_nothing(
    tiny_home: Path, add: Add, said: str, inside: tuple[str, ...], tops: tuple[str, ...]
) -> None:
    add(said)
    found = hierarchy(tiny_home)
    assert (found.in_circles, found.tops) == (inside, tops)
    assert sorted(found.chosen()) == ["contrast", "craft", "infonce", "learning"]
    for name in found.terms:
        assert found.path(name)[-1] == name
        assert name in found.below(name)
        assert name not in found.above(name)


def test_what_hangs_below_a_circle_is_no_top(tiny_home: Path, add: Add) -> None:
    add("term:b a skos:Concept ; skos:broader term:c . term:c a skos:Concept ; skos:broader term:b .")
    add("term:a a skos:Concept ; skos:broader term:c .")
    assert [name for name in hierarchy(tiny_home).tops if name in "abc"] == ["b"]


def test_a_term_with_two_parents_stands_below_both_and_counts_once(tiny_home: Path, add: Add) -> None:
    add("term:infonce skos:broader term:craft .")
    found = hierarchy(tiny_home)
    assert "infonce" in found.narrower["craft"] and "infonce" in found.narrower["contrast"]
    assert Counter(found.chosen()) == dict.fromkeys(found.terms, 1)


def test_only_what_is_disputed_comes_with_what_leads_to_it(tiny_home: Path, add: Add) -> None:
    assert hierarchy(tiny_home).chosen(disputed_only=True) == ["learning", "contrast"]
    assert hierarchy(tiny_home).chosen("infonce", disputed_only=True) == []
    add(stated("method:alpha", "term:craft"))
    found = hierarchy(tiny_home)
    assert found.methods_of(["contrast"], disputed_only=True) == ["alpha"]
    assert found.is_disputed("contrast")
    assert not found.is_disputed("learning")


# What there is room for


def test_an_excerpt_holds_the_terms_nearest_to_the_top_and_says_how_many_are_missing(tiny_home: Path) -> None:
    found = hierarchy(tiny_home)
    terms, methods = found.chosen(), found.methods_of(found.chosen())
    whole = found.excerpt(terms, methods, limit=100)
    assert (whole.terms, whole.methods, whole.left_out) == (tuple(terms), ("alpha", "beta", "gamma"), 0)
    some = found.excerpt(terms, methods, limit=2)
    assert (some.terms, some.methods, some.left_out) == (("craft", "learning"), (), 5)
    more = found.excerpt(terms, methods, limit=5)
    assert (more.terms, more.methods, more.left_out) == (tuple(terms), ("alpha",), 2)


def test_a_parent_that_a_source_gives_comes_with_its_term(tiny_home: Path) -> None:
    found = hierarchy(tiny_home)
    excerpt = found.excerpt(found.below("contrast"), limit=100)
    assert (excerpt.terms, excerpt.named) == (("contrast", "infonce"), ("craft",))
    assert found.excerpt(found.below("contrast"), limit=1).terms == ()


def test_a_method_without_its_term_is_not_shown(tiny_home: Path) -> None:
    found = hierarchy(tiny_home)
    assert found.excerpt(["craft"], ["alpha", "beta"], limit=100).methods == ()


def test_no_excerpt_is_larger_than_its_limit(tiny_home: Path, add: Add) -> None:
    add("".join(f"term:t{number} a skos:Concept ." for number in range(100)))
    add("".join(stated("term:t0", f"term:t{number}") for number in range(1, 100)))
    found = hierarchy(tiny_home)
    for limit in (1, 2, NAMED + 1, 50, 104, 200):
        excerpt = found.excerpt(found.chosen(), found.methods_of(found.chosen()), limit=limit)
        assert len(excerpt.terms) + len(excerpt.named) + len(excerpt.methods) <= limit
        assert not set(excerpt.terms) & set(excerpt.named)


# Names


def test_the_label_of_anything_is_told_and_of_nothing_its_name(tiny: Registry) -> None:
    assert label_of(tiny.graph, "term:contrast") == "Contrast"
    assert label_of(tiny.graph, "term:nowhere") == "term:nowhere"
    assert label_of(tiny.graph, "nothing") == "nothing"
    assert label_of(tiny.graph, "https://example.org/") == "https://example.org/"


def test_what_the_search_leaves_out_is_found_by_its_whole_name(tiny_home: Path, file_run: FileRun) -> None:
    run = file_run(500).stem
    graph = Registry.open(tiny_home).graph
    assert not_searched(graph, run) == [f"run:{run}"]
    assert not_searched(graph, run[:-1]) == []


def test_imported_pages_are_found_by_the_identifier_of_a_term(tiny_home: Path, add: Add) -> None:
    add(PAGE_TREE)
    assert pages_of(Registry.open(tiny_home).graph, "contrast") == {"a": "Contrast"}
    assert pages_of(Registry.open(tiny_home).graph, "craft") == {}


def test_two_properties_of_one_word_are_both_told(tiny_home: Path, add: Add) -> None:
    add("term:craft dcterms:source 'a book' ; prov:hadPrimarySource paper:ada1843 .")
    assert Registry.open(tiny_home).describe("term:craft").facts["source"] == ("a book", "paper:ada1843")
