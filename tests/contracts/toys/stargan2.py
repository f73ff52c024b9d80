"""A toy of StarGAN v2 (arXiv 1912.01865): styles from noise and from reference images, a branch a domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contracts.toys.pieces import ADAM, painter, reader
from viceversa.domains import Domain, Example, Space
from viceversa.draws import Draws
from viceversa.gan import NonSaturating
from viceversa.journey import Journey, Judgment
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import Cycle
from viceversa.losses.penalties import R1
from viceversa.method import Method, Optimizer, Phase
from viceversa.networks.blocks import with_planes
from viceversa.objective import Objective
from viceversa.plans import Batch, Need
from viceversa.schedules import fading


class Styled(nn.Module):
    """G(x, s_target)."""

    def __init__(self) -> None:
        super().__init__()
        self.network = painter(3 + 4, 3)

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.network(with_planes(image, target.style))


class Branches(nn.Module):
    """A network with an output of `width` for each domain; the label picks one."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.width = body, width

    def forward(self, inputs: Tensor, label: Tensor) -> Tensor:
        return (self.body(inputs).unflatten(1, (-1, self.width)) * label[:, :, None]).sum(1)


class BranchedCritic(nn.Module):
    def __init__(self, space: Space) -> None:
        super().__init__()
        self.branches = Branches(reader(3, space.label_width), 1)

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        return Judgment(self.branches(image, domain.label))


@dataclass(frozen=True, eq=False)
class Codes:
    """Journeys whose targets carry styles: drawn codes, or read from a reference; home is styled by the source itself."""

    translate: nn.Module
    discriminate: nn.Module
    encoder: Branches
    style: Callable[[int, Batch, Draws], Callable[[Tensor], Tensor]]
    needs: tuple[Need, ...] = (Need("real", "photos"), Need("first", "photos"), Need("second", "photos"))

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        real, label = batch["real"], batch["first"].domain.label
        home = replace(real.domain, style=lambda image: self.encoder(real.image, real.domain.label))

        def route(number: int) -> Domain:
            return Domain(real.domain.space, label, self.style(number, batch, draws))

        return [Journey(Example(real.image, home), route, translate=self.translate, discriminate=self.discriminate, draws=draws)]


@dataclass(frozen=True)
class StyleReconstruction:
    encoder: Branches

    def __call__(self, journey: Journey) -> Tensor:
        read = self.encoder(journey.translated, journey.target.label)
        return F.l1_loss(read, journey.entered(journey.target).style)


@dataclass(frozen=True)
class Diversity:
    """-L1(G(x, s), sg G(x, s')) for a second style of the same domain."""

    second: Callable[[Journey], Tensor]

    def __call__(self, journey: Journey) -> Tensor:
        other = Domain(journey.target.space, journey.target.label, lambda image: self.second(journey))
        return -F.l1_loss(journey.translated, journey.visit(other, graph=False))


def stargan2(space: Space) -> Method:
    generator, critic = Styled(), BranchedCritic(space)
    mapping, encoder = Branches(nn.Linear(2, 4 * space.label_width), 4), Branches(reader(3, 4 * space.label_width), 4)

    def latent(number: int, batch: Batch, draws: Draws) -> Callable[[Tensor], Tensor]:
        code, label = draws.normal(f"code {number}", batch["first"].image, 2), batch["first"].domain.label
        return lambda image: mapping(code, label)

    def reference(number: int, batch: Batch, draws: Draws) -> Callable[[Tensor], Tensor]:
        return lambda image: encoder(batch["first"].image, batch["first"].domain.label)

    def second_code(journey: Journey) -> Tensor:
        return mapping(journey.draws.normal("second code", journey.image, 2), journey.target.label)

    noise, pictures = Codes(generator, critic, encoder, latent), Codes(generator, critic, encoder, reference)
    gan = NonSaturating()
    judging = Objective(adversarial=(1, Discriminate(gan)), penalty=(1, R1()))
    drawing = Objective(
        adversarial=(1, Fool(gan)), style=(1, StyleReconstruction(encoder)), cycle=(1, Cycle()),
        diversity=(fading(1.0), Diversity(second_code)),
    )  # fmt: skip
    chained = ("adversarial", "style", "cycle")
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "mapping": mapping, "encoder": encoder, "discriminator": critic}),
        optimizers=dict.fromkeys(("generator", "encoder", "discriminator"), ADAM) | {"mapping": Optimizer(1e-5)},
        phases=(
            Phase("discriminator latent", learns=("discriminator",), plan=noise, objective=judging),
            Phase("discriminator reference", learns=("discriminator",), plan=pictures, objective=judging),
            Phase("latent", learns=("generator", "mapping", "encoder"), plan=noise, objective=drawing, chained=chained),
            Phase("reference", learns=("generator",), plan=pictures, objective=drawing, chained=chained),
        ),
        destination=lambda request: Domain(
            "photos", request.label, lambda image: mapping(torch.zeros(len(image), 2), request.label)),
        averaged=("generator", "mapping", "encoder"),
    )  # fmt: skip
