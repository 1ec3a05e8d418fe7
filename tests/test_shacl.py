"""The shapes: for each of their sentences a file or record that breaks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from registry import Registry
from registry.namespaces import PREFIXES, iri
from registry.notices import Address, write
from tests.conftest import ROOT, FileRun
from tests.test_checks import RECIPE, edit, problems

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
    (
        "PaperShape",
        "papers/ada1843.ttl",
        'dcterms:title "Notes"@en ; ',
        'dcterms:title "Notes"@en ; fabio:hasArXivId "1911.05722v3" ; ',
        "one identifier without its version",
    ),
    (
        "PaperShape",
        "papers/ada1843.ttl",
        'dcterms:title "Notes"@en ; ',
        'dcterms:title "Notes"@en ; <http://prismstandard.org/namespaces/basic/2.0/doi> "doi:10.1/x" ; ',
        "one bare DOI",
    ),
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
    (
        "ToleranceShape",
        "benchmarks/toy_knn.ttl",
        "reg:verificationTolerance 5.0",
        "reg:verificationTolerance -5.0",
        "one decimal number of percentage points from 0",
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
    ("ClaimShape", "claims/beta-near.ttl", "unit:PERCENT", "unit:KiloGM", "unit:HR or unit:GigaBYTE"),
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

STAMP = r'prov:startedAtTime "[^"]+"\^\^xsd:dateTime ;'
BROKEN_NOTICES = [
    ("RetractionShape", r"reg:retracts run:\S+", "reg:retracts method:alpha", "needs one reg:retracts, a run"),
    ("RetractionShape", r'reg:reason ".*?"', 'reg:reason " "', "A retraction needs one reg:reason"),
    ("RetractionShape", STAMP, "", "A retraction needs one prov:startedAtTime"),
    ("SupersessionShape", r"reg:supersedes run:\S+", "reg:supersedes method:alpha", "one reg:supersedes, a run"),
    ("SupersessionShape", r"reg:successor run:\S+", "reg:successor method:alpha", "one reg:successor, a run"),
    ("SupersessionShape", r'reg:reason ".*?"', 'reg:reason " "', "A supersession needs one reg:reason"),
    ("SupersessionShape", STAMP, "", "A supersession needs one prov:startedAtTime"),
    ("VerificationShape", r"reg:verifies run:\S+", "reg:verifies method:alpha", "one reg:verifies, a run"),
    (
        "VerificationShape",
        r"reg:verificationRun run:\S+",
        "reg:verificationRun method:alpha",
        "the run that repeated",
    ),
    ("VerificationShape", r"reg:outcome reg:Holds", "reg:outcome reg:Trained", "needs one reg:outcome"),
    ("VerificationShape", r"reg:difference 1.0", 'reg:difference "1"', "needs one reg:difference"),
    ("VerificationShape", r"reg:tolerance 5.0", "reg:tolerance -5.0", "needs one reg:tolerance"),
    ("VerificationShape", r"reg:PercentagePoint", "unit:PERCENT", "qudt:hasUnit reg:PercentagePoint"),
    ("VerificationShape", STAMP, "", "A verification needs one prov:startedAtTime"),
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


@pytest.fixture
def notices(tiny_home: Path, file_run: FileRun) -> dict[str, Path]:
    """One whole notice of each kind, by the name of its shape."""
    first, again, third = file_run(500), file_run(510), file_run(520, seed=1)
    registry = Registry.open(tiny_home)
    said = {
        ("reg", "verificationRun"): Address(iri("run", again.stem)),
        ("reg", "outcome"): Address(iri("reg", "Holds")),
        ("reg", "difference"): 1.0,
        ("reg", "tolerance"): 5.0,
        ("qudt", "hasUnit"): Address(iri("reg", "PercentagePoint")),
    }
    return {
        "VerificationShape": write(registry.home, "Verification", ("verifies", "verified"), first.stem, said, None),
        "SupersessionShape": registry.supersede(first.stem, again.stem, "newer"),
        "RetractionShape": registry.retract(third.stem, "wrong"),
    }


def test_the_notices_that_are_broken_below_are_whole(tiny_home: Path, notices: dict[str, Path]) -> None:
    assert [str(problem) for problem in problems(tiny_home)] == []


@pytest.mark.parametrize(("shape", "old", "new", "sentence"), BROKEN_NOTICES)
def test_a_notice_that_breaks_a_shape_is_named(
    tiny_home: Path, notices: dict[str, Path], shape: str, old: str, new: str, sentence: str
) -> None:
    file = notices[shape]
    text, count = re.subn(old, new, file.read_text())
    assert count, f"{old!r} is not in the notice:\n{file.read_text()}"
    prefixes = "".join(
        f"@prefix {prefix}: <{PREFIXES[prefix]}> .\n"
        for prefix in ("method", "unit")
        if f"@prefix {prefix}:" not in text
    )
    file.write_text(prefixes + text)
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


def test_what_a_claim_also_states_needs_its_unit(tiny_home: Path) -> None:
    also = "reg:alsoStated [ a reg:Statement ; mls:hasValue 50 ; reg:statedText '50' ; reg:locator 'page 2' ]"
    edit(tiny_home, "claims/alpha-fraction.ttl", 'reg:locator "page 1"', f'reg:locator "page 1" ; {also}')
    found = problems(tiny_home)
    assert [p.message for p in found] == [
        "What a claim also states needs qudt:hasUnit unit:PERCENT or unit:FRACTION."
    ]
    assert found[0].file.name == "alpha-fraction.ttl"


def test_every_shape_has_a_broken_fixture() -> None:
    shapes = set(
        re.findall(r"^reg:(\w+) a sh:NodeShape", (ROOT / "ontology" / "shapes.ttl").read_text(), re.MULTILINE)
    )
    listed = (*BROKEN, *BROKEN_RUNS, *BROKEN_NOTICES)
    tested = {case[0] for case in listed} | {"RepositoryShape", "StatementShape", "PageKeyShape", "AblationShape"}
    assert tested == shapes
