"""Parts that several papers share: split batch normalisation, projection heads, the slow copy."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

Head = Literal["linear", "mlp"]


class SplitBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that treats a batch as `splits` devices would: each its own statistics.

    MoCo was trained on eight GPUs whose BatchNorm layers did not talk to each other; on one
    device this layer gives the same groups.  Sample i belongs to group i // (batch / splits).
    The running statistics move by the mean over the groups.

    Raises ValueError in training when the batch does not divide into the groups.
    """

    def __init__(self, features: int, *, splits: int) -> None:
        super().__init__(features)
        self.splits = splits

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training:
            return super().forward(inputs)
        if len(inputs) % self.splits:
            raise ValueError(f"a batch of {len(inputs)} does not divide into {self.splits} BatchNorm groups")
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        # Consecutive samples make a group: a chunk is no copy, in any memory format.
        means = self.running_mean.repeat(self.splits, 1)
        variances = self.running_var.repeat(self.splits, 1)
        groups = [
            batch_norm(group, means[index], variances[index], self.weight, self.bias, True, self.momentum, self.eps)
            for index, group in enumerate(inputs.chunk(self.splits))
        ]
        self.running_mean.copy_(means.mean(dim=0))
        self.running_var.copy_(variances.mean(dim=0))
        self.num_batches_tracked.add_(1)
        return torch.cat(groups)


def norm_layer(splits: int) -> Callable[[int], nn.Module]:
    """What an encoder calls with a number of channels to get its normalisation."""
    return nn.BatchNorm2d if splits == 1 else partial(SplitBatchNorm2d, splits=splits)


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
