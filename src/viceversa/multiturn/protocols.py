"""Protocols: which edits an image gets, turn by turn: hold, there and back, chain, composed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from viceversa.core.draws import seeded
from viceversa.core.space import Space
from viceversa.data.files.listing import is_image
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError, quoted
from viceversa.files import in_utf8
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import Trial, trial
from viceversa.multiturn.checking import read_image
from viceversa.multiturn.editors.editor import Edit
from viceversa.multiturn.prompts import Prompts

Protocol = Literal["hold", "there-and-back", "chain", "composed"]


@dataclass(frozen=True, eq=False)
class PlannedTurn:
    """A request, and its ground truth.

    Args:
        edit: the request.
        start: number of the turn whose image is edited.
        truth: the ground truth; None if it is unknown.
    """

    edit: Edit
    start: int
    truth: Pixels | None = None


@dataclass(frozen=True, eq=False)
class PlannedChain:
    """An image and the requests to an editor, turn by turn.

    Args:
        id: id of the chain.
        source: the image (H, W, C).
        turns: the requests.
        problem: why there are none, if the image cannot be read.
    """

    id: str
    source: Pixels
    turns: Sequence[PlannedTurn]
    problem: str = ""


@dataclass(frozen=True, eq=False)
class Plan:
    """Chains of one protocol, made one at a time.

    Args:
        count: number of chains.
        chains: function that yields them.
        space: space of the data's labels; None for images without labels.
        size: size of a data set's images in pixels.
    """

    count: int
    chains: Callable[[], Iterator[PlannedChain]]
    space: Space | None
    size: int | None = None


def plan(
    images: str, protocol: Protocol, turns: int, prompts: Prompts, samples: int | None = None, size: int | None = None
) -> Plan:
    """Plan the chains of a protocol.

    Args:
        images: a folder of images, or a data set such as avatars or icons, whose test images get edits of their attributes with
            ground truth.
        protocol: the protocol.
        turns: number of turns, from 1; with labels at most 10.
        prompts: the instructions in words.
        samples: number of images, the first ones; None for all.
        size: height and width of a data set's images in pixels.

    Raises:
        UsageError: If there are no images, or the protocol needs edits that the prompts lack.
    """
    if turns < 1:
        raise UsageError(f"{turns} turns: give 1 or more.")
    if samples is not None and samples < 1:
        raise UsageError(f"{samples} samples: give 1 or more.")
    folder = Path(images)
    if folder.is_file():
        raise UsageError(f"{quoted(images)} is a file: give a folder of images, or a data set such as avatars.")
    return (
        _of_folder(folder, protocol, turns, prompts, samples)
        if folder.is_dir()
        else _of_dataset(images, protocol, turns, prompts, samples, size)
    )


def _of_folder(folder: Path, protocol: Protocol, turns: int, prompts: Prompts, samples: int | None) -> Plan:
    files = sorted(file for file in folder.iterdir() if is_image(file.name) and not file.name.startswith(".") and file.is_file())
    files = [Path(in_utf8(file, "the image")) for file in files[:samples]]
    if not files:
        raise UsageError(f"{quoted(str(folder))} has no image: give a folder with image files, or a data set such as avatars.")
    if protocol != "hold" and not prompts.edits:
        raise UsageError(f"the protocol {protocol} needs edits: add [[edits]] with 'do' and 'undo' to the prompts.")
    names = [file.stem.strip() for file in files]
    plain = len(set(names)) == len(names) and all(name and "." not in name for name in names)
    ids = names if plain else [file.name.strip() for file in files]

    def chains() -> Iterator[PlannedChain]:
        for name, file in zip(ids, files, strict=True):
            edits = [Edit(_in_words(protocol, turn, name, prompts)) for turn in range(1, turns + 1)]
            try:
                source = read_image(file)
            except UsageError as error:
                yield PlannedChain(name, np.empty((0, 0, 1), np.uint8), (), str(error))
                continue
            truths = [source if _is_back(protocol, turn) else None for turn in range(1, turns + 1)]
            yield PlannedChain(name, source, _planned(protocol, edits, truths))

    return Plan(len(files), chains, None)


def _in_words(protocol: Protocol, turn: int, name: str, prompts: Prompts) -> str:
    """Return the instruction of a turn for the image with this id."""
    edits = prompts.edits
    match protocol:
        case "hold":
            return prompts.hold
        case "there-and-back":
            pair = edits[zlib.crc32(name.encode()) % len(edits)]  # the same if images are added
            return pair.do if turn % 2 else pair.undo
        case "chain":
            return edits[(turn - 1) % len(edits)].do
        case "composed":
            return prompts.join.join(edits[each % len(edits)].do for each in range(turn))


def _of_dataset(spec: str, protocol: Protocol, turns: int, prompts: Prompts, samples: int | None, size: int | None) -> Plan:
    dataset = open_dataset(spec, size)
    task = trial(dataset, samples)
    if task.targets is not None and turns > len(task.targets):
        raise UsageError(f"{turns} turns: {dataset.name} has chains of {len(task.targets)} turns; give so many or fewer.")
    space = dataset.space

    def chains() -> Iterator[PlannedChain]:
        ids = dataset.splits["test"][task.home].ids
        for row in range(len(task)):
            one = task.of([row])
            labels = _labels(one, protocol, turns)
            words = [_words(space, task, label) for label in labels]
            edits = [
                Edit(prompts.change(words[start], words[turn]), words[start], words[turn])
                for turn in range(1, turns + 1)
                for start in [_start(protocol, turn)]
            ]
            truths = [_truth(one, label, labels[0]) for label in labels[1:]]
            yield PlannedChain(ids[int(task.numbers[row])], one.sources[0], _planned(protocol, edits, truths))

    return Plan(len(task), chains, space, dataset.size)


def _start(protocol: Protocol, turn: int) -> int:
    """Return the number of the turn whose image a turn edits."""
    return 0 if protocol == "composed" else turn - 1


def _is_back(protocol: Protocol, turn: int) -> bool:
    """Return whether a turn should show the source again."""
    return protocol == "hold" or (protocol == "there-and-back" and turn % 2 == 0)


def _planned(protocol: Protocol, edits: Sequence[Edit], truths: Sequence[Pixels | None]) -> list[PlannedTurn]:
    pairs = zip(edits, truths, strict=True)
    return [PlannedTurn(edit, _start(protocol, turn), truth) for turn, (edit, truth) in enumerate(pairs, 1)]


Place = Tensor | str
"""Label (1, K), or the name of a space."""


def _labels(one: Trial, protocol: Protocol, turns: int) -> list[Place]:
    """Return the labels, or spaces, of an image at turns 0, 1, ..."""
    if one.labels is None or one.targets is None:
        away = [one.away if turn % 2 else one.home for turn in range(turns + 1)]
        return [one.home] * (turns + 1) if protocol == "hold" else [*away]
    match protocol:
        case "hold":
            return [one.labels] * (turns + 1)
        case "there-and-back":
            edited = _one_attribute(one)
            return [edited if turn % 2 else one.labels for turn in range(turns + 1)]
        case _:
            return [one.labels, *one.targets[:turns]]


def _one_attribute(one: Trial) -> Tensor:
    """Return the image's label with the opposite value of one attribute, which is drawn by the image's number."""
    assert one.labels is not None and one.inverted is not None
    pairs = zip(one.dataset.space.columns(one.labels), one.dataset.space.columns(one.inverted), strict=True)
    columns = [(own, other) for (_, own), (_, other) in pairs]
    different = [number for number, (own, other) in enumerate(columns) if not torch.equal(own, other)]
    drawn = int(torch.randint(len(different), (), generator=seeded("there and back", int(one.numbers[0])))) if different else 0
    picked = different[drawn] if different else -1
    return torch.cat([other if number == picked else own for number, (own, other) in enumerate(columns)], 1)


def _words(space: Space, task: Trial, place: Place) -> dict[str, str]:
    """Return the value of each attribute in words."""
    if isinstance(place, str):
        return {"space": place}
    return {attribute.name: attribute.describe(values)[0] for attribute, values in space.columns(place)}


def _truth(one: Trial, place: Place, home: Place) -> Pixels | None:
    """Return the ground truth for a label or space: the source if it is unchanged; None if it is unknown."""
    if place == home if isinstance(place, str) or isinstance(home, str) else torch.equal(place, home):
        return np.asarray(one.sources[0])
    dataset = one.dataset
    target, label = (one.home, place) if isinstance(place, Tensor) else (place, None)
    asked = ("test", one.home, one.numbers, target, label)
    if dataset.truth is None or (dataset.known is not None and not dataset.known(*asked).all()):
        return None
    truth: Pixels = dataset.truth(*asked)[0]
    return truth
