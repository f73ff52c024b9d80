"""Switchable norm (arXiv 1806.10779): a learned mixture of instance, layer and batch norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SwitchableNorm(nn.Module):
    """Switchable norm: (N, C, H, W) -> (N, C, H, W).

        (x - sum_k w_k mean_k) / sqrt(sum_k w'_k var_k + 1e-5) * weight + bias    over k in {instance, layer, batch} (eq. 3)

    w and w' are softmaxes of three learned numbers each. In training, batch statistics are those of the batch; in evaluation they
    are running ones. `momentum` works as in batch norm: None is the mean over all batches since the last reset.
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.momentum: float | None = 0.1
        self.seen = 0
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.of_means, self.of_variances = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
        self.register_buffer("running_mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_variance", torch.ones(1, channels, 1, 1))

    def reset_running_stats(self) -> None:
        """Reset the running statistics."""
        self.running_mean.zero_()
        self.running_variance.fill_(1.0)
        self.seen = 0

    def forward(self, image: Tensor) -> Tensor:
        values = image.to(torch.promote_types(image.dtype, torch.float32))  # bf16 is too coarse for variances
        variance, mean = torch.var_mean(values, (2, 3), correction=0, keepdim=True)
        means, variances = zip((mean, variance), _pooled(mean, variance, 1), self._batch(mean, variance), strict=True)
        mean, variance = _mixed(self.of_means, means), _mixed(self.of_variances, variances)
        normalized = (values - mean) / (variance + 1e-5).sqrt()
        return normalized * self.weight[:, None, None] + self.bias[:, None, None]

    def _batch(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance over the batch, or the running ones."""
        if not self.training:
            return self.running_mean, self.running_variance
        mean, variance = _pooled(mean, variance, 0)
        self.seen += 1
        share = 1 / self.seen if self.momentum is None else self.momentum
        with torch.no_grad():
            self.running_mean.lerp_(mean.to(self.running_mean), share)
            self.running_variance.lerp_(variance.to(self.running_variance), share)
        return mean, variance


def _pooled(mean: Tensor, variance: Tensor, dimension: int) -> tuple[Tensor, Tensor]:
    """Return mean and variance of all values, from those of parts of equal size."""
    spread = mean.var(dimension, correction=0, keepdim=True)
    return mean.mean(dimension, keepdim=True), variance.mean(dimension, keepdim=True) + spread


def _mixed(weights: Tensor, parts: tuple[Tensor, ...]) -> Tensor:
    """Return sum_k softmax(weights)_k part_k."""
    shares: Tensor = weights.softmax(0)
    return shares[0] * parts[0] + shares[1] * parts[1] + shares[2] * parts[2]
