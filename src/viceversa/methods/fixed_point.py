"""Fixed-Point GAN: StarGAN with residual edits and an identity loss for same-domain translation (docs/methods.md).

    T(x, c) = tanh(x + G(x, c))
    L_D = E D(T(x, c)) - E D(x) + 10 GP + cls(D_cls(x), c_x)
    L_G = sum over c' in {c, c_x} of [-E D(T(x, c')) + cls(D_cls(T(x, c')), c') + 10 L1(T(T(x, c'), c_x), x)]
          + 10 L1(T(x, c_x), x)

The discriminator loss has the real term once, and no T(x, c_x), as in the official code; the paper's sum may be read otherwise. A
chain of the multicyclic loss continues from T(x, c). With tanh, an image with white or black pixels has no fixed point; with
"clamp", our own, every image has one where G is 0. The paper detects a disease by |x - T(x, healthy)|.

@inproceedings{siddiquee2019learning, title={Learning Fixed Points in Generative Adversarial Networks: From Image-to-Image
Translation to Disease Detection and Localization}, author={Rahman Siddiquee, Md Mahfuzur and Zhou, Zongwei and Tajbakhsh, Nima
and Feng, Ruibin and Gotway, Michael B. and Bengio, Yoshua and Liang, Jianming}, booktitle={ICCV}, year={2019},
eprint={1908.06965}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

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
from viceversa.losses.cycle import Cycle, Identity, Staying
from viceversa.losses.gan_settings import AdversarySettings, adversary_of
from viceversa.networks.adapters import Classifying, Labeled
from viceversa.networks.generators import GENERATORS, generator_named
from viceversa.networks.stargan import Added, ClassifyingDiscriminator, LabelGenerator

if TYPE_CHECKING:
    Output: TypeAlias = str
else:
    Output = Literal["tanh", "clamp", *GENERATORS]


class FixedPointGAN(AdversarySettings):
    """Settings of FixedPointGAN. Each recipe has its own defaults. In Python, FixedPointGAN() has the defaults of the official
    code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "labels"

    kind: Suppress[Fixed[Literal["fixed-point"]]] = "fixed-point"
    residual: Output = Field(
        "tanh", description="output: tanh(x + G) or x + G clipped, where G is StarGAN's generator; or that of another generator"
    )
    width: int = Field(64, gt=0, le=4096, description="channels of the generator's first layer")
    blocks: int = Field(6, gt=0, le=256, description="number of residual blocks of the generator")
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminator's first layer")
    classification: float = Field(1.0, ge=0, description="weight of the classification losses")
    cycle: float = Field(10.0, ge=0, description="weight of the cycle losses")
    identity: float = Field(10.0, ge=0, description="weight of the identity loss; the code has 0.1 for brain scans")
    critic_steps: int = Field(5, gt=0, description="discriminator steps per generator step")
    learning_rate: float = Field(1e-4, gt=0, description="learning rate of Adam")


def build(space: Space, settings: FixedPointGAN = FixedPointGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build Fixed-Point GAN on labeled images, whose sides are as in StarGAN."""
    space.check_labels("Fixed-Point GAN")
    generator = Labeled(_network(space, settings), space)
    discriminator = Classifying(ClassifyingDiscriminator(space.spec, space.label_width, width=settings.critic_width))
    adversary = adversary_of(settings)
    plan, gan = Retarget(space, translate=generator, discriminate=discriminator), adversary.gan
    adam, weight = Optimizer(settings.learning_rate, schedule=decay), settings.classification
    fool, labels, cycle = (1, Fool(gan)), (weight, TargetLabels(space)), (settings.cycle, Cycle())
    return Method(
        translator=generator,
        networks=nn.ModuleDict({"generator": generator, "discriminator": discriminator}),
        optimizers={"generator": adam, "discriminator": adversary.optimizer(adam, settings.critic_learning_rate)},
        phases=(
            Phase("discriminator", learns=("discriminator",), plan=plan, objective=Objective(
                adversarial=(1, Discriminate(gan)), **adversary.penalty, classification=(weight, RealLabels(space)))),
            Phase("generator", learns=("generator",), plan=plan, when=every(settings.critic_steps), objective=Objective(
                adversarial=fool, classification=labels, cycle=cycle,
                **{f"{name}_staying": (weight, Staying(loss))
                   for name, (weight, loss) in (("adversarial", fool), ("classification", labels), ("cycle", cycle))},
                identity=(settings.identity, Identity())),
                chained=("adversarial", "classification", "cycle")),
        ),
        destination=to_labels(space), averaged=("generator",), discriminate=discriminator,
    )  # fmt: skip


def _network(space: Space, settings: FixedPointGAN) -> nn.Module:
    spec, columns = space.spec, space.code_width
    if settings.residual in GENERATORS:
        return generator_named(settings.residual, spec, spec, columns, width=settings.width, blocks=settings.blocks)
    generator = LabelGenerator(spec, columns, width=settings.width, blocks=settings.blocks, tanh=False)
    return Added(generator, clamp=settings.residual == "clamp")
