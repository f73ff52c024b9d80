"""GIF and folders of images: durations, loops, order, and both ways to video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from video.films import copied, far, film, pixels, scene, times, truncated


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def animation(path: str, loop: int | None = 3) -> None:
    """Three frames of one color each, transparent at the right, for 40, 120 and 250 ms."""
    frames = [Image.new("RGBA", (40, 30), color) for color in ("red", "lime", "blue")]
    for frame, left in zip(frames, (30, 20, 38), strict=True):
        frame.paste((0, 0, 0, 0), (left, 0, 40, 30))
    kind = {} if loop is None else {"loop": loop}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[40, 120, 250], disposal=2, **kind)


@pytest.mark.parametrize("loop", [0, 3, None])
def test_a_gif_keeps_durations_and_loops_and_shows_the_background(loop: int | None) -> None:
    animation("clip.gif", loop)
    done = copied(Path("clip.gif"), Path("out.gif"), background=255)
    assert done.frames == 3 and not done.cut
    with Image.open("out.gif") as image:
        assert image.info.get("loop") == loop and image.n_frames == 3
        seen = []
        for number in range(3):
            image.seek(number)
            seen.append((image.info["duration"], image.convert("RGB").getpixel((5, 5)), image.convert("RGB").getpixel((25, 5))))
    assert seen == [(40, (255, 0, 0), (255, 0, 0)), (120, (0, 255, 0), (255, 255, 255)), (250, (0, 0, 255), (0, 0, 255))]


def test_a_gif_becomes_a_video_and_back() -> None:
    animation("clip.gif")
    copied(Path("clip.gif"), Path("out.mp4"))
    assert times(Path("out.mp4")) == [0, Fraction(40, 1000), Fraction(160, 1000)]
    film(Path("clip.mp4"), 7)
    copied(Path("clip.mp4"), Path("film.gif"))
    with Image.open("film.gif") as image:
        assert image.n_frames == 7 and image.info["duration"] == 40 and image.info["loop"] == 0
    assert all(far(made, scene(number)) < 4 for number, made in enumerate(pixels(Path("film.gif"))))


def test_a_truncated_gif() -> None:
    film(Path("clip.mp4"), 9)
    copied(Path("clip.mp4"), Path("clip.gif"))
    truncated("clip.gif", 0.7)
    done = copied(Path("clip.gif"), Path("out.mp4"))
    assert done.cut and 3 <= done.frames < 9
    assert all(far(made, scene(number)) < 8 for number, made in enumerate(pixels(Path("out.mp4"))))


def test_folders_of_images() -> None:
    """In the order of their numbers, at so many a second; and a clip into a folder, and back, bit for bit."""
    Path("images").mkdir()
    for number in range(12):
        Image.fromarray(scene(number)).save(f"images/frame{number}.png")
    Path("images/notes.txt").write_text("no image")
    copied(Path("images"), Path("out.mp4"), fps=10.0)
    assert times(Path("out.mp4")) == [Fraction(number, 10) for number in range(12)]
    assert all(far(made, scene(number)) < 2.5 for number, made in enumerate(pixels(Path("out.mp4"))))
    copied(Path("images"), Path("slow.mp4"))
    assert times(Path("slow.mp4"))[1] == Fraction(1, 25)
    copied(Path("images"), Path("new/folder"))
    assert [path.name for path in sorted(Path("new/folder").iterdir())] == [f"{number:06d}.png" for number in range(1, 13)]
    assert all(np.array_equal(made, scene(number)) for number, made in enumerate(pixels(Path("new/folder"))))
    Path("images/frame5.png").write_bytes(b"no image")
    done = copied(Path("images"), Path("cut.mp4"))
    assert done.frames == 5 and "frame5.png" in done.cut
