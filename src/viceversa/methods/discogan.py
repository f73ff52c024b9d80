"""DiscoGAN: unpaired translation between two spaces by encoder-decoders without skips, with squared cycle errors
(docs/methods.md).

    L_D = sum over spaces of 1/2 [BCE(D(y), 1) + BCE(D(T(x)), 0)]
    L_G = sum over both ways of (1 - r) [0.1 BCE(D(T(x)), 1) + 0.9 FM] + r mean (T(T(x)) - x)^2
    FM  = sum over D's layers of mean (mean_b f(y_b) - mean_b f(T(x_b)))^2

r is 0.01 in the first fifth of the training, then 0.5. The paper has GAN and cycle losses only; FM and r are from the official
code, which switches after 10,000 steps. Every third step updates the discriminators, all others the generators. Batch norm uses the
statistics of each batch in training, and running ones afterwards. Our own: along a chain, the adversarial and cycle losses are
repeated, but not FM, because an image back in its source space has no batch of other real images to match.

@inproceedings{kim2017learning, title={Learning to Discover Cross-Domain Relations with Generative Adversarial Networks},
author={Kim, Taeksoo and Cha, Moonsu and Kim, Hyunsoo and Lee, Jung Kwon and Kim, Jiwon}, booktitle={ICML}, year={2017},
eprint={1703.05192}}
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.journey import Journey
from viceversa.core.method import Method, Optimizer, Phase, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.plans import BackAndForth
from viceversa.core.schedules import Schedule, every_first, linear_decay, otherwise, product, switched
from viceversa.core.space import Space, Takes
from viceversa.losses.adversarial import Discriminate, Fool
from viceversa.losses.cycle import returned
from viceversa.losses.gan import NonSaturating
from viceversa.networks.adapters import PerTarget, by_space
from viceversa.networks.discogan import Feeling, discriminators
from viceversa.networks.generators import BLOCKS, GENERATOR, GeneratorName, generator_named


class DiscoGAN(BaseModel):
    """Settings of DiscoGAN. Each recipe has its own defaults. In Python, DiscoGAN() has the defaults of the official code."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["discogan"]]] = "discogan"
    generator: GeneratorName = Field("encoder-decoder", description=GENERATOR)
    width: int = Field(64, gt=0, le=4096, description="channels of the generators' first layer")
    blocks: int = Field(9, gt=0, le=256, description=BLOCKS)
    critic_width: int = Field(64, gt=0, le=4096, description="channels of the discriminators' first layer")
    adversarial: float = Field(0.1, ge=0, description="weight of the adversarial loss")
    matching: float = Field(0.9, ge=0, description="weight of feature matching")
    first_share: float = Field(0.01, ge=0, le=1, description="share of the cycle loss at the beginning")
    share: float = Field(0.5, ge=0, le=1, description="share of the cycle loss later")
    switch: float = Field(0.2, ge=0, le=1, description="fraction of the training after which the share changes")
    learning_rate: float = Field(2e-4, gt=0, description="learning rate of Adam")


def feature_matching(journey: Journey) -> Tensor:
    """Feature matching loss FM: the batch means of discriminator features should equal those of real images."""
    real, made = journey.judge_example().features, journey.judge(journey.target).features
    losses = [(one.mean(0) - other.mean(0)).square().mean() for one, other in zip(real, made, strict=True)]
    return torch.stack(losses).sum()


def squared_cycle(journey: Journey) -> Tensor:
    """Squared cycle loss: mean (T(T(x)) - x)^2. Along a chain, X_i itself is used if it is back in the source space."""
    return F.mse_loss(returned(journey), journey.image)


def build(space: Space, settings: DiscoGAN = DiscoGAN(), *, decay: Schedule = linear_decay) -> Method:
    """Build DiscoGAN between two spaces, whose sides are 4 px times a power of 2."""
    first, second = space.pair
    sources = {first: second, second: first}
    generators = by_space({
        target: generator_named(
            settings.generator, space.images[source], space.images[target], width=settings.width, blocks=settings.blocks
        )
        for target, source in sources.items()
    })  # fmt: skip
    translator = PerTarget(generators, space.images, sources)
    critic = Feeling(by_space(discriminators(space.images, width=settings.critic_width)))
    plan, gan = BackAndForth(space, translate=translator, discriminate=critic), NonSaturating()
    cycle = switched(settings.switch, settings.first_share, settings.share)
    rest = switched(settings.switch, 1 - settings.first_share, 1 - settings.share)
    adam, judging = Optimizer(settings.learning_rate, weight_decay=1e-5, schedule=decay), every_first(3)
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generators": translator, "discriminators": critic}),
        optimizers={"generators": adam, "discriminators": adam},
        phases=(
            Phase("discriminators", learns=("discriminators",), plan=plan, when=judging, objective=Objective(
                adversarial=(0.5, Discriminate(gan)))),
            Phase("generators", learns=("generators",), plan=plan, when=otherwise(judging), objective=Objective(
                adversarial=(product(settings.adversarial, rest), Fool(gan)),
                matching=(product(settings.matching, rest), feature_matching), cycle=(cycle, squared_cycle)),
                chained=("adversarial", "cycle")),
        ),
        destination=to_spaces,
        averaged=("generators",),
    )  # fmt: skip
