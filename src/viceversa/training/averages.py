"""Exponential moving averages of weights, which translate better than the weights that train."""

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
    """average <- decay * average + (1 - decay) * weight for the method's averaged networks; buffers are copied.

    learned: the networks that this step updated; all, if None. An average is one of updates: a step that leaves the generator as
    it is, as four of five with n_critic = 5, does not shorten its horizon of 1 / (1 - decay) updates.
    The averages live in a second method from the same builder: a copy of a method would share its closures' networks.
    """
    for name in method.averaged:
        if learned is not None and name not in learned:
            continue
        follow(averages.networks[name], method.networks[name], decay)


def learned_at(method: Method, progress: Progress) -> set[str]:
    """The networks that a step updates."""
    return {name for phase in method.phases if phase.when(progress) for name in phase.learns}


@torch.no_grad()
def renew_statistics(averages: Method, batches: Iterable[tuple[Batch, Draws]], progress: Progress) -> None:
    """Give averaged networks batch statistics of their own: the mean over some training batches, in the phases that learn them.

    The statistics that are copied from the training networks belong to other weights. Does nothing where no averaged network
    takes statistics.
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
    """Layers take the plain mean of the statistics of all batches that they see in the block."""
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
