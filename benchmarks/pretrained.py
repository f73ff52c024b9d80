"""Packages a trained run as the model `avatars`, and measures it against what it is to reach.

python benchmarks/multicyclic/run.py --arms full-64         trains it: an hour on one thread
python benchmarks/pretrained.py package runs/multicyclic/full-64-0
python benchmarks/pretrained.py measure                     ten minutes on two cores; writes results/pretrained-cpu.json
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from viceversa.data.sources import open_dataset
from viceversa.evaluation.compare import compare
from viceversa.evaluation.labeller import save_labeller
from viceversa.pretrained import WEIGHTS, folder_of, write_generator
from viceversa.translate import load

RESULT = Path(__file__).parent / "results" / "pretrained-cpu.json"
MEASURES = (
    "label_accuracy", "changed_accuracy", "kept_accuracy", "accuracy_by_attribute", "psnr_to_truth", "ssim_to_truth", "l1_outside",
    "perceptual_to_source", "kernel", "kernel_target", "frechet",
)  # fmt: skip


def package(run: Path) -> None:
    """The settings, the averaged generator and the data's labeller; the card is written by hand."""
    folder, model = folder_of("avatars"), load(run, checkpoint="last")
    folder.mkdir(exist_ok=True)
    shutil.copyfile(run / "recipe.json", folder / "recipe.json")
    write_generator(model.method, model.step, folder / WEIGHTS)
    save_labeller(open_dataset("avatars", model.record.recipe.size), folder / "labeller.safetensors")
    print(sum(path.stat().st_size for path in folder.iterdir()), "bytes")


def measure(samples: int | None = None) -> None:
    """All 2,000 test images, k = 0..3; prints each aim with what was found."""
    model = load("avatars")
    dataset = open_dataset("avatars", model.record.recipe.size)
    found = compare({"avatars": model.candidate}, dataset, samples=samples)
    rows = found.report("").rows
    kept = [
        {"model": row.model, "direction": row.direction, "k": row.cycles, **{name: vars(row)[name] for name in MEASURES}}
        for row in rows
        if row.chain == "8bit" and row.model in ("avatars", "floor")
    ]
    result = {"dataset": dataset.name, "steps": model.step, "samples": len(found.task), "rows": kept}
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
        case ["package", run]:
            package(Path(run))
        case ["measure", *samples]:
            measure(int(samples[0]) if samples else None)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
