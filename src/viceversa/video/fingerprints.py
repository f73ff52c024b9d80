"""Fingerprints of files and weights: equal texts mean equal contents."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from torch import nn

from viceversa import __version__
from viceversa.errors import UsageError
from viceversa.video.packages import package
from viceversa.video.sequence import images_of


def fingerprint(path: Path) -> str:
    """Return the fingerprint of a file's bytes, or of all images in a folder with their names."""
    if path.is_dir():
        parts = [f"{file.name} {fingerprint(file)}" for file in images_of(path)]
        return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_fingerprint(network: nn.Module) -> str:
    """Return the fingerprint of a network's weights."""
    found = hashlib.sha256()
    for name, value in network.state_dict().items():
        found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def versions() -> str:
    """Return the versions that a part of a clip depends on. PyAV and OpenCV are optional, because GIFs and folders do not need
    them."""
    found = [f"viceversa {__version__}"]
    for name in ("av", "cv2"):
        with suppress(UsageError):
            found.append(f"{name} {package(name).__version__}")
    return " ".join(found)
