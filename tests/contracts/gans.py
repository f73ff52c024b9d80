"""The cases of every GAN loss of a setting `gan` and of every discriminator: the methods that have them, and their chains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from contracts.among_labels import FIXED_POINT, STGAN, chained, of
from contracts.between_spaces import AUGMENTED, CODED, CUT, PAIRED, PIX2PIX
from contracts.case import ALIKE, LINES, PHOTOS, Case
from viceversa.losses.gan_settings import Gan
from viceversa.methods import augmented_cyclegan, cut, cyclegan, fixed_point, pix2pix, stargan, stgan

GANS: tuple[Gan, ...] = get_args(Gan)
PENALTIES: Mapping[Gan, int] = {"wgan-gp": 1, "hinge-r1": 1, "relativistic": 2}
"""How often the discriminator judges once more in the first step."""

STARGANS = {gan: stargan.StarGAN(width=4, blocks=1, critic_width=4, gan=gan) for gan in GANS}
CYCLEGANS = {gan: cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, pool=3, gan=gan) for gan in GANS}


def among_labels(gan: Gan) -> list[Case]:
    settings, judged = STARGANS[gan], 2 + PENALTIES.get(gan, 0)
    return [
        Case(f"stargan-{gan}", of(stargan.build, settings), PHOTOS, {0: 1, 4: 3}, {0: judged}),
        Case(f"multicyclic-stargan-{gan}", chained(stargan.build, settings), PHOTOS, {0: 1, 4: 9}, {0: judged}),
    ]


def between_spaces(gan: Gan) -> list[Case]:
    settings, judged = CYCLEGANS[gan], 6 + 2 * PENALTIES.get(gan, 0) + 2 * (gan == "relativistic")  # whose generators see reals
    return [
        Case(f"cyclegan-{gan}", of(cyclegan.build, settings), ALIKE, {0: 6}, {0: judged}),
        Case(f"multicyclic-cyclegan-{gan}", chained(cyclegan.build, settings), ALIKE, {0: 10}, {0: judged + 6}),
    ]


PROJECTED = {"critic": "projected", "critic_size": 64, "adversarial": 0.1, "critic_augment": ("color", "translation", "cutout")}
PROJECTED_CASES = [
    Case("projected-stargan", of(stargan.build, STARGANS["hinge-r1"].model_copy(update=PROJECTED)), PHOTOS, {0: 1}, {0: 3, 4: 4}),
    Case("projected-cyclegan", of(cyclegan.build, CYCLEGANS["hinge"].model_copy(update=PROJECTED)), ALIKE, {0: 6}, {0: 6}),
    Case("projected-cut", of(cut.build, CUT.model_copy(update=PROJECTED)), LINES, {0: 3}, {0: 3}),
    replace(PAIRED, name="projected-pix2pix", build=of(pix2pix.build, PIX2PIX.model_copy(update=PROJECTED))),
    replace(CODED, name="projected-augmented-cyclegan", build=of(augmented_cyclegan.build, AUGMENTED.model_copy(update=PROJECTED))),
]
"""Every method with a choice of discriminators, with all augmentation."""
CASES = [
    *PROJECTED_CASES,
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
