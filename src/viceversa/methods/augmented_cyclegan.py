"""Augmented CycleGAN: one-to-many from A to B, by a code z that goes around with the image (docs/methods.md).

    b' = G_AB(a, z), z ~ N(0, 1);    a' = G_BA(b), z' = E(a', b)
    L_D = sum over (a, a'), (b, b'), (z, z') of 1/2 [(D(real) - 1)^2 + D(made)^2]
    L_G = (D_A(a') - 1)^2 + (D_B(b') - 1)^2 + (D_z(z') - 1)^2
          + L1(G_BA(b'), a) + L1(G_AB(a', z'), b) + .025 L1(E(a, b'), z)

The discriminators learn first, at a fifth of the rate; the code loses that fifth once its rates decay, which is not followed.
A code's scale in the conditional norm is a ReLU, as in the code: channels may die.

@inproceedings{almahairi2018augmented, title={Augmented {CycleGAN}: Learning Many-to-Many Mappings from Unpaired Data},
author={Almahairi, Amjad and Rajeswar, Sai and Sordoni, Alessandro and Bachman, Philip and Courville, Aaron}, booktitle={ICML},
year={2018}, eprint={1802.10151}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.domains import Domain, Space
from viceversa.draws import Draws, seeded
from viceversa.errors import UsageError
from viceversa.gan import LeastSquares
from viceversa.method import Method, Optimizer, Phase, Request, Takes
from viceversa.networks.augmented import (
    CodedGenerator,
    code_discriminator,
    code_encoder,
    detail_discriminator,
    plain_generator,
    whole_discriminator,
)  # fmt: skip
from viceversa.networks.blocks import check_size
from viceversa.objective import Objective
from viceversa.plans import Batch, Need
from viceversa.schedules import Schedule, linear_decay


class AugmentedCycleGAN(BaseModel):
    """Settings; the defaults are the authors' code's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["augmented-cyclegan"]]] = "augmented-cyclegan"
    latent: int = Field(16, gt=0, le=4096, description="numbers in a code")
    width: int = Field(32, gt=0, le=4096, description="channels of the first layers of generators, encoder and D_A; D_B has twice")
    cycle: float = Field(1.0, ge=0, description="weight of both cycle losses")
    code: float = Field(0.025, ge=0, description="weight of the cycle of codes")
    learning_rate: float = Field(2e-4, gt=0, description="Adam's rate; the discriminators have a fifth of it")


class Coded(nn.Module):
    """Into the second space G_AB(x, z), z the target's style; into the first G_BA(x)."""

    def __init__(self, forth: CodedGenerator, back: nn.Module, second: str) -> None:
        super().__init__()
        self.forth, self.back, self.second = forth, back, second

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.forth(image, target.style) if target.space == self.second else self.back(image)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class RoundTrips:
    """Both ways around, each image and code made once a phase; made without a graph, they are pixels for later phases too."""

    a: Tensor
    b: Tensor
    z: Tensor
    translator: Coded
    encoder: nn.Module
    graph: bool = True

    def begin(self, graph: bool) -> RoundTrips:
        return replace(self, graph=graph)

    @cached_property
    def made_b(self) -> Tensor:
        """b' = G_AB(a, z)."""
        with torch.set_grad_enabled(self.graph):
            return self.translator.forth(self.a, self.z)  # type: ignore[no-any-return]

    @cached_property
    def made_a(self) -> Tensor:
        """a' = G_BA(b)."""
        with torch.set_grad_enabled(self.graph):
            return self.translator.back(self.b)  # type: ignore[no-any-return]

    @cached_property
    def made_z(self) -> Tensor:
        """z' = E(a', b)."""
        with torch.set_grad_enabled(self.graph):
            return self.encoder(torch.cat([self.made_a, self.b], 1))  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Around:
    """The plan: an image of each space, and a code."""

    space: Space
    translator: Coded
    encoder: nn.Module
    latent: int

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(name, name) for name in self.space.pair)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[RoundTrips]:
        a, b = (batch[name].image for name in self.space.pair)
        return [RoundTrips(a, b, draws.normal("code", a, self.latent), self.translator, self.encoder)]


@dataclass(frozen=True)
class Judge:
    """L_D: of both images and the code, each by a discriminator of its own."""

    judges: nn.ModuleList

    def __call__(self, trips: RoundTrips) -> Tensor:
        gan = LeastSquares()
        both = zip(self.judges, (trips.a, trips.b, trips.z), (trips.made_a, trips.made_b, trips.made_z), strict=True)
        return torch.stack([gan.real(critic(real)) + gan.fake(critic(made)) for critic, real, made in both]).sum()


@dataclass(frozen=True)
class FoolAll:
    """The generators' and the encoder's side of it."""

    judges: nn.ModuleList

    def __call__(self, trips: RoundTrips) -> Tensor:
        both = zip(self.judges, (trips.made_a, trips.made_b, trips.made_z), strict=True)
        return torch.stack([LeastSquares().generator(critic(made)) for critic, made in both]).sum()


def to_codes(first: str, second: str, latent: int) -> Callable[[Request], Domain]:
    """Destinations: the first space, or the second with the code that the request's seed draws."""

    def destination(request: Request) -> Domain:
        if request.space != second:
            return Domain(first)
        drawn = torch.randn(1, latent, generator=seeded("code", request.seed))
        return Domain(second, style=lambda image: drawn.to(image).expand(len(image), -1))

    return destination


def build(space: Space, settings: AugmentedCycleGAN = AugmentedCycleGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Augmented CycleGAN from the first of two spaces of one size to the second, of which there are many for one image."""
    (first, a), (second, b) = ((name, space.images[name]) for name in space.pair)
    if a.shape[1:] != b.shape[1:]:
        raise UsageError(f"Augmented CycleGAN takes spaces of one size, not {a.width}x{a.height} and {b.width}x{b.height} pixels.")
    check_size(a.height, a.width, 2)
    width = settings.width
    forth = CodedGenerator(a.channels, b.channels, latent=settings.latent, width=width)
    translator = Coded(forth, plain_generator(b.channels, a.channels, width=width), second)
    encoder = code_encoder(a.channels + b.channels, b, latent=settings.latent, width=width)
    judges = nn.ModuleList([
        whole_discriminator(a, width=width), detail_discriminator(b, width=2 * width),
        code_discriminator(settings.latent, width=2 * width),
    ])  # fmt: skip
    plan = Around(space, translator, encoder, settings.latent)
    adam = Optimizer(settings.learning_rate, schedule=decay)

    def cycle(trips: RoundTrips) -> Tensor:
        return F.l1_loss(translator.back(trips.made_b), trips.a) + F.l1_loss(forth(trips.made_a, trips.made_z), trips.b)

    def code(trips: RoundTrips) -> Tensor:
        return F.l1_loss(encoder(torch.cat([trips.a, trips.made_b], 1)), trips.z)

    clipped = replace(adam, clip_norm=500.0)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generators": translator, "encoder": encoder, "discriminators": judges}),
        optimizers={"generators": clipped, "encoder": clipped, "discriminators": replace(adam, lr=adam.lr / 5)},
        phases=(
            Phase("discriminators", learns=("discriminators",), plan=plan, objective=Objective(adversarial=(1, Judge(judges)))),
            Phase("generators", learns=("generators", "encoder"), plan=plan, objective=Objective(
                adversarial=(1, FoolAll(judges)), cycle=(settings.cycle, cycle), code=(settings.code, code))),
        ),
        destination=to_codes(first, second, settings.latent),
        styles=True,
    )  # fmt: skip
