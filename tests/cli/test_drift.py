"""`viceversa drift` and `viceversa drift run`: an editor walks its chains, is killed and goes on, and is measured."""

from __future__ import annotations

import csv
import json
import re
import shlex
import signal
import time
from pathlib import Path

import pytest
from PIL import Image

import processes
from cli.own import exit_code, refused
from viceversa.multiturn.report import CARD, NUMBERS, PAGE, VALUES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "drift.md"
EDITOR = """
import time
from pathlib import Path

def edit(image, instruction, seed):
    with Path("asked.txt").open("a") as file:
        file.write(f"{instruction}\\n")
    time.sleep(0.05)
    return image.point(lambda value: max(value - 2, 0))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an editor and three pictures."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine.py").write_text(EDITOR)
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        Image.linear_gradient("L").resize((24, 20)).rotate(90 * number).save(tmp_path / "pictures" / f"{number}.png")
    return tmp_path


def test_an_editor_that_is_killed_goes_on_where_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed with SIGKILL after some images: the second call asks for the others only, and leaves nothing half written."""
    command = [
        "drift",
        "run",
        "--editor",
        "mine:edit",
        "--images",
        "pictures",
        "--protocol",
        "hold",
        "--turns",
        "8",
        "--out",
        "turns",
    ]
    process = processes.start(processes.COMMAND, *command, cwd=folder)
    while not (folder / "turns" / "0" / "turn3.png").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = len((folder / "asked.txt").read_text().splitlines())
    kept = len([*(folder / "turns").rglob("turn[1-9]*.png")])
    assert 3 <= kept < 24
    assert exit_code(*command) == 0
    assert len((folder / "asked.txt").read_text().splitlines()) - before == 24 - kept
    assert "24 images in turns" in capsys.readouterr().out
    assert exit_code("drift", "turns", "--out", "report", "--side", "64") == 0
    last = [row for row in json.loads((folder / "report" / NUMBERS).read_text())["editors"][0]["rows"] if row.get("to") == "truth"][
        -1
    ]
    assert last["turn"] == 8
    assert 14 < last["l1"]["mean"] < 16  # 2 levels a turn, but for what is black already


def test_a_report_and_its_limits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for editor, out in (("nothing", "a"), ("resave:jpeg:30", "b")):
        run = ("drift", "run", "--editor", editor, "--images", "pictures", "--protocol", "hold", "--turns", "2", "--out", out)
        assert exit_code(*run) == 0
    assert f"next: viceversa drift {out} --out {out}-report" in capsys.readouterr().out
    assert exit_code("drift", "a", "jpeg=b", "--out", "first", "--side", "64") == 0
    (limit,) = re.findall(r"^next: viceversa (.*)$", capsys.readouterr().out, re.MULTILINE)
    assert exit_code(*shlex.split(limit)) == 0, "a limit a tenth above what was measured holds"
    capsys.readouterr()
    assert exit_code("drift", "a", "jpeg=b", "--out", "report", "--side", "64", "--fail-above", "l1=50") == 0
    printed = capsys.readouterr().out
    assert "next: " not in printed
    assert "jpeg is farther from the ground truth than nothing" in printed
    assert max(map(len, printed.splitlines())) <= 100
    assert all((folder / "report" / name).stat().st_size for name in (PAGE, NUMBERS, CARD, VALUES))
    assert "holds a report already" in refused(capsys, "drift", "a", "--out", "report")
    again = (
        "drift",
        "a",
        "jpeg=b",
        "--out",
        "report",
        "--overwrite",
        "--side",
        "64",
        "--fail-above",
        "l1=0.01",
        "--fail-above",
        "l1@1=0.01",
    )
    assert exit_code(*again) == 1
    assert re.findall(r"^.*above.*$", capsys.readouterr().out, re.MULTILINE)[0].startswith("jpeg: l1 is ")


def test_what_cannot_be_used_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ("drift", "run", "--images", "pictures", "--out", "turns", "--editor")
    for arguments, said in (
        (("drift", "missing", "--out", "r"), "'missing' does not exist"),
        (("drift", "pictures", "--out", "r"), "has no chain of edits"),
        (("drift", "pictures", "--out", "r", "--fail-above", "psnr=3"), "higher values of psnr are better"),
        (("drift", "pictures", "--out", "r", "--side", "8"), "side = 8"),
        ((*run, "sharpener"), "'sharpener' is no editor"),
        ((*run, "nothing", "--turns", "0"), "0 turns"),
        ((*run, "nothing", "--answers", "3"), "--answers 3"),
        ((*run, "nothing", "--prompts", "none.toml"), "cannot read 'none.toml'"),
        ((*run, "avatars"), "avatars edits by attributes"),
    ):
        assert said in refused(capsys, *arguments), arguments
    assert not (folder / "r").exists()


def test_a_packaged_model_walks_the_stored_chains_with_ground_truth(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Images of the model's own size; every turn has a truth and the attributes that were asked for, which a labeller reads."""
    assert (
        exit_code("drift", "run", "--editor", "avatars", "--images", "avatars", "--turns", "2", "--samples", "2", "--out", "turns")
        == 0
    )
    with (folder / "turns" / "turns.csv").open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["turn"] for row in rows] == ["0", "1", "2"] * 2
    assert all(row["asked"].startswith("hair=") for row in rows)
    assert Image.open(folder / "turns" / rows[1]["truth"]).size == Image.open(folder / "turns" / rows[1]["file"]).size == (64, 64)
    assert rows[1]["instruction"]
    assert exit_code("drift", "turns", "--out", "report", "--side", "64") == 0
    rates = [
        row
        for row in json.loads((folder / "report" / NUMBERS).read_text())["editors"][0]["rows"]
        if row.get("rate") == "success_rate"
    ]
    assert [row["turn"] for row in rates] == [1, 2]


def test_the_lines_of_the_docs_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those before the mark; with fewer turns of two editors."""
    (folder / "pictures").rename(folder / "photos")
    shown = DOCS.read_text("utf-8").partition("<!-- tests/cli/test_drift.py runs the lines above -->")[0]
    lines = [shlex.split(line)[1:] for line in re.findall(r"^    (viceversa .*)$", shown, re.MULTILINE)]
    assert [line[:2] for line in lines] == [["drift", "run"], ["drift", "turns"], ["drift", "turns"]]
    assert exit_code(*(word if word != "10" else "2" for word in lines[0])) == 0
    assert exit_code("drift", "run", "--editor", "nothing", "--images", "photos", "--turns", "2", "--out", "turns2") == 0
    assert [exit_code(*line, "--side", "32") for line in lines[1:]] == [0, 0]
    assert "shared chains" in capsys.readouterr().out
