"""Entry of the table of recipes: the module of a method, and settings that differ from its defaults."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viceversa.recipes.settings import Recipe

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A recipe in the table. A call returns its settings and imports the module of its method.

    Args:
        name: name of the recipe.
        about: purpose in one line.
        method: module in `viceversa.methods` with a function `build`.
        settings: settings of the method that differ from the defaults of `build`.
        multicycle, training, others: settings of the recipe (settings.py) that differ from their defaults.
    """

    name: str
    about: str
    method: str
    settings: Values = field(default_factory=dict)
    multicycle: Values = field(default_factory=dict)
    training: Values = field(default_factory=dict)
    others: Values = field(default_factory=dict)

    def __call__(self) -> Recipe[Any]:
        from viceversa.recipes.settings import Multicycle, Recipe, Training

        kind = type(default_settings(builder_in(self.method)))
        method = kind.model_validate(dict(self.settings))
        multicycle, training = Multicycle(**self.multicycle), Training(**self.training)
        return Recipe[kind](name=self.name, method=method, multicycle=multicycle, training=training, **self.others)  # type: ignore[valid-type]


def builder_in(module: str) -> Callable[..., Any]:
    """Return the function `build(space, settings=, *, decay=)` of a module in `viceversa.methods`."""
    build: Callable[..., Any] = vars(importlib.import_module(f"viceversa.methods.{module}"))["build"]
    return build


def default_settings(build: Callable[..., Any]) -> Any:
    """Return the default of the second parameter of `build`, which holds its settings; None without a second parameter."""
    second = next(iter([*inspect.signature(build).parameters.values()][1:]), None)
    return None if second is None else second.default
