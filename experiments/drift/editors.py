"""The editors of the leaderboard: what each is, how it is trained, and how its turns are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from experiments.generators.arms import KEEPING, MASKED

Protocol = Literal["hold", "chain", "there-and-back"]
TURNS = 10
SIZE = 64
SECONDS = 180
"""Of one thread that each training of the comparison gets, about; steps are fixed by times measured beforehand."""


@dataclass(frozen=True)
class Trained:
    """A training of the package: its recipe and settings. steps: what SECONDS allowed on the machine of the record."""

    recipe: str
    data: str
    steps: int
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Walk:
    """What is asked of an editor.

    Args:
        editor: as `viceversa drift run --editor` names it; the name of a training stands for its run.
        what: the editor in words.
        images: data that the editor knows.
        samples: number of test images.
        protocols: of `viceversa drift run`.
    """

    editor: str
    what: str
    images: str = "avatars"
    samples: int = 40
    protocols: tuple[Protocol, ...] = ("hold",)


AMONG_LABELS = {"training.batch": 8, "training.average": 0.99}
TRAININGS: Mapping[str, Trained] = {
    "base": Trained("stargan", "avatars", 1000, AMONG_LABELS),
    "full": Trained("multicyclic", "avatars", 390, AMONG_LABELS),
    "triple": Trained("triple", "avatars", 690, AMONG_LABELS),
    "cyclegan": Trained("cyclegan", "avatars:glasses", 1200, {**KEEPING, **MASKED}),
    "johnson": Trained("johnson", "people=avatars,style=toons", 600),
}
BOTH: tuple[Protocol, ...] = ("hold", "chain")
WALKS: Mapping[str, Walk] = {
    "nothing": Walk("nothing", "the images as they are", protocols=BOTH),
    "avatars": Walk("avatars", "packaged StarGAN", protocols=BOTH),
    "base": Walk("base", "StarGAN, three minutes", protocols=BOTH),
    "full": Walk("full", "StarGAN with the multicyclic loss, three minutes", protocols=BOTH),
    "triple": Walk("triple", "StarGAN with triple consistency, three minutes", protocols=BOTH),
    "cyclegan": Walk("cyclegan", "CycleGAN for glasses, three minutes", "avatars:glasses", protocols=("hold", "there-and-back")),
    "johnson": Walk("experiments.drift.painters:johnson", "Johnson et al.: painting by a network, three minutes"),
    "gatys": Walk("experiments.drift.painters:gatys", "Gatys et al.: painting by optimization, 50 evaluations", samples=10),
    **{
        f"{form}-{quality}": Walk(
            f"resave:{form}:{quality}", f"saved as {form.upper() if form == 'jpeg' else 'WebP'}, quality {quality}"
        )
        for form, quality in (("jpeg", 95), ("jpeg", 75), ("jpeg", 50), ("webp", 90), ("webp", 75))
    },
    "resize-2": Walk("resize:2", "halved and doubled, bicubic"),
    "resize-1.5": Walk("resize:1.5", "divided and multiplied by 1.5, bicubic"),
}
