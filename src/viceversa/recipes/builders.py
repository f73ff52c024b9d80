"""The methods of the table by their settings: what builds them, and how recipe.json tells them apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field

from viceversa.core.method import Method
from viceversa.recipes import TABLE
from viceversa.recipes.entry import builder_in, default_settings


class OwnSettings(BaseModel):
    """The settings of a custom method, as values by their names; only its function knows their types."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["own"] = "own"


BUILDERS: Mapping[type[BaseModel], Callable[..., Method]] = {
    type(default_settings(build)): build for build in map(builder_in, dict.fromkeys(entry.method for entry in TABLE))
}
"""(space, settings, decay=) -> the method of these settings."""

if TYPE_CHECKING:
    Settings = Any
else:
    Settings = Annotated[Union[(*BUILDERS, OwnSettings)], Field(discriminator="kind")]
"""The settings of any method, told apart in a file by their `kind`."""


def with_kind(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as files have them; the first files knew two kinds and did not say which."""
    return settings if "kind" in settings else {"kind": "cyclegan" if "pool" in settings else "stargan", **settings}
