"""What a method is to the training loop and to the evaluation: two verbs and two networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from torch import Tensor, nn


class Views(NamedTuple):
    """Augmented views of the same images, and the classes of those images."""

    images: tuple[Tensor, ...]
    """As many as the method asks for, each (batch, 3, height, width), normalised floats."""
    labels: Tensor
    """(batch,): for supervised objectives, and for diagnostics, which train nothing."""


class Method(nn.Module, ABC):
    """An objective around an encoder.

    Constructors take the encoder first and every number that a paper states as a keyword
    without a default: the graph holds the numbers, and a test compares the two.
    """

    view_count: ClassVar[int] = 2
    """How many views of each image `loss` takes."""

    encoder: nn.Module
    """What a benchmark keeps after training: images (B, 3, H, W) to features (B, encoder.width)."""

    head: nn.Module
    """What the loss looks through: features (B, encoder.width) to embeddings (B, dim)."""

    false_negative_share: Tensor | None = None
    """Share of the negatives of the last loss that are of their query's class, where a method selects them.

    A diagnostic from the labels, which the loss does not use: it stays on the device, and the
    learning curve keeps its mean over each epoch.
    """

    @abstractmethod
    def loss(self, views: Views) -> Tensor:
        """The scalar to minimise for one batch of views.

        Of several processes each gets its own rows.  What the method compares across the batch it
        gathers, so that the mean of the losses and gradients is that of one process (`processes.py`).
        """

    def after_step(self, progress: float) -> None:
        """Changes that the optimiser does not make; progress runs from 0 to 1 over the training."""
