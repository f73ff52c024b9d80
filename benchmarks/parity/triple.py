"""Triple consistency beside ESanchezLozano/StarGAN-with-Triple-Consistency-Loss: its networks, and its generator's objective."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.parity.comparison import Row, classes, doubled, in_order, loss_rows, phase_loss, row, stargans
from viceversa.core.draws import Draws
from viceversa.methods import stargan


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's networks are StarGAN's; its training loop adds a third translation, stated here again."""
    theirs = stargans(reference, size, width)
    theirs_g, theirs_d, image, label = theirs.generator, theirs.discriminator, theirs.image, theirs.label
    method = stargan.build(theirs.space, stargan.StarGAN(width=width, critic_width=width, triple=10.0))
    ours_g = method.translator.network
    in_order(ours_g, theirs_g)
    in_order(method.networks["discriminator"].network, theirs_d)

    first, second = (label[Draws(0, 0).order(f"target {number}", label)] for number in (0, 1))
    yield row("generator", ours_g(image, first), theirs_g(image, first))
    batch = doubled(method, [theirs_g, theirs_d], theirs.batch)
    image = batch["real"].image
    fake = theirs_g(image, first)
    score, logits = theirs_d(fake)
    cycle = (image - theirs_g(fake, label)).abs().mean()
    triple = (theirs_g(fake, second) - theirs_g(image, second)).abs().mean()
    generator = -score.mean() + classes(logits, first) + 10 * cycle + 10 * triple
    yield from loss_rows("generator", phase_loss(method, "generator", batch, Draws(0, 0)), generator, [(ours_g, theirs_g)])
