"""Recipes: what can be trained by name. Listing them, and refusing a name that is none, imports no PyTorch."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viceversa.core.routing import routing_of
from viceversa.errors import UsageError, unknown

if TYPE_CHECKING:
    from viceversa.core.method import Builder
    from viceversa.core.space import Space, Takes
    from viceversa.data.dataset import Dataset
    from viceversa.recipes.settings import Recipe


HOME, PUBLISHED = "viceversa.recipes.packaged", "viceversa.recipes.published"


@dataclass(frozen=True)
class Entry:
    """A recipe in the table. Call it for its settings: only then is the module that makes them imported.

    name: what it is trained by. about: one line that says what it is for. module: where the function of its name returns the
    settings.
    """

    name: str
    about: str
    module: str = HOME

    def __call__(self) -> Recipe[Any]:
        recipe: Recipe[Any] = vars(importlib.import_module(self.module))[self.name.replace("-", "_")]()
        return recipe


TABLE = (
    Entry("stargan", "StarGAN on drawn faces: one generator for all attributes; trains on a laptop."),
    Entry("multicyclic", "StarGAN with the multicyclic loss: trained on chains of its outputs, all losses repeated."),
    Entry("multicyclic-limited", "StarGAN with the limited multicyclic loss: only the cycle loss is repeated on the chains."),
    Entry("triple", "StarGAN with triple consistency: an edit gives the same image with or without an earlier one."),
    Entry("fixed-point", "Fixed-Point GAN on drawn faces: small edits, and no change if the target equals the source."),
    Entry("relgan", "RelGAN on drawn faces: its input says which attributes change, and by how much."),
    Entry("stgan", "STGAN on drawn faces: its input is the change of attributes; has selective transfer units."),
    Entry("stargan2", "StarGAN v2 on drawn faces: many results for a hair color, random or like a reference."),
    Entry("icgan", "IcGAN on drawn faces: trains a conditional GAN, then encoders that invert it."),
    Entry("cyclegan", "CycleGAN between faces with and without glasses; trains on a laptop."),
    Entry("better-cycles", "CycleGAN whose cycle loss changes during training from pixels to discriminator features."),
    Entry("discogan", "DiscoGAN between faces with and without glasses: no skip connections, squared cycle loss."),
    Entry("augmented-cyclegan", "Augmented CycleGAN: adds glasses to faces; a random code selects one of many results."),
    Entry("cut", "CUT: adds glasses to faces; one direction, by a contrastive loss on patches."),
    Entry("diat", "A method like DIAT: adds glasses to faces; one direction, by a loss on features."),
    Entry("pix2pix", "pix2pix from outlines to faces, trained on pairs: an upper bound for methods without pairs."),
    Entry("johnson", "Style transfer of Johnson et al.: paints faces in the style of toons, or of your images."),
    Entry("digits", "CycleGAN between handwritten digits and house numbers, which differ in size and channels."),
    Entry("stargan-paper", "StarGAN on CelebA as published: 128 px, batches of 16, 20 epochs; needs CelebA's folder.", PUBLISHED),
    Entry("cyclegan-paper", "CycleGAN as published: 256 px, single images, 200 epochs; needs your data.", PUBLISHED),
    Entry("stargan2-paper", "StarGAN v2 as published, without face alignment: 256 px, 100,000 steps; needs your data.", PUBLISHED),
    Entry("pix2pix-paper", "pix2pix as published: 256 px, single pairs, 200 epochs; needs your pairs.", PUBLISHED),
    Entry("cut-paper", "CUT as published: 256 px, single images, 400 epochs; needs your data.", PUBLISHED),
    Entry("fastcut-paper", "FastCUT as published: 256 px, single images, 200 epochs; needs your data.", PUBLISHED),
    Entry("fixed-point-paper", "Fixed-Point GAN on CelebA as published: 128 px, batches of 16; needs CelebA's folder.", PUBLISHED),
    Entry("stgan-paper", "STGAN on CelebA as published: 128 px, batches of 32, 200 epochs; needs CelebA's folder.", PUBLISHED),
    Entry("relgan-paper", "RelGAN as published: 256 px, batches of 4, 400,000 steps; needs your data.", PUBLISHED),
    Entry("discogan-paper", "DiscoGAN as published: 64 px, batches of 64; needs your data.", PUBLISHED),
    Entry("icgan-paper", "IcGAN on CelebA as published: 64 px, batches of 64, 40 epochs; needs CelebA's folder.", PUBLISHED),
    Entry("augmented-cyclegan-paper", "Augmented CycleGAN as published: 64 px, batches of 32; needs your data.", PUBLISHED),
    Entry("stargan-celeba", "StarGAN on CelebA without the multicyclic loss: stargan-paper with batches of 8.", PUBLISHED),
    Entry("multicyclic-celeba", "The multicyclic loss on CelebA, otherwise like stargan-celeba.", PUBLISHED),
    Entry("multicyclic-limited-celeba", "The limited multicyclic loss on CelebA, otherwise like stargan-celeba.", PUBLISHED),
    Entry("stargan-celeba-author", "stargan-celeba with the changes to StarGAN by the author of the multicyclic loss.", PUBLISHED),
    Entry("multicyclic-celeba-author", "multicyclic-celeba with the same changes.", PUBLISHED),
    Entry("multicyclic-limited-celeba-author", "multicyclic-limited-celeba with the same changes.", PUBLISHED),
)
RECIPES: Mapping[str, Entry] = {entry.name: entry for entry in TABLE}


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
    from viceversa.data.sources import open_dataset
    from viceversa.recipes.methods import BUILDERS

    if not (data or recipe.data):
        raise UsageError(f"{recipe.name} has no data of its own: name yours, as in `data='DIR'`.")
    own: Takes = "labels" if trained is None else routing_of(trained).takes
    takes = recipe.method.takes if type(recipe.method) in BUILDERS else own
    return open_dataset(
        data or recipe.data, recipe.size, crop=recipe.crop, background=recipe.background, filter=recipe.filter,
        skip_bad=recipe.skip_bad, takes=takes, attributes=recipe.attributes,
        images=images if images is not None or data else recipe.images,
    )  # fmt: skip


def builder(recipe: Recipe[Any], own: Builder | None = None) -> Builder:
    """The function that builds the recipe's method for a space: a packaged one, or `own` for a custom method.

    It raises UsageError for settings that the method refuses, and where `own` returns no Method.
    """
    from viceversa.core.method import Method
    from viceversa.losses.multicycle import multicyclic
    from viceversa.recipes.functions import name_of
    from viceversa.recipes.methods import BUILDERS
    from viceversa.recipes.own import read_with
    from viceversa.recipes.settings import DECAYS

    decay = DECAYS[recipe.training.decay]

    def build(space: Space) -> Method:
        if own is None or type(recipe.method) in BUILDERS:
            method = BUILDERS[type(recipe.method)](space, recipe.method, decay=decay)
        else:
            settings = read_with(recipe, own).method
            method = own(space) if settings is None else own(space, settings)
            if not isinstance(method, Method):
                raise UsageError(f"{name_of(own)} returned {type(method).__name__}, not a viceversa.core.method.Method.")
        return multicyclic(method, **recipe.multicycle.model_dump())

    return build
