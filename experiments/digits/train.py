"""CycleGAN between handwritten digits and digits in the street, measured by whether a digit stays what it was.

python -m experiments.digits train --mnist DIR                       8,000 steps, about 100 minutes on two cores
python -m experiments.digits train --mnist DIR --street DIR          with the folder of SVHN's files
python -m experiments.digits train --mnist DIR --name luminance      other settings: see RECIPES and OWN

An interrupted training goes on with the same command. Writes results/NAME.json and results/NAME.png.

A classifier of each set, trained on its real images alone, reads the translations into that set. `ceiling` is its accuracy on the
set's real test images. `floor` is its accuracy on images that are resized and not translated; `floor_inverted` and
`floor_enlarged` have light and dark exchanged, or the middle enlarged. Chance is 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from experiments.common import DOCS, show, trained, write_result
from experiments.digits import polarity
from experiments.digits.classifier import classifier, confusion, digits, of, read, share
from viceversa.core.domains import Domain
from viceversa.core.method import Builder
from viceversa.data.dataset import Dataset, Images
from viceversa.data.joined_spaces import sources, spec_of
from viceversa.data.sources import open_dataset
from viceversa.images.decoding import recolored
from viceversa.images.fitting import fitted, shown
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pictures import grid, save_png
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner

SHOWN, MIDDLE = 12, 28
RESULTS, PAGE = Path(__file__).parent / "results", DOCS / "results" / "digits.md"
Name = Literal["plain", "luminance", "loose-street", "polarity", "polarity-luminance", "codes", "faithful", "faithful-street",
               "faithful-light", "faithful-hand", "enlarging", "one-layer", "better-cycles", "pad-crop", "valid-conv"]  # fmt: skip
OWN: dict[str, Builder] = {
    "polarity": polarity.build, "polarity-luminance": polarity.with_luminance,
    "faithful": polarity.faithful, "faithful-street": polarity.faithful_street, "faithful-light": polarity.faithful_light,
    "faithful-hand": polarity.faithful_hand, "enlarging": polarity.enlarging,
}  # fmt: skip
"""Methods of polarity.py."""
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("cyclegan", {}),
    "luminance": ("cyclegan", {"luminance": 0.5}),
    "loose-street": ("cyclegan", {"cycle_back": 1.0}),
    "codes": ("augmented-cyclegan", {"width": 16, "latent": 8, "cycle": 10.0, "cycle_back": 1.0, "learning_rate": 4e-4}),
    "one-layer": ("cyclegan", {"critic_layers": 1}),
    "better-cycles": ("better-cycles", {}),
    "pad-crop": ("cyclegan", {"fit": "pad_crop"}),
    "valid-conv": ("cyclegan", {"fit": "valid_conv"}),
}
"""Recipes of the package, and the settings in which they differ."""


@dataclass(frozen=True)
class Digits:
    """Which translator is trained, how, and where its result goes."""

    mnist: str
    """folder of MNIST's four files, or `handwritten`"""
    street: str = "street-digits"
    """`street-digits`, or the folder of SVHN's files"""
    name: Name = "plain"
    """name of the settings"""
    steps: int = 8000
    until: int | None = None
    """step to stop and measure at, with the schedule of all steps"""
    batch: int = 16
    width: int = 32
    blocks: int = 4
    threads: int = 2
    epochs: int = 2
    """passes over the training images, for each classifier"""
    images: int = 10_000
    """test images of each set, at most"""
    runs: Path = Path("runs/digits")
    """folder of the translators and the classifiers"""
    results: Path = RESULTS


def main(asked: Digits) -> None:
    """Train a translator of digits, or resume its training; then measure it."""
    torch.set_num_threads(asked.threads)
    model = translator(asked, asked.runs / asked.name)
    labeled = sources(spec(asked), open_dataset)
    readers = {
        name: classifier(dataset, asked.runs / f"classifier-{dataset.name}.safetensors", asked.epochs)
        for name, dataset in labeled.items()
    }
    first, second = labeled
    ways = {f"{here} to {there}": (here, there) for here, there in ((first, second), (second, first))}
    recipe = model.record.recipe
    facts = {
        "dataset": model.record.dataset, "steps": model.step, "of": asked.steps,
        "method": model.record.build or recipe.method.model_dump(),
        "training": recipe.training.model_dump(), "precision": model.record.precision,
        "ways": {way: measured(model, labeled, readers, *ends, asked.images) for way, ends in ways.items()},
    }  # fmt: skip
    write_result(asked.results / f"{asked.name}.json", facts)
    save_png(picture(model, labeled), asked.results / f"{asked.name}.png")
    if asked.results == RESULTS:
        show(RESULTS, PAGE)
    for way, found in facts["ways"].items():
        print(f"{way}: {found['accuracy']:.3f} of {found['images']} digits kept; ceiling {found['ceiling']:.3f}")


def spec(asked: Digits) -> str:
    """The data, as `--data` of the command line names it."""
    return spec_of({"mnist": asked.mnist, "street": asked.street})


def translator(asked: Digits, run: Path) -> Model:
    """The trained translator. An interrupted training ends the program."""
    recipe, changed = RECIPES.get(asked.name, ("", {}))
    cyclegan = {"width": asked.width, "blocks": asked.blocks, "critic_width": 64, "critic_layers": 2, "identity": 0.0}
    within = "method.cyclegan" if recipe == "better-cycles" else "method"
    settings = changed if recipe == "augmented-cyclegan" else {**cyclegan, **changed}
    how: dict[str, Any] = {"data": spec(asked), "steps": asked.steps, "batch": asked.batch}
    if asked.name in OWN:
        how |= {"average": 0.995}
    else:
        how |= {"settings": {f"{within}.{name}": value for name, value in settings.items()}}
    return trained(OWN.get(asked.name) or recipe, run, until=asked.until, before=True, **how)


def measured(
    model: Model, labeled: dict[str, Dataset], readers: dict[str, nn.Module], here: str, there: str, most: int
) -> dict[str, Any]:
    """Measure one set to the other and back: digits kept, their confusion, and the distance between the start and the way back."""
    start, goal = of(labeled[here], "test"), of(labeled[there], "test")
    true, pixels = digits(start)[:most], np.asarray(start.pixels[:most])
    made = translated(model, pixels, here, there)
    back = translated(model, made, there, here)
    seen = read(readers[there], made)
    error = np.abs(back.astype(float) - pixels)
    inset = (pixels.shape[1] - MIDDLE) // 2
    return {
        "images": len(true),
        "accuracy": share(true, seen),
        "floor": share(true, read(readers[there], untranslated(pixels, goal.pixels.shape))),
        "floor_inverted": share(true, read(readers[there], untranslated(255 - pixels, goal.pixels.shape))),
        "floor_enlarged": share(true, read(readers[there], untranslated(enlarged(pixels), goal.pixels.shape))),
        "ceiling": share(digits(goal), read(readers[there], goal.pixels)),
        "returned_accuracy": share(true, read(readers[here], back)),
        "own_ceiling": share(true, read(readers[here], pixels)),
        "confusion": confusion(true, seen),
        "cycle_l1": float(error.mean()),
        "cycle_l1_middle": float(error[:, inset : inset + MIDDLE, inset : inset + MIDDLE].mean()),
    }


def untranslated(pixels: Pixels, shape: tuple[int, ...]) -> Pixels:
    """Each image untranslated, at the size and with the channels of `shape` (N, H, W, C)."""
    return np.stack([fitted(recolored(each, shape[3]), (shape[1], shape[2])) for each in pixels])


def enlarged(pixels: Pixels) -> Pixels:
    """Enlarge the middle of images to their size."""
    return quantized(polarity.enlarged(normalized(torch.tensor(pixels))))


def translated(model: Model, pixels: Pixels, here: str, there: str, batch: int = 250) -> Pixels:
    """Translate each image into the other space, in 8 bits; a method with styles gets another seed for each batch."""
    ways = Domain(here), Domain(there)
    parts = [pixels[first : first + batch] for first in range(0, len(pixels), batch)]
    seeds = range(len(parts)) if model.method.styles else [0] * len(parts)
    made = [model.translate_pixels(part, *ways, Manner(seed=seed)) for part, seed in zip(parts, seeds, strict=True)]
    return np.concatenate(made)


def picture(model: Model, labeled: dict[str, Dataset]) -> Any:
    """Picture of the first test images of each set, translated and back."""
    first, second = labeled
    rows, titles = [], []
    for here, there in ((first, second), (second, first)):
        images: Images = of(labeled[here], "test")
        made = translated(model, np.asarray(images.pixels[:SHOWN]), here, there)
        rows += [list(shown(each)) for each in (images.pixels[:SHOWN], made, translated(model, made, there, here))]
        titles += [here, f"to {there}", "and back"]
    return grid(rows, [""] * SHOWN, titles)
