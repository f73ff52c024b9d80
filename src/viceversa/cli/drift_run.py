"""`viceversa drift run`: let an editor edit images in turns, by a protocol."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from viceversa.cli.flags import in_flags
from viceversa.cli.next_commands import print_next
from viceversa.cli.parsing import parsed
from viceversa.errors import UsageError, printable
from viceversa.multiturn.editors.http import Endpoint
from viceversa.multiturn.editors.named import editor_named, size_of
from viceversa.multiturn.editors.pipelines import Diffusion
from viceversa.multiturn.making import make_turns
from viceversa.multiturn.prompts import load_prompts
from viceversa.multiturn.protocols import Protocol, plan
from viceversa.multiturn.verdict import counted

_WITHOUT_EFFECT = ("key_env", "per_minute", "retries", "timeout")
"""Options that do not affect the answers of an editor."""


@dataclass(frozen=True)
class DriftRun:
    """Let an editor edit images in turns. Every image is saved as PNG before the next turn. The same command goes on with what is
    missing. `viceversa drift DIR --out REPORT` then measures it."""

    editor: Annotated[str, arg(metavar="EDITOR", help_behavior_hint="(required)")]
    """run or `avatars`; FILE.onnx; MODULE:FUNCTION of (image, instruction, seed); diffusers:REPOSITORY or diffusers:FOLDER; http(s)://...
    with images in JSON; openai:BASE_URL; resave:jpeg:QUALITY, resave:webp:QUALITY, resize:FACTOR or nothing as baselines"""
    images: Annotated[str, arg(metavar="DIR", help_behavior_hint="(required)")]
    """folder of images, or a data set such as avatars or icons, which has ground truth for every edit"""
    out: Annotated[Path, arg(metavar="DIR", help_behavior_hint="(required)")]
    """folder for the images, ID/turn1.png and so on"""
    protocol: Protocol = "chain"
    """hold: ask for attributes that the image has already; there-and-back: an edit and its inverse; chain: another edit in every
    turn; composed: all edits of a chain in one request to the source"""
    turns: Annotated[int, arg(metavar="N")] = 10
    """number of turns"""
    samples: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """number of images; all by default"""
    size: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """height and width in pixels of a data set's images; by default those of the run"""
    answers: Annotated[int, arg(metavar="N")] = 1
    """2: also ask for a second answer to each request, to tell randomness from drift"""
    seed: Annotated[int, arg(metavar="N")] = 0
    """seed of the editor's random numbers"""
    prompts: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """prompts.toml with instructions in words; the packaged one by default (docs/drift.md)"""
    device: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "auto"
    """auto (default), cpu, cuda, cuda:1 or mps"""
    full_size: Annotated[bool, arg(help_behavior_hint="")] = False
    """with a run: keep the size of each image"""
    diffusion: Diffusion = field(default_factory=Diffusion)
    """options of diffusers"""
    endpoint: Endpoint = field(default_factory=Endpoint)
    """options of a server"""


def run(arguments: Sequence[str]) -> int:
    """Make the turns and print the next commands. Return the exit code: 2 if an editor did not finish some chains."""
    asked = parsed(DriftRun, arguments, "drift run")
    if asked.answers not in (1, 2):
        raise UsageError(f"--answers {asked.answers}: give 1 or 2.")
    prompts = load_prompts(asked.prompts)
    trained = size_of(asked.editor)
    planned = plan(asked.images, asked.protocol, asked.turns, prompts, asked.samples, asked.size or trained)
    editor = editor_named(
        asked.editor,
        space=planned.space,
        full_size=asked.full_size,
        diffusion=asked.diffusion,
        endpoint=asked.endpoint,
        device=asked.device,
    )
    if planned.space is None and trained:
        raise UsageError(
            f"{asked.editor} edits by attributes, which a folder of images has not: give --images a data set, as avatars."
        )
    facts = {"editor": editor.name, "protocol": asked.protocol, "data": asked.images, "seed": str(asked.seed)}
    facts |= {"called": asked.editor, "prompts": prompts.digest, "options": _options(asked)}
    if planned.size is not None:
        facts["size"] = str(planned.size)  # size of a data set's images, which identifies their labeller
    made = make_turns(editor, planned, asked.turns, asked.out, facts, seed=asked.seed, answers=asked.answers)
    print(printable(f"{counted(made.turns, 'image')} in {asked.out}"))
    for line in made.failures:
        print(printable(in_flags(f"not finished: {line}")))
    if not made.turns:
        return 2
    print_next(shlex.join(["viceversa", "drift", str(asked.out), "--out", f"{asked.out}-report"]))
    return 2 if made.failures else 0


def _options(asked: DriftRun) -> str:
    """Return the options that affect an editor's answers, where they differ from the defaults."""
    given, usual = (
        {"full_size": full_size, **asdict(diffusion), **asdict(endpoint)}
        for full_size, diffusion, endpoint in (
            (asked.full_size, asked.diffusion, asked.endpoint),
            (False, Diffusion(), Endpoint()),
        )
    )
    changed = {name: value for name, value in given.items() if value != usual[name] and name not in _WITHOUT_EFFECT}
    return ", ".join(f"{name}={value}" for name, value in changed.items())
