"""StarGAN beside yunjey/stargan: WGAN-GP, classification and reconstruction, five attributes with binary cross-entropy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from references.comparison import Row, doubled, in_order, loss_rows, module_at, noise, phase_loss, row, scattered
from viceversa.attributes import Binary
from viceversa.domains import Domain, Example, ImageSpec, Space
from viceversa.draws import Draws, seeded
from viceversa.methods import stargan


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's two networks, and the objectives of its training loop, stated again on them."""
    project = module_at(reference / "model.py")
    space = Space({"images": ImageSpec(3, size, size)}, tuple(map(Binary, "abcde")))
    torch.manual_seed(0)
    theirs_g = scattered(project.Generator(width, space.label_width, 6))
    theirs_d = scattered(project.Discriminator(size, width, space.label_width, min(size.bit_length() - 2, 6)))
    method = stargan.build(space, stargan.StarGAN(width=width, critic_width=width))
    ours_g, ours_d = method.translator.network, method.networks["discriminator"].network
    in_order(ours_g, theirs_g)
    in_order(ours_d, theirs_d)

    image, label = noise("image", size), space.draw(len(noise("image", size)), seeded("label"))
    batch, draws = {"real": Example(image, Domain("images", label))}, Draws(0, 0)
    target = label[draws.order("target 0", label)]
    made = ours_g(image, target).detach()
    yield row("generator", made, theirs_g(image, target))
    for what, own, other in zip(("scores", "logits"), ours_d(image), theirs_d(image), strict=True):
        yield row(f"discriminator, {what}", own, other)

    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    score, logits = theirs_d(image)
    penalty = _penalty(theirs_d, (share * image + (1 - share) * made).requires_grad_())
    critic = -score.mean() + theirs_d(made)[0].mean() + _classes(logits, label) + 10 * penalty
    yield from loss_rows("discriminator", phase_loss(method, "discriminator", batch, draws), critic, [(ours_d, theirs_d)])

    batch = doubled(method, [theirs_g, theirs_d], batch)
    image = batch["real"].image
    fake = theirs_g(image, target)
    score, logits = theirs_d(fake)
    generator = -score.mean() + _classes(logits, target) + 10 * (image - theirs_g(fake, label)).abs().mean()
    yield from loss_rows("generator", phase_loss(method, "generator", batch, draws), generator, [(ours_g, theirs_g)])


def _classes(logits: Tensor, wanted: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, wanted.to(logits), reduction="sum") / len(wanted)


def _penalty(critic: nn.Module, mixed: Tensor) -> Tensor:
    """In float32, as ours always is."""
    (gradient,) = torch.autograd.grad(critic(mixed)[0].sum(), mixed, create_graph=True)
    return (gradient.flatten(1).square().sum(1).sqrt() - 1).square().mean()
