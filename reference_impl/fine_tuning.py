"""Fine-tuning: the whole encoder trains with labels behind a linear classifier, and is tested once."""

from __future__ import annotations

from copy import deepcopy
from itertools import islice
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import AdamW

from reference_impl.batch_norm import SplitBatchNorm2d
from reference_impl.contract import Method
from reference_impl.data import ImageSource, Splits
from reference_impl.encoders import Encoder
from reference_impl.errors import Diverged
from reference_impl.evaluation import EVALUATION_BATCH, Prepare, Score, extract
from reference_impl.schedules import learning_rate_factor
from reference_impl.vit import VisionTransformer

HEAD_DEVIATION = 2e-5  # main_finetune.py of the authors of MAE: the classifier starts as good as silent


def fine_tune(
    method: Method,
    splits: Splits,
    prepare: Prepare,
    device: torch.device,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    warmup_epochs: int,
    weight_decay: float,
    layer_decay: float,
    crop_scale_min: float,
    precision: Literal["float32", "bfloat16"],
) -> Score:
    """Trains a copy of the encoder and a linear classifier on all labelled training images; the last epoch counts.

    AdamW (betas 0.9, 0.999) with a linear warm-up and a cosine by step, on random crops and flips; in
    a vision transformer the rate shrinks by `layer_decay` from each layer to the one before (MAE,
    arXiv 2111.06377, appendix A.1).  The method stays as it is, and what its recipe froze trains here.
    Raises ValueError for a batch larger than the training set, Diverged where the loss is no number.
    """
    # Unlike the papers: no mixup, cutmix, RandAugment, random erasing, label smoothing or drop path.
    encoder = deepcopy(method.encoder).requires_grad_(True)
    assert isinstance(encoder, Encoder)
    for module in encoder.modules():
        if isinstance(module, SplitBatchNorm2d):
            module.splits = 1  # groups are part of how a method trains, not of how it is scored
    if batch_size > len(splits.train):
        raise ValueError(f"a batch of {batch_size} is more than the {len(splits.train)} training images")
    classifier = nn.Linear(encoder.width, splits.train.classes, device=device)
    nn.init.normal_(classifier.weight, std=HEAD_DEVIATION)
    nn.init.zeros_(classifier.bias)
    network = nn.Sequential(encoder, classifier)
    optimiser = AdamW(layer_groups(encoder, classifier, learning_rate, weight_decay, layer_decay))
    for epoch in range(epochs):
        network.train()
        mean_loss = _train_epoch(
            network,
            splits.train,
            prepare,
            device,
            optimiser,
            epoch=epoch,
            epochs=epochs,
            warmup_epochs=warmup_epochs,
            batch_size=batch_size,
            crop_scale_min=crop_scale_min,
            precision=precision,
        )
        if not mean_loss.isfinite():
            raise Diverged(f"fine-tuning: the loss became {float(mean_loss)} in epoch {epoch + 1} of {epochs}")
    logits_NC, labels = extract(network, splits.test.labelled(EVALUATION_BATCH, device), prepare)
    return Score(int((logits_NC.argmax(dim=1) == labels).sum()), len(labels))


def layer_groups(
    encoder: Encoder, classifier: nn.Linear, learning_rate: float, weight_decay: float, layer_decay: float
) -> list[dict[str, Any]]:
    """AdamW's groups: layer l of a vision transformer of depth L learns at learning_rate * layer_decay^(L + 1 - l).

    The embedding is layer 0; the last norm and the classifier learn at the full rate (util/lr_decay.py
    of the authors of MAE), and so does all of an encoder that is no vision transformer.  Vectors do
    not decay, and the class token is one.
    """
    network = encoder.network
    layers = network.layers() if isinstance(network, VisionTransformer) else [list(encoder.parameters())]
    layers[-1] = [*layers[-1], *classifier.parameters()]
    groups = []
    for depth, layer in enumerate(layers):
        rate = learning_rate * layer_decay ** (len(layers) - 1 - depth)
        for vectors in (False, True):
            members = [parameter for parameter in layer if (parameter.squeeze().ndim <= 1) == vectors]
            decay = 0.0 if vectors else weight_decay
            groups.append({"params": members, "lr": rate, "initial_lr": rate, "weight_decay": decay})
    return [group for group in groups if group["params"]]


def _train_epoch(
    network: nn.Module,
    source: ImageSource,
    prepare: Prepare,
    device: torch.device,
    optimiser: AdamW,
    *,
    epoch: int,
    epochs: int,
    warmup_epochs: int,
    batch_size: int,
    crop_scale_min: float,
    precision: str,
) -> torch.Tensor:
    """One pass over the training images, without a last short batch; returns the mean loss, still on the device."""
    steps = len(source) // batch_size
    losses = torch.zeros(steps, device=device)
    batches = islice(source.cropped(batch_size, crop_scale_min, device), steps)
    for step, (images, labels) in enumerate(batches):
        factor = learning_rate_factor(epoch + step / steps, epochs, "cosine_by_step", warmup_epochs=warmup_epochs)
        for group in optimiser.param_groups:
            group["lr"] = group["initial_lr"] * factor
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            logits_BC = network(prepare(images))
        loss = cross_entropy(logits_BC.float(), labels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses[step] = loss.detach()
    return losses.mean()
