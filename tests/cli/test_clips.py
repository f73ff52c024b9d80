"""`translate` and `stylize` on clips: real files, real processes, killed and gone on with."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import processes
import viceversa as vv
from cli.own import exit_code
from viceversa.cli import clips
from viceversa.images.decoding import decode
from viceversa.inference.preprocessing import Manner
from viceversa.inference.translation import start
from viceversa.video import consistency, translated_frames
from video.films import far, film, heard, pixels, scene, times

TO = ("--to", "hair=blond")
FROM = ("--from", "hair=black,glasses=no,beard=no,smile=no,tone=0.5")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def translate(name: str, out: str, *options: str) -> int:
    return exit_code("translate", "avatars", name, *TO, *FROM, "--out", out, "--overwrite", *options)


def test_a_clip_becomes_a_clip(capsys: pytest.CaptureFixture[str]) -> None:
    """Each frame as the model translates it, at the run's size; its times and its sound as they were."""
    film(Path("clip.mp4"), 10, sound="aac", times=[0, 4, 8, 12, 20, 24, 40, 44, 48, 52], layout="yuv444p")
    assert translate("clip.mp4", "new/out.mp4") == 0
    said = capsys.readouterr()
    doubt, resized = said.err.splitlines()
    assert said.out == "clip.mp4 -> new/out.mp4: 10 frames\n" and resized == "resized 64x48 -> 64x64; --full-size keeps the size"
    assert doubt.startswith("viceversa: warning: clip.mp4 does not look like the images that 'avatars' was trained on")
    assert list(Path("new").iterdir()) == [Path("new/out.mp4")]
    assert times(Path("new/out.mp4")) == times(Path("clip.mp4")) and heard(Path("new/out.mp4")) == heard(Path("clip.mp4"))
    model, made = vv.load("avatars"), pixels(Path("new/out.mp4"))
    for before, after in zip(pixels(Path("clip.mp4")), made, strict=True):
        expected = np.asarray(model.translate(before, TO[1], source=FROM[1]))
        assert after.shape == (64, 64, 3) and far(after, expected) < 3


def test_full_size_masks_and_a_folder_of_frames() -> None:
    """Every frame as `translate` makes it of an image, and left alone where the mask is black, bit for bit."""
    film(Path("clip.mp4"), 3, size=(70, 90))
    mask = np.zeros((70, 90), np.uint8)
    mask[:, 40:] = 255
    Image.fromarray(mask).save("mask.png")
    options = ("--full-size", "--mask", "mask.png", "--feather", "3")
    assert translate("clip.mp4", "frames", *options) == 0
    for number, frame in enumerate(pixels(Path("clip.mp4")), 1):
        Image.fromarray(frame).save("frame.png")
        assert translate("frame.png", "image", *options) == 0
        made = decode(Path(f"frames/{number:06d}.png"))
        assert np.array_equal(made, decode(Path("image/frame.png")))
        assert np.array_equal(made[:, :40], frame[:, :40]) and not np.array_equal(made[:, 40:], frame[:, 40:])


def test_smoothing_leaves_the_rest_alone_too_and_keys_work() -> None:
    Path("images").mkdir()
    for number in range(4):
        frame = scene(number, 64, 64)
        frame[:20] = 0, 250, 0
        Image.fromarray(frame).save(f"images/{number}.png")
    options = ("--full-size", "--key", "#00fa00", "--outside", "--smooth", "0.6")
    assert translate("images", "out.mp4", *options, "--fps", "10") == 0
    assert times(Path("out.mp4"))[1] == pytest.approx(0.1)
    assert all(far(frame[:18], np.broadcast_to(np.uint8([0, 250, 0]), (18, 64, 3))) < 2 for frame in pixels(Path("out.mp4")))
    film(Path("clip.mp4"), 4, size=(64, 64))
    mask = np.zeros((64, 64), np.uint8)
    mask[:, 32:] = 255
    Image.fromarray(mask).save("mask.png")
    assert translate("clip.mp4", "frames", "--full-size", "--mask", "mask.png", "--smooth", "0.6") == 0
    for number, frame in enumerate(pixels(Path("clip.mp4")), 1):
        assert np.array_equal(decode(Path(f"frames/{number:06d}.png"))[:, :32], frame[:, :32])


def test_consistency_is_printed_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are those of the functions in Python, of frames before they are compressed."""
    film(Path("clip.mkv"), 6, size=(64, 64))
    assert translate("clip.mkv", "out.mp4", "--consistency", "--smooth", "0.5", "--full-size") == 0
    said = capsys.readouterr().out
    found = json.loads(Path("out.mp4.consistency.json").read_text())
    model, frames, manner = vv.load("avatars"), pixels(Path("clip.mkv")), Manner(full_size=True)
    calm = list(translated_frames(model, frames, TO[1], source=FROM[1], smooth=0.5, manner=manner))
    expected = consistency(frames, calm)
    assert found == pytest.approx(dict(expected.figures)) and found["pairs"] == 5
    assert found["warping_error_dis"] > 0 and found["warping_error_of_input_dis"] > 0 and "warping error dis " in said
    free = consistency(frames, list(translated_frames(model, frames, TO[1], source=FROM[1], manner=manner)))
    assert expected.output < free.output and expected.input == free.input


def test_figures_of_the_clip_before_do_not_stay(capsys: pytest.CaptureFixture[str]) -> None:
    film(Path("clip.mkv"), 2)
    film(Path("still.mkv"), 1)
    assert translate("clip.mkv", "out.mp4", "--consistency") == 0 and Path("out.mp4.consistency.json").exists()
    assert translate("clip.mkv", "out.mp4") == 0 and not Path("out.mp4.consistency.json").exists()
    capsys.readouterr()
    assert translate("still.mkv", "out.mp4", "--consistency") == 0 and not Path("out.mp4.consistency.json").exists()
    assert "the clip has only one frame: there is no consistency to measure" in capsys.readouterr().out


def test_a_folder_of_frames_becomes_a_folder_of_frames(capsys: pytest.CaptureFixture[str]) -> None:
    """A clip where it is told so, whose label is read once; images else."""
    frames = [scene(number, 64, 64) for number in range(3)]
    Path("frames").mkdir()
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(f"frames/{number}.png")
    assert translate("frames", "calm", "--smooth", "0.5") == 0 and translate("frames", "free") == 0
    said = capsys.readouterr().out
    assert "frames -> calm: 3 frames" in said and said.count("free/") == 3
    made = [decode(path) for path in sorted(Path("calm").iterdir())]
    calm = list(translated_frames(vv.load("avatars"), frames, TO[1], source=FROM[1], smooth=0.5))
    assert all(np.array_equal(*pair) for pair in zip(made, calm, strict=True))


def test_clips_that_need_no_video_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow reads and writes GIFs."""
    frames = [Image.fromarray(scene(number, 64, 64)) for number in range(2)]
    frames[0].save("clip.gif", save_all=True, append_images=frames[1:], duration=40)
    for name in ("av", "cv2"):
        monkeypatch.setitem(sys.modules, name, None)
    assert translate("clip.gif", "out.gif") == 0 and Path("out.gif").exists()


def test_labels_are_read_once_off_the_first_frame() -> None:
    """Two people in one clip: the second is taken for the first, as a flickering label would not."""
    people = np.asarray(vv.load("avatars").preprocessing.prepared(scene(0, 64, 64), "avatars")[0])
    frames = [people, 255 - people]
    model = vv.load("avatars")
    assert not np.array_equal(start(model, [frames[0]]).label, start(model, [frames[1]]).label)
    made = list(translated_frames(model, frames, "hair=blond"))
    here = start(model, [frames[0]])
    expected = model.translate_pixels(frames[1][None], here, model.routing.target(here, "hair=blond"))[0]
    assert np.array_equal(made[1], expected) and not np.array_equal(made[1], np.asarray(model.translate(frames[1], "hair=blond")))


def test_a_bar_counts_the_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def bar(frames: Iterator[object], title: str, *, total: int | None) -> Iterator[object]:
        for frame in frames:
            seen.append((title, total))
            yield frame

    monkeypatch.setattr(clips, "watched", bar)
    film(Path("clip.mp4"), 7)
    assert translate("clip.mp4", "out.mp4") == 0 and seen == [("clip.mp4", 7)] * 7


def test_gifs() -> None:
    frames = [Image.fromarray(scene(3 * number, 64, 64)) for number in range(3)]
    frames[0].save("clip.gif", save_all=True, append_images=frames[1:], duration=[50, 70, 90], loop=0)
    assert translate("clip.gif", "out.gif") == 0 and translate("clip.gif", "frames") == 0
    with Image.open("out.gif") as image:
        assert image.n_frames == 3 and image.size == (64, 64)
    assert len(list(Path("frames").iterdir())) == 3
    frames[0].save("one.gif")
    assert translate("one.gif", "image") == 0 and list(Path("image").iterdir()) == [Path("image/one.png")], "it is an image"


LONG = 160
COMMAND = ("translate", "avatars", "clip.mp4", *TO, *FROM, "--smooth", "0.5", "--consistency")


def stopped(how: signal.Signals, behind: Path) -> tuple[int, str]:
    """The command in a process of its own, stopped as soon as a part is done: its exit code, and what it said."""
    process = processes.start(processes.COMMAND, *COMMAND, "--out", "out.mp4")
    while process.poll() is None and not behind.exists():
        time.sleep(0.01)
    process.send_signal(how)
    said = process.communicate(timeout=60)[1]
    assert behind.exists() and not Path("out.mp4").exists()
    return process.returncode, said


def test_killed_interrupted_and_gone_on_with_it_is_what_it_is_uninterrupted(capsys: pytest.CaptureFixture[str]) -> None:
    """Smoothed and measured, so that the frame before a part and the figures so far matter."""
    film(Path("clip.mp4"), LONG, sound="aac", size=(64, 64))
    assert exit_code(*COMMAND, "--out", "whole.mp4") == 0
    parts = Path("out.mp4.parts")
    assert stopped(signal.SIGKILL, parts / "00000.json")[0] == -9
    kept = (parts / "00000.mkv").stat().st_mtime_ns
    code, said = stopped(signal.SIGINT, parts / "00001.json")
    assert code == 130
    assert said.splitlines()[-1] == "viceversa: interrupted: 128 frames are kept; run the same command again to continue."
    capsys.readouterr()
    assert exit_code("translate", "avatars", "clip.mp4", "--to", "hair=brown", *COMMAND[5:], "--out", "out.mp4") == 2
    said = capsys.readouterr().err
    assert "'out.mp4.parts' has unfinished results of another command (--to differ): run that command again, or remove" in said
    assert (parts / "00000.mkv").stat().st_mtime_ns == kept, "it was not made again"
    assert exit_code(*COMMAND, "--out", "out.mp4") == 0
    assert not parts.exists()
    assert all(np.array_equal(*pair) for pair in zip(pixels(Path("whole.mp4")), pixels(Path("out.mp4")), strict=True))
    assert times(Path("out.mp4")) == times(Path("clip.mp4")) and heard(Path("out.mp4")) == heard(Path("whole.mp4"))
    assert Path("out.mp4.consistency.json").read_text() == Path("whole.mp4.consistency.json").read_text()


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that refuses it."""
    before = set(Path().rglob("*"))
    assert exit_code(*arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and set(Path().rglob("*")) == before
    return said


def test_what_cannot_be_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    film(Path("clip.mp4"), 3)
    film(Path("voice.mp4"), 3, sound="aac")
    Path("empty.mp4").write_bytes(b"")
    Path("broken.mov").write_bytes(b"no video at all" * 1000)
    Image.fromarray(scene(0)).save("face.png")
    Image.new("L", (5, 4)).save("small.png")
    start = ("translate", "avatars")
    to = (*TO, *FROM, "--out", "out.mp4")
    assert "'empty.mp4' is empty" in told(capsys, *start, "empty.mp4", *to)
    assert "'broken.mov' is broken or no video" in told(capsys, *start, "broken.mov", *to)
    assert "'nothing.mp4' does not exist" in told(capsys, *start, "nothing.mp4", *to)
    assert "translate clips one at a time" in told(capsys, *start, "clip.mp4", "face.png", *to)
    assert "--smooth 1: the value must be from 0" in told(capsys, *start, "clip.mp4", *to, "--smooth", "1")
    assert "--smooth nan: the value must be from 0" in told(capsys, *start, "clip.mp4", *to, "--smooth", "nan")
    assert "has its own frame times" in told(capsys, *start, "clip.mp4", *to, "--fps", "5")
    assert "leave out --difference" in told(capsys, *start, "clip.mp4", *to, "--difference")
    assert "the mask has 5x4 pixels, the image 64x48" in told(capsys, *start, "clip.mp4", *to, "--full-size", "--mask", "small.png")
    masked = told(capsys, *start, "face.png", *TO, *FROM, "--full-size", "--mask", "small.png")
    assert masked.startswith("viceversa: 'face.png': the mask has 5x4 pixels, the image 64x48: ")
    assert "which are for clips" in told(capsys, *start, "face.png", *TO, *FROM, "--smooth", "0.5")
    assert ".webm files cannot hold the clip's sound (aac)" in told(capsys, *start, "voice.mp4", *to[:-1], "out.webm")
    assert "'clip.mp4' is the clip to read" in told(capsys, *start, "clip.mp4", *to[:-1], "clip.mp4")


def test_of_a_truncated_clip_the_start_is_written_and_the_rest_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    film(Path("clip.mkv"), 60, sound="aac", size=(64, 64))
    content = Path("clip.mkv").read_bytes()
    Path("clip.mkv").write_bytes(content[: len(content) * 7 // 10])
    assert translate("clip.mkv", "out.mp4") == 2
    said = capsys.readouterr()
    count = len(pixels(Path("out.mp4")))
    assert 10 < count < 60 and f"{count} frames" in said.out
    warning, error = said.err.splitlines()
    assert warning.startswith("viceversa: warning: clip.mkv does not look like the images that 'avatars' was trained on")
    assert error.startswith(f"viceversa: 'clip.mkv' cannot be read after frame {count} (")
    assert said.err.endswith("'out.mp4' holds the frames up to there.\n") and not Path("out.mp4.parts").exists()


STYLE = ("painting.png", "--size", "64", "--sizes", "1", "--evaluations", "20")


def test_a_clip_is_stylized_each_frame_from_the_last_one(capsys: pytest.CaptureFixture[str]) -> None:
    film(Path("clip.mp4"), 4, sound="aac")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)).save("painting.png")
    assert exit_code("stylize", "clip.mp4", *STYLE, "--later", "2", "--out", "out.mp4") == 0
    assert capsys.readouterr().out.startswith("clip.mp4 -> out.mp4: 4 frames\n")
    assert times(Path("out.mp4")) == times(Path("clip.mp4")) and heard(Path("out.mp4")) == heard(Path("clip.mp4"))
    made = pixels(Path("out.mp4"))
    assert made[0].shape == (48, 64, 3) and far(made[0], scene(0)) > 3
    assert json.loads(Path("out.mp4.consistency.json").read_text())["pairs"] == 3
    with av.open("out.mp4") as container:
        assert container.streams.video[0].average_rate == 25


def test_mistakes_in_stylizing_clips(capsys: pytest.CaptureFixture[str]) -> None:
    film(Path("clip.mp4"), 2)
    Image.fromarray(scene(9)).save("painting.png")
    Image.new("L", (5, 4)).save("small.png")
    assert "--later 0: give at least one evaluation" in told(
        capsys, "stylize", "clip.mp4", *STYLE, "--later", "0", "--out", "out.mp4"
    )
    assert "leave out --strip" in told(capsys, "stylize", "clip.mp4", *STYLE, "--strip", "strip.png", "--out", "out.mp4")
    Path("frames").mkdir()
    Image.fromarray(scene(0)).save("frames/0.png")
    said = told(capsys, "stylize", "frames", *STYLE)
    assert "'stylized.png' is the name of an image: end it with .gif, " in said and "or name a folder" in said
    assert "the mask has 5x4 pixels" in told(capsys, "stylize", "frames/0.png", *STYLE, "--mask", "small.png")
    assert "'out.avi' cannot be written" in told(capsys, "stylize", "clip.mp4", *STYLE, "--out", "out.avi")


def test_the_commands_of_the_page_run() -> None:
    """With the packaged model in the place of others, and less work."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "video.md").read_text()
    lines = [shlex.split(line) for line in page.splitlines() if line.startswith("    viceversa ")]
    film(Path("clip.mp4"), 3, size=(64, 64))
    film(Path("clip.mov"), 3, size=(64, 64))
    Path("frames").mkdir()
    for number in range(3):
        Image.fromarray(scene(number, 64, 64)).save(f"frames/{number}.png")
    Image.new("L", (64, 64), 255).save("horses.png")
    Image.fromarray(scene(9)).save("painting.jpg")
    Image.fromarray(scene(0)).save("clip.gif", save_all=True, append_images=[Image.fromarray(scene(1))], duration=40)
    assert len(lines) == 5
    for line in lines:
        less = ["--size", "64", "--evaluations", "4"] if line[1] == "stylize" else []
        words = ["avatars" if word == "runs/h2z" else "hair=blond" if word == "zebra" else word for word in line]
        assert exit_code(*words[1:], *less) == 0, line
    assert {path.name for path in Path().glob("out.*")} == {"out.mp4", "out.mp4.consistency.json", "out.webm", "out.gif"}


def test_the_page_says_what_was_measured() -> None:
    root = Path(__file__).resolve().parents[2]
    rows = json.loads((root / "experiments" / "video" / "results" / "video.json").read_text())["rows"]
    page = (root / "docs" / "video.md").read_text()
    for row in rows:
        cells = next(line for line in page.splitlines() if line.startswith(f"| {row['name'].removeprefix('stylized ')} |"))
        assert f"| {row['warping_error_ratio_dis']:.2f} |" in cells
        assert f"| {row['warping_error_dis']:.5f} |".replace("0.", ".") in cells
