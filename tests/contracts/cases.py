"""Every method on tiny networks: the cases of all contract tests. Each method's own stand in a file of its name."""

from __future__ import annotations

from contracts import among_labels, between_spaces, gans
from contracts.case import ALIKE, PHOTOS, SETS, UNALIKE, Case
from viceversa.core.method import Method
from viceversa.core.space import Space
from viceversa.losses.multicycle import multicyclic
from viceversa.methods import cyclegan, stargan

STARGAN = stargan.StarGAN(width=4, blocks=1, critic_width=4)
MASKED = stargan.StarGAN(generator="masked", width=4, blocks=1, critic_width=4, gan="hinge-r1", critic_steps=1)
CYCLEGAN = cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, pool=3)


def build_stargan(space: Space) -> Method:
    return stargan.build(space, STARGAN)


def build_masked(space: Space) -> Method:
    return stargan.build(space, MASKED)


def build_cyclegan(space: Space) -> Method:
    return cyclegan.build(space, CYCLEGAN)


# A gradient penalty and R1 judge once more (hence the 3 of StarGAN's step).
CASES = [
    Case("stargan", build_stargan, PHOTOS, {0: 1, 4: 3}, {0: 3, 4: 4}),
    Case("multicyclic", lambda space: multicyclic(build_stargan(space)), PHOTOS, {0: 1, 4: 9}, {0: 3, 4: 7}),
    Case("multicyclic-limited", lambda space: multicyclic(build_stargan(space), losses=("cycle",)), PHOTOS, {0: 1, 4: 9}, {4: 4}),
    Case("multicyclic-cut", lambda space: multicyclic(build_stargan(space), cut=True), PHOTOS, {4: 9}, {4: 7}),
    Case(
        "multicyclic-stochastic",
        lambda space: multicyclic(build_stargan(space), (0, 0.5), form="stochastic"),
        PHOTOS,
        {4: 6},
        {4: 5},
    ),
    Case(
        "multicyclic-on-policy",  # always two further translations; X_1 without a graph, then Y, its way back, and one that holds
        lambda space: multicyclic(build_stargan(space), (0, 0.5), form="on-policy", teacher=5.0, hold=1.0),
        PHOTOS,
        {0: 1, 4: 7},
        {0: 3, 4: 5},
    ),
    Case(
        "multicyclic-replay",
        lambda space: multicyclic(build_stargan(space), form="replay", teacher=5.0),
        PHOTOS,
        {0: 1, 4: 5},
        {0: 3, 4: 5},
    ),
    Case(
        "triple",
        lambda space: stargan.build(space, STARGAN.model_copy(update={"triple": 10.0})),
        PHOTOS,
        {0: 1, 4: 5},
        {0: 3, 4: 4},
    ),
    Case(
        "further-fakes",  # X_0 .. X_3 without a graph, then the chain with one
        lambda space: multicyclic(stargan.build(space, STARGAN.model_copy(update={"further_fakes": 3}))),
        PHOTOS,
        {0: 4, 4: 12},
        {0: 6, 4: 10},
    ),
    Case("two-sets", build_stargan, SETS, {0: 2, 4: 6}, {0: 6, 4: 8}),
    Case("multicyclic-two-sets", lambda space: multicyclic(build_stargan(space)), SETS, {0: 2, 4: 18}, {0: 6, 4: 14}),
    Case("masked", build_masked, PHOTOS, {0: 3, 1: 3}, {0: 4, 1: 3}),
    Case("cyclegan", build_cyclegan, ALIKE, {0: 6}, {0: 6}),
    Case("cyclegan-unalike", build_cyclegan, UNALIKE, {0: 4}, {0: 6}),
    Case("multicyclic-cyclegan", lambda space: multicyclic(build_cyclegan(space)), ALIKE, {0: 10}, {0: 12}),
    *among_labels.CASES,
    *between_spaces.CASES,
]
EVERY = [*CASES, *gans.CASES]
"""With every GAN loss of the methods that have a choice, whose generators are those of other cases."""
