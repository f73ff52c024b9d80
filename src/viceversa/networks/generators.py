"""Table of generators. Methods that can use different generators take any of these by name.

To add one, add a file to this folder and an entry to GENERATORS. A method with labels passes the number of label columns; a method
between two spaces passes 0. `generator_named` raises UsageError for combinations that cannot work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError, unknown
from viceversa.networks.blocks import Residual, with_planes
from viceversa.networks.cut import antialiased_generator, antialiased_stages
from viceversa.networks.discogan import encoder_decoder
from viceversa.networks.johnson import transform_network
from viceversa.networks.masked import MaskedGenerator
from viceversa.networks.resnet import resnet_generator
from viceversa.networks.resunet import ResUNet
from viceversa.networks.selective import SelectiveGenerator
from viceversa.networks.stargan import LabelGenerator
from viceversa.networks.switchable import SwitchableNorm
from viceversa.networks.unet import UNet

Stages = Callable[[Any], Sequence[nn.Module]]
"""Function from a network to the consecutive parts of its first half, whose outputs CUT compares."""


@dataclass(frozen=True)
class OfLabels:
    """Generator of an image and a label: make(spec, columns, channels=, width=, blocks=). It keeps the size.

    Args:
        make: function that builds the network.
        stages: its stages, if CUT can use it.
        blocks: whether it has residual blocks.
        keeps: whether its output reuses the source image through a mask; then channels must be equal, or color and gray.
    """

    make: Callable[..., nn.Module]
    stages: Stages | None = None
    blocks: bool = True
    keeps: bool = False


@dataclass(frozen=True)
class OfImages:
    """Generator of an image: make(source, target, width=, blocks=).

    After reflection padding, an instance norm subtracts constant planes, so such networks cannot take labels (docs/methods.md,
    Traps).

    Args:
        make: function that builds the network.
        stages: its stages, if CUT can use it.
        blocks: whether it has residual blocks.
        labels: whether it accepts labels as additional planes of the image.
    """

    make: Callable[..., nn.Module]
    stages: Stages | None = None
    blocks: bool = True
    labels: bool = False


def residual_stages(layers: nn.Sequential) -> list[nn.Module]:
    """Return the stages: the image; each layer before the residual blocks; the first block; the blocks up to the middle one."""
    blocks = [number for number, layer in enumerate(layers) if isinstance(layer, Residual)]
    first, half = blocks[0], blocks[(len(blocks) - 1) // 2] + 1
    return [nn.Identity(), *list(layers)[:first], layers[first], *([layers[first + 1 : half]] if half > first + 1 else [])]


def conditioned_stages(down: Iterable[nn.Module], condition: nn.Module, blocks: nn.Sequential) -> list[nn.Module]:
    """Return the stages: the image; each layer of `down`; the layer that takes the label's planes; the first residual block; those
    up to the middle."""
    return residual_stages(nn.Sequential(*down, condition, *blocks))


def halving_stages(layers: Iterable[nn.Module]) -> list[nn.Module]:
    """Return the stages: the image and the first three halvings."""
    return [nn.Identity(), *islice(layers, 3)]


LABEL = partial(OfLabels, stages=lambda network: residual_stages(network.layers))
RESUNET = partial(
    OfLabels,
    stages=lambda network: conditioned_stages(
        (network.enter, *network.down), nn.Sequential(network.norm, network.condition, nn.SiLU()), network.blocks
    ),
    keeps=True,
)
GENERATORS: Mapping[str, OfLabels | OfImages] = {
    "label": LABEL(LabelGenerator),
    "label-normalized": LABEL(partial(LabelGenerator, last_norm=True)),
    "masked": OfLabels(
        MaskedGenerator,
        lambda network: conditioned_stages((network.enter[:2], network.enter[2]), network.condition, network.blocks),
        keeps=True,
    ),
    "resunet": RESUNET(ResUNet),
    "resunet-added": RESUNET(partial(ResUNet, added=True)),
    "switchable": LABEL(partial(LabelGenerator, norm=SwitchableNorm)),
    "switchable-biased": LABEL(partial(LabelGenerator, norm=SwitchableNorm, bias=True)),
    "selective": OfLabels(SelectiveGenerator, lambda network: halving_stages(network.encoder), blocks=False),
    "resnet": OfImages(
        lambda source, target, **sizes: resnet_generator(source.channels, target.channels, **sizes), residual_stages
    ),
    "antialiased": OfImages(
        lambda source, target, **sizes: antialiased_generator(source.channels, target.channels, **sizes), antialiased_stages
    ),
    "transform": OfImages(
        lambda source, target, width: transform_network(source.channels, target.channels, width=width),
        residual_stages,
        blocks=False,
    ),
    "unet": OfImages(
        lambda source, target, width: UNet(source.channels, target, width=width),
        lambda network: halving_stages(network.down),
        blocks=False,
        labels=True,
    ),
    "encoder-decoder": OfImages(
        lambda source, target, width: encoder_decoder(source.channels, target, width=width),
        lambda network: halving_stages((network[:2], network[2:5])),
        blocks=False,
        labels=True,
    ),
}
if TYPE_CHECKING:
    GeneratorName: TypeAlias = str
else:
    GeneratorName = Literal[tuple(GENERATORS)]
GENERATOR = (
    "architecture; label: StarGAN's; label-normalized: with a norm before the tanh; masked: changes pixels in a predicted mask; "
    "resunet: likewise at full resolution; resunet-added: tanh(x + U-Net); switchable(-biased): RelGAN's; selective: STGAN's; "
    "resnet: CycleGAN's; antialiased: CUT's; transform: Johnson's; unet: pix2pix's; encoder-decoder: DiscoGAN's"
)
"""Description of the setting `generator`."""
BLOCKS = "number of residual blocks, for generators that have some"


def generator_named(
    name: GeneratorName, source: ImageSpec, target: ImageSpec, columns: int = 0, *, width: int, blocks: int
) -> nn.Module:
    """Return a generator of the table.

    Args:
        name: name in the table.
        source, target: size and channels of its input and output.
        columns: number of label columns; 0 for a generator of images only.
        width: channels of the first layer.
        blocks: number of residual blocks; ignored by generators without any.

    Raises:
        UsageError: If the generator does not accept labels, or cannot change channels or size.
    """
    if name not in GENERATORS:
        raise unknown("generator", name, GENERATORS)
    entry = GENERATORS[name]
    sizes = {"width": width, "blocks": blocks} if entry.blocks else {"width": width}
    match entry:
        case OfLabels(make=make):
            if source.shape[1:] != target.shape[1:]:
                raise UsageError(f"the generator {name!r} keeps the size: choose another, such as unet.")
            if entry.keeps and source.channels != target.channels and {source.channels, target.channels} != {1, 3}:
                how = f"cannot bring images of {source.channels} channels to {target.channels}"
                raise UsageError(
                    f"the generator {name!r} keeps what it does not repaint, and {how}: choose another, such as label."
                )
            network = make(source, columns, channels=target.channels, **sizes)
            return network if columns else Unlabeled(network)
        case OfImages(make=make):
            if columns and not entry.labels:
                taking = ", ".join(each for each, other in GENERATORS.items() if isinstance(other, OfLabels) or other.labels)
                raise UsageError(f"the generator {name!r} cannot be told labels: choose one of {taking}.")
            wider = ImageSpec(source.channels + columns, source.height, source.width)
            network = make(wider, target, **sizes)
            return Planes(network) if columns else network


def encoder_stages(name: GeneratorName, network: nn.Module) -> Sequence[nn.Module]:
    """Return the parts of a generator's first half: stages[0] takes the image, stages[1] the output of stages[0], and so on.

    Args:
        name: name of the generator.
        network: the result of `generator_named` for the same name, without labels.

    Raises:
        UsageError: For a generator without stages.
    """
    stages = GENERATORS[name].stages
    if stages is None:
        raise UsageError(f"the generator {name!r} names no stages to compare features of: choose another, such as antialiased.")
    return stages(network.network if isinstance(network, Unlabeled) else network)


class Unlabeled(nn.Module):
    """Adapter for a generator with labels in a method without labels: G(x, empty label)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image, image.new_empty(image.shape[0], 0))  # type: ignore[no-any-return]


class Planes(nn.Module):
    """Adapter for a generator of images that receives a label as planes: G([x, c])."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        return self.network(with_planes(image, label))  # type: ignore[no-any-return]
