"""Folders as trainings leave them, written in no time: what the studio shows of runs, and models with random weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import safetensors.torch
from PIL import Image

from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.metrics.health import COLLAPSED
from viceversa.recipes import builder, recipe_named
from viceversa.runs.pretrained import packaged_folder
from viceversa.runs.record import Record, read_record, write_record
from viceversa.runs.weights import FILES, flat, write_sealed


def training(folder: Path, steps: int = 20) -> Path:
    """A run's folder as a training leaves it, with the packaged model's settings and labeller, and without a checkpoint."""
    folder.mkdir(parents=True)
    recipe = json.loads((packaged_folder("avatars") / "recipe.json").read_text())
    recipe["recipe"]["training"]["steps"] = steps
    (folder / "recipe.json").write_text(json.dumps(recipe))
    shutil.copy(packaged_folder("avatars") / "labeller.safetensors", folder)
    (folder / "samples").mkdir()
    for step in range(3, 21):
        Image.new("RGB", (40, 20)).save(folder / "samples" / f"{step:08d}.png")
    lines = [json.dumps({"step": step, "generator/adversarial": 1 / step}) + "\n" for step in range(1, 11)]
    (folder / "metrics.jsonl").write_text("".join(lines))
    signs = {"step": 5, "metric": "psnr_to_truth", "value": 20.0, "signs": [COLLAPSED.name]}
    (folder / "validation.jsonl").write_text(json.dumps(signs) + "\n" + '{"step": 10, "met')
    return folder


def styled(folder: Path) -> Path:
    """A run of StarGAN v2, which has styles, on a user's own data, without a labeller."""
    folder.mkdir()
    space = Space({"faces": ImageSpec(3, 16, 16)}, (OneOf("hair", ("black", "blond", "brown")),))
    recipe = recipe_named("stargan2")
    method = recipe.method.model_copy(update={"width": 4, "most": 8, "style": 4, "latent": 4, "hidden": 8})
    recipe = recipe.model_copy(update={"data": "faces.csv", "size": 16, "method": method})
    write_record(folder, Record(recipe=recipe, dataset="faces", space=space, device="cpu", precision="fp32"))
    return with_weights(folder)


def with_weights(run: Path) -> Path:
    """The run's folder, with a checkpoint of the weights that its method begins with."""
    record = read_record(run)
    weights = safetensors.torch.save(flat(builder(record.recipe)(record.space)))
    write_sealed(run / "checkpoints" / "00000010", {name: b"" if name == FILES[-1] else weights for name in FILES})
    return run
