"""CycleGAN beside junyanz/pytorch-CycleGAN-and-pix2pix: least squares, cycle and identity, in both ways."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.parity.comparison import Row, doubled, in_order, loss_rows, module_at, noise, phase_loss, row, scattered
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import cyclegan


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's generators and discriminators, and the objectives of its model, stated again on them."""
    project = module_at(reference / "models" / "networks.py")
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    norm = partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
    torch.manual_seed(0)
    g_a, g_b = (scattered(project.ResnetGenerator(3, 3, width, norm_layer=norm, n_blocks=9)) for _ in range(2))
    d_a, d_b = (scattered(project.NLayerDiscriminator(3, width, 3, norm_layer=norm)) for _ in range(2))
    method = cyclegan.build(space, cyclegan.CycleGAN(width=width, critic_width=width))
    into, judging = method.translator.generators, method.networks["discriminators"].discriminators
    generators, critics = [(into["b"], g_a), (into["a"], g_b)], [(judging["b"], d_a), (judging["a"], d_b)]
    for pair in (*generators, *critics):
        in_order(*pair)

    a, b = noise("a", size), noise("b", size)
    batch, draws = {"a": Example(a, Domain("a")), "b": Example(b, Domain("b"))}, Draws(0, 0)
    yield row("generator A", method.translate(a, Domain("a"), Domain("b")), g_a(a))
    yield row("generator B", method.translate(b, Domain("b"), Domain("a")), g_b(b))
    yield row("discriminator A", method.networks["discriminators"](b, Domain("b")).score, d_a(b))

    batch = doubled(method, [g_a, g_b, d_a, d_b], batch)
    a, b = batch["a"].image, batch["b"].image
    fake_b, fake_a = g_a(a), g_b(b)
    gan = project.GANLoss("lsgan")
    cycle = F.l1_loss(g_b(fake_b), a) + F.l1_loss(g_a(fake_a), b)
    identity = F.l1_loss(g_a(b), b) + F.l1_loss(g_b(a), a)
    drawing = gan(d_a(fake_b), True) + gan(d_b(fake_a), True) + 10 * cycle + 5 * identity
    yield from loss_rows("generators", phase_loss(method, "generators", batch, draws), drawing, generators)
    judged = [(d_a, b, fake_b), (d_b, a, fake_a)]
    judging_loss = sum((gan(critic(real), True) + gan(critic(fake.detach()), False)) / 2 for critic, real, fake in judged)
    ours = phase_loss(method, "discriminators", batch, draws)
    yield from loss_rows("discriminators", ours, judging_loss, critics)
