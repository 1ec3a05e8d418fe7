"""Encoders by name: images (B, 3, H, W) to features (B, width)."""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn
from torchvision.models import resnet
from torchvision.models.resnet import BasicBlock, conv1x1

from reference_impl.batch_norm import norm_layer
from reference_impl.small_maps import quicken
from reference_impl.vit import SIZES, VisionTransformer

EncoderName = Literal[
    "resnet_mini",
    "resnet18_cifar",
    "resnet50_cifar",
    "resnet18",
    "resnet50",
    "vit_mini_4",
    "vit_tiny_4",
    "vit_small_4",
    "vit_tiny_16",
    "vit_small_16",
    "vit_base_16",
]


class Encoder(nn.Module):
    """A network and the width of the features that it gives."""

    def __init__(self, network: nn.Module, width: int) -> None:
        super().__init__()
        self.network = network
        self.width = width

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.network(images)
        return features


def build_encoder(*, encoder: EncoderName, bn_splits: int) -> Encoder:
    """The encoder of that name, whose BatchNorm layers work in `bn_splits` groups.

    "..._cifar" are ResNets for 32-pixel images, and the number at the end of a vision transformer
    is the side of its patches.  Raises ValueError for a name that does not exist, and for splits of
    a vision transformer, which has no BatchNorm.
    """
    if encoder == "resnet_mini":
        return _resnet_mini(bn_splits)
    if encoder in ("resnet18", "resnet50", "resnet18_cifar", "resnet50_cifar"):
        return _resnet(encoder, bn_splits)
    if encoder in SIZES:
        if bn_splits != 1:
            raise ValueError(f"{encoder} has no BatchNorm to split: its bn_splits must be 1, not {bn_splits}")
        return Encoder(VisionTransformer(SIZES[encoder]), SIZES[encoder].width)
    raise ValueError(f"no encoder {encoder!r}; there are {', '.join(get_args(EncoderName))}")


def _resnet(name: str, bn_splits: int) -> Encoder:
    """torchvision's; for 32-pixel images with a 3x3 first layer of stride 1 and no max pooling.

    As in the authors' CIFAR demo of MoCo, whose replaced first layer keeps PyTorch's default initialisation.
    """
    depth, _, small = name.partition("_")
    build = {"resnet18": resnet.resnet18, "resnet50": resnet.resnet50}[depth]
    network = build(norm_layer=norm_layer(bn_splits))
    width = network.fc.in_features
    network.fc = nn.Identity()
    if small:
        network.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
        network.maxpool = nn.Identity()
    quicken(network)
    return Encoder(network, width)


MINI_WIDTHS = (16, 32, 64, 128)


def _resnet_mini(bn_splits: int) -> Encoder:
    """Four basic blocks after a strided first layer: a ResNet that two CPU cores can train."""
    norm = norm_layer(bn_splits)
    layers: list[nn.Module] = [
        nn.Conv2d(3, MINI_WIDTHS[0], kernel_size=3, stride=2, padding=1, bias=False),
        norm(MINI_WIDTHS[0]),
        nn.ReLU(inplace=True),
    ]
    inputs = MINI_WIDTHS[0]
    for width in MINI_WIDTHS:
        stride = 1 if width == inputs else 2
        shortcut = None if width == inputs else nn.Sequential(conv1x1(inputs, width, stride), norm(width))
        layers.append(BasicBlock(inputs, width, stride, shortcut, norm_layer=norm))
        inputs = width
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(1))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    # Not quickened, which would gain a twentieth: records of this encoder can then be repeated to the bit.
    return Encoder(network, inputs)
