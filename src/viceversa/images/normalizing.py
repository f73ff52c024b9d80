"""Convert pixels to network inputs and back, and augment whole batches on their device."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels


def normalized(pixels: Tensor) -> Tensor:
    """Convert uint8 or uint16 (N, H, W, C) to float32 (N, C, H, W) in [-1, 1]. Raises UsageError for other types and shapes."""
    if pixels.ndim != 4 or pixels.dtype not in (torch.uint8, torch.uint16):
        given = f"{tuple(pixels.shape)} of {str(pixels.dtype).removeprefix('torch.')}"
        raise UsageError(f"pixels must be uint8 or uint16 of shape (images, height, width, channels), not {given}.")
    half = 32767.5 if pixels.dtype == torch.uint16 else 127.5
    return pixels.permute(0, 3, 1, 2).float().div(half).sub(1).contiguous()


def quantized(images: Tensor, bits: int = 8) -> Pixels:
    """Return `levels` of the images as an array."""
    return levels(images.detach(), bits).cpu().numpy()


def levels(images: Tensor, bits: int = 8) -> Tensor:
    """Convert images (N, C, H, W) in [-1, 1] to uint8 (N, H, W, C): round(clamp((x + 1) 127.5, 0, 255)). With 16 bits: uint16, up
    to 65535."""
    top, depth = 2**bits - 1, torch.uint8 if bits == 8 else torch.uint16
    return images.float().add(1).mul(top / 2).clamp(0, top).round().to(depth).permute(0, 2, 3, 1).contiguous()


def flipped(images: Tensor, which: Tensor) -> Tensor:
    """Return the images, mirrored left to right where `which` (N,) is true."""
    return torch.where(which[:, None, None, None], images.flip(3), images)


def enlarged_to(images: Tensor, side: int) -> Tensor:
    """Resize images (N, C, H, W) in [-1, 1] so that the shorter side has `side` pixels: bicubic, with the weights that Pillow uses
    too."""
    height, width = images.shape[2:]
    size = [round(each * side / min(height, width)) for each in (height, width)]
    return F.interpolate(images, size, mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)


def cropped(images: Tensor, corners: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut a part out of each image.

    Args:
        images: (N, C, H, W).
        corners: (row, column) of the first pixel of each part, (N, 2).
        size: height and width of the parts.
    """
    count, channels = images.shape[:2]
    rows = torch.arange(size[0], device=images.device)[None] + corners[:, :1]
    columns = torch.arange(size[1], device=images.device)[None] + corners[:, 1:]
    number = torch.arange(count, device=images.device)[:, None, None, None]
    channel = torch.arange(channels, device=images.device)[None, :, None, None]
    return images[number, channel, rows[:, None, :, None], columns[:, None, None, :]]


def shifted(images: Tensor, moves: Tensor, reach: int) -> Tensor:
    """Shift each image and continue its border.

    Args:
        images: (N, C, H, W).
        moves: shifts by (rows, columns), (N, 2), in -reach..reach.
        reach: largest shift.
    """
    height, width = images.shape[2:]
    return cropped(F.pad(images, (reach,) * 4, mode="replicate"), reach - moves, (height, width))
