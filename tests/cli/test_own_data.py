"""Own data from folder to translation: photographs, deep and many-channeled images, CycleGAN's folders; as docs/data.md says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

import viceversa as vv
from viceversa.cli import main
from viceversa.data.dataset import Images
from viceversa.data.decoding import decode
from viceversa.data.sources import open_dataset, write_dataset

TINY = {"method.width": 4, "method.blocks": 1, "method.critic_width": 4}
SMALL = {"size": 16, "steps": 2, "batch": 4, "labeller": False, "quiet": True, "precision": "fp32"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def images(folder: Path, count: int, shape: tuple[int, ...], depth: type, seed: int) -> None:
    """Noise around a level that is the folder's."""
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    for number in range(count):
        levels = generator.integers(0, 60, shape) + 60 * seed
        pixels = (levels * (257 if depth is np.uint16 else 1)).astype(depth)
        if len(shape) == 3 and shape[2] > 3:
            tifffile.imwrite(folder / f"{number}.tif", pixels, planarconfig="contig")
        else:
            Image.fromarray(pixels).save(folder / f"{number}.png")


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def test_what_comes_in_with_16_bits_goes_out_with_16(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, name in enumerate(("dark", "bright"), 1):
        images(tmp_path / "scans" / name, 10, (20, 20), np.uint16, seed)
    vv.train("stargan", data="scans", out="run", settings=TINY, **SMALL)
    picture = "scans/dark/0.png"
    assert exit_code("translate", "run", picture, "--from", "domain=dark", "--to", "domain=bright", "--out", "o") == 0
    result = decode(tmp_path / "o" / "0.png")
    assert result.dtype == np.uint16 and result.shape == (16, 16, 1)
    assert len(np.unique(result % 257)) > 10, "more than 8 bits are in it"
    assert "domain=bright" in capsys.readouterr().out


def test_images_of_five_channels(tmp_path: Path) -> None:
    for seed, name in enumerate(("field", "forest"), 1):
        images(tmp_path / "satellite" / name, 10, (20, 24, 5), np.uint16, seed)
    vv.train("stargan", data="satellite", out="run", settings=TINY, **SMALL)
    assert vv.load("run").space.images["images"].channels == 5
    assert exit_code("translate", "run", "satellite/field", "--from", "domain=field", "--to", "domain=forest", "--out", "o") == 0
    assert decode(tmp_path / "o" / "3.tif").shape == (16, 16, 5)
    report = vv.evaluate("run", samples=2, cycles=1, quiet=True)
    assert {row.model for row in report.rows} == {"run", "floor", "ceiling"}
    report.save(tmp_path / "report")


def test_cyclegans_folders(tmp_path: Path) -> None:
    for seed, name in enumerate(("trainA", "trainB", "testA", "testB"), 1):
        images(tmp_path / "h2z" / name, 6, (28, 28, 3) if name.endswith("A") else (28, 28), np.uint8, seed)
    vv.train("cyclegan", data="h2z", out="run", settings=TINY, **(SMALL | {"size": 24}))
    assert exit_code("translate", "run", "h2z/testA", "--to", "B", "--out", "o") == 0
    assert Image.open(tmp_path / "o" / "5.png").mode == "L"
    assert exit_code("evaluate", "run", "--samples", "4", "--cycles", "1", "--out", "report") == 0


def test_resume_elsewhere_and_with_other_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate(("a", "b"), 1):
        images(tmp_path / "data" / name, 10, (16, 16, 3), np.uint8, seed)
    vv.train("stargan", data="data", out="run", settings=TINY, until=1, **SMALL)
    monkeypatch.chdir("/")
    vv.train("stargan", out=tmp_path / "run", resume=True, until=2, quiet=True)
    (tmp_path / "data" / "a" / "0.png").unlink()
    with pytest.raises(vv.UsageError, match="dataset"):
        vv.train("stargan", out=tmp_path / "run", resume=True, quiet=True)


def test_settings_by_dotted_names() -> None:
    with pytest.raises(vv.UsageError, match=r"method\.widht.*method\.width"):
        vv.train("stargan", out="run", settings={"method.widht": 3})
    with pytest.raises(vv.UsageError, match=r"method\.width = 'wide'"):
        vv.train("stargan", out="run", settings={"method.width": "wide"})


def test_what_data_writes_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VICEVERSA_CACHE")
    avatars = open_dataset("avatars", 32)

    def few(images: Images) -> Images:
        assert images.labels is not None
        return Images(images.pixels[:60], images.labels[:60], images.ids[:60])

    splits = {split: {"avatars": few(spaces["avatars"])} for split, spaces in avatars.splits.items()}
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    write_dataset(replace(avatars, splits=splits), tmp_path / "faces")
    found = open_dataset("faces", 32)
    assert [(attribute.name, attribute.kind) for attribute in found.space.attributes] == [
        ("hair", "one-of"), ("glasses", "binary"), ("beard", "binary"), ("smile", "binary"), ("tone", "graded")]  # fmt: skip
    for split, spaces in splits.items():
        images, labels = found.splits[split]["images"], spaces["avatars"].labels
        assert (images.pixels == spaces["avatars"].pixels).all()
        assert images.labels is not None and labels is not None and torch.allclose(images.labels, labels, atol=5e-3)


def celeba(folder: Path, count: int = 40) -> None:
    """Noise in CelebA's own format."""
    (folder / "img_align_celeba").mkdir(parents=True)
    names = ["Bald", "Black_Hair", "Blond_Hair", "Brown_Hair", "Male", "Young"]
    generator = np.random.default_rng(0)
    lines, partition = [str(count), " ".join(names)], []
    for number in range(1, count + 1):
        file = f"{number:06d}.jpg"
        Image.fromarray(generator.integers(0, 256, (218, 178, 3), np.uint8)).save(folder / "img_align_celeba" / file)
        hair = np.where(np.arange(3) == number % 3, 1, -1)
        bits = [-1, *hair, *generator.choice([-1, 1], 2)]
        lines.append(f"{file}  " + " ".join(f"{bit:2d}" for bit in bits))
        partition.append(f"{file} {0 if number <= 24 else 1 + number % 2}")
    (folder / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    (folder / "list_eval_partition.txt").write_text("\n".join(partition) + "\n")


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


def test_the_commands_of_docs_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed, name in enumerate(("pets/cat", "pets/dog", "horse2zebra/trainA", "horse2zebra/trainB"), 1):
        images(tmp_path / name, 10, (40, 40, 3), np.uint8, seed)
    for seed, name in enumerate(("testA", "testB"), 3):
        images(tmp_path / "horse2zebra" / name, 3, (40, 40, 3), np.uint8, seed)
    Image.new("RGB", (50, 40), (9, 99, 199)).save(tmp_path / "photo.jpg")
    text = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text()
    lines = [line.strip() for line in text.splitlines() if line.startswith("    viceversa ")]
    assert len(lines) == 4
    short = ["--steps", "1", "--batch", "2", "--method.width", "4", "--method.blocks", "1", "--training.no-labeller"]
    for line in lines:
        _, *arguments = line.split()
        assert exit_code(*arguments, *(short if arguments[0] == "train" else [])) == 0, line
    assert Image.open(tmp_path / "translated" / "photo.png").size == (32, 32)
    assert Image.open(tmp_path / "zebras" / "photo.png").size == (32, 32)
