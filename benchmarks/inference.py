"""Speed of translation: folders and a clip against the networks alone, and where the time goes.

python -m benchmarks.inference                 about 5 minutes on two idle cores; writes results/inference-cpu.json
python -m benchmarks.inference --table         fill the table of docs/speed.md from the stored results

The packaged model `avatars` adds glasses to drawn faces, after its labeller has read them: faces of 64 px, faces enlarged to 512 px
at full size, and a clip of 64 px from a folder of frames. Each case is a process of its own, in which the command and the networks
alone take turns; ratios are those of neighbors in time. The parts are then timed one after the other.
"""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import RESULTS, Figures, apart, machine_and_load, start
from experiments.common import DOCS, fill_page, read_json, table, write_json
from viceversa.cli import translate
from viceversa.data.sources import open_dataset
from viceversa.images.layers import Layers
from viceversa.images.save import save_image
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.inference.translation import Opened, batch_size, departed, opened, translate_layers, with_doubts
from viceversa.pipeline import in_groups, in_stages

STORED = RESULTS / "inference-cpu.json"
TO = "glasses=yes"
AIM = 1.15
WHAT = {
    "small": "{count:,} faces of 64 px", "large": "{count} faces of 512 px, `--full-size`",
    "clip": "a clip of {count:,} frames of 64 px, from PNG files to H.264",
}  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """Time translations of many images."""

    small: int = 2000
    large: int = 100
    clip: int = 1000
    rounds: int = 3
    table: bool = False
    """fill the table of docs/speed.md from the stored results, and measure nothing"""


@dataclass(frozen=True)
class Case:
    """One kind of work: "small", "large" or "clip", how many images, and how often."""

    kind: str
    count: int
    rounds: int


def main(asked: Benchmark) -> None:
    """Measure all cases, store their figures, and fill the table."""
    if not asked.table:
        found: Figures = {"machine": machine_and_load()}
        for kind in WHAT:
            found[kind] = apart("benchmarks.inference", Case(kind, getattr(asked, kind), asked.rounds))
            print(kind, found[kind], flush=True)
        goals = [{"name": f"{kind}: time by the networks' alone", "value": found[kind]["ratio"], "aim": AIM} for kind in WHAT]
        found["goals"] = [each | {"met": each["value"] <= AIM} for each in goals]
        write_json(STORED, found)
    fill_page(DOCS / "speed.md", {"inference": in_a_table(read_json(STORED))})


def in_a_table(found: Figures) -> str:
    """The figures as Markdown."""
    titles = ["", "images a second", "time by the networks' alone (aim 1.15)", "open", "networks", "write"]
    lines = []
    for kind, words in WHAT.items():
        each = found[kind]
        shares = [f"{100 * each['parts'][part] / sum(each['parts'].values()):.0f} %" for part in ("open", "networks", "write")]
        ratio = f"{each['ratio']:.2f} ({min(each['ratios']):.2f} to {max(each['ratios']):.2f})"
        lines.append([words.format(count=each["count"]), f"{each['images_per_second']:.0f}", ratio, *shares])
    return f"{table(titles, lines)}\n\nMeasured on: {found['machine']}."


def measured(case: Case) -> Figures:
    """Ratios of the command's time to that of the networks alone, and seconds of each part by itself."""
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "in", Path(name) / "out"
        write_faces(folder, case.count, 512 if case.kind == "large" else 64)
        more = {"small": (), "large": ("--full-size",), "clip": ("--fps", "25")}[case.kind]
        target = out.with_suffix(".mp4") if case.kind == "clip" else out
        command = ["avatars", str(folder), "--to", TO, "--out", str(target), "--overwrite", *more]
        model, manner = load("avatars"), Manner(full_size=case.kind == "large")
        ready, opening = timed(lambda: opened_at(model, sorted(folder.iterdir()), manner))
        labels = "" if case.kind != "clip" else "hair=black,glasses=no,beard=no,smile=no,tone=0.5"
        once(command)  # warm
        pairs = []
        for _ in range(case.rounds):
            whole = timed(lambda: once(command))[1]
            made, alone = timed(lambda: networks(model, ready, manner, labels))
            pairs.append((whole, alone))
        writing = timed(lambda: [save_image(each, out / f"{number}.png") for number, each in enumerate(made)])[1]
    ratios = [whole / alone for whole, alone in pairs]
    return {
        "count": case.count,
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "seconds": [whole for whole, _ in pairs],
        "images_per_second": case.count / statistics.median(whole for whole, _ in pairs),
        "parts": {"open": opening, "networks": statistics.median(alone for _, alone in pairs), "write": writing},
    }


def opened_at(model: Model, paths: Sequence[Path], manner: Manner) -> list[Opened]:
    groups = in_groups(paths, batch_size(model, "avatars", manner))
    return [
        each for group in groups for each in with_doubts(model, [opened(model, path, "", TO, manner) for path in group], "avatars")
    ]


def networks(model: Model, images: Sequence[Opened], manner: Manner, labels: str) -> list[Layers]:
    """The translations of opened images, in the batches and threads of the command. labels: of the source, if they are known."""

    def translated(batch: Sequence[Opened]) -> list[Layers]:
        here = departed(model, [each.read for each in batch], labels, TO)
        there = model.routing.target(here, TO)
        return translate_layers(model, [each.layers for each in batch], here, there, manner)

    batches = in_stages(list, translated, images, batch_size(model, "avatars", manner))
    return [each for batch in batches for each in batch]


def once(command: Sequence[str]) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        translate.run(command)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def write_faces(folder: Path, count: int, side: int) -> None:
    folder.mkdir()
    faces = np.asarray(open_dataset("avatars", 64).splits["train"]["avatars"].pixels[:count])
    for number, face in enumerate(faces):
        Image.fromarray(face).resize((side, side), Image.Resampling.BICUBIC).save(folder / f"{number:05}.png")


if __name__ == "__main__":
    start(main, Benchmark, measured, Case)
