"""The labels of the evaluation's chains of translations (docs/methods.md, Evaluation), the same for every model that is compared.

Those of the avatars are packaged, with the hashes of the test pixels; stored_chains.py writes the file.
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
    """targets: (STEPS, N, K) labels t_1 .. t_10, each a permutation of the split's; inverted: (N, K) labels inv(c).

    The chain of k steps goes through t_1 .. t_k, so that the one of k + 1 extends it.
    """

    targets: Tensor
    inverted: Tensor


def draw_chains(labels: Tensor, space: Space, seed: int) -> ChainLabels:
    """The chains of a split with labels (N, K), drawn from the seed alone: independent of batches and of the model."""
    permutations, inverted = permuted(labels, space, seed)
    return ChainLabels(labels[permutations], inverted)


def load_chains(dataset_name: str) -> ChainLabels | None:
    """The packaged chains of a data set's test split, or None where it has none (then: draw_chains)."""
    if not re.fullmatch(r"avatars-\d+-v1", dataset_name):
        return None
    labels = stored_labels()
    return ChainLabels(labels[torch.tensor(_stored()["permutations"])], _decode(_stored()["inverted"]))


def stored_labels() -> Tensor:
    """The packaged labels of the avatars' test split: (2000, 7)."""
    return _decode(_stored()["labels"])


def stored_hash(size: int) -> str | None:
    """The SHA-256 of the avatars' test pixels at that size, or None where none is packaged."""
    found: str | None = _stored()["test_pixels"].get(str(size))
    return found


def permuted(labels: Tensor, space: Space, seed: int) -> tuple[Tensor, Tensor]:
    """(STEPS, N) permutations and (N, K) inverted labels."""
    generator = Generator().manual_seed(seed)
    permutations = torch.stack([torch.randperm(len(labels), generator=generator) for _ in range(STEPS)])
    return permutations, space.invert(labels, generator)


@cache
def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(files("viceversa.data.sets").joinpath("avatars-chains-v1.json").read_text("utf-8"))
    return stored


def _decode(rows: list[str]) -> Tensor:
    """The inverse of _encode: (N, 7)."""
    digits = torch.tensor([[int(digit) for digit in row] for row in rows])
    return torch.cat([torch.nn.functional.one_hot(digits[:, 0], 3), digits[:, 1:4], digits[:, 4:] / 4], 1)
