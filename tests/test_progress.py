"""Progress: bars on a terminal, in whose titles names are text; elsewhere a plain line every 10 to 60 seconds.
What standard error says is in the log of a training, too."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from rich.console import Console

from viceversa import progress


class FakeClock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("name", ["[/b]", "[red]", "a\\", "\x1b[31m", "new\nline"])
def test_a_title_is_neither_markup_nor_control(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(progress, "CONSOLE", Console(file=terminal, force_terminal=True, width=200, color_system=None))
    assert list(progress.watched(range(3), f"reading {name}")) == [0, 1, 2]
    shown = f"reading {name}"
    assert (shown if shown.isprintable() else repr(shown)) in terminal.getvalue()
    assert "\x1b[31m" not in terminal.getvalue()


def worked(clock: FakeClock, seconds: list[float]) -> Iterator[float]:
    """Items, each of which takes so long to make."""
    for each in seconds:
        clock.now += each
        yield each


def test_without_a_terminal_a_line_comes_every_10_to_60_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    times = []
    for _ in progress.watched(worked(clock, [1.0] * 3600), "reading", total=3600, clock=clock):
        if said := capsys.readouterr().err:
            times.append((clock.now, said))
    assert times[0] == (10.0, "reading: 9 of 3,600, 0 %, 1 h 6 min left\n")
    gaps = [after - before for (before, _), (after, _) in pairwise(times)]
    assert min(gaps) == 10 and max(gaps) == 60 and gaps == sorted(gaps)


def test_short_or_quiet_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    list(progress.watched(worked(clock, [1.0] * 9), "reading", total=9, clock=clock))
    list(progress.watched(worked(clock, [30.0] * 9), "reading", total=9, clock=clock, quiet=True))
    assert capsys.readouterr().err == ""


def test_work_of_unknown_length_says_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    list(progress.watched(worked(clock, [50.0] * 3), "new\nline", clock=clock))
    assert capsys.readouterr().err.splitlines() == [f"'new\\nline': {done}" for done in ("0 in 50 s", "1 in 100 s", "2 in 2 min")]


@pytest.mark.parametrize("kind", [{"force_jupyter": True}, {"force_terminal": True, "_environ": {"TERM": "dumb"}}, {}])
def test_where_bars_cannot_move_there_are_lines(
    kind: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A notebook, a terminal that only prints, and a file."""
    clock, shown = FakeClock(), io.StringIO()
    monkeypatch.setattr(progress, "CONSOLE", Console(file=shown, **kind))
    list(progress.watched(worked(clock, [11.0, 1.0]), "reading", total=2, clock=clock))
    assert capsys.readouterr().err == "reading: 0 of 2, 0 %\n" and shown.getvalue() == ""


def test_another_process_says_lines_into_a_file(tmp_path: Path) -> None:
    code = """
import time
from viceversa import progress
progress.SHORTEST = 0.05
for _ in progress.watched(range(20), "packing"):
    time.sleep(0.02)
"""
    with (tmp_path / "nohup.out").open("w") as file:
        subprocess.run([sys.executable, "-c", code], stderr=file, check=True, timeout=60)
    lines = (tmp_path / "nohup.out").read_text().splitlines()
    assert lines and all(re.fullmatch(r"packing: \d+ of 20, \d+ %(, \d s left)?", line) for line in lines)


def test_one_file_knows_whether_there_is_a_terminal() -> None:
    """Whoever asks by itself shows nothing where there is none."""
    source = Path(progress.__file__).parent
    asking = {path.relative_to(source).as_posix() for path in source.rglob("*.py") if "is_terminal" in path.read_text()}
    bars = {path.relative_to(source).as_posix() for path in source.rglob("*.py") if "rich.progress" in path.read_text()}
    assert asking == {"progress.py"} and bars == {"progress.py", "training/bar.py"}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (119, "119 s"), (720, "12 min"), (3599, "1 h 0 min"), (4800, "1 h 20 min"), (183_600, "2 d 3 h")],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert progress.duration(seconds) == words


def test_the_time_of_another_day_has_a_date() -> None:
    now = datetime(2026, 1, 31, 23, 0)
    assert progress.time_after(1800, now) == "23:30" and progress.time_after(7200, now) == "2026-02-01 01:00"


def test_a_line_is_printed_and_kept_until_there_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.log"
    with progress.logged() as append:
        progress.say("before 100 %")
        assert not path.exists()
        append(path)
        progress.say("after")
        progress.say("for the log", quiet=True)
    progress.say("too late")
    assert capsys.readouterr().err == "before 100 %\nafter\ntoo late\n"
    assert [line.split(maxsplit=2)[2] for line in path.read_text().splitlines()] == ["before 100 %", "after", "for the log"]


def test_a_log_goes_on(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with progress.logged() as append:
            append(tmp_path / "train.log")
            progress.say(text)
    assert [line.split()[-1] for line in (tmp_path / "train.log").read_text().splitlines()] == ["one", "two"]


def test_what_has_no_file_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), progress.logged():
        progress.say("said")
        raise ZeroDivisionError
    assert capsys.readouterr().err == "said\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.logged() as append:
        append(Path("/dev/full"))
        progress.say("said")
    assert capsys.readouterr().err == "said\n"
