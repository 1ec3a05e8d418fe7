"""MoCo v3 against the order of operations that its authors published, worked out plainly."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from reference_impl.contract import Views
from reference_impl.encoders import Encoder, build_encoder
from reference_impl.moco_v3 import MoCoV3
from registry import Registry
from tests.stepping import losses_of_steps
from tests.test_moco import batch


def make(encoder: Encoder | None = None, **changes: object) -> MoCoV3:
    settings = {
        "projector_layers": 2,
        "hidden_dim": 10,
        "dim": 8,
        "predictor_last_norm": False,
        "frozen_patches": False,
        "momentum": 0.9,
        "temperature": 0.2,
    }
    torch.manual_seed(0)
    encoder = encoder or Encoder(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6)
    return MoCoV3(encoder, **(settings | changes))


def contrast(queries: torch.Tensor, keys: torch.Tensor, temperature: float) -> torch.Tensor:
    total = torch.zeros(())
    for i, query in enumerate(queries):
        similarities = torch.stack([query @ key / (query.norm() * key.norm()) for key in keys]) / temperature
        total = total - torch.log(similarities[i].exp() / similarities.exp().sum())
    return 2 * temperature * total / len(queries)


def published_training(method: MoCoV3, steps: int, size: int) -> list[float]:
    """moco/builder.py's order: both queries, the key network by this step's momentum, both keys, both losses."""
    base = nn.Sequential(copy.deepcopy(method.encoder), copy.deepcopy(method.head))
    predictor, momentum_base = copy.deepcopy(method.predictor), copy.deepcopy(base)
    optimiser = torch.optim.SGD([*base.parameters(), *predictor.parameters()], lr=0.1, momentum=0.9)
    losses = []
    for step in range(steps):
        first, second = batch(size, step).images
        q1, q2 = predictor(base(first)), predictor(base(second))
        m = 1 - 0.5 * (1 + math.cos(math.pi * step / steps)) * (1 - method.momentum)
        with torch.no_grad():
            for slow, fast in zip(momentum_base.parameters(), base.parameters(), strict=True):
                slow.copy_(slow * m + fast * (1 - m))
            k1, k2 = momentum_base(first), momentum_base(second)
        loss = contrast(q1, k2, method.temperature) + contrast(q2, k1, method.temperature)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("heads", [{}, {"projector_layers": 3, "predictor_last_norm": True}])
@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_losses_over_steps_are_those_of_the_published_order(heads: dict[str, object], temperature: float) -> None:
    method = make(temperature=temperature, **heads)
    expected = published_training(method, steps=6, size=12)
    optimiser = torch.optim.SGD([p for p in method.parameters() if p.requires_grad], lr=0.1, momentum=0.9)
    actual = losses_of_steps(method, optimiser, [batch(12, step) for step in range(6)])
    assert actual == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("temperature", [0.05, 0.2, 1.0])
def test_equal_similarities_give_four_temperatures_times_ln_of_the_batch(temperature: float) -> None:
    same = torch.ones(6, 3, 2, 2)
    loss = make(temperature=temperature).loss(Views((same, same), torch.zeros(6)))
    assert loss.item() == pytest.approx(4 * temperature * math.log(6), rel=1e-5)


def test_loss_does_not_depend_on_which_view_comes_first() -> None:
    views = batch(6, 1)
    swapped = Views(views.images[::-1], views.labels)
    torch.testing.assert_close(make().loss(views), make().loss(swapped))


def test_no_gradient_reaches_the_key_network() -> None:
    method = make()
    method.loss(batch(6, 1)).backward()
    assert all(parameter.grad is None for parameter in method.key_network.parameters())
    for part in (method.encoder, method.head, method.predictor):
        assert all(parameter.grad is not None for parameter in part.parameters())


@pytest.mark.parametrize(("progress", "momentum"), [(0.0, 0.9), (1 / 3, 0.925), (0.5, 0.95), (1.0, 1.0)])
def test_key_network_follows_encoder_and_projector_by_the_cosine(progress: float, momentum: float) -> None:
    method = make()
    with torch.no_grad():
        for parameter in method.base_network.parameters():
            parameter.add_(1.0)
    before = [parameter.clone() for parameter in method.key_network.parameters()]
    method.after_step(progress)
    for old, new in zip(before, method.key_network.parameters(), strict=True):
        torch.testing.assert_close(new - old, torch.full_like(old, 1 - momentum), atol=1e-6, rtol=1e-5)


def test_batch_norm_sees_each_view_by_itself() -> None:
    method = make(Encoder(nn.Sequential(nn.BatchNorm2d(3), nn.Flatten()), 12))
    images = tuple(torch.randn(8, 3, 2, 2) + shift for shift in (0.0, 3.0))
    means = [view.mean(dim=(0, 2, 3)) for view in images]
    method.loss(Views(images, torch.zeros(8)))
    torch.testing.assert_close(method.encoder.network[0].running_mean, 0.9 * 0.1 * means[0] + 0.1 * means[1])


def kinds(head: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in head.children()]


HIDDEN = ["Linear", "BatchNorm1d", "ReLU"]


def test_heads_of_a_residual_network_have_two_layers_and_the_predictor_ends_without_batch_norm() -> None:
    method = make()
    assert kinds(method.head) == [*HIDDEN, "Linear", "BatchNorm1d"]
    assert kinds(method.predictor) == [*HIDDEN, "Linear"]


def test_heads_of_a_vision_transformer_have_three_and_two_layers_and_end_in_batch_norm() -> None:
    method = make(projector_layers=3, predictor_last_norm=True)
    assert kinds(method.head) == [*HIDDEN, *HIDDEN, "Linear", "BatchNorm1d"]
    assert kinds(method.predictor) == [*HIDDEN, "Linear", "BatchNorm1d"]


def test_linear_layers_have_no_bias_and_the_last_batch_norm_neither_scale_nor_offset() -> None:
    method = make(projector_layers=3, predictor_last_norm=True)
    for head in (method.head, method.predictor):
        norms = [layer for layer in head if isinstance(layer, nn.BatchNorm1d)]
        assert [layer.affine for layer in norms] == [True] * (len(norms) - 1) + [False]
        assert all(layer.bias is None for layer in head if isinstance(layer, nn.Linear))


def test_frozen_patches_do_not_train_and_all_else_does() -> None:
    class Patches(nn.Sequential):
        def freeze_patches(self) -> None:
            self[1].requires_grad_(False)

    encoder = Encoder(Patches(nn.Flatten(), nn.Linear(12, 7), nn.ReLU(), nn.Linear(7, 6)), 6)
    method = make(encoder, frozen_patches=True)
    method.loss(batch(6, 1)).backward()
    assert encoder.network[1].weight.grad is None
    assert encoder.network[3].weight.grad is not None


def test_frozen_patches_of_a_residual_network_are_refused() -> None:
    with pytest.raises(ValueError, match="no patches to freeze"):
        make(build_encoder(encoder="resnet_mini", bn_splits=1), frozen_patches=True)


@pytest.mark.parametrize(
    ("variant", "epochs", "base_rate", "decay", "momentum"),
    [(None, 1000, 0.3, 1.5e-6, 0.996), ("300_epochs", 300, 0.3, 1e-6, 0.99), ("100_epochs", 100, 0.6, 1e-6, 0.99)],
)
def test_imagenet_recipes_of_the_residual_network_are_those_of_the_authors(
    registry: Registry, variant: str | None, epochs: int, base_rate: float, decay: float, momentum: float
) -> None:
    settings = registry.recipe("moco_v3", "imagenet1k_linear", variant).settings
    assert (settings["batch_size"], settings["temperature"], settings["encoder"]) == (4096, 1.0, "resnet50")
    assert settings["learning_rate"] == pytest.approx(base_rate * 4096 / 256)
    assert (settings["epochs"], settings["weight_decay"], settings["momentum"]) == (epochs, decay, momentum)
    assert (settings["projector_layers"], settings["predictor_last_norm"], settings["frozen_patches"]) == (
        2,
        False,
        False,
    )
