"""One drawn person's face moves as another's does: CycleGAN on `avatars:face-off`, read face by face, and as a clip.

python benchmarks/face_off/run.py                       a quarter of an hour on two cores; may be interrupted
python benchmarks/face_off/run.py --steps 4000 --runs runs/longer

Writes results/face-off.json, face-off.png, and face-off.mp4, a clip of changing expressions, translated. An expression is read by
the true picture that is nearest, of all 1,872 of that person: chance is .0005, and of eyes, brows and mouth alone 1 of 12, 13
and 12.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from PIL import Image

import viceversa as vv
from viceversa.data.dataset import Pixels
from viceversa.data.face_off import EXPRESSIONS, PERSONS, face_off, render
from viceversa.domains import Domain
from viceversa.evaluation.features import EXTRACTOR, perceptual
from viceversa.evaluation.similarity import psnr
from viceversa.pictures import grid, save_png
from viceversa.translate import Model, load

FEATURES = ("eyes", "brows", "mouth")
HELD, SHOWN = 6, 24
"""Frames of an expression in the clip, and of how many."""
RATE = 12
"""Frames a second."""


@dataclass(frozen=True)
class FaceOff:
    """How it is trained, and where."""

    size: int = 64
    steps: int = 2000
    batch: int = 4
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
    """Trains, or goes on with what there is; ends the program where that was interrupted."""
    how: dict[str, Any] = {"precision": "bf16", "checkpoint_every": 500, "best": "none"}
    how |= {"data": "avatars:face-off", "size": asked.size, "steps": asked.steps, "batch": asked.batch}
    ended = vv.train("cyclegan", out=run, **({"resume": True} if (run / "recipe.json").exists() else how))
    if ended.interrupted:
        raise SystemExit(128 + ended.interrupted)


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
    """A face with changing expressions as a clip, translated as one: its consistency, and its frames against the true ones."""
    first, second = PERSONS
    test = face_off(asked.size).splits["test"]
    rows = np.repeat(np.linspace(0, len(test[first]) - 1, SHOWN).round().astype(int), HELD)
    frames, pictures, out = asked.runs / "frames", asked.runs / "translated", asked.results / "face-off.mp4"
    frames.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(rows):
        Image.fromarray(np.asarray(test[first].pixels[row])).save(frames / f"{number:04d}.png")
    told = ["translate", str(run), str(frames), "--to", second]
    viceversa(*told, "--out", str(out), "--fps", str(RATE), "--consistency", threads=asked.threads)
    viceversa(*told, "--out", str(pictures), threads=asked.threads)
    made = np.stack([np.asarray(Image.open(path)) for path in sorted(pictures.glob("*.png"))])
    true = np.asarray(test[second].pixels[rows])
    consistency = json.loads(out.with_name(f"{out.name}.consistency.json").read_text())
    return {"frames": len(rows), "psnr_of_frames": round(float(psnr(made, true).mean()), 2), **consistency}


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
