"""The verdict: what it says of good, bad, undertrained and idle models, of rows written by hand and of small real evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.data.dataset import Dataset
from viceversa.data.sources import open_dataset
from viceversa.evaluation.comparison import Comparison, comparison_of
from viceversa.evaluation.judge import Assessment
from viceversa.evaluation.report.contents import Report
from viceversa.evaluation.report.page import report_page
from viceversa.evaluation.trainings import contrasted
from viceversa.evaluation.verdict import Facts, verdict
from viceversa.images.normalizing import normalized, quantized
from viceversa.metrics.chain_protocol import Candidate, Place, translating, trial
from viceversa.metrics.rows import Row

EMPTY = Row("model", "inv", 0, "8bit", 200, None, None, {}, None, None, None, None, None, None, None, None, None)
SAMPLES = 12
WELL = {"change": 0.4, "variety": 0.95, "obedience": 0.4, "correlation": 0.8, "grid_2": 0.9, "grid_4": 0.9}


def row(name: str = "model", direction: str = "inv", cycles: int = 0, **values: Any) -> Row:
    return replace(EMPTY, model=name, direction=direction, cycles=cycles, **values)


def sets(**changes: Any) -> Facts:
    """Two folders: sources at 45, other real images at 2, in thousandths."""
    bounds = [row("floor", kernel=0.045, kernel_std=0.001), row("real", kernel=0.002, kernel_std=0.001)]
    return replace(Facts(bounds, "zebra", False, 200, 3, None), **changes)


def labels(**changes: Any) -> Facts:
    bounds = [row("floor", psnr_to_truth=14.0, changed_accuracy=0.02)]
    return replace(Facts(bounds, "faces", True, 500, 3, 0.98), **changes)


def model(
    inv: Mapping[str, Any], back: float | None = None, measures: Mapping[str, float] = {}, each: Mapping[str, Any] = {}
) -> Assessment:
    rows = [row(**inv)] + ([] if back is None else [row(direction="rec", cycles=3, psnr_to_truth=back)])
    return Assessment(rows, {Place("inv", 0, "8bit"): dict(each)}, {**WELL, **measures})


CASES = {
    "good, two sets": (
        model({"kernel": 0.004}, 27.0), sets(),
        "The outputs are close to real 'zebra' images (kernel distance x1000: 4.0, untouched sources 45.0, other real images 2.0); "
        "sources come back nearly as they were after 3 round trips (PSNR to the source 27.0 dB).",
    ),
    "undertrained, two sets, with a grid": (
        model({"kernel": 0.04}, 16.0, {"grid_4": 12.0, "grid_2": 30.0}), sets(),
        "The outputs are far from real 'zebra' images (kernel distance x1000: 40.0, untouched sources 45.0, other "
        "real images 2.0); "
        "a grid with a period of 4 px is visible; sources do not come back after 3 round trips (PSNR to the source 16.0 dB). "
        "Train longer, or lower the learning rate, until the grid fades. "
        "Give the cycle loss more weight (method.cycle), or use the multicyclic loss (multicycle.extra).",
    ),
    "bad, two sets": (
        model({"kernel": 0.09}, 20.0), sets(),
        "The outputs are no nearer than the untouched sources to real 'zebra' images (kernel distance x1000: 90.0, "
        "untouched sources "
        "45.0, other real images 2.0); sources come back only roughly after 3 round trips (PSNR to the source 20.0 dB). Train "
        "longer.",
    ),
    "one way": (
        model({"kernel": 0.02}), sets(),
        "The outputs are on the way to real 'zebra' images (kernel distance x1000: 20.0, untouched sources 45.0, other real images "
        "2.0). Train longer.",
    ),
    "a grid at full size only": (
        model({"kernel": 0.004}, None, {"grid_4_full_size": 9.0}), sets(),
        "The outputs are close to real 'zebra' images (kernel distance x1000: 4.0, untouched sources 45.0, other real images 2.0); "
        "a grid with a period of 4 px is visible at full size. Train longer, or lower the learning rate, until the grid fades.",
    ),
    "idle, two sets": (
        model({"kernel": 0.0449}, 100.0, {"change": 0.0}), sets(),
        "The outputs are nearly the inputs: the model changes almost nothing; the outputs are far from real "
        "'zebra' images (kernel distance x1000: 44.9, untouched sources 45.0, other real images 2.0). Train longer, or give "
        "the cycle and identity losses less weight (method.cycle, method.identity).",
    ),
    "collapsed": (
        model({"kernel": 0.2}, 8.0, {"variety": 0.01}), sets(),
        "All outputs look alike, whatever the input; the outputs are no nearer than the untouched sources to real 'zebra' images "
        "(kernel distance x1000: 200.0, untouched sources 45.0, other real images 2.0); sources do not come back "
        "after 3 round trips "
        "(PSNR to the source 8.0 dB). Train again with a lower learning rate or another seed.",
    ),
    "sets that are alike": (
        model({"kernel": 0.004}),
        sets(bounds=[row("floor", kernel=0.003, kernel_std=0.001), row("real", kernel=0.002, kernel_std=0.001)]),
        "The images of the two spaces are too alike, or too few, to judge outputs by the distance between them.",
    ),
    "good, labels": (
        model({"changed_accuracy": 0.93, "kept_accuracy": 0.97}, 26.0), labels(bounds=[]),
        "93 % of the attributes to change are as asked, and 97 % of the others are kept; sources come back nearly as "
        "they were after 3 "
        "earlier translations (PSNR to the source 26.0 dB).",
    ),
    "undertrained, labels": (
        model({"changed_accuracy": 0.41, "kept_accuracy": 0.8}), labels(bounds=[]),
        "41 % of the attributes to change are as asked, and 80 % of the others are kept. Train longer.",
    ),
    "labels that are not read well": (
        model({"changed_accuracy": 0.93, "kept_accuracy": 0.97}, 26.0), labels(bounds=[], accuracy=0.74),
        "Sources come back nearly as they were after 3 earlier translations (PSNR to the source 26.0 dB). Label "
        "accuracies are not to be "
        "relied on: the labeller reads 74 % of the attributes of real test images right.",
    ),
    "good, ground truth": (
        model({"psnr_to_truth": 22.0}), labels(),
        "The outputs are close to the ground truth (PSNR 22.0 dB, untouched sources 14.0 dB).",
    ),
    "harmful, ground truth": (
        model({"psnr_to_truth": 12.0}), labels(),
        "The outputs are no nearer to the ground truth than the untouched sources (PSNR 12.0 dB, untouched sources 14.0 dB). "
        "Train longer.",
    ),
    "few images": (
        model({"psnr_to_truth": 15.0}), labels(samples=8),
        "The outputs are hardly nearer to the ground truth (PSNR 15.0 dB, untouched sources 14.0 dB). Train longer. "
        "These are 8 test "
        "images, which is few: measure more before you decide.",
    ),
    "nothing known": (model({}), sets(bounds=[]), "Nothing is known of its translations: no reference was measured."),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_model(case: str) -> None:
    assessment, facts, text = CASES[case]
    assert verdict({"mine": assessment}, facts) == text


def several(*means: float, spread: float = 0.5) -> dict[str, Assessment]:
    """Models with these means of PSNR to the ground truth, each image's apart from the others' by chance."""
    noise = {name: np.random.default_rng(ord(name)).normal(0, spread, 100) for name in "abc"}
    values = {name: mean + noise[name] - noise[name].mean() for name, mean in zip("abc", means, strict=False)}
    return {name: model({"psnr_to_truth": float(each.mean())}, each={"psnr_to_truth": each}) for name, each in values.items()}


def test_several_models_are_ranked_where_intervals_support_it() -> None:
    text = verdict(several(15, 21, 18), labels())
    assert text.startswith(
        "Best first, by PSNR to the ground truth; the intervals support this order:\nb: the outputs are close to "
    )
    assert text.index("\nb: ") < text.index("\nc: ") < text.index("\na: ")
    text = verdict(several(15, 21, 15.001, spread=3), labels())
    assert text.startswith("b is the best by PSNR to the ground truth; the order of the others is within chance.\nb: ")
    text = verdict(several(15, 15.001, spread=3), labels())
    assert text.startswith("The order of the models is within chance, by PSNR to the ground truth.\na: ")
    same = several(15)["a"]
    assert verdict({"a": same, "b": same}, labels()).startswith("The models cannot be told apart by PSNR to the ground truth.")
    unread = {name: model({"changed_accuracy": share}) for name, share in (("a", 0.9), ("b", 0.5))}
    assert verdict(unread, labels(bounds=[], accuracy=0.5)).startswith("The models are not ranked: ")
    near = {name: model({"kernel": value, "kernel_std": 0.001}) for name, value in (("a", 0.03), ("b", 0.005))}
    assert verdict(near, sets()).startswith(
        "Best first, by distance to real 'zebra' images; the intervals support this order:\nb: "
    )
    assert verdict({}, sets()) == ""


def test_what_differs_between_trainings_is_said() -> None:
    """Steps, width, data and seed; settings that only one method has are left out."""
    one = {"method": "cyclegan", "steps": "2,000", "data": "avatars-32-v1", "seed": "0", "width": "24", "cycle": "10.0"}
    other = {**one, "steps": "1,000", "width": "48", "seed": "1"}
    assert contrasted({"a": one, "b": other}) == "steps: a 2,000, b 1,000; seed: a 0, b 1; width: a 24, b 48"
    assert contrasted({"a": one, "b": dict(one)}) == contrasted({"a": one}) == contrasted({}) == ""
    assert contrasted({"a": one, "b": {"method": "cut", "steps": "2,000"}}) == "method: a cyclegan, b cut"


def idle(image: Tensor, source: Domain, target: Domain) -> Tensor:
    return image


def grid(image: Tensor, source: Domain, target: Domain) -> Tensor:
    """A grid of 4 px, of 12 levels up and down."""
    half = torch.tensor([1.0, 1, -1, -1]).repeat(image.shape[2] // 4)
    return image + half[:, None] * half * 12 / 127.5


def perfect(dataset: Dataset) -> Candidate:
    """The ground truth, for each image and way."""
    task = trial(dataset, SAMPLES)

    def answer(image: Tensor, source: Domain, target: Domain) -> Tensor:
        rows = slice(0, len(image))
        there = task.away if target.space == task.away else task.home
        if task.labels is None:
            edits = task.truth(Place("inv", 0, "8bit")) if there == task.away else task.sources
            assert edits is not None
            return normalized(torch.tensor(np.asarray(edits)[rows]))
        assert dataset.truth is not None
        return normalized(torch.tensor(dataset.truth("test", task.home, task.numbers[rows], task.home, target.label)))

    return translating(answer)


@pytest.fixture(scope="module")
def comparisons() -> dict[str, Comparison]:
    """Real evaluations of three functions, on labels and on two spaces."""
    found = {}
    for data in ("avatars", "avatars:glasses"):
        dataset = open_dataset(data, 32)
        trained = {"idle": {"steps": "2,000", "seed": "0"}, "grid": {"steps": "500", "seed": "0"}, "perfect": {}}
        candidates = {"idle": translating(idle), "grid": translating(grid), "perfect": perfect(dataset)}
        models = {name: replace(each, training=trained[name]) for name, each in candidates.items()}
        found[data] = comparison_of(models, dataset, cycles=1, samples=SAMPLES, quiet=True)
    return found


def alone(comparison: Comparison, name: str) -> str:
    return replace(comparison, assessments={name: comparison.assessments[name]}, strips=[]).verdict()


@pytest.mark.parametrize("data", ["avatars", "avatars:glasses"])
def test_small_real_evaluations(comparisons: Mapping[str, Comparison], data: str) -> None:
    comparison = comparisons[data]
    assert alone(comparison, "idle").startswith(
        "The outputs are nearly the inputs: the model changes almost nothing; the outputs are no nearer"
    )
    assert "a grid with a period of 4 px is visible" in alone(comparison, "grid") and "no nearer to the ground truth" in alone(
        comparison, "grid"
    )
    good = alone(comparison, "perfect")
    assert good.startswith("The outputs are close to the ground truth (PSNR 100.0 dB") and "come back nearly as they were" in good
    assert "a grid of" not in good and "Train" not in good
    assert comparison.verdict().startswith("perfect is the best") or comparison.verdict().startswith("Best first")


def test_a_report_begins_with_its_verdict(comparisons: Mapping[str, Comparison]) -> None:
    report: Report = comparisons["avatars:glasses"].report("three functions")
    first = comparisons["avatars:glasses"].verdict()
    assert " ".join(report.table().split()).startswith(" ".join(first.split()))
    assert report.facts["trained differently"] == "steps: idle 2,000, grid 500"
    assert "trained differently: steps: idle 2,000, grid 500" in report.table() and "were not trained alike (steps:" in first
    text = report_page(report)
    order = [text.index(part) for part in ('class="verdict"', "<h2>Pictures", "<h2>What the words mean", "<h2>All results")]
    assert order == sorted(order)
    for words in ("person", "people"):
        assert words not in text.lower() and words not in report.table().lower()
    assert "label accuracy of inv" not in text, "between two sets that is whether a classifier takes it for one of the other"


def test_no_image_is_ranked_by_a_constant(comparisons: Mapping[str, Comparison]) -> None:
    dataset = open_dataset("avatars:glasses", 32)
    blind = comparison_of({"idle": translating(idle)}, replace(dataset, truth=None), cycles=1, samples=8, quiet=True)
    assert [strip.title.partition(":")[0] for strip in blind.strips] == ["example"] * 6
    assert quantized(normalized(torch.tensor(blind.task.sources)))[0].tolist() == blind.task.sources[0].tolist()


def test_the_way_back_is_told_by_the_middle_image_and_nothing_is_advised_for_functions() -> None:
    """Images that equal their source, which count as 100 dB, lift the mean: (3 * 10 + 2 * 100) / 5 = 46 dB; the median is 10 dB."""
    found = model({"psnr_to_truth": 15.0}, 46.0)
    each = {Place("rec", 3, "8bit"): {"psnr_to_truth": np.array([10.0, 10, 10, 100, 100])}}
    told = verdict({"model": replace(found, per_image={**found.per_image, **each})}, labels())
    assert "sources do not come back after 3 earlier translations (PSNR to the source 10.0 dB). Train longer" in told
    told = verdict({"model": replace(found, per_image={**found.per_image, **each})}, labels(untrained=["model"]))
    assert told.endswith("(PSNR to the source 10.0 dB).")
