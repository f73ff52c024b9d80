"""Images given from Python, of all kinds, to every public function that takes one: they are what they are when read from a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from inference.test_model import FACES
from inference.test_model import model as toy
from viceversa.core.domains import Domain
from viceversa.core.method import Latent, Request
from viceversa.errors import UsageError
from viceversa.images.layers import Layers
from viceversa.images.load import Picture, layers_of, mask_of
from viceversa.images.normalizing import normalized
from viceversa.inference.masks import Region, blended, brightness, keyed
from viceversa.inference.model import Model
from viceversa.inference.preprocessing import Manner
from viceversa.inference.translation import start, translate_layers
from viceversa.metrics.labeller import Labeller
from viceversa.style.canvas import tensor_of
from viceversa.style.stylize import Stylize, stylize
from viceversa.video import consistency, translated_frames
from viceversa.video.stylizing import stylization

_RANDOM = np.random.default_rng(0)
GRAY = _RANDOM.integers(0, 256, (40, 36), np.uint8)
COLOR = _RANDOM.integers(0, 256, (40, 36, 3), np.uint8)
ALPHA = _RANDOM.integers(0, 256, (40, 36), np.uint8)
DEEP = _RANDOM.integers(0, 65536, (40, 36), np.uint16)
LIGHT = _RANDOM.random((40, 36)).astype(np.float32)
RGB, L = Image.fromarray(COLOR), Image.fromarray(GRAY)
RGBA, LA = Image.fromarray(np.dstack([COLOR, ALPHA])), Image.fromarray(np.dstack([GRAY, ALPHA]))
LABEL = "hair=black,glasses=no"


class Darker(nn.Module):
    """Of images of any size."""

    def __init__(self) -> None:
        super().__init__()
        self.share = nn.Parameter(torch.tensor(0.9))

    def forward(self, image: Tensor, source: Domain, target: Domain) -> Tensor:
        return image * self.share


def model() -> Model:
    darker, used = Darker(), toy()
    return replace(used, method=replace(used.method, translator=darker, networks=nn.ModuleDict({"generator": darker})))


def noted(image: Image.Image, **info: Any) -> Image.Image:
    image = image.copy()
    image.info |= info
    return image


def turned(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.getexif()[274] = 6
    return image


def premultiplied(image: Image.Image, mode: str) -> Image.Image:
    return image.convert(mode)


PALETTE = RGB.quantize(16)
KINDS: dict[str, tuple[Image.Image | NDArray[Any], str]] = {
    "1": (Image.fromarray(GRAY > 99), "png"),
    "L": (L, "png"),
    "L, a transparent level": (noted(L, transparency=int(GRAY[0, 0])), "png"),
    "LA": (LA, "png"),
    "La": (premultiplied(LA, "La"), "premultiplied"),
    "P": (PALETTE, "png"),
    "P, a transparent color": (noted(PALETTE, transparency=3), "png"),
    "P, transparent colors": (noted(PALETTE, transparency=bytes(range(0, 256, 16))), "png"),
    "PA": (PALETTE.convert("PA"), "tif"),
    "RGB": (RGB, "png"),
    "RGB, a transparent color": (noted(RGB, transparency=tuple(COLOR[0, 0].tolist())), "png"),
    "RGB, turned": (turned(RGB), "png"),
    "RGBA": (RGBA, "png"),
    "RGBa": (premultiplied(RGBA, "RGBa"), "premultiplied"),
    "RGBX": (RGB.convert("RGBX"), "converted"),
    "CMYK": (RGB.convert("CMYK"), "tif"),
    "YCbCr": (RGB.convert("YCbCr"), "converted"),
    "HSV": (RGB.convert("HSV"), "converted"),
    "I": (Image.fromarray(DEEP.astype(np.int32)), "of 16 bits"),
    "I;16": (Image.fromarray(DEEP), "png"),
    "I;16, turned": (turned(Image.fromarray(DEEP)), "png"),
    "I;16B": (Image.fromarray(DEEP.astype(">u2")), "tif"),
    "F": (Image.fromarray(LIGHT), "tif"),
    "uint8": (GRAY, "npy"),
    "uint8, color": (COLOR, "npy"),
    "uint16": (DEEP, "npy"),
    "float16": (LIGHT[..., None].astype(np.float16), "npy"),
    "float32": (LIGHT, "npy"),
    "float64, color": (COLOR / 255.0, "npy"),
}


def saved(given: Image.Image | NDArray[Any], how: str, folder: Path) -> Path:
    """The same image in a file."""
    path = folder / f"image.{ {'premultiplied': 'tif', 'converted': 'png', 'of 16 bits': 'png'}.get(how, how) }"
    if isinstance(given, np.ndarray):
        np.save(path, given)
    elif how == "premultiplied":
        kind = {"photometric": "rgb" if given.mode == "RGBa" else "minisblack", "planarconfig": "contig"}
        tifffile.imwrite(path, np.asarray(given), extrasamples=["assocalpha"], **kind)
    else:
        options = {key: value for key, value in given.info.items() if key == "transparency"}
        image = given.convert("RGB") if how == "converted" else Image.fromarray(DEEP) if how == "of 16 bits" else given
        image.save(path, exif=given.getexif(), **options)
    return path


def reads(image: Picture) -> NDArray[Any]:
    """The labels that a labeller reads off it, which are its first levels."""

    class First(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return images.flatten(1)[:, :4]

    used = replace(model(), labeller=Labeller(First(), FACES, 1.0, None))
    assert used.labeller is not None
    return (
        used.labeller.network(normalized(torch.tensor(used.preprocessing.prepared(image, "faces")))).numpy()
        + start(used, [image]).label.numpy()
    )


def refers(image: Picture) -> NDArray[Any]:
    """What reaches a method with styles of a reference image."""
    asked: list[NDArray[Any]] = []

    def destination(request: Request) -> Domain:
        assert request.reference is not None
        asked.append(request.reference.numpy())
        return Domain("faces", request.label)

    used = model()
    used = replace(used, method=replace(used.method, destination=destination, latent=Latent("code", 2)))
    used.translate(RGB, "hair=blond", reference=image)
    return asked[0]


def by_layers(image: Picture) -> NDArray[Any]:
    used, manner = model(), Manner(full_size=True)
    here = start(used, [image], LABEL)
    layers = used.preprocessing.opened(image, here.space, manner)
    return translate_layers(used, [layers], here, used.routing.target(here, "hair=blond"), manner)[0].pixels


def masks(image: Picture) -> NDArray[Any]:
    size = layers_of(image).colors.shape[:2]
    manner = Manner(full_size=True, region=Region(image, feather=2))
    weights = model().preprocessing.weights(Layers(np.zeros((*size, 3), np.uint8)), "faces", manner)
    assert weights is not None
    return weights


WHOLE = Manner(full_size=True)
FUNCTIONS: dict[str, Callable[[Picture], Any]] = {
    "layers_of": lambda image: layers_of(image).pixels,
    "mask_of": mask_of,
    "mask": masks,
    "prepared": lambda image: model().preprocessing.prepared(image, "faces"),
    "paper": lambda image: model().preprocessing.prepared(image, "faces", paper=True),
    "labeller": reads,
    "reference": refers,
    "translate": lambda image: model().translate(image, "hair=blond"),
    "translate at full size": lambda image: model().translate(image, "hair=blond", full_size=True),
    "chain": lambda image: model().chain(image, ["hair=blond", "glasses=no"])[-1],
    "arrays": lambda image: model().arrays(image, ["hair=blond"], manner=WHOLE)[0],
    "translate_layers": by_layers,
    "tensor_of": tensor_of,
    "frames": lambda image: next(iter(translated_frames(model(), [image], "hair=blond"))),
    "frames of a style": lambda image: stylization([RGB], Stylize(size=32), Stylize(size=32)).opened(image),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_from_python_is_what_its_file_is(kind: str, tmp_path: Path) -> None:
    given, how = KINDS[kind]
    path = saved(given, how, tmp_path)
    assert np.ptp(layers_of(path).colors) > 0
    for name, function in FUNCTIONS.items():
        made, expected = (np.asarray(function(image)) for image in (given, path))
        assert made.dtype == expected.dtype and np.array_equal(made, expected), name


@pytest.mark.parametrize("kind", ["P, transparent colors", "LA", "I;16", "F", "float32"])
def test_stylize_sees_what_is_in_the_file(kind: str, tmp_path: Path) -> None:
    """As content, style, mask and beginning at once."""
    given, how = KINDS[kind]
    path, settings = saved(given, how, tmp_path), Stylize(size=32, sizes=1, evaluations=2)
    made, expected = (stylize(image, image, settings, mask=image, start=image).image for image in (given, path))
    assert np.array_equal(np.asarray(made), np.asarray(expected))


def test_half_of_the_light_is_middle_gray_by_hand() -> None:
    half = np.full((16, 16), 0.5, np.float32)
    for given, expected in (
        (half, 32768), (Image.fromarray(half), 32768), (Image.fromarray(np.full((16, 16), 32768, np.int32)), 32768),
        (Image.fromarray(np.full((16, 16), 1000, np.uint16)), 1000), (Image.new("L", (16, 16), 128), 128),
        (Image.new("LA", (16, 16), (100, 0)), 0),
    ):  # fmt: skip
        assert (model().preprocessing.prepared(given, "faces") == expected).all()
    assert masks(Image.fromarray(half)).flat[0] == pytest.approx(0.5, abs=1e-4)


def test_what_pillow_has_opened_but_not_read(tmp_path: Path) -> None:
    for name, options in (("a.tif", {}), ("b.jpg", {"quality": 100}), ("c.png", {})):
        turned(RGB).save(tmp_path / name, exif=turned(RGB).getexif(), **options)
        with Image.open(tmp_path / name) as image:
            assert np.array_equal(layers_of(image).colors, layers_of(tmp_path / name).colors), name
    content = (tmp_path / "c.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    with Image.open(tmp_path / "cut.png") as image, pytest.raises(UsageError, match="cannot use Pillow's image of mode 'RGB': "):
        model().translate(image, "hair=blond")


WRONG: dict[str, tuple[Any, str]] = {
    "F to 255": (Image.fromarray(LIGHT * 255), r"mode 'F': its values are from .* not in \[0, 1\]; scale them"),
    "F, NaN": (Image.fromarray(np.full((40, 36), np.nan, np.float32)), "nan"),
    "I below 0": (Image.fromarray(np.full((40, 36), -1, np.int32)), r"mode 'I': its values are from -1 to -1, not in 0\.\.65535"),
    "I above": (Image.fromarray(np.full((40, 36), 70000, np.int32)), "70000"),
    "LAB": (Image.new("LAB", (36, 40)), "'LAB', which is not supported; convert it to 'L'"),
    "float to 255": (COLOR.astype(np.float64), r"an array \(40, 36, 3\) of float64: its values are from 0 to 255, not in \[0, 1\]"),
    "int64": (COLOR.astype(np.int64), "int64, not uint8, uint16 or floats"),
    "bool": (GRAY > 99, "of bool"),
    "empty": (np.zeros((0, 36), np.uint8), "no pixels"),
    "a batch": (COLOR[None], r"its shape is \(1, 40, 36, 3\)"),
    "none": (None, "an image must be a path, a Pillow image, or an array, not 'NoneType'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_other_images_are_refused_everywhere(kind: str) -> None:
    given, said = WRONG[kind]
    for name, function in FUNCTIONS.items():
        taken = (given is None and name in ("reference", "frames")) or (kind == "a batch" and name in SEVERAL)
        if not taken:  # of a reference there may be none, and these translate many images
            with pytest.raises(UsageError, match=said) as error:
                function(given)
            assert "\n" not in str(error.value), name
    for images in ({"content": given, "styles": RGB}, {"content": RGB, "styles": [given]}):
        with pytest.raises(UsageError, match=said):
            stylize(**images, settings=Stylize(size=32, evaluations=1))


SEVERAL = ("translate", "translate at full size", "chain")
"""What takes many images as well."""
BATCH = np.full((1, 16, 16, 3), 0.5, np.float32)


@pytest.mark.parametrize(
    "use",
    [
        lambda: model().labeller.read(BATCH),
        lambda: model().translate_pixels(BATCH, Domain("faces"), Domain("faces")),
        lambda: model().translate_pixels(COLOR, Domain("faces"), Domain("faces")),
        lambda: model().translate_images(torch.zeros(1, 3, 16, 16, dtype=torch.uint8), Domain("faces"), Domain("faces")),
        lambda: model().translate_images(torch.zeros(3, 16, 16), Domain("faces"), Domain("faces")),
        lambda: Layers(BATCH[0]),
        lambda: Layers(GRAY[..., None], ALPHA[..., None].astype(np.uint16)),
        lambda: brightness(LIGHT[..., None]),
        lambda: keyed(LIGHT[..., None], (0, 0, 0)),
        lambda: blended(BATCH[0], BATCH[0], LIGHT[:16, :16, None]),
        lambda: Region(mask=LIGHT).weights(COLOR, LIGHT),
        lambda: consistency([BATCH[0]] * 2, [BATCH[0]] * 2),
    ],
)
def test_functions_of_levels_refuse_other_values(use: Callable[[], object]) -> None:
    with pytest.raises(UsageError, match=r"must be .*, not |must have .*, not ") as error:
        use()
    assert "\n" not in str(error.value)


def test_the_table_of_functions_is_not_blind() -> None:
    """Each tells two images apart."""
    for name, function in FUNCTIONS.items():
        assert not np.array_equal(np.asarray(function(L)), np.asarray(function(Image.fromarray(255 - GRAY)))), name


def test_of_several_pages_the_first_is_used_and_it_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("scan.tif", "clip.gif", "clip.webp", "clip.png"):
        RGB.save(tmp_path / name, save_all=True, append_images=[Image.fromarray(255 - COLOR)])
        RGB.save(tmp_path / f"one-{name}")
    tifffile.imwrite(tmp_path / "deep.tif", np.stack([np.dstack([DEEP] * 3)] * 2), photometric="rgb")
    for path in sorted(tmp_path.iterdir()):
        caplog.clear()
        layers_of(path)
        assert [record.levelname for record in caplog.records] == ([] if path.name.startswith("one-") else ["WARNING"]), path
        assert all(f"{path.name}' has more than one page or frame" in record.message for record in caplog.records)


def test_a_limit_of_pixels_names_its_argument(tmp_path: Path) -> None:
    """In a file; an image that is in memory already needs none."""
    path = tmp_path / "image.png"
    L.save(path)
    said = "limit of 1439 pixels, against decompression bombs: if you trust the file, allow more with `most_pixels`"
    for use in (
        lambda: model().translate(path, "hair=blond", most_pixels=1439),
        lambda: model().translate(L, "hair=blond", mask=Region(path), most_pixels=1439),
        lambda: stylize(path, RGB, Stylize(size=32, evaluations=1), most_pixels=1439),
        lambda: stylize(RGB, path, Stylize(size=32, evaluations=1), most_pixels=1439),
    ):
        with pytest.raises(UsageError, match=said):
            use()
    few = model().translate(L, "hair=blond", most_pixels=1439)
    assert few == model().translate(path, "hair=blond", most_pixels=1440)
