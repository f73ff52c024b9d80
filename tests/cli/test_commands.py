"""The commands as processes, on real avatars: what they write, and what they say."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import Command
from viceversa.data.sources import open_dataset
from viceversa.evaluation.report.contents import Row
from viceversa.metrics.labeller import load_labeller
from viceversa.serving.studio.library import library_of


def face(path: Path, number: int = 0) -> Path:
    """A real avatar's picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(open_dataset("avatars", 32).splits["test"]["avatars"].pixels[number])).save(path)
    return path


def test_a_run_holds_all_that_is_promised(runs: Path) -> None:
    run = runs / "labels"
    names = {path.name for path in run.iterdir()}
    assert {"recipe.json", "checkpoints", "samples", "events", "metrics.jsonl", "labeller.safetensors"} <= names
    recipe = json.loads((run / "recipe.json").read_text())
    assert recipe["recipe"]["training"]["steps"] == 8 and recipe["recipe"]["method"]["width"] == 4
    assert recipe["precision"] in ("fp32", "bf16") and recipe["dataset"] == "avatars-32-v1"
    assert (run / "labeller.safetensors").stat().st_size <= 500_000
    labeller = load_labeller(run / "labeller.safetensors")
    assert labeller.accuracy >= 0.98 and labeller.accuracy_edits is not None and labeller.accuracy_edits >= 0.98
    assert [path.name for path in sorted((run / "checkpoints").iterdir())] == ["00000004", "00000008"]
    assert Image.open(run / "samples" / "00000008.png").size > (900, 300)
    assert list((run / "events").rglob("events.out.tfevents*"))
    assert "spaces" not in names and not (runs / "spaces" / "labeller.safetensors").exists()


def test_resume_goes_on_where_until_stopped(viceversa: Command, tmp_path: Path, runs: Path) -> None:
    settings = ["--method.width", "4", "--method.blocks", "1", "--method.critic-width", "4", "--batch", "4", "--steps", "8"]
    often = ["--training.checkpoint-every", "4", "--training.sample-every", "8"]
    run = tmp_path / "run"
    assert viceversa("train", "multicyclic", "--out", run, *settings, *often, "--until", "5").returncode == 0
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["00000004", "00000005"]
    done = viceversa("train", "multicyclic", "--out", run, "--resume")
    assert done.returncode == 0, done.stderr
    for name in ("networks.safetensors", "averages.safetensors"):
        last = "checkpoints/00000008/" + name
        assert (run / last).read_bytes() == (runs / "labels" / last).read_bytes(), name


def test_overwrite_begins_anew(viceversa: Command, tmp_path: Path, runs: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs / "spaces", run)
    (run / "notes.txt").write_text("mine")
    settings = ["--method.width", "4", "--method.blocks", "1", "--method.critic-width", "4", "--batch", "2", "--steps", "1"]
    done = viceversa("train", "cyclegan", "--out", run, "--overwrite", *settings)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["00000001"]
    assert (run / "notes.txt").read_text() == "mine"


def test_translate_writes_every_image_and_says_what_it_read(viceversa: Command, tmp_path: Path, runs: Path) -> None:
    face(tmp_path / "people" / "one.png")
    face(tmp_path / "people" / "deep" / "two.png", 1)
    (tmp_path / "people" / "notes.txt").write_text("no image")
    Image.open(face(tmp_path / "large.png", 2)).resize((80, 64)).convert("RGBA").save(tmp_path / "large.png")
    done = viceversa(
        "translate", runs / "labels", "people", "large.png", "--to", "hair=blond,glasses=yes", "--out", "o", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert {str(path.relative_to(tmp_path / "o")) for path in (tmp_path / "o").rglob("*.png")} == {
        "one.png",
        "deep/two.png",
        "large.png",
    }
    assert all(Image.open(path).size == (32, 32) for path in (tmp_path / "o").rglob("*.png"))
    assert len(done.stdout.splitlines()) == 3
    assert all("hair=blond,glasses=yes,beard=" in line.split(" -> ")[1] for line in done.stdout.splitlines())


def test_the_labeller_reads_what_nobody_names_and_from_overrides_it(viceversa: Command, tmp_path: Path, runs: Path) -> None:
    dataset = open_dataset("avatars", 32)
    labels = dataset.splits["test"]["avatars"].labels
    assert labels is not None
    shown = dataset.space.describe(labels[:1])[0].rsplit(",tone=", 1)
    face(tmp_path / "one.png")
    read = viceversa("translate", runs / "labels", "one.png", "--to", "smile=yes", "--out", "o", cwd=tmp_path)
    assert shown[0] in read.stdout
    assert (
        "hair, glasses, beard, smile, tone of the inputs" in read.stderr
        and float(read.stderr.split("(accuracy ")[1].split()[0]) >= 0.98
    )
    assert abs(float(read.stdout.split("tone=")[1].split(")")[0]) - float(shown[1])) <= 0.25
    told = "hair=black,glasses=no,beard=no,smile=no,tone=0.5"
    said = viceversa(
        "translate", runs / "labels", "one.png", "--to", "smile=yes", "--from", told, "--out", "p", cwd=tmp_path
    ).stdout
    assert "(hair=black,glasses=no,beard=no,smile=no,tone=0.50)" in said
    assert "(hair=black,glasses=no,beard=no,smile=yes,tone=0.50)" in said


def test_between_two_spaces_the_target_may_be_left_out(viceversa: Command, tmp_path: Path, runs: Path) -> None:
    face(tmp_path / "one.png")
    for arguments, way in (([], "(plain) -> a/one.png (glasses)"), (["--from", "glasses"], "(glasses) -> a/one.png (plain)"),
                           (["--to", "plain"], "(glasses) -> a/one.png (plain)")):  # fmt: skip
        done = viceversa("translate", runs / "spaces", "one.png", *arguments, "--out", "a", "--overwrite", cwd=tmp_path)
        assert done.returncode == 0 and way in done.stdout, done.stderr


@pytest.mark.parametrize("name", ["labels", "spaces"])
def test_evaluate_prints_a_table_and_writes_every_row(viceversa: Command, tmp_path: Path, runs: Path, name: str) -> None:
    done = viceversa("evaluate", runs / name, "--samples", "8", "--cycles", "2", "--out", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout and "label" in done.stdout and "floor" in done.stdout
    (following,) = re.findall(r"^next: viceversa studio (.*)$", done.stdout, re.MULTILINE)
    assert [*library_of([tmp_path / place for place in shlex.split(following)]).reports] == [str(tmp_path / "o" / "report.html")]
    metrics = json.loads((tmp_path / "o" / "metrics.json").read_text(), parse_constant=pytest.fail)
    assert metrics["extractor"] == "lite0@128"
    found = {(row["model"], row["direction"], row["cycles"], row["chain"]) for row in metrics["rows"]}
    ways = [(way, cycles, chain) for way in ("inv", "rec") for cycles in range(3) for chain in ("8bit", "float")]
    assert found == {(model, *way) for model in (name, "floor", "ceiling", "real") for way in ways}
    assert all(set(row) == set(Row.__dataclass_fields__) and row["samples"] == 8 for row in metrics["rows"])
    seen = [row for row in metrics["rows"] if row["model"] != "real"]
    assert all(row["label_accuracy"] is not None and row["psnr_to_truth"] is not None for row in seen)
    assert "http" not in (tmp_path / "o" / "report.html").read_text().replace("http-equiv", "").replace("http://www.w3.org", "")


def test_data_writes_images_and_a_table(viceversa: Command, tmp_path: Path) -> None:
    done = viceversa("data", "avatars:face-off", "o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "o" / "table.csv").open() as file:
        table = list(csv.DictReader(file))
    spaces = open_dataset("avatars:face-off", 32).splits.values()
    assert len(table) == sum(len(images) for space in spaces for images in space.values()) > 1000
    assert Image.open(tmp_path / "o" / table[-1]["file"]).size == (32, 32)
