"""The table of gradients in bf16 and fp32: it is complete, the page shows it, and recipes do what it asks for."""

from __future__ import annotations

import pytest

from benchmarks import gradients
from benchmarks.gradients import ENOUGH
from experiments.common import filled, read_json
from viceversa.recipes import recipe_named
from viceversa.recipes.packaged import PACKAGED
from viceversa.recipes.published import PUBLISHED

ROWS = read_json(gradients.STORED)["rows"]
MEASURED = [entry.name for entry in PACKAGED]
AT_THE_START = ("stargan2",)
"""Measured before the first step only: a step takes seconds."""


def lowest(name: str, chain: str) -> float:
    """The lowest cosine of a recipe with such a chain, over phases and steps; 1 without one."""
    return min((row["cosine"] for row in ROWS if (row["recipe"], row["chain"]) == (name, chain)), default=1.0)


@pytest.mark.parametrize("name", MEASURED)
def test_every_recipe_is_measured_at_the_start_and_later(name: str) -> None:
    mine = [row for row in ROWS if row["recipe"] == name]
    assert {row["step"] for row in mine} == ({0} if name in AT_THE_START else {0, 50, 200})
    assert {row["chain"] for row in mine} >= {"none"}


@pytest.mark.parametrize("name", MEASURED)
def test_a_chain_with_other_gradients_in_bf16_rises(name: str) -> None:
    """Where a chain at its full weights is below ENOUGH, the recipe's rises, and is above it throughout."""
    assert lowest(name, "none") > ENOUGH and lowest(name, "rising") > ENOUGH
    assert (lowest(name, "full") < ENOUGH) == (recipe_named(name).multicycle.rise > 0)


def test_published_settings_train_in_fp32() -> None:
    assert {entry().training.precision for entry in PUBLISHED} == {"fp32"}


def test_the_page_shows_the_table() -> None:
    page, found = gradients.PAGE.read_text(), gradients.stored(gradients.STORED)
    assert filled(page, {"gradients": gradients.table(found, (0, 50, 200))}) == page, "run python -m benchmarks.gradients --table"


@pytest.mark.usefixtures("few")
def test_a_cosine_is_measured_again() -> None:
    """That of the chain of `digits` before its first step, which depends on rounding alone; where bf16 is emulated, too."""
    rows = list(gradients.measured("digits", (0,)))
    assert {row.phase for row in rows} == {"generators", "discriminators"}
    found = {row.chain: row.cosine for row in rows if row.phase == "generators"}
    assert found["full"] < 0.6 and found["none"] > ENOUGH and found["rising"] == pytest.approx(found["none"], abs=1e-6)
