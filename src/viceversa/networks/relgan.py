"""Discriminator of RelGAN (arXiv 1908.07269): one trunk and three heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple, planes
from viceversa.networks.stargan import critic_layers, critic_trunk


class RelativeDiscriminator(nn.Module):
    """Discriminator with three heads: is an image real, does a pair of images match a change of the label, and how far was an edit
    interpolated.

    A call judges images (N, C, H, W): a map of raw scores, and the features of the trunk. `match` and `interpolation` take these
    features and return maps of raw scores (N, 1, H', W').
    """

    def __init__(self, spec: ImageSpec, label_width: int, *, width: int = 64) -> None:
        super().__init__()
        layers = critic_layers(spec)
        check_multiple(spec.height, spec.width, 2**layers)
        last = width * 2 ** (layers - 1)
        self.trunk = critic_trunk(spec.channels, width, layers)
        self.adversarial = nn.Conv2d(last, 1, 1)
        self.matching = nn.Sequential(nn.Conv2d(2 * last + label_width, last, 1), nn.LeakyReLU(0.01), nn.Conv2d(last, 1, 1))
        self.interpolated = nn.Conv2d(last, 64, 1)

    def forward(self, image: Tensor, domain: Domain) -> Judgment:
        features = self.trunk(image)
        return Judgment(self.adversarial(features), features=(features,))

    def match(self, before: Judgment, after: Judgment, change: Tensor) -> Tensor:
        """Return scores of whether the second image is the first one after the change (N, K) of its label."""
        pair = (before.features[0], after.features[0])
        return self.matching(torch.cat([*pair, planes(change, pair[0])], 1))  # type: ignore[no-any-return]

    def interpolation(self, judgment: Judgment) -> Tensor:
        """Return how far the image is from a full edit and from none, 0 to 1/2. It is the mean over 64 channels, as in the
        authors' code."""
        return self.interpolated(judgment.features[0]).mean(1, keepdim=True)  # type: ignore[no-any-return]
