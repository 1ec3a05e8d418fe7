"""Supervised contrastive training: what its loss sees, against slow plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import normalize

from reference_impl.contract import Views
from reference_impl.encoders import Encoder, build_encoder
from reference_impl.supcon import SupCon


def make(form: str, encoder: Encoder | None = None) -> SupCon:
    torch.manual_seed(0)
    encoder = encoder or Encoder(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6)
    return SupCon(encoder, dim=4, temperature=0.3, form=form)


def batch(labels: list[int]) -> Views:
    generator = torch.Generator().manual_seed(1)
    first, second = (torch.randn(len(labels), 3, 2, 2, generator=generator) for _ in range(2))
    return Views((first, second), torch.tensor(labels))


def slow_loss(embeddings: np.ndarray, labels: list[int], t: float, form: str) -> float:
    total = 0.0
    for i, anchor in enumerate(embeddings):
        others = [j for j in range(len(embeddings)) if j != i]
        positives = [j for j in others if labels[j] == labels[i]]
        below = sum(math.exp(anchor @ embeddings[j] / t) for j in others)
        shares = [math.exp(anchor @ embeddings[j] / t) / below for j in positives]
        if form == "out":
            total -= sum(map(math.log, shares)) / len(shares)
        else:
            total -= math.log(sum(shares) / len(shares))
    return total / len(embeddings)


@pytest.mark.parametrize("form", ["out", "in"])
@pytest.mark.parametrize("labels", [[0, 1, 0, 2, 0, 1], [0, 1, 2, 3], [7, 7, 7]])
def test_the_loss_is_the_papers_over_both_views(form: str, labels: list[int]) -> None:
    method, views = make(form), batch(labels)
    with torch.no_grad():
        embeddings = normalize(method.head(method.encoder(torch.cat(views.images))), dim=1).double().numpy()
    assert method.loss(views).item() == pytest.approx(slow_loss(embeddings, labels * 2, 0.3, form), rel=1e-5)


def test_the_two_forms_differ_and_the_inner_mean_is_never_larger() -> None:
    views = batch([0, 1, 0, 2, 0, 1])
    assert make("in").loss(views) < make("out").loss(views)


def test_labels_train_here() -> None:
    method = make("out")
    losses = {method.loss(batch(labels)).item() for labels in ([0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1])}
    assert len(losses) == 2


def test_a_step_lowers_the_loss_and_reaches_encoder_and_head() -> None:
    method, views = make("out"), batch([0, 1, 0, 2, 0, 1])
    optimiser = torch.optim.SGD(method.parameters(), lr=0.1)
    before = method.loss(views)
    before.backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in method.parameters())
    optimiser.step()
    assert method.loss(views) < before


def test_the_head_has_one_hidden_layer_and_no_batch_norm() -> None:
    assert [type(layer) for layer in make("out").head] == [nn.Linear, nn.ReLU, nn.Linear]


def test_batch_norm_sees_both_views_together() -> None:
    method = make("out", build_encoder(encoder="resnet_mini", bn_splits=1))
    images = tuple(torch.randn(4, 3, 32, 32) + shift for shift in (0.0, 3.0))
    method.loss(Views(images, torch.tensor([0, 1, 0, 1])))
    tracked = [module for module in method.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {int(module.num_batches_tracked) for module in tracked} == {1}
