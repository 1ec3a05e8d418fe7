"""The page of one run: its number, whether it counts, all its provenance, and what was said of it since."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.state import keeper
from app.words import plain
from registry import Registry
from registry.provenance import read_record
from registry.tables import percent
from tests.conftest import PROVENANCE, Explore, FileRun
from tests.exploring import HOSTILE, assert_tame, marked_up, run, texts


def plainly(app: AppTest) -> str:
    """What the page says, without the signs that escape others."""
    return re.sub(r"\\([^\w\s]|_)", r"\1", marked_up(app))


def commands(app: AppTest) -> list[str]:
    return [code.value for code in app.code]


def test_a_run_of_this_checkout_is_told_whole(explore: Explore, registry: Registry) -> None:
    found = registry.runs("moco_v2", "cifar10_mini_knn")[0]
    app = explore("runs", run=found.name)
    said = plainly(app)
    record = read_record(registry, found)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["top1 accuracy, %"] == percent(found.value)
    assert metrics["untrained encoder, %"] == percent(found.untrained)
    for name in ("sourceCommit", "sourceSha256", "trainingDataSha256", "torchVersion", "deviceModel", "recipeHash"):
        assert str(record.facts[name].value) in said
    assert "source modified: no: exactly that commit" in said
    assert "warm-up" in said
    assert str(record.facts["commandLine"].value) in commands(app)
    settings = app.dataframe[0].value
    assert dict(zip(settings["setting"], settings["used"], strict=True))["temperature"] == "0.1"
    assert [link.label for link in app.get("page_link")][:4] == [
        "Back to the runs",
        "Method\\: moco\\_v2",
        "Benchmark\\: cifar10\\_mini\\_knn",
        plain(f"Recipe: {found.recipe}"),
    ]


def test_every_fact_of_a_record_is_on_the_page(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    said = plainly(app := explore("runs", tiny_home, run=file_run(500).stem))
    for name, value in PROVENANCE.items():
        if name not in ("sourceModified", "peakMemory", "wallSeconds", "imagesPerSecond", "commandLine"):
            assert str(value) in said, name
    assert "Took 12.5 s in all. 100 images per second" in said.replace("**", "")
    assert "Ran from 2026-01-01 12:00:01 to 2026-01-01 12:00:13 (UTC)" in said.replace("**", "")
    assert "trained: 500 of 1,000 right; untrained: 200 of 1,000 right" in said
    assert "Synthetic data" in said
    assert f"registry verify {app.query_params['run']}" in commands(app)


def test_the_beginning_of_a_name_is_enough(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    name = file_run(500).stem
    app = explore("runs", tiny_home, run="alpha-s0")
    assert (app.code[0].value, app.query_params["run"]) == (name, name)


def test_a_beginning_of_several_names_lists_them(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    for seed in range(13):
        file_run(500, seed=seed)
    app = explore("runs", tiny_home, run="alpha-s")
    assert "13 runs begin with alpha\\-s\\. Which is meant?" in texts(app).replace("s. W", "s\\. W")
    back, *names, all_of_them = (link.proto.query_string for link in app.get("page_link"))
    assert (back, len(names), all_of_them) == ("", 12, "name=alpha-s")
    assert len(explore("runs", tiny_home, name="alpha-s").dataframe[0].value) == 13


def test_an_unknown_run_is_told_with_the_nearest(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    name = file_run(500).stem
    app = explore("runs", tiny_home, run=f"x{name}")
    assert "There is no run" in texts(app)
    assert [link.proto.query_string for link in app.get("page_link")] == ["", f"run={name}"]
    assert "There is no run" in texts(explore("runs", tiny_home, run="../../etc/passwd"))


def test_an_empty_name_shows_all(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    assert len(explore("runs", tiny_home, run="").dataframe[0].value) == 1


def test_an_empty_graph_has_no_such_run(explore: Explore, bare: Path) -> None:
    assert "There is no run x\\." in texts(explore("runs", bare, run="x")).replace("run x.", "run x\\.")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 7}, "It does not count: changed recipe: epochs."),
        ({"without": "hostCpu"}, "Missing, and asked for by the ranking: hostCpu."),
        ({"without": "hostCpu"}, "host CPU: *missing*"),
        ({"without": "commandLine"}, "What was typed is not recorded."),
        ({"without": "wallSeconds"}, "not recorded"),
    ],
)
def test_what_is_changed_or_missing_is_said(
    explore: Explore, tiny_home: Path, file_run: FileRun, changes: dict[str, object], told: str
) -> None:
    assert told in plainly(explore("runs", tiny_home, run=file_run(500, **changes).stem))


def test_settings_that_were_changed_come_first(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    table = explore("runs", tiny_home, run=file_run(500, epochs=7).stem).dataframe[0].value
    assert dict(table.loc[0]) == {
        "setting": "epochs",
        "used": "7",
        "recipe today": "1",
        "remark": "changed by the run",
    }


def test_a_recipe_that_is_gone_is_told_and_the_copy_shown(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    file = file_run(500, method="beta")
    (tiny_home / "ontology" / "methods" / "beta.ttl").unlink()
    keeper.clear()
    app = explore("runs", tiny_home, run=file.stem)
    assert "there is no recipe beta-toy any more" in plainly(app)
    assert list(app.dataframe[0].value.columns) == ["setting", "used", "remark"]


def test_a_run_that_broke_off_says_why_and_has_nothing_to_verify(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    app = explore("runs", tiny_home, run=file_run(None, status="Diverged").stem)
    assert "It does not count: diverged: it broke." in plainly(app)
    assert [metric.value for metric in app.metric][:3] == ["none"] * 3
    assert not any(command.startswith("registry verify") for command in commands(app))


# The curve


def test_the_quantity_of_the_curve_is_chosen_in_the_address(explore: Explore, registry: Registry) -> None:
    name = registry.runs("moco_v2", "cifar10_mini_knn")[0].name
    app = explore("runs", run=name, quantity="seconds", seeds="true")
    assert app.pills(key="quantity").value == "seconds"
    assert app.toggle(key="seeds").value is True
    drawn = app.get("vega_lite_chart")[0].proto
    assert "seconds of the epoch" in drawn.spec
    app.pills(key="quantity").set_value("embedding spread")
    assert "embedding spread" in run(app).get("vega_lite_chart")[0].proto.spec
    assert app.query_params["quantity"] == "embedding spread"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda file: file.unlink(), "cannot be read"),
        (lambda file: file.write_text("epoch,loss\n1,9.9\n"), "its sha256 differs"),
    ],
)
def test_a_curve_that_is_gone_or_damaged_is_told_and_the_rest_stands(
    explore: Explore, tiny_home: Path, file_run: FileRun, damage: object, told: str
) -> None:
    file = file_run(500)
    assert callable(damage)
    damage(file.with_suffix(".csv"))
    app = explore("runs", tiny_home, run=file.stem)
    assert "The number stands, its curve does not" in texts(app)
    assert told in plainly(app)
    assert [button.label for button in app.get("download_button")] == ["Download the record (Turtle)"]
    assert app.metric[0].value == "50.00"


def test_a_run_without_a_curve_says_so(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    file.write_text(re.sub(r"<[^>]*#curve> a reg:Curve ;[^.]*\.csv\" ;[^.]*\.", "", file.read_text()))
    assert "The record has no learning curve." in texts(explore("runs", tiny_home, run=file.stem))


# What others say of it


def test_other_seeds_are_linked_and_drawn_beside(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    first, second = file_run(500), file_run(510, seed=1)
    second.with_suffix(".csv").unlink()
    app = explore("runs", tiny_home, run=first.stem, seeds="true")
    links = [link for link in app.get("page_link") if link.proto.query_string.startswith("run=")]
    assert [link.proto.query_string for link in links] == [f"run={second.stem}"]
    assert "seed 1: 51.00 %, 2026-01-01" in plainly(app)
    assert "The curves of 1 other seeds cannot be read." in texts(app)


def test_a_single_run_says_that_it_is_one(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    assert "a single run, which takes no rank" in texts(explore("runs", tiny_home, run=file_run(500).stem))


def test_a_retraction_is_told_with_its_reason(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    Registry.open(tiny_home).retract(file.stem, f"wrong data {HOSTILE}", stated_by=HOSTILE)
    app = explore("runs", tiny_home, run=file.stem)
    assert "**Retracted**" in texts(app)
    assert "It does not count: retracted: wrong data" in plainly(app)
    assert not any(command.startswith("registry retract") for command in commands(app))
    assert_tame(app)


def test_a_supersession_is_told_on_both_runs(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    first, second = file_run(500), file_run(510)
    Registry.open(tiny_home).supersede(first.stem, second.stem, "better data")
    app = explore("runs", tiny_home, run=first.stem)
    assert "**Superseded**" in texts(app)
    assert f"run={second.stem}" in [link.proto.query_string for link in app.get("page_link")]
    app = explore("runs", tiny_home, run=second.stem)
    assert "This run takes the place of another." in texts(app)
    assert f"run={first.stem}" in [link.proto.query_string for link in app.get("page_link")]


def test_a_verification_is_told_on_both_runs(
    explore: Explore, tiny_home: Path, file_run: FileRun, add: Callable[[str], None]
) -> None:
    first, second = file_run(500), file_run(560)
    add(
        f"""notice:again a reg:Verification, prov:Activity ; reg:verifies run:{first.stem} ;
        reg:verificationRun run:{second.stem} ; reg:outcome reg:DoesNotHold ; reg:difference 6.0 ;
        reg:tolerance 5.0 ; qudt:hasUnit reg:PercentagePoint ; reg:differsIn "torchVersion: 1 recorded, 2 now" ;
        prov:startedAtTime "2026-02-01T12:00:00Z"^^xsd:dateTime ."""
    )
    app = explore("runs", tiny_home, run=first.stem)
    assert "it does not hold (+6.00 points, 5 are allowed)" in plainly(app)
    assert "What was different: torchVersion: 1 recorded, 2 now" in plainly(app)
    assert "not confirmed, held 0 of 1" in plainly(app)
    assert f"run={second.stem}" in [link.proto.query_string for link in app.get("page_link")]
    assert "made to verify another, which does not hold" in texts(explore("runs", tiny_home, run=second.stem))


# The record itself


def test_the_record_is_given_as_its_file_has_it(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    app = explore("runs", tiny_home, run=file.stem)
    assert app.code[-1].value.strip() == file.read_text().strip()
    labels = [button.label for button in app.get("download_button")]
    assert labels == ["Download the record (Turtle)", "Download the learning curve (CSV)"]


def test_a_record_that_cannot_be_read_says_what_is_wrong_and_shows_the_file(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    file = file_run(500)
    file.write_text(file.read_text().replace("reg:seed 0", 'reg:seed "zero"'))
    app = explore("runs", tiny_home, run=file.stem)
    assert "its record cannot be read: seed is 'zero', which is no number" in plainly(app)
    assert "registry check" in commands(app)
    assert app.code[-1].value.strip() == file.read_text().strip()


def test_a_subject_that_is_no_run_says_so(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(500)
    file.write_text(file.read_text().replace("mls:realizes", "mls:imagines"))
    assert "its record names no method" in plainly(explore("runs", tiny_home, run=file.stem))


def test_hostile_texts_of_a_record_are_told_and_tame(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file = file_run(None, status="Failed")
    text = file.read_text().replace('"it broke"', f'"{HOSTILE}"').replace('"Abacus"', f'"{HOSTILE}"')
    text = text.replace("reg:seed 0", f'reg:seed 0 ; reg:warning "{HOSTILE}" ; reg:oddity "{HOSTILE}"')
    text = text.replace('hp:encoder "resnet_mini"', f'hp:encoder "{HOSTILE}"').replace(
        '"registry run-benchmark alpha"', f'"{HOSTILE}"'
    )
    file.write_text(text.replace('ep:features "encoder"', f'ep:features "{HOSTILE}"'))
    app = explore("runs", tiny_home, run=file.stem)
    assert_tame(app)
    assert HOSTILE in commands(app), "what was typed is code, which is not marked up"
    assert_tame(explore("runs", tiny_home, run=HOSTILE))


def test_a_name_of_three_hundred_letters_is_cut_where_it_is_a_title(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    file = file_run(500)
    long = file.stem + "x" * 300
    file.write_text(file.read_text().replace(file.stem, long).replace("method:alpha", f"method:{'a' * 300}"))
    app = explore("runs", tiny_home, run=file.stem)
    assert app.code[0].value == long
    assert len(app.title[0].value) < 160
    assert max(len(link.label) for link in app.get("page_link")) < 200
