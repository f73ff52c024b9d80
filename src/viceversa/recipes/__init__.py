"""Recipes: what can be trained by name. Each is a function that returns complete settings; its docstring says what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from viceversa.domains import Space
from viceversa.errors import unknown
from viceversa.losses.multicycle import multicyclic as with_chains
from viceversa.method import Builder, Method
from viceversa.methods import cyclegan as cyclegan_method
from viceversa.methods import stargan as stargan_method
from viceversa.recipes.settings import DECAYS, Multicycle, Recipe, Training

EXTRA = (0.25, 0.125, 0.0625)

SMALL_STARGAN = stargan_method.StarGAN(
    generator="masked", width=32, blocks=4, critic_width=32, gan="hinge-r1", critic_steps=1, learning_rate=1e-3
)
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


def cyclegan() -> Recipe[cyclegan_method.CycleGAN]:
    """CycleGAN between people with and without glasses, small enough for a laptop."""
    return Recipe[cyclegan_method.CycleGAN](
        name="cyclegan", data="avatars:glasses", method=SMALL_CYCLEGAN, training=Training(batch=8, average=0, steps=10_000)
    )


RECIPES: Mapping[str, Callable[[], Recipe[Any]]] = {
    "stargan": stargan,
    "multicyclic": multicyclic,
    "multicyclic-limited": multicyclic_limited,
    "cyclegan": cyclegan,
}


def recipe_named(name: str) -> Recipe[Any]:
    """The recipe of that name with its defaults. Raises UsageError that names the nearest one."""
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]()


def builder(recipe: Recipe[Any], own: Builder | None = None) -> Builder:
    """The function that builds the recipe's method for a space; `own` takes the place of a packaged method."""
    decay = DECAYS[recipe.training.decay]

    def build(space: Space) -> Method:
        match recipe.method:
            case stargan_method.StarGAN():
                method = stargan_method.build(space, recipe.method, decay=decay)
            case cyclegan_method.CycleGAN():
                method = cyclegan_method.build(space, recipe.method, decay=decay)
            case _ if own:
                return own(space)
            case _:
                raise unknown("method of recipe", recipe.name, RECIPES)
        return with_chains(method, recipe.multicycle.extra, losses=recipe.multicycle.losses, cut=recipe.multicycle.cut)

    return build
