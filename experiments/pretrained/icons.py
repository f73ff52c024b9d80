"""The packaged model `icons`: train it, package it, and measure it beside the baselines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from experiments.common import DOCS, show, trained, use_cpu, write_result
from experiments.generators.floor import of_weights
from experiments.generators.judges import by_labels, read_by_labeller
from experiments.icons.baselines import drawn, morphology
from experiments.pretrained.avatars import RUNS, Training
from experiments.pretrained.packaging import write_model
from viceversa.core.domains import Domain
from viceversa.data.sets.icons import WEIGHTS
from viceversa.images.pictures import grid, save_png
from viceversa.inference.load import load
from viceversa.inference.model import Model

RESULT = Path(__file__).parent / "results" / "icons-cpu.json"
RUN = RUNS / "icons"


def train_icons(asked: Training) -> None:
    """Train the recipe `stargan-icons`, or resume the training."""
    use_cpu(asked.threads)
    trained("stargan-icons", RUN, seed=0)


def package_icons() -> None:
    """Write the last checkpoint into the package."""
    model = load(RUN, checkpoint="last")
    write_model("icons", model, model.step)


def measure_icons() -> None:
    """Measure the packaged model and the baselines on all test icons."""
    model = load("icons")
    baselines = of_weights()
    found = by_labels(model, "test") | {"labels": labels_read(model)}
    write_result(RESULT, {"icons": len(drawn("test", 64)), "model": found, "baselines": baselines})
    save_png(picture(model), RESULT.parent / "icons.png")
    show(RESULT.parent, DOCS / "results" / "icons.md")
    print(RESULT.read_text())


def picture(model: Model) -> Image.Image:
    """Test icons 0 to 7 in light strokes, and in every other weight by dilation or erosion, by the model, and as they are."""
    test, label = drawn("test", 64)[:8], np.eye(len(WEIGHTS), dtype=np.float32)
    light = WEIGHTS.index("light")
    strips = {"light": test[:, light]}
    for target, name in enumerate(WEIGHTS):
        if target != light:
            strips[f"{name}, dilated or eroded"] = morphology(test[:, light], {"weight": [name] * len(test)})
            strips[f"{name}, model"] = translated(model, test[:, light], label[light], label[target])
            strips[f"{name}, designer"] = test[:, target]
    return grid([list(each) for each in strips.values()], [""] * len(test), list(strips), 1)


def labels_read(model: Model) -> dict[str, float]:
    """Target weight -> share of translations of all test icons in which an independent labeller reads it."""
    test = drawn("test", model.space.spec.height)
    label = np.eye(len(WEIGHTS), dtype=np.float32)
    found = {}
    for target, name in enumerate(WEIGHTS):
        made = [
            translated(model, test[:, source], label[source], label[target]) for source in range(len(WEIGHTS)) if source != target
        ]
        shares = [read_by_labeller(each, [""] * len(each), name)["changed"] for each in made]
        found[name] = round(float(np.mean(shares)), 4)
    return found


def translated(model: Model, pixels: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Icons (N, H, W, 1) of one weight in another one."""
    here, there = (Domain("icons", torch.from_numpy(np.tile(each, (len(pixels), 1)))) for each in (source, target))
    return np.asarray(model.translate_pixels(pixels, here, there))
