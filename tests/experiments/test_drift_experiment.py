"""The leaderboard of drift: its page is that of the stored rows, and an entry is made from a report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import viceversa as vv
from experiments.common import filled, read_json
from experiments.drift import page, walk
from experiments.drift.editors import TRAININGS, WALKS
from viceversa.multiturn.report import NUMBERS


def test_the_page_is_that_of_the_stored_rows() -> None:
    text = page.PAGE.read_text("utf-8")
    assert text == filled(text, page.tables())


def test_every_row_says_how_it_was_made_and_every_editor_that_walks_is_known() -> None:
    for path in page.RESULTS.glob("*.json"):
        row = read_json(path)
        assert row["how"].startswith("viceversa drift run --editor "), path
        assert row["protocol"] in page.TITLES, path
        assert row["last"].keys() >= {"l1", "psnr", "perceptual_lite0"}, path
    for name, each in WALKS.items():
        command = walk.arguments(name, each, each.protocols[0], walk.Walks())
        assert command[:2] == ["drift", "run"]
        assert each.editor in TRAININGS or ":" in each.editor or each.editor in ("nothing", "avatars")


def test_an_entry_from_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for turn in range(3):
        (tmp_path / "mine" / "a").mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 16), 100 + 3 * turn, np.uint8)).save(tmp_path / "mine" / "a" / f"turn{turn}.png")
    vv.drift(tmp_path / "mine", out=tmp_path / "report", side=32, quiet=True)
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    page.entry(page.Entry(tmp_path / "report" / NUMBERS, "my editor", "viceversa drift run --editor mine:edit"))
    row = read_json(tmp_path / "mine-unknown.json")
    assert (row["first"]["l1"]["mean"], row["last"]["l1"]["mean"], row["slope"]["l1"]["mean"]) == (3, 6, pytest.approx(3))
    assert "| my editor | 1, 2 | 3.00 | 6.00 (6.00 to 6.00) | +3.000 (+3.000 to +3.000) |" in page.of_protocol([row])
