"""Our losses against those of lightly and pytorch-metric-learning: equal where they claim one formula, or how not."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from lightly.loss import NTXentLoss as LightlyNTXent
from pytorch_metric_learning import distances, losses, miners, reducers, regularizers
from torch import Tensor
from torch.nn.functional import normalize

from reference_impl.losses import (
    info_nce,
    margin_contrastive,
    n_pair,
    nt_xent,
    semi_hard_triplet,
    supcon,
    triplet,
)
from tests.test_losses import LABELS, unit, vectors

TEMPERATURES = [0.05, 0.2, 1.0]
IMAGES = torch.arange(8)
TEN = torch.arange(10)


def gradients(loss: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, inputs)


def views() -> tuple[Tensor, Tensor]:
    first, second = (unit(8, 5, seed=seed).requires_grad_() for seed in (1, 2))
    return first, second


def same(ours: Tensor, theirs: Tensor, *inputs: Tensor) -> None:
    """In value, and in gradient along the sphere: peers normalise inputs once more, which removes the rest of it."""
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
    for x, mine, other in zip(inputs, gradients(ours, *inputs), gradients(theirs, *inputs), strict=True):
        tangent = mine - (mine * x).sum(dim=1, keepdim=True) * x
        tangent_other = other - (other * x).sum(dim=1, keepdim=True) * x
        torch.testing.assert_close(tangent, tangent_other, rtol=1e-7, atol=1e-10)


def test_importing_the_peers_opens_no_connection() -> None:
    lines = (
        "import os, socket",
        "def refuse(*_, **__): os._exit(3)",
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse",
        "import lightly.loss, pytorch_metric_learning.losses",
    )
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, timeout=120)


# NT-Xent and InfoNCE


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_nt_xent_is_lightlys(temperature: float) -> None:
    first, second = views()
    same(nt_xent(first, second, temperature), LightlyNTXent(temperature)(first, second), first, second)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_info_nce_is_lightlys_with_a_memory_bank(temperature: float) -> None:
    query, key = views()
    theirs = LightlyNTXent(temperature, memory_bank_size=(32, 5)).double()
    theirs(query, key)  # moves the first keys into the bank
    queue = theirs.memory_bank.bank.clone()
    same(info_nce(query, key, queue, temperature), theirs(query, key), query, key)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_nt_xent_is_pytorch_metric_learnings_where_each_image_is_a_class(temperature: float) -> None:
    first, second = views()
    theirs = losses.NTXentLoss(temperature)(torch.cat([first, second]), IMAGES.repeat(2))
    same(nt_xent(first, second, temperature), theirs, first, second)


def test_nt_xent_of_pytorch_metric_learning_leaves_an_anchors_other_positives_out_where_supcon_keeps_them() -> None:
    z = unit(10, 5, seed=1)
    theirs = losses.NTXentLoss(0.2)(z, LABELS)
    by_hand = []
    for anchor in range(10):
        other_classes = (z[LABELS[anchor] != LABELS] @ z[anchor] / 0.2).exp().sum()
        for positive in range(10):
            if positive != anchor and LABELS[positive] == LABELS[anchor]:
                own = (z[positive] @ z[anchor] / 0.2).exp()
                by_hand.append(-(own / (own + other_classes)).log())
    torch.testing.assert_close(theirs, torch.stack(by_hand).mean())
    assert float(theirs) < float(supcon(z, LABELS, 0.2, form="out"))


# SupCon


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_supcon_out_is_pytorch_metric_learnings_with_its_lone_anchors_left_out(temperature: float) -> None:
    z = unit(10, 5, seed=1).requires_grad_()
    same(supcon(z, LABELS, temperature, form="out"), losses.SupConLoss(temperature)(z, LABELS), z)


def test_without_a_negative_pytorch_metric_learning_says_zero_where_the_paper_has_a_loss() -> None:
    z = unit(4, 5, seed=1)
    assert float(losses.SupConLoss(0.2)(z, torch.zeros(4).long())) == 0
    assert float(supcon(z, torch.zeros(4).long(), 0.2, form="out")) > 1


# N-pair


def test_n_pair_is_pytorch_metric_learnings_without_its_normalisation() -> None:
    anchor, positive = vectors(8, 5, seed=1).requires_grad_(), vectors(8, 5, seed=2).requires_grad_()
    loss = losses.NPairsLoss(distance=distances.DotProductSimilarity(normalize_embeddings=False))
    # Of the pairs of a class it takes the first: anchor in the first half, positive in the second.
    theirs = loss(torch.cat([anchor, positive]), IMAGES.repeat(2))
    ours = n_pair(anchor, positive, penalty=0)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradients(ours, anchor, positive), gradients(theirs, anchor, positive))


def test_n_pair_of_pytorch_metric_learning_normalises_unless_told_otherwise() -> None:
    anchor, positive = vectors(8, 5, seed=1), vectors(8, 5, seed=2)
    theirs = losses.NPairsLoss()(torch.cat([anchor, positive]), IMAGES.repeat(2))
    torch.testing.assert_close(n_pair(normalize(anchor), normalize(positive), penalty=0), theirs)
    assert float(n_pair(anchor, positive, penalty=0)) != pytest.approx(float(theirs), rel=0.1)


def test_norm_penalty_of_pytorch_metric_learning_is_ours_where_its_regulariser_is_told_to_square() -> None:
    anchor, positive = vectors(8, 5, seed=1), vectors(8, 5, seed=2)
    theirs = losses.NPairsLoss(
        distance=distances.DotProductSimilarity(normalize_embeddings=False),
        embedding_regularizer=regularizers.LpRegularizer(p=2, power=2),
        embedding_reg_weight=0.02,
    )(torch.cat([anchor, positive]), IMAGES.repeat(2))
    torch.testing.assert_close(n_pair(anchor, positive, penalty=0.02), theirs)


# Margin contrastive


def test_margin_contrastive_is_half_of_pytorch_metric_learnings_on_squared_hinges() -> None:
    first, second = vectors(10, 3, seed=1), vectors(10, 3, seed=2)
    alike = (first - second).square().sum(dim=1).argsort() < 5
    pairs = (TEN[alike], TEN[alike] + 10, TEN[~alike], TEN[~alike] + 10)
    theirs = losses.ContrastiveLoss(
        pos_margin=0,
        neg_margin=3.0,
        distance=distances.LpDistance(normalize_embeddings=False),
        reducer=reducers.DoNothingReducer(),
    )(torch.cat([first, second]), indices_tuple=pairs)
    hinges = torch.cat([theirs["pos_loss"]["losses"], theirs["neg_loss"]["losses"]])
    ours = margin_contrastive(first, second, alike, 3.0)
    # Its hinges are neither squared nor halved, and no power of its distance squares a hinge.
    torch.testing.assert_close(ours, hinges.square().mean() / 2)
    assert float(ours) != pytest.approx(float(hinges.mean() / 2), rel=0.05)


def test_pytorch_metric_learning_adds_means_of_alike_and_of_other_pairs_and_both_without_zeros() -> None:
    first = torch.zeros(4, 1, dtype=torch.float64)
    second = torch.tensor([[1.0], [0.5], [9.0], [9.0]], dtype=torch.float64)
    pairs = (torch.tensor([0]), torch.tensor([4]), torch.tensor([1, 2, 3]), torch.tensor([5, 6, 7]))
    theirs = losses.ContrastiveLoss(distance=distances.LpDistance(normalize_embeddings=False))(
        torch.cat([first, second]), indices_tuple=pairs
    )
    assert float(theirs) == pytest.approx(1.0 + 0.5), "the mean of one alike pair, and of one of three others"
    ours = margin_contrastive(first, second, torch.tensor([True, False, False, False]), 1.0)
    assert float(ours) == pytest.approx((0.5 + 0.125) / 4)


# Triplet

SQUARED = distances.LpDistance(power=2)


def test_triplet_is_pytorch_metric_learnings_on_squared_distances_with_a_plain_mean() -> None:
    anchor, positive, negative = (unit(10, 5, seed=seed).requires_grad_() for seed in (1, 2, 3))
    loss = losses.TripletMarginLoss(margin=0.2, distance=SQUARED, reducer=reducers.MeanReducer())
    theirs = loss(torch.cat([anchor, positive, negative]), indices_tuple=(TEN, TEN + 10, TEN + 20))
    same(triplet(anchor, positive, negative, 0.2), theirs, anchor, positive, negative)


def test_triplet_of_pytorch_metric_learning_averages_only_what_is_not_zero_unless_told_otherwise() -> None:
    anchor, positive, negative = (unit(10, 5, seed=seed) for seed in (1, 2, 3))
    each = torch.stack([triplet(*(x[i : i + 1] for x in (anchor, positive, negative)), 0.2) for i in range(10)])
    assert 0 < int((each > 0).sum()) < 10
    loss = losses.TripletMarginLoss(margin=0.2, distance=SQUARED)
    theirs = loss(torch.cat([anchor, positive, negative]), indices_tuple=(TEN, TEN + 10, TEN + 20))
    torch.testing.assert_close(theirs, each[each > 0].mean())


def test_triplet_of_pytorch_takes_distances_that_are_not_squared() -> None:
    anchor, positive, negative = (unit(10, 5, seed=seed) for seed in (1, 2, 3))
    near, far = ((anchor - other).norm(dim=1) for other in (positive, negative))
    theirs = torch.nn.TripletMarginLoss(margin=0.2, eps=0)(anchor, positive, negative)
    torch.testing.assert_close(theirs, (near - far + 0.2).relu().mean())
    squared = torch.nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: (a - b).square().sum(dim=1), margin=0.2
    )
    torch.testing.assert_close(triplet(anchor, positive, negative, 0.2), squared(anchor, positive, negative))


@pytest.mark.parametrize("margin", [0.2, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_semi_hard_triplet_is_the_nearest_of_all_that_pytorch_metric_learning_mines(margin: float, seed: int) -> None:
    z, labels = unit(30, 5, seed=seed).requires_grad_(), LABELS.repeat(3)
    mined = miners.TripletMarginMiner(margin, "semihard", distance=SQUARED)(z, labels)
    each = losses.TripletMarginLoss(margin, distance=SQUARED, reducer=reducers.DoNothingReducer())
    every = each(z, labels, mined)["loss"]["losses"]
    # It keeps all semi-hard negatives of a pair; the nearest of them has the largest loss.
    largest: dict[tuple[int, int], Tensor] = {}
    for a, p, loss in zip(mined[0].tolist(), mined[1].tolist(), every, strict=True):
        largest[a, p] = torch.maximum(loss, largest.get((a, p), loss))
    assert len(every) > len(largest)
    same(semi_hard_triplet(z, labels, margin), torch.stack(list(largest.values())).mean(), z)
