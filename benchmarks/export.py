"""Exported ONNX files against PyTorch: size, start-up, memory, and images a second.

python -m benchmarks.export                 about 2 minutes on two idle cores; writes results/export-cpu.json
python -m benchmarks.export --table         fill the table of docs/export.md from the stored results

The packaged models translate noise of 64 px in batches of 8 whose labels are known. Each case is a process of its own, started
`rounds` times; cases take turns, and the table has medians. Start-up is the time from the start of the process to the end of its
first translation; memory is the peak of the process, as Linux counts it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro

import viceversa as vv
from benchmarks.common import RESULTS, Figures, machine_and_load
from experiments.common import DOCS, ROOT, fill_page, read_json, table, write_json
from viceversa.runs.pretrained import MODELS, packaged_folder
from viceversa.runs.published import WEIGHTS

STORED = RESULTS / "export-cpu.json"
ENGINES = {"onnx": "onnxruntime", "fp32": "PyTorch, fp32", "bf16": "PyTorch, bf16"}
COMMON = """
import json, sys, time
import numpy as np
count, threads, width = map(int, sys.argv[2:])
pixels = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3 if width == 7 else 1), np.uint8)
label = np.zeros((8, width), np.float32)
label[:, 0] = 1
"""
ONNX = """
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(sys.argv[1], options)
def translate():
    return session.run(["translated"], {"images": pixels, "target": label})[0]
"""
TORCH = """
import torch
torch.set_num_threads(threads)
import viceversa as vv
from viceversa.core.domains import Domain
model = vv.load(sys.argv[1], device="cpu")
here = Domain(sys.argv[1], torch.from_numpy(label))
def translate():
    with torch.autocast("cpu", torch.bfloat16, enabled={bf16}):
        return model.translate_pixels(pixels, here, here)
"""
TIMED = """
translate()
print("ready", flush=True)
started = time.perf_counter()
for _ in range(count):
    translate()
seconds = time.perf_counter() - started
(kibibytes,) = (int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"images_per_second": 8 * count / seconds, "mebibytes": kibibytes / 1024}))
"""
PROGRAMS = {"onnx": ONNX, "fp32": TORCH.format(bf16=False), "bf16": TORCH.format(bf16=True)}


@dataclass(frozen=True)
class Benchmark:
    """Compare exported files with PyTorch."""

    batches: int = 100
    """batches of 8 images that are timed in each process"""
    rounds: int = 3
    """processes of each case"""
    models: tuple[str, ...] = MODELS
    """packaged models"""
    out: Path = STORED
    """file for the figures"""
    table: bool = False
    """fill the table of docs/export.md from the stored results, and measure nothing"""


def main(asked: Benchmark) -> None:
    """Measure all cases, store their figures, and fill the table."""
    if not asked.table:
        found: Figures = {"machine": machine_and_load()}
        with tempfile.TemporaryDirectory() as folder:
            for name in asked.models:
                found[name] = measured(name, Path(folder) / f"{name}.onnx", asked)
                print(name, found[name], flush=True)
        write_json(asked.out, found)
    if asked.out == STORED:
        fill_page(DOCS / "export.md", {"export": in_a_table(read_json(STORED))})


def measured(name: str, path: Path, asked: Benchmark) -> Figures:
    """Sizes of a model's files, and medians of each engine."""
    vv.export(name, path)
    width = vv.load(name, device="cpu").space.label_width
    rows: dict[str, list[Figures]] = {engine: [] for engine in ENGINES}
    for _ in range(asked.rounds):
        for engine in ENGINES:
            rows[engine].append(once(engine, str(path) if engine == "onnx" else name, asked.batches, width))
    weights = (packaged_folder(name) / WEIGHTS).stat().st_size
    medians = {engine: {key: statistics.median(row[key] for row in found) for key in found[0]} for engine, found in rows.items()}
    return {"bytes": {"onnx": path.stat().st_size, "fp32": weights, "bf16": weights}, **medians}


def once(engine: str, model: str, count: int, width: int) -> Figures:
    """Seconds until the first translation, images a second after it, and the peak of memory, of one process."""
    program = COMMON + PROGRAMS[engine] + TIMED
    command = [sys.executable, "-c", program, model, str(count), str(torch.get_num_threads()), str(width)]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        seconds = time.perf_counter() - started
        found: Mapping[str, float] = json.loads(process.stdout.readline())
    return {"start": seconds, **found}


def in_a_table(found: Figures) -> str:
    """The figures as Markdown."""
    titles = ["model", "engine", "file", "start-up", "memory", "images a second"]
    lines = [
        [
            name, words, f"{found[name]['bytes'][engine] / 2**20:.1f} MiB", f"{found[name][engine]['start']:.1f} s",
            f"{found[name][engine]['mebibytes']:.0f} MiB", f"{found[name][engine]['images_per_second']:.0f}",
        ]
        for name in MODELS for engine, words in ENGINES.items()
    ]  # fmt: skip
    return f"{table(titles, lines)}\n\nMeasured on: {found['machine']}."


if __name__ == "__main__":
    main(tyro.cli(Benchmark, description=__doc__))
