"""Exponential moving averages of weights, which translate better than the weights that train."""

from __future__ import annotations

import torch

from viceversa.method import Method


@torch.no_grad()
def update_averages(averages: Method, method: Method, decay: float) -> None:
    """average <- decay * average + (1 - decay) * weight for the method's averaged networks; buffers are copied.

    The averages live in a second method from the same builder: a copy of a method would share its closures' networks.
    """
    for name in method.averaged:
        kept, now = averages.networks[name], method.networks[name]
        torch._foreach_lerp_(list(kept.parameters()), list(now.parameters()), 1 - decay)
        for buffer, newest in zip(kept.buffers(), now.buffers(), strict=True):
            buffer.copy_(newest)


def warm(decay: float, step: int) -> float:
    """The decay after 0-based `step`: short-sighted at first, so that the random start is soon forgotten."""
    return min(decay, (1 + step) / (10 + step))
