"""The labeller: a small classifier that predicts the attributes of images, independent of the methods that it judges
(docs/methods.md).

It is trained on the real training images of a data set by a fixed schedule, and kept in the cache. It takes no part in the training
of translators. A run keeps a copy, which predicts the attributes of an image that a target does not name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import safetensors
import safetensors.torch
import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from viceversa.core.space import Space
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.files import write_atomically
from viceversa.images.normalizing import normalized
from viceversa.images.pixels import Pixels
from viceversa.metrics.labeller_examples import Examples
from viceversa.metrics.rows import TRUSTED

FILE = "labeller.safetensors"
"""File name in a run's folder."""
WIDTHS = (24, 48, 96)


@dataclass(frozen=True, eq=False, repr=False)
class Labeller:
    """A trained labeller.

    Args:
        space: space whose attributes it predicts.
        accuracy: mean accuracy over attributes on real held-out images: of the test split if it is finished, else of validation.
        accuracy_edits: the same on ground-truth edits, if the data has them.
        finished: whether its training is finished.
    """

    network: nn.Module
    space: Space
    accuracy: float
    accuracy_edits: float | None
    finished: bool = True

    @property
    def trusted(self) -> bool:
        """Whether it is accurate enough to report its predictions."""
        return self.accuracy >= TRUSTED

    def __repr__(self) -> str:
        return f"Labeller({self.space.in_words}; accuracy {self.accuracy:.3f})"

    @property
    def device(self) -> torch.device:
        """Device of its network."""
        return next(self.network.parameters(), torch.empty(0)).device

    def to(self, device: torch.device) -> Self:
        """Move the network, in place, and return the labeller."""
        self.network.to(device)
        return self

    @torch.no_grad()
    def read(self, pixels: Pixels | Examples, batch: int = 16) -> Tensor:
        """Predict the labels (N, K) of images (N, H, W, C) uint8; the result is on the CPU, in float32."""
        parts = (normalized(torch.tensor(pixels[first : first + batch]).to(self.device)) for first in range(0, len(pixels), batch))
        return torch.cat([self.read_batch(part) for part in parts])

    @torch.no_grad()
    def read_batch(self, images: Tensor) -> Tensor:
        """Predict the labels (N, K) of images (N, C, H, W) in [-1, 1]; the result is on the CPU, in float32."""
        images = images.to(self.device, memory_format=torch.channels_last)  # this format is twice as fast on a CPU
        return self.space.read(self.network(images).float().cpu())


def labeller_network(channels: int, outputs: int) -> nn.Sequential:
    """Return the network: three stages of two 3x3 convolutions and pooling, and a linear layer on a 4x4 map.

    It has 0.17 M parameters for RGB.
    """
    network, before = nn.Sequential(), channels
    for width in WIDTHS:
        for _ in range(2):
            network.extend([nn.Conv2d(before, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()])
            before = width
        network.append(nn.MaxPool2d(2))
    network.extend([nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * before, outputs)])
    return network


def network_for(space: Space) -> nn.Sequential:
    """Return the untrained network for a space's attributes. It leaves the global random state unchanged."""
    with torch.random.fork_rng(devices=[]):
        return labeller_network(next(iter(space.images.values())).channels, space.label_width)


def write_labeller(labeller: Labeller, path: Path) -> None:
    """Write a labeller in half precision, with its accuracy in the file's metadata. Raises OSError."""
    write_atomically(path, _stored(labeller))


def load_labeller(path: Path, device: torch.device = CPU) -> Labeller:
    """Read a labeller. Raises UsageError for an invalid file."""
    try:
        if not path.is_file():
            raise ValueError("it is not a regular file")
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  (not a mapping)
        space = TypeAdapter(Space).validate_json(metadata["space"])
        with torch.device("meta"):  # so that a damaged file cannot take more memory than its size
            network = network_for(space)
        weights = {name: value.long() if name.endswith("tracked") else value for name, value in state.items()}
        network.load_state_dict(weights, assign=True)
        accuracy = TypeAdapter(float).validate_json(metadata["accuracy"])
        edits = TypeAdapter(float | None).validate_json(metadata["accuracy_edits"])
        finished = TypeAdapter(bool).validate_json(metadata.get("finished", "true"))
        return Labeller(network.eval(), space, accuracy, edits, finished).to(device)
    except Exception as error:  # the file can contain anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(
            f"cannot read the labeller {str(path)!r} ({reason}): remove it; it is trained again when it is needed."
        ) from error


def accuracy(read: Tensor, target: Tensor, space: Space) -> float:
    """Return the share of right attributes; a one-of attribute counts once."""
    return space.agrees(read, target).float().mean().item()


def _stored(labeller: Labeller) -> bytes:
    metadata = {
        "space": TypeAdapter(Space).dump_json(labeller.space).decode(),
        "accuracy": json.dumps(labeller.accuracy),
        "accuracy_edits": json.dumps(labeller.accuracy_edits),
        "finished": json.dumps(labeller.finished),
    }
    return safetensors.torch.save({name: value.half() for name, value in labeller.network.state_dict().items()}, metadata)
