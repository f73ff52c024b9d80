"""Every recipe on embedded data trains, loads and translates: small methods at 16 px, for two steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from viceversa.errors import UsageError
from viceversa.evaluation.candidates.run import candidate_of
from viceversa.inference.load import load
from viceversa.metrics.chain_protocol import Way, trial
from viceversa.recipes import RECIPES, dataset_of, recipe_named
from viceversa.recipes.packaged import PACKAGED
from viceversa.training.run import train
from viceversa.tuning.tune import tune

EMBEDDED = [entry.name for entry in PACKAGED]
DIGITS = "digits"
"""Of two sizes of their own."""


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("name", EMBEDDED)
def test_a_recipe_trains_loads_and_translates(name: str, tmp_path: Path) -> None:
    small = {"training.average": 0.5} if recipe_named(name).training.average else {}
    size = None if name == DIGITS else 32
    outcome = train(
        name, steps=2, batch=2, size=size, out=tmp_path / "run", quiet=True, labeller=False, best="none", settings=small
    )
    assert outcome.step == 2
    model = load(outcome.run)
    task = trial(dataset_of(model.record.recipe), 2)
    (made,) = [found for _, found in candidate_of(model).outputs(task, Way(1))]
    assert made and all(np.isfinite(pixels.astype(float)).all() for pixels in made.values())
    assert {place.direction for place in made} == ({"inv", "rec"} if model.method.returns else {"inv"})


def test_published_recipes_are_of_data_that_is_not_embedded() -> None:
    others = set(RECIPES) - set(EMBEDDED)
    assert others and all(recipe_named(name).data in ("celeba", "") for name in others)
    with pytest.raises(UsageError, match=r"^cyclegan-paper has no data of its own: name yours, as in `data='DIR'`"):
        dataset_of(recipe_named("cyclegan-paper"))


def test_a_recipe_without_data_does_not_train_on_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("summer", "winter"):
        (tmp_path / name).mkdir()
        for number in range(20):
            Image.new("RGB", (40, 40), (number, 9, 9)).save(tmp_path / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    for command in (train, tune):
        with pytest.raises(UsageError, match="has no data of its own: name yours"):
            command("cyclegan-paper", out="run", steps=4)
    assert not Path("run").exists()
