"""Where code is fast it says the same as the plain way: one image at a time, one group at a time, one matrix."""

from __future__ import annotations

import colorsys
import copy
from itertools import product

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn
from torch.nn.functional import normalize
from torchvision.models import resnet18
from torchvision.transforms.v2 import functional as vision

from reference_impl import augment
from reference_impl.batch_norm import SplitBatchNorm2d
from reference_impl.encoders import build_encoder
from reference_impl.evaluation import knn_predict
from reference_impl.small_maps import SmallMapConv2d, quicken
from tests.test_formulas import recipe_of_v2

CPU = torch.device("cpu")


def plain_views(settings: augment.Augmentation, images: Tensor, count: int) -> Tensor:
    """The same random numbers in the same order, then torchvision's and scipy's operations, image by image."""
    total = count * len(images)
    boxes = torch.stack(augment.crop_boxes(total, *images.shape[2:], settings.crop_scale_min, CPU), dim=1)
    flips = torch.rand(total) < settings.flip_probability
    jitters = torch.rand(total) < settings.jitter_probability
    factors = [
        torch.empty(total).uniform_(1 - strength, 1 + strength)
        for strength in (settings.jitter_brightness, settings.jitter_contrast, settings.jitter_saturation)
    ]
    factors.append(torch.empty(total).uniform_(-settings.jitter_hue, settings.jitter_hue))
    orders = [torch.randperm(4).tolist() for _ in range(augment.JITTER_GROUPS)]
    greys = torch.rand(total) < settings.grayscale_probability
    of_view = torch.arange(total) // len(images)
    blurs = torch.rand(total) < torch.where(of_view == 1, settings.second_blur_probability, settings.blur_probability)
    sigmas = torch.empty(total).uniform_(settings.blur_sigma_min, settings.blur_sigma_max)
    solarized = torch.rand(total) < torch.where(
        of_view == 1, settings.second_solarize_probability, settings.solarize_probability
    )
    adjust = (vision.adjust_brightness, vision.adjust_contrast, vision.adjust_saturation, vision.adjust_hue)
    views = []
    for index in range(total):
        view = images[index % len(images)]
        box = [int(number) for number in boxes[index]]
        view = vision.resized_crop(view, *box, size=list(images.shape[2:]), antialias=False)
        if flips[index]:
            view = vision.horizontal_flip(view)
        if jitters[index]:
            for operation in orders[index * augment.JITTER_GROUPS // total]:
                view = adjust[operation](view, float(factors[operation][index]))
        if greys[index]:
            view = vision.rgb_to_grayscale(view, num_output_channels=3)
        if blurs[index]:
            sigma = float(sigmas[index])
            view = torch.from_numpy(gaussian_filter(view.numpy(), (0, sigma, sigma), mode="nearest", truncate=16))
        if solarized[index]:
            view = vision.solarize(view, augment.SOLARIZE_FROM)
        views.append(view)
    return torch.stack(views)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_views_of_a_batch_are_those_of_torchvision_image_by_image(count: int) -> None:
    images = torch.rand(40, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    settings = recipe_of_v2(second_blur_probability=0.1, solarize_probability=0.3, second_solarize_probability=0.6)
    torch.manual_seed(1)
    ours = torch.cat(settings.views(images, count))
    torch.manual_seed(1)
    expected = plain_views(settings, images, count)
    # torchvision's luma has one digit less (3e-4); at its threshold solarising jumps by 0.004.
    torch.testing.assert_close(ours, expected, atol=4.5e-3, rtol=0)
    assert float((ours - expected).abs().mean()) < 1e-4


@pytest.mark.parametrize("turn", [-0.5, -0.4, -1 / 3, -0.1, 0.0, 1e-4, 1 / 6, 0.25, 0.5])
def test_hue_without_cases_is_the_standard_librarys_on_every_edge_of_the_colour_cube(turn: float) -> None:
    colours = [(*colour,) for colour in product((0.0, 1e-7, 0.25, 0.5, 1.0 - 1e-7, 1.0), repeat=3)]
    images = torch.tensor(colours).T[None, :, :, None]
    shifted = augment.shift_hue(images, torch.full((1, 1, 1, 1), turn))[0, :, :, 0].T
    expected = []
    for colour in colours:
        hue, saturation, value = colorsys.rgb_to_hsv(*colour)
        expected.append(colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))
    np.testing.assert_allclose(shifted.numpy(), expected, atol=1e-6)


def test_no_weight_of_a_blur_is_denormal_or_makes_a_denormal_product() -> None:
    weights = augment._gaussian(torch.linspace(0.05, 3, 60), 32)
    assert float(weights[weights > 0].min()) > torch.finfo(torch.float32).tiny ** 0.5


def test_a_blur_of_no_width_is_the_image_to_the_bit() -> None:
    images = torch.rand(4, 3, 8, 8)
    assert torch.equal(augment.blur(images, torch.full((4,), augment.NO_WIDTH)), images)


def test_colours_are_worked_on_in_planes_and_shapes_stay() -> None:
    views = recipe_of_v2().views(torch.rand(8, 3, 16, 16), 2)
    assert [view.shape for view in views] == [(8, 3, 16, 16)] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("splits", [1, 2, 8])
def test_split_batch_norm_is_one_plain_layer_a_group(splits: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(16, 5, 4, 4, generator=generator).to(dtype).contiguous(memory_format=torch.channels_last)
    arriving = torch.randn(16, 5, 4, 4, generator=generator).to(dtype)
    split = SplitBatchNorm2d(5, splits=splits)
    nn.init.normal_(split.weight)
    plain = [nn.BatchNorm2d(5) for _ in range(splits)]
    for layer in plain:
        layer.load_state_dict(split.state_dict())
    ours_in, theirs_in = (inputs.clone().requires_grad_() for _ in range(2))
    ours = split(ours_in)
    theirs = torch.cat([layer(group) for layer, group in zip(plain, theirs_in.chunk(splits), strict=True)])
    ours.backward(arriving)
    theirs.backward(arriving)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(ours, theirs)
    assert torch.equal(ours_in.grad, theirs_in.grad)
    torch.testing.assert_close(split.weight.grad, sum(layer.weight.grad for layer in plain))
    torch.testing.assert_close(split.bias.grad, sum(layer.bias.grad for layer in plain))
    torch.testing.assert_close(split.running_mean, sum(layer.running_mean for layer in plain) / splits)
    torch.testing.assert_close(split.running_var, sum(layer.running_var for layer in plain) / splits)


def test_neighbours_by_blocks_are_those_of_one_matrix() -> None:
    generator = torch.Generator().manual_seed(0)
    test, bank = (normalize(torch.randn(count, 8, generator=generator), dim=1) for count in (2500, 700))
    labels = torch.randint(0, 4, (700,), generator=generator)
    similarity, nearest = (test.double() @ bank.double().T).topk(20, dim=1)
    votes = nn.functional.one_hot(labels[nearest], 4) * (similarity / 0.1).exp()[:, :, None]
    predicted = knn_predict(test, bank, labels, neighbours=20, temperature=0.1, classes=4)
    assert torch.equal(predicted, votes.sum(dim=1).argmax(dim=1))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2)])
def test_a_convolution_of_a_small_map_is_pytorchs(size: tuple[int, int], stride: int) -> None:
    plain = nn.Conv2d(5, 7, 3, stride=stride, padding=1, bias=False).double()
    quick = copy.deepcopy(plain)
    quicken(quick)
    generator = torch.Generator().manual_seed(0)
    theirs_in = torch.randn(4, 5, *size, generator=generator, dtype=torch.float64).requires_grad_()
    ours_in = theirs_in.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
    theirs, ours = plain(theirs_in), quick(ours_in)
    arriving = torch.randn(theirs.shape, generator=generator, dtype=torch.float64)
    theirs.backward(arriving)
    ours.backward(arriving)
    assert isinstance(quick, SmallMapConv2d)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    for actual, expected in [(ours, theirs), (ours_in.grad, theirs_in.grad), (quick.weight.grad, plain.weight.grad)]:
        torch.testing.assert_close(actual, expected, atol=1e-12, rtol=0)


def test_only_padded_3x3_convolutions_are_quickened_and_weights_are_drawn_as_before() -> None:
    torch.manual_seed(0)
    encoder = build_encoder(encoder="resnet18", bn_splits=1)
    torch.manual_seed(0)
    plain = resnet18()
    quick = {name for name, module in encoder.network.named_modules() if isinstance(module, SmallMapConv2d)}
    assert quick == {
        name
        for name, module in plain.named_modules()
        if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)
    }
    ours, theirs = encoder.network.state_dict(), plain.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_an_encoder_with_small_maps_trains_as_torchvisions() -> None:
    torch.manual_seed(0)
    encoder = build_encoder(encoder="resnet18", bn_splits=1).double()
    plain = resnet18().double()
    plain.fc = nn.Identity()
    plain.load_state_dict(encoder.network.state_dict())
    images = torch.randn(8, 3, 32, 32, dtype=torch.float64)
    ours, theirs = encoder(images), plain(images)
    torch.testing.assert_close(ours, theirs)
    ours.square().sum().backward()
    theirs.square().sum().backward()
    for actual, expected in zip(encoder.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(actual.grad, expected.grad)
