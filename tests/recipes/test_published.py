"""Every number of every published setting, against a table transcribed from the papers and their official code.

Where a recipe differs from its source, the difference stands in `DIFFERENCES`, and docs/recipes.md says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from viceversa.core.attributes import Binary, OneOf
from viceversa.core.method import Method
from viceversa.core.schedules import Progress
from viceversa.core.space import ImageSpec, Space
from viceversa.recipes import builder, recipe_named
from viceversa.recipes.published import PUBLISHED

FEW = 12
"""Steps of which the table says which phases learn."""
EVERY = tuple(range(FEW))
FIFTH = (4, 9)
"""n_critic = 5: the generator learns at the fifth step of each five."""
LONG = 100_000
SHARES = (0.0, 0.25, 0.5, 0.75)
"""Parts of a training at which changing weights are compared."""


@dataclass(frozen=True)
class Published:
    """One published setting. source: where its numbers are from.

    adam: network -> rate, betas, weight decay. clip: the gradient norm. losses: phase -> loss -> weight, or weights at SHARES.
    turns: phase -> the steps of the first FEW at which it learns; every one, if not named. counts: network -> weights.
    """

    source: str
    size: int
    batch: int
    decay: str
    adam: Mapping[str, tuple[float, tuple[float, float], float]]
    losses: Mapping[str, Mapping[str, float | Sequence[float]]]
    counts: Mapping[str, int]
    epochs: int | None = None
    steps: int | None = None
    crop: int | None = None
    resize_to: int | None = None
    filter: str = "bicubic"
    flip: bool = False
    average: float = 0.0
    precision: str = "fp32"
    turns: Mapping[str, Sequence[int]] = field(default_factory=dict)
    clip: float | None = None
    attributes: int = 5


def conv(inputs: int, outputs: int, kernel: int, bias: bool = True) -> int:
    """Weights of a convolution."""
    return inputs * outputs * kernel**2 + bias * outputs


def chain(widths: Sequence[int], kernel: int, bias: bool = True) -> int:
    """Weights of convolutions from each width to the next."""
    return sum(conv(before, after, kernel, bias) for before, after in pairwise(widths))


def norms(*channels: int) -> int:
    """Weights of norms with a scale and a shift."""
    return 2 * sum(channels)


HALF = (0.5, 0.999)
RESNET, PATCHES = 11_378_179, 2_764_737
"""Weights of CycleGAN's generator of 9 blocks and of its discriminator of 3 layers, as its official code counts them."""
STARGAN_COUNTS = {"generator": 8_430_528, "discriminator": 44_762_048}
"""As StarGAN's official code prints them, for 128 px and 5 attributes."""
WGAN = {"adversarial": 1.0, "penalty": 10.0, "classification": 1.0}
STARGAN_GENERATOR = {"adversarial": 1.0, "classification": 1.0, "cycle": 10.0, "triple": 0.0, "geometry": 0.0}
CELEBA = {
    "size": 128, "crop": 178, "filter": "bilinear", "flip": True, "epochs": 20,
    "adam": dict.fromkeys(STARGAN_COUNTS, (0.0001, HALF, 0.0)), "turns": {"generator": FIFTH},
}  # fmt: skip
UNPAIRED = {"size": 256, "resize_to": 286, "flip": True, "batch": 1}


def arm(
    source: str, *, extra: Sequence[float] = (), repeated: Sequence[str] = (), classification: float = 1.0, decay: str = "linear",
    biased: bool = False, batch: int = 8,
) -> Published:  # fmt: skip
    """An arm on CelebA. extra: weights of the further cycles; biased: heads with biases, and a norm before the last tanh."""
    generator = STARGAN_GENERATOR | {"classification": classification}
    chained = {f"{name}_{depth}": weight * generator[name] for depth, weight in enumerate(extra, 1) for name in repeated}
    counts = {"generator": 8_430_528 + 6 * biased, "discriminator": 44_762_048 + 6 * biased}
    losses = {"discriminator": WGAN | {"classification": classification}, "generator": generator | chained}
    return Published(source, batch=batch, decay=decay, losses=losses, counts=counts, **CELEBA)


def contrastive(name: str, *, epochs: int, decay: str, contrast: float, identity: float) -> Published:
    """CUT or FastCUT, with the weights of the loss on patches of the source and of the other space's images."""
    return Published(
        f"{name}, arXiv 2007.15651 and its code", epochs=epochs, decay=decay,
        adam=dict.fromkeys(("generator", "heads", "discriminator"), (0.0002, HALF, 0.0)),
        losses={
            "generator": {"adversarial": 1.0, "contrast": contrast, "identity": identity}, "discriminator": {"adversarial": 1.0},
        },
        counts={
            "generator": RESNET, "discriminator": PATCHES,
            "heads": sum(257 * 256 + (width + 1) * 256 for width in (3, 128, 256, 256, 256)),
        },
        **UNPAIRED,
    )  # fmt: skip


EXTRA = (1 / 4, 1 / 8, 1 / 16)
ALL = ("adversarial", "classification", "cycle")
AUTHOR = {"classification": 0.2, "decay": "schneider", "biased": True}


def selective(attributes: int) -> int:
    """STGAN's generator: an encoder, four selective transfer units, a decoder that sees the labels at every level."""
    down = (3, 64, 128, 256, 512, 1024)
    encoder = chain(down, 4) + norms(*down[1:])
    units = sum(conv(2 * width + attributes, width, 4) + 3 * conv(2 * width, width, 3) for width in (64, 128, 256, 512))
    decoder = conv(1024 + attributes, 1024, 4) + norms(1024, 512, 256, 128)
    levels = ((1024, 512, 512), (512, 256, 256), (256, 128, 128), (128, 64, 3))
    decoder += sum(conv(before + skip + attributes, after, 4) for before, skip, after in levels)
    return encoder + units + decoder


def halving(attributes: int) -> int:
    """STGAN's discriminator at 128 px: five strided convolutions, two heads of 1,024 numbers."""
    widths = (3, 64, 128, 256, 512, 1024)
    heads = sum(1024 * 4 * 4 * 1024 + 1024 + 1024 * outputs + outputs for outputs in (1, attributes))
    return chain(widths, 4) + norms(*widths[1:]) + heads


def relative(attributes: int) -> int:
    """RelGAN's generator: StarGAN's with biases and switchable norms, of 6 further numbers each."""
    after = [64, 128, 256, *12 * [256], 128, 64]
    convolutions = conv(3 + attributes, 64, 7) + chain((64, 128, 256), 4) + 12 * conv(256, 256, 3) + chain((256, 128, 64), 4)
    return convolutions + conv(64, 3, 7) + norms(*after) + 6 * len(after)


def matching(attributes: int) -> int:
    """RelGAN's discriminator: six strided convolutions, and the heads of realness, matching and interpolation."""
    trunk = chain((3, 64, 128, 256, 512, 1024, 2048), 4)
    match = conv(2 * 2048 + attributes, 2048, 1) + conv(2048, 1, 1)
    return trunk + conv(2048, 1, 1) + match + conv(2048, 64, 1)


DISCO = (3, 64, 128, 256, 512)
DISCO_GENERATOR = 2 * chain(DISCO, 4, bias=False) + norms(128, 256, 512, 256, 128, 64)
DISCO_CRITIC = chain((*DISCO, 1), 4, bias=False) + norms(128, 256, 512)
ENCODER = chain((3, 32, 64, 128, 256), 5) + norms(32, 64, 128, 256) + 4096 * 512 + 512 + norms(512)
"""IcGAN's encoders up to their last layer, at 64 px."""

TABLE_OF_PAPERS: dict[str, Published] = {
    "stargan-paper": arm("StarGAN, arXiv 1711.09020 and its code; the paper's decay", batch=16),
    "stargan-celeba": arm("slide of the multicyclic loss: batch 8"),
    "multicyclic-celeba": arm("slide of the multicyclic loss: batch 8", extra=EXTRA, repeated=ALL),
    "multicyclic-limited-celeba": arm("slide of the multicyclic loss: batch 8", extra=EXTRA, repeated=("cycle",)),
    "stargan-celeba-author": arm("scripts of the multicyclic loss", **AUTHOR),
    "multicyclic-celeba-author": arm("scripts of the multicyclic loss", extra=EXTRA, repeated=ALL, **AUTHOR),
    "multicyclic-limited-celeba-author": arm("scripts of the multicyclic loss", extra=EXTRA, repeated=("cycle",), **AUTHOR),
    "fixed-point-paper": Published(
        "Fixed-Point GAN, arXiv 1908.06965 and its code", batch=16, decay="linear", counts=STARGAN_COUNTS,
        losses={
            "discriminator": WGAN,
            "generator": {
                "adversarial": 1.0, "classification": 1.0, "cycle": 10.0, "identity": 10.0,
                "adversarial_staying": 1.0, "classification_staying": 1.0, "cycle_staying": 10.0,
            },
        },
        **CELEBA,
    ),
    "stgan-paper": Published(
        "STGAN, arXiv 1904.09709 and its code", size=128, crop=170, batch=32, epochs=200, decay="tenth", attributes=13,
        adam=dict.fromkeys(STARGAN_COUNTS, (0.0002, HALF, 0.0)), turns={"generator": FIFTH},
        losses={
            "discriminator": {"adversarial": 1.0, "penalty": 10.0, "classification": 1 / 13},  # the mean over 13 attributes
            "generator": {"adversarial": 1.0, "classification": 10 / 13, "reconstruction": 100.0},
        },
        counts={"generator": selective(13), "discriminator": halving(13)},
    ),
    "relgan-paper": Published(
        "RelGAN, arXiv 1908.07269 and its code in Keras", size=256, batch=4, steps=400_000, decay="constant", attributes=17,
        adam=dict.fromkeys(STARGAN_COUNTS, (5e-05, HALF, 0.0)),
        losses={
            "discriminator": {"adversarial": 1.0, "matching": 1.0, "penalty": 150.0, "interpolation": 10.0},
            "generator": {"adversarial": 1.0, "matching": 1.0, "cycle": 10.0, "identity": 10.0, "interpolation": 10.0},
        },
        counts={"generator": relative(17), "discriminator": matching(17)},
    ),
    "stargan2-paper": Published(
        "StarGAN v2, arXiv 1912.01865 and its code for animals", size=256, batch=8, steps=100_000, decay="constant", flip=True,
        average=0.999, attributes=0,
        adam={
            **dict.fromkeys(("generator", "encoder", "discriminator"), (0.0001, (0.0, 0.99), 0.0001)),
            "mapping": (1e-6, (0.0, 0.99), 1e-4),
        },
        losses={
            **{f"discriminator by {way}": {"adversarial": 1.0, "penalty": 1.0} for way in ("code", "reference")},
            **{
                f"generator by {way}": {"adversarial": 1.0, "style": 1.0, "cycle": 1.0, "diversity": (1.0, 0.75, 0.5, 0.25)}
                for way in ("code", "reference")
            },
        },
        counts={"generator": 33_892_995, "mapping": 2_438_272, "encoder": 20_916_928, "discriminator": 20_852_290},
    ),
    "icgan-paper": Published(
        "IcGAN, arXiv 1611.06355 and its code", size=64, crop=178, batch=64, epochs=25 + 15, decay="constant", attributes=18,
        adam={
            **dict.fromkeys(("decoder", "discriminator"), (0.0002, HALF, 0.0)),
            **dict.fromkeys(("codes", "labels"), (0.0001, (0.1, 0.999), 0.0)),
        },
        losses={
            "discriminator": {"adversarial": 1.0}, "decoder": {"adversarial": 1.0}, "encoders": {"codes": 1.0, "labels": 1.0},
        },
        turns={"encoders": ()},
        counts={
            "decoder": chain((118, 512, 256, 128, 64, 3), 4) + norms(512, 256, 128, 64),
            "discriminator": conv(3, 64, 4) + chain((82, 128, 256, 512, 1), 4) + norms(128, 256, 512),
            "codes": ENCODER + 513 * 100, "labels": ENCODER + 513 * 18,
        },
    ),
    "cyclegan-paper": Published(
        "CycleGAN, arXiv 1703.10593 and its code", epochs=200, decay="cyclegan",
        adam=dict.fromkeys(("generators", "discriminators"), (0.0002, HALF, 0.0)),
        losses={
            "generators": {"adversarial": 1.0, "cycle": (10.0, 10.0), "identity": 5.0, "geometry": 0.0, "polarity": 0.0,
                           "likeness": (0.0, 0.0)},
            "discriminators": {"adversarial": 1.0},
        },
        counts={"generators": 2 * RESNET, "discriminators": 2 * PATCHES}, **UNPAIRED,
    ),
    "cut-paper": contrastive("CUT", epochs=400, decay="cyclegan", contrast=0.5, identity=0.5),
    "fastcut-paper": contrastive("FastCUT", epochs=200, decay="fastcut", contrast=10.0, identity=0.0),
    "pix2pix-paper": Published(
        "pix2pix, arXiv 1611.07004 and its code in PyTorch", epochs=200, decay="cyclegan",
        adam=dict.fromkeys(("generator", "discriminator"), (0.0002, HALF, 0.0)),
        losses={"discriminator": {"adversarial": 0.5}, "generator": {"adversarial": 1.0, "distance": 100.0}},
        counts={"generator": 54_413_955, "discriminator": chain((6, 64, 128, 256, 512, 1), 4) + norms(128, 256, 512)},
        **UNPAIRED,
    ),
    "discogan-paper": Published(
        "DiscoGAN, arXiv 1703.05192 and its code", size=64, batch=64, steps=50_000, decay="constant",
        adam=dict.fromkeys(("generators", "discriminators"), (0.0002, HALF, 1e-05)),
        losses={
            "discriminators": {"adversarial": 0.5},
            "generators": {
                "adversarial": (0.099, 0.05, 0.05, 0.05), "matching": (0.891, 0.45, 0.45, 0.45), "cycle": (0.01, 0.5, 0.5, 0.5),
            },
        },
        turns={"discriminators": (0, 3, 6, 9), "generators": (1, 2, 4, 5, 7, 8, 10, 11)},
        counts={"generators": 2 * DISCO_GENERATOR, "discriminators": 2 * DISCO_CRITIC},
    ),
    "augmented-cyclegan-paper": Published(
        "Augmented CycleGAN, arXiv 1802.10151 and its code", size=64, batch=32, epochs=25 + 25, decay="linear", clip=500.0,
        adam={
            **dict.fromkeys(("generators", "encoder"), (0.0002, HALF, 0.0)),
            **dict.fromkeys(("discriminators", "discriminator_of_codes"), (0.0002 / 5, HALF, 0.0)),
        },
        losses={
            "discriminators": {"adversarial": 1.0, "codes": 1.0},
            "generators": {"adversarial": 1.0, "codes": 1.0, "cycle": (1.0, 1.0), "code_cycle": 0.025},
        },
        counts={},
    ),
}  # fmt: skip

DIFFERENCES = {
    "stgan-paper": "crops the middle, where the code cuts 2 px lower and 1 px further left",
    "relgan-paper": "the paper's 17 attributes are of your table",
    "stargan2-paper": "no random resized crop, no face alignment; the average warms up",
    "pix2pix-paper": "the discriminator's convolutions have biases before batch norm, which do nothing",
    "cut-paper": "the random crop stays while the rate falls",
    "discogan-paper": "images are in [-1, 1] with a tanh, where the code has [0, 1] and a sigmoid",
    "icgan-paper": "the attributes are CelebA's five, unless you name others",
}


@cache
def built(name: str) -> Method:
    """The recipe's method without memory for its weights, on two sets of images or on one with attributes."""
    recipe, wanted = recipe_named(name), TABLE_OF_PAPERS[name]
    image = ImageSpec(3, wanted.size, wanted.size)
    attributes: Any = tuple(Binary(f"attribute {number}") for number in range(wanted.attributes))
    if name == "stargan2-paper":
        attributes = (OneOf("animal", ("cat", "dog")),)
    space = Space({"images": image}, attributes) if recipe.method.takes == "labels" else Space({"A": image, "B": image})
    with torch.device("meta"):
        return builder(recipe)(space)


def test_every_published_recipe_is_in_the_table() -> None:
    assert sorted(TABLE_OF_PAPERS) == sorted(entry.name for entry in PUBLISHED)
    page = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text()
    rows = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| `")}
    for name in TABLE_OF_PAPERS:
        (row,) = (row for title, row in rows.items() if f"`{name}`" in title)
        assert row.endswith(f"| {DIFFERENCES[name]} |" if name in DIFFERENCES else " | |") or name == "fastcut-paper"


@pytest.mark.parametrize("name", TABLE_OF_PAPERS)
def test_images_and_lengths_are_as_published(name: str) -> None:
    recipe, wanted = recipe_named(name), TABLE_OF_PAPERS[name]
    training = recipe.training
    assert (recipe.size, recipe.crop, recipe.filter) == (wanted.size, wanted.crop, wanted.filter)
    assert (None if wanted.resize_to is None else 286, training.flip, training.batch) == (
        wanted.resize_to,
        wanted.flip,
        wanted.batch,
    )
    assert (training.decay, training.average, training.precision) == (wanted.decay, wanted.average, wanted.precision)
    assert training.epochs == wanted.epochs and (wanted.epochs or training.steps == wanted.steps)
    assert training.shift == 0 and not training.augment.is_on


@pytest.mark.parametrize("name", TABLE_OF_PAPERS)
def test_optimizers_and_turns_are_as_published(name: str) -> None:
    method, wanted = built(name), TABLE_OF_PAPERS[name]
    found = {network: (each.lr, each.betas, each.weight_decay) for network, each in method.optimizers.items()}
    assert {network: (pytest.approx(rate), *rest) for network, (rate, *rest) in wanted.adam.items()} == found
    for each in method.optimizers.values():
        assert (each.algorithm, each.clamp, each.clip_norm) == (None, None, wanted.clip)
    turns = {phase.name: tuple(step for step in range(FEW) if phase.when(Progress(step, LONG))) for phase in method.phases}
    assert turns == {phase: tuple(wanted.turns.get(phase, EVERY)) for phase in wanted.losses}


@pytest.mark.parametrize("name", TABLE_OF_PAPERS)
def test_losses_and_weights_are_as_published(name: str) -> None:
    found = {phase.name: phase.objective.terms for phase in built(name).phases}
    wanted = TABLE_OF_PAPERS[name].losses
    assert {phase: set(losses) for phase, losses in wanted.items()} == {phase: set(terms) for phase, terms in found.items()}
    for phase, losses in wanted.items():
        for loss, expected in losses.items():
            weight, term = found[phase][loss]
            if hasattr(term, "weights"):  # of each space's own
                assert tuple(weight * each for each in term.weights.values()) == expected, (phase, loss)
            elif callable(weight):
                assert [weight(Progress(int(share * LONG), LONG)) for share in SHARES] == pytest.approx(expected), (phase, loss)
            else:
                assert weight == pytest.approx(expected), (phase, loss)


@pytest.mark.parametrize("name", [name for name, paper in TABLE_OF_PAPERS.items() if paper.counts])
def test_networks_have_as_many_weights_as_published(name: str) -> None:
    found = {network: sum(weight.numel() for weight in module.parameters()) for network, module in built(name).networks.items()}
    assert found == dict(TABLE_OF_PAPERS[name].counts)
