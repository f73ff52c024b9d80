"""Stylize clips: the painting of each frame starts from the previous painting, warped to it (arXiv 1604.08610)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from viceversa.device import Device, device_named
from viceversa.errors import UsageError
from viceversa.images.load import Picture, pixels_of
from viceversa.networks.perception import load_perception
from viceversa.style.canvas import resized, sized, tensor_of
from viceversa.style.stylize import DEFAULTS, Painted, Stylize, stylize
from viceversa.video.clip import Picture8
from viceversa.video.flow import DIS, Estimator, warped
from viceversa.video.job import Passage, Process, processed


def begun(passage: Passage) -> Picture8:
    """Return the start of a frame's painting, (H, W, 3) uint8: the previous painting, warped, and the frame itself where it was
    occluded."""
    seen = passage.motion.seen_earlier[..., None]
    mixed = np.where(seen, warped(passage.made, passage.motion.backward), passage.now)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def later_settings(settings: Stylize, evaluations: int | None) -> Stylize:
    """Return the settings for all frames except the first: one size only, because a smaller one would undo the start, and fewer
    evaluations.

    Args:
        settings: settings of the first frame.
        evaluations: number of evaluations; None for a quarter of the preset's.

    Raises:
        UsageError: If there is less than one evaluation.
    """
    count = max(1, settings.resolved.evaluations // 4) if evaluations is None else evaluations
    if count < 1:
        raise UsageError(f"`later={count}`: give at least one evaluation.")
    return settings.model_copy(update={"sizes": 1, "evaluations": count})


def stylization(
    styles: Sequence[Picture], settings: Stylize, later: Stylize, *,
    weights: Path | str | None = None, mask: Picture | None = None, warm: bool = True,
    device: Device = "auto",
) -> Process:  # fmt: skip
    """Return the process that stylizes each frame.

    A frame is first resized to the settings' size, with an even shorter side, as players need. An interrupt ends a painting.

    Args:
        styles: style images.
        settings: settings of the first frame.
        later: settings of the other frames.
        weights, mask: as in `stylize`.
        warm: whether a painting starts from the previous one; otherwise all frames are painted like the first.
        device: device of the network.

    Raises:
        UsageError: If an image or the weights cannot be used.
    """

    def opened(frame: Picture) -> Picture8:
        image = sized(tensor_of(frame), settings.size)
        longest = max(image.shape[2:])
        image = resized(image, [length if length == longest else length // 2 * 2 for length in image.shape[2:]])
        return np.asarray((image[0].permute(1, 2, 0) * 255).round().byte().numpy())

    perception, region = load_perception(weights, settings.pool), None if mask is None else opened(mask)
    painters, where = [pixels_of(style, 3, 255) for style in styles], device_named(device)

    def made(now: Picture8, _: Picture8, passage: Passage | None) -> Picture8:
        if passage is None or not warm:
            return _pixels(stylize(now, painters, settings, weights=perception, mask=region, device=where))
        return _pixels(stylize(now, painters, later, weights=perception, mask=region, start=begun(passage), device=where))

    return Process(opened, made)


def stylized_frames(
    frames: Iterable[Picture8], styles: Sequence[Picture], settings: Stylize = DEFAULTS, *,
    later: int | None = None, weights: Path | str | None = None, mask: Picture | None = None, estimator: Estimator = DIS,
    device: Device = "auto",
) -> Iterator[Picture8]:  # fmt: skip
    """Yield the frames of a clip in the style of one or several images.

    Args:
        frames: (H, W, 3) uint8.
        styles: style images.
        settings: settings of the first frame.
        later: number of evaluations of the other frames.
        weights, mask, device: as in `stylize`.
        estimator: flow estimator.

    Raises:
        UsageError: If an image or a setting cannot be used.
    """
    process = stylization(styles, settings, later_settings(settings, later), weights=weights, mask=mask, device=device)
    yield from processed(frames, process, estimator)


def _pixels(painted: Painted) -> Picture8:
    return np.asarray(painted.image, np.uint8)
