"""Video files, written by PyAV: parts are encoded separately, and joined unchanged, with the times and sound of the input."""

from __future__ import annotations

import contextlib
import heapq
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from viceversa.errors import UsageError
from viceversa.images.decoding import recolored
from viceversa.video.clip import Clip, Frame
from viceversa.video.coding import Coding, from_rgb
from viceversa.video.container import ALIKE, PC, TV, opened, reason_of_pyav
from viceversa.video.packages import package
from viceversa.video.parts import Time, written_whole

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame

_X264 = ("libx264", {"crf": "12", "preset": "medium", "bf": "0"})
_VP9 = ("libvpx-vp9", {"crf": "16", "b": "0", "auto-alt-ref": "0", "lag-in-frames": "0", "deadline": "good", "cpu-used": "4"})
FORMATS = {".mp4": ("mp4", *_X264), ".m4v": ("mp4", *_X264), ".mov": ("mov", *_X264), ".mkv": ("matroska", *_X264),
           ".webm": ("webm", *_VP9)}  # fmt: skip
"""Container, encoder and its options, by suffix. There is one packet per frame, in the order in which frames are shown."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """Writer of a video file with the color coding, times and sound of a clip."""

    clip: Clip
    form: str
    encoder: str
    options: dict[str, str]
    suffix: str = ".mkv"

    def write(self, frames: Iterable[Frame], path: Path, first: int) -> None:
        """Write a part of the file that does not refer to other parts."""
        with _writing(path, "matroska") as container:
            stream: Any = None
            scaler = package("av").video.reformatter.VideoReformatter()  # shared, because making one takes a millisecond
            for number, frame in enumerate(frames):
                height, width = frame.pixels.shape[:2]
                if stream is None:
                    stream = container.add_stream(self.encoder, rate=self.clip.rate.limit_denominator(1001), options=self.options)
                    stream.width, stream.height, stream.pix_fmt = width, height, self._layout(height, width)
                    self._color(stream.codec_context)
                    if (height, width) == (self.clip.height, self.clip.width):
                        stream.codec_context.sample_aspect_ratio = self.clip.aspect
                picture = self._picture(frame, stream.pix_fmt, scaler)
                picture.pts, picture.time_base = number, 1 / stream.codec_context.framerate
                container.mux(stream.encode(picture))
            if stream is not None:
                container.mux(stream.encode())

    def join(self, parts: Sequence[Path], times: Iterable[Time], out: Path) -> None:
        """Write the parts as one file, with each frame at its time in the input, and the sound up to the end of the video."""
        with written_whole(parts[0].with_name(f"joined{out.suffix}"), out) as path, _writing(path, self.form) as container:
            if self.clip.sound:
                with opened(self.clip.path) as source:
                    self._join(container, parts, list(times), source)
            else:
                self._join(container, parts, list(times), None)

    def _join(self, container: OutputContainer, parts: Sequence[Path], times: Sequence[Time], source: Any) -> None:
        with opened(parts[0]) as part:
            stream = container.add_stream_from_template(part.streams.video[0])
            extra = bytes(part.streams.video[0].codec_context.extradata or b"")
        stream.time_base = self.clip.tick
        sounds = {} if source is None else {each.index: container.add_stream_from_template(each) for each in source.streams.audio}
        end = max(start + length for start, length in times) * self.clip.tick
        packets = [_timed(self._packets(parts, extra), times, stream, self.clip.tick)]
        if sounds:
            packets.append(_sound(source, sounds, self.clip.begin * self.clip.tick, end))
        for _, _, packet in heapq.merge(*packets, key=lambda each: each[:2]):
            container.mux(packet)

    def _packets(self, parts: Sequence[Path], extra: bytes) -> Iterator[Packet[Any]]:
        """Yield the packets of all parts. Raises UsageError for parts that do not fit together."""
        for path in parts:
            with opened(path) as part:
                if bytes(part.streams.video[0].codec_context.extradata or b"") != extra:
                    raise UsageError(f"{str(path)!r} was encoded by another version of PyAV: remove its folder, and start again.")
                yield from (packet for packet in part.demux(part.streams.video[0]) if packet.size)

    def _layout(self, height: int, width: int) -> str:
        """Return the pixel format. Color has half the resolution, as players expect, unless a side is odd or the input has full
        resolution."""
        return "yuv420p" if self.clip.halved and height % 2 == width % 2 == 0 else "yuv444p"

    def _color(self, context: Any) -> None:
        coding = self.clip.coding
        context.color_range = PC if coding.full else TV
        context.colorspace, context.color_primaries, context.color_trc = coding.matrix, coding.primaries, coding.transfer

    def _picture(self, frame: Frame, layout: str, scaler: Any) -> VideoFrame:
        coding: Coding = self.clip.coding
        planes = from_rgb(np.ascontiguousarray(recolored(frame.pixels, 3)), coding)
        picture: VideoFrame = scaler.reformat(package("av").VideoFrame.from_ndarray(planes, "yuv444p"), format=layout, **ALIKE)
        picture.color_range, picture.colorspace = PC if coding.full else TV, coding.matrix
        return picture


@contextlib.contextmanager
def _writing(path: Path, form: str) -> Iterator[OutputContainer]:
    """Open a file for writing as a context. Raises UsageError for what PyAV cannot write."""
    av = package("av")
    try:
        with av.open(str(path), "w", format=form) as container:
            yield container
    except av.error.FFmpegError as error:
        raise UsageError(f"{str(path)!r} cannot be written ({reason_of_pyav(error)}): choose another `out`.") from error


def encoding_for(clip: Clip, out: Path) -> Encoding:
    """Return the writer for a clip and a file name. Raises UsageError if the file cannot hold the clip's sound."""
    encoding = Encoding(clip, *FORMATS[out.suffix.lower()])
    if clip.sound:
        _check_sound(encoding, out)
    return encoding


def _check_sound(encoding: Encoding, out: Path) -> None:
    """Try to begin such a file. Raises UsageError if it cannot hold the clip's sound."""
    av = package("av")
    with opened(encoding.clip.path) as source:
        try:
            with av.open(io.BytesIO(), "w", format=encoding.form) as container:
                for stream in source.streams.audio:
                    container.add_stream_from_template(stream)
                container.start_encoding()
        except (av.error.FFmpegError, ValueError):
            codecs = ", ".join(stream.codec_context.name for stream in source.streams.audio)
            raise UsageError(f"{out.suffix} files cannot hold the clip's sound ({codecs}): give `out` a name in .mkv.") from None


Timed = tuple[Fraction, int, "Packet[Any]"]
"""Time at which a packet is written, index of its stream, and the packet."""


def _timed(packets: Iterable[Packet[Any]], times: Sequence[Time], stream: Any, tick: Fraction) -> Iterator[Timed]:
    for packet, (start, length) in zip(packets, times, strict=True):
        packet.stream, packet.time_base = stream, tick
        packet.pts = packet.dts = start
        packet.duration = length
        yield start * tick, 0, packet


def _sound(source: Any, streams: dict[int, Any], begin: Fraction, end: Fraction) -> Iterator[Timed]:
    """Yield the readable packets of the input's sound up to the end of the video."""
    av = package("av")
    packets = source.demux(*source.streams.audio)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            return
        if packet is None or packet.is_corrupt:
            return
        if packet.dts is None:
            continue
        base = packet.time_base
        shift = round(begin / base)
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if (time := packet.dts * base) < end:
            packet.stream = streams[packet.stream_index]
            yield time, 1, packet
