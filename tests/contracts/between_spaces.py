"""The cases of methods between two spaces, beside CycleGAN."""

from __future__ import annotations

from torch import nn

from contracts.among_labels import chained, of
from contracts.case import ALIKE, LINES, Case
from viceversa.core.method import Method
from viceversa.methods import augmented_cyclegan, better_cycles, cut, cyclegan, diat, discogan, johnson, pix2pix

BETTER = better_cycles.BetterCycles(cyclegan=cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, pool=3))
DISCOGAN = discogan.DiscoGAN(width=4, critic_width=4)
CUT = cut.CUT(width=4, blocks=1, critic_width=4, critic_layers=1, projection=6)
FAST = cut.FASTCUT.model_copy(update={"width": 4, "blocks": 1, "critic_width": 4, "critic_layers": 1, "projection": 6})
PIX2PIX = pix2pix.Pix2Pix(width=4, critic_width=4, critic_layers=1)
DIAT = diat.DIAT(width=4, blocks=1, critic_width=4)
JOHNSON = johnson.Johnson(width=4)
AUGMENTED = augmented_cyclegan.AugmentedCycleGAN(latent=3, width=4)


def both_ways(method: Method) -> list[nn.Module]:
    """The two generators, which its losses call themselves."""
    return [method.translator.forth, method.translator.back]


CODED = Case(
    "augmented-cyclegan",
    of(augmented_cyclegan.build, AUGMENTED),
    LINES,
    {0: 6},
    {0: 9},
    both_ways,
    lambda method: [*method.networks["discriminators"].discriminators.values(), method.networks["discriminator_of_codes"]],
    whole_batch=True,
)
PAIRED = Case(
    "pix2pix", of(pix2pix.build, PIX2PIX), LINES, {0: 2}, {0: 3}, lambda method: [method.translator.network], whole_batch=True
)
CASES = [
    Case("better-cycles", of(better_cycles.build, BETTER), ALIKE, {0: 6}, {0: 6}),
    Case("multicyclic-better-cycles", chained(better_cycles.build, BETTER), ALIKE, {0: 10}, {0: 12}),
    Case("discogan", of(discogan.build, DISCOGAN), ALIKE, {0: 2, 1: 4}, {0: 4, 1: 4}, whole_batch=True),
    Case("multicyclic-discogan", chained(discogan.build, DISCOGAN), ALIKE, {0: 2, 1: 8}, whole_batch=True),
    CODED,
    Case("multicyclic-augmented-cyclegan", chained(augmented_cyclegan.build, AUGMENTED), LINES, {0: 10}, whole_batch=True),
    Case("cut", of(cut.build, CUT), ALIKE, {0: 3}, {0: 3}),
    PAIRED,
    Case("johnson", of(johnson.build, JOHNSON), ALIKE, {0: 1}, generators=lambda method: [method.translator.network]),
    Case("diat", of(diat.build, DIAT), ALIKE, {0: 1}, {0: 4}),
    Case("plain-diat", of(diat.build, DIAT.model_copy(update={"form": "plain"})), ALIKE, {0: 1}, {0: 4}),
    Case("cut-between-channels", of(cut.build, CUT), LINES, {0: 3}, {0: 3}),
    Case("fastcut", of(cut.build, FAST), ALIKE, {0: 2}, {0: 3}),
]
