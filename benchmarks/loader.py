"""Speed and memory of the loader: the wait of a training step, the start on many files, and the cost of an interruption.

python -m benchmarks.loader                             5 minutes on two free cores, 10 on busy ones; 3 GB of temporary files
python -m benchmarks.loader --parts waiting             one part
python -m benchmarks.loader --counts 1000 --steps 5     a quick look, about 2 minutes

waiting       share of a training step that passes in the loader: packaged recipes, on faces in files, mirrored and moved
scale         a table of many small files: seconds to build the cache; seconds from the start of a process to its first batch when
              the cache exists, when none of it is in memory, and when one file has changed; memory
interruption  number of files that are read twice if SIGINT or SIGKILL ends the building of the cache half way

Every figure comes from a process of its own. Linux only: memory is read from /proc, and posix_fadvise drops the cache from memory.
Stored figures: results/loader-cpu.json.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from benchmarks.common import ROOT, Figures, apart, apart_command, machine_and_load, start
from benchmarks.image_files import reads, write_faces
from benchmarks.loader_process import Case, measured
from experiments.common import write_json


@dataclass(frozen=True)
class Benchmark:
    """Measure the loader, and the cache of image files behind it."""

    parts: tuple[Literal["waiting", "scale", "interruption"], ...] = ("waiting", "scale", "interruption")
    recipes: tuple[str, ...] = ("stargan", "multicyclic")
    """recipes whose steps are timed, with their own settings except for --batch, mirroring and moving"""
    sizes: tuple[int, ...] = (64, 128)
    """sides of the images in these steps, in pixels"""
    batch: int = 16
    steps: int = 30
    """timed steps of each recipe and size, after a warm-up"""
    counts: tuple[int, ...] = (10_000, 100_000)
    """numbers of files of 64 px; the building of the cache of the first number is interrupted"""
    faces: int = 1000
    """number of different faces drawn for them"""
    repeats: int = 3
    """number of processes started once the cache exists"""
    signals: tuple[Literal["SIGINT", "SIGKILL"], ...] = ("SIGINT", "SIGKILL")
    """signals that end the building of the cache half way"""
    out: Path | None = None
    """a JSON file for the figures"""


def main(asked: Benchmark) -> None:
    """Measure every part, print it, and write the figures."""
    began = time.monotonic()
    found: Figures = {"machine": machine_and_load()}
    print(found["machine"], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(asked.parts):
            found[part] = PARTS[part](asked, Path(folder) / str(number))
            shutil.rmtree(Path(folder) / str(number))
    found["minutes"] = (time.monotonic() - began) / 60
    if asked.out:
        write_json(asked.out, found)


def waiting(asked: Benchmark, folder: Path) -> list[Figures]:
    """Measure the share of the steps' time that passes in the loader."""
    write_faces(folder / "faces", asked.faces, asked.faces, max(asked.sizes))
    print(f"\n{'waiting':<14} {'px':>4} {'ms/step':>26} {'ms in the loader':>24} {'share':>24}   median (10 % to 90 %)")
    results = []
    for recipe, size in product(asked.recipes, asked.sizes):
        case = Case(str(folder / "faces"), str(folder / "log"), size, recipe, asked.batch, asked.steps)
        times = run(case, folder / "cache")["times"]
        waits, steps = ([1000 * pair[place] for pair in times] for place in (0, 1))
        shares = [100 * wait / step for wait, step in zip(waits, steps, strict=True)]
        found = {"loader_ms": spread(waits), "step_ms": spread(steps), "share_percent": spread(shares)}
        words = {name: "{:.2f} ({:.2f} to {:.2f})".format(*of.values()) for name, of in found.items()}
        print(f"{recipe:<14} {size:>4} {words['step_ms']:>26} {words['loader_ms']:>24} {words['share_percent']:>23}%", flush=True)
        results.append({"recipe": recipe, "size": size, "batch": asked.batch, "steps": len(times), **found})
    return results


def scale(asked: Benchmark, folder: Path) -> list[Figures]:
    """Measure seconds and memory by the number of files; print medians where a process is repeated."""
    print(
        f"\n{'scale':<22} {'files read':>10} {'open s':>8} {'to 1st batch s':>15}   MiB own (imported, opened, loaded) and mapped"
    )
    results = []
    for count in asked.counts:
        data, cache = folder / f"{count}", folder / f"{count}-cache"
        write_faces(data, count, asked.faces, 64)
        case = Case(str(data), str(folder / "log"))
        found = {"first build": [run(case, cache)]}
        found["cache is there"] = [run(case, cache) for _ in range(asked.repeats)]
        forget(cache)
        found["cache on disk only"] = [run(case, cache)]
        change(next((data / "images" / "train" / "faces").iterdir()))
        found["one file has changed"] = [run(case, cache)]
        print(f"{count} files")
        for name, runs in found.items():  # one or several processes each
            middle = {key: statistics.median(each[key] for each in runs) for key in runs[0]}
            times = "{files_read:>10.0f} {opening:>8.2f} {to_first_batch:>15.2f}".format(**middle)
            memory = "({own_imported:.0f}, {own_opened:.0f}, {own_loaded:.0f}) {mapped_loaded:.0f}".format(**middle)
            print(f"  {name:<20} {times}   {memory}", flush=True)
        sizes = {kind: sum(file.stat().st_size for file in cache.rglob(kind)) / 2**20 for kind in ("*.npy", "*.json")}
        results.append({"files": count, "pixels_mebibytes": sizes["*.npy"], "index_mebibytes": sizes["*.json"], **found})
        shutil.rmtree(data)
        shutil.rmtree(cache)
    return results


def interruption(asked: Benchmark, folder: Path) -> list[Figures]:
    """Count the files that are read twice because the building of the cache was ended half way."""
    print(f"\n{'interruption':<22} {'files':>10} {'before':>8} {'after':>8} {'twice':>8}   cache as without")
    count, results = asked.counts[0], []
    write_faces(folder / "data", count, asked.faces, 64)
    case = Case(str(folder / "data"), str(folder / "log"))
    run(case, folder / "whole")
    for name in asked.signals:
        cache = folder / name
        broken = replace(case, log=str(folder / f"{name}.log"))
        command, environment = apart_command("benchmarks.loader", broken), {**os.environ, "VICEVERSA_CACHE": str(cache)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while reads(Path(broken.log)) < count // 2 and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.Signals[name])
        process.communicate()  # which waits for its helpers too: they hold its standard error
        before, after = reads(Path(broken.log)), int(run(case, cache)["files_read"])
        same = arrays(cache) == arrays(folder / "whole")
        twice = before + after - count
        print(f"  {name:<20} {count:>10} {before:>8} {after:>8} {twice:>8}   {'yes' if same else 'NO'}", flush=True)
        results.append({"signal": name, "files": count, "before": before, "after": after, "twice": twice, "same": same})
    return results


def run(case: Case, cache: Path) -> Figures:
    """Measure a case in a process of its own, begun now; count the files that were read for it."""
    Path(case.log).unlink(missing_ok=True)
    found = apart("benchmarks.loader", replace(case, began=time.time()), VICEVERSA_CACHE=str(cache))
    return {"files_read": reads(Path(case.log)), **found}


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median, and the bounds of the middle 80 %."""
    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
    return {"median": middle, "low": low, "high": high}


def forget(cache: Path) -> None:
    """Drop the cache's files from memory, so that they come from the disk again."""
    for path in (path for path in cache.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def change(path: Path) -> None:
    """Turn the image around."""
    Image.open(path).rotate(180).save(path)


def arrays(cache: Path) -> dict[str, str]:
    """The SHA-256 of each array in the cache, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in cache.rglob("*.npy")}


PARTS = {"waiting": waiting, "scale": scale, "interruption": interruption}

if __name__ == "__main__":
    start(main, Benchmark, measured, Case)
