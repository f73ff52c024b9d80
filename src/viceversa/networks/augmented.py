"""Networks of Augmented CycleGAN (arXiv 1802.10151, appendix, as in the authors' code)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from viceversa.core.space import ImageSpec
from viceversa.networks.blocks import affine_norm, check_multiple, halvings, initialize_normal


class ConditionalNorm(nn.Module):
    """Instance norm controlled by a code: IN(x) scale(z) + shift(z).

    Scale and shift are the ReLU of a linear function of the code (N, latent). The variance is the unbiased one.
    """

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.shift, self.scale = (nn.Sequential(nn.Linear(latent, channels), nn.ReLU()) for _ in range(2))

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        variance, mean = torch.var_mean(image, (2, 3), keepdim=True)
        shift, scale = (part(code)[:, :, None, None] for part in (self.shift, self.scale))
        return (image - mean) * (variance + 1e-5).rsqrt() * scale + shift  # type: ignore[no-any-return]


class CodedBlock(nn.Module):
    """Residual block controlled by a code: ReLU(x + body(x, z)), with two convolutions and the code's norm after the first one."""

    def __init__(self, channels: int, latent: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3))
        self.norm = ConditionalNorm(channels, latent)
        self.second = nn.Sequential(nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), affine_norm(channels))

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        return torch.relu(image + self.second(self.norm(self.first(image), code)))


class CodedGenerator(nn.Module):
    """Generator controlled by a code: images (N, C_in, H, W) and codes (N, latent) -> images (N, C_out, H, W) in [-1, 1]; even
    sides.

    Layers: c7s1-w, c3s1-2w, c3s2-4w, three residual blocks, u2w, c3s1-w, c7s1-C_out, tanh.
    """

    def __init__(self, channels_in: int, channels_out: int, *, latent: int, width: int) -> None:
        super().__init__()
        self.down = nn.ModuleList([
            nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(channels_in, width, 7)),
            nn.Conv2d(width, 2 * width, 3, 1, 1), nn.Conv2d(2 * width, 4 * width, 3, 2, 1)])  # fmt: skip
        self.blocks = nn.ModuleList(CodedBlock(4 * width, latent) for _ in range(3))
        self.up = nn.ModuleList([nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1), nn.Conv2d(2 * width, width, 3, 1, 1)])
        self.norms = nn.ModuleList(ConditionalNorm(channels * width, latent) for channels in (1, 2, 4, 2, 1))
        self.leave = nn.Sequential(nn.Conv2d(width, channels_out, 7, 1, 3), nn.Tanh())
        initialize_normal(self)

    def forward(self, image: Tensor, code: Tensor) -> Tensor:
        for layer, norm in zip(self.down, self.norms[:3], strict=True):
            image = torch.relu(norm(layer(image), code))
        for block in self.blocks:
            image = block(image, code)
        for layer, norm in zip(self.up, self.norms[3:], strict=True):
            image = torch.relu(norm(layer(image), code))
        return self.leave(image)  # type: ignore[no-any-return]


class _Block(nn.Module):
    """Residual block ReLU(x + body(x)), with a norm only after the second convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), affine_norm(channels))  # fmt: skip

    def forward(self, image: Tensor) -> Tensor:
        return torch.relu(image + self.body(image))


def plain_generator(channels_in: int, channels_out: int, *, width: int) -> nn.Sequential:
    """Return the same generator without codes: (N, C_in, H, W) -> (N, C_out, H, W) in [-1, 1]."""
    network = nn.Sequential(
        nn.ReflectionPad2d(3), nn.Conv2d(channels_in, width, 7), affine_norm(width), nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 1, 1), affine_norm(2 * width), nn.ReLU(),
        nn.Conv2d(2 * width, 4 * width, 3, 2, 1), affine_norm(4 * width), nn.ReLU(),
        *(_Block(4 * width) for _ in range(3)),
        nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1), affine_norm(2 * width), nn.ReLU(),
        nn.Conv2d(2 * width, width, 3, 1, 1), affine_norm(width), nn.ReLU(),
        nn.Conv2d(width, channels_out, 7, 1, 3), nn.Tanh(),
    )  # fmt: skip
    initialize_normal(network)
    return network


def code_encoder(channels: int, spec: ImageSpec, *, latent: int, width: int) -> nn.Sequential:
    """Return an encoder from a pair of images, concatenated along the channels, to the mean of its code (N, latent).

    The second head of the authors' code, a variance, belongs to a stochastic encoder; it is switched off there and not built here.
    """
    count = halvings(spec)
    check_multiple(spec.height, spec.width, 2**count)
    network, before = nn.Sequential(nn.Conv2d(channels, width, 3, 2, 1), nn.ReLU()), width
    for _ in range(count - 1):
        network.extend([nn.Conv2d(before, 2 * before, 3, 2, 1, bias=False), nn.BatchNorm2d(2 * before), nn.ReLU()])
        before *= 2
    corner = (spec.height // 2**count, spec.width // 2**count)
    network.extend([nn.Conv2d(before, before, corner, bias=False), nn.BatchNorm2d(before), nn.ReLU()])
    network.extend([nn.Conv2d(before, latent, 1), nn.Flatten()])
    initialize_normal(network)
    return network


def whole_discriminator(spec: ImageSpec, *, width: int) -> nn.Sequential:
    """Return a discriminator for simple images such as outlines, with one raw score per image: (N, 1, 1, 1)."""
    count = halvings(spec)
    check_multiple(spec.height, spec.width, 2**count)
    network, before = nn.Sequential(nn.Conv2d(spec.channels, width, 3, 2, 1), nn.LeakyReLU(0.2)), width
    for number in range(1, count):
        after = width * min(2**number, 4)
        network.extend([nn.Conv2d(before, after, 3, 2, 1), affine_norm(after), nn.LeakyReLU(0.2)])
        before = after
    network.append(nn.Conv2d(before, 1, (spec.height // 2**count, spec.width // 2**count)))
    initialize_normal(network)
    return network


def detail_discriminator(spec: ImageSpec, *, width: int) -> nn.Sequential:
    """Return a discriminator for detailed images, with a map of raw scores, one per patch."""
    network, before = nn.Sequential(nn.Conv2d(spec.channels, width, 4, 2, 1), nn.LeakyReLU(0.2)), width
    for after, stride in ((2 * width, 2), (4 * width, 1), (4 * width, 1)):
        network.extend([nn.Conv2d(before, after, 4, stride, 1), affine_norm(after), nn.LeakyReLU(0.2)])
        before = after
    network.append(nn.Conv2d(before, 1, 4, 1, 1))
    initialize_normal(network)
    return network


def code_discriminator(latent: int, *, width: int) -> nn.Sequential:
    """Return a discriminator of codes: (N, latent) -> raw scores (N, 1)."""
    network, before = nn.Sequential(), latent
    for _ in range(3):
        network.extend([nn.Linear(before, width), nn.BatchNorm1d(width), nn.LeakyReLU(0.2)])
        before = width
    network.append(nn.Linear(width, 1))
    return network
