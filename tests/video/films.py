"""Small clips of known frames, written by PyAV as other programs would write them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from viceversa.video import Process, Work, form_for, make_clip, open_clip

Picture = NDArray[np.uint8]
_MATRICES = {
    -90: (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30),
    90: (0, -1 << 16, 0, 1 << 16, 0, 0, 0, 0, 1 << 30),
    180: (-1 << 16, 0, 0, 0, -1 << 16, 0, 0, 0, 1 << 30),
}
"""Of degrees counterclockwise: (x, y) goes to (a x + c y, b x + d y), y down. A telephone held upright writes the first."""
AS_IT_IS = Process(lambda frame: frame, lambda frame, alone, passage: frame)


def scene(number: int, height: int = 48, width: int = 64) -> Picture:
    """Smooth colors that move to the right by two pixels a frame."""
    small = np.random.default_rng(7).integers(30, 220, (3, 14, 3), np.uint8)
    wide = np.asarray(Image.fromarray(small).resize((640, height), Image.Resampling.BICUBIC))
    start = 320 - 2 * number % 300
    return np.ascontiguousarray(wide[:, start : start + width])


def film(
    path: Path, count: int = 12, *, size: tuple[int, int] = (48, 64), times: Sequence[int] | None = None,
    coding: tuple[int, int, int, int] = (1, 6, 2, 2), layout: str = "yuv420p", encoder: str = "libx264",
    sound: str = "", rotation: int = 0, video: bool = True, aspect: Fraction = Fraction(1), options: dict[str, str] | None = None,
) -> list[Picture]:  # fmt: skip
    """A clip of 25 frames a second, or of frames at `times` in hundredths; the frames as they were before they were compressed.

    coding: range, matrix, primaries and transfer. sound: a codec.
    """
    frames = [scene(number, *size) for number in range(count)]
    times = range(0, 4 * count, 4) if times is None else times
    with av.open(str(path), "w", options=options or {}) as container:
        stream = _stream(container, encoder, size, layout, coding, aspect) if video else None
        if stream is not None and rotation:
            stream.set_display_matrix(_MATRICES[rotation])
        voice: Any = container.add_stream(sound, rate=48000) if sound else None
        for frame, time in zip(frames, times, strict=True) if stream is not None else ():
            picture = _picture(frame, layout, coding)
            picture.pts, picture.time_base = time, Fraction(1, 100)
            container.mux(stream.encode(picture))
        if stream is not None:
            container.mux(stream.encode())
        if voice is not None:
            _sing(container, voice, (times[-1] + 4) / 100)
    return frames


def _stream(container: Any, encoder: str, size: tuple[int, int], layout: str, coding: Sequence[int], aspect: Fraction) -> Any:
    options = {"crf": "4"} if encoder == "libx264" else {}
    stream = container.add_stream(encoder, rate=25, options=options)
    stream.height, stream.width, stream.pix_fmt = *size, layout
    context = stream.codec_context
    context.time_base, context.sample_aspect_ratio = Fraction(1, 100), aspect
    context.color_range, context.colorspace, context.color_primaries, context.color_trc = coding
    return stream


def _picture(frame: Picture, layout: str, coding: Sequence[int]) -> Any:
    """By libswscale, which knows nothing of our own conversion."""
    picture = av.VideoFrame.from_ndarray(frame, "rgb24")
    if layout.startswith(("rgb", "gbr", "bgr")):
        return picture.reformat(format=layout)
    matrix = {1: 1, 5: 5, 6: 5, 9: 9}[coding[1]]
    made = picture.reformat(format=layout, dst_colorspace=matrix, dst_color_range=coding[0], src_color_range=2)
    made.color_range, made.colorspace = coding[0], coding[1]
    return made


def _sing(container: Any, voice: Any, seconds: float) -> None:
    tone = (8000 * np.sin(np.arange(round(48000 * seconds)) / 20)).astype(np.int16)
    for start in range(0, len(tone), 960):
        frame = av.AudioFrame.from_ndarray(tone[None, start : start + 960], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(voice.encode(frame))
    container.mux(voice.encode())


def copied(path: Path, out: Path, **options: Any) -> Any:
    """The clip written anew by the package, every frame as it is."""
    clip = open_clip(path, **options)
    return make_clip(clip, out, form_for(clip, out), AS_IT_IS, Work({}, part=5))


def pixels(path: Path) -> list[Picture]:
    """The frames of a clip by the package."""
    return [frame.pixels for frame in open_clip(path).read()]


def times(path: Path) -> list[Fraction]:
    """When each frame of a file is shown, by PyAV."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def heard(path: Path) -> list[tuple[Fraction, bytes]]:
    """All packets of sound, with their times."""
    with av.open(str(path)) as container:
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in container.demux(audio=0) if packet.size]


def far(one: Picture, other: Picture) -> float:
    """The mean difference in levels."""
    return float(np.abs(one.astype(int) - other).mean())


def truncated(name: str, share: float) -> None:
    """Cuts a file off."""
    content = Path(name).read_bytes()
    Path(name).write_bytes(content[: int(share * len(content))])
