"""The cases of methods among labels, beside StarGAN."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from contracts.case import DOMAINS, PHOTOS, Case
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import fixed_point, icgan, relgan, stargan2, stgan

FIXED_POINT = fixed_point.FixedPointGAN(width=4, blocks=1, critic_width=4)
RELGAN = relgan.RelGAN(width=4, blocks=1, critic_width=4)
STGAN = stgan.STGAN(width=4, critic_width=4)
ICGAN = icgan.IcGAN(gan_share=0.3, width=4, encoder_width=4, hidden=6, latent=5)
STARGAN2 = stargan2.StarGAN2(width=4, most=8, style=4, latent=2, hidden=6)


def of(build: Callable[..., Method], settings: Any) -> Callable[[Space], Method]:
    return partial(build, settings=settings)


def chained(build: Callable[..., Method], settings: Any) -> Callable[[Space], Method]:
    return lambda space: multicyclic(build(space, settings))


CASES = [
    Case("fixed-point", of(fixed_point.build, FIXED_POINT), PHOTOS, {0: 1, 4: 5}, {0: 3, 4: 5}),
    Case("multicyclic-fixed-point", chained(fixed_point.build, FIXED_POINT), PHOTOS, {0: 1, 4: 11}, {0: 3, 4: 8}),
    Case("relgan", of(relgan.build, RELGAN), PHOTOS, {0: 7}, whole_batch=True),
    Case("multicyclic-relgan", chained(relgan.build, RELGAN), PHOTOS, {0: 13}, whole_batch=True),
    Case("stgan", of(stgan.build, STGAN), PHOTOS, {0: 1, 4: 3}, {0: 3, 4: 4}, whole_batch=True),
    Case("multicyclic-stgan", chained(stgan.build, STGAN), PHOTOS, {0: 1, 4: 9}, {0: 3, 4: 7}, whole_batch=True),
    Case("stargan2", of(stargan2.build, STARGAN2), DOMAINS, {0: 8}, {0: 8}),
    Case(
        "icgan",
        of(icgan.build, ICGAN),
        PHOTOS,
        {0: 2, 4: 1},
        {0: 4, 4: 0},
        lambda method: [method.translator.decoder],
        whole_batch=True,
    ),
    Case("multicyclic-stargan2", chained(stargan2.build, STARGAN2), DOMAINS, {0: 20}, {0: 14}),
]
