"""Norms with the statistics of whole images while a network processes tiles of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


@dataclass(frozen=True, eq=False)
class Moments:
    """Statistics of the values of each channel: count, mean (N, C), and biased variance (N, C)."""

    count: int
    mean: Tensor
    variance: Tensor

    def merged(self, other: Moments) -> Moments:
        """Return the moments of both sets together: var = (n var + n' var') / (n + n') + n n' (mean - mean')^2 / (n + n')^2."""
        count = self.count + other.count
        here, there = self.count / count, other.count / count
        apart = self.mean - other.mean
        variance = here * self.variance + there * other.variance + here * there * apart**2
        return Moments(count, here * self.mean + there * other.mean, variance)


def moments_of(values: Tensor) -> Moments:
    """Return the moments of (N, C, H, W) over height and width, in float64, on the CPU."""
    variance, mean = torch.var_mean(values.float(), (2, 3), correction=0)
    return Moments(values.shape[2] * values.shape[3], mean.cpu().double(), variance.cpu().double())


Finder = Callable[[int, Tensor], Moments]
"""A function (number of the norm in the order of calls, its input (N, C, H, W)) -> moments that the norm uses."""


class Normalizing(TorchFunctionMode):
    """Context in which norms over height and width use the moments that `find` returns, not those of their inputs.

    It covers group norm with one channel per group, instance norm without running statistics, and norms written with torch.var_mean
    over (2, 3), such as switchable and conditional norms. Batch norm in evaluation mode has its own statistics, the same for every
    image. calls: number of norms so far.
    """

    def __init__(self, find: Finder) -> None:
        super().__init__()
        self.find, self.calls = find, 0

    def __torch_function__(
        self, function: Callable[..., Any], types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if function is F.group_norm:
            return self._group_norm(*args, **kwargs)
        if function is F.instance_norm and _input_counts(*args, **kwargs):
            return self._instance_norm(*args, **kwargs)
        if function is torch.var_mean and _is_over_places(*args, **kwargs):
            return self._var_mean(*args, **kwargs)
        return function(*args, **kwargs)

    def _found(self, values: Tensor) -> Moments:
        self.calls += 1
        return self.find(self.calls - 1, values)

    def _group_norm(
        self, input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
    ) -> Tensor:
        found = self._found(input)
        channels = input.shape[1]
        means, variances = (part.reshape(len(part), num_groups, -1) for part in (found.mean, found.variance))
        spread = variances.mean(2) + means.var(2, correction=0)
        scale = (spread + eps).rsqrt().repeat_interleave(channels // num_groups, 1).to(input)
        mean = means.mean(2).repeat_interleave(channels // num_groups, 1).to(input)
        scale = scale if weight is None else scale * weight
        shift = -mean * scale if bias is None else bias - mean * scale
        return torch.addcmul(shift[..., None, None], input, scale[..., None, None])

    def _instance_norm(
        self,
        input: Tensor,
        running_mean: Tensor | None = None,
        running_var: Tensor | None = None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        *others: Any,
        **named: Any,
    ) -> Tensor:
        """others: whether the input counts, the momentum, and epsilon."""
        epsilon: float = named.get("eps", others[2] if len(others) > 2 else 1e-5)
        return self._group_norm(input, input.shape[1], weight, bias, epsilon)

    def _var_mean(
        self, input: Tensor, dim: Sequence[int], unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> tuple[Tensor, Tensor]:
        found = self._found(input)
        lost = int(unbiased) if correction is None else correction
        pair = found.variance * (found.count / max(found.count - lost, 1)), found.mean
        variance, mean = (part.to(input)[..., None, None] if keepdim else part.to(input) for part in pair)
        return variance, mean


def _input_counts(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, *others: Any, **named: Any
) -> bool:
    """Return whether this instance norm uses the statistics of its input."""
    return bool(named.get("use_input_stats", others[2] if len(others) > 2 else True))


def _is_over_places(input: Tensor, dim: Any = None, *others: Any, **named: Any) -> bool:
    return input.ndim == 4 and isinstance(dim, list | tuple) and sorted(each % 4 for each in dim) == [2, 3]
