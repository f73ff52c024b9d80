"""StarGAN v2 beside clovaai/stargan-v2, without the high-pass skips for aligned faces: its networks, and its four losses.

The losses of its solver are stated here again, on its networks. The checkout's licence is for non-commercial use.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, Twins, doubled, in_order, loss_rows, module_at, noise, phase_loss, row
from viceversa.core.attributes import OneOf
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.plans import Batch
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import stargan2

DOMAINS, STYLE, LATENT = 3, 64, 16


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The paper's networks are 2^14 / size wide, whatever `width`, which bounds them."""
    project = _imported(reference / "core" / "model.py")
    space = Space({"images": ImageSpec(3, size, size)}, (OneOf("kind", ("cat", "dog", "wild")),))
    first = 2**14 // size
    most = max(width, first)
    method = stargan2.build(space, stargan2.StarGAN2(width=first, most=most, style=STYLE, latent=LATENT))
    torch.manual_seed(0)
    theirs = SimpleNamespace(
        generator=project.Generator(size, STYLE, most, w_hpf=0),
        mapping=project.MappingNetwork(LATENT, STYLE, DOMAINS),
        encoder=project.StyleEncoder(size, STYLE, DOMAINS, most),
        discriminator=project.Discriminator(size, DOMAINS, most),
    )
    twins = {name: list(pairs) for name, pairs in _twins(method, theirs).items()}
    for pairs in twins.values():
        for own, other in pairs:
            in_order(own, other)
    last = theirs.discriminator.main[-1]
    with torch.no_grad():  # one convolution there, a layer for each domain here
        for number, branch in enumerate(method.networks["discriminator"].network.branches):
            branch.weight.copy_(last.weight[number, :, 0, 0])
            branch.bias.copy_(last.bias[number])
    yield from _outputs(method, theirs, size)
    yield from _losses(method, theirs, twins, size)


def _outputs(method: Method, theirs: Any, size: int) -> Iterator[Row]:
    image, code, label = noise("image", size), torch.randn(2, LATENT), torch.eye(DOMAINS)[[0, 2]]
    networks, index = method.networks, label.argmax(1)
    style = theirs.mapping(code, index)
    yield row("mapping network", networks["mapping"](code, label), style)
    yield row("style encoder", networks["encoder"](image, label), theirs.encoder(image, index))
    yield row("generator", networks["generator"].network(image, style), theirs.generator(image, style))
    yield row("discriminator", networks["discriminator"].network(image, label)[:, 0], theirs.discriminator(image, index))


def _losses(method: Method, theirs: Any, twins: dict[str, Twins], size: int) -> Iterator[Row]:
    labels = {"real": torch.eye(DOMAINS)[[0, 1]], "first": torch.eye(DOMAINS)[[2, 1]], "second": torch.eye(DOMAINS)[[2, 1]]}
    batch: Batch = {name: Example(noise(name, size), Domain("images", label)) for name, label in labels.items()}
    source, target, draws = labels["real"].argmax(1), labels["first"].argmax(1), Draws(0, 0)

    def styles(way: str) -> tuple[Tensor, Tensor]:
        if way == "reference":
            return tuple(theirs.encoder(batch[name].image, target) for name in ("first", "second"))
        codes = (draws.normal(name, batch["real"].image, LATENT) for name in ("code 0", "other code"))
        return tuple(theirs.mapping(code, target) for code in codes)

    for way in ("code", "reference"):
        image = batch["real"].image.clone().requires_grad_()
        real, made = theirs.discriminator(image, source), theirs.generator(image, styles(way)[0]).detach()
        (slope,) = torch.autograd.grad(real.sum(), image, create_graph=True)
        judging = F.softplus(-real).mean() + F.softplus(theirs.discriminator(made, target)).mean()
        judging = judging + 0.5 * slope.square().flatten(1).sum(1).mean()
        ours = phase_loss(method, f"discriminator by {way}", batch, draws)
        yield from loss_rows(f"discriminator by {way}", ours, judging, twins["discriminator"])
    batch = doubled(method, list(vars(theirs).values()), batch)
    x = batch["real"].image
    for way in ("code", "reference"):
        style, second = styles(way)
        made = theirs.generator(x, style)
        drawing = F.softplus(-theirs.discriminator(made, target)).mean()
        drawing = drawing + (theirs.encoder(made, target) - style).abs().mean()
        drawing = drawing - (made - theirs.generator(x, second).detach()).abs().mean()
        drawing = drawing + (theirs.generator(made, theirs.encoder(x, source)) - x).abs().mean()
        learned = twins["generator"] if way == "reference" else [*twins["generator"], *twins["mapping"], *twins["encoder"]]
        yield from loss_rows(f"generator by {way}", phase_loss(method, f"generator by {way}", batch, draws), drawing, learned)


def _twins(method: Method, theirs: Any) -> dict[str, Iterator[tuple[nn.Module, nn.Module]]]:
    """Layer by layer, but for the discriminator's last one."""
    networks = method.networks
    return {
        "generator": _generator(networks["generator"].network, theirs.generator),
        "mapping": iter(
            [(networks["mapping"].shared, theirs.mapping.shared), (networks["mapping"].branches, theirs.mapping.unshared)]
        ),
        "encoder": _reader(networks["encoder"], theirs.encoder.shared, theirs.encoder.unshared),
        "discriminator": _reader(networks["discriminator"].network, theirs.discriminator.main, None),
    }


def _generator(ours: Any, theirs: Any) -> Iterator[tuple[nn.Module, nn.Module]]:
    yield ours.enter, theirs.from_rgb
    for own, other in zip(ours.encode, theirs.encode, strict=True):
        yield from _down(own, other)
    for own, other in zip(ours.decode, theirs.decode, strict=True):
        for number, (norm, convolution) in enumerate(((other.norm1, other.conv1), (other.norm2, other.conv2))):
            yield own.norms[number].affine, norm.fc
            yield own.convolutions[number], convolution
        if other.learned_sc:
            yield own.widen, other.conv1x1
    yield ours.leave, theirs.to_rgb


def _down(own: Any, other: Any) -> Iterator[tuple[nn.Module, nn.Module]]:
    convolutions = [layer for layer in own.residual if isinstance(layer, nn.Conv2d)]
    norms = [layer for layer in own.residual if isinstance(layer, nn.GroupNorm)]
    yield from zip(convolutions, (other.conv1, other.conv2), strict=True)
    if other.normalize:
        yield from zip(norms, (other.norm1, other.norm2), strict=True)
    if other.learned_sc:
        yield own.shortcut[0], other.conv1x1


def _reader(ours: Any, theirs: Any, branches: nn.Module | None) -> Iterator[tuple[nn.Module, nn.Module]]:
    blocks = [layer for layer in theirs if hasattr(layer, "conv1")]
    own_blocks = [layer for layer in ours.trunk if hasattr(layer, "residual")]
    yield ours.trunk[0], theirs[0]
    for own, other in zip(own_blocks, blocks, strict=True):
        yield from _down(own, other)
    yield ours.trunk[len(blocks) + 2], theirs[len(blocks) + 2]
    if branches is not None:
        yield ours.branches, branches


def _imported(path: Path) -> ModuleType:
    """Its module imports two others that its networks, without the high-pass skips, do not need."""
    for name, member in (("munch", "Munch"), ("core", "wing"), ("core.wing", "FAN")):
        stand_in = ModuleType(name)
        setattr(stand_in, member, dict)
        sys.modules.setdefault(name, stand_in)
    return module_at(path)
