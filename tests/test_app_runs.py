"""The listing of runs: pages, filters in the address, a row opens the run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from app import paging, run_list
from app.frames import rows_key
from app.state import keeper
from app.words import cut
from registry import Registry
from tests.conftest import Explore, FileRun
from tests.exploring import HOSTILE, assert_tame, marked_up, run, texts
from tests.test_app_run import plainly


@pytest.fixture
def home(tiny_home: Path, file_run: FileRun) -> Path:
    """Seven runs: three of alpha count, one of beta; one was changed and two broke off."""
    for seed in range(3):
        file_run(500 + seed, seed=seed)
    file_run(510, method="beta")
    file_run(600, seed=4, epochs=7)
    file_run(None, seed=6, status="Failed")
    file_run(None, seed=7, status="Diverged", method="beta")
    keeper.clear()
    return tiny_home


def names(home: Path, *, counting: bool | None = None, **asked: str) -> list[str]:
    registry = Registry.open(home)
    return [
        found.name
        for found in registry.runs(**asked)
        if counting is None or (registry.why_not_ranked(found) is None) == counting
    ]


def test_the_table_is_the_listing_of_the_registry(explore: Explore, home: Path) -> None:
    registry = Registry.open(home)
    table = explore("runs", home).dataframe[0].value
    found = registry.runs()
    assert list(table["run"]) == [each.name for each in found]
    assert list(table["status"]) == [f"{run_list.SIGNS[each.status]} {each.status}" for each in found]
    assert [None if pd.isna(value) else value for value in table["value, %"]] == [each.value for each in found]
    assert list(table["does not count because"]) == [registry.why_not_ranked(each) or "" for each in found]
    assert list(table["counts"]) == [["no", "yes"][registry.why_not_ranked(each) is None] for each in found]
    assert set(table["remark"]) == {"synthetic data"}
    assert (table["wall time"][0], table["memory"][0], table["device"][0]) == ("12 s", "0 MB", "Abacus")


def test_the_runs_of_this_checkout_are_told_with_what_they_are(explore: Explore, registry: Registry) -> None:
    table = explore("runs", method="xmoco").dataframe[0].value
    assert list(table["run"]) == [each.name for each in registry.runs("xmoco")]
    assert all("a reading of its paper, not a reproduction" in remark for remark in table["remark"])
    shapes = table[table["benchmark"] == "shapes_knn"]
    assert all(remark.startswith("synthetic data") for remark in shapes["remark"])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({"method": "beta"}, {"method": "beta"}),
        ({"benchmark": "toy_knn"}, {"benchmark": "toy_knn"}),
        ({"counts": "counts"}, {"counting": True}),
        ({"counts": "does not count"}, {"counting": False}),
        ({"counts": "does not count", "method": "alpha"}, {"counting": False, "method": "alpha"}),
        ({"name": "alpha-s"}, {"method": "alpha"}),
    ],
)
def test_a_filter_of_the_address_leaves_those_runs(
    explore: Explore, home: Path, address: dict[str, str], expected: dict[str, str]
) -> None:
    assert list(explore("runs", home, **address).dataframe[0].value["run"]) == names(home, **expected)


def test_runs_that_broke_off_are_asked_for_by_their_status(explore: Explore, home: Path) -> None:
    app = explore("runs", home, status="failed")
    assert [name[:8] for name in app.dataframe[0].value["run"]] == ["alpha-s6"]
    app.pills(key="status").set_value(["failed", "diverged"])
    assert [name[:8] for name in run(app).dataframe[0].value["run"]] == ["beta-s7-", "alpha-s6"]


def test_each_box_changes_the_table_and_the_address(explore: Explore, home: Path) -> None:
    app = explore("runs", home)
    app.selectbox(key="method").select("alpha")
    assert list(run(app).dataframe[0].value["run"]) == names(home, method="alpha")
    assert app.query_params["method"] == "alpha"
    app.pills(key="counts").set_value(["counts"])
    assert list(run(app).dataframe[0].value["run"]) == names(home, method="alpha", counting=True)
    app.text_input(key="name").set_value("alpha-s1")
    assert [name[:8] for name in run(app).dataframe[0].value["run"]] == ["alpha-s1"]
    assert {key: app.query_params[key] for key in app.query_params} == {
        "method": "alpha",
        "counts": "counts",
        "name": "alpha-s1",
    }


def test_pages_follow_each_other_and_the_number_stands_in_the_address(
    explore: Explore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "SIZE", 3)
    monkeypatch.setattr(paging, "SIZE", 3)
    every = names(home)
    app = explore("runs", home, page="2")
    assert list(app.dataframe[0].value["run"]) == every[3:6]
    assert "4 to 6 of 7 runs" in texts(app)
    app.pagination[0].select(3)
    assert list(run(app).dataframe[0].value["run"]) == every[6:]
    app.selectbox(key="method").select("alpha")
    assert list(run(app).dataframe[0].value["run"]) == names(home, method="alpha")[:3], (
        "another choice, its first page"
    )


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "9" * 400, "²"])
@pytest.mark.parametrize("counts", ["", "counts"])
def test_a_page_that_is_not_there_is_told(explore: Explore, home: Path, page: str, counts: str) -> None:
    app = explore("runs", home, page=page, counts=counts)
    assert f"There is no page {cut(page, 20)}: this is page 1 of 1." in plainly(app)
    assert len(app.dataframe[0].value) == (4 if counts else 7)


def test_a_search_that_takes_longer_says_how_far_it_is(
    explore: Explore, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_list, "PATIENCE", 0.0)
    app = explore("runs", home, counts="counts")
    (progress,) = app.get("progress")
    assert progress.proto.text == "Looked at 0 of 7 runs ..."
    assert not app.dataframe
    monkeypatch.setattr(run_list, "PATIENCE", 60.0)
    assert list(run(app).dataframe[0].value["run"]) == names(home, counting=True)
    assert not app.get("progress")


def test_a_row_opens_the_run(explore: Explore, home: Path) -> None:
    app = explore("runs", home)
    app.session_state[rows_key("runs", list(app.dataframe[0].value["run"]))] = {
        "selection": {"rows": [2], "columns": [], "cells": []}
    }
    assert run(app).query_params == {"run": names(home)[2]}
    assert app.code[0].value == names(home)[2]


def test_a_row_of_a_listing_that_has_changed_meanwhile_opens_nothing(
    explore: Explore, home: Path, file_run: FileRun
) -> None:
    app = explore("runs", home)
    key = rows_key("runs", app.dataframe[0].value["run"])
    file_run(777, seed=9)
    keeper.clear()
    app.session_state[key] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    assert "run" not in run(app).query_params


def test_a_click_on_a_name_opens_the_run(explore: Explore, home: Path) -> None:
    app = explore("runs", home)
    key = rows_key("runs", app.dataframe[0].value["run"])
    app.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(1, "value, %")]}}
    assert "run" not in run(app).query_params
    app.session_state[key] = {"selection": {"rows": [], "columns": [], "cells": [(1, "run")]}}
    assert run(app).query_params == {"run": names(home)[1]}


def test_a_filter_that_nobody_knows_is_told(explore: Explore, home: Path) -> None:
    said = plainly(explore("runs", home, status="suceeded", method="alpa", counts="x"))
    assert "There is no status suceeded. Did you mean succeeded?" in said
    assert "There is no method alpa. Did you mean alpha?" in said
    assert "There is no choice x." in said


def test_the_nearest_name_is_a_link_that_mends_the_filter(explore: Explore, home: Path) -> None:
    app = explore("runs", home, method="alpa", status="failed")
    links = {link.label: link.proto.query_string for link in app.get("page_link")}
    assert links["Go to alpha"] == "method=alpha&status=failed"


def test_a_filter_that_nothing_passes_says_so_and_can_be_cleared(explore: Explore, home: Path) -> None:
    app = explore("runs", home, method="beta", status="interrupted", counts="counts", name="x")
    assert "No run is like that." in texts(app)
    app.button[0].click()
    assert len(run(app).dataframe[0].value) == 7
    assert "method" not in app.query_params
    assert (app.pills(key="status").value, app.pills(key="counts").value, app.text_input[0].value) == ([], [], "")


def test_a_method_without_runs_is_told_how_to_make_one(explore: Explore, home: Path) -> None:
    app = explore("runs", home, method="gamma", benchmark="toy_knn")
    assert "No run is like that." in texts(app)
    assert app.code[0].value == "registry run-benchmark gamma --on toy_knn"


@pytest.mark.parametrize(("key", "near"), [("method", "alpa"), ("benchmark", "toy_kn")])
def test_an_unknown_name_is_told_with_the_nearest(explore: Explore, home: Path, key: str, near: str) -> None:
    app = explore("runs", home, **{key: near})
    assert "Did you mean" in texts(app)
    assert len(app.dataframe[0].value) == 7


def test_an_empty_graph_says_how_to_make_the_first_run(explore: Explore, bare: Path) -> None:
    app = explore("runs", bare)
    assert "The graph holds no run yet" in texts(app)
    assert app.code[0].value.startswith("registry run-benchmark")


def test_a_record_that_cannot_be_read_is_listed_and_told(explore: Explore, home: Path) -> None:
    file = next((home / "ontology" / "results" / "toy_knn").glob("beta-s0*.ttl"))
    file.write_text(file.read_text().replace("reg:seed 0", 'reg:seed "zero"'))
    keeper.clear()
    app = explore("runs", home)
    row = app.dataframe[0].value.set_index("run").loc[file.stem]
    assert (row["status"], row["counts"]) == ("? unreadable", "no")
    assert "its record cannot be read: seed is 'zero'" in row["does not count because"]
    assert "1 of them cannot be read" in texts(app)


def test_long_and_hostile_texts_do_no_harm(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(None, status="Failed")
    long = file.stem + "x" * 300
    text = file.read_text().replace(file.stem, long).replace('"it broke"', f'"{HOSTILE}"')
    file.write_text(text.replace('"Abacus"', f'"{HOSTILE}"'))
    keeper.clear()
    app = explore("runs", tiny_home)
    assert list(app.dataframe[0].value["run"]) == [long]
    assert "](javascript" not in marked_up(app)
    assert all(len(line) < 400 for line in marked_up(app).splitlines())
    app = explore("runs", tiny_home, name=HOSTILE, method=HOSTILE)
    assert_tame(app)
