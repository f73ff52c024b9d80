"""The learning rate of all arms, chosen beforehand with base alone, on validation images, by a seed that is not used again.

python benchmarks/multicyclic/choose.py                     writes results/choice.json
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from arms import ARMS, command, environment

from viceversa.data.sources import open_dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.compare import compare
from viceversa.inference.load import load

RATES, SEED, IMAGES = (2e-3, 1e-3, 5e-4), 100, 200
RESULT = Path(__file__).parent / "results" / "choice.json"
MEASURES = ("changed_accuracy", "psnr_to_truth", "l1_outside")


@dataclass(frozen=True)
class Choice:
    """Where the trainings go."""

    runs: Path = Path("runs/multicyclic")
    threads: int = 2


def main() -> None:
    """Trains base at each rate and measures it: inv after k = 0..3 through 8-bit images."""
    asked = tyro.cli(Choice, description=__doc__)
    models = {}
    for rate in RATES:
        run = asked.runs / f"choice-{rate:g}"
        train = command(ARMS["base"], SEED, run, learning_rate=rate)
        subprocess.run(train, env=environment(asked.threads), check=True, stdout=subprocess.DEVNULL)
        print(f"{rate:g} is trained", file=sys.stderr)
        models[f"{rate:g}"] = candidate_of(load(run, checkpoint="last"))
    found = compare(models, open_dataset("avatars", 32), samples=IMAGES, split="validation")
    rows = {
        name: [
            {"k": row.cycles, **{measure: vars(row)[measure] for measure in MEASURES}}
            for row in assessment.rows
            if (row.direction, row.chain) == ("inv", "8bit")
        ]
        for name, assessment in found.assessments.items()
    }
    RESULT.write_text(json.dumps({"seed": SEED, "split": "validation", "images": IMAGES, "rates": rows}, indent=1) + "\n")
    print(RESULT.read_text())


if __name__ == "__main__":
    main()
