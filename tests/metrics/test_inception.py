"""The official networks: what is said where they cannot be had, and how images pass through networks like them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from viceversa.data.sources import open_dataset
from viceversa.device import CPU
from viceversa.errors import UsageError
from viceversa.evaluation.comparison import comparison_of
from viceversa.images.pixels import Pixels
from viceversa.metrics.chain_protocol import translating
from viceversa.metrics.extractors import extractor_named
from viceversa.metrics.features import lite0
from viceversa.metrics.inception import WEIGHTS, WIDTH, extractor

PACKAGE = {
    "__init__.py": "",
    "feature_extractor_inceptionv3.py": "class FeatureExtractorInceptionV3:\n    def __init__(self, *of):\n        {}\n",
    "sample_similarity_lpips.py": "class SampleSimilarityLPIPS:\n    def __init__(self, name):\n        pass\n",
}


class Network(nn.Module):
    """Like the package's: bytes in, a tuple of features out."""

    def forward(self, images: Tensor) -> tuple[Tensor]:
        assert images.dtype == torch.uint8 and images.shape[1] == 3
        return (images.float().mean((2, 3)).repeat(1, WIDTH)[:, :WIDTH],)


class Similarity(nn.Module):
    def forward(self, images: Tensor, others: Tensor) -> Tensor:
        assert images.dtype == others.dtype == torch.uint8 and images.shape == others.shape
        return (images.float() - others.float()).abs().mean((1, 2, 3))[:, None, None]


def noise(*shape: int) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def installed(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of that name, whose network does `body` when it is made."""
    (folder / "torch_fidelity").mkdir()
    for name, text in PACKAGE.items():
        (folder / "torch_fidelity" / name).write_text(text.format(body) if "{}" in text else text)
    for name in [name for name in sys.modules if name.startswith("torch_fidelity")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(folder))


def test_names() -> None:
    assert extractor_named("lite0", CPU) is lite0(CPU)
    with pytest.raises(UsageError, match=r"unknown feature network 'incepton'. Did you mean 'inception'\?"):
        extractor_named("incepton", CPU)


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    models = {"nothing": translating(lambda image, *_: image)}
    with pytest.raises(UsageError, match=r"pip install 'viceversa\[inception\]'") as caught:
        comparison_of(models, open_dataset("avatars", 32), samples=4, cycles=0, quiet=True, features="inception")
    assert "\n" not in str(caught.value)


def test_weights_that_cannot_be_had_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    installed(tmp_path, "raise OSError('no\\n route to host')", monkeypatch)
    with pytest.raises(UsageError, match="cannot download the official weights") as caught:
        extractor_named("inception", CPU)
    said = str(caught.value)
    assert "no route to host" in said and str(folder) in said and all(name in said for name in WEIGHTS)
    (folder / WEIGHTS[1]).touch()
    with pytest.raises(UsageError) as caught:
        extractor_named("inception", CPU)
    assert WEIGHTS[0] in str(caught.value) and WEIGHTS[1] not in str(caught.value), "only what is missing"


def test_a_package_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, "pass", monkeypatch)
    broken = tmp_path / "torch_fidelity" / "feature_extractor_inceptionv3.py"
    broken.write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    with pytest.raises(UsageError, match=r"operator torchvision::nms does not exist.*a torchvision that fits"):
        extractor_named("inception", CPU)


def test_images_reach_the_networks_as_bytes_in_color() -> None:
    official = extractor(Network(), Similarity(), CPU)
    assert (official.name, official.width, official.fewest) == ("inception-v3-compat", 2048, 2000)
    source, darker = noise(3, 8, 8, 3), noise(3, 8, 8, 3) // 2
    first, second = official.compared(source, [source, darker])
    assert first.features.shape == (3, 2048) and first.features.dtype == np.float32
    np.testing.assert_allclose(first.features[:, :3], source.mean((1, 2)), rtol=1e-5)
    assert not first.perceptual.any()
    np.testing.assert_allclose(second.perceptual, (source.astype(float) - darker).__abs__().mean((1, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(official.features(source[..., :1])[:, 2], source[..., 0].mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(official.features(source.astype(np.uint16) * 257), first.features)
    assert np.isnan(official.compared(source, [darker[:, :4]])[0].perceptual).all(), "of two sizes"
