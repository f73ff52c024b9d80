"""The people in the report: who they are, what is shown of them, and that the numbers beside them are those of the rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.evaluation.examples import strips
from viceversa.evaluation.judge import Assessment
from viceversa.images.normalizing import normalized, quantized
from viceversa.metrics.accuracies import PerImage
from viceversa.metrics.chain_protocol import LINKS, Candidate, Place, Trial, Way, translating

SPEC = ImageSpec(3, 12, 12)
FACES = Space({"faces": SPEC}, (OneOf("hair", ("black", "blond")),))
SIDES = Space({"left": SPEC, "right": SPEC})
PEOPLE, WAY = 9, Way(1)
BLACK, BLOND = torch.eye(2)
SOURCES = np.arange(PEOPLE, dtype=np.uint8)[:, None, None, None].repeat(12, 1).repeat(12, 2).repeat(3, 3)
NAMES = tuple(f"person {number}" for number in range(PEOPLE))
QUALITY = [5, 1, 8, 0, 4, 7, 2, 6, 3]
"""Of each person; 3 has the worst, 2 the best, 4 is in the middle and 8 next to it."""

brighter = translating(lambda image, *_: image + 10 / 127.5)


def task(*, truth: bool = True) -> Trial:
    labels, other = BLACK.expand(PEOPLE, 2), BLOND.expand(PEOPLE, 2)
    edits = (lambda *_: SOURCES + 100) if truth else None
    dataset = Dataset("toy", FACES, {"test": {"faces": Images(SOURCES, labels, NAMES)}}, edits)
    return Trial(dataset, "faces", "faces", SOURCES, np.arange(PEOPLE), labels, other, torch.stack([other] * 3))


def measured(way: Way, *, psnr: Sequence[float] = QUALITY, hair: float = 1.0) -> Assessment:
    """What would have been measured, by hand."""
    places = [Place(direction, number, link) for direction in ("inv", "rec") for number in range(way.cycles + 1) for link in LINKS]
    places += [Place("step", number, "8bit") for number in range(1, way.steps + 1)]
    return Assessment([], {place: everyone(psnr, hair) for place in places})


def everyone(psnr: Sequence[float], hair: float) -> PerImage:
    near = {"psnr_to_truth": np.array(psnr, float), "perceptual_to_source": np.full(PEOPLE, 0.5)}
    return near | {"accuracy hair": np.full(PEOPLE, hair)}


def test_the_worst_the_middle_and_the_best_with_their_numbers() -> None:
    found = measured(WAY, hair=0.0)
    for place, values in found.per_image.items():
        if place.direction == "inv":
            values["psnr_to_truth"] += place.cycles  # the mean over k is half a dB more
    made = strips(task(), WAY, {"mine": (brighter, found)}, "mine", found)
    who = [(strip.title.split(".")[0], strip.title.partition(". ")[2]) for strip in made]
    assert [name for name, _ in who] == [
        "worst: person 3", "worst: person 1", "median: person 8", "median: person 4", "best: person 5", "best: person 2",
    ]  # fmt: skip
    assert who[0][1] == "PSNR to the ground truth 0.5 dB by mine, mean over k"
    worst = made[0]
    assert worst.facts == {"shows": "hair=black", "inv asks for": "hair=blond", "translation 1 on the way": "hair=blond"}
    assert worst.captions == ["k = 0", "k = 1", "should be"]
    (inv_title, inv), (rec_title, rec) = worst.rows
    assert (inv_title, rec_title) == ("mine, inv", "mine, rec")
    assert [list(each.notes) for each in inv] == [["PSNR 0.0", "wrong: hair"], ["PSNR 1.0", "wrong: hair"], ["ground truth"]]
    # person 3 is all 3s; each translation adds 10
    assert [int(each.pixels.max()) for each in inv] == [13, 23, 103] and [int(each.pixels.max()) for each in rec] == [13, 23, 3]


def test_all_models_show_the_people_that_the_first_is_ranked_by() -> None:
    first, second = measured(WAY), measured(WAY, psnr=QUALITY[::-1])
    darker = translating(lambda image, *_: image - 1 / 127.5)
    made = strips(task(), WAY, {"one": (brighter, first), "two": (darker, second)}, "one", first)
    assert [title for title, _ in made[0].rows] == ["one, inv", "one, rec", "two, inv", "two, rec"]
    assert made[0].title.startswith("worst: person 3.") and made[0].rows[2][1][0].notes == ["PSNR 7.0"], "that of person 3 too"
    assert made[0].rows[2][1][0].pixels.max() == 2


def test_nobody_is_shown_twice() -> None:
    for count, ranks in ((2, ["worst", "best"]), (3, ["worst", "median", "best"]), (4, ["worst", "median", "best", "best"])):
        few, found = task().of(range(count)), measured(WAY)
        for values in found.per_image.values():
            values |= {name: each[:count] for name, each in values.items()}
        made = strips(few, WAY, {"mine": (brighter, found)}, "mine", found)
        assert len({strip.title.split(".")[0] for strip in made}) == len(made)
        assert [strip.title.split(":")[0] for strip in made] == ranks


def test_without_true_edits_by_accuracy_and_then_by_what_comes_back() -> None:
    found = measured(WAY)
    for place, values in found.per_image.items():
        if place.direction == "inv":
            values |= {"psnr_to_truth": np.full(PEOPLE, np.nan), "label_accuracy": np.array(QUALITY) / 10}
    (worst, *_) = made = strips(task(truth=False), WAY, {"mine": (brighter, found)}, "mine", found)
    assert worst.title == "worst: person 3. label accuracy of inv 0.000 by mine, mean over k" and len(made) == 6
    assert worst.rows[0][1][0].notes == ["perceptual 0.50"] and worst.rows[0][1][-1] is None, "nobody knows the true edit"
    for values in found.per_image.values():
        values.pop("label_accuracy", None)
    (worst, *_) = strips(task(truth=False), WAY, {"mine": (brighter, found)}, "mine", found)
    assert worst.title == "worst: person 3. PSNR to the source 0.0 dB by mine, mean over k"
    nothing = Assessment([], {})
    assert strips(task(), WAY, {"mine": (brighter, nothing)}, "mine", nothing) == []


def test_images_on_the_way_where_they_are_measured() -> None:
    way = Way(1, steps=3)
    found = measured(way)
    (worst, *_) = strips(task(), way, {"mine": (brighter, found)}, "mine", found)
    assert worst.captions == ["k = 0", "k = 1", "k = 2", "k = 3", "should be"]
    title, pictures = worst.rows[0]
    assert title == "mine, on the way" and pictures[-1] is None
    assert [int(each.pixels.max()) for each in pictures[:-1]] == [3, 13, 23, 33]
    assert worst.rows[1][1][2] is None, "inv_2 was not asked for"
    assert "translation 3 on the way" in worst.facts


def test_between_spaces() -> None:
    right = quantized(normalized(torch.from_numpy(SOURCES)))
    splits = {"test": {"left": Images(SOURCES, None, NAMES), "right": Images(right, None, NAMES)}}
    sides = Trial(Dataset("sides", SIDES, splits), "left", "right", SOURCES, np.arange(PEOPLE))
    found = measured(WAY)
    (worst, *_) = strips(sides, WAY, {"mine": (brighter, found)}, "mine", found)
    assert worst.facts == {"is of": "left", "inv asks for": "right"} and worst.title.startswith("worst: person 3.")


def test_between_spaces_nothing_is_ranked_by_whether_a_classifier_agrees() -> None:
    """By what comes back, or not at all where that is equal for all."""
    splits = {"test": {name: Images(SOURCES, None, NAMES) for name in SIDES.images}}
    sides = Trial(Dataset("sides", SIDES, splits), "left", "right", SOURCES, np.arange(PEOPLE))
    found = measured(WAY)
    for place, values in found.per_image.items():
        values["label_accuracy"] = np.ones(PEOPLE)
        if place.direction == "inv":
            values["psnr_to_truth"] = np.full(PEOPLE, np.nan)
    (worst, *_) = strips(sides, WAY, {"mine": (brighter, found)}, "mine", found)
    assert worst.title == "worst: person 3. PSNR to the source 0.0 dB by mine, mean over k"
    for values in found.per_image.values():
        values["psnr_to_truth"] = np.full(PEOPLE, 100.0)
    made = strips(sides, WAY, {"mine": (brighter, found)}, "mine", found)
    assert [strip.title for strip in made] == [f"example: person {number}" for number in (0, 2, 3, 5, 6, 8)]


def test_outputs_that_come_in_parts_or_lack_a_place() -> None:
    """Candidates may answer in any batches, and some only in floating point."""
    found = measured(WAY)

    def parts(asked: Trial, way: Way):  # type: ignore[no-untyped-def]
        for row in range(len(asked)):
            yield slice(row, row + 1), {Place("inv", 0, "8bit"): asked.sources[row : row + 1]}

    (worst, *_) = strips(task(), WAY, {"mine": (Candidate(parts), found)}, "mine", found)
    (_, inv), (_, rec) = worst.rows
    assert inv[0].pixels.max() == 3 and inv[1] is None and rec[0] is None and rec[-1].pixels.max() == 3
