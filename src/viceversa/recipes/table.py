"""One entry of the table of recipes: a method's module, and the settings in which it differs from that method's defaults."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from viceversa.recipes.settings import Recipe

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A recipe in the table. Call it for its settings: only then is the module of its method imported.

    name: what it is trained by. about: one line that says what it is for. method: the module in `viceversa.methods` that has the
    function `build`; settings: of the method, where they are not the defaults of that function's. multicycle, training, others: the
    settings of the recipe (settings.py).
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
    """The function `build(space, settings=, *, decay=)` of a module in `viceversa.methods`."""
    build: Callable[..., Any] = vars(importlib.import_module(f"viceversa.methods.{module}"))["build"]
    return build


def default_settings(build: Callable[..., Any]) -> BaseModel:
    """The default of its second parameter."""
    _, settings, *_ = inspect.signature(build).parameters.values()
    default: BaseModel = settings.default
    return default
