"""Join several labeled sets with different attributes into one data set, for methods among labels (`faces=A,moods=B`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from viceversa.core.names import composed
from viceversa.core.space import AnyAttribute, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.files.checks import SPLITS
from viceversa.errors import UsageError


def together(opened: Mapping[str, Dataset], attributes: Sequence[str] = ()) -> Dataset:
    """Return the joined sets, with all attributes or those named, in the order in which they occur.

    An attribute of two sets is one attribute and must have the same values in both. Raises UsageError if it has other values, for
    a name that no set has, and for a set without any of the attributes.
    """
    attributes = [composed(name) for name in attributes]
    told = _told(opened, attributes)
    if unknown := [name for name in attributes if name not in map(composed, told)]:
        raise UsageError(f"none of the data sets {', '.join(opened)} has the attribute {unknown[0]!r}.")
    known = {name: tuple(each.name for each in dataset.space.attributes if each.name in told) for name, dataset in opened.items()}
    for name, names in known.items():
        if not names:
            lacks = f"has none of the attributes {', '.join(told)}"
            raise UsageError(f"the data set {name!r} {lacks}: also name an attribute that this data set has.")
    home = {name: dataset.space.only for name, dataset in opened.items()}
    space = Space({name: data.space.images[home[name]] for name, data in opened.items()}, tuple(told.values()), known)
    splits = {
        split: {name: _relabeled(data.splits[split][home[name]], data.space, space, name) for name, data in opened.items()}
        for split in SPLITS
    }
    name = "+".join(f"{name}-{dataset.name}" for name, dataset in opened.items()) + (
        f"-{'-'.join(attributes)}" if attributes else ""
    )
    genuine = all(dataset.genuine for dataset in opened.values())
    summary = "\n".join(filter(None, (data.summary for data in opened.values())))
    size = next((data.size for data in opened.values() if data.size), None)
    return Dataset(name, space, splits, genuine=genuine, summary=summary, size=size)


def _told(opened: Mapping[str, Dataset], attributes: Sequence[str]) -> dict[str, AnyAttribute]:
    """Return the wanted attributes of all sets, by name."""
    found: dict[str, AnyAttribute] = {}
    for name, dataset in opened.items():
        for each in dataset.space.attributes:
            if attributes and composed(each.name) not in attributes:
                continue
            if found.setdefault(each.name, each) != each:
                other = f"the attribute {each.name!r} of the data set {name!r} has other values than in an earlier data set"
                raise UsageError(f"{other}: rename it, or leave it out.")
    return found


def _relabeled(images: Images, own: Space, space: Space, name: str) -> Images:
    """Return the images of one set with labels that have the columns of all attributes."""
    if images.labels is None:
        raise UsageError(f"the data set {name!r} has no labels.")
    label = own.columns_of(images.labels, (attribute.name for attribute in space.part(name).attributes))
    return replace(images, labels=space.widened(label, name))
