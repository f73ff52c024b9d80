"""Video files, read by PyAV: upright frames in RGB with their own times."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from viceversa.errors import UsageError
from viceversa.video.clip import Clip, CutShort, Frame, Picture8, checked_frame
from viceversa.video.coding import UNSAID, Coding, guessed, to_rgb
from viceversa.video.packages import package

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

TV, PC = 1, 2
ALIKE: dict[str, Any] = {"src_color_range": TV, "dst_color_range": TV, "src_colorspace": 5, "dst_colorspace": 5}
"""Options of PyAV's reformat that change only the resolution of color, no levels."""
RGB = 0
"""Matrix of files that store red, green and blue."""


def open_container(path: Path) -> Clip:
    """Return a video file as a clip. Raises UsageError if it is broken or empty, or has no readable frame."""
    with opened(path) as container:
        stream = stream_of(container, path)
        tick = stream.time_base or Fraction(1, 1000)
        begin = max(0, round(Fraction(container.start_time or 0, 1_000_000) / tick))
        try:
            first = next(_decoded(container, stream))
        except (StopIteration, CutShort):
            raise UsageError(f"no frame of {str(path)!r} can be read: give another file.") from None
        turned = abs(first.rotation) % 180 == 90
        height, width = (first.width, first.height) if turned else (first.height, first.width)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        return Clip(
            path, height, width, lambda: checked_frame(_frames(path)), tick,
            rate=Fraction(stream.average_rate or stream.guessed_rate or 25),
            count=stream.frames or _count_of(stream),
            begin=begin,
            coding=_coding_of(first),
            halved=not _is_rgb(first) and first.format.components[1:2] != () and first.format.chroma_width(64) < 64,
            aspect=1 / aspect if turned else aspect,
            sound=bool(container.streams.audio),
        )  # fmt: skip


@contextlib.contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open the file as a context. FFmpeg may open no other file or address, which a playlist could name. Raises UsageError if it
    is no clip."""
    av = package("av")
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            container = stack.enter_context(av.open(file, options={"protocol_whitelist": "none"}))
        except (av.error.FFmpegError, OSError) as error:
            raise UsageError(f"{str(path)!r} is broken or no video ({reason_of_pyav(error)}): give another file.") from None
        yield container


def stream_of(container: InputContainer, path: Path) -> VideoStream:
    """Return the file's first video stream that is not an album cover. Raises UsageError if there is none."""
    from av.stream import Disposition

    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            return stream
    raise UsageError(f"{str(path)!r} has no video in it: give another file.")


def _frames(path: Path) -> Iterator[Frame]:
    """Yield the file's frames; each lasts until the next one starts. Raises CutShort."""
    with opened(path) as container:
        stream = stream_of(container, path)
        tick = stream.time_base or Fraction(1, 1000)
        usual = max(1, round(1 / (Fraction(stream.average_rate or 25) * tick)))
        begin = max(0, round(Fraction(container.start_time or 0, 1_000_000) / tick))
        waiting, start, end, longest, cut = None, 0, 0, usual, None
        scaler = package("av").video.reformatter.VideoReformatter()
        try:
            for number, frame in enumerate(_decoded(container, stream)):
                expected = start + usual if number else 0
                now = expected if frame.pts is None else frame.pts - begin
                now = now if number == 0 or now > start else start + 1
                if waiting is not None:
                    longest = max(longest, now - start)
                    yield Frame(_pixels(waiting, scaler), start, now - start)
                waiting, start, end = frame, now, now + max(1, frame.duration or usual)
        except CutShort as error:
            cut = error
        if waiting is not None:
            yield Frame(_pixels(waiting, scaler), start, end - start)
        if cut is not None:
            raise cut
        if (missing := _length_of(stream, container) - end * tick) > 1.5 * longest * tick:
            raise CutShort(f"it ends {float(missing):.2f} s before it should")


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Yield frames in the order in which they are shown. Raises CutShort at the first damaged packet."""
    av = package("av")
    packets = container.demux(stream)
    while True:
        try:
            packet: Packet[Any] | None = next(packets, None)
            frames = [] if packet is None or packet.is_corrupt else packet.decode()
        except (av.error.FFmpegError, OSError) as error:
            raise CutShort(reason_of_pyav(error)) from None
        yield from frames
        if packet is None:
            return
        if packet.is_corrupt:
            raise CutShort("a part of it is missing or damaged")


def _pixels(frame: VideoFrame, scaler: Any) -> Picture8:
    """Return (H, W, 3) RGB, rotated upright by the multiple of 90 degrees that the file gives. scaler: PyAV's, shared by all
    frames."""
    if _is_rgb(frame):
        pixels: Any = frame.to_ndarray(format="rgb24")
    else:
        full = frame.format.name.startswith("yuvj")
        planes: Any = scaler.reformat(frame, format="yuvj444p" if full else "yuv444p", **({} if full else ALIKE)).to_ndarray()
        pixels = to_rgb(np.asarray(planes).reshape(3, frame.height, frame.width), _coding_of(frame))
    return np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))


def _coding_of(frame: VideoFrame) -> Coding:
    """Return the color coding of a frame. The matrix is guessed if the file gives none, or has no luma."""
    said = int(frame.colorspace)
    matrix = guessed(frame.height, frame.width) if said in (UNSAID, RGB) or _is_rgb(frame) else said
    full = not _is_rgb(frame) and (int(frame.color_range) == PC or frame.format.name.startswith("yuvj"))
    return Coding(full, matrix, int(frame.color_primaries), int(frame.color_trc))


def _is_rgb(frame: VideoFrame) -> bool:
    return frame.format.is_rgb or frame.format.has_palette or len(frame.format.components) < 3


def _count_of(stream: VideoStream) -> int:
    """Return the approximate number of frames; 0 if it is unknown."""
    return round(_said_length(stream) * (stream.average_rate or 0))


def _length_of(stream: VideoStream, container: InputContainer) -> Fraction:
    """Return the expected duration of the video in seconds, as far as the file gives it. If there is sound, only the video's own
    counts."""
    said = _said_length(stream)
    if said or container.streams.audio or not container.duration:
        return said
    return Fraction(container.duration, 1_000_000)


def _said_length(stream: VideoStream) -> Fraction:
    """Return the duration in the stream's header, or in Matroska's text form: 00:00:02.5."""
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    try:
        hours, minutes, seconds = stream.metadata.get("DURATION", "").split(":")
        return 3600 * Fraction(hours) + 60 * Fraction(minutes) + Fraction(seconds)
    except ValueError:
        return Fraction(0)


def reason_of_pyav(error: OSError) -> str:
    """Return PyAV's reason without numbers and paths."""
    said = error.strerror or str(error)
    return said[:1].lower() + said[1:]
