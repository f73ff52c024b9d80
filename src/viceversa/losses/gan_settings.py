"""Choices of the setting `gan`: a GAN loss, and the method that keeps its discriminator smooth.

| `gan` | losses (gan.py) | discriminator |
|---|---|---|
| minimax, non-saturating, least-squares | of that name | free |
| wgan | Wasserstein | weights clipped to [-clip, clip] after each of its steps; RMSprop |
| wgan-gp | Wasserstein | gradient penalty |
| hinge | hinge | free; for discriminators with spectral norm |
| hinge-r1 | hinge | R1 at every 4th step |
| relativistic | relativistic | R1 and R2 at every 4th step; R3GAN has them at every step |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from torch.optim import RMSprop

from viceversa.core.method import Optimizer
from viceversa.core.objective import Loss, Weight
from viceversa.core.optional import optional
from viceversa.core.schedules import lazily, product
from viceversa.losses.differentiable_augmentation import Change
from viceversa.losses.gan import GanLoss, Hinge, LeastSquares, Minimax, NonSaturating, Relativistic, Wasserstein
from viceversa.losses.penalties import R1, R2, GradientPenalty

Gan = Literal["minimax", "non-saturating", "least-squares", "wgan", "wgan-gp", "hinge", "hinge-r1", "relativistic"]


DescribedGan = Annotated[
    Gan,
    Field(
        description="adversarial loss; wgan clips the discriminator's weights; wgan-gp, hinge-r1, relativistic penalize gradients"
    ),
]


class AdversarySettings(BaseModel):
    """Settings of methods whose GAN loss can be chosen. Each loss uses only its own numbers."""

    gan: DescribedGan = "wgan-gp"
    gradient_penalty: float = Field(10.0, ge=0, description="weight of the penalty of wgan-gp")
    gamma: float = Field(1.0, ge=0, description="weight of the penalties of hinge-r1 and relativistic, computed at every 4th step")
    clip: float = Field(0.01, gt=0, le=1, description="largest weight of the discriminator with wgan")
    critic_learning_rate: Annotated[float | None, optional("X")] = Field(
        None, gt=0, description="the discriminator's learning rate; by default as the method has it, mostly the generator's"
    )


class CriticSettings(AdversarySettings):
    """Settings of methods whose GAN loss and discriminator can be chosen."""

    critic: Literal["patch", "projected"] = Field(
        "patch",
        description="discriminator; patch: the method's own; projected: small heads on features of EfficientNet-Lite0, for "
        "gan=hinge and a small weight `adversarial`; settings of the method's own discriminator but its width then have no effect",
    )
    critic_size: Literal[64, 128, 256] = Field(128, description="side in pixels to which critic=projected resizes images")
    critic_augment: Annotated[tuple[Change, ...], optional("NAME ...")] = Field(
        (),
        description="random changes of the images that the discriminator sees (DiffAugment), of color, translation and cutout; "
        "useful with few training images",
    )
    adversarial: float = Field(1.0, ge=0, description="weight of the generator's adversarial loss")


@dataclass(frozen=True)
class Adversary:
    """A GAN loss, the discriminator's penalties by their names in an objective, and the limit at which its weights are clipped."""

    gan: GanLoss
    penalty: Mapping[str, tuple[Weight, Loss]] = field(default_factory=dict)
    clip: float | None = None

    def penalty_times(self, factor: float) -> dict[str, tuple[Weight, Loss]]:
        """Return the penalties with their weights times a factor."""
        return {name: (product(factor, weight), loss) for name, (weight, loss) in self.penalty.items()}

    def optimizer(self, generator: Optimizer, rate: float | None = None) -> Optimizer:
        """Return the discriminator's optimizer: the generator's, with the learning rate `rate` if it is given.

        If weights are clipped, it is RMSprop: momentum makes such a critic unstable (arXiv 1701.07875).
        """
        own = replace(generator, lr=generator.lr if rate is None else rate)
        return own if self.clip is None else replace(own, clamp=self.clip, algorithm=RMSprop)


def adversary_of(settings: AdversarySettings) -> Adversary:
    """Return the adversary that the settings describe."""
    lazy = lazily(1.0, 4)
    match settings.gan:
        case "minimax":
            return Adversary(Minimax())
        case "non-saturating":
            return Adversary(NonSaturating())
        case "least-squares":
            return Adversary(LeastSquares())
        case "wgan":
            return Adversary(Wasserstein(), clip=settings.clip)
        case "wgan-gp":
            return Adversary(Wasserstein(), {"penalty": (settings.gradient_penalty, GradientPenalty())})
        case "hinge":
            return Adversary(Hinge())
        case "hinge-r1":
            return Adversary(Hinge(), {"penalty": (lazy, R1(settings.gamma))} if settings.gamma else {})
        case "relativistic":
            both: dict[str, tuple[Weight, Loss]] = {
                "penalty": (lazy, R1(settings.gamma)), "penalty_of_fakes": (lazy, R2(settings.gamma))
            }  # fmt: skip
            return Adversary(Relativistic(), both if settings.gamma else {})
