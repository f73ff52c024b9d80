"""How far street digits are from MNIST, and how well they can be read. This was fixed before any translator was trained.

python -m experiments.digits hardness --mnist DIR          three minutes on one core; writes results/hardness.json

A classifier trained on MNIST reads the luma of street digits: resized to 28x28, and their middle 28x28, each as it is and with
light and dark exchanged. A classifier trained on street digits reads other street digits, which is the ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.common import write_result
from experiments.digits.classifier import classifier, digits, of, read, share
from viceversa.data.sources import open_dataset
from viceversa.images.pixels import Pixels

SIDE = 28


@dataclass(frozen=True)
class Hardness:
    """Data, classifiers, and the file of the result."""

    mnist: Path
    """folder of MNIST's four files"""
    street: str = "street-digits"
    """`street-digits`, or the folder of SVHN's files"""
    epochs: int = 2
    """passes over the training images, for each classifier"""
    runs: Path = Path("runs/digits")
    """folder of the classifiers"""
    out: Path = Path(__file__).parent / "results" / "hardness.json"


def main(asked: Hardness) -> None:
    """Measure how well classifiers read street digits, before any translator is trained."""
    mnist, street = open_dataset(str(asked.mnist)), open_dataset(asked.street)
    of_mnist = classifier(mnist, asked.runs / f"classifier-{mnist.name}.safetensors", asked.epochs)
    of_street = classifier(street, asked.runs / f"classifier-{street.name}.safetensors", asked.epochs)
    own, others = of(mnist, "test"), of(street, "test")
    views = {f"{name}{more}": view for name, luma in lumas(others.pixels).items() for more, view in _both(luma).items()}
    found = {
        "mnist": mnist.name, "street": street.name, "epochs": asked.epochs,
        "mnist_read_by_mnist": share(digits(own), read(of_mnist, own.pixels)),
        "street_read_by_street": share(digits(others), read(of_street, others.pixels)),
        "street_read_by_mnist": {name: share(digits(others), read(of_mnist, view)) for name, view in views.items()},
    }  # fmt: skip
    write_result(asked.out, found)
    print(asked.out.read_text())


def lumas(pixels: Pixels) -> dict[str, Pixels]:
    """The luma of images (N, 32, 32, 3), resized to 28x28 and cut out of the middle: (N, 28, 28, 1) each."""
    gray = [Image.fromarray(image).convert("L") for image in pixels]
    inset = (pixels.shape[1] - SIDE) // 2
    resized = np.stack([np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for image in gray])
    middle = np.stack([np.asarray(image)[inset : inset + SIDE, inset : inset + SIDE] for image in gray])
    return {"resized": resized[..., None], "middle": middle[..., None]}


def _both(luma: Pixels) -> dict[str, Pixels]:
    return {"": luma, ", inverted": 255 - luma}
