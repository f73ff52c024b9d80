"""The recipes: each function returns the complete settings of one training. The package's `TABLE` says what each is for."""

from __future__ import annotations

from viceversa.methods import cyclegan as cyclegan_method
from viceversa.methods import stargan as stargan_method
from viceversa.methods.augmented_cyclegan import AugmentedCycleGAN
from viceversa.methods.better_cycles import BetterCycles
from viceversa.methods.cut import CUT
from viceversa.methods.diat import DIAT
from viceversa.methods.discogan import DiscoGAN
from viceversa.methods.fixed_point import FixedPointGAN
from viceversa.methods.icgan import IcGAN
from viceversa.methods.johnson import Johnson
from viceversa.methods.pix2pix import Pix2Pix
from viceversa.methods.relgan import RelGAN
from viceversa.methods.stargan2 import StarGAN2
from viceversa.methods.stgan import STGAN
from viceversa.recipes.settings import Multicycle, Recipe, Training

EXTRA = (0.25, 0.125, 0.0625)
"""Weights of the extra cycles in the multicyclic loss, as its author chose them."""
RISING = Multicycle(rise=0.1)
"""For generators whose chains have, before the first steps, other gradients in bf16 than in fp32: a cosine of .2 to .5
(docs/precision.md). If extra cycles are asked for, their weights rise over a tenth of the training."""
LATER = RISING.model_copy(update={"start": 0.02})
"""For Augmented CycleGAN, whose chains still have other gradients after 50 steps: they begin later."""

SMALL_STARGAN = stargan_method.StarGAN(
    generator="masked", width=32, blocks=4, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3
)
FOR_SPACES = Training(batch=8, average=0, steps=10_000)
"""Of methods between spaces, which average no weights."""
SMALL_CYCLEGAN = cyclegan_method.CycleGAN(width=24, blocks=4, critic_width=32, critic_layers=2)


def stargan() -> Recipe[stargan_method.StarGAN]:
    return Recipe[stargan_method.StarGAN](name="stargan", method=SMALL_STARGAN)


def multicyclic() -> Recipe[stargan_method.StarGAN]:
    return Recipe[stargan_method.StarGAN](name="multicyclic", method=SMALL_STARGAN, multicycle=Multicycle(extra=EXTRA))


def multicyclic_limited() -> Recipe[stargan_method.StarGAN]:
    limited = Multicycle(extra=EXTRA, losses=("cycle",))
    return Recipe[stargan_method.StarGAN](name="multicyclic-limited", method=SMALL_STARGAN, multicycle=limited)


def triple() -> Recipe[stargan_method.StarGAN]:
    method = SMALL_STARGAN.model_copy(update={"triple": SMALL_STARGAN.cycle})
    return Recipe[stargan_method.StarGAN](name="triple", method=method)


def fixed_point() -> Recipe[FixedPointGAN]:
    method = FixedPointGAN(
        residual="masked", width=32, blocks=4, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3
    )
    return Recipe[FixedPointGAN](name="fixed-point", method=method)


def relgan() -> Recipe[RelGAN]:
    method = RelGAN(
        generator="masked", width=32, blocks=4, critic_width=32, matching=5.0, cycle=1.0, identity=1.0, interpolation=1.0,
        penalty="r1", learning_rate=1e-3,
    )  # fmt: skip
    return Recipe[RelGAN](name="relgan", method=method)


def stgan() -> Recipe[STGAN]:
    method = STGAN(width=32, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3)
    return Recipe[STGAN](name="stgan", method=method)


def stargan2() -> Recipe[StarGAN2]:
    method = StarGAN2(width=32, most=128, style=16, latent=8, hidden=128, learning_rate=1e-3)
    return Recipe[StarGAN2](name="stargan2", attributes=("hair",), method=method)


def icgan() -> Recipe[IcGAN]:
    method = IcGAN(width=32, encoder_width=32, hidden=256, latent=64)
    return Recipe[IcGAN](name="icgan", method=method)


def cyclegan() -> Recipe[cyclegan_method.CycleGAN]:
    return Recipe[cyclegan_method.CycleGAN](
        name="cyclegan", data="avatars:glasses", method=SMALL_CYCLEGAN, multicycle=RISING, training=FOR_SPACES
    )


def better_cycles() -> Recipe[BetterCycles]:
    method = BetterCycles(cyclegan=SMALL_CYCLEGAN)
    return Recipe[BetterCycles](name="better-cycles", data="avatars:glasses", method=method, multicycle=RISING, training=FOR_SPACES)


def discogan() -> Recipe[DiscoGAN]:
    method = DiscoGAN(width=32, critic_width=32)
    return Recipe[DiscoGAN](name="discogan", data="avatars:glasses", method=method, training=FOR_SPACES)


def augmented_cyclegan() -> Recipe[AugmentedCycleGAN]:
    method = AugmentedCycleGAN(width=16, latent=8, cycle=10)  # with the paper's 1 it forgets the person
    return Recipe[AugmentedCycleGAN](
        name="augmented-cyclegan", data="avatars:glasses", method=method, multicycle=LATER, training=FOR_SPACES
    )


def cut() -> Recipe[CUT]:
    method = CUT(width=24, blocks=4, critic_width=32, critic_layers=2, projection=64)
    return Recipe[CUT](name="cut", data="avatars:glasses", method=method, training=FOR_SPACES)


def diat() -> Recipe[DIAT]:
    method = DIAT(width=16, critic_width=32, learning_rate=1e-3)
    return Recipe[DIAT](name="diat", data="avatars:glasses", method=method, training=FOR_SPACES)


def pix2pix() -> Recipe[Pix2Pix]:
    method = Pix2Pix(width=24, critic_width=32, critic_layers=2)
    return Recipe[Pix2Pix](name="pix2pix", data="avatars:outlines", method=method, training=FOR_SPACES)


def johnson() -> Recipe[Johnson]:
    training = Training(batch=4, average=0, steps=2000, best="none")
    return Recipe[Johnson](name="johnson", data="people=avatars,style=toons", method=Johnson(width=16), training=training)


def digits() -> Recipe[cyclegan_method.CycleGAN]:
    method = cyclegan_method.CycleGAN(width=32, blocks=4, critic_layers=2, identity=0, luminance=0.5)
    data, training = "handwritten=handwritten,street=street-digits", Training(batch=16, average=0, steps=8000, best="none")
    return Recipe[cyclegan_method.CycleGAN](name="digits", data=data, method=method, multicycle=RISING, training=training)
