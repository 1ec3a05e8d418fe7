"""BYOL against the order of operations that its authors published, worked out plainly."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn

from reference_impl.byol import BYOL
from reference_impl.contract import Views
from reference_impl.encoders import Encoder
from registry import Registry
from tests.stepping import losses_of_steps
from tests.test_moco import batch


def make(encoder: Encoder | None = None, **changes: object) -> BYOL:
    settings = {"hidden_dim": 10, "dim": 8, "momentum": 0.9}
    torch.manual_seed(0)
    encoder = encoder or Encoder(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6)
    return BYOL(encoder, **(settings | changes))


def published_training(method: BYOL, steps: int, size: int) -> list[float]:
    """byol_experiment.py's order: both losses, the optimiser, then the target network by the schedule."""
    encoder, projector, predictor = (copy.deepcopy(part) for part in (method.encoder, method.head, method.predictor))
    target_encoder, target_projector = copy.deepcopy(encoder), copy.deepcopy(projector)
    online = [*encoder.parameters(), *projector.parameters()]
    target = [*target_encoder.parameters(), *target_projector.parameters()]
    optimiser = torch.optim.SGD([*online, *predictor.parameters()], lr=0.1, momentum=0.9)
    losses = []
    for step in range(steps):
        first, second = batch(size, step).images
        prediction = [predictor(projector(encoder(view))) for view in (first, second)]
        projection = [target_projector(target_encoder(view)).detach() for view in (first, second)]
        loss = torch.zeros(())
        for p, z in zip(prediction, projection[::-1], strict=True):
            p, z = p / p.norm(dim=1, keepdim=True), z / z.norm(dim=1, keepdim=True)
            loss = loss + (p - z).square().sum(dim=1).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        tau = 1 - (1 - method.momentum) * (math.cos(math.pi * (step + 1) / steps) + 1) / 2
        with torch.no_grad():
            for slow, fast in zip(target, online, strict=True):
                slow.copy_(tau * slow + (1 - tau) * fast)
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("size", [4, 7])
def test_losses_over_steps_are_those_of_the_published_order(size: int) -> None:
    method = make()
    expected = published_training(method, steps=6, size=size)
    optimiser = torch.optim.SGD([p for p in method.parameters() if p.requires_grad], lr=0.1, momentum=0.9)
    actual = losses_of_steps(method, optimiser, [batch(size, step) for step in range(6)])
    assert actual == pytest.approx(expected, abs=1e-5)


def test_loss_is_zero_for_a_perfect_and_eight_for_an_opposite_prediction() -> None:
    method = make()
    same = Views((batch(6, 1).images[0],) * 2, torch.zeros(6))
    method.predictor = nn.Identity()
    assert method.loss(same).item() == pytest.approx(0, abs=1e-5)
    method.predictor = nn.Linear(8, 8, bias=False)
    with torch.no_grad():
        method.predictor.weight.copy_(-torch.eye(8))
    assert method.loss(same).item() == pytest.approx(8, abs=1e-5)


def test_loss_does_not_depend_on_which_view_comes_first() -> None:
    views = batch(6, 1)
    swapped = Views(views.images[::-1], views.labels)
    torch.testing.assert_close(make().loss(views), make().loss(swapped))


def test_no_gradient_reaches_the_target_network() -> None:
    method = make()
    method.loss(batch(6, 1)).backward()
    assert all(parameter.grad is None for parameter in method.target_network.parameters())
    for part in (method.encoder, method.head, method.predictor):
        assert all(parameter.grad is not None for parameter in part.parameters())


@pytest.mark.parametrize(("progress", "momentum"), [(0.0, 0.9), (1 / 3, 0.925), (0.5, 0.95), (1.0, 1.0)])
def test_target_network_follows_by_the_schedule_of_the_paper(progress: float, momentum: float) -> None:
    method = make()
    with torch.no_grad():
        for parameter in method.online_network.parameters():
            parameter.add_(1.0)
    before = [parameter.clone() for parameter in method.target_network.parameters()]
    method.after_step(progress)
    for old, new in zip(before, method.target_network.parameters(), strict=True):
        torch.testing.assert_close(new - old, torch.full_like(old, 1 - momentum), atol=1e-6, rtol=1e-5)


def test_target_network_has_encoder_and_projector_and_no_predictor() -> None:
    method = make()
    shapes = [parameter.shape for parameter in method.target_network.parameters()]
    assert shapes == [parameter.shape for part in (method.encoder, method.head) for parameter in part.parameters()]


def test_projector_and_predictor_are_those_of_the_authors_code() -> None:
    method = make()
    for part in (method.head, method.predictor):
        assert [type(layer) for layer in part] == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Linear]
        assert part[1].affine and part[3].bias is None
    assert [tuple(part[0].weight.shape) for part in (method.head, method.predictor)] == [(10, 6), (10, 8)]


def test_batch_norm_sees_each_view_by_itself_and_the_targets_buffers_are_its_own() -> None:
    method = make(Encoder(nn.Sequential(nn.BatchNorm2d(3), nn.Flatten()), 12))
    images = tuple(torch.randn(8, 3, 2, 2) + shift for shift in (0.0, 3.0))
    means = [view.mean(dim=(0, 2, 3)) for view in images]
    method.loss(Views(images, torch.zeros(8)))
    online, target = method.encoder.network[0], method.target_network.network[0].network[0]
    torch.testing.assert_close(online.running_mean, 0.9 * 0.1 * means[0] + 0.1 * means[1])
    torch.testing.assert_close(target.running_mean, 0.9 * 0.1 * means[1] + 0.1 * means[0])
    method.after_step(progress=0)
    torch.testing.assert_close(target.running_mean, 0.9 * 0.1 * means[1] + 0.1 * means[0])


@pytest.mark.parametrize(
    ("variant", "epochs", "base_rate", "decay", "momentum"),
    [(None, 1000, 0.2, 1.5e-6, 0.996), ("300_epochs", 300, 0.3, 1e-6, 0.99), ("100_epochs", 100, 0.45, 1e-6, 0.99)],
)
def test_imagenet_recipes_have_the_presets_of_the_authors(
    registry: Registry, variant: str | None, epochs: int, base_rate: float, decay: float, momentum: float
) -> None:
    settings = registry.recipe("byol", "imagenet1k_linear", variant).settings
    assert settings["batch_size"] == 4096
    assert settings["learning_rate"] == pytest.approx(base_rate * 4096 / 256)
    assert (settings["epochs"], settings["weight_decay"], settings["momentum"]) == (epochs, decay, momentum)
    assert (settings["hidden_dim"], settings["dim"], settings["warmup_epochs"]) == (4096, 256, 10)
    assert (settings["blur_probability"], settings["second_blur_probability"]) == (1.0, 0.1)
    assert (settings["solarize_probability"], settings["second_solarize_probability"]) == (0.0, 0.2)
