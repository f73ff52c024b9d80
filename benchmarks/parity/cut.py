"""CUT beside taesungp/contrastive-unpaired-translation: antialiased networks, heads, and both objectives, stated here again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import Tensor, nn

from benchmarks.parity.comparison import Row, doubled, in_order, loss_rows, noise, phase_loss, row, scattered
from viceversa.core.domains import Domain, Example
from viceversa.core.draws import Draws
from viceversa.core.space import ImageSpec, Space
from viceversa.methods import cut


def rows(reference: Path, size: int, width: int) -> Iterator[Row]:
    """The checkout's generator, discriminator, heads and contrastive loss."""
    sys.path.insert(0, str(reference))
    project, contrast = (importlib.import_module(f"models.{name}") for name in ("networks", "patchnce"))
    space = Space({"a": ImageSpec(3, size, size), "b": ImageSpec(3, size, size)})
    norm = partial(nn.InstanceNorm2d, affine=False, track_running_stats=False)
    torch.manual_seed(0)
    method = cut.build(space, cut.CUT(width=width, critic_width=width))
    generator = scattered(project.ResnetGenerator(3, 3, width, norm_layer=norm, n_blocks=9, opt=None))
    critic = scattered(project.NLayerDiscriminator(3, width, 3, norm_layer=norm))
    layers = [0, 4, 8, 12, 16]
    sample = project.PatchSampleF(use_mlp=True)
    a, b = noise("a", size), noise("b", size)
    sample.create_mlp(generator(a, layers, encode_only=True))
    scattered(sample)
    heads = nn.ModuleList(sample.get_submodule(f"mlp_{number}") for number in range(len(layers)))
    own_critic = method.networks["discriminator"].discriminators["b"]
    twins = [(method.translator.network, generator), (method.networks["heads"], heads)]
    for pair in (*twins, (own_critic, critic)):
        in_order(*pair)
    yield row("generator", method.translator.network(a), generator(a))
    yield row("discriminator", own_critic(b), critic(b))

    batch = doubled(method, [generator, critic, sample], {"a": Example(a, Domain("a")), "b": Example(b, Domain("b"))})
    a, b, draws = batch["a"].image, batch["b"].image, Draws(0, 0)
    nce = contrast.PatchNCELoss(SimpleNamespace(nce_T=0.07, batch_size=len(a), nce_includes_all_negatives_from_minibatch=False))

    def compared(source: Tensor, made: Tensor) -> Tensor:
        """Their sampling, at the places that ours draws."""
        keys, queries = (generator(image, layers, encode_only=True) for image in (source, made))
        order = draws.generator("patches")
        places = [torch.randperm(each[0, 0].numel(), generator=order)[:256].tolist() for each in keys]
        pooled = [sample(each, 256, places)[0] for each in (queries, keys)]
        return torch.stack([nce(query, key).mean() for query, key in zip(*pooled, strict=True)]).mean()

    made = generator(a)
    judging = 0.5 * ((critic(b) - 1).square().mean() + critic(made.detach()).square().mean())
    yield from loss_rows("discriminator", phase_loss(method, "discriminator", batch, draws), judging, [(own_critic, critic)])
    drawing = (critic(made) - 1).square().mean() + 0.5 * (compared(a, made) + compared(b, generator(b)))
    yield from loss_rows("generator and heads", phase_loss(method, "generator", batch, draws), drawing, twins)
