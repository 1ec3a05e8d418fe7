"""MAE: what is hidden, who sees it, and the loss against slow numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl.contract import Views
from reference_impl.encoders import Encoder, build_encoder
from reference_impl.mae import MAE
from reference_impl.optimisers import adamw
from reference_impl.vit import Size, VisionTransformer, patches_of, take
from registry import Registry


def make(**changes: object) -> MAE:
    settings = {
        "mask_ratio": 0.75,
        "decoder_width": 4,
        "decoder_depth": 1,
        "decoder_heads": 1,
        "normalise_patches": False,
        "pooling": "class_token",
    }
    torch.manual_seed(0)
    return MAE(Encoder(VisionTransformer(Size(2, 8, 2, 2)), 8), **(settings | changes))


def views(batch: int = 5, size: int = 8) -> Views:
    images = torch.randn(batch, 3, size, size, generator=torch.Generator().manual_seed(1))
    return Views((images,), torch.zeros(batch, dtype=torch.long))


def test_it_takes_one_view_of_each_image() -> None:
    assert MAE.view_count == 1


@pytest.mark.parametrize(
    ("ratio", "patches", "visible"), [(0.75, 64, 16), (0.75, 196, 49), (0.5, 5, 2), (0.9, 64, 6)]
)
def test_as_many_patches_are_hidden_as_in_the_authors_code(ratio: float, patches: int, visible: int) -> None:
    seen, masked = make(mask_ratio=ratio).mask(3, patches, torch.device("cpu"))
    assert seen.shape == (3, visible)
    for row in torch.cat([seen, masked], dim=1):
        assert sorted(row.tolist()) == list(range(patches))


def test_each_sample_hides_other_patches_and_all_are_equally_likely() -> None:
    torch.manual_seed(0)
    seen, _ = make().mask(4000, 16, torch.device("cpu"))
    shares = torch.bincount(seen.flatten(), minlength=16) / 4000
    # Standard deviation of a share of 0.25 over 4000 samples is 0.007.
    assert float((shares - 0.25).abs().max()) < 0.035
    assert len({tuple(sorted(row)) for row in seen[:50].tolist()}) > 40


def test_encoder_sees_the_visible_patches_only() -> None:
    method, (images,) = make(), views().images
    network = method.transformer
    visible, masked = method.mask(len(images), 16, images.device)
    patches = patches_of(images, 2)
    seen = network.tokens(patches, (4, 4), visible)
    for sample in range(len(images)):
        patches[sample, masked[sample]] = torch.randn(12, 12)
    assert torch.equal(network.tokens(patches, (4, 4), visible), seen)
    assert seen.shape == (5, 1 + 4, 8), "the class token and a quarter of the patches"


@pytest.mark.parametrize("normalise", [False, True])
def test_loss_is_that_of_the_authors_code(normalise: bool) -> None:
    """models_mae.py step by step in numpy: the tokens go back to their places before the decoder."""
    method, given = make(normalise_patches=normalise).double(), views()
    images = given.images[0].double()
    torch.manual_seed(7)
    actual = float(method.loss(Views((images,), given.labels)).detach())
    torch.manual_seed(7)
    visible, masked = method.mask(len(images), 16, images.device)
    with torch.no_grad():
        encoded = method.decoder_input(method.transformer.tokens(patches_of(images, 2), (4, 4), visible)).numpy()
        token = method.mask_token.numpy()[0, 0]
    in_order = np.zeros((len(images), 17, 4))
    for sample in range(len(images)):
        in_order[sample, 0] = encoded[sample, 0]
        for place, patch in enumerate(visible[sample].tolist()):
            in_order[sample, 1 + patch] = encoded[sample, 1 + place] + places(patch // 4, patch % 4)
        for patch in masked[sample].tolist():
            in_order[sample, 1 + patch] = token + places(patch // 4, patch % 4)
    with torch.no_grad():
        decoded = method.decoder_output(method.decoder_norm(method.decoder(torch.from_numpy(in_order)))).numpy()
    per_patch = []
    for sample in range(len(images)):
        for patch in masked[sample].tolist():
            row, column = patch // 4, patch % 4
            square = images[sample, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].permute(1, 2, 0)
            target = square.flatten().numpy()
            if normalise:
                target = (target - target.mean()) / np.sqrt(target.var(ddof=1) + 1e-6)
            per_patch.append(np.mean((decoded[sample, 1 + patch] - target) ** 2))
    assert actual == pytest.approx(np.mean(per_patch), abs=1e-6)


def places(row: int, column: int) -> np.ndarray:
    return np.array([np.sin(row), np.cos(row), np.sin(column), np.cos(column)])  # width 4: one frequency, 1


def test_a_perfect_painter_has_no_loss_and_one_that_paints_nothing_that_of_the_hidden_pixels() -> None:
    method, given = make(), views()
    torch.manual_seed(3)
    _, masked = method.mask(5, 16, torch.device("cpu"))
    hidden = take(patches_of(given.images[0], 2), masked)

    method.paint = lambda *_: hidden  # type: ignore[method-assign]
    torch.manual_seed(3)
    assert float(method.loss(given).detach()) == 0
    method.paint = lambda *_: torch.zeros_like(hidden)  # type: ignore[method-assign]
    torch.manual_seed(3)
    torch.testing.assert_close(method.loss(given), hidden.square().mean())


def test_normalised_targets_have_mean_zero_and_deviation_one_in_each_patch() -> None:
    target = make(normalise_patches=True).target(torch.randn(2, 3, 12) * 5 + 2)
    torch.testing.assert_close(target.mean(dim=2), torch.zeros(2, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(target.std(dim=2), torch.ones(2, 3), atol=1e-4, rtol=0)
    flat = make(normalise_patches=True).target(torch.full((1, 1, 12), 0.5))
    assert torch.equal(flat, torch.zeros(1, 1, 12)), "a patch of one colour is finite"


def test_gradients_reach_every_parameter() -> None:
    method = make()
    method.loss(views()).backward()
    assert [name for name, parameter in method.named_parameters() if parameter.grad is None] == []


def test_tokens_start_as_in_the_authors_code() -> None:
    network = VisionTransformer(Size(4, 768, 1, 12))
    method = MAE(
        Encoder(network, 768),
        mask_ratio=0.75,
        decoder_width=512,
        decoder_depth=1,
        decoder_heads=16,
        normalise_patches=True,
        pooling="class_token",
    )
    for token in (network.class_token, method.mask_token):
        assert float(token.detach().std()) == pytest.approx(0.02, rel=0.15)
    bound = (6 / (4 * 768)) ** 0.5  # queries, keys and values are one matrix here
    assert 0.99 * bound < float(network.blocks[0].query_key_value.weight.detach().abs().max()) <= bound


def test_pooling_is_what_a_benchmark_gets() -> None:
    images = torch.randn(2, 3, 8, 8)
    for pooling in ("class_token", "patch_mean"):
        method = make(pooling=pooling)
        tokens = method.transformer.tokens(patches_of(images, 2), (4, 4))
        expected = tokens[:, 0] if pooling == "class_token" else tokens[:, 1:].mean(dim=1)
        torch.testing.assert_close(method.encoder(images), expected)


def test_the_loss_falls_on_images_that_can_be_painted() -> None:
    method = make(decoder_width=16, decoder_heads=2)
    optimiser = adamw(method, learning_rate=0.01, weight_decay=0.05, betas=(0.9, 0.95), decay_vectors=False)
    colours = torch.rand(32, 3, 1, 1).expand(-1, -1, 8, 8)  # each image of one colour
    losses = []
    for _ in range(60):
        loss = method.loss(Views((colours,), torch.zeros(32)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]


def test_an_encoder_without_patches_is_refused() -> None:
    with pytest.raises(ValueError, match="its encoder must be a vision transformer"):
        MAE(
            build_encoder(encoder="resnet_mini", bn_splits=1),
            mask_ratio=0.75,
            decoder_width=4,
            decoder_depth=1,
            decoder_heads=1,
            normalise_patches=False,
            pooling="class_token",
        )


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.5])
def test_a_share_of_hidden_patches_outside_zero_and_one_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match="mask_ratio must be between 0 and 1"):
        make(mask_ratio=ratio)


def test_a_share_that_leaves_nothing_to_see_is_refused() -> None:
    with pytest.raises(ValueError, match=r"a mask_ratio of 0.99 leaves none of 16 patches to see"):
        make(mask_ratio=0.99).loss(views())


def test_the_head_leaves_features_as_they_are() -> None:
    assert isinstance(make().head, nn.Identity)


def test_imagenet_recipe_is_that_of_the_authors(registry: Registry) -> None:
    settings = registry.recipe("mae", "imagenet1k_linear", None).settings
    stated = {
        "encoder": "vit_base_16",
        "mask_ratio": 0.75,
        "decoder_width": 512,
        "decoder_depth": 8,
        "decoder_heads": 16,
        "epochs": 800,
        "warmup_epochs": 40,
        "batch_size": 4096,
        "learning_rate": pytest.approx(1.5e-4 * 4096 / 256),
        "weight_decay": 0.05,
        "decay_vectors": False,
        "betas": (0.9, 0.95),
        "crop_scale_min": 0.2,
        "jitter_probability": 0.0,
    }
    assert {name: settings[name] for name in stated} == stated
    longer = registry.recipe("mae", "imagenet1k_linear", "1600_epochs").settings
    assert longer == settings | {"epochs": 1600}
