"""StarGAN beside yunjey/stargan: WGAN-GP, classification and reconstruction, five attributes with binary cross-entropy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.parity.comparison import Row, classes, doubled, in_order, loss_rows, penalty_of, phase_loss, row, stargans
from viceversa.core.draws import Draws
from viceversa.methods import stargan


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's two networks, and the objectives of its training loop, stated again on them."""
    theirs = stargans(reference, size, width)
    theirs_g, theirs_d, image, label = theirs.generator, theirs.discriminator, theirs.image, theirs.label
    method = stargan.build(theirs.space, stargan.StarGAN(width=width, critic_width=width))
    ours_g, ours_d = method.translator.network, method.networks["discriminator"].network
    in_order(ours_g, theirs_g)
    in_order(ours_d, theirs_d)

    batch, draws = theirs.batch, Draws(0, 0)
    target = label[draws.order("target 0", label)]
    made = ours_g(image, target).detach()
    yield row("generator", made, theirs_g(image, target))
    for what, own, other in zip(("scores", "logits"), ours_d(image), theirs_d(image), strict=True):
        yield row(f"discriminator, {what}", own, other)

    share = draws.uniform("gradient penalty", image, 1, 1, 1)
    score, logits = theirs_d(image)
    penalty = penalty_of(theirs_d, (share * image + (1 - share) * made).requires_grad_())
    critic = -score.mean() + theirs_d(made)[0].mean() + classes(logits, label) + 10 * penalty
    yield from loss_rows("discriminator", phase_loss(method, "discriminator", batch, draws), critic, [(ours_d, theirs_d)])

    batch = doubled(method, [theirs_g, theirs_d], batch)
    image = batch["real"].image
    fake = theirs_g(image, target)
    score, logits = theirs_d(fake)
    generator = -score.mean() + classes(logits, target) + 10 * (image - theirs_g(fake, label)).abs().mean()
    yield from loss_rows("generator", phase_loss(method, "generator", batch, draws), generator, [(ours_g, theirs_g)])
