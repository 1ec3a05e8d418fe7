"""XMoCo's two terms, in every reading, against slow plain arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl.contract import Views
from reference_impl.moco import MoCo
from reference_impl.xmoco import XMoCo, cross_consistency, negative_uniformity
from tests.stepping import assert_steps_are_those_of_moco
from tests.test_moco_dual_view import COMMON, batch, embeddings, encoder

TERMS: dict[str, Any] = {
    "symmetric": False,
    "pair_set": "batch",
    "distance": "l2",
    "stop_gradient": False,
    "lambda_cc": 0.7,
    "lambda_u": 0.3,
    "tau_u": 0.5,
}


def make(**changes: object) -> XMoCo:
    return XMoCo(encoder(), **(COMMON | TERMS | changes))


def softmax(values: list[float]) -> list[float]:
    total = sum(map(math.exp, values))
    return [math.exp(value) / total for value in values]


def slow_info_nce(query: np.ndarray, key: np.ndarray, queue: np.ndarray, t: float) -> float:
    return sum(
        -math.log(softmax([q @ k / t, *(q @ other / t for other in queue)])[0])
        for q, k in zip(query, key, strict=True)
    ) / len(query)


def slow_loss(method: XMoCo, views: Views) -> float:
    query, key, queue = embeddings(method, views)
    other_query, other_key, _ = embeddings(method, Views(views.images[::-1], views.labels))
    t, size = method.temperature, len(query)
    loss = slow_info_nce(query, key, queue, t)
    if method.symmetric:
        loss += slow_info_nce(other_query, other_key, queue, t)
    with_queue = list(queue) if method.pair_set == "batch_and_queue" else []
    s = [[q @ k for k in [*key, *with_queue]] for q in query]
    other = [[q @ k for k in [*other_key, *with_queue]] for q in other_query]
    if method.distance == "l2":
        apart = [(a - b) ** 2 for row, row2 in zip(s, other, strict=True) for a, b in zip(row, row2, strict=True)]
        consistency = sum(apart) / len(apart)
    else:
        consistency = 0.0
        for row, row2 in zip(s, other, strict=True):
            p, p2 = softmax([value / t for value in row]), softmax([value / t for value in row2])
            consistency += sum(b * math.log(b / a) for a, b in zip(p, p2, strict=True)) / size
    uniformity = 0.0
    for i in range(size):
        p = softmax([s[i][j] / method.tau_u for j in range(size) if j != i])
        uniformity += sum(math.log(1 / (size - 1) / value) / (size - 1) for value in p) / size
    return loss + method.lambda_cc * consistency + method.lambda_u * uniformity


@pytest.mark.parametrize("pairs", ["batch", "batch_and_queue"])
@pytest.mark.parametrize("distance", ["l2", "kl"])
@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("symmetric", [False, True])
def test_the_loss_is_the_formula_in_every_reading(pairs: str, distance: str, stop: bool, symmetric: bool) -> None:
    method = make(pair_set=pairs, distance=distance, stop_gradient=stop, symmetric=symmetric)
    views = batch()
    assert method.loss(views).item() == pytest.approx(slow_loss(method, views), rel=1e-5)


@pytest.mark.parametrize("symmetric", [False, True])
def test_without_both_terms_it_is_moco_to_the_last_bit(symmetric: bool) -> None:
    ours = make(lambda_cc=0.0, lambda_u=0.0, symmetric=symmetric)
    moco = MoCo(encoder(), symmetric=symmetric, **COMMON)
    moco.load_state_dict(ours.state_dict())
    assert_steps_are_those_of_moco(ours, moco, batch)


def consistency_gradients(*, stop: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """What the consistency alone sends into the queries of the first and of the second views."""
    method, views = make(stop_gradient=stop, lambda_u=0.0), batch()
    queries = [torch.randn(5, 4, requires_grad=True) for _ in range(2)]
    method._queries = lambda images: queries[0] if images is views.images[0] else queries[1]
    plain = make(lambda_cc=0.0, lambda_u=0.0)
    plain._queries = method._queries
    (method.loss(views) - plain.loss(views)).backward()
    return tuple(torch.zeros(5, 4) if query.grad is None else query.grad for query in queries)


def test_gradient_flows_through_both_similarities_unless_the_second_is_held_fixed() -> None:
    first, second = consistency_gradients(stop=False)
    assert first.norm() > 1e-3
    assert second.norm() > 1e-3
    first, second = consistency_gradients(stop=True)
    assert first.norm() > 1e-3
    assert second.norm() == 0


@pytest.mark.parametrize("pairs", ["batch", "batch_and_queue"])
def test_no_gradient_reaches_the_key_network(pairs: str) -> None:
    method = make(pair_set=pairs, symmetric=True)
    method.loss(batch()).backward()
    assert all(parameter.grad is None for parameter in method.key_network.parameters())
    assert all(parameter.grad is not None for parameter in method.query_network.parameters())


@pytest.mark.parametrize("distance", ["l2", "kl"])
def test_equal_similarities_are_consistent_and_others_are_not(distance: str) -> None:
    torch.manual_seed(0)
    one, other = torch.randn(2, 6, 6)
    assert float(cross_consistency(one, one, distance, 0.2)) == pytest.approx(0, abs=1e-6)
    assert float(cross_consistency(one, other, distance, 0.2)) > 0.1


def test_uniformity_asks_nothing_of_the_positive_and_is_zero_for_equal_negatives() -> None:
    equal = torch.full((6, 6), 0.3) + torch.diag(torch.arange(6.0))
    assert float(negative_uniformity(equal, 0.2)) == pytest.approx(0, abs=1e-6)
    torch.manual_seed(0)
    uneven = torch.randn(6, 6)
    moved = uneven + torch.diag(torch.randn(6))
    assert float(negative_uniformity(uneven, 0.2)) > 0.1
    torch.testing.assert_close(negative_uniformity(uneven, 0.2), negative_uniformity(moved, 0.2))


def test_both_terms_have_the_gradient_of_their_value() -> None:
    torch.manual_seed(0)
    one, other = (torch.randn(4, 4, dtype=torch.double, requires_grad=True) for _ in range(2))
    for distance in ("l2", "kl"):
        assert torch.autograd.gradcheck(lambda a, b, d=distance: cross_consistency(a, b, d, 0.3), (one, other))
    assert torch.autograd.gradcheck(lambda a: negative_uniformity(a, 0.3), (one,))


def test_the_second_views_are_not_encoded_twice_for_nothing() -> None:
    calls = []

    class Counting(nn.Flatten):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            calls.append(len(images))
            return super().forward(images)

    method = make(lambda_cc=0.0)
    method.encoder.network[0] = Counting()
    method.loss(batch())
    assert calls == [5]
