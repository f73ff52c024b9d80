"""The adversarial losses: what the discriminator and the generator minimize against each other."""

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
    """L_D = mean_{i=0..further} discriminator(D(y), D(sg X_i)), y the journey's example, X_0 = T(x, c_0), X_i = T(X_{i-1}, c_i).

    further: links of the chain whose images are fakes too; 0 as in all papers, and the discriminator has then never seen what
    a multicyclic loss asks it of. With a pool, first fakes pass through it, once a phase, for the space that they are in.
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
    """L_G = generator(D(T(x, c)), D(y)), judged in the target domain; y the journey's example."""

    gan: GanLoss

    def __call__(self, journey: Journey) -> Tensor:
        return self.gan.generator(journey.judge(journey.target).score, lambda: journey.judge_example().score)


class ImagePool:
    """The last generated images, mixed into what the discriminator sees (arXiv 1612.07828, as in CycleGAN's code).

    Image by image: while fewer than `size` of a space are kept, an image is kept and returned; then, with probability
    1/2, a kept image is returned and replaced by the new one, else the new one is returned.
    """

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self.images: dict[str, list[Tensor]] = {}

    def query(self, space: str, batch: Tensor, draws: Draws) -> Tensor:
        """As many images as the batch has, of its shape, without a graph: (N, C, H, W)."""
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
