"""What files and weights hold, in short: equal texts mean equal contents."""

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
    """Of a file's bytes, or of all images of a folder with their names."""
    if path.is_dir():
        parts = [f"{file.name} {fingerprint(file)}" for file in images_of(path)]
        return hashlib.sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_fingerprint(network: nn.Module) -> str:
    """Of a network's weights."""
    found = hashlib.sha256()
    for name, value in network.state_dict().items():
        found.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def versions() -> str:
    """Of what a part of a clip depends on: of PyAV and OpenCV where they are, as GIFs and folders do without."""
    found = [f"viceversa {__version__}"]
    for name in ("av", "cv2"):
        with suppress(UsageError):
            found.append(f"{name} {package(name).__version__}")
    return " ".join(found)
