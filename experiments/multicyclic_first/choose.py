"""The learning rate of all arms, chosen beforehand: `base` at three rates, on validation images, with a seed not used again.

python -m experiments.multicyclic_first choose          about 25 minutes on two cores; writes results/choice.json
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from experiments.common import trained, use_cpu, write_result
from experiments.multicyclic_first.arms import ARMS, training_of
from viceversa.data.sources import open_dataset
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.evaluation.comparison import comparison_of

RATES, SEED, IMAGES = (2e-3, 1e-3, 5e-4), 100, 200
RESULT = Path(__file__).parent / "results" / "choice.json"
MEASURES = ("changed_accuracy", "psnr_to_truth", "l1_outside")


@dataclass(frozen=True)
class Choice:
    """Folder of the trainings, and their threads."""

    runs: Path = Path("runs/multicyclic")
    threads: int = 2


def main(asked: Choice) -> None:
    """Train `base` at each learning rate, and measure inv after k = 0..3 through 8-bit images."""
    use_cpu(asked.threads)
    models = {}
    for rate in RATES:
        run = asked.runs / f"choice-{rate:g}"
        model = trained(ARMS["base"].recipe, run, **training_of(ARMS["base"], SEED, learning_rate=rate))
        print(f"{rate:g} is trained", file=sys.stderr)
        models[f"{rate:g}"] = candidate_of(model)
    found = comparison_of(models, open_dataset("avatars", 32), samples=IMAGES, split="validation")
    rows = {
        name: [
            {"k": row.cycles, **{measure: vars(row)[measure] for measure in MEASURES}}
            for row in assessment.rows
            if (row.direction, row.chain) == ("inv", "8bit")
        ]
        for name, assessment in found.assessments.items()
    }
    write_result(RESULT, {"seed": SEED, "split": "validation", "images": IMAGES, "rates": rows})
    print(RESULT.read_text())
