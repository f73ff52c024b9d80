"""One picture at one size: its target, the images that its losses see, and its optimization."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from viceversa.core.objective import Objective
from viceversa.core.schedules import Progress
from viceversa.errors import UsageError
from viceversa.losses.style import Content, Style, gram
from viceversa.losses.variation import mean_variation, total_variation
from viceversa.networks.perception import IMAGENET, Color, Perception, planes_of
from viceversa.style.presets import Preset

Losses = Mapping[str, float]
Watch = Callable[[Losses, Callable[[], Tensor]], None]
"""Function that receives the weighted losses after each evaluation, and a function that returns the current picture (1, 3, H, W)
in [0, 1]."""


@dataclass(frozen=True, eq=False)
class PaintingTask:
    """Target of a painting.

    Args:
        perception: network that compares images.
        preset: weights, distances and optimizer.
        content: the content image (1, 3, H, W) in [0, 1].
        painters: the style images (1, 3, H, W) in [0, 1], each with its weight.
        mask: (1, 1, H, W), 0 where the content image stays.
    """

    perception: Perception
    preset: Preset
    content: Tensor
    painters: Sequence[tuple[float, Tensor]]
    mask: Tensor | None = None

    @cached_property
    @torch.no_grad()
    def features(self) -> Mapping[str, Tensor]:
        """Features of the content image, at the content's layer."""
        return self.perception(self.content, (self.perception.content,))

    @cached_property
    @torch.no_grad()
    def styles(self) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        """Weight of each style, and its Gram matrices divided by M."""
        seen = [(weight, self.perception(image, self.perception.style)) for weight, image in self.painters]
        return [(weight, {name: gram(each) for name, each in features.items()}) for weight, features in seen]

    def composed(self, picture: Tensor) -> Tensor:
        """Return the picture, with the content image where the mask says so."""
        return picture if self.mask is None else self.content + self.mask * (picture - self.content)


@dataclass(frozen=True, eq=False)
class Painting:
    """Subject of the losses: the optimized pixels in their units, and the picture that they represent."""

    task: PaintingTask
    pixels: Tensor
    units: tuple[Color, Color]

    @cached_property
    def picture(self) -> Tensor:
        """The picture (1, 3, H, W), approximately in [0, 1]."""
        mean, scale = (planes_of(color, self.pixels) for color in self.units)
        return self.task.composed(self.pixels / scale + mean)

    @cached_property
    def features(self) -> Mapping[str, Tensor]:
        perception = self.task.perception
        return perception(self.picture, (perception.content, *perception.style))

    @property
    def content(self) -> Mapping[str, Tensor]:
        return self.task.features

    @property
    def styles(self) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        return self.task.styles


def painted_smoothness(painting: Painting) -> Tensor:
    """Return the total variation: of the pixels in the units in which they are optimized, or of the picture, divided by its
    pixels."""
    return mean_variation(painting.picture) if painting.task.preset.per_pixel else total_variation(painting.pixels)


def objective_of(perception: Perception, preset: Preset) -> Objective:
    """Return the three losses as an Objective."""
    weights = (*preset.layers, *preset.layers[-1:] * len(perception.style))
    layers = dict(zip(perception.style, weights, strict=False))
    return Objective(
        content=(preset.content, Content(perception.content, preset.content_distance)),
        style=(preset.style, Style(layers, preset.style_distance)),
        variation=(preset.variation, painted_smoothness),
    )


def units_of(perception: Perception, preset: Preset) -> tuple[Color, Color]:
    """Return (mean, scale): the optimized pixels are (picture - mean) scale."""
    return IMAGENET if preset.in_deviations else (perception.mean, perception.scale)


def optimized(task: PaintingTask, picture: Tensor, evaluations: int, watch: Watch) -> Tensor:
    """Return the picture after the given number of evaluations of the losses and their gradient: (1, 3, H, W) in [0, 1].

    Args:
        task: target of the painting.
        picture: the start (1, 3, H, W) in [0, 1].
        evaluations: number of evaluations.
        watch: function called after each evaluation.

    Raises:
        UsageError: If a loss is not a finite number.
    """
    units = units_of(task.perception, task.preset)
    mean, scale = (planes_of(color, picture) for color in units)
    pixels = ((picture - mean) * scale).contiguous().requires_grad_()
    search = _Search(task, pixels, units, objective_of(task.perception, task.preset), watch)
    (_by_lbfgs if task.preset.optimizer == "lbfgs" else _by_adam)(search, evaluations)
    return search.now()


@dataclass(eq=False)
class _Search:
    task: PaintingTask
    pixels: Tensor
    units: tuple[Color, Color]
    objective: Objective
    watch: Watch
    done: int = field(default=0)

    def evaluate(self) -> Tensor:
        """Return the loss; its gradient is stored in the pixels."""
        losses = self.objective(Painting(self.task, self.pixels, self.units), Progress(0, 1))
        total = torch.stack(list(losses.values())).sum()
        if not total.isfinite():
            raise UsageError(f"the loss is {total.item()} after {self.done} evaluations: take smaller weights, or another preset.")
        self.pixels.grad = torch.autograd.grad(total, self.pixels)[0].contiguous()  # as L-BFGS needs it
        self.done += 1
        self.watch({name: loss.item() for name, loss in losses.items()}, self.now)
        return total

    @torch.no_grad()
    def now(self) -> Tensor:
        return Painting(self.task, self.pixels, self.units).picture.clamp(0, 1)


def _by_lbfgs(search: _Search, evaluations: int) -> None:
    """Optimize with torch's L-BFGS as the author's code does: steps of length 1, without a line search."""
    optimizer = torch.optim.LBFGS([search.pixels], max_iter=20, tolerance_change=0, tolerance_grad=0)
    while search.done < evaluations:
        optimizer.param_groups[0]["max_iter"] = min(20, evaluations - search.done)
        optimizer.step(search.evaluate)  # type: ignore[no-untyped-call]


def _by_adam(search: _Search, evaluations: int) -> None:
    """Optimize with Adam, as the course does: learning rate 3, and 0.1 for the last tenth; pixels are clamped to 1.5 for the first
    95 %."""
    optimizer = torch.optim.Adam([search.pixels], lr=3.0)
    for number in range(evaluations):
        if number < 0.95 * evaluations:
            search.pixels.data.clamp_(-1.5, 1.5)
        if number == int(0.9 * evaluations):
            optimizer.param_groups[0]["lr"] = 0.1
        search.evaluate()
        optimizer.step()
