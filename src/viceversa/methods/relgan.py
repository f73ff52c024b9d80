"""RelGAN: the generator receives relative attributes, the change v = c - c_a (docs/methods.md).

For real images a, b, c with labels, c = c_b, v = c_b - c_a, s ~ U(0, 1) for each image:

    L_D = (D(b) - 1)^2 + D(G(a, v))^2
          + (M(a, b, v) - 1)^2 + M(a, G(a, v), v)^2 + M(c, b, v)^2 + M(a, c, v)^2 + M(a, b, c_c - c_a)^2 + M(a, b, c_b - c_c)^2
          + 10 [(I(G(a, s v)) - min(s, 1 - s))^2 + (s < 1/2 ? I(G(a, 0)) : I(G(a, v)))^2] + 150 GP between a and G(a, v)
    L_G = (D(G(a, v)) - 1)^2 + (M(a, G(a, v), v) - 1)^2 + 10 L1(G(G(a, v), -v), a) + 10 L1(G(a, 0), a) + 10 I(G(a, s v))^2

M scores whether a pair and a change match, I whether an edit is interpolated. v is target - source, as in the paper and the
authors' code; a co-author's port has the opposite sign. Differences: there is no orthogonality loss, which differs between code and
paper; convolutions have no biases; there is no gradient penalty on I, which only the authors' Keras code has; the learning rate
follows the recipe, while the paper's is constant. Our own: along a chain, v_i = c_i - c_{i-1}. A target label between source and
target is an edit of that strength.

@inproceedings{wu2019relgan, title={{RelGAN}: Multi-Domain Image-to-Image Translation via Relative Attributes}, author={Wu, Po-Wei
and Lin, Yu-Jing and Chang, Che-Han and Chang, Edward Y. and Liao, Shih-Wei}, booktitle={ICCV}, year={2019}, eprint={1908.07269}}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.domains import Domain, Example, label_of
from viceversa.core.draws import Draws
from viceversa.core.journey import Journey, Translator
from viceversa.core.method import Method, Optimizer, Phase, to_labels
from viceversa.core.objective import Objective
from viceversa.core.plans import Batch, Need, relabeled
from viceversa.core.schedules import Schedule, lazily, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import Cycle, Identity
from viceversa.losses.gan import LeastSquares
from viceversa.losses.penalties import R1, gradient_penalty
from viceversa.networks.adapters import Relative
from viceversa.networks.generators import GENERATOR, GeneratorName, generator_named
from viceversa.networks.relgan import RelativeDiscriminator


class RelGAN(BaseModel):
    """Settings of RelGAN. Each recipe has its own defaults. In Python, RelGAN() has the defaults of the authors' code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"

    kind: Suppress[Fixed[Literal["relgan"]]] = "relgan"
    generator: GeneratorName = Field("switchable-biased", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(6, gt=0, le=256, description="number of residual blocks of the generator")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    matching: float = Field(1.0, ge=0, description="weight of the generator's matching loss; 1 for the discriminator")
    cycle: float = Field(10.0, ge=0, description="weight of the cycle loss")
    identity: float = Field(10.0, ge=0, description="weight of the identity loss")
    interpolation: float = Field(10.0, ge=0, description="weight of the interpolation losses; 1 in a co-author's port")
    penalty: Literal["gp", "r1"] = Field("gp", description="gradient penalty: gp at every step, or r1 at every 4th")
    gradient_penalty: float = Field(150.0, ge=0, description="weight of the penalty gp")
    gamma: float = Field(1.0, ge=0, description="weight of the R1 penalty")
    learning_rate: float = Field(5e-5, gt=0, description="learning rate of Adam; constant in the paper")


@dataclass(frozen=True, eq=False)
class Triples:
    """Plan of journeys from a to the label of b, with b and c as the discriminator's real images. Further targets are the labels of
    b's batch in another order."""

    space: Space
    translate: Translator = field(kw_only=True)
    discriminate: RelativeDiscriminator = field(kw_only=True)

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(name, self.space.only) for name in ("a", "b", "c"))

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        a, b, c = (batch[need.name] for need in self.needs)

        def route(number: int) -> Domain:
            return relabeled(b, f"target {number}", draws) if number else b.domain

        return [Journey(a, route, translate=self.translate, discriminate=self.discriminate, draws=draws, examples=(b, c))]


@dataclass(frozen=True)
class TellMatches:
    """Matching loss of the discriminator: one kind of pair and change matches, five kinds do not."""

    critic: RelativeDiscriminator

    def __call__(self, journey: Journey) -> Tensor:
        a, b, c = label_of(journey.source), *(label_of(example.domain) for example in journey.examples)
        start, second, third, made = (
            journey.judge(), journey.judge_example(0), journey.judge_example(1), journey.judge(journey.target))  # fmt: skip
        wrong = [(start, made, b - a), (third, second, b - a), (start, third, b - a)]
        wrong += [(start, second, c - a), (start, second, b - c)]
        losses = [self.critic.match(*triple).square().mean() for triple in wrong]
        return (self.critic.match(start, second, b - a) - 1).square().mean() + torch.stack(losses).sum()


@dataclass(frozen=True)
class Match:
    """Matching loss of the generator: (M(X_{i-1}, X_i, c_i - c_{i-1}) - 1)^2."""

    critic: RelativeDiscriminator

    def __call__(self, journey: Journey) -> Tensor:
        change = label_of(journey.target) - label_of(journey.departure)
        return (self.critic.match(journey.judge(), journey.judge(journey.target), change) - 1).square().mean()


@dataclass(frozen=True)
class Interpolate:
    """Interpolation loss: interpolated edits should look like full ones. learn: the discriminator's loss, which estimates the
    strength, else the generator's."""

    critic: RelativeDiscriminator
    learn: bool = False

    def __call__(self, journey: Journey) -> Tensor:
        share = journey.draws.uniform("strength", journey.image, 1)
        source, target = label_of(journey.source), label_of(journey.target)
        between = Domain(journey.source.space, source + share * (target - source))
        found = self.critic.interpolation(journey.judge(between))
        if not self.learn:
            return found.square().mean()
        share = share[:, :, None, None]
        still = self.critic.interpolation(journey.judge(journey.source))
        whole = self.critic.interpolation(journey.judge(journey.target))
        return ((found - torch.minimum(share, 1 - share)).square() + torch.where(share < 0.5, still, whole).square()).mean()


def penalty_from_source(journey: Journey) -> Tensor:
    """Gradient penalty of WGAN-GP between the source and its own translation."""
    return gradient_penalty(journey, Example(journey.image, journey.source))


def build(space: Space, settings: RelGAN = RelGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build RelGAN on one space of labeled images, whose sides are as in StarGAN."""
    space.check_labels("RelGAN")
    spec = space.images[space.only]
    sizes = {"width": settings.width, "blocks": settings.blocks}
    generator = Relative(generator_named(settings.generator, spec, spec, space.label_width, **sizes))
    critic = RelativeDiscriminator(spec, space.label_width, width=settings.critic_width)
    plan, gan = Triples(space, translate=generator, discriminate=critic), LeastSquares(1.0)
    penalty = (settings.gradient_penalty, penalty_from_source) if settings.penalty == "gp" else (lazily(1.0, 4), R1(settings.gamma))
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": critic}),
        optimizers={"generator": adam, "discriminator": adam},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)), matching=(1, TellMatches(critic)), penalty=penalty,
                interpolation=(settings.interpolation, Interpolate(critic, learn=True)))),
            Phase("generator", learns=("generator",), plan=plan, objective=Objective(
                adversarial=(1, Fool(gan)), matching=(settings.matching, Match(critic)), cycle=(settings.cycle, Cycle()),
                identity=(settings.identity, Identity()), interpolation=(settings.interpolation, Interpolate(critic))),
                chained=("adversarial", "matching", "cycle")),
        ),
        destination=to_labels(space),
        averaged=("generator",),
        strengths=True,
    )  # fmt: skip
