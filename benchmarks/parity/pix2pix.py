"""pix2pix beside taesungp/contrastive-unpaired-translation, which has the official code's networks and its GAN loss.

Its antialiasing is CUT's, and off here. The objectives are stated again. Both draw the same dropout.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, doubled, in_order, loss_rows, noise, phase_loss, row, scattered
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import pix2pix


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's U-Net, which is for 32 px or more, and its discriminator, of source and result together."""
    sys.path.insert(0, str(reference))
    project = importlib.import_module("models.networks")
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    torch.manual_seed(0)
    theirs = scattered(project.UnetGenerator(3, 3, size.bit_length() - 1, width, use_dropout=True))
    critic = scattered(project.NLayerDiscriminator(6, width, 3, no_antialias=True))
    method = pix2pix.build(space, pix2pix.Pix2Pix(width=width, critic_width=width))
    ours, own_critic = method.translator.network, method.networks["discriminator"]
    for layer in own_critic[2:-1]:
        layer[0].bias = None  # before a batch norm it changes nothing; theirs has none
    in_order(own_critic, critic)
    with torch.no_grad():
        for own, other in zip(ours.parameters(), _exchanged(theirs, theirs.parameters()), strict=True):
            own.copy_(other)

    a, b = noise("a", size), noise("b", size)
    yield row("generator", _drawn(ours, a), _drawn(theirs, a))
    yield row("generator, without dropout", ours.eval()(a), theirs.eval()(a))
    yield row("discriminator", own_critic(torch.cat([a, b], 1)), critic(torch.cat([a, b], 1)))

    ours.train(), theirs.train()
    gan = project.GANLoss("vanilla")
    batch, draws = doubled(method, [theirs, critic, gan], {"a": Example(a, Domain("a")), "b": Example(b, Domain("b"))}), Draws(0, 0)
    a, b = batch["a"].image, batch["b"].image
    made = _drawn(theirs, a)
    judging = 0.5 * (gan(critic(torch.cat([a, b], 1)), True) + gan(critic(torch.cat([a, made.detach()], 1)), False))
    torch.manual_seed(1)
    yield from loss_rows("discriminator", phase_loss(method, "discriminator", batch, draws), judging, [(own_critic, critic)])
    drawing = gan(critic(torch.cat([a, made], 1)), True) + 100 * F.l1_loss(made, b)
    torch.manual_seed(1)
    loss = phase_loss(method, "generator", batch, draws)
    yield row("generator, loss", loss, drawing)
    mine = torch.autograd.grad(loss, list(ours.parameters()))
    other = _exchanged(theirs, torch.autograd.grad(drawing, list(theirs.parameters())))
    yield row("generator, gradients", *(torch.cat([part.flatten() for part in each]) for each in (mine, other)))


def _drawn(network: nn.Module, image: Tensor) -> Tensor:
    """What a generator makes, with the dropout that everyone draws here."""
    torch.manual_seed(1)
    return network(image)  # type: ignore[no-any-return]


def _exchanged(theirs: nn.Module, numbers: Iterable[Tensor]) -> list[Tensor]:
    """A number for each of its weights, as ours have them: its decoder reads the encoder's channels first, ours reads them last."""
    joined = [layer.weight for layer in theirs.modules() if isinstance(layer, nn.ConvTranspose2d)][1:]
    return [
        each.roll(len(each) // 2, 0) if any(weight is other for other in joined) else each
        for weight, each in zip(theirs.parameters(), numbers, strict=True)
    ]
