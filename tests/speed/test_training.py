"""The benchmark of trainings runs, end to end and by steps, and gives ratios; how large they are is no test."""

from __future__ import annotations

import pytest
import torch

from tests.speed.contestants import Case
from tests.speed.training import CPU_CASES, CUDA_CASES, compare, images, rate

TINY = Case("resnet_mini", "bfloat16", batch=8, steps=2)


@pytest.fixture(scope="module")
def pixels() -> object:
    return images(None, TINY.batch * TINY.steps, TINY.size)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_both_train_end_to_end_and_by_steps_and_every_round_is_a_ratio(pixels: object) -> None:
    found = dict(compare(TINY, pixels, rounds=2, workers=1))
    assert list(found) == ["end to end", "step"]
    for what, comparison in found.items():
        for of in ("seconds", "processor"):
            assert len(comparison.ratios(of)) == 2
            assert all(ratio > 0 for ratio in comparison.ratios(of))
        assert comparison.row(TINY, what).count("|") == 9


def test_the_figures_of_a_gpu_are_had_from_the_same_loop(pixels: object) -> None:
    found = rate(TINY, pixels, torch.device("cpu"), rounds=1, side=64)
    assert found.images_per_second > 0
    assert found.share_of_ceiling > 0


def test_the_cases_are_those_of_the_readme() -> None:
    assert {case.encoder for case in CPU_CASES} == {"resnet18", "resnet_mini", "resnet18_cifar"}
    assert [(case.encoder, case.size) for case in CUDA_CASES] == [("resnet18_cifar", 32), ("resnet50", 224)]
