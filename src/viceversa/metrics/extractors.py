"""Feature networks by name."""

from __future__ import annotations

from viceversa.errors import unknown
from viceversa.metrics.features import LITE0, Extractor
from viceversa.metrics.inception import inception

NAMES = ("lite0", "inception")


def extractor_named(name: str) -> Extractor:
    """ "lite0", or "inception": the official networks of FID, KID and LPIPS. Raises UsageError where these cannot be had."""
    match name:
        case "lite0":
            return LITE0
        case "inception":
            return inception()
    raise unknown("feature network", name, NAMES)
