"""Where time goes, what is done only once, and that memory does not grow with the number of images."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import tracemalloc
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from viceversa.core.attributes import Binary
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.evaluation.judge import Judge
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import DIRECTIONS, Candidate, Place, Trial, Way, translating, trial
from viceversa.metrics.clock import Clock
from viceversa.metrics.features import Extractor, Measurement, key_of_pixels, lite0, reference_features

ROOT = Path(__file__).resolve().parents[2]
SIDE = 32
SPACE = Space({"faces": ImageSpec(3, SIDE, SIDE)}, (Binary("glasses"),))


def colors(images: Pixels) -> np.ndarray:
    return np.asarray(images, np.float32).mean((1, 2))


def compared(source: Pixels, outputs: Sequence[Pixels]) -> list[Measurement]:
    return [Measurement(colors(images), np.abs(colors(images) - colors(source)).mean(1)) for images in outputs]


COLORS = Extractor("colors", 3, 4, colors, compared)
"""The mean color: features that cost nothing."""


def faces(count: int, pixels: Pixels | None = None) -> Trial:
    images = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8) if pixels is None else pixels
    labels = torch.arange(count)[:, None] % 2.0
    return trial(Dataset("toy", SPACE, {"test": {"faces": Images(images, labels, tuple(map(str, range(count))))}}))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))


def test_seconds_by_part() -> None:
    clock = Clock()
    with clock.part("sleep"):
        time.sleep(0.1)
    with clock.part("shared", threads=4):
        time.sleep(0.1)

    def slow() -> Iterator[int]:
        yield 1
        time.sleep(0.1)
        yield 2

    for _ in clock.each("items", slow()):
        time.sleep(0.05)  # is of whoever asked, not of what makes the items
    assert 0.1 <= clock.seconds["sleep"] < 0.3 and 0.025 <= clock.seconds["shared"] < 0.09
    assert 0.1 <= clock.seconds["items"] < 0.19
    total, processors = clock.total()
    assert total >= 0.4 and 0 <= processors < total
    words = clock.in_words()
    assert words.startswith("0 s (0 s of processors): ") and "sleep" in words and "other work" in words
    with pytest.raises(KeyError), clock.part("failing"):
        raise KeyError
    assert "failing" in clock.seconds, "what fails took time too"


def test_an_evaluation_tells_its_parts() -> None:
    judge = Judge(faces(6), None, Way(1), COLORS)
    judge.assess("nothing", translating(lambda image, *_: image), lambda count: None)
    assert set(judge.clock.seconds) == {"translation", "true edits", "features", "labels", "pixels", "distances", "intervals"}


def test_any_extractor_measures_and_is_kept_apart_in_the_cache() -> None:
    task = faces(6)
    rows = Judge(task, None, Way(0), COLORS).assess("darker", translating(lambda image, *_: image - 0.5), lambda count: None).rows
    assert all(row.frechet is not None and row.kernel is not None for row in rows), "6 images are enough for 3 features"
    mine, others = (reference_features(task.sources, extractor=each) for each in (COLORS, lite0()))
    assert mine.shape == (6, 3) and others.shape == (6, 1280)
    assert key_of_pixels(task.sources, COLORS) != key_of_pixels(task.sources, lite0())
    np.testing.assert_allclose(mine, colors(task.sources))


def test_the_same_images_are_measured_once() -> None:
    asked: list[int] = []

    def counting(images: Pixels) -> np.ndarray:
        asked.append(len(images))
        return colors(images)

    def comparing(source: Pixels, outputs: Sequence[Pixels]) -> list[Measurement]:
        asked.extend(len(images) for images in outputs)
        return compared(source, outputs)

    judge = Judge(faces(6), None, Way(1), Extractor("counted", 3, 4, counting, comparing))
    found = judge.assess("nothing", translating(lambda image, *_: image), lambda count: None)
    # inv_0, rec_0, and at k = 1 both through both links; and the real images, which are the target set of rec too
    assert sum(asked) == 6 * 6 + 6
    first, second = (found.per_image[Place("inv", 0, link)] for link in ("8bit", "float"))
    assert all(first[name] is second[name] for name in first), "at k = 0 there is no link"
    judge.assess("again", translating(lambda image, *_: image), lambda count: None)
    assert sum(asked) == 2 * 6 * 6 + 6, "the reference is not measured again"


def test_sources_are_mapped_and_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "pixels.npy", np.zeros((5, SIDE, SIDE, 3), np.uint8))
    task = faces(5, np.load(tmp_path / "pixels.npy", mmap_mode="r"))
    assert isinstance(task.sources, np.memmap) and isinstance(task.truth(Place("rec", 0, "8bit")), np.memmap)


def test_memory_does_not_grow_with_the_number_of_images() -> None:
    def peak(count: int) -> int:
        judge = Judge(faces(count), None, Way(2, 0, ("blur",)), COLORS)
        tracemalloc.start()
        judge.bounds(lambda count: None)
        judge.assess("nothing", translating(lambda image, *_: image), lambda count: None)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    few, many = peak(100), peak(300)  # one batch, and three
    assert many - few < 200 * SIDE * SIDE * 3, "less than one set of outputs"


def test_outputs_are_let_go_batch_by_batch() -> None:
    made: list[list[weakref.ref[Pixels]]] = []

    def batches(task: Trial, way: Way) -> Iterator[tuple[slice, dict[Place, Pixels]]]:
        for start in range(0, len(task), 10):
            gc.collect()
            assert not [held for batch in made[:-1] for each in batch if (held := each()) is not None], "all but the last are gone"
            rows = slice(start, start + 10)
            found = {Place(direction, 0, "8bit"): task.sources[rows] + 1 for direction in DIRECTIONS}
            made.append([weakref.ref(pixels) for pixels in found.values()])
            yield rows, found

    judge = Judge(faces(40), None, Way(0), COLORS)
    found = judge.assess("parts", Candidate(batches), lambda count: None)
    assert len(made) == 4 and len(found.rows) == 2
    assert found.per_image[Place("inv", 0, "8bit")]["l1_to_source"].shape == (40,)


def test_the_benchmark_measures_time_and_memory() -> None:
    case = {"images": 4, "size": 32, "cycles": 1, "probes": False, "threads": 1}
    environment = {name: value for name, value in os.environ.items() if name != "VICEVERSA_CACHE"}
    command = [sys.executable, "-m", "benchmarks.evaluation", "--case", json.dumps(case)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["images"] == 4 and found["processor_seconds"] > 0 and found["peak_mebibytes"] > 100
    assert {"translation", "features", "labels", "pixels", "distances", "intervals", "pictures"} <= set(found["parts"])
    assert sum(found["parts"].values()) <= found["measured_seconds"] <= found["seconds"]
