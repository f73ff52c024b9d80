"""Sample pictures of a training: rows of images with the source, each target, a chain of four translations, and the way back."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.draws import seeded
from viceversa.core.journey import walk
from viceversa.core.method import Method, Request
from viceversa.core.routing import routing_of
from viceversa.data.dataset import Dataset
from viceversa.images.fitting import shown
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pictures import Cell, grid
from viceversa.images.pixels import Pixels
from viceversa.inference.apply import device_of

CHAIN = 4


GridRows = list[list[Cell]]


def sample_grid(method: Method, dataset: Dataset, seed: int, people: int = 4) -> Image.Image:
    """Return a picture of the method's translations of the first validation images."""
    return grid(*samples(method, dataset, seed, people))


@torch.no_grad()
def samples(method: Method, dataset: Dataset, seed: int, people: int) -> tuple[GridRows, list[str]]:
    """Return the rows and captions of the picture."""
    drawn = routing_of(dataset.space).choose(labels=_among_labels, spaces=_between_spaces, sets=_among_sets)
    return drawn(method, dataset, seed, people)


def _between_spaces(method: Method, dataset: Dataset, seed: int, people: int) -> tuple[GridRows, list[str]]:
    """Translate images of the first space back and forth."""
    start, _ = _first(method, dataset, dataset.space.pair[0], people)
    stops = [method.destination(Request(space=name)) for name in dataset.space.pair] * (3 if method.returns else 1)
    pictures = [quantized(image) for image in walk(method.translate, start, stops)]
    return _rows(pictures), [stop.space for stop in stops]


def _among_sets(method: Method, dataset: Dataset, seed: int, people: int) -> tuple[GridRows, list[str]]:
    """Translate images of each set to two drawn labels of every set, and back."""
    space, rows, sets = dataset.space, GridRows(), routing_of(dataset.space).sets
    people = max(1, people // len(sets))
    captions = ["source", *(name for name in sets for _ in range(2)), "home"]
    for source in sets:
        start, label = _first(method, dataset, source, people)
        home, pictures = Domain(source, label), [quantized(start)]
        drawn = [
            (name, part.draw(people, seeded(seed, "samples", name, number))) for name, part in sets.items() for number in (0, 1)
        ]
        for name, wanted in [*((name, space.widened(part, name).to(label)) for name, part in drawn), (source, label)]:
            there = method.destination(Request(name, wanted))
            pictures.append(quantized(walk(method.translate, start, [home, there])[-1]))
        rows += _rows(pictures)
    return rows, captions


def _among_labels(method: Method, dataset: Dataset, seed: int, people: int) -> tuple[GridRows, list[str]]:
    """Translate images to the opposite of each attribute, then along a chain of drawn labels, and back."""
    space = dataset.space
    start, label = _first(method, dataset, space.only, people)
    home = Domain(space.only, label)
    pictures, captions = [quantized(start)], ["source"]
    for attribute, columns in space.columns(label):
        opposite = attribute.invert(columns, seeded(seed, "samples", attribute.name))
        edited = torch.cat([opposite if other is attribute else values for other, values in space.columns(label)], 1)
        there = method.destination(Request(space.only, edited))
        pictures.append(quantized(walk(method.translate, start, [home, there])[-1]))
        captions.append(attribute.name)
    targets = [space.draw(len(start), seeded(seed, "samples", number)).to(label) for number in range(CHAIN)]
    stops = [home, *(method.destination(Request(space.only, target)) for target in (*targets, label))]
    pictures += [quantized(image) for image in walk(method.translate, start, stops)[1:]]
    captions += [f"random {number}" for number in range(1, CHAIN + 1)] + ["home"]
    return _rows(pictures), captions


def _first(method: Method, dataset: Dataset, name: str, people: int) -> tuple[Tensor, Tensor]:
    """Return the first validation images of a space, and their labels; without labels, these have no columns."""
    images, device = dataset.splits["validation"][name], device_of(method)
    label = torch.zeros(len(images), 0) if images.labels is None else images.labels
    return normalized(torch.tensor(images.pixels[:people])).to(device), label[:people].to(device)


def _rows(columns: list[Pixels]) -> GridRows:
    return [list(row) for row in zip(*map(shown, columns), strict=True)]
