"""StarGAN v2: diverse translations for one target, with a style code from a latent code or a reference image (docs/methods.md).

F_y(z), E_y(x): style of a latent code, or of an image, in domain y; D_y: branch of the discriminator; X = G(x, s).

    L_D = -log sigma D_{y_x}(x) - log(1 - sigma D_y(X)) + 1/2 ||grad D_{y_x}(x)||^2
    L_G = -log sigma D_y(X) + L1(E_y(X), s) - w L1(X, sg G(x, s')) + L1(G(X, E_{y_x}(x)), x)

A step has four phases: the discriminator with s from latent codes, then from references; G, F and E with latent codes; G alone with
references. w falls from 1 (2 for animals) to 0. The domains are the values of one attribute. Our own: in a chain of the multicyclic
loss, each link has its own domain and style, without the diversity loss; with references, links use those of the batch in another
order. Differences from the code: learning rates follow `training.decay` and are constant there, weights are averaged by 0.995 (the
recipe) and 0.999 there, and half of the training images are cropped at random there. The high-pass skips for aligned faces are
missing here.

@inproceedings{choi2020stargan, title={{StarGAN} v2: Diverse Image Synthesis for Multiple Domains}, author={Choi, Yunjey and
Uh, Youngjung and Yoo, Jaejun and Ha, Jung-Woo}, booktitle={CVPR}, year={2020}, eprint={1912.01865}}
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.domains import Domain, Example, label_of
from viceversa.core.draws import Draws
from viceversa.core.journey import Critic, Journey, Judgment, Translator
from viceversa.core.method import Latent, Method, Optimizer, Phase, Request
from viceversa.core.objective import Objective
from viceversa.core.plans import Batch, Need, relabeled
from viceversa.core.schedules import Schedule, fading, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import Cycle
from viceversa.losses.gan import NonSaturating
from viceversa.losses.penalties import R1
from viceversa.networks.stargan2 import BranchedReader, MappingNetwork, StyledGenerator


class StarGAN2(BaseModel):
    """Settings of StarGAN2. Each recipe has its own defaults. In Python, StarGAN2() has the defaults of the official code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"

    kind: Suppress[Fixed[Literal["stargan2"]]] = "stargan2"
    width: int = Field(64, gt=0, le=4096, description="channels of the first layers; 2^14 / side in the paper")
    most: int = Field(512, gt=0, le=4096, description="largest number of channels of a layer")
    style: int = Field(64, gt=0, le=4096, description="length of a style code")
    latent: int = Field(16, gt=0, le=4096, description="length of a latent code")
    hidden: int = Field(512, gt=0, le=4096, description="width of the mapping network")
    style_weight: float = Field(1.0, ge=0, description="weight of the style reconstruction loss")
    diversity: float = Field(1.0, ge=0, description="initial weight of the diversity loss; 2 for animals in the paper")
    cycle: float = Field(1.0, ge=0, description="weight of the cycle loss")
    gamma: float = Field(1.0, ge=0, description="weight of the R1 penalty")
    learning_rate: float = Field(1e-4, gt=0, description="learning rate of Adam; a hundredth of it for the mapping network")


class Styled(nn.Module):
    """The translator: G(x, s_target)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(image, target.style)  # type: ignore[no-any-return]


class Branched(nn.Module):
    """A discriminator with a branch for each domain."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(self.network(image, domains_of(domain)))


def domains_of(domain: Domain) -> Tensor:
    """Return the label of one attribute with a column for each domain: two columns for a yes or no."""
    label = label_of(domain)
    return label if label.shape[1] > 1 else torch.cat([1 - label, label], 1)


@dataclass(frozen=True, eq=False)
class Styles:
    """Plan of journeys to targets with styles. The way back has the style of the source image. target: domain of each link."""

    space: Space
    translate: Translator
    discriminate: Critic
    encoder: nn.Module
    target: Callable[[int, Batch, Draws], Domain]

    @property
    def needs(self) -> tuple[Need, ...]:
        name = self.space.only
        return Need("real", name, balanced=True), Need("first", name, balanced=True), Need("second", name, alike="first")

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        real = batch["real"]
        home = replace(real.domain, style=lambda image: self.encoder(real.image, domains_of(real.domain)))
        start = Example(real.image, home, real.batch_labels)
        return [
            Journey(
                start,
                lambda number: self.target(number, batch, draws),
                translate=self.translate,
                discriminate=self.discriminate,
                draws=draws,
                examples=(start, batch["second"]),
            )
        ]


@dataclass(frozen=True)
class StyleReconstruction:
    """Style reconstruction loss: L1(E_y(X), s)."""

    encoder: nn.Module

    def __call__(self, journey: Journey) -> Tensor:
        asked = journey.entered(journey.target)
        assert isinstance(asked.style, Tensor)
        return F.l1_loss(self.encoder(journey.translated, domains_of(asked)), asked.style)


@dataclass(frozen=True)
class DiversityLoss:
    """Diversity loss: -L1(G(x, s), sg G(x, s')), so that two styles of a domain give different images."""

    second: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        other = replace(journey.target, style=lambda image: self.second(journey))
        return -F.l1_loss(journey.translated, journey.visit(other, graph=False))


def build(space: Space, settings: StarGAN2 = StarGAN2(), *, decay: Schedule = linear_decay) -> Method:
    """Build StarGAN v2. Its domains are the values of one attribute."""
    spec, domains = space.images[space.only], _count(space)
    sizes = {"width": settings.width, "most": settings.most}
    generator = Styled(StyledGenerator(spec, style=settings.style, **sizes))
    mapping = MappingNetwork(domains, latent=settings.latent, style=settings.style, hidden=settings.hidden)
    encoder = BranchedReader(spec, domains, outputs=settings.style, **sizes)
    critic = Branched(BranchedReader(spec, domains, outputs=1, **sizes))

    codes = Styles(space, generator, critic, encoder, by_code(mapping, settings.latent))
    references = Styles(space, generator, critic, encoder, by_reference(encoder))

    def other_code(journey: Journey) -> Tensor:
        return mapping(journey.draws.normal("other code", journey.image, settings.latent), domains_of(journey.target))  # type: ignore[no-any-return]

    def other_reference(journey: Journey) -> Tensor:
        return encoder(journey.examples[1].image, domains_of(journey.examples[1].domain))  # type: ignore[no-any-return]

    gan, adam = NonSaturating(), Optimizer(settings.learning_rate, (0.0, 0.99), 1e-4, decay)
    latent = Latent("style", settings.latent)
    judging = Objective(adversarial=(1, Discriminate(gan)), penalty=(1, R1(settings.gamma)))
    drawing, chained = _drawing(settings, encoder), ("adversarial", "style", "cycle")
    fade = fading(settings.diversity)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "mapping": mapping, "encoder": encoder, "discriminator": critic}),
        optimizers={"generator": adam, "encoder": adam, "discriminator": adam, "mapping": replace(adam, lr=adam.lr / 100)},
        phases=(
            Phase("discriminator by code", learns=("discriminator",), plan=codes, objective=judging),
            Phase("discriminator by reference", learns=("discriminator",), plan=references, objective=judging),
            Phase("generator by code", learns=("generator", "mapping", "encoder"), plan=codes, chained=chained,
                  objective=drawing.adding(diversity=(fade, DiversityLoss(other_code)))),
            Phase("generator by reference", learns=("generator",), plan=references, chained=chained,
                  objective=drawing.adding(diversity=(fade, DiversityLoss(other_reference)))),
        ),
        destination=to_styles(space, mapping, encoder, latent),
        averaged=("generator", "mapping", "encoder"),
        latent=latent,
    )  # fmt: skip


def by_code(mapping: nn.Module, latent: int) -> Callable[[int, Batch, Draws], Domain]:
    """Return the targets of links with styles from random codes: the references' labels, for later links in another order."""

    def target(number: int, batch: Batch, draws: Draws) -> Domain:
        first = batch["first"]
        there = relabeled(first, f"target {number}", draws) if number else first.domain
        code = draws.normal(f"code {number}", first.image, latent)
        return replace(there, style=lambda image: mapping(code, domains_of(there)))

    return target


def by_reference(encoder: nn.Module) -> Callable[[int, Batch, Draws], Domain]:
    """Return the targets of links with styles from references; later links use those of this process in another order."""

    def target(number: int, batch: Batch, draws: Draws) -> Domain:
        image, there = batch["first"].image, batch["first"].domain
        if number:
            order = torch.randperm(len(image), generator=draws.generator(f"reference {number}")).to(image.device)
            image, there = image[order], replace(there, label=label_of(there)[order])
        return replace(there, style=lambda _: encoder(image, domains_of(there)))

    return target


def to_styles(space: Space, mapping: nn.Module, encoder: nn.Module, latent: Latent) -> Callable[[Request], Domain]:
    """Return the destinations of requests: the label, in the style of the reference image or of a code from the seed."""

    def destination(request: Request) -> Domain:
        wanted = Domain(space.only, request.label)

        def style(image: Tensor) -> Tensor:
            if request.reference is not None:
                return encoder(request.reference.expand(image.shape[0], -1, -1, -1), domains_of(wanted))  # type: ignore[no-any-return]
            code = latent.draw(request.seed) if request.code is None else request.code
            return mapping(code.to(image).expand(image.shape[0], -1), domains_of(wanted))  # type: ignore[no-any-return]

        return replace(wanted, style=style)

    return destination


def _drawing(settings: StarGAN2, encoder: nn.Module) -> Objective:
    return Objective(
        adversarial=(1, Fool(NonSaturating())),
        style=(settings.style_weight, StyleReconstruction(encoder)),
        cycle=(settings.cycle, Cycle()),
    )


def _count(space: Space) -> int:
    """Return the number of domains. Raises UsageError for data without an attribute, or with several."""
    match space.attributes:
        case (Binary(),):
            return 2
        case (OneOf(choices=choices),):
            return len(choices)
        case attributes:
            names = ", ".join(attribute.name for attribute in attributes) or "none"
            raise UsageError(f"StarGAN v2's domains are the values of one attribute: name one with `attributes`: {names}.")
