"""The share of false negatives among the selected ones: from the loop to the record, the curve and whoever asks."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from registry import Registry
from registry.cli import cli
from registry.namespaces import PREFIXES, iri
from tests.test_runner import run

DELTA = """
method:delta a skos:Concept, mls:Algorithm ; skos:prefLabel "Delta"@en ; skos:definition "Selects."@en ;
    skos:broader term:contrast ; reg:introducedIn paper:ada1843 ;
    reg:implementation "reference_impl.moco_dual_view:MoCoDualView" .
recipe:delta-toy a reg:Recipe ; reg:ofMethod method:delta ; reg:onBenchmark benchmark:toy_knn ;
    hp:encoder "resnet_mini" ; hp:bn_splits 2 ; hp:head "linear" ; hp:dim 8 ; hp:queue_size 32 ; hp:momentum 0.9 ;
    hp:temperature 0.2 ; hp:shuffle true ; hp:epochs 2 ; hp:batch_size 16 ;
    hp:alpha 0.5 ; hp:key_gradient "stop" ; hp:denominator "query" ; hp:selection "hardest_topk" ;
    hp:selection_scope "query" ; hp:share_kept 0.5 ; hp:share_dropped 0.0 ;
    hp:optimiser "sgd" ; hp:learning_rate 0.05 ; hp:sgd_momentum 0.9 ; hp:weight_decay 0.0005 ;
    hp:decay_vectors true ; hp:schedule "cosine" ; hp:warmup_epochs 0 ; hp:milestones () ; hp:precision "float32" ;
    hp:crop_scale_min 0.4 ; hp:flip_probability 0.5 ; hp:jitter_probability 0.8 ; hp:jitter_brightness 0.4 ;
    hp:jitter_contrast 0.4 ; hp:jitter_saturation 0.4 ; hp:jitter_hue 0.1 ; hp:grayscale_probability 0.2 ;
    hp:blur_probability 0.0 ; hp:blur_sigma_min 0.1 ; hp:blur_sigma_max 2.0 ;
    hp:second_blur_probability 0.0 ; hp:solarize_probability 0.0 ; hp:second_solarize_probability 0.0 .
"""


def curve(file: Path) -> list[dict[str, str]]:
    with file.with_suffix(".csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_selective_run_records_its_last_epochs_share_and_whoever_asks_is_told(
    tiny_home: Path,
) -> None:
    prefixes = "".join(f"@prefix {prefix}: <{base}> .\n" for prefix, base in PREFIXES.items())
    (tiny_home / "ontology" / "methods" / "delta.ttl").write_text(prefixes + DELTA)
    (file,) = run(tiny_home, "delta")
    registry = Registry.open(tiny_home)
    assert [str(problem) for problem in registry.check()] == []
    shares = [float(row["false_negative_share"]) for row in curve(file)]
    (found,) = registry.all_runs
    assert found.false_negative_share == pytest.approx(shares[-1], abs=1e-6)
    # The queue is full of keys by the second epoch, and the toy has three classes.
    assert 0.1 < shares[-1] < 0.9
    (row,) = registry.ask("false_negatives", benchmark="toy_knn").rows
    assert row[2:6] == ("hardest_topk", 0.5, 0.0, found.false_negative_share)
    (exported,) = csv.DictReader(io.StringIO(registry.export("csv")))
    assert float(exported["false_negative_share"]) == found.false_negative_share
    told = CliRunner().invoke(cli, ["--home", str(tiny_home), "show", found.name]).output
    assert re.search(rf"false-negative share +{found.false_negative_share}\n", told)


def test_a_run_that_selects_nothing_has_an_empty_column_and_no_share(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    assert [row["false_negative_share"] for row in curve(file)] == [""]
    assert "falseNegativeShare" not in file.read_text()
    (found,) = Registry.open(tiny_home).all_runs
    assert found.false_negative_share is None


def test_a_share_beyond_one_is_refused(tiny_home: Path) -> None:
    (file,) = run(tiny_home)
    says = f"<{iri('run', file.stem)}> <{iri('reg', 'falseNegativeShare')}>"
    (tiny_home / "ontology" / "more.ttl").write_text(f"{says} 1.5 .\n")
    messages = [problem.message for problem in Registry.open(tiny_home).check()]
    assert any("reg:falseNegativeShare is one number from 0 to 1." in message for message in messages)
