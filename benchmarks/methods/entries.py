"""The trainings of the comparison: the methods among labels and those between spaces, each by its recipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SIZE = 32
LABELS = {"--steps": "2000", "--batch": "16"}
"""Generator updates of methods among labels; their widths are those of the recipes, 32 in the first layers."""
SPACES = {"--steps": "4000", "--batch": "8"}
_TWO_STAGES = {"--steps": "8000"}
EXTRA = {"--multicycle.extra": ("0.25", "0.125", "0.0625")}


@dataclass(frozen=True)
class Entry:
    """recipe: what is trained; what: in words; settings: by their dotted names; aim: changed accuracy at k = 0 that was set
    beforehand, above_floor: or how much more than doing nothing; strip: whether edits have strengths."""

    recipe: str
    what: str
    settings: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
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


def command(name: str, run: Path) -> list[str]:
    """Trains, or goes on with what there is."""
    entry = ENTRIES[name]
    train = [sys.executable, "-m", "viceversa", "train", entry.recipe, "--out", str(run)]
    if (run / "recipe.json").exists():
        return [*train, "--resume"]
    length = LABELS if name in AMONG_LABELS else SPACES
    fixed = {"--data": entry.data, "--size": str(SIZE), "--training.precision": "bf16", "--training.checkpoint-every": "500",
             "--training.best": "none", **length}  # fmt: skip
    options = [part for option, value in (fixed | dict(entry.settings)).items() for part in (option, *_listed(value))]
    return [*train, *options, "--training.no-labeller"]


def _listed(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def environment(threads: int) -> dict[str, str]:
    """A CPU, whatever there is, so that all run on the same."""
    return {**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": str(threads)}
