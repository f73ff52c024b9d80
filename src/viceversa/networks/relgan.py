"""RelGAN's discriminator (arXiv 1908.07269): one trunk and three heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from viceversa.core.domains import Domain
from viceversa.core.journey import Judgment
from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import check_multiple, planes
from viceversa.networks.stargan import critic_layers, critic_trunk


class RelativeDiscriminator(nn.Module):
    """Scores of images, of a pair of images with the change between them, and of how much an edit was interpolated.

    Calling it judges images (N, C, H, W): a map of raw scores and the trunk's features. `match` and `interpolation` read the
    features: maps of raw scores (N, 1, H', W').
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
        """Whether the second image is the first one after that change (N, K) of its label."""
        pair = (before.features[0], after.features[0])
        return self.matching(torch.cat([*pair, planes(change, pair[0])], 1))  # type: ignore[no-any-return]

    def interpolation(self, judgment: Judgment) -> Tensor:
        """How far the image is from both a whole edit and none: 0 to 1/2. The mean over 64 channels, as the authors' code."""
        return self.interpolated(judgment.features[0]).mean(1, keepdim=True)  # type: ignore[no-any-return]
