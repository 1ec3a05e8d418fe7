"""Protocols: what a probe fits on, what it chooses by, and that the test images decide nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl import evaluation
from reference_impl.data import ImagesInMemory, Splits
from reference_impl.evaluation import Score, knn, layer_of, linear_probe
from tests.test_training import CPU, toy


class Pixels(nn.Module):
    """Stands for a trained method: the features are the mean colours, which tell the toy classes apart."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def probe(**changes: object) -> Score:
    settings = {
        "features": "encoder",
        "normalise": "standardise",
        "augmented": False,
        "learning_rates": (1e-9, 0.5),
        "epochs": 10,
        "batch_size": 16,
        "schedule": "cosine",
        "milestones": (),
    }
    return linear_probe(Pixels(), toy(None, Path()), lambda images: images, CPU, **(settings | changes))


def test_linear_probe_chooses_the_rate_that_learns_and_separates_the_classes() -> None:
    assert probe() == Score(30, 30, chosen_learning_rate=0.5)


def test_linear_probe_never_sees_test_labels_while_it_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong_labels(folder: Path | None, cache: Path) -> Splits:
        splits = toy(folder, cache)
        splits.test.labels = (splits.test.labels + 1) % 3
        return splits

    splits = wrong_labels(None, Path())
    score = linear_probe(
        Pixels(),
        splits,
        lambda images: images,
        CPU,
        features="encoder",
        normalise="l2",
        augmented=False,
        learning_rates=(1e-9, 0.5),
        epochs=10,
        batch_size=16,
        schedule="step",
        milestones=(5,),
    )
    assert score == Score(0, 30, chosen_learning_rate=0.5)


def test_a_probe_keeps_its_held_out_images_out_of_its_training(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    fit = evaluation._fit

    def watched(features: torch.Tensor, *rest: object) -> nn.Linear:
        sizes.append(len(features))
        return fit(features, *rest)

    monkeypatch.setattr(evaluation, "_fit", watched)
    probe()
    assert sizes == [86, 86, 96]  # a tenth of 96 is held out for each rate; then all are used


def test_a_probes_rate_follows_its_schedule() -> None:
    slow = probe(learning_rates=(0.5,), schedule="step", milestones=(0, 0, 0, 0, 0, 0, 0, 0, 0), epochs=1)
    assert slow.correct < 30, "nine milestones before the first step leave a rate of 5e-10"


def test_an_augmented_probe_crops_and_sees_every_image_even_of_a_short_batch() -> None:
    class Watching(Pixels):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[torch.Tensor] = []
            self.encoder.register_forward_pre_hook(lambda _, inputs: self.seen.append(inputs[0]))

    method = Watching()
    splits = toy(None, Path())
    linear_probe(
        method,
        splits,
        lambda images: images,
        CPU,
        features="encoder",
        normalise="none",
        augmented=True,
        learning_rates=(0.5,),
        epochs=1,
        batch_size=1000,
        schedule="cosine",
        milestones=(),
    )
    whole = {tuple(image.flatten().tolist()) for image in splits.train.images.float() / 255}
    training_batch = method.seen[1]  # the first only tells the width
    assert len(training_batch) == 96
    assert sum(tuple(image.flatten().tolist()) in whole for image in training_batch) < 48


def test_layers_are_the_features_and_what_the_loss_compares() -> None:
    method = Pixels()
    method.head = nn.Linear(3, 2)
    images = torch.rand(4, 3, 8, 8)
    features = images.mean(dim=(2, 3))
    torch.testing.assert_close(layer_of(method, "encoder")(images), features)
    torch.testing.assert_close(layer_of(method, "embedding")(images), method.head(features))


def test_knn_compares_by_cosine_not_by_length() -> None:
    class Directions(nn.Module):
        encoder = nn.Flatten()

    def pixels(*vectors: tuple[int, int, int]) -> np.ndarray:
        return np.array(vectors, dtype=np.uint8).reshape(-1, 3, 1, 1)

    splits = Splits(
        # Unscaled, the long vector of class 1 has the larger product with the test vector.
        train=ImagesInMemory(pixels((10, 1, 0), (200, 200, 200)), np.array([0, 1]), classes=2),
        test=ImagesInMemory(pixels((100, 10, 0)), np.array([0]), classes=2),
    )
    score = knn(Directions(), splits, lambda x: x, CPU, neighbours=1, temperature=0.1, features="encoder")
    assert score == Score(1, 1)


def test_a_probe_on_augmented_images_takes_one_rate() -> None:
    assert probe(augmented=True, normalise="none", learning_rates=(5.0,)).correct == 30
    with pytest.raises(ValueError, match="takes one learning rate"):
        probe(augmented=True)
    with pytest.raises(ValueError, match="cannot standardise"):
        probe(augmented=True, learning_rates=(0.5,))
