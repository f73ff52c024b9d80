"""Augmentations beyond flips and shifts, by kornia (the extra `data`): each image of a batch by an amount of its own."""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from viceversa.draws import Draws
from viceversa.errors import UsageError


class Augment(BaseModel):
    """How far training images are changed at most, each by an amount drawn uniformly; all off by default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rotate: float = Field(0, ge=0, le=180, description="turn by up to so many degrees, the border continued")
    zoom: float = Field(0, ge=0, lt=1, description="enlarge or shrink by up to this share")
    brightness: float = Field(0, ge=0, lt=1, description="add up to this share of the range to all levels, or take it off")
    contrast: float = Field(0, ge=0, lt=1, description="multiply levels by 1 plus or minus up to this")
    saturation: float = Field(0, ge=0, lt=1, description="multiply color by 1 plus or minus up to this; color images only")
    hue: float = Field(0, ge=0, le=0.5, description="turn the color circle by up to this share; color images only")
    blur: float = Field(0, ge=0, le=10, description="smooth by a Gaussian of up to so many pixels' deviation")

    @property
    def is_on(self) -> bool:
        return any(self.model_dump().values())

    def check(self, channels: int) -> None:
        """Raises UsageError for what images of so many channels cannot have, and where kornia is missing."""
        if not self.is_on:
            return
        if channels != 3 and (self.saturation or self.hue):
            raise UsageError(f"saturation and hue are of color images, not of {channels} channels: leave these augmentations out.")
        try:
            import kornia  # noqa: F401
        except ImportError:
            raise UsageError("augmentations need kornia: pip install 'viceversa[data]'.") from None


def augmented(images: Tensor, augment: Augment, draws: Draws, name: str) -> Tensor:
    """(N, C, H, W) in [-1, 1], changed. The same draws by the same name, the same changes, however rows are shared out."""
    from kornia.enhance import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation
    from kornia.filters import gaussian_blur2d

    def amount(what: str, most: float) -> Tensor:
        """(N,) in [-most, most]."""
        return (2 * draws.uniform(f"{what} {name}", images) - 1) * most

    if augment.rotate or augment.zoom:
        images = _turned(images, amount("rotate", augment.rotate), 1 + amount("zoom", augment.zoom))
    levels = (images + 1) / 2
    if augment.brightness:
        levels = adjust_brightness(levels, amount("brightness", augment.brightness))
    if augment.contrast:
        levels = adjust_contrast(levels, 1 + amount("contrast", augment.contrast))
    if augment.saturation:
        levels = adjust_saturation(levels, 1 + amount("saturation", augment.saturation))
    if augment.hue:
        levels = adjust_hue(levels, 2 * math.pi * amount("hue", augment.hue))
    if augment.blur:
        deviation = amount("blur", augment.blur).abs().clamp(min=1e-3)  # so little that nothing is smoothed
        side = 2 * math.ceil(3 * augment.blur) + 1
        levels = gaussian_blur2d(levels, (side, side), deviation[:, None].expand(-1, 2), border_type="replicate")
    return levels.clamp(0, 1) * 2 - 1


def _turned(images: Tensor, degrees: Tensor, factor: Tensor) -> Tensor:
    """Each image turned and enlarged about its middle, in one resampling; what comes in from outside is the border."""
    from kornia.geometry.transform import get_rotation_matrix2d, warp_affine

    height, width = images.shape[2:]
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2]).to(images).expand(len(images), 2)
    matrix = get_rotation_matrix2d(middle, degrees, factor[:, None].expand(-1, 2))
    return warp_affine(images, matrix, (height, width), padding_mode="border", align_corners=True)
