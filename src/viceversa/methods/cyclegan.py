"""CycleGAN: two spaces, a generator into each and a discriminator of each (docs/methods.md).

    L_G = sum over both ways of (D(T(x)) - 1)^2 + 10 L1(T(T(x)), x) + 5 L1(T(x, X -> X), x)
    L_D = 1/2 [(D(y) - 1)^2 + D(pool(T(x)))^2]

The generators learn first, then the discriminators, from the images that the generators were trained on.

@inproceedings{zhu2017unpaired, title={Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks},
author={Zhu, Jun-Yan and Park, Taesung and Isola, Phillip and Efros, Alexei A}, booktitle={ICCV}, year={2017},
eprint={1703.10593}}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.domains import Space
from viceversa.gan import LeastSquares
from viceversa.journey import Journey
from viceversa.losses.adversarial import Discriminate, Fool, ImagePool
from viceversa.losses.cycle import Identity, returned
from viceversa.method import Method, Optimizer, Phase, Takes, to_spaces
from viceversa.networks.adapters import Fit, PerSpace, PerTarget, by_space, canvas_of, stretched
from viceversa.networks.patch import check_patches, patch_discriminator
from viceversa.networks.resnet import resnet_generator
from viceversa.objective import Objective
from viceversa.plans import BackAndForth
from viceversa.schedules import Schedule, linear_decay


class CycleGAN(BaseModel):
    """Settings; the defaults are the official code's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["cyclegan"]]] = "cyclegan"

    width: int = Field(64, gt=0, le=4096, description="channels of the generators' first layer")
    blocks: int = Field(9, gt=0, le=256, description="residual blocks of a generator; the paper has 6 at 128 px")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminators' first layer")
    critic_layers: int = Field(3, gt=0, le=16, description="receptive field of a patch: 16, 34, 70, 142 px for 1 to 4")
    cycle: float = Field(10.0, ge=0, description="weight of the cycle loss")
    identity: float = Field(0.5, ge=0, description="weight of the identity loss, times the cycle's; off where channels differ")
    pool: int = Field(50, ge=0, le=100_000, description="generated images kept for the discriminators; 0 turns the pool off")
    learning_rate: float = Field(2e-4, gt=0, description="Adam's rate, for all networks")
    fit: Fit = Field("resize", description="how two sizes are brought together; valid_conv: by the convolutions, up to 6 px")


@dataclass(frozen=True)
class ReturnedCycle:
    """L1(T(X_i), x) where X_i is in the other space, L1(X_i, x) where the walk has just come home.

    There is no generator from a space to itself; so the chain x -> Y -> X -> Y compares what it has.
    """

    def __call__(self, journey: Journey) -> Tensor:
        return F.l1_loss(returned(journey), journey.image)


def build(space: Space, settings: CycleGAN = CycleGAN(), *, decay: Schedule = linear_decay) -> Method:
    """CycleGAN between two spaces, whose channels and sizes may differ."""
    first, second = space.pair
    for spec in space.images.values():
        check_patches(spec.height, spec.width, settings.critic_layers)
    sources = {first: second, second: first}
    generators = by_space({target: _generator(space, source, target, settings) for target, source in sources.items()})
    discriminators = by_space({
        name: patch_discriminator(spec.channels, width=settings.critic_width, layers=settings.critic_layers)
        for name, spec in space.images.items()
    })  # fmt: skip
    translator, critic = PerTarget(generators, space.images, sources, settings.fit), PerSpace(discriminators)
    plan, gan, pool = BackAndForth(space, translate=translator, discriminate=critic), LeastSquares(), ImagePool(settings.pool)
    identity = settings.cycle * settings.identity * translator.keeps_channels(first)
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generators": translator, "discriminators": critic}),
        optimizers={"generators": adam, "discriminators": adam},
        phases=(
            Phase("generators", learns=("generators",), plan=plan, objective=Objective(
                adversarial=(1, Fool(gan)), cycle=(settings.cycle, ReturnedCycle()), identity=(identity, Identity())),
                chained=("adversarial", "cycle")),
            Phase("discriminators", learns=("discriminators",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan, pool)))),
        ),
        destination=to_spaces,
        memory={"pool": pool},
    )  # fmt: skip


def _generator(space: Space, source: str, target: str, settings: CycleGAN) -> nn.Sequential:
    """The generator into one of the spaces."""
    here, there = space.images[source], space.images[target]
    network = resnet_generator(here.channels, there.channels, width=settings.width, blocks=settings.blocks)
    return stretched(network, here, there, canvas_of(space.images)) if settings.fit == "valid_conv" else network
