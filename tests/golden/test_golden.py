"""Results stay the same to the last bit, and names in checkpoints stay the same on every machine."""

from __future__ import annotations

import json

import pytest
import torch

from golden.record import RECORD, machine, record
from viceversa.recipes import RECIPES

GOLDEN = json.loads(RECORD.read_text())


def test_every_recipe_is_recorded() -> None:
    assert list(GOLDEN["recipes"]) == list(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_six_steps_leave_the_same_bits(name: str) -> None:
    torch.set_num_threads(1)
    found, expected = record(name), GOLDEN["recipes"][name]
    assert found["names"] == expected["names"]
    if machine() != GOLDEN["machine"]:
        pytest.skip(f"names compared; bits were recorded on {GOLDEN['machine']}, this is {machine()}")
    assert found["bits"] == expected["bits"]
