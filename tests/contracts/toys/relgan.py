"""A toy of RelGAN (arXiv 1908.07269): relative attributes, matching and interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from contracts.toys.pieces import ADAM, painter, reader
from viceversa.domains import Domain, Space
from viceversa.draws import Draws
from viceversa.gan import LeastSquares
from viceversa.journey import Journey, Judgment
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import Cycle, Identity
from viceversa.method import Method, Phase, to_labels
from viceversa.networks.blocks import with_planes
from viceversa.objective import Objective
from viceversa.plans import Batch, Need, relabeled


class Relative(nn.Module):
    """G(x, c_target - c_source)."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.network = painter(3 + space.label_width, 3)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(with_planes(image, target.label - source.label))


class RelativeCritic(nn.Module):
    def __init__(self, space: Space) -> None:
        super().__init__()
        self.trunk, self.adversarial, self.interpolation = reader(3, 5), nn.Linear(5, 1), nn.Linear(5, 1)
        self.matching = nn.Linear(10 + space.label_width, 1)

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        features = self.trunk(image)
        return Judgment(self.adversarial(features), features=(features,))

    def match(self, before: Judgment, after: Judgment, change: Tensor) -> Tensor:
        return self.matching(torch.cat([before.features[0], after.features[0], change], 1))


@dataclass(frozen=True, eq=False)
class Triples:
    """A journey from a to the label of b, with b and c as the discriminator's real images."""

    space: Space
    translate: nn.Module
    discriminate: nn.Module
    needs: tuple[Need, ...] = (Need("a", "photos"), Need("b", "photos"), Need("c", "photos"))

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        def route(number: int) -> Domain:
            return relabeled(batch["b"], f"target {number}", draws) if number else batch["b"].domain

        examples = (batch["b"], batch["c"])
        return [
            Journey(batch["a"], route, translate=self.translate, discriminate=self.discriminate, draws=draws, examples=examples)
        ]


@dataclass(frozen=True)
class Matching:
    """LSGAN on triples: one kind of positive, five of negatives."""

    critic: RelativeCritic

    def __call__(self, journey: Journey) -> Tensor:
        a, b, c = journey.source.label, *(example.domain.label for example in journey.examples)
        start, fake = journey.judge(), journey.judge(journey.target)
        second, third = journey.judge_example(0), journey.judge_example(1)
        match = self.critic.match
        wrong = [
            match(start, fake, b - a), match(third, second, b - a), match(start, third, b - a),
            match(start, second, c - a), match(start, second, b - c),
        ]  # fmt: skip
        return (match(start, second, b - a) - 1).square().mean() + sum(score.square().mean() for score in wrong)


@dataclass(frozen=True)
class Matched:
    critic: RelativeCritic

    def __call__(self, journey: Journey) -> Tensor:
        change = journey.target.label - journey.departure.label
        return (self.critic.match(journey.judge(), journey.judge(journey.target), change) - 1).square().mean()


@dataclass(frozen=True)
class Interpolated:
    """The critic must tell the strength of an interpolated edit; the generator must make it read 0."""

    critic: RelativeCritic
    discriminate: bool

    def __call__(self, journey: Journey) -> Tensor:
        share = journey.draws.uniform("strength", journey.image, 1)
        source, target = journey.source.label, journey.target.label
        between = Domain(journey.source.space, source + share * (target - source))
        read = self.critic.interpolation
        strength = read(journey.judge(between).features[0])
        if not self.discriminate:
            return strength.square().mean()
        still, full = read(journey.staying().judge(journey.source).features[0]), read(journey.judge(journey.target).features[0])
        return ((strength - torch.minimum(share, 1 - share)).square() + torch.where(share < 0.5, still, full).square()).mean()


def relgan(space: Space) -> Method:
    generator, critic = Relative(space), RelativeCritic(space)
    plan, gan = Triples(space, generator, critic), LeastSquares(1.0)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": critic}),
        optimizers={"generator": ADAM, "discriminator": ADAM},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)), matching=(1, Matching(critic)),
                interpolation=(10, Interpolated(critic, True)))),
            Phase("generator", learns=("generator",), plan=plan, objective=Objective(
                adversarial=(1, Fool(gan)), matching=(1, Matched(critic)), cycle=(10, Cycle()), identity=(10, Identity()),
                interpolation=(10, Interpolated(critic, False))),
                chained=("adversarial", "matching", "cycle")),
        ),
        destination=to_labels(space),
    )  # fmt: skip
