"""IcGAN: a conditional GAN, and encoders that invert it; an edit is G(E_z(x), c) (docs/methods.md).

For x with label c_x, labels c of other images, wrong labels c' != c_x, and z ~ N(0, 1):

    L_D = BCE(D(x, c_x), 1) + 1/2 BCE(D(x, c'), 0) + 1/2 BCE(D(G(z, c), c), 0),    L_G = BCE(D(G(z, c), c), 1)
    L_Ez = mean (E_z(G(z, c)) - z)^2,    L_Ey = mean (E_y(x) - c_x)^2  with labels of -1 and 1

The conditional GAN is trained in the first part of the training, 25 of 40 epochs in the paper, and the encoders in the rest. E_y
reads the label of an image without a known label; here all labels are known, so the translation does not need it. z keeps little of
the person's identity: the method serves as a baseline.

@inproceedings{perarnau2016invertible, title={Invertible Conditional {GANs} for Image Editing}, author={Perarnau, Guim and van de
Weijer, Joost and Raducanu, Bogdan and {\\'A}lvarez, Jose M.}, booktitle={NIPS Workshop on Adversarial Training}, year={2016},
eprint={1611.06355}}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.domains import Domain, Example, label_of
from viceversa.core.draws import Draws
from viceversa.core.method import Method, Optimizer, Phase, to_labels
from viceversa.core.objective import Objective
from viceversa.core.plans import Batch, Need, relabeled
from viceversa.core.schedules import Schedule, early, linear_decay, otherwise
from viceversa.core.space import Space, Takes
from viceversa.losses.gan import NonSaturating
from viceversa.networks.icgan import Decoder, PairDiscriminator, encoder


class IcGAN(BaseModel):
    """Settings of IcGAN. Each recipe has its own defaults. In Python, IcGAN() has the defaults of the authors' code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"

    kind: Suppress[Fixed[Literal["icgan"]]] = "icgan"
    gan_share: float = Field(
        0.625, gt=0, lt=1, description="fraction of the training in which the GAN learns; the encoders learn in the rest of it"
    )
    width: int = Field(64, gt=0, le=4096, description="channels of the GAN's outer layers")
    encoder_width: int = Field(32, gt=0, le=4096, description="channels of the encoders' first layers")
    hidden: int = Field(512, gt=0, le=8192, description="width of the encoders' hidden layers")
    latent: int = Field(100, gt=0, le=4096, description="length of a latent code")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam; half of it for the encoders")


class Inverting(nn.Module):
    """The translator: G(E_z(x), c_target)."""

    def __init__(self, decoder: Decoder, code_of: nn.Module) -> None:
        super().__init__()
        self.decoder, self.code_of = decoder, code_of

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        assert target.label is not None
        return self.decoder(self.code_of(image), target.label)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Drawn:
    """Real images, and images decoded from random codes for other labels, made once in each phase."""

    real: Example
    wanted: Tensor
    wrong: Tensor
    code: Tensor
    decoder: Decoder
    graph: bool = True

    def begin(self, graph: bool) -> Drawn:
        return replace(self, graph=graph)

    @cached_property
    def made(self) -> Tensor:
        """G(z, c)."""
        with torch.set_grad_enabled(self.graph):
            return self.decoder(self.code, self.wanted)  # type: ignore[no-any-return]

    @property
    def label(self) -> Tensor:
        """c_x."""
        return label_of(self.real.domain)


@dataclass(frozen=True, eq=False)
class Draw:
    """Plan of codes from a normal distribution, and labels of the batch in two other orders."""

    space: Space
    decoder: Decoder
    latent: int

    @property
    def needs(self) -> tuple[Need, ...]:
        return (Need("real", self.space.only),)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Drawn]:
        real = batch["real"]
        wanted, wrong = (label_of(relabeled(real, name, draws)) for name in ("wanted", "wrong"))
        return [Drawn(real, wanted, wrong, draws.normal("code", real.image, self.latent), self.decoder)]


@dataclass(frozen=True)
class TellPairs:
    """Discriminator loss L_D. A wrong label that equals the right one is ignored."""

    critic: PairDiscriminator

    def __call__(self, drawn: Drawn) -> Tensor:
        gan, image = NonSaturating(), drawn.real.image
        wrong = (drawn.wrong != drawn.label).any(1)
        mistaken = F.softplus(self.critic(image, drawn.wrong).flatten(1).mean(1)) * wrong
        fakes = mistaken.sum() / wrong.sum().clamp(min=1) + gan.fake(self.critic(drawn.made.detach(), drawn.wanted))
        return gan.real(self.critic(image, drawn.label)) + 0.5 * fakes


def build(space: Space, settings: IcGAN = IcGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build IcGAN on one space of labeled images, whose sides are 4 px times a power of 2."""
    space.check_labels("IcGAN")
    spec, width = space.images[space.only], space.label_width
    decoder = Decoder(spec, width, latent=settings.latent, width=settings.width)
    critic = PairDiscriminator(spec, width, width=settings.width)
    code_of, label_of = (
        encoder(spec, outputs, width=settings.encoder_width, hidden=settings.hidden) for outputs in (settings.latent, width)
    )
    plan, adam = Draw(space, decoder, settings.latent), Optimizer(settings.learning_rate, schedule=decay)

    def fool(drawn: Drawn) -> Tensor:
        return NonSaturating().generator(critic(drawn.made, drawn.wanted))

    def codes(drawn: Drawn) -> Tensor:
        return F.mse_loss(code_of(drawn.made.detach()), drawn.code)

    def labels(drawn: Drawn) -> Tensor:
        return F.mse_loss(label_of(drawn.real.image), 2 * drawn.label - 1)

    first, inverting = early(settings.gan_share), replace(adam, lr=adam.lr / 2, betas=(0.1, 0.999))
    return Method(
        translator=Inverting(decoder, code_of),
        networks=nn.ModuleDict({"decoder": decoder, "discriminator": critic, "codes": code_of, "labels": label_of}),
        optimizers={"decoder": adam, "discriminator": adam, "codes": inverting, "labels": inverting},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, when=first,
                  objective=Objective(adversarial=(1, TellPairs(critic)))),
            Phase("decoder", learns=("decoder",), plan=plan, when=first, objective=Objective(adversarial=(1, fool))),
            Phase("encoders", learns=("codes", "labels"), plan=plan, when=otherwise(first),
                  objective=Objective(codes=(1, codes), labels=(1, labels))),
        ),
        destination=to_labels(space),
    )  # fmt: skip
