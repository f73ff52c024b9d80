"""`translate --full-size`, `--mask` and `--key`, on real files: what is in an image survives the way."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

import processes
import viceversa as vv
from cli.own import exit_code
from viceversa.data.sets.avatars import first_avatars
from viceversa.images.decoding import decode
from viceversa.images.layers import read_layers
from viceversa.inference.masks import Region
from viceversa.inference.preprocessing import Manner

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GRAY = SRGB[:16] + b"GRAY" + SRGB[20:]
ASKED = ("--from", "hair=black,glasses=no,beard=no,smile=no,tone=0.5", "--to", "glasses=yes")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def face(height: int = 90, width: int = 70) -> NDArray[np.uint8]:
    """A real avatar's picture, of another size than the model's."""
    (pixels,) = first_avatars(1, 64).splits["test"]["avatars"].pixels
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def alpha(height: int = 90, width: int = 70) -> NDArray[np.uint8]:
    return np.broadcast_to(np.linspace(0, 255, width).astype(np.uint8)[None, :, None], (height, width, 1))


def translate(name: str, *options: str) -> Path:
    """The one result, at full size."""
    assert exit_code("translate", "avatars", name, *ASKED, "--full-size", "--out", "o", "--overwrite", *options) == 0
    (path,) = Path("o").iterdir()
    return path


def told(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The one line that refuses it."""
    assert exit_code("translate", "avatars", "face.png", *ASKED, "--out", "o", *options) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and not Path("o").exists()
    return said


KINDS: dict[str, tuple[str, NDArray[Any]]] = {
    "color": ("png", face()),
    "color and alpha": ("png", np.concatenate([face(), alpha()], 2)),
    "gray": ("png", face()[..., 0]),
    "gray and alpha": ("png", np.concatenate([face()[..., :1], alpha()], 2)),
    "color of 16 bits": ("png", face().astype(np.uint16) * 257 + 1),
    "color of 16 bits and alpha": ("png", np.concatenate([face(), alpha()], 2).astype(np.uint16) * 257),
    "gray of 16 bits": ("png", face()[..., 0].astype(np.uint16) * 257 + 1),
    "gray of 16 bits and alpha": ("png", np.concatenate([face()[..., :1], alpha()], 2).astype(np.uint16) * 257),
}
KINDS |= {f"{name}, TIFF": ("tif", pixels) for name, (_, pixels) in KINDS.items()}


def save(path: Path, pixels: NDArray[Any]) -> None:
    """By the libraries themselves, with a color profile in TIFF."""
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if path.suffix == ".tif":
        kind = {"photometric": "rgb" if channels > 2 else "minisblack", "iccprofile": SRGB if channels > 2 else GRAY}
        tifffile.imwrite(path, pixels, **kind, **({} if channels in (1, 3) else {"extrasamples": ["unassalpha"]}))
    elif pixels.dtype == np.uint16:
        path.write_bytes(imagecodecs.png_encode(pixels))
    else:
        Image.fromarray(pixels).save(path, icc_profile=SRGB if channels > 2 else GRAY)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_in_a_file_survives_the_way(name: str) -> None:
    suffix, pixels = KINDS[name]
    save(Path(f"face.{suffix}"), pixels)
    before, path = read_layers(Path(f"face.{suffix}")), translate(f"face.{suffix}")
    after = read_layers(path)
    assert path.suffix == f".{suffix}"
    assert after.colors.shape == before.colors.shape == (90, 70, 1 if "gray" in name else 3)
    assert after.colors.dtype == before.colors.dtype == pixels.dtype
    assert (after.alpha is None) == ("alpha" not in name)
    if before.alpha is not None and after.alpha is not None:
        assert np.array_equal(after.alpha, before.alpha) and np.ptp(after.alpha)
    assert after.profile == before.profile
    assert after.profile or pixels.dtype == np.uint16
    changed = np.abs(after.colors.astype(float) - before.colors) / np.iinfo(pixels.dtype).max
    assert changed.max() > 0.2, "it was translated"


def test_an_outside_reader_agrees() -> None:
    """What is written is what Pillow and tifffile make of it."""
    save(Path("face.tif"), np.concatenate([face(), alpha()], 2).astype(np.uint16) * 257)
    with tifffile.TiffFile(translate("face.tif")) as file:
        page = file.pages[0]
        assert page.shape == (90, 70, 4) and page.dtype == np.uint16 and page.extrasamples == (2,)
        assert page.tags.valueof(34675) == SRGB
    save(Path("eight.tif"), np.concatenate([face(), alpha()], 2))
    assert exit_code("translate", "avatars", "eight.tif", *ASKED, "--full-size", "--out", "p") == 0
    with Image.open("p/eight.tif") as image:
        assert (image.mode, image.size, image.info["icc_profile"]) == ("RGBA", (70, 90), SRGB)


def test_the_orientation_is_honored_and_gone() -> None:
    lying, exif = Image.fromarray(face()).transpose(Image.Transpose.ROTATE_90), Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter, clockwise
    lying.save("face.jpg", exif=exif, quality=100, subsampling=0, icc_profile=SRGB)
    with Image.open(translate("face.jpg")) as image:
        assert image.format == "PNG" and image.size == (70, 90)
        assert not image.getexif() and image.info["icc_profile"] == SRGB
    made = decode(Path("o/face.png"))
    with Image.open("face.jpg") as image:
        ImageOps.exif_transpose(image).save("face.png", exif=b"")
    assert np.array_equal(decode(translate("face.png")), made)


def test_a_profile_for_other_colors_is_left_out() -> None:
    """A CMYK image becomes RGB."""
    Image.fromarray(face()).convert("CMYK").save("face.jpg", icc_profile=SRGB[:16] + b"CMYK" + SRGB[20:])
    with Image.open(translate("face.jpg")) as image:
        assert image.mode == "RGB" and "icc_profile" not in image.info


def test_hidden_colors_do_not_matter() -> None:
    """Where all is transparent the network sees the run's background, whatever lies there."""
    model, hole = vv.load("avatars"), np.full((90, 70, 1), 255, np.uint8)
    hole[:20] = 0
    made = []
    for hidden in (0, 200):
        colors = face().copy()
        colors[:20] = hidden
        Image.fromarray(np.concatenate([colors, hole], 2)).save("hole.png")
        made.append(model.translate("hole.png", "glasses=yes", source=ASKED[1], full_size=True))
    assert np.array_equal(*map(np.asarray, made))


def test_pictures_in_python() -> None:
    model, keep = vv.load("avatars"), Manner(full_size=True)
    image = Image.fromarray(np.concatenate([face(), alpha()], 2))
    image.info["icc_profile"] = SRGB
    made = model.translate(image, "glasses=yes", source=ASKED[1], full_size=True)
    assert (made.mode, made.size) == ("RGBA", (70, 90)) and np.array_equal(np.asarray(made)[..., 3:], alpha())
    made.save("made.png")
    assert read_layers(Path("made.png")).profile == SRGB
    chain = model.chain(face(), ["glasses=yes", "glasses=no"], source=ASKED[1], full_size=True)
    assert [each.size for each in chain] == [(70, 90)] * 2
    (array,) = model.arrays(face().astype(np.uint16) * 257, ["glasses=yes"], source=ASKED[1], manner=keep)
    assert array.shape == (90, 70, 3) and array.dtype == np.uint16
    assert np.abs(array / 257 - np.asarray(chain[0])).max() <= 0.5


def test_at_the_runs_size_it_is_what_it_is_without() -> None:
    model, image = vv.load("avatars"), face(64, 64)
    one, other = (model.translate(image, "glasses=yes", source=ASKED[1], full_size=keep) for keep in (False, True))
    assert np.array_equal(one, other)


def test_tiles_make_what_the_whole_image_makes() -> None:
    large = np.asarray(Image.fromarray(face()).resize((300, 260), Image.Resampling.BICUBIC))
    Image.fromarray(large).save("large.png")
    whole = decode(translate("large.png"))
    assert exit_code("translate", "avatars", "large.png", *ASKED, "--full-size", "--memory", "12", "--out", "tiles") == 0
    tiled = decode(Path("tiles/large.png"))
    assert whole.shape == (260, 300, 3)
    assert np.abs(whole.astype(int) - tiled).max() <= 1 and (whole != tiled).mean() < 1e-3


PEAK = """
import numpy as np, sys, viceversa as vv
from pathlib import Path
from viceversa.inference.model import Manner
def resident(kind):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(kind)) / 1024
def translate(image, memory):
    asked = {"source": "hair=black,glasses=no,beard=no,smile=no,tone=0.5", "manner": Manner(full_size=True, memory=memory)}
    model.arrays(image, ["glasses=yes"], **asked)
model = vv.load("avatars")
image = np.random.default_rng(0).integers(0, 256, (int(sys.argv[1]), 640, 3), np.uint8)
translate(image[:64, :64], 64)
Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
before = resident("VmRSS")
translate(image, int(sys.argv[2]))
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_bounded() -> None:
    """Of a whole process, beyond what it has anyway: 32 MiB for the layers, and a few bytes a pixel for the image."""

    def peak(height: int, memory: int) -> float:
        return float(processes.run(PEAK, height, memory).stdout)

    assert peak(640, 32) <= 32 + 640 * 640 * 32 / 2**20
    assert peak(640, 4096) > 2 * 32, "or the test shows nothing"


def test_a_mask_leaves_the_rest_alone_bit_for_bit() -> None:
    Image.fromarray(face()).save("face.png")
    mask = np.zeros((90, 70), np.uint8)
    mask[20:60, 10:60] = 255
    Image.fromarray(mask).save("mask.png")
    free = decode(translate("face.png"))
    for options, inside in (((), mask > 0), (("--outside",), mask == 0)):
        made = decode(translate("face.png", "--mask", "mask.png", *options))
        assert np.array_equal(made, np.where(inside[..., None], free, face())), options
    soft = decode(translate("face.png", "--mask", "mask.png", "--feather", "4"))
    assert np.array_equal(soft[mask == 0], face()[mask == 0]) and np.array_equal(soft[25:55, 15:55], free[25:55, 15:55])
    row = (soft[40, 10:14].astype(float), face()[40, 10:14].astype(float), free[40, 10:14].astype(float))
    share = np.arange(1, 5)[:, None] / 5
    assert np.abs(row[0] - (row[1] + share * (row[2] - row[1]))).max() <= 0.51


def test_a_key_in_the_image_and_in_a_mask() -> None:
    image = face().copy()
    image[:30] = 0, 250, 0
    Image.fromarray(image).save("face.png")
    free, key = decode(translate("face.png")), (image == (0, 250, 0)).all(2)
    assert not np.array_equal(free[:30], image[:30])
    made = decode(translate("face.png", "--key", "#00ff00:5", "--outside"))
    assert np.array_equal(made, np.where(key[..., None], image, free))
    parts = np.zeros((90, 70, 3), np.uint8)
    parts[30:50] = 255, 0, 0
    Image.fromarray(parts).save("parts.png")
    made = decode(translate("face.png", "--mask", "parts.png", "--key", "red"))
    assert (
        np.array_equal(made[30:50], free[30:50]) and np.array_equal(made[:30], image[:30]) and np.array_equal(made[50:], image[50:])
    )


def test_a_mask_at_the_runs_size_goes_the_way_of_the_image() -> None:
    large = np.asarray(Image.fromarray(face()).resize((256, 256), Image.Resampling.BICUBIC))
    mask = np.zeros((256, 256), np.uint8)
    mask[:, 128:] = 255
    for name, pixels in (("face.png", large), ("mask.png", mask)):
        Image.fromarray(pixels).save(name)
    before = vv.load("avatars").preprocessing.prepared("face.png", "avatars")[0]
    for options in ((), ("--mask", "mask.png")):
        out = "masked" if options else "free"
        assert exit_code("translate", "avatars", "face.png", *ASKED, "--out", out, *options) == 0
    free, made = (decode(Path(name, "face.png")) for name in ("free", "masked"))
    assert made.shape == (64, 64, 3)
    assert np.array_equal(made[:, :30], before[:, :30]) and np.array_equal(made[:, 34:], free[:, 34:])


def test_a_chain_in_python_leaves_the_rest_alone() -> None:
    mask = np.zeros((90, 70, 1), np.uint8)
    mask[:45] = 255
    manner = Manner(full_size=True, region=Region(mask))
    made = vv.load("avatars").arrays(face(), ["glasses=yes", "hair=blond"], source=ASKED[1], manner=manner)
    assert all(np.array_equal(each[45:], face()[45:]) and not np.array_equal(each[:45], face()[:45]) for each in made)


def test_differences_at_full_size() -> None:
    Image.fromarray(face()[..., 0]).save("face.png")
    assert exit_code("translate", "avatars", "face.png", *ASKED, "--full-size", "--difference", "--out", "o") == 0
    made, found = (decode(Path("o", name)) for name in ("face.png", "face-difference.png"))
    assert np.array_equal(found[..., 0], np.abs(made[..., 0].astype(int) - face()[..., 0]))


def test_what_cannot_be_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(face()).save("face.png")
    Image.new("L", (5, 4)).save("small.png")
    Path("broken.png").write_bytes(b"no image")
    assert "the mask has 5x4 pixels, the image 70x90" in told(capsys, "--full-size", "--mask", "small.png")
    assert "the mask 'missing.png' does not exist" in told(capsys, "--mask", "missing.png")
    assert "cannot read the image 'broken.png'" in told(capsys, "--mask", "broken.png", "--skip-bad")
    assert "--key 'nothing' is not a color" in told(capsys, "--key", "nothing")
    assert "give a --mask of the part that may change, or the color of that part as --key" in told(capsys, "--feather", "3")
    assert "from 0 to 255 levels, not 999" in told(capsys, "--key", "red:999")
    assert "as in '#00ff00:40'" in told(capsys, "--key", "red:-1")
    assert "--memory 0: give at least 1 MiB" in told(capsys, "--full-size", "--memory", "0")
    Image.fromarray(face()).resize((300, 300)).save("face.png")
    assert "--memory 1 is too little" in told(capsys, "--full-size", "--memory", "1")


def test_a_file_of_five_channels_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    tifffile.imwrite("face.tif", np.zeros((80, 80, 5), np.uint8), photometric="minisblack", planarconfig="contig")
    assert exit_code("translate", "avatars", "face.tif", *ASKED, "--full-size", "--out", "o") == 2
    said = capsys.readouterr().err
    assert "this run needs images with 3 channels, not 5" in said and said.count("\n") == 1


def test_the_commands_of_the_page_run() -> None:
    """With the packaged model in the place of another run."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "translating.md").read_text()
    lines = [shlex.split(line) for line in page.splitlines() if line.startswith("    viceversa ")]
    for name in ("meadow.tif", "studio.png", "horses.png"):
        Image.fromarray(face()).save(name)
    assert len(lines) == 3
    for line in lines:
        words = ["avatars" if word == "runs/h2z" else "hair=blond" if word == "zebra" else word for word in line]
        assert exit_code(*words[1:]) == 0, line
    assert {path.name for path in Path("zebras").iterdir()} == {"meadow.tif", "studio.png"}


def test_a_photograph_of_paper_is_flattened_first() -> None:
    """Gray, darker to one side, with black lines: what is translated is as if the lines were on white."""
    lines = np.full((64, 64, 3), 255, np.uint8)
    lines[20:22, 10:50] = lines[40:42, 10:50] = 0
    light = np.linspace(230, 150, 64)[None, :, None] / 255
    Image.fromarray((lines * light).astype(np.uint8)).save("paper.png")
    Image.fromarray(lines).save("lines.png")
    for name, out, more in (("paper.png", "flat", ["--paper"]), ("paper.png", "as-it-is", []), ("lines.png", "clean", [])):
        assert exit_code("translate", "avatars", name, *ASKED, "--out", out, *more) == 0
    flat, rough, clean = (np.asarray(Image.open(next(Path(out).iterdir()))).astype(float) for out in ("flat", "as-it-is", "clean"))
    assert np.abs(flat - clean).mean() < 0.2 * np.abs(rough - clean).mean()
