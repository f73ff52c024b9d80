"""Published settings: those of a paper, or of its official code where the paper is silent.

tests/recipes/test_published.py compares every number with a table, which also lists the deviations from the papers. The settings
of the methods are the defaults of the methods. The table here holds the rest: sizes, crops, batches, lengths and decays, in fp32
and without a moving average unless the code has one. A recipe without data asks for yours.
"""

from __future__ import annotations

from typing import Any

from viceversa.recipes.entry import Entry
from viceversa.recipes.packaged import FULL, LIMITED

AUTHOR = {  # classification: the mean over five attributes, where StarGAN has their sum
    "generator": "label-normalized", "critic_slope": 0.3, "critic_bias": True, "classification": 0.2, "targets": "shared",
}  # fmt: skip
"""Settings of StarGAN in the implementation by the author of the multicyclic loss."""
CELEBA = {"data": "celeba", "size": 128, "crop": 178, "filter": "bilinear"}
YOURS_256, YOURS_64 = {"data": "", "size": 256}, {"data": "", "size": 64}
"""Settings of recipes without data, by image size in pixels."""


def training(**settings: Any) -> dict[str, Any]:
    """Return training settings whose defaults are fp32 and no moving average."""
    return {"average": 0.0, "precision": "fp32", **settings}


def between(epochs: int, decay: str) -> dict[str, Any]:
    """Return training settings between two spaces: one image per step, enlarged to 286 px, randomly cropped and mirrored."""
    return training(batch=1, epochs=epochs, decay=decay, flip=True, resize_to=286)


def on_celeba(batch: int = 8, decay: str = "linear") -> dict[str, Any]:
    """Return training settings on CelebA: 20 epochs, mirrored images. The multicyclic experiment uses batches of 8 everywhere."""
    return training(batch=batch, epochs=20, decay=decay, flip=True)


PUBLISHED = (
    Entry(
        "stargan-paper", "StarGAN on CelebA as published: 128 px, batches of 16, 20 epochs; needs CelebA's folder.",
        "stargan", training=on_celeba(16), others=CELEBA,
    ),
    Entry(
        "cyclegan-paper", "CycleGAN as published: 256 px, single images, 200 epochs; needs your data.",
        "cyclegan", training=between(200, "cyclegan"), others=YOURS_256,
    ),
    Entry(
        "stargan2-paper", "StarGAN v2 as published, without face alignment: 256 px, 100,000 steps; needs your data.",
        "stargan2", training=training(batch=8, steps=100_000, decay="constant", flip=True, average=0.999), others=YOURS_256,
    ),
    Entry(
        "pix2pix-paper", "pix2pix as published: 256 px, single pairs, 200 epochs; needs your pairs.",
        "pix2pix", training=between(200, "cyclegan"), others=YOURS_256,
    ),
    Entry(
        "cut-paper", "CUT as published: 256 px, single images, 400 epochs; needs your data.",
        "cut", training=between(400, "cyclegan"), others=YOURS_256,
    ),
    Entry(
        "fastcut-paper", "FastCUT as published: 256 px, single images, 200 epochs; needs your data.",
        "cut", {"contrast": 10.0, "identity": False, "mirror": True}, training=between(200, "fastcut"), others=YOURS_256,
    ),
    Entry(
        "fixed-point-paper", "Fixed-Point GAN on CelebA as published: 128 px, batches of 16; needs CelebA's folder.",
        "fixed_point", training=on_celeba(16), others=CELEBA,
    ),
    Entry(
        "stgan-paper", "STGAN on CelebA as published: 128 px, batches of 32, 200 epochs; needs CelebA's folder.", "stgan",
        training=training(batch=32, epochs=200, decay="tenth"), others={"data": "celeba", "size": 128, "crop": 170},
    ),
    Entry(
        "relgan-paper", "RelGAN as published: 256 px, batches of 4, 400,000 steps; needs your data.",
        "relgan", training=training(batch=4, steps=400_000, decay="constant"), others=YOURS_256,
    ),
    Entry(
        "discogan-paper", "DiscoGAN as published: 64 px, batches of 64; needs your data.",
        "discogan", training=training(batch=64, steps=50_000, decay="constant"), others=YOURS_64,
    ),
    Entry(
        "icgan-paper", "IcGAN on CelebA as published: 64 px, batches of 64, 40 epochs; needs CelebA's folder.", "icgan",
        training=training(batch=64, epochs=40, decay="constant"), others={"data": "celeba", "size": 64, "crop": 178},
    ),
    Entry(
        "augmented-cyclegan-paper", "Augmented CycleGAN as published: 64 px, batches of 32; needs your data.",
        "augmented_cyclegan", training=training(batch=32, epochs=50, decay="linear"), others=YOURS_64,
    ),
    Entry(
        "stargan-celeba", "StarGAN on CelebA without the multicyclic loss: stargan-paper with batches of 8.",
        "stargan", training=on_celeba(), others=CELEBA,
    ),
    Entry(
        "multicyclic-celeba", "The multicyclic loss on CelebA, otherwise like stargan-celeba.",
        "stargan", multicycle=FULL, training=on_celeba(), others=CELEBA,
    ),
    Entry(
        "multicyclic-limited-celeba", "The limited multicyclic loss on CelebA, otherwise like stargan-celeba.",
        "stargan", multicycle=LIMITED, training=on_celeba(), others=CELEBA,
    ),
    Entry(
        "stargan-celeba-author", "stargan-celeba with the changes to StarGAN by the author of the multicyclic loss.",
        "stargan", AUTHOR, training=on_celeba(decay="schneider"), others=CELEBA,
    ),
    Entry(
        "multicyclic-celeba-author", "multicyclic-celeba with the same changes.",
        "stargan", AUTHOR, FULL, on_celeba(decay="schneider"), CELEBA,
    ),
    Entry(
        "multicyclic-limited-celeba-author", "multicyclic-limited-celeba with the same changes.",
        "stargan", AUTHOR, LIMITED, on_celeba(decay="schneider"), CELEBA,
    ),
)  # fmt: skip
