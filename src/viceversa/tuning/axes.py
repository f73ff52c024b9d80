"""Axes of a search: settings by dotted name, each with a range or some choices.

    multicycle.cycles=0..4                 whole numbers, both ends included
    method.learning-rate=1e-4..3e-3:log    numbers, uniform on a logarithmic scale
    method.critic-steps=1|2|5              choices; `none` for None, commas in a list

Three names are not settings; they make the weights of the multicyclic loss. With K of multicycle.cycles, the i-th extra cycle has
the weight multicycle.first * multicycle.decay ** (i - 1), i = 1..K. For example, (.25, .125, .0625) is K = 3, first .25, decay .5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from viceversa.errors import UsageError, quoted, unknown
from viceversa.recipes.settings import Recipe
from viceversa.runs.record import dotted
from viceversa.training.run import updated

if TYPE_CHECKING:
    from optuna.trial import Trial

EXTRA = "multicycle.extra"
CYCLES, FIRST, DECAY = "multicycle.cycles", "multicycle.first", "multicycle.decay"
DERIVED: Mapping[str, type] = {CYCLES: int, FIRST: float, DECAY: float}
DEFAULT = (f"{CYCLES}=0..4", f"{FIRST}=0.05..1:log", f"{DECAY}=0.25..1")
MOST_CYCLES = 20
OF_THE_DATA = ("name", "data", "attributes", "size", "crop", "background", "filter", "skip_bad")
"""Settings that change the measured images, so that trials could not be compared."""


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included.

    Args:
        name: name of the setting.
        low, high: the ends.
        whole: whether the numbers are whole.
        log: whether they are uniform on a logarithmic scale.
    """

    name: str
    low: float
    high: float
    whole: bool
    log: bool

    def suggested(self, trial: Trial) -> float:
        """Return the trial's value, rounded to six digits."""
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        drawn = float(f"{trial.suggest_float(self.name, self.low, self.high, log=self.log):.6g}")
        return min(max(drawn, self.low), self.high)

    @property
    def text(self) -> str:
        """The range as it can be written after NAME=."""
        return f"{self.low!r}..{self.high!r}{':log' if self.log else ''}"

    def ends(self) -> list[Any]:
        """Return the values that are checked before a search."""
        return [int(self.low), int(self.high)] if self.whole else [self.low, self.high]

    def own(self, value: Any) -> float | None:
        """Return what a trial must suggest to have this value; None if it is outside the range."""
        return value if value is not None and self.low <= value <= self.high else None


@dataclass(frozen=True)
class Choice:
    """Some values, by the texts that stand for them.

    Args:
        name: name of the setting.
        values: values by text.
    """

    name: str
    values: Mapping[str, Any]

    @property
    def text(self) -> str:
        return "|".join(self.values)

    def suggested(self, trial: Trial) -> Any:
        return self.values[trial.suggest_categorical(self.name, list(self.values))]

    def ends(self) -> list[Any]:
        return list(self.values.values())

    def own(self, value: Any) -> str | None:
        return next((text for text, each in self.values.items() if each == value), None)


Axis = Range | Choice


@dataclass(frozen=True)
class Axes:
    """The recipe from which a search starts, and the axes that it varies."""

    recipe: Recipe[Any]
    axes: tuple[Axis, ...]

    def values_of(self, recipe: Recipe[Any]) -> dict[str, Any]:
        """Return the values of a recipe on the axes that have an effect in it."""
        values = dict(dotted(recipe.model_dump())) | _geometric(recipe.multicycle.extra)
        return {axis.name: values[axis.name] for axis in self.axes if axis.name in values and self.applies(axis, values)}

    def own(self) -> dict[str, Any]:
        """Return what a trial must suggest to be the unchanged recipe, as far as the axes contain it."""
        values = self.values_of(self.recipe)
        found = {axis.name: axis.own(values[axis.name]) for axis in self.axes if axis.name in values}
        return {name: value for name, value in found.items() if value is not None}

    def suggested(self, trial: Trial, only: Sequence[str] | None = None) -> dict[str, Any]:
        """Return the trial's values on the axes that have an effect in it.

        Args:
            trial: the trial.
            only: names of the axes to use; None for all.
        """
        values: dict[str, Any] = {}
        for axis in self.axes:
            if self.applies(axis, values) and (only is None or axis.name in only):
                values[axis.name] = axis.suggested(trial)
        return values

    def settings(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return settings of the recipe, by dotted name, for values on axes."""
        settings = {name: value for name, value in values.items() if name not in DERIVED}
        if len(settings) == len(values):
            return settings
        own = self.recipe.multicycle.extra
        extra = {CYCLES: len(own), FIRST: 0.25, DECAY: 0.5} | _geometric(own) | dict(values)
        return settings | {EXTRA: weights(extra[CYCLES], extra[FIRST], extra[DECAY])}

    def applies(self, axis: Axis, values: Mapping[str, Any]) -> bool:
        """Return whether an axis has an effect: without extra cycles there is no first weight, without a second cycle no decay."""
        return bool(values.get(CYCLES, len(self.recipe.multicycle.extra)) >= {FIRST: 1, DECAY: 2}.get(axis.name, 0))


def weights(cycles: int, first: float, decay: float) -> tuple[float, ...]:
    """Return the weights of the extra cycles: extra_i = first * decay ** (i - 1), i = 1..cycles."""
    return tuple(float(f"{first * decay**place:.6g}") for place in range(cycles))


def axes_of(recipe: Recipe[Any], texts: Sequence[str]) -> Axes:
    """Return the axes for texts NAME=VALUES. Raises UsageError for what cannot be parsed or what the recipe rejects."""
    kinds = {name.replace("-", "_"): kind for name, kind in [*_kinds(type(recipe)), *DERIVED.items()]}
    axes: dict[str, Axis] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        place = name.strip().replace("-", "_")
        if not equals or not values.strip():
            raise UsageError(f"cannot search {quoted(text)}: write NAME=LOW..HIGH or NAME=A|B, as in {DEFAULT[0]}.")
        if place not in kinds:
            raise unknown("setting", place, kinds)
        if place in OF_THE_DATA:
            raise UsageError(f"{place} cannot be searched: it changes the images, and trials on other images cannot be compared.")
        if place in axes:
            raise UsageError(f"`search` names {place} twice: name it once.")
        axes[place] = _axis(place, values.strip(), kinds[place])
    if EXTRA in axes and (derived := [name for name in axes if name in DERIVED]):
        raise UsageError(f"{derived[0]} determines {EXTRA}: search only one of the two.")
    space = Axes(recipe, tuple(sorted(axes.values(), key=lambda axis: axis.name != CYCLES)))  # first: the others depend on it
    for axis in space.axes:
        if axis.name in (FIRST, DECAY) and CYCLES not in axes and not space.applies(axis, {}):
            cycles = len(recipe.multicycle.extra)
            raise UsageError(f"{axis.name} changes nothing with {cycles} extra cycles: search {CYCLES} too.")
        for value in axis.ends():
            _check(space, axis, value)
    return space


def _check(space: Axes, axis: Axis, value: Any) -> None:
    """Raise UsageError for an end of an axis that the recipe rejects."""
    if axis.name == CYCLES and not 0 <= value <= MOST_CYCLES:
        raise UsageError(f"{CYCLES} = {value}: 0 to {MOST_CYCLES} extra cycles can be searched.")
    if axis.name in (FIRST, DECAY) and not (value >= 0 and math.isfinite(value)):
        raise UsageError(f"{axis.name} = {value}: weights of extra cycles are 0 or more.")
    updated(space.recipe, space.settings({axis.name: value}))


def _axis(name: str, text: str, kind: Any) -> Axis:
    """Return the axis for a text. kind: annotation of the setting's field. Raises UsageError."""
    kinds = (kind, *get_args(kind))
    if ".." not in text or "|" in text:
        return _choice(name, text, kinds)
    values, _, scale = text.partition(":")
    ends = values.split("..")
    number = int if int in kinds else float if float in kinds else None
    if number is None:
        raise UsageError(f"{name} is not a number: search it among choices, as in `search='{name}=A|B'`.")
    try:
        low, high = map(number, ends)
    except ValueError:
        what = "a whole number" if number is int else "a number"
        raise UsageError(f"cannot search {name} in {quoted(text)}: each end of LOW..HIGH must be {what}.") from None
    if scale not in ("", "log"):
        raise UsageError(f"cannot search {name} in {quoted(text)}: only :log may follow LOW..HIGH.")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"cannot search {name} in {quoted(text)}: LOW must be below HIGH.")
    if scale and low <= 0:
        raise UsageError(f"cannot search {name} in {quoted(text)}: a logarithm needs LOW above 0.")
    return Range(name, low, high, number is int, bool(scale))


def _choice(name: str, text: str, kinds: Sequence[Any]) -> Choice:
    texts = [each.strip() for each in text.split("|")]
    if len(texts) < 2 or len(set(texts)) < len(texts):
        raise UsageError(f"cannot search {name} in {quoted(text)}: give LOW..HIGH, or two or more different choices, as in A|B.")
    return Choice(name, {each: _converted(name, each, kinds) for each in texts})


def _converted(name: str, text: str, kinds: Sequence[Any]) -> Any:
    """Return a choice in the type that the recipe needs."""
    if text == "none" and NoneType in kinds:
        return None
    if any(get_origin(kind) is tuple for kind in kinds):
        return tuple(filter(None, text.split(",")))
    for number in (int, float):
        if number in kinds:
            try:
                return number(text)
            except ValueError:
                kind = "this setting needs another type of number"
                raise UsageError(f"cannot search {name} among {quoted(text)}: {kind}.") from None
    return {"true": True, "false": False}.get(text.lower(), text) if bool in kinds else text


def _kinds(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of a recipe, by dotted name, each with the annotation of its field."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _kinds(field.annotation, f"{before}{name}.")
        else:
            yield f"{before}{name}", field.annotation


def _geometric(extra: Sequence[float]) -> dict[str, Any]:
    """Return the cycles, the first weight and the decay that give these weights, as far as possible."""
    found: dict[str, Any] = {CYCLES: len(extra)}
    first, decay = [*extra[:1], 0.25][0], extra[1] / extra[0] if len(extra) > 1 and extra[0] else 0.5
    if all(math.isclose(each, first * decay**place, rel_tol=1e-4) for place, each in enumerate(extra)):
        found |= {FIRST: first, DECAY: decay}
    return found
