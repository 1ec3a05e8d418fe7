"""The terms page: the taxonomy as a picture and as a tree, and what sources say against it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from app import network
from registry import Registry
from registry.families import methods_in_dispute, taxonomy
from tests.conftest import Explore
from tests.exploring import run, texts
from tests.exploring_terms import Add, asked, button, edges, links, nodes, picture, rows, shown_of

# The taxonomy as a picture


def test_the_picture_is_the_taxonomy(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home)
    assert {name: (node["label"], node["name"]) for name, node in nodes(app).items()} == {
        "term:contrast": ("Disputed term", "Contrast"),
        "term:craft": ("Term", "Craft"),
        "term:infonce": ("Term", "InfoNCE loss"),
        "term:learning": ("Term", "Learning"),
    }
    assert edges(app) == {
        ("term:learning", "narrower", "term:contrast"),
        ("term:contrast", "narrower", "term:infonce"),
        ("term:contrast", "a source says", "term:craft"),
    }
    assert nodes(app)["term:contrast"]["notation"] == "AI-0001"


def test_the_picture_holds_every_term_and_method_of_ours(explore: Explore, registry: Registry) -> None:
    app = explore("terms", methods="true")
    expected = {f"term:{name}" for name in registry.graph.names("term")}
    assert set(nodes(app)) == expected | {f"method:{name}" for name in registry.graph.names("method")}
    assert nodes(app)["method:byol"]["label"] == "Disputed method"
    assert ("method:simclr", "a source says", "term:extended_reality") in edges(app)
    places = [tuple(node["position"].values()) for node in picture(app)["elements"]["nodes"]]
    assert len(set(places)) == len(places)


def test_the_widgets_choose_what_is_shown_and_stand_in_the_address(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home)
    app.toggle(key="methods").set_value(True)
    run(app)
    assert "method:alpha" in nodes(app)
    assert asked(app)["methods"] == "true"
    app.selectbox(key="below").set_value("contrast")
    run(app)
    assert set(nodes(app)) == {
        *("term:contrast", "term:infonce", "term:craft"),
        *("method:alpha", "method:beta", "method:gamma"),
    }
    assert nodes(app)["term:craft"]["label"] == "Term named by a source"
    app.toggle(key="disputed").set_value(True)
    run(app)
    assert set(nodes(app)) == {"term:contrast", "term:craft"}
    assert asked(app) == {"methods": "true", "below": "contrast", "disputed": "true"}
    app.toggle(key="disputed").set_value(False)
    run(app)
    assert "disputed" not in asked(app)


def test_the_address_chooses_what_is_shown(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home, below="AI-0001", disputed="true", methods="true")
    assert set(nodes(app)) == {"term:contrast", "term:craft"}
    assert app.selectbox(key="below").value == "contrast"
    none = explore("terms", tiny_home, below="infonce", disputed="true")
    assert "No source contradicts" in texts(none)


def test_an_unknown_term_on_top_is_told_with_the_nearest(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home, below="contrasd")
    assert "There is no term contrasd" in texts(app)
    assert "Did you mean Contrast?" in texts(app)
    assert len(nodes(app)) == 4


def test_a_large_taxonomy_is_cut_and_says_what_is_left_out(explore: Explore, tiny_home: Path, add: Add) -> None:
    many = (f"term:t{number} a skos:Concept ; skos:broader term:t{(number - 1) // 4} ." for number in range(1, 2_000))
    add("term:t0 a skos:Concept ." + "".join(many))
    app = explore("terms", tiny_home, methods="true")
    assert len(nodes(app)) <= network.LIMIT
    shown = len([node for node in nodes(app).values() if node["label"] != "Term named by a source"])
    assert f"The picture shows {shown} of 2,007" in texts(app)
    assert "the tree has all of them" in texts(app)
    below = explore("terms", tiny_home, below="t100")
    assert "The picture shows" not in texts(below)
    assert len(nodes(below)) == 21
    # A tree of so many rows is taken apart, so that it is not drawn as one thin strip.
    high = [node["position"] for node in picture(app)["elements"]["nodes"]]
    assert max(place["y"] for place in high) < 2 * max(place["x"] for place in high)


def test_contradictions_are_listed_and_explained(explore: Explore, registry: Registry) -> None:
    app = explore("terms")
    assert "Nothing is settled in silence" in texts(app)
    disputed = [concept for concept in taxonomy(registry.graph) if concept.disputed]
    expected = len(disputed) + len(methods_in_dispute(registry.graph))
    assert f"{expected} of these terms and methods" in texts(app)
    assert {links(app)[label] for label in ("Momentum Contrast", "SimCLR")} == {
        "terms?term=momentum_contrast",
        "methods?method=simclr",
    }


def test_many_contradictions_stand_in_a_table(explore: Explore, tiny_home: Path, add: Add) -> None:
    add("".join(f"term:t{n} a skos:Concept ; reg:assertion [ rdfs:subClassOf term:craft ] ." for n in range(20)))
    app = explore("terms", tiny_home)
    assert len(app.dataframe[0].value) == 21


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_groups_differ_in_more_than_colour(theme: str) -> None:
    looks = [style.dump() for style in network.styles(dark=theme == "dark")]
    colours = {"background-color", "line-color", "target-arrow-color", "color"}
    without = [
        json.dumps({key: value for key, value in look["style"].items() if key not in colours}) for look in looks
    ]
    assert len(set(without)) == len(without)
    assert all(str(look["selector"]).count("'") == 2 for look in looks)


# The node that was selected


def test_what_the_browser_sends_back_is_one_of_our_nodes_or_nothing(tiny_home: Path) -> None:
    shown = shown_of(tiny_home)
    good = {"action": "selected", "data": {"type": "tap", "target_id": "method:alpha", "target_group": "nodes"}}
    assert network.answered(shown, good) == ("method", "alpha")
    for bad in (
        *(None, "method:alpha", 3, [], {}, {"data": None}, {"data": "x"}, {"data": {}}, {"data": {"target_id": 1}}),
        *({"data": {"target_id": ["method:alpha"]}}, {"data": {"target_id": "term:nowhere"}}, {"action": "remove"}),
        {"data": {"target_id": "<script>"}},
    ):
        assert network.answered(shown, bad) is None


def test_a_selected_node_is_told_with_a_link_to_its_page(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home, at="term:craft")
    assert links(app)["Craft \\(term\\)"] == "terms?term=craft"
    assert "What people do by hand" in texts(app)
    for wrong in ("term:nowhere", "nonsense", "<script>alert(1)</script>", "run:" + "x" * 400):
        assert "Select a node" in texts(explore("terms", tiny_home, at=wrong))


def test_the_picture_stays_as_it_is_when_a_node_is_selected(explore: Explore, tiny_home: Path) -> None:
    before, after = explore("terms", tiny_home), explore("terms", tiny_home, at="term:craft")
    assert picture(before) == picture(after)
    assert before.get("component_instance")[0].proto.id == after.get("component_instance")[0].proto.id


# Without the package


@pytest.mark.parametrize("address", [{}, {"term": "contrast"}])
def test_without_the_package_there_is_a_message_and_the_tree(
    explore: Explore, tiny_home: Path, monkeypatch: pytest.MonkeyPatch, address: dict[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, "st_link_analysis", None)
    app = explore("terms", tiny_home, **address)
    assert "pip install" in texts(app)
    assert not app.get("component_instance")
    assert "term=infonce" in " ".join(links(app).values())


# The tree


def test_the_tree_opens_level_by_level(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home, view="Tree")
    assert rows(app) == ["Learning · 1 term", "Contrast · AI\\-0001 · 1 term · sources disagree"]
    assert links(app)["Craft"] == "terms?term=craft"
    assert links(app)["InfoNCE loss"] == "terms?term=infonce"
    closed = explore("terms", tiny_home, view="Tree", open="")
    assert rows(closed) == ["Learning · 1 term"]
    assert "InfoNCE loss" not in links(closed)


def test_all_can_be_opened_and_closed_and_the_address_says_so(explore: Explore) -> None:
    app = explore("terms", view="Tree")
    before = len(rows(app))
    button(app, "Open all").click()
    run(app)
    assert asked(app)["open"] == "*"
    assert len(rows(app)) > before
    button(app, "Close all").click()
    run(app)
    assert asked(app)["open"] == ""
    assert len(rows(app)) == before


def test_graph_or_tree_stands_in_the_address(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home)
    app.button_group(key="view").set_value("Tree")
    run(app)
    assert asked(app)["view"] == "Tree"
    assert rows(app)
    assert not app.get("component_instance")
    assert explore("terms", tiny_home, view="nonsense").get("component_instance")


def test_the_tree_holds_methods_where_they_are_asked_for(explore: Explore, tiny_home: Path) -> None:
    app = explore("terms", tiny_home, view="Tree", methods="true", below="contrast")
    assert rows(app) == ["Contrast · AI\\-0001 · 1 term · 3 methods · sources disagree"]
    assert links(app)["Alpha"] == "methods?method=alpha"


def test_the_tree_is_paged_and_a_crowded_term_leads_on(explore: Explore, tiny_home: Path, add: Add) -> None:
    add("".join(f"term:t{number:03} a skos:Concept ; skos:broader term:craft ." for number in range(120)))
    add("".join(f"term:u{number:03} a skos:Concept ." for number in range(120)))
    app = explore("terms", tiny_home, view="Tree", open="craft", part="2")
    assert "u060" in links(app) and "u000" not in links(app)
    first = explore("terms", tiny_home, view="Tree", open="craft", part="nonsense")
    assert "u000" in links(first) and "t049" in links(first) and "t050" not in links(first)
    assert links(first)["70 more stand below it\\: all of them on its page"] == "terms?term=craft"


def test_a_deep_tree_goes_on_in_another(explore: Explore, tiny_home: Path, add: Add) -> None:
    chain = (f"term:c{number} a skos:Concept ; skos:broader term:c{number - 1} ." for number in range(1, 300))
    add("term:c0 a skos:Concept ." + "".join(chain))
    app = explore("terms", tiny_home, view="Tree", open="*", below="c0")
    assert links(app)["c12\\: go on from here"] == "terms?view=Tree&below=c12"


@pytest.mark.parametrize("view", ["Graph", "Tree"])
def test_terms_in_a_circle_are_told_and_shown(explore: Explore, tiny_home: Path, add: Add, view: str) -> None:
    add("term:learning skos:broader term:infonce .")
    app = explore("terms", tiny_home, view=view, open="*")
    assert "These terms stand below themselves: Contrast, InfoNCE loss, Learning" in texts(app)
    assert "stands below itself" in texts(explore("terms", tiny_home, term="contrast"))
    assert (len(nodes(app)) == 4) if view == "Graph" else ("term=infonce" in " ".join(links(app).values()))
