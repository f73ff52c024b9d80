"""Johnson's feed-forward style transfer: one network paints any image of a space in one style (docs/style.md).

For images x of the first space, images y of the second, and features F and Gram matrices G of a trained classifier:

    L = content d(F(T(x)), F(x)) + style sum_l w_l d(G_l(T(x)), mean_y G_l(y)) + variation TV(T(x)) / pixels
    d(a, b) = sum (a - b)^2 / sum b^2

The second space holds the style: one image, or several, whose Gram matrices are averaged over each batch, so styles blend. The
relative distance is our own; its weights suit any network. PyTorch's example has 1e5 mean (F - P)^2 and 1e10 mean (G / C M - A / C
M)^2 on VGG-16, with relu2_2 for the content and relu1_2, 2_2, 3_3, 4_3 for the style; `content_layer` and `style_layers` set these.

@inproceedings{johnson2016perceptual, title={Perceptual Losses for Real-Time Style Transfer and Super-Resolution}, author={Johnson,
Justin and Alahi, Alexandre and Fei-Fei, Li}, booktitle={ECCV}, year={2016}, eprint={1603.08155}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from tyro.conf import Fixed, Suppress

from viceversa.core.draws import Draws
from viceversa.core.method import Method, Optimizer, Phase, to_spaces
from viceversa.core.objective import Objective
from viceversa.core.optional import optional
from viceversa.core.plans import Batch, Need
from viceversa.core.schedules import Schedule, linear_decay
from viceversa.core.space import Space, Takes
from viceversa.errors import UsageError
from viceversa.losses.style import Content, Style, gram, relative_squares
from viceversa.losses.variation import mean_variation
from viceversa.networks.adapters import Single, in_channels
from viceversa.networks.blocks import check_multiple
from viceversa.networks.generators import BLOCKS, GENERATOR, GeneratorName, generator_named
from viceversa.networks.perception import Sight


class Johnson(BaseModel):
    """Settings of Johnson. In Python, Johnson() has the width and the learning rate of PyTorch's example; the loss weights are our
    own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    takes: ClassVar[Takes] = "spaces"

    kind: Suppress[Fixed[Literal["johnson"]]] = "johnson"
    weights: Annotated[str | None, optional("FILE")] = Field(
        None, description="feature network: a file, or vgg19; by default EfficientNet-Lite0"
    )
    content_layer: Annotated[str | None, optional("NAME")] = Field(
        None, description="layer that compares contents; the network has a default"
    )
    style_layers: Annotated[tuple[str, ...], optional("NAME ...")] = Field(
        (), description="layers that compare styles; the network has defaults"
    )
    generator: GeneratorName = Field("transform", description=GENERATOR)
    width: int = Field(32, gt=0, le=4096, description="channels of the first layer")
    blocks: int = Field(5, gt=0, le=256, description=BLOCKS)
    content: float = Field(1.0, ge=0, description="weight of the content loss")
    style: float = Field(3.0, ge=0, description="weight of the style loss, summed over its layers")
    variation: float = Field(20.0, ge=0, description="weight of the total variation loss per pixel")
    learning_rate: float = Field(1e-3, gt=0, description="learning rate of Adam")


@dataclass(frozen=True, eq=False)
class Stylization:
    """Subject of the losses: images x, images of the style, and T(x), made once in each phase, with their features."""

    image: Tensor
    style: Tensor
    network: nn.Module
    sight: Sight
    graph: bool = True

    def begin(self, graph: bool) -> Stylization:
        return replace(self, graph=graph)

    @cached_property
    def picture(self) -> Tensor:
        """T(x), with values near [0, 1]."""
        with torch.set_grad_enabled(self.graph):
            return (self.network(self.image) + 1) / 2  # type: ignore[no-any-return]

    @cached_property
    def features(self) -> Mapping[str, Tensor]:
        return self.sight(self.picture, (self.sight.content, *self.sight.styles))

    @cached_property
    @torch.no_grad()
    def content(self) -> Mapping[str, Tensor]:
        return self.sight((in_channels(self.image, 3) + 1) / 2, (self.sight.content,))

    @cached_property
    @torch.no_grad()
    def styles(self) -> Sequence[tuple[float, Mapping[str, Tensor]]]:
        seen = self.sight((self.style + 1) / 2, self.sight.styles)
        return [(1.0, {name: gram(each).mean(0, keepdim=True).expand(len(self.image), -1, -1) for name, each in seen.items()})]


@dataclass(frozen=True, eq=False)
class Looking:
    """Plan of images of the first space, with some of the second."""

    space: Space
    network: nn.Module
    sight: Sight

    @property
    def needs(self) -> tuple[Need, ...]:
        return tuple(Need(name, name) for name in self.space.pair)

    def __call__(self, batch: Batch, draws: Draws) -> Sequence[Stylization]:
        image, style = (batch[name].image for name in self.space.pair)
        return [Stylization(image, style, self.network, self.sight)]


def content(look: Stylization) -> Tensor:
    """Content loss: d(F(T(x)), F(x))."""
    return Content(look.sight.content, relative_squares)(look)


def style(look: Stylization) -> Tensor:
    """Style loss: mean_l d(G_l(T(x)), mean_y G_l(y))."""
    layers = look.sight.styles
    return Style(dict.fromkeys(layers, 1 / len(layers)), relative_squares)(look)


def smoothness(look: Stylization) -> Tensor:
    """Total variation loss: TV(T(x)) / pixels."""
    return mean_variation(look.picture)


def build(space: Space, settings: Johnson = Johnson(), *, decay: Schedule = linear_decay) -> Method:
    """Build style transfer: images of the first of two spaces are painted in the style of the second, whose images are RGB."""
    source, target = (space.images[name] for name in space.pair)
    if target.channels != 3 or source.channels not in (1, 3) or source.shape[1:] != target.shape[1:]:
        shapes = " and ".join("x".join(map(str, each.shape)) for each in (source, target))
        raise UsageError(f"this method needs gray or RGB content images and RGB style images of the same size, not {shapes}.")
    check_multiple(source.height, source.width, 4)
    network = generator_named(settings.generator, source, target, width=settings.width, blocks=settings.blocks)
    translator, adam = Single(network, source.channels), Optimizer(settings.learning_rate, (0.9, 0.999), schedule=decay)
    plan = Looking(space, network, Sight(settings.weights, settings.content_layer, settings.style_layers))
    objective = Objective(
        content=(settings.content, content), style=(settings.style, style), variation=(settings.variation, smoothness)
    )
    return Method(
        translator=translator,
        networks=nn.ModuleDict({"generator": translator}),
        optimizers={"generator": adam},
        phases=(Phase("generator", ("generator",), plan, objective),),
        destination=to_spaces,
        averaged=("generator",),
        returns=False,
    )
