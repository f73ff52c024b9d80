"""Recipes: complete settings of trainings, found by name. Listing the recipes and checking a name import no PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viceversa.errors import UsageError, unknown
from viceversa.recipes.entry import Entry
from viceversa.recipes.packaged import PACKAGED
from viceversa.recipes.published import PUBLISHED

if TYPE_CHECKING:
    from viceversa.core.method import Builder
    from viceversa.core.space import Space, Takes
    from viceversa.data.dataset import Dataset
    from viceversa.recipes.settings import Recipe

TABLE = (*PACKAGED, *PUBLISHED)
RECIPES: Mapping[str, Entry] = {entry.name: entry for entry in TABLE}


def recipe_named(name: str) -> Recipe[Any]:
    """Return the recipe of that name with its defaults. Raises UsageError, which suggests the nearest name, for an unknown one."""
    if name not in RECIPES:
        raise unknown("recipe", name, RECIPES)
    return RECIPES[name]()


def dataset_of(
    recipe: Recipe[Any], data: str | None = None, *, images: str | Path | None = None, trained: Space | None = None
) -> Dataset:
    """Open the data set of a recipe, or other data prepared the same way, in the form that the recipe's method takes.

    Args:
        data: other data, named as in the recipe's setting `data`.
        images: folder of the images that a table names; by default the recipe's folder, or the table's own folder for other data.
        trained: space of an earlier training; it tells which form of data a custom method takes.

    Raises:
        UsageError: the recipe has no data and none is given, or the data cannot be opened.
    """
    from viceversa.core.routing import routing_of
    from viceversa.data.sources import open_dataset
    from viceversa.recipes.builders import BUILDERS

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
    """Return the function that builds the recipe's method for a space: a packaged one, or `own` for a custom method.

    The function raises UsageError if the method refuses a setting, or if `own` does not return a Method.
    """
    from viceversa.core.method import Method
    from viceversa.losses.multicycle import multicyclic
    from viceversa.recipes.builders import BUILDERS
    from viceversa.recipes.own_method import read_with
    from viceversa.recipes.settings import DECAYS
    from viceversa.recipes.user_functions import name_of

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
