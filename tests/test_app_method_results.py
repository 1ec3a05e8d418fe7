"""A method's page on numbers: claims beside our results, and learning curves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from app import state
from app.claim_words import quoted
from app.claims_beside import CLAIMED, CLAIMED_ELSE, OURS, OURS_ELSE, OURS_FEW
from registry import Registry
from registry.curves import read_curve
from registry.verdict_names import READING
from tests.conftest import Explore, FileRun
from tests.exploring import run, texts
from tests.test_app_methods import codes, links
from tests.test_checks import edit
from tests.test_ledger import of


def charts(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(each.proto.spec) for each in app.get("vega_lite_chart")]


def rows(app: AppTest, place: int = 0) -> list[dict[str, Any]]:
    """All rows that a chart draws, of all its layers."""
    proto = app.get("vega_lite_chart")[place].proto
    tables = [convert_arrow_bytes_to_pandas_df(each.data.data) for each in proto.datasets]
    return [row for table in tables for row in table.to_dict("records")]


def marks(app: AppTest, kind: str, place: int = 0) -> list[float]:
    return sorted({row["value"] for row in rows(app, place) if row.get("kind") == kind})


@pytest.fixture
def three_runs(file_run: FileRun) -> list[Path]:
    return [file_run(correct, seed=seed) for seed, correct in enumerate((598, 600, 602))]


# Claims


def test_what_is_compared_is_joined_and_the_rest_is_not(
    explore: Explore, tiny_home: Path, three_runs: list[Path]
) -> None:
    app = explore("methods", tiny_home, method="alpha", part="Claims", on="toy_knn")
    verdicts = {each.claim.name: each for each in Registry.open(tiny_home).verdicts("alpha")}
    here = [each for each in verdicts.values() if each.claim.benchmark == "toy_knn"]
    compared = [each for each in here if each.verdict in ("reproduced", "above", "below")]
    assert compared
    assert marks(app, CLAIMED) == sorted({each.claim.value for each in compared})
    others = {each.claim.value for each in here if each not in compared}
    assert marks(app, CLAIMED_ELSE) == sorted(others)
    assert marks(app, OURS) == [pytest.approx(60.0)]
    joined = [row for row in rows(app) if "claimed" in row]
    assert {row["row"] for row in joined} == {f"claim {each.claim.name}" for each in compared}
    low = {round(row["low"], 6) for row in rows(app) if row.get("kind") == OURS}
    assert low == {round(compared[0].ours.low, 6)}  # type: ignore[union-attr, arg-type]


def test_every_claim_stands_in_the_table_with_its_reason(
    explore: Explore, tiny_home: Path, three_runs: list[Path]
) -> None:
    table = explore("methods", tiny_home, method="alpha", part="Claims", on="toy_knn").dataframe[0].value
    here = {each.claim.name: each for each in Registry.open(tiny_home).verdicts("alpha")}
    assert set(table["name"]) == {name for name, each in here.items() if each.claim.benchmark == "toy_knn"}
    for _, row in table.iterrows():
        verdict = here[row["name"]]
        assert (row["verdict"], row["why"], row["claimed"]) == (
            verdict.verdict,
            verdict.reason,
            quoted(verdict.claim),
        )


def test_what_keeps_claims_apart_is_said_below_the_title(
    explore: Explore, tiny_home: Path, three_runs: list[Path]
) -> None:
    shown = texts(explore("methods", tiny_home, method="alpha", part="Claims", on="far_knn"))
    assert "1 of 1 claims are not compared\\. What differs\\: data set \\(1\\)" in shown


def test_results_under_other_conditions_are_grey_and_say_where(
    explore: Explore, tiny_home: Path, three_runs: list[Path]
) -> None:
    app = explore("methods", tiny_home, method="alpha", part="Claims", on="far_knn")
    assert marks(app, OURS_ELSE) == [pytest.approx(60.0)]
    assert "nearest of ours: alpha-toy on toy_knn (synthetic data) · 60.00 %, n = 3" in {
        row.get("label") for row in rows(app)
    }
    assert not marks(app, OURS)


def test_fewer_than_three_seeds_are_drawn_as_such_and_never_compared(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    file_run(600)
    app = explore("methods", tiny_home, method="alpha", part="Claims", on="toy_knn")
    assert marks(app, OURS_FEW) == [pytest.approx(60.0)]
    assert not marks(app, OURS)
    assert not marks(app, CLAIMED)


def test_a_stated_spread_is_drawn(explore: Explore, tiny_home: Path, three_runs: list[Path]) -> None:
    edit(tiny_home, "claims/alpha-spread.ttl", "reg:locator", "reg:statedSpread 1.0 ; reg:locator")
    app = explore("methods", tiny_home, method="alpha", part="Claims", on="toy_knn")
    mark = next(row for row in rows(app) if row.get("row") == "claim alpha-spread" and row["value"] == 61)
    assert (mark["low"], mark["high"]) == (60.0, 62.0)
    assert "± 1.0" in mark["told"]


def test_a_claim_that_cannot_be_judged_is_not_missed(
    explore: Explore, tiny_home: Path, add: Callable[[str], None]
) -> None:
    add(of("odd", benchmark="nowhere"))
    app = explore("methods", tiny_home, method="alpha", part="Claims")
    assert "1 claim without a verdict" in [each.label for each in app.expander]
    assert "claim=odd" in [link.proto.query_string for link in app.get("page_link")]


def test_a_reading_is_compared_with_nothing(explore: Explore, registry: Registry) -> None:
    for method in (each for each in registry.methods() if each.reading):
        app = explore("methods", method=method.name, part="Claims")
        assert f"Ours is {READING}" in texts(app)
        assert not [
            row for chart in range(len(charts(app))) for row in rows(app, chart) if row.get("kind") == CLAIMED
        ]


def test_pictures_are_few_until_a_benchmark_is_chosen(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v2", part="Claims")
    assert len(charts(app)) == 4
    groups = {(each.claim.benchmark, each.claim.unit) for each in registry.verdicts("moco_v2")}
    ours = {(each.benchmark.name, "%") for each in registry.evidence("moco_v2").places if each.result}
    assert len(app.dataframe[0].value) == len(groups | ours) - 4
    app.selectbox(key="on").set_value("imagenet1k_linear")
    assert len(charts(run(app))) == 1
    assert app.query_params["on"] == "imagenet1k_linear"


def test_axes_carry_units_and_units_stand_apart(explore: Explore) -> None:
    for name, unit in (
        ("imagenet1k_linear", "top1 accuracy, %"),
        ("imagenet1k_linear (points)", "top1 accuracy, difference in percentage points"),
        ("cifar10_training_time (min)", ", min"),
    ):
        app = explore("methods", method="moco_v2", part="Claims", on=name)
        assert f'{unit}"' in app.get("vega_lite_chart")[0].proto.spec


def test_a_benchmark_without_claims_or_results_says_so(explore: Explore) -> None:
    app = explore("methods", method="moco_v2", part="Claims", on="shapes_finetune")
    assert "neither a claim nor a result of it on shapes\\_finetune" in texts(app)
    assert "Did you mean cifar10\\_knn" in texts(explore("methods", method="moco_v2", part="Claims", on="cifar10_kn"))


def test_a_method_that_nobody_speaks_of_says_so(explore: Explore, tiny_home: Path) -> None:
    assert "Nobody claims a number of Gamma here" in texts(
        explore("methods", tiny_home, method="gamma", part="Claims")
    )


def test_synthetic_data_are_said(explore: Explore) -> None:
    assert "\\(synthetic data\\)" in texts(explore("methods", method="moco_v2", part="Claims", on="shapes_knn"))


# Curves


def test_curves_are_those_of_the_runs_that_count(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v2", part="Curves", recipe="moco_v2-shapes")
    runs = [each for each in registry.runs("moco_v2", "shapes_knn") if registry.why_not_ranked(each) is None]
    expected = {
        (each.name, point.epoch, point.loss) for each in runs for point in read_curve(registry.graph, each.name)
    }
    assert {(row["run"], row["epoch"], row["value"]) for row in rows(app)} == expected
    assert {row["seed"] for row in rows(app)} == {str(each.seed) for each in runs}
    assert "on synthetic data" in texts(app)


def test_runs_that_do_not_count_are_drawn_when_asked_for(explore: Explore, registry: Registry) -> None:
    app = explore("methods", method="moco_v2", part="Curves", recipe="moco_v2-shapes")
    before = {row["run"] for row in rows(app)}
    app.toggle[0].set_value(True)
    after = {row["run"] for row in rows(run(app))}
    assert after == {each.name for each in registry.runs("moco_v2", "shapes_knn")}
    assert before < after
    assert "the recipe has changed since" in str(links(app))


@pytest.mark.parametrize(
    ("quantity", "column", "title"),
    [
        ("embedding spread", "embedding_spread", "embedding spread (0 to 1)"),
        ("learning rate", "learning_rate", "learning rate"),
        ("false negative share", "false_negative_share", "false negatives (0 to 1)"),
    ],
)
def test_any_quantity_can_be_asked_for(
    explore: Explore, registry: Registry, quantity: str, column: str, title: str
) -> None:
    app = explore("methods", method="moco_dual_view", part="Curves", quantity=quantity)
    first = rows(app)[0]
    points = {point.epoch: point for point in read_curve(registry.graph, first["run"])}
    assert first["value"] == getattr(points[first["epoch"]], column)
    assert title in app.get("vega_lite_chart")[0].proto.spec


def test_the_buttons_of_the_quantity_change_the_address(explore: Explore) -> None:
    app = explore("methods", method="moco_v2", part="Curves")
    app.button_group[0].set_value("learning rate")
    assert run(app).query_params["quantity"] == "learning rate"
    app.button_group[0].set_value("loss")
    assert "quantity" not in run(app).query_params


def test_a_quantity_that_nobody_recorded_says_so(explore: Explore) -> None:
    app = explore("methods", method="moco_v2", part="Curves", quantity="false negative share")
    assert not charts(app)
    assert "No false negative share is recorded of" in texts(app)


def test_a_curve_that_is_gone_or_changed_is_told_and_the_others_are_drawn(
    explore: Explore, tiny_home: Path, three_runs: list[Path]
) -> None:
    three_runs[0].with_suffix(".csv").unlink()
    three_runs[1].with_suffix(".csv").write_text("epoch,loss\n1,99\n")
    app = explore("methods", tiny_home, method="alpha", part="Curves")
    assert [row["run"] for row in rows(app)] == [three_runs[2].stem]
    told = [each.value for each in app.warning]
    assert len(told) == 2
    assert any("cannot be read" in each for each in told)
    assert any("its sha256 differs" in each for each in told)


def test_a_seed_that_was_run_twice_has_a_line_for_each(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    first, second = file_run(500), file_run(510)
    app = explore("methods", tiny_home, method="alpha", part="Curves", all="true")
    assert {row["seed"] for row in rows(app)} == {f"0 ({first.stem[-6:]})", f"0 ({second.stem[-6:]})"}


def test_a_method_without_runs_says_how_to_make_one(explore: Explore, tiny_home: Path) -> None:
    app = explore("methods", tiny_home, method="beta", part="Curves")
    assert "Nobody has run Beta yet" in texts(app)
    assert codes(app) == ["registry run-benchmark beta --on toy_knn"]


def test_a_recipe_without_runs_says_how_to_make_one(
    explore: Explore, tiny_home: Path, three_runs: list[Path]
) -> None:
    app = explore("methods", tiny_home, method="alpha", part="Curves", recipe="alpha-toy-symmetric")
    assert "Nobody has run this recipe yet" in texts(app)
    assert codes(app) == ["registry run-benchmark alpha --on toy_knn --recipe symmetric"]


def test_failed_runs_alone_do_not_count(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Failed")
    app = explore("methods", tiny_home, method="alpha", part="Curves")
    assert "No run of this recipe counts yet" in texts(app)
    app.toggle[0].set_value(True)
    assert len(rows(run(app))) == 1


def test_runs_of_a_recipe_that_is_gone_are_told(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(500, method="beta")
    text = (tiny_home / "ontology" / "methods" / "beta.ttl").read_text()
    (tiny_home / "ontology" / "methods" / "beta.ttl").write_text(text[: text.index("recipe:beta-toy a")])
    state.keeper.clear()
    app = explore("methods", tiny_home, method="beta", part="Curves")
    assert "recipes that are no longer there" in texts(app)


def test_a_benchmark_that_is_gone_hides_no_curve(explore: Explore, tiny_home: Path, three_runs: list[Path]) -> None:
    (tiny_home / "ontology" / "benchmarks" / "toy_knn.ttl").unlink()
    state.keeper.clear()
    app = explore("methods", tiny_home, method="alpha", part="Curves", all="true")
    assert {row["run"] for row in rows(app)} == {each.stem for each in three_runs}
    for part in ("Claims", "Recipes", "Run it"):
        explore("methods", tiny_home, method="alpha", part=part)
