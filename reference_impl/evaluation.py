"""Protocols: how a trained encoder is scored.  Each is a function that a benchmark names.

A protocol sees the training images with labels to fit its classifier, and the test images once.
Tensor names end in their shape: N samples, D features, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from reference_impl.contract import Method
from reference_impl.data import ImageSource, Splits
from reference_impl.schedules import Schedule, learning_rate_factor

Layer = Literal["encoder", "embedding"]
Normalisation = Literal["none", "l2", "standardise"]
Prepare = Callable[[Tensor], Tensor]
"""Images as floats in [0, 1] to what the encoder was trained on."""

EVALUATION_BATCH = 500
HELD_OUT = 0.1
"""Share of the training set on which a probe chooses its learning rate."""
PROBE_CROP = 0.08
"""Smallest share of an image that a crop for a probe keeps: RandomResizedCrop's own default, as in main_lincls.py."""


@dataclass(frozen=True)
class Score:
    """How many test images were classified rightly, and what the protocol chose on the way."""

    correct: int
    total: int
    chosen_learning_rate: float | None = None


def layer_of(method: Method, layer: Layer) -> nn.Module:
    """The network up to a layer: "encoder" for its features, "embedding" for what the loss compares."""
    if layer == "encoder":
        return method.encoder
    if layer == "embedding":
        return nn.Sequential(method.encoder, method.head)
    raise ValueError(f"no layer {layer!r}; there are 'encoder' and 'embedding'")


@torch.no_grad()
def extract(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]], prepare: Prepare) -> tuple[Tensor, Tensor]:
    """Features (N, D) in float32 and labels (N,), from a network in evaluation mode."""
    network.eval()
    features, labels = [], []
    for images, image_labels in batches:
        features.append(network(prepare(images)).float())
        labels.append(image_labels)
    return torch.cat(features), torch.cat(labels)


def knn(
    method: Method,
    splits: Splits,
    prepare: Prepare,
    device: torch.device,
    *,
    neighbours: int,
    temperature: float,
    features: Layer,
) -> Score:
    """Weighted k-nearest-neighbour vote (Wu et al., arXiv 1805.01978, section 3.4).

    Each of the k most similar training images votes for its class with weight exp(s / t), s the
    cosine similarity.  Raises ValueError for more neighbours than training images.
    """
    network = layer_of(method, features)
    bank_ND, bank_labels = extract(network, splits.train.labelled(EVALUATION_BATCH, device), prepare)
    test_ND, labels = extract(network, splits.test.labelled(EVALUATION_BATCH, device), prepare)
    predicted = knn_predict(
        normalize(test_ND, dim=1),
        normalize(bank_ND, dim=1),
        bank_labels,
        neighbours=neighbours,
        temperature=temperature,
        classes=splits.train.classes,
    )
    return Score(int((predicted == labels).sum()), len(labels))


def knn_predict(
    test_ND: Tensor,
    bank_ND: Tensor,
    bank_labels: Tensor,
    *,
    neighbours: int,
    temperature: float,
    classes: int,
) -> Tensor:
    """The class of each test vector (N,); all vectors of unit length.

    Raises ValueError for more neighbours than vectors in the bank.
    """
    if neighbours > len(bank_ND):
        raise ValueError(f"{neighbours} neighbours asked of a bank of {len(bank_ND)} images")
    predicted = []
    for block in torch.split(test_ND, 1024):  # a block at a time bounds the similarity matrix
        similarity, nearest = (block @ bank_ND.T).topk(neighbours, dim=1)
        votes = torch.zeros(len(block), classes, device=block.device)
        # exp(s / t) up to a factor that all votes share; this way no temperature overflows.
        votes.scatter_add_(1, bank_labels[nearest], ((similarity - 1) / temperature).exp())
        predicted.append(votes.argmax(dim=1))
    return torch.cat(predicted)


def linear_probe(
    method: Method,
    splits: Splits,
    prepare: Prepare,
    device: torch.device,
    *,
    features: Layer,
    normalise: Normalisation,
    augmented: bool,
    learning_rates: tuple[float, ...],
    epochs: int,
    batch_size: int,
    schedule: Schedule,
    milestones: tuple[int, ...],
) -> Score:
    """A linear classifier on frozen features, by SGD with momentum 0.9 and no weight decay.

    With several learning rates the one that scores best on a held-out tenth of the *training* set
    is used, to train again on all of it; the test set is read once.  `augmented` crops and flips
    the training images anew every epoch, as the ImageNet papers do, and allows one rate only.
    """
    if augmented and len(learning_rates) > 1:
        raise ValueError("a probe on augmented images takes one learning rate: it holds nothing out")
    network = layer_of(method, features).eval()
    probe = partial(
        _train_probe,
        classes=splits.train.classes,
        epochs=epochs,
        schedule=schedule,
        milestones=milestones,
    )
    rate = learning_rates[0]
    if augmented:
        if normalise == "standardise":
            raise ValueError("a probe on augmented images cannot standardise: its features change every epoch")
        scale = _scaling(None, normalise)
        fresh = partial(_fresh_features, network, splits.train, prepare, scale, batch_size, device)
        classifier = probe(fresh, learning_rate=rate)
    else:
        train_ND, labels = extract(network, splits.train.labelled(EVALUATION_BATCH, device), prepare)
        scale = _scaling(train_ND, normalise)
        frozen = scale(train_ND)
        if len(learning_rates) > 1:
            rate = _best_rate(frozen, labels, learning_rates, probe, batch_size)
        classifier = _fit(frozen, labels, rate, probe, batch_size)
    test_ND, test_labels = extract(network, splits.test.labelled(EVALUATION_BATCH, device), prepare)
    correct = int((classifier(scale(test_ND)).argmax(dim=1) == test_labels).sum())
    return Score(correct, len(test_labels), chosen_learning_rate=rate)


Probe = Callable[..., nn.Linear]
Batches = Callable[[], Iterable[tuple[Tensor, Tensor]]]


def _scaling(train_ND: Tensor | None, kind: Normalisation) -> Prepare:
    """Fitted on training features only, which "none" and "l2" do not need."""
    if kind == "none":
        return lambda features: features
    if kind == "l2":
        return partial(normalize, dim=1)
    assert train_ND is not None
    mean, deviation = train_ND.mean(dim=0), train_ND.std(dim=0).clamp(min=1e-6)
    return lambda features: (features - mean) / deviation


def _best_rate(features_ND: Tensor, labels: Tensor, rates: tuple[float, ...], probe: Probe, batch_size: int) -> float:
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0)).to(labels.device)
    held_out = round(len(order) * HELD_OUT)
    held, kept = order[:held_out], order[held_out:]

    def accuracy(rate: float) -> float:
        classifier = _fit(features_ND[kept], labels[kept], rate, probe, batch_size)
        return float((classifier(features_ND[held]).argmax(dim=1) == labels[held]).float().mean())

    return max(sorted(rates), key=accuracy)  # of equals the smallest


def _fit(features_ND: Tensor, labels: Tensor, rate: float, probe: Probe, batch_size: int) -> nn.Linear:
    generator = torch.Generator().manual_seed(0)

    def batches() -> Iterable[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(labels), generator=generator).to(labels.device)
        return ((features_ND[chosen], labels[chosen]) for chosen in torch.split(order, batch_size))

    return probe(batches, learning_rate=rate)


def _fresh_features(
    network: nn.Module,
    source: ImageSource,
    prepare: Prepare,
    scale: Prepare,
    batch_size: int,
    device: torch.device,
) -> Iterable[tuple[Tensor, Tensor]]:
    for images, labels in source.cropped(batch_size, PROBE_CROP, device):
        with torch.no_grad():
            features = network(prepare(images)).float()
        yield scale(features), labels


def _train_probe(
    batches: Batches,
    *,
    learning_rate: float,
    classes: int,
    epochs: int,
    schedule: Schedule,
    milestones: tuple[int, ...],
) -> nn.Linear:
    sample = next(iter(batches()))[0]
    classifier = nn.Linear(sample.shape[1], classes, device=sample.device)
    # As main_lincls.py of the authors of MoCo: weights N(0, 0.01), bias 0.
    nn.init.normal_(classifier.weight, std=0.01, generator=torch.Generator(sample.device).manual_seed(0))
    nn.init.zeros_(classifier.bias)
    optimiser = torch.optim.SGD(classifier.parameters(), lr=learning_rate, momentum=0.9)
    for epoch in range(epochs):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * learning_rate_factor(epoch, epochs, schedule, milestones=milestones)
        for features, labels in batches():
            loss = cross_entropy(classifier(features), labels)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return classifier.requires_grad_(False)
