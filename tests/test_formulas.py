"""Every formula against slow, plain numpy in float64, or against an independent implementation."""

from __future__ import annotations

import colorsys
import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as vision

from reference_impl import augment
from reference_impl.evaluation import knn_predict
from reference_impl.parts import SlowCopy
from reference_impl.schedules import learning_rate_factor
from tests.test_losses import unit


def test_slow_copy_moves_by_the_papers_equation() -> None:
    leader = torch.nn.Linear(3, 2)
    copy = SlowCopy(leader)
    old = leader.weight.detach().clone()
    with torch.no_grad():
        leader.weight.add_(1.0)
    copy.follow(leader, 0.9)
    follower = next(iter(copy.network.parameters()))
    expected = 0.9 * old.numpy() + 0.1 * leader.weight.detach().numpy()
    np.testing.assert_allclose(follower.detach().numpy(), expected, rtol=1e-6)


def test_knn_is_the_weighted_vote_of_a_plain_loop() -> None:
    bank, test = unit(40, 5, seed=1).float(), unit(30, 5, seed=2).float()
    labels = torch.randint(0, 3, (40,), generator=torch.Generator().manual_seed(3))
    expected = []
    for vector in test.numpy():
        similarity = bank.numpy() @ vector
        votes = [0.0, 0.0, 0.0]
        for index in np.argsort(-similarity)[:7]:
            votes[int(labels[index])] += math.exp(similarity[index] / 0.1)
        expected.append(votes.index(max(votes)))
    actual = knn_predict(test, bank, labels, neighbours=7, temperature=0.1, classes=3)
    assert actual.tolist() == expected


def test_knn_refuses_more_neighbours_than_images() -> None:
    with pytest.raises(ValueError, match="5 neighbours asked of a bank of 4"):
        knn_predict(
            unit(1, 2, seed=1), unit(4, 2, seed=2), torch.zeros(4).long(), neighbours=5, temperature=1, classes=1
        )


def test_cosine_schedule_starts_at_the_base_and_is_half_in_the_middle() -> None:
    rates = [0.06 * learning_rate_factor(epoch, 200, "cosine") for epoch in (0, 100, 199)]
    assert rates == pytest.approx([0.06, 0.03, 0.06 * 0.5 * (1 + math.cos(math.pi * 199 / 200))])


def test_step_schedule_divides_by_ten_at_each_milestone() -> None:
    rates = [
        0.03 * learning_rate_factor(epoch, 200, "step", milestones=(120, 160))
        for epoch in (0, 119, 120, 159, 160, 199)
    ]
    assert rates == pytest.approx([0.03, 0.03, 0.003, 0.003, 0.0003, 0.0003])


# Augmentations


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def amounts(values: list[float]) -> torch.Tensor:
    return torch.tensor(values)[:, None, None, None]


FACTORS = [0.6, 0.8, 1.0, 1.1, 1.3, 1.4]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (augment._brighten, vision.adjust_brightness),
        (augment._contrast, vision.adjust_contrast),
        (augment._saturate, vision.adjust_saturation),
    ],
)
def test_colour_jitter_is_torchvisions(images: torch.Tensor, ours, theirs) -> None:
    expected = torch.stack([theirs(image, factor) for image, factor in zip(images, FACTORS, strict=True)])
    torch.testing.assert_close(ours(images, amounts(FACTORS)), expected, atol=3e-4, rtol=0)


def test_hue_shift_is_that_of_the_standard_library(images: torch.Tensor) -> None:
    turns = [-0.5, -0.1, 0.0, 0.05, 0.1, 0.4]
    shifted = augment.shift_hue(images, amounts(turns))
    for image, turn, result in zip(images.numpy(), turns, shifted.numpy(), strict=True):
        for row, column in [(0, 0), (5, 9), (31, 31), (16, 3)]:
            hue, saturation, value = colorsys.rgb_to_hsv(*image[:, row, column].tolist())
            expected = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
            np.testing.assert_allclose(result[:, row, column], expected, atol=1e-5)


def test_hue_shift_leaves_greys_alone() -> None:
    greys = torch.linspace(0, 1, 32).expand(1, 3, 32, 32).clone()
    torch.testing.assert_close(augment.shift_hue(greys, amounts([0.3])), greys)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0, 2.0])
def test_blur_is_scipys_gaussian(images: torch.Tensor, sigma: float) -> None:
    actual = augment.blur(images, torch.full((6,), sigma))
    expected = gaussian_filter(images.double().numpy(), (0, 0, sigma, sigma), mode="nearest", truncate=16)
    np.testing.assert_allclose(actual.numpy(), expected, atol=1e-5)


def test_resized_crop_is_torchvisions_within_the_crop(images: torch.Tensor) -> None:
    boxes = [(0, 0, 32, 32), (3, 5, 20, 11), (0, 20, 9, 12), (31, 31, 1, 1), (4, 0, 28, 30), (10, 10, 7, 15)]
    top, left, rows, columns = (torch.tensor(part, dtype=torch.float32) for part in zip(*boxes, strict=True))
    actual = augment._along_both_axes(
        images, augment._resampling(top, rows, 32), augment._resampling(left, columns, 32)
    )
    expected = torch.stack(
        [
            vision.resized_crop(image, *box, size=[32, 32], antialias=False)
            for image, box in zip(images, boxes, strict=True)
        ]
    )
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)


def test_crop_boxes_have_torchvisions_distribution() -> None:
    torch.manual_seed(0)
    count = 20_000
    ours = torch.stack(augment.crop_boxes(count, 32, 32, 0.2, torch.device("cpu")), dim=1)
    crop = v2.RandomResizedCrop(32, scale=(0.2, 1))
    theirs = torch.tensor(
        [
            [drawn["top"], drawn["left"], drawn["height"], drawn["width"]]
            for drawn in (crop.make_params([torch.empty(3, 32, 32)]) for _ in range(count))
        ],
        dtype=torch.float32,
    )
    # Standard errors of these means and deviations are below 0.06 pixels.
    torch.testing.assert_close(ours.mean(dim=0), theirs.mean(dim=0), atol=0.25, rtol=0)
    torch.testing.assert_close(ours.std(dim=0), theirs.std(dim=0), atol=0.25, rtol=0)
    assert (ours[:, 0] + ours[:, 2] <= 32).all()
    assert (ours[:, 1] + ours[:, 3] <= 32).all()


def recipe_of_v2(**changes: float) -> augment.Augmentation:
    settings = {
        "crop_scale_min": 0.2,
        "flip_probability": 0.5,
        "jitter_probability": 0.8,
        "jitter_brightness": 0.4,
        "jitter_contrast": 0.4,
        "jitter_saturation": 0.4,
        "jitter_hue": 0.1,
        "grayscale_probability": 0.2,
        "blur_probability": 0.5,
        "blur_sigma_min": 0.1,
        "blur_sigma_max": 2.0,
        "second_blur_probability": 0.5,
        "solarize_probability": 0.0,
        "second_solarize_probability": 0.0,
    }
    return augment.Augmentation(**(settings | changes))


def test_every_image_of_a_batch_draws_its_own_view() -> None:
    torch.manual_seed(0)
    same = torch.rand(1, 3, 32, 32).repeat(64, 1, 1, 1)
    views = recipe_of_v2().views(same, 1)[0]
    distances = torch.cdist(views.flatten(1), views.flatten(1))
    assert (distances[~torch.eye(64, dtype=torch.bool)] > 0).all()


def test_views_stay_within_brightness_zero_and_one(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    view = recipe_of_v2(jitter_probability=1, jitter_hue=0.5).views(images.repeat(50, 1, 1, 1), 1)[0]
    assert float(view.min()) >= -1e-5
    assert float(view.max()) <= 1 + 1e-5


def test_an_augmentation_that_does_nothing_gives_the_image_back(images: torch.Tensor) -> None:
    nothing = recipe_of_v2(
        crop_scale_min=1,
        flip_probability=0,
        jitter_probability=0,
        grayscale_probability=0,
        blur_probability=0,
        second_blur_probability=0,
    )
    torch.testing.assert_close(nothing.views(images, 1)[0], images)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_flips_happen_as_often_as_asked(probability: float) -> None:
    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, 8).expand(4000, 3, 8, 8)
    view = augment.resized_crop(ramp, 1.0, probability)
    share = float((view[:, 0, 0, 0] > view[:, 0, 0, -1]).float().mean())
    assert share == pytest.approx(probability, abs=0.03)


@pytest.mark.parametrize("probability", [0.0, 0.8, 1.0])
def test_jitter_happens_as_often_as_asked(probability: float) -> None:
    torch.manual_seed(0)
    images = torch.rand(4000, 3, 4, 4)
    changed = (recipe_of_v2(jitter_probability=probability)._jitter(images) - images).abs().amax(dim=(1, 2, 3))
    assert float((changed > 1e-4).float().mean()) == pytest.approx(probability, abs=0.03)


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_blur_happens_as_often_as_asked_with_sigmas_of_the_whole_range(probability: float) -> None:
    torch.manual_seed(0)
    points = torch.zeros(4000, 3, 17, 17)
    points[:, :, 8, 8] = 1
    settings = recipe_of_v2(
        jitter_probability=0,
        grayscale_probability=0,
        blur_probability=probability,
        second_blur_probability=probability,
    )
    peaks = settings.recolour(points, 1)[:, 0, 8, 8]
    assert float((peaks < 0.999).float().mean()) == pytest.approx(probability * 1.7 / 1.9, abs=0.04)
    if probability == 1.0:
        # The peak of a Gaussian of deviation s is about 1 / (2 pi s^2): 1.0 at s = 0.3, 0.040 at s = 2.
        widths = (1 / (2 * math.pi * peaks)).sqrt()
        assert float(widths.max()) == pytest.approx(2.0, abs=0.05)
        assert float(widths[peaks < 0.2].mean()) == pytest.approx((0.89 + 2) / 2, abs=0.06)


def test_brightness_factors_cover_both_sides_of_one() -> None:
    torch.manual_seed(0)
    grey = torch.full((4000, 3, 2, 2), 0.5)
    only = recipe_of_v2(jitter_probability=1, jitter_contrast=0, jitter_saturation=0, jitter_hue=0)
    factors = only._jitter(grey)[:, 0, 0, 0] / 0.5
    assert float(factors.min()) == pytest.approx(0.6, abs=0.01)
    assert float(factors.max()) == pytest.approx(1.4, abs=0.01)
    assert float(factors.mean()) == pytest.approx(1.0, abs=0.02)


def test_hue_shifts_to_both_sides() -> None:
    torch.manual_seed(0)
    red = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(4000, 3, 2, 2)
    only = recipe_of_v2(jitter_probability=1, jitter_brightness=0, jitter_contrast=0, jitter_saturation=0)
    shifted = only._jitter(red)[:, :, 0, 0]
    # Up to 36 degrees to yellow gives green, up to 36 degrees to magenta gives blue, at most 0.6.
    assert float(shifted[:, 1].max()) == pytest.approx(0.6, abs=0.02)
    assert float(shifted[:, 2].max()) == pytest.approx(0.6, abs=0.02)


def test_jitter_operations_come_in_varying_order() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 3, 4, 4)
    settings = recipe_of_v2(jitter_probability=1)
    # The same factors every time: only the order of clamping and blending can make a difference.
    results = set()
    for order_seed in range(12):
        torch.manual_seed(1)
        randperm, torch.randperm = torch.randperm, lambda n, s=order_seed: _permutation(n, s)
        try:
            results.add(tuple(settings._jitter(image.repeat(4, 1, 1, 1))[0].flatten().round(decimals=4).tolist()))
        finally:
            torch.randperm = randperm
    assert len(results) > 3


def _permutation(n: int, seed: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(seed).permutation(n))


@pytest.mark.parametrize("probability", [0.0, 0.2, 1.0])
def test_grayscale_happens_as_often_as_asked(probability: float) -> None:
    torch.manual_seed(0)
    settings = recipe_of_v2(jitter_probability=0, blur_probability=0, grayscale_probability=probability)
    view = settings.recolour(torch.rand(4000, 3, 4, 4), 1)
    share = float((view[:, 0] == view[:, 1]).all(dim=(1, 2)).float().mean())
    assert share == pytest.approx(probability, abs=0.03)
