"""Builders of the packaged methods by the type of their settings, and the `kind` that distinguishes settings in recipe.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field

from viceversa.core.method import Method
from viceversa.recipes import TABLE
from viceversa.recipes.entry import builder_in, default_settings


class OwnSettings(BaseModel):
    """Settings of a custom method: values by name. Only the method's function knows their types."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["own"] = "own"


BUILDERS: Mapping[type[BaseModel], Callable[..., Method]] = {
    type(default_settings(build)): build for build in map(builder_in, dict.fromkeys(entry.method for entry in TABLE))
}
"""Type of the settings -> function (space, settings, decay=) that builds the method."""

if TYPE_CHECKING:
    Settings = Any
else:
    Settings = Annotated[Union[(*BUILDERS, OwnSettings)], Field(discriminator="kind")]
"""Settings of any method. In a file, the field `kind` names their type."""


def with_kind(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a file with their `kind`. The oldest files have none: they hold settings of CycleGAN or StarGAN."""
    return settings if "kind" in settings else {"kind": "cyclegan" if "pool" in settings else "stargan", **settings}
