"""`viceversa translate RUN INPUT...`: translate image files, folders of images, or a clip (`cli/clips.py`).

Images are written as PNG; as TIFF if PNG cannot hold them, or if the input is TIFF and keeps its size. For one image, --out can
name the file and its format.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.clips import translate_clip
from viceversa.cli.inputs import checked_limit, header_at, layers_at
from viceversa.cli.notices import Notice, lost_in_reading, lost_in_resizing, lost_in_writing, tell
from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.cli.results import check_new
from viceversa.core.domains import Domain
from viceversa.core.space import Space
from viceversa.data.files.listing import listing
from viceversa.errors import UsageError, printable
from viceversa.files import readable
from viceversa.images.decoding import MOST_PIXELS, BadImage, recolored
from viceversa.images.fitting import middle_of
from viceversa.images.layers import Header, Layers
from viceversa.images.load import mask_of
from viceversa.images.pictures import difference
from viceversa.images.save import format_of, names_image, save_image
from viceversa.inference.load import load
from viceversa.inference.masks import Region
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.inference.translation import (
    Opened,
    batch_size,
    check,
    check_reader,
    departed,
    opened,
    translate_layers,
    with_doubts,
)
from viceversa.pipeline import in_stages
from viceversa.runs.selection import Checkpoint
from viceversa.video import is_clip


@dataclass(frozen=True)
class Translate:
    """Translate images or a video clip with a trained model."""

    run: Annotated[Positional[Path], arg(metavar="RUN", help_behavior_hint="")]
    """folder, `avatars`, `icons` or hf:USER/NAME"""
    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT [INPUT ...]", help_behavior_hint="(required)")]
    """images, folders, or a video clip to translate"""
    out: Annotated[Path, arg(metavar="PATH", help_behavior_hint="")] = Path("translated")
    """folder, or file for one input (default: translated)"""
    to: Annotated[str, arg(metavar="TARGET", help_behavior_hint="")] = ""
    """target: "hair=blond,age=60", or a set of images: winter"""
    source: Annotated[str, arg(name="from", metavar="SOURCE", help_behavior_hint="")] = ""
    """what the input shows; a classifier reads the rest"""
    strength: Annotated[float, arg(metavar="X", help_behavior_hint="")] = 1.0
    """strength of the change; 1 (default): the full change"""
    reference: Annotated[Path | None, arg(metavar="IMAGE", help_behavior_hint="")] = None
    """image whose style to copy, for methods like stargan2"""
    seed: Annotated[int, arg(metavar="N", help_behavior_hint="")] = 0
    """seed of the random style of such methods (default: 0)"""
    build: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """MODULE:FUNCTION that builds a custom method"""
    checkpoint: Annotated[Checkpoint, arg(metavar="WHICH")] = "best"
    """checkpoint to use: best or last"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    skip_bad: Annotated[bool, arg(help_behavior_hint="")] = False
    """skip images that cannot be read"""
    difference: Annotated[bool, arg(help_behavior_hint="")] = False
    """also write what changed, as NAME-difference.png"""
    paper: Annotated[bool, arg(help_behavior_hint="")] = False
    """clean up photographs or scans of drawings on paper"""
    full_size: Annotated[bool, arg(help_behavior_hint="")] = False
    """keep size, channels, transparency, color profile"""
    memory: Annotated[int, arg(metavar="MIB", help_behavior_hint="")] = 2048
    """memory for --full-size, in MiB (default: 2048)"""
    mask: Annotated[Path | None, arg(metavar="IMAGE", help_behavior_hint="")] = None
    """mask image: white may change, black does not change"""
    key: Annotated[str, arg(metavar="COLOR[:N]", help_behavior_hint="")] = ""
    """change only pixels of this color; N: tolerance"""
    feather: Annotated[int, arg(metavar="PX")] = 0
    """soft edge of --mask or --key in pixels"""
    outside: Annotated[bool, arg(help_behavior_hint="")] = False
    """change what is outside --mask or --key instead"""
    fps: Annotated[float | None, arg(metavar="RATE", help_behavior_hint="")] = None
    """frames per second, for a folder of frames"""
    smooth: Annotated[float, arg(metavar="SHARE", help_behavior_hint="")] = 0.0
    """weight of the previous frame: 0 (off) to below 1"""
    consistency: Annotated[bool, arg(help_behavior_hint="")] = False
    """also measure a clip's consistency over time; write JSON"""
    overwrite: Annotated[bool, arg(help_behavior_hint="")] = False
    """replace results that exist already"""
    max_pixels: Annotated[int, arg(metavar="N", help_behavior_hint="")] = MOST_PIXELS
    """refuse larger images (default: 100 million)"""


def run(arguments: Sequence[str]) -> None:
    """Translate every input."""
    asked = parsed(Translate, arguments, "translate", "")
    model = load(
        asked.run, build=build_of(asked.run, [asked.build] if asked.build else []), checkpoint=asked.checkpoint, device=asked.device
    )
    check(model, asked.to, asked.source)
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
    jobs = dict(_jobs(asked))
    headers = dict(_headers(asked, jobs.values()))
    images = [_Image(path, _results(asked, model, stem, headers[path])) for stem, path in jobs.items() if path in headers]
    check_new((place for image in images for place in image.places), asked.overwrite)
    tell(notice for image in images for notice in _lost(asked, model, image.path, headers[image.path]))
    done = sum(_write(asked, image) for image in _translated(asked, model, manner, images))
    if done < len(jobs):
        print(f"viceversa: skipped {len(jobs) - done} of {len(jobs)} images, which cannot be read.", file=sys.stderr)
    _tell_reader(model, asked.source)


@dataclass(eq=False)
class _Image:
    """State of one image during the command.

    Args:
        places: files to write.
        opened: image prepared for the networks.
        error: reason why the image cannot be translated.
        made: translation.
        source, target: domains in words.
    """

    path: Path
    places: Sequence[Path]
    opened: Opened | None = None
    error: UsageError | None = None
    made: Layers | None = None
    source: str = ""
    target: str = ""


def _headers(asked: Translate, paths: Iterable[Path]) -> Iterator[tuple[Path, Header]]:
    """Yield each image that has a valid header, with its header. Raises UsageError for others unless they are to be skipped."""
    for path in paths:
        try:
            yield path, header_at(path, asked.max_pixels)
        except BadImage as error:
            _leave_out(asked, error)


def _translated(asked: Translate, model: Model, manner: Manner, images: Iterable[_Image]) -> Iterator[_Image]:
    """Open the images and translate them in batches, in threads; yield them in order."""
    space = model.routing.departure(asked.source, asked.to)

    def ready(batch: Sequence[_Image]) -> Sequence[_Image]:
        for image in batch:
            try:
                image.opened = opened(model, layers_at(image.path, asked.max_pixels), asked.source, asked.to, manner)
            except BadImage as error:
                image.error = error
            except UsageError as error:
                image.error = UsageError(f"{str(image.path)!r}: {error}")
        good, found = _good(batch)
        for image, told in zip(good, with_doubts(model, found, space), strict=True):
            image.opened = told
        return batch

    def translated(batch: Sequence[_Image]) -> Sequence[_Image]:
        good, found = _good(batch)
        if good:
            here = departed(model, [each.read for each in found], asked.source, asked.to)
            there = model.routing.target(here, asked.to, manner.strength)
            try:
                made = translate_layers(
                    model, [each.layers for each in found], here, there, manner, [each.weights for each in found]
                )
            except UsageError as error:
                raise UsageError(f"{str(good[0].path)!r}: {error}") from error
            words = (_in_words(model.space, domain, len(good)) for domain in (here, there))
            for image, one, source, target in zip(good, made, *words, strict=True):
                image.made, image.source, image.target = one, source, target
        return batch

    check_reader(model, asked.source)
    for batch in in_stages(ready, translated, images, batch_size(model, space, manner)):
        for image in batch:
            yield image
            image.opened = image.made = None  # free the memory: thousands of images may follow


def _good(batch: Sequence[_Image]) -> tuple[list[_Image], list[Opened]]:
    """Return the images that could be opened, and their prepared pixels."""
    good = [image for image in batch if image.opened]
    return good, [image.opened for image in good if image.opened]


def _write(asked: Translate, image: _Image) -> bool:
    """Write a translation, and the difference if there is a second place; or print that the image cannot be read."""
    if isinstance(image.error, BadImage):
        _leave_out(asked, image.error, begun=True)
        return False
    if image.opened is None or image.made is None:
        raise image.error or AssertionError
    if image.opened.doubt:
        print(f"viceversa: warning: {printable(str(image.path))} {printable(image.opened.doubt)}.", file=sys.stderr)
    before, after = image.opened.layers.colors, image.made.colors
    save_image(image.made, image.places[0])
    for place in image.places[1:]:
        save_image(Layers(difference(recolored(before, after.shape[2]), after)), place)
    words = [printable(text) for text in (str(image.path), image.source, ", ".join(map(str, image.places)), image.target)]
    print("{} ({}) -> {} ({})".format(*words))
    return True


def _leave_out(asked: Translate, error: BadImage, *, begun: bool = False) -> None:
    """Print that an image cannot be read. Raises UsageError unless such images are to be skipped."""
    if not asked.skip_bad:
        again = "--skip-bad --overwrite" if begun else "--skip-bad"
        raise UsageError(f"{str(error).removesuffix('.')}: repair or remove it, or skip it with {again}.") from error
    print(f"skipped: {printable(str(error))}", file=sys.stderr)


def _manner(asked: Translate) -> Manner:
    """Return how to translate, with the mask read from its file. Raises UsageError."""
    checked_limit(asked.max_pixels)
    if asked.memory < 1:
        raise UsageError(f"--memory {asked.memory}: give at least 1 MiB.")
    region = None
    if asked.mask or asked.key or asked.feather or asked.outside:
        mask = None if asked.mask is None else mask_of(layers_at(readable(asked.mask, "the mask"), asked.max_pixels))
        region = Region(mask, *_key(asked.key), asked.feather, asked.outside)
    reference = None if asked.reference is None else layers_at(asked.reference, asked.max_pixels)
    return Manner(asked.strength, reference, asked.seed, asked.full_size, asked.memory, region, asked.paper, asked.max_pixels)


def _key(text: str) -> tuple[str, int]:
    """Read COLOR or COLOR:N: the color, and its tolerance in gray levels. Raises UsageError."""
    color, colon, levels = text.partition(":")
    if colon and not levels.isdecimal():
        raise UsageError(f"--key {text}: give a color, or a color and a tolerance, as in '#00ff00:40'.")
    return color, int(levels or 0)


def _tell_reader(model: Model, source: str) -> None:
    """Print that the labeller reads the attributes, and its accuracy."""
    if (names := model.routing.unnamed(source)) and model.reader:
        accuracy = f"{model.reader.accuracy:.3f} on test images"
        read = printable(", ".join(names))
        print(f"{read} of the inputs: recognized by the run's labeller (accuracy {accuracy})", file=sys.stderr)
        if not model.reader.trusted:
            remedy = f"give the attributes of the inputs ({read}) with --from"
            print(f"viceversa: the labeller is often wrong: {remedy}.", file=sys.stderr)


def _check_alike(space: Space) -> None:
    """Raise UsageError for spaces whose images cannot be compared pixel by pixel."""
    if len({spec.shape for spec in space.images.values()}) > 1:
        sizes = ", ".join(f"{name} {spec.height}x{spec.width}x{spec.channels}" for name, spec in space.images.items())
        raise UsageError(f"leave out --difference: this run's images differ in size or channels ({sizes}).")


def _beside(result: Path) -> Path:
    """Return the file for the difference image of a result."""
    return result.with_name(f"{result.name}-difference")


def _named(asked: Translate) -> bool:
    """Return whether --out names an image file. Raises UsageError if there may be several results, or if the format cannot be
    written."""
    if not names_image(asked.out) or asked.out.is_dir():
        return False
    format_of(asked.out)
    if len(asked.inputs) > 1 or asked.inputs[0].is_dir():
        raise UsageError(f"--out {str(asked.out)!r} is the name of one image: name a folder for the results of several.")
    return True


def _results(asked: Translate, model: Model, stem: Path, header: Header) -> list[Path]:
    """Return the files to write for an image: the translation, and the difference if requested."""
    keeps_tiff = asked.full_size and header.tiff
    suffix = ".tif" if keeps_tiff or _channels(asked, model, header) not in (1, 3) else ".png"
    suffixes = [asked.out.suffix] * 2 if _named(asked) else [suffix, ".png"]
    stems = [stem, _beside(stem)] if asked.difference else [stem]
    return [each.with_name(each.name + suffix) for each, suffix in zip(stems, suffixes, strict=False)]


def _channels(asked: Translate, model: Model, header: Header) -> int:
    """Return the number of channels of a translation. With --full-size, a color network returns a gray image for a gray one."""
    here, there = (model.space.images[domain.space].channels for domain in check(model, asked.to, asked.source))
    return 1 if asked.full_size and header.channels == 1 and here == there == 3 else there


def _lost(asked: Translate, model: Model, path: Path, header: Header) -> Iterator[Notice]:
    """Yield notices of what an image loses, such as transparency or resolution."""
    spec = model.space.images[model.routing.departure(asked.source, asked.to)]
    size = spec.height, spec.width
    if not asked.full_size:
        middle = middle_of((header.height, header.width), size, model.record.recipe.crop)
        yield from lost_in_resizing(header, size, middle, str(path))
    channels = _channels(asked, model, header)
    yield from lost_in_reading(header, channels, str(path))
    if _named(asked):
        yield from lost_in_writing(header, asked.out, channels, alpha=asked.full_size and header.alpha)


def _jobs(asked: Translate) -> Iterator[tuple[Path, Path]]:
    """Yield the result of each image, without suffix, and the image. Raises UsageError if two images had the same result."""
    images, named = list(_images(asked.inputs)), _named(asked)
    if not images:
        told = (f"{str(path)!r}{listing(path).reason()}" for path in asked.inputs if path.is_dir())
        raise UsageError(f"there are no images in {', '.join(told)}.")
    taken, originals = dict[Path, Path](), {image.resolve() for _, image in images}
    for place, path in images:
        result = (asked.out if named else asked.out / place).with_suffix("")
        stems = [result, _beside(result)] if asked.difference else [result]
        for stem in stems:
            if stem in taken:
                both = f"{str(taken[stem])!r} and {str(path)!r}"
                again = "translate them in separate commands, each with its own --out"
                raise UsageError(f"{both} would both be written as {str(stem)!r}: {again}.")
            taken[stem] = path
        suffixes = [asked.out.suffix] if named else [".png", ".tif"]
        for written in (stem.with_name(stem.name + suffix) for stem in stems for suffix in suffixes):
            if written.resolve() in originals:
                raise UsageError(f"{str(written)!r} is one of the images to translate: choose another place with --out.")
        yield result, path


def _images(inputs: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield the images among files and below folders, each with its place below the input; print what is ignored in folders."""
    for path in inputs:
        if readable(path, "the input").is_dir():
            found = listing(path)
            for line in found.account() if found.images else ():
                print(f"{printable(str(path))}: {line}", file=sys.stderr)
            yield from ((Path(name), path / name) for name in found.images)
        else:
            yield Path(path.name), path


def _in_words(space: Space, domain: Domain, count: int) -> list[str]:
    return [domain.space] * count if domain.label is None else space.describe(domain.label)
