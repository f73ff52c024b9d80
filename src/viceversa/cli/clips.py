"""Clips in `viceversa translate` and `viceversa stylize`: video, GIF and folders of frames."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viceversa.cli.inputs import checked_limit, layers_at, naming_the_flag
from viceversa.cli.notices import Notice, tell
from viceversa.cli.results import check_new
from viceversa.data.files.listing import listing
from viceversa.errors import UsageError, printable
from viceversa.files import readable, write_atomically
from viceversa.images.layers import Layers
from viceversa.inference.translation import doubt
from viceversa.progress import watched
from viceversa.video import Clip, Consistency, Frame, Process, Work, form_for, make_clip, open_clip
from viceversa.video.fingerprints import fingerprint, versions, weights_fingerprint
from viceversa.video.stylizing import later_settings, stylization
from viceversa.video.translating import translation, way_of

if TYPE_CHECKING:
    from viceversa.cli.stylize import Command
    from viceversa.cli.translate import Translate
    from viceversa.inference.model import Model
    from viceversa.inference.preprocessing import Manner

STYLIZED_PART = 8
"""Number of frames in a part of a stylized clip. Each frame may take minutes."""


def translate_clip(asked: Translate, model: Model, manner: Manner) -> None:
    """Translate the one input, and print where the clip is. Raises UsageError."""
    if len(asked.inputs) > 1:
        raise UsageError(f"{len(asked.inputs)} inputs, one of them a clip: translate clips one at a time.")
    if asked.difference or asked.skip_bad:
        raise UsageError("leave out --difference and --skip-bad: they are for images.")
    path = readable(asked.inputs[0], "the input")
    spec = model.space.images[model.routing.departure(asked.source, asked.to)]
    background = round((spec.background + 1) * 127.5)
    clip = naming_the_flag(lambda: open_clip(path, fps=asked.fps, background=background, most_pixels=asked.max_pixels))
    first = next(clip.read()).pixels
    way = way_of(model, first, asked.to, source=asked.source, manner=manner, smooth=asked.smooth)
    form_for(clip, asked.out)  # what cannot be is said first
    opened = model.preprocessing.opened(first, way.source.space, manner)
    model.preprocessing.weights(opened, way.source.space, manner)
    if unlike := doubt(model, Layers(first), way.source.space):
        print(f"viceversa: warning: {printable(str(path))} {printable(unlike)}.", file=sys.stderr)
    request = {
        **_request(path, asked.fps, asked.consistency),
        "RUN": weights_fingerprint(model.method.translator),
        "--to": asked.to,
        "--from": f"{asked.source} {None if way.source.label is None else way.source.label.tolist()}",
        "--strength": repr(asked.strength),
        "--seed": repr(asked.seed),
        "--reference": _of(asked.reference),
        "--full-size": repr(asked.full_size),
        "--paper": repr(asked.paper),
        "--mask": _of(asked.mask),
        "--key": f"{asked.key} {asked.feather} {asked.outside}",
        "--smooth": repr(asked.smooth),
    }
    work, kept = _work(clip, request, asked.consistency), asked.full_size or (clip.height, clip.width) == (spec.height, spec.width)
    sizes = f"{clip.width}x{clip.height} -> {spec.width}x{spec.height}"
    notices = [] if kept else [Notice("resized", sizes, "; --full-size keeps the size")]
    _finish(clip, asked.out, translation(model, way), work, notices, overwrite=asked.overwrite)


def stylize_clip(asked: Command) -> None:
    """Paint the clip, and print where it is and its consistency, which is cheap to measure here. Raises UsageError."""
    if asked.strip:
        raise UsageError("leave out --strip: it is for images.")
    later = later_settings(asked.settings, asked.later)
    most = checked_limit(asked.max_pixels)
    clip = naming_the_flag(lambda: open_clip(asked.content, fps=asked.fps, most_pixels=most))
    request = {
        **_request(asked.content, asked.fps, True),
        "STYLE": " ".join(map(_of, asked.styles)),
        "settings": asked.settings.model_dump_json(),
        "--later": str(later.evaluations),
        "--weights": _of(Path(asked.weights)) if asked.weights and Path(asked.weights).is_file() else str(asked.weights),
        "--mask": _of(asked.mask),
    }
    styles = [layers_at(path, asked.max_pixels) for path in asked.styles]
    mask = layers_at(asked.mask, asked.max_pixels) if asked.mask else None
    process = stylization(styles, asked.settings, later, weights=asked.weights, mask=mask, device=asked.device)
    _finish(clip, asked.out, process, _work(clip, request, True, STYLIZED_PART), [], overwrite=asked.overwrite)


def _request(path: Path, fps: float | None, consistency: bool) -> dict[str, str]:
    return {"INPUT": fingerprint(path), "--fps": repr(fps), "--consistency": repr(consistency), "versions": versions()}


def _of(path: Path | None) -> str:
    return "" if path is None else fingerprint(readable(path, "the image"))


def _work(clip: Clip, request: Mapping[str, str], consistency: bool, part: int = 64) -> Work:
    def seen(frames: Iterator[Frame]) -> Iterator[Frame]:
        return watched(frames, clip.path.name, total=clip.count or None)

    return Work(request, part, measured=consistency, watched=seen)


def _finish(clip: Clip, out: Path, process: Process, work: Work, notices: Sequence[Notice], *, overwrite: bool) -> None:
    """Print the notices, make the clip and print a summary. Raises UsageError at the end if part of the input could not be read."""
    form = form_for(clip, out)
    if not out.is_dir():  # a folder for frames must be empty, or contain parts of the same request
        check_new([out], overwrite)
    for line in listing(clip.path, deep=False).account() if clip.path.is_dir() else ():
        print(printable(f"{clip.path}: {line}"), file=sys.stderr)
    tell(notices)
    done = make_clip(clip, out, form, process, work)
    print(printable(f"{clip.path} -> {out}: {done.frames} frames"))
    figures = out.with_name(f"{out.name}.consistency.json")
    if done.consistency:
        _tell(done.consistency, figures)
    else:
        figures.unlink(missing_ok=True)  # figures of an earlier clip
        if work.measured:
            print("  the clip has only one frame: there is no consistency to measure")
    if done.cut:
        raise UsageError(
            f"{str(clip.path)!r} cannot be read after frame {done.frames} ({done.cut}): {str(out)!r} holds the frames up to there."
        )


def _tell(consistency: Consistency, path: Path) -> None:
    """Print the figures, and write them."""
    figures: dict[str, Any] = dict(consistency.figures)
    for name, value in figures.items():
        print(f"  {name.replace('_', ' '):<32} {'none' if value is None else f'{value:.6g}'}")
    write_atomically(path, json.dumps(figures, indent=1).encode() + b"\n")
