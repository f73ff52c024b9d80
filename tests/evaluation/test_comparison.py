"""Comparisons: any translator as a candidate, differences paired by image, and what is refused in one line."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import Command
from viceversa.cli import main
from viceversa.core.attributes import Binary, Graded, OneOf
from viceversa.core.domains import Domain
from viceversa.core.space import ImageSpec, Space
from viceversa.data.sources import open_dataset
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.function import asked
from viceversa.evaluation.candidates.named import candidate, data_of
from viceversa.evaluation.differences import Difference, differences, in_words
from viceversa.metrics.chain_protocol import Place

MINE = """
import numpy as np
from viceversa.data.sets.avatars import labels_of, render

def nothing(pixels, table):
    return pixels

def darker(pixels, table):
    assert set(table) == {"hair", "glasses", "beard", "smile", "tone"} and len(table["tone"]) == len(pixels)
    return (pixels * 0.5).astype(np.uint8)

def floats(pixels, table):
    return pixels / 255

def fewer(pixels, table):
    return pixels[1:]

def listed(pixels, table):
    return [pixels]

constant = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine_to_compare.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def refused(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as stop:
        main(["compare", *arguments, "--out", "report", "--samples", "4", "--cycles", "1"])
    said = capsys.readouterr().err
    assert stop.value.code == 2 and said.count("\n") == 1
    return said


def test_differences_are_paired_and_from_the_first() -> None:
    place, other = Place("inv", 0, "8bit"), Place("inv", 1, "float")
    noise = np.random.default_rng(0).normal(size=100)
    base, more = {"psnr_to_truth": noise}, {"psnr_to_truth": noise + 1, "unknown": noise}
    (found,) = differences({"base": {place: base, other: base}, "more": {place: more, other: more}})
    assert found == Difference("more", "base", "inv", 0, "psnr_to_truth", *(pytest.approx(1.0),) * 3) and found.is_clear
    assert list(in_words([found])) == [("more", "inv: PSNR to the ground truth, in dB", ["+1.00 (+1.00 to +1.00)*"])]
    assert not differences({"base": {place: base}}) and not differences({})


def test_a_function_is_asked_in_words_and_numbers() -> None:
    space = Space({"faces": ImageSpec(3, 8, 8)}, (OneOf("hair", ("black", "blond")), Binary("glasses"), Graded("age", 5, 20, 60)))
    label = np.array([[0, 1, 1, 0.5], [1, 0, 0, 0.25]], np.float32)
    import torch

    table = asked(Domain("faces", torch.from_numpy(label)), space, 2)
    assert table == {"hair": ["blond", "black"], "glasses": ["yes", "no"], "age": [40, 30]}
    assert asked(Domain("zebra"), Space({"horse": ImageSpec(3, 8, 8), "zebra": ImageSpec(3, 8, 8)}), 2) == {"space": ["zebra"] * 2}


def test_functions_side_by_side(folder: Path, viceversa: Command) -> None:
    names = ["mine_to_compare:nothing", "mine_to_compare:darker"]
    done = viceversa("compare", *names, "--data", "avatars", "--samples", "6", "--cycles", "1", "--out", "report", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "difference from mine_to_compare:nothing" in done.stdout and "PSNR to the source" in done.stdout
    content = json.loads((folder / "report" / "metrics.json").read_text())
    rows = {(row["model"], row["direction"], row["cycles"], row["chain"]): row for row in content["rows"]}
    for place in (("rec", 0, "8bit"), ("rec", 1, "float"), ("inv", 1, "8bit")):
        nothing, floor = rows[names[0], *place], rows["floor", *place]
        assert {key: value for key, value in nothing.items() if key != "model"} == {
            key: floor[key] for key in nothing if key != "model"
        }
    found = [each for each in content["differences"] if each["metric"] == "psnr_to_truth" and each["direction"] == "rec"]
    assert [each["cycles"] for each in found] == [0, 1] and all(each["high"] < -80 for each in found), "100 dB are equal images"
    assert "Differences" in (folder / "report" / "report.html").read_text()


def test_runs_side_by_side(runs: Path, folder: Path, viceversa: Command) -> None:
    done = viceversa("compare", runs / "labels", "mine_to_compare:nothing", "--samples", "4", "--cycles", "0", "--steps", "2",
                     "--probes", "--out", "report", cwd=folder)  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((folder / "report" / "metrics.json").read_text())["rows"]
    assert {row["model"] for row in rows} == {"labels", "mine_to_compare:nothing", "floor", "ceiling", "real"}
    own = {row["model"] for row in rows if row["own_accuracy_bits"] is not None}
    assert own == {"labels"}, "only a run has a discriminator"


def test_runs_that_were_not_trained_alike(runs: Path, folder: Path, viceversa: Command) -> None:
    """The table says in what they differ."""
    shutil.copytree(runs / "labels", folder / "again")
    recipe = folder / "again" / "recipe.json"
    record = json.loads(recipe.read_text())
    record["recipe"]["training"] |= {"seed": 7, "batch": 8}
    recipe.write_text(json.dumps(record))
    done = viceversa("compare", runs / "labels", "again", "--samples", "4", "--cycles", "0", "--out", "report", cwd=folder)
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "trained differently: batch: labels 4, again 8; seed: labels 0, again 7" in words


def test_trainings_of_one_method_are_a_group(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([
            "compare", "dark=mine_to_compare:darker,mine_to_compare:nothing", "mine_to_compare:nothing", "--data", "avatars",
            "--samples", "4", "--cycles", "0", "--out", "report",
        ])  # fmt: skip
    assert stop.value.code == 0 and "dark" in capsys.readouterr().out
    rows = json.loads((folder / "report" / "metrics.json").read_text())["rows"]
    found = {row["model"]: row for row in rows if (row["direction"], row["chain"]) == ("rec", "8bit")}
    assert {"dark", "dark 1", "dark 2", "mine_to_compare:nothing"} <= set(found)
    assert found["dark"]["seeds"] == 2 and found["dark 2"]["l1_to_source"] == 0 < found["dark 1"]["l1_to_source"]
    assert found["dark"]["l1_to_source"] == pytest.approx(found["dark 1"]["l1_to_source"] / 2)


@pytest.mark.usefixtures("few")
def test_data_is_that_of_the_first_run(runs: Path, folder: Path) -> None:
    models = ["mine_to_compare:nothing", str(runs / "spaces"), str(runs / "labels")]
    assert data_of(models, None, 64).name == "avatars-glasses-32-v1"
    assert data_of(models[::2], None, None).name == "avatars-32-v1" == data_of(models[:1], "avatars", None).name
    assert data_of(models[:1], "avatars", 64).name == "avatars-64-v1"


def test_one_function_is_evaluated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", "mine_to_compare:nothing", "--data", "avatars", "--samples", "4", "--cycles", "0", "--out", "report"])
    assert stop.value.code == 0 and "mine_to_compare:nothing on avatars-32-v1" in capsys.readouterr().out
    assert {row["model"] for row in json.loads((folder / "report" / "metrics.json").read_text())["rows"]} >= {
        "mine_to_compare:nothing"
    }


def test_the_features_are_passed_on(
    folder: Path, runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    for command, model in (("compare", runs / "labels"), ("evaluate", runs / "labels"), ("evaluate", "mine_to_compare:nothing")):
        with pytest.raises(SystemExit) as stop:
            main([command, str(model), "--features", "inception", "--data", "avatars", "--out", "report"])
        assert stop.value.code == 2 and "pip install 'viceversa[inception]'" in capsys.readouterr().err


def test_what_cannot_be_compared(folder: Path, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", "avatars"]
    assert "'nowhere' is neither the folder of a run, a Python function" in refused("nowhere", *data, capsys=capsys)
    assert "'x' is named twice" in refused("x=mine_to_compare:nothing", "x=mine_to_compare:darker", *data, capsys=capsys)
    assert "'x=' is not of the form NAME=MODEL" in refused("x=", *data, capsys=capsys)
    assert "cannot import 'no_such_module'" in refused("no_such_module:f", *data, capsys=capsys)
    assert "has no 'missing'" in refused("mine_to_compare:missing", *data, capsys=capsys)
    assert "is not a function" in refused("mine_to_compare:constant", *data, capsys=capsys)
    assert "float64, not an array (4, 32, 32, 3) of uint8" in refused("mine_to_compare:floats", *data, capsys=capsys)
    assert "(3, 32, 32, 3) of uint8, not an array (4," in refused("mine_to_compare:fewer", *data, capsys=capsys)
    assert "returned list" in refused("mine_to_compare:listed", *data, capsys=capsys)
    assert "name the test data, as in --data avatars" in refused("mine_to_compare:nothing", capsys=capsys)
    assert "named twice" in refused("mine_to_compare:nothing", "mine_to_compare:nothing", *data, capsys=capsys)
    assert "other attributes or spaces" in refused(str(runs / "labels"), str(runs / "spaces"), capsys=capsys)
    assert not (folder / "report").exists()
    with pytest.raises(UsageError, match="neither the folder"):
        candidate("a:b:c", open_dataset("avatars", 32))


def test_numbers_that_cannot_be_had(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option, said in (("--samples", "1 samples are too few"), ("--cycles", "11 cycles cannot"), ("--steps", "11 steps cannot")):
        value = said.split()[0]
        with pytest.raises(SystemExit) as stop:
            main(["compare", "mine_to_compare:nothing", "--data", "avatars", "--out", "report", option, value])
        assert stop.value.code == 2 and said in capsys.readouterr().err
