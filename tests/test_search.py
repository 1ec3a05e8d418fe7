"""`registry search`: what is found, in which order, in spite of which mistakes, and that the input is data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from registry import Registry, index, search
from registry.cli import cli
from registry.errors import RegistryError, UnknownName
from registry.namespaces import KINDS, iri
from tests.conftest import ROOT, FileRun

FIRST_HITS = {
    # Exactly the label, another name, a slug or a notation.
    "Momentum Contrast": "term:momentum_contrast",
    "moco v2": "method:moco_v2",
    "MoCov2": "method:moco_v2",
    "moco": "term:momentum_contrast",
    "simclr": "method:simclr",
    "CLIP": "method:clip",
    "barlowtwins": "method:barlow_twins",
    "mo co": "term:momentum_contrast",
    "AI-0284": "term:momentum_contrast",
    "2003.04297": "paper:chen2020_moco_v2",
    "knn": "protocol:knn",
    "linear probe": "protocol:linear_probe",
    "cifar-10": "dataset:cifar10",
    "top-1 accuracy": "metric:top1_accuracy",
    "STS": "protocol:sts",
    "semantic textual similarity": "task:semantic_textual_similarity",
    # Mistyped, also twice.
    "momentun contrast": "term:momentum_contrast",
    "momentum contarst": "term:momentum_contrast",
    "constrastive lerning": "term:contrastive_learning",
    "simsaim": "method:simsiam",
    "boyl": "method:byol",
    "barlwo twinns": "method:barlow_twins",
    "boostrap your own latent": "method:byol",
    "vision tranformer": "term:vision_transformer",
    # The beginning of a word, a word of a label, words of a definition, people.
    "infon": "term:infonce",
    "imagenet": "dataset:imagenet1k",
    "batch norm shuffling": "term:shuffled_batch_norm",
    "queues": "term:key_queue",
    "Zbontar": "paper:zbontar2021_barlow_twins",
    "altche": "paper:grill2020_byol",
    "deep residual learning": "paper:he2015_resnet",
    "pascal voc detection": "benchmark:voc07_detection_ap",
    "facebookresearch moco v3 pytorch": "repository:moco_v3",
}


def names(registry: Registry, query: str, kinds: tuple[str, ...] = (), limit: int = 20) -> list[str]:
    return [f"{hit.kind}:{hit.name}" for hit in registry.search(query, kinds, limit).hits]


def call(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), "search", *arguments])


def add_term(home: Path, name: str, label: str, rest: str = "") -> Path:
    file = home / "ontology" / "terms" / f"{name}.ttl"
    properties = f"<{iri('skos', 'prefLabel')}> {json.dumps(label, ensure_ascii=False)} {rest}"
    file.write_text(f"<{iri('term', name)}> a <{iri('skos', 'Concept')}> ; {properties} .\n", encoding="utf-8")
    return file


@pytest.mark.parametrize(("query", "first"), FIRST_HITS.items())
def test_the_first_hit_is_what_a_person_means(registry: Registry, query: str, first: str) -> None:
    assert names(registry, query)[:1] == [first]


def test_every_method_term_paper_and_dataset_is_the_first_of_its_kind_by_its_label(registry: Registry) -> None:
    rows = registry.graph.select("SELECT ?s ?l { ?s skos:prefLabel|dcterms:title ?l }")
    wanted = [(str(row["s"]), str(row["l"])) for row in rows]
    checked = 0
    for kind in ("method", "term", "paper", "dataset", "benchmark", "protocol", "metric", "task"):
        labels = {address: label for address, label in wanted if address.startswith(iri(kind, ""))}
        for address, label in labels.items():
            hits = registry.search(label, [kind], 3).hits
            assert address in [iri(kind, hit.name) for hit in hits if hit.label == hits[0].label], label
            checked += 1
    assert checked > 300


def test_a_claim_is_found_by_the_words_of_its_source(registry: Registry) -> None:
    for text in ("80.86 %", "80.86", "0.8086"):
        assert names(registry, text)[:1] == ["claim:moco_v1-laiye_text_lines_detection_f1-45w-laiye"]
    texts = {
        hit.name: registry.graph.value(iri("claim", hit.name), iri("reg", "statedText"))
        for hit in registry.search("67.7", ["claim"], 1).hits
    }
    assert texts
    assert all("67.7" in str(text) for text in texts.values())


def test_digits_of_another_number_are_no_hit(tiny_home: Path) -> None:
    add_term(tiny_home, "other", "808.6 and 80 of 86")
    add_term(tiny_home, "same", "It is 80.86")
    assert names(Registry.open(tiny_home), "80.86", limit=1) == ["term:same"]


def test_what_was_read_as_another_word_is_said(registry: Registry) -> None:
    assert registry.search("momentun contrast").corrected == {"momentun": ("momentum",)}
    assert registry.search("momentum contrast").corrected == {}


def test_a_word_that_is_like_no_other_is_left_out_and_said(registry: Registry) -> None:
    found = registry.search("simsiam qqqqzzzz")
    assert (found.hits[0].name, found.corrected) == ("simsiam", {"qqqqzzzz": ()})


def test_a_label_counts_more_than_a_text(tiny_home: Path) -> None:
    add_term(tiny_home, "text", "Something", f"; <{iri('skos', 'definition')}> 'Of quokka, quokka and quokka.'")
    add_term(tiny_home, "label", "A quokka among many other words of a label")
    assert names(Registry.open(tiny_home), "quokka") == ["term:label", "term:text"]


def test_all_words_count_more_than_any_of_them(tiny_home: Path) -> None:
    add_term(tiny_home, "one", "quokka")
    add_term(tiny_home, "both", "A quokka with a wombat")
    registry = Registry.open(tiny_home)
    assert names(registry, "wombat quokka") == ["term:both"]
    assert set(names(registry, "quokka alpha")) >= {"term:one", "method:alpha"}


@pytest.mark.parametrize(
    "query", ["WEISS", "weiß", "Weiss", "éclair", "eclair", "E\u0301CLAIR", "\ufb01n", "fin", "σας"]
)
def test_case_accents_and_ligatures_make_no_difference(tiny_home: Path, query: str) -> None:
    add_term(tiny_home, "odd", "Weiß Éclair \ufb01n ΣΑΣ")
    assert names(Registry.open(tiny_home), query) == ["term:odd"]


HOSTILE = [
    *(
        "NEAR(alpha",
        "NEAR(alpha beta, 2)",
        '"',
        '"alpha',
        "alpha*",
        "alpha OR",
        "OR",
        "AND NOT alpha",
        "-alpha",
        "^alpha",
    ),
    *("label:alpha", "{label names}: alpha", "alpha + beta", "(alpha", "alpha)", "'; DROP TABLE texts; --", "%", "_"),
    *("alpha\0beta", "\0", "\U0001f600", "...", "", "   ", "\u202e", "a" * 10_000, "alpha " * 2_000),
    " ".join(f"w{number}" for number in range(2_000)),
    ".".join(f"w{number}" for number in range(2_000)),
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_operators_of_the_engine_are_words_like_others(tiny: Registry, query: str) -> None:
    tiny.search(query)
    assert names(tiny, "alpha")[0] == "method:alpha"


@pytest.mark.parametrize("query", ["...", "\U0001f600", "\0", "-", '"*^"', "   "])
def test_without_words_nothing_is_found(tiny: Registry, query: str) -> None:
    assert tiny.search(query) == search.Found((), {})


def test_a_query_finds_the_same_in_memory_and_in_the_index(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ["alpha", "alhpa", "accuracy", "contrast", "toy knn", "80 86", "lovelace"]
    memory = Registry.open(tiny_home)
    expected = [memory.search(query) for query in queries]
    monkeypatch.setattr(index, "LARGE_FILES", 1)
    indexed = Registry.open(tiny_home)
    assert indexed.graph.version is not None
    assert [indexed.search(query) for query in queries] == expected


def test_the_real_ontology_is_found_alike_in_memory_and_in_the_index(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "ontology", tmp_path / "ontology", ignore=shutil.ignore_patterns("results"))
    monkeypatch.setattr(index, "LARGE_FILES", 1)
    indexed = Registry.open(tmp_path)
    assert indexed.graph.version is not None
    for query in FIRST_HITS:
        assert indexed.search(query) == registry.search(query), query


def test_a_removed_file_takes_its_hits_and_its_words_along(tiny_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LARGE_FILES", 1)
    kept = add_term(tiny_home, "quokka", "Quokka")
    removed = add_term(tiny_home, "quokkka", "Quokkka")
    assert names(Registry.open(tiny_home), "quokkka") == ["term:quokkka"]
    removed.unlink()
    found = Registry.open(tiny_home).search("quokkka")
    assert ([hit.name for hit in found.hits], found.corrected) == (["quokka"], {"quokkka": ("quokka",)})
    kept.unlink()
    assert Registry.open(tiny_home).search("quokka").hits == ()


def test_every_kind_is_searched_or_has_a_listing() -> None:
    assert set(search.PRIORITY) | set(search.LEFT_OUT) == set(KINDS)
    assert not set(search.PRIORITY) & set(search.LEFT_OUT)


def test_kinds_narrow_the_search(registry: Registry) -> None:
    assert {name.partition(":")[0] for name in names(registry, "moco", ("paper", "claim"))} == {"paper", "claim"}
    with pytest.raises(UnknownName, match="did you mean 'method'"):
        registry.search("moco", ["methods"])
    with pytest.raises(RegistryError, match="listed by: registry runs"):
        registry.search("moco", ["run"])


def test_the_limit_is_kept_and_does_not_change_the_order(registry: Registry) -> None:
    many = names(registry, "moco", limit=50)
    assert (len(many), names(registry, "moco", limit=3)) == (50, many[:3])
    assert len(set(many)) == 50


def test_the_command_prints_a_table_or_json(tiny_home: Path) -> None:
    text = call(tiny_home, "alhpa")
    assert (text.exit_code, text.output.splitlines()[0]) == (0, "nothing has 'alhpa'; read as alpha")
    assert text.output.splitlines()[3].startswith("method:alpha")
    parsed = json.loads(call(tiny_home, "alhpa", "--json").output)
    assert parsed["corrected"] == {"alhpa": ["alpha"]}
    assert parsed["hits"][0] | {"passage": ""} == {"kind": "method", "name": "alpha", "label": "Alpha", "passage": ""}
    assert call(tiny_home, "alpha", "--limit", "0").exit_code == 2
    assert call(tiny_home, "alpha", "--kind", "metod").exit_code == 1


def test_nothing_found_and_the_name_of_a_run_say_where_runs_are(tiny_home: Path, file_run: FileRun) -> None:
    run = file_run(500).stem
    assert call(tiny_home, "qqqqzzzz").output.endswith("nothing found; runs are listed by: registry runs\n")
    assert f"{run} is a run: registry show {run}" in call(tiny_home, run).output
    assert CliRunner().invoke(cli, ["--home", str(tiny_home), "show", run]).exit_code == 0


def test_control_characters_of_a_label_do_not_reach_the_terminal(tiny_home: Path) -> None:
    add_term(tiny_home, "evil", "Quokka \x1b[31m \x07")
    output = call(tiny_home, "quokka").output
    assert "term:evil" in output
    assert "\x1b" not in output
    assert "\x07" not in output


def test_the_passage_shows_the_word_that_was_looked_for(tiny_home: Path) -> None:
    definition = " ".join(f"word{number}" for number in range(60)) + " quokka and the rest of it"
    add_term(tiny_home, "long", "Long", f"; <{iri('skos', 'definition')}> '{definition}'")
    (hit,) = Registry.open(tiny_home).search("quoka").hits
    assert "quokka" in hit.passage
    assert hit.passage.startswith("...")
    assert len(hit.passage.split()) == search.AROUND
