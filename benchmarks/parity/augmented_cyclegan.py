"""Augmented CycleGAN beside aalmah/augmented_cyclegan: its six networks, and both sides of its objective.

Its step is written for the PyTorch of its year; it is stated here again, on its networks. Both draw the same codes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, Twins, doubled, in_order, loss_rows, module_at, noise, phase_loss, row, scattered
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import augmented_cyclegan
from viceversa.networks.augmented import CodedGenerator

LATENT = 16


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's networks as they train: batch norms take the statistics of the batch."""
    if size != 64:
        sys.exit("the reference's encoder and its first discriminator take images of 64 px: --size 64")
    sys.path.insert(0, str(reference / "edges2shoes_exp"))
    project = module_at(reference / "edges2shoes_exp" / "networks.py")
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    torch.manual_seed(0)
    method = augmented_cyclegan.build(space, augmented_cyclegan.AugmentedCycleGAN(width=width, latent=LATENT))
    forth = scattered(project.define_stochastic_G(LATENT, 3, 3, width))
    back = scattered(project.define_G(3, 3, width))
    reader = scattered(project.define_E(LATENT, 6, width))
    judges = [project.define_D_A(3, width, "", "instance"), project.define_D_B(3, 2 * width, "", "instance")]
    judges = [scattered(critic) for critic in (*judges, project.define_LAT_D(LATENT, 2 * width))]
    encoder = nn.Sequential(reader.conv_modules, reader.enc_mu, nn.Flatten())
    own_judges = [*method.networks["discriminators"].discriminators.values(), method.networks["discriminator_of_codes"]]
    drawing: Twins = [
        (_in_their_order(method.translator.forth), forth),
        (method.translator.back, back),
        (method.networks["encoder"], encoder),
    ]
    judging: Twins = list(zip(own_judges, judges, strict=True))
    for pair in (*drawing, *judging):
        in_order(*pair)

    a, b = noise("a", size), noise("b", size)
    yield from _outputs(method, drawing, judging, a, b)
    batch = doubled(method, [forth, back, encoder, *judges], {"a": Example(a, Domain("a")), "b": Example(b, Domain("b"))})
    a, b, draws = batch["a"].image, batch["b"].image, Draws(0, 0)
    z = draws.normal("code", a, LATENT)
    made_b, made_a = forth(a, z[:, :, None, None]), back(b)
    made_z = encoder(torch.cat([made_a, b], 1))
    judged = list(zip(judges, (a, b, z), (made_a, made_b, made_z), strict=True))
    told = torch.stack([_squares(critic(made.detach()), 0) + _squares(critic(real), 1) for critic, real, made in judged])
    yield from loss_rows("discriminators", phase_loss(method, "discriminators", batch, draws), 0.5 * told.sum(), judging)
    fooled = torch.stack([_squares(critic(made), 1) for critic, _, made in judged]).sum()
    cycle = F.l1_loss(back(made_b), a) + F.l1_loss(forth(made_a, made_z[:, :, None, None]), b)
    code = F.l1_loss(encoder(torch.cat([a, made_b], 1)), z)
    yield from loss_rows("generators", phase_loss(method, "generators", batch, draws), fooled + cycle + 0.025 * code, drawing)


def _outputs(method: Method, drawing: Twins, judging: Twins, a: Tensor, b: Tensor) -> Iterator[Row]:
    z, both = torch.randn(2, LATENT), torch.cat([a, b], 1)
    yield row("generator into B", method.translator.forth(a, z), drawing[0][1](a, z[:, :, None, None]))
    for name, (own, other), seen in zip(("generator into A", "encoder"), drawing[1:], (b, both), strict=True):
        yield row(name, own(seen), other(seen))
    for name, (own, other), seen in zip(("A", "B", "codes"), judging, (a, b, z), strict=True):
        yield row(f"discriminator of {name}", own(seen), other(seen))


def _squares(score: Tensor, wanted: int) -> Tensor:
    return F.mse_loss(score, torch.full_like(score, wanted))


def _in_their_order(ours: CodedGenerator) -> nn.Sequential:
    """Each norm behind its convolution."""
    down = [layer for pair in zip(ours.down, ours.norms[:3], strict=True) for layer in pair]
    up = [layer for pair in zip(ours.up, ours.norms[3:], strict=True) for layer in pair]
    return nn.Sequential(*down, *ours.blocks, *up, ours.leave)
