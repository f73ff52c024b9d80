"""Join several sources into one data set, for methods between spaces. Each source is a space with a given name, its own channels
and size.

Examples: `mnist=DIR,svhn=DIR` and `handwritten=handwritten,street=street-digits`. Labels of the sources, such as the digit shown,
are not part of the joined data set; `sources` opens the sources with labels, to measure them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from viceversa.core.names import composed
from viceversa.core.space import Space
from viceversa.data.dataset import Dataset
from viceversa.data.files import idx, svhn
from viceversa.data.files.checks import SPLITS
from viceversa.errors import UsageError

_NAME = r"[^\W\d_][\w\u0300-\u036f-]*="  # with combining marks after letters
_WHERE: Mapping[str, str] = {"mnist": idx.WHERE, "svhn": svhn.WHERE}
"""Where to get the data of these names, for error messages."""

Open = Callable[[str], Dataset]


def parts_of(spec: str) -> dict[str, str]:
    """Return name -> spec for `NAME=SPEC,NAME=SPEC`; empty for a spec of another form. Raises UsageError for a repeated name."""
    if not re.match(_NAME, spec):
        return {}
    named = [part.partition("=")[::2] for part in re.split(f",(?={_NAME})", spec)]
    parts = {composed(name): below for name, below in named}
    if len(parts) < len(named):
        raise UsageError(f"{spec!r} names a source twice: give each a name of its own.")
    return parts


def spec_of(parts: Mapping[str, str]) -> str:
    """Return the spec of several sources: the inverse of `parts_of`."""
    return ",".join(f"{name}={below}" for name, below in parts.items())


def sources(spec: str, open_one: Open) -> dict[str, Dataset]:
    """Return the data set of each part with its labels, by name. Raises UsageError that names the part."""
    opened = {}
    for name, below in parts_of(spec).items():
        try:
            opened[name] = open_one(below)
            opened[name].space.only  # noqa: B018  (raises)
        except UsageError as error:
            where = _WHERE.get(name, "")
            hint = "" if where in str(error) else f" {where}"
            raise UsageError(f"{name}: {error}{hint}", summary=error.summary) from None
    return opened


def joined(opened: Mapping[str, Dataset]) -> Dataset:
    """Return the images of the sources, without labels, as one data set. Results can be compared if all sources and names are
    equal."""
    home = {name: dataset.space.only for name, dataset in opened.items()}
    return Dataset(
        "+".join(f"{name}-{dataset.name}" for name, dataset in opened.items()),
        Space({name: dataset.space.images[home[name]] for name, dataset in opened.items()}),
        {
            split: {name: replace(dataset.splits[split][home[name]], labels=None) for name, dataset in opened.items()}
            for split in SPLITS
        },
        genuine=all(dataset.genuine for dataset in opened.values()),
        summary="\n".join(dataset.summary for dataset in opened.values() if dataset.summary),
        size=next((dataset.size for dataset in opened.values() if dataset.size), None),
    )
