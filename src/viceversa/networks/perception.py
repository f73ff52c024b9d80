"""Classifiers of photographs whose layers are used to compare images: VGG, SqueezeNet and EfficientNet-Lite0."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import safetensors
import torch
from torch import Tensor, nn

from viceversa.device import constant
from viceversa.errors import UsageError
from viceversa.networks.lite0 import load_lite0

Color = tuple[float, float, float]
Pool = Literal["max", "average"]
IMAGENET: tuple[Color, Color] = (0.485, 0.456, 0.406), (1 / 0.229, 1 / 0.224, 1 / 0.225)
"""Mean and scale of torchvision's networks: pixels are normalized by the statistics of ImageNet."""
VGG19_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
_VGG: Mapping[int, tuple[int, ...]] = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Number of convolutions in each stage; the stages have 64, 128, 256, 512 and 512 channels."""
_FIRES = {3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128), 9: (256, 48, 192), 10: (384, 48, 192),
          11: (384, 64, 256), 12: (512, 64, 256)}  # fmt: skip
"""Channels of the input, of the squeezing layer, and of each of the two expansions."""


@dataclass(frozen=True, eq=False)
class Perception:
    """A trained network with named layers: images (N, 3, H, W) of RGB in [0, 1] -> {name: (N, C, h, w)}.

    Its input is (image - mean) scale.

    Args:
        name: name of the network.
        layers: layers by name, in order.
        mean, scale: normalization of each color.
        content, style: layers at which content and styles are compared by default.
        copies: copies on other devices.
    """

    name: str
    layers: Mapping[str, nn.Module]
    mean: Color
    scale: Color
    content: str
    style: tuple[str, ...]
    copies: dict[torch.device, Perception] = field(default_factory=dict, repr=False)

    def on(self, device: torch.device) -> Perception:
        """Return the network on a device: itself, or a copy that is made once."""
        if next(weight.device for layer in self.layers.values() for weight in layer.parameters()) == device:
            return self
        if device not in self.copies:
            layers = {name: copy.deepcopy(layer).to(device) for name, layer in self.layers.items()}
            self.copies[device] = replace(self, layers=layers, copies={})
        return self.copies[device]

    def __call__(self, picture: Tensor, wanted: Iterable[str]) -> dict[str, Tensor]:
        """Return the outputs of the wanted layers; later layers are not computed. Raises UsageError for an unknown layer."""
        names = set(wanted)
        if missing := names - self.layers.keys():
            raise UsageError(f"{self.name} has no layer {min(missing)!r}; it has {', '.join(self.layers)}.")
        found: dict[str, Tensor] = {}
        hidden = (picture - planes_of(self.mean, picture)) * planes_of(self.scale, picture)
        for name, layer in self.layers.items():
            if len(found) == len(names):
                break
            hidden = layer(hidden)
            if name in names:
                found[name] = hidden
        return found


@dataclass(eq=False)
class Sight:
    """A Perception that is loaded at its first use, on the device of the images. It is needed to train a model, not to use it.

    Args:
        weights: as in `load_perception`.
        content_layer, style_layers: layers to use instead of the network's defaults.
    """

    weights: str | None = None
    content_layer: str | None = None
    style_layers: tuple[str, ...] = ()

    @cached_property
    def perception(self) -> Perception:
        return load_perception(self.weights)

    @property
    def content(self) -> str:
        return self.content_layer or self.perception.content

    @property
    def styles(self) -> tuple[str, ...]:
        return self.style_layers or self.perception.style

    def __call__(self, picture: Tensor, wanted: Iterable[str]) -> dict[str, Tensor]:
        return self.perception.on(picture.device)(picture, wanted)


def load_perception(weights: Path | str | None = None, pool: Pool = "max") -> Perception:
    """Load a network for comparing images: EfficientNet-Lite0, VGG-16, VGG-19 or SqueezeNet 1.1.

    Args:
        weights: None for EfficientNet-Lite0, which comes with the package; a safetensors file under torchvision's names
            (`features.0.weight`), whose metadata may contain `mean` and `scale`; or "vgg19", which downloads torchvision's
            weights.
        pool: pooling of VGG; the paper prefers the average (arXiv 1508.06576).

    Raises:
        UsageError: If the weights cannot be read or downloaded.
    """
    if weights is None:
        return _lite0()
    if str(weights) == "vgg19":
        return _vgg(_downloaded(), {}, pool)
    numbers, facts = _read(Path(weights))
    if "features.3.squeeze.weight" in numbers:
        return _squeezenet(numbers, facts)
    return _vgg(numbers, facts, pool)


def _lite0() -> Perception:
    """Return EfficientNet-Lite0 with its stem and each block as a layer. The default layers were chosen by eye (docs/style.md)."""
    network = load_lite0()
    layers: dict[str, nn.Module] = {"stem": nn.Sequential(_Halving(network.stem), nn.ReLU6())}
    layers |= {f"block{number}": block for number, block in enumerate(network.blocks)}
    return Perception(
        "EfficientNet-Lite0", layers, (0.5,) * 3, (2.0,) * 3, "block4", ("stem", "block0", "block2", "block4", "block10")
    )


class _Halving(nn.Module):
    """Convolution with stride 2, padded below and on the right."""

    def __init__(self, convolution: nn.Module) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, image: Tensor) -> Tensor:
        return self.convolution(nn.functional.pad(image, (0, 1, 0, 1)))  # type: ignore[no-any-return]


def _vgg(numbers: Mapping[str, Tensor], facts: Mapping[str, str], pool: Pool) -> Perception:
    """Return VGG with torchvision's order of layers: relu1_1, relu1_2, pool1, relu2_1, ... (arXiv 1409.1556, D and E)."""
    depth = 19 if "features.34.weight" in numbers else 16
    pooled: Callable[[], nn.Module] = (lambda: nn.MaxPool2d(2)) if pool == "max" else (lambda: nn.AvgPool2d(2))
    layers, index, before = dict[str, nn.Module](), 0, 3
    for stage, count in enumerate(_VGG[depth], 1):
        after = min(64 * 2 ** (stage - 1), 512)
        for number in range(1, count + 1):
            convolution = _filled(nn.Conv2d(before, after, 3, 1, 1), numbers, f"features.{index}")
            layers[f"relu{stage}_{number}"], before, index = nn.Sequential(convolution, nn.ReLU()), after, index + 2
        layers[f"pool{stage}"], index = pooled(), index + 1
    style = tuple(f"relu{stage}_1" for stage in range(1, 6))
    return Perception(f"VGG-{depth}", layers, *_convention(facts), "relu4_2", style)


def _squeezenet(numbers: Mapping[str, Tensor], facts: Mapping[str, str]) -> Perception:
    """Return SqueezeNet with layers 1 to 12, numbered as in torchvision (arXiv 1602.07360, version 1.1)."""
    first = _filled(nn.Conv2d(3, 64, 3, 2), numbers, "features.0")
    layers: dict[str, nn.Module] = {"1": nn.Sequential(first, nn.ReLU())}
    for index in range(2, 13):
        layers[str(index)] = _Fire(index, numbers) if index in _FIRES else nn.MaxPool2d(3, 2, ceil_mode=True)
    return Perception("SqueezeNet 1.1", layers, *_convention(facts), "3", ("1", "4", "6", "7"))


class _Fire(nn.Module):
    """Fire module: a squeezing 1x1 convolution, then a 1x1 and a 3x3 convolution whose outputs are concatenated; each with ReLU."""

    def __init__(self, index: int, numbers: Mapping[str, Tensor]) -> None:
        super().__init__()
        before, squeezed, expanded = _FIRES[index]
        place = f"features.{index}"
        self.squeeze = _filled(nn.Conv2d(before, squeezed, 1), numbers, f"{place}.squeeze")
        self.one = _filled(nn.Conv2d(squeezed, expanded, 1), numbers, f"{place}.expand1x1")
        self.three = _filled(nn.Conv2d(squeezed, expanded, 3, 1, 1), numbers, f"{place}.expand3x3")

    def forward(self, image: Tensor) -> Tensor:
        hidden = self.squeeze(image).relu()
        return torch.cat([self.one(hidden).relu(), self.three(hidden).relu()], 1)


def _filled(convolution: nn.Conv2d, numbers: Mapping[str, Tensor], place: str) -> nn.Conv2d:
    """Return the convolution with its trained weights, frozen. Raises UsageError if they are missing or have another shape."""
    for name, own in convolution.named_parameters():
        found = numbers.get(f"{place}.{name}")
        if found is None or found.shape != own.shape:
            what = "nothing" if found is None else f"{tuple(found.shape)}"
            raise UsageError(f"not weights of VGG-16, VGG-19 or SqueezeNet 1.1: {place}.{name} is {what}, not {tuple(own.shape)}.")
        own.data.copy_(found)
    return convolution.requires_grad_(False)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    if not path.is_file():
        raise UsageError(f"there are no weights {str(path)!r}: name a safetensors file, or vgg19 to download torchvision's.")
    try:
        with safetensors.safe_open(path, "pt") as file:
            return {key: file.get_tensor(key).float() for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise UsageError(f"{str(path)!r} is not a safetensors file of weights: {error}.") from None


def _downloaded() -> dict[str, Tensor]:
    try:
        found: dict[str, Tensor] = torch.hub.load_state_dict_from_url(
            VGG19_URL, map_location="cpu", weights_only=True, check_hash=True
        )
    except (RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError):
        kept = Path(torch.hub.get_dir()) / "checkpoints" / VGG19_URL.rpartition("/")[2]
        raise UsageError(f"{str(kept)!r} is damaged: remove it, and it is downloaded again.") from None
    except OSError as error:
        reason = f"VGG-19's weights could not be downloaded from {VGG19_URL} ({error})"
        raise UsageError(f"{reason}: save a safetensors file of them and name it with `weights`, or leave `weights` out.") from None
    return found


def _convention(facts: Mapping[str, str]) -> tuple[Color, Color]:
    """Return mean and scale, from the file's metadata or torchvision's."""
    mean, scale = IMAGENET
    return _color(facts["mean"]) if "mean" in facts else mean, _color(facts["scale"]) if "scale" in facts else scale


def _color(text: str) -> Color:
    """Return the three numbers in a text; one number stands for all three. Raises UsageError."""
    try:
        values = [float(part) for part in text.split(",")]
        first, second, third = values * 3 if len(values) == 1 else values
    except ValueError:
        must = "must be one number, or three numbers with commas"
        raise UsageError(f"the mean and the scale of the weights {must}, not {text!r}.") from None
    return first, second, third


def planes_of(color: Color, like: Tensor) -> Tensor:
    """Return a color as (3, 1, 1), to add to or multiply with images."""
    return constant(color, like.device, like.dtype)[:, None, None]
