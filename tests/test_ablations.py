"""What sources say of a changed setting, and what our runs say to it: pairs, answers, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy import stats

from registry import Registry
from registry.ablations import claimed_differences, contradicted, read_ablation
from registry.cli import cli
from registry.records import Finding
from tests.conftest import FileRun
from tests.test_checks import edit, problems

ABLATION = """# Whether queries and keys change places.
@prefix reg: <https://w3id.org/contrastive-registry/vocabulary#> .
@prefix hp: <https://w3id.org/contrastive-registry/hyperparameter/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix ablation: <https://w3id.org/contrastive-registry/ablation/> .
@prefix method: <https://w3id.org/contrastive-registry/method/> .
@prefix paper: <https://w3id.org/contrastive-registry/paper/> .

ablation:alpha-symmetric a reg:Ablation ; skos:prefLabel "Alpha, both ways"@en ; reg:ablates method:alpha ;
    reg:changedFrom [ hp:symmetric false ] ; reg:changedTo [ hp:symmetric true ] ; reg:expects reg:Higher ;
    reg:statedText "both ways is better" ; reg:locator "page 1" ; prov:hadPrimarySource paper:ada1843 ;
    reg:evidenceLevel reg:Primary .
"""
SYMMETRIC = "<https://w3id.org/contrastive-registry/hyperparameter/symmetric>"


@pytest.fixture
def home(tiny_home: Path) -> Path:
    folder = tiny_home / "ontology" / "ablations"
    folder.mkdir()
    (folder / "alpha-symmetric.ttl").write_text(ABLATION)
    return tiny_home


def expect(home: Path, what: str) -> None:
    edit(home, "ablations/alpha-symmetric.ttl", "reg:Higher", f"reg:{what}")


def answer(home: Path) -> Finding:
    (found,) = Registry.open(home).ablations("alpha")
    return found


def file_both(file_run: FileRun, changed: tuple[int | None, ...], reference: tuple[int, ...]) -> None:
    """One seed a value, in tenths of a percent; None is a run that diverged."""
    for variant, values in (("symmetric", changed), (None, reference)):
        for seed, value in enumerate(values):
            file_run(value, variant=variant, seed=seed, status="Succeeded" if value is not None else "Diverged")


LOW, HIGH = (500, 502, 504), (600, 602, 604)


@pytest.mark.parametrize(
    ("expects", "changed", "reference", "expected"),
    [
        ("Higher", HIGH, LOW, "holds"),
        ("Higher", LOW, HIGH, "does not hold"),
        ("Higher", (500, 510, 520), (501, 512, 519), "open"),
        ("Lower", LOW, HIGH, "holds"),
        ("Lower", HIGH, LOW, "does not hold"),
        ("NoDifference", (600, 601, 602), (601, 602, 603), "holds"),
        ("NoDifference", (600, 610, 620), (601, 612, 619), "open"),
        ("NoDifference", HIGH, LOW, "does not hold"),
        ("Fails", (198, 200, 202), HIGH, "holds"),  # every untrained encoder of these records has 20 %
        ("Fails", (240, 241, 242), HIGH, "does not hold"),
        ("Fails", (150, 200, 250), HIGH, "open"),
    ],
)
def test_the_answer_is_where_the_interval_of_the_difference_lies(
    home: Path,
    file_run: FileRun,
    expects: str,
    changed: tuple[int, ...],
    reference: tuple[int, ...],
    expected: str,
) -> None:
    expect(home, expects)
    file_both(file_run, changed, reference)
    found = answer(home)
    assert (found.answer, found.benchmark) == (expected, "toy_knn")
    assert (found.recipe, found.reference) == ("alpha-toy-symmetric", "alpha-toy")
    assert len(found.runs) == 6


def test_the_difference_is_welchs_over_seeds(home: Path, file_run: FileRun) -> None:
    file_both(file_run, (600, 605, 613), (580, 581, 590))
    found = answer(home).difference
    assert found is not None
    by_hand = stats.ttest_ind([60.0, 60.5, 61.3], [58.0, 58.1, 59.0], equal_var=False)
    interval = by_hand.confidence_interval(0.95)
    assert (found.low, found.high, found.p_value) == pytest.approx((interval.low, interval.high, by_hand.pvalue))


def test_what_fails_is_compared_with_its_own_untrained_encoder_in_pairs(home: Path, file_run: FileRun) -> None:
    expect(home, "Fails")
    file_both(file_run, (210, 220, 260), ())
    found = answer(home)
    assert found.difference is not None
    interval = stats.ttest_1samp([1.0, 2.0, 6.0], 0.0).confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((interval.low, interval.high))
    assert found.reason.startswith("trained minus untrained: ")


@pytest.mark.parametrize(
    ("expects", "expected"),
    [("Fails", "holds"), ("Lower", "holds"), ("Higher", "does not hold"), ("NoDifference", "does not hold")],
)
def test_seeds_that_all_diverged_are_an_answer(home: Path, file_run: FileRun, expects: str, expected: str) -> None:
    expect(home, expects)
    file_both(file_run, (None, None, None), HIGH)
    found = answer(home)
    assert (found.answer, found.reason) == (expected, "with the change all 3 seeds diverged")


def test_survivors_alone_do_not_speak_for_a_change_that_lets_others_diverge(home: Path, file_run: FileRun) -> None:
    file_both(file_run, (*HIGH, None), LOW)
    found = answer(home)
    assert found.answer == "open"
    assert found.reason.endswith("; 1 more seeds diverged with the change")


def test_two_seeds_answer_nothing(home: Path, file_run: FileRun) -> None:
    file_both(file_run, HIGH[:2], LOW)
    found = answer(home)
    assert (found.answer, found.difference) == ("open", None)
    assert found.reason == "n = 2 and n = 3: a comparison needs 3 seeds on each side"


def test_without_runs_it_says_what_to_run(home: Path, file_run: FileRun) -> None:
    file_both(file_run, (), LOW)
    found = answer(home)
    assert found.answer == "not attempted"
    assert found.reason == "registry run-benchmark alpha --on toy_knn --recipe symmetric"


def test_runs_of_an_earlier_version_of_the_benchmark_do_not_count(home: Path, file_run: FileRun) -> None:
    file_both(file_run, HIGH, LOW)
    edit(home, "benchmarks/toy_knn.ttl", "reg:version 1", "reg:version 2")
    assert answer(home).answer == "not attempted"


def test_recipes_that_differ_in_more_than_the_change_are_no_pair(home: Path, file_run: FileRun) -> None:
    edit(home, "methods/alpha.ttl", "hp:symmetric true", "hp:symmetric true ; hp:temperature 0.1")
    found = answer(home)
    assert (found.benchmark, found.answer) == (None, "not attempted")
    assert found.reason == "no two recipes of alpha differ in this alone"


def test_trainings_of_unequal_length_are_a_pair_only_where_the_source_says_so(home: Path) -> None:
    edit(home, "methods/alpha.ttl", "hp:symmetric true", "hp:symmetric true ; hp:epochs 2")
    assert answer(home).benchmark is None
    edit(home, "ablations/alpha-symmetric.ttl", "reg:expects", "reg:epochsFactor 2.0 ; reg:expects")
    assert answer(home).benchmark == "toy_knn"
    edit(home, "ablations/alpha-symmetric.ttl", "reg:epochsFactor 2.0", "reg:epochsFactor 0.5")
    assert answer(home).benchmark is None


# What is refused


def test_an_ablation_that_says_all_is_accepted(home: Path) -> None:
    assert problems(home) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("hp:symmetric true", "hp:symmetric false", "each with another value"),
        ("hp:symmetric true", "hp:shuffle true", "must give the same settings"),
        ("reg:Primary", "reg:Recalled", "what nobody has read is not tested"),
        ("reg:Higher", "reg:Best", "An ablation needs one reg:expects"),
        ('reg:statedText "both ways is better" ; ', "", "what does the source print?"),
        ("reg:changedFrom [ hp:symmetric false ] ;", "", "An ablation needs one reg:changedFrom"),
    ],
)
def test_an_ablation_that_nobody_could_test_is_refused(home: Path, old: str, new: str, said: str) -> None:
    edit(home, "ablations/alpha-symmetric.ttl", old, new)
    assert any(said in problem.message for problem in problems(home))


def test_an_expectation_against_the_numbers_of_its_claims_is_refused(home: Path) -> None:
    rests = "reg:restsOn <https://w3id.org/contrastive-registry/claim/alpha-near>"
    rests += ", <https://w3id.org/contrastive-registry/claim/alpha-spread>"
    edit(home, "ablations/alpha-symmetric.ttl", "reg:expects", f"{rests} ; reg:expects")
    for claim, symmetric in (("alpha-near", "true"), ("alpha-spread", "false")):  # 60.0 and 61.0
        edit(home, f"claims/{claim}.ttl", "reg:evidenceLevel", f"{SYMMETRIC} {symmetric} ; reg:evidenceLevel")
    edit(home, "claims/alpha-near.ttl", ' ; hp:epochs 1 ; hp:encoder "resnet_mini"', "")  # the other states neither
    said = [problem.message for problem in problems(home) if "ablations" in str(problem.file)]
    assert said == ["reg:expects reg:Higher, and its claims differ by -1 points"]
    assert "cannot be read" in call(home, "alpha").output


# The command, and the ablations of this checkout


def call(home: Path, *arguments: str):  # type: ignore[no-untyped-def]
    return CliRunner().invoke(cli, ["--home", str(home), "ablations", *arguments])


def test_the_command_tells_source_and_answer_and_narrows(home: Path, file_run: FileRun) -> None:
    file_both(file_run, HIGH, LOW)
    told = call(home, "alpha").output
    assert 'source   "both ways is better"' in told
    assert "here     toy_knn (synthetic data): holds: with the change minus without: +9." in told
    assert "answers: 1 holds" in told
    assert "answers: none" in call(home, "alpha", "--answer", "open").output
    (row,) = json.loads(call(home, "--on", "toy_knn", "--json").output)
    assert (row["answer"], row["ablation"]["name"], row["ours"]["n"]) == ("holds", "alpha-symmetric", 3)
    assert call(home, "alpah").exit_code == 1


def test_each_ablation_is_tested_by_recipes_of_cifar10_mini_or_cifar10(registry: Registry) -> None:
    tested: dict[str, set[str | None]] = {}
    for found in registry.ablations():
        tested.setdefault(found.ablation.name, set()).add(found.benchmark)
    assert set(tested) == set(registry.graph.names("ablation"))
    for name, benchmarks in tested.items():
        assert "cifar10_knn" in benchmarks, name
        assert "cifar10_mini_knn" in benchmarks or name == "moco_v2-queue_16384", name


@pytest.mark.parametrize(
    ("name", "expects", "claimed"),
    [
        ("moco_v2-without_shuffle", "Lower", (-4.0,)),
        ("moco_v2-momentum_0", "Fails", ()),
        ("moco_v2-queue_1024", "Lower", ()),
        ("moco_v2-queue_256_1024", "NoDifference", (0.1,)),
        ("moco_v2-temperature_020", "Higher", (3.3,)),
        ("moco_v2-symmetric", "Higher", (1.0, 2.2, 2.7)),
        ("moco_v2-symmetric_half", "NoDifference", (-1.0, -0.2)),
    ],
)
def test_what_sources_expect_and_by_how_much(
    registry: Registry, name: str, expects: str, claimed: tuple[float, ...]
) -> None:
    ablation = read_ablation(registry.graph, name)
    assert ablation is not None
    claims = [claim for claim in registry.all_claims if claim.name in ablation.rests_on]
    assert len(claims) == len(ablation.rests_on)
    assert (ablation.expects, claimed_differences(ablation, claims)) == (expects, pytest.approx(claimed))
    assert contradicted(ablation, claimed) is None


def test_ablations(registry: Registry) -> None:
    """The question names what the command judges."""
    rows = registry.ask("ablations", method="moco_v2").rows
    assert {str(row[0]).rsplit("/", 1)[1] for row in rows} == set(registry.graph.names("ablation"))
