"""What is measured of each task's translators, on the images of a split; results are the mean over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion
from scipy.ndimage import label as connected

from experiments.digits.classifier import classifier, digits, of, read, share
from experiments.digits.train import untranslated
from experiments.generators.arms import Judge
from experiments.generators.measures import Read, Translate, by_model, kernel_vgg16, measured, vgg16_file
from experiments.icons.baselines import drawn
from experiments.photos.train import distances, pictures, translated
from experiments.sketches.baselines import INK, enclosed, hellinger, histograms
from viceversa.core.domains import Domain
from viceversa.data.dataset import Dataset
from viceversa.data.joined_spaces import sources
from viceversa.data.sets.avatars import avatars, labels_of
from viceversa.data.sets.icons import WEIGHTS, icons
from viceversa.data.sources import open_dataset
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.metrics.diversity import diversity
from viceversa.metrics.grids import grids
from viceversa.metrics.labeller_training import independent_labeller
from viceversa.metrics.similarity import l1, psnr, ssim
from viceversa.recipes import dataset_of

EVEN = 12.0
"""An area is filled evenly if its pixels deviate by fewer levels than this from its median color, on average."""
SMALLEST = 12
"""Pixels of an enclosed area that counts."""
WHITE = 240
"""An area whose median color is lighter than this in every channel is not filled."""
SEEDS = 10


def judge(name: Judge, model: Model, split: str, *, photos: str = "", full: bool = True) -> dict[str, Any]:
    """Measure a model by the judge of that name. full: also what takes minutes."""
    match name:
        case "truth":
            return by_truth(model, split, full=full)
        case "labels":
            return by_labels(model, split)
        case "digits":
            return by_digits(model, split)
        case "sketches":
            return by_areas(model, split)
        case "photos":
            return by_paintings(model, photos)
        case "codes":
            return by_codes(model, split)


def by_truth(model: Model, split: str, *, full: bool) -> dict[str, Any]:
    """Distances to the ground truth, and what an independent labeller reads; of a model with styles, how much translations differ.

    A model with labels, or one trained on pairs, is judged on the same images as those between spaces.
    """
    dataset = dataset_of(model.record.recipe)
    if model.space.attributes or dataset.name.startswith("avatars-glasses-pairs"):
        dataset = open_dataset("avatars:glasses", model.record.recipe.size)
    translate = by_labels_of_glasses(model) if model.space.attributes else by_model(model)
    found = measured(translate, dataset, split, reader_of(dataset, split), returns=model.method.returns, full=full)
    if model.method.styles and not model.space.attributes:
        found["styles"] = styles(model, np.asarray(dataset.splits[split][dataset.space.pair[0]].pixels[:100]))
    return found


def by_labels_of_glasses(model: Model) -> Translate:
    """The translations of a model whose only attribute is the glasses of `avatars`."""

    def translate(pixels: Pixels, here: str, there: str) -> Pixels:
        ends = [Domain("avatars", torch.full((len(pixels), 1), float(name == "glasses"))) for name in (here, there)]
        return model.translate_pixels(pixels, *ends)

    return translate


def reader_of(dataset: Dataset, split: str) -> Read:
    """Share of translations whose attributes a labeller of the whole data set reads right: the changed one, and all others."""
    return lambda made, here, there: read_by_labeller(made, dataset.splits[split][here].ids[: len(made)], there)


def read_by_labeller(made: Pixels, ids: Sequence[str], there: str) -> dict[str, float]:
    """Measures of `reader_of` for images of these ids, translated into the space `there`."""
    if there in WEIGHTS:
        reader, wanted = (
            independent_labeller(icons(made.shape[1]), quiet=True),
            torch.eye(len(WEIGHTS))[[WEIGHTS.index(there)] * len(made)],
        )
        return {"changed": round(reader.space.agrees(reader.read(made), wanted).double().mean().item(), 4)}
    reader = independent_labeller(avatars(made.shape[1]), quiet=True)
    wanted = torch.from_numpy(labels_of([int(name) for name in ids]))
    attribute, columns, value = EDITS[there]
    wanted[:, columns] = torch.tensor(value)
    right = reader.space.agrees(reader.read(made), wanted).double().mean(0)
    others = [number for number in range(len(right)) if number != attribute]
    return {"changed": round(right[attribute].item(), 4), "kept": round(right[others].mean().item(), 4)}


EDITS: Mapping[str, tuple[int, slice, tuple[float, ...]]] = {
    "plain": (1, slice(3, 4), (0.0,)), "glasses": (1, slice(3, 4), (1.0,)),
    "not-beard": (2, slice(4, 5), (0.0,)), "beard": (2, slice(4, 5), (1.0,)),
    "black": (0, slice(0, 3), (1.0, 0.0, 0.0)), "blond": (0, slice(0, 3), (0.0, 1.0, 0.0)),
    "tone-0": (4, slice(6, 7), (0.0,)), "tone-1": (4, slice(6, 7), (1.0,)),
}  # fmt: skip
"""Space -> which attribute of `avatars` it says something of, its columns in a label, and their values."""


def styles(model: Model, images: Pixels) -> dict[str, float]:
    """Mean distances, in levels and perceptual, between translations of an image by SEEDS seeds."""
    return differences([by_model(model, seed)(images, *model.space.pair) for seed in range(SEEDS)])


def differences(made: Sequence[Pixels]) -> dict[str, float]:
    """Mean distances, in levels and perceptual, between translations of the same images (N, H, W, C) by several seeds."""
    found = diversity(lambda rows, seed: made[seed][rows], [slice(None)], len(made))
    return {"diversity_l1": float(found.l1.mean()), "diversity_perceptual_lite0": float(found.perceptual.mean())}


def by_codes(model: Model, split: str) -> dict[str, Any]:
    """Faces painted from outlines: whether they keep what an outline shows, and how much they differ by their code.

    kept: share of glasses, beards and smiles that a labeller of real faces reads as they are in the outline's own face.
    hairs: hair colors, of three, that it reads among the faces of one outline by SEEDS codes; 1 without codes. diversity_l1: see
    `styles`; others_l1: the same distance between real faces of different people. psnr: to the outline's own face.
    return_psnr: from the face back to the outline.
    """
    dataset = dataset_of(model.record.recipe)
    here, there = dataset.space.pair
    lines, real = (dataset.splits[split][space] for space in (here, there))
    outlines, ids = np.asarray(lines.pixels[:CODED]), [int(name) for name in lines.ids[:CODED]]
    seeds = range(SEEDS) if model.method.styles else range(1)
    faces = [by_model(model, seed)(outlines, here, there) for seed in seeds]
    reader = independent_labeller(avatars(outlines.shape[1]), quiet=True)
    wanted = torch.from_numpy(labels_of(ids))
    read = [reader.read(each) for each in faces]
    kept = torch.stack([reader.space.agrees(each, wanted)[:, SHOWN_BY_OUTLINES] for each in read]).double().mean().item()
    hair = torch.stack([each[:, :3].argmax(1) for each in read])
    others = np.asarray(real.pixels[:CODED])
    found = {
        "kept": round(kept, 4),
        "hairs": float(np.mean([len(each.unique()) for each in hair.T])),
        "others_l1": round(float(l1(others, np.roll(others, 1, 0)).mean()), 2),
        "psnr": round(float(psnr(faces[0], others).mean()), 2),
        "kernel_vgg16": round(kernel_vgg16(faces[0], np.asarray(dataset.splits["train"][there].pixels[: 2 * CODED])), 4),
    }
    if model.method.returns:
        found["return_psnr"] = round(float(psnr(by_model(model)(faces[0], there, here), outlines).mean()), 2)
    return found | (differences(faces) if len(faces) > 1 else {"diversity_l1": 0.0, "diversity_perceptual_lite0": 0.0})


CODED = 100
"""Outlines that are painted."""
SHOWN_BY_OUTLINES = [1, 2, 3]
"""Attributes of `avatars` that an outline shows: glasses, beard, smile."""


def by_labels(model: Model, split: str) -> dict[str, Any]:
    """PSNR and SSIM of every change of an icon's weight, and of a walk through all weights and back, with `fill` and without."""
    label = torch.eye(len(WEIGHTS))

    def change(pixels: Pixels, source: int, target: int) -> Pixels:
        here, there = (Domain("icons", label[[each] * len(pixels)]) for each in (source, target))
        return model.translate_pixels(pixels, here, there)

    return weights(change, drawn(split, model.space.spec.height))


def weights(change: Callable[[Pixels, int, int], Pixels], drawn: Pixels) -> dict[str, Any]:
    """Measures of a function that changes weights, on icons drawn in all of them: (N, 5, H, W, 1)."""
    found: dict[str, Any] = {}
    for source, target in permutations(range(len(WEIGHTS)), 2):
        made, true = change(drawn[:, source], source, target), drawn[:, target]
        ways = {"psnr": round(float(psnr(made, true).mean()), 2), "ssim": round(float(ssim(made, true).mean()), 4)}
        found[f"{WEIGHTS[source]} to {WEIGHTS[target]}"] = ways
    same = [psnr(change(drawn[:, each], each, each), drawn[:, each]).mean() for each in range(len(WEIGHTS))]
    found["same"] = {"psnr": round(float(np.mean(same)), 2)}
    for name, walk in WALKS.items():
        pixels = drawn[:, walk[0]]
        found[name] = []
        for source, target in pairwise(walk):
            pixels = change(pixels, source, target)
            found[name].append(round(float(psnr(pixels, drawn[:, target]).mean()), 2))
    return found


WALKS: Mapping[str, tuple[int, ...]] = {"walk of strokes": (1, 3, 0, 2, 3, 1), "walk through fill": (1, 3, 4, 2, 0, 1)}
"""light, bold, thin, regular, bold, light; and light, bold, fill, regular, thin, light. PSNR to the truth after each step."""


def by_digits(model: Model, split: str) -> dict[str, Any]:
    """Share of digits that a classifier of the target set reads right, and the kernel distance to that set."""
    labeled = sources(model.record.recipe.data, open_dataset)
    readers = {
        name: classifier(dataset, Path("runs/digits") / f"classifier-{dataset.name}.safetensors", 2)
        for name, dataset in labeled.items()
    }
    found = {}
    for here, there in permutations(labeled):
        start, goal = of(labeled[here], split), of(labeled[there], split)
        pixels, true = np.asarray(start.pixels[:2000]), digits(start)[:2000]
        made = by_model(model)(pixels, here, there)
        others, shape = np.asarray(goal.pixels[:500]), goal.pixels.shape
        nothing = untranslated(pixels, shape)
        distance, floor = (kernel_vgg16(each, others) for each in (made, nothing))
        found[f"{here} to {there}"] = {
            "images": len(pixels), "accuracy": round(share(true, read(readers[there], made)), 4),
            "floor_accuracy": round(share(true, read(readers[there], nothing)), 4),
            "ceiling_accuracy": round(share(digits(goal), read(readers[there], goal.pixels)), 4),
            "returned_accuracy": round(share(true, read(readers[here], by_model(model)(made, there, here))), 4),
            "kernel_vgg16": round(distance, 4), "floor_kernel_vgg16": round(floor, 4), "kernel_ratio": round(distance / floor, 3),
        }  # fmt: skip
    return found


def by_areas(model: Model, split: str) -> dict[str, Any]:
    """How drawings are colored, whatever the colors: areas filled evenly, and distances to other colored drawings."""
    dataset = dataset_of(model.record.recipe)
    lines, true = (np.asarray(dataset.splits[split][space].pixels) for space in ("lines", "colors"))
    made = by_model(model)(lines, "lines", "colors")
    found: dict[str, Any] = coloring(made, lines, true, np.asarray(dataset.splits["train"]["colors"].pixels))
    if model.method.returns:
        back = by_model(model)(made, "colors", "lines")
        found["return_psnr"] = round(float(psnr(back, lines).mean()), 2)
    if model.method.styles:
        found["styles"] = styles(model, lines[:100])
    return found


def coloring(made: Pixels, lines: Pixels, true: Pixels, real: Pixels) -> dict[str, float]:
    """Measures of colored drawings. real: training drawings, none of which is among them. True colors are one of many answers."""
    even, filled = areas(made, lines)
    return {
        "areas_even": even, "areas_even_and_filled": filled,
        "histogram_of_all": round(float(hellinger(histograms(made).mean(0), histograms(real).mean(0))), 3),
        "kernel_vgg16": round(kernel_vgg16(made, real), 4),
        "psnr": round(float(psnr(made, true).mean()), 2), "grid": round(max(grids(made, true).values(), default=1.0), 2),
        "lines_kept": lines_kept(made, lines),
    }  # fmt: skip


def areas(made: Pixels, lines: Pixels) -> tuple[float, float]:
    """Share of enclosed areas of the drawings that are evenly colored, and that are so in another color than white.

    Pixels beside a line do not count: they are a mixture of its black and the color.
    """
    even, filled = [], []
    for drawing, inside in zip(made, enclosed(lines[..., 0] < INK), strict=True):
        regions, count = connected(inside)
        regions[~binary_erosion(inside)] = 0
        for region in range(1, count + 1):
            pixels = drawing[regions == region].astype(float)
            if len(pixels) >= SMALLEST:
                middle = np.median(pixels, 0)
                even.append(np.abs(pixels - middle).mean() < EVEN)
                filled.append(even[-1] and (middle < WHITE).any())
    return round(float(np.mean(even)), 4), round(float(np.mean(filled)), 4)


def lines_kept(made: Pixels, lines: Pixels) -> float:
    """Share of the drawings' ink that is dark in the colored picture too."""
    dark: NDArray[np.bool_] = made.mean(3) < INK
    ink = lines[..., 0] < INK
    return round(float((dark & ink).sum() / ink.sum()), 4)


def by_paintings(model: Model, photos: str) -> dict[str, Any]:
    """Distances to the true paintings and photographs, of crops and of whole pictures at their size, and grids."""
    folder, dataset = Path(photos), dataset_of(model.record.recipe)
    found = {}
    for kind, pair in pictures(dataset, folder / "whole").items():
        for here, there in ((0, 1), (1, 0)) if model.method.returns else ((0, 1),):
            made = translated(model, pair[here], here, there, full_size=kind == "whole")
            found[f"{kind}, {model.space.pair[here]} to {model.space.pair[there]}"] = distances_of_paintings(
                made, pair[here], pair[there]
            )
    return found


def distances_of_paintings(made: list[Pixels], sources: list[Pixels], true: list[Pixels]) -> dict[str, float]:
    """Distances to the true pictures, and the largest grid; that of crops is of all of them together."""
    if len({each.shape for each in (*made, *true)}) == 1:
        largest = max(grids(np.concatenate(made), np.concatenate(true)).values())
    else:
        largest = max(max(grids(one, other).values()) for one, other in zip(made, true, strict=True))
    return distances(made, sources, true, vgg16_file()) | {"grid": round(largest, 2)}
