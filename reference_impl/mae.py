"""Masked autoencoders (arXiv 2111.06377): the encoder sees a quarter of the patches, a decoder paints the rest.

Tensor names end in their shape: B batch, P patches, V visible and M masked patches, T tokens, D
width, F values of a patch.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from reference_impl.contract import Method, Views
from reference_impl.encoders import Encoder
from reference_impl.vit import (
    NORM_EPSILON,
    Pooling,
    VisionTransformer,
    blocks,
    glorot,
    grid_of,
    patches_of,
    position_embedding,
    take,
)

TARGET_EPSILON = 1e-6


class MAE(Method):
    """Of each image another `mask_ratio` of the patches is hidden; only hidden patches count in the loss.

    With `normalise_patches` the target is each patch less its mean, over its own standard
    deviation (section 3, "Reconstruction target"); without, its normalised pixels.  `pooling` says
    what a benchmark takes as features: the authors probe the class token and fine-tune the mean
    of the patches.  Raises ValueError for an encoder that is no vision transformer, a ratio that hides
    nothing or all, and a decoder whose width does not divide.
    """

    view_count: ClassVar[int] = 1

    def __init__(
        self,
        encoder: Encoder,
        *,
        mask_ratio: float,
        decoder_width: int,
        decoder_depth: int,
        decoder_heads: int,
        normalise_patches: bool,
        pooling: Pooling,
    ) -> None:
        super().__init__()
        network = encoder.network
        if not isinstance(network, VisionTransformer):
            raise ValueError("MAE hides patches: its encoder must be a vision transformer, such as vit_mini_4")
        if not 0 < mask_ratio < 1:
            raise ValueError(f"mask_ratio must be between 0 and 1, not {mask_ratio}")
        if decoder_width % 4:
            raise ValueError(f"decoder_width must divide by 4, for its position embedding, not be {decoder_width}")
        network.pooling = pooling
        self.encoder = encoder
        self.head = nn.Identity()
        self.mask_ratio, self.normalise_patches = mask_ratio, normalise_patches
        self.decoder_input = nn.Linear(encoder.width, decoder_width)
        self.mask_token = nn.Parameter(torch.empty(1, 1, decoder_width))
        self.decoder = blocks(decoder_depth, decoder_width, decoder_heads)
        self.decoder_norm = nn.LayerNorm(decoder_width, eps=NORM_EPSILON)
        self.decoder_output = nn.Linear(decoder_width, 3 * network.patch**2)
        self._start()

    @property
    def transformer(self) -> VisionTransformer:
        """The encoder as what it must be."""
        network = self.encoder.network
        assert isinstance(network, VisionTransformer)
        return network

    def _start(self) -> None:
        """As models_mae.py of the authors: tokens N(0, 0.02), each matrix Glorot's uniform.

        Queries, keys and values count as one matrix, unlike in MoCo v3.
        """
        for block in [*self.transformer.blocks, *self.decoder]:
            glorot(block.query_key_value)
        glorot(self.decoder_input)
        glorot(self.decoder_output)
        for token in (self.transformer.class_token, self.mask_token):
            nn.init.normal_(token, std=0.02)

    def loss(self, views: Views) -> Tensor:
        (images,) = views.images
        grid = grid_of(images, self.transformer.patch)
        patches_BPF = patches_of(images, self.transformer.patch)
        visible_BV, masked_BM = self.mask(len(images), patches_BPF.shape[1], images.device)
        tokens_BTD = self.transformer.tokens(patches_BPF, grid, visible_BV)
        painted_BMF = self.paint(tokens_BTD, grid, visible_BV, masked_BM)
        # All samples hide equally many patches, so this mean is that over patches of the mean over pixels.
        target_BMF = self.target(take(patches_BPF, masked_BM))
        return mse_loss(painted_BMF.to(target_BMF.dtype), target_BMF)

    def mask(self, batch: int, patches: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Which patches of each sample are visible (B, V) and which masked (B, M), all equally likely.

        Raises ValueError where no patch would be left to see or to paint.
        """
        visible = int(patches * (1 - self.mask_ratio))
        if visible == 0:
            raise ValueError(f"a mask_ratio of {self.mask_ratio} leaves none of {patches} patches to see")
        order_BP = torch.rand(batch, patches, device=device).argsort(dim=1)
        return order_BP[:, :visible], order_BP[:, visible:]

    def paint(self, tokens_BTD: Tensor, grid: tuple[int, int], visible_BV: Tensor, masked_BM: Tensor) -> Tensor:
        """What the decoder makes of the encoder's tokens, (B, M, F): one prediction for each masked patch."""
        tokens_BTD = self.decoder_input(tokens_BTD)
        places_PD = position_embedding(*grid, tokens_BTD.shape[2], tokens_BTD.device)
        class_B1D, visible_BVD = tokens_BTD[:, :1], tokens_BTD[:, 1:] + places_PD[visible_BV]
        masked_BMD = self.mask_token + places_PD[masked_BM]
        # Attention does not know the order of its tokens: the places say where they belong, and the
        # masked ones stand last, where the authors put all back into the order of the image.
        painted_BTD = self.decoder(torch.cat([class_B1D, visible_BVD, masked_BMD], dim=1))
        painted_BMF: Tensor = self.decoder_output(self.decoder_norm(painted_BTD[:, -masked_BM.shape[1] :]))
        return painted_BMF

    def target(self, patches_BMF: Tensor) -> Tensor:
        """What the decoder should have painted."""
        if not self.normalise_patches:
            return patches_BMF
        mean, variance = patches_BMF.mean(dim=2, keepdim=True), patches_BMF.var(dim=2, keepdim=True)
        return (patches_BMF - mean) / (variance + TARGET_EPSILON).sqrt()
