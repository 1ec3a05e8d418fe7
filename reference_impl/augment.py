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
SOLARIZE_FROM = 128 / 255  # PIL's threshold, of 255
NO_WIDTH = 1e-6  # pixels
NO_CHROMA = 1e-12
GREY = (0.299, 0.587, 0.114)  # ITU-R 601-2, the luma of PIL and torchvision


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How views are drawn.  All views of an image draw alike, but for the blur and the solarisation of the second."""

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
    second_blur_probability: float
    """Of the second view, which BYOL and MoCo v3 blur less than the first."""
    blur_sigma_min: float
    blur_sigma_max: float
    """Standard deviation of the Gaussian in pixels of the view."""
    solarize_probability: float
    second_solarize_probability: float
    """Solarising inverts what is at least half bright (BYOL, arXiv 2006.07733, appendix B)."""

    def views(self, images_BCHW: Tensor, count: int) -> tuple[Tensor, ...]:
        """`count` views of each image: floats in [0, 1] to floats in [0, 1], each of the same shape."""
        cropped = resized_crop(images_BCHW, self.crop_scale_min, self.flip_probability, count)
        return self.recolour(cropped, count).chunk(count)

    def recolour(self, images_BCHW: Tensor, count: int) -> Tensor:
        """All but the crop and the flip, for `count` views that stand one after the other."""
        images_BCHW = self._jitter(_planes(images_BCHW))
        if self.grayscale_probability:
            coloured = 1 - _chance(images_BCHW, self.grayscale_probability).float()
            images_BCHW = grey(images_BCHW).lerp(images_BCHW, coloured)
        if self.blur_probability or self.second_blur_probability:
            chosen = _second_differs(images_BCHW, count, self.blur_probability, self.second_blur_probability)
            sigma_B = _uniform(images_BCHW, self.blur_sigma_min, self.blur_sigma_max)
            # A Gaussian of no width is the image itself, to the bit.
            images_BCHW = blur(images_BCHW, torch.where(chosen.flatten(), sigma_B, NO_WIDTH))
        if self.solarize_probability or self.second_solarize_probability:
            chosen = _second_differs(images_BCHW, count, self.solarize_probability, self.second_solarize_probability)
            images_BCHW = torch.where(chosen & (images_BCHW >= SOLARIZE_FROM), 1 - images_BCHW, images_BCHW)
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
            jittered.append(images.transpose(0, 1))
        return torch.cat(jittered, dim=1).transpose(0, 1)


def _planes(images_BCHW: Tensor) -> Tensor:
    """The same images with the memory of each channel in one piece, where operations on colours are quickest."""
    return images_BCHW.transpose(0, 1).contiguous().transpose(0, 1)


def resized_crop(images_BCHW: Tensor, scale_min: float, flip_probability: float, count: int = 1) -> Tensor:
    """`count` random crops of each image, resized to the full size, and flipped by chance: (count * B, C, H, W).

    The first crop of every image comes before the second of any.  Area uniform in [scale_min, 1]
    of the image, aspect ratio log-uniform in [3/4, 4/3], whole pixels.  Resizing is bilinear
    within the crop, so that no pixel outside it shows; done as one matrix product along each axis.
    """
    height, width = images_BCHW.shape[2:]
    crops = count * len(images_BCHW)
    top_B, left_B, rows_B, columns_B = crop_boxes(crops, height, width, scale_min, images_BCHW.device)
    down_BOH = _resampling(top_B, rows_B, height)
    flipped_B = torch.rand(crops, device=images_BCHW.device) < flip_probability
    across_BOW = _resampling(left_B, columns_B, width, flipped_B)
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


def _resampling(start_B: Tensor, length_B: Tensor, size: int, flipped_B: Tensor | None = None) -> Tensor:
    """Bilinear weights (B, size, size) that stretch pixels [start, start + length) over `size`."""
    places = torch.arange(size, device=start_B.device)
    # Half-pixel centres; a crop is never larger than its output, so no antialiasing is needed.
    source_BO = (places + 0.5) * (length_B / size)[:, None] - 0.5
    source_BO = source_BO.clamp(min=0).minimum((length_B - 1)[:, None]) + start_B[:, None]
    if flipped_B is not None:
        source_BO = torch.where(flipped_B[:, None], source_BO.flip(1), source_BO)
    return (source_BO[:, :, None] - places).abs_().neg_().add_(1).clamp_(min=0)


def blur(images_BCHW: Tensor, sigma_B: Tensor) -> Tensor:
    """Each image under a Gaussian of its own standard deviation (pixels), edges repeated."""
    height, width = images_BCHW.shape[2:]
    return _along_both_axes(images_BCHW, _gaussian(sigma_B, height), _gaussian(sigma_B, width))


def _gaussian(sigma_B: Tensor, size: int) -> Tensor:
    """Smoothing matrices (B, size, size); weights that fall outside count for the edge pixel."""
    places = torch.arange(size, device=sigma_B.device)
    reach = torch.arange(2 * size, device=sigma_B.device)
    exponent = -0.5 * (reach / sigma_B[:, None]) ** 2
    # Weights below e^-40 add nothing in float32, and products with them are denormal: a hundred times slower.
    one_side = torch.where(exponent > -40, exponent.exp(), 0.0)
    one_side = one_side / (2 * one_side.sum(dim=1, keepdim=True) - 1)
    weights = one_side[:, (places - places[:, None]).abs()]
    # What lies beyond the left edge of pixel i is more than i away from it.
    beyond = one_side.flip(1).cumsum(dim=1).flip(1)[:, 1 : size + 1]
    weights[:, :, 0] += beyond
    weights[:, :, -1] += beyond.flip(1)
    return weights


def _along_both_axes(images_BCHW: Tensor, down_VOH: Tensor, across_VOW: Tensor) -> Tensor:
    """Each image times its matrices, (V, C, O, O): the first B of the V matrices are for one view, and so on.

    Channels stand beside each other in the products, which are then few and large.
    """
    batch, channels, height, width = images_BCHW.shape
    size = down_VOH.shape[1]
    rows = images_BCHW.permute(0, 2, 1, 3).reshape(batch, height, channels * width)
    rows = rows.repeat(len(down_VOH) // batch, 1, 1)
    down = torch.bmm(down_VOH, rows).view(-1, size * channels, width)
    both = torch.bmm(down, across_VOW.transpose(1, 2))
    return both.view(-1, size, channels, across_VOW.shape[1]).permute(0, 2, 1, 3)


def grey(images_BCHW: Tensor) -> Tensor:
    """The luma of each pixel, (B, 1, H, W)."""
    red, green, blue = images_BCHW.unbind(dim=1)
    return (GREY[0] * red).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])[:, None]


def _brighten(images: Tensor, factor: Tensor) -> Tensor:
    return (images * factor).clamp_(0, 1)


def _contrast(images: Tensor, factor: Tensor) -> Tensor:
    mean = grey(images).mean(dim=(2, 3), keepdim=True)
    return mean.lerp(images, factor).clamp_(0, 1)


def _saturate(images: Tensor, factor: Tensor) -> Tensor:
    return grey(images).lerp(images, factor).clamp_(0, 1)


def shift_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Hue moved by `turns` of the colour wheel; value and saturation as they were.

    In the HSV hexcone a channel is  max - chroma * clamp(6 d - 1, 0, 1), d the distance in turns
    of the wheel between the hue and the channel's own: 0, 1/3, 2/3 for red, green, blue.
    """
    red, green, blue = images.unbind(dim=1)
    most = torch.maximum(red, green).maximum(blue)
    least = torch.minimum(red, green).minimum(blue)
    chroma = most - least
    # With channels from 0 (the least) to 1 (the most) the hue is  +-(green + blue + 1 - red) / 6,  above zero
    # where green is more than blue.  That needs no case for each of the six sextants.
    hue = (green + blue).sub_(red).sub_(least).div_(chroma.clamp(min=NO_CHROMA)).add_(1).copysign_(green - blue)
    hue.div_(6).add_(turns[:, 0])
    hue.sub_(hue.floor())
    # On [0, 1] the distance, where it counts, needs no wrapping: |hue - 1/3| and |hue - 2/3| for
    # green and blue, 1/2 - |hue - 1/2| for red.
    shifted = torch.empty_like(images)
    steep = 6 * chroma
    torch.addcmul(most - 2 * chroma, steep, _steps(hue, 1 / 2), out=shifted[:, 0])
    highest = most.add_(chroma)
    torch.addcmul(highest, steep, _steps(hue, 1 / 3), value=-1, out=shifted[:, 1])
    torch.addcmul(highest, steep, _steps(hue, 2 / 3), value=-1, out=shifted[:, 2])
    return shifted


def _steps(hue: Tensor, centre: float) -> Tensor:
    return (hue - centre).abs_().clamp_(1 / 6, 1 / 3)


def _uniform(images: Tensor, low: float, high: float) -> Tensor:
    return torch.empty(len(images), device=images.device).uniform_(low, high)


def _chance(images: Tensor, probability: float) -> Tensor:
    return torch.rand(len(images), 1, 1, 1, device=images.device) < probability


def _second_differs(images: Tensor, count: int, probability: float, of_second: float) -> Tensor:
    """Which of the images, `count` views one after the other, are chosen; those of the second by their own chance."""
    chances = torch.full((count, len(images) // count), probability, device=images.device)
    chances[1:2] = of_second
    return (torch.rand(len(images), device=images.device) < chances.flatten())[:, None, None, None]
