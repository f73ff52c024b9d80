"""Wrong use: one clear line on standard error that names the value, exit code 2, and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

import processes
from conftest import Command
from viceversa.cli import main


@pytest.fixture
def folder(tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder: runs `labels` and `spaces`, one of another version, one of other networks, and some files."""
    for name in ("labels", "spaces"):
        shutil.copytree(runs / name, tmp_path / name)
    for name, place, value in (("future", ("format",), 99), ("other", ("recipe", "method", "width"), 8)):
        shutil.copytree(runs / "labels", tmp_path / name)
        record = json.loads((tmp_path / name / "recipe.json").read_text())
        inner = record
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
        (tmp_path / name / "recipe.json").write_text(json.dumps(record))
    shutil.copytree(runs / "labels", tmp_path / "cut")
    weights = sorted((tmp_path / "cut" / "checkpoints").glob("*/networks.safetensors"))[-1]
    weights.write_bytes(weights.read_bytes()[:1000])
    (tmp_path / "untrained").mkdir()
    shutil.copy(runs / "labels" / "recipe.json", tmp_path / "untrained")
    Image.new("RGB", (40, 30), "white").save(tmp_path / "face.png")
    (tmp_path / "broken.png").write_bytes(b"no image")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()
    }


WRONG = {
    "trian": ["'trian'", "'train'"],
    "train": ["recipe"],
    "train stargn": ["'stargn'", "'stargan'"],
    "train stargan --metod.width 3": ["--metod.width", "--method.width"],
    "train stargan --method.width wide": ["--method.width", "'wide'"],
    "train stargan --method.generator unett": ["'unett'", "masked"],
    "train stargan --steps -1": ["--training.steps", "-1"],
    "train stargan --batch 0": ["--training.batch", "0"],
    "train stargan --steps 4 --epochs 1": ["--steps", "--epochs"],
    "train stargan --until 0": ["--until 0"],
    "train stargan --data celeba": ["'celeba'", "avatars"],
    "train stargan --size 5": ["5", "16"],
    "train stargan --data avatars:glasses": ["plain, glasses"],
    "train cyclegan --data avatars": ["two spaces", "avatars"],
    "train multicyclic --multicycle.losses style": ["style", "cycle"],
    "train multicyclic --multicycle.extra -1": ["-1"],
    "train stargan nonsense": ["nonsense"],
    "train stargan --out full": ["'full'", "--out"],
    "train stargan --out face.png": ["'face.png'"],
    "train multicyclic --out labels": ["'labels'", "--resume", "--overwrite"],
    "train multicyclic --out missing --resume": ["'missing'"],
    "train stargan --out labels --resume": ["'multicyclic'", "'stargan'"],
    "train multicyclic --out labels --resume --method.width 8": ["method.width", "4", "8"],
    "train multicyclic --out labels --resume --steps 4": ["steps=4", "8 steps", "8 or more"],
    "train multicyclic --out labels --resume --overwrite": ["overwrite"],
    "train multicyclic --out future --resume": ["'future/recipe.json'", "99"],
    "train multicyclic --out other --resume": ["other"],
    "translate missing face.png --to glasses=yes --out o": ["'missing'"],
    "translate untrained face.png --to glasses=yes --out o": ["'untrained'", "checkpoint"],
    "translate future face.png --to glasses=yes --out o": ["99"],
    "translate other face.png --to glasses=yes --out o": ["another method"],
    "translate labels face.png --to glases=yes --out o": ["'glases'", "'glasses'", "hair"],
    "translate labels face.png --to hair=green --out o": ["'green'", "black, blond, brown"],
    "translate labels face.png --to tone=2 --out o": ["2", "0 to 1"],
    "translate labels face.png --to glasses --out o": ["'glasses'", "attribute=value"],
    "translate labels face.png --to glasses=yes,glasses=no --out o": ["'glasses'", "twice"],
    "translate labels face.png --out o": ["--to"],
    "translate labels face.png --to glasses=yes --from eyes=2 --out o": ["'eyes'"],
    "translate labels missing.png --to glasses=yes --out o": ["'missing.png'"],
    "translate labels broken.png --to glasses=yes --out o": ["'broken.png'"],
    "translate labels empty --to glasses=yes --out o": ["'empty'", "no images"],
    "translate labels face.png --to glasses=yes --out .": ["'face.png'", "--out"],
    "translate spaces face.png --to glases --out o": ["'glases'", "'glasses'"],
    "translate spaces face.png --to glasses --from glasses --out o": ["'glasses'", "already"],
    "evaluate missing --out o": ["'missing'"],
    "evaluate labels": ["--out"],
    "evaluate labels --out o --cycles 99": ["99", "10"],
    "evaluate labels --out o --samples 1": ["1"],
    "evaluate labels --out o --data avatars:glasses": ["avatars-glasses-32-v1"],
    "data avatar o": ["'avatar'", "'avatars'"],
    "data avatars full": ["full"],
    "demo --minutes -1": ["-1"],
    "demo --out full": ["'full'"],
    "recipes all": ["all"],
}  # fmt: skip


@pytest.mark.parametrize("line", WRONG)
def test_one_line_that_names_the_value_and_nothing_changes(folder: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(folder)
    with pytest.raises(SystemExit) as stop:
        main(line.split())
    said = capsys.readouterr()
    assert stop.value.code == 2
    assert said.out == ""
    assert said.err.startswith("viceversa: ") and said.err.count("\n") == 1, said.err
    assert all(part in said.err for part in WRONG[line]), said.err
    assert contents(folder) == before


@pytest.mark.parametrize("option", ["--data", "--init", "--out"])
def test_a_name_of_bytes_that_are_no_text_is_refused(folder: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Python has a lone surrogate for such a byte, which neither recipe.json nor TensorBoard's files can hold."""
    before = contents(folder)
    paths = {"--data": "full", "--out": "labels", option: f"full{os.fsdecode(bytes([255]))}"}
    with pytest.raises(SystemExit) as stop:
        main(["train", "stargan", "--overwrite", *(part for pair in paths.items() for part in pair)])
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (2, "")
    assert "is not in UTF-8: rename it" in said.err and said.err.count("\n") == 1 and "full\\udcff" in said.err
    assert contents(folder) == before


def test_a_process_says_the_same(viceversa: Command, folder: Path) -> None:
    done = viceversa("translate", "labels", "face.png", "--to", "hair=green", "--out", "o")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "viceversa: unknown value of hair 'green'. Known: black, blond, brown.\n"


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(folder: Path, viceversa: Command) -> None:
    done = viceversa("translate", "cut", "face.png", "--to", "glasses=yes", "--out", "o")
    assert done.returncode == 0 and (folder / "o" / "face.png").exists()
    assert "00000008" in done.stderr and "the checkpoint of step 4" in done.stderr and "damaged" in done.stderr, done.stderr
    shutil.rmtree(folder / "cut" / "checkpoints" / "00000004")
    done = viceversa("translate", "cut", "face.png", "--to", "glasses=yes", "--out", "p")
    assert done.returncode == 2 and "'cut" in done.stderr and "Traceback" not in done.stderr


def test_a_full_disk_leaves_the_last_checkpoint(folder: Path) -> None:
    """No file may grow beyond 16 KiB: pictures and checkpoints of these networks are larger."""
    command = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    command += "resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384));"
    command += "from viceversa.cli import main; main(['train', 'multicyclic', '--out', 'half', '--resume'])"
    run = folder / "half"
    shutil.copytree(folder / "labels", run)
    last = sorted((run / "checkpoints").iterdir())[-1]
    shutil.rmtree(last)
    before = contents(run / "checkpoints")
    done = processes.run(command)
    complaint = done.stderr.splitlines()[-1]
    assert done.returncode == 2, done.stderr
    assert complaint.startswith("viceversa: cannot write") and "File too large" in complaint
    assert "Traceback" not in done.stderr
    assert contents(run / "checkpoints") == before
