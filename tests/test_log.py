"""Lines for a person: what standard error says is in the log of the training, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from viceversa.progress import logged, say


def test_a_line_is_printed_and_kept_until_there_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "train.log"
    with logged() as append:
        say("before 100 %")
        assert not path.exists()
        append(path)
        say("after")
        say("for the log", quiet=True)
    say("too late")
    assert capsys.readouterr().err == "before 100 %\nafter\ntoo late\n"
    assert [line.split(maxsplit=2)[2] for line in path.read_text().splitlines()] == ["before 100 %", "after", "for the log"]


def test_a_log_goes_on(tmp_path: Path) -> None:
    for text in ("one", "two"):
        with logged() as append:
            append(tmp_path / "train.log")
            say(text)
    assert [line.split()[-1] for line in (tmp_path / "train.log").read_text().splitlines()] == ["one", "two"]


def test_what_has_no_file_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), logged():
        say("said")
        raise ZeroDivisionError
    assert capsys.readouterr().err == "said\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
def test_a_full_disk_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with logged() as append:
        append(Path("/dev/full"))
        say("said")
    assert capsys.readouterr().err == "said\n"
