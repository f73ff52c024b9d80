"""CycleGAN: unpaired translation between two spaces, each with a generator and a discriminator (docs/methods.md).

    L_G = sum over both ways of (D(T(x)) - 1)^2 + 10 L1(T(T(x)), x) + 5 L1(T(x, X -> X), x)
    L_D = 1/2 [(D(y) - 1)^2 + D(pool(T(x)))^2]

The generators are updated first, then the discriminators on the same generated images. Our own: spaces with different sizes (`fit`)
or channels, `luminance`, and the chain of the multicyclic loss: there, back, there.

@inproceedings{zhu2017unpaired, title={Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks},
author={Zhu, Jun-Yan and Park, Taesung and Isola, Phillip and Efros, Alexei A}, booktitle={ICCV}, year={2017},
eprint={1703.10593}}
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, cast

from pydantic import ConfigDict, Field
from torch import nn
from tyro.conf import Fixed, Suppress

from viceversa.core.method import Method, Optimizer, Phase, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.optional import optional
from viceversa.core.plans import BackAndForth
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import ImageSpec, Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.adversarial import Discriminate, Fool, ImagePool
from viceversa.losses.cycle import BySource, Identity, ReturnedCycle
from viceversa.losses.differentiable_augmentation import DifferentiableAugmentation
from viceversa.losses.gan_settings import CriticSettings, DescribedGan, adversary_of
from viceversa.losses.geometry import Geometry
from viceversa.losses.likeness import Likeness, Polarity
from viceversa.networks.adapters import Fit, PerSpace, PerTarget, by_space, canvas_of, luminance, stretched
from viceversa.networks.generators import GENERATOR, GeneratorName, generator_named
from viceversa.networks.patch import check_patches, patch_discriminator
from viceversa.networks.projected import projected_discriminators


class CycleGAN(CriticSettings):
    """Settings of CycleGAN. Each recipe has its own defaults. In Python, CycleGAN() has the defaults of the official code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["cyclegan"]]] = "cyclegan"
    generator: GeneratorName = Field("resnet", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generators' first layer")
    blocks: int = Field(9, gt=0, le=256, description="number of residual blocks of a generator; 6 at 128 px in the paper")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminators' first layer")
    critic_layers: int = Field(3, gt=0, le=16, description="downsampling layers; 1 to 4 layers judge patches of 16, 34, 70, 142 px")
    gan: DescribedGan = "least-squares"
    cycle: float = Field(10.0, ge=0, description="weight of the cycle loss")
    cycle_back: Annotated[float | None, optional("X")] = Field(
        None, ge=0, description="weight of the cycle loss for images of the second space; by default the same as for the first"
    )
    identity: float = Field(0.5, ge=0, description="weight of the identity loss, relative to the cycle loss")
    luminance: float = Field(0.0, ge=0, description="weight of an identity loss on luminance, if channels differ")
    geometry: float = Field(
        0.0, ge=0, description="weight of geometry consistency: mirrored and turned images are translated alike"
    )
    likeness: float = Field(0.0, ge=0, description="weight of likeness: a translation's luminance correlates with the source's")
    likeness_back: Annotated[float | None, optional("X")] = Field(
        None, ge=0, description="weight of the likeness for images of the second space; by default the same as for the first"
    )
    polarity: float = Field(
        0.0, ge=0, description="weight of polarity: images of the second space and inverted ones are translated alike"
    )
    pool: int = Field(50, ge=0, le=100_000, description="generated images kept to train the discriminators; 0: none")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam")
    fit: Fit = Field("resize", description="how generators change the size between spaces; valid_conv changes it by up to 6 px")


def build(space: Space, settings: CycleGAN = CycleGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build CycleGAN between two spaces, whose channels and sizes may differ."""
    first, second = space.pair
    sources = {first: second, second: first}
    generators = by_space({target: _generator(space, source, target, settings) for target, source in sources.items()})
    translator, critic = (
        PerTarget(generators, space.images, sources, settings.fit),
        PerSpace(by_space(_discriminators(space, settings))),
    )
    adversary = adversary_of(settings)
    augment = DifferentiableAugmentation(settings.critic_augment)
    plan = BackAndForth(space, translate=translator, discriminate=critic, augment=augment)
    gan, pool = adversary.gan, ImagePool(settings.pool)
    if settings.luminance and not translator.takes_own(first):
        raise UsageError(f"luminance={settings.luminance} needs generators that accept both image sizes: set fit=resize.")
    share, same = (settings.identity, Identity()) if translator.keeps_channels(first) else (settings.luminance, Identity(luminance))
    cycle = BySource.of(space.pair, settings.cycle, settings.cycle_back, ReturnedCycle())
    alike = Likeness(lambda image, _: luminance(image), unsigned=(second,) if settings.polarity else ())
    likeness = BySource.of(space.pair, settings.likeness, settings.likeness_back, alike)
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generators": translator, "discriminators": critic}),
        optimizers={"generators": adam, "discriminators": adversary.optimizer(adam, settings.critic_learning_rate)},
        phases=(
            Phase("generators", learns=("generators",), plan=plan, objective=Objective(
                adversarial=(settings.adversarial, Fool(gan)), cycle=(1, cycle), identity=(settings.cycle * share, same),
                geometry=(settings.geometry, Geometry()), polarity=(settings.polarity, Polarity(second)),
                likeness=(float(any(likeness.weights.values())), likeness)),
                chained=("adversarial", "cycle")),
            Phase("discriminators", learns=("discriminators",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan, pool)), **adversary.penalty)),
        ),
        destination=to_spaces,
        averaged=("generators",),
        memory={"pool": pool},
    )  # fmt: skip


def _discriminators(space: Space, settings: CycleGAN) -> dict[str, nn.Module]:
    """Return a discriminator for each space."""
    if settings.critic == "projected":
        return projected_discriminators(space.images, size=settings.critic_size, width=settings.critic_width)
    for spec in space.images.values():
        check_patches(spec.height, spec.width, settings.critic_layers)
    width, layers = settings.critic_width, settings.critic_layers
    return {name: patch_discriminator(spec.channels, width=width, layers=layers) for name, spec in space.images.items()}


def _generator(space: Space, source: str, target: str, settings: CycleGAN) -> nn.Module:
    """Return the generator into one of the spaces. Valid convolutions change the size; otherwise images have a common canvas."""
    here, there = space.images[source], space.images[target]
    canvas = canvas_of(space.images)
    before, after = (ImageSpec(spec.channels, *canvas) for spec in (here, there))
    network = generator_named(settings.generator, before, after, width=settings.width, blocks=settings.blocks)
    if settings.fit != "valid_conv":
        return network
    if settings.generator != "resnet":
        raise UsageError(f"fit=valid_conv needs the generator resnet, not {settings.generator}: set fit=resize.")
    return stretched(cast(nn.Sequential, network), here, there, canvas)
