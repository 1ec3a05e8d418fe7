"""Losses as their papers write them, each with its reduction and scale in its docstring.

Tensor names end in their shape: B batch, D embedding, K queue.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def info_nce(query_BD: Tensor, key_BD: Tensor, queue_KD: Tensor, temperature: float) -> Tensor:
    """Mean over the batch of -log( exp(q.k+/t) / (exp(q.k+/t) + sum_i exp(q.k_i/t)) ).

    Momentum Contrast, arXiv 1911.05722, equation 1.  All vectors must have unit length;
    row i of `key_BD` is the positive of row i of `query_BD`, every row of `queue_KD` is a
    negative of all.  When all similarities are equal the loss is ln(K + 1).  The scale is the
    paper's: the temperature divides the logits and the loss is not multiplied back by it.
    """
    with torch.autocast(query_BD.device.type, enabled=False):  # in bfloat16 a logit is off by up to 0.06 at t = 0.07
        exact = torch.promote_types(query_BD.dtype, torch.float32)
        query_BD, key_BD, queue_KD = query_BD.to(exact), key_BD.to(exact), queue_KD.to(exact)
        own_B1 = (query_BD * key_BD).sum(dim=1, keepdim=True)
        other_BK = query_BD @ queue_KD.T
        logits = torch.cat([own_B1, other_BK], dim=1) / temperature
        return cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))
