"""Supervised contrastive learning (Khosla et al., arXiv 2004.11362): labels say what belongs together.

Tensor names end in their shape: N embeddings of all views, D embedding.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from reference_impl import processes
from reference_impl.contract import Method, Views
from reference_impl.encoders import Encoder
from reference_impl.losses import supcon
from reference_impl.parts import projection_head


class SupCon(Method):
    """Both views of every image of the anchor's class are its positives, all other views its negatives.

    `form` says where the mean over the positives stands: outside the logarithm ("out", the
    paper's L_out and its choice, equation 2) or inside ("in", L_in, equation 3).
    """

    def __init__(self, encoder: Encoder, *, dim: int, temperature: float, form: Literal["out", "in"]) -> None:
        super().__init__()
        self.encoder = encoder
        # One hidden layer as wide as the features, without BatchNorm (section 3.1; resnet_big.py of the authors).
        self.head = projection_head("mlp", encoder.width, dim)
        self.temperature = temperature
        self.form: Literal["out", "in"] = form

    def loss(self, views: Views) -> Tensor:
        # One pass for both views: BatchNorm sees them together, as in the authors' code.
        features = self.encoder(torch.cat(views.images))
        embeddings_ND = normalize(self.head(features).float(), dim=1)
        # The loss of the whole batch, which every process works out for itself.
        embeddings_ND = processes.gather_with_gradient(embeddings_ND)
        labels_N = processes.gather(views.labels.repeat(len(views.images)))
        return supcon(embeddings_ND, labels_N, self.temperature, form=self.form)
