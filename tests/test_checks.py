"""`registry check`: one broken fixture for each way in which a graph can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry import Registry
from registry.records import Violation
from tests.conftest import ROOT, FileRun


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


# SHACL: for each shape a fixture that breaks each of its sentences.

BROKEN = [
    (
        "ClaimRangeShape",
        "claims/beta-near.ttl",
        "mls:hasValue 55.5",
        "mls:hasValue 555.5",
        "0 to 100 with unit:PERCENT",
    ),
    ("ClaimRangeShape", "claims/beta-near.ttl", "unit:PERCENT", "unit:FRACTION", "0 to 1 with unit:FRACTION"),
    ("ClaimShape", "claims/beta-near.ttl", "method:beta", "paper:ada1843", "needs one reg:aboutMethod, a method"),
    ("ConceptShape", "terms/learning.ttl", 'skos:prefLabel "Learning"@en ; ', "", "needs one skos:prefLabel"),
    (
        "ConceptShape",
        "terms/learning.ttl",
        'skos:definition "What machines do with data."@en',
        "skos:hiddenLabel 'x'",
        "needs a skos:definition",
    ),
    ("MethodShape", "methods/gamma.ttl", "reg:introducedIn paper:ada1843 ;", "", "needs reg:introducedIn"),
    ("MethodShape", "methods/gamma.ttl", "skos:broader term:contrast ;", "", "needs skos:broader"),
    ("MethodShape", RECIPE, "reference_impl.moco:MoCo", "MoCo", "must read package.module:Name"),
    (
        "RecipeShape",
        RECIPE,
        "reg:ofMethod method:alpha ; reg:onBenchmark benchmark:toy_knn ;\n    hp:encoder",
        "reg:onBenchmark benchmark:toy_knn ;\n    hp:encoder",
        "needs one reg:ofMethod",
    ),
    ("RecipeShape", "methods/beta.ttl", "reg:onBenchmark benchmark:toy_knn ;", "", "needs reg:onBenchmark"),
    ("RecipeShape", RECIPE, '"symmetric"', '"Sym metric"', "one word of small letters"),
    ("RecipeShape", RECIPE, "hp:temperature 0.2", "hp:temperature 0", "must be one positive number"),
    ("RecipeShape", RECIPE, "hp:momentum 0.9 ", "hp:momentum 1.9 ", "from 0 to 1"),
    ("RecipeShape", RECIPE, "hp:epochs 1 ", "hp:epochs 0 ", "hp:epochs must be"),
    ("RecipeShape", RECIPE, "hp:batch_size 16", "hp:batch_size -16", "hp:batch_size must be"),
    ("PaperShape", "papers/ada1843.ttl", 'dcterms:title "Notes"@en ; ', "", "needs a dcterms:title"),
    ("PaperShape", "papers/ada1843.ttl", 'reg:authors ( "Lovelace, Ada" ) ; ', "", "needs one list of reg:authors"),
    ("PaperShape", "papers/ada1843.ttl", '; dcterms:date "1843"^^xsd:gYear ', "", "needs one dcterms:date"),
    ("DatasetShape", "datasets/far.ttl", 'skos:prefLabel "Far"@en ; ', "", "A data set needs a skos:prefLabel"),
    (
        "DatasetShape",
        "datasets/far.ttl",
        'skos:definition "Elsewhere."@en',
        "schema:alternateName 'x'",
        "A data set needs a skos:definition",
    ),
    ("LoadedDatasetShape", "datasets/toy.ttl", "reg:synthetic true ; ", "", "needs reg:synthetic"),
    (
        "LoadedDatasetShape",
        "datasets/toy.ttl",
        "reg:channelMean ( 0.5 0.5 0.5 ) ; ",
        "",
        "needs a list of reg:channelMean",
    ),
    (
        "LoadedDatasetShape",
        "datasets/toy.ttl",
        "; reg:channelStd ( 0.25 0.25 0.25 ) ",
        "",
        "needs a list of reg:channelStd",
    ),
    ("MetricShape", "metrics/top1_accuracy.ttl", "reg:higherIsBetter true ; ", "", "needs reg:higherIsBetter"),
    ("MetricShape", "metrics/top1_accuracy.ttl", "; qudt:hasUnit unit:PERCENT ", "", "needs one qudt:hasUnit"),
    (
        "ProtocolShape",
        "protocols/knn.ttl",
        'skos:definition "A vote."@en ;',
        "",
        "A protocol needs a skos:definition",
    ),
    (
        "ProtocolShape",
        "protocols/knn.ttl",
        "dcterms:source paper:ada1843 ; ",
        "",
        "A protocol needs a dcterms:source",
    ),
    (
        "BenchmarkShape",
        "benchmarks/far_knn.ttl",
        'skos:prefLabel "Far away"@en ; ',
        "",
        "A benchmark needs a skos:prefLabel",
    ),
    ("BenchmarkShape", "benchmarks/far_knn.ttl", "reg:version 1 ; ", "", "needs one reg:version"),
    ("BenchmarkShape", "benchmarks/far_knn.ttl", "reg:dataset dataset:far ; ", "", "needs one reg:dataset"),
    (
        "BenchmarkShape",
        "benchmarks/far_knn.ttl",
        'reg:evaluationSplit "test" ; ',
        "",
        "needs one reg:evaluationSplit",
    ),
    ("BenchmarkShape", "benchmarks/far_knn.ttl", "reg:protocol protocol:knn ; ", "", "needs one reg:protocol"),
    ("BenchmarkShape", "benchmarks/far_knn.ttl", "; reg:metric metric:top1_accuracy ", "", "needs one reg:metric"),
    ("ClaimShape", "claims/beta-near.ttl", "prov:hadPrimarySource paper:ada1843 ; ", "", "who says so?"),
    ("ClaimShape", "claims/beta-near.ttl", 'reg:locator "page 1" ; ', "", "needs a reg:locator"),
    ("ClaimShape", "claims/beta-near.ttl", 'reg:statedText "55.5" ; ', "", "needs one reg:statedText"),
    ("ClaimShape", "claims/beta-near.ttl", "mls:hasValue 55.5 ; ", "", "needs one mls:hasValue"),
    ("ClaimShape", "claims/beta-near.ttl", "mls:hasValue 55.5", 'mls:hasValue "55.5*"', "a decimal number"),
    ("ClaimShape", "claims/beta-near.ttl", "unit:PERCENT", "unit:SEC", "unit:PERCENT or unit:FRACTION"),
    ("ClaimShape", "claims/beta-near.ttl", "reg:aboutMethod method:beta ; ", "", "needs one reg:aboutMethod"),
    ("ClaimShape", "claims/beta-near.ttl", "reg:onBenchmark benchmark:toy_knn ; ", "", "needs one reg:onBenchmark"),
    ("ClaimShape", "claims/beta-near.ttl", "reg:evidenceLevel reg:Primary ; ", "", "needs one reg:evidenceLevel"),
    ("ClaimShape", "claims/beta-near.ttl", "reg:statistic reg:SingleRun ; ", "", "needs one reg:statistic"),
    ("ClaimShape", "claims/beta-near.ttl", "; reg:selectionRule reg:LastEpoch", "", "which epoch's number is it?"),
    (
        "ClaimShape",
        "claims/beta-near.ttl",
        'reg:locator "page 1"',
        'reg:locator "page 1" ; prov:wasGeneratedBy method:beta',
        "A claim is no measurement",
    ),
    ("ClaimShape", "claims/beta-near.ttl", "a reg:Claim", "a reg:Result, reg:Claim", "cannot be a result"),
    (
        "VocabularyShape",
        "vocabulary.ttl",
        'reg:Recipe a rdfs:Class ; rdfs:label "recipe"@en ;',
        "reg:Recipe a rdfs:Class ;",
        "needs an rdfs:label",
    ),
    (
        "VocabularyShape",
        "vocabulary.ttl",
        'rdfs:comment "How a trained encoder is scored."@en',
        'rdfs:label "x"@en',
        "needs an rdfs:comment",
    ),
    (
        "PropertyShape",
        "vocabulary.ttl",
        'reg:domainInWords "a method, or a protocol"@en ; ',
        "",
        "needs reg:domainInWords",
    ),
    (
        "PropertyShape",
        "vocabulary.ttl",
        'reg:rangeInWords "a method"@en',
        'rdfs:label "x"@en',
        "needs reg:rangeInWords",
    ),
]

BROKEN_RUNS = [
    ("RunShape", r"mls:realizes method:alpha ;", "", "needs one mls:realizes"),
    (
        "RunShape",
        r"reg:onBenchmark benchmark:toy_knn ;\n    reg:operatingSystem",
        "reg:operatingSystem",
        "needs one reg:onBenchmark",
    ),
    ("RunShape", r"reg:status reg:Succeeded", "reg:status reg:Trained", "needs one reg:status"),
    ("RunShape", r"reg:seed 0 ;", "", "needs one reg:seed"),
    ("RunShape", r'reg:recipeHash "\w+"', 'reg:recipeHash "abc"', "64 hexadecimal digits"),
    ("RunShape", r"prov:startedAtTime .*", "", "needs one prov:startedAtTime"),
    ("RunShape", r"reg:followsRecipe recipe:alpha-toy ;", "", "either reg:followsRecipe or reg:departsFromRecipe"),
    ("ResultShape", r"prov:wasGeneratedBy run:\S+ ;", "", "the one run that measured it"),
    ("ResultShape", r"mls:hasValue 50.0", "mls:hasValue 150.0", "from 0 to 100 percent"),
    ("ResultShape", r"qudt:hasUnit unit:PERCENT", "qudt:hasUnit unit:FRACTION", "qudt:hasUnit unit:PERCENT"),
    (
        "ResultShape",
        r"reg:encoderState reg:Trained",
        "reg:encoderState reg:Failed",
        "reg:encoderState reg:Trained or",
    ),
    ("ResultShape", r"reg:correct 500", "reg:correct 500 ; prov:hadPrimarySource run:x", "A result is no claim"),
]


@pytest.mark.parametrize(("shape", "file", "old", "new", "sentence"), BROKEN)
def test_a_file_that_breaks_a_shape_is_named_with_line_and_sentence(
    tiny_home: Path, shape: str, file: str, old: str, new: str, sentence: str
) -> None:
    edit(tiny_home, file, old, new)
    found = [problem for problem in problems(tiny_home) if sentence in problem.message]
    assert found, problems(tiny_home)
    assert found[0].file == tiny_home / "ontology" / file
    assert found[0].line is not None


@pytest.mark.parametrize(("shape", "old", "new", "sentence"), BROKEN_RUNS)
def test_a_record_that_breaks_a_shape_is_named(
    tiny_home: Path, file_run: FileRun, shape: str, old: str, new: str, sentence: str
) -> None:
    file = file_run(500)
    text, count = re.subn(old, new, file.read_text())
    assert count, f"{old!r} is not in the record:\n{file.read_text()}"
    file.write_text(text)
    found = [problem for problem in problems(tiny_home) if sentence in problem.message]
    assert found, problems(tiny_home)
    assert found[0].file == file


def test_a_repository_without_an_address_is_found(tiny_home: Path) -> None:
    folder = tiny_home / "ontology" / "repositories"
    folder.mkdir()
    (folder / "code.ttl").write_text(
        "@prefix schema: <https://schema.org/> .\n"
        "<https://w3id.org/contrastive-registry/repository/code> a schema:SoftwareSourceCode .\n"
    )
    assert [p.message for p in problems(tiny_home)] == ["A repository needs a schema:codeRepository, its address."]


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


def test_every_shape_has_a_broken_fixture() -> None:
    shapes = set(
        re.findall(r"^reg:(\w+) a sh:NodeShape", (ROOT / "ontology" / "shapes.ttl").read_text(), re.MULTILINE)
    )
    tested = {case[0] for case in BROKEN} | {case[0] for case in BROKEN_RUNS} | {"RepositoryShape"}
    assert tested == shapes
