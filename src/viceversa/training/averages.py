"""Exponential moving averages of weights, which translate better than the trained weights themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import product

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.moving_average import follow
from viceversa.core.plans import Batch
from viceversa.core.schedules import Progress
from viceversa.networks.switchable import SwitchableNorm
from viceversa.training.examination import evaluating

STATISTICS = (_BatchNorm, SwitchableNorm)
"""Layers that keep running statistics of batches."""


def update_averages(averages: Method, method: Method, decay: float, learned: Collection[str] | None = None) -> None:
    """Update the averaged networks: average <- decay * average + (1 - decay) * weight; buffers are copied.

    Args:
        averages: a second method from the same builder, which holds the averages. (A copy of `method` would share networks.)
        decay: the horizon is 1 / (1 - decay) updates.
        learned: networks that this step updated; all if None. A step without an update of the generator, such as four of five with
            n_critic = 5, does not change its average.
    """
    for name in method.averaged:
        if learned is not None and name not in learned:
            continue
        follow(averages.networks[name], method.networks[name], decay)


def learned_at(method: Method, progress: Progress) -> set[str]:
    """Return the networks that a step updates."""
    return {name for phase in method.phases if phase.when(progress) for name in phase.learns}


@torch.no_grad()
def renew_statistics(averages: Method, batches: Iterable[tuple[Batch, Draws]], progress: Progress) -> None:
    """Compute batch statistics for the averaged networks: the mean over some training batches, in the phases that train them.

    The statistics copied from the trained networks belong to other weights. Without such layers, nothing is done.
    """
    layers = [
        module for name in averages.averaged for module in averages.networks[name].modules() if isinstance(module, STATISTICS)
    ]
    if not layers:
        return
    phases = [phase for phase in averages.phases if not set(phase.learns).isdisjoint(averages.averaged)]
    with evaluating(averages), _anew(layers):
        for (batch, draws), phase in product(batches, phases):
            for subject in phase.plan(batch, draws):
                phase.objective(subject.begin(False), progress)


@contextmanager
def _anew(layers: Iterable[_BatchNorm | SwitchableNorm]) -> Iterator[None]:
    """Within the block, layers collect the plain mean of the statistics of all batches."""
    before = [(layer, layer.momentum) for layer in layers]
    for layer, _ in before:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    try:
        yield
    finally:
        for layer, momentum in before:
            layer.momentum = momentum
