"""The contract, for every method and variant that the graph can train on the synthetic shapes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from reference_impl import training
from reference_impl.assembly import Setting, resolve
from reference_impl.contract import Method, Views
from reference_impl.data import ImagesInMemory, Splits
from reference_impl.encoders import build_encoder
from registry import Registry
from registry.records import Recipe
from registry.signatures import keywords
from tests.conftest import ROOT
from tests.test_training import Stop, execute, numbers, plan

GRAPH = Registry.open(ROOT)
IMPLEMENTED = [method.name for method in GRAPH.methods() if method.implementation]
RECIPES = [recipe for recipe in GRAPH.all_recipes if "shapes_knn" in recipe.benchmarks]
SUPERVISED = {"supcon"}
AT_MOST: dict[str, int] = {
    "batch_size": 16,
    "bn_splits": 2,
    "dim": 8,
    "epochs": 3,
    "hidden_dim": 16,
    "queue_size": 40,
    "warmup_epochs": 1,
}

each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)


def small(recipe: Recipe) -> dict[str, Setting]:
    """The recipe's settings, but for a training of a moment."""
    return {name: min(value, AT_MOST.get(name, value)) for name, value in recipe.settings.items()}  # type: ignore[type-var]


def build(recipe: Recipe, seed: int = 0) -> Method:
    torch.manual_seed(seed)
    settings, pointer = small(recipe), GRAPH.method(recipe.method).implementation
    assert pointer

    def of(consumer: str) -> dict[str, Setting]:
        return {name: settings[name] for name in keywords(consumer)}

    encoder = build_encoder(**of("reference_impl.encoders:build_encoder"))
    method: Method = resolve(pointer)(encoder, **of(pointer))
    return method


def batch(method: Method, seed: int = 0) -> Views:
    generator = torch.Generator().manual_seed(seed)
    images = tuple(torch.randn(16, 3, 32, 32, generator=generator) for _ in range(method.view_count))
    return Views(images, torch.arange(16) % 4)


def loss_of(method: Method, views: Views) -> torch.Tensor:
    torch.manual_seed(1)  # some methods draw an order or a mask
    return method.loss(views)


def trained_steps(method: Method, first: int, last: int) -> list[float]:
    optimiser = torch.optim.SGD([p for p in method.parameters() if p.requires_grad], lr=0.01)
    losses = []
    for step in range(first, last):
        loss = loss_of(method, batch(method, seed=step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        method.after_step(progress=(step + 1) / 8)
        losses.append(loss.item())
    return losses


def toy(folder: Path | None, cache: Path) -> Splits:
    def images(count: int, seed: int) -> ImagesInMemory:
        generator = np.random.default_rng(seed)
        labels = np.arange(count) % 3
        pixels = generator.integers(0, 120, (count, 3, 32, 32), dtype=np.uint8)
        pixels[np.arange(count), labels] += 120
        return ImagesInMemory(pixels, labels, classes=3)

    return Splits(train=images(48, 0), test=images(15, 1))


def test_every_implemented_method_has_a_recipe_for_the_shapes() -> None:
    assert {recipe.method for recipe in RECIPES} == set(IMPLEMENTED)


@each_recipe
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "COLLAPSED", -1.0)  # three epochs of three steps may well end in one point
    changes = {
        "method": GRAPH.method(recipe.method).implementation,
        "settings": small(recipe),
        "loader": f"{__name__}:toy",
    }
    whole = execute(plan(tmp_path / "whole.pt", **changes))
    with pytest.raises(Stop):
        execute(plan(tmp_path / "parts.pt", **changes), stop_after=1)
    resumed = execute(plan(tmp_path / "parts.pt", **changes, resume=True))
    assert numbers(resumed.curve) == numbers(whole.curve)
    assert (resumed.trained, resumed.untrained) == (whole.trained, whole.untrained)
    ours, theirs = (torch.load(tmp_path / name, weights_only=True)["method"] for name in ("parts.pt", "whole.pt"))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@each_recipe
def test_loss_is_a_finite_number_in_float32_also_where_networks_compute_in_bfloat16(recipe: Recipe) -> None:
    method = build(recipe)
    plain = loss_of(method, batch(method))
    with torch.autocast("cpu", torch.bfloat16):
        half = loss_of(method, batch(method))
    assert (plain.shape, plain.dtype) == (half.shape, half.dtype) == (torch.Size(), torch.float32)
    assert half.item() == pytest.approx(plain.item(), rel=0.1)


@each_recipe
def test_gradient_reaches_every_parameter_that_trains_in_encoder_and_head(recipe: Recipe) -> None:
    method = build(recipe)
    loss_of(method, batch(method)).backward()
    for part in (method.encoder, method.head):
        gradients = [parameter.grad for parameter in part.parameters() if parameter.requires_grad]
        assert all(gradient is not None and bool(gradient.isfinite().all()) for gradient in gradients)
        assert not gradients or any(bool(gradient.any()) for gradient in gradients if gradient is not None)
    assert any(parameter.requires_grad for parameter in method.encoder.parameters())


@each_recipe
def test_a_small_step_against_the_gradient_lowers_the_loss(recipe: Recipe) -> None:
    method = build(recipe)
    views = batch(method)
    before = loss_of(method, views)
    before.backward()
    length = torch.nn.utils.get_total_norm([p.grad for p in method.parameters() if p.grad is not None])
    with torch.no_grad():
        for parameter in method.parameters():
            if parameter.grad is not None:
                parameter -= 0.01 * parameter.grad / length
    assert loss_of(method, views) < before


@each_recipe
def test_labels_change_the_loss_of_supervised_methods_only(recipe: Recipe) -> None:
    method = build(recipe)
    views = batch(method)
    garbage = Views(views.images, torch.full_like(views.labels, -7))
    same = torch.equal(loss_of(method, views), loss_of(method, garbage))
    assert same == (recipe.method not in SUPERVISED)


@each_recipe
def test_the_state_holds_all_that_the_next_steps_depend_on(recipe: Recipe) -> None:
    method, other = build(recipe), build(recipe, seed=5)
    trained_steps(method, 0, 3)
    other.load_state_dict(method.state_dict())
    assert trained_steps(other, 3, 5) == trained_steps(method, 3, 5)
