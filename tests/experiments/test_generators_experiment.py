"""The experiment on generators: its arms are recipes, and its measures are right for images made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.generators.arms import ARMS, TASKS
from experiments.generators.judges import WALKS, areas, coloring, lines_kept, weights
from experiments.generators.measures import measured
from experiments.generators.page import blinded
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.recipes import recipe_named
from viceversa.training.run import updated


@pytest.mark.parametrize("name", ARMS)
def test_every_arm_is_a_recipe_with_settings(name: str) -> None:
    arm = ARMS[name]
    name = arm.recipe if isinstance(arm.recipe, str) else "cyclegan"
    recipe = updated(recipe_named(name), arm.asked(2, 30, {"photos": "photos", "mnist": "mnist"}))
    assert arm.task in TASKS and recipe.training.seed == 2 and recipe.training.best == "none"


def box(color: tuple[int, int, int]) -> np.ndarray:
    """A box of 20 px whose outline is black, filled with a color, on white: (1, 32, 32, 3)."""
    drawing = np.full((1, 32, 32, 3), 255, np.uint8)
    drawing[:, 6:26, 6:26] = 0
    drawing[:, 8:24, 8:24] = color
    return drawing


LINES = box((255, 255, 255))[..., :1]


def test_areas_filled_evenly() -> None:
    """A quarter of the area 40 levels lighter deviates by 10 on average, half of it by 20, where 12 is the limit. Pixels beside the
    line, which are gray here, do not count: of the area's 16 rows 14 are looked at, 3 or 7 of them lighter."""
    assert areas(box((200, 30, 30)), LINES) == (1.0, 1.0)
    assert areas(box((255, 255, 255)), LINES) == (1.0, 0.0), "white is even, and not filled"
    for rows, expected in ((4, 1.0), (8, 0.0)):
        uneven = box((100, 100, 100))
        uneven[:, 8:24, [8, 23]] = 30
        uneven[:, 8 : 8 + rows, 8:24] = 140
        assert areas(uneven, LINES) == (expected, expected)


def test_lines_that_are_lost_are_counted() -> None:
    half = box((200, 30, 30))
    assert lines_kept(half, LINES) == 1
    half[:, 6:8] = 255
    assert lines_kept(half, LINES) == pytest.approx(1 - 40 / 144, abs=1e-4)  # two of the rows of 20 px; the ink is 20² - 16²


def test_measures_of_coloring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.generators.judges.kernel_vgg16", lambda images, others: float(len(others)))
    found = coloring(box((200, 30, 30)), LINES, box((200, 30, 30)), box((200, 30, 30)))
    assert (found["areas_even_and_filled"], found["histogram_of_all"], found["lines_kept"]) == (1, 0, 1)


def test_weights_along_walks() -> None:
    """Icons of gray levels 0, 10, 20, 30, 40 by weight; a change that is always right, and one that does nothing."""
    drawn = np.stack([np.full((2, 16, 16, 1), 10 * weight, np.uint8) for weight in range(5)], 1)
    right = weights(lambda pixels, source, target: drawn[:, target], drawn)
    assert min(way["ssim"] for name, way in right.items() if " to " in name) == 1
    nothing = weights(lambda pixels, source, target: pixels, drawn)
    assert nothing["thin to light"]["psnr"] == pytest.approx(20 * np.log10(25.5), abs=0.01)  # 10 levels off
    assert nothing["walk of strokes"][1] == pytest.approx(20 * np.log10(25.5), abs=0.01), "still light, where thin is wanted"
    assert all(len(found) == len(walk) - 1 for walk, found in ((WALKS[name], nothing[name]) for name in WALKS))
    assert all(4 not in walk for name, walk in WALKS.items() if "strokes" in name)


def test_each_direction_and_its_way_back() -> None:
    """Two spaces whose truth is 10 levels lighter; a translator that adds 5: 5 levels off, and back 10 off."""
    pixels = np.full((3, 16, 16, 1), 100, np.uint8)
    images = Images(pixels, None, ("a", "b", "c"))
    space = Space({"dark": ImageSpec(1, 16, 16), "light": ImageSpec(1, 16, 16)})
    split = {"dark": images, "light": images}
    dataset = Dataset("levels", space, {"test": split}, lambda split, source, rows, target, labels: pixels[rows] + 10)
    found = measured(lambda images, here, there: images + 5, dataset, "test", full=False)
    assert found["dark to light"]["psnr"] == pytest.approx(20 * np.log10(51), abs=0.01)
    assert found["dark to light"]["return_psnr"] == pytest.approx(20 * np.log10(25.5), abs=0.01)
    assert found["light to dark"]["same_psnr"] == pytest.approx(20 * np.log10(51), abs=0.01)
    assert set(measured(lambda images, here, there: images, dataset, "test", returns=False, full=False)) == {"dark to light"}


def test_a_blind_picture_has_every_answer_under_a_letter_and_no_name() -> None:
    names = ["plain", "masked, to glasses", "before, to glasses", "true glasses", "glasses", "masked, to plain", "true plain"]
    strips = {name: [np.full((2, 2, 3), number, np.uint8)] for number, name in enumerate(names)}
    shuffled, key = blinded(strips, "glasses")
    assert list(shuffled) == ["plain", "1A", "1B", "1C", "glasses", "2A", "2B"]
    assert sorted(key.values()) == sorted(set(names) - {"plain", "glasses"})
    assert all(shuffled[letter] is strips[name] for letter, name in key.items())
