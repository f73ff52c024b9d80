"""Labels of the evaluation's chains of translations (docs/methods.md, Evaluation), the same for every compared model.

Those of the avatars are packaged, with hashes of the test pixels; write_chain_labels.py writes the file.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import torch
from torch import Generator, Tensor

from viceversa.core.space import Space

STEPS = 10


@dataclass(frozen=True, eq=False)
class ChainLabels:
    """Labels of all chains of a split.

    The chain of k steps goes through t_1 .. t_k, so that the chain of k + 1 steps extends it.

    Args:
        targets: labels t_1 .. t_10, (STEPS, N, K), each a permutation of the split's labels.
        inverted: labels inv(c), (N, K).
    """

    targets: Tensor
    inverted: Tensor


def draw_chains(labels: Tensor, space: Space, seed: int) -> ChainLabels:
    """Return the chains of a split, drawn from the seed alone, so independent of batches and of the model.

    Args:
        labels: labels of the split (N, K).
        space: its space.
        seed: the seed.
    """
    permutations, inverted = permuted(labels, space, seed)
    return ChainLabels(labels[permutations], inverted)


def load_chains(dataset_name: str) -> ChainLabels | None:
    """Return the packaged chains of a data set's test split; None if there are none (then use `draw_chains`)."""
    if not re.fullmatch(r"avatars-\d+-v1", dataset_name):
        return None
    labels = stored_labels()
    return ChainLabels(labels[torch.tensor(_stored()["permutations"])], _decode(_stored()["inverted"]))


def stored_labels() -> Tensor:
    """Return the packaged labels of the avatars' test split: (2000, 7)."""
    return _decode(_stored()["labels"])


def stored_hash(size: int) -> str | None:
    """Return the SHA-256 of the avatars' test pixels at a size; None if none is packaged."""
    found: str | None = _stored()["test_pixels"].get(str(size))
    return found


def permuted(labels: Tensor, space: Space, seed: int) -> tuple[Tensor, Tensor]:
    """Return permutations (STEPS, N) and inverted labels (N, K)."""
    generator = Generator().manual_seed(seed)
    permutations = torch.stack([torch.randperm(len(labels), generator=generator) for _ in range(STEPS)])
    return permutations, space.invert(labels, generator)


@cache
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(files("viceversa.data.sets").joinpath("avatars-chains-v1.json").read_text("utf-8"))
    return stored


def _decode(rows: list[str]) -> Tensor:
    """Return the labels (N, 7) that `_encode` encoded."""
    digits = torch.tensor([[int(digit) for digit in row] for row in rows])
    return torch.cat([torch.nn.functional.one_hot(digits[:, 0], 3), digits[:, 1:4], digits[:, 4:] / 4], 1)
