"""Better cycles beside SsnL/pytorch-CycleGAN-and-pix2pix, branch better-cycle: its cycle loss, features and schedules are run.

Its networks are an older CycleGAN's, with zero padding and affine norms, so copies of ours stand in for them; cyclegan.py
compares those. The adversarial and identity losses are stated here again. The reference is given what is ours: the weight falls
until epoch 201, where its own range ends at 251, beyond the training, and qualities weigh at all epochs, not at the first alone.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from copy import deepcopy
from io import StringIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, doubled, loss_rows, noise, phase_loss, row, scattered
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import better_cycles
from viceversa.methods.cyclegan import CycleGAN
from viceversa.networks.patch import PatchFeatures

EPOCHS, LATE = 200, 150
LEVELS = {"report": (0, 4), "code": (2, 2)}
"""Convolutions before the features of either, as ours and the reference count them; the discriminators have five."""


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's schedules, and its losses in a late epoch."""
    sys.path.insert(0, str(reference))
    project, networks = (importlib.import_module(f"models.{name}") for name in ("cycle_gan_model", "networks"))
    model = _model(networks)
    shares = [_advanced(project, model, epoch) for epoch in range(EPOCHS)]
    yield from _weights(_method(size, width, 0), shares)
    model.feature_cycle_ratio, model.non_gan_weight = shares[LATE]

    def cycle(back: Tensor, image: Tensor, score: Tensor, look: nn.Module) -> Tensor:
        return project.CycleGANModel.cycle_loss(model, back, image, score, look, 10) * model.non_gan_weight  # type: ignore[no-any-return]

    for what, (convolutions, level) in LEVELS.items():
        method = _method(size, width, convolutions)
        into, judging = method.translator.generators, method.networks["discriminators"].discriminators
        g_a, g_b, d_a, d_b = (deepcopy(network) for network in (into["b"], into["a"], judging["b"], judging["a"]))
        batch = doubled(method, [g_a, g_b, d_a, d_b], {name: Example(noise(name, size), Domain(name)) for name in "ab"})
        a, b = batch["a"].image, batch["b"].image
        look_a, look_b = (networks.KthLayerDiscriminatorFeatureExtractor(_flat(critic), level) for critic in (d_b, d_a))
        ours = PatchFeatures(method.networks["discriminators"], convolutions)
        yield row(f"features, {what}", ours(a, Domain("a")), look_a(a))

        fake_b, fake_a = g_a(a), g_b(b)
        score_b, score_a = d_a(fake_b), d_b(fake_a)
        drawing = (score_b - 1).square().mean() + (score_a - 1).square().mean()
        drawing = drawing + cycle(g_b(fake_b), a, score_b, look_a) + cycle(g_a(fake_a), b, score_a, look_b)
        drawing = drawing + 5 * model.non_gan_weight * (F.l1_loss(g_a(b), b) + F.l1_loss(g_b(a), a))
        loss = phase_loss(method, "generators", batch, Draws(0, 0), Progress(LATE, EPOCHS, LATE, EPOCHS))
        yield from loss_rows(f"generators, {what}", loss, drawing, [(into["b"], g_a), (into["a"], g_b)])


def _method(size: int, width: int, convolutions: int) -> Method:
    """Ours, with scores near a half: where they are near 0, all images have the smallest quality."""
    torch.manual_seed(0)
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    plain = CycleGAN(width=width, critic_width=width)
    method = better_cycles.build(space, better_cycles.BetterCycles(cyclegan=plain, convolutions=convolutions))
    for network in method.networks.values():
        scattered(network)
    with torch.no_grad():
        for critic in method.networks["discriminators"].discriminators.values():
            critic[-1].bias.fill_(0.5)
    return method


def _model(networks: ModuleType) -> Any:
    """What the methods of its model ask of the model."""
    options = {"feature_shift_to": 0.9, "feature_shift_range": (1, 201), "non_gan_decay_to": 0.1, "non_gan_decay_range": (101, 201)}
    return SimpleNamespace(
        opt=SimpleNamespace(**options, niter=EPOCHS, weight_cycle_niter=EPOCHS + 1),
        feature_cycle_ratio=0,
        non_gan_weight=1,
        weight_cycle=True,
        criterionCycle=nn.L1Loss(),
        criterionGAN=networks.GANLoss(tensor=torch.DoubleTensor),
    )


def _advanced(project: ModuleType, model: Any, epoch: int) -> tuple[float, float]:
    """The share of features and the weight in this epoch, after those before it."""
    if epoch:
        with redirect_stdout(StringIO()):
            project.CycleGANModel.update_parameters(model, epoch)
    return model.feature_cycle_ratio, model.non_gan_weight


def _weights(method: Method, shares: list[tuple[float, float]]) -> Iterator[Row]:
    """Of three losses, at all epochs."""
    gamma, mu = torch.tensor(shares).T
    for name, theirs in {"feature_cycle": 10 * mu * gamma, "cycle": 10 * mu * (1 - gamma), "identity": 5 * mu}.items():
        weight, _ = method.phases[0].objective.terms[name]
        ours = [weight(Progress(epoch, EPOCHS, epoch, EPOCHS)) for epoch in range(EPOCHS)]
        yield row(f"weights of {name}", torch.tensor(ours), theirs)


def _flat(critic: nn.Module) -> Any:
    """The layers one after the other, as the reference's extractor takes them."""
    return SimpleNamespace(model=[layer for layer in critic.modules() if not isinstance(layer, nn.Sequential)])
