"""Parts that several papers share: projection heads, the slow copy."""

from __future__ import annotations

from copy import deepcopy
from typing import Literal

import torch
from torch import Tensor, nn

Head = Literal["linear", "mlp"]


def projection_head(kind: Head, width: int, dim: int) -> nn.Module:
    """From encoder features (B, width) to embeddings (B, dim), not normalised.

    "linear" is MoCo v1's; "mlp" is v2's: one hidden layer as wide as its input, ReLU, no
    BatchNorm (arXiv 2003.04297, section 3; moco/builder.py of the authors).
    """
    if kind == "linear":
        return nn.Linear(width, dim)
    if kind == "mlp":
        return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, dim))
    raise ValueError(f"no projection head {kind!r}; there are 'linear' and 'mlp'")


LastNorm = Literal["none", "scale", "plain"]


def normalised_head(width: int, hidden: int, dim: int, *, layers: int, last_norm: LastNorm) -> nn.Sequential:
    """From features (B, width) to embeddings (B, dim), not of unit length, with BatchNorm over the whole batch.

    `layers` linear layers; after each but the last, BatchNorm and ReLU.  After the last one "none"
    (BYOL, networks.py of the authors), BatchNorm with "scale" and no offset (SimCLR, model_util.py)
    or "plain", with neither (MoCo v3, moco/builder.py).  No linear layer has a bias: BYOL's hidden
    one has, which the BatchNorm behind it takes away again.
    """
    # Unlike the papers: the weights start as PyTorch's linear layers do; SimCLR's and BYOL's codes draw normals.
    inputs = width
    stack: list[nn.Module] = []
    for _ in range(layers - 1):
        stack += [nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(inplace=True)]
        inputs = hidden
    stack.append(nn.Linear(inputs, dim, bias=False))
    if last_norm != "none":
        last = nn.BatchNorm1d(dim, affine=last_norm == "scale")
        if last_norm == "scale":
            last.bias.requires_grad_(False)  # stays at its start, 0
        stack.append(last)
    return nn.Sequential(*stack)


class SlowCopy(nn.Module):
    """A network that no gradient reaches and whose parameters follow another's at a distance.

    Only parameters follow: BatchNorm buffers are the copy's own, filled by its own batches.
    """

    def __init__(self, leader: nn.Module) -> None:
        super().__init__()
        self.network = deepcopy(leader).requires_grad_(False)

    @torch.no_grad()
    def follow(self, leader: nn.Module, momentum: float) -> None:
        """theta_k <- m theta_k + (1 - m) theta_q (arXiv 1911.05722, equation 2)."""
        mine: list[Tensor] = list(self.network.parameters())
        theirs: list[Tensor] = list(leader.parameters())
        torch._foreach_lerp_(mine, theirs, 1 - momentum)

    @torch.no_grad()
    def forward(self, inputs: Tensor) -> Tensor:
        output: Tensor = self.network(inputs)
        return output
