"""Signs of life: first lines, plain lines, pictures by time, the page and the log of a training; none of it changes the result."""

from __future__ import annotations

import json
import re
import shlex
from functools import partial
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from cli.hostile import exit_code
from conftest import STARGAN
from contracts.among_labels import STGAN
from contracts.case import PHOTOS
from contracts.cases import build_masked
from test_progress import FakeClock
from training.small import assert_same_runs, noise, trainer
from viceversa.errors import NotFiniteError
from viceversa.methods import stgan
from viceversa.training.monitor import Monitor
from viceversa.training.page import View, run_page, write_page
from viceversa.training.run import train
from viceversa.training.timetable import SHARE, Timetable

SETTINGS = {"steps": 8, "batch": 2, "precision": "fp32", "labeller": False, "checkpoint_every": 5}


class Reader(HTMLParser):
    """What a page is made of: whether its elements are closed in their order, what it loads, and whether it loads itself again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.refresh: str | None = None
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        assert tag not in ("script", "iframe", "link", "object") and not any(name.startswith("on") for name in values), tag
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]
        if values.get("http-equiv") == "refresh":
            self.refresh = values["content"]
        if tag not in ("meta", "img", "br", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def steps_of(run: Path) -> list[int]:
    return [int(path.stem) for path in sorted((run / "samples").iterdir())]


def said_at_first(text: str) -> dict[str, str]:
    """The first lines, by their names."""
    return dict(re.findall(r"^(data|model|device|files|time): +(.+)$", text, re.M))


def test_five_lines_come_first_and_are_in_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    train(build_masked, out=run, until=6, **SETTINGS)
    said = capsys.readouterr().err
    lines = said_at_first(said)
    assert list(lines) == ["data", "model", "device", "files", "time"]
    assert lines["data"] == "avatars-32-v1: avatars 8,000 train, 1,000 validation, 2,000 test, 32x32 RGB"
    total, *parts = (int(each.replace(",", "")) for each in re.findall(r"[\d,]*\d", lines["model"].partition(": ")[2]))
    assert lines["model"].startswith("contracts.cases:build_masked: ") and total == sum(parts) > 0
    assert lines["device"].endswith(", fp32, batches of 2")
    assert str(run / "index.html") in lines["files"] and str(run / "train.log") in lines["files"]
    assert re.fullmatch(r"about [\d.e-]+ s a step; 6 steps take until [\d:\- ]+, \d+ s from now", lines["time"])
    log = (run / "train.log").read_text()
    assert all(line in log for line in said.splitlines())
    train(build_masked, out=run, resume=True, **SETTINGS)
    assert (run / "train.log").read_text().startswith(log) and len(log) < (run / "train.log").stat().st_size
    train(build_masked, out=run, overwrite=True, quiet=True, **SETTINGS | {"steps": 1})
    assert (run / "train.log").read_text().count("data:") == 1, "of the run in its place"
    assert "Done: 1 steps." in (run / "index.html").read_text() and steps_of(run) == [0, 1]


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer(tmp_path, build_masked, noise(PHOTOS)).train(6)
    assert capsys.readouterr().err == ""
    assert (tmp_path / "index.html").exists(), "but shows all in the folder"


def test_pictures_change_nothing(tmp_path: Path) -> None:
    """Whenever they are made, as time decides: neither the training nor the averages, whose batch statistics could follow them."""
    for run, often in (("never", 100), ("often", 1)):
        build = partial(stgan.build, settings=STGAN)
        trainer(tmp_path / run, build, noise(PHOTOS), sample_every=often, checkpoint_every=2).train(3)
    assert_same_runs(tmp_path / "never", tmp_path / "often")
    assert steps_of(tmp_path / "never") == [0, 3] and steps_of(tmp_path / "often") == [0, 1, 2, 3]
    one, other = (tmp_path / run / "checkpoints" / "00000002" / "averages.safetensors" for run in ("never", "often"))
    assert one.read_bytes() == other.read_bytes()


def test_pictures_are_for_tensorboard_too(tmp_path: Path) -> None:
    trainer(tmp_path, build_masked, noise(PHOTOS), sample_every=2).train(3)
    events = EventAccumulator(str(tmp_path / "events"), size_guidance={"images": 0}).Reload()
    assert [image.step for image in events.Images("samples")] == [0, 2, 3]
    assert events.Images("samples")[0].width == Image.open(tmp_path / "samples" / "00000000.png").width


def drawn(clock: FakeClock, hours: float, cost: float, step: float = 1.0) -> list[float]:
    """When pictures that take `cost` seconds each are made, in a training whose steps take `step` seconds."""
    timetable, times = Timetable(None, clock), []
    for number in range(10**9):
        if clock.now > 3600 * hours:
            return times
        if timetable.due(number):
            times.append(clock.now)
            with timetable.drawing():
                clock.now += cost
        clock.now += step
    return times


def test_pictures_by_time_become_rarer() -> None:
    times = drawn(FakeClock(), 8, 0.5)
    assert times[0] == 0 and 120 <= times[1] <= 122
    gaps = [after - before for before, after in pairwise(times)]
    assert gaps == sorted(gaps) and 30 <= len(times) <= 40


@pytest.mark.parametrize("cost", [0.1, 5.0, 60.0])
def test_pictures_take_a_small_part_of_the_time(cost: float) -> None:
    times = drawn(FakeClock(), 24, cost)
    assert cost * len(times) <= SHARE * 24 * 3600 + cost


def test_pictures_by_steps_are_where_they_were() -> None:
    timetable = Timetable(5, FakeClock())
    assert [step for step in range(13) if timetable.due(step, last=step == 12)] == [0, 5, 10, 12]


def monitor(run: Path, clock: FakeClock, **changes: object) -> Monitor:
    settings = {"start": 0, "until": 20_000, "steps": 20_000, "sample_every": None, "clock": clock} | changes
    return Monitor(run, "a <b> & ünï on data", {"data": "none"}, None, **settings)


def test_a_training_without_a_terminal_says_a_line_every_10_to_60_seconds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FakeClock()
    times = []
    with monitor(tmp_path, clock) as shown:
        for step in range(1, 4001):
            clock.now += 0.25
            shown.advance(step, 4, {"generator/adversarial": 0.71, "generator/cycle_1": 9.0})
            if said := re.findall("^step .*", capsys.readouterr().err, re.M):
                times += [(clock.now, line) for line in said]
    assert times[0] == (10.0, "step 40 of 20,000, 0 %, 4 steps/s, 1 h 23 min left, generator/adversarial 0.71")
    gaps = [after - before for (before, _), (after, _) in pairwise(times)]
    assert min(gaps) >= 10 and max(gaps) <= 60.25


def test_the_time_is_said_after_the_first_steps_and_corrected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = FakeClock()
    with monitor(tmp_path, clock, until=105, steps=200) as shown:
        for step, seconds in enumerate([30.0, 1.0, 1.0, 1.0, 1.0, *[3.0] * 96], 1):
            clock.now += seconds
            shown.advance(step, 4, {})
    said = capsys.readouterr().err
    assert re.search(r"^time: +about 1 s a step; 105 steps take until .*, 100 s from now$", said, re.M), "without the first step"
    assert "2.92 s a step, 15 s left" in said.splitlines()[-1]


@pytest.mark.parametrize("cost", [0.01, 3.0])
def test_the_page_takes_a_small_part_of_the_time(cost: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, written = FakeClock(), []

    def slowly(run: Path, view: View) -> None:
        written.append(view.step)
        clock.now += cost

    monkeypatch.setattr("viceversa.training.monitor.write_page", slowly)
    with monitor(tmp_path, clock, quiet=True) as shown:
        for step in range(3600):
            shown.refresh()
            clock.now += 1
            shown.advance(step + 1, 4, {})
    assert len(written) > 3 and cost * len(written) < 0.01 * clock.now


@pytest.mark.parametrize(
    ("error", "steps", "state"),
    [
        (None, 8, "Done: 8 steps."),
        (None, 5, "Stopped after step 5 of 8."),
        (None, 4, "Interrupted after step 4 of 8."),
        (KeyboardInterrupt(), 5, "Interrupted after step 5 of 8."),
        (NotFiniteError("the loss <a> is nan."), 4, "Ended after step 4 of 8: the loss &lt;a&gt; is nan."),
    ],
)
def test_the_page_says_how_it_ended(error: BaseException | None, steps: int, state: str, tmp_path: Path) -> None:
    until = 5 if steps <= 5 else 8
    try:
        with monitor(tmp_path, FakeClock(), until=until, steps=8, quiet=True) as shown:
            shown.refresh()
            assert Reader((tmp_path / "index.html").read_text()).refresh == "30"
            for step in range(steps):
                shown.advance(step + 1, 4, {})
            if error:
                raise error
    except (KeyboardInterrupt, NotFiniteError):
        pass
    text = (tmp_path / "index.html").read_text()
    assert Reader(text).refresh is None and f"<p>{state}</p>" in text


def test_no_page_is_written_for_a_folder_that_is_gone(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    with monitor(run, FakeClock(), quiet=True):
        run.rmdir()
    assert not run.exists()


def test_the_page_needs_nothing_else_and_shows_all(tmp_path: Path) -> None:
    """Names are text; pictures are beside it, the newest first; losses and validation are curves; signs are said."""
    hostile = "<img src=x onerror=alert(1)> \"'&\x1b[31m ü"
    (tmp_path / "samples").mkdir()
    for step in range(0, 500, 10):
        Image.new("RGB", (4, 4)).save(tmp_path / "samples" / f"{step:08d}.png")
    losses = [{"step": step, "generator/cycle": 1 / step, hostile: 2.0, "generator/cycle_1": 5.0} for step in range(1, 5000)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in losses))
    judgment = {
        "step": 20,
        "metric": "psnr_to_truth",
        "value": 17.25,
        "measures": {"change": 0.5},
        "signs": ["colors are inverted"],
    }
    (tmp_path / "validation.jsonl").write_text(json.dumps(judgment) + "\n")
    view = View(hostile, {"data": hostile}, hostile, True, 5000, 8000, {"go on": f"viceversa train {hostile}"})
    write_page(tmp_path, view)
    text = (tmp_path / "index.html").read_text()
    found = Reader(text)
    assert len(text) < 100_000 and "\x1b" not in text and "cycle_1" not in text
    shown = [each for each in found.addresses if each.startswith("samples/")]
    assert shown == found.addresses and shown[0] == "samples/00000490.png" and shown[-1] == "samples/00000000.png"
    assert shown == sorted(shown, reverse=True) and all((tmp_path / each).exists() for each in shown)
    assert "17.2" in text and "colors are inverted" in text and text.count("<polyline") == 4


def test_a_page_without_anything_is_a_page(tmp_path: Path) -> None:
    assert not Reader(run_page(tmp_path, View("none", {}, "", False, 0, 8, {}))).addresses


def test_the_command_says_what_to_do_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line that it prints is a command that works, whatever the folder is called."""
    monkeypatch.chdir(tmp_path)
    settings = ["--batch", "2", "--steps", "8", "--until", "1", "--training.no-labeller", *STARGAN]
    assert exit_code("train", "stargan", "--out", "a run", *settings) == 0
    said = capsys.readouterr()
    assert list(said_at_first(said.err)) == ["data", "model", "device", "files"] and "model:  stargan: " in said.err
    assert "pictures: a run/index.html\n" in said.out
    commands = [shlex.split(line) for line in re.findall(r"^next: viceversa (.*)$", said.out, re.M)]
    assert [command[0] for command in commands] == ["train", "translate", "evaluate"]
    shown = Path("a run", "index.html").read_text()
    assert "viceversa train stargan --out &#x27;a run&#x27; --resume" in shown
    train_again, translate, _ = commands
    assert exit_code(*("a run/samples/00000001.png" if word == "IMAGE" else word for word in translate)) == 0
    assert exit_code(*train_again, "--until", "2") == 0 and "2 steps" in capsys.readouterr().out


def test_between_spaces_the_example_names_the_other_space(runs: Path) -> None:
    text = (runs / "spaces" / "index.html").read_text()
    assert re.search(r"viceversa translate \S+ IMAGE --to \w+<", text) and "--from" not in text
