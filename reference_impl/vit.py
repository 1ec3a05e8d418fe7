"""Vision transformers (arXiv 2010.11929) with the fixed position embedding of MoCo v3 and MAE.

An image is a row of patches after a class token; nothing else tells a patch where it was than the
sines and cosines that are added to it, so an encoder may be shown some of the patches only.

Tensor names end in their shape: B batch, P patches, V visible patches, T tokens, D width, F values
of a patch.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

Pooling = Literal["class_token", "patch_mean"]

NORM_EPSILON = 1e-6  # of both authors' codes; PyTorch's own is 1e-5
POSITION_BASE = 10_000.0


class Size(NamedTuple):
    """What tells one vision transformer from another."""

    patch: int
    """Pixels along one side."""
    width: int
    depth: int
    heads: int


SIZES = {
    "vit_tiny_16": Size(16, 192, 12, 3),
    # Twelve heads as in MoCo v3 (vits.py of its authors), where DeiT's ViT-S has six; equally many parameters.
    "vit_small_16": Size(16, 384, 12, 12),
    "vit_base_16": Size(16, 768, 12, 12),
    "vit_tiny_4": Size(4, 192, 12, 3),
    "vit_small_4": Size(4, 384, 12, 12),
    # For two CPU cores.
    "vit_mini_4": Size(4, 64, 3, 2),
}


class VisionTransformer(nn.Module):
    """Images (B, 3, H, W) to features (B, D), whatever the size that divides into patches.

    `pooling` says which: the class token, or the mean over the patches; both after the last norm.
    Weights start as in MoCo v3 (vits.py of its authors): Glorot's uniform for every matrix, that
    of queries, keys and values as three; biases 0; the class token N(0, 1e-6).
    """

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.patch, self.width, self.depth, _ = size
        self.pooling: Pooling = "class_token"
        # A convolution whose stride is its size, as the authors write it, is this matrix.
        self.projection = nn.Linear(3 * self.patch**2, self.width)
        self.class_token = nn.Parameter(torch.empty(1, 1, self.width))
        self.blocks = blocks(self.depth, self.width, size.heads)
        self.norm = nn.LayerNorm(self.width, eps=NORM_EPSILON)
        glorot(self.projection)
        nn.init.normal_(self.class_token, std=1e-6)

    def forward(self, images: Tensor) -> Tensor:
        tokens_BTD = self.tokens(patches_of(images, self.patch), grid_of(images, self.patch))
        return tokens_BTD[:, 0] if self.pooling == "class_token" else tokens_BTD[:, 1:].mean(dim=1)

    def tokens(self, patches_BPF: Tensor, grid: tuple[int, int], visible_BV: Tensor | None = None) -> Tensor:
        """The class token and the tokens of the visible patches after all blocks, (B, 1 + V, D).

        `visible_BV` says which of the patches, counted row by row, the encoder sees and in which
        order they come out; without it, all.
        """
        places_PD = position_embedding(*grid, self.width, patches_BPF.device)
        if visible_BV is None:
            tokens_BVD = self.projection(patches_BPF) + places_PD
        else:
            tokens_BVD = self.projection(take(patches_BPF, visible_BV)) + places_PD[visible_BV]
        # The class token has no place: its embedding is zero.
        class_B1D = self.class_token.expand(len(patches_BPF), -1, -1)
        tokens_BTD: Tensor = self.norm(self.blocks(torch.cat([class_B1D, tokens_BVD], dim=1)))
        return tokens_BTD

    def freeze_patches(self) -> None:
        """The patch projection stays at its random start, for stability (MoCo v3, arXiv 2104.02057, section 4.2)."""
        self.projection.requires_grad_(False)

    def layers(self) -> list[list[nn.Parameter]]:
        """The parameters from input to output: the embedding, each block, the last norm."""
        embedding = [*self.projection.parameters(), self.class_token]
        return [embedding, *(list(block.parameters()) for block in self.blocks), list(self.norm.parameters())]


class Block(nn.Module):
    """Attention, then a hidden layer four times as wide, each on normalised tokens and added to them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attended = nn.Linear(width, width)
        self.hidden_norm = nn.LayerNorm(width, eps=NORM_EPSILON)
        self.hidden = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        glorot(self.query_key_value, outputs=3)
        for layer in (self.attended, self.hidden[0], self.hidden[2]):
            glorot(layer)

    def forward(self, tokens_BTD: Tensor) -> Tensor:
        tokens_BTD = tokens_BTD + self.attended(self._attention(self.attention_norm(tokens_BTD)))
        output: Tensor = tokens_BTD + self.hidden(self.hidden_norm(tokens_BTD))
        return output

    def _attention(self, tokens_BTD: Tensor) -> Tensor:
        # (B, T, 3 D) to three of (B, heads, T, D / heads)
        split = self.query_key_value(tokens_BTD).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return scaled_dot_product_attention(*split).transpose(1, 2).flatten(2)


def blocks(depth: int, width: int, heads: int) -> nn.Sequential:
    """That many blocks, one after the other; raises ValueError where the width does not divide into the heads."""
    if width % heads:
        raise ValueError(f"a width of {width} does not divide into {heads} heads")
    return nn.Sequential(*(Block(width, heads) for _ in range(depth)))


def glorot(layer: nn.Module, outputs: int = 1) -> None:
    """Glorot's uniform weights, for a matrix that is `outputs` ones on top of each other; bias 0."""
    assert isinstance(layer, nn.Linear)
    for part in layer.weight.data.chunk(outputs):
        nn.init.xavier_uniform_(part)
    nn.init.zeros_(layer.bias)


def grid_of(images: Tensor, patch: int) -> tuple[int, int]:
    """How many patches an image has along its height and its width.

    Raises ValueError where they do not fit.
    """
    height, width = images.shape[2:]
    if height % patch or width % patch:
        raise ValueError(f"images of {height} x {width} pixels do not divide into patches of {patch}")
    return height // patch, width // patch


def patches_of(images: Tensor, patch: int) -> Tensor:
    """Images (B, 3, H, W) to patches (B, P, 3 patch^2), row by row; in a patch the colours of a pixel stand together.

    Raises ValueError where the patches do not fit.
    """
    rows, columns = grid_of(images, patch)
    split = images.reshape(len(images), 3, rows, patch, columns, patch)
    return split.permute(0, 2, 4, 3, 5, 1).reshape(len(images), rows * columns, 3 * patch**2)


def take(tokens_BTD: Tensor, chosen_BV: Tensor) -> Tensor:
    """Of each sample its own choice of tokens, in the order of the choice: (B, V, D)."""
    return tokens_BTD.gather(1, chosen_BV[:, :, None].expand(-1, -1, tokens_BTD.shape[2]))


def position_embedding(rows: int, columns: int, width: int, device: torch.device) -> Tensor:
    """Where each patch is, (rows * columns, width), fixed: sine and cosine of its row, then of its column.

    A quarter of the width each, at frequencies 10000^(-4 i / width) (vits.py of the authors of
    MoCo v3; MAE's code has columns first, another order of the same values).
    Raises ValueError for a width that four does not divide.
    """
    if width % 4:
        raise ValueError(f"a position embedding needs a width that four divides, not {width}")
    frequency = POSITION_BASE ** -(torch.arange(width // 4, device=device, dtype=torch.float64) / (width // 4))
    row, column = torch.meshgrid(
        torch.arange(rows, device=device), torch.arange(columns, device=device), indexing="ij"
    )
    angles = [place.flatten()[:, None] * frequency for place in (row, column)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1).float()
