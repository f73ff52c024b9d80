"""Networks of STGAN (arXiv 1904.09709, as in the authors' code): selective transfer units on the skips of an autoencoder."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.errors import UsageError
from viceversa.networks.blocks import affine_norm, check_multiple, halvings, with_planes


class SelectiveTransferUnit(nn.Module):
    """Unit that selects from an encoder's features f what the decoder needs for a change d, with a state from the layer below.

        s' = T-conv(s, d),  r = sigma(W_r [f, s']),  z = sigma(W_z [f, s']),  s = r s',  h = tanh(W_h [f, s]),  out = (1 - z) s' +
            z h

    Features (N, channels, H, W), state (N, inner, H/2, W/2) and change (N, K) -> out and s, (N, channels, H, W) each.
    """

    def __init__(self, channels: int, inner: int, label_width: int) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(inner + label_width, channels, 4, 2, 1)
        self.reset, self.update, self.hidden = (nn.Conv2d(2 * channels, channels, 3, 1, 1) for _ in range(3))

    def forward(self, features: Tensor, state: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
        state = self.enlarge(with_planes(state, change))
        both = torch.cat([features, state], 1)
        update, selected = self.update(both).sigmoid(), self.reset(both).sigmoid() * state
        hidden = self.hidden(torch.cat([features, selected], 1)).tanh()
        return (1 - update) * state + update * hidden, selected


class SelectiveGenerator(nn.Module):
    """STGAN's generator: (N, C, H, W) and a change (N, label_width) -> (N, channels, H, W) in [-1, 1]; sides are multiples of
    2^layers.

    Encoder: strided 4x4 convolutions of widths w, 2w, 4w, ..., batch norm, leaky ReLU. Decoder: their mirror, with the planes of
    the change at every layer and the outputs of the units on the skips; tanh.
    """

    def __init__(self, spec: ImageSpec, label_width: int, *, width: int = 64, channels: int | None = None) -> None:
        super().__init__()
        layers = halvings(spec, 2)
        check_multiple(spec.height, spec.width, 2**layers)
        widths = [width * 2**number for number in range(layers)]
        outward, skips = widths[:0:-1], widths[-2::-1]
        inputs = [widths[-1], *(before + skip for before, skip in zip(outward, skips, strict=True))]
        self.encoder = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2))
            for before, after in itertools.pairwise([spec.channels, *widths])
        )
        self.units = nn.ModuleList(
            SelectiveTransferUnit(channels, inner, label_width) for inner, channels in itertools.pairwise([widths[-1], *skips])
        )
        self.decoder = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose2d(before + label_width, after, 4, 2, 1), nn.BatchNorm2d(after), nn.ReLU())
            for before, after in zip(inputs[:-1], outward, strict=True)
        )
        self.leave = nn.Sequential(nn.ConvTranspose2d(inputs[-1] + label_width, channels or spec.channels, 4, 2, 1), nn.Tanh())

    def forward(self, image: Tensor, change: Tensor) -> Tensor:
        features = []
        for layer in self.encoder:
            image = layer(image)
            features.append(image)
        hidden = state = features.pop()
        for layer, unit in zip(self.decoder, self.units, strict=True):
            hidden = layer(with_planes(hidden, change))
            skipped, state = unit(features.pop(), state, change)
            hidden = torch.cat([hidden, skipped], 1)
        return self.leave(with_planes(hidden, change))  # type: ignore[no-any-return]


class SelectiveDiscriminator(nn.Module):
    """STGAN's discriminator: (N, C, H, W) -> raw scores (N, 1) and logits (N, label_width).

    Layers: strided 4x4 convolutions of widths w, 2w, ..., instance norm, leaky ReLU; then two heads of two linear layers each,
    with 16 w hidden units.
    """

    def __init__(self, spec: ImageSpec, label_width: int, *, width: int = 64) -> None:
        super().__init__()
        layers = halvings(spec, 2)
        shrink = 2**layers
        check_multiple(spec.height, spec.width, shrink)
        if min(spec.height, spec.width) < 2 * shrink:  # an instance norm of a single pixel is constant
            small = f"images of {spec.height}x{spec.width} pixels are too small for STGAN"
            raise UsageError(f"{small}: each side needs at least 8 pixels.")
        widths = [spec.channels, *(width * 2**number for number in range(layers))]
        self.trunk = nn.Sequential()
        for before, after in itertools.pairwise(widths):
            self.trunk.append(nn.Sequential(nn.Conv2d(before, after, 4, 2, 1), affine_norm(after), nn.LeakyReLU(0.2)))
        flat = widths[-1] * (spec.height // shrink) * (spec.width // shrink)
        self.score, self.classes = (
            nn.Sequential(nn.Linear(flat, 16 * width), nn.LeakyReLU(0.2), nn.Linear(16 * width, outputs))
            for outputs in (1, label_width)
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(image).flatten(1)
        return self.score(features), self.classes(features)
