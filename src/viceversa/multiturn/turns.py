"""Chains of images: a source and its edits, turn by turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Turn:
    """An image of a chain, and what is known about it.

    Args:
        image: its file.
        instruction: the request to the editor.
        asked: the same as attributes, such as "glasses=yes, hair=blond"; empty if the data has none.
        mask: file of the region that this turn may change, which is white.
        truth: file of the ground truth: what the image should show after this turn.
        again: file of a second answer to the same request.
        success: whether the turn is right, as judged by a person; None if it was not judged.
    """

    image: Path
    instruction: str = ""
    asked: str = ""
    mask: Path | None = None
    truth: Path | None = None
    again: Path | None = None
    success: bool | None = None


@dataclass(frozen=True)
class Chain:
    """One source and its edits.

    Args:
        id: id of the chain.
        turns: images by number of the turn; 0 is the source. Numbers may be missing.
    """

    id: str
    turns: Mapping[int, Turn]


@dataclass(frozen=True)
class Turns:
    """Chains of one editor.

    Args:
        name: name of the editor in reports.
        chains: the chains, in the order of their ids.
        problems: one line for everything that could not be used.
        facts: facts about the folder, such as the editor, the protocol and the data set.
    """

    name: str
    chains: tuple[Chain, ...]
    problems: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
