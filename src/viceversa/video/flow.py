"""How things move from one frame to another, where they are hidden in it, and frames warped by it."""

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
"""(H, W, 2): what is at (x, y) in one frame is at (x, y) + flow[y, x] in the other; pixels, x first."""
Mask = NDArray[np.bool_]
"""(H, W): True where something can be seen in both frames."""
SMALLEST = 16


@dataclass(frozen=True)
class Estimator:
    """A way to find the flow from one frame (H, W, C) uint8 to another; its name is part of what is measured by it."""

    name: str
    flow: Callable[[Picture8, Picture8], Flow]


def _dis(one: Picture8, other: Picture8) -> Flow:
    """Dense inverse search (arXiv 1603.03590) by OpenCV, preset medium; 0 between equal frames.

    On one thread, since it divides frames among threads, and results depend on it. Raises UsageError below 16 px.
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
    """Polynomial expansion (Farnebäck 2003) by OpenCV: five levels, windows of 15 px, three rounds."""
    gray = [np.ascontiguousarray(recolored(each, 1)[..., 0]) for each in (one, other)]
    flow: Flow = package("cv2").calcOpticalFlowFarneback(*gray, None, 0.5, 5, 15, 3, 5, 1.1, 0)
    return flow


DIS = Estimator("dis", _dis)
FARNEBACK = Estimator("farneback", _farneback)


@dataclass(frozen=True, eq=False)
class Motion:
    """Between two frames of a clip (H, W, C), each way found when it is asked for, once."""

    earlier: Picture8
    later: Picture8
    estimator: Estimator = DIS

    @cached_property
    def forward(self) -> Flow:
        """From the earlier frame to the later one."""
        return self.estimator.flow(self.earlier, self.later)

    @cached_property
    def backward(self) -> Flow:
        """From the later frame to the earlier one."""
        return self.estimator.flow(self.later, self.earlier)

    @cached_property
    def seen_later(self) -> Mask:
        """Where what the earlier frame shows can be seen in the later one too."""
        return visible(self.forward, self.backward)

    @cached_property
    def seen_earlier(self) -> Mask:
        """Where what the later frame shows could be seen in the earlier one too."""
        return visible(self.backward, self.forward)


def warped(image: NDArray[np.generic], flow: Flow) -> NDArray[np.float32]:
    """The other frame's image brought to this frame: image[p + flow(p)], bilinear, its border continued.

    (H, W, C) of any type, flow from this frame to the other -> (H, W, C) float32. Exact for whole pixels.
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
    """Where this frame is not occluded in the other, by the rule of Ruder et al. (arXiv 1604.08610).

    With f the flow to the other frame, b the flow back, and b~(p) = b(p + f(p)), a pixel is occluded where
    |f + b~|^2 > .01 (|f|^2 + |b~|^2) + .5, and at the border of a motion, |grad u|^2 + |grad v|^2 > .01 |f|^2 + .002, of forward
    differences. Here also where p + f(p) is more than half a pixel outside of the frame, of which the paper says nothing.
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
