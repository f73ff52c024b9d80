"""The cases of every GAN loss of a setting `gan`: the methods that have it, and their chains."""

from __future__ import annotations

from typing import get_args

from contracts.among_labels import FIXED_POINT, STGAN, chained, of
from contracts.case import ALIKE, PHOTOS, Case
from viceversa.losses.gan_settings import Gan
from viceversa.methods import cyclegan, fixed_point, stargan, stgan

GANS: tuple[Gan, ...] = get_args(Gan)
PENALIZED = ("wgan-gp", "hinge-r1")
"""Those whose discriminator judges once more in the first step."""

STARGANS = {gan: stargan.StarGAN(width=4, blocks=1, critic_width=4, gan=gan) for gan in GANS}
CYCLEGANS = {gan: cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, pool=3, gan=gan) for gan in GANS}


def among_labels(gan: Gan) -> list[Case]:
    settings, judged = STARGANS[gan], 2 + (gan in PENALIZED)
    return [
        Case(f"stargan-{gan}", of(stargan.build, settings), PHOTOS, {0: 1, 4: 3}, {0: judged}),
        Case(f"multicyclic-stargan-{gan}", chained(stargan.build, settings), PHOTOS, {0: 1, 4: 9}, {0: judged}),
    ]


def between_spaces(gan: Gan) -> list[Case]:
    settings, judged = CYCLEGANS[gan], 6 + 2 * (gan in PENALIZED)
    return [
        Case(f"cyclegan-{gan}", of(cyclegan.build, settings), ALIKE, {0: 6}, {0: judged}),
        Case(f"multicyclic-cyclegan-{gan}", chained(cyclegan.build, settings), ALIKE, {0: 10}, {0: judged + 6}),
    ]


CASES = [
    *(case for gan in GANS if gan != "wgan-gp" for case in among_labels(gan)),
    *(case for gan in GANS if gan != "least-squares" for case in between_spaces(gan)),
    *(
        Case(f"{name}-wgan", of(build, settings.model_copy(update={"gan": "wgan"})), PHOTOS, {0: 1}, {0: 2}, whole_batch=whole)
        for name, build, settings, whole in (
            ("fixed-point", fixed_point.build, FIXED_POINT, False),
            ("stgan", stgan.build, STGAN, True),
        )
    ),
]
"""Without the methods' own, which are cases already."""
