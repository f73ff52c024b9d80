"""A request, as a person makes it, turned into one call of a trained translator."""

from __future__ import annotations

import torch
from torch import Tensor

from viceversa.core.domains import Domain
from viceversa.core.journey import entered
from viceversa.core.method import Method, Request
from viceversa.errors import UsageError


def translated(
    method: Method, images: Tensor, source: Domain, target: Domain, *, reference: Tensor | None = None, seed: int = 0
) -> Tensor:
    """(N, C, H, W) in [-1, 1] of `source` -> the same of `target`: on the method's device, and back on the CPU.

    reference (1, C, H, W), seed: for methods with styles, read off that image or drawn. Raises UsageError for images of another
    type or shape.
    """
    if images.ndim != 4 or not images.is_floating_point():
        given = f"{tuple(images.shape)} of {str(images.dtype).removeprefix('torch.')}"
        raise UsageError(f"images must be floats in [-1, 1] of shape (images, channels, height, width), not {given}.")
    here, there = ends(method, images, source, target, reference=reference, seed=seed)
    return method.translate(images.to(device_of(method)), here, there).cpu()


def ends(
    method: Method, images: Tensor, source: Domain, target: Domain, *, reference: Tensor | None = None, seed: int = 0
) -> tuple[Domain, Domain]:
    """Where images depart from and where they go, on the method's device; a style that is read off them is read."""
    device = device_of(method)
    wanted = _moved(target, device)
    request = Request(wanted.space, wanted.label, None if reference is None else reference.to(device), seed)
    return _moved(source, device), entered(images.to(device), method.destination(request))


def device_of(method: Method) -> torch.device:
    """Where its weights are."""
    return next(method.translator.parameters()).device


def _moved(domain: Domain, device: torch.device) -> Domain:
    return domain if domain.label is None else Domain(domain.space, domain.label.to(device), domain.style)
