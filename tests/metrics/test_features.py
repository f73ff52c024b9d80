"""The extractor lite0@128: its resize, its features, the perceptual distance and the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from viceversa.data.sets.avatars import labels_of, render
from viceversa.errors import UsageError
from viceversa.images.pixels import Pixels
from viceversa.metrics.features import as_input, extract, measure, perceptual, reference_features
from viceversa.networks.lite0 import load_lite0


@pytest.fixture(scope="module")
def faces() -> Pixels:
    """Six avatars, 32 x 32."""
    return render(range(6), labels_of(range(6)), 32)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def noise(*shape: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("size", [(32, 32), (28, 40), (128, 128), (200, 150)])
def test_resizes_as_pillow_does_channel_by_channel(size: tuple[int, int]) -> None:
    images = noise(2, *size, 3)
    for image, result in zip(images, as_input(images), strict=True):
        for channel in range(3):
            plane = Image.fromarray(image[..., channel].astype(np.float32))
            expected = np.asarray(plane.resize((128, 128), Image.Resampling.BICUBIC)).clip(0, 255)
            # float32 sums in another order, at values of up to 255: a few units in the last place, 1.5e-5 each
            np.testing.assert_allclose((result[channel].numpy() + 1) * 127.5, expected, atol=5e-4)


def test_prepared_images_are_clipped_and_not_rounded() -> None:
    image = np.zeros((1, 32, 32, 3), np.uint8)
    image[:, :, 16:] = 255  # bicubic overshoots at an edge
    result = as_input(image)
    assert result.min() == -1 and result.max() == 1
    assert ((result + 1) * 127.5 % 1 > 0.01).any()


def test_gray_images_are_repeated(faces: Pixels) -> None:
    gray = faces[..., :1]
    np.testing.assert_array_equal(extract(gray), extract(gray.repeat(3, 3)))


def test_features_do_not_depend_on_the_batch_and_the_threads_are_left_as_they_were(faces: Pixels) -> None:
    threads, heard = torch.get_num_threads(), list[int]()
    many = extract(np.concatenate([faces] * 6), heard.append)  # 36 images: more than one batch
    assert many.shape == (36, 1280) and many.dtype == np.float32
    assert heard == [18, 18]
    assert torch.get_num_threads() == threads
    np.testing.assert_allclose(many[30:], extract(faces), atol=1e-4)  # features reach about 5
    assert extract(faces[:0]).shape == (0, 1280)


def test_perceptual_is_its_formula(faces: Pixels) -> None:
    images, others = faces[:2], faces[2:4]
    expected = np.zeros(2)
    for left, right in zip(load_lite0()(as_input(images))[0], load_lite0()(as_input(others))[0], strict=True):
        f, g = left.double().numpy(), right.double().numpy()
        # |f/|f| - g/|g||^2 = 2 - 2 cos
        cosine = (f * g).sum(1) / np.sqrt((f**2).sum(1) * (g**2).sum(1))
        expected += (2 - 2 * cosine).mean((1, 2))
    np.testing.assert_allclose(perceptual(images, others), expected, rtol=1e-4)  # float32 sums of thousands of terms
    assert (expected > 0.1).all()


def test_perceptual_is_zero_for_equal_images_and_symmetric(faces: Pixels) -> None:
    assert not perceptual(faces, faces.copy()).any()
    np.testing.assert_array_equal(perceptual(faces, faces[::-1]), perceptual(faces[::-1], faces))


def test_perceptual_grows_with_the_strength_of_noise(faces: Pixels) -> None:
    normal = np.random.default_rng(0).normal(size=faces.shape)
    noisy = [(faces + strength * normal).round().clip(0, 255).astype(np.uint8) for strength in (2, 8, 32)]
    distances = np.stack([result.perceptual for result in measure(faces, noisy)])
    assert (np.diff(distances, axis=0) > 0).all()  # for every face


def test_measure_is_extract_and_perceptual_of_every_set(faces: Pixels) -> None:
    other, heard = noise(6, 28, 28, 1), list[int]()
    first, second = measure(faces, [faces[::-1], other], heard.append)
    np.testing.assert_array_equal(first.features, extract(faces[::-1]))
    np.testing.assert_array_equal(second.features, extract(other))
    np.testing.assert_array_equal(second.perceptual, perceptual(faces, other))
    assert heard == [6, 6]
    with pytest.raises(ValueError, match=r"6 source images .* sets of \[5\]"):
        measure(faces, [faces[:5]])


def test_reference_features_come_from_the_cache(faces: Pixels, cache: Path) -> None:
    features = reference_features(faces)
    np.testing.assert_array_equal(features, extract(faces))
    (file,) = cache.iterdir()
    np.save(file, np.full((6, 1280), 7, np.float32))
    again = reference_features(faces)
    assert isinstance(again, np.memmap) and (again == 7).all()
    reference_features(faces[:5])
    assert len(list(cache.iterdir())) == 2


def test_a_damaged_cache_file_is_computed_again(faces: Pixels, cache: Path) -> None:
    expected = reference_features(faces).copy()
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    np.testing.assert_array_equal(reference_features(faces), expected)
    assert reference_features(faces).shape == (6, 1280)


def test_a_cache_that_cannot_be_written_is_named(faces: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VICEVERSA_CACHE", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="Set VICEVERSA_CACHE"):
        reference_features(faces)
