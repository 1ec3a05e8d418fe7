"""MoCo against the order of operations that its authors published, worked out by hand or slowly."""

from __future__ import annotations

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn.functional import normalize

from reference_impl.batch_norm import SplitBatchNorm2d
from reference_impl.contract import Views
from reference_impl.encoders import Encoder, build_encoder
from reference_impl.losses import info_nce
from reference_impl.moco import MoCo
from tests.stepping import losses_of_steps


def make(encoder: Encoder | None = None, **changes: object) -> MoCo:
    settings = {
        "head": "mlp",
        "dim": 8,
        "queue_size": 12,
        "momentum": 0.9,
        "temperature": 0.2,
        "symmetric": False,
        "shuffle": False,
    }
    torch.manual_seed(0)
    encoder = encoder or Encoder(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6)
    return MoCo(encoder, **(settings | changes))


def batch(size: int, seed: int) -> Views:
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(size, 3, 2, 2, generator=generator) for _ in range(2))
    return Views((first, second), torch.zeros(size, dtype=torch.long))


def published_training(method: MoCo, steps: int, size: int) -> list[float]:
    """moco/builder.py's order: encode q, move the key network, encode k, logits on the old queue, enqueue."""
    query, key = copy.deepcopy(method.query_network), copy.deepcopy(method.key_network.network)
    queue, pointer, losses = method.queue_KD.clone(), 0, []
    optimiser = torch.optim.SGD(query.parameters(), lr=0.1, momentum=0.9)
    for step in range(steps):
        first, second = batch(size, step).images

        def direction(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            with torch.no_grad():
                k = normalize(key(b), dim=1)
            return info_nce(normalize(query(a), dim=1), k, queue, method.temperature), k

        with torch.no_grad():
            for slow, fast in zip(key.parameters(), query.parameters(), strict=True):
                slow.copy_(method.momentum * slow + (1 - method.momentum) * fast)
        loss, new = direction(first, second)
        if method.symmetric:
            other, new_first = direction(second, first)
            loss, new = loss + other, torch.cat([new_first, new])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        for vector in new:
            queue[pointer] = vector
            pointer = (pointer + 1) % len(queue)
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("size", [4, 5])
def test_losses_over_steps_are_those_of_the_published_order(symmetric: bool, size: int) -> None:
    method = make(symmetric=symmetric)
    expected = published_training(method, steps=6, size=size)
    optimiser = torch.optim.SGD(method.query_network.parameters(), lr=0.1, momentum=0.9)
    actual = losses_of_steps(method, optimiser, [batch(size, step) for step in range(6)])
    assert actual == pytest.approx(expected, abs=1e-5)


def keys_of(method: MoCo, views: Views) -> torch.Tensor:
    return normalize(method.key_network(views.images[1]), dim=1)


def test_newest_keys_replace_the_oldest_and_wrap_around() -> None:
    method = make(queue_size=7, momentum=1.0)
    first, second = batch(5, 1), batch(5, 2)
    for views in (first, second):
        method.loss(views)
        method.after_step(progress=0)
    one, two = keys_of(method, first), keys_of(method, second)
    expected = torch.cat([two[2:5], one[3:5], two[0:2]])
    torch.testing.assert_close(method.queue_KD, expected)
    assert int(method.oldest) == 3


def test_a_batch_larger_than_the_queue_leaves_its_last_keys() -> None:
    method = make(queue_size=3, momentum=1.0)
    views = batch(5, 1)
    method.loss(views)
    method.after_step(progress=0)
    kept = {tuple(row) for row in keys_of(method, views)[2:].round(decimals=4).tolist()}
    assert {tuple(row) for row in method.queue_KD.round(decimals=4).tolist()} == kept


def test_loss_sees_the_queue_as_it_was_before_the_batch() -> None:
    method, views = make(), batch(4, 1)
    before = method.queue_KD.clone()
    first = method.loss(views)
    assert torch.equal(method.queue_KD, before)
    query = normalize(method.query_network(views.images[0]), dim=1)
    torch.testing.assert_close(first, info_nce(query, keys_of(method, views), before, 0.2))


def test_symmetric_loss_is_the_sum_of_both_directions_on_one_queue() -> None:
    one, both, views = make(), make(symmetric=True), batch(4, 1)
    total = one.loss(views) + one.loss(Views(views.images[::-1], views.labels))
    torch.testing.assert_close(both.loss(views), total)


def test_symmetric_form_enqueues_once_after_both_directions_first_views_keys_first() -> None:
    method, views = make(symmetric=True, momentum=1.0), batch(4, 1)
    method.loss(views)
    method.after_step(progress=0)
    expected = normalize(method.key_network(torch.cat(views.images)), dim=1)
    torch.testing.assert_close(method.queue_KD[:8], expected)
    assert int(method.oldest) == 8


def test_no_gradient_reaches_the_key_network_or_the_queue() -> None:
    method = make()
    method.loss(batch(4, 1)).backward()
    assert all(parameter.grad is None for parameter in method.key_network.parameters())
    assert not method.queue_KD.requires_grad
    assert all(parameter.grad is not None for parameter in method.query_network.parameters())


def test_queue_starts_as_noise_of_unit_length() -> None:
    method = make(queue_size=500)
    torch.testing.assert_close(method.queue_KD.norm(dim=1), torch.ones(500))
    assert float(method.queue_KD.mean(dim=0).norm()) < 0.15


def test_first_loss_against_orthogonal_noise_is_near_ln_of_the_choices() -> None:
    method = make(dim=512, queue_size=4096, temperature=1.0)
    with torch.no_grad():
        loss = float(method.loss(batch(64, 1)))
    # Similarities to noise in 512 dimensions are within 0.2 of 0, the positive's is at most 1.
    assert math.log(4097) - 1 - 0.01 <= loss <= math.log(4097) + 1 + 0.01


def test_batch_norm_buffers_of_the_keys_are_their_own() -> None:
    method = make(build_encoder(encoder="resnet_mini", bn_splits=1), momentum=0.5)
    images = tuple(torch.randn(8, 3, 32, 32) + shift for shift in (0.0, 3.0))
    before = method.key_network.network[0].network[1].running_mean.clone()
    method.loss(Views(images, torch.zeros(8, dtype=torch.long)))
    after_loss = method.key_network.network[0].network[1].running_mean.clone()
    method.after_step(progress=0)
    assert not torch.equal(before, after_loss), "keys are encoded in training mode"
    assert torch.equal(after_loss, method.key_network.network[0].network[1].running_mean)
    assert not torch.equal(after_loss, method.encoder.network[1].running_mean)


def test_split_batch_norm_normalises_each_group_by_itself() -> None:
    torch.manual_seed(0)
    layer, plain = SplitBatchNorm2d(3, splits=4), nn.BatchNorm2d(3)
    images = torch.randn(8, 3, 5, 5)
    expected = torch.cat([nn.BatchNorm2d(3)(group) for group in images.chunk(4)])
    torch.testing.assert_close(layer(images), expected)
    assert not torch.allclose(layer(images), plain(images))


def test_split_batch_norm_moves_its_buffers_by_the_mean_of_the_groups() -> None:
    layer = SplitBatchNorm2d(1, splits=2)
    images = torch.tensor([1.0, 3.0, 10.0, 14.0]).reshape(4, 1, 1, 1)
    layer(images)
    # Group means 2 and 12; unbiased variances 2 and 8; buffers start at 0 and 1, momentum 0.1.
    torch.testing.assert_close(layer.running_mean, torch.tensor([0.1 * 7.0]))
    torch.testing.assert_close(layer.running_var, torch.tensor([0.9 + 0.1 * 5.0]))


def test_split_batch_norm_in_evaluation_is_ordinary() -> None:
    layer = SplitBatchNorm2d(3, splits=4).eval()
    images = torch.randn(3, 3, 2, 2)  # need not divide into groups
    torch.testing.assert_close(layer(images), nn.BatchNorm2d(3).eval()(images))


def test_split_batch_norm_refuses_a_batch_that_does_not_divide() -> None:
    with pytest.raises(ValueError, match="a batch of 6 does not divide into 4"):
        SplitBatchNorm2d(3, splits=4)(torch.randn(6, 3, 2, 2))


def test_shuffle_changes_the_batch_norm_groups_of_the_keys_on_one_device() -> None:
    encoder = Encoder(nn.Sequential(SplitBatchNorm2d(3, splits=4), nn.Flatten()), 12)
    plain, shuffled = make(encoder), make(copy.deepcopy(encoder), shuffle=True)
    shuffled.load_state_dict(plain.state_dict())
    images = batch(16, 1).images[1]
    assert not torch.allclose(plain._keys(images), shuffled._keys(images), atol=1e-3)


def test_shuffled_keys_come_back_in_the_order_of_their_images() -> None:
    # Without BatchNorm nothing depends on the neighbours: shuffled keys must equal the plain ones.
    plain, shuffled = make(), make(shuffle=True)
    images = batch(16, 1).images[1]
    torch.testing.assert_close(plain._keys(images), shuffled._keys(images))


def test_shuffle_without_split_batch_norm_is_a_no_op() -> None:
    # The trap of single-device implementations: permuting a batch does not change its statistics.
    encoder = Encoder(nn.Sequential(nn.BatchNorm2d(3), nn.Flatten()), 12)
    plain, shuffled = make(encoder), make(copy.deepcopy(encoder), shuffle=True)
    shuffled.load_state_dict(plain.state_dict())
    images = batch(16, 1).images[1]
    torch.testing.assert_close(plain._keys(images), shuffled._keys(images), atol=1e-5, rtol=1e-4)


def test_version_one_has_a_linear_head_and_version_two_an_mlp_without_batch_norm() -> None:
    assert isinstance(make(head="linear").head, nn.Linear)
    assert [type(layer) for layer in make(head="mlp").head] == [nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize(
    ("name", "width", "million"), [("resnet_mini", 128, 0.3), ("resnet18_cifar", 512, 11.2), ("resnet50", 2048, 23.5)]
)
def test_encoders_have_the_width_and_size_of_their_name(name: str, width: int, million: float) -> None:
    encoder = build_encoder(encoder=name, bn_splits=8)
    parameters = sum(parameter.numel() for parameter in encoder.parameters())
    assert encoder.width == width
    assert parameters / 1e6 == pytest.approx(million, abs=0.05)
    assert any(isinstance(module, SplitBatchNorm2d) for module in encoder.modules())
    assert encoder.eval()(torch.randn(1, 3, 64, 64)).shape == (1, width)


def test_an_unknown_encoder_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no encoder 'resnet19'"):
        build_encoder(encoder="resnet19", bn_splits=1)
