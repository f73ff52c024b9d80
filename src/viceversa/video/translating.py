"""Translate clips: each frame by itself, with the labels and the seed of the first frame, and smoothed if asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from viceversa.core.domains import Domain
from viceversa.errors import UsageError
from viceversa.images.fitting import shown
from viceversa.images.layers import Layers
from viceversa.images.load import layers_of, pixels_of
from viceversa.inference.masks import Weights
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import AS_TRAINED, Manner
from viceversa.inference.translation import batch_size, doubt, start, translate_layers, warn
from viceversa.video.clip import Picture8
from viceversa.video.flow import DIS, Estimator
from viceversa.video.job import Passage, Process, processed
from viceversa.video.smoothing import checked_share, smoothed


@dataclass(frozen=True, eq=False)
class ClipTranslation:
    """Translation of a clip.

    Args:
        source, target: domains.
        manner: settings of the translation.
        smooth: weight of the previous frame, in [0, 1).
    """

    source: Domain
    target: Domain
    manner: Manner = AS_TRAINED
    smooth: float = 0.0


def way_of(
    model: Model, first: Picture8, to: str, *, source: str = "", manner: Manner = AS_TRAINED, smooth: float = 0.0
) -> ClipTranslation:
    """Return the translation of a clip.

    Attributes that `source` does not name are recognized once, in the first frame, so that labels cannot flicker.

    Args:
        model: the model.
        first: first frame (H, W, 3).
        to, source, manner: as in `Model.translate`.
        smooth: weight of the previous frame, in [0, 1).

    Raises:
        UsageError: If the translation is not possible.
    """
    here = start(model, [_in_channels(model, first, next(iter(model.space.images)))], source, to)
    return ClipTranslation(here, model.routing.target(here, to, manner.strength), manner, checked_share(smooth))


def translation(model: Model, way: ClipTranslation) -> Process:
    """Return the process that translates each frame. The process raises UsageError if a frame cannot be translated."""

    def opened(frame: Picture8) -> Picture8:
        pixels = model.preprocessing.opened(_in_channels(model, frame, way.source.space), way.source.space, way.manner).colors
        return np.asarray(pixels, np.uint8)

    def weights(frame: Picture8) -> Weights | None:
        return model.preprocessing.weights(Layers(frame), way.source.space, way.manner)

    def alone(frames: Sequence[Picture8]) -> list[Picture8]:
        layers = [Layers(frame) for frame in frames]
        made = translate_layers(model, layers, way.source, way.target, way.manner, [weights(frame) for frame in frames])
        return [np.asarray(each.colors, np.uint8) for each in made]

    def made(before: Picture8, after: Picture8, passage: Passage | None) -> Picture8:
        if passage is None or not way.smooth:
            return after
        return smoothed(after, passage.made, passage.motion, way.smooth, weights(before))

    return Process(opened, made, alone, batch_size(model, way.source.space, way.manner))


def translated_frames(
    model: Model,
    frames: Iterable[Picture8],
    to: str,
    *,
    source: str = "",
    manner: Manner = AS_TRAINED,
    smooth: float = 0.0,
    estimator: Estimator = DIS,
) -> Iterator[Picture8]:
    """Yield the translated frames of a clip, in 8 bits. Only some frames are in memory at a time.

    They have the size of the run's images, unless `manner` has full_size.

    Args:
        model: the model.
        frames: (H, W, 3) uint8, or any images.
        to, source, manner: as in `Model.translate`.
        smooth: weight of the previous frame, in [0, 1).
        estimator: flow estimator.

    Raises:
        UsageError: If the translation is not possible.
    """
    rest = iter(frames)
    first = next(rest, None)
    if first is None:
        raise UsageError("there are no frames to translate: give at least one.")
    way = way_of(model, first, to, source=source, manner=manner, smooth=smooth)
    warn([first], [doubt(model, layers_of(first), way.source.space)])
    yield from processed(chain([first], rest), translation(model, way), estimator)


def _in_channels(model: Model, frame: Picture8, space: str) -> Picture8:
    """Return the frame in 8 bits with as many channels as the run's images. Raises UsageError if a clip cannot have as many."""
    channels = model.space.images[space].channels
    if channels not in (1, 3):
        raise UsageError(f"this run takes images of {channels} channels, which a clip cannot have.")
    return shown(pixels_of(frame, channels, 255))
