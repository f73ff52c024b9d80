"""Named random numbers of one training step.

Every draw comes from a CPU generator seeded by (seed, step, name), for the whole batch over all processes; each process keeps its
rows. So a resumed run and a run on two processes draw the same numbers, in any order of the calls, and no random state is saved.
"""

from __future__ import annotations

import copy
import hashlib

import torch
from torch import Generator, Tensor


def seeded(*key: object) -> Generator:
    """Return a CPU generator seeded by the SHA-256 of the key's parts."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


class Draws:
    """Random numbers of one step. The same name gives the same numbers in every phase of the step.

    Args:
        seed: seed of the training.
        step: number of the step.
        start: first row of this process in the whole batch.
        total: number of rows of the whole batch; None if this process has all of them.
    """

    def __init__(self, seed: int, step: int, *, start: int = 0, total: int | None = None) -> None:
        self.seed, self.step, self.start, self.total = seed, step, start, total
        self._prefix = ""

    def within(self, prefix: str) -> Draws:
        """Return draws whose names are prefixed, so that they cannot collide with those of other parts."""
        part = copy.copy(self)
        part._prefix = f"{self._prefix}{prefix}/"
        return part

    def generator(self, name: str) -> Generator:
        """Return the generator of a name, new at every call."""
        return seeded(self.seed, self.step, self._prefix + name)

    def normal(self, name: str, like: Tensor, *shape: int) -> Tensor:
        """Return standard normal numbers `(N, *shape)` for the N rows of `like`, with its device and type."""
        return self._mine(torch.randn(self._total(like), *shape, generator=self.generator(name)), like).to(like, non_blocking=True)

    def uniform(self, name: str, like: Tensor, *shape: int) -> Tensor:
        """Return uniform numbers in [0, 1), `(N, *shape)`, for the N rows of `like`, with its device and type."""
        return self._mine(torch.rand(self._total(like), *shape, generator=self.generator(name)), like).to(like, non_blocking=True)

    def order(self, name: str, like: Tensor) -> Tensor:
        """Return, for each of the N rows of `like`, its index in a permutation of the whole batch: (N,) integers."""
        places = self._mine(torch.randperm(self._total(like), generator=self.generator(name)), like)
        return places.to(like.device, non_blocking=True)

    def choice(self, name: str, like: Tensor) -> Tensor:
        """Return the index of one drawn row of the whole batch, repeated for the N rows of `like`: (N,) equal integers."""
        chosen = torch.randint(self._total(like), (1,), generator=self.generator(name))
        return chosen.expand(len(like)).to(like.device, non_blocking=True)

    def _total(self, like: Tensor) -> int:
        return len(like) if self.total is None else self.total

    def _mine(self, values: Tensor, like: Tensor) -> Tensor:
        return values[self.start : self.start + len(like)]
