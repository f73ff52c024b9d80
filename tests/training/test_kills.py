"""SIGKILL at random moments of building the cache, training and saving: what goes on ends as if nothing had happened."""

from __future__ import annotations

import json
import mmap
import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from contracts.case import PHOTOS
from contracts.cases import build_masked
from processes import start
from training.small import COUNTS, assert_same_runs, finish, noise, trainer
from viceversa.data.cache.packing import packed
from viceversa.data.dataset import Dataset
from viceversa.runs.folder import remove_halves

BUILDING, TRAINING, SAVING = range(3)
KILLS = {BUILDING: 5, TRAINING: 8, SAVING: 7}
LATEST = {BUILDING: 0.3, TRAINING: 0.15, SAVING: 0.01}
"""Seconds after which a kill comes at the latest: less than building takes; a few intervals; about what saving takes."""
INTERVAL = 5

WHAT, STEP, RESUMED = range(3)
Moments = np.ndarray
"""What a child is at, how many steps it has, and with how many it began (-1: it has not), seen by its parent."""


def slow(chunk: range) -> np.ndarray:
    """Noise that takes its time."""
    time.sleep(0.02 * len(chunk))
    return np.random.default_rng(0).integers(0, 256, (len(chunk), 8, 8, 3), np.uint8)


def drawn() -> Dataset:
    """The small data set, with pixels from the cache."""
    pixels, base, first, splits = packed({}, (sum(COUNTS.values()), 8, 8, 3), slow, "slow"), noise(PHOTOS), 0, {}
    for split, count in COUNTS.items():
        splits[split] = {"photos": replace(base.splits[split]["photos"], pixels=pixels[first : first + count])}
        first += count
    return replace(base, splits=splits)


def train_watched(folder: Path, until: int, moments: Moments) -> None:
    """Builds the cache or takes it, begins the run or goes on with it, and trains, telling where it is."""
    os.environ["VICEVERSA_CACHE"] = str(folder / "cache")
    dataset = drawn()
    remove_halves(folder / "run")  # as every training does first
    training = trainer(folder / "run", build_masked, dataset, steps=100_000, checkpoint_every=INTERVAL, sample_every=20)
    step, save = training.one_step, training._save

    def one_step() -> None:
        step()
        moments[STEP] = training.step

    def save_watched() -> None:
        moments[WHAT] = SAVING
        save()
        moments[WHAT] = TRAINING

    training.one_step, training._save = one_step, save_watched
    moments[STEP] = moments[RESUMED] = training.resume()
    moments[WHAT] = TRAINING
    training.train(until)


def forked(work: Callable[[], None]) -> int:
    """A child that does the work and exits with 0, or with 1 and a traceback: imports are paid once."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def attack(folder: Path) -> None:
    """Trains `killed` with kills and `whole` without. Prints the step of the end and what each child was at when it died."""
    torch.set_num_threads(1)
    moments = np.frombuffer(mmap.mmap(-1, 24), np.int64)
    chance, kills = random.Random(0), []
    targets = [TRAINING] * KILLS[TRAINING] + [SAVING] * KILLS[SAVING]
    chance.shuffle(targets)
    for target in [BUILDING] * KILLS[BUILDING] + targets:
        moments[:] = BUILDING, -1, -1
        child = forked(lambda: train_watched(folder / "killed", 10**6, moments))
        while moments[WHAT] != target:
            assert os.waitpid(child, os.WNOHANG) == (0, 0), "the child ended"
            time.sleep(0.0002)
        time.sleep(chance.uniform(0, LATEST[target]))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        kills.append(moments.tolist())
    until = max(step for _, step, _ in kills) + INTERVAL + 2
    for name in ("killed", "whole"):
        moments[:] = BUILDING, -1, -1
        child = forked(lambda name=name: train_watched(folder / name, until, moments))
        assert os.waitpid(child, 0)[1] == 0
        if name == "killed":
            kills.append(moments.tolist())
    print(json.dumps([until, kills]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_twenty_kills_lose_an_interval_at_most_and_change_nothing(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from training.test_kills import attack; attack(Path(sys.argv[1]))"
    until, [*kills, last] = json.loads(finish(start(code, tmp_path)))
    assert len(kills) == sum(KILLS.values()) == 20
    assert {what for what, _, _ in kills} == {BUILDING, TRAINING, SAVING}, "some moment was never hit"
    trained = [(step, resumed) for _, step, resumed in (*kills, last) if resumed >= 0]
    for (step, _), (_, resumed) in pairwise(trained):
        assert step - INTERVAL <= resumed <= step and resumed % INTERVAL == 0
    assert trained[-1][0] == until > 2 * INTERVAL

    killed, whole = tmp_path / "killed", tmp_path / "whole"
    assert_same_runs(whole / "run", killed / "run")
    for pattern in ("cache/*.npy", "run/samples/*"):
        names, others = ({path.name: path.read_bytes() for path in folder.glob(pattern)} for folder in (whole, killed))
        assert names == others and names
    assert sorted(path.name for path in (killed / "run" / "checkpoints").iterdir()) == [
        f"{step:08d}" for step in (until // INTERVAL * INTERVAL, until)
    ]
