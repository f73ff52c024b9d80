"""A classifier of digits, trained on real images of one set only. It sees no mirrored images, which show other digits or none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from viceversa.core.draws import Draws, seeded
from viceversa.data.dataset import Dataset, Images
from viceversa.images.normalizing import normalized, shifted
from viceversa.images.pixels import Pixels
from viceversa.metrics.labeller import labeller_network
from viceversa.progress import watched

BATCH, RATE, MOST_IMAGES = 64, 3e-3, 20_000


def classifier(dataset: Dataset, path: Path, epochs: int) -> nn.Module:
    """The classifier kept at `path`; if there is none, it is trained for `epochs` passes over the first 20,000 training images."""
    images = of(dataset, "train")
    network = labeller_network(images.pixels.shape[3], 10)
    if path.exists():
        network.load_state_dict(safetensors.torch.load_file(path))
        return network.eval()
    torch.manual_seed(seeded("classifier", dataset.name).initial_seed())
    network = labeller_network(images.pixels.shape[3], 10)
    _train(network.train(), images, epochs, path.stem)
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(network.state_dict(), path)
    return network.eval()


def of(dataset: Dataset, split: str) -> Images:
    """The images of a set in one space."""
    return dataset.splits[split][dataset.space.only]


def digits(images: Images) -> Tensor:
    """Digit of each image, by its label: (N,)."""
    assert images.labels is not None
    return images.labels.argmax(1)


@torch.no_grad()
def read(network: nn.Module, pixels: Pixels, batch: int = 256) -> Tensor:
    """Digit that the classifier reads in each image (N, H, W, C): (N,)."""
    parts = (normalized(torch.tensor(pixels[first : first + batch])) for first in range(0, len(pixels), batch))
    return torch.cat([network(part).argmax(1) for part in parts])


def confusion(true: Tensor, seen: Tensor) -> list[list[int]]:
    """Number of times that a digit (row) was read as another (column): 10 x 10."""
    table: list[list[int]] = torch.bincount(10 * true + seen, minlength=100).reshape(10, 10).tolist()
    return table


def share(true: Tensor, seen: Tensor) -> float:
    return (true == seen).double().mean().item()


def _train(network: nn.Module, images: Images, epochs: int, title: str) -> None:
    count = min(MOST_IMAGES, len(images))
    batch = min(BATCH, count)
    steps = epochs * (count // batch)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    true = digits(images)
    for step, order in zip(watched(range(steps), title), _orders(count, batch, epochs), strict=True):
        shown = _disturbed(normalized(torch.tensor(images.pixels[order.numpy()])), Draws(0, step))
        loss = nn.functional.cross_entropy(network(shown), true[order])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def _orders(count: int, batch: int, epochs: int) -> Sequence[Tensor]:
    """Rows of each batch, sorted, because mapped files are read faster in order."""
    whole = (torch.randperm(count, generator=seeded("classifier", epoch)) for epoch in range(epochs))
    return [rows.sort().values for order in whole for rows in order[: count - count % batch].split(batch)]


def _disturbed(images: Tensor, draws: Draws) -> Tensor:
    """Move images by up to two pixels, and add noise of up to a tenth of the range: translated images are not quite real."""
    images = shifted(images, (draws.uniform("shift", images, 2) * 5).long() - 2, 2)
    strength = 0.2 * draws.uniform("strength", images, 1, 1, 1)
    return images + strength * draws.normal("noise", images, *images.shape[1:])
