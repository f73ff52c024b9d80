"""Published settings: each function returns the settings of a paper, or of its official code where the paper is silent.

A test compares every number with a table (tests/recipes/test_published.py), which also lists what is not the paper's. The
methods of the recipes have these settings as their defaults; the rest is here: sizes, crops, batches, lengths and decays, in fp32
and without a moving average unless the code has one. A recipe without data asks for yours.
"""

from __future__ import annotations

from typing import Any

from viceversa.methods.augmented_cyclegan import AugmentedCycleGAN
from viceversa.methods.cut import CUT
from viceversa.methods.cyclegan import CycleGAN
from viceversa.methods.discogan import DiscoGAN
from viceversa.methods.fixed_point import FixedPointGAN
from viceversa.methods.icgan import IcGAN
from viceversa.methods.pix2pix import Pix2Pix
from viceversa.methods.relgan import RelGAN
from viceversa.methods.stargan import StarGAN
from viceversa.methods.stargan2 import StarGAN2
from viceversa.methods.stgan import STGAN
from viceversa.recipes.packaged import EXTRA
from viceversa.recipes.settings import Decay, Multicycle, Recipe, Training

YOURS = ""
"""In the place of data: the recipe has none."""
AUTHOR = StarGAN(  # classification: the mean over five attributes, where StarGAN has their sum
    generator="label-normalized", critic_slope=0.3, critic_bias=True, classification=0.2, targets="shared"
)
"""StarGAN as the author of the multicyclic loss built it."""
LIMITED = Multicycle(extra=EXTRA, losses=("cycle",))
FULL = Multicycle(extra=EXTRA)


def stargan_paper() -> Recipe[StarGAN]:
    return Recipe[StarGAN](name="stargan-paper", method=StarGAN(), **_on_celeba(batch=16))


def stargan_celeba() -> Recipe[StarGAN]:
    return Recipe[StarGAN](name="stargan-celeba", method=StarGAN(), **_on_celeba())


def multicyclic_celeba() -> Recipe[StarGAN]:
    return Recipe[StarGAN](name="multicyclic-celeba", method=StarGAN(), multicycle=FULL, **_on_celeba())


def multicyclic_limited_celeba() -> Recipe[StarGAN]:
    return Recipe[StarGAN](name="multicyclic-limited-celeba", method=StarGAN(), multicycle=LIMITED, **_on_celeba())


def stargan_celeba_author() -> Recipe[StarGAN]:
    return Recipe[StarGAN](name="stargan-celeba-author", method=AUTHOR, **_on_celeba(decay="schneider"))


def multicyclic_celeba_author() -> Recipe[StarGAN]:
    return Recipe[StarGAN](name="multicyclic-celeba-author", method=AUTHOR, multicycle=FULL, **_on_celeba(decay="schneider"))


def multicyclic_limited_celeba_author() -> Recipe[StarGAN]:
    return Recipe[StarGAN](
        name="multicyclic-limited-celeba-author", method=AUTHOR, multicycle=LIMITED, **_on_celeba(decay="schneider")
    )


def fixed_point_paper() -> Recipe[FixedPointGAN]:
    return Recipe[FixedPointGAN](name="fixed-point-paper", method=FixedPointGAN(), **_on_celeba(batch=16))


def stgan_paper() -> Recipe[STGAN]:
    training = _training(batch=32, epochs=200, decay="tenth")
    return Recipe[STGAN](name="stgan-paper", data="celeba", size=128, crop=170, method=STGAN(), training=training)


def icgan_paper() -> Recipe[IcGAN]:
    training = _training(batch=64, epochs=40, decay="constant")
    return Recipe[IcGAN](name="icgan-paper", data="celeba", size=64, crop=178, method=IcGAN(), training=training)


def relgan_paper() -> Recipe[RelGAN]:
    training = _training(batch=4, steps=400_000, decay="constant")
    return Recipe[RelGAN](name="relgan-paper", data=YOURS, size=256, method=RelGAN(), training=training)


def stargan2_paper() -> Recipe[StarGAN2]:
    training = _training(batch=8, steps=100_000, decay="constant", flip=True, average=0.999)
    return Recipe[StarGAN2](name="stargan2-paper", data=YOURS, size=256, method=StarGAN2(), training=training)


def cyclegan_paper() -> Recipe[CycleGAN]:
    return Recipe[CycleGAN](name="cyclegan-paper", method=CycleGAN(), **_between(epochs=200, decay="cyclegan"))


def cut_paper() -> Recipe[CUT]:
    return Recipe[CUT](name="cut-paper", method=CUT(), **_between(epochs=400, decay="cyclegan"))


def fastcut_paper() -> Recipe[CUT]:
    return Recipe[CUT](
        name="fastcut-paper", method=CUT(contrast=10.0, identity=False, mirror=True), **_between(epochs=200, decay="fastcut")
    )


def pix2pix_paper() -> Recipe[Pix2Pix]:
    return Recipe[Pix2Pix](name="pix2pix-paper", method=Pix2Pix(), **_between(epochs=200, decay="cyclegan"))


def discogan_paper() -> Recipe[DiscoGAN]:
    training = _training(batch=64, steps=50_000, decay="constant")
    return Recipe[DiscoGAN](name="discogan-paper", data=YOURS, size=64, method=DiscoGAN(), training=training)


def augmented_cyclegan_paper() -> Recipe[AugmentedCycleGAN]:
    training = _training(batch=32, epochs=50, decay="linear")
    return Recipe[AugmentedCycleGAN](
        name="augmented-cyclegan-paper", data=YOURS, size=64, method=AugmentedCycleGAN(), training=training
    )


def _training(**settings: Any) -> Training:
    return Training(**{"average": 0.0, "precision": "fp32", **settings})


def _between(*, epochs: int, decay: Decay) -> dict[str, Any]:
    """256 px, cut at random from 286 px, mirrored with even odds, one image a step."""
    return {"data": YOURS, "size": 256, "training": _training(batch=1, epochs=epochs, decay=decay, flip=True, resize_to=286)}


def _on_celeba(*, batch: int = 8, decay: Decay = "linear") -> dict[str, Any]:
    """20 epochs of CelebA's training images; the arms of the multicyclic experiment all have batches of 8."""
    training = _training(batch=batch, epochs=20, decay=decay, flip=True)
    return {"data": "celeba", "size": 128, "crop": 178, "filter": "bilinear", "training": training}
