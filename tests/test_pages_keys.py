"""The table of keys: every spelling once, every meaning defined, every malformed table refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry import Registry
from registry.errors import BrokenFile
from registry.namespaces import PREFIXES, curie, iri
from registry.pages.facts import read_page
from registry.pages.keys import HOLDS, fold_key, load_keys
from registry.pages.own_keys import OWN_KEYS
from registry.pages.stated import PROBLEMS
from tests.conftest import ROOT

FILE = ROOT / "ontology" / "page_keys.ttl"
KEYS = load_keys(FILE)

# Spellings that real corpora have side by side, in the words of one.
FOLDED = {
    "is-subclass-of": "is-subclass-of isSubclassOf subclassOf subClassOf SUBCLASS_OF rdfs:subClassOf",
    "related-to": "related-to relatedTo ngm:relatedTo skos:related related_to",
    "alternative-terms": "alternate-terms alternative-terms also-known-as alternative-names aliases alias",
    "quality-score": "quality-score qualityScore quality_score",
    "is-part-of": "is-part-of part-of partOf isPartOf",
    "has-part": "has-part hasPart",
    "depends-on": "depends-on dependsOn",
    "implemented-by": "implemented-by implementedBy",
    "last-updated": "last-updated lastUpdated updated modified",
    "belongs-to-domain": "belongsToDomain belongs-to-domain",
    "owl-class": "owl:class owl-class owlClass",
    "iri": "iri uri @id",
    "standardized-by": "standardizedBy standardised-by",
    "bridges-to": "bridgesTo bridges-to",
    "legacy-term-id": "legacy-term-id legacyTermId vc:legacyTermId",
    "term-id": "term-id term_id Term-ID termId",
}


@pytest.mark.parametrize("name", FOLDED)
def test_spellings_that_corpora_mix_are_one_key(name: str) -> None:
    assert {key and key.name for key in map(KEYS.known, FOLDED[name].split())} == {name}


def test_a_key_that_only_resembles_a_known_one_is_unknown() -> None:
    for written in ("is-subclass", "termid2", "foo:status", "", ":", "owl:", "hasparts"):
        assert KEYS.known(written) is None, written


def test_the_twelve_relations_and_their_inverses_hold_links() -> None:
    names = (
        "relatedTo enables requires uses bridgesTo supports hasPart contrastsWith partOf dependsOn implements "
        "standardizedBy isRequiredBy isEnabledBy isDependencyOf hasSubclass usedBy"
    )
    for name in names.split():
        key = KEYS.known(name)
        assert key is not None and key.holds == "links", name


def test_a_key_is_found_by_the_property_it_means_here_and_on_our_own_pages() -> None:
    for predicate in (iri("rdfs", "subClassOf"), iri("skos", "broader")):
        assert KEYS.of(predicate) is KEYS.named("is-subclass-of")
    for key in KEYS.keys:
        assert KEYS.of(key.predicate) is key
        assert key.holds in HOLDS
        assert key.name == fold_key(key.name)


def test_every_property_of_ours_that_a_key_means_is_defined(registry: Registry) -> None:
    defined = {subject for (subject,) in registry.ask("SELECT ?property { ?property a rdf:Property }").rows}
    meant = {predicate for key in KEYS.keys for predicate in (key.predicate, *key.own)}
    assert {curie(predicate) for predicate in meant if predicate.startswith(PREFIXES["reg"])} <= {
        curie(str(subject)) for subject in defined
    }


def test_every_property_of_our_own_subjects_has_a_key(registry: Registry) -> None:
    kinds = ("term", "method", "paper", "benchmark", "dataset", "protocol", "metric", "task", "repository")
    used = set()
    for kind in kinds:
        is_one = f"STRSTARTS(STR(?s), '{iri(kind, '')}') && !CONTAINS(STR(?s), '#')"
        rows = registry.ask(f"SELECT DISTINCT ?p {{ ?s ?p ?o FILTER({is_one}) }}").rows
        used |= {str(predicate) for (predicate,) in rows}
    shown_otherwise = {
        iri("rdf", "type"), iri("skos", "inScheme"), iri("reg", "assertion"), iri("reg", "split"),
    }  # fmt: skip
    settings = {predicate for predicate in used if curie(predicate).startswith(("ep:", "hp:"))}
    assert {curie(p) for p in used - shown_otherwise - settings if KEYS.of(p) is None} == set()


def test_the_keys_of_our_own_pages_are_those_of_the_table() -> None:
    for own in OWN_KEYS:
        key = KEYS.known(own.name)
        assert key is not None and own.predicate in key.own, own.name


def test_the_kinds_of_problems_are_those_that_the_vocabulary_lists(registry: Registry) -> None:
    words = str(registry.graph.value(iri("reg", "problem"), iri("reg", "rangeInWords")))
    assert words == "one of: " + ", ".join(PROBLEMS)


def test_what_a_key_holds_is_what_the_vocabulary_lists(registry: Registry) -> None:
    words = str(registry.graph.value(iri("reg", "holds"), iri("reg", "rangeInWords")))
    assert words.replace(" or ", ", ").split(", ") == list(HOLDS)


HEAD = """\
@prefix reg: <https://w3id.org/contrastive-registry/vocabulary#> .
@prefix key: <https://w3id.org/contrastive-registry/page-key/> .
key:colour a reg:PageKey ; reg:pageKey "colour" ; reg:meansProperty reg:colour ; reg:holds "text" .
"""


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('key:c a reg:PageKey ; reg:pageKey "c" ; reg:spelling "Colour" ; reg:meansProperty reg:c ; reg:holds "id" .',
         "'colour' is a spelling of two page keys, 'c' and 'colour'"),
        ('key:c a reg:PageKey ; reg:pageKey "c" ; reg:meansProperty reg:colour ; reg:holds "text" .',
         "colour is meant by two page keys"),
        ('key:c a reg:PageKey ; reg:pageKey "c" ; reg:meansProperty reg:c ; reg:holds "colours" .',
         "the page key 'c' holds 'colours'; it can hold text, links"),
        ('key:c a reg:PageKey ; reg:pageKey "c" ; reg:holds "text" .', "'c' needs one reg:meansProperty, and has 0"),
        ("key:c a", "page_keys.ttl:4: "),
    ],
)  # fmt: skip
def test_a_table_that_is_ambiguous_or_broken_is_refused(tmp_path: Path, more: str, message: str) -> None:
    file = tmp_path / "page_keys.ttl"
    file.write_text(HEAD + more)
    with pytest.raises(BrokenFile, match=message):
        load_keys(file)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match=r"page_keys\.ttl: cannot be read: No such file"):
        load_keys(tmp_path / "page_keys.ttl")


def test_a_new_spelling_in_the_table_is_read_at_once_and_changes_its_digest(tmp_path: Path) -> None:
    file = tmp_path / "page_keys.ttl"
    file.write_text(FILE.read_text().replace('"termId"', '"termId", "notation"'))
    changed = load_keys(file)
    assert changed.digest != KEYS.digest
    read = [
        [fact.value for fact in read_page("- notation:: AI-9001\n", "x.md", keys).facts] for keys in (KEYS, changed)
    ]
    assert read == [[], ["AI-9001"]]


def test_check_finds_a_key_that_says_too_little(tiny_home: Path) -> None:
    file = tiny_home / "ontology" / "page_keys.ttl"
    file.write_text(file.read_text() + '\nkey:colour a reg:PageKey ; reg:pageKey "colour" ; reg:holds "paint" .\n')
    messages = [violation.message for violation in Registry.open(tiny_home).check()]
    assert any("needs one reg:meansProperty" in message for message in messages)
    assert any("needs one reg:holds" in message for message in messages)
