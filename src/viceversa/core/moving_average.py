"""Exponential moving averages of weights: average <- decay * average + (1 - decay) * weight."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Update an average with a network's weights, in place; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
    for buffer, newest in zip(average.buffers(), network.buffers(), strict=True):
        buffer.copy_(newest)


def warm(decay: float, updates: int) -> float:
    """The decay after so many earlier updates: short-sighted at first, so that the random start is soon forgotten."""
    return min(decay, (1 + updates) / (10 + updates))
