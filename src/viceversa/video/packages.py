"""Packages of the extra `video`, imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from viceversa.errors import UsageError


def package(name: str) -> Any:
    """Import PyAV ("av") or OpenCV ("cv2"). Raises UsageError that names the remedy."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(f"video needs the package {name}: pip install 'viceversa[video]'.") from None
