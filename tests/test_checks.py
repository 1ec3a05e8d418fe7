"""`registry check`: one broken fixture for each way in which a graph can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry import Registry
from registry.records import Violation
from tests.conftest import FileRun


def edit(home: Path, file: str, old: str, new: str) -> None:
    path = home / "ontology" / file
    text = path.read_text()
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new))


def problems(home: Path) -> list[Violation]:
    return Registry.open(home).check()


def test_the_ontology_of_this_checkout_is_whole(registry: Registry) -> None:
    assert [str(problem) for problem in registry.check()] == []


def test_the_tiny_ontology_is_whole(tiny_home: Path) -> None:
    assert [str(problem) for problem in problems(tiny_home)] == []


def test_a_filed_run_is_whole(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    file_run(None, status="Interrupted", seed=1)
    assert [str(problem) for problem in problems(tiny_home)] == []


def test_a_syntax_error_names_file_and_line_and_the_rest_is_loaded(tiny_home: Path) -> None:
    edit(tiny_home, "claims/beta-near.ttl", 'reg:locator "page 1" ;', 'reg:locator "page 1" ; reg:caveat } ;')
    lines = (tiny_home / "ontology" / "claims" / "beta-near.ttl").read_text().splitlines()
    broken = next(number for number, line in enumerate(lines, start=1) if "}" in line)
    registry = Registry.open(tiny_home)
    found = registry.check()
    assert [(problem.file.name, problem.line) for problem in found] == [("beta-near.ttl", broken)]
    assert len(registry.all_claims) == 6
    assert "page 1" in (tiny_home / "ontology" / "claims" / "beta-near.ttl").read_text(), "nothing is lost"


def test_a_file_that_is_no_text_is_named(tiny_home: Path) -> None:
    (tiny_home / "ontology" / "terms" / "craft.ttl").write_bytes(b"\xff\xfe\x00garbage")
    assert [problem.file.name for problem in problems(tiny_home)] == ["craft.ttl"]


def test_a_recipe_with_an_unknown_key_names_file_line_and_subject(tiny_home: Path) -> None:
    edit(tiny_home, "methods/beta.ttl", "hp:temperature 0.07", "hp:temperature 0.07 ; hp:tau 0.07")
    found = [problem for problem in problems(tiny_home) if "taken by nothing" in problem.message]
    assert [(p.file.name, p.subject, p.message) for p in found] == [
        ("beta.ttl", "recipe:beta-toy", "tau is taken by nothing")
    ]
    lines = (tiny_home / "ontology" / "methods" / "beta.ttl").read_text().splitlines()
    assert lines[found[0].line - 1].startswith("recipe:beta-toy ")


RECIPE = "methods/alpha.ttl"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hp:dim 8 ; ", "", "dim is missing, which reference_impl.moco:MoCo takes"),
        ("hp:dim 8", 'hp:dim "eight"', "dim takes int, not 'eight'"),
        ("hp:dim 8", "hp:dim 8.5", "dim takes int, not 8.5"),
        ('hp:head "linear"', 'hp:head "linera"', "head is one of linear, mlp, not 'linera'"),
        ("hp:symmetric false", "hp:symmetric 0", "symmetric takes bool, not 0"),
        ("hp:milestones ()", "hp:milestones ( 1.5 )", "milestones takes int, not 1.5"),
        ("hp:dim 8", "hp:dim 8 ; hp:dim 9", "dim has 2 values"),
        (
            "reference_impl.moco:MoCo",
            "reference_impl.moco:MoCoo",
            "names 'MoCoo', which reference_impl.moco does not define",
        ),
        (
            "reference_impl.moco:MoCo",
            "reference_impl.mocco:MoCo",
            "names the module 'reference_impl.mocco', which does not exist",
        ),
    ],
)
def test_a_recipe_that_does_not_fit_its_class_is_found(tiny_home: Path, old: str, new: str, message: str) -> None:
    edit(tiny_home, RECIPE, old, new)
    assert any(message in problem.message for problem in problems(tiny_home)), problems(tiny_home)


def test_a_recipe_based_on_itself_is_found(tiny_home: Path) -> None:
    edit(tiny_home, RECIPE, "hp:symmetric true", "hp:symmetric true ; reg:basedOn recipe:alpha-toy-symmetric")
    edit(tiny_home, RECIPE, "reg:basedOn recipe:alpha-toy ; ", "")
    assert any("is based on itself" in problem.message for problem in problems(tiny_home))


def test_a_benchmark_that_does_not_fit_its_protocol_is_found(tiny_home: Path) -> None:
    edit(tiny_home, "benchmarks/toy_knn.ttl", "ep:neighbours 5", "ep:neighbors 5")
    messages = {problem.message for problem in problems(tiny_home)}
    assert {
        "neighbors is taken by nothing",
        "neighbours is missing, which reference_impl.evaluation:knn takes",
    } <= messages


def test_a_dangling_link_is_found(tiny_home: Path) -> None:
    edit(tiny_home, "methods/beta.ttl", "paper:ada1843", "paper:ada1844")
    assert [(p.subject, p.message) for p in problems(tiny_home)] == [
        ("method:beta", "reg:introducedIn points at paper:ada1844, which nothing describes")
    ]


def test_a_file_named_otherwise_than_its_subject_is_found(tiny_home: Path) -> None:
    papers = tiny_home / "ontology" / "papers"
    (papers / "ada1843.ttl").rename(papers / "lovelace.ttl")
    assert [p.message for p in problems(tiny_home)] == ["the file is named so but does not describe it"]


def test_a_property_that_the_vocabulary_does_not_define_is_found(tiny_home: Path) -> None:
    edit(tiny_home, "papers/ada1843.ttl", "dcterms:title", "reg:headline")
    messages = [problem.message for problem in problems(tiny_home)]
    assert "reg:headline is not defined in vocabulary.ttl" in messages


def test_a_curve_that_changed_or_vanished_is_found(tiny_home: Path, file_run: FileRun) -> None:
    changed, gone = file_run(500).with_suffix(".csv"), file_run(510, seed=1).with_suffix(".csv")
    changed.write_text("epoch,loss\n1,0.1\n")
    gone.unlink()
    assert sorted(problem.message for problem in problems(tiny_home)) == [
        f"the learning curve {changed.name} is not the one that was recorded",
        f"the learning curve {gone.name} is missing",
    ]


def test_a_benchmark_that_changed_under_its_version_is_found(tiny_home: Path, file_run: FileRun) -> None:
    file_run(500)
    edit(tiny_home, "benchmarks/toy_knn.ttl", "ep:neighbours 5", "ep:neighbours 6")
    assert any("has changed since, under the same version 1" in problem.message for problem in problems(tiny_home))


def test_an_edited_record_is_found(tiny_home: Path, file_run: FileRun) -> None:
    value, setting = file_run(500), file_run(510, seed=1)
    value.write_text(value.read_text().replace("mls:hasValue 50.0", "mls:hasValue 99.0"))
    setting.write_text(setting.read_text().replace("hp:temperature 0.2", "hp:temperature 0.3"))
    assert sorted(problem.message for problem in problems(tiny_home)) == [
        "the settings are not those that reg:recipeHash was made from",
        "the trained value 99.0 is not 500 of 1000",
    ]


def test_a_claim_without_a_name_is_found(tiny_home: Path) -> None:
    file = tiny_home / "ontology" / "claims" / "beta-near.ttl"
    file.write_text(file.read_text() + "\n[] a reg:Claim .\n")
    found = [p for p in problems(tiny_home) if p.subject == "a subject without a name"]
    assert any("who says so?" in problem.message for problem in found)
    assert {problem.file for problem in found} == {file}


def test_a_misspelt_folder_is_found(tiny_home: Path) -> None:
    claims = tiny_home / "ontology" / "claims"
    claims.rename(claims.with_name("claim"))
    assert {p.message for p in problems(tiny_home)} == {"no folder claim/ belongs here; did you mean claims/?"}


def test_two_default_recipes_for_one_benchmark_are_found(tiny_home: Path) -> None:
    edit(tiny_home, RECIPE, 'reg:variantName "symmetric" ;', "")
    assert any("is for toy_knn as well" in problem.message for problem in problems(tiny_home))


def test_a_method_that_descends_from_itself_is_found(tiny_home: Path) -> None:
    paper = "reg:introducedIn paper:ada1843 ;"
    edit(tiny_home, RECIPE, paper, f"{paper} reg:variantOf method:gamma ;")
    assert sum("is a variant of itself" in problem.message for problem in problems(tiny_home)) == 3


def test_a_file_name_with_spaces_is_read(tiny_home: Path) -> None:
    terms = tiny_home / "ontology" / "terms"
    (terms / "craft 2 \u00e9.ttl").write_text((terms / "craft.ttl").read_text())
    registry = Registry.open(tiny_home)
    assert "craft 2 \u00e9.ttl" in " ".join(registry.graph.files)
    assert registry.graph.files_of("https://w3id.org/contrastive-registry/term/craft")[0].startswith("terms/craft")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("benchmarks/toy_knn.ttl", "ep:neighbours 5", "ep:neighbours 5, 6"),
        ("datasets/toy.ttl", "reg:channelMean ( 0.5 0.5 0.5 )", 'reg:channelMean ( "a" )'),
        ("datasets/toy.ttl", "reg:synthetic true", 'reg:synthetic true ; reg:split "train"'),
        ("claims/alpha-near.ttl", "mls:hasValue 60.0", 'mls:hasValue "60.0*"'),
        ("claims/alpha-near.ttl", "benchmark:toy_knn", "benchmark:nowhere"),
        ("claims/alpha-near.ttl", "hp:epochs 1", "hp:epochs 1, 2"),
        (RECIPE, "hp:dim 8", "hp:dim 8, 9"),
    ],
)
def test_one_value_that_makes_no_sense_hides_its_subject_only(tiny_home: Path, file: str, old: str, new: str) -> None:
    edit(tiny_home, file, old, new)
    registry = Registry.open(tiny_home)
    assert len(registry.verdicts()) < 7 or registry.left_out
    registry.benchmarks()
    registry.methods()
    found = registry.check()
    assert any(problem.file.name == file.rpartition("/")[2] for problem in found), found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"reg:seed 0", 'reg:seed "abc"'),
        (r"reg:benchmarkVersion 1 ;\n    reg:c", 'reg:benchmarkVersion "one" ;\n    reg:c'),
        (r"reg:peakMemory 1000", 'reg:peakMemory "lots"'),
        (r"reg:threads 2", "reg:threads " + "9" * 5000),
        (r"prov:startedAtTime .*", 'prov:startedAtTime "yesterday" ;'),
        (r"schema:contentUrl .*", ""),
    ],
)
def test_a_record_that_makes_no_sense_stops_no_listing(
    tiny_home: Path, file_run: FileRun, old: str, new: str
) -> None:
    file, good = file_run(500), file_run(510, seed=1)
    text, count = re.subn(old, new, file.read_text())
    assert count
    file.write_text(text)
    registry = Registry.open(tiny_home)
    assert good.stem in [run.name for run in registry.all_runs]
    registry.leaderboard("toy_knn")
    registry.check()
    registry.export("csv")


def test_missing_shapes_are_said(tiny_home: Path) -> None:
    (tiny_home / "ontology" / "shapes.ttl").unlink()
    assert [p.message for p in problems(tiny_home)] == ["is missing; nothing was checked by shape"]
