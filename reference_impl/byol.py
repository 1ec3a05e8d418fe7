"""BYOL: a network predicts what a slow copy of itself sees in another view; no negatives (arXiv 2006.07733).

Tensor names end in their shape: B batch, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from reference_impl.contract import Method, Views
from reference_impl.encoders import Encoder
from reference_impl.parts import SlowCopy, normalised_head
from reference_impl.schedules import rising_momentum


class BYOL(Method):
    """The paper's equations 1 to 3: online encoder, projector and predictor; target encoder and projector.

    The loss is 2 - 2 cos between prediction and target projection, a mean over the batch, added
    over both directions, so that it runs from 0 to 8.
    """

    # Unlike the authors' code: the target network starts as a copy of the online one, not from other
    # random numbers; they "did not notice a significant difference" (byol_experiment.py).

    def __init__(self, encoder: Encoder, *, hidden_dim: int, dim: int, momentum: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = normalised_head(encoder.width, hidden_dim, dim, layers=2, last_norm="none")
        self.predictor = normalised_head(dim, hidden_dim, dim, layers=2, last_norm="none")
        self.momentum = momentum
        self.target_network = SlowCopy(self.online_network)

    @property
    def online_network(self) -> nn.Sequential:
        """What the target network follows: encoder and projector, without the predictor."""
        return nn.Sequential(self.encoder, self.head)

    def loss(self, views: Views) -> Tensor:
        # Each view is a batch of its own, as in the authors' code: BatchNorm must not mix the two.
        first, second = views.images
        return self._regression(first, second) + self._regression(second, first)

    def _regression(self, predicted_from: Tensor, target: Tensor) -> Tensor:
        prediction_BD = normalize(self.predictor(self.online_network(predicted_from)).float(), dim=1)
        target_BD = normalize(self.target_network(target).float(), dim=1)
        return (2 - 2 * (prediction_BD * target_BD).sum(dim=1)).mean()

    @torch.no_grad()
    def after_step(self, progress: float) -> None:
        """The target network follows, ever more slowly (section 3.3).

        # Unlike the authors' code: `progress` counts the step just made, theirs those before it.
        """
        self.target_network.follow(self.online_network, rising_momentum(self.momentum, progress))
