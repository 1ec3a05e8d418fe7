"""Writes a synthetic registry of any size: `python -m tests.speed.synthetic DIR --runs N`.

Everything in it is invented.  Every run is a file of its own with whole provenance, as `results.write`
makes it; 100,000 runs with their methods, recipes, papers, claims and terms are about ten million triples.
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from registry.hashes import benchmark_hash, recipe_hash
from registry.records import Benchmark, Dataset, Recipe
from registry.results import Measured, RunRecord, to_turtle
from registry.signatures import Setting
from tests.conftest import PROVENANCE

ONTOLOGY = Path(__file__).resolve().parents[2] / "ontology"

BENCHMARKS = 50
SEEDS = 5
RECIPES_A_METHOD = 5
PAPERS_A_METHOD = 50
CLAIMS_A_METHOD = 50
TERMS = 2_000
DEVICES = ("Abacus 1", "Abacus 2", "Difference Engine", "Analytical Engine", "Antikythera", "Curta", "Comptometer")
CURVE = "epoch,loss\n1,2.5\n"
START = datetime(2020, 1, 1, tzinfo=UTC)

PREFIXES = "".join(
    f"@prefix {prefix}: <{base}> .\n"
    for prefix, base in {
        "reg": "https://w3id.org/contrastive-registry/vocabulary#",
        "hp": "https://w3id.org/contrastive-registry/hyperparameter/",
        "ep": "https://w3id.org/contrastive-registry/evaluation-parameter/",
        **{
            kind: f"https://w3id.org/contrastive-registry/{kind}/"
            for kind in [
                "term",
                "method",
                "recipe",
                "paper",
                "claim",
                "benchmark",
                "dataset",
                "metric",
                "protocol",
                "task",
            ]
        },
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "mls": "http://www.w3.org/ns/mls#",
        "prov": "http://www.w3.org/ns/prov#",
        "schema": "https://schema.org/",
        "fabio": "http://purl.org/spar/fabio/",
        "dcterms": "http://purl.org/dc/terms/",
        "qudt": "http://qudt.org/schema/qudt/",
        "unit": "http://qudt.org/vocab/unit/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }.items()
)

SETTINGS: dict[str, Setting] = {
    "encoder": "resnet_mini",
    "bn_splits": 8,
    "head": "mlp",
    "dim": 128,
    "queue_size": 1024,
    "momentum": 0.99,
    "temperature": 0.1,
    "symmetric": False,
    "shuffle": True,
    "epochs": 20,
    "batch_size": 128,
    "optimiser": "sgd",
    "decay_vectors": True,
    "warmup_epochs": 0,
    "learning_rate": 0.06,
    "sgd_momentum": 0.9,
    "weight_decay": 0.0005,
    "schedule": "cosine",
    "milestones": (),
    "precision": "bfloat16",
    "crop_scale_min": 0.4,
    "flip_probability": 0.5,
    "jitter_probability": 0.8,
    "jitter_brightness": 0.4,
    "jitter_contrast": 0.4,
    "jitter_saturation": 0.4,
    "jitter_hue": 0.1,
    "grayscale_probability": 0.2,
    "blur_probability": 0.0,
    "blur_sigma_min": 0.1,
    "blur_sigma_max": 2.0,
    "second_blur_probability": 0.0,
    "solarize_probability": 0.0,
    "second_solarize_probability": 0.0,
}
PROTOCOL: dict[str, Setting] = {"features": "encoder", "neighbours": 200, "temperature": 0.1}


def generate(home: Path, runs: int, seed: int = 0) -> int:
    """Makes `home`/ontology, which must not exist, with at least `runs` runs; returns how many it wrote."""
    chance = random.Random(seed)
    ontology = home / "ontology"
    ontology.mkdir(parents=True)
    for name in ("vocabulary.ttl", "shapes.ttl"):
        shutil.copy(ONTOLOGY / name, ontology / name)
    methods = max(1, round(runs / (BENCHMARKS * SEEDS)))
    words = [_word(chance) for _ in range(5_000)]
    for folder, name, text in _descriptions(chance, methods, words):
        file = ontology / folder / f"{name}.ttl"
        file.parent.mkdir(exist_ok=True)
        file.write_text(PREFIXES + text, encoding="utf-8")
    written = 0
    for number in range(BENCHMARKS):
        benchmark = _benchmark(number)
        folder = ontology / "results" / benchmark.name
        folder.mkdir(parents=True)
        template = _template(benchmark)
        for name, text in _runs(chance, template, number, methods):
            (folder / f"{name}.csv").write_text(CURVE, encoding="utf-8")
            (folder / f"{name}.ttl").write_text(text, encoding="utf-8")
            written += 1
    return written


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("bcdfglmnprstv") + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))


def _sentence(chance: random.Random, words: list[str], length: int) -> str:
    return " ".join(chance.choices(words, k=length)).capitalize() + "."


def _descriptions(chance: random.Random, methods: int, words: list[str]) -> Iterator[tuple[str, str, str]]:
    """Folder, slug and Turtle of everything but the runs."""
    yield (
        "metrics",
        "top1_accuracy",
        (
            "metric:top1_accuracy a mls:EvaluationMeasure, skos:Concept ; skos:prefLabel 'Top-1 accuracy'@en ;\n"
            "    skos:definition 'Share of hits.'@en ; reg:higherIsBetter true ; qudt:hasUnit unit:PERCENT .\n"
        ),
    )
    yield (
        "tasks",
        "classification",
        (
            "task:classification a mls:Task, skos:Concept ; skos:prefLabel 'Classification'@en ;\n"
            "    skos:definition 'Name the class.'@en .\n"
        ),
    )
    yield "papers", "paper_0_0", _paper(chance, words, "paper_0_0")
    yield (
        "protocols",
        "knn",
        (
            "protocol:knn a reg:Protocol, mls:EvaluationProcedure ; skos:prefLabel 'weighted kNN'@en ;\n"
            "    skos:definition 'Neighbours vote.'@en ; dcterms:source paper:paper_0_0 ;\n"
            "    reg:implementation 'reference_impl.evaluation:knn' .\n"
        ),
    )
    for number in range(BENCHMARKS):
        yield (
            "datasets",
            f"data_{number}",
            (
                f"dataset:data_{number} a mls:Dataset, schema:Dataset ; skos:prefLabel 'Data {number}'@en ;\n"
                f"    skos:definition '{_sentence(chance, words, 8)}'@en ; reg:synthetic true ;\n"
                "    reg:loader 'reference_impl.data:shapes32' ;\n"
                "    reg:channelMean ( 0.5 0.5 0.5 ) ; reg:channelStd ( 0.25 0.25 0.25 ) .\n"
            ),
        )
        yield (
            "benchmarks",
            f"data_{number}_knn",
            (
                f"benchmark:data_{number}_knn a reg:Benchmark, mls:EvaluationSpecification ;\n"
                f"    skos:prefLabel 'Data {number}, weighted kNN'@en ; skos:definition 'Invented.'@en ;\n"
                "    reg:version 1 ;\n"
                f"    reg:dataset dataset:data_{number} ; reg:trainingSplit 'train' ; reg:evaluationSplit 'test' ;\n"
                "    reg:task task:classification ; reg:protocol protocol:knn ; reg:metric metric:top1_accuracy ;\n"
                "    ep:features 'encoder' ; ep:neighbours 200 ; ep:temperature 0.1 .\n"
            ),
        )
    for number in range(TERMS):
        above = f"skos:broader term:term_{(number - 1) // 4} ;" if number else ""
        yield (
            "terms",
            f"term_{number}",
            (
                f"term:term_{number} a skos:Concept ; skos:prefLabel '{_sentence(chance, words, 2)}'@en ; {above}\n"
                f"    skos:notation 'AI-{number:04}'^^reg:termId ;\n"
                f"    skos:definition '{_sentence(chance, words, 20)}'@en ; dcterms:source 'invented' .\n"
            ),
        )
    for method in range(methods):
        for number in range(PAPERS_A_METHOD):
            if method or number:
                name = f"paper_{method}_{number}"
                yield "papers", name, _paper(chance, words, name)
        yield "methods", f"method_{method}", _method(chance, words, method)
        for number in range(CLAIMS_A_METHOD):
            benchmark = number % BENCHMARKS
            value = round(chance.uniform(40, 95), 1)
            yield (
                "claims",
                f"method_{method}-data_{benchmark}_knn-{number}",
                (
                    f"claim:method_{method}-data_{benchmark}_knn-{number} a reg:Claim, schema:Claim ;\n"
                    f"    skos:prefLabel 'Method {method} on data {benchmark}, claim {number}'@en ;\n"
                    f"    reg:aboutMethod method:method_{method} ; reg:onBenchmark benchmark:data_{benchmark}_knn ;\n"
                    f"    mls:hasValue {value} ; qudt:hasUnit unit:PERCENT ; reg:statedText '{value}' ;\n"
                    f"    reg:locator 'Table {number}' ; prov:hadPrimarySource paper:paper_{method}_{number} ;\n"
                    "    reg:evidenceLevel reg:Primary ; reg:reportedBy reg:FirstParty ;\n"
                    "    reg:statistic reg:StatisticNotStated ; reg:selectionRule reg:LastEpoch ; hp:epochs 20 ;\n"
                    f"    reg:caveat '{_sentence(chance, words, 15)}'@en .\n"
                ),
            )


def _paper(chance: random.Random, words: list[str], name: str) -> str:
    authors = " ".join(f"'{_word(chance).title()}, {_word(chance).title()}'" for _ in range(4))
    return (
        f"paper:{name} a fabio:Preprint, schema:ScholarlyArticle ;\n"
        f"    dcterms:title '{_sentence(chance, words, 8)}'@en ; reg:authors ( {authors} ) ;\n"
        f"    dcterms:date '20{chance.randint(10, 25)}-01-01'^^xsd:date ;\n"
        f"    dcterms:abstract '{_sentence(chance, words, 120)}'@en .\n"
    )


def _settings(method: int, recipe: int) -> dict[str, Setting]:
    return SETTINGS | {"temperature": round(0.05 + 0.01 * (method % 40), 2), "epochs": 20 + recipe}


def _method(chance: random.Random, words: list[str], method: int) -> str:
    parent = f"reg:variantOf method:method_{(method - 1) // 3} ;" if method else ""
    text = (
        f"method:method_{method} a skos:Concept, mls:Algorithm ; skos:prefLabel 'Method {method}'@en ; {parent}\n"
        f"    skos:definition '{_sentence(chance, words, 20)}'@en ; skos:broader term:term_{method % TERMS} ;\n"
        f"    reg:introducedIn paper:paper_{method}_0 ; reg:usesComponent term:term_{method % 30} ;\n"
        "    reg:implementation 'reference_impl.moco:MoCo' .\n"
    )
    for recipe in range(RECIPES_A_METHOD):
        on = ", ".join(f"benchmark:data_{number}_knn" for number in range(recipe, BENCHMARKS, RECIPES_A_METHOD))
        settings = " ; ".join(f"hp:{name} {_turtle(value)}" for name, value in _settings(method, recipe).items())
        text += (
            f"recipe:method_{method}-{recipe} a reg:Recipe ; reg:ofMethod method:method_{method} ;\n"
            f"    reg:onBenchmark {on} ;\n    {settings} .\n"
        )
    return text


def _turtle(value: Setting) -> str:
    if isinstance(value, tuple):
        return "(" + " ".join(map(str, value)) + ")"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}'" if isinstance(value, str) else str(value)


def _benchmark(number: int) -> Benchmark:
    return Benchmark(
        name=f"data_{number}_knn",
        label=f"Data {number}, weighted kNN",
        version=1,
        dataset=Dataset(
            name=f"data_{number}",
            label=f"Data {number}",
            synthetic=True,
            loader="reference_impl.data:shapes32",
            channel_mean=(0.5, 0.5, 0.5),
            channel_std=(0.25, 0.25, 0.25),
            checksums={},
            image_counts={},
        ),
        protocol="knn",
        implementation="reference_impl.evaluation:knn",
        settings=PROTOCOL,
        training_split="train",
        evaluation_split="test",
        metric="top1_accuracy",
        higher_is_better=True,
    )


def _template(benchmark: Benchmark) -> str:
    """The record of one run, as the runner writes it, with words in the places that vary."""
    recipe = Recipe(
        name="RECIPE", method="METHOD", variant=None, benchmarks=(benchmark.name,), settings=SETTINGS, departures=()
    )
    record = RunRecord(
        recipe=recipe,
        settings=SETTINGS,
        recipe_hash="RECIPEHASH",
        benchmark=benchmark,
        benchmark_hash=benchmark_hash(benchmark),
        implementation="reference_impl.moco:MoCo",
        seed=424242,
        status="Succeeded",
        reason=None,
        started=START,
        ended=START + timedelta(minutes=5),
        facts=PROVENANCE
        | {
            "deviceModel": "DEVICE",
            "commandLine": "registry run-benchmark METHOD",
            "hostMemory": 25276502016,
            "wallSeconds": 313131.0,
            "peakMemory": 515151,
            "imagesPerSecond": 616161.0,
            "trainingSeconds": 717171.0,
            "encoderParameters": 307536,
            "timedEpochs": 19,
            "resumed": False,
        },
        trained=Measured(correct=818181, total=1_000_000, chosen_learning_rate=None),
        untrained=Measured(correct=219191, total=1_000_000, chosen_learning_rate=None),
        curve=[],
    )
    return to_turtle("RUNNAME", record, sha256(CURVE.encode()).hexdigest())


def _runs(chance: random.Random, template: str, benchmark: int, methods: int) -> Iterator[tuple[str, str]]:
    # The settings that vary stand in the template with the values of SETTINGS.
    for method in range(methods):
        recipe = benchmark % RECIPES_A_METHOD
        settings = _settings(method, recipe)
        mean = 500_000 + 800 * (method % 500)
        own = (
            template.replace("RECIPEHASH", recipe_hash(settings))
            .replace("RECIPE", f"method_{method}-{recipe}")
            .replace("METHOD", f"method_{method}")
            .replace("hp:temperature 0.1 ;", f"hp:temperature {settings['temperature']} ;")
            .replace("hp:epochs 20 ;", f"hp:epochs {settings['epochs']} ;")
        )
        for seed in range(SEEDS):
            started = START + timedelta(seconds=chance.randrange(6 * 365 * 86_400))
            name = f"method_{method}-s{seed}-{started:%Y%m%dT%H%M%SZ}-{benchmark:03}{method:04}{seed}"
            correct = mean + chance.randrange(-5_000, 5_000)
            text = (
                own.replace("RUNNAME", name)
                .replace("424242", str(seed))
                .replace("2020-01-01T00:00:00", f"{started:%Y-%m-%dT%H:%M:%S}")
                .replace("2020-01-01T00:05:00", f"{started + timedelta(minutes=5):%Y-%m-%dT%H:%M:%S}")
                .replace("DEVICE", DEVICES[chance.randrange(len(DEVICES))])
                .replace("81.8181", str(correct / 10_000))
                .replace("818181", str(correct))
                .replace("616161.0", str(chance.randrange(1_000, 5_000)) + ".5")
                .replace("313131.0", str(chance.randrange(100, 900)) + ".5")
            )
            yield name, text


def main() -> None:
    """The command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a new folder, the home of the registry")
    parser.add_argument("--runs", type=int, default=1_000)
    options = parser.parse_args()
    written = generate(options.folder, options.runs)
    print(f"{written} runs in {options.folder}")  # noqa: T201


if __name__ == "__main__":
    main()
