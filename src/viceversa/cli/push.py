"""`viceversa push RUN USER/NAME --license ID`: upload a run to the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import FlagCreatePairsOff, Positional, arg

from viceversa.cli.next_commands import next_commands, print_next
from viceversa.cli.own import build_of
from viceversa.cli.parsing import parsed
from viceversa.errors import printable
from viceversa.hub.push import push
from viceversa.runs.hub import PREFIX, repository_named
from viceversa.runs.pretrained import run_folder
from viceversa.runs.record import read_record
from viceversa.runs.selection import Checkpoint


@dataclass(frozen=True)
class Push:
    """Upload a run to the Hugging Face Hub, with a card. It needs the extra `hub`, and a token that may write: log in with
    `hf auth login`, or set HF_TOKEN."""

    run: Annotated[Positional[Path], arg(metavar="RUN", help_behavior_hint="")]
    """trained model: the folder of a run"""
    repository: Annotated[Positional[str], arg(metavar="USER/NAME", help_behavior_hint="(required)")]
    """name of the repository; it is made if it does not exist"""
    license: Annotated[str, arg(metavar="ID", help_behavior_hint="(required)")]
    """license of the weights, such as apache-2.0, mit or cc-by-4.0"""
    private: Annotated[FlagCreatePairsOff[bool], arg(help_behavior_hint="")] = False
    """create a repository that only you, or your organization, can see"""
    report: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")] = None
    """report of `evaluate` or `drift` with numbers for the card; by default RUN/report if it is there"""
    samples: Annotated[bool, arg(help_behavior_hint="")] = True
    """put the sample picture on the card: it shows images of your data"""
    build: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """MODULE:FUNCTION that builds a custom method; its code is not uploaded"""
    checkpoint: Annotated[Checkpoint, arg(metavar="WHICH")] = "best"
    """checkpoint to use: best or last"""


def run(arguments: Sequence[str]) -> None:
    """Upload the run, and print the files, the address of the page and the next commands."""
    asked = parsed(Push, arguments, "push", pairs=True)
    name = repository_named(asked.repository)
    build = build_of(asked.run, [asked.build] if asked.build else [])
    pushed = push(
        asked.run, asked.repository, license=asked.license, private=asked.private, report=asked.report, samples=asked.samples,
        build=build, checkpoint=asked.checkpoint,
    )  # fmt: skip
    for file, size in pushed.files.items():
        print(f"{file}: {size / 2**10:,.1f} KiB")
    print(printable(f"{pushed.url} ({pushed.revision[:12]})"))
    print_next(*next_commands(Path(f"{PREFIX}{name}"), read_record(run_folder(asked.run)), done=True).values())
