"""Results of `translate` and `stylize`: the file that is named, nothing overwritten, and what is left out is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from cli.own import exit_code
from viceversa.images.layers import Header, read_header, read_layers

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CMYK = SRGB[:16] + b"CMYK" + SRGB[20:]
ASKED = ("--from", "hair=black,glasses=no,beard=no,smile=no,tone=0.5", "--to", "glasses=yes")
QUICK = ("--size", "32", "--sizes", "1", "--evaluations", "1")
COLOR = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
ALPHA = np.broadcast_to(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (48, 64, 1))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(COLOR[:, :48]).resize((64, 64)).save("face.png")
    Image.fromarray(COLOR).save("photo.png")


def translate(*arguments: str) -> int:
    return exit_code("translate", "avatars", *arguments, *ASKED)


def stylize(content: str, *arguments: str) -> int:
    return exit_code("stylize", content, "face.png", *QUICK, *arguments)


def contents() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.jpg", "a.jpeg", "a.tif", "a.tiff", "a.webp", "a.bmp", "new/a.png"])
@pytest.mark.parametrize("command", [translate, stylize])
def test_a_path_with_an_images_suffix_is_the_file(command: type[translate], name: str) -> None:
    assert command("face.png", "--out", name) == 0
    with Image.open(name) as image:
        formats = {"jpg": "JPEG", "jpeg": "JPEG", "tif": "TIFF", "tiff": "TIFF"}
        suffix = name.rpartition(".")[2].lower()
        assert image.format == formats.get(suffix, suffix.upper()) and image.mode == "RGB"
    assert set(contents()) == {"face.png", "photo.png", name}


def test_it_is_what_the_folder_would_get() -> None:
    assert translate("face.png", "--out", "a.png", "--difference") == translate("face.png", "--out", "o", "--difference") == 0
    files = contents()
    assert files["a.png"] == files["o/face.png"] and files["a-difference.png"] == files["o/face-difference.png"]
    Path("folder.png").mkdir()
    assert translate("face.png", "--out", "folder.png") == 0 and Path("folder.png/face.png").exists()


def test_in_16_bits_with_alpha_and_profile() -> None:
    deep = np.dstack([COLOR, ALPHA]).astype(np.uint16) * 257
    tifffile.imwrite("deep.tif", deep, photometric="rgb", extrasamples=["unassalpha"], iccprofile=SRGB)
    for name in ("a.png", "a.tif"):
        assert translate("deep.tif", "--full-size", "--out", name) == 0
        found = read_layers(Path(name))
        assert found.colors.dtype == np.uint16 and np.array_equal(found.alpha, deep[..., 3:]) and found.profile == SRGB


REFUSED = {
    ("face.png", "photo.png", "--out", "a.png"): "--out 'a.png' is the name of one image: name a folder for the results of several",
    (".", "--out", "a.jpg"): "--out 'a.jpg' is the name of one image",
    ("face.png", "--out", "a.psd"): "'a.psd' is not the name of an image: end it with .png, .jpg or .tif",
    ("face.png", "--out", "a.npy"): "'a.npy' is not the name of an image",
    ("face.png", "--out", "face.png"): "'face.png' is one of the images to translate",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_other_names_are_refused_in_one_line(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    before = contents()
    assert translate(*arguments) == 2
    said = capsys.readouterr().err
    assert REFUSED[arguments] in said and said.count("\n") == 1 and contents() == before and not Path("a.png").exists()


@pytest.mark.parametrize(
    ("command", "arguments", "result"),
    [
        (translate, ("face.png", "--out", "a.png"), "a.png"),
        (translate, ("photo.png", "face.png", "--out", "o"), "o/face.png"),
        (translate, ("face.png", "--out", "a.png", "--difference"), "a-difference.png"),
        (translate, ("face.png",), "translated/face.png"),
        (stylize, ("photo.png", "--out", "a.jpg"), "a.jpg"),
        (stylize, ("photo.png",), "stylized.png"),
        (stylize, ("photo.png", "--strip", "s.png"), "s.png"),
    ],
)
def test_a_result_that_exists_is_not_overwritten(
    command: type[translate], arguments: tuple[str, ...], result: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(result).parent.mkdir(exist_ok=True)
    Path(result).write_text("mine")
    before = contents()
    assert command(*arguments) == 2
    said = capsys.readouterr().err
    assert said == f"viceversa: '{result}' exists already: add --overwrite, or choose another place with --out.\n"
    assert contents() == before, "nothing was begun"
    assert command(*arguments, "--overwrite") == 0 and Path(result).read_bytes() != b"mine"


def test_how_many_results_exist_is_said_and_what_is_none_does_not_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert translate("face.png", "photo.png", "--out", "o") == 0
    capsys.readouterr()
    assert translate("face.png", "photo.png", "--out", "o") == 2
    assert "'o/face.png' exists already, and so does 1 more result: " in capsys.readouterr().err
    Image.fromarray(COLOR).save("face.tif")
    Path("face.png").unlink()
    assert translate("face.tif", "--full-size", "--out", "o") == 0, "it becomes o/face.tif"


def test_a_clip_that_exists_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    frames = [Image.fromarray(np.roll(COLOR, 3 * number, 1)) for number in range(2)]
    frames[0].save("clip.gif", save_all=True, append_images=frames[1:], duration=50)
    Path("out.gif").write_text("mine")
    for command in (translate, stylize):
        assert command("clip.gif", "--out", "out.gif") == 2
        assert "'out.gif' exists already: add --overwrite" in capsys.readouterr().err
        assert Path("out.gif").read_text() == "mine" and not Path("out.gif.parts").exists()
    assert translate("clip.gif", "--out", "out.gif", "--overwrite") == 0
    assert "resized 64x48 -> 64x64; --full-size keeps the size\n" in capsys.readouterr().err


def without_doubts(said: str) -> list[str]:
    """The lines but the warnings of images unlike those of the training, as these are."""
    return [line for line in said.splitlines() if " does not look like the images that " not in line]


def test_resizing_is_said_once_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (160, 108)).save("big.jpg")

    def said(*arguments: str) -> list[str]:
        capsys.readouterr()
        assert translate(*arguments, "--overwrite") == 0
        return without_doubts(capsys.readouterr().err)

    assert said("big.jpg") == [
        "resized 160x108 -> 64x64; --full-size keeps the size",
        "cut out the middle 108x108 of 'big.jpg'; --full-size keeps the whole image",
    ]
    assert said("big.jpg", "photo.png", "face.png") == [
        "resized 160x108 -> 64x64 and 1 more image; --full-size keeps the size",
        "cut out the middle 108x108 of 'big.jpg' and 1 more image; --full-size keeps the whole image",
    ]
    assert said("big.jpg", "face.png", "--full-size") == said("face.png") == []


def full() -> None:
    """Pages, transparency, a color profile, a camera."""
    exif = Image.Exif()
    exif[271] = "Maker"
    image = Image.fromarray(np.dstack([COLOR, ALPHA]))
    image.save("scan.tif", save_all=True, append_images=[image], icc_profile=SRGB, exif=exif)
    Image.fromarray(COLOR).save("photo.jpg", icc_profile=SRGB, exif=exif)
    Image.fromarray(COLOR).convert("CMYK").save("ink.jpg", icc_profile=CMYK)
    Image.fromarray(np.dstack([COLOR, ALPHA])).save("clear.png", icc_profile=SRGB)


PAGES, CAMERA = "used only the first page or frame of 'scan.tif'", "dropped the metadata (EXIF: date, camera, place) of "
INK = "dropped the color profile, which is for other channels, of 'ink.jpg'"
CLEAR = "filled transparent parts with the background in {}; --full-size keeps them transparent"


@pytest.mark.parametrize(
    ("command", "arguments", "lines"),
    [
        (translate, ("scan.tif", "--full-size"), [PAGES, f"{CAMERA}'scan.tif'"]),
        (translate, ("photo.jpg", "scan.tif", "--full-size"), [f"{CAMERA}'photo.jpg' and 1 more image", PAGES]),
        (translate, ("photo.jpg", "--full-size"), [f"{CAMERA}'photo.jpg'"]),
        (translate, ("ink.jpg", "--full-size"), [INK]),
        (translate, ("clear.png", "--full-size"), []),
        (translate, ("clear.png", "--full-size", "--out", "a.jpg"), ["dropped transparency of 'a.jpg'; .png and .tif keep it"]),
        (translate, ("clear.png", "--full-size", "--out", "a.bmp"),
         ["dropped transparency, a color profile of 'a.bmp'; .png and .tif keep it"]),
        (translate, ("clear.png",), [CLEAR.format("'clear.png'")]),
        (stylize, ("scan.tif",), [PAGES, f"{CAMERA}'scan.tif'"]),
        (stylize, ("ink.jpg",), [INK]),
        (stylize, ("clear.png",), []),
        (stylize, ("clear.png", "--out", "a.webp"), []),
        (stylize, ("clear.png", "--out", "a.jpg"), ["dropped transparency of 'a.jpg'; .png and .tif keep it"]),
    ],
)  # fmt: skip
def test_what_is_left_out_is_said(
    command: type[translate], arguments: tuple[str, ...], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    full()
    assert command(*arguments) == 0
    said = [line for line in without_doubts(capsys.readouterr().err) if not line.startswith(("resized", "cut out"))]
    assert sorted(said) == sorted(lines)


def test_the_color_profile_is_kept_at_the_runs_size_too() -> None:
    full()
    assert translate("photo.jpg", "clear.png", "--out", "o") == 0
    assert [read_layers(Path("o", name)).profile for name in ("photo.png", "clear.png")] == [SRGB] * 2
    for name in ("a.jpg", "a.webp", "a.tif"):
        assert translate("photo.jpg", "--out", name) == 0 and read_layers(Path(name)).profile == SRGB


def test_stylize_keeps_alpha_and_the_color_profile() -> None:
    full()
    for name in ("a.png", "a.tif", "a.webp"):
        assert stylize("clear.png", "--out", name, "--strip", f"{name}.strip.png") == 0
        made = read_layers(Path(name))
        assert made.profile == SRGB and made.alpha is not None and made.colors.shape == (32, 32, 3)
        smooth = np.asarray(Image.fromarray(ALPHA[..., 0]).resize((32, 32), Image.Resampling.BICUBIC)).astype(int)
        assert np.abs(made.alpha[..., 0] - smooth).max() <= 2
    assert stylize("photo.jpg", "--out", "b.jpg") == 0 and read_layers(Path("b.jpg")).profile == SRGB


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (translate, ("photo.png",)),
        (translate, ("face.png", "--max-pixels", "4096", "--mask", "large.png", "--full-size")),
        (translate, ("face.png", "--max-pixels", "10", "--reference", "face.png")),
        (translate, ("folder", "--fps", "2", "--max-pixels", "10")),
        (stylize, ("photo.png",)),
        (stylize, ("face.png", "--mask", "large.png", "--max-pixels", "4096")),
    ],
)
def test_a_limit_of_pixels_names_its_flag(
    command: type[translate], arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (65, 64)).save("large.png")
    Path("folder").mkdir()
    Image.fromarray(COLOR).save("folder/0.png")
    limit = () if "--max-pixels" in arguments else ("--max-pixels", "3071")
    assert command(*arguments, *limit) == 2
    said = capsys.readouterr().err
    assert "pixels, against decompression bombs" in said and "allow more with --max-pixels" in said and said.count("\n") == 1
    if not limit:
        return
    assert command(*arguments, "--max-pixels", "4096", "--out", "more.png") == 0
    assert command(*arguments, "--max-pixels", "0") == 2 and "--max-pixels 0: give at least 1 pixel" in capsys.readouterr().err


def test_headers_of_every_kind() -> None:
    full()
    assert read_header(Path("scan.tif")) == Header(48, 64, 3, 8, profile=SRGB, tiff=True, alpha=True, exif=True, more=True)
    plain = read_header(Path("photo.png"))
    assert not (plain.profile or plain.tiff or plain.alpha or plain.exif or plain.more) and plain.size == "64x48"
