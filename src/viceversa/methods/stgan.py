"""STGAN: the generator receives the difference of labels, and selective transfer units filter its skips (docs/methods.md).

    v = c - c_x
    L_D = E D(G(x, v)) - E D(x) + 10 GP + cls(D_cls(x), c_x)
    L_G = -E D(G(x, v)) + 10 cls(D_cls(G(x, v)), c) + 100 L1(G(x, 0), x)

cls is the mean over attributes. There is no cycle loss: the reconstruction G(x, 0) keeps the image. In a multicyclic chain, our
own, it is L1(G(X_{i-1}, 0), X_{i-1}). The code's labels are 1/2 and -1/2, ours are 1 and 0, with the same differences. The paper's
figures have differences of 1.5, more than in training: use `strength` 1.5 to get them.

@inproceedings{liu2019stgan, title={{STGAN}: A Unified Selective Transfer Network for Arbitrary Image Attribute Editing},
author={Liu, Ming and Ding, Yukang and Xia, Min and Liu, Xiao and Ding, Errui and Zuo, Wangmeng and Wen, Shilei},
booktitle={CVPR}, year={2019}, eprint={1904.09709}}
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
from viceversa.losses.cycle import Identity
from viceversa.losses.gan_settings import AdversarySettings, adversary_of
from viceversa.networks.adapters import Classifying, Relative
from viceversa.networks.generators import BLOCKS, GENERATOR, GeneratorName, generator_named
from viceversa.networks.selective import SelectiveDiscriminator


class STGAN(AdversarySettings):
    """Settings of STGAN. Each recipe has its own defaults. In Python, STGAN() has the defaults of the authors' code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"

    kind: Suppress[Fixed[Literal["stgan"]]] = "stgan"
    generator: GeneratorName = Field("selective", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(6, gt=0, le=256, description=BLOCKS)
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    classification: float = Field(10.0, ge=0, description="weight of the generator's classification loss; 1 for the discriminator")
    reconstruction: float = Field(100.0, ge=0, description="weight of the reconstruction loss")
    critic_steps: int = Field(5, gt=0, description="discriminator steps per generator step")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam; in the code, a tenth in the second half")


def build(space: Space, settings: STGAN = STGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build STGAN on one space of labeled images, whose sides can be halved to 4 px."""
    space.check_labels("STGAN")
    spec, width = space.images[space.only], space.label_width
    sizes = {"width": settings.width, "blocks": settings.blocks}
    generator = Relative(generator_named(settings.generator, spec, spec, width, **sizes))
    discriminator = Classifying(SelectiveDiscriminator(spec, width, width=settings.critic_width))
    adversary = adversary_of(settings)
    plan, gan = Retarget(space, translate=generator, discriminate=discriminator), adversary.gan
    mean = 1 / len(space.attributes)
    adam = Optimizer(settings.learning_rate, schedule=decay)
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": discriminator}),
        optimizers={"generator": adam, "discriminator": adversary.optimizer(adam, settings.critic_learning_rate)},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)), **adversary.penalty, classification=(mean, RealLabels(space)))),
            Phase("generator", learns=("generator",), plan=plan, when=every(settings.critic_steps), objective=Objective(
                adversarial=(1, Fool(gan)), classification=(settings.classification * mean, TargetLabels(space)),
                reconstruction=(settings.reconstruction, Identity())),
                chained=("adversarial", "classification", "reconstruction")),
        ),
        destination=to_labels(space),
        averaged=("generator",),
        strengths=True,
        discriminate=discriminator,
    )  # fmt: skip
