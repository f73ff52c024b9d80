"""DIAT-like: one-way translation that adds an attribute and keeps the person's identity (docs/methods.md).

For x without the attribute, y with it, and features phi_l of layer l of L in D:

    L_G = softplus(-D(T(x))) + 1/L sum_l mean (phi_l(T(x)) - sg phi_l(x))^2 + 1e-5 TV(T(x))
    L_D = softplus(-D(y)) + softplus(D(T(x)))
    TV(x) = the sum of squared differences of neighboring pixels, averaged over the batch

The generator is updated first, then the discriminator on the same generated images. No official code was found, and the paper has
two versions. The first has an identity loss on a face network, and an enhancement network. The second has
T(x) = x (1 - m) + m y, a Wasserstein loss, another identity loss on the discriminator's features ("adaptive"), and two
regularizers. This module has what both share, the adaptive loss, which needs no pretrained weights, and the mask. All weights, the
learning rate and the discriminator are our own choices: hence "DIAT-like".

@article{li2016diat, title={Deep Identity-aware Transfer of Facial Attributes}, author={Li, Mu and Zuo, Wangmeng and Zhang, David},
year={2016}, eprint={1610.05586}}
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.journey import Journey
from viceversa.core.method import Method, Optimizer, Phase, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.plans import OneWay
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.gan import NonSaturating
from viceversa.losses.variation import variation
from viceversa.networks.adapters import Single
from viceversa.networks.blocks import check_multiple
from viceversa.networks.diat import MaskedTransform, SeeingDiscriminator
from viceversa.networks.generators import GENERATOR, GENERATORS, GeneratorName, OfLabels, generator_named


class DIAT(BaseModel):
    """Settings of DIAT. In Python, DIAT() has the number of blocks of the paper; the other defaults are our own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["diat"]]] = "diat"
    form: Literal["plain", "masked"] = Field(
        "masked", description="plain makes the whole image, masked only what a mask selects; generators masked and resunet have one"
    )
    generator: GeneratorName = Field("resnet", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(5, gt=0, le=256, description="number of residual blocks of the generator")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    identity: float = Field(1.0, ge=0, description="weight of the identity loss")
    variation: float = Field(1e-5, ge=0, description="weight of the total variation loss")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam")


def same_features(journey: Journey) -> Tensor:
    """Return 1/L sum_l mean (phi_l(T(x)) - sg phi_l(x))^2: the discriminator should see the same person. It does not update D."""
    before, after = journey.judge().features, journey.judge(journey.target).features
    losses = [F.mse_loss(made, real.detach()) for real, made in zip(before, after, strict=True)]
    return torch.stack(losses).mean()


def build(space: Space, settings: DIAT = DIAT(), *, decay: Schedule = linear_decay) -> Method:
    """Build DIAT-like from the first of two spaces to the second. Both have the same channels and size."""
    first, second = space.pair
    spec = space.images[second]
    if space.images[first].shape != spec.shape:
        shapes = " and ".join("x".join(map(str, space.images[name].shape)) for name in (first, second))
        raise UsageError(f"DIAT compares an image with its translation: both spaces need the same channels and size, not {shapes}.")
    check_multiple(spec.height, spec.width, 4)
    entry = GENERATORS[settings.generator]
    masked = settings.form == "masked" and not (isinstance(entry, OfLabels) and entry.keeps)
    made = replace(spec, channels=spec.channels + 1) if masked else spec
    network = generator_named(settings.generator, spec, made, width=settings.width, blocks=settings.blocks)
    network = MaskedTransform(network, spec.channels) if masked else network
    translator, critic = Single(network, spec.channels), SeeingDiscriminator(spec, width=settings.critic_width)
    plan, gan = OneWay(space, translate=translator, discriminate=critic), NonSaturating()
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generator": translator, "discriminator": critic}),
        optimizers={"generator": adam, "discriminator": adam},
        phases=(
            Phase("generator", learns=("generator",), plan=plan, objective=Objective(
                adversarial=(1, Fool(gan)), identity=(settings.identity, same_features),
                variation=(settings.variation, variation))),
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)))),
        ),
        destination=to_spaces,
        averaged=("generator",),
        returns=False,
    )  # fmt: skip
