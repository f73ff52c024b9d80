"""The table of generators: methods that can take a generator take any of these by its name.

To add one, add a file to this folder and an entry to GENERATORS. A method with labels passes the number of label columns; a method
between two spaces passes 0. `generator_named` raises UsageError for combinations that cannot work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError, unknown
from viceversa.networks.blocks import with_planes
from viceversa.networks.cut import antialiased_generator
from viceversa.networks.discogan import encoder_decoder
from viceversa.networks.johnson import transform_network
from viceversa.networks.masked import MaskedGenerator
from viceversa.networks.resnet import resnet_generator
from viceversa.networks.selective import SelectiveGenerator
from viceversa.networks.stargan import LabelGenerator
from viceversa.networks.switchable import SwitchableNorm
from viceversa.networks.unet import UNet


@dataclass(frozen=True)
class OfLabels:
    """A network of an image and a label: make(spec, columns, width=, blocks=). It keeps the channels and the size."""

    make: Callable[..., nn.Module]
    blocks: bool = True


@dataclass(frozen=True)
class OfImages:
    """A network of an image: make(source, target, width=, blocks=).

    labels: whether it accepts labels as further planes of the image. After reflection padding, an instance norm subtracts such
    planes, so these networks cannot (docs/methods.md, Traps).
    """

    make: Callable[..., nn.Module]
    blocks: bool = True
    labels: bool = False


GENERATORS: Mapping[str, OfLabels | OfImages] = {
    "label": OfLabels(LabelGenerator),
    "label-normalized": OfLabels(partial(LabelGenerator, last_norm=True)),
    "masked": OfLabels(MaskedGenerator),
    "switchable": OfLabels(partial(LabelGenerator, norm=SwitchableNorm)),
    "switchable-biased": OfLabels(partial(LabelGenerator, norm=SwitchableNorm, bias=True)),
    "selective": OfLabels(SelectiveGenerator, blocks=False),
    "resnet": OfImages(lambda source, target, **sizes: resnet_generator(source.channels, target.channels, **sizes)),
    "antialiased": OfImages(lambda source, target, **sizes: antialiased_generator(source.channels, target.channels, **sizes)),
    "transform": OfImages(
        lambda source, target, width: transform_network(source.channels, target.channels, width=width), blocks=False
    ),
    "unet": OfImages(lambda source, target, width: UNet(source.channels, target, width=width), blocks=False, labels=True),
    "encoder-decoder": OfImages(
        lambda source, target, width: encoder_decoder(source.channels, target, width=width), blocks=False, labels=True
    ),
}
if TYPE_CHECKING:
    GeneratorName: TypeAlias = str
else:
    GeneratorName = Literal[tuple(GENERATORS)]
GENERATOR = (
    "architecture; label: StarGAN's; label-normalized: with a norm before the tanh; masked: changes pixels in a predicted mask; "
    "switchable(-biased): RelGAN's; selective: STGAN's; resnet: CycleGAN's; antialiased: CUT's; transform: Johnson's; unet: "
    "pix2pix's; encoder-decoder: DiscoGAN's"
)
"""Description of the setting."""
BLOCKS = "number of residual blocks, for generators that have some"


def generator_named(
    name: GeneratorName, source: ImageSpec, target: ImageSpec, columns: int = 0, *, width: int, blocks: int
) -> nn.Module:
    """Return a generator of the table.

    Args:
        source, target: size and channels of its input and output.
        columns: number of label columns; 0: it takes an image only.
        width: channels of the first layer. blocks: number of residual blocks, ignored by generators without any.

    Raises UsageError if it does not accept labels, or cannot change channels or size.
    """
    if name not in GENERATORS:
        raise unknown("generator", name, GENERATORS)
    entry = GENERATORS[name]
    sizes = {"width": width, "blocks": blocks} if entry.blocks else {"width": width}
    match entry:
        case OfLabels(make):
            if source.shape != target.shape:
                raise UsageError(f"the generator {name!r} keeps channels and size: choose another, such as resnet.")
            network = make(source, columns, **sizes)
            return network if columns else Unlabeled(network)
        case OfImages(make):
            if columns and not entry.labels:
                taking = ", ".join(each for each, other in GENERATORS.items() if isinstance(other, OfLabels) or other.labels)
                raise UsageError(f"the generator {name!r} cannot be told labels: choose one of {taking}.")
            wider = ImageSpec(source.channels + columns, source.height, source.width)
            network = make(wider, target, **sizes)
            return Planes(network) if columns else network


class Unlabeled(nn.Module):
    """A network for labels in a method without labels: G(x, empty label)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Tensor:
        return self.network(image, image.new_empty(len(image), 0))  # type: ignore[no-any-return]


class Planes(nn.Module):
    """A network for images that receives a label as planes: G([x, c])."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor, label: Tensor) -> Tensor:
        return self.network(with_planes(image, label))  # type: ignore[no-any-return]
