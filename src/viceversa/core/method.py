"""Methods as data: networks, their optimizers, and the phases of a training step with their objectives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.journey import Critic, Translator
from viceversa.core.objective import Objective
from viceversa.core.plans import Plan
from viceversa.core.schedules import Schedule, Turn, always, constant
from viceversa.core.space import Space


@dataclass(frozen=True)
class Optimizer:
    """Optimizer of one network: Adam (weight decay as an L2 term), unless `algorithm` gives another.

    Args:
        lr: learning rate.
        betas: betas of Adam.
        weight_decay: weight of the L2 term.
        schedule: factor of the learning rate by progress.
        clip_norm: limit to which the gradient norm is clipped before a step.
        clamp: limit of weights after a step, [-clamp, clamp] (Wasserstein GAN with weight clipping).
        algorithm: function from parameters and learning rate to an optimizer.
    """

    lr: float
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0
    schedule: Schedule = constant
    clip_norm: float | None = None
    clamp: float | None = None
    algorithm: Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer] | None = None

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        """Return an optimizer of the network's parameters."""
        if self.algorithm:
            return self.algorithm(network.parameters(), self.lr)
        return torch.optim.Adam(network.parameters(), self.lr, self.betas, weight_decay=self.weight_decay, fused=True)


@dataclass(frozen=True)
class Phase:
    """One part of a training step: which networks learn, on which subjects, with which losses, and at which steps.

    Args:
        name: name of the phase.
        learns: names in Method.networks; exactly their optimizers step.
        plan: plan that gives the subjects; phases with the same plan object share them in a step.
        objective: the losses.
        when: schedule of the steps that run the phase.
        chained: names of the losses that a multicyclic version repeats along the chain.
    """

    name: str
    learns: tuple[str, ...]
    plan: Plan
    objective: Objective
    when: Turn = always
    chained: tuple[str, ...] = ()


class Memory(Protocol):
    """State besides the networks that lasts longer than a step, such as an image pool. It is part of every checkpoint."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Latent:
    """Normal latent codes, each of which selects one of many translations to a target.

    Args:
        name: part of the key of its random numbers.
        width: length of a code.
    """

    name: str
    width: int

    def draw(self, seed: int) -> Tensor:
        """Return the code of a seed: (1, width)."""
        return torch.randn(1, self.width, generator=seeded(self.name, seed))


@dataclass(frozen=True)
class Request:
    """Target of a translation as a user asks for it. Which fields are used depends on the method.

    Args:
        space: name of the target space.
        label: label (N, K) of the target.
        reference: image (N, C, H, W) whose style to copy.
        seed: seed of the latent code.
        code: latent code (N, L), instead of the one that the seed draws.
    """

    space: str | None = None
    label: Tensor | None = None
    reference: Tensor | None = None
    seed: int = 0
    code: Tensor | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Method:
    """A method built for one space of data: everything that training and evaluation need.

    Args:
        translator: the generator, with the interface of Translator.
        networks: all networks by name.
        optimizers: one for each network that learns.
        phases: parts of a training step, in order.
        destination: function from a request to the target domain.
        memory: state besides the networks.
        averaged: networks of which an exponential moving average is kept.
        discriminate: the discriminator, if it predicts labels.
        returns: whether the method translates back; a one-way method translates only from the first of two spaces to the second.
        latent: codes that select one of several translations to a target; None if there is one translation.
        strengths: whether the method supports partial and exaggerated edits.
    """

    translator: nn.Module
    networks: nn.ModuleDict
    optimizers: Mapping[str, Optimizer]
    phases: tuple[Phase, ...]
    destination: Callable[[Request], Domain]
    memory: Mapping[str, Memory] = field(default_factory=dict)
    averaged: tuple[str, ...] = ()
    discriminate: Critic | None = None
    returns: bool = True
    latent: Latent | None = None
    strengths: bool = False

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.networks.parameters())
        return f"Method({', '.join(self.networks)}: {weights:,} weights)"

    def __post_init__(self) -> None:
        learned = {name for phase in self.phases for name in phase.learns}
        if unknown := learned - self.networks.keys():
            raise ValueError(f"phases learn networks that the method does not have: {', '.join(sorted(unknown))}.")
        if bare := learned - self.optimizers.keys():
            raise ValueError(f"networks that learn need an optimizer: {', '.join(sorted(bare))}.")
        for phase in self.phases:
            if missing := set(phase.chained) - phase.objective.terms.keys():
                raise ValueError(f"phase {phase.name} chains losses it does not have: {', '.join(sorted(missing))}.")

    @property
    def styles(self) -> bool:
        """Whether a target has several translations, selected by the request's seed or reference image."""
        return self.latent is not None

    @property
    def translating(self) -> set[str]:
        """Names of the networks that share weights with the translator."""
        weights = {id(weight) for weight in self.translator.parameters()}
        return {name for name, network in self.networks.items() if any(id(weight) in weights for weight in network.parameters())}

    @property
    def translate(self) -> Translator:
        """The translator, typed as the interface of all generators."""
        return self.translator


Builder = Callable[..., Method]
"""Function from a space of data to a method, new at every call; needed to train, resume and load. If its second parameter has a
frozen pydantic model as default, that model holds the settings of the method (recipes/own_method.py)."""


def to_labels(space: Space) -> Callable[[Request], Domain]:
    """Return the `destination` of a method for many domains: the request's label, in the only space or in the set that the request
    names."""
    return lambda request: Domain(request.space or space.only, request.label)


def to_spaces(request: Request) -> Domain:
    """Return the domain of the space that a request names: the `destination` of a method between two spaces."""
    if request.space is None:
        raise ValueError("a request to a method between spaces names the target space.")
    return Domain(request.space)
