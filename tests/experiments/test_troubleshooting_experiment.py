"""The experiment with broken trainings: its page has its numbers, its pictures show all rows, and a small run of it works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.common import filled, read_json
from experiments.troubleshooting import __main__ as experiment


def test_the_page_has_the_measured_numbers() -> None:
    page = experiment.PAGE.read_text("utf-8")
    rows = read_json(experiment.RESULTS / "faults.json")["rows"]
    assert filled(page, {"measures": experiment.measures_table(rows)}) == page
    assert [(row["name"], row["steps"], row["settings"]) for row in rows] == [
        (each.name, each.steps, each.settings) for each in experiment.TRAININGS
    ]
    found = {row["name"]: row["signs"] for row in rows}
    assert found["healthy"] == [] and found["inverted"] == ["colors are inverted"]
    assert found["checkerboard"] == ["a grid with a period of 4 px lies over outputs"]


def test_colorfulness_by_hand() -> None:
    image = np.array([[[[255, 0, 100], [7, 7, 7]]]], np.uint8)
    assert experiment.colorfulness(image) == 255 / 2


def test_the_lines_of_faces_and_a_short_run(tmp_path: Path, drawn: None, monkeypatch: pytest.MonkeyPatch) -> None:
    short = tuple(replace(each, steps=2) for each in experiment.TRAININGS if each.coloring)
    monkeypatch.setattr(experiment, "TRAININGS", short)
    experiment.main(experiment.Faults(runs=tmp_path / "runs", results=tmp_path / "results"))
    lines, colors = (sorted((tmp_path / "runs" / "faces" / name).iterdir()) for name in ("1-lines", "2-colors"))
    assert len(lines) == len(colors) == 1000
    assert set(np.unique(np.asarray(Image.open(lines[0])))) == {0, 255}
    assert [row["name"] for row in read_json(tmp_path / "results" / "faults.json")["rows"]] == ["colored", "washed-out"]
    assert (tmp_path / "results" / "washed-out.png").is_file()
