"""A method in a user's own file trains, resumes and loads like a packaged one."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch

from contracts.cases import build_masked
from processes import start
from training.small import assert_same_runs, finish
from viceversa.errors import UsageError
from viceversa.inference.load import load
from viceversa.runs.record import read_record

OWN = (Path(__file__).resolve().parents[2] / "examples" / "mine.py").read_text()

TRAIN = """
import sys
sys.path.insert(0, "../methods")
from mine import build
from viceversa.training.run import train

run, how, until = sys.argv[1], sys.argv[2], int(sys.argv[3])
outcome = train(build, data="avatars", out=run, until=until, resume=how == "resume", steps=12, batch=8, labeller=False, quiet=True)
print(outcome.run, outcome.step)
"""

LOAD = """
import sys
sys.path.insert(0, "../methods")
import torch
from mine import build
from PIL import Image
from viceversa.inference.load import load

model = load(sys.argv[1], build=build)
label = "hair=black,glasses=no,beard=no,smile=no,tone=0.5"
picture = model.translate(Image.new("RGB", (32, 32), "gray"), "glasses=yes", source=label)
print(picture.size, model.method.translator.colors.weight.double().sum().item(), sep="|")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the user's file in methods/ and an empty work/, from which two trainings were run: one in one go."""
    place = tmp_path_factory.mktemp("own")
    (place / "methods").mkdir()
    (place / "methods" / "mine.py").write_text(OWN)
    work = place / "work"
    work.mkdir()
    assert finish(start(TRAIN, "whole", "begin", 8, cwd=work)) == "whole 8\n"
    assert finish(start(TRAIN, "parts", "begin", 3, cwd=work)) == "parts 3\n"
    assert finish(start(TRAIN, "parts", "resume", 8, cwd=work)) == "parts 8\n"
    return work


def test_it_resumes_exactly(place: Path) -> None:
    assert_same_runs(place / "whole", place / "parts", but_logged=(3,))


def test_its_recipe_says_where_it_comes_from(place: Path) -> None:
    record = read_record(place / "whole")
    assert (record.build, record.recipe.name, record.recipe.method, record.dataset) == ("mine:build", "own", None, "avatars-32-v1")


def test_it_loads_with_its_builder_and_translates_with_the_averages(place: Path) -> None:
    size, total = finish(start(LOAD, "whole", cwd=place)).strip().split("|")
    assert size == "(32, 32)"
    averages = safetensors.torch.load_file(place / "whole" / "checkpoints" / "00000008" / "averages.safetensors")
    assert float(total) == averages["painter.colors.weight"].double().sum().item()


def test_it_does_not_load_without_its_builder(place: Path) -> None:
    with pytest.raises(UsageError, match=r"custom method, mine:build: .*viceversa\.load\(run, build=FUNCTION\)"):
        load(place / "whole")


def test_another_builder_is_refused(place: Path) -> None:
    with pytest.raises(UsageError, match="checkpoint of another method"):
        load(place / "whole", build=build_masked)
