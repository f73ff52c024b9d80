"""Switchable norm (arXiv 1806.10779): a learned mixture of instance, layer and batch statistics."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SwitchableNorm(nn.Module):
    """(x - sum_k w_k mean_k) / sqrt(sum_k w'_k var_k + 1e-5) * weight + bias over k in {instance, layer, batch} (eq. 3).

    w, w' are softmaxes of three learned numbers each. Batch statistics are the batch's in training, running ones in use (momentum
    0.1). (N, C, H, W) -> (N, C, H, W).
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.of_means, self.of_variances = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
        self.register_buffer("running_mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("running_variance", torch.ones(1, channels, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        mean = image.mean((2, 3), keepdim=True)
        second = image.square().mean((2, 3), keepdim=True)
        layer_mean, layer_second = mean.mean(1, keepdim=True), second.mean(1, keepdim=True)
        batch_mean, batch_variance = self._batch(mean, second)
        means = (mean, layer_mean.expand_as(mean), batch_mean.expand_as(mean))
        variances = (second - mean.square(), (layer_second - layer_mean.square()).expand_as(mean), batch_variance.expand_as(mean))
        mean, variance = (
            sum(share * part for share, part in zip(weights.softmax(0), parts, strict=True))
            for weights, parts in ((self.of_means, means), (self.of_variances, variances))
        )
        normalized: Tensor = (image - mean) / (variance + 1e-5).sqrt()
        return normalized * self.weight[:, None, None] + self.bias[:, None, None]

    def _batch(self, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance over the batch, or the running ones."""
        if not self.training:
            return self.running_mean, self.running_variance
        batch_mean = mean.mean(0, keepdim=True)
        variance = second.mean(0, keepdim=True) - batch_mean.square()
        with torch.no_grad():
            self.running_mean.lerp_(batch_mean.to(self.running_mean), 0.1)
            self.running_variance.lerp_(variance.to(self.running_variance), 0.1)
        return batch_mean, variance
