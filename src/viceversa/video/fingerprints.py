"""What files and weights hold, in short: equal texts mean equal contents."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from torch import nn

from viceversa import __version__
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
    """Of what a part of a video depends on."""
    return " ".join([f"viceversa {__version__}", *(f"{name} {version(name)}" for name in ("av", "opencv-python-headless"))])
