"""SimCLR: two views of an image must find each other among all views of a large batch (arXiv 2002.05709).

Tensor names end in their shape: B batch, D embedding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from reference_impl import processes
from reference_impl.contract import Method, Views
from reference_impl.encoders import Encoder
from reference_impl.losses import nt_xent
from reference_impl.parts import normalised_head


class SimCLR(Method):
    """The paper's Algorithm 1: one network, and every other image of the batch as a negative, in both views.

    The loss is the paper's mean over all 2B views.  The authors' code adds the means of the two
    directions (objective.py), which is twice as much: an SGD learning rate from there must be
    doubled here; LARS takes the factor out of all but biases and norms.
    """

    def __init__(
        self, encoder: Encoder, *, projector_layers: int, hidden_dim: int, dim: int, temperature: float
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = normalised_head(encoder.width, hidden_dim, dim, layers=projector_layers, last_norm="scale")
        self.temperature = temperature

    def loss(self, views: Views) -> Tensor:
        # Both views in one batch, as in the authors' code (model.py): BatchNorm sees them together.
        network = nn.Sequential(self.encoder, self.head)
        first_BD, second_BD = normalize(network(torch.cat(views.images)).float(), dim=1).chunk(2)
        # The loss of the whole batch, which every process works out for itself.
        first_BD, second_BD = processes.gather_with_gradient(first_BD), processes.gather_with_gradient(second_BD)
        return nt_xent(first_BD, second_BD, self.temperature)
