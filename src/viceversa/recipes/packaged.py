"""Recipes for a laptop: drawn faces and digits, small networks."""

from __future__ import annotations

from viceversa.recipes.entry import Entry

EXTRA = (0.25, 0.125, 0.0625)
"""Weights of the extra cycles in the multicyclic loss, as its author chose them."""
FULL = {"extra": EXTRA}
LIMITED = {"extra": EXTRA, "losses": ("cycle",)}
RISING = {"rise": 0.1}
"""Multicyclic settings for generators whose chains have different gradients in bf16 and fp32 before training: their cosine is
0.5 (docs/precision.md). If there are extra cycles, their weights rise over the first tenth of the training."""

SMALL = {"width": 32, "blocks": 4, "critic_width": 32, "gan": "hinge-r1", "critic_steps": 1, "learning_rate": 1e-3}
STARGAN = {**SMALL, "generator": "masked"}
MASKED = {"generator": "masked", "width": 32, "blocks": 4, "learning_rate": 1e-3}
"""Settings of a generator that repaints parts of an image and keeps the rest: the best one for faces
(docs/results/generators.md)."""
PATCH = {"critic_width": 32, "critic_layers": 2}
CYCLEGAN = {**MASKED, **PATCH, "identity": 0.0}
"""Settings without the identity loss: a masked generator does not need it, and the loss weakens its edits."""
BETWEEN = {"batch": 4, "average": 0.99, "steps": 10_000}
"""Training settings of methods between spaces: many steps on small batches, and a moving average of the weights."""
GLASSES = {"data": "avatars:glasses"}

PACKAGED = (
    Entry("stargan", "StarGAN on drawn faces: one generator for all attributes; trains on a laptop.", "stargan", STARGAN),
    Entry(
        "multicyclic", "StarGAN with the multicyclic loss: trained on chains of its outputs, all losses repeated.",
        "stargan", STARGAN, FULL,
    ),
    Entry(
        "multicyclic-limited", "StarGAN with the limited multicyclic loss: only the cycle loss is repeated on the chains.",
        "stargan", STARGAN, LIMITED,
    ),
    Entry(
        "triple", "StarGAN with triple consistency: an edit gives the same image with or without an earlier one.",
        "stargan", {**STARGAN, "triple": 10.0},
    ),
    Entry(
        "stargan-icons", "StarGAN on icons: one generator for five weights of strokes.", "stargan",
        {**SMALL, "generator": "label", "width": 28, "gamma": 0.02, "geometry": 10.0},
        training={"batch": 4, "average": 0.99, "steps": 8_000}, others={"data": "icons"},
    ),
    Entry(
        "fixed-point", "Fixed-Point GAN on drawn faces: small edits, and no change if the target equals the source.",
        "fixed_point", {**SMALL, "residual": "masked"},
    ),
    Entry(
        "relgan", "RelGAN on drawn faces: its input says which attributes change, and by how much.", "relgan",
        {"generator": "masked", "width": 32, "blocks": 4, "critic_width": 32, "matching": 5.0, "cycle": 1.0, "identity": 1.0,
         "interpolation": 1.0, "penalty": "r1", "learning_rate": 1e-3},
    ),
    Entry(
        "stgan", "STGAN on drawn faces: its input is the change of attributes; has selective transfer units.", "stgan",
        {"width": 32, "critic_width": 32, "gan": "hinge-r1", "critic_steps": 1, "learning_rate": 1e-3},
    ),
    Entry(
        "stargan2", "StarGAN v2 on drawn faces: many results for a hair color, random or like a reference.", "stargan2",
        {"width": 32, "most": 128, "style": 16, "latent": 8, "hidden": 128, "learning_rate": 1e-3},
        others={"attributes": ("hair",)},
    ),
    Entry(
        "icgan", "IcGAN on drawn faces: trains a conditional GAN, then encoders that invert it.", "icgan",
        {"width": 32, "encoder_width": 32, "hidden": 256, "latent": 64},
    ),
    Entry(
        "cyclegan", "CycleGAN between faces with and without glasses; trains on a laptop.",
        "cyclegan", CYCLEGAN, training=BETWEEN, others=GLASSES,
    ),
    Entry(
        "better-cycles", "CycleGAN whose cycle loss changes during training from pixels to discriminator features.",
        "better_cycles", {"cyclegan": CYCLEGAN}, training=BETWEEN, others=GLASSES,
    ),
    Entry(
        "discogan", "DiscoGAN between faces with and without glasses: squared cycle loss, no identity loss.",
        "discogan", {**MASKED, "critic_width": 32}, training=BETWEEN, others=GLASSES,
    ),
    Entry(
        "augmented-cyclegan", "Augmented CycleGAN: adds glasses to faces; a random code selects one of many results.",
        "augmented_cyclegan", {**MASKED, "width": 24, "latent": 8, "cycle": 10.0},  # with the paper's 1 it forgets the person
        training=BETWEEN, others=GLASSES,
    ),
    Entry(
        "cut", "CUT: adds glasses to faces; one direction, by a contrastive loss on patches.",
        "cut", {**MASKED, **PATCH, "projection": 64}, training=BETWEEN, others=GLASSES,
    ),
    Entry(
        "diat", "A method like DIAT: adds glasses to faces; one direction, by a loss on features.",
        "diat", {**MASKED, "critic_width": 32}, training=BETWEEN, others=GLASSES,
    ),
    Entry(
        "pix2pix", "pix2pix from outlines to faces, trained on pairs: an upper bound for methods without pairs.",
        "pix2pix", {"width": 24, **PATCH}, training={"batch": 8, "average": 0, "steps": 10_000},
        others={"data": "avatars:outlines"},
    ),
    Entry(
        "johnson", "Style transfer of Johnson et al.: paints faces in the style of toons, or of your images.",
        "johnson", {"width": 16}, training={"batch": 4, "average": 0, "steps": 2000, "best": "none"},
        others={"data": "people=avatars,style=toons"},
    ),
    Entry(
        "digits", "CycleGAN between handwritten digits and house numbers, which differ in size and channels.", "cyclegan",
        {"width": 32, "blocks": 4, "critic_layers": 2, "identity": 0, "cycle_back": 1.0, "likeness": 10.0, "likeness_back": 5.0,
         "polarity": 10.0},
        RISING, {"batch": 8, "average": 0.99, "steps": 1000, "best": "none"},  # more steps read worse (docs/results/digits.md)
        {"data": "handwritten=handwritten,street=street-digits"},
    ),
)  # fmt: skip
