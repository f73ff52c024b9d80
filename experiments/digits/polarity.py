"""CycleGAN between digits with losses of its own: light on dark and dark on light are the same, and a digit keeps its shape.

    + 10 L1(T(-y), T(y))   for street digits y in [-1, 1], whose colors -y has inverted

Half of the street digits are light on dark, half dark on light, and a generator from MNIST makes one kind only. The cycle teaches
the way back for that kind; nothing tells which digit an image of the other kind shows. So a translation must not depend on the
polarity, as in GcGAN (arXiv 1809.05852) it must not depend on geometry. Colors cannot come back from gray, so the cycle of street
digits weighs 1.

    + 5 (1 - r^2)          for images of either space, r the correlation of the luminances of x and T(x)

Nothing in a cycle says that a digit stays what it is: shapes may change as long as they can be changed back. Likeness says so.

    T(x) = G(E x)  into the street,   T(y) = S G(y)  into handwriting   (`enlarged`)

MNIST's digits are at most 20 of 28 px high, those of the street fill their images: E enlarges the middle 22 px to 28, S undoes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Journey
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.losses.cycle import BySource
from viceversa.methods import cyclegan
from viceversa.networks.adapters import PerTarget, cropped_to, fit, luminance, padded

SETTINGS = cyclegan.CycleGAN(width=32, blocks=4, critic_width=64, critic_layers=2, identity=0, cycle_back=1)
WEIGHT, LIKENESS = 10.0, 5.0
MIDDLE = 22 / 28
"""Share of the side of MNIST's images that has the digits."""


@dataclass(frozen=True)
class Polarity:
    """L1(T(-y), T(y)) of images of one space; 0 for the others."""

    space: str

    def __call__(self, journey: Journey) -> Tensor:
        if journey.source.space != self.space:
            return journey.image.new_zeros(())
        inverted = journey.translate(-journey.image, journey.source, journey.target)
        return F.l1_loss(inverted, journey.translated)


@dataclass(frozen=True)
class Likeness:
    """mean_b (1 - r_b) for images of the space `signed`, mean_b (1 - r_b^2) for others.

    r is the correlation of the luminances of x and T(x) over pixels. A pixel weighs exp(-8 d^2), where d is its distance from the
    middle as a share of the side. So the digit keeps its place and shape, with any contrast and color; in the space `signed`, light
    pixels stay light too.
    """

    signed: str | None = None
    enlarged: str | None = None
    """the space of which only the middle of an image counts"""

    def __call__(self, journey: Journey) -> Tensor:
        pair = ((journey.image, journey.source), (journey.translated, journey.target))
        image, translated = (
            luminance(enlarged(image) if domain.space == self.enlarged else image).float() for image, domain in pair
        )
        image = fit(image, translated.shape[2:])
        square = torch.linspace(-0.5, 0.5, translated.shape[2], device=translated.device).square()
        weight = torch.exp(-8 * (square[:, None] + square)).flatten()
        likeness = correlation(image.flatten(1), translated.flatten(1), weight / weight.sum())
        return (1 - (likeness if journey.source.space == self.signed else likeness.square())).mean()


class Enlarging(nn.Module):
    """A translator that sees the enlarged middle of the images of one space, and whose images of that space are made smaller."""

    def __init__(self, translator: PerTarget, space: str) -> None:
        super().__init__()
        self.translator, self.space = translator, space

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        made = self.translator(enlarged(image) if source.space == self.space else image, source, target)
        return made if target.space != self.space else shrunk(made, self.translator.images[self.space].background)


def enlarged(image: Tensor) -> Tensor:
    """Enlarge the middle of images (N, C, H, W) to their size."""
    side = round(MIDDLE * image.shape[2])
    return fit(cropped_to(image, (side, side)), image.shape[2:])


def shrunk(image: Tensor, background: float) -> Tensor:
    """Make images smaller, and put them in the middle of a background of their size."""
    side = round(MIDDLE * image.shape[2])
    return padded(fit(image, (side, side)), image.shape[2:], background)


def correlation(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Correlation of the rows of two tables (N, P), with weights (P,) of sum 1: (N,) in [-1, 1]; 0 if a row has one value."""
    x, y = (each - (weight * each).sum(1, keepdim=True) for each in (x, y))
    products = (weight * x * y).sum(1)
    return products / ((weight * x * x).sum(1) * (weight * y * y).sum(1)).clamp_min(1e-8).sqrt()


def indifferent(space: Space, settings: cyclegan.CycleGAN) -> Method:
    """CycleGAN of these settings, indifferent to the polarity of the second space's images."""
    method = cyclegan.build(space, settings)
    drawing, judging = method.phases
    objective = drawing.objective.adding(polarity=(WEIGHT, Polarity(space.pair[1])))
    return replace(method, phases=(replace(drawing, objective=objective), judging))


def build(space: Space) -> Method:
    """CycleGAN with cycles and adversarial losses only, indifferent to polarity."""
    return indifferent(space, SETTINGS)


def with_luminance(space: Space) -> Method:
    """`build`, and the identity of the luminance."""
    return indifferent(space, SETTINGS.model_copy(update={"luminance": 0.5}))


def faithful(
    space: Space,
    settings: cyclegan.CycleGAN = SETTINGS,
    weights: tuple[float, float] = (LIKENESS, LIKENESS),
    likeness: Likeness = Likeness(),
) -> Method:
    """`build`, and the likeness of each translation to its source; `weights` are those of either space."""
    method = indifferent(space, settings)
    drawing, judging = method.phases
    objective = drawing.objective.adding(likeness=(1, BySource.of(space.pair, *weights, likeness)))
    return replace(method, phases=(replace(drawing, objective=objective), judging), averaged=("generators",))


def faithful_street(space: Space) -> Method:
    """`faithful` with a fifth of the likeness of handwriting, which may then take the shapes of fonts."""
    return faithful(space, weights=(LIKENESS / 5, LIKENESS))


def faithful_light(space: Space) -> Method:
    """`faithful`, where handwriting stays light on dark, which the classifier of street digits reads best."""
    return faithful(space, likeness=Likeness(space.pair[0]))


def faithful_hand(space: Space) -> Method:
    """`faithful_light` with twice the likeness of handwriting."""
    return faithful(space, weights=(2 * LIKENESS, LIKENESS), likeness=Likeness(space.pair[0]))


def enlarging(space: Space) -> Method:
    """`faithful_hand`, where handwriting is enlarged on its way to the street."""
    hand = space.pair[0]
    method = faithful(space, weights=(2 * LIKENESS, LIKENESS), likeness=Likeness(hand, hand))
    translator = Enlarging(method.translator, hand)
    phases = tuple(replace(phase, plan=replace(phase.plan, translate=translator)) for phase in method.phases)
    networks = nn.ModuleDict({**method.networks, "generators": translator})
    return replace(method, translator=translator, networks=networks, phases=phases)
