"""CycleGAN between digits: light on dark and dark on light are the same, and a digit keeps its shape (losses/likeness.py).

Half of the street digits are light on dark, half dark on light. Colors cannot come back from gray, so the cycle of street digits
weighs 1.

    T(x) = G(E x)  into the street,   T(y) = S G(y)  into handwriting   (`enlarged`)

MNIST's digits are at most 20 of 28 px high, those of the street fill their images: E enlarges the middle 22 px to 28, S undoes it.
"""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.losses.cycle import BySource
from viceversa.losses.likeness import Likeness
from viceversa.methods import cyclegan
from viceversa.networks.adapters import PerTarget, cropped_to, fit, luminance, padded

SETTINGS = cyclegan.CycleGAN(width=32, blocks=4, critic_width=64, critic_layers=2, identity=0, cycle_back=1, polarity=10)
LIGHT = SETTINGS.model_copy(update={"likeness": 5})
HAND = SETTINGS.model_copy(update={"likeness": 10, "likeness_back": 5})
MIDDLE = 22 / 28
"""Share of the side of MNIST's images that has the digits."""


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


def look(image: Tensor, _: Domain) -> Tensor:
    """The luminance of images, which spaces with and without colors share."""
    return luminance(image)


def build(space: Space) -> Method:
    """CycleGAN with cycles and adversarial losses only, indifferent to polarity."""
    return cyclegan.build(space, SETTINGS)


def with_luminance(space: Space) -> Method:
    """`build`, and the identity of the luminance."""
    return cyclegan.build(space, SETTINGS.model_copy(update={"luminance": 0.5}))


def alike(space: Space, likeness: Likeness, *weights: float) -> Method:
    """`build`, and that likeness of each translation to its source; `weights` are those of either space."""
    method = build(space)
    drawing, judging = method.phases
    objective = drawing.objective.adding(alike=(1, BySource.of(space.pair, *weights, likeness)))
    return replace(method, phases=(replace(drawing, objective=objective), judging))


def faithful(space: Space) -> Method:
    """`build`, and likeness, light on dark or dark on light."""
    return alike(space, Likeness(look, space.pair), 5, 5)


def faithful_street(space: Space) -> Method:
    """`faithful` with a fifth of the likeness of handwriting, which may then take the shapes of fonts."""
    return alike(space, Likeness(look, space.pair), 1, 5)


def faithful_light(space: Space) -> Method:
    """`faithful`, where handwriting stays light on dark, which the classifier of street digits reads best."""
    return cyclegan.build(space, LIGHT)


def faithful_hand(space: Space) -> Method:
    """`faithful_light` with twice the likeness of handwriting: the recipe `digits`."""
    return cyclegan.build(space, HAND)


def enlarging(space: Space) -> Method:
    """`faithful_hand`, where handwriting is enlarged on its way to the street."""
    hand, street = space.pair

    def middle(image: Tensor, domain: Domain) -> Tensor:
        return look(enlarged(image) if domain.space == hand else image, domain)

    method = alike(space, Likeness(middle, (street,)), 10, 5)
    translator = Enlarging(method.translator, hand)
    phases = tuple(replace(phase, plan=replace(phase.plan, translate=translator)) for phase in method.phases)
    networks = nn.ModuleDict({**method.networks, "generators": translator})
    return replace(method, translator=translator, networks=networks, phases=phases)
