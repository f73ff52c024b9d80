"""CycleGAN with better cycles: the cycle loss compares discriminator features instead of pixels only (docs/methods.md).

The losses are CycleGAN's, except the cycle loss. For each image b, with the first layers f_X of D_X and R = T(T(x)):

    cyc_b = gamma L1(f_X(R_b), sg f_X(x_b)) + (1 - gamma) L1(R_b, x_b)
    L_cyc = 10 mu mean_b w_b cyc_b,    w_b = clamp(1 - mean (D_Y(T(x_b)) - 1)^2, 0.1, 1), without gradient

gamma rises from 0 to 0.9 over the training. mu falls from 1 to 0.1 over its second half, for the identity loss too. Both schedules
are our own: the report's numbers were not found, and the code's defaults turn gamma, mu and w off. w_b depends on the score of the
translation, as in the code, but in all epochs; the report prints the score of the source. f_X is everything before D's last
convolution, as the report says; the code has two convolutions.

@misc{wang2024cyclegan, title={{CycleGAN} with Better Cycles}, author={Wang, Tongzhou and Lin, Yihan}, year={2024},
eprint={2408.15374}}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from tyro.conf import Fixed, Suppress

from viceversa.core.journey import Journey
from viceversa.core.method import Method
from viceversa.core.schedules import Schedule, linear_decay, product, ramp
from viceversa.core.space import Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.cycle import BySource, WeighedCycle
from viceversa.methods import cyclegan
from viceversa.methods.cyclegan import CycleGAN
from viceversa.networks.adapters import PerSpace
from viceversa.networks.patch import PatchFeatures

Quality = Literal["made", "source", "off"]


class BetterCycles(BaseModel):
    """Settings of CycleGAN, and settings that relax its cycle loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["better-cycles"]]] = "better-cycles"
    cyclegan: CycleGAN = CycleGAN()
    convolutions: int = Field(0, ge=0, le=16, description="discriminator layers that make its features; 0: all but the last")
    gamma: float = Field(0.9, ge=0, lt=1, description="final weight of features in the cycle loss; it rises from 0")
    decay: float = Field(0.1, gt=0, le=1, description="final factor of the cycle loss; it falls from 1 in the second half")
    quality: Quality = Field("made", description="weight of an image: score of its translation, its own, or 1")


def quality(journey: Journey) -> Tensor:
    """Return the quality of each translation: clamp(1 - mean (D(T(x_b)) - 1)^2, 0.1, 1): (N,), without gradient."""
    score = journey.judge(journey.target).score.detach().float()
    return (1 - (score - 1).square().flatten(1).mean(1)).clamp(0.1, 1)


def quality_of_source(journey: Journey) -> Tensor:
    """Return the quality of each source, as the report prints it: clamp(mean D(x_b), 0, 1): (N,), without gradient."""
    return journey.judge().score.detach().float().flatten(1).mean(1).clamp(0, 1)


def no_quality(journey: Journey) -> Tensor:
    """Return 1 for every image: (N,)."""
    return journey.image.new_ones(len(journey.image))


QUALITIES: dict[Quality, Callable[[Journey], Tensor]] = {"made": quality, "source": quality_of_source, "off": no_quality}


def build(space: Space, settings: BetterCycles = BetterCycles(), *, decay: Schedule = linear_decay) -> Method:
    """Build CycleGAN between two spaces with a relaxed cycle loss."""
    if settings.quality != "off" and settings.cyclegan.gan != "least-squares":
        raise UsageError(
            f"quality={settings.quality} needs scores that are trained to be 0 or 1, as by least-squares; the loss is "
            f"{settings.cyclegan.gan}: add `method.quality='off'`."
        )
    if settings.cyclegan.critic != "patch" or settings.cyclegan.critic_augment:
        remedy = "leave `method.cyclegan.critic` at patch and `method.cyclegan.critic_augment` empty"
        raise UsageError(f"better cycles compares what a patch discriminator sees of unchanged images: {remedy}.")
    plain = cyclegan.build(space, settings.cyclegan, decay=decay)
    critic = plain.networks["discriminators"]
    assert isinstance(critic, PerSpace)
    features = PatchFeatures(critic, settings.convolutions)
    mu = ramp(1.0, settings.decay, 0.5)
    drawing, judging = plain.phases
    weigh = QUALITIES[settings.quality]
    (identity, loss), (_, cycle) = (drawing.objective.terms[name] for name in ("identity", "cycle"))
    assert isinstance(cycle, BySource)
    pixels, seen = (BySource(cycle.weights, WeighedCycle(look, weigh)) for look in (lambda image, domain: image, features))
    objective = drawing.objective.replacing(
        cycle=(product(mu, ramp(1.0, 1 - settings.gamma)), pixels), identity=(product(identity, mu), loss)
    ).adding(feature_cycle=(product(mu, ramp(0.0, settings.gamma)), seen))
    return replace(plain, phases=(replace(drawing, objective=objective, chained=(*drawing.chained, "feature_cycle")), judging))
