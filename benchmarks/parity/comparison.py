"""How ours and a reference are compared: on the same random weights, outputs, losses and gradients."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import seeded
from viceversa.core.method import Method
from viceversa.core.plans import Batch
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space

ALLOWED = 1e-4
BEGIN = Progress(0, 1)
BATCH = 2
Twins = Sequence[tuple[nn.Module, nn.Module]]
"""A network of ours and the reference's, whose weights are the same, one after the other in the same order."""


@dataclass(frozen=True)
class Row:
    """What was compared, the largest difference, and the largest value of the reference."""

    what: str
    difference: float
    largest: float

    @property
    def agrees(self) -> bool:
        return self.difference <= ALLOWED * self.largest


def row(what: str, ours: Tensor, theirs: Tensor) -> Row:
    return Row(what, (ours - theirs).abs().max().item(), theirs.abs().max().item())


def module_at(path: Path) -> ModuleType:
    """The module in a file."""
    spec = importlib.util.spec_from_file_location(f"reference_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.exit(f"there is no {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def scattered(network: nn.Module) -> nn.Module:
    """The network with every weight moved a little, also those that begin at 0 or 1, so that none can be mistaken."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    return network.train()


def noise(name: str, size: int, channels: int = 3) -> Tensor:
    """Images of uniform noise in [-1, 1]."""
    return torch.rand(BATCH, channels, size, size, generator=seeded(name)) * 2 - 1


def in_order(ours: nn.Module, theirs: nn.Module) -> None:
    """Gives ours the reference's weights, which stand in the same order. Fails where shapes differ."""
    with torch.no_grad():
        for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            own.copy_(other.reshape(own.shape))


def doubled(method: Method, theirs: Sequence[nn.Module], batch: Batch) -> Batch:
    """The images in float64; all networks too, in place."""
    for network in (method.networks, method.translator, *theirs):
        network.double()
    return {
        name: Example(example.image.double(), Domain(example.domain.space, example.domain.label), example.batch_labels)
        for name, example in batch.items()
    }


def phase_loss(method: Method, phase_name: str, batch: Batch, draws: object, progress: Progress = BEGIN) -> Tensor:
    """The sum of a phase's losses, with a graph to what it learns."""
    phase = next(phase for phase in method.phases if phase.name == phase_name)
    for name, network in method.networks.items():
        network.requires_grad_(name in phase.learns)
    graph = any(weight.requires_grad for weight in method.translator.parameters())
    subjects = [subject.begin(graph) for subject in phase.plan(batch, draws)]  # type: ignore[arg-type]
    return torch.stack([loss for subject in subjects for loss in phase.objective(subject, progress).values()]).sum()


def loss_rows(what: str, ours: Tensor, theirs: Tensor, twins: Twins) -> Iterator[Row]:
    """The loss of one phase, and the gradients in the twins, which are all that the phase learns."""
    yield row(f"{what}, loss", ours, theirs)
    pairs = [pair for own, other in twins for pair in zip(own.parameters(), other.parameters(), strict=True)]
    mine = torch.autograd.grad(ours, [pair[0] for pair in pairs])
    other = torch.autograd.grad(theirs, [pair[1] for pair in pairs], retain_graph=True)
    yield row(f"{what}, gradients", *(torch.cat([part.flatten() for part in each]) for each in (mine, other)))


def classes(logits: Tensor, wanted: Tensor) -> Tensor:
    """Binary cross-entropy, summed over attributes, averaged over images."""
    return F.binary_cross_entropy_with_logits(logits, wanted.to(logits), reduction="sum") / len(wanted)


def penalty_of(critic: nn.Module, mixed: Tensor) -> Tensor:
    """WGAN-GP's at these images, by the sum over a map of scores; in float32, as ours always is."""
    (gradient,) = torch.autograd.grad(critic(mixed)[0].sum(), mixed, create_graph=True)
    return (gradient.flatten(1).square().sum(1).sqrt() - 1).square().mean()


@dataclass(frozen=True)
class StarGANs:
    """The two networks of a checkout that has StarGAN's, for five attributes, and labeled images for them."""

    space: Space
    generator: nn.Module
    discriminator: nn.Module
    batch: Batch
    image: Tensor
    label: Tensor


def stargans(reference: Path, size: int, width: int) -> StarGANs:
    """As model.py of the checkout defines them."""
    project = module_at(reference / "model.py")
    space = Space({"images": ImageSpec(3, size, size)}, tuple(map(Binary, "abcde")))
    torch.manual_seed(0)
    generator = scattered(project.Generator(width, space.label_width, 6))
    discriminator = scattered(project.Discriminator(size, width, space.label_width, min(size.bit_length() - 2, 6)))
    image, label = noise("image", size), space.draw(BATCH, seeded("label"))
    return StarGANs(space, generator, discriminator, {"real": Example(image, Domain("images", label))}, image, label)
