"""The methods page: the list, the family picture, and of one method what it is, its recipes, source and paper."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app import state
from app.words import setting
from registry import Registry
from registry.comparing import changes
from registry.families import all_links, refining
from registry.sources import read_source
from registry.verdict_names import READING
from tests.conftest import ROOT, Explore, FileRun
from tests.exploring import run, texts
from tests.test_checks import edit

HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "$x$",
    ":red[x]",
    "**x**",
    "![i](http://x.y/z.png)",
)
PARTS = ("About", "Recipes", "Claims", "Curves", "Departures", "Source", "Run it", "Paper")


def markup(app: AppTest) -> str:
    """Every text of the page that Streamlit reads as Markdown: what is said, and all labels."""
    labelled = [*app.tabs, *app.expander, *app.selectbox, *app.multiselect, *app.text_input, *app.toggle]
    links = [link.proto.label for link in app.get("page_link")]
    return "\n".join([texts(app), *app.subheader.values, *links, *(each.label for each in labelled)])


def links(app: AppTest) -> list[tuple[str, str]]:
    """Label and address of every link of the page."""
    found = app.get("page_link")
    return [(each.proto.label, f"{each.proto.page}?{each.proto.query_string}") for each in found]


def pictures(app: AppTest) -> list[str]:
    return [each.proto.spec for each in app.get("graphviz_chart")]


def codes(app: AppTest) -> list[str]:
    return [each.value for each in app.code]


@pytest.fixture
def say(add: Callable[[str], None]) -> Callable[[str], None]:
    """Says more of the tiny ontology, to a page as well."""

    def more(turtle: str) -> None:
        add(turtle)
        state.keeper.clear()

    return more


# The list


def test_the_list_holds_all_methods_with_what_they_are(explore: Explore, registry: Registry) -> None:
    app = explore("methods")
    rows = app.dataframe[0].value
    methods = registry.methods()
    assert list(rows["name"]) == [method.name for method in methods]
    assert list(rows["method"]) == [method.label for method in methods]
    assert dict(zip(rows["name"], rows["here"], strict=True))["xmoco"] == "runs, a reading"
    assert list(rows["here"]).count("described only") == sum(method.implementation is None for method in methods)
    assert dict(zip(rows["name"], rows["year"], strict=True))["moco_v1"] == "2019"
    assert f"**{len(methods)}** methods" in texts(app)


def test_the_list_is_searched_with_typing_errors(explore: Explore, registry: Registry) -> None:
    app = explore("methods", words="momentun")
    assert "momentun is read as momentum" in texts(app)
    hits = registry.search("momentun", ("method",), limit=100).hits
    assert list(app.dataframe[0].value["name"]) == [hit.name for hit in hits]


def test_the_list_is_filtered_by_what_runs(explore: Explore, registry: Registry) -> None:
    runs = {method.name for method in registry.methods() if method.implementation}
    readings = {method.name for method in registry.methods() if method.reading}
    app = explore("methods", show="Runs here")
    assert set(app.dataframe[0].value["name"]) == runs
    app = explore("methods", show="Readings")
    assert set(app.dataframe[0].value["name"]) == readings & runs
    app = explore("methods", show="Described only")
    assert not set(app.dataframe[0].value["name"]) & runs


def test_the_list_is_filtered_by_components_and_by_whom_methods_refine(explore: Explore, registry: Registry) -> None:
    app = explore("methods", component="key_queue", refines="moco_v2")
    line = refining(all_links(registry.methods()), "moco_v2") | {"moco_v2"}
    with_queue = {method.name for method in registry.methods() if "key_queue" in method.components}
    assert set(app.dataframe[0].value["name"]) == line & with_queue
    app.multiselect[0].set_value(["key_queue", "dual_view_loss"])
    assert list(run(app).dataframe[0].value["name"]) == ["moco_dual_view"]


def test_the_boxes_of_the_list_change_it(explore: Explore) -> None:
    app = explore("methods")
    app.text_input[0].set_value("barlow")
    assert run(app).dataframe[0].value["name"][0] == "barlow_twins"
    app.selectbox(key="method").set_value("barlow_twins")
    assert run(app).title[0].value == "Barlow Twins"
    assert app.query_params["method"] == "barlow_twins"


def test_a_filter_that_leaves_nothing_says_so(explore: Explore) -> None:
    app = explore("methods", words="zzzzzzzzzz")
    assert "No method is left" in texts(app)
    assert not app.dataframe


def test_unknown_names_of_filters_are_told_with_the_nearest(explore: Explore) -> None:
    said = texts(explore("methods", component="key_quee", refines="moco_v22"))
    assert "no component key\\_quee\\. Did you mean key\\_queue" in said or "Did you mean key\\_queue" in said
    assert "Did you mean moco\\_v2" in said


def test_an_unknown_method_is_told_with_a_way_to_the_nearest(explore: Explore) -> None:
    app = explore("methods", method="xmocco")
    assert "There is no method xmocco" in texts(app)
    assert ("Go to xmoco", "methods?method=xmoco") in links(app)
    assert len(app.dataframe[0].value) > 40


def test_the_family_picture_has_every_method_with_kin(explore: Explore, registry: Registry) -> None:
    (picture,) = pictures(explore("methods", view="Family"))
    found = all_links(registry.methods())
    assert picture.count(" -> ") == len(found)
    assert 'label="MoCo v2"' in picture
    assert 'URL="?method=moco_v2"' in picture


def test_the_family_picture_is_told_in_words(explore: Explore) -> None:
    assert "MoCo v2 refines MoCo v1; borrows from SimCLR" in texts(explore("methods", view="Family"))


def test_the_family_picture_of_strangers_says_that_there_is_none(explore: Explore) -> None:
    assert "None of these methods refines another" in texts(explore("methods", view="Family", words="tico", show="x"))


def test_an_empty_graph_says_how_to_begin(explore: Explore, bare: Path) -> None:
    app = explore("methods", bare)
    assert "The graph holds no method yet" in texts(app)
    assert "The graph holds no method yet" in texts(explore("methods", bare, method="moco_v2", part="Claims"))


# One method


@pytest.mark.parametrize("method", ["moco_v2", "moco_dual_view", "simco", "mae"])
def test_every_part_of_a_method_is_shown(explore: Explore, method: str) -> None:
    app = explore("methods", method=method)
    assert [tab.label for tab in app.tabs] == list(PARTS)
    for part in PARTS:
        app.query_params["part"] = part
        assert run(app).session_state["part"] == part


def test_a_part_that_nobody_knows_is_the_first(explore: Explore) -> None:
    assert explore("methods", method="moco_v2", part="Nonsense").session_state["part"] == "About"


def test_a_method_says_what_it_is_and_whom_it_comes_from(explore: Explore) -> None:
    app = explore("methods", method="moco_v2")
    assert app.title[0].value == "MoCo v2"
    assert "Runs here" in texts(app)
    assert READING not in texts(app)
    found = links(app)
    assert ("Compare with MoCo v1", "compare?methods=moco_v1&methods=moco_v2") in found
    assert ("AI\\-0284 Momentum Contrast", "terms?term=momentum_contrast") in found
    assert ("Machine Learning", "terms?term=machine_learning") in found
    assert ("MoCo v1", "methods?method=moco_v1") in found
    assert ("SimCLR", "methods?method=simclr") in found
    assert ("Key queue", "terms?term=key_queue") in found
    (picture,) = pictures(app)
    assert 'label="MoCo v1"' in picture
    assert any("exp(q.k+ / tau)" in each for each in codes(app))


def test_a_loan_from_a_paper_without_a_method_leads_to_the_paper(explore: Explore) -> None:
    found = links(explore("methods", method="mae"))
    assert any(address == "terms?subject=paper%3Adosovitskiy2020_vit" for _, address in found)


def test_a_reading_says_so_with_its_open_questions(explore: Explore, registry: Registry) -> None:
    for method in (each for each in registry.methods() if each.reading):
        said = texts(explore("methods", method=method.name))
        assert READING.capitalize() in said
        questions = registry.describe(f"method:{method.name}").facts["open question"]
        assert said.count("\n- ") >= len(questions)


def test_a_described_method_says_that_nothing_runs(explore: Explore) -> None:
    assert "Described only" in texts(explore("methods", method="tico"))
    assert "neither" not in texts(explore("methods", method="tico"))
    assert "refines nothing, borrows nothing" in texts(explore("methods", method="tico"))
    assert "no implementation here" in texts(explore("methods", method="tico", part="Source"))
    assert "cannot be run here" in texts(explore("methods", method="tico", part="Run it"))
    assert "no recipe" in texts(explore("methods", method="tico", part="Recipes"))


# Recipes


def test_a_recipe_stands_beside_that_of_the_parent(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v2", part="Recipes", recipe="moco_v2-cifar10_mini")
    table = app.dataframe[0].value
    parent, own = (registry.recipe(name, "cifar10_mini_knn").settings for name in ("moco_v1", "moco_v2"))
    expected = changes([parent, own])
    assert list(table["setting"]) == [change.setting for change in expected]
    assert list(table["moco_v1"]) == [setting(change.values[0]) for change in expected]
    assert list(table["moco_v2"]) == [setting(change.values[1]) for change in expected]


def test_variants_stand_beside_one_another(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v2", part="Recipes", recipe="moco_v2-cifar10_mini")
    table = app.dataframe[1].value
    mine = [each for each in registry.recipes("moco_v2") if "cifar10_mini_knn" in each.benchmarks]
    assert list(table["recipe"]) == [each.variant or "default" for each in mine]
    assert set(table.columns) == {"recipe", *(change.setting for change in changes([each.settings for each in mine]))}


def test_a_parent_without_a_recipe_there_is_passed_over(explore: Explore, tiny_home: Path) -> None:
    beta = tiny_home / "ontology" / "methods" / "beta.ttl"
    beta.write_text(beta.read_text().replace("reg:ofMethod method:beta", "reg:ofMethod method:gamma"))
    app = explore("methods", tiny_home, method="gamma", part="Recipes")
    assert "Beside **alpha\\-toy** on toy\\_knn" in texts(app)
    assert list(app.dataframe[0].value["setting"]) == ["head", "temperature"]
    assert list(app.dataframe[0].value["alpha"]) == ["linear", "0.2"]


def test_a_recipe_of_another_method_in_the_address_is_forgotten(explore: Explore) -> None:
    app = explore("methods", method="moco_v1", part="Recipes", recipe="moco_v2-shapes")
    assert "recipe" not in app.query_params
    assert "There is no recipe" not in texts(app)


def test_an_unknown_recipe_is_told_with_the_nearest(explore: Explore) -> None:
    said = texts(explore("methods", method="moco_v2", part="Recipes", recipe="moco_v2-shape"))
    assert "Did you mean moco\\_v2\\-shapes" in said


# Departures, source, commands, paper


def test_departures_are_those_of_the_method_and_of_each_recipe(explore: Explore, registry: Registry) -> None:
    shown = texts(explore("methods", method="moco_dual_view", part="Departures"))
    method = registry.method("moco_dual_view")
    departing = [recipe for recipe in registry.recipes("moco_dual_view") if recipe.departures]
    assert shown.count("\n- ") + shown.count("\n\n- ") >= len(method.departures) - 1
    for recipe in departing:
        assert recipe.name.replace("_", "\\_").replace("-", "\\-") in shown


def test_the_source_is_that_of_the_pointer(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_dual_view", part="Source")
    pointer = registry.method("moco_dual_view").implementation
    assert pointer is not None
    source = read_source(pointer)
    assert codes(app) == [pointer, source.text.strip()] or codes(app) == [pointer, source.text]
    assert f"lines {source.first} to {source.last}" in texts(app)
    assert "Unlike the paper" in texts(app)


@pytest.mark.parametrize("pointer", ["os.path:join", "/etc/passwd:x", "reference_impl.gone:Away", "<script>"])
def test_a_pointer_to_anything_else_shows_no_file(explore: Explore, tiny_home: Path, pointer: str) -> None:
    edit(tiny_home, "methods/beta.ttl", "reference_impl.moco:MoCo", pointer)
    app = explore("methods", tiny_home, method="beta", part="Source")
    assert "The source cannot be shown" in texts(app)
    assert codes(app) == [pointer]


def test_there_is_a_command_for_every_recipe_and_runnable_benchmark(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v2", part="Run it")
    pairs = [(each, name) for each in registry.recipes("moco_v2") for name in each.benchmarks]
    runnable = [(each, name) for each, name in pairs if registry.benchmark(name).runnable]
    assert len(codes(app)) == len(runnable)
    assert "registry run-benchmark moco_v2 --on shapes_knn --seed 0 --seed 1 --seed 2" in codes(app)
    app = explore("methods", method="moco_v2", part="Run it", recipe="moco_v2-cifar10-symmetric")
    beginning = "registry run-benchmark moco_v2 --on cifar10_knn --recipe symmetric "
    assert codes(app)[0].startswith(beginning)
    assert len(codes(app)) == 2


def test_commands_hold_no_more_than_names(explore: Explore, tiny_home: Path) -> None:
    edit(tiny_home, "methods/alpha.ttl", 'variantName "symmetric"', 'variantName "x; rm -rf ~ $(id)"')
    found = codes(explore("methods", tiny_home, method="alpha", part="Run it"))
    assert (
        "registry run-benchmark alpha --on toy_knn --recipe 'x; rm -rf ~ $(id)' --seed 0 --seed 1 --seed 2" in found
    )


def test_the_paper_has_authors_date_links_and_bibtex(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v1", part="Paper")
    assert "He, Kaiming; Fan, Haoqi" in texts(app).replace("\\", "")
    assert "2019-11-13" in texts(app).replace("\\", "")
    outside = [each.proto.page for each in app.get("page_link") if each.proto.external]
    assert outside == ["https://arxiv.org/abs/1911.05722", "https://doi.org/10.1109/CVPR42600.2020.00975"]
    assert registry.export("bibtex", "he2019_moco").strip() in [each.strip() for each in codes(app)]


def test_an_address_that_runs_something_is_no_link(
    explore: Explore, tiny_home: Path, say: Callable[[str], None]
) -> None:
    say('paper:ada1843 fabio:hasURL "javascript:alert(1)", "file:///etc/passwd", "https://a.b/c" .')
    app = explore("methods", tiny_home, method="alpha", part="Paper")
    assert [each.proto.page for each in app.get("page_link") if each.proto.external] == ["https://a.b/c"]


def test_a_method_without_a_paper_says_so(explore: Explore, tiny_home: Path) -> None:
    edit(tiny_home, "methods/alpha.ttl", "reg:introducedIn paper:ada1843 ;", "")
    assert "names no paper" in texts(explore("methods", tiny_home, method="alpha", part="Paper"))


def test_a_parent_or_a_paper_without_a_file_is_not_called_none(explore: Explore, tiny_home: Path) -> None:
    (tiny_home / "ontology" / "methods" / "alpha.ttl").unlink()
    (tiny_home / "ontology" / "papers" / "ada1843.ttl").unlink()
    assert "It refines alpha, of which there is no file" in texts(explore("methods", tiny_home, method="beta"))
    said = texts(explore("methods", tiny_home, method="beta", part="Paper"))
    assert "It was introduced in ada1843, of which there is no file" in said


# What the graph may hold


def test_texts_of_the_graph_are_never_markup(
    explore: Explore, tiny_home: Path, say: Callable[[str], None], file_run: FileRun
) -> None:
    text = " ".join(HOSTILE)
    for seed in range(3):
        file_run(500 + seed, seed=seed)
    edit(tiny_home, "methods/alpha.ttl", '"Alpha"@en', f'"{text}"@en')
    edit(tiny_home, "methods/alpha.ttl", '"The first."@en', f'"{text}"@en')
    edit(tiny_home, "papers/ada1843.ttl", '"Notes"@en', f'"{text}"@en')
    edit(tiny_home, "terms/contrast.ttl", '"Contrast"@en', f'"{text}"@en')
    edit(tiny_home, "terms/infonce.ttl", '"InfoNCE loss"@en', f'"{text}"@en')
    edit(tiny_home, "benchmarks/toy_knn.ttl", '"Toy, kNN"@en', f'"{text}"@en')
    edit(tiny_home, "claims/alpha-near.ttl", '"alpha-near"@en', f'"{text}"@en')
    edit(tiny_home, "methods/alpha.ttl", 'variantName "symmetric"', f'variantName "{text}"')
    say(
        f'method:alpha reg:openQuestion "{text}" ; reg:differsFromPaper "{text}" ; skos:altLabel "{text}" ; '
        f'rdfs:comment "{text}" ; reg:formula "{text}" ; reg:borrowsFrom paper:other .'
        f'recipe:alpha-toy reg:differsFromPaper "{text}" . '
        f'paper:other a schema:ScholarlyArticle ; dcterms:title "{text}" ; reg:authors ( "{text}" ) .'
    )
    app = explore("methods", tiny_home, method="alpha")
    for part in PARTS:
        app.query_params["part"] = part
        shown = markup(run(app))
        assert not [each for each in HOSTILE if each in shown], part
    shown = markup(explore("methods", tiny_home, view="Family", words=text))
    assert not [each for each in HOSTILE if each in shown]
    shown = markup(explore("methods", tiny_home, method=text, component=text, refines=text))
    assert not [each for each in HOSTILE if each in shown]


def test_names_of_any_length_and_letters_are_shown(
    explore: Explore, tiny_home: Path, say: Callable[[str], None]
) -> None:
    long, odd = "m" * 300, "x'(y)$z&;q=1+2,@!*"
    address = "https://w3id.org/contrastive-registry/method/"
    body = f'a mls:Algorithm ; skos:prefLabel "{long}" ; skos:definition "{long} {long}" ; skos:broader term:contrast'
    say(f"<{address}{long}> {body} . <{address}{odd}> {body} ; reg:variantOf <{address}{long}> .")
    for name in (long, odd):
        app = explore("methods", tiny_home, method=name)
        for part in PARTS:
            app.query_params["part"] = part
            assert run(app).title[0].value.startswith("mmmmm")
        assert len(app.title[0].value) <= 130
    assert len(explore("methods", tiny_home).dataframe[0].value) == 5


def test_thousands_of_methods_are_listed_and_the_weightiest_drawn(
    explore: Explore, tiny_home: Path, say: Callable[[str], None]
) -> None:
    made = (
        f'method:m{number} a skos:Concept, mls:Algorithm ; skos:prefLabel "M {number}" ; '
        f'skos:definition "It." ; skos:broader term:contrast ; reg:variantOf method:m{number // 3} .\n'
        for number in range(1, 2000)
    )
    say("".join(made))
    app = explore("methods", tiny_home, view="Family")
    (picture,) = pictures(app)
    assert picture.count("label=") == 80
    assert "are not drawn" in texts(app)
    app = explore("methods", tiny_home, method="m1")
    assert pictures(app)[0].count("label=") == 40
    assert "more distant relatives are not drawn" in texts(app)


def test_a_circle_of_refinements_is_drawn_as_one(
    explore: Explore, tiny_home: Path, say: Callable[[str], None]
) -> None:
    say("method:alpha reg:variantOf method:gamma .")
    app = explore("methods", tiny_home, method="alpha")
    assert pictures(app)[0].count(" -> ") == 3
    app.query_params["part"] = "Recipes"
    assert "Beside **beta\\-toy**" in texts(run(app))


def test_the_page_of_this_checkout_needs_no_pytorch() -> None:
    script = (
        "import sys; from tests.exploring import opened\n"
        "opened('methods', method='moco_v2', part='Source')\nassert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True)
