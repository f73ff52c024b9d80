"""Clips in the style of images: each frame's painting begins with the last one, warped to it (arXiv 1604.08610)."""

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
    """What the painting of a frame begins with: the last painting warped to it, and the frame itself where it shows what was
    hidden before. (H, W, 3) uint8."""
    seen = passage.motion.seen_earlier[..., None]
    mixed = np.where(seen, warped(passage.made, passage.motion.backward), passage.now)
    return np.rint(mixed).clip(0, 255).astype(np.uint8)


def later_settings(settings: Stylize, evaluations: int | None) -> Stylize:
    """Of all frames but the first: one size only, as a smaller one would undo the beginning, and fewer evaluations, a quarter of
    the preset's if not said. Raises UsageError."""
    count = max(1, settings.resolved.evaluations // 4) if evaluations is None else evaluations
    if count < 1:
        raise UsageError(f"`later={count}`: give at least one evaluation.")
    return settings.model_copy(update={"sizes": 1, "evaluations": count})


def stylization(
    styles: Sequence[Picture], settings: Stylize, later: Stylize, *,
    weights: Path | str | None = None, mask: Picture | None = None, warm: bool = True,
    device: Device = "auto",
) -> Process:  # fmt: skip
    """What is done to each frame, which is brought to the settings' size before, the shorter side to an even one, as players like
    it. warm: whether a painting begins with the last one; else each is made alone, as the first is. An interrupt ends it. Raises
    UsageError."""

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
    """The frames (H, W, 3) uint8 of a clip in the style of one image or several. later: evaluations of all but the first.

    Raises UsageError.
    """
    process = stylization(styles, settings, later_settings(settings, later), weights=weights, mask=mask, device=device)
    yield from processed(frames, process, estimator)


def _pixels(painted: Painted) -> Picture8:
    return np.asarray(painted.image, np.uint8)
