"""The leaderboard page: what it shows is what the Registry says, filtered by what stands in its address."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.standings import MARKS
from registry import Registry
from registry.verdict_names import READING
from tests.conftest import PROVENANCE, Explore, FileRun
from tests.exploring import HOSTILE, assert_tame, marked_up, run, texts
from tests.test_app_method_results import rows
from tests.test_app_run import plainly
from tests.test_checks import edit

MINI = "cifar10_mini_knn"


def recipes(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["recipe"])


def test_the_table_is_the_ranking(explore: Explore, registry: Registry) -> None:
    table = explore("leaderboard", benchmark=MINI).dataframe[0].value
    board = registry.leaderboard(MINI)
    assert list(table["recipe"]) == [standing.recipe for standing in board.standings]
    for column, value in (
        ("mean, %", "mean"),
        ("sd, points", "sd"),
        ("from, %", "low"),
        ("to, %", "high"),
        ("n", "n"),
    ):
        assert list(table[column]) == pytest.approx([getattr(each.result, value) for each in board.standings])
    assert list(table["gain, points"]) == pytest.approx(
        [each.result.mean - each.untrained for each in board.standings]
    )


def test_every_run_that_counts_is_drawn(explore: Explore, registry: Registry) -> None:
    drawn = {row["run"] for row in rows(explore("leaderboard", benchmark=MINI)) if "run" in row}
    assert drawn == {name for each in registry.leaderboard(MINI).standings for name in each.runs}


def test_what_the_marks_mean_and_who_is_a_reading_is_told(explore: Explore) -> None:
    said = plainly(explore("leaderboard", benchmark=MINI))
    assert MARKS in said
    assert f"moco_dual_view, xmoco: {READING}." in said


def test_synthetic_data_is_called_so(explore: Explore) -> None:
    assert "Synthetic data" in texts(explore("leaderboard", benchmark="shapes_knn"))
    assert "Synthetic data" not in texts(explore("leaderboard", benchmark=MINI))


def test_nothing_chosen_offers_those_that_run_here_first(explore: Explore, registry: Registry) -> None:
    app = explore("leaderboard")
    runnable = sorted(each.name for each in registry.benchmarks() if each.runnable)
    assert [link.proto.query_string for link in app.get("page_link")][: len(runnable)] == [
        f"benchmark={name}" for name in runnable
    ]


def test_an_unknown_benchmark_is_told_with_the_nearest(explore: Explore) -> None:
    assert "Did you mean cifar10\\_mini\\_knn" in texts(explore("leaderboard", benchmark="cifar10_mini_kn"))


def test_an_empty_graph_says_that_it_is(explore: Explore, bare: Path) -> None:
    assert "The graph holds no benchmark yet" in texts(explore("leaderboard", bare))


def test_nobody_ran_says_how_to_be_the_first_or_that_it_cannot_be_run(explore: Explore, registry: Registry) -> None:
    described = next(each.name for each in registry.benchmarks() if not each.runnable)
    assert "It is described only" in texts(explore("leaderboard", benchmark=described))
    app = explore("leaderboard", benchmark="cifar10_knn")
    assert "Nobody has run a method on it yet" in texts(app)
    assert app.code[0].value == "registry run-benchmark METHOD --on cifar10_knn"


def test_single_runs_are_marked_and_take_no_rank(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(3):
        file_run(500 + seed, seed=seed)
    file_run(900, method="beta")
    app = explore("leaderboard", tiny_home, benchmark="toy_knn")
    table = app.dataframe[0].value.set_index("recipe")
    assert table.loc["alpha-toy", "rank"] == 1
    assert table.loc["beta-toy", ["rank", "sd, points", "from, %"]].isna().all()
    assert "single run" in table.loc["beta-toy", "remark"]
    assert {row["kind"] for row in rows(app) if row.get("recipe") == "beta-toy" and "kind" in row} == {
        "fewer than 3 seeds"
    }


@pytest.mark.parametrize(
    ("key", "value", "left"),
    [
        ("recipe", "beta-toy", ["beta-toy"]),
        ("device", "another", ["beta-toy"]),
        ("code", "f" * 12, ["beta-toy"]),
        ("since", "2026-01-01", ["alpha-toy", "beta-toy"]),
        ("since", "2026-01-02", []),
        ("recipe", "nobody", ["alpha-toy", "beta-toy"]),
        ("since", "tomorrow", ["alpha-toy", "beta-toy"]),
    ],
)
def test_a_filter_in_the_address_leaves_the_runs_that_fit(
    explore: Explore,
    tiny_home: Path,
    file_run: FileRun,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    value: str,
    left: list[str],
) -> None:
    file_run(600)
    monkeypatch.setitem(PROVENANCE, "deviceModel", "another")
    monkeypatch.setitem(PROVENANCE, "sourceSha256", "f" * 64)
    file_run(500, method="beta")
    app = explore("leaderboard", tiny_home, benchmark="toy_knn", **{key: value})
    assert (recipes(app) if left else []) == left
    assert ("No run that counts is left" in texts(app)) == (not left)


def test_a_filter_is_told_and_its_box_is_open(explore: Explore, registry: Registry) -> None:
    app = explore("leaderboard", benchmark=MINI, recipe=["byol-cifar10_mini", "nobody"])
    there = registry.runs(benchmark=MINI)
    mine = [each for each in there if each.recipe == "byol-cifar10_mini"]
    assert f"{len(mine)} of {len(there)} runs fit the filters." in texts(app)
    assert "There is no recipe nobody." in plainly(app)
    assert app.expander[0].proto.expanded
    assert not explore("leaderboard", benchmark=MINI).expander[0].proto.expanded
    assert "tomorrow is no date" in plainly(explore("leaderboard", benchmark=MINI, since="tomorrow"))


def test_runs_over_time_are_drawn_when_they_are_asked_for(explore: Explore) -> None:
    assert len(explore("leaderboard", benchmark=MINI).get("vega_lite_chart")) == 1
    assert len(explore("leaderboard", benchmark=MINI, time="true").get("vega_lite_chart")) == 2


def test_a_chosen_filter_stands_in_the_address(explore: Explore) -> None:
    app = explore("leaderboard", benchmark=MINI)
    app.multiselect(key="recipe").select("byol-cifar10_mini")
    assert recipes(run(app)) == ["byol-cifar10_mini"]
    assert app.query_params["recipe"] == "byol-cifar10_mini"


def test_every_number_leads_to_the_runs_behind_it(explore: Explore, registry: Registry) -> None:
    (standing,) = (each for each in registry.leaderboard(MINI).standings if each.recipe == "simclr-cifar10_mini")
    links = [
        link.proto.query_string
        for link in explore("leaderboard", benchmark=MINI, of=standing.recipe).get("page_link")
    ]
    assert links == ["method=simclr", *(f"run={name}" for name in standing.runs)]


def test_runs_that_do_not_count_are_listed_with_their_reason(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    changed = file_run(600, epochs=7).stem
    app = explore("leaderboard", tiny_home, benchmark="toy_knn")
    (listed,) = app.dataframe[0].value.to_dict("records")
    assert listed["run"] == changed
    assert listed["because"]
    assert [each.label for each in app.expander] == ["Filter the runs", "1 run does not count"]


def test_hostile_texts_and_addresses_are_told_and_tame(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    edit(tiny_home, "benchmarks/toy_knn.ttl", '"Toy, kNN"@en', f'"{HOSTILE}"@en')
    edit(tiny_home, "benchmarks/toy_knn.ttl", '"Who is near?"@en', f'"{HOSTILE}"@en')
    assert_tame(explore("leaderboard", tiny_home, benchmark="toy_knn", of=HOSTILE, recipe=HOSTILE, since=HOSTILE))
    assert_tame(explore("leaderboard", tiny_home, benchmark=HOSTILE))
    assert "n" * 300 not in marked_up(explore("leaderboard", tiny_home, benchmark="n" * 300))
