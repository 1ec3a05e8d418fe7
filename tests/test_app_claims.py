"""The ledger of claims and the page of one: what the source states never stands as what we measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from app import claim_list, judging, paging
from app.claim_words import Tally, printed, quoted, signed
from app.frames import rows_key
from app.state import keeper
from registry import Registry
from registry.ledger import entry
from registry.verdict_names import NOT_ATTEMPTED, VERDICTS
from tests.conftest import Explore, FileRun
from tests.exploring import HOSTILE, assert_tame, marked_up, run, texts
from tests.test_app_judging import Held, finished, held  # noqa: F401 - a fixture
from tests.test_app_run import commands, plainly
from tests.test_checks import edit
from tests.test_ledger import of

Add = Callable[[str], None]

MANY = "moco_v2-imagenet1k_linear-200ep-5trials"
"""A claim with raw values, a spread, conditions and caveats."""


# The ledger


def test_the_table_is_what_the_registry_says(explore: Explore, registry: Registry) -> None:
    table = explore("claims", method="moco_v2").dataframe[0].value
    found = registry.verdicts("moco_v2")[: paging.SIZE]
    assert list(table["claim"]) == [each.claim.name for each in found]
    assert list(table["claimed"]) == [quoted(each.claim) for each in found]
    assert list(table["verdict"]) == [signed(each.verdict) for each in found]
    assert list(table["evidence"]) == [each.claim.evidence.lower() for each in found]
    assert list(table["source"]) == [each.claim.source for each in found]


def test_all_claims_are_counted(explore: Explore, registry: Registry) -> None:
    assert f"1 to 50 of {len(registry.all_claims)} claims, by name" in texts(explore("claims"))


def test_ours_stands_beside_the_claim_only_where_conditions_are_the_same(
    explore: Explore, tiny_home: Path, file_run: FileRun
) -> None:
    for seed, value in enumerate((599, 600, 601)):
        file_run(value, seed=seed)
    table = explore("claims", tiny_home).dataframe[0].value.set_index("claim")
    assert table.loc["alpha-near", "claimed"] == "“60.0 %”"
    assert table.loc["alpha-near", "ours, measured"] == "60.00 % (59.75 to 60.25, n = 3)"
    assert table.loc["alpha-near", "verdict"] == "✓ reproduced"
    assert table.loc["alpha-far", "ours, measured"] == ""


def test_no_claimed_number_stands_without_its_quotation_marks(explore: Explore, registry: Registry) -> None:
    table = explore("claims").dataframe[0].value
    assert all(re.fullmatch("“.*”", text) for text in table["claimed"])
    assert not any("“" in str(text) for column in table for text in table[column] if column != "claimed")


@pytest.mark.parametrize("verdict", ["not attempted", "not comparable", "failed"])
def test_claims_are_asked_for_by_their_verdict(explore: Explore, registry: Registry, verdict: str) -> None:
    expected = [each.claim.name for each in registry.verdicts("byol") if each.verdict == verdict]
    app = explore("claims", method="byol", verdict=verdict)
    assert ([] if not app.dataframe else list(app.dataframe[0].value["claim"])) == expected


def test_each_box_changes_the_table_and_the_address(explore: Explore, registry: Registry) -> None:
    every = registry.verdicts()

    def shown() -> int:
        return int(re.search(r"of ([\d,]+) claims", texts(run(app)))[1].replace(",", ""))  # type: ignore[index]

    app = explore("claims")
    app.toggle(key="untried").set_value(True)
    assert shown() == sum(each.verdict == NOT_ATTEMPTED for each in every)
    app.pills(key="evidence").set_value(["secondary", "recalled"])
    untried = [each for each in every if each.verdict == NOT_ATTEMPTED and each.claim.evidence != "Primary"]
    assert shown() == len(untried)
    app.selectbox(key="benchmark").select(untried[0].claim.benchmark)
    on_it = [each for each in untried if each.claim.benchmark == untried[0].claim.benchmark]
    assert shown() == len(on_it)
    word = on_it[0].claim.name.split("-")[0]
    app.text_input(key="words").set_value(word.upper())
    assert 0 < shown() <= len(on_it)
    assert {key: app.query_params[key] for key in app.query_params} == {
        "benchmark": untried[0].claim.benchmark,
        "evidence": ["secondary", "recalled"],
        "words": word.upper(),
        "untried": "true",
    }


def test_words_are_looked_for_in_text_place_and_caveats(explore: Explore, tiny_home: Path, add: Add) -> None:
    add(
        of("odd").replace('"page 1"', '"Table 7, last row"').replace(" .", ' ; reg:caveat "Trained on Sundays." .', 1)
    )
    for words in ("table 7", "SUNDAYS last", "odd"):
        keeper.clear()
        assert list(explore("claims", tiny_home, words=words).dataframe[0].value["claim"]) == ["odd"]


def test_pages_follow_each_other(explore: Explore, registry: Registry) -> None:
    names = registry.graph.names("claim")
    app = explore("claims", page="2")
    assert list(app.dataframe[0].value["claim"]) == names[50:100]
    app.pagination[0].select(3)
    assert list(run(app).dataframe[0].value["claim"]) == names[100:150]
    assert app.query_params["page"] == "3"


def test_the_page_stays_in_the_address_while_claims_are_judged(
    explore: Explore,
    tiny_home: Path,
    held: Held,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paging, "SIZE", 3)
    monkeypatch.setattr(claim_list, "SIZE", 3)
    app = explore("claims", tiny_home, page="2")
    assert held.reached.wait(30)
    assert list(run(app).dataframe[0].value["claim"]) == ["alpha-best", "alpha-far", "alpha-fraction"]
    assert app.query_params["page"] == "2"
    held.let_go.set()
    finished(judging.judged(keeper(str(tiny_home)).current()))
    assert list(run(app).dataframe[0].value["claim"]) == ["alpha-long", "alpha-near", "alpha-spread"]


def test_a_page_beyond_the_last_is_told_as_such(explore: Explore, registry: Registry) -> None:
    last = -(-len(registry.graph.names("claim")) // paging.SIZE)
    assert f"There is no page 99: this is page {last} of {last}." in plainly(explore("claims", page="99"))


def test_a_row_opens_the_claim(explore: Explore, registry: Registry) -> None:
    app = explore("claims", method="moco_v2")
    key = rows_key("claims", app.dataframe[0].value["claim"])
    app.session_state[key] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    assert run(app).query_params == {"claim": registry.verdicts("moco_v2")[1].claim.name}


def test_the_picture_says_every_number_in_words(explore: Explore, registry: Registry) -> None:
    spec = explore("claims").get("vega_lite_chart")[0].proto
    told = spec.spec + str(spec.datasets[0].data.data if spec.datasets else spec.data.data)
    found = [each for each in registry.verdicts() if each.verdict == NOT_ATTEMPTED]
    assert f"{sum(each.claim.evidence == 'Primary' for each in found)} primary" in told


def test_a_filter_that_nothing_passes_says_so_and_can_be_cleared(explore: Explore, tiny_home: Path) -> None:
    app = explore("claims", tiny_home, words="nothing", verdict="failed", untried="true", method="alpha")
    assert "No claim is like that." in texts(app)
    app.button[0].click()
    assert len(run(app).dataframe[0].value) == 7
    assert "method" not in app.query_params


def test_a_method_without_claims_says_so(explore: Explore, tiny_home: Path) -> None:
    assert "No claim is about that method yet" in texts(explore("claims", tiny_home, method="gamma"))


def test_an_unknown_method_is_told_with_the_nearest(explore: Explore, tiny_home: Path) -> None:
    app = explore("claims", tiny_home, method="alpa")
    assert "Did you mean alpha?" in texts(app)
    assert len(app.dataframe[0].value) == 7


def test_an_empty_graph_says_that_it_is(explore: Explore, bare: Path) -> None:
    assert "The graph holds no claim yet" in texts(explore("claims", bare))
    assert "There is no claim x" in texts(explore("claims", bare, claim="x"))


def test_claims_without_a_verdict_are_in_the_ledger(explore: Explore, tiny_home: Path, add: Add) -> None:
    add(of("odd", method="omega"))
    add("claim:bare a reg:Claim .")
    keeper.clear()
    table = explore("claims", tiny_home, verdict="no verdict").dataframe[0].value.set_index("claim")
    assert list(table.index) == ["bare", "odd"]
    assert table.loc["odd", "reason"].startswith("no method 'omega'")
    assert list(explore("claims", tiny_home, method="omega").dataframe[0].value["claim"]) == ["odd"]


def test_while_claims_are_judged_the_page_shows_those_that_are(
    explore: Explore,
    tiny_home: Path,
    held: Held,  # noqa: F811
) -> None:
    app = explore("claims", tiny_home)
    assert held.reached.wait(30)
    (progress,) = run(app).get("progress")
    assert progress.proto.text == "3 of 7 claims are judged; those are shown."
    assert list(app.dataframe[0].value["claim"]) == ["alpha-best", "alpha-far", "alpha-fraction"]
    assert "1 to 3 of 3 claims so far" in texts(app)
    app.text_input(key="words").set_value("beta-near")
    assert "None so far is like that." in texts(run(app))
    held.let_go.set()
    finished(judging.judged(keeper(str(tiny_home)).current()))
    assert list(run(app).dataframe[0].value["claim"]) == ["beta-near"]
    assert not app.get("progress")


def test_a_judging_that_broke_off_says_why_and_can_be_tried_again(
    explore: Explore, tiny_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(registry: Registry, names: list[str]) -> object:
        yield entry(registry, names[0])
        raise OSError(HOSTILE)

    whole = judging.entries
    monkeypatch.setattr(judging, "entries", failing)
    app = explore("claims", tiny_home)
    assert "The judging broke off after 1 of 7 claims: OSError" in plainly(app)
    assert_tame(app)
    assert list(app.dataframe[0].value["claim"]) == ["alpha-best"]
    monkeypatch.setattr(judging, "entries", whole)
    app.button[0].click()
    assert len(run(app).dataframe[0].value) == 7


# One claim


def test_a_claim_is_told_word_for_word_with_all_that_its_source_states(explore: Explore, registry: Registry) -> None:
    claim = entry(registry, MANY).claim
    assert claim is not None
    app = explore("claims", claim=MANY)
    said = plainly(app)
    assert {metric.label: metric.value for metric in app.metric} == {
        "claimed": "“67\\.5 ± 0\\.1 %”",
        "ours, measured": "none",
    }
    assert claim.stated in commands(app)
    assert claim.locator in said
    assert "Evidence**: primary. Read in the primary source itself." in said
    assert "Statistic**: mean of runs, n = 5." in said
    assert "Selection**: not stated." in said
    assert f"Spread**: ± 0.1 %; ddof not stated; {claim.spread_is}" in said
    assert "Raw values**: 67.7, 67.6, 67.4, 67.6, 67.3 %" in said
    assert "recomputed from n = 5 raw values: mean 67.52, sd 0.164 (ddof 1)" in said
    assert "queue_size 65536, symmetric false" in said
    assert all(caveat in said for caveat in claim.caveats)
    assert "a claim, not measured here" in said
    assert "subject=repository%3Amoco" in [link.proto.query_string for link in app.get("page_link")]


def test_what_differs_the_nearest_results_and_the_way_are_told(explore: Explore, registry: Registry) -> None:
    verdict = entry(registry, MANY).verdict
    assert verdict is not None
    assert verdict.nearest is not None
    app = explore("claims", claim=MANY)
    said = plainly(app)
    assert all(f"- {each}" in said for each in verdict.differences)
    assert "nothing says that they should equal the claim" in said
    queries = [link.proto.query_string for link in app.get("page_link")]
    assert [query for query in queries if query.startswith("run=")] == [
        f"run={name}" for name in verdict.nearest.runs
    ]
    assert "registry run-benchmark moco_v2 --on imagenet1k_linear --seed 0 --seed 1 --seed 2" in commands(app)


@pytest.mark.parametrize(
    ("tenths", "verdict"), [((599, 600, 601), "reproduced"), ((697, 700, 703), "above"), ((497, 500, 503), "below")]
)
def test_the_interval_of_the_difference_is_drawn_beside_the_runs_behind_it(
    explore: Explore, tiny_home: Path, file_run: FileRun, tenths: tuple[int, ...], verdict: str
) -> None:
    files = [file_run(value, seed=seed) for seed, value in enumerate(tenths)]
    found = entry(Registry.open(tiny_home), "alpha-near").verdict
    assert found is not None
    assert found.difference is not None
    app = explore("claims", tiny_home, claim="alpha-near")
    said = plainly(app)
    assert f"**{verdict}**" in said
    assert found.reason in said
    (chart,) = app.get("vega_lite_chart")
    assert "ours minus claim, percentage points" in chart.proto.spec
    assert "margin of ±1 point" in said
    assert {metric.label: metric.value for metric in app.metric}[
        "ours, measured: the mean"
    ] == f"{tenths[1] / 10:.2f} %"
    queries = [link.proto.query_string for link in app.get("page_link")]
    assert {query for query in queries if query.startswith("run=")} == {f"run={file.stem}" for file in files}


def test_few_seeds_say_how_many_they_are(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(600)
    said = plainly(explore("claims", tiny_home, claim="alpha-near"))
    assert "single run" in said
    assert "n = 1: a comparison needs 3 seeds" in said


def test_a_reading_is_called_so_and_reproduces_nothing(
    explore: Explore, tiny_home: Path, add: Add, file_run: FileRun
) -> None:
    add('method:alpha reg:openQuestion "How often?"@en .')
    for seed in range(3):
        file_run(600, seed=seed)
    said = plainly(explore("claims", tiny_home, claim="alpha-near"))
    assert "ours is a reading of its paper, not a reproduction" in said
    assert "**not comparable**" in said


def test_an_unknown_claim_is_told_with_the_nearest(explore: Explore, tiny_home: Path) -> None:
    app = explore("claims", tiny_home, claim="alpha-neat")
    assert "There is no claim alpha-neat. Did you mean alpha-near?" in plainly(app)
    assert [link.proto.query_string for link in app.get("page_link")] == ["", "claim=alpha-near"]


@pytest.mark.parametrize(
    ("turtle", "told"),
    [
        (of("odd", method="omega"), "It cannot be judged: no method 'omega'"),
        (of("odd", benchmark="nowhere"), "It cannot be judged: no benchmark 'nowhere'"),
        (of("odd", value='"much"'), "It cannot be read: mls:hasValue is 'much'"),
        ("claim:odd a reg:Claim .", "It cannot be read: it lacks something"),
    ],
)
def test_a_claim_without_a_verdict_says_why(
    explore: Explore, tiny_home: Path, add: Add, turtle: str, told: str
) -> None:
    add(turtle)
    assert told in plainly(explore("claims", tiny_home, claim="odd"))


def test_hostile_texts_of_a_claim_are_told_and_tame(explore: Explore, tiny_home: Path, add: Add) -> None:
    hostile = of("odd")
    for text in ('"50"', '"page 1"', '"odd"'):
        hostile = hostile.replace(text, f'"{HOSTILE}"')
    more = "".join(f' ; {each} "{HOSTILE}"' for each in ("reg:caveat", "hp:encoder", "reg:statedSpreadIs"))
    add(hostile.replace("reg:LastEpoch", f"reg:LastEpoch{more}"))
    edit(tiny_home, "papers/ada1843.ttl", '"Notes"', f'"{HOSTILE}"')
    app = explore("claims", tiny_home, claim="odd")
    assert_tame(app)
    assert HOSTILE in commands(app), "the verbatim text is code, which is not marked up"
    app = explore("claims", tiny_home)
    assert HOSTILE in set(app.dataframe[0].value["place"])
    assert "](javascript" not in marked_up(app)
    assert_tame(explore("claims", tiny_home, claim=HOSTILE))
    assert_tame(explore("claims", tiny_home, method=HOSTILE, words=HOSTILE))


def test_long_names_are_cut(explore: Explore, tiny_home: Path, add: Add) -> None:
    name = "o" * 300
    add(of(name).replace(f'"{name}"@en', f'"{"label " * 60}"'))
    app = explore("claims", tiny_home, claim=name)
    assert app.code[0].value == name
    assert len(app.title[0].value) < 170


# Words


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (MANY, "67.5 ± 0.1 %"),
        ("barlow_twins-cifar10_training_memory-200ep-b128-lightly", "1.7 GB"),
        ("align-imagenet1k_zero_shot-paper", "76.4 %"),
    ],
)
def test_a_number_is_written_as_its_source_prints_it(registry: Registry, claim: str, expected: str) -> None:
    found = entry(registry, claim).claim
    assert found is not None
    assert printed(found) == expected


def test_a_fraction_is_written_in_percent_and_a_difference_says_from_what(registry: Registry, tiny: Registry) -> None:
    fraction = entry(tiny, "alpha-fraction").claim
    assert fraction is not None
    assert printed(fraction) == "50.0 %"
    points = next(claim for claim in registry.all_claims if claim.unit == "points")
    assert re.fullmatch(r"[+-][\d.]+ points than \w+", printed(points))


def test_every_verdict_has_a_sign_an_icon_and_a_meaning() -> None:
    from app.claim_words import CHOICES, ICONS, MEANINGS, SIGNS

    assert set(CHOICES) == set(SIGNS) == set(ICONS) == set(MEANINGS) == {*VERDICTS, "no verdict"}
    assert len(set(SIGNS.values())) == len(SIGNS)


def test_the_picture_of_ten_thousand_claims_is_small(tiny: Registry) -> None:
    from app import claim_charts

    found = [entry(tiny, name) for name in tiny.graph.names("claim")] * 1500
    assert len(claim_charts.counts(Tally.of(found)).to_json()) < 10_000
    assert claim_list.AGAIN > 0
