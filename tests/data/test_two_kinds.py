"""CycleGAN between spaces of different channels and sizes, on real images: drawn faces in color and handwritten digits in gray."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from training.small import trainer
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sources import open_dataset
from viceversa.evaluation.comparison import comparison_of
from viceversa.images.pixels import Pixels
from viceversa.methods.cyclegan import CycleGAN, build
from viceversa.metrics.chain_protocol import translating

ASSETS = os.environ.get("VICEVERSA_ASSETS", "")
SETTINGS = CycleGAN(width=4, blocks=1, critic_width=4, critic_layers=1)


def digits(count: int) -> Pixels:
    """MNIST's first test digits: (count, 28, 28, 1)."""
    with gzip.open(Path(ASSETS) / "data" / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)[:count]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    if not ASSETS:
        pytest.skip("VICEVERSA_ASSETS is not set: there are no real digits here")
    faces = open_dataset("avatars", 32).splits["test"]["avatars"].pixels
    parts = {"train": slice(0, 12), "validation": slice(12, 16), "test": slice(16, 24)}

    def images(pixels: Pixels, part: slice) -> Images:
        return Images(pixels[part], None, tuple(map(str, range(part.start, part.stop))))

    splits = {name: {"faces": images(faces, part), "digits": images(digits(24), part)} for name, part in parts.items()}
    return Dataset("faces-digits", Space({"faces": ImageSpec(3, 32, 32), "digits": ImageSpec(1, 28, 28)}), splits)


def test_it_trains_draws_samples_and_is_measured(dataset: Dataset, tmp_path: Path) -> None:
    training = trainer(tmp_path, lambda space: build(space, SETTINGS), dataset, steps=4, sample_every=4, average=0)
    assert training.train(4) is None
    assert (tmp_path / "samples" / "00000004.png").exists()
    comparison = comparison_of({"small": translating(training.translating().translate)}, dataset, cycles=1, quiet=True)
    rows = {(row.direction, row.cycles): row for row in comparison.report("faces and digits").rows if row.model == "small"}
    assert set(rows) == {("inv", 0), ("inv", 1), ("rec", 1)}, "no face comes from a face where digits have one channel"
    inverted, returned = rows["inv", 0], rows["rec", 1]
    assert inverted.label_accuracy is None and inverted.psnr_to_truth is None and inverted.l1_to_source is None
    assert inverted.kernel is not None and inverted.perceptual_to_source is not None
    assert returned.psnr_to_truth is not None and returned.l1_to_source is not None
    shown = comparison.strips[0]
    assert shown.captions == ["k = 0", "k = 1", "should be"]
    shapes = {title: [None if each is None else each.pixels.shape for each in pictures] for title, pictures in shown.rows}
    assert shapes == {"small, inv": [(28, 28, 1), (28, 28, 1), None], "small, rec": [None, (32, 32, 3), (32, 32, 3)]}
    comparison.report("faces and digits").save(tmp_path / "report")
    assert (tmp_path / "report" / "report.html").stat().st_size > 10_000
