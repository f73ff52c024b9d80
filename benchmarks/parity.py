"""Ours against the reference projects, whose code you bring: outputs, losses and gradients on the same random weights.

python benchmarks/parity.py --stargan PATH --cyclegan PATH

PATH is a checkout of yunjey/stargan, or of junyanz/pytorch-CycleGAN-and-pix2pix, from which the networks' definitions are run.
Their losses stand in the middle of their training loops, so they are stated here again, on their networks. Fails where a
difference is more than 1e-4 of the largest value.

Outputs are compared in float32. Objectives are compared in float64, for in float32 a rounding may turn a ReLU or an absolute
value around, and with it a gradient; StarGAN's discriminator in float32, as its penalty always is, on one generator's images.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor, nn

from viceversa.attributes import Binary
from viceversa.domains import Domain, Example, ImageSpec, Space
from viceversa.draws import Draws, seeded
from viceversa.importing import Project, placed, recognize
from viceversa.method import Method
from viceversa.methods import cyclegan, stargan
from viceversa.plans import Batch
from viceversa.schedules import Progress

ALLOWED = 1e-4
BATCH = 2
Places = Mapping[str, nn.Module]
"""Reference networks by the prefix of our weights' names."""


@dataclass(frozen=True)
class Parity:
    """Compares networks, losses and gradients with those of the reference projects."""

    stargan: Annotated[Path | None, tyro.conf.arg(metavar="PATH")] = None
    """a checkout of yunjey/stargan"""
    cyclegan: Annotated[Path | None, tyro.conf.arg(metavar="PATH")] = None
    """a checkout of junyanz/pytorch-CycleGAN-and-pix2pix"""
    size: int = 128
    """of the images, in pixels: a power of 2"""
    width: int = 64
    """channels of the networks' first layers"""


@dataclass(frozen=True)
class Row:
    """What was compared, the largest difference, and the largest value of the reference."""

    what: str
    difference: float
    largest: float

    @property
    def agrees(self) -> bool:
        return self.difference <= ALLOWED * self.largest


def main() -> None:
    """Prints the table; exits with 1 where something differs."""
    asked = tyro.cli(Parity, description=__doc__)
    if asked.stargan is None and asked.cyclegan is None:
        sys.exit("name a checkout with --stargan or --cyclegan")
    print(f"{'':<34}{'difference':>12}{'largest':>12}{'relative':>12}")
    agreed = True
    for row in rows(asked):
        print(f"{row.what:<34}{row.difference:>12.1e}{row.largest:>12.1e}{row.difference / row.largest:>12.1e}", flush=True)
        agreed &= row.agrees
    sys.exit(not agreed)


def rows(asked: Parity) -> Iterator[Row]:
    """The comparisons with each checkout."""
    if asked.stargan:
        yield from stargan_rows(module_at(asked.stargan / "model.py"), asked.size, asked.width)
    if asked.cyclegan:
        yield from cyclegan_rows(module_at(asked.cyclegan / "models" / "networks.py"), asked.size, asked.width)


def module_at(path: Path) -> ModuleType:
    """The module in a file."""
    spec = importlib.util.spec_from_file_location(f"reference_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        sys.exit(f"there is no {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stargan_rows(reference: ModuleType, size: int, width: int) -> Iterator[Row]:
    """Five attributes with binary cross-entropy, as on CelebA; WGAN-GP, classification and reconstruction."""
    space = Space({"images": ImageSpec(3, size, size)}, tuple(map(Binary, "abcde")))
    layers = min(size.bit_length() - 2, 6)
    torch.manual_seed(0)
    theirs_g = scattered(reference.Generator(width, space.label_width, 6))
    theirs_d = scattered(reference.Discriminator(size, width, space.label_width, layers))
    method = stargan.build(space, stargan.StarGAN(width=width, critic_width=width))
    places: Places = {"generator.network.": theirs_g, "discriminator.network.": theirs_d}
    weights(method, places, "stargan")

    image, label = noise("image", size), space.draw(BATCH, seeded("label"))
    batch, draws = {"real": Example(image, Domain("images", label))}, Draws(0, 0)
    target = label[draws.order("target 0", label)]
    made = method.translator.network(image, target).detach()
    yield row("StarGAN generator", made, theirs_g(image, target))
    for what, ours, theirs in zip(
        ("scores", "logits"), method.networks["discriminator"].network(image), theirs_d(image), strict=True
    ):
        yield row(f"StarGAN discriminator, {what}", ours, theirs)

    def classes(logits: Tensor, wanted: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, wanted.to(logits), reduction="sum") / len(wanted)

    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    mixed = (share * image + (1 - share) * made).requires_grad_()
    (gradient,) = torch.autograd.grad(theirs_d(mixed)[0].sum(), mixed, create_graph=True)
    penalty = (gradient.flatten(1).square().sum(1).sqrt() - 1).square().mean()
    score, logits = theirs_d(image)
    critic = -score.mean() + theirs_d(made)[0].mean() + classes(logits, label) + 10 * penalty
    yield from objective_rows("StarGAN discriminator", method, "discriminator", (batch, draws), critic, places, "stargan")
    image, batch = image.double(), doubled(method, places, batch)
    fake = theirs_g(image, target)
    score, logits = theirs_d(fake)
    generator = -score.mean() + classes(logits, target) + 10 * (image - theirs_g(fake, label)).abs().mean()
    yield from objective_rows("StarGAN generator", method, "generator", (batch, draws), generator, places, "stargan")


def cyclegan_rows(reference: ModuleType, size: int, width: int) -> Iterator[Row]:
    """Least squares, cycle and identity, in both ways."""
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    norm = partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
    torch.manual_seed(0)
    g_a, g_b = (scattered(reference.ResnetGenerator(3, 3, width, norm_layer=norm, n_blocks=9)) for _ in range(2))
    d_a, d_b = (scattered(reference.NLayerDiscriminator(3, width, 3, norm_layer=norm)) for _ in range(2))
    method = cyclegan.build(space, cyclegan.CycleGAN(width=width, critic_width=width))
    into = "generators.generators.", "discriminators.discriminators."
    places: Places = {f"{into[0]}b.": g_a, f"{into[0]}a.": g_b, f"{into[1]}b.": d_a, f"{into[1]}a.": d_b}
    weights(method, places, "cyclegan")

    a, b = noise("a", size), noise("b", size)
    batch, draws = {"a": Example(a, Domain("a")), "b": Example(b, Domain("b"))}, Draws(0, 0)
    fake_b, fake_a = g_a(a), g_b(b)
    yield row("CycleGAN G_A", method.translate(a, Domain("a"), Domain("b")), fake_b)
    yield row("CycleGAN G_B", method.translate(b, Domain("b"), Domain("a")), fake_a)
    yield row("CycleGAN D_A", method.networks["discriminators"](b, Domain("b")).score, d_a(b))

    a, b, batch = a.double(), b.double(), doubled(method, places, batch)
    fake_b, fake_a = g_a(a), g_b(b)
    gan = reference.GANLoss("lsgan")
    cycle = F.l1_loss(g_b(fake_b), a) + F.l1_loss(g_a(fake_a), b)
    identity = F.l1_loss(g_a(b), b) + F.l1_loss(g_b(a), a)
    generators = gan(d_a(fake_b), True) + gan(d_b(fake_a), True) + 10 * cycle + 5 * identity
    yield from objective_rows("CycleGAN generators", method, "generators", (batch, draws), generators, places, "cyclegan")
    judged = [(d_a, b, fake_b), (d_b, a, fake_a)]
    critics = sum((gan(critic(real), True) + gan(critic(fake.detach()), False)) / 2 for critic, real, fake in judged)
    yield from objective_rows("CycleGAN discriminators", method, "discriminators", (batch, draws), critics, places, "cyclegan")


def scattered(network: nn.Module) -> nn.Module:
    """The network with every weight moved a little, also those that begin at 0 or 1, so that none can be mistaken."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    return network.train()


def noise(name: str, size: int) -> Tensor:
    """Images of uniform noise in [-1, 1]."""
    return torch.rand(BATCH, 3, size, size, generator=seeded(name)) * 2 - 1


def weights(method: Method, places: Places, project: Project) -> None:
    """Gives the method the reference networks' weights, by the way that files are imported."""
    own = method.networks.state_dict()
    for prefix, network in places.items():
        theirs = placed(recognize(prefix, network.state_dict(), project), prefix, own)
        method.networks.load_state_dict(theirs, strict=False)


def doubled(method: Method, places: Places, batch: Batch) -> Batch:
    """The images in float64; all networks too, in place."""
    for network in (method.networks, method.translator, *places.values()):
        network.double()
    return {name: Example(example.image.double(), example.domain) for name, example in batch.items()}


def objective_rows(
    what: str, method: Method, phase_name: str, step: tuple[Batch, Draws], theirs: Tensor, places: Places, project: Project
) -> Iterator[Row]:
    """The loss of one phase, and the gradients of what it learns."""
    phase = next(phase for phase in method.phases if phase.name == phase_name)
    for name, network in method.networks.items():
        network.requires_grad_(name in phase.learns)
    subjects = [subject.begin(phase_name.startswith("generator")) for subject in phase.plan(*step)]
    ours = torch.stack([loss for subject in subjects for loss in phase.objective(subject, Progress(0, 1, 0, 1)).values()]).sum()
    yield row(f"{what}, loss", ours, theirs)
    ours.backward()
    for network in places.values():
        network.zero_grad()
    theirs.backward(retain_graph=True)
    own = {name: weight.grad for name, weight in method.networks.named_parameters() if weight.grad is not None}
    expected: dict[str, Any] = {}
    for prefix, network in places.items():
        if prefix.split(".")[0] in phase.learns:
            gradients = {name: weight.grad for name, weight in network.named_parameters()}
            expected |= placed(recognize(prefix, gradients, project), prefix, own)
    assert own.keys() == expected.keys()
    yield row(f"{what}, gradients", *(torch.cat([part[name].flatten() for name in own]) for part in (own, expected)))
    method.networks.zero_grad()


def row(what: str, ours: Tensor, theirs: Tensor) -> Row:
    return Row(what, (ours - theirs).abs().max().item(), theirs.abs().max().item())


if __name__ == "__main__":
    main()
