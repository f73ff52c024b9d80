"""Augmented CycleGAN: a one-to-many translation from A to B by a latent code z, which the cycle recovers (docs/methods.md).

    b' = G_AB(a, z), z ~ N(0, 1);    a' = G_BA(b), z' = E(a', b)
    L_D = sum over (a, a'), (b, b'), (z, z') of 1/2 [(D(real) - 1)^2 + D(made)^2]
    L_G = (D_A(a') - 1)^2 + (D_B(b') - 1)^2 + (D_z(z') - 1)^2
          + L1(G_BA(b'), a) + L1(G_AB(a', z'), b) + .025 L1(E(a, b'), z)

The discriminators are updated first, at a fifth of the learning rate. (The authors' program loses this factor once its rates decay;
here it stays.) The scale of the conditional norm is a ReLU of the latent code, as in the authors' program, so channels may die. Our
own: in a chain, latent codes go around with the images, and the images' adversarial and cycle losses are repeated.

@inproceedings{almahairi2018augmented, title={Augmented {CycleGAN}: Learning Many-to-Many Mappings from Unpaired Data},
author={Almahairi, Amjad and Rajeswar, Sai and Sordoni, Alessandro and Bachman, Philip and Courville, Aaron}, booktitle={ICML},
year={2018}, eprint={1802.10151}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, TypeAlias

import torch
import torch.nn.functional as F
from pydantic import ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.domains import Domain
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.core.method import Latent, Method, Optimizer, Phase, Request
from viceversa.core.objective import Objective
from viceversa.core.optional import optional
from viceversa.core.plans import BackAndForth, Batch, Need
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import ImageSpec, Space, Takes
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import BySource, ReturnedCycle
from viceversa.losses.differentiable_augmentation import DifferentiableAugmentation
from viceversa.losses.gan import LeastSquares
from viceversa.losses.gan_settings import CriticSettings, DescribedGan, adversary_of
from viceversa.networks.adapters import Coded, PerSpace, by_space, canvas_of, fit
from viceversa.networks.augmented import (
    CodedGenerator,
    code_discriminator,
    code_encoder,
    detail_discriminator,
    plain_generator,
    whole_discriminator,
)  # fmt: skip
from viceversa.networks.generators import BLOCKS, GENERATORS, generator_named
from viceversa.networks.projected import projected_discriminators

if TYPE_CHECKING:
    CodedName: TypeAlias = str
else:
    CodedName = Literal["coded", *GENERATORS]


class AugmentedCycleGAN(CriticSettings):
    """Settings of AugmentedCycleGAN. Each recipe has its own defaults. In Python, AugmentedCycleGAN() has the defaults of the
    authors' code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["augmented-cyclegan"]]] = "augmented-cyclegan"
    gan: DescribedGan = "least-squares"
    generator: CodedName = Field(
        "coded",
        description="architecture; coded: the paper's, with a norm that follows the code; any other one that accepts labels "
        "receives the code as its label",
    )
    latent: int = Field(16, gt=0, le=4096, description="length of a code")
    width: int = Field(32, gt=0, le=4096, description="channels of the first layers; the second discriminator has twice")
    blocks: int = Field(4, gt=0, le=256, description=f"{BLOCKS}; coded has 3")
    cycle: float = Field(1.0, ge=0, description="weight of the cycle losses")
    cycle_back: Annotated[float | None, optional("X")] = Field(
        None, ge=0, description="weight of the cycle loss for images of the second space; by default the same as for the first"
    )
    code: float = Field(0.025, ge=0, description="weight of the loss that recovers the code")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam; a fifth of it for the discriminators")


def together(first: Tensor, second: Tensor) -> Tensor:
    """Return the encoder's input for a pair of images: the first at the second one's size, concatenated along channels."""
    return torch.cat([fit(first, second.shape[2:]), second], 1)


@dataclass(frozen=True, eq=False)
class WithCodes:
    """Plan of journeys a -> B -> A with a random code, and b -> A -> B with the code that the encoder finds in a' and b."""

    ways: BackAndForth
    encoder: nn.Module
    latent: int

    @property
    def needs(self) -> tuple[Need, ...]:
        return self.ways.needs

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        a, b = (batch[need.name] for need in self.needs)
        drawn = replace(b.domain, style=draws.normal("code", a.image, self.latent))
        found = replace(b.domain, style=lambda made: self.encoder(together(made, b.image)))
        there, back = self.ways.journey(a, drawn, b, draws), self.ways.journey(replace(b, domain=found), a.domain, a, draws)
        return [there, back]


def is_drawn(journey: Journey) -> bool:
    """Return whether the journey goes to the second space with a random code. The other journey gets its code from the encoder."""
    return isinstance(journey.target.style, Tensor)


def code_of(journey: Journey) -> Tensor:
    """Return the journey's code: the random z, or z' = E(a', b), which the way back uses."""
    style = (journey.target if is_drawn(journey) else journey.entered(journey.target, journey.source)).style
    assert isinstance(style, Tensor)
    return style


@dataclass(frozen=True)
class TellCodes:
    """Adversarial loss on codes: random ones are real, encoded ones fake. learn: the discriminator's loss, else the encoder's."""

    critic: nn.Module
    learn: bool = False

    def __call__(self, journey: Journey) -> Tensor:
        gan = LeastSquares()
        if is_drawn(journey):
            return gan.real(self.critic(code_of(journey))) if self.learn else journey.image.new_zeros(())
        return (gan.fake if self.learn else gan.generator)(self.critic(code_of(journey)))


@dataclass(frozen=True)
class Recover:
    """Code loss: L1(E(a, b'), z), so that a random code can be recovered."""

    encoder: nn.Module

    def __call__(self, journey: Journey) -> Tensor:
        if not is_drawn(journey):
            return journey.image.new_zeros(())
        return F.l1_loss(self.encoder(together(journey.image, journey.translated)), code_of(journey))


def to_codes(first: str, second: str, latent: Latent) -> Callable[[Request], Domain]:
    """Return the destinations of requests: the first space, or the second with the request's code or a code from its seed."""

    def destination(request: Request) -> Domain:
        if request.space != second:
            return Domain(first)
        code = latent.draw(request.seed) if request.code is None else request.code
        return Domain(second, style=lambda image: code.to(image).expand(image.shape[0], -1))

    return destination


def build(space: Space, settings: AugmentedCycleGAN = AugmentedCycleGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build Augmented CycleGAN: the first of two spaces has many translations in the second for each image."""
    (first, a), (second, b) = ((name, space.images[name]) for name in space.pair)
    width = settings.width
    translator = Coded(*_generators(a, b, canvas_of(space.images), settings), space)
    encoder = code_encoder(a.channels + b.channels, b, latent=settings.latent, width=width)
    critic, adversary = PerSpace(by_space(_discriminators(space, settings))), adversary_of(settings)
    judge, augment = code_discriminator(settings.latent, width=2 * width), DifferentiableAugmentation(settings.critic_augment)
    ways = BackAndForth(space, translate=translator, discriminate=critic, augment=augment)
    plan = WithCodes(ways, encoder, settings.latent)
    cycle = BySource.of(space.pair, settings.cycle, settings.cycle_back, ReturnedCycle())
    adam, latent = Optimizer(settings.learning_rate, schedule=decay, clip_norm=500.0), Latent("code", settings.latent)
    judging = replace(adam, lr=adam.lr / 5)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({
            "generators": translator, "encoder": encoder, "discriminators": critic, "discriminator_of_codes": judge}),
        optimizers={"generators": adam, "encoder": adam,
            "discriminators": adversary.optimizer(judging, settings.critic_learning_rate), "discriminator_of_codes": judging},
        phases=(
            Phase("discriminators", learns=("discriminators", "discriminator_of_codes"), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(adversary.gan)), **adversary.penalty, codes=(1, TellCodes(judge, learn=True)))),
            Phase("generators", learns=("generators", "encoder"), plan=plan, objective=Objective(
                adversarial=(settings.adversarial, Fool(adversary.gan)), codes=(1, TellCodes(judge)), cycle=(1, cycle),
                code_cycle=(settings.code, Recover(encoder))), chained=("adversarial", "cycle")),
        ),
        destination=to_codes(first, second, latent),
        averaged=("generators", "encoder"),
        latent=latent,
    )  # fmt: skip


def _generators(a: ImageSpec, b: ImageSpec, canvas: tuple[int, int], settings: AugmentedCycleGAN) -> tuple[nn.Module, nn.Module]:
    """Return the generators from the first space to the second, with a code, and back."""
    if settings.generator == "coded":
        forth = CodedGenerator(a.channels, b.channels, latent=settings.latent, width=settings.width)
        return forth, plain_generator(b.channels, a.channels, width=settings.width)
    first, second = (ImageSpec(spec.channels, *canvas) for spec in (a, b))
    sizes = {"width": settings.width, "blocks": settings.blocks}
    return (
        generator_named(settings.generator, first, second, settings.latent, **sizes),
        generator_named(settings.generator, second, first, **sizes),
    )


def _discriminators(space: Space, settings: AugmentedCycleGAN) -> dict[str, nn.Module]:
    """Return a discriminator for each space."""
    (first, a), (second, b) = ((name, space.images[name]) for name in space.pair)
    if settings.critic == "projected":
        return projected_discriminators(space.images, size=settings.critic_size, width=2 * settings.width)
    width = settings.width
    return {first: whole_discriminator(a, width=width), second: detail_discriminator(b, width=2 * width)}
