"""`viceversa chains`, and translators of every kind through the command line: what it writes, and what is refused in one line."""

from __future__ import annotations

import csv
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

import processes
from cli.own import exit_code, images, refused
from viceversa.data import sources
from viceversa.data.sets.avatars import avatars, avatars_glasses, first_avatars
from viceversa.errors import UsageError
from viceversa.evaluation.candidates.named import models_by_name

DOCS = Path(__file__).resolve().parents[2] / "docs" / "evaluation.md"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def unchanged(path: Path, size: int = 32) -> None:
    """An ONNX file that gives avatars back as they are."""
    taken = [
        helper.make_tensor_value_info("images", TensorProto.UINT8, ["N", size, size, 3]),
        helper.make_tensor_value_info("label", TensorProto.FLOAT, ["N", 7]),
    ]
    made = [helper.make_tensor_value_info("translated", TensorProto.UINT8, ["N", size, size, 3])]
    graph = helper.make_graph([helper.make_node("Identity", ["images"], ["translated"])], "graph", taken, made)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)


def answer(folder: Path, link: str = "8bit") -> None:
    """Every image as it was."""
    with (folder / "chains.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            path = folder / link / row["id"] / (row["direction"] + row["cycles"]) / f"{row['step']}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((folder / "sources" / f"{row['id']}.png").read_bytes())


def rows_of(report: Path, model: str) -> dict[tuple[str, int, str], dict[str, object]]:
    rows = json.loads((report / "metrics.json").read_text())["rows"]
    return {(row["direction"], row["cycles"], row["chain"]): row for row in rows if row["model"] == model}


def test_the_sources_and_the_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("chains", "avatars", "new", "--samples", "3", "--cycles", "1", "--steps", "2") == 0
    assert capsys.readouterr().out == "new: 3 sources of avatars-32-v1, and chains.csv with 24 translations\n"
    assert sorted(path.name for path in (folder / "new").iterdir()) == ["chains.csv", "sources"]
    dataset = avatars(32)
    for number in range(3):
        source = np.asarray(Image.open(folder / "new" / "sources" / f"{number:06d}.png"))
        assert np.array_equal(source, dataset.splits["test"][dataset.space.only].pixels[number])
    with (folder / "new" / "chains.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 24
    assert list(rows[0]) == ["id", "direction", "cycles", "step", "hair", "glasses", "beard", "smile", "tone"]
    assert [row["direction"] + row["cycles"] for row in rows[:8]] == [
        *["inv0"],
        *["inv1"] * 2,
        "rec0",
        *["rec1"] * 2,
        *["step2"] * 2,
    ]


def test_between_spaces(folder: Path) -> None:
    assert exit_code("chains", "avatars:glasses", "new", "--samples", "2", "--cycles", "0") == 0
    home, away = avatars_glasses(32).space.pair
    assert (folder / "new" / "chains.csv").read_text().splitlines() == [
        "id,direction,cycles,step,space",
        *(f"{number:06d},{chain},0,1,{space}" for number in range(2) for chain, space in (("inv", away), ("rec", home))),
    ]


def test_what_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "notes.txt").write_text("mine")
    for name in ("cat", "dog"):
        images(folder / "pets" / name, 3, (9, 9, 3), np.uint8, 1 + (name == "dog"))
    assert "'full' is not an empty folder" in refused(capsys, "chains", "avatars", "full")
    assert "1 samples are too few" in refused(capsys, "chains", "avatars", "new", "--samples", "1")
    assert "11 cycles cannot be measured: 0 to 10 can" in refused(capsys, "chains", "avatars", "new", "--cycles", "11")
    assert "steps need data with labels" in refused(capsys, "chains", "avatars:glasses", "new", "--steps", "2")
    assert "has 1 test image of 'cat'" in refused(capsys, "chains", "pets:spaces", "new")
    assert "unknown data set 'avatar'" in refused(capsys, "chains", "avatar", "new")
    assert not (folder / "new").exists() and [path.name for path in (folder / "full").iterdir()] == ["notes.txt"]


def test_what_cannot_be_evaluated(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    unchanged(folder / "large.onnx", 64)
    (folder / "empty").mkdir()
    on_avatars = ["--data", "avatars", "--samples", "3", "--cycles", "1", "--out", "report"]
    assert exit_code("chains", "avatars", "faces", *on_avatars[2:6]) == 0
    assert "'faces' is neither the folder of a run" in refused(capsys, "evaluate", "faces", *on_avatars)
    answer(folder / "faces")
    assert "images uint8 (N, 64, 64, 3)" in refused(capsys, "evaluate", "large.onnx", *on_avatars)
    assert "'nowhere.onnx' does not exist" in refused(capsys, "evaluate", "nowhere.onnx", *on_avatars)
    assert "'empty' is neither" in refused(capsys, "evaluate", "empty", *on_avatars)
    assert "name the test data, as in --data avatars" in refused(capsys, "evaluate", "faces", "--out", "report")
    assert "it has no row '000003,inv,0,1'" in refused(capsys, "evaluate", "faces", *on_avatars[:3], "4", *on_avatars[4:])
    with monkeypatch.context() as fewer:  # to draw all takes half a minute
        fewer.setitem(sources._EMBEDDED, "avatars", lambda size: replace(first_avatars(3, size), name=f"avatars-{size}-v1"))
        assert exit_code("chains", "avatars", "small", "--size", "16", *on_avatars[2:6]) == 0
    answer(folder / "small")
    assert "give the --data and --size that `viceversa chains` was called with" in refused(capsys, "evaluate", "small", *on_avatars)
    (folder / "faces" / "8bit" / "000002" / "rec1" / "2.png").unlink()
    assert "'faces' has no '8bit/000002/rec1/2.png'." in refused(capsys, "compare", "large=faces", *on_avatars)
    Image.new("L", (32, 32)).save(folder / "faces" / "8bit" / "000002" / "rec1" / "2.png")
    assert "has 32 x 32 px with 1 channels, not 32 x 32 px with 3." in refused(capsys, "evaluate", "faces", *on_avatars)
    assert not (folder / "report").exists()


def test_names_and_trainings_of_one_method(folder: Path) -> None:
    for name in ("runs/a", "more/a", "a=b,c", "base=runs"):
        (folder / name).mkdir(parents=True)
    assert models_by_name(["runs/a", "m:f", "x=more/a", "y=m:f,runs/a"]).models == {
        "a": "runs/a", "m:f": "m:f", "x": "more/a", "y 1": "m:f", "y 2": "runs/a",
    }  # fmt: skip
    assert models_by_name(["runs/a", "m:f", "x=more/a", "y=m:f,runs/a"]).groups == {"y": ["y 1", "y 2"]}
    assert models_by_name(["runs/a", "more/a"]).models == {"runs/a": "runs/a", "more/a": "more/a"}
    assert (
        models_by_name(["a=b,c", "z=a=b,c"]).models == {"a=b,c": "a=b,c", "z": "a=b,c"} and not models_by_name(["z=a=b,c"]).groups
    )
    for given, said in (
        (["m:f", "m:f"], "'m:f' is named twice"),
        (["x=m:f", "x=m:g"], "'x' is named twice"),
        (["a=m:f,m:g", "runs/a"], "'a' is named twice"),
        (["x=m:f,m:g", "x 1=m:f"], "'x 1' is named twice"),
        (["=m:f"], "'=m:f' is not of the form NAME=MODEL"),
        (["x="], "'x=' is not of the form"),
        (["x=m:f,,m:g"], "'x=m:f,,m:g' is not of the form"),
        (["real=m:f"], "the report reserves the name 'real'"),
    ):
        with pytest.raises(UsageError, match=re.escape(said)):
            models_by_name(given)


def test_the_commands_of_docs_evaluation(folder: Path) -> None:
    text = DOCS.read_text()
    for name, content in re.findall(r"[Aa]s `(\w+\.py)`:\n\n```python\n(.*?)```", text, re.DOTALL):
        (folder / name).write_text(content)
    unchanged(folder / "faces.onnx")
    lines = [line.strip() for line in text.splitlines() if line.startswith(("    viceversa ", "    python "))]
    assert len(lines) == 6
    for line in lines:
        program, *arguments = shlex.split(line.replace("--samples 500", "--samples 4"))
        if program == "python":
            assert processes.script(Path(arguments[0]), *arguments[1:]).returncode == 0, line
        else:
            assert exit_code(*arguments, *(["--cycles", "1"] if arguments[0] != "chains" else [])) == 0, line
    unmoved = rows_of(folder / "report-onnx", "floor")
    for place, row in rows_of(folder / "report-onnx", "faces.onnx").items():
        assert {**row, "model": "floor"} == unmoved[place]
    assert rows_of(folder / "report-mine", "mine:translate")["rec", 1, "8bit"]["psnr_to_truth"] < 100  # type: ignore[operator]
    alone, beside = rows_of(folder / "report-answers", "answers"), rows_of(folder / "report-all", "elsewhere")
    assert {**alone["inv", 1, "8bit"], "model": "elsewhere"} == beside["inv", 1, "8bit"]
    assert {link for _, cycles, link in alone if cycles} == {"8bit"}
    content = json.loads((folder / "report-all" / "metrics.json").read_text())
    assert {"mine:translate", "faces.onnx", "elsewhere", "both"} <= {row["model"] for row in content["rows"]}
