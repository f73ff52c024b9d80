"""Success along a chain: every attribute as asked, after this step and all before it."""

from __future__ import annotations

import numpy as np

from viceversa.metrics.accuracies import PerImage, success
from viceversa.metrics.chain_protocol import Place


def test_success_is_that_of_every_attribute_after_every_step() -> None:
    """Four images: right throughout; wrong first; wrong second; wrong third. SR@1 = 3/4, SR@2 = 2/4, SR@3 = 1/4."""
    steps = [[1, 2 / 3, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1 / 3]]
    found: dict[Place, PerImage] = {}
    for number, right in enumerate(steps, 1):
        place = Place("step", number, "8bit")
        found[place] = {"label_accuracy": np.array(right)}
        found[place] |= success(found[place], place, found)
    assert [each["success_rate"].tolist() for each in found.values()] == [[1, 0, 1, 1], [1, 0, 0, 1], [1, 0, 0, 0]]
    assert success({"label_accuracy": np.ones(4)}, Place("step", 5, "8bit"), found) == {}, "the fourth is missing"
