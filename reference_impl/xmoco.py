"""XMoCo (Seyfi et al., arXiv 2206.04676): MoCo that also relates different images; a reading, not a reproduction.

Only the abstract of the paper could be read.  Its words give two terms; their formulas are our
reconstruction, and every choice that the words leave open is a keyword.

Tensor names end in their shape: B batch, D embedding, K queue, J keys that queries are compared with.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import kl_div

from reference_impl import processes
from reference_impl.contract import Views
from reference_impl.encoders import Encoder
from reference_impl.losses import info_nce
from reference_impl.moco import MoCo
from reference_impl.parts import Head

PairSet = Literal["batch", "batch_and_queue"]
Distance = Literal["l2", "kl"]


class XMoCo(MoCo):
    """MoCo's loss + lambda_cc * cross-consistency + lambda_u * uniformity of the negatives.

    Of images i and j, S_ij is the similarity of the query of i's first view to the key of j's
    second view, and S'_ij that of i's second view to j's first.  Cross-consistency holds S and
    S' together over all pairs, those of one image too; see `cross_consistency`.  Uniformity makes
    S_ij alike for all j other than i of the batch, at the temperature `tau_u`.  `symmetric` is
    MoCo's own option and says whether MoCo's loss is taken in both directions.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        head: Head,
        dim: int,
        queue_size: int,
        momentum: float,
        temperature: float,
        symmetric: bool,
        shuffle: bool,
        pair_set: PairSet,
        distance: Distance,
        stop_gradient: bool,
        lambda_cc: float,
        lambda_u: float,
        tau_u: float,
    ) -> None:
        super().__init__(
            encoder,
            head=head,
            dim=dim,
            queue_size=queue_size,
            momentum=momentum,
            temperature=temperature,
            symmetric=symmetric,
            shuffle=shuffle,
        )
        self.pair_set, self.distance, self.stop_gradient = pair_set, distance, stop_gradient
        self.lambda_cc, self.lambda_u, self.tau_u = lambda_cc, lambda_u, tau_u

    def loss(self, views: Views) -> Tensor:
        first, second = views.images
        query_BD, key_BD = self._queries(first), self._keys(second)
        self._new_keys[:] = [key_BD]
        loss = info_nce(query_BD, key_BD, self.queue_KD, self.temperature)
        if self.symmetric or self.lambda_cc:
            other_query_BD, other_key_BD = self._queries(second), self._keys(first)
        if self.symmetric:
            self._new_keys.append(other_key_BD)
            loss = loss + info_nce(other_query_BD, other_key_BD, self.queue_KD, self.temperature)
        with torch.autocast(query_BD.device.type, enabled=False):
            if self.lambda_u:
                loss = loss + self.lambda_u * negative_uniformity(query_BD @ _of_all(key_BD).T, self.tau_u)
            if self.lambda_cc:
                similarity_BJ = query_BD @ self._paired_with(key_BD).T
                other_BJ = other_query_BD @ self._paired_with(other_key_BD).T
                if self.stop_gradient:
                    other_BJ = other_BJ.detach()
                loss = loss + self.lambda_cc * cross_consistency(
                    similarity_BJ, other_BJ, self.distance, self.temperature
                )
        return loss

    def _paired_with(self, key_BD: Tensor) -> Tensor:
        """A key of the queue has one view only, which both queries of an image are compared with."""
        key_ND = _of_all(key_BD)
        return key_ND if self.pair_set == "batch" else torch.cat([key_ND, self.queue_KD])


def _of_all(key_BD: Tensor) -> Tensor:
    """The keys of all processes, of which query i finds its own in row i."""
    return processes.own_first(processes.gather(key_BD))


def cross_consistency(similarity_BJ: Tensor, other_BJ: Tensor, distance: Distance, temperature: float) -> Tensor:
    """How far two sets of similarities of the same pairs are apart, as a scalar.

    "l2": the mean over pairs of (S_ij - S'_ij)^2.  "kl": the mean over i of
    KL( softmax_j(S'_ij / t) || softmax_j(S_ij / t) ), as CO2 compares (arXiv 2010.02217).
    """
    if distance == "l2":
        return (similarity_BJ - other_BJ).square().mean()
    logs_BJ, other_logs_BJ = ((values / temperature).log_softmax(dim=1) for values in (similarity_BJ, other_BJ))
    return kl_div(logs_BJ, other_logs_BJ, reduction="batchmean", log_target=True)


def negative_uniformity(similarity_BN: Tensor, temperature: float) -> Tensor:
    """Mean over i of KL( uniform || softmax_{j != i}(S_ij / t) ): 0 when all negatives of a query are alike."""
    logits_BN = similarity_BN / temperature
    itself_BN = torch.eye(*logits_BN.shape, dtype=torch.bool, device=logits_BN.device)
    negatives = logits_BN.shape[1] - 1
    all_B = logits_BN.masked_fill(itself_BN, -torch.inf).logsumexp(dim=1)
    mean_B = logits_BN.masked_fill(itself_BN, 0).sum(dim=1) / negatives
    return (all_B - mean_B).mean() - math.log(negatives)
