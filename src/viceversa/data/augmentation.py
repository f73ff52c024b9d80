"""Augmentations other than flips and shifts, by kornia (the extra `data`). Each image of a batch is changed by a random amount of
its own."""

from __future__ import annotations

import math

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from viceversa.core.draws import Draws
from viceversa.errors import UsageError


class Augment(BaseModel):
    """Random changes of training images. Each number is the largest change; 0 turns it off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rotate: float = Field(0, ge=0, le=180, description="rotation in degrees; border pixels fill the corners")
    zoom: float = Field(0, ge=0, lt=1, description="enlargement or reduction, as a fraction of the size")
    brightness: float = Field(0, ge=0, lt=1, description="change of brightness, as a fraction of the full range")
    contrast: float = Field(0, ge=0, lt=1, description="change of contrast, as a fraction")
    saturation: float = Field(0, ge=0, lt=1, description="change of saturation, as a fraction; color images only")
    hue: float = Field(0, ge=0, le=0.5, description="change of hue, as a fraction of the color circle; color images only")
    blur: float = Field(0, ge=0, le=10, description="standard deviation of a Gaussian blur, in pixels")

    @property
    def is_on(self) -> bool:
        return any(self.model_dump().values())

    def check(self, channels: int) -> None:
        """Raise UsageError if images with this number of channels cannot be changed so, or if kornia is missing."""
        if not self.is_on:
            return
        if channels != 3 and (self.saturation or self.hue):
            need = f"saturation and hue need color images, and these have {channels} channels"
            raise UsageError(f"{need}: leave out these augmentations.")
        try:
            import kornia  # noqa: F401
        except ImportError:
            raise UsageError("augmentations need kornia: pip install 'viceversa[data]'.") from None


NO_AUGMENTATION = Augment()


def augmented(images: Tensor, augment: Augment, draws: Draws, name: str) -> Tensor:
    """Return augmented images (N, C, H, W) in [-1, 1].

    The same draws and name give the same changes, however the rows are distributed over processes.

    Args:
        images: images (N, C, H, W) in [-1, 1].
        augment: largest changes.
        draws: random numbers of the step.
        name: name of the draws.
    """
    from kornia.enhance import adjust_brightness, adjust_contrast, adjust_hue, adjust_saturation
    from kornia.filters import gaussian_blur2d

    def amount(what: str, most: float) -> Tensor:
        """Return random amounts (N,) in [-most, most]."""
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
        deviation = amount("blur", augment.blur).abs().clamp(min=1e-3)  # too small to smooth anything
        side = 2 * math.ceil(3 * augment.blur) + 1
        levels = gaussian_blur2d(levels, (side, side), deviation[:, None].expand(-1, 2), border_type="replicate")
    return levels.clamp(0, 1) * 2 - 1


def _turned(images: Tensor, degrees: Tensor, factor: Tensor) -> Tensor:
    """Rotate and enlarge each image about its center, in one resampling. The border is continued."""
    from kornia.geometry.transform import get_rotation_matrix2d, warp_affine

    height, width = images.shape[2:]
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2]).to(images).expand(len(images), 2)
    matrix = get_rotation_matrix2d(middle, degrees, factor[:, None].expand(-1, 2))
    return warp_affine(images, matrix, (height, width), padding_mode="border", align_corners=True)
