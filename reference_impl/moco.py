"""Momentum Contrast, versions 1 and 2 (arXiv 1911.05722, 2003.04297).

A query must find its own key among many others.  Keys come from a slow copy of the query
network, so old keys stay comparable and a queue of them can outgrow the batch.

Tensor names end in their shape: B batch of this process, N of all, D embedding, K queue.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from reference_impl import processes
from reference_impl.contract import Method, Views
from reference_impl.encoders import Encoder
from reference_impl.losses import info_nce
from reference_impl.parts import Head, SlowCopy, projection_head


class MoCo(Method):
    """Versions 1 and 2, which differ only by `head` and by their recipes.

    `symmetric` is the option of the authors' CIFAR demo: each view is query once and key once,
    and the two losses are *added*, which doubles the gradient of the asymmetric form.
    """

    queue_KD: Tensor
    oldest: Tensor

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
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = projection_head(head, encoder.width, dim)
        self.momentum, self.temperature = momentum, temperature
        self.symmetric, self.shuffle = symmetric, shuffle
        self.key_network = SlowCopy(self.query_network)
        # Noise until real keys have replaced it: the loss rises first, which is no divergence.
        self.register_buffer("queue_KD", normalize(torch.randn(queue_size, dim), dim=1))
        self.register_buffer("oldest", torch.zeros((), dtype=torch.long))
        self._new_keys: list[Tensor] = []

    @property
    def query_network(self) -> nn.Sequential:
        """Encoder and head together."""
        return nn.Sequential(self.encoder, self.head)

    def loss(self, views: Views) -> Tensor:
        self._new_keys.clear()
        first, second = views.images
        loss = self._contrast(first, second)
        if self.symmetric:
            # Both directions meet the same queue: a key enqueued in between would be the very
            # view that the second query came from, a false negative.
            loss = loss + self._contrast(second, first)
        return loss

    def _contrast(self, query_images: Tensor, key_images: Tensor) -> Tensor:
        query_BD = self._queries(query_images)
        key_BD = self._keys(key_images)
        self._new_keys.append(key_BD)
        return info_nce(query_BD, key_BD, self.queue_KD, self.temperature)

    def _queries(self, images: Tensor) -> Tensor:
        """Queries of unit length."""
        return normalize(self.query_network(images).float(), dim=1)

    def _keys(self, images: Tensor) -> Tensor:
        """Keys of unit length, computed in shuffled order and put back.

        Shuffled keys meet other BatchNorm groups than their queries, so that the statistics
        of a group cannot tell which key belongs to which query (arXiv 1911.05722, section 3.3).
        Of several processes each encodes its part of the shuffled images of all, and gets back the
        keys of its own images.
        """
        if not self.shuffle:
            return normalize(self._encode_keys(images).float(), dim=1)
        everyone = processes.gather(images)
        order = processes.from_first(torch.randperm(len(everyone), device=images.device))
        keys_BD = normalize(self._encode_keys(everyone[processes.own_part(order)]).float(), dim=1)
        keys_ND = processes.gather_with_gradient(keys_BD)
        return processes.own_part(torch.empty_like(keys_ND).index_copy_(0, order, keys_ND))

    def _encode_keys(self, images: Tensor) -> Tensor:
        """Keys of any length, which no gradient reaches."""
        keys: Tensor = self.key_network(images)
        return keys

    @torch.no_grad()
    def after_step(self, progress: float) -> None:
        """Algorithm 1, last lines: the key network follows, then the oldest keys leave.

        The authors' code moves the key network before it encodes the keys of the next batch;
        nothing happens in between, so the numbers are the same.
        """
        self.key_network.follow(self.query_network, self.momentum)
        # In the symmetric form the keys of the first view stand first, as in the authors' demo.
        keys = torch.cat([processes.gather(keys_BD) for keys_BD in reversed(self._new_keys)])
        self._replace_oldest(self.queue_KD, keys)
        self.oldest.add_(len(keys)).remainder_(len(self.queue_KD))

    def _replace_oldest(self, queue: Tensor, rows: Tensor) -> None:
        """Writes one row after the other from the oldest place on, and from the start after the end."""
        size = len(queue)
        places = (self.oldest + torch.arange(len(rows), device=rows.device)) % size
        queue.index_copy_(0, places[-size:], rows[-size:])
