"""The Radboud Faces Database (Langner et al., 2010) as downloaded: a folder of images with descriptive file names.

`Rafd090_01_Caucasian_female_angry_frontal.jpg` gives camera, person, group, sex, expression and gaze. The only attribute is the
expression. All gazes are used, from the cameras 045, 090 and 135 as in StarGAN (from memory, not from a source). Profile views are
left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import torch

from viceversa.core.attributes import OneOf
from viceversa.data.files.folders import shared_out
from viceversa.data.files.listing import listing
from viceversa.data.files.tables import Table
from viceversa.errors import UsageError, quoted, unknown
from viceversa.files import in_utf8

EXPRESSIONS = ("angry", "contemptuous", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")
CAMERAS = ("045", "090", "135")

_NAME = re.compile(
    rf"Rafd(?P<camera>\d{{3}})_(?P<person>\d+)_[^_]+_(?:fe)?male_(?P<expression>{'|'.join(EXPRESSIONS)})_(?:left|right|frontal)"
    r"\.(?:jpe?g|png)",
    re.IGNORECASE,
)


def has_rafd(folder: Path) -> bool:
    """Return whether a file in the folder has a name of RaFD."""
    return folder.is_dir() and any(_NAME.fullmatch(entry.name) for entry in os.scandir(folder))


def read_rafd(folder: Path, attributes: Sequence[str] = ()) -> Table:
    """Return the images of the folder with the attribute `expression`, one of those that occur. Files with other names are counted.

    Each person is in one split: 80/10/10 in the order of the hashes of their numbers. Raises UsageError for other attributes, for
    fewer than three persons, and for a single expression.
    """
    if other := [name for name in attributes if name != "expression"]:
        raise unknown("attribute of RaFD", other[0], ("expression",))
    names = [in_utf8(name, "the image") for name in listing(folder, deep=False).images]
    found = {name: said for name in names if (said := _NAME.fullmatch(name))}
    kept = {name: said for name, said in found.items() if said["camera"] in CAMERAS}
    split_of = _splits(sorted({said["person"] for said in kept.values()}), folder)
    told = [said["expression"].lower() for said in kept.values()]
    choices = tuple(expression for expression in EXPRESSIONS if expression in told)
    if len(choices) < 2:
        raise UsageError(f"{quoted(str(folder))} has only one RaFD expression, {choices[0]}: at least two are needed.")
    dropped = {
        f"cameras other than {', '.join(CAMERAS)}": len(found) - len(kept),
        "names that are not RaFD names": len(names) - len(found),
    }  # fmt: skip
    return Table(
        tuple(kept),
        tuple(split_of[said["person"]] for said in kept.values()),
        (OneOf("expression", choices),),
        torch.eye(len(choices))[[choices.index(expression) for expression in told]],
        {reason: count for reason, count in dropped.items() if count},
    )


def _splits(persons: Sequence[str], folder: Path) -> dict[str, str]:
    """Return the split of each person."""
    if len(persons) < 3:
        raise UsageError(
            f"{quoted(str(folder))} has only {len(persons)} RaFD persons with images from the cameras {', '.join(CAMERAS)}; train, "
            "validation and test need one person each."
        )
    return {person: split for split, share in shared_out(persons).items() for person in share}
