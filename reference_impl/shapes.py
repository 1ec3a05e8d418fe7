"""Shapes: a synthetic data set that is drawn from a seed, so that a benchmark needs no download.

Ten outlines in 32 x 32 RGB.  The class is the outline; colours, size, position, rotation,
background and noise vary from image to image and say nothing about it.

Identical on every machine: random numbers are PCG64's raw 64-bit words, which NumPy promises not
to change, and pixels come from +, -, *, / and comparisons of float64 alone, which IEEE 754 rounds
in one way, and sums over many numbers run over integers, so their order does not matter.  A checksum in the ontology
holds us to it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIZE = 32
SUPERSAMPLES = 3  # per axis and pixel: outlines are antialiased
NOISE = 0.05  # standard deviation, of a brightness from 0 to 1
CHUNK = 500  # images drawn at a time: bounds the memory at about 200 MB


def _disk(x: Array, y: Array) -> NDArray[np.bool_]:
    return x * x + y * y <= 0.72


def _ring(x: Array, y: Array) -> NDArray[np.bool_]:
    radius = x * x + y * y
    return (radius <= 0.9) & (radius >= 0.3)


def _square(x: Array, y: Array) -> NDArray[np.bool_]:
    return (abs(x) <= 0.72) & (abs(y) <= 0.72)


def _triangle(x: Array, y: Array) -> NDArray[np.bool_]:
    return (y >= -0.55) & (1.75 * x + y <= 1.05) & (-1.75 * x + y <= 1.05)


def _plus(x: Array, y: Array) -> NDArray[np.bool_]:
    return ((abs(x) <= 0.27) & (abs(y) <= 0.95)) | ((abs(y) <= 0.27) & (abs(x) <= 0.95))


def _bar(x: Array, y: Array) -> NDArray[np.bool_]:
    return (abs(x) <= 0.22) & (abs(y) <= 1.0)


def _crescent(x: Array, y: Array) -> NDArray[np.bool_]:
    return (x * x + y * y <= 0.9) & ((x - 0.45) * (x - 0.45) + y * y >= 0.55)


def _corner(x: Array, y: Array) -> NDArray[np.bool_]:
    long = (abs(x) <= 0.8) & (abs(y) <= 0.8)
    return long & ((x <= -0.3) | (y <= -0.3))


def _dots(x: Array, y: Array) -> NDArray[np.bool_]:
    above, below = y - 0.58, y + 0.58
    return (x * x + above * above <= 0.17) | (x * x + below * below <= 0.17)


def _half(x: Array, y: Array) -> NDArray[np.bool_]:
    return (x * x + y * y <= 0.95) & (y >= 0.0)


OUTLINES: dict[str, Callable[[Array, Array], NDArray[np.bool_]]] = {
    "disk": _disk,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "plus": _plus,
    "bar": _bar,
    "crescent": _crescent,
    "corner": _corner,
    "dots": _dots,
    "half disk": _half,
}


def render(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images (count, 3, 32, 32) and labels (count,), classes in turn: 0, 1, ..., 9, 0, ..."""
    labels = np.arange(count, dtype=np.int64) % len(OUTLINES)
    images = np.empty((count, 3, SIZE, SIZE), dtype=np.uint8)
    bits = np.random.PCG64(seed)
    for start in range(0, count, CHUNK):
        chunk = labels[start : start + CHUNK]
        images[start : start + CHUNK] = _render_chunk(chunk, bits)
    return images, labels


def _render_chunk(labels: NDArray[np.int64], bits: np.random.PCG64) -> NDArray[np.uint8]:
    count = len(labels)
    uniform = _Uniform(bits, count)
    cover = _cover(labels, uniform)[:, None]
    background = uniform.colours(0.0, 1.0)
    # The outline differs in every channel, mostly towards the middle of the brightness.
    contrast = uniform.colours(0.2, 0.5)
    darker = uniform(0.2, 0.8)[:, None] < (background[:, :1] + background[:, 1:2] + background[:, 2:]) / 3
    outline = np.where(darker, background - contrast, background + contrast)
    axis = (np.arange(SIZE) + 0.5) / (SIZE / 2) - 1
    light = uniform(-0.05, 0.05) * axis + uniform(-0.05, 0.05) * axis[:, None]
    picture = background + cover * (outline - background) + light[:, None] + NOISE * _grain(bits, count)
    clipped = np.minimum(np.maximum(picture, 0.0), 1.0)
    pixels: NDArray[np.uint8] = np.floor(clipped * 255 + 0.5).astype(np.uint8)
    return pixels


def _cover(labels: NDArray[np.int64], uniform: _Uniform) -> Array:
    """How much of each pixel (count, 32, 32) the outline covers, turned, scaled and moved by chance."""
    # A turn by the tangent t of half its angle: cosine and sine without a math library.  t in
    # [-1, 1] gives half a circle, the sign the other half.
    t = uniform(-1, 1)
    sign = np.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    cosine, sine = sign * (1 - t * t) / (1 + t * t), sign * 2 * t / (1 + t * t)
    radius = uniform(0.55, 0.85)
    centre_x, centre_y = uniform(-0.15, 0.15), uniform(-0.15, 0.15)
    axis = (np.arange(SIZE * SUPERSAMPLES) + 0.5) / (SIZE * SUPERSAMPLES / 2) - 1
    x, y = (axis - centre_x) / radius, (axis[:, None] - centre_y) / radius
    along, up = cosine * x + sine * y, cosine * y - sine * x
    inside = np.empty(along.shape, dtype=bool)
    for label, outline in enumerate(OUTLINES.values()):
        chosen = labels == label
        inside[chosen] = outline(along[chosen], up[chosen])
    hits = inside.reshape(-1, SIZE, SUPERSAMPLES, SIZE, SUPERSAMPLES).sum(axis=(2, 4))
    covered: Array = hits / SUPERSAMPLES**2
    return covered


def _grain(bits: np.random.PCG64, count: int) -> Array:
    """Noise of mean 0 and standard deviation 1 for every pixel and channel: four bytes added up."""
    words = bits.random_raw(count * 3 * SIZE * SIZE // 2).astype("<u8")
    drawn = np.frombuffer(words.tobytes(), dtype=np.uint8).reshape(count, 3, SIZE, SIZE, 4)
    grain: Array = (drawn.astype(np.int64).sum(axis=4) - 510) / 147.8  # 2 sqrt((256^2 - 1) / 12)
    return grain


class _Uniform:
    """Uniform numbers with 53 random bits each, one an image, shaped to stretch over its pixels."""

    def __init__(self, bits: np.random.PCG64, count: int) -> None:
        self.bits, self.count = bits, count

    def __call__(self, low: float, high: float) -> Array:
        words: NDArray[np.uint64] = self.bits.random_raw(self.count)
        numbers: Array = low + (high - low) * ((words >> np.uint64(11)) * np.float64(2.0**-53))
        return numbers.reshape(self.count, 1, 1)

    def colours(self, low: float, high: float) -> Array:
        """One red, green and blue for each image, (count, 3, 1, 1)."""
        return np.stack([self(low, high) for _ in range(3)], axis=1)
