"""CelebA in its own format, with its recipes; and the commands of docs/data.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import viceversa as vv
from cli.own import TINY, celeba, exit_code, images, people, save_zoo
from viceversa.images.decoding import decode
from viceversa.metrics import labeller_training


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "recipe", ["stargan-celeba", "multicyclic-celeba", "multicyclic-limited-celeba", "multicyclic-celeba-author"]
)
def test_the_recipes_for_celeba_run_on_a_small_one(tmp_path: Path, recipe: str) -> None:
    celeba(tmp_path / "celeba")
    settings = {**TINY, "size": 32, "training.batch": 8, "training.labeller": False, "training.precision": "fp32"}
    vv.train(recipe, out="run", epochs=2, settings=settings, quiet=True)
    model = vv.load("run")
    assert [attribute.name for attribute in model.space.attributes] == ["Black_Hair", "Blond_Hair", "Brown_Hair", "Male", "Young"]
    assert model.record.recipe.training.steps == 2 * 3 and model.record.recipe.crop == 178
    told = "Black_Hair=yes,Blond_Hair=no,Brown_Hair=no,Male=no,Young=yes"
    picture = model.translate("celeba/img_align_celeba/000001.jpg", "Black_Hair=no,Blond_Hair=yes", source=told)
    assert picture.size == (32, 32)


def test_the_recipes_for_celeba_are_as_published() -> None:
    for name, batch, extra, losses in (
        ("stargan-celeba", 8, (), None),
        ("multicyclic-celeba", 8, (0.25, 0.125, 0.0625), None),
        ("multicyclic-limited-celeba", 8, (0.25, 0.125, 0.0625), ("cycle",)),
        ("stargan-celeba-author", 8, (), None),
        ("multicyclic-celeba-author", 8, (0.25, 0.125, 0.0625), None),
        ("multicyclic-limited-celeba-author", 8, (0.25, 0.125, 0.0625), ("cycle",)),
    ):
        recipe = vv.RECIPES[name]()
        training, method = recipe.training, recipe.method
        assert (recipe.size, recipe.crop, recipe.filter, training.flip) == (128, 178, "bilinear", True)
        assert (training.batch, training.epochs) == (batch, 20)
        assert (recipe.multicycle.extra, recipe.multicycle.losses) == (extra, losses)
        assert (method.critic_steps, method.learning_rate, method.cycle, method.gradient_penalty) == (5, 1e-4, 10, 10)
        assert (method.gan, method.width, method.blocks, method.critic_width) == ("wgan-gp", 64, 6, 64)
        assert (training.precision, training.average) == ("fp32", 0)
        author = name.endswith("author")
        assert training.decay == ("schneider" if author else "linear")
        assert (method.classification, method.critic_slope, method.critic_bias) == (
            (0.2, 0.3, True) if author else (1, 0.01, False)
        )
        assert (method.generator, method.targets) == (("label-normalized", "shared") if author else ("label", "permuted"))


def test_celeba_with_hair_as_one_of_and_in_stargans_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    celeba(tmp_path / "celeba")
    settings = ["--size", "16", "--steps", "1", "--batch", "4", "--training.no-labeller", "--method.width", "4"]
    assert exit_code("train", "stargan", "--data", "celeba", "--attributes", "hair", "Young", "--out", "run", *settings) == 0
    assert [attribute.name for attribute in vv.load("run").space.attributes] == ["hair", "Young"]
    assert "hair       black" in capsys.readouterr().err
    assert exit_code("train", "stargan", "--data", "celeba:stargan-split", "--out", "other", *settings) == 2
    assert "there are no rows to train on" in capsys.readouterr().err, "40 images are fewer than its test set"
    assert exit_code("train", "stargan", "--data", "celeba/img_align_celeba:stargan-split", "--out", "other", *settings) == 2
    assert "':stargan-split' is only for the CelebA folder" in capsys.readouterr().err


def test_the_commands_of_docs_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate(("pets/cat", "pets/dog", "horse2zebra/trainA", "horse2zebra/trainB"), 1):
        images(tmp_path / name, 10, (40, 40, 3), np.uint8, seed)
    for seed, name in enumerate(("testA", "testB"), 3):
        images(tmp_path / "horse2zebra" / name, 3, (40, 40, 3), np.uint8, seed)
    for seed, name in enumerate(("low", "high"), 1):
        images(tmp_path / "scans" / name, 10, (40, 40), np.uint16, seed)
    for seed, name in enumerate(("field", "forest"), 1):
        images(tmp_path / "satellite" / name, 10, (20, 24, 5), np.uint16, seed)
    tifffile.imwrite(tmp_path / "deep.tif", np.full((40, 40), 12_345, np.uint16))
    Image.new("RGB", (50, 40), (9, 99, 199)).save(tmp_path / "photo.jpg")
    people(tmp_path / "people", 73)
    celeba(tmp_path / "celeba")
    save_zoo()
    monkeypatch.setattr("viceversa.data.files.celeba.STARGAN_TEST", 5)
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 2)
    text = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
    (tmp_path / "icons").mkdir()
    (table,) = re.findall(r"```csv\n(file,split,identity.*?)```", text, re.S)
    (tmp_path / "icons" / "weights.csv").write_text(table)
    for number, line in enumerate(table.splitlines()[1:]):
        Image.new("RGB", (40, 40), (number, 9, 99)).save(tmp_path / "icons" / line.partition(",")[0])
    lines = [line.strip() for line in text.splitlines() if line.startswith("    viceversa ")]
    assert len(lines) == 24
    short = [
        "--batch",
        "2",
        "--method.width",
        "4",
        "--method.blocks",
        "1",
        "--training.no-labeller",
        "--training.sample-every",
        "1",
    ]
    for line in lines:
        _, *arguments = shlex.split(line)
        if "celeba" in arguments[1]:
            arguments += ["--method.critic-width", "2", "--until", "1"]
        steps = [] if "--epochs" in arguments else ["--steps", "1"]
        assert exit_code(*arguments, *([*short, *steps] if arguments[0] == "train" else [])) == 0, line
    assert Image.open(tmp_path / "translated" / "photo.png").size == (32, 32)
    assert Image.open(tmp_path / "zebras" / "photo.png").size == (32, 32)
    assert decode(tmp_path / "high" / "deep.png").dtype == np.uint16
    assert decode(tmp_path / "forest" / "3.tif").shape == (32, 32, 5)
    assert Image.open(tmp_path / "older" / "photo.png").size == (32, 32)
    assert [attribute.name for attribute in vv.load("runs/zoo-test").space.attributes] == ["animal", "age"]
