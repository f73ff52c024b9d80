"""`viceversa stylize CONTENT STYLE`: paint an image or a clip in the style of other images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image
from tyro.conf import OmitArgPrefixes, Positional, arg

from viceversa.cli.clips import stylize_clip
from viceversa.cli.inputs import checked_limit, header_at, layers_at
from viceversa.cli.notices import Notice, lost_in_reading, lost_in_writing, tell
from viceversa.cli.parsing import parsed
from viceversa.cli.results import check_new
from viceversa.errors import UsageError, printable
from viceversa.files import readable, writable
from viceversa.images.decoding import MOST_PIXELS, BadImage
from viceversa.images.layers import Header
from viceversa.images.load import layers_of
from viceversa.images.pictures import grid, save_png
from viceversa.images.save import format_of, save_image
from viceversa.progress import Bar
from viceversa.style.painting import Losses
from viceversa.style.stylize import Painted, PaintingInterrupted, Stylize, stylize
from viceversa.video import is_clip

SNAPSHOTS = 6


@dataclass(frozen=True)
class Command:
    """Paint an image or a video clip in the style of other images."""

    content: Annotated[Positional[Path], arg(metavar="CONTENT", help_behavior_hint="")]
    """image or clip to paint; Ctrl-C stops early"""
    styles: Annotated[Positional[tuple[Path, ...]], arg(metavar="STYLE ...", help_behavior_hint="(required)")]
    """one or more images whose style to use"""
    settings: Annotated[OmitArgPrefixes[Stylize], arg(help="")]
    out: Annotated[Path, arg(metavar="IMAGE")] = Path("stylized.png")
    """image or clip to write"""
    weights: Annotated[str | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """feature network: a file, or vgg19 (docs/style.md)"""
    mask: Annotated[Path | None, arg(metavar="IMAGE", help_behavior_hint="")] = None
    """mask image: black areas keep the content unchanged"""
    strip: Annotated[Path | None, arg(metavar="PNG", help_behavior_hint="")] = None
    """PNG file for six intermediate results, side by side"""
    fps: Annotated[float | None, arg(metavar="RATE", help_behavior_hint="")] = None
    """frames per second, for a folder of frames"""
    later: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """loss evaluations for each frame after the first"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False
    """replace a picture or clip that exists already"""
    max_pixels: Annotated[int, arg(metavar="N", help_behavior_hint="")] = MOST_PIXELS
    """refuse larger images (default: 100 million)"""


def run(arguments: Sequence[str]) -> int:
    """Paint, and print where the picture is. Return the exit code."""
    asked = parsed(Command, arguments, "stylize")
    inputs = [asked.content, *asked.styles, *([asked.mask] if asked.mask else [])]
    for path in inputs:
        readable(path, "the image")
    if asked.content.is_dir() or is_clip(asked.content, asked.out):
        stylize_clip(asked)
        return 0
    _check(asked, inputs)
    interrupted = False
    try:
        header = header_at(asked.content, asked.max_pixels)
        tell(_lost(asked, header))
        painted = _painted(asked)
    except PaintingInterrupted as stop:
        painted, interrupted = stop.painted, True
    except BadImage as error:
        raise UsageError(f"{str(error).removesuffix('.')}: give another image.") from error
    save_image(layers_of(painted.image), asked.out)
    if asked.strip and painted.strip:
        save_png(_side_by_side(painted), asked.strip)
    done, last = len(painted.losses), painted.losses[-1] if painted.losses else {}
    print(f"{printable(str(asked.out))}: {painted.image.width}x{painted.image.height}, {done} evaluations, {_in_words(last)}")
    if interrupted:
        raise KeyboardInterrupt
    return 0


def _check(asked: Command, inputs: Sequence[Path]) -> None:
    """Raise UsageError, before any work, if an output cannot be written."""
    if asked.later is not None or asked.fps is not None:
        raise UsageError("leave out --later and --fps: they are for clips.")
    checked_limit(asked.max_pixels)
    format_of(asked.out)
    if asked.strip and asked.strip.suffix.lower() != ".png":
        raise UsageError(f"{str(asked.strip)!r}: end --strip with .png.")
    taken = {each.resolve() for each in inputs}
    for option, path in (("--out", asked.out), *((("--strip", asked.strip),) if asked.strip else ())):
        if path.is_dir():
            raise UsageError(f"{str(path)!r} is a folder: choose another place with {option}.")
        if path.resolve() in taken:
            raise UsageError(f"{str(path)!r} is an input image, or the output of --out: choose another place with {option}.")
        taken.add(path.resolve())
        writable(path.parent)
    check_new([asked.out, *([asked.strip] if asked.strip else [])], asked.overwrite)


def _lost(asked: Command, header: Header) -> Iterator[Notice]:
    """Yield what the content image loses in the picture, which is in color and has 8 bits per channel."""
    yield from lost_in_reading(header, 3, str(asked.content))
    yield from lost_in_writing(replace(header, bits=8), asked.out, 3, alpha=header.alpha)


def _painted(asked: Command) -> Painted:
    with Bar("looking", None) as bar:

        def heard(done: int, total: int, losses: Losses) -> None:
            bar.show(done, total=total, title=_in_words(losses))

        content, *styles = (layers_at(path, asked.max_pixels) for path in (asked.content, *asked.styles))
        mask = layers_at(asked.mask, asked.max_pixels) if asked.mask else None
        snapshots = SNAPSHOTS if asked.strip else 0
        return stylize(
            content, styles, asked.settings, weights=asked.weights, mask=mask, snapshots=snapshots, device=asked.device, heard=heard
        )


def _in_words(losses: Losses) -> str:
    return ", ".join(f"{name} {loss:.4g}" for name, loss in losses.items())


def _side_by_side(painted: Painted) -> Image.Image:
    """Return the intermediate pictures side by side, resized to the last one."""
    size = painted.strip[-1][1].size
    cells = [np.asarray(image.convert("RGB").resize(size, Image.Resampling.BICUBIC)) for _, image in painted.strip]
    return grid([cells], [f"{done} evaluations" for done, _ in painted.strip], scale=1)
