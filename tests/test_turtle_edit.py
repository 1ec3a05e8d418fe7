"""Facts of Turtle files change in their own lines, and nothing else does."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import RegistryError
from registry.namespaces import PREFIXES, iri
from registry.turtle_edit import Change, edit

ROOT = Path(__file__).resolve().parents[1]
LABEL, ALT, BROADER = iri("skos", "prefLabel"), iri("skos", "altLabel"), iri("skos", "broader")

PAGE = """\
# Alpha; the "first" method.
@prefix term: <https://w3id.org/contrastive-registry/term/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix ex:   <http://example.org/> .

term:alpha
    a skos:Concept, ex:Thing ;          # a kind; of thing.
    skos:prefLabel  "Alpha"@en ;        # what it is "called"
    skos:altLabel   "A"@en, 'First "one"'@en ,
                    "Einz"@de ;
    skos:note       "Kept, whatever; it says."@en ,
        "Second."@en ;                  # no. 2
    ex:size         12 ;  ex:blob [ ex:a ( 1 2 ) ; skos:prefLabel "inner" ] ;
    skos:broader    term:beta .         # its parent

term:beta skos:prefLabel "Beta"@en .
"""


def english(text: str) -> ox.Literal:
    return ox.Literal(text, language="en")


def lines_changed(before: str, after: str) -> list[str]:
    found = unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
    return [line for line in found if line[0] in "+-" and not line.startswith(("+++", "---"))]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            Change(LABEL, english("Alpha"), english('The "\\" one')),
            [
                '-    skos:prefLabel  "Alpha"@en ;        # what it is "called"',
                '+    skos:prefLabel  "The \\"\\\\\\" one"@en ;        # what it is "called"',
            ],
            id="a value in place",
        ),
        pytest.param(
            Change(ALT, english("A"), None),
            [
                '-    skos:altLabel   "A"@en, \'First "one"\'@en ,',
                "+    skos:altLabel   'First \"one\"'@en ,",
            ],
            id="the first of a list",
        ),
        pytest.param(
            Change(ALT, ox.Literal("Einz", language="de"), None),
            [
                '-    skos:altLabel   "A"@en, \'First "one"\'@en ,',
                '-                    "Einz"@de ;',
                '+    skos:altLabel   "A"@en, \'First "one"\'@en ;',
            ],
            id="the last of a list",
        ),
        pytest.param(
            Change(LABEL, english("Alpha"), None),
            ['-    skos:prefLabel  "Alpha"@en ;        # what it is "called"'],
            id="the only value takes its line along",
        ),
        pytest.param(
            Change(BROADER, ox.NamedNode(iri("term", "beta")), None),
            [
                '-    ex:size         12 ;  ex:blob [ ex:a ( 1 2 ) ; skos:prefLabel "inner" ] ;',
                "-    skos:broader    term:beta .         # its parent",
                '+    ex:size         12 ;  ex:blob [ ex:a ( 1 2 ) ; skos:prefLabel "inner" ] .',
            ],
            id="the end of a statement",
        ),
        pytest.param(
            Change("http://example.org/size", ox.Literal("12", datatype=ox.NamedNode(iri("xsd", "integer"))), None),
            [
                '-    ex:size         12 ;  ex:blob [ ex:a ( 1 2 ) ; skos:prefLabel "inner" ] ;',
                '+    ex:blob [ ex:a ( 1 2 ) ; skos:prefLabel "inner" ] ;',
            ],
            id="one of two on a line",
        ),
        pytest.param(
            Change(BROADER, None, ox.NamedNode(iri("term", "gamma"))),
            [
                "-    skos:broader    term:beta .         # its parent",
                "+    skos:broader    term:beta, term:gamma .         # its parent",
            ],
            id="a second value",
        ),
        pytest.param(
            Change(iri("skos", "note"), None, english("Third.")),
            [
                '-        "Second."@en ;                  # no. 2',
                '+        "Second."@en ,',
                '+        "Third."@en ;                  # no. 2',
            ],
            id="one more in a list of lines",
        ),
        pytest.param(
            Change(iri("skos", "related"), None, ox.NamedNode(iri("term", "beta"))),
            [
                "-    skos:broader    term:beta .         # its parent",
                "+    skos:broader    term:beta ;         # its parent",
                "+    skos:related    term:beta .",
            ],
            id="a new line, aligned",
        ),
        pytest.param(
            Change(iri("reg", "introducedIn"), None, ox.NamedNode(iri("paper", "p1"))),
            [
                "+@prefix reg:  <https://w3id.org/contrastive-registry/vocabulary#> .",
                "+@prefix paper: <https://w3id.org/contrastive-registry/paper/> .",
                "-    skos:broader    term:beta .         # its parent",
                "+    skos:broader    term:beta ;         # its parent",
                "+    reg:introducedIn paper:p1 .",
            ],
            id="new prefixes are declared",
        ),
        pytest.param(
            Change("http://elsewhere.org/p", None, ox.Literal("v")),
            [
                "-    skos:broader    term:beta .         # its parent",
                "+    skos:broader    term:beta ;         # its parent",
                '+    <http://elsewhere.org/p> "v" .',
            ],
            id="an address without a prefix stands in full",
        ),
    ],
)
def test_a_change_touches_only_its_own_lines(change: Change, expected: list[str]) -> None:
    after = edit(PAGE, iri("term", "alpha"), [change])
    assert sorted(lines_changed(PAGE, after)) == sorted(expected)


def test_the_value_of_a_nested_node_is_not_the_subjects() -> None:
    with pytest.raises(RegistryError, match="does not state"):
        edit(PAGE, iri("term", "alpha"), [Change(LABEL, ox.Literal("inner"), None)])


def test_a_prefix_goes_with_the_last_fact_that_used_it() -> None:
    change = Change(iri("reg", "introducedIn"), None, ox.NamedNode(iri("paper", "p1")))
    undo = Change(change.predicate, change.add, None)
    assert edit(edit(PAGE, iri("term", "alpha"), [change]), iri("term", "alpha"), [undo]) == PAGE


def test_line_endings_of_the_file_are_kept() -> None:
    text = PAGE.replace("\n", "\r\n")
    after = edit(
        text, iri("term", "alpha"), [Change(iri("skos", "related"), None, ox.NamedNode(iri("term", "beta")))]
    )
    assert after.count("\r\n") == after.count("\n") == PAGE.count("\n") + 1


@pytest.mark.parametrize(
    ("subject", "change", "message"),
    [
        ("delta", Change(LABEL, None, english("D")), "says nothing of"),
        ("alpha", Change(LABEL, english("Beta"), None), "does not state"),
        ("alpha", Change(LABEL, None, ox.BlankNode()), "only IRIs and literals"),
    ],
)
def test_what_cannot_be_changed_is_refused(subject: str, change: Change, message: str) -> None:
    with pytest.raises(RegistryError, match=message):
        edit(PAGE, iri("term", subject), [change])


def test_a_text_that_is_no_turtle_is_refused_with_its_line() -> None:
    with pytest.raises(RegistryError, match="line 2"):
        edit("# broken\n<a> <b> .", "a", [])


# Random texts

PREDICATES = [iri("skos", "note"), "http://example.org/p.q", iri("rdf", "type")]
VALUES = st.sampled_from(
    [
        ox.NamedNode(iri("term", "beta")),
        ox.NamedNode("http://example.org/a.b-c"),
        ox.NamedNode("http://other.org/x?y=1#z"),
        ox.Literal("plain"),
        ox.Literal('a # "quoted" ; text , with . \\ all'),
        ox.Literal("two\nlines", language="en-gb"),
        ox.Literal("-5", datatype=ox.NamedNode(iri("xsd", "integer"))),
        ox.Literal("1.50", datatype=ox.NamedNode(iri("xsd", "decimal"))),
        ox.Literal("x", datatype=ox.NamedNode(iri("xsd", "decimal"))),
        ox.Literal("true", datatype=ox.NamedNode(iri("xsd", "boolean"))),
        ox.Literal("2020-01-01", datatype=ox.NamedNode(iri("xsd", "date"))),
        ox.Literal("\u2028 \x0b ☃"),
    ]
)
FACTS = st.lists(st.tuples(st.sampled_from(PREDICATES), VALUES), min_size=1, max_size=8, unique=True)
GAPS = st.sampled_from([" ", "\n    ", " # note a; comment.\n  ", "\t", "\r\n  ", '\n# note "\n'])


@st.composite
def turtle(draw: st.DrawFn) -> tuple[str, list[tuple[str, ox.NamedNode | ox.Literal]]]:
    """A text in some layout, with the facts that it states of term:alpha."""
    facts = draw(FACTS)
    gap = lambda: draw(GAPS)  # noqa: E731
    text = "@prefix ex: <http://example.org/> .\n@prefix term: <https://w3id.org/contrastive-registry/term/> .\n"
    text += 'term:other ex:p "not; ours" , [ ex:q ( "(" 1 ) ] .\n'
    text += "term:alpha"
    for index, predicate in enumerate(dict.fromkeys(predicate for predicate, _ in facts)):
        verb = "a" if predicate == iri("rdf", "type") else f"<{predicate}>"
        text += (gap() + ";" if index else "") + gap() + verb + gap()
        text += draw(st.sampled_from([",", " , ", ",\n        ", " , # note c, d\n"])).join(
            str(value) for each, value in facts if each == predicate
        )
    if draw(st.booleans()):
        text += gap() + ";"
    text += gap() + "." + draw(st.sampled_from(["", "\n", " # note end", ' term:last a "x" .\n']))
    return text, facts


@settings(max_examples=300, deadline=None)
@given(
    turtle(), st.sampled_from(PREDICATES), VALUES, st.integers(0, 7), st.sampled_from(["add", "remove", "replace"])
)
def test_any_change_of_any_layout_gives_exactly_the_wanted_facts(
    written: tuple[str, list[tuple[str, ox.NamedNode | ox.Literal]]],
    predicate: str,
    value: ox.NamedNode | ox.Literal,
    chosen: int,
    what: str,
) -> None:
    text, facts = written
    old_predicate, old = facts[chosen % len(facts)]
    change = {
        "add": Change(predicate, None, value),
        "remove": Change(old_predicate, old, None),
        "replace": Change(old_predicate, old, value),
    }[what]
    after = edit(text, iri("term", "alpha"), [change])
    wanted = [fact for fact in facts if what == "add" or fact != (old_predicate, old)]
    wanted += [] if change.add is None else [(change.predicate, change.add)]
    found = ox.parse(after, format=ox.RdfFormat.TURTLE)
    mine = [(fact.predicate.value, fact.object) for fact in found if fact.subject.value == iri("term", "alpha")]
    assert set(mine) == set(wanted)
    if (change.predicate, change.add) not in [*facts, (change.predicate, None)]:
        assert after.count("# note") == text.count("# note")


FILES = [
    *(file for file in sorted((ROOT / "ontology").rglob("*.ttl")) if "results" not in file.parts),
    *sorted((ROOT / "ontology" / "results").rglob("*.ttl"))[::40],
]


@pytest.mark.parametrize("folder", sorted({file.parent for file in FILES}), ids=lambda folder: folder.name)
def test_an_edit_of_the_ontology_is_undone_to_the_byte(folder: Path) -> None:
    for file in FILES:
        if file.parent != folder:
            continue
        text = file.read_bytes().decode()
        subject, predicate, old = next(
            (fact.subject.value, fact.predicate.value, fact.object)
            for fact in ox.parse(text, format=ox.RdfFormat.TURTLE)
            if isinstance(fact.subject, ox.NamedNode) and isinstance(fact.object, ox.Literal)
        )
        for change in (
            Change(predicate, old, ox.Literal("another", language="en")),
            Change(predicate, None, english("one more")),
            Change(PREFIXES["schema"] + "abstract", None, english("new")),
        ):
            after = edit(text, subject, [change])
            assert 1 <= len(lines_changed(text, after)) <= 5
            assert edit(after, subject, [Change(change.predicate, change.add, change.remove)]) == text, file
