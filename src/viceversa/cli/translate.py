"""`viceversa translate RUN INPUT...`: files or folders of images in, PNG files out. TIFF where PNG cannot hold them, and where
images that keep their size were TIFF. Clips go by `cli/clips.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.clips import translate_clip
from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.data.decoding import SUFFIXES, BadImage, recolored
from viceversa.data.layers import Layers, write_layers
from viceversa.domains import Domain, Space
from viceversa.errors import UsageError, printable
from viceversa.files import readable
from viceversa.opening import mask_of
from viceversa.pictures import difference
from viceversa.regions import Region
from viceversa.training.selection import Checkpoint
from viceversa.translate import Manner, Model, load
from viceversa.video import is_clip


@dataclass(frozen=True)
class Translate:
    """Translate images or a video clip with a trained run."""

    run: Annotated[Positional[Path], arg(metavar="RUN", help_behavior_hint="")]
    """folder of a trained run, or `avatars`"""
    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT [INPUT ...]", help_behavior_hint="")]
    """images, folders of images, or one video clip"""
    out: Annotated[Path, arg(metavar="PATH", help_behavior_hint="")] = Path("translated")
    """folder or clip.mp4 to write (default: translated)"""
    to: Annotated[str, arg(metavar="TARGET", help_behavior_hint="")] = ""
    """target: "hair=blond,glasses=yes", or a space's name"""
    source: Annotated[str, arg(name="from", metavar="SOURCE", help_behavior_hint="")] = ""
    """what the input shows; the rest is recognized"""
    strength: float = 1.0
    """amount of change; 1 is all of it"""
    reference: Annotated[Path | None, arg(metavar="IMAGE", help_behavior_hint="")] = None
    """image whose style to copy, if the method can"""
    seed: int = 0
    """seed of a random style, if it can"""
    build: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """MODULE:FUNCTION of a method of your own"""
    checkpoint: Annotated[Checkpoint, arg(metavar="WHICH")] = "best"
    """checkpoint to use: best or last"""
    skip_bad: Annotated[bool, arg(help_behavior_hint="")] = False
    """skip images that cannot be read"""
    difference: Annotated[bool, arg(help_behavior_hint="")] = False
    """also write what changed, as NAME-difference.png"""
    paper: Annotated[bool, arg(help_behavior_hint="")] = False
    """clean up drawings photographed or scanned on paper"""
    full_size: Annotated[bool, arg(help_behavior_hint="")] = False
    """keep size, channels, transparency, color profile"""
    memory: Annotated[int, arg(metavar="MIB", help_behavior_hint="")] = 2048
    """memory for --full-size, in MiB (default: 2048)"""
    mask: Annotated[Path | None, arg(metavar="IMAGE", help_behavior_hint="")] = None
    """image: white may change, black stays as it is"""
    key: Annotated[str, arg(metavar="COLOR[:N]", help_behavior_hint="")] = ""
    """only this color, plus or minus N levels, changes"""
    feather: Annotated[int, arg(metavar="PX")] = 0
    """soft edge of --mask or --key in pixels"""
    outside: Annotated[bool, arg(help_behavior_hint="")] = False
    """change what is outside --mask or --key instead"""
    fps: Annotated[float | None, arg(metavar="RATE", help_behavior_hint="")] = None
    """frames per second, for a folder of frames"""
    smooth: Annotated[float, arg(metavar="SHARE", help_behavior_hint="")] = 0.0
    """blend with the previous frame: 0 (off) to 1"""
    consistency: Annotated[bool, arg(help_behavior_hint="")] = False
    """measure how steady a clip is, and write that too"""


def run(arguments: Sequence[str]) -> None:
    """Translates every input."""
    asked = parsed(Translate, arguments, "translate", "")
    model = load(asked.run, build=build_of(asked.run, [asked.build] if asked.build else []), checkpoint=asked.checkpoint)
    model.check(asked.to, asked.source)
    manner = _manner(asked)
    moving = bool(asked.smooth or asked.consistency or asked.fps)
    if any(is_clip(path, asked.out) or (moving and path.is_dir()) for path in asked.inputs):
        translate_clip(asked, model, manner)
        _tell_reader(model, asked.source)
        return
    if moving:
        raise UsageError("leave out --smooth, --consistency and --fps, which are for clips and folders of their frames.")
    if asked.difference:
        _check_alike(model.space)
    jobs = dict(_jobs(asked.inputs, asked.out, differences=asked.difference))
    bad = 0
    for result, path in jobs.items():
        try:
            here = model.start(path, asked.source, asked.to)
            layers = model.opened(path, here.space, manner)
        except BadImage as error:
            if not asked.skip_bad:
                raise UsageError(f"{str(error).removesuffix('.')}: mend or remove it, or go on with --skip-bad.") from error
            bad += 1
            print(f"bad: {printable(str(error))}", file=sys.stderr)
            continue
        there = model.target(here, asked.to, manner.strength)
        made = _translated(model, path, layers, here, there, manner)
        written = [_write(made, result)]
        if asked.difference:
            before = recolored(layers.colors, made.colors.shape[2])
            written.append(_write(Layers(difference(before, made.colors)), _beside(result)))
        places = ", ".join(map(str, written))
        words = [printable(text) for text in (str(path), _in_words(model.space, here), places, _in_words(model.space, there))]
        print("{} ({}) -> {} ({})".format(*words))
    if bad:
        print(f"viceversa: left out: {bad} of {len(jobs)} images cannot be read.", file=sys.stderr)
    _tell_reader(model, asked.source)


def _translated(model: Model, path: Path, layers: Layers, here: Domain, there: Domain, manner: Manner) -> Layers:
    """What becomes of an image. Raises UsageError, which names it."""
    try:
        return model.translate_layers(layers, here, there, manner, model.weights(layers, here.space, manner))
    except UsageError as error:
        raise UsageError(f"{str(path)!r}: {error}") from error


def _manner(asked: Translate) -> Manner:
    """How to translate; the mask is read. Raises UsageError."""
    if asked.memory < 1:
        raise UsageError(f"--memory {asked.memory}: it is 1 MiB at least.")
    region = None
    if asked.mask or asked.key or asked.feather or asked.outside:
        mask = None if asked.mask is None else mask_of(readable(asked.mask, "the mask"))
        region = Region(mask, *_key(asked.key), asked.feather, asked.outside)
    return Manner(asked.strength, asked.reference, asked.seed, asked.full_size, asked.memory, region, asked.paper)


def _key(text: str) -> tuple[str, int]:
    """COLOR or COLOR:N: the color, and the levels around it. Raises UsageError."""
    color, colon, levels = text.partition(":")
    if colon and not levels.isdecimal():
        raise UsageError(f"--key {text}: it is a color, or a color and levels around it, as in '#00ff00:40'.")
    return color, int(levels or 0)


def _tell_reader(model: Model, source: str) -> None:
    """Says what the labeller read, and how well it does."""
    if model.labeller and (names := model.unnamed(source)):
        accuracy = f"{model.labeller.accuracy:.3f} on test images"
        print(
            f"{printable(', '.join(names))} of the inputs: read by the run's labeller, whose accuracy is {accuracy}",
            file=sys.stderr,
        )


def _check_alike(space: Space) -> None:
    """Raises UsageError for spaces whose images cannot be compared pixel by pixel."""
    if len({spec.shape for spec in space.images.values()}) > 1:
        sizes = ", ".join(f"{name} {spec.height}x{spec.width}x{spec.channels}" for name, spec in space.images.items())
        raise UsageError(f"leave out --difference: this run's images differ in size or channels ({sizes}).")


def _beside(result: Path) -> Path:
    """Where the difference of a result goes."""
    return result.with_name(f"{result.name}-difference")


def _write(layers: Layers, result: Path) -> Path:
    """Writes the image to the result's name and its own suffix."""
    path = result.with_name(result.name + layers.suffix)
    write_layers(layers, path)
    return path


def _jobs(inputs: Sequence[Path], out: Path, *, differences: bool) -> Iterator[tuple[Path, Path]]:
    """Each image's result, without a suffix, and the image. Raises UsageError rather than lose an image."""
    images = list(_images(inputs))
    if not images:
        raise UsageError(f"there are no images in {', '.join(map(repr, map(str, inputs)))}.")
    taken, originals = dict[Path, Path](), {image.resolve() for _, image in images}
    for place, path in images:
        result = (out / place).with_suffix("")
        stems = [result, _beside(result)] if differences else [result]
        for stem in stems:
            if stem in taken:
                both = f"{str(taken[stem])!r} and {str(path)!r}"
                raise UsageError(f"{both} would become {str(stem)!r}: translate them one after the other.")
            taken[stem] = path
        for written in (stem.with_name(stem.name + suffix) for stem in stems for suffix in (".png", ".tif")):
            if written.resolve() in originals:
                raise UsageError(f"{str(written)!r} is one of the images to translate: choose another folder with --out.")
        yield result, path


def _images(inputs: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """The images among files and below folders, each with its place below the input."""
    for path in inputs:
        if readable(path, "the input").is_dir():
            found = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES)
            yield from ((file.relative_to(path), file) for file in found)
        else:
            yield Path(path.name), path


def _in_words(space: Space, domain: Domain) -> str:
    return domain.space if domain.label is None else space.describe(domain.label)[0]
