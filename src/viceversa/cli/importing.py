"""`viceversa import stargan|cyclegan FILE...`: convert weights of the reference projects to a run."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.space import AnyAttribute
from viceversa.errors import UsageError, printable
from viceversa.training.importing import import_cyclegan, import_stargan


@dataclass(frozen=True)
class Import:
    """Convert weights of yunjey/stargan or junyanz/pytorch-CycleGAN-and-pix2pix to a run; neither project is needed."""

    project: Annotated[Positional[Literal["stargan", "cyclegan"]], arg(metavar="stargan|cyclegan")]
    """project that the files come from"""
    files: Annotated[Positional[tuple[Path, ...]], arg(metavar="FILE [FILE ...]", help_behavior_hint="(required)")]
    """weight files: *-G.ckpt and, if you have it, *-D.ckpt; or *_net_G_A.pth, *_net_G_B.pth and, if you have them, *_net_D_?.pth"""
    out: Annotated[Path, arg(metavar="DIR")]
    """new folder for the run"""
    attributes: Annotated[str, arg(metavar="NAMES", help_behavior_hint="")] = ""
    """for stargan: the attributes in the order of the label columns, such as "hair=black|blond|brown,male,young\""""
    spaces: Annotated[str, arg(metavar="A,B", help_behavior_hint="")] = ""
    """for cyclegan: names of A and B, such as horse,zebra; for stargan: one name (default: images)"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of the images in pixels; not needed with a StarGAN discriminator file"""


def run(arguments: Sequence[str]) -> None:
    """Import the weights, and print what the run contains."""
    asked = parsed(Import, arguments, "import")
    if asked.size is not None and asked.size < 1:
        raise UsageError(f"--size {asked.size}: images need at least 1 pixel.")
    spaces = tuple(name.strip() for name in asked.spaces.split(",")) if asked.spaces else ()
    missing = _stargan(asked, spaces) if asked.project == "stargan" else _cyclegan(asked, spaces)
    print(printable(str(asked.out)))
    if missing:
        print(f"the files lack {', '.join(missing)}; the run gets random weights for them.", file=sys.stderr)


def _stargan(asked: Import, spaces: Sequence[str]) -> list[str]:
    if len(spaces) > 1:
        raise UsageError(f"--spaces {asked.spaces}: StarGAN has one space.")
    space = spaces[0] if spaces else "images"
    return import_stargan(asked.files, asked.out, attributes=attributes_of(asked.attributes), space=space, size=asked.size)


def _cyclegan(asked: Import, spaces: Sequence[str]) -> list[str]:
    if asked.attributes:
        raise UsageError("CycleGAN has no attributes: leave out --attributes.")
    if len(spaces) != 2:
        raise UsageError("name the spaces A and B of CycleGAN, as in --spaces horse,zebra.")
    if asked.size is None:
        raise UsageError("CycleGAN's files do not say for which size they were trained: give --size, in pixels.")
    return import_cyclegan(asked.files, asked.out, spaces=(spaces[0], spaces[1]), size=asked.size)


def attributes_of(text: str) -> tuple[AnyAttribute, ...]:
    """Read attributes such as "hair=black|blond,male,age=0..90": a one-of (a column for each choice), a yes or no, and a number.

    Raises UsageError.
    """
    attributes = tuple(_attribute(part.strip()) for part in text.split(",")) if text else ()
    names = [attribute.name for attribute in attributes]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"--attributes names {sorted(doubled)[0]!r} twice.")
    return attributes


def _attribute(text: str) -> AnyAttribute:
    name, equals, value = (part.strip() for part in text.partition("="))
    choices = tuple(choice.strip() for choice in value.split("|"))
    if name and not equals:
        return Binary(name)
    if name and (span := re.fullmatch(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)", value)):
        low, high = map(float, span.groups())
        if low < high:
            return Graded(name, low=low, high=high)
    elif name and len(set(choices)) == len(choices) > 1 and all(choices):
        return OneOf(name, choices)
    raise UsageError(f"--attributes: {text!r} must be NAME (yes or no), NAME=ONE|ANOTHER|... or NAME=LOW..HIGH, as in age=0..90.")
