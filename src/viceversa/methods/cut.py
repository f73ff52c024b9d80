"""CUT: one-way translation without cycles, with a contrastive loss between patches of output and source (docs/methods.md).

    L_D = 1/2 [(D(y) - 1)^2 + D(T(x))^2]
    L_G = (D(T(x)) - 1)^2 + 1/2 [NCE(x, T(x)) + NCE(y, T(y))]

NCE compares features of the generator's own encoder, at five layers, after heads that are trained too. FastCUT (`FASTCUT` below)
has no identity loss, ten times the weight of NCE, and mirrors half of the batches; their features are mirrored back. The
discriminator is updated first. If identity and mirror are both on, the code mirrors y too. Our own: between color and gray, the
encoder sees the luminance of a color image, or gray three times.

@inproceedings{park2020contrastive, title={Contrastive Learning for Unpaired Image-to-Image Translation}, author={Park, Taesung and
Efros, Alexei A and Zhang, Richard and Zhu, Jun-Yan}, booktitle={ECCV}, year={2020}, eprint={2007.15651}}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from pydantic import ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.core.method import Method, Optimizer, Phase, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.plans import Batch, Need, OneWay
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.contrast import patch_contrast
from viceversa.losses.differentiable_augmentation import DifferentiableAugmentation
from viceversa.losses.gan_settings import CriticSettings, DescribedGan, adversary_of
from viceversa.networks.adapters import PerSpace, Single, by_space, in_channels
from viceversa.networks.blocks import check_multiple
from viceversa.networks.cut import antialiased_discriminator, channels_of, features, projections
from viceversa.networks.generators import GENERATOR, GeneratorName, encoder_stages, generator_named
from viceversa.networks.patch import check_patches
from viceversa.networks.projected import projected_discriminators


class CUT(CriticSettings):
    """Settings of CUT. Each recipe has its own defaults. In Python, CUT() has the defaults of the official code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["cut"]]] = "cut"
    gan: DescribedGan = "least-squares"
    generator: GeneratorName = Field("antialiased", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(9, gt=0, le=256, description="number of residual blocks of the generator")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    critic_layers: int = Field(3, gt=0, le=16, description="number of downsampling layers of the discriminator")
    projection: int = Field(256, gt=0, le=4096, description="length of a projected feature vector")
    contrast: float = Field(1.0, ge=0, description="weight of the contrastive losses, identity included")
    identity: bool = Field(True, description="also use the contrastive loss on images of the second space")
    mirror: bool = Field(False, description="mirror a whole batch with probability 0.5, as FastCUT does")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam")


FASTCUT = CUT(contrast=10.0, identity=False, mirror=True)


@dataclass(frozen=True, eq=False)
class Mirrored:
    """A plan with the sources of half of the batches mirrored."""

    plan: OneWay

    @property
    def needs(self) -> tuple[Need, ...]:
        return self.plan.needs

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Journey]:
        first = batch[self.needs[0].name]
        start = replace(first, image=first.image.flip(3)) if is_mirrored(draws) else first
        return self.plan({**batch, self.needs[0].name: start}, draws)


def is_mirrored(draws: Draws) -> bool:
    """Return whether the sources of this step are mirrored, with probability 1/2."""
    return torch.rand((), generator=draws.generator("mirror")).item() < 0.5


@dataclass(frozen=True)
class Contrast:
    """Contrastive loss NCE(x, T(x)).

    Args:
        stages: stages of the generator whose outputs are compared.
        channels: number of channels of its input.
        mirror: whether the source may be mirrored; the keys are then features of the image before.
    """

    stages: Sequence[nn.Module]
    heads: nn.ModuleList
    channels: int
    mirror: bool = False

    def __call__(self, journey: Journey) -> Tensor:
        mirrored = self.mirror and is_mirrored(journey.draws)
        source = journey.start.flip(3) if mirrored else journey.start
        images = (in_channels(image, self.channels) for image in (journey.translated, source))
        made, keys = (features(self.stages, image) for image in images)
        queries = [each.flip(3) for each in made] if mirrored else made
        return patch_contrast(queries, keys, self.heads, journey.draws.generator("patches"))


@dataclass(frozen=True)
class OfSecond:
    """A loss on images of the second space as sources."""

    loss: Contrast

    def __call__(self, journey: Journey) -> Tensor:
        return self.loss(journey.from_example())


def build(space: Space, settings: CUT = CUT(), *, decay: Schedule = linear_decay) -> Method:
    """Build CUT from the first of two spaces to the second. Both have the same size, with sides that are multiples of 4."""
    first, second = (space.images[name] for name in space.pair)
    if first.shape[1:] != second.shape[1:]:
        raise UsageError("CUT needs two spaces of equal size: it compares an image with its translation.")
    check_multiple(first.height, first.width, 4)
    sizes = {"width": settings.width, "blocks": settings.blocks}
    network = generator_named(settings.generator, first, second, **sizes)
    stages = encoder_stages(settings.generator, network)
    translator, discriminator = Single(network, first.channels), PerSpace(by_space(_discriminators(space, settings)))
    heads = projections(channels_of(stages, first), width=settings.projection)
    augment = DifferentiableAugmentation(settings.critic_augment)
    way = OneWay(space, translate=translator, discriminate=discriminator, augment=augment)
    plan = Mirrored(way) if settings.mirror else way
    contrast = Contrast(stages, heads, first.channels, settings.mirror)
    share = settings.contrast / 2 if settings.identity else settings.contrast
    adversary = adversary_of(settings)
    gan, adam = adversary.gan, Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generator": translator, "heads": heads, "discriminator": discriminator}),
        optimizers={"generator": adam, "heads": adam, "discriminator": adversary.optimizer(adam, settings.critic_learning_rate)},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)), **adversary.penalty)),
            Phase("generator", learns=("generator", "heads"), plan=plan, objective=Objective(
                adversarial=(settings.adversarial, Fool(gan)), contrast=(share, contrast),
                identity=(share * settings.identity, OfSecond(replace(contrast, mirror=False))))),
        ),
        destination=to_spaces,
        averaged=("generator",),
        returns=False,
    )  # fmt: skip


def _discriminators(space: Space, settings: CUT) -> dict[str, nn.Module]:
    """Return a discriminator for the second space."""
    name = space.pair[1]
    spec, width = space.images[name], settings.critic_width
    if settings.critic == "projected":
        return projected_discriminators({name: spec}, size=settings.critic_size, width=width)
    check_patches(spec.height, spec.width, settings.critic_layers)
    return {name: antialiased_discriminator(spec.channels, width=width, layers=settings.critic_layers)}
