"""RelGAN beside elvisyjlin/RelGAN-PyTorch, a co-author's port: matching, interpolation, and changes of five attributes.

Where ours follows the paper or the authors' own code and the port does not, the port is given the same: variances without
Bessel's correction, an interpolation head of 64 channels that is not averaged over places, interpolation losses of weight 10, and
changes as target - source. Its loss of orthogonality and its constant terms, without a gradient, are left out. Its networks have 64
channels in their first layers, and 6 layers in the discriminator: from 128 px.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, Twins, doubled, in_order, loss_rows, noise, phase_loss, row, scattered
from viceversa.core.attributes import Binary
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws, seeded
from viceversa.core.method import Method
from viceversa.core.plans import Batch
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import relgan

POPULATION = {".var(-1, keepdim=True)": ".var(-1, correction=0, keepdim=True)"}
IMPORTABLE = {"(async=": "(non_blocking=", "from switchable_norm import SwitchNorm2d": "", "from torchsummary import summary": ""}


class Port(NamedTuple):
    """The port's networks, and ours with the same weights."""

    generator: nn.Module
    critic: nn.Module
    method: Method

    @property
    def twins(self) -> Twins:
        ours = self.method.networks["discriminator"]
        theirs = self.critic
        heads = [(ours.adversarial, theirs.conv_adv), (ours.matching, theirs.convs_cls), (ours.interpolated, theirs.conv_int)]
        return [(ours.trunk, theirs.convs), *heads]

    def match(self, before: Tensor, after: Tensor, change: Tensor) -> Tensor:
        return self.critic(before, after, change)[1]  # type: ignore[no-any-return]

    def strength(self, image: Tensor) -> Tensor:
        return self.critic.conv_int(self.critic.convs(image)).mean(1, keepdim=True)  # type: ignore[operator,union-attr]


class Triple(NamedTuple):
    """Three images, their labels, and the step's numbers."""

    images: tuple[Tensor, Tensor, Tensor]
    labels: tuple[Tensor, Tensor, Tensor]
    share: Tensor
    place: Tensor


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's two networks, and the objectives of its training step, stated again on them."""
    if width != 64 or size < 128:
        sys.exit("the port's networks are 64 channels wide and take images from 128 px on: --width 64 --size 128")
    space = Space({"images": ImageSpec(3, size, size)}, tuple(map(Binary, "abcde")))
    port = _port(reference, space)
    labels = {name: space.draw(len(noise(name, size)), seeded("label", name)) for name in "abc"}
    batch: Batch = {name: Example(noise(name, size), Domain("images", label)) for name, label in labels.items()}
    draws = Draws(0, 0)
    yield from _outputs(port, _triple(batch, draws))

    # the penalty is in float32, and so is all of the discriminator's loss
    ours = phase_loss(port.method, "discriminator", batch, draws)
    yield from loss_rows("discriminator", ours, _critic_loss(port, _triple(batch, draws)), port.twins)

    batch = doubled(port.method, [port.generator, port.critic], batch)
    ours = phase_loss(port.method, "generator", batch, draws)
    twins = [(port.method.translator.network, port.generator)]
    yield from loss_rows("generator", ours, _generator_loss(port, _triple(batch, draws)), twins)


def _port(reference: Path, space: Space) -> Port:
    norms = _loaded(reference / "switchable_norm.py", POPULATION)
    project = _loaded(reference / "nn.py", IMPORTABLE, SwitchNorm2d=norms.SwitchNorm2d)
    torch.manual_seed(0)
    with redirect_stdout(StringIO()):
        theirs_g, theirs_d = project.G(3, space.label_width), project.D(3, space.label_width)
    theirs_d.conv_int = nn.Conv2d(2048, 64, 1)
    port = Port(scattered(theirs_g), scattered(theirs_d), relgan.build(space))
    in_order(port.method.translator.network, theirs_g)
    for pair in port.twins:
        in_order(*pair)
    return port


def _loaded(path: Path, changes: Mapping[str, str], **names: object) -> ModuleType:
    """The module in a file, with changes to its text, and with names that it would import."""
    if not path.is_file():
        sys.exit(f"there is no {path}")
    text = path.read_text()
    for before, after in changes.items():
        if before not in text:
            sys.exit(f"{path} is another version: it has no {before!r}")
        text = text.replace(before, after)
    module = ModuleType(f"reference_{path.stem}")
    module.__dict__.update(names)
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


def _triple(batch: Batch, draws: Draws) -> Triple:
    images, labels = zip(*((batch[name].image, batch[name].domain.label) for name in "abc"), strict=True)
    share = draws.uniform("strength", images[0], 1)
    return Triple(images, labels, share, draws.uniform("gradient penalty", images[0], 1, 1, 1))


@torch.no_grad()
def _outputs(port: Port, triple: Triple) -> Iterator[Row]:
    """In training, with the statistics of the batch, and in use, with running ones that began as ours."""
    (a, b, _), (one, two, _) = triple.images, triple.labels
    ours_g, ours_d = port.method.translator.network, port.method.networks["discriminator"]
    for own, other in zip(ours_g.buffers(), port.generator.buffers(), strict=True):
        other.copy_(own.reshape(other.shape))
    yield row("generator, in training", ours_g(a, two - one), port.generator(a, two - one))
    yield row("generator, in use", ours_g.eval()(a, two - one), port.generator.eval()(a, two - one))
    ours_g.train(), port.generator.train()
    first, second = ours_d(a, Domain("images")), ours_d(b, Domain("images"))
    score, match = port.critic(a, b, two - one)
    yield row("discriminator, scores", second.score, score)
    yield row("discriminator, matching", ours_d.match(first, second, two - one), match)
    yield row("discriminator, interpolation", ours_d.interpolation(first).mean((2, 3)), port.critic(a, critic=True))


def _critic_loss(port: Port, triple: Triple) -> Tensor:
    """On our fakes, which differ from the port's by a rounding."""
    generate = port.method.translator.network
    (a, b, c), (one, two, three), share = triple.images, triple.labels, triple.share
    with torch.no_grad():
        made, between, still = (generate(a, change) for change in (two - one, share * (two - one), 0 * one))
    adversarial = (port.critic(a, b, two - one)[0] - 1) ** 2 + port.critic(a, made, two - one)[0] ** 2
    wrong = [(a, made, two - one), (c, b, two - one), (a, c, two - one), (a, b, three - one), (a, b, two - three)]
    matching = (port.match(a, b, two - one) - 1) ** 2 + sum(port.match(*each) ** 2 for each in wrong)
    mixed = (triple.place * a + (1 - triple.place) * made).requires_grad_()
    (slope,) = torch.autograd.grad(port.critic(a, mixed, two - one)[0].sum(), mixed, create_graph=True)
    penalty = ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    strength = share[:, :, None, None]
    weak = (strength < 0.5).to(a)
    found, read_still, read_made = (port.strength(image) for image in (between, still, made))
    interpolation = weak * ((strength - found) ** 2 + read_still**2) + (1 - weak) * ((1 - strength - found) ** 2 + read_made**2)
    return adversarial.mean() + matching.mean() + 150 * penalty + 10 * interpolation.mean()  # type: ignore[no-any-return]


def _generator_loss(port: Port, triple: Triple) -> Tensor:
    a, (one, two, _) = triple.images[0], triple.labels
    made, still = port.generator(a, two - one), port.generator(a, 0 * one)
    score, match = port.critic(a, made, two - one)
    reconstruction = 10 * (a - port.generator(made, one - two)).abs().mean() + 10 * (a - still).abs().mean()
    interpolation = 10 * (port.strength(port.generator(a, triple.share * (two - one))) ** 2).mean()
    return ((score - 1) ** 2).mean() + ((match - 1) ** 2).mean() + reconstruction + interpolation  # type: ignore[no-any-return]
