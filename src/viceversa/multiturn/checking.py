"""Files of chains: check by their headers which can be used, and read their pixels."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from viceversa.errors import UsageError, quoted
from viceversa.images.decoding import BadImage, decode
from viceversa.images.fitting import in_bits
from viceversa.images.layers import Header, read_header
from viceversa.multiturn.turns import Chain, Turn

LAST_TURN = 9999

_NOTES = {
    "have 16 bits": "they are read in 8 bits",
    "are transparent": "they are read on white",
    "have several frames or pages": "the first one is read",
}


@dataclass(frozen=True)
class Found:
    """Contents of a layout, before any image is opened.

    Args:
        chains: turns of each chain, by id and number of the turn.
        problems: one line for everything that could not be used.
        no_source: what to report about a chain without turn 0.
    """

    chains: dict[str, dict[int, Turn]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    no_source: str = "turn 0, its source, is missing"


def read_image(path: Path) -> NDArray[np.uint8]:
    """Return the pixels of an image file: upright, in 8 bits, on white where it is transparent, its first frame or page.

    Args:
        path: any image file that the package reads.

    Returns:
        The image (H, W, C), C = 1 for gray and 3 for color.

    Raises:
        BadImage: the file cannot be decoded, or has other channels.
        UsageError: decoding needs a package that is missing.
    """
    pixels = decode(path, background=255)
    if pixels.shape[2] not in (1, 3):
        raise BadImage(f"cannot read the image {str(path)!r}: {_channels(pixels.shape[2])}.")
    return np.asarray(in_bits(pixels, 8), np.uint8)


def turn_number(text: str) -> int | None:
    """Return the number that a turn is written as, 0 to 9999; None for any other text.

    The limit keeps a single file, such as `turn999999999.png`, from making a chain of a billion turns.
    """
    return int(text) if re.fullmatch(r"0*[0-9]{1,4}", text) and len(text) < 100 else None


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts names by the numbers in them: `turn9` before `turn10`."""
    parts = re.split(r"([0-9]+)", name)
    parts[1::2] = [digits.lstrip("0") for digits in parts[1::2]]
    return [(len(part) if place % 2 else 0, part) for place, part in enumerate(parts)], name


def leads_out(path: Path, folder: Path) -> bool:
    """Return whether a path is outside the folder once `..` and symbolic links are followed. Raises OSError, ValueError."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def checked(found: Found, folder: Path, *, anywhere: bool = False) -> tuple[tuple[Chain, ...], tuple[str, ...]]:
    """Return the chains whose images can be used, in natural order, and one line for everything else.

    Only the headers of the images are read. A chain without turn 0 is left out, and so is one without any edit.

    Args:
        found: what a layout names.
        folder: images outside it are refused, and names in messages are relative to it.
        anywhere: allow images outside the folder.
    """
    problems, notes = list(dict.fromkeys(found.problems)), defaultdict[str, list[str]](list)

    def usable(path: Path | None) -> Path | None:
        if path is None:
            return None
        name = quoted(os.path.relpath(path, folder)) if path.is_relative_to(folder) else quoted(str(path))
        try:
            header = _header(path, name, None if anywhere else folder)
        except UsageError as error:
            problems.append(str(error))
            return None
        for note, holds in zip(_NOTES, (header.bits == 16, header.alpha, header.more), strict=True):
            notes[note] += [name] * holds
        return path

    chains = []
    for id in sorted(found.chains, key=natural):
        turns: dict[int, Turn] = {}
        for number, turn in sorted(found.chains[id].items()):
            if image := usable(turn.image):
                mask, truth, again = map(usable, (turn.mask, turn.truth, turn.again))
                turns[number] = replace(turn, image=image, mask=mask, truth=truth, again=again)
        if 0 not in turns:
            why = "turn 0, its source, cannot be read" if 0 in found.chains[id] else found.no_source
            problems.append(f"chain {quoted(id)} is left out: {why}.")
        elif len(turns) < 2:
            problems.append(f"chain {quoted(id)} is left out: it has no edit, only its source.")
        else:
            problems += _gaps(id, found.chains[id])
            chains.append(Chain(id, turns))
    for note, how in _NOTES.items():
        if names := notes[note]:
            problems.append(f"images that {note}: {len(names)}, such as {names[0]}; {how}.")
    return tuple(chains), tuple(problems)


def _header(path: Path, name: str, folder: Path | None) -> Header:
    """Return the header of an image. name: name of the file, for messages. folder: folder that contains it. Raises UsageError."""
    try:
        if folder is not None and leads_out(path, folder):
            raise UsageError(f"{name} leads out of the folder: put the image itself into the folder.")
        header = read_header(path)
    except UsageError as error:
        raise UsageError(str(error).replace(repr(str(path)), name)) from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the image {name}: {error}.") from None
    if header.channels not in (1, 3):
        raise UsageError(f"cannot read the image {name}: {_channels(header.channels)}.")
    return header


def _channels(count: int) -> str:
    return f"it has {count} channels: save it in gray or color"


def _gaps(id: str, turns: Mapping[int, Turn]) -> list[str]:
    """Return one line if turns between the first and the last are missing. Those that cannot be read have their own lines."""
    numbers = sorted({0, *turns})
    spans = [(one + 1, other - 1) for one, other in pairwise(numbers) if other > one + 1]
    told = [str(first) if first == last else f"{first} to {last}" for first, last in spans]
    return [f"chain {quoted(id)} is used without turn {', '.join(told)}: no image is there."] if told else []
