"""Parts: gone on with where they were stopped, and those of others left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from viceversa.errors import UsageError
from viceversa.video import Process, Work, form_for, make_clip, open_clip
from viceversa.video.job import Passage
from video.films import Picture, copied, film, pixels


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class StoppedError(RuntimeError):
    """As a process ends that is killed: in the middle, without a word."""


@pytest.mark.parametrize("name", ["out.gif", "out.webm", "folder"])
def test_what_was_stopped_goes_on_with_its_parts(name: str) -> None:
    """Frames that depend on the one before, stopped at the 13th, in parts of 5: two parts are there."""
    film(Path("clip.mp4"), 17)
    clip, made = open_clip(Path("clip.mp4")), list[int]()

    def fading(now: Picture, _: Picture, passage: Passage | None) -> Picture:
        made.append(1)
        return now if passage is None else np.uint8(0.5 * passage.made + 0.5 * now)

    def stopping(now: Picture, alone: Picture, passage: Passage | None) -> Picture:
        if len(made) == 12:
            raise StoppedError
        return fading(now, alone, passage)

    def work(out: str, process: Process) -> None:
        make_clip(clip, Path(out), form_for(clip, Path(out)), process, Work({"a": "b"}, part=5))

    work(f"whole{Path(name).suffix}", Process(lambda frame: frame, fading))
    made.clear()
    with pytest.raises(StoppedError):
        work(name, Process(lambda frame: frame, stopping))
    assert not Path(name).exists() and Path(f"{name}.parts").is_dir()
    made.clear()
    work(name, Process(lambda frame: frame, fading))
    assert len(made) == 7, "ten were kept"
    pairs = zip(pixels(Path(f"whole{Path(name).suffix}")), pixels(Path(name)), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs) and not Path(f"{name}.parts").exists()


def test_parts_of_others_are_left_alone() -> None:
    film(Path("clip.mp4"), 3)
    folder = Path("out.mp4.parts")
    folder.mkdir()
    (folder / "holiday.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"'out.mp4.parts', the folder for unfinished results, has other files"):
        copied(Path("clip.mp4"), Path("out.mp4"))
    assert (folder / "holiday.txt").read_text() == "mine"
    (folder / "holiday.txt").unlink()
    with FileLock(folder / ".lock"), pytest.raises(UsageError, match="is being written by another process: wait until it ends"):
        copied(Path("clip.mp4"), Path("out.mp4"))
    assert copied(Path("clip.mp4"), Path("out.mp4")).frames == 3
