"""The training step, which is the same for all methods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Method, Optimizer, Phase
from viceversa.core.plans import Batch, Subject
from viceversa.core.schedules import Progress


@dataclass(eq=False)
class Trainee:
    """A method in training, with its optimizers.

    Args:
        method: the method.
        average: function that replaces gradients by their mean over processes, in place; None for one process.
        autocast: whether networks compute in bf16; weights, penalties and optimizers stay in float32.
    """

    method: Method
    average: Callable[[Iterable[Tensor]], None] | None = None
    autocast: bool = False
    optimizers: Mapping[str, torch.optim.Optimizer] = field(init=False)

    def __post_init__(self) -> None:
        networks = self.method.networks
        self.optimizers = {name: optimizer.build(networks[name]) for name, optimizer in self.method.optimizers.items()}


def train_step(trainee: Trainee, batch: Batch, draws: Draws, progress: Progress) -> dict[str, Tensor]:
    """Take one step of every phase that is due. Return each weighted loss as "phase/loss": a scalar on the device.

    Global random numbers, which dropout uses, are reseeded by (seed, step).

    Args:
        trainee: the method in training.
        batch: images of the step.
        draws: random numbers of the step.
        progress: progress of the training.
    """
    torch.manual_seed(seeded(draws.seed, draws.step, "global", draws.start).initial_seed())
    drawn: dict[int, Sequence[Subject]] = {}
    losses: dict[str, Tensor] = {}
    for phase in trainee.method.phases:
        if not phase.when(progress):
            continue
        if id(phase.plan) not in drawn:
            drawn[id(phase.plan)] = phase.plan(batch, draws)
        for name, network in trainee.method.networks.items():
            network.requires_grad_(name in phase.learns)
        if terms := _losses(trainee, phase, drawn[id(phase.plan)], progress):
            torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
            _descend(trainee, phase, progress)
            losses |= {f"{phase.name}/{name}": loss.detach() for name, loss in terms.items()}
    return losses


def _losses(trainee: Trainee, phase: Phase, subjects: Iterable[Subject], progress: Progress) -> dict[str, Tensor]:
    """Return each loss of the phase, summed over the subjects."""
    weights = list(trainee.method.translator.parameters())
    graph = any(weight.requires_grad for weight in weights)
    total: dict[str, Tensor] = {}
    with torch.autocast(weights[0].device.type, torch.bfloat16, enabled=trainee.autocast):
        for subject in subjects:
            for name, loss in phase.objective(subject.begin(graph), progress).items():
                total[name] = total[name] + loss if name in total else loss
    return total


def _descend(trainee: Trainee, phase: Phase, progress: Progress) -> None:
    """Take a step of the optimizers of the phase's networks."""
    method = trainee.method
    if trainee.average:
        weights = (weight for name in phase.learns for weight in method.networks[name].parameters())
        trainee.average(weight.grad for weight in weights if weight.grad is not None)
    for name in phase.learns:
        _update(trainee.optimizers[name], method.networks[name], method.optimizers[name], progress)


def _update(optimizer: torch.optim.Optimizer, network: nn.Module, settings: Optimizer, progress: Progress) -> None:
    if settings.clip_norm is not None:
        nn.utils.clip_grad_norm_(network.parameters(), settings.clip_norm)
    for group in optimizer.param_groups:
        group["lr"] = settings.lr * settings.schedule(progress)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if settings.clamp is not None:
        with torch.no_grad():
            for weight in network.parameters():
                weight.clamp_(-settings.clamp, settings.clamp)
