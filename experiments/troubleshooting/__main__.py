"""Pictures of trainings that go wrong: the experiment behind docs/troubleshooting.md.

python -m experiments.troubleshooting          about four minutes of one CPU thread; writes results/*.png and faults.json

Small models learn drawn faces of 32 px, each for at most 40 seconds. Each fault has one cause, put in on purpose. A picture has the
inputs, what a healthy model of the same task makes of them, and what the broken one makes. The measures are those of
`viceversa.metrics.health`, on 64 test images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from experiments.common import DOCS, command, fill_page, show, table, trained, use_cpu, write_json
from viceversa.core.domains import Domain
from viceversa.data.sources import open_dataset
from viceversa.images.pictures import grid, save_png
from viceversa.images.pixels import Pixels
from viceversa.metrics.health import measured, signs
from viceversa.recipes import dataset_of

RESULTS, PAGE = Path(__file__).parent / "results", DOCS / "troubleshooting.md"
SIZE, SHOWN, MEASURED, EDGE = 32, 8, 64, 24
GLASSES = "avatars:glasses"


@dataclass(frozen=True)
class Training:
    """A small training. coloring: lines become faces, instead of faces without glasses faces with them."""

    name: str
    recipe: str
    steps: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    healthy: str = ""
    coloring: bool = False


RESNET = {"method.generator": "resnet", "method.width": 16, "method.blocks": 2}
COLLAPSING = {
    "method.generator": "encoder-decoder", "method.width": 16, "method.cycle": 0.0, "method.identity": 0.0,
    "method.learning_rate": 0.004,
}  # fmt: skip
COLORS = {"method.width": 16, "method.distance": 10.0}
TRAININGS = (
    Training("healthy", "cyclegan", 300, {"method.width": 16, "training.average": 0.99}),
    Training("inverted", "cyclegan", 450, {**RESNET, "method.adversarial": 0.0, "method.identity": 0.0}, "healthy"),
    Training("collapsed", "cyclegan", 500, COLLAPSING, "healthy"),
    Training("checkerboard", "cyclegan", 20, RESNET, "healthy"),
    Training("colored", "pix2pix", 400, COLORS, coloring=True),
    Training("washed-out", "pix2pix", 400, {**COLORS, "method.adversarial": 0.0}, "colored", coloring=True),
)


@dataclass(frozen=True)
class Faults:
    """Where runs and results go."""

    runs: Path = Path("runs/troubleshooting")
    results: Path = RESULTS
    only: tuple[str, ...] = ()
    """names of trainings; all by default"""


def main(asked: Faults) -> None:
    """Train what is missing, measure it, and draw the pictures."""
    use_cpu(1)
    made: dict[str, Pixels] = {}
    rows = []
    for training in TRAININGS:
        if asked.only and training.name not in asked.only:
            continue
        inputs, outputs, reals = outputs_of(training, asked.runs)
        made[training.name] = outputs
        measures = measured(inputs, outputs, reals, None) | {"colorfulness": colorfulness(outputs) / colorfulness(reals)}
        rows.append({
            "name": training.name, "recipe": training.recipe, "steps": training.steps, "settings": training.settings,
            "measures": {name: round(value, 3) for name, value in measures.items()},
            "signs": [sign.name for sign in signs(measures)],
        })  # fmt: skip
        if training.healthy in made:
            cells = [list(images[:SHOWN]) for images in (inputs, made[training.healthy], outputs)]
            save_png(grid(cells, [""] * SHOWN, ["input", "healthy", training.name]), asked.results / f"{training.name}.png")
    write_json(asked.results / "faults.json", {"images": MEASURED}, rows)
    if asked.results == RESULTS:
        fill_page(PAGE, {"measures": measures_table(rows)})
        show(RESULTS, PAGE)


def outputs_of(training: Training, runs: Path) -> tuple[Pixels, Pixels, Pixels]:
    """Test images, what the model makes of them, and real images of the other space."""
    data = pairs(runs / "faces") if training.coloring else GLASSES
    model = trained(
        training.recipe, runs / training.name, data=data, size=SIZE, steps=training.steps, batch=4, seed=0, quiet=True,
        settings={"training.average": 0.0, **training.settings},
    )  # fmt: skip
    dataset = dataset_of(model.record.recipe)
    here, there = dataset.space.pair
    inputs, reals = (dataset.splits["test"][name].pixels[:MEASURED] for name in (here, there))
    return inputs, model.translate_pixels(inputs, Domain(here), Domain(there)), reals


def pairs(folder: Path) -> str:
    """Write the lines of faces, and the faces, if they are not there yet; return their folder."""
    if not folder.exists():
        dataset = open_dataset(GLASSES, SIZE)
        for number, pixels in enumerate(dataset.splits["train"][dataset.space.pair[0]].pixels[:1000]):
            face = Image.fromarray(np.asarray(pixels))
            lines = face.convert("L").filter(ImageFilter.FIND_EDGES).point([255] * EDGE + [0] * (256 - EDGE)).convert("RGB")
            for name, image in (("1-lines", lines), ("2-colors", face)):
                path = folder / name / f"{number:04d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                image.save(path)
    return str(folder)


def colorfulness(images: Pixels) -> float:
    """mean of max - min over the channels of a pixel, in levels."""
    return float((images.max(-1).astype(np.int16) - images.min(-1)).mean())


def measures_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A line for each training."""
    names = ("change", "variety", "correlation", "grid_2", "grid_4", "colorfulness")
    lines = []
    for row in rows:
        values = [f"{row['measures'][name]:.2f}" if name in row["measures"] else "-" for name in names]
        lines.append([row["name"], str(row["steps"]), *values, "; ".join(row["signs"]) or "none"])
    return table(["training", "steps", *names, "signs"], lines)


if __name__ == "__main__":
    command(__doc__, main)
