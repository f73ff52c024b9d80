"""`viceversa data NAME DIR`: write a data set as image files and a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.data.sources import open_dataset, write_dataset
from viceversa.errors import printable


@dataclass(frozen=True)
class Data:
    """Write a data set as image files, images/SPLIT/SPACE/ID.png, and table.csv with the attributes of every image."""

    name: Annotated[Positional[str], arg(metavar="NAME")]
    """`avatars`, `avatars:glasses`, `avatars:outlines`, `avatars:face-off`, `toons`, `sketches`, `sketches:pairs`,
    `icons`, `icons:strokes`, `icons:light,fill`, `icons:light,fill:pairs`, `handwritten`, `street-digits`,
    or your own data as for `train --data`;
    PATH:spaces reads subfolders as unpaired spaces; PATH:pairs reads them as image pairs;
    DATA:ATTRIBUTE or DATA:ATTRIBUTE=VALUE divides labeled data into two spaces, without it and with it"""
    directory: Annotated[Positional[Path], arg(metavar="DIR")]
    """new or empty folder to write"""
    images: Annotated[str | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """folder of the images that a table names, if not its own"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of the images in pixels; by default 32 for drawn images (icons: 64), and a size that fits yours"""


def run(arguments: Sequence[str]) -> None:
    """Write the data set."""
    asked = parsed(Data, arguments, "data")
    dataset = open_dataset(asked.name, asked.size, images=asked.images)
    if dataset.summary:
        print(dataset.summary, file=sys.stderr)
    write_dataset(dataset, asked.directory)
    count = sum(len(images) for spaces in dataset.splits.values() for images in spaces.values())
    print(printable(f"{asked.directory}: {count} images of {dataset.name} and table.csv"))
