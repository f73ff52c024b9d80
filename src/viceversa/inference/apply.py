"""Call of a trained translator for a source and a target domain."""

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
    """Translate images (N, C, H, W) in [-1, 1] from `source` to `target`, on the method's device; the result is on the CPU.

    Args:
        reference: image (1, C, H, W) that gives the style, for methods with styles.
        seed: seed of a random style, for such methods without a reference.

    Raises:
        UsageError: the images have another type or shape.
    """
    if images.ndim != 4 or not images.is_floating_point():
        given = f"{tuple(images.shape)} of {str(images.dtype).removeprefix('torch.')}"
        raise UsageError(f"images must be floats in [-1, 1] of shape (images, channels, height, width), not {given}.")
    here, there = ends(method, images, source, target, reference=reference, seed=seed)
    return method.translate(images.to(device_of(method)), here, there).cpu()


def ends(
    method: Method, images: Tensor, source: Domain, target: Domain, *, reference: Tensor | None = None, seed: int = 0
) -> tuple[Domain, Domain]:
    """Return the source and target domains on the method's device. A style that depends on the images is computed."""
    device = device_of(method)
    wanted = _moved(target, device)
    request = Request(wanted.space, wanted.label, None if reference is None else reference.to(device), seed)
    return _moved(source, device), entered(images.to(device), method.destination(request))


def device_of(method: Method) -> torch.device:
    """Return the device of the method's weights."""
    return next(method.translator.parameters()).device


def _moved(domain: Domain, device: torch.device) -> Domain:
    return domain if domain.label is None else Domain(domain.space, domain.label.to(device), domain.style)
