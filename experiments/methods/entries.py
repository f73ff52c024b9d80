"""The trainings of the comparison: methods among labels and methods between spaces, each by its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIZE = 32
LABELS = {"training.steps": 2000, "training.batch": 16}
"""Generator updates of methods among labels; their widths are those of the recipes, 32 in the first layers."""
SPACES = {"training.steps": 4000, "training.batch": 8}
_TWO_STAGES = {"training.steps": 8000}
EXTRA = {"multicycle.extra": (0.25, 0.125, 0.0625)}


@dataclass(frozen=True)
class Entry:
    """One training.

    Args:
        recipe: name of what is trained.
        what: the same in words.
        settings: settings of the recipe by their dotted names.
        data: data set.
        aim: changed accuracy at k = 0 that was set beforehand.
        above_floor: the same aim as a difference to doing nothing.
        strip: whether edits have strengths.
    """

    recipe: str
    what: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: str = "avatars"
    aim: float | None = 0.80
    above_floor: float | None = None
    strip: bool = False


AMONG_LABELS: Mapping[str, Entry] = {
    "stargan": Entry("stargan", "StarGAN"),
    "multicyclic": Entry("multicyclic", "StarGAN with the multicyclic loss"),
    "triple": Entry("triple", "StarGAN with triple consistency"),
    "fixed-point": Entry("fixed-point", "Fixed-Point GAN"),
    "multicyclic-fixed-point": Entry("fixed-point", "Fixed-Point GAN with the multicyclic loss", EXTRA),
    "relgan": Entry("relgan", "RelGAN", strip=True),
    "multicyclic-relgan": Entry("relgan", "RelGAN with the multicyclic loss", EXTRA, strip=True),
    "stgan": Entry("stgan", "STGAN", strip=True),
    "multicyclic-stgan": Entry("stgan", "STGAN with the multicyclic loss", EXTRA, strip=True),
    "stargan2": Entry("stargan2", "StarGAN v2, domains by hair"),
    "multicyclic-stargan2": Entry("stargan2", "StarGAN v2 with the multicyclic loss", EXTRA),
    "icgan": Entry("icgan", "IcGAN, the GAN 5,000 steps and the encoders 3,000", _TWO_STAGES, aim=None, above_floor=0.20),
}

_GLASSES = "avatars:glasses"
BETWEEN_SPACES: Mapping[str, Entry] = {
    "cyclegan": Entry("cyclegan", "CycleGAN", data=_GLASSES),
    "multicyclic-cyclegan": Entry("cyclegan", "CycleGAN with the multicyclic loss", EXTRA, data=_GLASSES),
    "better-cycles": Entry("better-cycles", "CycleGAN with better cycles", data=_GLASSES),
    "discogan": Entry("discogan", "DiscoGAN", data=_GLASSES),
    "augmented-cyclegan": Entry("augmented-cyclegan", "Augmented CycleGAN", data=_GLASSES),
    "cut": Entry("cut", "CUT", data=_GLASSES),
    "diat": Entry("diat", "DIAT-like", data=_GLASSES, aim=None, above_floor=0.20),
    "pix2pix": Entry("pix2pix", "pix2pix, from outlines, with pairs", data="avatars:outlines", aim=None),
}

ENTRIES: Mapping[str, Entry] = {**AMONG_LABELS, **BETWEEN_SPACES}


def training_of(name: str) -> dict[str, Any]:
    """Arguments of `viceversa.train` for an entry."""
    entry = ENTRIES[name]
    length = LABELS if name in AMONG_LABELS else SPACES
    return {"data": entry.data, "size": SIZE, "settings": {**length, **entry.settings}}
