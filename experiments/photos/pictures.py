"""Photographs, and paintings of other photographs: crops in CycleGAN's folders, the data of the experiment.

python -m experiments.photos pictures --photos DIR --out DATA                 crops of 64 px; about ten minutes
python -m experiments.photos pictures --photos DIR --out DATA --crop 128      larger crops

DIR has the files of PHOTOS, in any folders: Debian's packages lomiri-wallpapers-16.04, mate-backgrounds and
plasma-workspace-wallpapers, unpacked or installed, and scikit-image's data. trainA has crops of photographs, trainB crops of
paintings of other photographs, testA crops of a third part, and testB the same crops of their paintings: the ground truth.
`viceversa stylize` paints them with the default preset in the style of Plasma's "Autumn", a digital painting. A painting that
exists is not painted again. DATA/whole has the whole photographs and paintings of the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from viceversa.core.draws import seeded
from viceversa.errors import UsageError
from viceversa.style.stylize import Stylize, stylize

STYLE = "Autumn/contents/images/2560x1600.jpg"
SIDE, CROPS = 320, 40
"""Long side of a picture; number of random crops of each training picture."""
BY, SHARE, FREE, GPL, PUBLIC = "CC BY 4.0", "CC BY-SA 4.0", "CC0", "GPL-2+", "public domain"
PHOTOS: Mapping[str, Mapping[str, str]] = {
    "photos": {
        "Bridge_by_Sander_Klootwijk.jpg": SHARE, "Dragonfly_by_Bolly.jpg": SHARE, "Picture_1A_by_freespace.jpg": BY,
        "aitzgorri_by_Aitzol_Berasategi.jpg": BY, "life_by_Aitzol_Berasategi.jpg": BY, "seeding_by_Clements_Engelhardt.jpg": FREE,
        "nature/LadyBird.jpg": GPL, "nature/GreenMeadow.jpg": GPL, "nature/Storm.jpg": GPL, "nature/TwoWings.jpg": GPL,
        "BytheWater/contents/images/2560x1600.jpg": GPL, "EveningGlow/contents/images/2560x1600.jpg": GPL,
        "OneStandsOut/contents/images/2560x1600.jpg": GPL, "Grey/contents/images/2560x1600.jpg": GPL,
    },
    "paintings": {
        "sunset_by_Aitzol_Berasategi.jpg": BY, "Picture_0B_by_freespace.jpg": BY, "friends_by_Aitzol_Berasategi.jpg": BY,
        "greentock_by_Peter_Nerlich.jpg": SHARE, "free_by_Peter_Nerlich.jpg": SHARE, "nature/Dune.jpg": GPL,
        "nature/FreshFlower.jpg": GPL, "nature/RainDrops.jpg": GPL, "nature/YellowFlower.jpg": GPL, "nature/Aqua.jpg": GPL,
        "ColdRipple/contents/images/2560x1600.jpg": GPL, "FallenLeaf/contents/images/2560x1600.jpg": GPL,
        "Path/contents/images/2560x1600.jpg": GPL, "Kite/contents/images/2560x1600.jpg": GPL,
    },
    "test": {
        "picosdeeuropa_by_Aitzol_Berasategi.jpg": BY, "nature/Garden.jpg": GPL, "nature/Blinds.jpg": GPL,
        "ColorfulCups/contents/images/2560x1600.jpg": GPL, "astronaut.png": PUBLIC, "chelsea.png": FREE, "coffee.png": FREE,
    },
}  # fmt: skip
"""Files and their licenses, from the copyright files of Debian and scikit-image."""


@dataclass(frozen=True)
class Pictures:
    """Folders of the photographs and of the crops."""

    photos: Path
    out: Path
    crop: int = 64
    """side of a crop, in pixels"""


def main(asked: Pictures) -> None:
    """Paint photographs, and crop photographs and paintings."""
    style = found(asked.photos, STYLE)
    for part, names in PHOTOS.items():
        for number, name in enumerate(names):
            photo = small(found(asked.photos, name))
            stem = f"{number:02d}"
            match part:
                case "photos":
                    cut(photo, part, number, asked.crop, asked.out / "trainA", stem)
                case "paintings":
                    painting = painted(photo, style, asked.out / "painted" / f"{stem}.png")
                    cut(painting, part, number, asked.crop, asked.out / "trainB", stem)
                case _:
                    painting = painted(photo, style, asked.out / "whole" / f"{stem}-painting.png")
                    photo.save(asked.out / "whole" / f"{stem}-photo.png")
                    for picture, folder in ((photo, "testA"), (painting, "testB")):
                        saved(tiled(picture, asked.crop), asked.out / folder, stem)
            print(f"{part}: {name}", flush=True)


def found(folder: Path, name: str) -> Path:
    """The file whose path ends with `name`. Raises UsageError if there is none."""
    if places := sorted(folder.rglob(name)):
        return places[0]
    raise UsageError(f"there is no {name!r} below {str(folder)!r}: unpack the packages named in {__file__} there.")


def small(path: Path) -> Image.Image:
    """The picture, resized to a long side of SIDE."""
    with Image.open(path) as picture:
        picture = picture.convert("RGB")
        scale = SIDE / max(picture.size)
        return picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)


def painted(photo: Image.Image, style: Path, path: Path) -> Image.Image:
    """The painting of a photograph: the one at `path`, or painted now."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        stylize(photo, style, Stylize(size=SIDE)).image.save(path)
    with Image.open(path) as picture:
        return picture.convert("RGB")


def cut(picture: Image.Image, part: str, number: int, side: int, folder: Path, stem: str) -> None:
    """Save random crops, which depend only on the part, the number and the side."""
    lot = np.random.default_rng(seeded("crops", part, number).initial_seed())
    places = zip(*(lot.integers(0, length - side + 1, CROPS).tolist() for length in picture.size), strict=True)
    saved((at(picture, left, top, side) for left, top in places), folder, stem)


def tiled(picture: Image.Image, side: int) -> Iterator[Image.Image]:
    """All crops side by side, from the upper left corner."""
    for top in range(0, picture.height - side + 1, side):
        for left in range(0, picture.width - side + 1, side):
            yield at(picture, left, top, side)


def at(picture: Image.Image, left: int, top: int, side: int) -> Image.Image:
    """The crop with that corner."""
    return picture.crop((left, top, left + side, top + side))


def saved(crops: Iterator[Image.Image], folder: Path, stem: str) -> None:
    """Save each crop as a numbered PNG file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, crop in enumerate(crops):
        crop.save(folder / f"{stem}-{number:02d}.png")
