"""A run and a report of version 0.1, as files, are still read: their fields and names are formats (format 1)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import viceversa as vv
from viceversa.evaluation.report.contents import FORMAT as REPORT
from viceversa.metrics.rows import Row
from viceversa.runs.record import FORMAT, read_record
from viceversa.runs.weights import latest_checkpoint

STORED = Path(__file__).with_name("format-1")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORED / "run", tmp_path / "run"))


def test_the_fixtures_are_of_todays_format() -> None:
    assert json.loads((STORED / "run" / "recipe.json").read_text())["format"] == FORMAT
    assert json.loads((STORED / "metrics.json").read_text())["format"] == REPORT


def part_of(stored: object, written: object) -> bool:
    """Whether every field that was stored has the same value now; there may be further ones."""
    if isinstance(stored, dict) and isinstance(written, dict):
        return all(key in written and part_of(value, written[key]) for key, value in stored.items())
    return stored == written


def test_every_field_of_a_stored_recipe_is_read_and_written_again() -> None:
    stored = json.loads((STORED / "run" / "recipe.json").read_text())
    written = json.loads(read_record(STORED / "run").model_dump_json())
    assert part_of(stored, written)


def test_a_stored_run_translates(run: Path) -> None:
    image = Image.fromarray(np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3))
    source = "hair=black,glasses=no,beard=no,smile=no,tone=0.5"
    model = vv.load(run)
    assert model.step == 5
    with pytest.warns(vv.UnfamiliarImage):
        made = np.asarray(model.translate(image, "glasses=yes", source=source))
    assert made.shape == (16, 16, 3)
    assert float(made.mean()) == pytest.approx(MEAN, abs=0.2)


MEAN = 129.65
"""Of that translation's pixels, when the run was stored."""


def test_a_stored_run_goes_on(run: Path) -> None:
    vv.train("multicyclic", out=run, resume=True, steps=6, checkpoint_every=6, quiet=True)
    found = latest_checkpoint(run)
    assert found is not None and found.name == "00000006"
    assert torch.load(found / "training.pt", weights_only=True)["step"] == 6


def test_the_rows_of_a_stored_report_are_rows() -> None:
    report = json.loads((STORED / "metrics.json").read_text())
    rows = [Row(**row) for row in report["rows"]]
    assert {row.direction for row in rows} and all(row.samples == 8 for row in rows)
    assert set(report) == {
        "format", "extractor", "dataset", "comparable", "rows", "differences", "groups", "labeller", "verdict",
    }  # fmt: skip
