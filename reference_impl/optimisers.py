"""Optimisers by name.  Each takes the method and what its papers state, and returns a torch optimiser.

A recipe's `optimiser` names one, and its settings are that one's keywords.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

OptimiserName = Literal["sgd", "lars", "adamw"]


def sgd(
    method: nn.Module, *, learning_rate: float, weight_decay: float, sgd_momentum: float, decay_vectors: bool
) -> SGD:
    """Stochastic gradient descent with heavy-ball momentum, as the codes of MoCo v1 and v2 use it."""
    return SGD(_groups(method, weight_decay, decay_vectors), lr=learning_rate, momentum=sgd_momentum)


def adamw(
    method: nn.Module, *, learning_rate: float, weight_decay: float, betas: tuple[float, ...], decay_vectors: bool
) -> AdamW:
    """Adam with decoupled weight decay (Loshchilov & Hutter, arXiv 1711.05101); `betas` are two."""
    first, second = betas
    return AdamW(_groups(method, weight_decay, decay_vectors), lr=learning_rate, betas=(first, second))


def lars(
    method: nn.Module,
    *,
    learning_rate: float,
    weight_decay: float,
    sgd_momentum: float,
    trust_coefficient: float,
    clip_trust: bool,
) -> LARS:
    """Layer-wise adaptive rates; vectors (biases, norms) are neither decayed nor adapted, as in BYOL and SimCLR."""
    groups = _groups(method, weight_decay, decay_vectors=False)
    return LARS(
        groups,
        lr=learning_rate,
        momentum=sgd_momentum,
        trust_coefficient=trust_coefficient,
        clip_trust=clip_trust,
    )


def _groups(method: nn.Module, weight_decay: float, decay_vectors: bool) -> list[dict[str, Any]]:
    """The parameters that train, matrices (and filters) before vectors; the latter decay only where asked."""
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in trained if parameter.ndim > 1]
    vectors = [parameter for parameter in trained if parameter.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": weight_decay, "adapt": True},
        {"params": vectors, "weight_decay": weight_decay if decay_vectors else 0.0, "adapt": False},
    ]
    return [group for group in groups if group["params"]]


class LARS(Optimizer):
    """SGD with momentum whose every tensor steps in proportion to its own norm (You et al., arXiv 1708.03888).

    g <- g + weight_decay w;  g <- trust_coefficient |w| / |g| g  where both norms are positive;
    v <- momentum v + g;  w <- w - lr v.  Groups with `adapt` false skip the second step.
    With `clip_trust` no tensor steps further than plain SGD would: the factor is divided by lr and
    is at most 1, as in the LARS of solo-learn's recipes.
    """

    def __init__(
        self,
        parameters: Iterable[dict[str, Any]],
        *,
        lr: float,
        momentum: float,
        trust_coefficient: float,
        clip_trust: bool,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": 0.0,
            "trust_coefficient": trust_coefficient,
            "clip_trust": clip_trust,
            "adapt": True,
        }
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step; all tensors of a group together, without asking the device for a number."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            gradients = [weight.grad for weight in weights]
            if group["weight_decay"]:
                gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
            if group["adapt"]:
                gradients = list(torch._foreach_mul(gradients, self._trust(weights, gradients, group)))
            velocities = [self._velocity(weight) for weight in weights]
            torch._foreach_mul_(velocities, group["momentum"])
            torch._foreach_add_(velocities, gradients)
            torch._foreach_add_(weights, velocities, alpha=-group["lr"])

    @staticmethod
    def _trust(weights: list[Tensor], gradients: list[Tensor], group: dict[str, Any]) -> list[Tensor]:
        norms = zip(torch._foreach_norm(weights), torch._foreach_norm(gradients), strict=True)
        one = torch.ones((), device=weights[0].device)
        trust = [
            torch.where((weight > 0) & (gradient > 0), group["trust_coefficient"] * weight / gradient, one)
            for weight, gradient in norms
        ]
        # At a rate of 0, where a warm-up starts, the quotient is infinite and the factor 1.
        return [(factor / group["lr"]).clamp(max=1) for factor in trust] if group["clip_trust"] else trust

    def _velocity(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        velocity: Tensor = state["velocity"]
        return velocity
