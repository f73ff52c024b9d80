"""Methods as data: networks, their optimizers, and the phases of a step with their objectives."""

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
    """How one network learns: Adam (weight decay as an L2 term), unless `algorithm` brings another.

    lr times schedule(progress) is the rate of a step. clip_norm: the gradient norm is cut there before the step;
    clamp: weights are kept in [-clamp, clamp] after it (Wasserstein with clipping).
    """

    lr: float
    betas: tuple[float, float] = (0.5, 0.999)
    weight_decay: float = 0.0
    schedule: Schedule = constant
    clip_norm: float | None = None
    clamp: float | None = None
    algorithm: Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer] | None = None

    def build(self, network: nn.Module) -> torch.optim.Optimizer:
        """The optimizer of a network's parameters."""
        if self.algorithm:
            return self.algorithm(network.parameters(), self.lr)
        return torch.optim.Adam(network.parameters(), self.lr, self.betas, weight_decay=self.weight_decay, fused=True)


@dataclass(frozen=True)
class Phase:
    """One part of a step: which networks learn what from which subjects, and at which steps.

    learns: names in Method.networks; exactly their optimizers step. Phases that hold the same plan object share its
    subjects in a step. chained: the losses that a multicyclic version repeats along the chain.
    """

    name: str
    learns: tuple[str, ...]
    plan: Plan
    objective: Objective
    when: Turn = always
    chained: tuple[str, ...] = ()


class Memory(Protocol):
    """State that outlives a step beside the networks, as an image pool; it is part of every checkpoint."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Latent:
    """Normal latent codes, each of which selects one of many translations to a target.

    width: length of a code. name: part of the key of its random numbers.
    """

    name: str
    width: int

    def draw(self, seed: int) -> Tensor:
        """Return the code of a seed: (1, width)."""
        return torch.randn(1, self.width, generator=seeded(self.name, seed))


@dataclass(frozen=True)
class Request:
    """What a person asks for: the target's label (N, K), a space's name, a reference image or a seed, as the method has it.

    code: a latent code (N, L), in place of the one that the seed draws.
    """

    space: str | None = None
    label: Tensor | None = None
    reference: Tensor | None = None
    seed: int = 0
    code: Tensor | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Method:
    """A method, built for one space of data; all that the training step and the evaluation need.

    optimizers: one for each network that learns. averaged: networks of which an exponential moving average is kept.
    destination: a request -> the domain to translate to. discriminate: the discriminator, where it has one that reads labels.
    returns: whether it translates back; a method of one way translates from the first of two spaces to the second only.
    latent: the codes that select one of several translations to one target; None: there is one.
    strengths: whether a part of an edit, or more than all of it, is an edit that the method knows.
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
        """Whether there are several translations to one target: by the request's seed, or like its reference image."""
        return self.latent is not None

    @property
    def translating(self) -> set[str]:
        """Names of the networks that share weights with the translator."""
        weights = {id(weight) for weight in self.translator.parameters()}
        return {name for name, network in self.networks.items() if any(id(weight) in weights for weight in network.parameters())}

    @property
    def translate(self) -> Translator:
        """The translator, as the one call that all of them have."""
        return self.translator


Builder = Callable[..., Method]
"""What trains, resumes and loads: a function from a space of data to a method, new at every call. A second parameter whose
default is a frozen pydantic model has the method's settings (recipes/own_method.py)."""


def to_labels(space: Space) -> Callable[[Request], Domain]:
    """Destinations of a method for many domains: the request's label in the one space of images, or the set that it names."""
    return lambda request: Domain(request.space or space.only, request.label)


def to_spaces(request: Request) -> Domain:
    """Destinations of a method between two spaces: the request's space."""
    if request.space is None:
        raise ValueError("a request to a method between spaces names the target space.")
    return Domain(request.space)
