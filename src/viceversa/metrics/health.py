"""Signs of a training that goes wrong: measures of its outputs, their bounds, and their meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from viceversa.images.pixels import Pixels
from viceversa.metrics.grids import PERIODS, grids

Scores = NDArray[np.float32]
"""Raw scores of a discriminator for all images and patches: (n,)."""


@dataclass(frozen=True)
class Sign:
    """A fault that is present if a measure is below or above its bound. means: cause and remedy."""

    name: str
    measure: str
    bound: float
    above: bool
    means: str

    def seen(self, measures: Mapping[str, float]) -> bool:
        """Return whether the measure exists and is out of bounds."""
        value = measures.get(self.measure, math.nan)
        return value > self.bound if self.above else value < self.bound

    def line(self, step: int, measures: Mapping[str, float]) -> str:
        """Return one line of text on the fault."""
        side = "above" if self.above else "below"
        return f"step {step}: {self.name} ({self.measure} {measures[self.measure]:.3g}, {side} {self.bound:g}): {self.means}."


UNCHANGED = Sign(
    "outputs equal inputs", "change", 0.02, False,
    "the model hardly changes its inputs; give the cycle and identity losses less weight (method.cycle, method.identity)",
)  # fmt: skip
COLLAPSED = Sign(
    "outputs equal each other", "variety", 0.1, False,
    "the generator makes the same image from every input; train again with a lower learning rate or another seed",
)  # fmt: skip
DEAF = Sign(
    "outputs do not depend on the target", "obedience", 0.02, False,
    "opposite labels give the same image; give the classification loss more weight, and check the labels of the data",
)  # fmt: skip
INVERTED = Sign(
    "colors are inverted", "correlation", -0.3, False,
    "the generators make negatives, which a cycle undoes; train again with another seed, or more weight on method.identity",
)  # fmt: skip
GRIDS = tuple(
    Sign(
        f"a grid with a period of {period} px lies over outputs{words}", f"grid_{period}{place}", 2.0, True,
        "upsampling layers leave a grid; if it does not fade with more steps, lower the learning rate",
    )
    for place, words in (("", ""), ("_full_size", " at full size"))
    for period in reversed(PERIODS)
)  # fmt: skip
"""Signs of grids, the longest period first: a grid of 4 px has a part of 2 px. Real images stay below 2 (docs/reliability.md)."""
WON = Sign(
    "the discriminator has won", "separation", 0.995, True,
    "it tells real from made images nearly always, and the generator learns little; give it fewer steps, a lower learning rate or "
    "a higher penalty, or augment the data",
)  # fmt: skip
SIGNS = (WON, UNCHANGED, COLLAPSED, DEAF, INVERTED, *GRIDS)


def signs(measures: Mapping[str, float]) -> list[Sign]:
    """Return the signs that are present.

    That targets make no difference is not reported together with a cause of it. Only the first of several grids is reported, and
    none if all outputs are equal: in copies of one image, every line is in the same place.
    """
    found = [sign for sign in SIGNS if sign.seen(measures)]
    besides = {DEAF} if {UNCHANGED, COLLAPSED} & set(found) else set()
    visible = [sign for sign in found if sign in GRIDS]
    besides |= set(visible if COLLAPSED in found else visible[1:])
    return [sign for sign in found if sign not in besides]


def measured(
    sources: Pixels, outputs: Pixels, reals: Pixels, same: Pixels | None, large: tuple[Pixels, Pixels] | None = None
) -> dict[str, float]:
    """Return the defined measures of outputs by name.

    Sources and outputs are compared if their shapes are equal. Inverted colors are measured unless the mean images of sources and
    reals are opposed themselves, as for drawings on white and on black.

    Args:
        sources, outputs: images (N, H, W, C) uint8.
        reals: real images of the space that outputs should be in.
        same: outputs for the sources' own labels, if `outputs` are for the opposite labels.
        large: outputs and real images at full size, for grids.
    """
    found = {"variety": _share(spread(outputs), spread(reals))}
    found |= {f"grid_{period}": height for period, height in grids(outputs, reals).items()}
    if large is not None:
        found |= {f"grid_{period}_full_size": height for period, height in grids(*large).items()}
    if outputs.shape == sources.shape:
        found["change"] = _share(mean_difference(outputs, sources), spread(sources))
        if not correlation(reals.mean(0)[None], sources.mean(0)[None]) < 0:
            found["correlation"] = correlation(outputs, sources)
    if same is not None:
        found["obedience"] = _share(mean_difference(outputs, same), spread(reals))
    return {name: value for name, value in found.items() if math.isfinite(value)}


def mean_difference(images: Pixels, others: Pixels) -> float:
    """Return mean |x - y| in levels: (N, H, W, C) uint8 twice."""
    return float(np.abs(images.astype(np.int16) - others.astype(np.int16)).mean())


def spread(images: Pixels) -> float:
    """Return mean_i |x_i - x_{i+1}| in levels, cyclically: how different images are. 0 for one image."""
    return mean_difference(images, np.roll(images, 1, 0))


def correlation(images: NDArray[np.generic], others: NDArray[np.generic]) -> float:
    """Return the median over pairs of Pearson's correlation: 1 for equal images, -1 for negatives; NaN for flat images.

    r = sum (x - mean x) (y - mean y) / sqrt(sum (x - mean x)^2 sum (y - mean y)^2): (N, H, W, C) twice, any number type.
    """
    flat = (each.reshape(len(each), -1).astype(np.float64) for each in (images, others))
    left, right = (each - each.mean(1, keepdims=True) for each in flat)
    scale = np.sqrt((left**2).sum(1) * (right**2).sum(1))
    defined = scale > 0
    return float(np.median((left * right).sum(1)[defined] / scale[defined])) if defined.any() else math.nan


def separation(pairs: Sequence[tuple[Scores, Scores]]) -> float:
    """Return P(real > made) + P(real = made) / 2 over all pairs of scores: 1/2 for a random discriminator, 1 for a perfect one.

    For several discriminators, return the highest. It is comparable for all GAN losses: it does not depend on the scale of scores.
    """
    shares = []
    for real, made in pairs:
        ordered = np.sort(real)
        below, equal_or_below = (np.searchsorted(ordered, made, side) for side in ("left", "right"))
        shares.append(1 - float((below + equal_or_below).mean()) / (2 * len(real)))
    return max(shares)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan
