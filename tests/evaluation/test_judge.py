"""Rows of the evaluation: hand-computed accuracies, and the translators whose rows are known.

The toy's images carry their label in the first pixels of the top row, so that it can be read and edited without error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.evaluation.judge import Judge
from viceversa.evaluation.report.contents import Row
from viceversa.images.normalizing import normalized, quantized
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import PROBES, Place, Trial, Way, translating, trial
from viceversa.metrics.distances import kernel
from viceversa.metrics.features import extract
from viceversa.metrics.labeller import Labeller
from viceversa.metrics.similarity import psnr

SPEC = ImageSpec(3, 16, 16)
FACES = Space({"faces": SPEC}, (OneOf("hair", ("black", "blond", "brown")), Binary("glasses"), Graded("tone")))
SIDES = Space({"left": SPEC, "right": SPEC})
BLACK, BLOND, BROWN = torch.eye(3).tolist()

LABELS = torch.tensor([[*BLACK, 1, 0], [*BLOND, 0, 0.5], [*BROWN, 1, 1]])
INVERTED = torch.tensor([[*BLOND, 0, 1], [*BLOND, 1, 0.5], [*BLACK, 0, 0]])
TARGETS = torch.tensor([[*BLOND, 1, 0.75], [*BROWN, 0, 0.5], [*BROWN, 0, 1]])[None]


class Reader(nn.Module):
    """Logits that are right: of the label in the top row, or of the brightness of the first pixel for two spaces."""

    def forward(self, images: Tensor) -> Tensor:
        shown = (images[:, 0, 0, :5] + 1) / 2
        return torch.cat([shown[:, :3], shown[:, 3:4] - 0.5, shown[:, 4:].logit()], 1)


class SideReader(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return torch.stack([-images[:, 0, 0, 0], images[:, 0, 0, 0]], 1)


READER = Labeller(Reader(), FACES, 1.0, 1.0)
SIDE_READER = Labeller(SideReader(), Space(SIDES.images, (OneOf("space", ("left", "right")),)), 1.0, 1.0)


def painted(image: Tensor, label: Tensor) -> Tensor:
    """The images with another label in the top row."""
    edited = image.clone()
    edited[:, :, 0, :5] = 2 * label[:, None] - 1
    return edited


def painted_pixels(pixels: Pixels, label: Tensor) -> Pixels:
    return quantized(painted(normalized(torch.tensor(pixels)), label))


def noise(count: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), np.uint8)


SOURCES = painted_pixels(noise(3), LABELS)


def faces(*, truth: bool = True) -> Dataset:
    def edits(split: str, source: str, positions: NDArray[np.int64], target: str, labels: Tensor | None) -> Pixels:
        assert labels is not None
        return painted_pixels(SOURCES[positions], labels)

    images = Images(SOURCES, LABELS, ("0", "1", "2"))
    return Dataset("toy", FACES, {"test": {"faces": images}}, edits if truth else None)


def by_hand(*, truth: bool = True) -> Trial:
    """The three images on chains of one step."""
    task = trial(faces(truth=truth))
    return Trial(task.dataset, "faces", "faces", SOURCES, np.arange(3), LABELS, INVERTED, TARGETS)


def judge(task: Trial, labeller: Labeller | None, cycles: int, **way: Any) -> Judge:
    return Judge(task, labeller, Way(cycles, **way))


def between_sides() -> Trial:
    left, right = noise(3), noise(3)[::-1].copy()
    left[:, 0, 0], right[:, 0, 0] = 0, 255
    splits = {"test": {"left": Images(left, None, ("a", "b", "c")), "right": Images(right, None, ("d", "e", "f"))}}
    return trial(Dataset("sides", SIDES, splits))


def identity(image: Tensor, source: Domain, target: Domain) -> Tensor:
    return image


def perfect(image: Tensor, source: Domain, target: Domain) -> Tensor:
    return painted(image, target.label)


def silent(count: int) -> None:
    pass


def keyed(rows: Iterable[Row], model: str) -> dict[tuple[str, int, str], Row]:
    """One model's rows by place, under one name so that they compare."""
    return {(row.direction, row.cycles, row.chain): replace(row, model="any") for row in rows if row.model == model}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path))


def test_doing_nothing() -> None:
    rows = keyed(judge(by_hand(), READER, 1).assess("nothing", translating(identity), silent).rows, "nothing")
    assert len(rows) == 8
    for (direction, cycles, _), row in rows.items():
        assert row.l1_to_source == 0 and row.perceptual_to_source == pytest.approx(0, abs=1e-6) and row.samples == 3
        assert row.frechet is None, "fewer images than features"
        if direction == "rec":
            assert row.label_accuracy == row.label_accuracy_bits == row.kept_accuracy == 1
            assert row.changed_accuracy == (1 if cycles else None)
            assert row.psnr_to_truth == 100 and row.ssim_to_truth == pytest.approx(1)
        elif not cycles:
            assert row.changed_accuracy == 0 and row.kept_accuracy == 1
            assert row.psnr_to_truth is not None and row.psnr_to_truth < 50


def test_a_perfect_translator() -> None:
    rows = judge(trial(faces()), READER, 2).assess("perfect", translating(perfect), silent).rows
    assert len(rows) == 12
    for row in rows:
        assert row.label_accuracy == row.label_accuracy_bits == 1
        assert row.psnr_to_truth == 100 and row.ssim_to_truth == pytest.approx(1)
        assert {row.changed_accuracy, row.kept_accuracy} <= {1, None}
        assert set(row.accuracy_by_attribute.values()) == {1}


def test_images_whose_truth_is_unknown_are_left_out_of_what_needs_it() -> None:
    """Of three images the second's is unknown: means over the others, whose set is the target."""
    whole = by_hand()
    known = np.array([True, False, True])
    part = replace(whole, dataset=replace(whole.dataset, known=lambda *asked: known[asked[2]]))
    found = judge(part, READER, 0)
    assessment = found.assess("nothing", translating(identity), silent)
    (row,) = (row for row in assessment.rows if (row.direction, row.chain) == ("inv", "8bit"))
    place = Place("inv", 0, "8bit")
    truth = painted_pixels(SOURCES, INVERTED)
    near = psnr(SOURCES, truth)
    assert row.psnr_to_truth == pytest.approx(near[known].mean()) and (row.samples, row.known) == (3, 2)
    assert np.isnan(assessment.per_image[place]["psnr_to_truth"]).tolist() == [False, True, False]
    assert not np.isnan(assessment.per_image[place]["label_accuracy"]).any()
    (distance, _) = kernel(extract(truth[known]), extract(SOURCES[known])) or (None, None)
    assert row.kernel_target == pytest.approx(distance, abs=1e-6)
    ceiling = keyed(found.bounds(silent), "ceiling")
    assert [ceiling[direction, 0, "8bit"].samples for direction in ("inv", "rec")] == [2, 3]
    assert ceiling["inv", 0, "8bit"].psnr_to_truth == 100 and ceiling["inv", 0, "8bit"].label_accuracy == 1


def test_floor_and_ceiling_are_the_rows_of_doing_nothing_and_of_the_truth() -> None:
    judged = judge(by_hand(), READER, 1)
    bounds = judged.bounds(silent)
    assert len(bounds) == 16
    assert keyed(bounds, "floor") == keyed(judged.assess("nothing", translating(identity), silent).rows, "nothing")
    assert keyed(bounds, "ceiling") == keyed(judged.assess("perfect", translating(perfect), silent).rows, "perfect")


def test_without_true_edits() -> None:
    bounds = judge(by_hand(truth=False), READER, 0).bounds(silent)
    assert {(row.model, row.direction) for row in bounds} == {("floor", "inv"), ("floor", "rec"), ("ceiling", "rec")}
    found = {row.direction: (row.psnr_to_truth, row.ssim_to_truth) for row in bounds if row.model == "floor"}
    assert found["inv"] == (None, None) and found["rec"] == (100, pytest.approx(1))


def test_accuracies_by_hand() -> None:
    shown = torch.tensor([[*BLOND, 0, 0.8], [*BLACK, 1, 0.5], [*BLACK, 1, 0.1]])
    found = judge(by_hand(), READER, 1).assess("fixed", translating(lambda image, source, target: painted(image, shown)), silent)
    rows, near = keyed(found.rows, "fixed"), pytest.approx

    inv, onward, rec, back = (rows[direction, cycles, "8bit"] for direction in ("inv", "rec") for cycles in (0, 1))
    # right against INVERTED: all; glasses and tone; hair and tone
    assert inv.label_accuracy == onward.label_accuracy == near(7 / 9)
    assert inv.accuracy_by_attribute == {"hair": near(2 / 3), "glasses": near(2 / 3), "tone": 1}
    assert inv.label_accuracy_bits == near((5 + 3 + 4) / 15), "a wrong hair is two wrong columns of three"
    # from LABELS, all of image 0 and 2 change, and the glasses of image 1
    assert inv.changed_accuracy == near((1 + 1 + 2 / 3) / 3) and inv.kept_accuracy == near(1 / 2)
    # from TARGETS: glasses; hair and glasses; hair and tone. Image 0's tone, .75, is within .25 of 1
    assert onward.changed_accuracy == near((1 + 1 / 2 + 1) / 3) and onward.kept_accuracy == near((1 + 1 + 0) / 3)
    # right against LABELS: none; tone; glasses
    assert rec.label_accuracy == rec.kept_accuracy == back.label_accuracy == near(2 / 9) and rec.changed_accuracy is None
    # from TARGETS back: hair and tone; hair; glasses
    assert back.changed_accuracy == near((0 + 0 + 1) / 3) and back.kept_accuracy == near((0 + 1 / 2 + 0) / 3)

    image = found.per_image[Place("inv", 0, "8bit")]
    assert image["label_accuracy"].tolist() == near([1, 2 / 3, 2 / 3]) and image["accuracy hair"].tolist() == [1, 0, 1]
    assert image["changed_accuracy"].tolist() == near([1, 1, 2 / 3])
    assert image["kept_accuracy"].tolist() == near([math.nan, 1 / 2, math.nan], nan_ok=True), "for paired intervals"


def test_between_spaces_the_label_is_the_space() -> None:
    def arrive(image: Tensor, source: Domain, target: Domain) -> Tensor:
        edited = image.clone()
        edited[:, :, 0, 0] = 1 if target.space == "right" else -1
        return edited

    for translate, there in ((identity, 0), (arrive, 1)):
        rows = keyed(judge(between_sides(), SIDE_READER, 1).assess("model", translating(translate), silent).rows, "model")
        for cycles in (0, 1):
            inv, rec = rows["inv", cycles, "8bit"], rows["rec", cycles, "8bit"]
            assert (inv.label_accuracy, inv.changed_accuracy, inv.kept_accuracy) == (there, there, None)
            assert rec.label_accuracy == 1 and (rec.changed_accuracy, rec.kept_accuracy) == ((1, None) if cycles else (None, 1))
            assert inv.accuracy_by_attribute == {"space": there} and inv.psnr_to_truth is None and rec.psnr_to_truth == 100


def test_the_reference_is_the_space_of_the_outputs() -> None:
    task = between_sides()
    left, right = (extract(task.dataset.splits["test"][name].pixels) for name in SIDES.pair)
    rows = keyed(judge(task, None, 0).assess("nothing", translating(identity), silent).rows, "nothing")
    for direction, reference in (("inv", right), ("rec", left)):
        expected = kernel(reference, left)
        assert expected is not None and rows[direction, 0, "8bit"].kernel == pytest.approx(expected[0])


def test_what_is_undefined_is_none_and_never_nan() -> None:
    task = trial(faces(truth=False), 1)
    judged = [judge(task, None, 1).assess("nothing", translating(identity), silent).rows, judge(task, READER, 1).bounds(silent)]
    for row in (row for rows in judged for row in rows):
        assert row.samples == 1 and row.frechet is row.kernel is row.kernel_std is None
        numbers = [value for value in (*asdict(row).values(), *row.accuracy_by_attribute.values()) if isinstance(value, float)]
        assert numbers and not any(math.isnan(value) for value in numbers)
    for row in judged[0]:
        assert row.label_accuracy is row.label_accuracy_bits is row.changed_accuracy is row.kept_accuracy is None
        assert row.accuracy_by_attribute == {}


def test_images_of_another_size_have_no_l1() -> None:
    sizes = Space({"left": SPEC, "right": ImageSpec(3, 12, 20)})
    small = Images(np.zeros((3, 12, 20, 3), np.uint8), None, ("d", "e", "f"))
    task = trial(Dataset("sizes", sizes, {"test": {**between_sides().dataset.splits["test"], "right": small}}))

    def resize(image: Tensor, source: Domain, target: Domain) -> Tensor:
        return nn.functional.interpolate(image, sizes.images[target.space].shape[1:])

    rows = keyed(judge(task, None, 0).assess("resize", translating(resize), silent).rows, "resize")
    inv, rec = rows["inv", 0, "8bit"], rows["rec", 0, "8bit"]
    assert inv.l1_to_source is None and inv.perceptual_to_source is not None and inv.perceptual_to_source > 0
    assert rec.l1_to_source == 0


def test_progress_counts_every_image_measured() -> None:
    heard: list[int] = []
    judged = judge(by_hand(), READER, 1)
    judged.assess("nothing", translating(identity), heard.append)
    assert sum(heard) == 6 * 3  # two directions and links, at k = 0 one link
    judged.bounds(heard.append)
    assert sum(heard) == (6 + 3) * 3, "floor and ceiling do not depend on the number of cycles"


def test_steps_are_measured_against_the_true_edit_of_each() -> None:
    rows = judge(trial(faces()), READER, 0, steps=3).assess("perfect", translating(perfect), silent).rows
    steps = [row for row in rows if row.direction == "step"]
    assert [row.cycles for row in steps] == [1, 2, 3]
    for row in steps:
        assert row.label_accuracy == 1 and row.psnr_to_truth == 100 and row.l1_outside == 0
        assert row.frechet is None and row.kernel is None
    late = lambda image, source, target: painted(image, source.label)  # noqa: E731
    found = judge(by_hand(), READER, 0, steps=1).assess("late", translating(late), silent)
    image = found.per_image[Place("step", 1, "8bit")]
    # shown are LABELS, asked for TARGETS: of image 0 the glasses are right, of 1 the glasses and tone, of 2 hair and tone
    assert image["label_accuracy"].tolist() == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    assert image["changed_accuracy"].tolist() == pytest.approx([0, 0, 0]), "what had to change since LABELS did not"
    assert image["kept_accuracy"].tolist() == pytest.approx([1, 1, 1])


def test_what_lies_outside_the_edit() -> None:
    """The true edit repaints the first five pixels of the top row; 10 levels more everywhere are 10 outside."""
    brighter = lambda image, source, target: painted(image, target.label) + 10 / 127.5  # noqa: E731
    dark = replace(by_hand(), sources=painted_pixels(np.full((3, 16, 16, 3), 100, np.uint8), LABELS))
    dark = replace(dark, dataset=replace(dark.dataset, truth=lambda *asked: painted_pixels(dark.sources, asked[4])))
    rows = keyed(judge(dark, READER, 0).assess("brighter", translating(brighter), silent).rows, "brighter")
    # a pixel of the row that the edit leaves as it is, at 255 or 0, counts too: 0 or 10 levels there
    assert rows["inv", 0, "8bit"].l1_outside == pytest.approx(10, abs=0.1)
    assert rows["rec", 0, "8bit"].l1_outside is None


def test_probes_destroy_what_is_hidden_and_the_floor_says_what_they_destroy_anyway() -> None:
    """A translator that hides the source in the lowest bits, as CycleGAN does (arXiv 1712.02950), against an honest one."""

    def hiding(image: Tensor, source: Domain, target: Domain) -> Tensor:
        levels = quantized(image)
        gray = (levels // 16 == 8).mean() > 0.9
        return normalized(torch.from_numpy(16 * (levels % 16) + 8 if gray else 128 + levels // 16))

    smooth = np.tile(np.linspace(20, 230, 16).round().astype(np.uint8)[:, None, None], (3, 1, 16, 3))
    task = replace(by_hand(truth=False), sources=painted_pixels(smooth, LABELS))
    judged = judge(task, None, 1, probes=("noise", "jpeg"))
    floor = {row.chain: row for row in judged.bounds(silent) if row.model == "floor" and row.direction == "rec" and row.cycles == 1}
    rows = keyed(judged.assess("hiding", translating(hiding), silent).rows, "hiding")
    assert rows["rec", 1, "8bit"].psnr_to_truth > 30, "16 levels of each color come back"
    for probe in ("noise", "jpeg"):
        assert rows["rec", 1, probe].psnr_to_truth < 25 and floor[probe].psnr_to_truth > 30
    assert floor["8bit"].psnr_to_truth == 100 and not any(place[0] == "inv" and place[2] in PROBES for place in rows)


def test_the_models_own_discriminator_is_another_column() -> None:
    own = translating(identity, lambda pixels: LABELS[: len(pixels)])
    rows = keyed(judge(by_hand(), READER, 0).assess("own", own, silent).rows, "own")
    assert rows["rec", 0, "8bit"].own_accuracy_bits == 1
    assert (
        keyed(judge(by_hand(), READER, 0).assess("none", translating(identity), silent).rows, "none")[
            "rec", 0, "8bit"
        ].own_accuracy_bits
        is None
    )


def test_the_target_set_is_the_true_edits_or_real_images_of_the_labels_asked_for() -> None:
    rows = keyed(judge(by_hand(), READER, 0).assess("nothing", translating(identity), silent).rows, "nothing")
    expected = kernel(extract(painted_pixels(SOURCES, INVERTED)), extract(SOURCES))
    assert rows["inv", 0, "8bit"].kernel_target == pytest.approx(expected[0])
    task = replace(by_hand(truth=False), inverted=LABELS[[1, 2, 2]])
    found = keyed(judge(task, READER, 0).assess("nothing", translating(identity), silent).rows, "nothing")
    expected = kernel(extract(SOURCES)[[1, 2, 2]], extract(SOURCES))
    assert found["inv", 0, "8bit"].kernel_target == pytest.approx(expected[0])
    none = keyed(judge(by_hand(truth=False), READER, 0).assess("nothing", translating(identity), silent).rows, "nothing")
    assert none["inv", 0, "8bit"].kernel_target is None, "no real image has a label of INVERTED"


def test_intervals_are_about_the_means() -> None:
    (row, *_) = judge(by_hand(), READER, 0).assess("nothing", translating(identity), silent).rows
    assert row.direction == "inv" and row.label_accuracy == pytest.approx(2 / 9)
    low, high = row.intervals["label_accuracy"]
    assert low == 0 and high == pytest.approx(2 / 3) and row.intervals["changed_accuracy"] == (0, 0)


def test_other_real_images_are_a_bound() -> None:
    images, others = Images(noise(6)[:3], LABELS, ("0", "1", "2")), Images(noise(6)[3:], LABELS, ("3", "4", "5"))
    task = trial(Dataset("toy", FACES, {"test": {"faces": images}, "train": {"faces": others}}))
    (row, *_) = (row for row in judge(task, READER, 0).bounds(silent) if row.model == "real")
    assert row.kernel == pytest.approx(kernel(extract(images.pixels), extract(others.pixels))[0]) and row.label_accuracy is None
