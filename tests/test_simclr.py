"""SimCLR against its paper's Algorithm 1, worked out slowly in float64, and its authors' code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from reference_impl.contract import Views
from reference_impl.encoders import Encoder
from reference_impl.simclr import SimCLR
from registry import Registry
from tests.test_moco import batch


def make(encoder: Encoder | None = None, **changes: object) -> SimCLR:
    settings = {"projector_layers": 2, "hidden_dim": 10, "dim": 8, "temperature": 0.5}
    torch.manual_seed(0)
    encoder = encoder or Encoder(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6)
    return SimCLR(encoder, **(settings | changes))


def batch_norm(inputs: np.ndarray) -> np.ndarray:
    return (inputs - inputs.mean(axis=0)) / np.sqrt(inputs.var(axis=0) + 1e-5)


def slow_loss(method: SimCLR, views: Views) -> float:
    """Algorithm 1 with its own indices: rows 2k and 2k + 1 are the views of image k."""
    weights = {name: value.detach().double().numpy() for name, value in method.named_parameters()}
    images = np.concatenate([view.double().numpy().reshape(len(view), -1) for view in views.images])
    features = images @ weights["encoder.network.1.weight"].T + weights["encoder.network.1.bias"]
    hidden = batch_norm(features @ weights["head.0.weight"].T)
    hidden = np.maximum(hidden * weights["head.1.weight"] + weights["head.1.bias"], 0)
    z = batch_norm(hidden @ weights["head.3.weight"].T) * weights["head.4.weight"]
    count = len(z) // 2
    z = np.stack([z[:count], z[count:]], axis=1).reshape(len(z), -1)

    def similarity(i: int, j: int) -> float:
        return float(z[i] @ z[j] / (np.linalg.norm(z[i]) * np.linalg.norm(z[j])))

    def one(i: int, j: int) -> float:
        others = sum(math.exp(similarity(i, k) / method.temperature) for k in range(2 * count) if k != i)
        return -math.log(math.exp(similarity(i, j) / method.temperature) / others)

    return sum(one(2 * k, 2 * k + 1) + one(2 * k + 1, 2 * k) for k in range(count)) / (2 * count)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("size", [2, 5])
def test_loss_is_algorithm_1_of_the_paper(temperature: float, size: int) -> None:
    method, views = make(temperature=temperature), batch(size, 1)
    with torch.no_grad():
        method.head[4].weight.uniform_(0.5, 2.0)
    assert method.loss(views).item() == pytest.approx(slow_loss(method, views), abs=1e-5)


def test_loss_stays_algorithm_1_while_it_trains() -> None:
    method = make()
    optimiser = torch.optim.SGD(method.parameters(), lr=0.1, momentum=0.9)
    for step in range(5):
        expected = slow_loss(method, batch(6, step))
        loss = method.loss(batch(6, step))
        assert loss.item() == pytest.approx(expected, abs=1e-5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        method.after_step(progress=0)


def test_loss_is_half_of_what_the_authors_code_returns() -> None:
    method, views = make(), batch(6, 1)
    z = normalize(method.head(method.encoder(torch.cat(views.images))), dim=1)
    one, two = z.chunk(2)
    own = torch.eye(6) * 1e9  # objective.py: loss_a + loss_b, each a mean over the batch
    parts = [
        cross_entropy(torch.cat([a @ b.T, a @ a.T - own], dim=1) / 0.5, torch.arange(6))
        for a, b in ((one, two), (two, one))
    ]
    torch.testing.assert_close(2 * method.loss(views), sum(parts))


def test_batch_norm_sees_both_views_together() -> None:
    method = make(Encoder(nn.Sequential(nn.BatchNorm2d(3), nn.Flatten()), 12))
    images = tuple(torch.randn(8, 3, 2, 2) + shift for shift in (0.0, 3.0))
    method.loss(Views(images, torch.zeros(8)))
    layer = method.encoder.network[0]
    assert int(layer.num_batches_tracked) == 1
    torch.testing.assert_close(layer.running_mean, 0.1 * torch.cat(images).mean(dim=(0, 2, 3)))


@pytest.mark.parametrize("layers", [2, 3])
def test_the_projector_is_that_of_the_authors_code(layers: int) -> None:
    head = make(projector_layers=layers).head
    kinds = [nn.Linear, nn.BatchNorm1d, nn.ReLU] * (layers - 1) + [nn.Linear, nn.BatchNorm1d]
    assert [type(layer) for layer in head] == kinds
    assert [tuple(layer.weight.shape) for layer in head if isinstance(layer, nn.Linear)] == [
        (10, 6),
        *[(10, 10)] * (layers - 2),
        (8, 10),
    ]
    assert all(layer.bias is None for layer in head if isinstance(layer, nn.Linear))


def test_the_last_batch_norm_has_a_scale_that_trains_and_no_offset() -> None:
    method = make()
    method.loss(batch(6, 1)).backward()
    last = method.head[-1]
    assert last.weight.grad is not None and bool(last.weight.grad.any())
    assert last.bias.grad is None and not bool(last.bias.any())


def test_recipes_have_the_rates_and_temperatures_of_the_authors(registry: Registry) -> None:
    imagenet = registry.recipe("simclr", "imagenet1k_linear", None).settings
    assert (imagenet["batch_size"], imagenet["temperature"], imagenet["weight_decay"]) == (4096, 0.1, 1e-6)
    assert imagenet["learning_rate"] == pytest.approx(0.3 * 4096 / 256)
    assert (imagenet["projector_layers"], imagenet["hidden_dim"], imagenet["dim"]) == (2, 2048, 128)
    cifar10 = registry.recipe("simclr", "cifar10_linear", "1000_epochs").settings
    assert (cifar10["batch_size"], cifar10["temperature"], cifar10["weight_decay"]) == (512, 0.5, 1e-4)
    assert cifar10["learning_rate"] == pytest.approx(1.0 * 512 / 256)
    assert (cifar10["jitter_brightness"], cifar10["jitter_hue"], cifar10["blur_probability"]) == (0.4, 0.1, 0.0)
