"""A run on several labeled sets: trained, shown, used, and measured on one of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from viceversa.core.domains import Domain
from viceversa.data.sets.toons import toons
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.named import candidate
from viceversa.inference.load import load
from viceversa.inference.model import Model
from viceversa.inference.translation import check
from viceversa.metrics.chain_protocol import Place, Way, trial
from viceversa.recipes import dataset_of
from viceversa.training.run import train

SMALL = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4, "attributes": ("hair", "mood")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets") / "run"
    train("stargan", data="faces=avatars,toons=toons", size=32, out=out, steps=2, batch=4, quiet=True, settings=SMALL)
    return out


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return load(run, checkpoint="last")


def test_its_pictures_show_people_of_both_sets(run: Path, model: Model) -> None:
    assert model.space.known == {"faces": ("hair",), "toons": ("mood",)}
    assert not (run / "labeller.safetensors").exists()
    picture = Image.open(run / "samples" / "00000002.png")
    people, columns = 4, 6  # two of each set: the source, two labels of each set, home
    assert picture.width > columns * 32 and picture.height > people * 32


def test_a_target_names_all_that_one_set_tells(model: Model) -> None:
    image = toons(32).splits["test"]["toons"].pixels[0]
    crossed = model.translate(image, "hair=blond")
    assert crossed.size == (32, 32)
    asked = model.space.wanted("mood=amazed")
    assert asked.space == "toons" and asked.label is not None and asked.label.tolist() == [[0, 0, 0, 0, 0, 1]]
    with pytest.raises(UsageError, match="give all attributes of one of the data sets in `to`: hair; or mood; you gave hair, mood"):
        check(model, "hair=blond,mood=amazed")


def test_it_is_measured_on_one_set(run: Path, model: Model) -> None:
    dataset = toons(32)
    task = trial(dataset, 3)
    (made,) = [found for _, found in candidate(str(run), dataset, "last").outputs(task, Way(0))]
    here, there = (Domain("toons", model.space.widened(label, "toons")) for label in (task.labels, task.inverted))
    assert (made[Place("inv", 0, "8bit")] == model.translate_pixels(task.sources, here, there)).all()
    with pytest.raises(UsageError, match="several labeled data sets: choose one of them with `data`"):
        trial(dataset_of(model.record.recipe), 3)
    with pytest.raises(UsageError, match="has other attributes or spaces"):
        candidate(str(run), open_dataset("avatars:glasses", 32), "last")
