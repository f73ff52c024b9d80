"""A toy of IcGAN (arXiv 1611.06355): a decoder of labels and codes, inverted by an encoder that learns later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from contracts.toys.pieces import ADAM, reader
from viceversa.domains import Domain, Example, Space
from viceversa.draws import Draws
from viceversa.gan import NonSaturating
from viceversa.method import Method, Phase, to_labels
from viceversa.networks.blocks import with_planes
from viceversa.objective import Objective
from viceversa.plans import Batch, Need, relabeled


class Inverting(nn.Module):
    """G(E(x), c_target)."""

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.decoder = nn.Sequential(nn.Linear(4 + space.label_width, 3 * 8 * 8), nn.Tanh(), nn.Unflatten(1, (3, 8, 8)))
        self.encoder = reader(3, 4)

    def decode(self, code: Tensor, label: Tensor) -> Tensor:
        return self.decoder(torch.cat([code, label], 1))

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return self.decode(self.encoder(image), target.label)


@dataclass(frozen=True, eq=False)
class Generated:
    real: Example
    wanted: Tensor
    code: Tensor
    inverting: Inverting

    def begin(self, graph: bool) -> Generated:
        return self

    def fake(self) -> Tensor:
        return self.inverting.decode(self.code, self.wanted)


@dataclass(frozen=True, eq=False)
class Drawn:
    inverting: Inverting
    needs: tuple[Need, ...] = (Need("real", "photos"),)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Generated]:
        real = batch["real"]
        return [Generated(real, relabeled(real, "wanted", draws).label, draws.normal("code", real.image, 4), self.inverting)]


def icgan(space: Space) -> Method:
    inverting, critic = Inverting(space), reader(3 + space.label_width, 1)
    plan, gan = Drawn(inverting), NonSaturating()

    def judge(image: Tensor, label: Tensor) -> Tensor:
        return critic(with_planes(image, label))

    def discriminate(subject: Generated) -> Tensor:
        image, label = subject.real.image, subject.real.domain.label
        fakes = gan.fake(judge(image, label.roll(1, 0))) + gan.fake(judge(subject.fake().detach(), subject.wanted))
        return gan.real(judge(image, label)) + 0.5 * fakes

    def fool(subject: Generated) -> Tensor:
        return gan.generator(judge(subject.fake(), subject.wanted))

    def invert(subject: Generated) -> Tensor:
        return F.mse_loss(inverting.encoder(subject.fake().detach()), subject.code)

    def early(step: int) -> bool:
        return step < 2

    def late(step: int) -> bool:
        return step >= 2

    return Method(
        translator=inverting,
        networks=nn.ModuleDict({"decoder": inverting.decoder, "encoder": inverting.encoder, "discriminator": critic}),
        optimizers=dict.fromkeys(("decoder", "encoder", "discriminator"), ADAM),
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, when=early,
                  objective=Objective(adversarial=(1, discriminate))),
            Phase("decoder", learns=("decoder",), plan=plan, when=early, objective=Objective(adversarial=(1, fool))),
            Phase("encoder", learns=("encoder",), plan=plan, when=late, objective=Objective(inversion=(1, invert))),
        ),
        destination=to_labels(space),
    )  # fmt: skip
