"""Patch-wise contrastive loss: a patch of the output resembles the same place in the source more than other places
(arXiv 2007.15651)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

TEMPERATURE, PATCHES = 0.07, 256


def patch_contrast(queries: Sequence[Tensor], keys: Sequence[Tensor], heads: nn.ModuleList, generator: Generator) -> Tensor:
    """Return the mean over layers of contrast(H_l q, sg H_l k), at 256 random places, or at all if there are fewer.

    Args:
        queries, keys: features (N, C, H, W) of each layer, of the output and of its source. Places are the same for all images.
        heads: H_l, one network per layer.
        generator: random numbers for the places.
    """
    losses = []
    for query, key, head in zip(queries, keys, heads, strict=True):
        count = query.shape[2] * query.shape[3]
        places = torch.randperm(count, generator=generator)[:PATCHES].to(query.device, non_blocking=True)
        made, source = (F.normalize(head(each.flatten(2)[:, :, places].transpose(1, 2)), dim=2, eps=1e-7) for each in (query, key))
        losses.append(contrast(made, source.detach()))
    return torch.stack(losses).mean()


def contrast(queries: Tensor, keys: Tensor) -> Tensor:
    """Return mean -log softmax_j(q_i . k_j / 0.07) at j = i, over places i. Negatives are of the same image only.

    queries, keys: (N, places, width), of unit length.
    """
    products = queries @ keys.transpose(1, 2) / TEMPERATURE
    return F.cross_entropy(products.flatten(0, 1), torch.arange(queries.shape[1], device=queries.device).repeat(len(queries)))
