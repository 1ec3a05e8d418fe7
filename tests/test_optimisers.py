"""Optimisers and schedules against slow formulas of their papers."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl.optimisers import adamw, lars, sgd
from reference_impl.schedules import learning_rate_factor, rising_momentum


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2)).double()


def gradients(module: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for parameter in module.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)


def slow_lars(
    module: nn.Module, steps: int, *, rate: float, decay: float, momentum: float, trust: float, clip: bool
) -> list[np.ndarray]:
    weights = [parameter.detach().numpy().copy() for parameter in module.parameters()]
    speeds = [np.zeros_like(weight) for weight in weights]
    for step in range(steps):
        gradients(module, step)
        for place, parameter in enumerate(module.parameters()):
            gradient = parameter.grad.numpy()
            if parameter.ndim > 1:  # vectors are neither decayed nor adapted
                gradient = gradient + decay * weights[place]
                norms = math.sqrt((weights[place] ** 2).sum()), math.sqrt((gradient**2).sum())
                factor = trust * norms[0] / norms[1] if min(norms) > 0 else 1.0
                gradient = gradient * (min(factor / rate, 1.0) if clip else factor)
            speeds[place] = momentum * speeds[place] + gradient
            weights[place] = weights[place] - rate * speeds[place]
    return weights


# The factors run from 0.04 to 0.07: at the second rate some are clipped and some not.
@pytest.mark.parametrize(("clip", "rate"), [(False, 0.4), (True, 0.05)])
def test_lars_steps_as_its_paper_and_leaves_vectors_to_plain_momentum(clip: bool, rate: float) -> None:
    module = network()
    expected = slow_lars(module, 3, rate=rate, decay=0.01, momentum=0.9, trust=0.2, clip=clip)
    module = network()
    optimiser = lars(
        module, learning_rate=rate, weight_decay=0.01, sgd_momentum=0.9, trust_coefficient=0.2, clip_trust=clip
    )
    for step in range(3):
        gradients(module, step)
        optimiser.step()
    for parameter, weight in zip(module.parameters(), expected, strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), weight, rtol=1e-12)


def test_a_clipped_lars_may_start_its_warm_up_at_a_rate_of_zero() -> None:
    module = network()
    optimiser = lars(
        module, learning_rate=0.0, weight_decay=0.01, sgd_momentum=0.9, trust_coefficient=0.02, clip_trust=True
    )
    before = [parameter.detach().clone() for parameter in module.parameters()]
    gradients(module, 0)
    optimiser.step()
    assert all(torch.equal(one, other) for one, other in zip(before, module.parameters(), strict=True))


def test_lars_does_not_adapt_a_tensor_of_zeros() -> None:
    module = nn.Linear(2, 2, bias=False).double()
    nn.init.zeros_(module.weight)
    optimiser = lars(
        module, learning_rate=0.5, weight_decay=0.1, sgd_momentum=0.9, trust_coefficient=0.001, clip_trust=False
    )
    module.weight.grad = torch.ones(2, 2, dtype=torch.float64)
    optimiser.step()
    assert module.weight.tolist() == [[-0.5, -0.5], [-0.5, -0.5]]


def test_lars_goes_on_from_its_saved_state() -> None:
    def trained(stop: int | None) -> torch.Tensor:
        module = network()
        make = partial(
            lars, learning_rate=0.4, weight_decay=0.01, sgd_momentum=0.9, trust_coefficient=0.02, clip_trust=False
        )
        optimiser = make(module)
        for step in range(4):
            if step == stop:
                state = optimiser.state_dict()
                optimiser = make(module)
                optimiser.load_state_dict(state)
            gradients(module, step)
            optimiser.step()
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    assert torch.equal(trained(None), trained(2))


def test_sgd_with_decayed_vectors_is_plain_sgd_over_all_parameters() -> None:
    ours, plain = network(), network()
    first = sgd(ours, learning_rate=0.1, weight_decay=0.01, sgd_momentum=0.9, decay_vectors=True)
    second = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    for step in range(3):
        for module, optimiser in ((ours, first), (plain, second)):
            gradients(module, step)
            optimiser.step()
    for one, other in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("decayed", [True, False])
def test_vectors_decay_only_where_asked(decayed: bool) -> None:
    module = network()
    before = module[1].weight.detach().clone()
    optimiser = adamw(module, learning_rate=0.1, weight_decay=0.5, betas=(0.9, 0.95), decay_vectors=decayed)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    torch.testing.assert_close(module[1].weight.detach(), before * (0.95 if decayed else 1.0))
    assert optimiser.defaults["betas"] == (0.9, 0.95)


def test_what_is_frozen_is_no_business_of_an_optimiser() -> None:
    module = network()
    module[0].requires_grad_(False)
    optimiser = sgd(module, learning_rate=0.1, weight_decay=0.0, sgd_momentum=0.9, decay_vectors=True)
    held = {id(parameter) for group in optimiser.param_groups for parameter in group["params"]}
    assert held == {id(parameter) for parameter in module.parameters() if parameter.requires_grad}


# Schedules


def test_warm_up_rises_in_a_line_and_the_cosine_falls_over_what_remains() -> None:
    at = [learning_rate_factor(epoch, 110, "cosine_by_step", warmup_epochs=10) for epoch in (0, 2.5, 9.5, 10, 60, 85)]
    assert at == pytest.approx([0, 0.25, 0.95, 1, 0.5, 0.5 * (1 + math.cos(math.pi * 0.75))])


def test_a_cosine_by_step_falls_within_an_epoch_and_one_by_epoch_does_not() -> None:
    assert learning_rate_factor(10.5, 100, "cosine") == learning_rate_factor(10, 100, "cosine")
    assert learning_rate_factor(10.5, 100, "cosine_by_step") < learning_rate_factor(10, 100, "cosine_by_step")


def test_an_unknown_schedule_is_named() -> None:
    with pytest.raises(ValueError, match="no schedule 'linear'; there are 'cosine', 'cosine_by_step' and 'step'"):
        learning_rate_factor(0, 1, "linear")


def test_momentum_rises_from_its_start_to_one() -> None:
    assert [rising_momentum(0.99, progress) for progress in (0, 0.5, 1)] == pytest.approx([0.99, 0.995, 1])
