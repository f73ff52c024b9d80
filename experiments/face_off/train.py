"""The face of one drawn person moves as that of another: CycleGAN on `avatars:face-off`, measured by face and as a clip.

python -m experiments.face_off                       a quarter of an hour on two cores; an interrupted training goes on
python -m experiments.face_off --steps 8000 --runs runs/longer

Writes results/face-off.json, face-off.png, and face-off.mp4, a translated clip of changing expressions; docs/video.md shows them.
An expression is read by the nearest true picture of all 1,872 of that person: chance is .0005, and for eyes, brows and mouth alone
1 of 12, 13 and 12.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from experiments.common import DOCS, show, trained, write_result
from viceversa import cli
from viceversa.core.domains import Domain
from viceversa.data.sets.face_off import EXPRESSIONS, PERSONS, face_off, render
from viceversa.images.pictures import grid, save_png
from viceversa.images.pixels import Pixels
from viceversa.inference.model import Model
from viceversa.metrics.features import EXTRACTOR, perceptual
from viceversa.metrics.similarity import psnr
from viceversa.video import consistency, translated_frames

RESULTS, PAGE = Path(__file__).parent / "results", DOCS / "video.md"
FEATURES = ("eyes", "brows", "mouth")
SETTINGS = {"method.identity": 0.0, "method.learning_rate": 5e-4}
"""The two persons differ in all colors, so no color is to be kept."""
HELD = 6
"""Frames of an expression in the clip."""
RATE = 12
"""Frames a second."""


@dataclass(frozen=True)
class FaceOff:
    """How the translator is trained, and where its results go."""

    size: int = 64
    steps: int = 4000
    batch: int = 4
    shown: int = 24
    """number of expressions in the clip"""
    threads: int = 2
    runs: Path = Path("runs/face-off")
    results: Path = RESULTS


def main(asked: FaceOff) -> None:
    """Train the translator, or resume its training; then measure it."""
    torch.set_num_threads(asked.threads)
    asked.results.mkdir(parents=True, exist_ok=True)
    run = asked.runs / "cyclegan"
    how: dict[str, Any] = {"data": "avatars:face-off", "size": asked.size, "steps": asked.steps, "batch": asked.batch}
    model = trained("cyclegan", run, before=True, settings=SETTINGS, **how)
    first, second = PERSONS
    ways = {f"{here} to {there}": measured(model, asked.size, here, there) for here, there in ((first, second), (second, first))}
    facts: dict[str, Any] = {
        "dataset": model.record.dataset, "steps": model.step, "settings": model.record.recipe.method.model_dump(),
        "extractor": EXTRACTOR, "ways": ways, "clip": clip(model, run, asked),
    }  # fmt: skip
    write_result(asked.results / "face-off.json", facts)
    save_png(picture(model, asked.size), asked.results / "face-off.png")
    if asked.results == RESULTS:
        show(RESULTS, PAGE)
    print(json.dumps(facts["ways"] | facts["clip"], indent=2))


def viceversa(*words: str) -> None:
    """Run the command line in this process. Raises SystemExit if it fails."""
    try:
        cli.main(words)
    except SystemExit as end:
        if end.code:
            raise


def measured(model: Model, size: int, here: str, there: str) -> dict[str, float]:
    """Measure the translations of the test expressions from one person to the other."""
    test = face_off(size).splits["test"]
    numbers = np.array([int(name) for name in test[here].ids])
    source, true = np.asarray(test[here].pixels), np.asarray(test[there].pixels)
    made = model.translate_pixels(source, Domain(here), Domain(there))
    everything = render(there, range(len(EXPRESSIONS)), size)
    return {
        "faces": len(numbers), **read(made, numbers, everything), "psnr": round(float(psnr(made, true).mean()), 2),
        "psnr_untranslated": round(float(psnr(source, true).mean()), 2),
        "perceptual_lite0": round(float(perceptual(made, true).mean()), 3),
    }  # fmt: skip


def read(made: Pixels, numbers: NDArray[np.int64], everything: Pixels) -> dict[str, float]:
    """Share of pictures (N, H, W, 3) whose nearest true picture, by squared error, has the same expression; and by feature."""
    flat, known = (pixels.reshape(len(pixels), -1).astype(np.float32) for pixels in (made, everything))
    seen = ((known**2).sum(1) - 2 * flat @ known.T).argmin(1)
    asked, found = (np.array(EXPRESSIONS)[chosen] for chosen in (numbers, seen))
    features = asked == found
    return {"expression": float((seen == numbers).mean())} | dict(zip(FEATURES, features.mean(0).tolist(), strict=True))


def clip(model: Model, run: Path, asked: FaceOff) -> dict[str, Any]:
    """Translate a clip of a swaying face with changing expressions; compare its consistency and its frames with the true clip."""
    first, second = PERSONS
    numbers = [int(name) for name in face_off(asked.size).splits["test"][first].ids]
    shown = [numbers[place] for place in np.linspace(0, len(numbers) - 1, asked.shown).round().astype(int)]
    source, true = (swaying(person, shown, asked.size) for person in (first, second))
    frames, out = asked.runs / "frames", asked.results / "face-off.mp4"
    shutil.rmtree(frames, ignore_errors=True)
    frames.mkdir(parents=True)
    for number, pixels in enumerate(source):
        Image.fromarray(pixels).save(frames / f"{number:04d}.png")
    places = [str(run), str(frames), "--to", second, "--out", str(out), "--overwrite"]
    viceversa("translate", *places, "--fps", str(RATE), "--consistency", "--checkpoint", "last")
    made = np.stack(list(translated_frames(model, source, second)))
    figures = out.with_name(f"{out.name}.consistency.json")
    found = {"translated": json.loads(figures.read_text()), "true": dict(consistency(list(source), list(true)).figures)}
    figures.unlink()
    return {"frames": len(made), "psnr": round(float(psnr(made, true).mean()), 2), "consistency": found}


def swaying(person: str, expressions: Sequence[int], size: int) -> Pixels:
    """Each expression for HELD frames, while the face sways by up to 1.25 of 64 px, drawn four times as large: (N, H, W, 3)."""
    large, reach = render(person, expressions, 4 * size), round(5 * size / 64)
    padded = np.pad(large, ((0, 0), (0, 0), (reach, reach), (0, 0)), mode="edge")
    frames = []
    for number in range(HELD * len(expressions)):
        left = reach + round(reach * np.sin(2 * np.pi * number / 24))
        picture = Image.fromarray(padded[number // HELD, :, left : left + 4 * size])
        frames.append(np.asarray(picture.resize((size, size), Image.Resampling.BOX)))
    return np.stack(frames)


def picture(model: Model, size: int) -> Image.Image:
    """Picture of twelve test expressions: the first person, the translation, the true second person, and the way back."""
    first, second = PERSONS
    test = face_off(size).splits["test"]
    rows = np.linspace(0, len(test[first]) - 1, 12).round().astype(int)
    source = np.asarray(test[first].pixels[rows])
    made = model.translate_pixels(source, Domain(first), Domain(second))
    back = model.translate_pixels(made, Domain(second), Domain(first))
    shown = [list(each) for each in (source, made, np.asarray(test[second].pixels[rows]), back)]
    return grid(shown, [""] * len(rows), [first, f"to {second}", f"true {second}", "and back"])
