"""StarGAN: one generator and one discriminator for all labeled domains (docs/methods.md).

    L_D = E D(T(x, c)) - E D(x) + 10 GP + cls(D_cls(x), c_x)
    L_G = -E D(T(x, c)) + cls(D_cls(T(x, c)), c) + 10 L1(T(T(x, c), c_x), x)

@inproceedings{choi2018stargan, title={{StarGAN}: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image
Translation}, author={Choi, Yunjey and Choi, Minje and Kim, Munyoung and Ha, Jung-Woo and Kim, Sunghun and Choo, Jaegul},
booktitle={CVPR}, year={2018}, eprint={1711.09020}}
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field
from torch import nn
from tyro.conf import Fixed, Suppress

from viceversa.core.method import Method, Optimizer, Phase, to_labels
from viceversa.core.objective import Objective
from viceversa.core.plans import Retarget
from viceversa.core.schedules import Schedule, every, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.classification import RealLabels, TargetLabels
from viceversa.losses.cycle import Cycle, Triple
from viceversa.losses.differentiable_augmentation import DifferentiableAugmentation
from viceversa.losses.gan_settings import CriticSettings, adversary_of
from viceversa.losses.geometry import Geometry
from viceversa.networks.adapters import Classifying, Labeled
from viceversa.networks.generators import GENERATOR, GeneratorName, generator_named
from viceversa.networks.projected import ProjectedDiscriminator, Projection
from viceversa.networks.stargan import ClassifyingDiscriminator


class StarGAN(CriticSettings):
    """Settings of StarGAN. Each recipe has its own defaults. In Python, StarGAN() has the defaults of the official code, with the
    learning rate schedule of the paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"

    kind: Suppress[Fixed[Literal["stargan"]]] = "stargan"

    generator: GeneratorName = Field("label", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(6, gt=0, le=256, description="number of residual blocks of the generator")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    critic_layers: int = Field(
        0, ge=0, le=16, description="downsampling layers of the discriminator; 0: as many as leave a map of 2x2, at most 6"
    )
    critic_slope: float = Field(0.01, ge=0, lt=1, description="negative slope of the discriminator's leaky ReLUs")
    critic_bias: bool = Field(False, description="give the discriminator's two output layers a bias")
    classification: float = Field(1.0, ge=0, description="weight of the classification losses")
    cycle: float = Field(10.0, ge=0, description="weight of the cycle loss")
    triple: float = Field(0.0, ge=0, description="weight of triple consistency (arXiv 1811.03492); 0: off")
    geometry: float = Field(
        0.0, ge=0, description="weight of geometry consistency: mirrored and turned images are translated alike"
    )
    further_fakes: int = Field(0, ge=0, le=100, description="later images of the chain that the discriminator also sees as fakes")
    critic_steps: int = Field(5, gt=0, description="discriminator steps per generator step")
    learning_rate: float = Field(1e-4, gt=0, description="learning rate of Adam")
    targets: Literal["permuted", "shared"] = Field(
        "permuted",
        description="target labels; permuted: the labels of the batch in random order; shared: one label for the whole batch",
    )


def build(space: Space, settings: StarGAN = StarGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build StarGAN on one space of labeled images, whose sides are multiples of 4 and powers of 2 from 8 px."""
    spec = space.spec
    space.check_labels("StarGAN")
    network = generator_named(settings.generator, spec, spec, space.code_width, width=settings.width, blocks=settings.blocks)
    generator = Labeled(network, space)
    discriminator = Classifying(_discriminator(space, settings))
    adversary = adversary_of(settings)
    gan, shared, augment = adversary.gan, settings.targets == "shared", DifferentiableAugmentation(settings.critic_augment)
    plan = Retarget(space, translate=generator, discriminate=discriminator, shared=shared, augment=augment)
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": discriminator}),
        optimizers={"generator": adam, "discriminator": adversary.optimizer(adam, settings.critic_learning_rate)},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan, further=settings.further_fakes)),
                **adversary.penalty,
                classification=(settings.classification, RealLabels(space)))),
            Phase("generator", learns=("generator",), plan=plan, when=every(settings.critic_steps), objective=Objective(
                adversarial=(settings.adversarial, Fool(gan)),
                classification=(settings.classification, TargetLabels(space)),
                cycle=(settings.cycle, Cycle()),
                triple=(settings.triple, Triple()),
                geometry=(settings.geometry, Geometry())),
                chained=("adversarial", "classification", "cycle")),
        ),
        destination=to_labels(space),
        averaged=("generator",),
        discriminate=discriminator,
    )  # fmt: skip


def _discriminator(space: Space, settings: StarGAN) -> nn.Module:
    """Return the discriminator, with scores and class logits."""
    spec, columns, width = space.spec, space.label_width, settings.critic_width
    if settings.critic == "projected":
        return ProjectedDiscriminator(Projection(settings.critic_size), (spec.channels,), width=width, classes=columns)
    layers, slope, bias = settings.critic_layers, settings.critic_slope, settings.critic_bias
    return ClassifyingDiscriminator(spec, columns, width=width, layers=layers, slope=slope, bias=bias)
