"""The journey: a walk of real images between domains, on which every loss is written.

A generator takes an image from one domain to the next; a discriminator judges the images visited; distances compare
images that ought to coincide. A cycle is the walk (a, b, a), identity is (a, a), the multicyclic loss is a longer walk,
and the evaluation per number of cycles is the same walk without gradients.
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
    """What a discriminator says of images: raw scores (N, ...), class logits (N, K), and features, where it has them."""

    score: Tensor
    logits: Tensor | None = None
    features: tuple[Tensor, ...] = ()


class Translator(Protocol):
    """Any generator, adapted to one call: images (N, C, H, W) in [-1, 1] of `source` -> images of `target`."""

    def __call__(self, image: Tensor, source: Domain, target: Domain) -> Tensor: ...


class Critic(Protocol):
    """Any discriminator, adapted to one call: images (N, C, H, W) that claim to be of `domain` -> a judgment."""

    def __call__(self, image: Tensor, domain: Domain) -> Judgment: ...


def walk(translate: Translator, image: Tensor, domains: Sequence[Domain]) -> list[Tensor]:
    """x_k = T(x_{k-1}, d_{k-1} -> d_k): the image in each of the domains; `domains[0]` is where `image` is."""
    images, here = [image], domains[0]
    for target in domains[1:]:
        there = entered(images[-1], target)
        images.append(translate(images[-1], here, there))
        here = there
    return images


def entered(image: Tensor, domain: Domain) -> Domain:
    """The domain with its style read off the image that is about to depart for it."""
    return replace(domain, style=domain.style(image)) if callable(domain.style) else domain


class _Cut:
    """The stop at which the gradient ends; the image stays where it is."""


CUT = _Cut()
Stop = Domain | _Cut
Path = tuple[Example | Stop, ...]  # an example, then the stops after it


@dataclass(eq=False)
class _Record:
    """The legs of a journey, each made once. Pixels live for the step; graphs and judgments for one `begin`."""

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
        """The image at the end of the path, made where it is not at hand."""
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
        """One translation; if `recompute`, its activations are computed again for the gradient instead of kept."""
        if not self.recompute or not torch.is_grad_enabled():
            return self.translate(image, source, target)
        return checkpoint(self.translate, image, source, target, use_reentrant=False)  # type: ignore[no-any-return]

    def domain(self, path: Path, graph: bool) -> Domain:
        """Where that image is, its style read."""
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
    """Real images on their way from their own domain along a route of targets.

    real: the images and where they are. route: i -> the i-th target domain, drawn when first asked for.
    examples: real images that the discriminator is shown; without them, `real` itself.

    Losses are written on `start` in `departure`, `translated` in `target`, and `reconstructed` in `source`, beside the
    real `image`. `onward`, `staying` and `from_example` give views: the same legs seen from other end points.
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
        """The journey for one phase: pixels at hand are kept, graphs and judgments are made anew. With `graph`, legs are
        made with a graph, so that gradients reach the translator; without, pixels are used."""
        return self._seen(_record=self._record.begin(graph))

    @property
    def image(self) -> Tensor:
        """x, the real images: (N, C, H, W) in [-1, 1]."""
        return self._real.image

    @property
    def source(self) -> Domain:
        """Where the real images are."""
        return self._real.domain

    @property
    def target(self) -> Domain:
        """Where this view's translation goes; a style that is a function is not yet read (see `entered`)."""
        if self._stays:
            return next(stop for stop in reversed((self._start.domain, *self._path[1:])) if isinstance(stop, Domain))
        return self._onto(self._depth)

    @property
    def start(self) -> Tensor:
        """The image at this view's departure: X_{i-1} along a chain, x at its beginning."""
        return self.visit()

    @property
    def departure(self) -> Domain:
        """Where `start` is, its style read."""
        return self.entered()

    @property
    def translated(self) -> Tensor:
        """T(start, departure -> target)."""
        return self.visit(self.target)

    @property
    def reconstructed(self) -> Tensor:
        """T(translated, target -> source), to be compared with `image`."""
        return self.visit(self.target, self.source)

    def visit(self, *stops: Domain, graph: bool = True) -> Tensor:
        """The image after the stops, counted from this view's departure. Each leg is made once. graph=False: pixels only."""
        return self._record.image((*self._path, *stops), graph)

    def entered(self, *stops: Domain) -> Domain:
        """The domain of the last stop with its style read off the departing image; the last leg itself is not made."""
        return self._record.domain((*self._path, *stops), True)

    def judge(self, *stops: Domain) -> Judgment:
        """The discriminator on the image after the stops, in the domain it entered; without stops, on `start`."""
        return self._record.judge((*self._path, *stops))

    def judge_example(self, number: int = 0) -> Judgment:
        """The discriminator on real images in their own domain."""
        return self._record.judge((self.examples[number],))

    def onward(self, depth: int = 1, *, cut: bool = False) -> Self:
        """The view that departs after `depth` more translations along the route. cut: gradients end at every link, and the images
        before the last one are made without a graph."""
        stops = [self._onto(self._depth + number) for number in range(depth)]
        links: list[Stop] = [link for stop in stops for link in ((stop, CUT) if cut else (stop,))]
        return self._seen(_path=(*self._path, *links), _depth=self._depth + depth)

    def staying(self) -> Self:
        """The view whose target is where it departs: same-domain translation."""
        return self._seen(_stays=True)

    def recomputing(self) -> Self:
        """The same view. Translations that it makes keep no activations: they are computed again for the gradient."""
        return self._seen(_record=replace(self._record, recompute=True))

    def from_example(self, number: int = 0) -> Self:
        """The view that departs from another real image, which is then its `image`, on the same route."""
        example = self.examples[number]
        return self._seen(_real=example, _start=example, _path=(example,), _depth=0)

    def resumed(self, real: Example, start: Example, depth: int) -> Self:
        """The view of another journey on the same route: of `real`, departing from `start`, after `depth` translations.

        Where the route comes home, it comes to the domain of `real`.
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
