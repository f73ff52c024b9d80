"""Recipes of custom methods: a function `build(space)`, or `build(space, settings=Mine())` with its own settings.

`Mine` is a frozen pydantic model. Its fields are settings like those of a packaged method, such as `method.width`. recipe.json
stores their values, and the function is needed to read them back with their types.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from tyro.conf import Fixed, Suppress

from viceversa.core.method import Builder
from viceversa.errors import UsageError
from viceversa.recipes.builders import BUILDERS, OwnSettings
from viceversa.recipes.entry import default_settings
from viceversa.recipes.settings import Recipe
from viceversa.recipes.user_functions import name_of

NONE = Suppress[Fixed[None]]
"""Type of the settings of a custom method that has none."""


def own_settings(build: Builder) -> BaseModel | None:
    """Return the default of the function's second parameter if it is a pydantic model, otherwise None.

    The function of a packaged method gives None too: its settings belong to its recipes. Raises UsageError for a field `kind`.
    """
    default = default_settings(build)
    if not isinstance(default, BaseModel) or type(default) in BUILDERS:
        return None
    if "kind" in type(default).model_fields:
        raise UsageError(f"{name_of(build)} has a setting `kind`, but this name is reserved: rename the setting.")
    return default


def own_recipe(build: Builder) -> Recipe[Any]:
    """Return the recipe of a custom method, with the defaults of its settings."""
    settings = own_settings(build)
    return Recipe[NONE](name="own", method=None) if settings is None else _typed(type(settings))(name="own", method=settings)


def read_with(recipe: Recipe[Any], build: Builder) -> Recipe[Any]:
    """Return a stored recipe with the settings in the function's own type. Raises UsageError if the function has other settings."""
    if recipe.method is not None and type(recipe.method) is not OwnSettings:
        return recipe
    default = own_settings(build)
    stored = {} if recipe.method is None else recipe.method.model_dump(exclude={"kind"})
    if default is None:
        if stored:
            raise UsageError(f"{name_of(build)} takes no settings, but the run has some: {', '.join(stored)}.")
        return recipe
    try:
        read: Recipe[Any] = _typed(type(default)).model_validate(recipe.model_dump() | {"method": stored})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageError(f"{name_of(build)} has other settings than the run: {place}: {first['msg'].lower()}.") from None
    return read


def storable(recipe: Recipe[Any]) -> Recipe[Any]:
    """Return the recipe as recipe.json stores it: settings of a custom method become plain values."""
    if recipe.method is None or type(recipe.method) is OwnSettings or type(recipe.method) in BUILDERS:
        return recipe
    values = OwnSettings.model_validate({**recipe.method.model_dump(mode="json"), "kind": "own"})
    return recipe.model_copy(update={"method": values})


def _typed(settings: type[BaseModel]) -> Any:
    return Recipe[settings]  # type: ignore[valid-type]
