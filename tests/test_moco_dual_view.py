"""The dual-view loss and the selected negatives, in every reading, against slow plain arithmetic."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from reference_impl.contract import Views
from reference_impl.encoders import Encoder
from reference_impl.moco import MoCo
from reference_impl.moco_dual_view import MoCoDualView
from tests.stepping import assert_steps_are_those_of_moco, gradients

COMMON: dict[str, Any] = {
    "head": "mlp",
    "dim": 4,
    "queue_size": 12,
    "momentum": 0.9,
    "temperature": 0.2,
    "shuffle": False,
}
DUAL: dict[str, Any] = {
    "alpha": 0.3,
    "key_gradient": "stop",
    "denominator": "query",
    "selection": "none",
    "selection_scope": "query",
    "share_kept": 1.0,
    "share_dropped": 0.0,
}
SELECTIONS = {
    "none": {"share_kept": 1.0, "share_dropped": 0.0},
    "hardest_topk": {"share_kept": 0.25, "share_dropped": 0.0},
    "farthest_topk": {"share_kept": 0.25, "share_dropped": 0.0},
    "drop_top_then_topk": {"share_kept": 0.25, "share_dropped": 1 / 6},
}


def encoder() -> Encoder:
    torch.manual_seed(0)
    return Encoder(nn.Sequential(nn.Flatten(), nn.Linear(12, 6)), 6)


def make(**changes: object) -> MoCoDualView:
    return MoCoDualView(encoder(), **(COMMON | DUAL | changes))


def batch(size: int = 5, seed: int = 1, labels: Tensor | None = None) -> Views:
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(size, 3, 2, 2, generator=generator) for _ in range(2))
    return Views((first, second), torch.arange(size) % 3 if labels is None else labels)


def embeddings(method: MoCo, views: Views) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Queries, keys and queue of a method whose networks have no batch statistics."""
    with torch.no_grad():
        query = normalize(method.query_network(views.images[0]), dim=1)
        key = normalize(method.key_network(views.images[1]), dim=1)
    return query.double().numpy(), key.double().numpy(), method.queue_KD.double().numpy()


def chosen(query: np.ndarray, queue: np.ndarray, selection: str, scope: str) -> list[list[int]]:
    """The places of the negatives of each query, in words: sort by similarity, cut, and count."""
    similarity = [[float(q @ k) for k in queue] for q in query]
    if scope == "batch":
        similarity = [[sum(column) / len(query) for column in zip(*similarity, strict=True)]] * len(query)
    found = []
    for row in similarity:
        nearest = sorted(range(len(queue)), key=lambda place: -row[place])
        found.append(
            {"none": nearest, "hardest_topk": nearest[:3], "farthest_topk": nearest[-3:]}.get(selection, nearest[2:5])
        )
    return found


def slow_loss(method: MoCoDualView, views: Views) -> float:
    query, key, queue = embeddings(method, views)
    t, total = method.temperature, 0.0
    for q, k, places in zip(query, key, chosen(query, queue, method.selection, method.selection_scope), strict=True):
        own = math.exp(q @ k / t)
        of_query = -math.log(own / (own + sum(math.exp(q @ queue[i] / t) for i in places)))
        first = own if method.denominator == "query" else math.exp(k @ k / t)
        of_key = -math.log(own / (first + sum(math.exp(k @ queue[i] / t) for i in places)))
        total += (1 - method.alpha) * of_query + method.alpha * of_key
    return total / len(query)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("scope", ["query", "batch"])
@pytest.mark.parametrize("denominator", ["query", "key"])
@pytest.mark.parametrize("gradient", ["stop", "through"])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_the_loss_is_the_formula_in_every_reading(
    selection: str, scope: str, denominator: str, gradient: str, alpha: float
) -> None:
    method = make(
        selection=selection,
        selection_scope=scope,
        denominator=denominator,
        key_gradient=gradient,
        alpha=alpha,
        **SELECTIONS[selection],
    )
    views = batch()
    assert method.loss(views).item() == pytest.approx(slow_loss(method, views), rel=1e-5)


@pytest.mark.parametrize("gradient", ["stop", "through"])
def test_without_either_rung_it_is_moco_to_the_last_bit(gradient: str) -> None:
    ours, moco = make(alpha=0.0, key_gradient=gradient), MoCo(encoder(), symmetric=False, **COMMON)
    moco.load_state_dict(ours.state_dict(), strict=False)
    assert_steps_are_those_of_moco(ours, moco, batch)


@pytest.mark.parametrize(("gradient", "reached"), [("stop", False), ("through", True)])
def test_gradient_reaches_the_key_network_only_where_the_reading_says_so(gradient: str, reached: bool) -> None:
    method = make(key_gradient=gradient)
    method.loss(batch()).backward()
    got = [parameter.grad is not None for parameter in method.key_network.parameters()]
    assert got == [reached] * len(got)
    assert [parameter.requires_grad for parameter in method.key_network.parameters()] == got
    assert all(parameter.grad is not None for parameter in method.query_network.parameters())
    assert not any(key.requires_grad for key in method._new_keys)


def test_the_querys_half_sends_no_gradient_into_the_keys() -> None:
    # Of (1 - alpha) a + alpha b only b reaches the keys: their gradient is proportional to alpha.
    sizes = []
    for alpha in (0.25, 0.5):
        method = make(key_gradient="through", alpha=alpha)
        method.loss(batch()).backward()
        sizes.append(torch.cat([parameter.grad.flatten() for parameter in method.key_network.parameters()]))
    torch.testing.assert_close(sizes[1], 2 * sizes[0])


def test_with_gradient_stopped_the_keys_half_only_pulls_the_query_to_its_key() -> None:
    method, views = make(alpha=1.0), batch(size=1)
    query = normalize(torch.randn(1, 4), dim=1).requires_grad_()
    method._queries = lambda images: query
    key = method._keys(views.images[1])
    method.loss(views).backward()
    # -(1 - p) k / t, with p the probability that anchor k gives its query.
    logits = torch.cat([key @ query.detach().T, key @ method.queue_KD.T], dim=1) / 0.2
    torch.testing.assert_close(query.grad, -(1 - logits.softmax(dim=1)[:, :1]) * key / 0.2)


def lying(method: MoCoDualView, similarities: list[float]) -> Tensor:
    """A query, and in the queue keys of these similarities to it."""
    query = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    method.queue_KD.copy_(torch.tensor([[s, math.sqrt(1 - s * s), 0, 0] for s in similarities]))
    return query


@pytest.mark.parametrize(
    ("selection", "expected"),
    [("hardest_topk", {1, 4, 9}), ("farthest_topk", {0, 3, 6}), ("drop_top_then_topk", {9, 2, 7})],
)
def test_selection_picks_the_places_that_its_name_says(selection: str, expected: set[int]) -> None:
    method = make(selection=selection, **SELECTIONS[selection])
    query = lying(method, [-0.9, 0.9, 0.4, -0.8, 0.8, 0.1, -0.7, 0.3, 0.0, 0.7, -0.2, 0.2])
    picked = method._select(query @ method.queue_KD.T)
    assert set(picked[0].tolist()) == expected


def test_a_batch_shares_the_negatives_of_the_highest_mean_similarity_and_a_query_has_its_own() -> None:
    similarity = torch.tensor([[0.9, 0.0, 0.5, 0.1] * 3, [-0.9, 0.8, 0.5, 0.1] * 3])
    shared = make(selection="hardest_topk", selection_scope="batch", share_kept=0.5)._select(similarity)
    own = make(selection="hardest_topk", selection_scope="query", share_kept=0.25)._select(similarity)
    assert [set(row.tolist()) for row in shared] == [{1, 5, 9, 2, 6, 10}] * 2
    assert [set(row.tolist()) for row in own] == [{0, 4, 8}, {1, 5, 9}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share_kept": 0.5}, "share_kept is 0.5, but selection 'none' keeps all"),
        ({"selection": "hardest_topk", "share_dropped": 0.1}, "share_dropped is 0.1, but only"),
        ({"selection": "hardest_topk", "share_kept": 0.01}, "of a queue of 12 are 0 and 0 negatives; at least one"),
        ({"selection": "drop_top_then_topk", "share_kept": 0.8, "share_dropped": 0.5}, "both fit into the queue"),
    ],
)
def test_shares_that_make_no_sense_are_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)


# The diagnostic


def test_false_negatives_are_the_selected_keys_of_the_querys_class() -> None:
    method = make(selection="hardest_topk", share_kept=0.25)
    query = lying(method, [-0.9, 0.9, 0.4, -0.8, 0.8, 0.1, -0.7, 0.3, 0.0, 0.7, -0.2, 0.2])
    method._queries = lambda images: query
    # Nearest are the places 1, 4 and 9: of class 2, of class 0, and noise.
    method.queue_labels_K.copy_(torch.tensor([2, 2, 2, 2, 0, 2, 2, 2, 2, -1, 2, 2]))
    method.loss(batch(size=1, labels=torch.tensor([2])))
    assert method.false_negative_share.item() == pytest.approx(1 / 3)
    method.loss(batch(size=1, labels=torch.tensor([1])))
    assert method.false_negative_share.item() == 0


def test_without_selection_the_share_is_that_of_the_whole_queue() -> None:
    method = make()
    method.queue_labels_K.copy_(torch.tensor([0, 0, 1, 2, 2, 2, -1, -1, -1, -1, -1, -1]))
    method.loss(batch(size=3, labels=torch.tensor([0, 1, 5])))
    assert method.false_negative_share.item() == pytest.approx((2 + 1 + 0) / 36)


def test_noise_has_no_class_and_labels_stand_where_their_keys_do() -> None:
    method = make(queue_size=7, momentum=1.0)
    assert method.queue_labels_K.tolist() == [-1] * 7
    for seed, labels in enumerate(([10, 11, 12, 13, 14], [20, 21, 22, 23, 24])):
        views = batch(seed=seed, labels=torch.tensor(labels))
        method.loss(views)
        method.after_step(progress=0)
    # Five of the first batch, two of the second, and its other three over the oldest.
    assert method.queue_labels_K.tolist() == [22, 23, 24, 13, 14, 20, 21]
    torch.testing.assert_close(method.queue_KD[5], normalize(method.key_network(views.images[1]), dim=1)[0])


@pytest.mark.parametrize("selection", SELECTIONS)
def test_labels_change_nothing_but_the_diagnostic(selection: str) -> None:
    settings = {"selection": selection, "key_gradient": "through"} | SELECTIONS[selection]
    honest = make(**settings)
    garbled = copy.deepcopy(honest)
    shares = []
    for step in range(5):
        for method, labels in ((honest, torch.zeros(5, dtype=torch.long)), (garbled, torch.randint(-9, 9, (5,)))):
            method.zero_grad()
            method.loss(batch(seed=step, labels=labels)).backward()
            shares.append(method.false_negative_share.item())
            method.after_step(progress=0)
        assert all(map(torch.equal, gradients(honest), gradients(garbled)))
        assert torch.equal(honest.queue_KD, garbled.queue_KD)
    assert shares[-2:] != [0, 0], "the diagnostic itself must move"
    assert not honest.false_negative_share.requires_grad
