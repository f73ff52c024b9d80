"""Every method on tiny networks, with the forwards that a step may make: what all contract tests run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from contracts import toys
from viceversa.attributes import Binary, OneOf
from viceversa.domains import Domain, Example, ImageSpec, Space
from viceversa.draws import seeded
from viceversa.losses.multicycle import multicyclic
from viceversa.method import Method
from viceversa.methods import cyclegan, stargan

PHOTOS = Space({"photos": ImageSpec(3, 8, 8)}, (OneOf("hair", ("black", "blond", "brown")), Binary("glasses")))
DOMAINS = Space({"photos": ImageSpec(3, 8, 8)}, (OneOf("kind", ("cat", "dog", "wild")),))
ALIKE = Space({"summer": ImageSpec(3, 16, 16), "winter": ImageSpec(3, 16, 16)})
UNALIKE = Space({"outlines": ImageSpec(1, 14, 14), "photos": ImageSpec(3, 16, 16)})
AUGMENTED = Space({"outlines": ImageSpec(1, 8, 8), "photos": ImageSpec(3, 8, 8)})

STARGAN = stargan.StarGAN(width=4, blocks=1, critic_width=4)
MASKED = stargan.StarGAN(generator="masked", width=4, blocks=1, critic_width=4, gan="hinge-r1", critic_steps=1)
CYCLEGAN = cyclegan.CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1, pool=3)


@dataclass(frozen=True)
class Case:
    """forwards: step -> generator forwards, in images for each image of the batch (counted by hand)."""

    name: str
    build: Callable[[Space], Method]
    space: Space
    forwards: dict[int, float]
    judged: dict[int, float]

    def method(self) -> Method:
        torch.manual_seed(0)
        return self.build(self.space)


def build_stargan(space: Space) -> Method:
    return stargan.build(space, STARGAN)


def build_masked(space: Space) -> Method:
    return stargan.build(space, MASKED)


def build_cyclegan(space: Space) -> Method:
    return cyclegan.build(space, CYCLEGAN)


# Discriminator forwards are counted likewise; a gradient penalty and R1 judge once more (hence the 3 of StarGAN's step).
CASES = [
    Case("stargan", build_stargan, PHOTOS, {0: 1, 4: 3}, {0: 3, 4: 4}),
    Case("multicyclic", lambda space: multicyclic(build_stargan(space)), PHOTOS, {0: 1, 4: 9}, {0: 3, 4: 7}),
    Case("multicyclic-limited", lambda space: multicyclic(build_stargan(space), losses=("cycle",)), PHOTOS, {0: 1, 4: 9}, {4: 4}),
    Case("multicyclic-cut", lambda space: multicyclic(build_stargan(space), cut=True), PHOTOS, {4: 9}, {4: 7}),
    Case(
        "triple",
        lambda space: stargan.build(space, STARGAN.model_copy(update={"triple": 10.0})),
        PHOTOS,
        {0: 1, 4: 5},
        {0: 3, 4: 4},
    ),
    Case(
        "further-fakes",  # X_0 .. X_3 without a graph, then the chain with one
        lambda space: multicyclic(stargan.build(space, STARGAN.model_copy(update={"further_fakes": 3}))),
        PHOTOS,
        {0: 4, 4: 12},
        {0: 6, 4: 10},
    ),
    Case("masked", build_masked, PHOTOS, {0: 3, 1: 3}, {0: 4, 1: 3}),
    Case("cyclegan", build_cyclegan, ALIKE, {0: 6}, {0: 6}),
    Case("cyclegan-unalike", build_cyclegan, UNALIKE, {0: 4}, {0: 6}),
    Case("multicyclic-cyclegan", lambda space: multicyclic(build_cyclegan(space)), ALIKE, {0: 10}, {0: 12}),
    Case("relgan", toys.relgan, PHOTOS, {0: 7}, {}),
    Case("multicyclic-relgan", lambda space: multicyclic(toys.relgan(space)), PHOTOS, {0: 13}, {}),
    Case("stargan2", toys.stargan2, DOMAINS, {0: 8}, {0: 8}),
    Case("multicyclic-stargan2", lambda space: multicyclic(toys.stargan2(space)), DOMAINS, {0: 20}, {0: 14}),
    Case("augmented-cyclegan", toys.augmented_cyclegan, AUGMENTED, {0: 6}, {}),
    Case("icgan", toys.icgan, PHOTOS, {0: 2, 2: 1}, {}),
]


def batch_for(method: Method, space: Space, size: int = 4, seed: int = 0) -> dict[str, Example]:
    """Random images and labels for all that the method's plans need; examples of StarGAN v2 share their label."""
    batch = {}
    for need in {need.name: need for phase in method.phases for need in phase.plan.needs}.values():
        kind = "reference" if need.name in ("first", "second") else need.name
        image = torch.rand(size, *space.images[need.space].shape, generator=seeded(seed, need.name)) * 2 - 1
        label = space.draw(size, seeded(seed, kind, "label")) if space.attributes else None
        batch[need.name] = Example(image, Domain(need.space, label))
    return batch


def count_rows(modules: list[nn.Module], run: Callable[[], object]) -> int:
    """How many images pass through the modules while `run` runs."""
    rows = 0

    def count(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> None:
        nonlocal rows
        rows += len(inputs[0])

    hooks = [module.register_forward_hook(count) for module in modules]
    run()
    for hook in hooks:
        hook.remove()
    return rows
