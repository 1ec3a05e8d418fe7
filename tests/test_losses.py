"""Every loss against slow loops in float64, at its closed-form values, under gradcheck and in half precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.functional import cross_entropy, normalize

from reference_impl.losses import (
    in_batch_info_nce,
    info_nce,
    margin_contrastive,
    n_pair,
    nt_xent,
    semi_hard_triplet,
    supcon,
    triplet,
)

supcon_out, supcon_in = partial(supcon, form="out"), partial(supcon, form="in")
TEMPERATURES = [0.05, 0.07, 0.2, 1.0]
# Three rows of class 0, four of 1, two of 2, and one that is alone in its class.
LABELS = torch.tensor([0, 1, 1, 2, 0, 3, 1, 0, 2, 1])
ALIKE = torch.tensor([True, False, False, True, True, False, False, True, False, True])


def vectors(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def unit(*shape: int, seed: int) -> Tensor:
    return normalize(vectors(*shape, seed=seed), dim=-1)


# Slow loops


def slow_softmax_loss(positive: float, others: list[float]) -> float:
    return -math.log(math.exp(positive) / (math.exp(positive) + sum(math.exp(other) for other in others)))


def slow_info_nce(query: np.ndarray, key: np.ndarray, queue: np.ndarray, temperature: float) -> float:
    return float(
        np.mean(
            [
                slow_softmax_loss(q @ k / temperature, [q @ other / temperature for other in queue])
                for q, k in zip(query, key, strict=True)
            ]
        )
    )


def slow_in_batch_info_nce(query: np.ndarray, key: np.ndarray, temperature: float) -> float:
    losses = []
    for i, q in enumerate(query):
        others = [q @ k / temperature for j, k in enumerate(key) if j != i]
        losses.append(slow_softmax_loss(q @ key[i] / temperature, others))
    return sum(losses) / len(losses)


def slow_nt_xent(first: np.ndarray, second: np.ndarray, temperature: float) -> float:
    """Algorithm 1 of SimCLR, which lets the two views of an image lie side by side."""
    z = [view for pair in zip(first, second, strict=True) for view in pair]

    def ell(i: int, j: int) -> float:
        s = [float(z[i] @ other) for other in z]
        return -math.log(
            math.exp(s[j] / temperature) / sum(math.exp(s[k] / temperature) for k in range(len(z)) if k != i)
        )

    images = len(first)
    return sum(ell(2 * k, 2 * k + 1) + ell(2 * k + 1, 2 * k) for k in range(images)) / (2 * images)


def slow_supcon(z: np.ndarray, labels: np.ndarray, temperature: float, form: str) -> float:
    losses = []
    for i in range(len(z)):
        others = [a for a in range(len(z)) if a != i]
        positives = [p for p in others if labels[p] == labels[i]]
        if not positives:
            continue
        total = sum(math.exp(z[i] @ z[a] / temperature) for a in others)
        shares = [math.exp(z[i] @ z[p] / temperature) / total for p in positives]
        if form == "out":
            losses.append(-sum(math.log(share) for share in shares) / len(positives))
        else:
            losses.append(-math.log(sum(shares) / len(positives)))
    return sum(losses) / len(losses) if losses else 0.0


def squared(a: np.ndarray, b: np.ndarray) -> float:
    return float(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)))


def slow_triplet(anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray, margin: float) -> float:
    losses = [
        max(0.0, squared(a, p) - squared(a, n) + margin) for a, p, n in zip(anchor, positive, negative, strict=True)
    ]
    return sum(losses) / len(losses)


def slow_semi_hard_triplet(z: np.ndarray, labels: np.ndarray, margin: float) -> float:
    losses = []
    for a in range(len(z)):
        for p in range(len(z)):
            if p == a or labels[p] != labels[a]:
                continue
            near = squared(z[a], z[p])
            far = [squared(z[a], z[n]) for n in range(len(z)) if labels[n] != labels[a]]
            semi_hard = [distance for distance in far if near < distance < near + margin]
            if semi_hard:
                losses.append(near - min(semi_hard) + margin)
    return sum(losses) / len(losses) if losses else 0.0


def slow_n_pair(anchor: np.ndarray, positive: np.ndarray, penalty: float) -> float:
    losses = []
    for i, a in enumerate(anchor):
        others = sum(math.exp(a @ p - a @ positive[i]) for j, p in enumerate(positive) if j != i)
        losses.append(math.log(1 + others))
    norms = [float(vector @ vector) for vector in (*anchor, *positive)]
    return sum(losses) / len(losses) + penalty * sum(norms) / len(norms)


def slow_margin_contrastive(first: np.ndarray, second: np.ndarray, same: np.ndarray, margin: float) -> float:
    losses = []
    for a, b, alike in zip(first, second, same, strict=True):
        distance = math.sqrt(squared(a, b))
        y = 0 if alike else 1
        losses.append((1 - y) * 0.5 * distance**2 + y * 0.5 * max(0.0, margin - distance) ** 2)
    return sum(losses) / len(losses)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(("batch", "queue", "dim"), [(1, 1, 2), (5, 7, 3), (64, 200, 16)])
def test_info_nce_is_the_papers_formula(batch: int, queue: int, dim: int, temperature: float) -> None:
    q, k, others = unit(batch, dim, seed=1), unit(batch, dim, seed=2), unit(queue, dim, seed=3)
    expected = slow_info_nce(q.numpy(), k.numpy(), others.numpy(), temperature)
    assert float(info_nce(q, k, others, temperature)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(("batch", "dim"), [(2, 2), (9, 3), (40, 16)])
@pytest.mark.parametrize(
    ("loss", "slow"),
    [(in_batch_info_nce, slow_in_batch_info_nce), (nt_xent, slow_nt_xent)],
    ids=["in_batch_info_nce", "nt_xent"],
)
def test_losses_within_a_batch_are_the_papers_formulas(
    loss: Callable[..., Tensor], slow: Callable[..., float], batch: int, dim: int, temperature: float
) -> None:
    a, b = unit(batch, dim, seed=1), unit(batch, dim, seed=2)
    assert float(loss(a, b, temperature)) == pytest.approx(slow(a.numpy(), b.numpy(), temperature), rel=1e-12)


def test_further_keys_are_negatives_of_every_query() -> None:
    query, keys = unit(4, 5, seed=1), unit(10, 5, seed=2)
    expected = slow_in_batch_info_nce(query.numpy(), keys.numpy(), 0.2)
    assert float(in_batch_info_nce(query, keys, 0.2)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("form", ["out", "in"])
@pytest.mark.parametrize("temperature", TEMPERATURES)
@settings(max_examples=20, deadline=None)
@given(labels=st.lists(st.integers(0, 4), min_size=1, max_size=12), seed=st.integers(0, 1000))
def test_supcon_is_the_papers_formula_for_any_labels(temperature: float, form, labels: list[int], seed: int) -> None:
    z = unit(len(labels), 4, seed=seed)
    actual = supcon(z, torch.tensor(labels), temperature, form=form)
    expected = slow_supcon(z.numpy(), np.array(labels), temperature, form)
    assert float(actual) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_triplet_is_the_papers_formula(margin: float) -> None:
    a, p, n = (unit(30, 3, seed=seed) for seed in (1, 2, 3))
    expected = slow_triplet(a.numpy(), p.numpy(), n.numpy(), margin)
    assert float(triplet(a, p, n, margin)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0])
@settings(max_examples=20, deadline=None)
@given(labels=st.lists(st.integers(0, 4), min_size=1, max_size=12), seed=st.integers(0, 1000))
def test_every_pair_meets_its_nearest_semi_hard_negative(margin: float, labels: list[int], seed: int) -> None:
    z = unit(len(labels), 3, seed=seed)
    expected = slow_semi_hard_triplet(z.numpy(), np.array(labels), margin)
    assert float(semi_hard_triplet(z, torch.tensor(labels), margin)) == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_distances_of_close_vectors_far_from_the_origin_do_not_cancel() -> None:
    z = (100 + 0.3 * vectors(10, 3, seed=1)).float()
    exact = semi_hard_triplet(z.double(), LABELS, 0.2)
    assert float(exact) > 0.05
    assert float(semi_hard_triplet(z, LABELS, 0.2)) == pytest.approx(float(exact), rel=1e-5)


@pytest.mark.parametrize("penalty", [0.0, 0.002, 1.0])
@pytest.mark.parametrize("batch", [1, 2, 30])
def test_n_pair_is_the_papers_formula_with_the_mean_squared_norm(batch: int, penalty: float) -> None:
    a, p = vectors(batch, 5, seed=1), vectors(batch, 5, seed=2)
    expected = slow_n_pair(a.numpy(), p.numpy(), penalty)
    assert float(n_pair(a, p, penalty=penalty)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [0.5, 1.25, 4.0])
def test_margin_contrastive_is_the_papers_formula(margin: float) -> None:
    a, b = vectors(10, 2, seed=1), vectors(10, 2, seed=2)
    expected = slow_margin_contrastive(a.numpy(), b.numpy(), ALIKE.numpy(), margin)
    assert float(margin_contrastive(a, b, ALIKE, margin)) == pytest.approx(expected, rel=1e-12)


# Values in closed form

SAME = normalize(torch.ones(6, 8), dim=1)
TWINS = torch.tensor([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize("queue", [1, 255, 4096])
def test_equal_similarities_give_info_nce_ln_of_the_number_of_choices(queue: int) -> None:
    assert float(info_nce(SAME, SAME, SAME[:1].repeat(queue, 1), 0.07)) == pytest.approx(math.log(queue + 1))


COLLAPSED: dict[str, tuple[Callable[[], Tensor], float]] = {
    "in_batch_info_nce: ln B": (lambda: in_batch_info_nce(SAME, SAME, 0.07), math.log(6)),
    "nt_xent: ln(2B - 1)": (lambda: nt_xent(SAME, SAME, 0.07), math.log(11)),
    "supcon out: ln(N - 1)": (lambda: supcon_out(SAME, TWINS, 0.07), math.log(5)),
    "supcon in: ln(N - 1)": (lambda: supcon_in(SAME, TWINS, 0.07), math.log(5)),
    "triplet: the margin": (lambda: triplet(SAME, SAME, SAME, 0.2), 0.2),
    "semi_hard_triplet: nothing is mined": (lambda: semi_hard_triplet(SAME, TWINS, 0.2), 0),
    "n_pair: ln B and the penalty": (lambda: n_pair(SAME, SAME, penalty=0.5), math.log(6) + 0.5),
    "n_pair of zeros: ln B": (lambda: n_pair(0 * SAME, 0 * SAME, penalty=0.5), math.log(6)),
    "margin_contrastive, alike": (lambda: margin_contrastive(SAME, SAME, torch.ones(6).bool(), 1.5), 0),
    "margin_contrastive, others: m^2 / 2": (
        lambda: margin_contrastive(SAME, SAME, torch.zeros(6).bool(), 1.5),
        1.125,
    ),
}


@pytest.mark.parametrize("name", COLLAPSED)
def test_collapsed_embeddings_give_the_known_value(name: str) -> None:
    loss, expected = COLLAPSED[name]
    assert float(loss()) == pytest.approx(expected, rel=1e-6)


AXES, THREES = torch.eye(6), torch.tensor([0, 1, 0, 1, 0, 1])
THREE_ALIKE = torch.arange(6) < 3
# One vector of the batch at similarity 1, the others at 0, at a temperature of 0.05.
FAR = math.exp(-1 / 0.05)
SEPARATED: dict[str, tuple[Callable[[], Tensor], float]] = {
    "info_nce": (lambda: info_nce(AXES, AXES, -AXES, 0.05), math.log1p(5 * FAR + math.exp(-2 / 0.05))),
    "in_batch_info_nce": (lambda: in_batch_info_nce(AXES, AXES, 0.05), math.log1p(5 * FAR)),
    "nt_xent": (lambda: nt_xent(AXES, AXES, 0.05), math.log1p(10 * FAR)),
    "supcon out, pairs": (lambda: supcon_out(AXES[TWINS], TWINS, 0.05), math.log1p(4 * FAR)),
    "supcon in, pairs": (lambda: supcon_in(AXES[TWINS], TWINS, 0.05), math.log1p(4 * FAR)),
    "supcon out, threes: not below ln 2": (lambda: supcon_out(AXES[THREES], THREES, 0.05), math.log(2 + 3 * FAR)),
    "supcon in, threes: not below ln 2": (lambda: supcon_in(AXES[THREES], THREES, 0.05), math.log(2 + 3 * FAR)),
    "triplet": (lambda: triplet(AXES, AXES, -AXES, 0.2), 0),
    "semi_hard_triplet": (lambda: semi_hard_triplet(AXES[TWINS], TWINS, 0.2), 0),
    "n_pair": (lambda: n_pair(20 * AXES, AXES, penalty=0), math.log1p(5 * FAR)),
    "margin_contrastive": (lambda: margin_contrastive(AXES, AXES[[0, 1, 2, 4, 5, 3]], THREE_ALIKE, 1.4), 0),
}


@pytest.mark.parametrize("name", SEPARATED)
def test_perfect_separation_gives_the_known_limit(name: str) -> None:
    loss, expected = SEPARATED[name]
    # 1e-6 is the step of float32 at a logit of 20, which cross-entropy subtracts.
    assert float(loss()) == pytest.approx(expected, rel=1e-6, abs=2e-6)


def test_info_nce_resolves_losses_far_below_the_step_of_float32() -> None:
    opposite = info_nce(AXES[:1], AXES[:1], -AXES[:1], 0.05)
    assert float(opposite) == pytest.approx(math.exp(-40), rel=1e-4, abs=0)


def test_margin_contrastive_of_coinciding_pairs_has_no_gradient_rather_than_nan() -> None:
    first = SAME.clone().requires_grad_()
    margin_contrastive(first, SAME, ALIKE[:6], 1.5).backward()
    assert torch.equal(first.grad, torch.zeros_like(SAME))


# How the losses are related


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("form", ["out", "in"])
def test_supcon_of_the_two_views_of_each_image_is_nt_xent(form, temperature: float) -> None:
    first, second = unit(7, 4, seed=1), unit(7, 4, seed=2)
    actual = supcon(torch.cat([first, second]), torch.arange(7).repeat(2), temperature, form=form)
    torch.testing.assert_close(actual, nt_xent(first, second, temperature))


@given(labels=st.lists(st.integers(0, 3), min_size=2, max_size=12), seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_supcon_in_is_never_above_out(labels: list[int], seed: int) -> None:
    z = unit(len(labels), 4, seed=seed)
    inner, outer = (float(supcon(z, torch.tensor(labels), 0.1, form=form)) for form in ("in", "out"))
    assert inner <= outer + 1e-12


def test_in_batch_info_nce_is_info_nce_with_the_other_keys_as_queue() -> None:
    query, key = unit(5, 4, seed=1), unit(5, 4, seed=2)
    alone = [info_nce(query[i : i + 1], key[i : i + 1], key[torch.arange(5) != i], 0.2) for i in range(5)]
    torch.testing.assert_close(in_batch_info_nce(query, key, 0.2), torch.stack(alone).mean())


@pytest.mark.parametrize(("batch", "queue"), [(128, 1024), (256, 4096)])
def test_info_nce_without_concatenated_logits_equals_the_cross_entropy_of_all_in_value_and_gradient(
    batch: int, queue: int
) -> None:
    query, key, others = (unit(n, 128, seed=n).float() for n in (batch, batch + 1, queue))
    key = key[:batch]
    ours, theirs = query.clone().requires_grad_(), query.clone().requires_grad_()
    loss = info_nce(ours, key, others, 0.07)
    logits = torch.cat([(theirs * key).sum(dim=1, keepdim=True), theirs @ others.T], dim=1) / 0.07
    plain = cross_entropy(logits, torch.zeros(batch, dtype=torch.long))
    loss.backward()
    plain.backward()
    torch.testing.assert_close(loss, plain, rtol=2e-6, atol=0)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=2e-6 * float(theirs.grad.abs().max()))


# Every loss as a function of what has a gradient: name -> (function, its inputs in float64)

EVERY: dict[str, tuple[Callable[..., Tensor], tuple[Tensor, ...]]] = {
    "info_nce": (
        lambda q, k, o: info_nce(q, k, o, 0.05),
        (unit(4, 5, seed=1), unit(4, 5, seed=2), unit(7, 5, seed=3)),
    ),
    "in_batch_info_nce": (lambda q, k: in_batch_info_nce(q, k, 0.05), (unit(6, 5, seed=1), unit(6, 5, seed=2))),
    "nt_xent": (lambda a, b: nt_xent(a, b, 0.05), (unit(6, 5, seed=1), unit(6, 5, seed=2))),
    "supcon out": (lambda z: supcon_out(z, LABELS, 0.05), (unit(10, 5, seed=1),)),
    "supcon in": (lambda z: supcon_in(z, LABELS, 0.05), (unit(10, 5, seed=1),)),
    "supcon out, no positives": (lambda z: supcon_out(z, torch.arange(10), 0.05), (unit(10, 5, seed=1),)),
    "supcon in, no positives": (lambda z: supcon_in(z, torch.arange(10), 0.05), (unit(10, 5, seed=1),)),
    "triplet": (lambda a, p, n: triplet(a, p, n, 0.2), tuple(unit(6, 5, seed=seed) for seed in (1, 2, 3))),
    "semi_hard_triplet": (lambda z: semi_hard_triplet(z, LABELS, 0.2), (unit(10, 5, seed=1),)),
    "n_pair": (lambda a, p: n_pair(a, p, penalty=0.1), (vectors(6, 5, seed=1), vectors(6, 5, seed=2))),
    "margin_contrastive": (
        lambda a, b: margin_contrastive(a, b, ALIKE, 1.25),
        (unit(10, 5, seed=1), unit(10, 5, seed=2)),
    ),
}
every_loss = pytest.mark.parametrize(("loss", "inputs"), EVERY.values(), ids=list(EVERY))


@every_loss
def test_gradients_are_those_of_finite_differences(loss: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
    assert torch.autograd.gradcheck(loss, tuple(x.clone().requires_grad_() for x in inputs))


@every_loss
def test_float64_stays_float64(loss: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
    assert loss(*inputs).dtype is torch.float64


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_inputs_give_the_float32_loss_and_finite_gradients(
    dtype: torch.dtype, loss: Callable[..., Tensor], inputs: tuple[Tensor, ...]
) -> None:
    halves = tuple(x.to(dtype).requires_grad_() for x in inputs)
    exact = loss(*(half.detach().float() for half in halves))
    value = loss(*halves)
    value.backward()
    assert torch.equal(value, exact)
    assert all(bool(half.grad.isfinite().all()) for half in halves)


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_does_not_reach_into_a_loss(
    dtype: torch.dtype, loss: Callable[..., Tensor], inputs: tuple[Tensor, ...]
) -> None:
    singles = tuple(x.float() for x in inputs)
    exact = loss(*singles)
    with torch.autocast("cpu", dtype):
        assert torch.equal(loss(*singles), exact)


@every_loss
@pytest.mark.parametrize("extreme", [1.0, -1.0, 0.0, 1e-30, 60000.0])
def test_equal_opposite_zero_tiny_and_huge_vectors_give_finite_losses_and_gradients(
    extreme: float, loss: Callable[..., Tensor], inputs: tuple[Tensor, ...]
) -> None:
    vectors = [torch.full_like(x, extreme if i == 0 else 1.0, dtype=torch.float32) for i, x in enumerate(inputs)]
    vectors = [x.requires_grad_() for x in vectors]
    value = loss(*vectors)
    value.backward()
    assert bool(value.isfinite())
    assert all(bool(x.grad.isfinite().all()) for x in vectors)


@every_loss
def test_no_loss_asks_the_device_for_a_number(loss: Callable[..., Tensor], inputs: tuple[Tensor, ...]) -> None:
    # Tensors without contents: reading one, or a shape that depends on contents, raises.
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fakes = tuple(mode.from_tensor(x.float()).requires_grad_() for x in inputs)
        value = loss(*fakes)
        value.backward()
    assert value.shape == ()


def rows(order: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return tuple(x[order] for x in inputs)


ORDER = torch.randperm(10, generator=torch.Generator().manual_seed(7))
A, B, C = (unit(10, 5, seed=seed) for seed in (1, 2, 3))
SHUFFLED: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    "info_nce, batch": lambda: (info_nce(*rows(ORDER, A, B), C, 0.1), info_nce(A, B, C, 0.1)),
    "info_nce, queue": lambda: (info_nce(A, B, C[ORDER], 0.1), info_nce(A, B, C, 0.1)),
    "in_batch_info_nce": lambda: (in_batch_info_nce(*rows(ORDER, A, B), 0.1), in_batch_info_nce(A, B, 0.1)),
    "nt_xent, images": lambda: (nt_xent(*rows(ORDER, A, B), 0.1), nt_xent(A, B, 0.1)),
    "nt_xent, views": lambda: (nt_xent(B, A, 0.1), nt_xent(A, B, 0.1)),
    "supcon out": lambda: (supcon_out(*rows(ORDER, A, LABELS), 0.1), supcon_out(A, LABELS, 0.1)),
    "supcon in": lambda: (supcon_in(*rows(ORDER, A, LABELS), 0.1), supcon_in(A, LABELS, 0.1)),
    "supcon, names of classes": lambda: (supcon_out(A, 9 - 2 * LABELS, 0.1), supcon_out(A, LABELS, 0.1)),
    "triplet": lambda: (triplet(*rows(ORDER, A, B, C), 0.2), triplet(A, B, C, 0.2)),
    "semi_hard_triplet": lambda: (semi_hard_triplet(*rows(ORDER, A, LABELS), 0.2), semi_hard_triplet(A, LABELS, 0.2)),
    "n_pair": lambda: (n_pair(*rows(ORDER, A, B), penalty=0.1), n_pair(A, B, penalty=0.1)),
    "margin_contrastive, pairs": lambda: (
        margin_contrastive(*rows(ORDER, A, B, ALIKE), 1.25),
        margin_contrastive(A, B, ALIKE, 1.25),
    ),
    "margin_contrastive, within pairs": lambda: (
        margin_contrastive(B, A, ALIKE, 1.25),
        margin_contrastive(A, B, ALIKE, 1.25),
    ),
}


@pytest.mark.parametrize("name", SHUFFLED)
def test_order_does_not_matter(name: str) -> None:
    shuffled, plain = SHUFFLED[name]()
    torch.testing.assert_close(shuffled, plain)


def test_views_of_one_image_are_not_interchangeable_across_images() -> None:
    assert float(nt_xent(A, B[ORDER], 0.1)) != pytest.approx(float(nt_xent(A, B, 0.1)), rel=1e-3)


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan])
@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("temperature", lambda t: info_nce(A, B, C, t)),
        ("temperature", lambda t: in_batch_info_nce(A, B, t)),
        ("temperature", lambda t: nt_xent(A, B, t)),
        ("temperature", lambda t: supcon_out(A, LABELS, t)),
        ("margin", lambda m: triplet(A, B, C, m)),
        ("margin", lambda m: semi_hard_triplet(A, LABELS, m)),
        ("margin", lambda m: margin_contrastive(A, B, ALIKE, m)),
    ],
)
def test_temperatures_and_margins_that_are_not_positive_are_refused(
    name: str, loss: Callable[[float], Tensor], bad: float
) -> None:
    with pytest.raises(ValueError, match=f"{name} is {bad}; it must be greater than 0"):
        loss(bad)


def test_a_negative_penalty_and_an_unknown_form_are_refused() -> None:
    with pytest.raises(ValueError, match=r"penalty is -0\.1; it must not be negative"):
        n_pair(A, B, penalty=-0.1)
    with pytest.raises(ValueError, match="form is 'inside'; it must be 'out' or 'in'"):
        supcon(A, LABELS, 0.1, form="inside")  # type: ignore[arg-type]
