"""Icons in five weights: Phosphor 1.3 (MIT), drawn from the font in the package qtawesome.

The designers drew each icon with thin, light, regular and bold strokes, and filled. The ground truth of a change of weight is
therefore exact. A filled icon hides the lines that it covers: a translator from `fill` has to guess them.

icons-v1.json has the names of the icons and their parts; experiments/icons writes it. It leaves out icons whose filled drawing
hardly differs from the regular one. Icons that look alike are in the same split.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.metadata import Distribution, PackageNotFoundError, distribution, version
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydantic import JsonValue
from torch import Tensor

from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.cache.packing import digest, hash_of, packed
from viceversa.data.dataset import Dataset, Images
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels

VERSION = "icons-v1"
WEIGHTS = ("thin", "light", "regular", "bold", "fill")
WEIGHT = OneOf("weight", WEIGHTS)
STROKE_WEIGHT = OneOf("weight", WEIGHTS[:4])
PARTS = ("first", "second", "validation", "test")
"""Parts of the data: the two halves of the training icons, and the icons of the other splits."""

_FONT = "qtawesome/fonts/phosphor-1.3.0.ttf"
_CODES = "qtawesome/fonts/phosphor-charmap-1.3.0.json"
_ENLARGED = 4
"""Factor by which icons are drawn larger before they are shrunk."""
_SHARE = 60 / 64
"""Font size as a share of the picture's side; no icon is clipped."""


def icons(size: int = 64) -> Dataset:
    """Return `icons-{size}-v1`: every icon in all five weights, in the one space "icons" (gray), with the attribute `weight`.

    Raises UsageError for a size outside 32 to 128, and without the extra `icons`.
    """
    return _labeled("icons", WEIGHT, size)


def icons_strokes(size: int = 64) -> Dataset:
    """Return `icons-strokes-{size}-v1`: `icons` without the weight `fill`, because lines lost in a filled icon cannot be
    recovered."""
    return _labeled("icons-strokes", STROKE_WEIGHT, size)


def icons_between(first: str, second: str, size: int = 64) -> Dataset:
    """Return `icons-{first}-{second}-{size}-v1`: two spaces without labels, named by their weights.

    In train the spaces have different icons; in validation and test they have the same icons in the same order. Raises UsageError
    as `icons`.
    """
    one, other, validation, test = _ranges()
    return _between(f"icons-{first}-{second}", {first: one, second: other}, validation, test, size)


def icons_pairs(first: str, second: str, size: int = 64) -> Dataset:
    """Return `icons-{first}-{second}-pairs-{size}-v1`: `icons_between` with all training icons in both spaces, as pairs."""
    one, other, validation, test = _ranges()
    train = dict.fromkeys((first, second), range(one.start, other.stop))
    return _between(f"icons-{first}-{second}-pairs", train, validation, test, size)


def listed() -> dict[str, list[str]]:
    """Return the names of the icons of each part, as the font has them."""
    return {part: list(_packaged()[part]) for part in PARTS}


def render(names: Sequence[str], weights: Sequence[str], size: int) -> Pixels:
    """Draw each icon in its weight, black on white: (N, size, size, 1). A pure function.

    Raises UsageError without the extra `icons`, and for an icon that the font lacks.
    """
    font = ImageFont.truetype(str(_file(_FONT)), _ENLARGED * _SHARE * size)
    return np.stack([_picture(_character(name, weight), font, size) for name, weight in zip(names, weights, strict=True)])


def codes() -> dict[str, str]:
    """Return the code points of the font by name: `bell`, `bell-fill`. Raises UsageError without the extra `icons`."""
    return _codes(_file(_CODES))


def _labeled(name: str, attribute: OneOf, size: int) -> Dataset:
    weights = attribute.choices
    names = _names()
    every = _drawn(size)
    drawn: Pixels = every[:, : len(weights)]
    one, other, validation, test = _ranges()
    rows = {"train": range(one.start, other.stop), "validation": validation, "test": test}
    splits = {
        split: {
            "icons": Images(
                _of(drawn, part).reshape(-1, size, size, 1),
                torch.eye(len(weights)).repeat(len(part), 1),
                tuple(f"{icon}-{weight}" for icon in names[part.start : part.stop] for weight in weights),
            )
        }
        for split, part in rows.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        if labels is None:
            raise UsageError("the ground truth of an icon in another weight needs the target labels.")
        wanted: Pixels = drawn[rows[split].start + positions // len(weights), labels.argmax(1).cpu().numpy()]
        return wanted

    return Dataset(
        f"{name}-{size}-v1", Space({"icons": _spec(size)}, (attribute,)), splits, truth, _genuine(every, size), size=size
    )


def _between(name: str, train: Mapping[str, range], validation: range, test: range, size: int) -> Dataset:
    """Return two spaces; `train` gives the icons of each in the training split."""
    names = _names()
    every = _drawn(size)
    drawn: dict[str, Pixels] = {weight: every[:, WEIGHTS.index(weight)] for weight in train}
    rows = {"train": train, "validation": dict.fromkeys(train, validation), "test": dict.fromkeys(train, test)}
    splits = {
        split: {each: Images(_of(drawn[each], part), None, tuple(names[part.start : part.stop])) for each, part in parts.items()}
        for split, parts in rows.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return drawn[target][rows[split][source].start + positions]

    return Dataset(f"{name}-{size}-v1", Space(dict.fromkeys(train, _spec(size))), splits, truth, _genuine(every, size), size=size)


def _picture(character: str, font: ImageFont.FreeTypeFont, size: int) -> NDArray[np.uint8]:
    side = _ENLARGED * size
    large = Image.new("L", (side, side), 255)
    ImageDraw.Draw(large).text((side / 2, side / 2), character, 0, font, "mm")
    return np.asarray(large.resize((size, size), Image.Resampling.LANCZOS))[..., None]


def _character(name: str, weight: str) -> str:
    code = codes().get(name if weight == "regular" else f"{name}-{weight}")
    if code is None:
        raise UsageError(f"the font of qtawesome {_installed().version} lacks the icon {name!r} in the weight {weight!r}.")
    return chr(int(code, 16))


def _drawn(size: int) -> Pixels:
    """Return all icons in all weights: (N, 5, size, size, 1), drawn once, then memory-mapped from the cache.

    Raises UsageError for a size outside 32 to 128, and without the extra `icons`.
    """
    if not 32 <= size <= 128:
        raise UsageError(f"icons cannot be drawn at {size} px: choose a size from 32 to 128.")
    names = _names()
    packages: dict[str, JsonValue] = {"qtawesome": _installed().version, "pillow": version("pillow")}
    key: dict[str, JsonValue] = {"version": VERSION, "size": size, "icons": digest(names), **packages}
    shape = (len(names) * len(WEIGHTS), size, size, 1)
    pixels = packed(key, shape, partial(_rows_drawn, tuple(names), size), f"icons at {size} px")
    return pixels.reshape(len(names), len(WEIGHTS), size, size, 1)


def _rows_drawn(names: Sequence[str], size: int, rows: range) -> Pixels:
    icons, weights = zip(*((names[row // len(WEIGHTS)], WEIGHTS[row % len(WEIGHTS)]) for row in rows), strict=True)
    return render(icons, weights, size)


def _genuine(every: Pixels, size: int) -> bool:
    """Return whether the test pixels are those that the version stands for."""
    stored: str | None = _packaged()["test_pixels"].get(str(size))
    return hash_of(_of(every, _ranges()[-1])) == stored


def _installed() -> Distribution:
    """Return the package with the font. It is not imported, because that needs Qt. Raises UsageError if it is missing."""
    try:
        return distribution("qtawesome")
    except PackageNotFoundError:
        raise UsageError("the data set 'icons' needs the package qtawesome: pip install 'viceversa[icons]'.") from None


def _file(name: str) -> Path:
    path = Path(str(_installed().locate_file(name)))
    if not path.exists():
        raise UsageError(f"qtawesome {_installed().version} lacks {name}: pip install qtawesome=={_packaged()['qtawesome']}.")
    return path


@cache
def _codes(path: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(path.read_text("utf-8"))
    return found


@cache
def _packaged() -> dict[str, Any]:
    """Return the contents of icons-v1.json: the names of each part, "qtawesome" (its version), and "test_pixels" (hashes for some
    sizes)."""
    found: dict[str, Any] = json.loads(files("viceversa.data.sets").joinpath("icons-v1.json").read_text("utf-8"))
    return found


def _names() -> list[str]:
    return [name for names in listed().values() for name in names]


def _ranges() -> list[range]:
    """Return the range of each part among all icons."""
    ends = np.cumsum([0, *(len(names) for names in listed().values())]).tolist()
    return [range(start, end) for start, end in pairwise(ends)]


def _spec(size: int) -> ImageSpec:
    return ImageSpec(1, size, size, background=1)


def _of(pixels: Pixels, rows: range) -> Pixels:
    return pixels[rows.start : rows.stop]
