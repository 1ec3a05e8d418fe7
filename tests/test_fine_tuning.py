"""Fine-tuning: what trains at which rate, and that the method that is scored stays as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl import experiment, fine_tuning
from reference_impl.batch_norm import SplitBatchNorm2d
from reference_impl.contract import Method, Views
from reference_impl.data import ImagesInMemory, Splits
from reference_impl.encoders import Encoder, build_encoder
from reference_impl.errors import Diverged
from reference_impl.evaluation import Score
from reference_impl.fine_tuning import fine_tune, layer_groups
from reference_impl.vit import Size, VisionTransformer
from tests.test_formulas import recipe_of_v2
from tests.test_training import CPU, Stop, execute, numbers, plan, toy

SETTINGS = {
    "epochs": 6,
    "batch_size": 16,
    "learning_rate": 0.01,
    "warmup_epochs": 1,
    "weight_decay": 0.05,
    "layer_decay": 0.75,
    "crop_scale_min": 0.5,
    "precision": "float32",
}


class Still(Method):
    """Stands for a trained method; fine-tuning asks for its encoder only."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.head = encoder, nn.Identity()

    def loss(self, views: Views) -> torch.Tensor:
        raise NotImplementedError


def transformer(depth: int = 2) -> Encoder:
    torch.manual_seed(0)
    return Encoder(VisionTransformer(Size(patch=4, width=16, depth=depth, heads=2)), 16)


def tuned(method: Method, splits: Splits | None = None, **changes: object) -> Score:
    torch.manual_seed(1)
    splits = splits or toy(None, Path())
    return fine_tune(method, splits, lambda images: images * 4 - 2, CPU, **(SETTINGS | changes))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_it_learns_classes_that_a_colour_tells_apart(precision: str) -> None:
    assert tuned(Still(transformer()), precision=precision).correct >= 28


def test_the_method_stays_as_it_is_frozen_patches_and_mode_included() -> None:
    method = Still(transformer())
    method.encoder.network.freeze_patches()
    before = copy.deepcopy(method.state_dict())
    tuned(method, epochs=1)
    assert all(torch.equal(value, before[name]) for name, value in method.state_dict().items())
    assert not method.encoder.network.projection.weight.requires_grad
    assert method.encoder.network.class_token.requires_grad
    assert all(parameter.grad is None for parameter in method.parameters())


def test_what_a_recipe_froze_trains_here(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[nn.Parameter] = []

    def spy(encoder: Encoder, *rest: object) -> list[dict[str, object]]:
        seen.append(encoder.network.projection.weight)
        return layer_groups(encoder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fine_tuning, "layer_groups", spy)
    method = Still(transformer())
    method.encoder.network.freeze_patches()
    tuned(method, epochs=1)
    assert not torch.equal(seen[0], method.encoder.network.projection.weight)


def test_rates_shrink_by_the_layer_decay_towards_the_input() -> None:
    depth, rate, decay = 3, 0.01, 0.5
    encoder, classifier = transformer(depth), nn.Linear(16, 3)
    groups = layer_groups(encoder, classifier, rate, 0.05, decay)
    rates = {id(parameter): group["lr"] for group in groups for parameter in group["params"]}
    network = encoder.network
    # util/lr_decay.py of the authors: layer l of L blocks has decay^(L + 1 - l); the embedding is layer 0.
    expected = {
        network.projection.weight: rate * decay**4,
        network.projection.bias: rate * decay**4,
        network.class_token: rate * decay**4,
        network.blocks[0].query_key_value.weight: rate * decay**3,
        network.blocks[1].hidden[0].bias: rate * decay**2,
        network.blocks[2].attention_norm.weight: rate * decay,
        network.norm.weight: rate,
        classifier.weight: rate,
        classifier.bias: rate,
    }
    for parameter, value in expected.items():
        assert rates[id(parameter)] == pytest.approx(value)
    assert len(rates) == len(list(encoder.parameters())) + 2


def test_an_encoder_that_is_no_vision_transformer_learns_at_one_rate() -> None:
    encoder = Encoder(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 6)), 6)
    groups = layer_groups(encoder, nn.Linear(6, 3), 0.01, 0.05, 0.5)
    assert {group["lr"] for group in groups} == {0.01}
    assert sum(len(group["params"]) for group in groups) == 6


def test_matrices_decay_and_vectors_and_the_class_token_do_not() -> None:
    encoder, classifier = transformer(), nn.Linear(16, 3)
    decayed = {
        id(parameter)
        for group in layer_groups(encoder, classifier, 0.01, 0.05, 0.75)
        for parameter in group["params"]
        if group["weight_decay"] == 0.05
    }
    matrices = {
        id(parameter)
        for parameter in [*encoder.parameters(), *classifier.parameters()]
        if parameter.ndim == 2  # the class token has three axes, two of them of length 1
    }
    assert decayed == matrices


def test_rates_warm_up_and_fall_as_a_cosine_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []

    class Spy(torch.optim.AdamW):
        def step(self, closure: None = None) -> None:  # type: ignore[override]
            rates.append(self.param_groups[-1]["lr"])
            super().step()

    monkeypatch.setattr(fine_tuning, "AdamW", Spy)
    tuned(Still(transformer()), epochs=3, batch_size=48, warmup_epochs=1)
    half = 0.5 * (1 + 2**-0.5)
    assert rates == pytest.approx([0, 0.005, 0.01, 0.01 * half, 0.005, 0.01 * (1 - half)])


def test_the_test_images_decide_nothing() -> None:
    method, splits = Still(transformer()), toy(None, Path())
    right = tuned(method, splits)
    splits.test.labels = (splits.test.labels + 1) % 3
    wrong = tuned(method, splits)
    assert (right.correct, wrong.correct) == (30, 0)


def test_images_are_cropped_and_flipped_in_their_own_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, seen = [], []
    cropped = ImagesInMemory.cropped

    def watched(self: ImagesInMemory, batch_size: int, scale_min: float, device: torch.device) -> Iterator:
        asked.append(scale_min)
        for images, labels in cropped(self, batch_size, scale_min, device):
            seen.append(images)
            yield images, labels

    monkeypatch.setattr(ImagesInMemory, "cropped", watched)
    ramp = (np.linspace(0, 255, 32).astype(np.uint8) * np.ones((40, 3, 32, 1))).astype(np.uint8)
    splits = Splits(train=ImagesInMemory(ramp, np.arange(40) % 3, classes=3), test=toy(None, Path()).test)
    tuned(Still(transformer()), splits, epochs=1, batch_size=32)
    (images,) = seen  # the last, short batch is left out
    assert asked == [SETTINGS["crop_scale_min"]]
    assert {bool(image[0, 0, 0] > image[0, 0, -1]) for image in images} == {True, False}
    assert images.std(dim=1).max() < 1e-6


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(Diverged, match="fine-tuning: the loss became nan in epoch 1 of 6"):
        tuned(Still(transformer()), learning_rate=float("nan"))


def test_a_batch_larger_than_the_training_set_is_refused() -> None:
    with pytest.raises(ValueError, match="a batch of 97 is more than the 96 training images"):
        tuned(Still(transformer()), batch_size=97)


MAE = {
    "encoder": "vit_mini_4",
    "bn_splits": 1,
    "mask_ratio": 0.75,
    "decoder_width": 8,
    "decoder_depth": 1,
    "decoder_heads": 2,
    "normalise_patches": True,
    "pooling": "patch_mean",
    "epochs": 3,
    "batch_size": 32,
    "optimiser": "adamw",
    "learning_rate": 0.001,
    "weight_decay": 0.05,
    "betas": (0.9, 0.95),
    "decay_vectors": False,
    "schedule": "cosine_by_step",
    "warmup_epochs": 1,
    "milestones": (),
    "precision": "float32",
    **asdict(recipe_of_v2(jitter_probability=0.0, grayscale_probability=0.0, blur_probability=0.0)),
}


def mae(file: Path, **changes: object) -> experiment.Experiment:
    return plan(
        file,
        method="reference_impl.mae:MAE",
        settings=dict(MAE),
        protocol="reference_impl.fine_tuning:fine_tune",
        protocol_settings=SETTINGS | {"epochs": 2},
        **changes,
    )


def test_a_resumed_run_of_mae_and_its_fine_tuning_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = execute(mae(tmp_path / "whole.pt"))
    with pytest.raises(Stop):
        execute(mae(tmp_path / "parts.pt"), stop_after=1)
    resumed = execute(mae(tmp_path / "parts.pt", resume=True))
    assert numbers(resumed.curve) == numbers(whole.curve)
    assert (resumed.trained, resumed.untrained) == (whole.trained, whole.untrained)
    assert whole.untrained.total == 30, "training from scratch is what the trained encoder is compared with"


def test_pretraining_does_not_depend_on_being_fine_tuned_first(tmp_path: Path) -> None:
    by_knn = {"neighbours": 5, "temperature": 0.1, "features": "encoder"}
    plain = replace(mae(tmp_path / "a.pt"), protocol="reference_impl.evaluation:knn", protocol_settings=by_knn)
    assert numbers(execute(mae(tmp_path / "b.pt")).curve) == numbers(execute(plain).curve)


def test_groups_of_batch_norm_are_left_behind() -> None:
    torch.manual_seed(0)
    split, whole = (build_encoder(encoder="resnet_mini", bn_splits=splits) for splits in (8, 1))
    whole.load_state_dict(split.state_dict())
    # A batch of 12 does not divide into eight groups, and the numbers are those of one group.
    assert tuned(Still(split), epochs=1, batch_size=12) == tuned(Still(whole), epochs=1, batch_size=12)
    assert {module.splits for module in split.modules() if isinstance(module, SplitBatchNorm2d)} == {8}
