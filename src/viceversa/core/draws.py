"""Named random numbers of one training step.

Every draw comes from a generator on the CPU seeded by (seed, step, name), for the whole batch over all processes; a
process keeps its rows. So a resumed run and a run on two processes draw the same, in any order of asking, and no
random state needs to be saved.
"""

from __future__ import annotations

import copy
import hashlib

import torch
from torch import Generator, Tensor


def seeded(*key: object) -> Generator:
    """A CPU generator seeded by the SHA-256 of the key's parts."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class Draws:
    """The same name gives the same numbers in every phase of the step.

    start, total: the first row of this process in the whole batch, and how many rows that has (None: all are here).
    """

    def __init__(self, seed: int, step: int, *, start: int = 0, total: int | None = None) -> None:
        self.seed, self.step, self.start, self.total = seed, step, start, total
        self._prefix = ""

    def within(self, prefix: str) -> Draws:
        """The draws of a part, whose names cannot meet those of another part."""
        part = copy.copy(self)
        part._prefix = f"{self._prefix}{prefix}/"
        return part

    def generator(self, name: str) -> Generator:
        """The generator behind a name, new at every call."""
        return seeded(self.seed, self.step, self._prefix + name)

    def normal(self, name: str, like: Tensor, *shape: int) -> Tensor:
        """Standard normal numbers, `(N, *shape)` for the N rows of `like`, on its device and of its type."""
        return self._mine(torch.randn(self._total(like), *shape, generator=self.generator(name)), like).to(like, non_blocking=True)

    def uniform(self, name: str, like: Tensor, *shape: int) -> Tensor:
        """Uniform numbers in [0, 1), `(N, *shape)` for the N rows of `like`, on its device and of its type."""
        return self._mine(torch.rand(self._total(like), *shape, generator=self.generator(name)), like).to(like, non_blocking=True)

    def order(self, name: str, like: Tensor) -> Tensor:
        """For each of the N rows of `like`, its place in a permutation of the whole batch: (N,) integers."""
        places = self._mine(torch.randperm(self._total(like), generator=self.generator(name)), like)
        return places.to(like.device, non_blocking=True)

    def choice(self, name: str, like: Tensor) -> Tensor:
        """One row of the whole batch, the same for all rows of `like`: (N,) equal integers."""
        chosen = torch.randint(self._total(like), (1,), generator=self.generator(name))
        return chosen.expand(len(like)).to(like.device, non_blocking=True)

    def _total(self, like: Tensor) -> int:
        return len(like) if self.total is None else self.total

    def _mine(self, values: Tensor, like: Tensor) -> Tensor:
        return values[self.start : self.start + len(like)]
