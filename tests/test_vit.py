"""Vision transformers: their sizes by hand, their places by slow numpy, and what each token may see."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from reference_impl.contract import Views
from reference_impl.encoders import Encoder, build_encoder
from reference_impl.moco_v3 import MoCoV3
from reference_impl.optimisers import adamw
from reference_impl.vit import SIZES, Block, Size, VisionTransformer, patches_of, position_embedding, take
from registry import Registry

SMALL = Size(patch=2, width=8, depth=2, heads=2)


def small(seed: int = 0) -> VisionTransformer:
    torch.manual_seed(seed)
    return VisionTransformer(SMALL)


def parameters_by_hand(patch: int, width: int, depth: int) -> int:
    """Projection and class token; per block two norms, attention and a hidden layer of four widths; a last norm."""
    embedding = 3 * patch**2 * width + width + width
    attention = (width * 3 * width + 3 * width) + (width * width + width)
    hidden = (width * 4 * width + 4 * width) + (4 * width * width + width)
    return embedding + depth * (4 * width + attention + hidden) + 2 * width


@pytest.mark.parametrize(
    ("name", "patch", "width", "heads", "million"),
    [
        ("vit_tiny_16", 16, 192, 3, 5.5),
        ("vit_small_16", 16, 384, 12, 21.6),
        ("vit_base_16", 16, 768, 12, 85.6),
        ("vit_tiny_4", 4, 192, 3, 5.3),
        ("vit_small_4", 4, 384, 12, 21.3),
    ],
)
def test_sizes_are_the_published_ones_less_classifier_and_learned_places(
    name: str, patch: int, width: int, heads: int, million: float
) -> None:
    with torch.device("meta"):
        encoder = build_encoder(encoder=name, bn_splits=1)
    counted = sum(parameter.numel() for parameter in encoder.parameters())
    assert counted == parameters_by_hand(patch, width, depth=12)
    assert counted / 1e6 == pytest.approx(million, abs=0.1)
    assert encoder.width == width
    assert {block.heads for block in encoder.network.blocks} == {heads}


def test_published_counts_are_reached_with_a_classifier_and_learned_places() -> None:
    # DeiT-Ti, DeiT-S and ViT-B/16 at 224 pixels with 1000 classes, which learn 197 places.
    for width, published in ((192, 5_717_416), (384, 22_050_664), (768, 86_567_656)):
        assert parameters_by_hand(16, width, 12) + 197 * width + 1000 * width + 1000 == published


def test_small_encoder_runs_at_32_pixels_and_large_ones_at_other_sizes() -> None:
    assert build_encoder(encoder="vit_mini_4", bn_splits=1)(torch.randn(2, 3, 32, 32)).shape == (2, 64)
    assert small()(torch.randn(2, 3, 6, 10)).shape == (2, 8)


def test_places_are_sines_and_cosines_of_row_and_column() -> None:
    rows, columns, width = 3, 5, 12
    expected = np.zeros((rows * columns, width))
    for row in range(rows):
        for column in range(columns):
            for i in range(width // 4):
                frequency = 1 / 10_000 ** (i / (width // 4))
                place = row * columns + column
                expected[place, i] = np.sin(row * frequency)
                expected[place, 3 + i] = np.cos(row * frequency)
                expected[place, 6 + i] = np.sin(column * frequency)
                expected[place, 9 + i] = np.cos(column * frequency)
    actual = position_embedding(rows, columns, width, torch.device("cpu"))
    np.testing.assert_allclose(actual.numpy(), expected, atol=1e-6)


def test_a_width_that_four_does_not_divide_has_no_places() -> None:
    with pytest.raises(ValueError, match="a width that four divides, not 10"):
        position_embedding(2, 2, 10, torch.device("cpu"))


def test_places_are_no_parameters_and_no_state() -> None:
    assert not [name for name in small().state_dict() if "place" in name or "position" in name]


def test_patches_stand_row_by_row_with_the_colours_of_a_pixel_together() -> None:
    images = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6).float()
    actual = patches_of(images.to(memory_format=torch.channels_last), 2)
    assert actual.shape == (2, 6, 12)
    for row in range(2):
        for column in range(3):
            square = images[:, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            assert torch.equal(actual[:, 3 * row + column], square.permute(0, 2, 3, 1).flatten(1))


def test_projection_of_patches_is_the_strided_convolution_of_the_authors() -> None:
    network, images = small(), torch.randn(2, 3, 4, 6)
    convolution = nn.Conv2d(3, 8, kernel_size=2, stride=2)
    convolution.weight.data = network.projection.weight.data.reshape(8, 2, 2, 3).permute(0, 3, 1, 2)
    convolution.bias.data = network.projection.bias.data
    expected = convolution(images).flatten(2).transpose(1, 2)
    torch.testing.assert_close(network.projection(patches_of(images, 2)), expected)


def test_images_that_do_not_divide_into_patches_are_refused() -> None:
    with pytest.raises(ValueError, match="images of 5 x 6 pixels do not divide into patches of 2"):
        small()(torch.randn(1, 3, 5, 6))


def test_a_width_that_does_not_divide_into_heads_is_refused() -> None:
    with pytest.raises(ValueError, match="a width of 8 does not divide into 3 heads"):
        VisionTransformer(SMALL._replace(heads=3))


def test_a_block_is_attention_and_a_hidden_layer_each_on_normalised_tokens() -> None:
    torch.manual_seed(0)
    block, tokens = Block(8, 2).double(), torch.randn(2, 5, 8, dtype=torch.float64)
    weights = {name: value.detach().numpy() for name, value in block.state_dict().items()}
    x = tokens.numpy()

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-6)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    qkv = linear(norm(x, "attention_norm"), "query_key_value")
    attended = np.zeros_like(x)
    for sample in range(2):
        for head in range(2):
            q, k, v = (qkv[sample][:, 8 * part + 4 * head : 8 * part + 4 * head + 4] for part in range(3))
            scores = np.exp(q @ k.T / np.sqrt(4))
            attended[sample][:, 4 * head : 4 * head + 4] = scores / scores.sum(axis=1, keepdims=True) @ v
    x = x + linear(attended, "attended")
    hidden = linear(norm(x, "hidden_norm"), "hidden.0")
    gelu = hidden * torch.special.ndtr(torch.from_numpy(hidden)).numpy()
    x = x + linear(gelu, "hidden.2")
    np.testing.assert_allclose(block(tokens).detach().numpy(), x, atol=1e-12)


def test_features_are_the_class_token_or_the_mean_of_the_patches_after_the_last_norm() -> None:
    network, images = small(), torch.randn(3, 3, 4, 6)
    tokens = network.tokens(patches_of(images, 2), (2, 3))
    torch.testing.assert_close(network(images), tokens[:, 0])
    network.pooling = "patch_mean"
    torch.testing.assert_close(network(images), tokens[:, 1:].mean(dim=1))


def test_all_patches_in_another_order_give_the_same_tokens_in_that_order() -> None:
    network, patches = small(), torch.randn(3, 6, 12)
    order = torch.stack([torch.randperm(6) for _ in range(3)])
    plain, shuffled = network.tokens(patches, (2, 3)), network.tokens(patches, (2, 3), order)
    torch.testing.assert_close(shuffled[:, 0], plain[:, 0])
    torch.testing.assert_close(shuffled[:, 1:], take(plain[:, 1:], order))


def test_tokens_do_not_depend_on_patches_that_are_not_visible() -> None:
    network, patches = small(), torch.randn(2, 6, 12)
    visible = torch.tensor([[4, 1], [0, 5]])
    seen = network.tokens(patches, (2, 3), visible)
    assert seen.shape == (2, 3, 8)
    for sample, hidden in ((0, [0, 2, 3, 5]), (1, [1, 2, 3, 4])):
        patches[sample, hidden] = torch.randn(4, 12)
    assert torch.equal(network.tokens(patches, (2, 3), visible), seen)
    patches[0, 4] += 1
    assert not torch.allclose(network.tokens(patches, (2, 3), visible)[0], seen[0])


def test_weights_start_within_glorots_bounds_and_biases_at_zero() -> None:
    torch.manual_seed(0)
    network = VisionTransformer(SIZES["vit_tiny_4"])
    bounds = {
        network.projection: (6 / (48 + 192)) ** 0.5,
        network.blocks[0].query_key_value: (6 / (192 + 192)) ** 0.5,  # three matrices of 192 x 192
        network.blocks[0].hidden[0]: (6 / (192 + 768)) ** 0.5,
    }
    for layer, bound in bounds.items():
        assert 0.99 * bound < float(layer.weight.detach().abs().max()) <= bound
        assert not layer.bias.any()
    assert float(network.class_token.detach().abs().max()) < 1e-5


def test_frozen_patches_get_no_gradient_and_stay_through_a_step_while_the_rest_moves() -> None:
    network = small()
    network.freeze_patches()
    before = copy.deepcopy(network.state_dict())
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.1, weight_decay=0.1)
    network(torch.randn(4, 3, 4, 4)).square().sum().backward()
    assert network.projection.weight.grad is None
    assert network.projection.bias.grad is None
    optimiser.step()
    still = {name for name, value in network.state_dict().items() if torch.equal(value, before[name])}
    assert {"projection.weight", "projection.bias"} <= still
    assert "class_token" not in still
    assert "blocks.0.query_key_value.weight" not in still


def test_layers_hold_every_parameter_once_from_input_to_output() -> None:
    network = small()
    layers = network.layers()
    assert len(layers) == 1 + SMALL.depth + 1
    assert sorted(id(parameter) for layer in layers for parameter in layer) == sorted(map(id, network.parameters()))
    assert any(parameter is network.class_token for parameter in layers[0])
    assert any(parameter is network.norm.weight for parameter in layers[-1])


def test_a_vision_transformer_has_no_batch_norm_to_split() -> None:
    with pytest.raises(ValueError, match="vit_mini_4 has no BatchNorm to split: its bn_splits must be 1, not 8"):
        build_encoder(encoder="vit_mini_4", bn_splits=8)


@pytest.mark.parametrize(
    ("name", "width", "million", "stride"),
    [("resnet18", 512, 11.18, 2), ("resnet18_cifar", 512, 11.17, 1), ("resnet50_cifar", 2048, 23.50, 1)],
)
def test_residual_networks_have_the_first_layer_of_their_image_size(
    name: str, width: int, million: float, stride: int
) -> None:
    encoder: Encoder = build_encoder(encoder=name, bn_splits=1)
    assert sum(parameter.numel() for parameter in encoder.parameters()) / 1e6 == pytest.approx(million, abs=0.01)
    assert encoder.network.conv1.stride == (stride, stride)
    assert encoder.eval()(torch.randn(1, 3, 32, 32)).shape == (1, width)


def test_half_precision_features_are_near_those_of_float32() -> None:
    network, images = small().eval(), torch.randn(4, 3, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        rough = network(images)
    torch.testing.assert_close(rough.float(), network(images), atol=0.05, rtol=0.05)


# Vision transformers in MoCo v3


def test_frozen_patches_stay_in_both_networks_of_moco_v3_through_a_step() -> None:
    torch.manual_seed(0)
    method = MoCoV3(
        Encoder(VisionTransformer(SMALL), 8),
        projector_layers=3,
        hidden_dim=8,
        dim=4,
        predictor_last_norm=True,
        frozen_patches=True,
        momentum=0.5,
        temperature=0.2,
    )
    optimiser = adamw(method, learning_rate=0.1, weight_decay=0.1, betas=(0.9, 0.999), decay_vectors=True)
    start = method.encoder.network.projection.weight.clone()
    token = method.key_network.network[0].network.class_token.clone()
    images = tuple(torch.randn(4, 3, 4, 4) for _ in range(2))
    method.loss(Views(images, torch.zeros(4))).backward()
    optimiser.step()
    method.after_step(progress=0.5)
    for encoder in (method.encoder, method.key_network.network[0]):
        assert torch.equal(encoder.network.projection.weight, start)
    assert not torch.equal(method.key_network.network[0].network.class_token, token), "the rest follows"


def test_imagenet_recipes_of_moco_v3s_transformers_are_those_of_its_authors(registry: Registry) -> None:
    small = registry.recipe("moco_v3", "imagenet1k_linear", "vit_small").settings
    stated = {
        "projector_layers": 3,
        "predictor_last_norm": True,
        "frozen_patches": True,
        "optimiser": "adamw",
        "learning_rate": pytest.approx(1.5e-4 * 4096 / 256),
        "weight_decay": 0.1,
        "epochs": 300,
        "warmup_epochs": 40,
        "temperature": 0.2,
        "momentum": 0.99,
        "crop_scale_min": 0.08,
    }
    assert {name: small[name] for name in stated} == stated
    base = registry.recipe("moco_v3", "imagenet1k_linear", "vit_base").settings
    assert base == small | {"encoder": "vit_base_16"}
