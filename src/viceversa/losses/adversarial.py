"""Adversarial losses of the discriminator and of the generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from viceversa.core.draws import Draws
from viceversa.core.journey import Journey
from viceversa.errors import UsageError
from viceversa.losses.gan import GanLoss


@dataclass(frozen=True)
class Discriminate:
    """Discriminator loss: L_D = mean_{i=0..further} discriminator(D(y), D(sg X_i)).

    y is the journey's example, X_0 = T(x, c_0) and X_i = T(X_{i-1}, c_i). If there is a pool for the space of X_0, X_0 passes
    through it once in each phase.

    Args:
        further: number of later images of the chain that count as fakes too. Papers use 0; the discriminator then never learns from
            the later images that a multicyclic loss shows it.
    """

    gan: GanLoss
    pool: ImagePool | None = None
    further: int = 0

    def __call__(self, journey: Journey) -> Tensor:
        fakes = [self._first(journey), *(view.judge(view.target).score for view in map(journey.onward, range(1, self.further + 1)))]
        real = journey.judge_example().score
        return torch.stack([self.gan.discriminator(real, fake) for fake in fakes]).mean()

    def _first(self, journey: Journey) -> Tensor:
        if self.pool is None:
            return journey.judge(journey.target).score
        domain = journey.entered(journey.target)
        return journey.discriminate(self.pool.query(domain.space, journey.translated, journey.draws), domain).score


@dataclass(frozen=True)
class Fool:
    """Generator loss: L_G = generator(D(T(x, c)), D(y)), judged in the target domain. y is the journey's example."""

    gan: GanLoss

    def __call__(self, journey: Journey) -> Tensor:
        return self.gan.generator(journey.judge(journey.target).score, lambda: journey.judge_example().score)


class ImagePool:
    """History of generated images for the discriminator (arXiv 1612.07828, as in CycleGAN's code).

    While fewer than `size` images of a space are kept, each new image is kept and returned. Later, with probability 1/2, a kept
    image is returned and replaced by the new one; otherwise the new image is returned.
    """

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self.images: dict[str, list[Tensor]] = {}

    def query(self, space: str, batch: Tensor, draws: Draws) -> Tensor:
        """Return new or kept images of the batch's shape (N, C, H, W), without a graph."""
        kept = self.images.setdefault(space, [])
        if kept and kept[0].shape != batch.shape[1:]:
            theirs, ours = tuple(kept[0].shape), tuple(batch.shape[1:])
            raise UsageError(f"the checkpoint's pool has images of {theirs}, not {ours}: begin a new run.")
        generator = draws.generator(f"pool {space}")
        answer = []
        for image in batch.detach():
            swap = torch.rand((), generator=generator).item() < 0.5
            place = int(torch.randint(max(self.size, 1), (), generator=generator))
            if len(kept) < self.size:
                kept.append(image.clone())
            elif swap and kept:
                image, kept[place] = kept[place], image.clone()
            answer.append(image)
        return torch.stack(answer)

    def state_dict(self) -> dict[str, Any]:
        return {space: torch.stack(images) for space, images in self.images.items() if images}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.images = {space: list(images.unbind()) for space, images in state.items()}
