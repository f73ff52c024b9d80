"""Style transfer for users: images in, sizes, colors and regions, a picture out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from tyro.conf import Suppress, arg

from viceversa.device import Device, device_named
from viceversa.errors import UsageError
from viceversa.images.decoding import MOST_PIXELS
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, layers_of
from viceversa.inference.masks import check_size_of
from viceversa.networks.adapters import luminance
from viceversa.networks.perception import Perception, Pool, load_perception
from viceversa.style.canvas import SMALLEST, Canvas, canvas_for, resized, sized, tensor_of, with_range_of
from viceversa.style.painting import Losses, PaintingTask, optimized
from viceversa.style.presets import PRESETS, Preset, PresetName

Heard = Callable[[int, int, Losses], None]
"""Function that receives the number of evaluations done, their total number, and the weighted losses."""
Viewed = Callable[[int, Image.Image], None]
"""Function that receives the number of evaluations done and each intermediate picture that is kept."""


_INTEGER, _NUMBER, _UNSAID = (
    arg(metavar="N", help_behavior_hint=""),
    arg(metavar="X", help_behavior_hint=""),
    arg(metavar="X ...", help_behavior_hint=""),
)


class Stylize(BaseModel):
    """Settings of a style transfer. Weights that are not given are those of the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Annotated[PresetName, arg(metavar="NAME")] = Field("relative", description="relative, gatys_torch, paper or cs231n")
    size: Annotated[int, arg(metavar="N")] = Field(256, ge=SMALLEST, le=8192, description="long side of the picture in pixels")
    sizes: Annotated[int, arg(metavar="N")] = Field(2, ge=1, le=8, description="number of resolutions, from coarse to fine")
    style_size: Annotated[int | None, _INTEGER] = Field(
        None, ge=SMALLEST, le=8192, description="long side of the style images, if different"
    )
    evaluations: Annotated[int | None, _INTEGER] = Field(None, gt=0, description="evaluations of the loss and its gradient")
    content: Annotated[float | None, _NUMBER] = Field(None, ge=0, allow_inf_nan=False, description="weight of the content loss")
    style: Annotated[float | None, _NUMBER] = Field(None, ge=0, allow_inf_nan=False, description="weight of the style loss")
    variation: Annotated[float | None, _NUMBER] = Field(
        None, ge=0, allow_inf_nan=False, description="weight of the total variation loss"
    )
    shares: Annotated[tuple[Annotated[float, Field(ge=0)], ...], _UNSAID] = Field(
        (), description="weights of the style images, one for each"
    )
    keep_colors: bool = Field(False, description="keep the colors of the content")
    pool: Suppress[Pool] = Field("max", description="pooling of VGG: max or average")

    @property
    def resolved(self) -> Preset:
        """The preset, with the given values in place of its own."""
        said = self.model_dump(include={"content", "style", "variation", "evaluations"}, exclude_none=True)
        return replace(PRESETS[self.preset], **said)

    @property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """Long side and number of evaluations of each resolution, from coarse to fine. The last one gets a third of the
        evaluations; the others share the rest."""
        sides = [side for number in reversed(range(self.sizes)) if (side := self.size >> number) >= SMALLEST]
        total, coarse = self.resolved.evaluations, len(sides) - 1
        last = -(-total // 3) if coarse else total
        return (*((side, (total - last) // coarse) for side in sides[:-1]), (sides[-1], last))


DEFAULTS = Stylize()


@dataclass(frozen=True, repr=False)
class Painted:
    """Result of a style transfer.

    Args:
        image: the picture, with the content's alpha and color profile.
        losses: the weighted losses after each evaluation.
        strip: intermediate pictures, each with the number of evaluations before it.
    """

    image: Image.Image
    losses: Sequence[Losses]
    strip: Sequence[tuple[int, Image.Image]]

    def __repr__(self) -> str:
        width, height = self.image.size
        return f"Painted({width}x{height}, {len(self.losses)} evaluations)"


class PaintingInterrupted(KeyboardInterrupt):
    """Ctrl-C during a style transfer. It holds the picture at that moment."""

    def __init__(self, painted: Painted) -> None:
        super().__init__(f"interrupted after {len(painted.losses)} evaluations.")
        self.painted = painted


def stylize(
    content: Picture,
    styles: Picture | Sequence[Picture],
    settings: Stylize = DEFAULTS,
    *,
    weights: Path | str | Perception | None = None,
    mask: Picture | None = None,
    start: Picture | None = None,
    snapshots: int = 0,
    device: Device = "auto",
    heard: Heard = lambda done, total, losses: None,
    viewed: Viewed = lambda done, image: None,
    most_pixels: int = MOST_PIXELS,
) -> Painted:
    """Paint the content image in the style of one image, or of several together.

    Args:
        content: image to paint.
        styles: the style image or images.
        settings: settings of the transfer.
        weights: network that compares images, or its weights (see `load_perception`).
        mask: image that is black where the content stays unchanged.
        start: image to start with, by default the content.
        snapshots: number of intermediate pictures to keep.
        device: device of the network, as in `load`.
        heard: function called with evaluations done, their total number, and the losses.
        viewed: function called with each intermediate picture that is kept.
        most_pixels: limit of an image file's size, in which four channels count as one pixel; larger ones are rejected as
            decompression bombs.

    Raises:
        UsageError: If an image or a setting cannot be used.
        PaintingInterrupted: At Ctrl-C. It holds the picture so far.
    """
    preset, where = _weighed(settings.resolved), device_named(device)
    perception = (weights if isinstance(weights, Perception) else load_perception(weights, settings.pool)).on(where)
    given = [styles] if isinstance(styles, Image.Image | str | Path | np.ndarray | Layers) else list(styles)
    shares, painters = _shares(settings.shares, len(given)), [tensor_of(each, most_pixels) for each in given]
    canvas = canvas_for(layers_of(content, most_pixels), settings.keep_colors)
    if canvas.gray is not None:
        painters = [with_range_of(luminance(each), canvas.gray).expand(-1, 3, -1, -1) for each in painters]
    region = None if mask is None else _region(mask, canvas.colored, most_pixels)
    notes = _Notes(sum(count for _, count in settings.stages), snapshots, heard, viewed, canvas)
    picture = canvas.start if start is None else canvas.begun(tensor_of(start, most_pixels))
    for side, evaluations in settings.stages:
        small = sized(canvas.start, side)
        size, looks = small.shape[2:], [sized(each, settings.style_size or side).to(where) for each in painters]
        task = PaintingTask(
            perception, preset, small.to(where), list(zip(shares, looks, strict=True)),
            None if region is None else resized(region, size).to(where),
        )  # fmt: skip
        try:
            picture = optimized(task, resized(picture, size).to(where), evaluations, notes).cpu()
        except KeyboardInterrupt:
            raise PaintingInterrupted(Painted(notes.latest(), notes.losses, notes.strip)) from None
    return Painted(canvas.finished(picture), notes.losses, notes.strip)


@dataclass(eq=False)
class _Notes:
    """Losses and intermediate pictures, and the functions that receive them."""

    total: int
    snapshots: int
    heard: Heard
    viewed: Viewed
    canvas: Canvas
    losses: list[Losses] = field(default_factory=list)
    strip: list[tuple[int, Image.Image]] = field(default_factory=list)
    now: Callable[[], Tensor] | None = None

    def __call__(self, losses: Losses, now: Callable[[], Tensor]) -> None:
        self.losses.append(losses)
        self.now = now
        done = len(self.losses)
        if done * self.snapshots // self.total > (done - 1) * self.snapshots // self.total:
            self.strip.append((done, self.latest()))
            self.viewed(*self.strip[-1])
        self.heard(done, self.total, losses)

    def latest(self) -> Image.Image:
        """Return the current picture; the content image before the first evaluation."""
        return self.canvas.finished(self.canvas.start if self.now is None else self.now().cpu())


def _weighed(preset: Preset) -> Preset:
    """Return the preset. Raises UsageError if all of its weights are 0."""
    if not (preset.content or preset.style or preset.variation):
        raise UsageError("content 0, style 0, variation 0: give one of them a weight.")
    return preset


def _region(mask: Picture, content: Tensor, most_pixels: int) -> Tensor:
    """Return the mask's luminance (1, 1, H, W). Raises UsageError if its size differs from the content image."""
    region = luminance(tensor_of(mask, most_pixels))
    check_size_of(region.shape[2:], content.shape[2:])
    return region


def _shares(weights: Sequence[float], count: int) -> list[float]:
    """Return the shares of the styles, with sum 1. Raises UsageError if there is no style, the numbers of weights and styles
    differ, or all weights are 0."""
    if not count:
        raise UsageError("name a style image.")
    if weights and (len(weights) != count or not sum(weights)):
        given = ", ".join(f"{weight:g}" for weight in weights)
        raise UsageError(f"shares {given}: give one for each of the {count} styles, not all of them 0.")
    chosen = list(weights) or [1.0] * count
    return [weight / sum(chosen) for weight in chosen]
