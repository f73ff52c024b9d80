"""`viceversa translate RUN INPUT...`: files or folders of images in, PNG files out (TIFF where PNG cannot hold them)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.data.dataset import Pixels
from viceversa.data.decoding import SUFFIXES, BadImage, encode, suffix_for
from viceversa.domains import Domain, Space
from viceversa.errors import UsageError, printable
from viceversa.files import readable
from viceversa.pictures import difference
from viceversa.training.selection import Checkpoint
from viceversa.translate import Manner, load


@dataclass(frozen=True)
class Translate:
    """Translates images with a trained run. They are brought to the size that the run was trained for.

    Attributes that --to does not name stay as they are: as --from says, or as the run's labeller reads them off the image.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """the folder of a trained run, or `avatars`, a model that comes with the package"""
    inputs: Annotated[Positional[tuple[Path, ...]], arg(metavar="INPUT [INPUT ...]")]
    """images, or folders of images"""
    out: Annotated[Path, arg(metavar="DIR")] = Path("translated")
    """where the translated images go"""
    to: Annotated[str, arg(metavar="TARGET")] = ""
    """attributes, as in "hair=blond,glasses=yes", or a space's name; may be left out between two spaces"""
    source: Annotated[str, arg(name="from", metavar="SOURCE")] = ""
    """what the images show, in the same words; what it does not name is read off the images"""
    strength: float = 1.0
    """part of an edit, or beyond"""
    reference: Annotated[Path | None, arg(metavar="IMAGE")] = None
    """an image to be like, for methods with styles"""
    seed: int = 0
    """of the style, for these methods"""
    checkpoint: Checkpoint = "best"
    """the run's best one, or its last"""
    skip_bad: bool = False
    """go on where an image cannot be read"""
    difference: bool = False
    """write NAME-difference.png too: what changed, white on black"""


def run(arguments: Sequence[str]) -> None:
    """Translates every input."""
    asked = parsed(Translate, arguments, "translate")
    model = load(asked.run, checkpoint=asked.checkpoint)
    model.check(asked.to, asked.source)
    manner = Manner(asked.strength, asked.reference, asked.seed)
    if asked.difference:
        _check_alike(model.space)
    jobs = dict(_jobs(asked.inputs, asked.out, differences=asked.difference))
    bad = 0
    for result, path in jobs.items():
        try:
            here = model.start(path, asked.source, asked.to)
            pixels = model.prepared(path, here.space)
        except BadImage as error:
            if not asked.skip_bad:
                raise UsageError(f"{str(error).removesuffix('.')}: mend or remove it, or go on with --skip-bad.") from error
            bad += 1
            print(f"bad: {printable(str(error))}", file=sys.stderr)
            continue
        there = model.target(here, asked.to, manner.strength)
        made = model.translate_pixels(pixels, here, there, manner)[0]
        written = [_write(made, result)]
        if asked.difference:
            written.append(_write(difference(pixels[0], made), _beside(result)))
        places = ", ".join(map(str, written))
        words = [printable(text) for text in (str(path), _in_words(model.space, here), places, _in_words(model.space, there))]
        print("{} ({}) -> {} ({})".format(*words))
    if bad:
        print(f"viceversa: left out: {bad} of {len(jobs)} images cannot be read.", file=sys.stderr)
    if model.labeller and (names := model.unnamed(asked.source)):
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


def _write(pixels: Pixels, result: Path) -> Path:
    """Writes the image to the result's name and its own suffix."""
    path = result.with_name(result.name + suffix_for(pixels))
    encode(pixels, path)
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
