"""DiscoGAN beside SKTBrain/DiscoGAN: its networks, and both objectives of its training loop, stated here again on them.

The loop is Python 2 and cannot be run. Of its two generators this is the one without a bottleneck, which the loop builds. Its
images are in [0, 1]; here its generators are given tanh, as ours have. Its discriminators keep their sigmoid, and BCE after it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.parity.comparison import BEGIN, Row, doubled, in_order, loss_rows, module_at, noise, phase_loss, row, scattered
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import discogan

RATES = {"early": (BEGIN, 0.01), "late": (Progress(1, 2), 0.5)}


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's networks as they train, and the losses before and after the cycle's share is switched."""
    if width != 64 or size != 64:
        sys.exit("the reference's networks are 64 channels wide and take images of 64 px: --width 64 --size 64")
    sys.modules.setdefault("ipdb", ModuleType("ipdb"))  # a debugger, which its module imports and does not use
    project = module_at(reference / "discogan" / "model.py")
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    torch.manual_seed(0)
    method = discogan.build(space, discogan.DiscoGAN(width=width, critic_width=width))
    g_a, g_b, d_a, d_b = (scattered(make()) for make in (project.Generator,) * 2 + (project.Discriminator,) * 2)
    g_a.main[-1], g_b.main[-1] = nn.Tanh(), nn.Tanh()
    into, judging = method.translator.generators, method.networks["discriminators"].discriminators
    generators, critics = [(into["a"], g_a), (into["b"], g_b)], [(judging["a"], d_a), (judging["b"], d_b)]
    for pair in (*generators, *critics):
        in_order(*pair)

    a, b = noise("a", size), noise("b", size)
    yield row("generator into A", method.translate(b, Domain("b"), Domain("a")), g_a(b))
    yield row("generator into B", method.translate(a, Domain("a"), Domain("b")), g_b(a))
    (score, features), (their_score, their_features) = judging["a"](a), d_a(a)
    yield row("discriminator, scores", score.sigmoid(), their_score)
    for number, (own, other) in enumerate(zip(features, their_features, strict=True), 2):
        yield row(f"discriminator, features {number}", own, other)

    batch = doubled(method, [g_a, g_b, d_a, d_b], {"a": Example(a, Domain("a")), "b": Example(b, Domain("b"))})
    a, b = batch["a"].image, batch["b"].image
    made_b, made_a = g_b(a), g_a(b)
    judged = [(d_a, a, made_a), (d_b, b, made_b)]
    told = [(_entropy(critic(real)[0], 1), _entropy(critic(made.detach())[0], 0)) for critic, real, made in judged]
    judging_loss = sum(0.5 * right + 0.5 * wrong for right, wrong in told)
    yield from loss_rows("discriminators", phase_loss(method, "discriminators", batch, Draws(0, 0)), judging_loss, critics)
    adversarial = sum(_entropy(critic(made)[0], 1) for critic, _, made in judged)
    matching = sum(_matching(critic(real)[1], critic(made)[1]) for critic, real, made in judged)
    cycle = F.mse_loss(g_a(made_b), a) + F.mse_loss(g_b(made_a), b)
    for when, (progress, rate) in RATES.items():
        drawing = (0.1 * adversarial + 0.9 * matching) * (1 - rate) + cycle * rate
        ours = phase_loss(method, "generators", batch, Draws(0, 0), progress)
        yield from loss_rows(f"generators, {when}", ours, drawing, generators)


def _entropy(probability: Tensor, wanted: int) -> Tensor:
    return F.binary_cross_entropy(probability, torch.full_like(probability, wanted))


def _matching(real: list[Tensor], made: list[Tensor]) -> Tensor:
    """Its criterion is a hinge whose targets are all 1: the mean."""
    losses = []
    for one, other in zip(real, made, strict=True):
        squared = (one.mean(0) - other.mean(0)).square()
        losses.append(F.hinge_embedding_loss(squared, torch.ones_like(squared)))
    return torch.stack(losses).sum()
