"""Recipes: what can be trained by name. Each is a function that returns complete settings; its docstring says what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from viceversa.data.dataset import Dataset, Takes
from viceversa.data.sources import open_dataset
from viceversa.domains import Space
from viceversa.errors import unknown
from viceversa.losses.multicycle import multicyclic as with_chains
from viceversa.method import Builder, Method
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
from viceversa.recipes.methods import BUILDERS
from viceversa.recipes.settings import DECAYS, Multicycle, Recipe, Training

EXTRA = (0.25, 0.125, 0.0625)
CELEBA_IMAGES = 162_770
"""In CelebA's own training split."""

SMALL_STARGAN = stargan_method.StarGAN(
    generator="masked", width=32, blocks=4, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3
)
FOR_SPACES = Training(batch=8, average=0, steps=10_000)
"""Of methods between spaces, which average no weights."""
SMALL_CYCLEGAN = cyclegan_method.CycleGAN(width=24, blocks=4, critic_width=32, critic_layers=2)


def stargan() -> Recipe[stargan_method.StarGAN]:
    """StarGAN on avatars: one generator for all labels, small enough for a laptop."""
    return Recipe[stargan_method.StarGAN](name="stargan", method=SMALL_STARGAN)


def multicyclic() -> Recipe[stargan_method.StarGAN]:
    """StarGAN with the multicyclic loss: trained on chains of its own outputs too, all losses repeated."""
    return Recipe[stargan_method.StarGAN](name="multicyclic", method=SMALL_STARGAN, multicycle=Multicycle(extra=EXTRA))


def multicyclic_limited() -> Recipe[stargan_method.StarGAN]:
    """StarGAN with the limited multicyclic loss: only the cycle loss is repeated along the chain."""
    limited = Multicycle(extra=EXTRA, losses=("cycle",))
    return Recipe[stargan_method.StarGAN](name="multicyclic-limited", method=SMALL_STARGAN, multicycle=limited)


def triple() -> Recipe[stargan_method.StarGAN]:
    """StarGAN with triple consistency: an edit must come out the same after another edit."""
    method = SMALL_STARGAN.model_copy(update={"triple": SMALL_STARGAN.cycle})
    return Recipe[stargan_method.StarGAN](name="triple", method=method)


def fixed_point() -> Recipe[FixedPointGAN]:
    """Fixed-Point GAN on avatars: small edits, and none where nothing is asked for."""
    method = FixedPointGAN(
        residual="masked", width=32, blocks=4, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3
    )
    return Recipe[FixedPointGAN](name="fixed-point", method=method)


def relgan() -> Recipe[RelGAN]:
    """RelGAN on avatars: told what shall change, and by how much."""
    method = RelGAN(
        generator="masked", width=32, blocks=4, critic_width=32, matching=5.0, cycle=1.0, identity=1.0, interpolation=1.0,
        penalty="r1", learning_rate=1e-3,
    )  # fmt: skip
    return Recipe[RelGAN](name="relgan", method=method)


def stgan() -> Recipe[STGAN]:
    """STGAN on avatars: told the difference of labels, with selective transfer units."""
    method = STGAN(width=32, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3)
    return Recipe[STGAN](name="stgan", method=method)


def stargan2() -> Recipe[StarGAN2]:
    """StarGAN v2 on avatars, among hair colors: many translations to each, by code or by reference image."""
    method = StarGAN2(width=32, most=128, style=16, latent=8, hidden=128, learning_rate=1e-3)
    return Recipe[StarGAN2](name="stargan2", attributes=("hair",), method=method)


def icgan() -> Recipe[IcGAN]:
    """IcGAN on avatars: a conditional GAN, and then encoders that invert it."""
    method = IcGAN(width=32, encoder_width=32, hidden=256, latent=64)
    return Recipe[IcGAN](name="icgan", method=method)


def cyclegan() -> Recipe[cyclegan_method.CycleGAN]:
    """CycleGAN between people with and without glasses, small enough for a laptop."""
    return Recipe[cyclegan_method.CycleGAN](name="cyclegan", data="avatars:glasses", method=SMALL_CYCLEGAN, training=FOR_SPACES)


def better_cycles() -> Recipe[BetterCycles]:
    """CycleGAN whose cycles need only look the same to the discriminator, more and more."""
    method = BetterCycles(cyclegan=SMALL_CYCLEGAN)
    return Recipe[BetterCycles](name="better-cycles", data="avatars:glasses", method=method, training=FOR_SPACES)


def discogan() -> Recipe[DiscoGAN]:
    """DiscoGAN between people with and without glasses: no skips, squared cycles."""
    method = DiscoGAN(width=32, critic_width=32)
    return Recipe[DiscoGAN](name="discogan", data="avatars:glasses", method=method, training=FOR_SPACES)


def augmented_cyclegan() -> Recipe[AugmentedCycleGAN]:
    """Augmented CycleGAN from people without glasses to people with them: many for one, by a code."""
    method = AugmentedCycleGAN(width=16, latent=8, cycle=10)  # with the paper's 1 it forgets the person
    return Recipe[AugmentedCycleGAN](name="augmented-cyclegan", data="avatars:glasses", method=method, training=FOR_SPACES)


def cut() -> Recipe[CUT]:
    """CUT from people without glasses to people with them: one way, by contrast of patches."""
    method = CUT(width=24, blocks=4, critic_width=32, critic_layers=2, projection=64)
    return Recipe[CUT](name="cut", data="avatars:glasses", method=method, training=FOR_SPACES)


def diat() -> Recipe[DIAT]:
    """DIAT-like, from people without glasses to people with them: one way, kept by features."""
    method = DIAT(width=16, critic_width=32, learning_rate=1e-3)
    return Recipe[DIAT](name="diat", data="avatars:glasses", method=method, training=FOR_SPACES)


def pix2pix() -> Recipe[Pix2Pix]:
    """pix2pix from outlines to drawn people, learned from pairs: the ceiling for methods without."""
    method = Pix2Pix(width=24, critic_width=32, critic_layers=2)
    return Recipe[Pix2Pix](name="pix2pix", data="avatars:outlines", method=method, training=FOR_SPACES)


def johnson() -> Recipe[Johnson]:
    """Johnson's style transfer: a network that paints drawn people like toons, or what --data says."""
    training = Training(batch=4, average=0, steps=2000, best="none")
    return Recipe[Johnson](name="johnson", data="people=avatars,style=toons", method=Johnson(width=16), training=training)


def digits() -> Recipe[cyclegan_method.CycleGAN]:
    """CycleGAN between handwritten digits and digits in the street, of two sizes and numbers of channels."""
    method = cyclegan_method.CycleGAN(width=32, blocks=4, critic_layers=2, identity=0, luminance=0.5)
    data, training = "handwritten=handwritten,street=street-digits", Training(batch=16, average=0, steps=8000, best="none")
    return Recipe[cyclegan_method.CycleGAN](name="digits", data=data, method=method, training=training)


def stargan_celeba() -> Recipe[stargan_method.StarGAN]:
    """StarGAN on CelebA as published: 128 px, batches of 16, 20 epochs. --data names CelebA's folder."""
    return _on_celeba("stargan-celeba", batch=16)


def multicyclic_celeba() -> Recipe[stargan_method.StarGAN]:
    """The multicyclic loss on CelebA: 128 px, batches of 8, 20 epochs. --data names CelebA's folder."""
    return _on_celeba("multicyclic-celeba", batch=8, extra=Multicycle(extra=EXTRA))


def multicyclic_limited_celeba() -> Recipe[stargan_method.StarGAN]:
    """The limited multicyclic loss on CelebA, otherwise as multicyclic-celeba."""
    return _on_celeba("multicyclic-limited-celeba", batch=8, extra=Multicycle(extra=EXTRA, losses=("cycle",)))


def multicyclic_celeba_author() -> Recipe[stargan_method.StarGAN]:
    """multicyclic-celeba with what the author of that loss did otherwise than StarGAN."""
    differences = {  # classification: the mean over five attributes, where StarGAN has their sum
        "generator": "label-normalized", "critic_slope": 0.3, "critic_bias": True, "classification": 0.2, "targets": "shared",
    }  # fmt: skip
    recipe = _on_celeba("multicyclic-celeba-author", batch=8, extra=Multicycle(extra=EXTRA))
    training = recipe.training.model_copy(update={"decay": "schneider"})
    return recipe.model_copy(update={"method": recipe.method.model_copy(update=differences), "training": training})


def _on_celeba(name: str, batch: int, extra: Multicycle | None = None) -> Recipe[stargan_method.StarGAN]:
    """20 epochs of CelebA's training images, the rate constant in the first half and linear to 0 in the second, in fp32."""
    training = Training(steps=20 * -(-CELEBA_IMAGES // batch), batch=batch, flip=True, average=0, precision="fp32")
    chains = extra or Multicycle()
    method = stargan_method.StarGAN()
    return Recipe[stargan_method.StarGAN](
        name=name, data="celeba", size=128, crop=178, filter="bilinear", method=method, multicycle=chains, training=training
    )


RECIPES: Mapping[str, Callable[[], Recipe[Any]]] = {
    "stargan": stargan,
    "multicyclic": multicyclic,
    "multicyclic-limited": multicyclic_limited,
    "triple": triple,
    "fixed-point": fixed_point,
    "relgan": relgan,
    "stgan": stgan,
    "stargan2": stargan2,
    "icgan": icgan,
    "cyclegan": cyclegan,
    "better-cycles": better_cycles,
    "discogan": discogan,
    "augmented-cyclegan": augmented_cyclegan,
    "cut": cut,
    "diat": diat,
    "pix2pix": pix2pix,
    "johnson": johnson,
    "digits": digits,
    "stargan-celeba": stargan_celeba,
    "multicyclic-celeba": multicyclic_celeba,
    "multicyclic-limited-celeba": multicyclic_limited_celeba,
    "multicyclic-celeba-author": multicyclic_celeba_author,
}


def recipe_named(name: str) -> Recipe[Any]:
    """The recipe of that name with its defaults. Raises UsageError that names the nearest one."""
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]()


def dataset_of(
    recipe: Recipe[Any], data: str | None = None, *, images: str | Path | None = None, trained: Space | None = None
) -> Dataset:
    """The data set that a recipe trains on, or another one prepared as its is, as the method takes it.

    images: the folder of a table's images, if it is not the table's own; the recipe's, if neither it nor other data is given.
    trained: the space that it was trained on, which tells what a method of one's own takes.
    """
    own: Takes = "labels" if trained is None or trained.attributes else "spaces"
    takes = own if recipe.method is None else recipe.method.takes
    return open_dataset(
        data or recipe.data, recipe.size, crop=recipe.crop, background=recipe.background, filter=recipe.filter,
        skip_bad=recipe.skip_bad, takes=takes, attributes=recipe.attributes,
        images=images if images is not None or data else recipe.images,
    )  # fmt: skip


def builder(recipe: Recipe[Any], own: Builder | None = None) -> Builder:
    """The function that builds the recipe's method for a space; `own` takes the place of a packaged method."""
    decay = DECAYS[recipe.training.decay]

    def build(space: Space) -> Method:
        if own and recipe.method is None:
            return own(space)
        method = BUILDERS[type(recipe.method)](space, recipe.method, decay=decay)
        return with_chains(method, recipe.multicycle.extra, losses=recipe.multicycle.losses, cut=recipe.multicycle.cut)

    return build
