"""Optical flow between two frames, occlusion masks, and warping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError
from viceversa.images.decoding import recolored
from viceversa.video.clip import Picture8
from viceversa.video.packages import package

Flow = NDArray[np.float32]
"""Optical flow (H, W, 2): what is at (x, y) in one frame is at (x, y) + flow[y, x] in the other; in pixels, x first."""
Mask = NDArray[np.bool_]
"""Mask (H, W): True where something is visible in both frames."""
SMALLEST = 16


@dataclass(frozen=True)
class Estimator:
    """Flow estimator.

    Args:
        name: part of the names of measurements.
        flow: function from two frames (H, W, C) uint8 to the flow from first to second.
    """

    name: str
    flow: Callable[[Picture8, Picture8], Flow]


def _dis(one: Picture8, other: Picture8) -> Flow:
    """Return the flow by dense inverse search (arXiv 1603.03590) in OpenCV, preset medium; 0 between equal frames.

    It runs on one thread, because OpenCV divides frames among threads, which changes results. Raises UsageError below 16 px.
    """
    cv2 = package("cv2")
    if min(one.shape[:2]) < SMALLEST:
        small = f"frames of {one.shape[1]}x{one.shape[0]} pixels are too small to estimate motion"
        raise UsageError(f"{small}: each side needs at least {SMALLEST} pixels.")
    gray = [np.ascontiguousarray(recolored(each, 1)[..., 0]) for each in (one, other)]
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        flow: Flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*gray, None)
    finally:
        cv2.setNumThreads(threads)
    return flow


def _farneback(one: Picture8, other: Picture8) -> Flow:
    """Return the flow by polynomial expansion (Farnebäck 2003) in OpenCV: five levels, windows of 15 px, three iterations."""
    gray = [np.ascontiguousarray(recolored(each, 1)[..., 0]) for each in (one, other)]
    flow: Flow = package("cv2").calcOpticalFlowFarneback(*gray, None, 0.5, 5, 15, 3, 5, 1.1, 0)
    return flow


DIS = Estimator("dis", _dis)
FARNEBACK = Estimator("farneback", _farneback)


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion between two frames of a clip (H, W, C). Each direction is computed on demand, once."""

    earlier: Picture8
    later: Picture8
    estimator: Estimator = DIS

    @cached_property
    def forward(self) -> Flow:
        """Flow from the earlier frame to the later one."""
        return self.estimator.flow(self.earlier, self.later)

    @cached_property
    def backward(self) -> Flow:
        """Flow from the later frame to the earlier one."""
        return self.estimator.flow(self.later, self.earlier)

    @cached_property
    def seen_later(self) -> Mask:
        """Mask of the earlier frame: what is also visible in the later one."""
        return visible(self.forward, self.backward)

    @cached_property
    def seen_earlier(self) -> Mask:
        """Mask of the later frame: what was also visible in the earlier one."""
        return visible(self.backward, self.forward)


def warped(image: NDArray[np.generic], flow: Flow) -> NDArray[np.float32]:
    """Return the image of the other frame, warped to this frame: image[p + flow(p)], bilinear, with continued border.

    It is exact for whole pixels.

    Args:
        image: (H, W, C) of any type.
        flow: flow from this frame to the other.

    Returns:
        (H, W, C) float32.
    """
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = np.clip(x + flow[..., 0], 0, width - 1), np.clip(y + flow[..., 1], 0, height - 1)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left)[..., None], (y - top)[..., None]
    values = image.astype(np.float32)
    upper = values[top, left] * (1 - across) + values[top, right] * across
    lower = values[bottom, left] * (1 - across) + values[bottom, right] * across
    result: NDArray[np.float32] = upper * (1 - down) + lower * down
    return result


def visible(flow: Flow, back: Flow) -> Mask:
    """Return where this frame is not occluded in the other one, by the rule of Ruder et al. (arXiv 1604.08610).

    With the flow f to the other frame, the flow b back, and b~(p) = b(p + f(p)), a pixel is occluded where
    |f + b~|^2 > .01 (|f|^2 + |b~|^2) + .5. It is also occluded at a motion boundary, |grad u|^2 + |grad v|^2 > .01 |f|^2 + .002,
    with forward differences. In addition to the paper, it is occluded where p + f(p) is more than half a pixel outside the frame.
    """
    height, width = flow.shape[:2]
    returned = warped(back, flow)
    squared = (flow**2).sum(2)
    apart = ((flow + returned) ** 2).sum(2) > 0.01 * (squared + (returned**2).sum(2)) + 0.5
    across, down = np.diff(flow, axis=1, append=flow[:, -1:]), np.diff(flow, axis=0, append=flow[-1:])
    border = (across**2 + down**2).sum(2) > 0.01 * squared + 0.002
    y, x = np.mgrid[:height, :width]
    x, y = x + flow[..., 0], y + flow[..., 1]
    outside = (x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)
    mask: Mask = ~(apart | border | outside)
    return mask
