"""Random views of images, batched: every image of a batch draws its own numbers on the device.

The distributions are those of torchvision's RandomResizedCrop (for images no longer than 4/3 of
their other side), RandomHorizontalFlip, ColorJitter and RandomGrayscale and of the GaussianBlur of
SimCLR and MoCo v2.

# Unlike the papers: pixels stay floats in [0, 1] between the operations, where PIL rounds each
# to 8 bits, and the blur is a true Gaussian, where PIL approximates one by three box filters.

Tensor names end in their shape: B batch, C channels, H height, W width, O output size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CROP_TRIES = 10  # torchvision's: draws before RandomResizedCrop falls back to the whole image
JITTER_GROUPS = 4
GREY = (0.299, 0.587, 0.114)  # ITU-R 601-2, the luma of PIL and torchvision


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """The settings of one view; both views of an image draw from the same settings."""

    crop_scale_min: float
    """Smallest share of the image's area that a crop may keep; the largest is the whole."""
    flip_probability: float
    jitter_probability: float
    jitter_brightness: float
    jitter_contrast: float
    jitter_saturation: float
    jitter_hue: float
    """In turns of the colour wheel: 0.1 shifts by up to 36 degrees either way."""
    grayscale_probability: float
    blur_probability: float
    blur_sigma_min: float
    blur_sigma_max: float
    """Standard deviation of the Gaussian in pixels of the view."""

    def view(self, images_BCHW: Tensor) -> Tensor:
        """One view of each image: floats in [0, 1] to floats in [0, 1], same shape."""
        return self.recolour(resized_crop(images_BCHW, self.crop_scale_min, self.flip_probability))

    def recolour(self, images_BCHW: Tensor) -> Tensor:
        """All but the crop and the flip, for images that were cropped when they were read."""
        images_BCHW = self._jitter(images_BCHW)
        if self.grayscale_probability:
            chosen = _chance(images_BCHW, self.grayscale_probability)
            images_BCHW = torch.where(chosen, grey(images_BCHW), images_BCHW)
        if self.blur_probability:
            chosen = _chance(images_BCHW, self.blur_probability)
            sigma_B = _uniform(images_BCHW, self.blur_sigma_min, self.blur_sigma_max)
            images_BCHW = torch.where(chosen, blur(images_BCHW, sigma_B), images_BCHW)
        return images_BCHW

    def _jitter(self, images_BCHW: Tensor) -> Tensor:
        if not self.jitter_probability:
            return images_BCHW
        chosen = _chance(images_BCHW, self.jitter_probability)

        def factors(strength: float) -> Tensor:
            drawn = _uniform(images_BCHW, max(0.0, 1 - strength), 1 + strength)[:, None, None, None]
            return torch.where(chosen, drawn, 1.0)

        brightness = factors(self.jitter_brightness)
        contrast = factors(self.jitter_contrast)
        saturation = factors(self.jitter_saturation)
        hue = _uniform(images_BCHW, -self.jitter_hue, self.jitter_hue)[:, None, None, None]
        hue = torch.where(chosen, hue, 0.0)
        # Each image's order is uniform over the 24, as in torchvision.  Images of one group share
        # theirs, so that no data-dependent shape makes the host wait for the device.
        groups = zip(
            *(part.chunk(JITTER_GROUPS) for part in (images_BCHW, brightness, contrast, saturation, hue)),
            strict=True,
        )
        jittered = []
        for images, *amounts in groups:
            for operation in torch.randperm(4).tolist():
                images = (_brighten, _contrast, _saturate, shift_hue)[operation](images, amounts[operation])
            jittered.append(images)
        return torch.cat(jittered)


def resized_crop(images_BCHW: Tensor, scale_min: float, flip_probability: float) -> Tensor:
    """A random crop of each image, resized to the full size, and flipped by chance.

    Area uniform in [scale_min, 1] of the image, aspect ratio log-uniform in [3/4, 4/3], whole
    pixels.  Resizing is bilinear within the crop, so that no pixel outside it shows; done as one
    small matrix product along each axis.
    """
    height, width = images_BCHW.shape[2:]
    top_B, left_B, rows_B, columns_B = crop_boxes(len(images_BCHW), height, width, scale_min, images_BCHW.device)
    down_BOH = _resampling(top_B, rows_B, height)
    across_BOW = _resampling(left_B, columns_B, width)
    flipped = torch.rand(len(images_BCHW), 1, 1, device=images_BCHW.device) < flip_probability
    across_BOW = torch.where(flipped, across_BOW.flip(1), across_BOW)
    return _along_both_axes(images_BCHW, down_BOH, across_BOW)


def crop_boxes(
    count: int, height: int, width: int, scale_min: float, device: torch.device
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Top, left, height and width in pixels, each (count,), as RandomResizedCrop draws them."""
    shape = (count, CROP_TRIES)
    area = height * width * torch.empty(shape, device=device).uniform_(scale_min, 1)
    low, high = torch.tensor([3 / 4, 4 / 3]).log().tolist()
    ratio = torch.empty(shape, device=device).uniform_(low, high).exp()
    rows = (area / ratio).sqrt().round()
    columns = (area * ratio).sqrt().round()
    fits = (rows > 0) & (rows <= height) & (columns > 0) & (columns <= width)
    first = fits.int().argmax(dim=1, keepdim=True)  # argmax gives the first of equals
    fitted = fits.any(dim=1)
    rows_B = torch.where(fitted, rows.gather(1, first)[:, 0], height)
    columns_B = torch.where(fitted, columns.gather(1, first)[:, 0], width)
    top_B = (torch.rand(count, device=device) * (height - rows_B + 1)).floor()
    left_B = (torch.rand(count, device=device) * (width - columns_B + 1)).floor()
    return top_B, left_B, rows_B, columns_B


def _resampling(start_B: Tensor, length_B: Tensor, size: int) -> Tensor:
    """Bilinear weights (B, size, size) that stretch pixels [start, start + length) over `size`."""
    places = torch.arange(size, device=start_B.device)
    # Half-pixel centres; a crop is never larger than its output, so no antialiasing is needed.
    source_BO = (places + 0.5) * (length_B / size)[:, None] - 0.5
    source_BO = source_BO.clamp(min=0).minimum((length_B - 1)[:, None]) + start_B[:, None]
    return (1 - (source_BO[:, :, None] - places).abs()).clamp(min=0)


def blur(images_BCHW: Tensor, sigma_B: Tensor) -> Tensor:
    """Each image under a Gaussian of its own standard deviation (pixels), edges repeated."""
    height, width = images_BCHW.shape[2:]
    return _along_both_axes(images_BCHW, _gaussian(sigma_B, height), _gaussian(sigma_B, width))


def _gaussian(sigma_B: Tensor, size: int) -> Tensor:
    """Smoothing matrices (B, size, size); weights that fall outside count for the edge pixel."""
    places = torch.arange(size, device=sigma_B.device)
    reach = torch.arange(-size, 2 * size, device=sigma_B.device)
    distance = reach - places[:, None]
    weights = torch.exp(-0.5 * (distance / sigma_B[:, None, None]) ** 2)
    weights = weights / weights.sum(dim=2, keepdim=True)
    inside = weights[:, :, size : 2 * size].clone()
    inside[:, :, 0] += weights[:, :, :size].sum(dim=2)
    inside[:, :, -1] += weights[:, :, 2 * size :].sum(dim=2)
    return inside


def _along_both_axes(images_BCHW: Tensor, down_BOH: Tensor, across_BOW: Tensor) -> Tensor:
    return down_BOH[:, None] @ images_BCHW @ across_BOW[:, None].transpose(2, 3)


def grey(images_BCHW: Tensor) -> Tensor:
    """The luma of each pixel, (B, 1, H, W)."""
    red, green, blue = images_BCHW.unbind(dim=1)
    return (GREY[0] * red + GREY[1] * green + GREY[2] * blue)[:, None]


def _brighten(images: Tensor, factor: Tensor) -> Tensor:
    return (images * factor).clamp(0, 1)


def _contrast(images: Tensor, factor: Tensor) -> Tensor:
    mean = grey(images).mean(dim=(2, 3), keepdim=True)
    return mean.lerp(images, factor).clamp(0, 1)


def _saturate(images: Tensor, factor: Tensor) -> Tensor:
    return grey(images).lerp(images, factor).clamp(0, 1)


def shift_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Hue moved by `turns` of the colour wheel; value and saturation as they were.

    In the HSV hexcone a channel is  max - chroma * clamp(min(k, 4 - k), 0, 1)  with
    k = (n + 6 hue) mod 6 and n = 5, 3, 1 for red, green, blue.
    """
    red, green, blue = images.unbind(dim=1)
    most, least = images.amax(dim=1), images.amin(dim=1)
    chroma = most - least
    divisor = torch.where(chroma > 0, chroma, 1.0)
    sextant = torch.where(
        most == red,
        (green - blue) / divisor,
        torch.where(most == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    sextant = sextant + 6 * turns[:, 0]
    channels = []
    for offset in (5, 3, 1):
        k = (offset + sextant) % 6
        channels.append(most - chroma * torch.minimum(k, 4 - k).clamp(0, 1))
    return torch.stack(channels, dim=1)


def _uniform(images: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(len(images), device=images.device).uniform_(low, high)


def _chance(images: Tensor, probability: float) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, device=images.device) < probability
