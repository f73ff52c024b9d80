"""Losses of the on-policy chain: `teacher` compares an edit of an edited image with the edit of the clean image, `hold` keeps what
is there already.

    d = sg X_{k-1}, in c_{k-1};  Y = T(d, c_{k-1} -> c_k)
    teacher   L1(Y, sg T_ema(x, c_x -> c_k))
    hold      L1(T(d, c_{k-1} -> c_{k-1}), d)

T_ema is a moving average of the translator. Gradients reach only Y, what follows from Y, and the translation of `hold`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Journey
from viceversa.core.moving_average import follow, warm
from viceversa.errors import UsageError
from viceversa.losses.chains import View


class Teacher:
    """T_ema: an exponential moving average of a translator, stored in checkpoints.

    It starts as a copy of the translator at its first use, and is updated once in each step that uses it.
    """

    def __init__(self, translator: nn.Module, decay: float = 0.999) -> None:
        self.translator, self.decay = translator, decay
        self.average = copy.deepcopy(translator).requires_grad_(False)
        self._updates, self._step = 0, -1

    @torch.no_grad()
    def __call__(self, image: Tensor, source: Domain, target: Domain, step: int) -> Tensor:
        """Return T_ema(image, source -> target), without a graph. step: number of the training step."""
        self._follow(step)
        return self.average(image, source, target)  # type: ignore[no-any-return]

    def _follow(self, step: int) -> None:
        if step == self._step:
            return
        self.average.to(next(self.translator.parameters()).device)
        follow(self.average, self.translator, warm(self.decay, self._updates) if self._updates else 0.0)
        self._updates, self._step = self._updates + 1, step

    def state_dict(self) -> dict[str, Tensor]:
        """Return the average's weights and the number of updates."""
        place = torch.tensor([self._updates, self._step])
        return {"place": place, **{f"average.{name}": value for name, value in self.average.state_dict().items()}}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Restore the state of `state_dict`."""
        self._updates, self._step = map(int, state["place"])
        weights = {name.removeprefix("average."): value for name, value in state.items() if name != "place"}
        self.average.to(next(iter(weights.values())).device)
        self.average.load_state_dict(weights)


@dataclass(frozen=True)
class Taught:
    """Teacher loss: L1(Y, sg T_ema(x, c_x -> c_k)). An edit after other edits should equal the edit of the clean image.

    If a chain between two spaces is back in the source space, the clean image is x.
    """

    teacher: Teacher
    view: View

    def __call__(self, journey: Journey) -> Tensor:
        seen = self.view(journey)
        if seen.target is seen.source:
            return F.l1_loss(seen.translated, seen.image)
        clean = self.teacher(seen.image, seen.source, seen.entered(seen.target), seen.draws.step)
        return F.l1_loss(seen.translated, clean)


@dataclass(frozen=True)
class Held:
    """Hold loss: L1(T(d, c -> c), d) for an image d of the chain in its domain c. It must not change what is there already.

    Raises UsageError between two spaces: no generator maps a space to itself.
    """

    view: View

    def __call__(self, journey: Journey) -> Tensor:
        seen = self.view(journey)
        if seen.departure.label is None:
            raise UsageError("`multicycle.hold` needs images with attributes: between two spaces leave it out.")
        return F.l1_loss(seen.staying().translated, seen.start)
