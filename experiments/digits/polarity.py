"""CycleGAN between digits, for which light on dark and dark on light are the same: a loss of one's own on a method of the package.

    + 10 L1(T(-y), T(y))   for street digits y in [-1, 1], whose colors -y has inverted

Half of the street digits are light on dark, half dark on light, and a generator from MNIST makes one kind only. It is that kind
whose way back is learned; of the other, nothing says which digit it is. As in GcGAN (arXiv 1809.05852), where it is geometry that
is changed, a translation must not depend on what does not matter. Colors cannot come back from gray, so the cycle of street
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
"""The part of MNIST's images that their digits are in."""


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
    """mean_b (1 - r_b) for images of the space `signed`, mean_b (1 - r_b^2) for the others; r: the correlation of the luminances
    of x and T(x) over pixels, those in the middle most.

    The digit stays where it is, whatever its contrast and color; what is light stays light, but where either polarity will do. A
    pixel weighs exp(-8 d^2), d: its distance from the middle, of the side.
    """

    signed: str | None = None
    enlarged: str | None = None
    """the space whose images are looked at in their middle"""

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
    """A translator that is given the middle of one space's images, enlarged, and whose images of that space are made smaller."""

    def __init__(self, translator: PerTarget, space: str) -> None:
        super().__init__()
        self.translator, self.space = translator, space

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        made = self.translator(enlarged(image) if source.space == self.space else image, source, target)
        return made if target.space != self.space else shrunk(made, self.translator.images[self.space].background)


def enlarged(image: Tensor) -> Tensor:
    """The middle of images (N, C, H, W), at their size."""
    side = round(MIDDLE * image.shape[2])
    return fit(cropped_to(image, (side, side)), image.shape[2:])


def shrunk(image: Tensor, background: float) -> Tensor:
    """Images in the middle of others of their size."""
    side = round(MIDDLE * image.shape[2])
    return padded(fit(image, (side, side)), image.shape[2:], background)


def correlation(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Of the rows of two tables (N, P), weighted by (P,), which sums to one: (N,) in [-1, 1]; 0 where one is of one value."""
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
    """With cycles and the adversarial losses alone."""
    return indifferent(space, SETTINGS)


def with_luminance(space: Space) -> Method:
    """And with the identity of the luminance."""
    return indifferent(space, SETTINGS.model_copy(update={"luminance": 0.5}))


def faithful(
    space: Space,
    settings: cyclegan.CycleGAN = SETTINGS,
    weights: tuple[float, float] = (LIKENESS, LIKENESS),
    likeness: Likeness = Likeness(),
) -> Method:
    """And with the likeness of each translation to its source, by weights for images of either space."""
    method = indifferent(space, settings)
    drawing, judging = method.phases
    objective = drawing.objective.adding(likeness=(1, BySource.of(space.pair, *weights, likeness)))
    return replace(method, phases=(replace(drawing, objective=objective), judging), averaged=("generators",))


def faithful_street(space: Space) -> Method:
    """The handwriting may take the shapes of fonts: its likeness weighs a fifth."""
    return faithful(space, weights=(LIKENESS / 5, LIKENESS))


def faithful_light(space: Space) -> Method:
    """Handwriting, which is light on dark, stays so: the reader of street digits reads that best."""
    return faithful(space, likeness=Likeness(space.pair[0]))


def faithful_hand(space: Space) -> Method:
    """The same, twice as strong."""
    return faithful(space, weights=(2 * LIKENESS, LIKENESS), likeness=Likeness(space.pair[0]))


def enlarging(space: Space) -> Method:
    """And handwriting is enlarged on its way to the street."""
    hand = space.pair[0]
    method = faithful(space, weights=(2 * LIKENESS, LIKENESS), likeness=Likeness(hand, hand))
    translator = Enlarging(method.translator, hand)
    phases = tuple(replace(phase, plan=replace(phase.plan, translate=translator)) for phase in method.phases)
    networks = nn.ModuleDict({**method.networks, "generators": translator})
    return replace(method, translator=translator, networks=networks, phases=phases)
