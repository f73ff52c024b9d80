"""Diversity: how much translations of one image with different seeds differ, as the mean distance of all pairs.

    diversity(x) = 2 / (n (n - 1)) * sum over i < j of d(T(x; i), T(x; j))

for n seeds, with d = L1 in levels and with d = `perceptual_lite0` (see features). StarGAN v2 (arXiv 1912.01865) uses ten seeds and
LPIPS. Higher is more diverse. Noise is diverse too, so read it together with a distance to real images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from viceversa.device import CPU
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import as_input, by_batch
from viceversa.metrics.similarity import l1
from viceversa.networks.lite0 import load_lite0

Batch = TypeVar("Batch")


@dataclass(frozen=True, eq=False)
class Diversity:
    """Mean distances over pairs of seeds for each source image: l1 (N,), 0 to 255 levels, and perceptual (N,), 0 to 20."""

    l1: NDArray[np.float64]
    perceptual: NDArray[np.float64]


def diversity(
    translate: Callable[[Batch, int], Pixels], batches: Iterable[Batch], seeds: int = 10, device: torch.device = CPU
) -> Diversity:
    """Measure the diversity of translations with seeds 0, 1, ... Translations of one batch at a time are in memory.

    Args:
        translate: a batch of sources and a seed -> translations (n, H, W, C) uint8.
        batches: anything that `translate` takes: images, or slices if targets belong to rows.
        seeds: number of seeds.
        device: device of the feature network.

    Raises:
        ValueError: there are fewer than two seeds, or translations of one batch differ in shape.
    """
    if seeds < 2:
        raise ValueError(f"diversity is a distance between translations by different seeds: {seeds} is not enough, take 2 or more.")
    found = [_among([translate(batch, seed) for seed in range(seeds)], device) for batch in batches]
    return Diversity(
        l1=np.concatenate([np.empty(0), *(levels for levels, _ in found)]),
        perceptual=np.concatenate([np.empty(0), *(values for _, values in found)]),
    )


def _among(made: Sequence[Pixels], device: torch.device) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return l1 and perceptual of one batch's translations, a set for each seed: (n,) each."""
    levels = np.mean([l1(*pair) for pair in combinations(made, 2)], axis=0)
    perceptual = np.empty(len(made[0]))
    for rows, values in by_batch(lambda rows: _perceptual([images[rows] for images in made], device), len(perceptual)):
        perceptual[rows] = values
    return levels, perceptual


@torch.no_grad()
def _perceptual(made: Sequence[Pixels], device: torch.device) -> NDArray[np.float32]:
    """Return the mean of |f_i - f_j|^2 over pairs as twice the unbiased variance of f, so each image passes the network once."""
    network = load_lite0(device)
    taps = zip(*(network(as_input(images, device=device))[0] for images in made), strict=True)
    spread = [2 * torch.stack([F.normalize(each, dim=1) for each in tap]).var(0).sum(1).mean((1, 2)) for tap in taps]
    values: NDArray[np.float32] = torch.stack(spread).sum(0).cpu().numpy()
    return values
