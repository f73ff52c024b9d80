"""Fixed-Point GAN beside mahfuzmohammad/Fixed-Point-GAN: both branches, five attributes with binary cross-entropy.

As its training loop has it, the discriminator's real term stands once, and it sees no translations to where an image is.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, classes, doubled, in_order, loss_rows, penalty_of, phase_loss, row, stargans
from viceversa.core.draws import Draws
from viceversa.methods import fixed_point


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's two networks, and the objectives of its training loop, stated again on them."""
    theirs = stargans(reference, size, width)
    theirs_g, theirs_d, image, label = theirs.generator, theirs.discriminator, theirs.image, theirs.label
    method = fixed_point.build(theirs.space, fixed_point.FixedPointGAN(width=width, critic_width=width))
    ours_g, ours_d = method.translator.network, method.networks["discriminator"].network
    in_order(ours_g, theirs_g)
    in_order(ours_d, theirs_d)

    batch, draws = theirs.batch, Draws(0, 0)
    target = label[draws.order("target 0", label)]
    made = ours_g(image, target).detach()
    yield row("translation", made, torch.tanh(image + theirs_g(image, target)))
    for what, own, other in zip(("scores", "logits"), ours_d(image), theirs_d(image), strict=True):
        yield row(f"discriminator, {what}", own, other)

    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    score, logits = theirs_d(image)
    penalty = penalty_of(theirs_d, (share * image + (1 - share) * made).requires_grad_())
    critic = -score.mean() + theirs_d(made)[0].mean() + classes(logits, label) + 10 * penalty
    yield from loss_rows("discriminator", phase_loss(method, "discriminator", batch, draws), critic, [(ours_d, theirs_d)])

    batch = doubled(method, [theirs_g, theirs_d], batch)
    ours = phase_loss(method, "generator", batch, draws)
    loss = _generator_loss(theirs_g, theirs_d, batch["real"].image, label, target)
    yield from loss_rows("generator", ours, loss, [(ours_g, theirs_g)])


def _generator_loss(generator: nn.Module, critic: nn.Module, image: Tensor, label: Tensor, target: Tensor) -> Tensor:
    """Original to target and back, original to original and again, and the fixed point: lambda 1, 10, 1, 10."""
    fake, same = (torch.tanh(image + generator(image, wanted)) for wanted in (target, label))
    total = 10 * (image - same).abs().mean()
    for translated, wanted in ((fake, target), (same, label)):
        score, logits = critic(translated)
        again = torch.tanh(translated + generator(translated, label))
        total = total - score.mean() + classes(logits, wanted) + 10 * (image - again).abs().mean()
    return total
