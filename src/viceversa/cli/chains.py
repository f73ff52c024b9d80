"""`viceversa chains DATA DIR`: write the images and the translations of an evaluation as files, for another program."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from viceversa.cli.parsing import parsed
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, printable
from viceversa.evaluation.candidates.external import write_chains
from viceversa.evaluation.comparison import measurable
from viceversa.files import vacant
from viceversa.metrics.chain_protocol import Way


@dataclass(frozen=True)
class Chains:
    """Write test images and a list of translations that another program must produce. DIR/sources/ID.png are the images.
    DIR/chains.csv has one row per translation: id, direction, cycles, step, and the attributes of the target, or its `space`.
    Step 1 translates the source image; each later step translates the result of the previous step. Direction `inv` ends at the
    opposite attributes of the source, or in the other space; `rec` ends at the attributes, or in the space, of the source; `step`
    is one long chain. Save each result as DIR/8bit/ID/{direction}{cycles}/{step}.png; in DIR/float instead if images are not
    rounded to 8 bits between the steps. For `inv` and `rec`, only the last step is needed. Then run
    `viceversa evaluate DIR --data DATA`."""

    data: Annotated[Positional[str], arg(metavar="DATA")]
    """data to translate: avatars, a folder, a table or hf:NAME"""
    directory: Annotated[Positional[Path], arg(metavar="DIR")]
    """new or empty folder to write"""
    images: Annotated[str | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """folder of the images that a table names, if not its own"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width of the images in pixels; by default 32 for drawn images (icons: 64), and a size that fits yours"""
    cycles: Annotated[int, arg(metavar="N")] = 3
    """translate after 0 to N earlier translations; with two spaces, after 0 to N round trips"""
    steps: Annotated[int, arg(metavar="N", help_behavior_hint="")] = 0
    """also write a chain of N translations, N up to 10, of which every image is measured (direction `step`); 0 (default): off"""
    samples: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """number of test images; all by default"""


def run(arguments: Sequence[str]) -> None:
    """Write the source images and the table."""
    asked = parsed(Chains, arguments, "chains")
    if not vacant(asked.directory):
        raise UsageError(f"{str(asked.directory)!r} is not an empty folder: name a new or an empty one.")
    way = Way(asked.cycles, asked.steps)
    dataset = open_dataset(asked.data, asked.size, images=asked.images)
    task = measurable(dataset, asked.samples, way)
    if dataset.summary:
        print(dataset.summary, file=sys.stderr)
    count = write_chains(task, way, asked.directory)
    print(printable(f"{asked.directory}: {len(task)} sources of {task.dataset.name}, and chains.csv with {count} translations"))
