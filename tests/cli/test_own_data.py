"""Own data from folder to translation: photographs, deep and many-channeled images, CycleGAN's folders; as docs/data.md says."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import processes
import viceversa as vv
from cli.own import SMALL, TINY, exit_code, images, people, told
from viceversa.core.attributes import OneOf
from viceversa.core.space import ImageSpec, Space
from viceversa.data.dataset import Dataset, Images
from viceversa.data.sources import open_dataset, write_dataset
from viceversa.evaluation.candidates.named import data_of
from viceversa.images.decoding import decode
from viceversa.metrics import labeller_training
from viceversa.metrics.labeller import load_labeller


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


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
    assert {row.model for row in report.rows} == {"run", "floor", "ceiling", "real"}
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


def test_a_table_is_trained_on_and_its_numbers_are_written_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people(tmp_path / "people")
    vv.train("stargan", data="people/faces.csv", out="run", settings=TINY, **(SMALL | {"quiet": False}))
    assert "age        least" in capsys.readouterr().err
    settings = ["translate", "run", "people/faces/0.png", "--from", "hair=blond,glasses=no,age=20", "--out", "o"]
    assert exit_code(*settings, "--to", "age=57") == 0
    assert "age=20" in (said := capsys.readouterr().out) and "age=57" in said
    assert exit_code(*settings, "--to", "age=99") == 2
    assert "age=99 lies outside 18 to 57" in capsys.readouterr().err
    assert (tmp_path / "o" / "0.png").is_file()


def test_the_labeller_does_not_stand_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short training ends without it. What needs it then finishes it, and it is kept with the run."""
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 2)  # noise takes all rounds
    people(tmp_path / "people")
    vv.train("stargan", data="people/faces.csv", out="run", settings=TINY, **(SMALL | {"labeller": True}))
    path = tmp_path / "run" / "labeller.safetensors"
    assert not path.exists() and not list((tmp_path / "cache").glob("labellers/*.safetensors"))
    assert vv.load("run").translate("people/faces/0.png", "glasses=yes", source="hair=blond,glasses=no,age=20").size == (16, 16)
    assert not path.exists(), "nothing had to be read"
    assert vv.load("run").translate("people/faces/0.png", "glasses=yes").size == (16, 16)
    found = load_labeller(path)
    assert found.finished and not found.trusted, "there is nothing to learn in noise"
    report = vv.evaluate("run", samples=4, cycles=1, quiet=True)
    assert report.labeller == found.accuracy and not report.trusts_labels and "changed" not in report.table().split("floor")[-1]
    path.unlink()
    shutil.rmtree("cache/labellers")
    shutil.rmtree("people")
    with pytest.raises(
        vv.UsageError, match=r"'run' is unfinished, and its data cannot be read .*: give the attributes of the image with `source`"
    ):
        vv.load("run").translate(np.zeros((16, 16, 3), np.uint8), "glasses=yes")


def test_images_of_a_table_in_another_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The run knows the folder; where both have moved it goes on; runs that know no such setting go on too."""
    people(tmp_path / "people")
    for table in ("tables", "moved"):
        (tmp_path / table).mkdir()
        shutil.copy(tmp_path / "people" / "faces.csv", tmp_path / table / "faces.csv")
    small = [part for name, value in TINY.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    short = ["--size", "16", "--steps", "2", "--batch", "4", "--training.no-labeller", "--training.precision", "fp32"]
    train = ["train", "stargan", "--data", "tables/faces.csv", *small, *short, "--out", "run"]
    assert exit_code(*train) == 2
    assert "image folder" in capsys.readouterr().err
    assert exit_code(*train, "--images", "people", "--until", "1") == 0
    assert vv.load("run").record.recipe.images == str(tmp_path / "people")
    for command in (["chains", "tables/faces.csv", "asked"], ["data", "tables/faces.csv", "copy"]):
        assert exit_code(*command, "--images", "people", "--size", "16") == 0
    name = data_of(["run"], None, None).name
    assert data_of(["run"], "moved/faces.csv", None, "people").name == name
    for command in ("evaluate", "compare"):
        measured = [command, "run", "--data", "moved/faces.csv", "--out", "report"]
        assert exit_code(*measured) == 2, "the folder is that of the run's own table"
        assert "image folder" in capsys.readouterr().err
        assert exit_code(*measured, "--images", "nowhere") == 2
        assert "'nowhere' is not a folder: give the folder that holds the images of the table" in capsys.readouterr().err
    (tmp_path / "people").rename(tmp_path / "faces")
    vv.train("stargan", out="run", data="moved/faces.csv", images="faces", resume=True, quiet=True)
    assert vv.load("run").record.recipe.images == str(tmp_path / "people"), "the record is that of the beginning"
    vv.train("stargan", data="faces/faces.csv", out="plain", settings=TINY, **(SMALL | {"until": 1}))
    record = json.loads(Path("plain/recipe.json").read_text())
    assert record["recipe"].pop("images") is None
    Path("plain/recipe.json").write_text(json.dumps(record))
    assert vv.train("stargan", out="plain", resume=True, quiet=True).step == 2


def test_a_changed_table_is_another_data_set_with_another_labeller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The labels alone changed, and an attribute was added: nothing that was kept for the former is used."""
    monkeypatch.setattr(labeller_training, "FEWEST_STEPS", 2)  # noise takes all rounds
    people(tmp_path / "people")
    small = {**SMALL, "labeller": True}
    vv.train("stargan", data="people/faces.csv", out="a", settings=TINY, **(small | {"until": 1}))
    table = tmp_path / "people" / "faces.csv"
    before = table.read_text()
    table.write_text(before.replace("blond", "x").replace("dark brown", "blond").replace("x", "dark brown"))
    with pytest.raises(vv.UsageError, match="dataset"):
        vv.train("stargan", out="a", resume=True, quiet=True)
    table.write_text("\n".join(f"{line},{'smile' if not i else i % 2}" for i, line in enumerate(before.splitlines())))
    vv.train("stargan", data="people/faces.csv", out="b", settings=TINY, **small)
    assert vv.load("b").reader.space.label_width == 5
    assert vv.load("b").translate("people/faces/0.png", "glasses=yes").size == (16, 16)


@pytest.mark.parametrize(("shape", "depth", "suffix"), [((20, 20), np.uint16, ".png"), ((20, 20, 5), np.uint16, ".tif")])
def test_what_data_writes_of_deep_images_is_the_same_data(tmp_path: Path, shape: tuple[int, ...], depth: type, suffix: str) -> None:
    for seed, name in enumerate(("dark", "bright"), 1):
        images(tmp_path / "scans" / name, 10, shape, depth, seed)
    assert exit_code("data", "scans", "copy", "--size", "16") == 0
    assert sorted({path.suffix for path in (tmp_path / "copy" / "images").rglob("*.*")}) == [suffix]
    one, other = open_dataset("scans", 16), open_dataset("copy", 16)
    assert one.space == other.space
    for split, spaces in one.splits.items():
        assert (spaces["images"].pixels == other.splits[split]["images"].pixels).all()
        assert torch.equal(spaces["images"].labels, other.splits[split]["images"].labels)


def test_color_of_16_bits_is_written_and_read(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (30, 8, 8, 3)).astype(np.uint16)
    labels = torch.eye(2)[torch.arange(30) % 2]
    held = {split: Images(pixels[rows], labels[rows], tuple(f"{i}.png" for i in range(30)[rows])) for split, rows in
            {"train": slice(0, 20), "validation": slice(20, 25), "test": slice(25, 30)}.items()}  # fmt: skip
    kind = OneOf("kind", ("one", "other"))
    dataset = Dataset(
        "deep", Space({"images": ImageSpec(3, 8, 8, bits=16)}, (kind,)), {name: {"images": each} for name, each in held.items()}
    )
    write_dataset(dataset, tmp_path / "deep")
    found = open_dataset("deep", 8)
    assert all((found.splits[split]["images"].pixels == held[split].pixels).all() for split in held)


def test_python_keeps_bits_and_channels(tmp_path: Path) -> None:
    for seed, name in enumerate(("dark", "bright"), 1):
        images(tmp_path / "scans" / name, 10, (16, 16), np.uint16, seed)
        images(tmp_path / "satellite" / name, 10, (16, 16, 5), np.uint16, seed)
    told = {"source": "domain=dark"}
    vv.train("stargan", data="scans", out="gray", settings=TINY, **SMALL)
    model, path = vv.load("gray"), "scans/dark/0.png"
    picture = model.translate(path, "domain=bright", **told)
    (array,) = model.arrays(path, ["domain=bright"], **told)
    assert picture.mode == "I;16" and array.dtype == np.uint16 and (np.asarray(picture) == array[..., 0]).all()
    assert len(np.unique(array % 257)) > 10
    for same in (Image.open(path), decode(tmp_path / path)):
        assert (model.arrays(same, ["domain=bright"], **told)[0] == array).all()
    vv.train("stargan", data="satellite", out="many", settings=TINY, **SMALL)
    many = vv.load("many")
    assert many.arrays("satellite/dark/0.tif", ["domain=bright"], **told)[0].shape == (16, 16, 5)
    assert many.translate("satellite/dark/0.tif", "domain=bright", **told).mode == "RGB"
    with pytest.raises(vv.UsageError, match=r"array is \(height, width, 5\)"):
        many.arrays(array, ["domain=bright"], **told)


def test_transparent_parts_show_the_background(tmp_path: Path) -> None:
    for name, color in (("a", (255, 0, 0, 0)), ("b", (0, 0, 255, 0))):
        (tmp_path / "symbols" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGBA", (16, 16), color).save(tmp_path / "symbols" / name / f"{number}.png")
    small = ["--size", "16", "--steps", "1", "--batch", "2", "--training.no-labeller", "--method.width", "4"]
    assert exit_code("train", "stargan", "--data", "symbols", "--background", "200", "--out", "run", *small) == 0
    model = vv.load("run")
    assert model.space.images["images"].background == pytest.approx(200 / 127.5 - 1)
    assert (model.preprocessing.prepared("symbols/a/0.png", "images") == 200).all()
    assert (open_dataset("symbols", 16, background=200).splits["train"]["images"].pixels == 200).all()


def test_a_bad_image_among_those_to_translate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, name in enumerate(("dark", "bright"), 1):
        images(tmp_path / "scans" / name, 5, (16, 16, 3), np.uint8, seed)
    vv.train("stargan", data="scans", out="run", settings=TINY, **SMALL)
    (tmp_path / "scans" / "dark" / "2.png").write_bytes(b"broken")
    command = ["translate", "run", "scans/dark", "--from", "domain=dark", "--to", "domain=bright", "--out", "o"]
    assert exit_code(*command) == 2
    assert "2.png" in (said := capsys.readouterr().err) and "--skip-bad" in said and said.count("\n") == 1
    assert exit_code(*command, "--skip-bad") == 0
    assert len(list((tmp_path / "o").iterdir())) == 4
    assert "skipped 1 of 5" in (said := capsys.readouterr().err) and "2.png" in said


def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    for seed, name in enumerate(("dark", "bright"), 1):
        images(tmp_path / "scans" / name, 5, (16, 16, 3), np.uint8, seed)
    vv.train("stargan", data="scans", out="run", settings=TINY, **SMALL)
    (tmp_path / "some").mkdir()
    for name in (b"\xff.png", b"\x1b[31mred.png", b"new\nline.png"):
        Image.new("RGB", (16, 16)).save(open(bytes(tmp_path / "some") + b"/" + name, "wb"), "PNG")  # noqa: SIM115, PTH123
    command = [sys.executable, "-m", "viceversa", "translate", "run", "some", "--from", "domain=dark", "--to", "domain=bright"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    done = subprocess.run([*command, "--out", "o"], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "o").iterdir())) == 3
    assert not set(done.stdout) & set(range(32)) - {10} and done.stdout.count(b"\n") == 3


def test_the_bar_shows_while_images_are_read(tmp_path: Path) -> None:
    """In a terminal; nothing of it where nobody looks."""
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(400):
            Image.new("RGB", (4, 4), (number % 256, 0, 0)).save(tmp_path / "pets" / name / f"{number}.png")
    program = "import sys\nfrom viceversa.data.sources import open_dataset\nopen_dataset('pets', int(sys.argv[1]))"
    leader, follower = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", program, "4"], stderr=follower, env={**os.environ, "TERM": "xterm"})
    os.close(follower)
    said = b"".join(told(leader))
    assert process.wait() == 0 and b"reading pets" in said and b"100%" in said
    quiet = processes.run(program, 5)
    assert quiet.returncode == 0 and not quiet.stderr
