"""Who comes from whom: what refines what, what is borrowed, and the terms above."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from registry import Registry
from registry.errors import UnknownName
from registry.families import BORROWS, REFINES, Link, all_links, links_around, refining, terms_above
from registry.namespaces import iri
from registry.records import Method


def method(
    name: str, *, refines: str | None = None, borrows: tuple[str, ...] = (), paper: str | None = None
) -> Method:
    return Method(
        name=name,
        label=name.title(),
        definition="",
        implementation=None,
        introduced_in=paper,
        variant_of=refines,
        borrows_from=borrows,
        components=(),
        departures=(),
        reading=False,
    )


def test_a_loan_from_a_paper_leads_to_the_method_that_the_paper_introduced() -> None:
    known = [method("a", borrows=("ada",)), method("b", paper="ada")]
    assert all_links(known) == [Link("a", "b", BORROWS)]


def test_of_methods_of_one_paper_that_refine_one_another_the_first_lends() -> None:
    known = [method("a", borrows=("ada",)), method("c", paper="ada", refines="b"), method("b", paper="ada")]
    assert Link("a", "b", BORROWS) in all_links(known)
    assert Link("a", "c", BORROWS) not in all_links(known)


def test_a_paper_that_introduced_two_methods_or_none_lends_itself() -> None:
    known = [method("a", borrows=("ada", "bob")), method("b", paper="ada"), method("c", paper="ada")]
    assert all_links(known) == [Link("a", "ada", BORROWS, "paper"), Link("a", "bob", BORROWS, "paper")]


def test_nothing_comes_from_itself_or_from_what_is_not_there() -> None:
    known = [method("a", refines="a", borrows=("ada",), paper="ada"), method("b", refines="gone")]
    assert all_links(known) == []


def test_the_graph_has_loans_between_its_methods(registry: Registry) -> None:
    links = all_links(registry.methods())
    assert Link("moco_v2", "simclr", BORROWS) in links
    assert Link("moco_v3", "moco_v2", REFINES) in links
    assert Link("mae", "dosovitskiy2020_vit", BORROWS, "paper") in links
    stated = {(each.name, paper) for each in registry.methods() for paper in each.borrows_from}
    assert len([link for link in links if link.kind == BORROWS]) == len(stated)


def test_around_a_method_stand_its_line_and_its_own_loans() -> None:
    known = [
        method("root", paper="r"),
        method("mine", refines="root", borrows=("lender", "vit")),
        method("child", refines="mine", borrows=("stranger",)),
        method("grandchild", refines="child"),
        method("sibling", refines="root"),
        method("lender", paper="lender"),
        method("debtor", borrows=("mine",)),
        method("stranger", paper="stranger"),
        method("alone"),
    ]
    known = [each if each.name != "mine" else method("mine", refines="root", borrows=("lender", "vit"), paper="mine")
             for each in known]  # fmt: skip
    assert set(links_around(known, "mine")) == {
        Link("mine", "root", REFINES),
        Link("child", "mine", REFINES),
        Link("grandchild", "child", REFINES),
        Link("mine", "lender", BORROWS),
        Link("mine", "vit", BORROWS, "paper"),
        Link("debtor", "mine", BORROWS),
    }


def test_a_method_without_kin_has_no_links() -> None:
    assert links_around([method("a"), method("b")], "a") == []


def test_a_circle_of_refinements_ends() -> None:
    known = [method("a", refines="c"), method("b", refines="a"), method("c", refines="b")]
    assert {(link.method, link.source) for link in links_around(known, "a")} == {("a", "c"), ("b", "a"), ("c", "b")}
    assert refining(all_links(known), "a") == {"b", "c"}


def test_an_unknown_method_is_told_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="did you mean 'xmoco'"):
        links_around(registry.methods(), "xmocco")


def test_what_refines_a_method_is_the_lineage_read_backwards(registry: Registry) -> None:
    links = all_links(methods := registry.methods())
    lines = {each.name: registry.lineage(each.name) for each in methods}
    for each in methods:
        assert refining(links, each.name) == {other for other, line in lines.items() if each.name in line}


def test_around_a_method_of_the_tiny_ontology(tiny: Registry) -> None:
    line = [Link("beta", "alpha", REFINES), Link("gamma", "beta", REFINES)]
    assert links_around(tiny.methods(), "beta") == line


def test_terms_above_come_nearest_first_and_once(tiny_home: Path, add: Callable[[str], None]) -> None:
    add("term:learning skos:broader term:top . term:contrast skos:broader term:craft, term:top, page:x, 'text' .")
    add("term:top a skos:Concept ; skos:prefLabel 'Top' ; skos:broader term:contrast .")
    graph = Registry.open(tiny_home).graph
    found = [
        (each.name, each.label, each.notation, each.distance) for each in terms_above(graph, iri("method", "beta"))
    ]
    assert found == [
        ("contrast", "Contrast", "AI-0001", 1),
        ("craft", "Craft", None, 2),
        ("learning", "Learning", None, 2),
        ("top", "Top", None, 2),
    ]


def test_a_term_that_is_only_mentioned_is_called_by_its_name(tiny_home: Path, add: Callable[[str], None]) -> None:
    add("term:craft skos:broader term:nowhere .")
    found = terms_above(Registry.open(tiny_home).graph, iri("term", "craft"))
    assert [(each.name, each.label) for each in found] == [("nowhere", "nowhere")]
