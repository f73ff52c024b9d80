"""Trains the model `avatars`, packages it, and measures it against what it is to reach.

python benchmarks/pretrained.py train                       three trainings, about 90 minutes on one thread; may be interrupted
python benchmarks/pretrained.py package                     the last one's generator, into src/viceversa/runs/pretrained/avatars
python benchmarks/pretrained.py measure                     about ten minutes on two cores; writes results/pretrained-cpu.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from viceversa.data.sources import open_dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.compare import compare
from viceversa.inference.familiarity import FILE, save_familiarity
from viceversa.inference.load import load
from viceversa.metrics.labeller_training import save_labeller
from viceversa.runs.pretrained import WEIGHTS, folder_of, write_generator
from viceversa.runs.record import write_record

RESULT = Path(__file__).parent / "results" / "pretrained-cpu.json"
MEASURES = (
    "label_accuracy", "changed_accuracy", "kept_accuracy", "accuracy_by_attribute", "psnr_to_truth", "ssim_to_truth", "l1_outside",
    "perceptual_to_source", "kernel", "kernel_target", "frechet",
)  # fmt: skip
RUNS = Path("runs/pretrained")
COMMON = (
    "--size", "64", "--batch", "16", "--training.precision", "bf16", "--training.checkpoint-every", "500",
    "--training.no-labeller", "--training.best", "none",
)  # fmt: skip
STAGES: Mapping[str, tuple[str, ...]] = {
    "first": ("--steps", "8000", "--training.seed", "0"),
    "second": ("--init", str(RUNS / "first"), "--steps", "1600", "--training.seed", "1", "--method.learning-rate", "4e-4",
               "--method.triple", "10"),
    "third": ("--init", str(RUNS / "second"), "--steps", "600", "--training.seed", "2", "--method.learning-rate", "3e-4",
              "--method.triple", "10", "--multicycle.extra", "0.5", "0.5", "0.5"),
}  # fmt: skip
"""The recipe `multicyclic`; then with triple consistency too; then with heavier chains."""


def train() -> None:
    """Each stage from the weights of the one before."""
    for name, settings in STAGES.items():
        command = [sys.executable, "-m", "viceversa", "train", "multicyclic", "--out", str(RUNS / name)]
        begun = (RUNS / name / "recipe.json").exists()
        rest = ["--resume"] if begun else [*settings, *COMMON]
        subprocess.run([*command, *rest], env={**os.environ, "ACCELERATE_USE_CPU": "1"}, check=True)


def package() -> None:
    """The settings, the last stage's averaged generator, the data's labeller and what its images are like; without the card."""
    folder, model = folder_of("avatars"), load(RUNS / list(STAGES)[-1], checkpoint="last")
    recipe = model.record.recipe.model_copy(update={"init": None})
    write_record(folder, model.record.model_copy(update={"recipe": recipe}))
    steps = sum(int(settings[settings.index("--steps") + 1]) for settings in STAGES.values())
    write_generator(model.method, steps, folder / WEIGHTS)
    save_labeller(open_dataset("avatars", recipe.size), folder / "labeller.safetensors")
    save_familiarity(open_dataset("avatars", recipe.size), folder / FILE)
    print(sum(path.stat().st_size for path in folder.iterdir()), "bytes")


def measure(samples: int | None = None) -> None:
    """All 2,000 test images, k = 0..3; prints each aim with what was found."""
    model = load("avatars")
    dataset = open_dataset("avatars", model.record.recipe.size)
    found = compare({"avatars": candidate_of(model)}, dataset, samples=samples)
    rows = found.report("").rows
    kept = [
        {"model": row.model, "direction": row.direction, "k": row.cycles, **{name: vars(row)[name] for name in MEASURES}}
        for row in rows
        if row.chain == "8bit" and row.model in ("avatars", "floor")
    ]
    result = {"dataset": dataset.name, "samples": len(found.task), "time": found.clock.in_words(), "rows": kept}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    for words, least, value in aims(kept):
        print(f"{'reached' if value >= least else 'MISSED '}  {words}: {value:.3f}, at least {least} asked")


def aims(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, float, float]]:
    """(what, at least, found) over k = 0..3."""
    inv, rec = ([row for row in rows if (row["model"], row["direction"]) == ("avatars", way)] for way in ("inv", "rec"))
    floor = next(row["psnr_to_truth"] for row in rows if (row["model"], row["direction"]) == ("floor", "inv"))
    yield "inv label accuracy", 0.97, min(row["label_accuracy"] for row in inv)
    for name in inv[0]["accuracy_by_attribute"]:
        yield f"inv accuracy of {name}", 0.93, min(row["accuracy_by_attribute"][name] for row in inv)
    yield "rec label accuracy", 0.99, min(row["label_accuracy"] for row in rec)
    yield "changed accuracy", 0.95, min(row["changed_accuracy"] for row in inv)
    yield "PSNR to the true edit above no edit, in dB", 6, min(row["psnr_to_truth"] for row in inv) - floor
    yield "PSNR to the true edit at k = 0, in dB", 24, inv[0]["psnr_to_truth"]
    yield "minus the dB lost from k = 0 to k = 3", -1, inv[-1]["psnr_to_truth"] - inv[0]["psnr_to_truth"]


def main(arguments: Sequence[str]) -> None:
    match arguments:
        case ["train"]:
            train()
        case ["package"]:
            package()
        case ["measure", *samples]:
            measure(int(samples[0]) if samples else None)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
