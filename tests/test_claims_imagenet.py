"""The ImageNet claims say what their sources print, and each table is entered whole."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from statistics import fmean, pstdev, stdev

import pytest

from registry import Registry
from registry.comparability import RECALLED, differences
from registry.namespaces import iri
from registry.records import Claim

Find = Callable[[str], Claim]


@pytest.fixture(scope="module")
def claim(registry: Registry) -> Find:
    """A claim by its name."""
    known = {found.name: found for found in registry.all_claims}
    return known.__getitem__


@pytest.mark.parametrize(
    ("name", "stated", "percent"),
    [
        # facebookresearch/moco-v3, README.md and transfer/README.md
        ("moco_v3-imagenet1k_linear-100ep-r50", "68.9", 68.9),
        ("moco_v3-imagenet1k_linear-1000ep-r50", "74.6", 74.6),
        ("moco_v3-imagenet1k_linear-300ep-vit_b16", "76.7", 76.7),
        ("moco_v3-imagenet1k_finetune_deit-300ep-vit_s16", "81.4", 81.4),
        ("moco_v3-cifar100_finetune-300ep-vit_b16", "90.5", 90.5),
        ("moco_v3-pets_finetune-300ep-vit_b16", "93.2", 93.2),
        ("moco_v3-imagenet1k_linear-300ep-vit_s16-mmselfsup", "73.19", 73.19),
        # google-research/simclr, README.md, and the abstract
        ("simclr-imagenet1k_linear-1000ep-r50_4x", "76.5%", 76.5),
        ("simclr-imagenet1k_linear-1000ep-r50_4x-checkpoint", "76.6", 76.6),
        ("simclr-imagenet1k_linear-1000ep-r50-checkpoint", "69.1", 69.1),
        ("simclr-imagenet1k_semi_1pct_top5-r50_4x", "85.8% top-5", 85.8),
        ("simclr-cifar10_linear-1000ep-b512-r18", "around 91% accuracy", 91.0),
        ("simclr_v2-imagenet1k_linear-r50-checkpoint", "71.7", 71.7),
        # google-deepmind/deepmind-research, byol/README.md, and the abstract
        ("byol-imagenet1k_linear-1000ep-r50", "74.3%", 74.3),
        ("byol-imagenet1k_linear-r200_2x-checkpoint", "~79.6%", 79.6),
        ("byol-imagenette_linear_online-1000ep-r18", "~92.3%", 92.3),
        # facebookresearch/mae, README.md, FINETUNE.md and PRETRAIN.md
        ("mae-imagenet1k_finetune_mae-1600ep-vit_l16", "85.9", 85.9),
        ("mae-imagenet1k_finetune_mae_448-1600ep-vit_h14", "87.8", 87.8),
        ("mae-imagenet1k_linear-1600ep-vit_b16-paper", "68.0", 68.0),
        ("mae-imagenet1k_linear-1600ep-vit_h14-pytorch", "77.2", 77.2),
        ("mae-imagenet1k_finetune_mae-100ep-vit_b16-solo_learn", "81.60 (finetuned)", 81.6),
        # HobbitLong/SupContrast, README.md, and two versions of the abstract
        ("supcon-imagenet1k_linear-r200", "81.4%", 81.4),
        ("supcon-imagenet1k_linear-early_version", "78.8%", 78.8),
        ("supcon-cifar10_linear-1000ep-r50-supcontrast", "96.0", 96.0),
        ("supervised-cifar100_supervised-r50-supcontrast", "75.3", 75.3),
        # vturrisi/solo-learn, README.md
        ("all4one-imagenet100_linear_online-400ep-solo_learn", "81.93", 81.93),
        ("moco_v3-imagenet100_linear-400ep-r50-solo_learn", "84.58", 84.58),
        ("simsiam-imagenet100_linear-400ep-solo_learn", "78.72", 78.72),
        ("byol-imagenet1k_linear_online-100ep-solo_learn", "68.63", 68.63),
        # lightly-ai/lightly, docs/source/getting_started/benchmarks.rst
        ("dino-imagenet1k_linear-100ep-lightly", "68.2", 68.2),
        ("dino-imagenet1k_linear-100ep-vit_s16-lightly", "73.3", 73.3),
        ("mae-imagenet1k_knn-100ep-lightly", "11.2", 11.2),
        ("mae-imagenet1k_knn_top5-100ep-lightly", "24.5", 24.5),
        ("tico-imagenet1k_finetune-100ep-lightly", "72.7", 72.7),
        ("dcl-imagenet1k_linear_top5-100ep-lightly", "86.2", 86.2),
        ("swav-imagenet100_knn-200ep-lightly", "0.678", 67.8),
        ("swav-imagenette_knn-800ep-queue-lightly", "0.890", 89.0),
        ("mae-imagenette_knn-800ep-lightly", "0.610", 61.0),
        ("simmim-imagenette_knn-800ep-lightly", "0.343", 34.3),
        # facebookresearch/swav, barlowtwins, vicreg and simsiam, bytedance/ibot, README.md
        ("swav-imagenet1k_linear-800ep-b4096-authors", "75.3", 75.3),
        ("swav-imagenet1k_linear-200ep-b256-authors", "72.7", 72.7),
        ("deepcluster_v2-imagenet1k_linear-400ep-b4096-two_crops-authors", "70.2", 70.2),
        ("barlow_twins-imagenet1k_linear_top5-1000ep-authors", "91.0%", 91.0),
        ("vicreg-imagenet1k_linear-r200_2x-authors", "77.3%", 77.3),
        ("simsiam-imagenet1k_linear-100ep-authors", "68.1", 68.1),
        ("ibot-imagenet1k_linear-vit_b16-authors", "79.5%", 79.5),
        # open-mmlab/mmselfsup, docs/en/model_zoo.md
        ("simclr-imagenet1k_linear-200ep-mmselfsup", "57.28", 57.28),
        ("swav-imagenet1k_linear-200ep-mmselfsup", "70.47", 70.47),
    ],
)
def test_a_claim_says_what_its_source_prints(claim: Find, name: str, stated: str, percent: float) -> None:
    assert stated in claim(name).stated
    assert claim(name).value == pytest.approx(percent)


@pytest.mark.parametrize(
    ("name", "stated", "value", "unit"),
    [
        ("moco_v1-imagenet1k_training_time-200ep-8v100", "53 hours", 53, "HR"),
        ("simclr-imagenet1k_training_time-100ep-32tpu_v3", "around 6 hours", 6, "HR"),
        ("byol-imagenet1k_training_time-1000ep-512tpu_v3", "about 8h", 8, "HR"),
        ("byol-imagenette_training_time-1000ep-v100", "roughly 4 hours", 4, "HR"),
        ("mae-imagenet1k_training_time-800ep-64v100", "~42h", 42, "HR"),
        ("moco_v2-imagenet100_training_time-200ep-lightly", "1314.2 Min", 1314.2, "MIN"),
        ("moco_v2-imagenet100_training_memory-200ep-lightly", "13.1 GByte", 13.1, "GigaBYTE"),
    ],
)
def test_time_and_memory_keep_the_unit_of_the_source(
    registry: Registry, claim: Find, name: str, stated: str, value: float, unit: str
) -> None:
    assert (stated in claim(name).stated, claim(name).value) == (True, value)
    assert registry.graph.value(iri("claim", name), iri("qudt", "hasUnit")) == iri("unit", unit)


# Rows of each table, counted by hand; MoCo v2's stand among them.
@pytest.mark.parametrize(
    ("names", "rows"),
    [
        ("*-imagenet100_linear_online-400ep*-solo_learn", 18),
        ("*-imagenet100_linear-400ep*-solo_learn", 14),
        ("*-imagenet1k_linear_online-100ep-solo_learn", 3),
        ("*-imagenet1k_linear-100ep-solo_learn", 3),
        ("*-imagenet1k_linear-100ep*-lightly", 14),
        ("*-imagenet1k_linear_top5-100ep*-lightly", 14),
        ("*-imagenet1k_finetune-100ep*-lightly", 14),
        ("*-imagenet1k_knn-100ep*-lightly", 14),
        ("*-imagenet1k_knn_top5-100ep*-lightly", 14),
        ("*-imagenet100_knn-200ep-lightly", 9),
        ("*-imagenet100_training_time-200ep-lightly", 9),
        ("*-imagenet100_training_memory-200ep-lightly", 9),
        ("*-imagenette_knn-800ep*-lightly", 20),
        ("mae-imagenet1k_linear-1600ep-*", 6),
        ("swav-imagenet1k_linear-*-authors", 10),
        ("deepcluster_v2-imagenet1k_linear-*-authors", 3),
        ("vicreg-imagenet1k_linear-*-authors", 3),
        ("*-imagenet1k_linear-*-mmselfsup", 9),  # of the methods that are known here
        ("*-cifar10*-supcontrast", 6),  # CIFAR-10 and CIFAR-100
    ],
)
def test_a_table_is_entered_whole(registry: Registry, names: str, rows: int) -> None:
    assert sum(fnmatchcase(found.name, names) for found in registry.all_claims) == rows


@pytest.mark.parametrize(
    ("encoder", "mean", "spread", "other"), [("vit_b16", 83.57, 0.08, 0.09), ("vit_l16", 85.87, 0.07, 0.08)]
)
def test_the_spread_of_maes_four_trials_divides_by_four(
    registry: Registry, claim: Find, encoder: str, mean: float, spread: float, other: float
) -> None:
    found = claim(f"mae-imagenet1k_finetune_mae-1600ep-{encoder}-4trials")
    assert (len(found.raw_values), found.sample_size, found.value) == (4, 4, mean)
    assert fmean(found.raw_values) == pytest.approx(mean, abs=0.0051)
    assert (round(pstdev(found.raw_values), 2), round(stdev(found.raw_values), 2)) == (spread, other)
    address = iri("claim", found.name)
    assert registry.graph.value(address, iri("reg", "statedSpread")) == spread
    assert registry.graph.value(address, iri("reg", "spreadDdof")) == 0


def test_lightlys_probes_are_best_epochs_on_test_and_its_votes_on_imagenet_are_not(registry: Registry) -> None:
    def selections(names: str) -> set[str]:
        return {found.selection for found in registry.all_claims if fnmatchcase(found.name, names)}

    assert selections("*-imagenet1k_linear*-100ep*-lightly") == {"BestEpochOnTest"}
    assert selections("*-imagenet1k_finetune-100ep*-lightly") == {"BestEpochOnTest"}
    assert selections("*-imagenet100_knn-200ep-lightly") == {"BestEpochOnTest"}
    assert selections("*-imagenette_knn-800ep*-lightly") == {"BestEpochOnTest"}
    assert selections("*-imagenet1k_knn*-100ep*-lightly") == {"LastEpoch"}


def test_a_number_read_second_hand_or_recalled_says_so(registry: Registry, claim: Find) -> None:
    assert claim("simclr-imagenet1k_linear-1000ep-mzph").evidence == "Secondary"
    recalled = claim("simclr-cifar10_linear-1000ep-b1024-r50-recalled")
    assert recalled.evidence == "Recalled"
    assert recalled.locator == "not looked up: recalled from memory"


def test_a_recalled_claim_is_never_compared_with_runs(registry: Registry, claim: Find) -> None:
    found = claim("simclr-cifar10_linear-1000ep-b1024-r50-recalled")
    benchmark = registry.benchmark(found.benchmark)
    assert RECALLED in differences(found, benchmark, found.conditions, benchmark)


def test_transfer_names_the_data_that_the_encoder_learned_from(registry: Registry) -> None:
    transfers = [found.name for found in registry.all_claims if fnmatchcase(found.name, "moco_v3-*_finetune-300ep-*")]
    assert len(transfers) == 4
    for name in transfers:
        assert registry.graph.value(iri("claim", name), iri("reg", "pretrainedOn")) == iri("dataset", "imagenet1k")


def test_no_number_is_entered_twice(registry: Registry) -> None:
    first: dict[tuple[str, str, str, str, float], str] = {}
    for found in registry.all_claims:
        place = (found.source, found.locator, found.method, found.benchmark, found.value)
        assert first.setdefault(place, found.name) == found.name


def test_supcons_labels_are_mentioned_with_every_probe_of_it(registry: Registry) -> None:
    probes = [found for found in registry.all_claims if found.method == "supcon" and "imagenet" in found.benchmark]
    assert probes
    for found in probes:
        assert any("learned from the labels" in caveat for caveat in found.caveats), found.name
