"""Trainings of one method with several seeds: their means and standard deviations."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from viceversa.errors import UsageError, quoted
from viceversa.evaluation.judge import MEANS, Assessment
from viceversa.metrics.accuracies import PerImage
from viceversa.metrics.bootstrap import intervals
from viceversa.metrics.references import ToReal
from viceversa.metrics.rows import BOUNDS, Row

MEASURES = (*MEANS, *(field.name for field in fields(ToReal)))
"""All measures of a row except those of single attributes."""


def check_groups(groups: Mapping[str, Sequence[str]], models: Collection[str]) -> None:
    """Raise UsageError for a group that is empty, has an unknown model, shares a model, or has the name of a model."""
    taken: dict[str, str] = {}
    for group, members in groups.items():
        if group in models or group in BOUNDS:
            taken_name = f"{quoted(group)} already names a model or another row of the report"
            raise UsageError(f"{taken_name}: choose another name for the method.")
        if not members:
            raise UsageError(f"{quoted(group)} has no models.")
        for member in members:
            if member not in models:
                raise UsageError(f"{quoted(group)} has the model {quoted(member)}, which is not among the compared models.")
            if member in taken:
                raise UsageError(f"the model {quoted(member)} is in {quoted(taken[member])} and in {quoted(group)}: name it once.")
            taken[member] = group


def contenders(assessments: Mapping[str, Assessment], groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return the compared methods with their trainings, in the order of the models. A model without a group is its own method."""
    method = {member: group for group, members in groups.items() for member in members}
    names = dict.fromkeys(method.get(name, name) for name in assessments)
    return {name: list(groups.get(name, [name])) for name in names}


def pooled(name: str, trainings: Sequence[Assessment]) -> Assessment:
    """Return the mean of trainings that were measured at the same places: of every measure, and of the values of each image.

    The intervals are those of the mean over trainings. They cover other images, not other seeds.
    """
    per_image = {
        place: {metric: np.mean([each.per_image[place][metric] for each in trainings], 0) for metric in first}
        for place, first in trainings[0].per_image.items()
        if all(place in each.per_image and set(first) <= set(each.per_image[place]) for each in trainings)
    }
    by_place = [{(row.direction, row.cycles, row.chain): row for row in each.rows} for each in trainings]
    found = {(place.direction, place.cycles, place.link): values for place, values in per_image.items()}
    rows = [_mean(name, [rows[place] for rows in by_place], values) for place, values in found.items()]
    common = [name for name in trainings[0].measures if all(name in each.measures for each in trainings)]
    return Assessment(rows, per_image, {name: statistics.fmean(each.measures[name] for each in trainings) for name in common})


def _mean(name: str, rows: Sequence[Row], per_image: PerImage) -> Row:
    values = {measure: [row.value(measure) for row in rows] for measure in MEASURES}
    attributes = {key: [row.accuracy_by_attribute.get(key) for row in rows] for key in rows[0].accuracy_by_attribute}
    spreads = {**values, **{f"accuracy {key}": each for key, each in attributes.items()}}
    averages: dict[str, Any] = {measure: _average(each) for measure, each in values.items()}
    return replace(
        rows[0],
        model=name,
        accuracy_by_attribute={key: _average(each) for key, each in attributes.items()},
        intervals={metric: (each.low, each.high) for metric, each in intervals(per_image).items()},
        seeds=len(rows),
        spread={key: spread for key, each in spreads.items() if (spread := _spread(each)) is not None},
        **averages,
    )


def _average(values: Sequence[float | None]) -> float | None:
    """Return the mean; None if one value is None."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if len(known) == len(values) else None


def _spread(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if len(known) == len(values) > 1 else None
