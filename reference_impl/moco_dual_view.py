"""MoCo with a dual-view loss and selected negatives (Hoang et al., arXiv 2501.16360): a reading, not a reproduction.

Only the abstract and a second-hand review of the paper could be read, and they contradict each
other; so every choice that they leave open is a keyword.

Tensor names end in their shape: B batch, D embedding, K queue, N selected negatives.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from reference_impl import processes
from reference_impl.contract import Views
from reference_impl.encoders import Encoder
from reference_impl.losses import one_against
from reference_impl.moco import MoCo
from reference_impl.parts import Head

Selection = Literal["none", "hardest_topk", "farthest_topk", "drop_top_then_topk"]


class MoCoDualView(MoCo):
    """MoCo's asymmetric loss with two rungs on top, each of which can be left out.

    The dual-view loss: (1 - alpha) times MoCo's own, whose anchor is the query, plus alpha times
    one whose anchor is the key.  With `alpha` 0 it is MoCo's.  `key_gradient` says whether gradient
    of the key's half flows into the key network, which then is trained as well as moved;
    `denominator` what stands beside the negatives in the sum below the key's half: exp(k.q+/t)
    ("query"), or exp(k.k/t) as the review prints it ("key"), which is no softmax.

    The selected negatives: of the queue, those nearest to the query ("hardest_topk", the
    abstract's words), farthest from it ("farthest_topk", the review's), or nearest to it after
    those that are nearest of all ("drop_top_then_topk"), by cosine similarity; `share_kept` and
    `share_dropped` are shares of the queue.  `selection_scope` says whether every query has its
    own or all of a batch share those of the highest (or lowest) mean similarity.  Both halves meet
    the same negatives; the positive is never up for selection.

    Raises ValueError for shares that the selection has no use for, or of less than one negative.
    """

    queue_labels_K: Tensor

    def __init__(
        self,
        encoder: Encoder,
        *,
        head: Head,
        dim: int,
        queue_size: int,
        momentum: float,
        temperature: float,
        shuffle: bool,
        alpha: float,
        key_gradient: Literal["stop", "through"],
        denominator: Literal["query", "key"],
        selection: Selection,
        selection_scope: Literal["query", "batch"],
        share_kept: float,
        share_dropped: float,
    ) -> None:
        super().__init__(
            encoder,
            head=head,
            dim=dim,
            queue_size=queue_size,
            momentum=momentum,
            temperature=temperature,
            symmetric=False,
            shuffle=shuffle,
        )
        # Unlike the paper: the review of it prints the momentum of the key network in the place of alpha.
        self.alpha = alpha
        self.key_gradient, self.denominator = key_gradient, denominator
        self.selection, self.selection_scope = selection, selection_scope
        self.kept, self.dropped = _counts(selection, queue_size, share_kept, share_dropped)
        self.key_network.requires_grad_(key_gradient == "through")
        # The class of each key of the queue, for the diagnostic alone; -1 for noise.
        self.register_buffer("queue_labels_K", torch.full((queue_size,), -1))
        self._new_labels_B = torch.empty(0, dtype=torch.long)

    def loss(self, views: Views) -> Tensor:
        self._new_labels_B = views.labels
        return super().loss(views)

    def _contrast(self, query_images: Tensor, key_images: Tensor) -> Tensor:
        query_BD = self._queries(query_images)
        key_BD = self._keys(key_images)
        still_BD = key_BD.detach()  # the query's half is MoCo's: its keys are constants
        self._new_keys.append(still_BD)
        with torch.autocast(query_BD.device.type, enabled=False):
            scaled_BD = query_BD / self.temperature
            logits_BK = scaled_BD @ self.queue_KD.T
            chosen_BN = self._select(logits_BK.detach())
            self.false_negative_share = self._share_of_own_class(chosen_BN)
            loss = one_against((scaled_BD * still_BD).sum(dim=1), _pick(logits_BK, chosen_BN))
            if self.alpha == 0:
                return loss
            if self.key_gradient == "stop":
                key_BD = still_BD
            return (1 - self.alpha) * loss + self.alpha * self._key_half(key_BD, query_BD, chosen_BN)

    def _key_half(self, key_BD: Tensor, query_BD: Tensor, chosen_BN: Tensor | None) -> Tensor:
        """Mean of -log( exp(k.q/t) / (exp(k.first/t) + sum_i exp(k.k_i/t)) ), `first` being q or, as printed, k."""
        scaled_BD = key_BD / self.temperature
        own_B = (scaled_BD * query_BD).sum(dim=1)
        other_BN = _pick(scaled_BD @ self.queue_KD.T, chosen_BN)
        if self.denominator == "query":
            return one_against(own_B, other_BN)
        first_B = (scaled_BD * key_BD).sum(dim=1)
        return (torch.logaddexp(first_B, other_BN.logsumexp(dim=1)) - own_B).mean()

    def _select(self, logits_BK: Tensor) -> Tensor | None:
        """Places in the queue of the negatives of each query, None for all; logits order keys as similarities do."""
        if self.selection == "none":
            return None
        if self.selection_scope == "batch":
            logits_BK = processes.mean(logits_BK.mean(dim=0, keepdim=True)).expand_as(logits_BK)
        nearest = self.selection != "farthest_topk"
        return logits_BK.topk(self.dropped + self.kept, dim=1, largest=nearest).indices[:, self.dropped :]

    def _share_of_own_class(self, chosen_BN: Tensor | None) -> Tensor:
        same_BK = self._new_labels_B[:, None] == self.queue_labels_K
        return _pick(same_BK, chosen_BN).float().mean()

    def _encode_keys(self, images: Tensor) -> Tensor:
        if self.key_gradient == "stop":
            return super()._encode_keys(images)
        keys: Tensor = self.key_network.network(images)
        return keys

    @torch.no_grad()
    def after_step(self, progress: float) -> None:
        self._replace_oldest(self.queue_labels_K, processes.gather(self._new_labels_B))
        super().after_step(progress)


def _pick(values_BK: Tensor, chosen_BN: Tensor | None) -> Tensor:
    return values_BK if chosen_BN is None else values_BK.gather(1, chosen_BN)


def _counts(selection: Selection, queue_size: int, share_kept: float, share_dropped: float) -> tuple[int, int]:
    """How many negatives of the queue are kept, and how many nearer ones dropped."""
    if selection == "none" and share_kept != 1:
        raise ValueError(f"share_kept is {share_kept}, but selection 'none' keeps all negatives: set it to 1.0")
    if selection != "drop_top_then_topk" and share_dropped != 0:
        raise ValueError(
            f"share_dropped is {share_dropped}, but only selection 'drop_top_then_topk' drops any: set it to 0.0"
        )
    kept, dropped = round(share_kept * queue_size), round(share_dropped * queue_size)
    if not (kept >= 1 and dropped >= 0 and kept + dropped <= queue_size):
        raise ValueError(
            f"share_kept {share_kept} and share_dropped {share_dropped} of a queue of {queue_size} "
            f"are {kept} and {dropped} negatives; at least one must be kept, and both fit into the queue"
        )
    return kept, dropped
