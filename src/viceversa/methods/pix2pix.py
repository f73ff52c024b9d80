"""pix2pix: one-way translation from image pairs; the discriminator sees source and result together (docs/methods.md).

For pairs (x, y):

    L_D = 1/2 [BCE(D(x, y), 1) + BCE(D(x, T(x)), 0)]
    L_G = BCE(D(x, T(x)), 1) + 100 L1(T(x), y)

The loss and its weights are as recalled from the official code, whose networks ran beside these. The discriminator is updated
first. Because it learns from pairs, it is an upper bound for methods without pairs. Jitter moves both images of a pair alike.

@inproceedings{isola2017image, title={Image-to-Image Translation with Conditional Adversarial Networks}, author={Isola, Phillip
and Zhu, Jun-Yan and Zhou, Tinghui and Efros, Alexei A}, booktitle={CVPR}, year={2017}, eprint={1611.07004}}
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch.nn.functional as F
from pydantic import ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.journey import Journey
from viceversa.core.method import Method, Optimizer, Phase, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.plans import Pairs
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import ImageSpec, Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.differentiable_augmentation import DifferentiableAugmentation
from viceversa.losses.gan_settings import CriticSettings, DescribedGan, adversary_of
from viceversa.networks.adapters import Single
from viceversa.networks.blocks import instance_norm
from viceversa.networks.generators import BLOCKS, GENERATOR, GeneratorName, generator_named
from viceversa.networks.patch import check_patches, patch_discriminator
from viceversa.networks.projected import ProjectedDiscriminator, Projection


class Pix2Pix(CriticSettings):
    """Settings of Pix2Pix. Each recipe has its own defaults. In Python, Pix2Pix() has the defaults of the official code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "pairs"

    kind: Suppress[Fixed[Literal["pix2pix"]]] = "pix2pix"
    gan: DescribedGan = "non-saturating"
    generator: GeneratorName = Field("unet", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(9, gt=0, le=256, description=BLOCKS)
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    critic_layers: int = Field(3, gt=0, le=16, description="downsampling layers; 1 to 4 layers judge patches of 16, 34, 70, 142 px")
    distance: float = Field(100.0, ge=0, description="weight of the L1 distance to the target")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam")


def distance(journey: Journey) -> Tensor:
    """Distance to the paired image: L1(T(x), y)."""
    return F.l1_loss(journey.translated, journey.examples[0].image)


def build(space: Space, settings: Pix2Pix = Pix2Pix(), *, decay: Schedule = linear_decay) -> Method:
    """Build pix2pix from the first of two spaces to the second. Both have the same size, with sides that are powers of 2."""
    first, second = (space.images[name] for name in space.pair)
    if first.shape[1:] != second.shape[1:]:
        raise UsageError(f"pix2pix takes pairs of one size, not {first.width}x{first.height} and {second.width}x{second.height}.")
    network = generator_named(settings.generator, first, second, width=settings.width, blocks=settings.blocks)
    translator = Single(network, first.channels)
    adversary = adversary_of(settings)
    critic = _discriminator(first, second, settings, penalized=bool(adversary.penalty))
    augment = DifferentiableAugmentation(settings.critic_augment, (first.channels, second.channels))
    plan = Pairs(space, translate=translator, critic=critic, augment=augment)
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generator": translator, "discriminator": critic}),
        optimizers={"generator": adam, "discriminator": adversary.optimizer(adam, settings.critic_learning_rate)},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(0.5, Discriminate(adversary.gan)), **adversary.penalty_times(0.5))),
            Phase("generator", learns=("generator",), plan=plan, objective=Objective(
                adversarial=(settings.adversarial, Fool(adversary.gan)), distance=(settings.distance, distance))),
        ),
        destination=to_spaces,
        averaged=("generator",),
        returns=False,
    )  # fmt: skip


def _discriminator(first: ImageSpec, second: ImageSpec, settings: Pix2Pix, *, penalized: bool) -> nn.Module:
    """Return the discriminator of an image pair, concatenated along channels.

    If gradients are penalized, it has no batch norm, with which the score of one image would depend on others.
    """
    channels, width = (first.channels, second.channels), settings.critic_width
    if settings.critic == "projected":
        return ProjectedDiscriminator(Projection(settings.critic_size), channels, width=width)
    check_patches(first.height, first.width, settings.critic_layers)
    norm = instance_norm if penalized else nn.BatchNorm2d
    return patch_discriminator(sum(channels), width=width, layers=settings.critic_layers, norm=norm)
