"""Losses as their papers write them, each with its reduction and scale in its docstring.

Scales are the papers': a temperature divides the logits and the loss is not multiplied back by
it.  Every loss is computed in float32 (float64 stays) whatever its inputs and autocast: in
bfloat16 a logit is off by up to 0.06 at a temperature of 0.07.

Tensor names end in their shape: B batch, D embedding, K queue, N embeddings of all views or processes.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid, relu


def info_nce(query_BD: Tensor, key_BD: Tensor, queue_KD: Tensor, temperature: float) -> Tensor:
    """Mean over the batch of -log( exp(q.k+/t) / (exp(q.k+/t) + sum_i exp(q.k_i/t)) ).

    Momentum Contrast, arXiv 1911.05722, equation 1.  All vectors must have unit length;
    row i of `key_BD` is the positive of row i of `query_BD`, every row of `queue_KD` is a
    negative of all.  When all similarities are equal the loss is ln(K + 1).
    """
    _must_be_positive("temperature", temperature)
    with torch.autocast(query_BD.device.type, enabled=False):
        query_BD, key_BD, queue_KD = _exact(query_BD, key_BD, queue_KD)
        query_BD = query_BD / temperature
        return one_against((query_BD * key_BD).sum(dim=1), query_BD @ queue_KD.T)


def one_against(own_B: Tensor, other_BK: Tensor) -> Tensor:
    """Mean over the batch of -log( exp(own) / (exp(own) + sum_i exp(other_i)) ), from logits."""
    # The fraction is 1 / (1 + others / own): no copy of the B x K logits, and tiny losses stay exact.
    return -logsigmoid(own_B - other_BK.logsumexp(dim=1)).mean()


def in_batch_info_nce(query_BD: Tensor, key_ND: Tensor, temperature: float) -> Tensor:
    """Mean over the batch of -log( exp(q_i.k_i/t) / sum_j exp(q_i.k_j/t) ), j over all keys of the batch.

    MoCo v3, arXiv 2104.02057, equation 1 and algorithm 1, there multiplied by 2t, which is the
    caller's to do.  All vectors must have unit length; key i is the positive of query i, and
    further keys, of other processes, are negatives of all.  One direction only.  When all
    similarities are equal the loss is ln(N).
    """
    _must_be_positive("temperature", temperature)
    with torch.autocast(query_BD.device.type, enabled=False):
        query_BD, key_ND = _exact(query_BD, key_ND)
        logits_BN = (query_BD / temperature) @ key_ND.T
        return cross_entropy(logits_BN, torch.arange(len(logits_BN), device=logits_BN.device))


def nt_xent(first_BD: Tensor, second_BD: Tensor, temperature: float) -> Tensor:
    """Mean over all 2B views of -log( exp(z_i.z_j/t) / sum_{k != i} exp(z_i.z_k/t) ), j the other view of i's image.

    SimCLR, arXiv 2002.05709, equation 1 and algorithm 1.  All vectors must have unit length; rows
    i of `first_BD` and `second_BD` are the two views of an image, and the views of all other images
    are negatives, 2B - 2 of them.  The scale is that of the paper's L; the authors' code adds the
    mean of each direction, which is 2L.  When all similarities are equal the loss is ln(2B - 1).
    """
    _must_be_positive("temperature", temperature)
    with torch.autocast(first_BD.device.type, enabled=False):
        views_ND = torch.cat(_exact(first_BD, second_BD))
        logits_NN = (views_ND / temperature) @ views_ND.T
        logits_NN = logits_NN.masked_fill(_diagonal(logits_NN), -torch.inf)
        partner_N = torch.arange(len(views_ND), device=views_ND.device).roll(len(first_BD))
        return cross_entropy(logits_NN, partner_N)


def supcon(embeddings_ND: Tensor, labels_N: Tensor, temperature: float, *, form: Literal["out", "in"]) -> Tensor:
    """Mean over the anchors that have a positive of the supervised contrastive loss.

    Supervised Contrastive Learning, arXiv 2004.11362.  P(i) are the other rows with the label of
    row i, A(i) all other rows:
    "out", equation 2: -1/|P(i)| sum_{p in P(i)} log( exp(z_i.z_p/t) / sum_{a in A(i)} exp(z_i.z_a/t) );
    "in", equation 3: -log( 1/|P(i)| sum_{p in P(i)} exp(z_i.z_p/t) / sum_{a in A(i)} exp(z_i.z_a/t) ).
    "in" is never above "out" (Jensen).  All vectors must have unit length; both views of an image
    are rows with its label.  The paper sums over anchors, its code averages, and so do we; the
    factor t/0.07 of that code is left out.  Anchors without a positive are left out, and the loss of a
    batch of only such is 0.  When all similarities are equal both forms are ln(N - 1); where classes
    are points far apart, ln|P(i)| remains.
    """
    _must_be_positive("temperature", temperature)
    if form not in ("out", "in"):
        raise ValueError(f"form is {form!r}; it must be 'out' or 'in'")
    with torch.autocast(embeddings_ND.device.type, enabled=False):
        (embeddings_ND,) = _exact(embeddings_ND)
        logits_NN = (embeddings_ND / temperature) @ embeddings_ND.T
        # Finite, for a row without any positive must not become infinity minus infinity.
        nothing = torch.finfo(logits_NN.dtype).min
        itself_NN = _diagonal(logits_NN)
        positive_NN = (labels_N[:, None] == labels_N) & ~itself_NN
        positives_N = positive_NN.sum(dim=1)
        count_N = positives_N.clamp(min=1).to(logits_NN.dtype)  # the logarithm of integers would be float32
        all_N = logits_NN.masked_fill(itself_NN, nothing).logsumexp(dim=1)
        if form == "out":
            own_N = logits_NN.masked_fill(~positive_NN, 0).sum(dim=1) / count_N
        else:
            own_N = logits_NN.masked_fill(~positive_NN, nothing).logsumexp(dim=1) - count_N.log()
        has_positive_N = positives_N > 0
        return (all_N - own_N).where(has_positive_N, 0).sum() / has_positive_N.sum().clamp(min=1)


def triplet(anchor_BD: Tensor, positive_BD: Tensor, negative_BD: Tensor, margin: float) -> Tensor:
    """Mean over the triplets of max(0, |a - p|^2 - |a - n|^2 + margin): distances are squared.

    FaceNet, arXiv 1503.03832, equation 3, where it is a sum; there all vectors have unit length
    and the margin is 0.2.  Triplets that keep the margin count as 0 in the mean.  When all
    distances are equal, as after a collapse, the loss is the margin.
    """
    _must_be_positive("margin", margin)
    with torch.autocast(anchor_BD.device.type, enabled=False):
        anchor_BD, positive_BD, negative_BD = _exact(anchor_BD, positive_BD, negative_BD)
        near_B = (anchor_BD - positive_BD).square().sum(dim=1)
        far_B = (anchor_BD - negative_BD).square().sum(dim=1)
        return relu(near_B - far_B + margin).mean()


def semi_hard_triplet(embeddings_ND: Tensor, labels_N: Tensor, margin: float) -> Tensor:
    """Mean of the triplet loss over all pairs of a class, each with its nearest semi-hard negative of the batch.

    FaceNet, arXiv 1503.03832, section 3.2: every ordered pair of different rows with one label is
    anchor and positive.  A semi-hard negative has another label and is further from the anchor
    than the positive (equation 4) but by less than the margin, all in squared distances.  The paper
    does not say which of several to take; this is the nearest.  Pairs without any are left out, and
    the loss of a batch of only such is 0: also that of collapsed embeddings, where no negative is
    further than a positive.
    """
    _must_be_positive("margin", margin)
    with torch.autocast(embeddings_ND.device.type, enabled=False):
        (embeddings_ND,) = _exact(embeddings_ND)
        # Without the shortcut through a matrix product, which cancels where vectors are close.
        square_NN = torch.cdist(embeddings_ND, embeddings_ND, compute_mode="donot_use_mm_for_euclid_dist").square()
        same_NN = labels_N[:, None] == labels_N
        sorted_NN = square_NN.masked_fill(same_NN, torch.inf).sort(dim=1).values
        # At least the last of each row is infinite, since no row is its own negative.
        next_NN = torch.searchsorted(sorted_NN.detach(), square_NN.detach(), right=True).clamp(max=len(labels_N) - 1)
        negative_NN = sorted_NN.gather(1, next_NN)
        loss_NN = square_NN - negative_NN + margin
        chosen_NN = same_NN & ~_diagonal(same_NN) & (loss_NN > 0)
        return loss_NN.where(chosen_NN, 0).sum() / chosen_NN.sum().clamp(min=1)


def n_pair(anchor_BD: Tensor, positive_BD: Tensor, *, penalty: float) -> Tensor:
    """Mean over the batch of log( 1 + sum_{j != i} exp(a_i.p_j - a_i.p_i) ) + penalty times the mean squared norm.

    Sohn 2016, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", the
    N-pair-mc loss of section 3.2.  Inner products are of the vectors as they come, so that norms must
    be held small by the penalty; its mean is over all 2B vectors, a scale of ours.  Row i of
    `positive_BD` is the positive of row i of `anchor_BD`, and each pair is of another class.  When
    all inner products are equal the first part is ln(B); zero vectors give ln(B) in all.
    """
    if not penalty >= 0:
        raise ValueError(f"penalty is {penalty}; it must not be negative")
    with torch.autocast(anchor_BD.device.type, enabled=False):
        anchor_BD, positive_BD = _exact(anchor_BD, positive_BD)
        products_BB = anchor_BD @ positive_BD.T
        contrast = cross_entropy(products_BB, torch.arange(len(products_BB), device=products_BB.device))
        return contrast + penalty * torch.cat([anchor_BD, positive_BD]).square().sum(dim=1).mean()


def margin_contrastive(first_BD: Tensor, second_BD: Tensor, same_B: Tensor, margin: float) -> Tensor:
    """Mean over the pairs of 1/2 d^2 where `same_B`, and of 1/2 max(0, margin - d)^2 elsewhere; d = |first - second|.

    Hadsell, Chopra, LeCun 2006, "Dimensionality Reduction by Learning an Invariant Mapping",
    equation 4, where it is a sum.  `same_B` is boolean, True for alike, which is the paper's Y = 0.
    Vectors are taken as they come.  After a collapse, d = 0, alike pairs give 0 and others
    1/2 margin^2, then without gradient, for no direction leads apart.
    """
    _must_be_positive("margin", margin)
    with torch.autocast(first_BD.device.type, enabled=False):
        first_BD, second_BD = _exact(first_BD, second_BD)
        square_B = (first_BD - second_BD).square().sum(dim=1)
        apart_B = square_B > 0
        distance_B = square_B.where(apart_B, 1).sqrt().where(apart_B, 0)  # the root has no gradient at 0
        return torch.where(same_B, square_B, relu(margin - distance_B).square()).mean() / 2


def _exact(*tensors: Tensor) -> list[Tensor]:
    """In float32, or in float64 where one of them is."""
    exact = torch.float32
    for tensor in tensors:
        exact = torch.promote_types(exact, tensor.dtype)
    return [tensor.to(exact) for tensor in tensors]


def _diagonal(of_NN: Tensor) -> Tensor:
    return torch.eye(len(of_NN), dtype=torch.bool, device=of_NN.device)


def _must_be_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} is {value}; it must be greater than 0")
