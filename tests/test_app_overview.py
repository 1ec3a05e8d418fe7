"""The overview: what the graph holds, its newest runs, and claims with their verdicts as one picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.judging import judged
from app.links import PAGES
from app.state import current
from registry import Registry
from registry.tables import percent
from registry.verdict_names import READING
from tests.conftest import Explore, FileRun
from tests.exploring import HOSTILE, assert_tame, run, texts
from tests.test_app_judging import Held, finished, held  # noqa: F401 - a fixture
from tests.test_app_method_results import rows
from tests.test_app_run import plainly
from tests.test_checks import edit
from tests.test_ledger import of


def test_it_counts_what_the_graph_holds(explore: Explore, registry: Registry) -> None:
    shown = {metric.label: metric.value for metric in explore("overview").metric}
    counts = registry.overview().subjects
    assert shown == {
        kind.capitalize(): f"{counts[kind.removesuffix('s')]:,}"
        for kind in ("methods", "runs", "claims", "papers", "benchmarks", "terms")
    }


def test_an_empty_graph_says_how_to_fill_it(explore: Explore, bare: Path) -> None:
    assert "This graph is empty" in texts(explore("overview", bare))


def test_a_graph_without_claims_says_so(explore: Explore, tiny_home: Path) -> None:
    for file in (tiny_home / "ontology" / "claims").iterdir():
        file.unlink()
    app = explore("overview", tiny_home)
    assert "No claim yet." in texts(app)
    assert not app.get("vega_lite_chart")


def test_claims_are_drawn_by_verdict_and_evidence(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    for seed, value in enumerate((599, 600, 601)):
        file_run(value, seed=seed)
    app = explore("overview", tiny_home)
    drawn = rows(app)
    found = Registry.open(tiny_home).verdicts()
    verdicts = [verdict.verdict for verdict in found]
    assert sum(row["claims"] for row in drawn) == len(verdicts)
    assert sum(row["claims"] for row in drawn if "reproduced" in row["verdict"]) == verdicts.count("reproduced") == 1
    tested = sum(verdict.difference is not None for verdict in found)
    assert f"{tested} tested against runs of ours" in texts(app)


def test_the_newest_runs_lead_to_their_pages(explore: Explore, registry: Registry) -> None:
    links = {link.proto.query_string: link.label for link in explore("overview").get("page_link")}
    for found in registry.runs(limit=6):
        assert f"{percent(found.value)}".replace(".", "\\.") in links[f"run={found.name}"]
        assert found.recipe.replace("_", "\\_").replace("-", "\\-") in links[f"run={found.name}"]


def test_a_run_that_failed_stands_among_them(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    file_run(None, status="Failed")
    assert any(link.label.startswith("failed, seed 0") for link in explore("overview", tiny_home).get("page_link"))


def test_a_reading_and_synthetic_data_are_called_so(explore: Explore, tiny_home: Path, file_run: FileRun) -> None:
    edit(tiny_home, "methods/alpha.ttl", '"The first."@en', '"The first."@en ; reg:openQuestion "Which?"')
    file_run(500)
    said = plainly(explore("overview", tiny_home))
    assert READING in said
    assert "synthetic data" in said


def test_it_leads_to_every_other_page_that_begins_something(explore: Explore) -> None:
    named = {link.proto.page for link in explore("overview").get("page_link")}
    assert named >= set(PAGES) - {"overview", "runs", "export"}


def test_many_claims_are_judged_while_the_page_is_already_there(
    explore: Explore,
    tiny_home: Path,
    held: Held,  # noqa: F811
) -> None:
    app = explore("overview", tiny_home)
    assert held.reached.wait(30)
    assert "3 of 7 claims judged so far" in [each.text for each in run(app).get("progress")]
    held.let_go.set()
    finished(judged(current()))
    assert not run(app).get("progress")
    assert sum(row["claims"] for row in rows(app)) == 7


def test_hostile_texts_are_told_and_tame(
    explore: Explore, tiny_home: Path, file_run: FileRun, add: Callable[[str], None]
) -> None:
    hostile = of("odd", method="alpha").replace('"50"', f'"{HOSTILE}"')
    add(hostile)
    edit(tiny_home, "benchmarks/toy_knn.ttl", '"Toy, kNN"@en', f'"{HOSTILE}"@en')
    file_run(500)
    (tiny_home / "ontology" / "<script>alert(1).ttl").write_text("a")
    assert_tame(explore("overview", tiny_home))
