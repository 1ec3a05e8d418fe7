"""MoCo v3: no queue; a prediction must find its key among those of a large batch (arXiv 2104.02057).

Tensor names end in their shape: B batch of this process, N of all, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from reference_impl import processes
from reference_impl.contract import Method, Views
from reference_impl.encoders import Encoder
from reference_impl.losses import in_batch_info_nce
from reference_impl.parts import LastNorm, SlowCopy, normalised_head
from reference_impl.schedules import rising_momentum


class MoCoV3(Method):
    """The paper's Algorithm 1, for residual networks and vision transformers.

    The loss is 2 temperature times InfoNCE, added over both directions.  A residual network has two
    `projector_layers` and no `predictor_last_norm`, a vision transformer three, that norm and
    `frozen_patches`, the random patch projection that never trains (section 4.2; moco/builder.py).
    Raises ValueError for frozen patches of an encoder that has none.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        projector_layers: int,
        hidden_dim: int,
        dim: int,
        predictor_last_norm: bool,
        frozen_patches: bool,
        momentum: float,
        temperature: float,
    ) -> None:
        super().__init__()
        if frozen_patches:
            freeze = getattr(encoder.network, "freeze_patches", None)
            if freeze is None:
                raise ValueError("frozen_patches is for vision transformers; this encoder has no patches to freeze")
            freeze()
        self.encoder = encoder
        self.head = normalised_head(encoder.width, hidden_dim, dim, layers=projector_layers, last_norm="plain")
        last_norm: LastNorm = "plain" if predictor_last_norm else "none"
        self.predictor = normalised_head(dim, hidden_dim, dim, layers=2, last_norm=last_norm)
        self.momentum, self.temperature = momentum, temperature
        self.key_network = SlowCopy(self.base_network)

    @property
    def base_network(self) -> nn.Sequential:
        """What the key network follows: encoder and projector, without the predictor."""
        return nn.Sequential(self.encoder, self.head)

    def loss(self, views: Views) -> Tensor:
        # Each view is a batch of its own, as in the authors' code: BatchNorm must not mix the two.
        first, second = views.images
        return self._contrast(first, second) + self._contrast(second, first)

    def _contrast(self, query_images: Tensor, key_images: Tensor) -> Tensor:
        query_BD = normalize(self.predictor(self.base_network(query_images)).float(), dim=1)
        # The keys of all processes, as in the authors' code; query i still finds its own in row i.
        keys_ND = processes.own_first(processes.gather(normalize(self.key_network(key_images).float(), dim=1)))
        # The factor keeps the size of the gradient when the temperature changes.
        return 2 * self.temperature * in_batch_info_nce(query_BD, keys_ND, self.temperature)

    @torch.no_grad()
    def after_step(self, progress: float) -> None:
        """The key network follows, ever more slowly.

        The authors' code moves it within the next step, before that step's keys and with that
        step's momentum, which is the one for `progress`: the numbers are the same.
        """
        self.key_network.follow(self.base_network, rising_momentum(self.momentum, progress))
