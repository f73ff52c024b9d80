"""Real files of every kind through the package, each frame as it is: what is in a clip survives the way."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from viceversa.errors import UsageError
from viceversa.video import Clip, Frame, Work, form_for, make_clip, open_clip
from viceversa.video.coding import LUMA, Coding, from_rgb, to_rgb
from video.films import AS_IT_IS, Picture, copied, far, film, heard, pixels, scene, times, truncated

CODINGS = {
    "bt709, tv": (1, 1, 1, 1),
    "bt709, pc": (2, 1, 1, 13),
    "bt601, tv": (1, 6, 6, 6),
    "bt601, pc": (2, 5, 5, 6),
    "bt2020, tv": (1, 9, 9, 16),
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def described(path: str) -> tuple[int, ...]:
    """Range, matrix, primaries and transfer, as PyAV reads them."""
    with av.open(path) as container:
        context = container.streams.video[0].codec_context
        return tuple(map(int, (context.color_range, context.colorspace, context.color_primaries, context.color_trc)))


@pytest.mark.parametrize("matrix", LUMA)
@pytest.mark.parametrize("full", [False, True])
def test_colors_there_and_back(matrix: int, full: bool) -> None:
    """White is 235, 128, 128 in tv and 255, 128, 128 in pc; saturated colors come back within what 8 bits of YCbCr hold."""
    coding = Coding(full, matrix)
    for level, luma in ((0, 0 if full else 16), (255, 255 if full else 235)):
        assert from_rgb(np.full((1, 1, 3), level, np.uint8), coding).ravel().tolist() == [luma, 128, 128]
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    apart = np.abs(to_rgb(from_rgb(image, coding), coding).astype(int) - image)
    assert apart.max() <= 3 and apart.mean() < 0.7


@pytest.mark.parametrize("kind", CODINGS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_coding_of_colors_is_kept(kind: str, suffix: str) -> None:
    """The clip is coded by libswscale; what the package sees of it is nearly what was coded, and so is what it writes."""
    frames = film(Path(f"clip{suffix}"), 3, coding=CODINGS[kind], layout="yuv444p")
    assert far(pixels(Path(f"clip{suffix}"))[1], frames[1]) < 1.5
    copied(Path(f"clip{suffix}"), Path(f"out{suffix}"))
    assert described(f"out{suffix}") == described(f"clip{suffix}") == CODINGS[kind]
    assert far(pixels(Path(f"out{suffix}"))[1], frames[1]) < 2


def test_the_wrong_coding_would_be_seen() -> None:
    """Or the test above shows nothing."""
    frames = film(Path("clip.mp4"), 1, coding=CODINGS["bt709, tv"])
    planes = from_rgb(frames[0], Coding(False, 1))
    assert far(to_rgb(planes, Coding(True, 1)), frames[0]) > 3 and far(to_rgb(planes, Coding(False, 6)), frames[0]) > 3


def test_a_coding_that_is_not_said_is_guessed_and_then_said() -> None:
    film(Path("clip.mp4"), 2, coding=(0, 6, 2, 2))
    with av.open("clip.mp4") as container:
        assert container.streams.video[0].codec_context.colorspace == 6
    film(Path("rgb.mkv"), 2, layout="bgr0", encoder="ffv1", coding=(0, 2, 2, 2))
    copied(Path("rgb.mkv"), Path("out.mkv"))
    assert described("out.mkv")[:2] == (1, 6) and far(pixels(Path("out.mkv"))[1], scene(1)) < 1.5


def test_every_frame_keeps_its_own_time() -> None:
    """Of a clip whose frames are shown for 30 to 400 ms."""
    moments = [0, 3, 10, 11, 40, 80, 83, 100, 104, 120, 160, 161, 200]
    film(Path("clip.mp4"), 13, times=moments)
    for name in ("out.mp4", "out.mkv", "out.mov", "out.webm"):
        assert copied(Path("clip.mp4"), Path(name)).frames == 13
        assert times(Path(name)) == [Fraction(moment, 100) for moment in moments], name


def test_the_rate_and_the_length_are_kept() -> None:
    film(Path("clip.mp4"), 12)
    copied(Path("clip.mp4"), Path("out.mp4"))
    facts = []
    for name in ("clip.mp4", "out.mp4"):
        with av.open(name) as container:
            stream = container.streams.video[0]
            facts.append((stream.average_rate, stream.frames, stream.duration * stream.time_base, stream.time_base))
    assert facts[0] == facts[1] and facts[1][:2] == (25, 12)


@pytest.mark.parametrize(("codec", "name"), [("aac", "out.mp4"), ("aac", "out.mkv"), ("libopus", "out.webm"), ("flac", "out.mov")])
def test_the_sound_is_kept_packet_by_packet(codec: str, name: str) -> None:
    film(Path("clip.mkv"), 12, sound=codec)
    if codec == "flac":
        with pytest.raises(UsageError, match=r"\.mov files cannot hold the clip's sound \(flac\): give `out` a name in \.mkv"):
            copied(Path("clip.mkv"), Path(name))
        assert not Path(name).exists() and not Path(f"{name}.parts").exists()
        return
    copied(Path("clip.mkv"), Path(name))
    before, after = heard(Path("clip.mkv")), heard(Path(name))
    assert len(after) > 20 and [sound for _, sound in after] == [sound for _, sound in before]
    assert max(abs(one - other) for (one, _), (other, _) in zip(before, after, strict=True)) <= Fraction(1, 1000)


def test_odd_sides_and_whole_colors() -> None:
    for size, layout in (((47, 63), "yuv444p"), ((48, 64), "yuv444p"), ((48, 64), "yuv420p")):
        film(Path("clip.mp4"), 3, size=size, layout=layout)
        copied(Path("clip.mp4"), Path("out.mp4"))
        with av.open("out.mp4") as container:
            stream = container.streams.video[0]
            assert (stream.height, stream.width, stream.codec_context.pix_fmt) == (*size, layout)


@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (-90, -1), (180, 2)])
def test_a_rotated_clip_comes_out_upright(degrees: int, turns: int) -> None:
    frames = film(Path("clip.mp4"), 3, rotation=degrees, aspect=Fraction(4, 3))
    copied(Path("clip.mp4"), Path("out.mp4"))
    with av.open("out.mp4") as container:
        frame = next(container.decode(video=0))
        assert frame.rotation == 0 and (frame.height, frame.width) == ((48, 64) if turns == 2 else (64, 48))
        assert container.streams.video[0].sample_aspect_ratio == (Fraction(4, 3) if turns == 2 else Fraction(3, 4))
    assert far(pixels(Path("out.mp4"))[0], np.rot90(frames[0], turns)) < 2.5


@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4"])
@pytest.mark.parametrize("share", [0.6, 0.9])
def test_of_a_truncated_clip_what_can_be_read_is_kept(name: str, share: float) -> None:
    options = {"movflags": "faststart"} if name == "clip.mp4" else {}
    film(Path(name), 60, sound="aac", options=options)
    truncated(name, share)
    done = copied(Path(name), Path("out.mp4"))
    assert done.cut and 10 < done.frames < 60
    made = pixels(Path("out.mp4"))
    assert len(made) == done.frames == len(times(Path("out.mp4")))
    assert all(far(frame, scene(number)) < 3 for number, frame in enumerate(made))
    assert heard(Path("out.mp4"))[-1][0] <= done.frames / 25


def test_a_whole_clip_is_not_called_truncated() -> None:
    for name, sound in (("a.mp4", ""), ("b.mkv", "aac"), ("c.webm", "libopus"), ("d.ts", "aac"), ("e.avi", "")):
        film(Path(name), 30, sound=sound, encoder="libvpx-vp9" if name == "c.webm" else "libx264")
        done = copied(Path(name), Path("out.mkv"))
        assert (done.cut, done.frames) == ("", 30), name
        assert times(Path("out.mkv"))[0] < Fraction(1, 5), "a transport stream begins at some other time"


def test_what_is_no_clip_is_said_and_nothing_is_left() -> None:
    Path("empty.mp4").write_bytes(b"")
    Path("broken.mp4").write_bytes(b"no video at all" * 1000)
    Path("broken.gif").write_bytes(b"GIF89a and no more")
    film(Path("head.mp4"), 40)
    truncated("head.mp4", 0.5)  # its index is at its end
    film(Path("sound.mp4"), 10, video=False, sound="aac")
    Path("none").mkdir()
    reasons = {
        "empty.mp4": "'empty.mp4' is empty: give another file",
        "broken.mp4": "'broken.mp4' is broken or no video (invalid data",
        "broken.gif": "no frame of 'broken.gif' can be read",
        "head.mp4": "'head.mp4' is broken or no video",
        "sound.mp4": "'sound.mp4' has no video in it",
        "none": "there are no images in 'none'",
    }
    before = set(Path().iterdir())
    for name, reason in reasons.items():
        with pytest.raises(UsageError) as error:
            copied(Path(name), Path("out.mp4"))
        assert reason in str(error.value) and "\n" not in str(error.value)
        assert set(Path().iterdir()) == before


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
    "list.mp4": "ffconcat version 1.0\nfile {other}\n",
}
"""Files that FFmpeg takes for clips, and that only name others."""


@pytest.mark.parametrize("name", PLAYLISTS)
@pytest.mark.parametrize("other", ["other.mp4", "other.ts"])
def test_a_playlist_leads_to_no_other_file(name: str, other: str) -> None:
    film(Path(other), 3)
    Path(name).write_text(PLAYLISTS[name].format(other=other))
    with pytest.raises(UsageError, match=re.escape(f"'{name}' is broken or no video")):
        open_clip(Path(name))


def test_ffmpeg_by_itself_would_follow_playlists() -> None:
    """So the test above can fail."""
    film(Path("other.ts"), 3)
    for name in ("list.m3u8", "list.mp4"):
        Path(name).write_text(PLAYLISTS[name].format(other="other.ts"))
        with av.open(name) as container:
            assert len(list(container.decode(video=0))) == 3


def test_frames_that_change_their_size_end_the_clip() -> None:
    Path("images").mkdir()
    for number, size in enumerate(((48, 64), (48, 64), (32, 64))):
        Image.fromarray(scene(number, *size)).save(f"images/{number}.png")
    done = copied(Path("images"), Path("out.mp4"))
    assert done.frames == 2 and done.cut == "frame 3 has 64x32 pixels, the first 64x48"


def test_places_that_cannot_be() -> None:
    film(Path("clip.mp4"), 3)
    Path("full").mkdir()
    Path("full/file").touch()
    Path("folder.mp4").mkdir()
    for out, reason in (
        ("clip.mp4", "'clip.mp4' is the clip to read"),
        ("full", "'full' is not an empty folder"),
        ("folder.mp4", "'folder.mp4' is a folder"),
        ("out.avi", "'out.avi' cannot be written: end it with .gif, .m4v, .mkv, .mov, .mp4, .webm, or name a folder"),
    ):
        with pytest.raises(UsageError) as error:
            copied(Path("clip.mp4"), Path(out))
        assert reason in str(error.value)
    for rate in (0, -1, 1e9, float("nan")):
        with pytest.raises(UsageError, match=r"give from 0\.01 to 1000 frames a second"):
            open_clip(Path("full"), fps=rate)
    with pytest.raises(UsageError, match="has its own frame times"):
        open_clip(Path("clip.mp4"), fps=10)


def test_memory_does_not_grow_with_the_clip() -> None:
    """120 frames of 0.2 MB, and never 5 MB in Python's hands."""

    def frames() -> Iterator[Frame]:
        for number in range(120):
            image: Picture = np.full((256, 256, 3), number, np.uint8)
            yield Frame(image, number, 1)

    clip = Clip(Path("made"), 256, 256, frames, Fraction(1, 25), Fraction(25))
    tracemalloc.start()
    assert make_clip(clip, Path("out.mp4"), form_for(clip, Path("out.mp4")), AS_IT_IS, Work({}, measured=False)).frames == 120
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20, peak


def test_a_matrix_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match=r"matrix 8 of H.273 cannot be read: convert the clip to bt709 first"):
        Coding(False, 8)
