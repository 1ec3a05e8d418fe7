"""What a method is to the training loop and to the evaluation: two verbs and two networks."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn

Views = tuple[Tensor, Tensor]
"""Two augmented views of the same images, each (batch, 3, height, width), normalised floats."""


class Method(nn.Module, ABC):
    """A self-supervised objective around an encoder.

    Constructors take the encoder first and every number that a paper states as a keyword
    without a default: the graph holds the numbers, and a test compares the two.
    """

    encoder: nn.Module
    """What a benchmark keeps after training: images (B, 3, H, W) to features (B, encoder.width)."""

    head: nn.Module
    """What the loss looks through: features (B, encoder.width) to embeddings (B, dim)."""

    @abstractmethod
    def loss(self, views: Views) -> Tensor:
        """The scalar to minimise for one batch of views."""

    def after_step(self, progress: float) -> None:
        """Changes that the optimiser does not make; progress runs from 0 to 1 over the training."""
