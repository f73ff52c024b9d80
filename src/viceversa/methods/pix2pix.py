"""pix2pix: one way between two spaces of pairs, whose discriminator sees source and result together (docs/methods.md).

For pairs (x, y):

    L_D = 1/2 [BCE(D(x, y), 1) + BCE(D(x, T(x)), 0)]
    L_G = BCE(D(x, T(x)), 1) + 100 L1(T(x), y)

The discriminator learns first. With pairs to learn from it is the ceiling for methods without. Jitter moves both images of a pair
alike.

@inproceedings{isola2017image, title={Image-to-Image Translation with Conditional Adversarial Networks}, author={Isola, Phillip
and Zhu, Jun-Yan and Zhou, Tinghui and Efros, Alexei A}, booktitle={CVPR}, year={2017}, eprint={1611.07004}}
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

from viceversa.domains import Space
from viceversa.draws import Draws
from viceversa.errors import UsageError
from viceversa.gan import NonSaturating
from viceversa.method import Method, Optimizer, Phase, Takes, to_spaces
from viceversa.networks.adapters import Single
from viceversa.networks.patch import check_patches, patch_discriminator
from viceversa.networks.unet import UNet
from viceversa.objective import Objective
from viceversa.plans import Batch, Need
from viceversa.schedules import Schedule, linear_decay


class Pix2Pix(BaseModel):
    """Settings; the defaults are the official code's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "pairs"

    kind: Suppress[Fixed[Literal["pix2pix"]]] = "pix2pix"
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    critic_layers: int = Field(3, gt=0, le=16, description="receptive field of a patch: 16, 34, 70, 142 px for 1 to 4")
    distance: float = Field(100.0, ge=0, description="weight of L1(T(x), y)")
    learning_rate: float = Field(2e-4, gt=0, description="Adam's rate, for both networks")


@dataclass(frozen=True, eq=False)
class Pair:
    """x, y, and T(x), made once a phase."""

    source: Tensor
    wanted: Tensor
    network: UNet
    graph: bool = True

    def begin(self, graph: bool) -> Pair:
        return replace(self, graph=graph)

    @cached_property
    def made(self) -> Tensor:
        with torch.set_grad_enabled(self.graph):
            return self.network(self.source)  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Pairs:
    """The plan: both images of each pair."""

    space: Space
    network: UNet

    @property
    def needs(self) -> tuple[Need, ...]:
        first, second = self.space.pair
        return Need(first, first), Need(second, second, beside=first)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Pair]:
        source, wanted = (batch[name].image for name in self.space.pair)
        return [Pair(source, wanted, self.network)]


def distance(pair: Pair) -> Tensor:
    """L1(T(x), y)."""
    return F.l1_loss(pair.made, pair.wanted)


def build(space: Space, settings: Pix2Pix = Pix2Pix(), *, decay: Schedule = linear_decay) -> Method:
    """pix2pix from the first of two spaces to the second, of one size, whose sides are powers of 2."""
    first, second = (space.images[name] for name in space.pair)
    if first.shape[1:] != second.shape[1:]:
        raise UsageError(f"pix2pix takes pairs of one size, not {first.width}x{first.height} and {second.width}x{second.height}.")
    check_patches(first.height, first.width, settings.critic_layers)
    network = UNet(first.channels, second, width=settings.width)
    translator = Single(network)
    critic = patch_discriminator(
        first.channels + second.channels, width=settings.critic_width, layers=settings.critic_layers, norm=nn.BatchNorm2d
    )
    plan, gan, adam = Pairs(space, network), NonSaturating(), Optimizer(settings.learning_rate, schedule=decay)

    def judge(pair: Pair) -> Tensor:
        real, made = (critic(torch.cat([pair.source, image], 1)) for image in (pair.wanted, pair.made.detach()))
        return gan.real(real) + gan.fake(made)

    def fool(pair: Pair) -> Tensor:
        return gan.generator(critic(torch.cat([pair.source, pair.made], 1)))

    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generator": translator, "discriminator": critic}),
        optimizers={"generator": adam, "discriminator": adam},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(adversarial=(0.5, judge))),
            Phase("generator", learns=("generator",), plan=plan, objective=Objective(
                adversarial=(1, fool), distance=(settings.distance, distance))),
        ),
        destination=to_spaces,
        returns=False,
    )  # fmt: skip
