"""The clips are translated, stylized, measured and drawn, at a length that shows only that all of it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.common import read_json
from experiments.video import clips


def test_clips_are_measured_and_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips.main(clips.Clips(frames=12, styled=2, evaluations=4, results=tmp_path))
    rows = read_json(tmp_path / "video.json")["rows"]
    assert len(rows) == 14 and len(capsys.readouterr().out.splitlines()) > 14
    assert (tmp_path / "video.png").stat().st_size > 10_000
    smoothed = [row["warping_error_dis"] for row in rows if "in its place: translated" in row["name"]]
    assert smoothed == sorted(smoothed, reverse=True)
