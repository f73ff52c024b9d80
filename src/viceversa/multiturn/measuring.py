"""Measure every turn of every chain, one chain in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import between
from viceversa.metrics.perceptual import PerceptualNetwork
from viceversa.metrics.similarity import l1
from viceversa.multiturn.checking import read_image
from viceversa.multiturn.measures import Measure, in_channels_of, in_size_of, pixel_measures, region_measures
from viceversa.multiturn.turns import Chain, Turn

Reference = Literal["source", "first", "previous", "truth", "again"]
REFERENCES: Mapping[Reference, str] = {
    "source": "the source, turn 0: the drift",
    "first": "turn 1: what later turns add to it",
    "previous": "the turn before: the size of one step",
    "truth": "the ground truth of the turn",
    "again": "a second answer to the same request: what is random, and so no drift",
}
"""References with which an image is compared, in words."""

Reads = Callable[[Pixels, str], bool]
"""Function that returns by a labeller whether an image (H, W, C) shows the requested attributes."""


@dataclass(frozen=True)
class Judges:
    """Networks that judge images.

    Args:
        networks: networks for perceptual distances; the first one also decides which images have collapsed.
        name: what values depend on, besides the images: the networks, their size, and the labeller.
        reads: labeller for the attributes of each turn; None if there is none.
    """

    networks: Sequence[PerceptualNetwork]
    name: str
    reads: Reads | None = None


@dataclass(frozen=True)
class TurnValues:
    """Measurements of one turn.

    Args:
        distances: values by reference and measure; undefined ones are left out.
        nearest: smallest perceptual distance to an image that the chain should show: its source and its ground truths.
        right: whether the turn is right: by a person, by a labeller, or because no other ground truth of the chain is nearer; None
            if it is unknown.
        resized: whether the size of the image differs from the source's.
    """

    distances: Mapping[Reference, Mapping[Measure, float]]
    nearest: float
    right: bool | None = None
    resized: bool = False


@dataclass(frozen=True)
class ChainValues:
    """Measurements of one chain.

    Args:
        id: id of the chain.
        turns: values by number of the turn, without turn 0.
        to_stranger: perceptual distance of the source to the source of another chain; None if there is none.
        problems: files that could not be read, one line each.
    """

    id: str
    turns: Mapping[int, TurnValues]
    to_stranger: float | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class View:
    """An image (H, W, C), and its features in each network."""

    pixels: Pixels
    directions: Sequence[list[Tensor]]


def measure_chain(chain: Chain, judges: Judges, stranger: Path | None = None) -> ChainValues:
    """Measure one chain. A chain whose source cannot be read has no turns.

    Args:
        chain: the chain. A turn whose file cannot be read is left out, and so are comparisons with it.
        judges: networks that judge images.
        stranger: source of another chain.
    """
    problems: list[str] = []
    source = _read(chain.turns[0].image, problems)
    if source is None:
        return ChainValues(chain.id, {}, None, tuple(problems))
    views = {0: view(source, judges)}
    truths = _truths(chain, source, problems)
    masks = {number: _region(turn.mask, source, problems) for number, turn in chain.turns.items() if number and turn.mask}
    shown = [views[0], *(view(truth, judges, networks=1) for number, truth in truths.items() if number)]
    values = {}
    for number, turn in sorted(chain.turns.items()):
        image = _read(turn.image, problems) if number else None
        if image is None:
            continue
        views = {kept: views[kept] for kept in (0, 1, number - 1) if kept in views}
        views[number] = view(in_size_of(image, source), judges)
        others = _others(number, turn, views, truths, judges, problems)
        values[number] = TurnValues(
            {name: _compared(views[number], other, judges, _edited(masks, truths, name, number)) for name, other in others.items()},
            min(_perceptual(views[number], other)[0] for other in shown),
            _right(number, turn, views[number].pixels, truths, judges),
            image.shape[:2] != source.shape[:2],
        )
    other = None if stranger is None else _read(stranger, [])
    to_stranger = None if other is None else _perceptual(view(other, judges), views[0])[0]
    return ChainValues(chain.id, values, to_stranger, tuple(problems))


def view(image: Pixels, judges: Judges, networks: int | None = None) -> View:
    """Return an image with its features in the networks, or in the first few if a number is given."""
    return View(image, [network.look(image[None]) for network in judges.networks[:networks]])


def _others(
    number: int, turn: Turn, views: Mapping[int, View], truths: Mapping[int, Pixels], judges: Judges, problems: list[str]
) -> dict[Reference, View]:
    """Return the images with which a turn is compared, as far as they exist."""
    source, found = views[0], {"source": views[0]}
    if number > 1 and 1 in views:
        found["first"] = views[1]
    if number - 1 in views:
        found["previous"] = views[number - 1]
    if number in truths:
        found["truth"] = view(truths[number], judges)
    again = None if turn.again is None else _read(turn.again, problems)
    if again is not None:
        found["again"] = view(in_size_of(again, source.pixels), judges)
    return found  # type: ignore[return-value]  # the names are References


def _compared(image: View, other: View, judges: Judges, region: NDArray[np.bool_] | None) -> dict[Measure, float]:
    """Return all defined measures of a pair."""
    pair = in_channels_of(image.pixels, other.pixels)
    found = pixel_measures(*pair)
    for network, distance in zip(judges.networks, _perceptual(image, other), strict=True):
        found[network.name] = distance
    if region is not None:
        found |= region_measures(*pair, region)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _perceptual(image: View, other: View) -> list[float]:
    """Return the distance by each network that has features of both."""
    return [float(between(*pair)[0]) for pair in zip(image.directions, other.directions, strict=False)]


def _edited(
    masks: Mapping[int, NDArray[np.bool_] | None], truths: Mapping[int, Pixels], name: Reference, number: int
) -> NDArray[np.bool_] | None:
    """Return the region that may change between the reference and this turn; None if it is unknown.

    It is the union of the masks of the turns between them. Without masks, it is where the two ground truths differ.
    """
    starts: Mapping[Reference, int] = {"source": 0, "first": 1, "previous": number - 1}
    if name not in starts:
        return None
    known = [region for each in range(starts[name] + 1, number + 1) if (region := masks.get(each)) is not None]
    if len(known) == number - starts[name]:
        union: NDArray[np.bool_] = np.logical_or.reduce(known)
        return union
    if masks or number not in truths or starts[name] not in truths:
        return None
    before, after = in_channels_of(truths[starts[name]], truths[number])
    return np.asarray((before != after).any(2))


def _right(number: int, turn: Turn, image: Pixels, truths: Mapping[int, Pixels], judges: Judges) -> bool | None:
    """Return whether the turn is right, by the best available judge; None if it is unknown."""
    if turn.success is not None:
        return turn.success
    if turn.asked and judges.reads is not None:
        return judges.reads(image, turn.asked)
    if number not in truths or all(np.array_equal(truth, truths[0]) for truth in truths.values()):
        return None  # the chain has no other ground truth that could be nearer
    distances = {other: _l1(image, truth) for other, truth in truths.items()}
    return distances[number] <= min(distances.values())


def _l1(image: Pixels, other: Pixels) -> float:
    left, right = in_channels_of(image, other)
    return float(l1(left[None], right[None])[0])


def _truths(chain: Chain, source: Pixels, problems: list[str]) -> dict[int, Pixels]:
    """Return the ground truth of each turn at the source's size; the source for turn 0. Empty if no turn has any."""
    files = {number: turn.truth for number, turn in chain.turns.items() if number and turn.truth is not None}
    found = {number: image for number, file in files.items() if (image := _read(file, problems)) is not None}
    return {0: source, **{number: in_size_of(image, source) for number, image in found.items()}} if found else {}


def _region(mask: Path | None, source: Pixels, problems: list[str]) -> NDArray[np.bool_] | None:
    """Return a mask at the source's size, true where it is white."""
    image = None if mask is None else _read(mask, problems)
    return None if image is None else np.asarray(in_size_of(image, source).max(2) > 127)


def _read(path: Path, problems: list[str]) -> Pixels | None:
    """Return the image in a file, or None and add a problem."""
    try:
        return read_image(path)
    except UsageError as error:
        problems.append(str(error))
        return None
