"""All methods by their settings, written out by hand. A new one has a file of its own, a line in each list here, and a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from viceversa.core.method import Method
from viceversa.methods import (
    augmented_cyclegan,
    better_cycles,
    cut,
    cyclegan,
    diat,
    discogan,
    fixed_point,
    icgan,
    johnson,
pix2pix,
    relgan,
    stargan,
    stargan2,
    stgan,
)  # fmt: skip


class OwnSettings(BaseModel):
    """The settings of a custom method, as values by their names; only its function knows their types."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: Literal["own"] = "own"


AmongLabels = stargan.StarGAN | fixed_point.FixedPointGAN | relgan.RelGAN | stgan.STGAN | stargan2.StarGAN2 | icgan.IcGAN
BothWays = cyclegan.CycleGAN | better_cycles.BetterCycles | discogan.DiscoGAN | augmented_cyclegan.AugmentedCycleGAN
OneWay = cut.CUT | diat.DIAT | pix2pix.Pix2Pix | johnson.Johnson
Settings = Annotated[AmongLabels | BothWays | OneWay | OwnSettings, Field(discriminator="kind")]
"""The settings of any method, told apart in a file by their `kind`."""

BUILDERS: Mapping[type[BaseModel], Callable[..., Method]] = {
    stargan.StarGAN: stargan.build,
    fixed_point.FixedPointGAN: fixed_point.build,
    relgan.RelGAN: relgan.build,
    stgan.STGAN: stgan.build,
    stargan2.StarGAN2: stargan2.build,
    icgan.IcGAN: icgan.build,
    cyclegan.CycleGAN: cyclegan.build,
    better_cycles.BetterCycles: better_cycles.build,
    discogan.DiscoGAN: discogan.build,
    augmented_cyclegan.AugmentedCycleGAN: augmented_cyclegan.build,
    cut.CUT: cut.build,
    diat.DIAT: diat.build,
    pix2pix.Pix2Pix: pix2pix.build,
    johnson.Johnson: johnson.build,
}
"""(space, settings, decay=) -> the method of these settings."""


def with_kind(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as files have them; the first files knew two kinds and did not say which."""
    return settings if "kind" in settings else {"kind": "cyclegan" if "pool" in settings else "stargan", **settings}
