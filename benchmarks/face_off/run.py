"""One drawn person's face moves as another's does: CycleGAN on `avatars:face-off`, read face by face, and as a clip.

python benchmarks/face_off/run.py                       a quarter of an hour on two cores; may be interrupted
python benchmarks/face_off/run.py --steps 8000 --runs runs/longer

Writes results/face-off.json, face-off.png, and face-off.mp4, a clip of changing expressions, translated. An expression is read by
the true picture that is nearest, of all 1,872 of that person: chance is .0005, and of eyes, brows and mouth alone 1 of 12, 13
and 12.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from PIL import Image

import viceversa as vv
from viceversa.core.domains import Domain
from viceversa.data.sets.face_off import EXPRESSIONS, PERSONS, face_off, render
from viceversa.images.pictures import grid, save_png
from viceversa.images.pixels import Pixels
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.metrics.features import EXTRACTOR, perceptual
from viceversa.metrics.similarity import psnr
from viceversa.video import consistency

FEATURES = ("eyes", "brows", "mouth")
SETTINGS = {"method.identity": 0.0, "method.learning_rate": 5e-4}
"""The two differ in all their colors, so none is to be kept."""
HELD = 6
"""Frames of an expression in the clip."""
RATE = 12
"""Frames a second."""


@dataclass(frozen=True)
class FaceOff:
    """How it is trained, and where."""

    size: int = 64
    steps: int = 4000
    batch: int = 4
    shown: int = 24
    """expressions in the clip"""
    threads: int = 2
    runs: Path = Path("runs/face-off")
    results: Path = Path(__file__).parent / "results"


def main() -> None:
    """Trains, or goes on with what there is; then measures."""
    asked = tyro.cli(FaceOff, description=__doc__)
    torch.set_num_threads(asked.threads)
    asked.results.mkdir(parents=True, exist_ok=True)
    run = asked.runs / "cyclegan"
    train(asked, run)
    model = load(run, checkpoint="last")
    first, second = PERSONS
    ways = {f"{here} to {there}": measured(model, asked.size, here, there) for here, there in ((first, second), (second, first))}
    facts: dict[str, Any] = {
        "dataset": model.record.dataset, "steps": model.step, "settings": model.record.recipe.method.model_dump(),
        "extractor": EXTRACTOR, "ways": ways, "clip": clip(run, asked),
    }  # fmt: skip
    (asked.results / "face-off.json").write_text(json.dumps(facts, indent=2) + "\n")
    save_png(picture(model, asked.size), asked.results / "face-off.png")
    print(json.dumps(facts["ways"] | facts["clip"], indent=2))


def train(asked: FaceOff, run: Path) -> None:
    """Train, or go on with what there is. An interrupted training ends the program."""
    how: dict[str, Any] = {"precision": "bf16", "checkpoint_every": 500, "best": "none", "settings": SETTINGS}
    how |= {"data": "avatars:face-off", "size": asked.size, "steps": asked.steps, "batch": asked.batch}
    vv.train("cyclegan", out=run, **({"resume": True} if (run / "recipe.json").exists() else how))


def viceversa(*words: str, threads: int) -> None:
    """The command line, on a CPU."""
    environment = {**os.environ, "ACCELERATE_USE_CPU": "1", "OMP_NUM_THREADS": str(threads)}
    subprocess.run([sys.executable, "-m", "viceversa", *words], env=environment, check=True, stdout=subprocess.DEVNULL)


def measured(model: Model, size: int, here: str, there: str) -> dict[str, float]:
    """Of the test's expressions, from one person to the other."""
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
    """The share of pictures (N, H, W, 3) whose nearest true one, by squared differences, has that expression; and by feature."""
    flat, known = (pixels.reshape(len(pixels), -1).astype(np.float32) for pixels in (made, everything))
    seen = ((known**2).sum(1) - 2 * flat @ known.T).argmin(1)
    asked, found = (np.array(EXPRESSIONS)[chosen] for chosen in (numbers, seen))
    features = asked == found
    return {"expression": float((seen == numbers).mean())} | dict(zip(FEATURES, features.mean(0).tolist(), strict=True))


def clip(run: Path, asked: FaceOff) -> dict[str, Any]:
    """A swaying face with changing expressions as a clip, translated as one: its consistency beside that of the true clip, and its
    frames against the true ones."""
    first, second = PERSONS
    numbers = [int(name) for name in face_off(asked.size).splits["test"][first].ids]
    shown = [numbers[place] for place in np.linspace(0, len(numbers) - 1, asked.shown).round().astype(int)]
    source, true = (swaying(person, shown, asked.size) for person in (first, second))
    frames, pictures, out = asked.runs / "frames", asked.runs / "translated", asked.results / "face-off.mp4"
    for folder in (frames, pictures):
        shutil.rmtree(folder, ignore_errors=True)
    frames.mkdir(parents=True)
    for number, pixels in enumerate(source):
        Image.fromarray(pixels).save(frames / f"{number:04d}.png")
    told = ["translate", str(run), str(frames), "--to", second, "--fps", str(RATE)]
    viceversa(*told, "--out", str(out), "--consistency", threads=asked.threads)
    viceversa(*told, "--out", str(pictures), threads=asked.threads)
    made = np.stack([np.asarray(Image.open(path)) for path in sorted(pictures.glob("*.png"))])
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
    """Twelve test expressions: the one, translated, the true other, and back."""
    first, second = PERSONS
    test = face_off(size).splits["test"]
    rows = np.linspace(0, len(test[first]) - 1, 12).round().astype(int)
    source = np.asarray(test[first].pixels[rows])
    made = model.translate_pixels(source, Domain(first), Domain(second))
    back = model.translate_pixels(made, Domain(second), Domain(first))
    shown = [list(each) for each in (source, made, np.asarray(test[second].pixels[rows]), back)]
    return grid(shown, [""] * len(rows), [first, f"to {second}", f"true {second}", "and back"])


if __name__ == "__main__":
    main()
