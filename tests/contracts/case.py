"""A method on tiny networks, with the forwards that a step may make: what all contract tests run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import seeded
from viceversa.core.method import Method
from viceversa.core.plans import Need
from viceversa.core.space import ImageSpec, Space
from viceversa.networks.adapters import PerSpace, PerTarget
from viceversa.networks.discogan import Feeling

PHOTOS = Space({"photos": ImageSpec(3, 8, 8)}, (OneOf("hair", ("black", "blond", "brown")), Binary("glasses")))
DOMAINS = Space({"photos": ImageSpec(3, 8, 8)}, (OneOf("kind", ("cat", "dog", "wild")),))
SETS = Space(
    {"drawings": ImageSpec(3, 8, 8), "photos": ImageSpec(3, 8, 8)},
    (OneOf("hair", ("black", "blond", "brown")), Binary("glasses"), OneOf("mood", ("calm", "glad"))),
    {"drawings": ("mood",), "photos": ("hair", "glasses")},
)
ALIKE = Space({"summer": ImageSpec(3, 16, 16), "winter": ImageSpec(3, 16, 16)})
UNALIKE = Space({"outlines": ImageSpec(1, 14, 14), "photos": ImageSpec(3, 16, 16)})
LINES = Space({"lines": ImageSpec(1, 16, 16), "photos": ImageSpec(3, 16, 16)})


def translators(method: Method) -> list[nn.Module]:
    """The networks whose every forward is a translation: those behind the adapter of spaces, or the translator itself."""
    translator = method.translator
    return list(translator.generators.values()) if isinstance(translator, PerTarget) else [translator]


def critics(method: Method) -> list[nn.Module]:
    """The discriminators, one for each space or one for all."""
    critic = method.networks["discriminators" if "discriminators" in method.networks else "discriminator"]
    return list(critic.discriminators.values()) if isinstance(critic, PerSpace | Feeling) else [critic]


@dataclass(frozen=True)
class Case:
    """forwards: step -> generator forwards, in images for each image of the batch (counted by hand); judged: likewise of the
    discriminators. generators, discriminators: the networks whose forwards are counted. whole_batch: a layer takes statistics
    over the batch, so that one image is no batch, and two processes are not one."""

    name: str
    build: Callable[[Space], Method]
    space: Space
    forwards: dict[int, float]
    judged: dict[int, float] = field(default_factory=dict)
    generators: Callable[[Method], list[nn.Module]] = translators
    discriminators: Callable[[Method], list[nn.Module]] = critics
    whole_batch: bool = False

    def method(self) -> Method:
        torch.manual_seed(0)
        return self.build(self.space)


def batch_for(method: Method, space: Space, size: int = 4, seed: int = 0) -> dict[str, Example]:
    """Random images and labels for all that the method's plans need, alike where they must be."""
    needs = {need.name: need for phase in method.phases for need in phase.plan.needs}
    return {name: _example(need, space, size, seed) for name, need in needs.items()}


def _example(need: Need, space: Space, size: int, seed: int) -> Example:
    image = torch.rand(size, *space.images[need.space].shape, generator=seeded(seed, need.name)) * 2 - 1
    if not space.attributes:
        return Example(image, Domain(need.space))
    label = space.draw(size, seeded(seed, need.alike or need.name, "label"))
    parts = (values * space.knows(need.space, attribute) for attribute, values in space.columns(label))
    return Example(image, Domain(need.space, torch.cat(list(parts), 1)))


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
