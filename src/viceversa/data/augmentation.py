"""Augmentations beyond flips and shifts, by kornia (the extra `data`): each image of a batch by an amount of its own."""

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
        """Raises UsageError for what images of so many channels cannot have, and where kornia is missing."""
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
