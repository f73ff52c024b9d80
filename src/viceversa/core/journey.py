"""Journeys: real images that are translated along a chain of domains. Every loss is written on a journey.

A generator translates an image from one domain to the next, a discriminator judges the images, and distances compare images that
should be equal. A cycle is the journey (a, b, a), identity is (a, a), and the multicyclic loss is a longer journey. The evaluation
after k translations is the same journey without gradients.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self, cast

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws


@dataclass(frozen=True, eq=False)
class Judgment:
    """Output of a discriminator: raw scores (N, ...), class logits (N, K) and features; the last two where it has them."""

    score: Tensor
    logits: Tensor | None = None
    features: tuple[Tensor, ...] = ()


class Translator(Protocol):
    """Interface of every generator: images (N, C, H, W) in [-1, 1] of `source` become images of `target`."""

    def __call__(self, image: Tensor, source: Domain, target: Domain) -> Tensor: ...


class Critic(Protocol):
    """Interface of every discriminator: it judges images (N, C, H, W) that are supposed to be of `domain`."""

    def __call__(self, image: Tensor, domain: Domain) -> Judgment: ...


def walk(translate: Translator, image: Tensor, domains: Sequence[Domain]) -> list[Tensor]:
    """Return the image in each of the domains: x_k = T(x_{k-1}, d_{k-1} -> d_k). `domains[0]` is the domain of `image`."""
    images, here = [image], domains[0]
    for target in domains[1:]:
        there = entered(images[-1], target)
        images.append(translate(images[-1], here, there))
        here = there
    return images


def entered(image: Tensor, domain: Domain) -> Domain:
    """Return the domain with its style computed from the image that is about to be translated to it."""
    return replace(domain, style=domain.style(image)) if callable(domain.style) else domain


class _Cut:
    """Stop of a path at which the gradient ends; the image is unchanged."""


CUT = _Cut()
Stop = Domain | _Cut
Path = tuple[Example | Stop, ...]  # an example, then the stops after it


@dataclass(eq=False)
class _Record:
    """Images and judgments of a journey, each computed once. Pixels are kept for the step, graphs and judgments until the next
    `begin`."""

    translate: Translator
    discriminate: Critic
    pixels: dict[Path, Tensor] = field(default_factory=dict)
    graph: bool = False
    recompute: bool = False
    images: dict[Path, Tensor] = field(default_factory=dict)
    domains: dict[tuple[Path, bool], Domain] = field(default_factory=dict)
    judgments: dict[Path, Judgment] = field(default_factory=dict)

    def begin(self, graph: bool) -> _Record:
        return _Record(self.translate, self.discriminate, self.pixels, graph)

    def image(self, path: Path, graph: bool) -> Tensor:
        """Return the image at the end of the path, computing it if needed."""
        last = path[-1]
        if isinstance(last, Example):
            return last.image
        if isinstance(last, _Cut):
            return self.image(path[:-1], graph=False)
        kept = self.images if graph and self.graph else self.pixels
        if path not in kept:
            with torch.set_grad_enabled(graph and self.graph):
                departing = self.image(path[:-1], graph)
                kept[path] = self.leg(departing, self.domain(path[:-1], graph), self.domain(path, graph))
            self.pixels[path] = kept[path].detach()
        return kept[path]

    def leg(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        """Return one translation. With `recompute`, its activations are not kept but computed again for the gradient."""
        if not self.recompute or not torch.is_grad_enabled():
            return self.translate(image, source, target)
        return checkpoint(self.translate, image, source, target, use_reentrant=False)  # type: ignore[no-any-return]

    def domain(self, path: Path, graph: bool) -> Domain:
        """Return the domain of the path's last image, with its style computed."""
        last = path[-1]
        if isinstance(last, Example):
            return last.domain
        if isinstance(last, _Cut):
            return self.domain(path[:-1], graph)
        if not callable(last.style):
            return last
        key = (path, graph and self.graph)
        if key not in self.domains:
            with torch.set_grad_enabled(graph and self.graph):
                self.domains[key] = entered(self.image(path[:-1], graph), last)
        return self.domains[key]

    def judge(self, path: Path) -> Judgment:
        if path not in self.judgments:
            self.judgments[path] = self.discriminate(self.image(path, True), self.domain(path, True))
        return self.judgments[path]


class Journey:
    """Translations of real images along a route of target domains, and what losses need of them.

    Losses are written on `start` in `departure`, `translated` in `target`, and `reconstructed` in `source`, next to the real
    `image`. `onward`, `staying` and `from_example` return views: the same translations seen from other starting points.

    Args:
        real: the images and their domain.
        route: function from i to the i-th target domain, called when it is first needed.
        translate: the generator.
        discriminate: the discriminator.
        draws: random numbers of the step.
        examples: real images for the discriminator; by default `real`.
    """

    def __init__(
        self,
        real: Example,
        route: Callable[[int], Domain],
        *,
        translate: Translator,
        discriminate: Critic,
        draws: Draws,
        examples: Sequence[Example] = (),
    ) -> None:
        self.translate, self.discriminate, self.draws = translate, discriminate, draws
        self.examples = tuple(examples) or (real,)
        self._real, self._route, self._targets = real, route, dict[int, Domain]()
        self._record = _Record(translate, discriminate)
        self._start, self._path = real, cast(Path, (real,))
        self._depth, self._stays = 0, False

    def begin(self, graph: bool) -> Self:
        """Return the journey for one phase: pixels are kept, graphs and judgments are computed anew. graph: whether translations
        have a graph, so that gradients reach the translator; otherwise only pixels are computed."""
        return self._seen(_record=self._record.begin(graph))

    @property
    def image(self) -> Tensor:
        """The real images x: (N, C, H, W) in [-1, 1]."""
        return self._real.image

    @property
    def source(self) -> Domain:
        """Domain of the real images."""
        return self._real.domain

    @property
    def target(self) -> Domain:
        """Target domain of this view's translation. A style that is a function is not yet computed (see `entered`)."""
        if self._stays:
            return next(stop for stop in reversed((self._start.domain, *self._path[1:])) if isinstance(stop, Domain))
        return self._onto(self._depth)

    @property
    def start(self) -> Tensor:
        """The image at this view's departure: X_{i-1} along a chain, x at its start."""
        return self.visit()

    @property
    def departure(self) -> Domain:
        """Domain of `start`, with its style computed."""
        return self.entered()

    @property
    def translated(self) -> Tensor:
        """T(start, departure -> target)."""
        return self.visit(self.target)

    @property
    def reconstructed(self) -> Tensor:
        """T(translated, target -> source), to compare with `image`."""
        return self.visit(self.target, self.source)

    def visit(self, *stops: Domain, graph: bool = True) -> Tensor:
        """Return the image after the stops, counted from this view's departure. Each translation is computed once. graph: whether
        the image has a graph; False returns pixels only."""
        return self._record.image((*self._path, *stops), graph)

    def entered(self, *stops: Domain) -> Domain:
        """Return the domain of the last stop, with its style computed from the image that is translated to it. That translation is
        not made."""
        return self._record.domain((*self._path, *stops), True)

    def judge(self, *stops: Domain) -> Judgment:
        """Return the discriminator's judgment of the image after the stops, in the domain of the last stop; without stops, of
        `start`."""
        return self._record.judge((*self._path, *stops))

    def judge_example(self, number: int = 0) -> Judgment:
        """Return the discriminator's judgment of real images in their own domain."""
        return self._record.judge((self.examples[number],))

    def onward(self, depth: int = 1, *, cut: bool = False) -> Self:
        """Return the view that departs after `depth` more translations along the route.

        Args:
            depth: number of further translations.
            cut: whether gradients end after every further translation; the images before the last one are then made without a
                graph.
        """
        stops = [self._onto(self._depth + number) for number in range(depth)]
        links: list[Stop] = [link for stop in stops for link in ((stop, CUT) if cut else (stop,))]
        return self._seen(_path=(*self._path, *links), _depth=self._depth + depth)

    def staying(self) -> Self:
        """Return the view whose target is its departure: same-domain translation."""
        return self._seen(_stays=True)

    def recomputing(self) -> Self:
        """Return the same view without kept activations: they are computed again for the gradient, which takes less memory and
        more time."""
        return self._seen(_record=replace(self._record, recompute=True))

    def from_example(self, number: int = 0) -> Self:
        """Return the view that departs from another real image, which becomes its `image`, on the same route."""
        example = self.examples[number]
        return self._seen(_real=example, _start=example, _path=(example,), _depth=0)

    def resumed(self, real: Example, start: Example, depth: int) -> Self:
        """Return a view on the same route that continues from a stored image.

        Where the route returns to the source of this journey, it returns to the domain of `real`.

        Args:
            real: real images of the view.
            start: stored translations of them, from which the view departs.
            depth: number of translations that made them.
        """
        route, home = self._route, self.source

        def rerouted(number: int) -> Domain:
            target = route(number)
            return real.domain if target is home else target

        return self._seen(_real=real, _start=start, _path=(start,), _depth=depth, _route=rerouted, _targets={})

    def _onto(self, number: int) -> Domain:
        if number not in self._targets:
            self._targets[number] = self._route(number)
        return self._targets[number]

    def _seen(self, **changes: object) -> Self:
        view = copy.copy(self)
        view.__dict__.update(changes)
        return view
