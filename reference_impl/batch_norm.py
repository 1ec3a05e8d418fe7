"""Batch normalisation over groups of a batch: which samples share their statistics decides what MoCo learns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm
from torch.nn.modules.batchnorm import _BatchNorm

from reference_impl import processes


class SplitBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that treats a batch as `splits` devices would: each its own statistics.

    MoCo was trained on eight GPUs whose BatchNorm layers did not talk to each other; on one
    device this layer gives the same groups.  Sample i belongs to group i // (batch / splits).
    The running statistics move by the mean over the groups.  Of several processes each holds as
    many of the groups.

    Raises ValueError in training when the batch does not divide into the groups.
    """

    def __init__(self, features: int, *, splits: int) -> None:
        super().__init__(features)
        self.splits = splits

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training:
            return super().forward(inputs)
        splits = self.splits // processes.world_size()
        if len(inputs) % splits:
            raise ValueError(f"a batch of {len(inputs)} does not divide into {splits} BatchNorm groups")
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        # Consecutive samples make a group: a chunk is no copy, in any memory format.
        means = self.running_mean.expand(splits, -1).clone(memory_format=torch.contiguous_format)
        variances = self.running_var.expand(splits, -1).clone(memory_format=torch.contiguous_format)
        groups = [
            batch_norm(group, mean, variance, self.weight, self.bias, True, self.momentum, self.eps)
            for group, mean, variance in zip(inputs.chunk(splits), means, variances, strict=True)
        ]
        torch.mean(means, dim=0, out=self.running_mean)
        torch.mean(variances, dim=0, out=self.running_var)
        self.num_batches_tracked.add_(1)
        return torch.cat(groups)


def norm_layer(splits: int) -> Callable[[int], nn.Module]:
    """What an encoder calls with a number of channels to get its normalisation."""
    return nn.BatchNorm2d if splits == 1 else partial(SplitBatchNorm2d, splits=splits)


class SharedBatchNorm(_BatchNorm):
    """Batch normalisation whose statistics are those of the batches of all processes together.

    For images (B, C, H, W) and vectors (B, C), on any device; every process must hold as many samples.
    torch.nn.SyncBatchNorm does the same, on CUDA devices only.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Both forms are taken."""

    @classmethod
    def in_place_of(cls, plain: _BatchNorm) -> SharedBatchNorm:
        """A layer with the very parameters and buffers of a plain one."""
        shared = cls(plain.num_features, plain.eps, plain.momentum, plain.affine)
        shared._parameters, shared._buffers = plain._parameters, plain._buffers
        return shared.train(plain.training)

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        exact = input.to(torch.promote_types(input.dtype, torch.float32))
        others = [axis for axis in range(input.ndim) if axis != 1]
        own_variance_C, own_mean_C = torch.var_mean(exact, dim=others, correction=0)
        means_WC, variances_WC = processes.gather_with_gradient(
            torch.stack([own_mean_C, own_variance_C])[None]
        ).unbind(1)
        mean_C = means_WC.mean(dim=0)
        # Around the common mean; sums of squares would cancel where a mean is far from 0.
        variance_C = (variances_WC + (means_WC - mean_C).square()).mean(dim=0)
        with torch.no_grad():
            count = input.numel() // input.shape[1] * len(means_WC)
            self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_((variance_C * count / (count - 1)).to(self.running_var.dtype), self.momentum)
            self.num_batches_tracked.add_(1)
        scale_C = (variance_C + self.eps).rsqrt()
        if self.weight is not None:
            scale_C = scale_C * self.weight
        shift_C = -mean_C * scale_C if self.bias is None else self.bias - mean_C * scale_C
        shape = [-1 if axis == 1 else 1 for axis in range(input.ndim)]
        return torch.addcmul(shift_C.view(shape), exact, scale_C.view(shape)).to(input.dtype)


def span_processes(network: nn.Module) -> None:
    """Makes the groups of every batch normalisation those of the whole batch, of which a process holds a part.

    A plain layer shares its statistics with the other processes.  The running statistics of a split
    layer are to be averaged before use (`average_statistics`).  A method that gives the encoder two
    views at once has them in other groups than one process would, unless the layers are plain.
    Raises ValueError where the splits do not divide by the processes.
    """
    count = processes.world_size()
    if count == 1:
        return
    for module in list(network.modules()):
        if isinstance(module, SplitBatchNorm2d) and module.splits % count:
            raise ValueError(f"{module.splits} BatchNorm groups (bn_splits) do not divide over {count} processes")
        for name, child in module.named_children():
            if isinstance(child, _BatchNorm) and type(child) in (nn.BatchNorm1d, nn.BatchNorm2d):
                setattr(module, name, SharedBatchNorm.in_place_of(child))


def average_statistics(network: nn.Module) -> None:
    """Running statistics of split layers become their mean over the processes.

    They move by the mean over the groups of a process, and linearly: once after many steps is the same
    as after every step.
    """
    split = [module for module in network.modules() if isinstance(module, SplitBatchNorm2d)]
    if not split or processes.world_size() == 1:
        return
    statistics: list[Tensor] = [getattr(module, name) for name in ("running_mean", "running_var") for module in split]
    together = processes.mean(torch.cat(statistics))
    torch._foreach_copy_(statistics, torch.split(together, [len(own) for own in statistics]))
