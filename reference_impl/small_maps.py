"""Convolutions of maps so small that the filter sees all of them from every place: one matrix product on a CPU.

An ImageNet ResNet shrinks images of 32 pixels to maps of 2x2 and 1x1.  PyTorch's convolution for CPUs
spends some 10 to 30 times as long there as a matrix product of the same operations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

LARGEST = 2
"""Pixels along a side: up to here every output of a 3x3 filter with one pixel of padding sees the whole map."""


class SmallMapConv2d(nn.Conv2d):
    """A 3x3 convolution with one pixel of padding and no bias, quick on small maps too.

    The same numbers as nn.Conv2d to rounding, in the same memory format as channels_last inputs give.
    """

    def forward(self, input: Tensor) -> Tensor:
        batch, channels, height, width = input.shape
        if input.device.type != "cpu" or max(height, width) > LARGEST:
            return super().forward(input)
        down, across = (-(-size // step) for size, step in zip((height, width), self.stride, strict=True))
        # Which of the nine weights stands between each output place and each input pixel.
        taps = torch.tensor(
            [
                3 * (row - self.stride[0] * i + 1) + column - self.stride[1] * j + 1
                for i in range(down)
                for j in range(across)
                for row in range(height)
                for column in range(width)
            ]
        )
        by_tap = self.weight.permute(0, 2, 3, 1).reshape(self.out_channels, 9, channels)
        matrix = by_tap.index_select(1, taps).view(self.out_channels * down * across, height * width * channels)
        pixels = input.permute(0, 2, 3, 1).reshape(batch, height * width * channels)
        outputs = linear(pixels, matrix).view(batch, self.out_channels, down, across)
        return outputs.contiguous(memory_format=torch.channels_last)


def quicken(network: nn.Module) -> None:
    """Turns the 3x3 convolutions of a network into SmallMapConv2d, with the very parameters that they have."""
    for module in network.modules():
        # Not a new layer, which would draw random numbers for its weights.
        if type(module) is nn.Conv2d and module.groups == 1 and module.bias is None and _is_padded_3x3(module):
            module.__class__ = SmallMapConv2d


def _is_padded_3x3(layer: nn.Conv2d) -> bool:
    shape = (layer.kernel_size, layer.padding, layer.dilation, layer.padding_mode)
    return shape == ((3, 3), (1, 1), (1, 1), "zeros")
