"""Feature networks by name."""

from __future__ import annotations

import torch

from viceversa.errors import unknown
from viceversa.metrics.features import Extractor, lite0
from viceversa.metrics.inception import inception

NAMES = ("lite0", "inception")


def extractor_named(name: str, device: torch.device) -> Extractor:
    """Return the extractor "lite0", or "inception": the official networks of FID, KID and LPIPS.

    Raises UsageError for another name, or if the official networks are not available.
    """
    match name:
        case "lite0":
            return lite0(device)
        case "inception":
            return inception(device)
    raise unknown("feature network", name, NAMES)
