"""The labeller: a small network that reads attributes off images, independent of every method that it judges (docs/methods.md).

Trained once on the real training images of a data set, chosen by nothing but its schedule, cached; it takes no part in
the training of translators. A run keeps a copy, which reads off a stranger's picture what `--to` does not name.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from filelock import FileLock
from numpy.typing import NDArray
from pydantic import TypeAdapter
from torch import Tensor, nn

from viceversa.attributes import OneOf
from viceversa.data.augment import flipped, normalized, shifted
from viceversa.data.dataset import Dataset, Pixels
from viceversa.data.fitting import in_bits
from viceversa.data.packing import cache_directory, make_writable
from viceversa.domains import Space
from viceversa.draws import Draws, seeded
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.progress import watched

VERSION = 2
ROUNDS, ENOUGH = (1, 2, 4, 8), 0.995
"""Epochs of each round of training, and the accuracy on validation images after which there is no further round."""
BATCH, RATE, FEWEST_STEPS, MOST_IMAGES = 64, 3e-3, 50, 20_000
WIDTHS = (24, 48, 96)


@dataclass(frozen=True, eq=False)
class Examples:
    """Some rows of the images of each space, one space after the other, with labels (N, K); in 8 bits, read when asked for."""

    pixels: Sequence[Pixels]
    rows: Sequence[NDArray[np.int64]]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, which: slice | NDArray[np.int64]) -> Pixels:
        numbers, start = np.arange(len(self))[which], 0
        found = np.empty((len(numbers), *self.pixels[0].shape[1:]), np.uint8)
        for pixels, rows in zip(self.pixels, self.rows, strict=True):
            mine = (numbers >= start) & (numbers < start + len(rows))
            found[mine] = in_bits(pixels[rows[numbers[mine] - start]], 8)
            start += len(rows)
        return found


@dataclass(frozen=True, eq=False, repr=False)
class Labeller:
    """space: whose attributes it reads. accuracy: on real test images; accuracy_edits: on true edits, if the data knows them.

    Both are means over attributes.
    """

    network: nn.Module
    space: Space
    accuracy: float
    accuracy_edits: float | None

    def __repr__(self) -> str:
        return f"Labeller({self.space.in_words}; accuracy {self.accuracy:.3f})"

    @torch.no_grad()
    def read(self, pixels: Pixels | Examples, batch: int = 256) -> Tensor:
        """The labels (N, K) that images (N, H, W, C) uint8 show; on the CPU, in float32."""
        parts = (normalized(torch.tensor(pixels[first : first + batch])) for first in range(0, len(pixels), batch))
        return torch.cat([self.read_batch(part) for part in parts])

    @torch.no_grad()
    def read_batch(self, images: Tensor) -> Tensor:
        """The labels (N, K) that images (N, C, H, W) in [-1, 1] show; on the CPU, in float32. The network may be elsewhere."""
        device = next((weight.device for weight in self.network.parameters()), images.device)
        return self.space.read(self.network(images.to(device)).float().cpu())


def labeller_network(channels: int, outputs: int) -> nn.Sequential:
    """Three stages of two 3x3 convolutions and a pooling, then one linear layer on a 4x4 map: 0.17 M parameters for RGB."""
    network, before = nn.Sequential(), channels
    for width in WIDTHS:
        for _ in range(2):
            network.extend([nn.Conv2d(before, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()])
            before = width
        network.append(nn.MaxPool2d(2))
    network.extend([nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * before, outputs)])
    return network


def questions(dataset: Dataset) -> Space | None:
    """What the labeller is asked: the data's attributes, or which of its two spaces an image is of; None: nothing, as for several
    labeled sets."""
    space = dataset.space
    if space.attributes:
        return None if space.known else space
    shapes = {spec.shape for spec in space.images.values()}
    return Space(space.images, (OneOf("space", tuple(space.images)),)) if len(shapes) == 1 else None


def independent_labeller(dataset: Dataset, *, rounds: Sequence[int] = ROUNDS, quiet: bool = False) -> Labeller:
    """The data set's labeller, from the cache or trained now. Raises UsageError where there is nothing to read."""
    space = questions(dataset)
    if space is None:
        raise UsageError(f"{dataset.name} has neither attributes nor spaces of one size: there is nothing to read off its images.")
    path = cache_directory() / "labellers" / f"{dataset.name}-{VERSION}-{'-'.join(map(str, rounds))}.safetensors"
    make_writable(path.parent)
    with FileLock(path.with_suffix(".lock")):
        if not path.exists():
            write_atomically(path, _stored(_trained(dataset, space, rounds, quiet)))
    return load_labeller(path)


def save_labeller(dataset: Dataset, path: Path, *, quiet: bool = False) -> None:
    """Writes a copy of the data set's labeller, at most 0.5 MB, its accuracy in the file's metadata."""
    write_atomically(path, _stored(independent_labeller(dataset, quiet=quiet)))


def load_labeller(path: Path) -> Labeller:
    """Reads a labeller. Raises UsageError for a file that is none."""
    try:
        if not path.is_file():
            raise ValueError("it is not a regular file")
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  (not a mapping)
        space = TypeAdapter(Space).validate_json(metadata["space"])
        network = labeller_network(next(iter(space.images.values())).channels, space.label_width)
        network.load_state_dict({name: value.long() if name.endswith("tracked") else value for name, value in state.items()})
        accuracy = TypeAdapter(float).validate_json(metadata["accuracy"])
        return Labeller(network.eval(), space, accuracy, TypeAdapter(float | None).validate_json(metadata["accuracy_edits"]))
    except Exception as error:  # what is in the file may be anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"cannot read the labeller {str(path)!r}, remove it: {reason}.") from error


def accuracy(read: Tensor, target: Tensor, space: Space) -> float:
    """The share of attributes that are right, a one-of attribute counted once."""
    return space.agrees(read, target).float().mean().item()


def _stored(labeller: Labeller) -> bytes:
    metadata = {
        "space": TypeAdapter(Space).dump_json(labeller.space).decode(),
        "accuracy": json.dumps(labeller.accuracy),
        "accuracy_edits": json.dumps(labeller.accuracy_edits),
    }
    return safetensors.torch.save({name: value.half() for name, value in labeller.network.state_dict().items()}, metadata)


def _trained(dataset: Dataset, space: Space, rounds: Sequence[int], quiet: bool) -> Labeller:
    """Trained in rounds of more and more epochs, until the validation images are read well enough; the best round's."""
    examples, validation = (_examples(dataset, split, space) for split in ("train", "validation"))
    torch.manual_seed(seeded("labeller", dataset.name).initial_seed())
    network = labeller_network(next(iter(space.images.values())).channels, space.label_width)
    best = Labeller(copy.deepcopy(network).eval(), space, 0.0, None)
    for number, epochs in enumerate(rounds):
        _train_round(network.train(), space, examples, epochs=epochs, number=number, quiet=quiet)
        found = Labeller(network.eval(), space, 0.0, None)
        found = replace(found, accuracy=accuracy(found.read(validation), validation.labels, space))
        if found.accuracy > best.accuracy:
            best = replace(found, network=copy.deepcopy(network))
        if best.accuracy >= ENOUGH:
            break
    test = _examples(dataset, "test", space)
    measured = accuracy(best.read(test), test.labels, space)
    return Labeller(best.network, space, measured, _accuracy_on_edits(best, dataset))


def _train_round(network: nn.Module, space: Space, examples: Examples, *, epochs: int, number: int, quiet: bool) -> None:
    """So many epochs, at a rate that rises and falls once."""
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
    batch = min(BATCH, len(examples))
    per_epoch = len(examples) // batch
    steps = epochs * max(per_epoch, FEWEST_STEPS)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in watched(range(steps), "labeller", quiet=quiet):
        epoch, place = divmod(step, per_epoch)
        order = torch.randperm(len(examples), generator=seeded("labeller", number, epoch))[place * batch : (place + 1) * batch]
        images = _disturbed(normalized(torch.from_numpy(examples[order.numpy()])), Draws(number, step))
        loss = space.classification(network(images), examples.labels[order])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def _disturbed(images: Tensor, draws: Draws) -> Tensor:
    """Flips, shifts of up to two pixels, and noise of up to a tenth of the range: translated images are not quite real."""
    images = flipped(images, draws.uniform("flip", images) < 0.5)
    images = shifted(images, (draws.uniform("shift", images, 2) * 5).long() - 2, 2)
    strength = 0.2 * draws.uniform("strength", images, 1, 1, 1)
    return images + strength * draws.normal("noise", images, *images.shape[1:])


def _examples(dataset: Dataset, split: str, space: Space) -> Examples:
    """Images of a split, evenly chosen where there are many, with the labels that the labeller is asked for."""
    spaces = [dataset.splits[split][name] for name in space.images]
    counted = [min(len(images), MOST_IMAGES // len(spaces)) for images in spaces]
    chosen = [np.linspace(0, len(images) - 1, count).round().astype(int) for images, count in zip(spaces, counted, strict=True)]
    pixels = [images.pixels for images in spaces]
    if dataset.space.attributes:
        labels = spaces[0].labels
        assert labels is not None
        return Examples(pixels, chosen, labels[chosen[0]])
    counts = torch.tensor([len(rows) for rows in chosen])
    return Examples(pixels, chosen, torch.eye(len(counts)).repeat_interleave(counts, 0))


def _accuracy_on_edits(labeller: Labeller, dataset: Dataset, most: int = 500) -> float | None:
    """On the true edits of the first test images to the opposite labels, or to the other space."""
    if dataset.truth is None:
        return None
    source = next(iter(dataset.space.images))
    images = dataset.splits["test"][source]
    positions = torch.arange(min(most, len(images))).numpy()
    if images.labels is None:
        target = dataset.space.pair[1]
        wanted = torch.eye(2)[[1] * len(positions)]
        truth = dataset.truth("test", source, positions, target, None)
    else:
        wanted = dataset.space.invert(images.labels[: len(positions)], seeded("labeller", "edits"))
        truth = dataset.truth("test", source, positions, source, wanted)
    return accuracy(labeller.read(truth), wanted, labeller.space)
