"""The page that sets methods side by side: what it says is what the Registry and its statistics say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from registry import Registry
from registry.comparing import changes, contrasts
from registry.tables import percent
from registry.verdict_names import READING
from tests.conftest import Explore, FileRun
from tests.exploring import HOSTILE, assert_tame, marked_up, run, texts
from tests.test_app_run import plainly
from tests.test_checks import edit

TWO = ["alpha", "beta"]


@pytest.fixture
def three_each(file_run: FileRun) -> None:
    """Three seeds of each of two methods."""
    for seed, (first, second) in enumerate(((500, 450), (520, 500), (600, 500))):
        file_run(first, seed=seed)
        file_run(second, seed=seed, method="beta")


def table(app: AppTest, column: str) -> dict[str, list[object]]:
    """The table that has a column of that name, by columns."""
    (found,) = [each.value for each in app.dataframe if column in each.value]
    return {name: list(found[name]) for name in found}


@pytest.mark.parametrize("methods", [[], ["moco_v2"]])
def test_fewer_than_two_methods_are_asked_for_more(explore: Explore, methods: list[str]) -> None:
    assert "Choose at least two methods." in texts(explore("compare", methods=methods))


def test_a_graph_without_methods_says_so(explore: Explore, bare: Path) -> None:
    assert "fewer than two methods to compare" in texts(explore("compare", bare))


def test_no_more_than_six_are_taken_from_the_address(explore: Explore, registry: Registry) -> None:
    names = [method.name for method in registry.methods()][:8]
    assert explore("compare", methods=names).multiselect[0].value == names[:6]


def test_an_unknown_method_is_told_with_the_nearest(explore: Explore) -> None:
    app = explore("compare", methods=["moco_v2", "simclrr"])
    assert "There is no method simclrr. Did you mean simclr?" in plainly(app)
    assert app.multiselect[0].value == ["moco_v2"]


@pytest.mark.usefixtures("three_each")
def test_every_pair_is_tested_as_the_statistics_say(explore: Explore, tiny_home: Path) -> None:
    shown = table(explore("compare", tiny_home, methods=TWO), "paired, 95 %")
    registry = Registry.open(tiny_home)
    (found,) = contrasts(registry.leaderboard("toy_knn").standings, {each.name: each for each in registry.runs()})
    assert shown["first"] + shown["second"] == ["alpha-toy", "beta-toy"]
    assert found.welch is not None
    assert shown["Welch, 95 %"] == [f"[{percent(found.welch.low)}, {percent(found.welch.high)}]"]
    assert shown["difference, points"] == ["5.67"]
    assert shown["paired, 95 %"] == ["[-4.37, 15.71]"]
    assert shown["paired, p"] == [0.1358]


def test_too_few_seeds_are_compared_with_nothing(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    for method in TWO:
        file_run(500, method=method)
    shown = table(explore("compare", tiny_home, methods=TWO), "paired, 95 %")
    assert shown["Welch, 95 %"] == ["fewer than 3 seeds on a side: nothing is compared"]
    assert shown["paired, 95 %"] == ["1 common seeds"]


@pytest.mark.usefixtures("three_each")
def test_default_recipes_are_compared_and_the_others_when_asked(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    for seed in range(3):
        file_run(700 + seed, seed=seed, variant="symmetric")
    app = explore("compare", tiny_home, methods=TWO)
    assert table(app, "images/s, median")["recipe"] == ["alpha-toy", "beta-toy"]
    app.toggle[0].set_value(True)
    assert table(run(app), "images/s, median")["recipe"] == ["alpha-toy-symmetric", "alpha-toy", "beta-toy"]
    assert app.query_params["all"] == "true"


@pytest.mark.usefixtures("three_each")
def test_cost_is_told_with_the_hardware(explore: Explore, tiny_home: Path) -> None:
    shown = table(explore("compare", tiny_home, methods=TWO), "images/s, median")
    runs = Registry.open(tiny_home).runs("alpha")
    assert shown["n"] == [3, 3]
    assert shown["on"] == [runs[0].device] * 2
    assert shown["images/s, median"] == [runs[0].images_per_second] * 2


def test_settings_that_differ_stand_side_by_side(explore: Explore, registry: Registry) -> None:
    shown = table(explore("compare", methods=["moco_v1", "moco_v2"], benchmark="shapes_knn"), "setting")
    both = [registry.recipe(name, "shapes_knn") for name in ("moco_v1", "moco_v2")]
    expected = changes([recipe.settings for recipe in both])
    assert shown["setting"] == [row.setting for row in expected]
    assert shown["moco_v2"] == ["none" if row.values[1] is None else str(row.values[1]) for row in expected]


def test_components_and_descent_stand_side_by_side(explore: Explore, registry: Registry) -> None:
    shown = table(explore("compare", methods=["moco_v1", "moco_v2"]), "")
    known = {method.name: method for method in registry.methods()}
    components = sorted({*known["moco_v1"].components, *known["moco_v2"].components})
    assert shown[""][: len(components)] == components
    assert shown["moco_v2"][: len(components)] == [
        "yes" if component in known["moco_v2"].components else "" for component in components
    ]
    assert dict(zip(shown[""], shown["moco_v2"], strict=True))["refines"] == "moco_v1"


def test_methods_that_share_no_benchmark_are_still_compared_in_what_they_are(explore: Explore) -> None:
    app = explore("compare", methods=["clip", "moco_v2"])
    assert "only what they are is compared" in texts(app)
    assert table(app, "")["clip"]


def test_who_has_no_run_is_named(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    assert "No run that counts here yet: beta" in plainly(explore("compare", tiny_home, methods=TWO))


def test_a_reading_is_called_one(explore: Explore) -> None:
    said = plainly(explore("compare", methods=["xmoco", "moco_v2"], benchmark="cifar10_mini_knn"))
    assert f"xmoco: {READING}" in said


def test_synthetic_data_is_called_so(explore: Explore) -> None:
    said = plainly(explore("compare", methods=["simclr", "moco_v2"], benchmark="shapes_knn"))
    assert "Synthetic data: a number here shows that a method learns" in said


def test_the_benchmark_that_is_shown_unasked_is_named(explore: Explore) -> None:
    app = explore("compare", methods=["simclr", "moco_v2"])
    placeholder = app.selectbox(key="benchmark").placeholder
    assert placeholder == "cifar10_mini_knn: CIFAR-10 mini, weighted kNN, which most of them have a recipe for"
    assert "Results on CIFAR-10 mini, weighted kNN" in plainly(app)


@pytest.mark.usefixtures("three_each")
def test_hostile_names_and_addresses_are_told_and_tame(
    explore: Explore, tiny_home: Path, add: Callable[[str], None]
) -> None:
    edit(tiny_home, "methods/alpha.ttl", '"Alpha"@en', f'"{HOSTILE}"@en')
    edit(tiny_home, "benchmarks/toy_knn.ttl", '"Toy, kNN"@en', f'"{HOSTILE}"@en')
    assert_tame(explore("compare", tiny_home, methods=TWO))
    assert_tame(explore("compare", tiny_home, methods=[*TWO, HOSTILE], benchmark=HOSTILE))
    assert "n" * 300 not in marked_up(explore("compare", tiny_home, methods=[*TWO, "n" * 300]))
