"""A chain of edits by one or two models: its pictures, and their drift from the source and the ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from viceversa.evaluation.report.contents import CaptionedImage, Strip
from viceversa.images.fitting import in_bits
from viceversa.images.load import layers_of
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import AS_TRAINED
from viceversa.multiturn.measures import in_channels_of, in_size_of, pixel_measures
from viceversa.pages.figures import line_styles


@dataclass(frozen=True, eq=False)
class Step:
    """An image of a chain.

    Args:
        pixels: the image.
        drift: mean absolute difference to the source, in levels of 255.
        error: the same to the ground truth, None if that is unknown.
        psnr: PSNR to the ground truth in dB.
    """

    pixels: Pixels
    drift: float
    error: float | None = None
    psnr: float | None = None


@dataclass(frozen=True, eq=False)
class Walk:
    """A chain by one model.

    Args:
        source: the image as the model receives it.
        steps: one for each edit.
    """

    source: Pixels
    steps: Sequence[Step]


def walk(model: Model, file: str | Path, edits: Sequence[str], truths: Sequence[Pixels | None]) -> Walk:
    """Translate an image to each edit's target in turn.

    Args:
        model: the model.
        file: the image.
        edits: the edits.
        truths: ground truth of each step; None where it is unknown.

    Raises:
        UsageError: For an edit that the model does not know.
    """
    made = model.arrays(file, edits)
    source = model.preprocessing.opened(layers_of(file), model.routing.departure("", edits[0]), AS_TRAINED).colors
    return Walk(source, [_measured(image, source, truth) for image, truth in zip(made, truths, strict=True)])


def _measured(image: Pixels, source: Pixels, truth: Pixels | None) -> Step:
    drift = _compared(image, source)["l1"]
    if truth is None:
        return Step(image, drift)
    found = _compared(image, truth)
    return Step(image, drift, found["l1"], found["psnr"])


def _compared(image: Pixels, other: Pixels) -> Mapping[str, float]:
    """Return measures of two images of any depth, size and number of channels, in 8-bit levels."""
    one, two = in_channels_of(in_bits(image, 8), in_bits(in_size_of(other, image), 8))
    return {str(name): value for name, value in pixel_measures(one, two).items()}


def strip_of(walks: Mapping[str, Walk], edits: Sequence[str], truths: Sequence[Pixels | None]) -> Strip:
    """Return the pictures of a chain in one row per model, with the ground truth below."""
    rows: list[tuple[str, list[CaptionedImage | None]]] = [
        (name, [CaptionedImage(walk.source), *(CaptionedImage(step.pixels, _notes(step)) for step in walk.steps)])
        for name, walk in walks.items()
    ]
    if any(truth is not None for truth in truths):
        rows.append(("ground truth", [None, *(None if truth is None else CaptionedImage(truth) for truth in truths)]))
    facts = {
        "drift": "mean absolute difference to the source, in levels of 255; the edits themselves are part of it",
        "error": "the same to the ground truth, where it is known; PSNR is to the ground truth too",
    }
    return Strip("The chain, step by step", facts, ["source", *(f"{number}: {edit}" for number, edit in enumerate(edits, 1))], rows)


def _notes(step: Step) -> list[str]:
    notes = [f"drift {step.drift:.1f}"]
    return notes if step.error is None else [*notes, f"error {step.error:.1f}", f"PSNR {step.psnr:.1f} dB"]


def draw_drift(walks: Mapping[str, Walk], axes: Axes) -> None:
    """Draw the error after each step for each model, or the drift if the ground truth is unknown."""
    known = all(step.error is not None for walk in walks.values() for step in walk.steps)
    styles = line_styles(walks)
    for name, walk in walks.items():
        values = [step.drift if step.error is None or not known else step.error for step in walk.steps]
        axes.plot(
            np.arange(1, len(values) + 1), values, color=styles[name].color, marker=styles[name].marker, markersize=4, label=name
        )
    axes.set_xlabel("step")
    axes.set_ylabel("error (levels)" if known else "drift (levels)")
    axes.set_ylim(0, 1.1 * axes.dataLim.y1 or 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
