"""Open a clip of any kind, and choose the writer of a result."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from viceversa.errors import UsageError
from viceversa.files import vacant
from viceversa.images.decoding import MOST_PIXELS
from viceversa.video.animation import Animation, is_animation, open_animation
from viceversa.video.clip import Clip
from viceversa.video.container import open_container
from viceversa.video.encoding import FORMATS, encoding_for
from viceversa.video.job import Form
from viceversa.video.parts import parts_folder
from viceversa.video.sequence import ImageFolder, open_sequence

VIDEO = frozenset({*FORMATS, ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv", ".3gp", ".y4m"})
"""Lower-case suffixes of files that are taken for video. The type of a file is decided by its content."""
WRITTEN = frozenset({*FORMATS, ".gif"})
"""Suffixes of files that can be written."""


def is_clip(path: Path, out: Path) -> bool:
    """Return whether an input is a clip, judged by its name or that of its output: a video, or a GIF with several frames."""
    return out.suffix.lower() in WRITTEN or path.suffix.lower() in VIDEO or is_animation(path)


def open_clip(path: Path, *, fps: float | None = None, background: int = 255, most_pixels: int = MOST_PIXELS) -> Clip:
    """Open a video file, a GIF, or a folder of images as a clip.

    Args:
        path: the file or folder.
        fps: frames per second of a folder; 25 by default.
        background: gray level behind transparent parts of images and GIFs, 0 to 255.
        most_pixels: limit of the size of an image in a folder.

    Raises:
        UsageError: If the clip cannot be opened.
    """
    if path.is_dir():
        return open_sequence(path, fps, background, most_pixels)
    if fps is not None:
        only = f"`fps={fps:g}` is only for folders of images, and {str(path)!r} has its own frame times"
        raise UsageError(f"{only}: leave out `fps`.")
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UsageError(f"{str(path)!r} is empty: give another file.")
    return open_animation(path, background) if start == b"GIF8" else open_container(path)


def form_for(clip: Clip, out: Path) -> Form:
    """Return the writer for the suffix of `out`: a video, a GIF, or, without a suffix, a folder of PNG files. Raises UsageError."""
    suffix = out.suffix.lower()
    if out.resolve() == clip.path.resolve():
        raise UsageError(f"{str(out)!r} is the clip to read: choose another place with `out`.")
    if suffix in WRITTEN:
        if out.is_dir():
            raise UsageError(f"{str(out)!r} is a folder: choose another place with `out`.")
        return Animation(clip.tick, clip.loops) if suffix == ".gif" else encoding_for(clip, out)
    if suffix in VIDEO:
        raise UsageError(f"{str(out)!r} cannot be written: end it with {', '.join(sorted(WRITTEN))}, or name a folder.")
    if suffix in Image.registered_extensions():
        raise UsageError(f"{str(out)!r} is the name of an image: end it with {', '.join(sorted(WRITTEN))}, or name a folder.")
    if not vacant(out) and not parts_folder(out).exists():
        raise UsageError(f"{str(out)!r} is not an empty folder: choose another place with `out`.")
    return ImageFolder()
