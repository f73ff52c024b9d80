"""Image files of every kind into arrays and back; and files that are broken, or lie, or are none."""

from __future__ import annotations

import gc
import io
import os
import struct
import sys
import time
import warnings
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from viceversa.errors import UsageError
from viceversa.images.decoding import MOST_PIXELS, SUFFIXES, BadImage, TooLarge, decode, describe, encode, suffix_for

_random = np.random.default_rng(0)
GRAY = _random.integers(0, 256, (5, 7), dtype=np.uint8)
COLOR = _random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
GRAY_16 = _random.integers(0, 65536, (5, 7), dtype=np.uint16)
COLOR_16 = _random.integers(0, 65536, (5, 7, 3), dtype=np.uint16)
MANY_16 = _random.integers(0, 65536, (5, 7, 6), dtype=np.uint16)
SMOOTH = np.add.outer(np.arange(48), np.arange(64))[..., None] + np.array([0, 40, 80])


def _saved(path: Path, pixels: NDArray[Any] | Image.Image, **options: Any) -> Path:
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(path, **options)
    return path


def _tiff(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    tifffile.imwrite(path, pixels, **options)
    return path


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _is(path: Path, wanted: NDArray[Any]) -> None:
    """Decoded it is these pixels, and described their shape and bits."""
    wanted = wanted[..., None] if wanted.ndim == 2 else wanted
    pixels = decode(path)
    assert pixels.dtype == wanted.dtype and pixels.shape == wanted.shape and (pixels == wanted).all()
    assert describe(path) == (*wanted.shape, wanted.itemsize * 8)
    assert pixels.flags.writeable and pixels.flags.c_contiguous


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "webp", "gif"])
def test_gray_and_color_in_8_bits(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    color = np.where(COLOR > 99, 255, 0).astype(np.uint8)  # few colors, as GIF has at most 256
    _is(_saved(tmp_path / f"color.{suffix}", color, **options), color)
    gray = _saved(tmp_path / f"gray.{suffix}", GRAY, **options)
    if suffix in ("webp", "gif"):  # which have no gray of their own
        assert (decode(gray, channels=1)[..., 0] == GRAY).all()
    else:
        _is(gray, GRAY)
    assert f".{suffix}" in SUFFIXES


@pytest.mark.parametrize("suffix", ["jpg", "jpeg"])
def test_jpeg(tmp_path: Path, suffix: str) -> None:
    smooth = SMOOTH.astype(np.uint8)
    pixels = decode(_saved(tmp_path / f"color.{suffix}", smooth, quality=100, subsampling=0))
    assert pixels.shape == smooth.shape and np.abs(pixels.astype(int) - smooth).max() <= 3  # rounding of the color transform
    gray = decode(_saved(tmp_path / f"gray.{suffix}", smooth[..., 0], quality=100))
    assert gray.shape == (48, 64, 1) and np.abs(gray[..., 0].astype(int) - smooth[..., 0]).max() <= 2
    assert describe(tmp_path / f"color.{suffix}") == (48, 64, 3, 8)
    assert describe(tmp_path / f"gray.{suffix}") == (48, 64, 1, 8)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_in_8_bits_needs_pillow_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str | None) -> None:
    for package in ("tifffile", "imagecodecs"):
        monkeypatch.setitem(sys.modules, package, None)
    _is(_saved(tmp_path / "color.tif", COLOR, compression=compression), COLOR)
    _is(_saved(tmp_path / "gray.tif", GRAY_16, compression=compression), GRAY_16)


def test_one_bit(tmp_path: Path) -> None:
    for suffix in ("png", "tif", "bmp"):
        _is(_saved(tmp_path / f"image.{suffix}", Image.fromarray(GRAY > 99)), np.where(GRAY > 99, 255, 0).astype(np.uint8))


def test_palettes(tmp_path: Path) -> None:
    picture = Image.new("P", (3, 1))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.putdata([0, 1, 2])
    wanted = np.array([[[10, 20, 30], [40, 50, 60], [70, 80, 90]]], np.uint8)
    for suffix in ("png", "tif", "bmp", "gif"):
        _is(_saved(tmp_path / f"image.{suffix}", picture), wanted)
    wanted[0, 1] = 0
    for suffix in ("png", "gif"):
        _is(_saved(tmp_path / f"transparent.{suffix}", picture, transparency=1), wanted)
    with_alpha = Image.new("PA", (1, 1))
    with_alpha.putpalette([200, 100, 0])
    with_alpha.putalpha(128)
    _is(_saved(tmp_path / "alpha.tif", with_alpha), np.array([[[100, 50, 0]]], np.uint8))  # 200 x 128 / 255 = 100.4


def test_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 3), color) for color in ((255, 0, 0), (0, 255, 0))]
    wanted = np.broadcast_to(np.array([255, 0, 0], np.uint8), (3, 4, 3))
    for suffix, options in (("gif", {}), ("tif", {}), ("webp", {"lossless": True}), ("png", {})):
        _is(_saved(tmp_path / f"image.{suffix}", frames[0], save_all=True, append_images=frames[1:], **options), wanted)


def test_cmyk(tmp_path: Path) -> None:
    inks = np.array([[[255, 0, 0, 0], [0, 0, 0, 255], [0, 128, 255, 0], [0, 0, 0, 0]]], np.uint8)
    wanted = np.array([[[0, 255, 255], [0, 0, 0], [255, 127, 0], [255, 255, 255]]], np.uint8)
    _is(_saved(tmp_path / "image.tif", Image.fromarray(inks, "CMYK")), wanted)
    _is(_tiff(tmp_path / "16.tif", inks.astype(np.uint16) * 257, photometric="separated"), wanted.astype(np.uint16) * 257)
    plain = Image.new("CMYK", (16, 16), (0, 128, 255, 0))
    decoded = decode(_saved(tmp_path / "image.jpg", plain, quality=100))
    assert decoded.shape == (16, 16, 3) and np.abs(decoded.astype(int) - (255, 127, 0)).max() <= 2


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(tmp_path: Path, suffix: str, orientation: int) -> None:
    """Each is how a camera would have stored the upright image: what must be undone is written as turns and mirrors."""
    upright = np.zeros((16, 32), np.uint8)
    upright[:8, :8], upright[8:, 24:] = 255, 128
    stored = {
        1: upright,
        2: np.fliplr(upright),
        3: np.rot90(upright, 2),
        4: np.flipud(upright),
        5: upright.T,
        6: np.rot90(upright),
        7: np.rot90(upright, 2).T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    options = {"lossless": True} if suffix == "webp" else {"quality": 100} if suffix == "jpg" else {}
    path = _saved(tmp_path / f"image.{suffix}", np.ascontiguousarray(stored), exif=exif, **options)
    pixels = decode(path, channels=1)[..., 0]
    assert pixels.shape == upright.shape == describe(path)[:2]
    assert np.abs(pixels.astype(int) - upright).max() <= 2  # JPEG's rounding; blocks of 8 x 8 are even


def test_orientation_in_tifffile_s_images_and_behind_the_pixels_of_a_png(tmp_path: Path) -> None:
    turned = _tiff(tmp_path / "a.tif", MANY_16, photometric="minisblack", planarconfig="contig", extratags=[(274, 3, 1, 6)])
    _is(turned, np.rot90(MANY_16, -1))
    exif = Image.Exif()
    exif[274] = 8
    content = _saved(tmp_path / "b.png", COLOR).read_bytes()
    end = content.index(b"IEND") - 4
    (tmp_path / "b.png").write_bytes(content[:end] + _chunk(b"eXIf", exif.tobytes()[6:]) + content[end:])
    _is(tmp_path / "b.png", np.rot90(COLOR))


def test_broken_exif_is_no_reason_to_refuse(tmp_path: Path) -> None:
    for suffix in ("png", "jpg"):
        path = _saved(tmp_path / f"image.{suffix}", COLOR, exif=b"Exif\0\0II*\0\xff\xff\xff\xffnonsense")
        assert decode(path).shape == (5, 7, 3)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_alpha_over_a_background(tmp_path: Path, suffix: str) -> None:
    pixels = np.array([[[200, 100, 0, 0], [200, 100, 0, 128], [200, 100, 0, 255]]], np.uint8)
    path = _saved(tmp_path / f"image.{suffix}", pixels, **({"lossless": True, "exact": True} if suffix == "webp" else {}))
    _is(path, np.array([[[0, 0, 0], [100, 50, 0], [200, 100, 0]]], np.uint8))
    white = [[[255, 255, 255], [227, 177, 127], [200, 100, 0]]]  # 200 x 128/255 + 255 x 127/255 = 227.4
    assert decode(path, background=255).tolist() == white
    assert decode(path, background=(0, 255, 0))[0, :2].tolist() == [[0, 255, 0], [100, 177, 0]]


def test_gray_with_alpha(tmp_path: Path) -> None:
    pixels = np.array([[[200, 0], [200, 128], [200, 255]]], np.uint8)
    path = _saved(tmp_path / "image.png", pixels)
    _is(path, np.array([[0, 100, 200]], np.uint8))
    assert decode(path, background=(255, 0, 0))[..., 0].tolist() == [[76, 138, 200]]  # 255 red is gray 76
    assert decode(path, background=(255, 0, 0), channels=3)[0, 0].tolist() == [255, 0, 0]
    key = _saved(tmp_path / "key.png", np.array([[7, 8]], np.uint8), transparency=7)
    assert decode(key, background=255)[..., 0].tolist() == [[255, 8]]


def test_alpha_in_16_bits(tmp_path: Path) -> None:
    pixels = np.array([[[50000, 1, 65535, 0], [50000, 1, 65535, 32768], [50000, 1, 65535, 65535]]], np.uint16)
    wanted = [[[0, 0, 0], [25000, 1, 32768], [50000, 1, 65535]]]  # 50000 x 32768/65535 = 25000.4; 0.50001 is rounded to 1
    white = [[[65535] * 3, [57767, 32768, 65535], [50000, 1, 65535]]]  # and + 65535 x 32767/65535
    (tmp_path / "image.png").write_bytes(imagecodecs.png_encode(pixels))
    for path in (tmp_path / "image.png", _tiff(tmp_path / "image.tif", pixels, photometric="rgb")):
        assert decode(path).tolist() == wanted and describe(path) == (1, 3, 3, 16)
        assert decode(path, background=255).tolist() == white
    gray = np.ascontiguousarray(pixels[..., [0, 3]])
    (tmp_path / "gray.png").write_bytes(imagecodecs.png_encode(gray))
    for path in (tmp_path / "gray.png", _tiff(tmp_path / "gray.tif", gray, photometric="minisblack", extrasamples=["unassalpha"])):
        _is(path, np.array([[0, 25000, 50000]], np.uint16))
    light = pixels.copy()
    light[..., :3] = wanted
    path = _tiff(tmp_path / "premultiplied.tif", light, photometric="rgb", extrasamples=["assocalpha"])
    assert decode(path, background=255).tolist() == [[[65535] * 3, [57767, 32768, 65535], [50000, 1, 65535]]]


def test_transparent_color_in_16_bits(tmp_path: Path) -> None:
    for pixels in (GRAY_16, COLOR_16):
        content = imagecodecs.png_encode(pixels)
        start = content.index(b"IDAT") - 4
        key = _chunk(b"tRNS", np.atleast_1d(pixels[0, 0]).astype(">u2").tobytes())
        (tmp_path / "image.png").write_bytes(content[:start] + key + content[start:])
        wanted = pixels.copy()
        wanted[0, 0] = 0
        _is(tmp_path / "image.png", wanted)


def test_16_bits_are_exact(tmp_path: Path) -> None:
    _is(_saved(tmp_path / "gray.png", GRAY_16), GRAY_16)
    (tmp_path / "color.png").write_bytes(imagecodecs.png_encode(COLOR_16))
    _is(tmp_path / "color.png", COLOR_16)
    for order in "<>":
        for options in ({}, {"compression": "lzw", "predictor": True}, {"compression": "zlib", "tile": (16, 16)}):
            _is(_tiff(tmp_path / "gray.tif", GRAY_16, byteorder=order, photometric="minisblack", **options), GRAY_16)
            _is(_tiff(tmp_path / "color.tif", COLOR_16, byteorder=order, photometric="rgb", **options), COLOR_16)
    _is(_tiff(tmp_path / "big.tif", COLOR_16, photometric="rgb", bigtiff=True), COLOR_16)
    inverted = _tiff(tmp_path / "inverted.tif", GRAY_16, photometric="miniswhite")
    _is(inverted, 65535 - GRAY_16)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 12])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_of_many_channels(tmp_path: Path, count: int, dtype: type, compression: str | None) -> None:
    pixels = _random.integers(0, 256, (5, 7, count)).astype(dtype)
    options = {"photometric": "minisblack", "compression": compression}
    _is(_tiff(tmp_path / "interleaved.tif", pixels, planarconfig="contig", **options), pixels)
    planar = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    _is(_tiff(tmp_path / "planar.tif", planar, planarconfig="separate", **options), pixels)
    if count > 3:
        unspecified = ["unspecified"] * (count - 3)
        options = {"photometric": "rgb", "compression": compression, "extrasamples": unspecified}
        _is(_tiff(tmp_path / "rgb.tif", pixels, planarconfig="contig", **options), pixels)


def test_floats_become_16_bits(tmp_path: Path) -> None:
    values = np.array([[0, 0.25, 1]], np.float32)
    wanted = np.array([[0, 16384, 65535]], np.uint16)  # 65535 / 4 = 16383.75
    np.save(tmp_path / "image.npy", values)
    _is(tmp_path / "image.npy", wanted)
    _is(_saved(tmp_path / "image.tif", values), wanted)
    _is(_tiff(tmp_path / "double.tif", values.astype(np.float64)), wanted)
    _is(_tiff(tmp_path / "color.tif", np.stack([values] * 3, 2), photometric="rgb"), np.stack([wanted] * 3, 2))
    for wrong in (np.nan, np.inf, -0.1, 1.1):
        np.save(tmp_path / "image.npy", np.array([[0.5, wrong]], np.float32))
        _saved(tmp_path / "image.tif", np.array([[0.5, wrong]], np.float32))
        for suffix in ("npy", "tif"):
            _refused(tmp_path / f"image.{suffix}", r"not in \[0, 1\]")


@pytest.mark.parametrize("pixels", [GRAY, COLOR, GRAY_16, COLOR_16, MANY_16, np.asfortranarray(MANY_16), MANY_16.astype(">u2")])
def test_npy(tmp_path: Path, pixels: NDArray[Any]) -> None:
    np.save(tmp_path / "image.npy", pixels)
    _is(tmp_path / "image.npy", pixels.astype(pixels.dtype.newbyteorder("=")))


def test_gray_from_color_and_back(tmp_path: Path) -> None:
    path = _saved(tmp_path / "color.png", COLOR)
    assert (decode(path, channels=1)[..., 0] == np.asarray(Image.fromarray(COLOR).convert("L"))).all()
    assert (decode(_saved(tmp_path / "gray.png", GRAY), channels=3) == GRAY[..., None]).all()
    encode(np.array([[[65535, 65535, 65535], [0, 65535, 0]]], np.uint16), tmp_path / "16.png")
    assert decode(tmp_path / "16.png", channels=1)[..., 0].tolist() == [[65535, 38469]]  # 65535 x 38470 / 65536 = 38469.4
    np.save(tmp_path / "many.npy", MANY_16)
    for count in (1, 3):
        with pytest.raises(BadImage, match=f"it has 6 channels, not {count}"):
            decode(tmp_path / "many.npy", channels=count)
    with pytest.raises(BadImage, match="it has 3 channels, not 6"):
        decode(path, channels=6)


_shapes = st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4, 5, 13]))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(pixels=st.sampled_from([np.uint8, np.uint16]).flatmap(lambda dtype: arrays.arrays(dtype, _shapes)))
def test_what_is_saved_comes_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, pixels: NDArray[Any]) -> None:
    path = tmp_path_factory.getbasetemp() / f"saved{suffix_for(pixels)}"
    encode(pixels, path)
    _is(path, pixels)


def test_views_are_saved_and_the_wrong_suffix_is_refused(tmp_path: Path) -> None:
    for pixels in (COLOR_16[::-1, ::2], MANY_16[:, ::-1], COLOR[:, ::-1], GRAY_16[::2, ::-1, None]):
        path = tmp_path / f"new folder/image{suffix_for(pixels)}"
        encode(pixels, path)
        _is(path, pixels)
    for pixels, name in ((COLOR, "image.jpg"), (MANY_16, "image.png")):
        with pytest.raises(UsageError, match=name):
            encode(pixels, tmp_path / name)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["image.png", "image.tif", "new folder"]


def _refused(path: Path, reason: str) -> None:
    for read in (decode, describe):
        if read is describe and reason in ("truncated", r"not in \[0, 1\]"):  # which the header does not tell
            continue
        with pytest.raises(BadImage, match=reason) as caught:
            read(path)
        assert "\n" not in str(caught.value) and repr(str(path)) in str(caught.value)


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    _refused(tmp_path / "none.png", "No such file")
    _refused(tmp_path, "is a folder")
    (tmp_path / "empty.png").touch()
    _refused(tmp_path / "empty.png", "empty")
    (tmp_path / "text\n.png").write_text("I am a picture\n")
    _refused(tmp_path / "text\n.png", "not an image of a known format")
    (tmp_path / "script.png").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")  # Pillow would run a program
    _refused(tmp_path / "script.png", "not an image of a known format")
    for device in ("/dev/zero", "/dev/stdin"):
        (tmp_path / "device.png").unlink(missing_ok=True)
        (tmp_path / "device.png").symlink_to(device)
        if not Path(device).is_file():
            _refused(tmp_path / "device.png", "not a regular file")
    (tmp_path / "loop.png").symlink_to("loop.png")
    _refused(tmp_path / "loop.png", "symbolic link")
    os.mkfifo(tmp_path / "pipe.png")
    _refused(tmp_path / "pipe.png", "not a regular file")


@pytest.mark.parametrize(
    "array", [np.array([[{}]]), np.zeros((2, 2), np.int64), np.zeros((2, 2), "c8"), np.zeros(4, "u1"), np.zeros((0, 3), "u1"),
              np.zeros((1, 2, 3, 4), "u1"), np.zeros((2, 2), [("a", "u1")]), np.zeros((2, 2), bool)]
)  # fmt: skip
def test_other_arrays_are_refused(tmp_path: Path, array: NDArray[Any]) -> None:
    np.save(tmp_path / "image.npy", array)
    _refused(tmp_path / "image.npy", "object|its values are|its shape is|no pixels")


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "image.npy").write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "run").encode() + b"'\ntR.")
    _refused(tmp_path / "image.npy", "not an image")
    assert not (tmp_path / "run").exists()


def test_other_tiffs_are_refused(tmp_path: Path) -> None:
    _refused(_saved(tmp_path / "a.tif", Image.new("I", (3, 3))), "mode 'I'")
    _refused(_tiff(tmp_path / "b.tif", MANY_16.astype(np.int32), photometric="minisblack", planarconfig="contig"), "int32")
    _refused(_saved(tmp_path / "c.tif", Image.new("LAB", (3, 3))), "LAB")
    _refused(_tiff(tmp_path / "d.tif", np.zeros((8, 16, 16)), volumetric=True, tile=(16, 16, 16)), "its axes are")


def test_decompression_bombs(tmp_path: Path) -> None:
    def header(width: int, height: int) -> bytes:
        size = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + size + _chunk(b"IDAT", zlib.compress(bytes(99)))

    path = tmp_path / "bomb.png"
    for width, height in ((60000, 60000), (10001, 10000), (2**31 - 1, 2**31 - 1)):
        path.write_bytes(header(width, height))
        _refused(path, "limit")
    (tmp_path / "bomb.gif").write_bytes(b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;")
    _refused(tmp_path / "bomb.gif", "limit")
    with (tmp_path / "bomb.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (20000, 20000)})
        file.truncate(file.tell() + 20000 * 20000)  # sparse: a true header
    _refused(tmp_path / "bomb.npy", "limit")
    pixels = np.zeros((64, 64, 6), np.uint16)
    bomb = _tiff(tmp_path / "bomb.tif", pixels, photometric="minisblack", planarconfig="contig", compression="zlib")
    content = bytearray(bomb.read_bytes())
    for tag in (256, 257):  # width and height, each an entry of tag, type, count, value
        start = content.index(struct.pack("<HHI", tag, 4, 1)) + 8
        content[start : start + 4] = b"\xff\xff\0\0"
    bomb.write_bytes(content)
    _refused(bomb, "limit")
    small = _saved(tmp_path / "small.png", COLOR)
    assert decode(small, most_pixels=35).shape == (5, 7, 3)
    with pytest.raises(BadImage, match="limit of 34 pixels"):
        decode(small, most_pixels=34)
    with (tmp_path / "sparse.bmp").open("wb") as file:
        file.write(b"BM")
        file.truncate(2**33)
    _refused(tmp_path / "sparse.bmp", "too many")


def test_more_pixels_can_be_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond our limit and Pillow's own, which is 180 million; Pillow's is as before then."""
    Image.new("1", (20000, 10000), 1).save(tmp_path / "large.png")
    with pytest.raises(TooLarge, match="limit of 178956970 pixels, could be decompression bomb"):
        describe(tmp_path / "large.png")
    assert describe(tmp_path / "large.png", most_pixels=200_000_000) == (10000, 20000, 1, 8)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    color = np.where(COLOR > 99, 255, 0).astype(np.uint8)
    for suffix in ("png", "bmp", "gif", "tif", "webp", "jpg"):
        path = _saved(tmp_path / f"small.{suffix}", color)
        with pytest.raises(TooLarge, match="exceeds limit"):
            decode(path)
        assert decode(path, most_pixels=MOST_PIXELS + 1).shape == (5, 7, 3) and Image.MAX_IMAGE_PIXELS == 10


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode(COLOR_16, tmp_path / "color.png")
    encode(MANY_16, tmp_path / "many.tif")
    compressed = _tiff(tmp_path / "compressed.tif", COLOR_16, photometric="rgb", compression="lzw")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    _is(tmp_path / "many.tif", MANY_16)
    with pytest.raises(UsageError, match=r"compressed\.tif.*imagecodecs: pip install 'viceversa\[data\]'"):
        decode(compressed)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    for path, pixels in ((tmp_path / "color.png", COLOR_16), (tmp_path / "many.tif", MANY_16)):
        with pytest.raises(UsageError, match=r"pip install 'viceversa\[data\]'") as caught:
            decode(path)
        assert not isinstance(caught.value, BadImage)
        with pytest.raises(UsageError, match=r"pip install 'viceversa\[data\]'"):
            encode(pixels, path)


def _samples() -> dict[str, bytes]:
    """A file of each kind, as bytes."""
    smooth, files = SMOOTH.astype(np.uint8), {}
    for name, options in {
        "png": {"format": "PNG"},
        "jpg": {"format": "JPEG"},
        "webp": {"format": "WEBP"},
        "gif": {"format": "GIF"},
        "bmp": {"format": "BMP"},
        "ppm": {"format": "PPM"},
        "tga": {"format": "TGA", "compression": "tga_rle"},
        "jp2": {"format": "JPEG2000"},
        "avif": {"format": "AVIF"},
        "plain.tif": {"format": "TIFF"},
        "lzw.tif": {"format": "TIFF", "compression": "tiff_lzw"},
        "jpeg.tif": {"format": "TIFF", "compression": "jpeg"},
    }.items():
        buffer = io.BytesIO()
        Image.fromarray(smooth).save(buffer, **options)
        files[name] = buffer.getvalue()
    many = np.ascontiguousarray(np.concatenate([SMOOTH, SMOOTH], 2).astype(np.uint16) * 200)
    for name, options in {"many.tif": {}, "deflate.tif": {"compression": "zlib", "predictor": True, "tile": (16, 16)}}.items():
        buffer = io.BytesIO()
        tifffile.imwrite(buffer, many, photometric="minisblack", planarconfig="contig", metadata=None, **options)
        files[name] = buffer.getvalue()
    files["16.png"] = imagecodecs.png_encode(np.ascontiguousarray(many[..., :3]))
    buffer = io.BytesIO()
    np.save(buffer, many)
    files["npy"] = buffer.getvalue()
    return files


SAMPLES = _samples()


@pytest.mark.parametrize("name", SAMPLES)
def test_a_truncated_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"image.{name}"
    content = SAMPLES[name]
    for length in (len(content) // 2, len(content) * 3 // 4):
        path.write_bytes(content[:length])
        with pytest.raises(BadImage):
            decode(path)
    path.write_bytes(content)
    assert decode(path).shape[:2] == (48, 64)


@pytest.mark.parametrize("name", SAMPLES)
def test_broken_files_cost_no_references(tmp_path: Path, name: str) -> None:
    """A C extension that loses a reference to None with each ends the process, some thousand broken files later."""
    path = tmp_path / f"image.{name}"
    path.write_bytes(SAMPLES[name][: len(SAMPLES[name]) // 2])

    def references(files: int) -> int:
        for _ in range(files):
            with pytest.raises(BadImage):
                decode(path)
        gc.collect()
        return sys.getrefcount(None)

    gc.freeze()  # what is there already need not be looked at
    try:
        assert references(5) - references(100) < 50
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("name", SAMPLES)
def test_mutated_files_are_images_or_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """No other exception, nothing on stderr, also not from C; and soon: 100 million pixels would take seconds."""
    content, path, outcomes = SAMPLES[name], tmp_path / f"image.{name}", set()
    headers = st.integers(0, min(200, len(content) - 1)) | st.integers(max(0, len(content) - 300), len(content) - 1)
    flips = st.lists(st.tuples(headers | st.integers(0, len(content) - 1), st.integers(1, 255)), max_size=4)

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(length=st.just(len(content)) | st.integers(0, len(content)), flips=flips)
    def attack(length: int, flips: list[tuple[int, int]]) -> None:
        mutated = bytearray(content)
        for position, change in flips:
            mutated[position] ^= change
        path.write_bytes(mutated[:length])
        start = time.process_time()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                pixels = decode(path, most_pixels=1_000_000)
                assert pixels.dtype in (np.uint8, np.uint16) and pixels.ndim == 3 and pixels.size
                outcomes.add("image")
            except BadImage as error:
                assert "\n" not in str(error) and str(error).isprintable()
                outcomes.add("refused")
        assert not caught
        assert time.process_time() - start < 2

    attack()
    assert outcomes == {"image", "refused"}
    assert capfd.readouterr().err == "" and not caplog.records
