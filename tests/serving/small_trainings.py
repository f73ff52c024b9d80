"""A folder as a training leaves it, written in no time: what the studio shows of runs."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from viceversa.metrics.health import COLLAPSED
from viceversa.runs.pretrained import packaged_folder


def training(folder: Path, steps: int = 20) -> Path:
    """A run's folder as a training leaves it, with the packaged model's settings."""
    folder.mkdir(parents=True)
    recipe = json.loads((packaged_folder("avatars") / "recipe.json").read_text())
    recipe["recipe"]["training"]["steps"] = steps
    (folder / "recipe.json").write_text(json.dumps(recipe))
    (folder / "samples").mkdir()
    for step in range(3, 21):
        Image.new("RGB", (40, 20)).save(folder / "samples" / f"{step:08d}.png")
    lines = [json.dumps({"step": step, "generator/adversarial": 1 / step}) + "\n" for step in range(1, 11)]
    (folder / "metrics.jsonl").write_text("".join(lines))
    signs = {"step": 5, "metric": "psnr_to_truth", "value": 20.0, "signs": [COLLAPSED.name]}
    (folder / "validation.jsonl").write_text(json.dumps(signs) + "\n" + '{"step": 10, "met')
    return folder
