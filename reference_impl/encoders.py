"""Encoders by name: images (B, 3, H, W) to features (B, width)."""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor, nn
from torchvision.models import resnet
from torchvision.models.resnet import BasicBlock, conv1x1

from reference_impl.parts import norm_layer

EncoderName = Literal["resnet_mini", "resnet18_cifar", "resnet50"]


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

    Raises ValueError for a name that does not exist.
    """
    if encoder == "resnet_mini":
        return _resnet_mini(bn_splits)
    if encoder == "resnet18_cifar":
        return _resnet18_cifar(bn_splits)
    if encoder == "resnet50":
        return _imagenet_resnet50(bn_splits)
    raise ValueError(f"no encoder {encoder!r}; there are {', '.join(get_args(EncoderName))}")


def _imagenet_resnet50(bn_splits: int) -> Encoder:
    network = resnet.resnet50(norm_layer=norm_layer(bn_splits))
    network.fc = nn.Identity()
    return Encoder(network, 2048)


def _resnet18_cifar(bn_splits: int) -> Encoder:
    """ResNet-18 for 32-pixel images: a 3x3 first layer of stride 1 and no max pooling.

    As in the authors' CIFAR demo, whose replaced first layer keeps PyTorch's default initialisation.
    """
    network = resnet.resnet18(norm_layer=norm_layer(bn_splits))
    network.conv1 = nn.Conv2d(3, 64, kernel_size=3, stride=1, padding=1, bias=False)
    network.maxpool = nn.Identity()
    network.fc = nn.Identity()
    return Encoder(network, 512)


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
    return Encoder(network, inputs)
