"""Exponential moving averages of weights: average <- decay * average + (1 - decay) * weight."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Update a moving average with a network's weights, in place; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
    for buffer, newest in zip(average.buffers(), network.buffers(), strict=True):
        buffer.copy_(newest)


def warm(decay: float, updates: int) -> float:
    """Return the decay after this many updates. It starts small, so that the random initialization is soon forgotten."""
    return min(decay, (1 + updates) / (10 + updates))
