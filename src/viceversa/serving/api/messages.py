"""What goes between the process that answers requests and those that compute. Nothing here needs PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Form = Literal["png", "webp", "jpeg"]
"""Format of an image file that the service writes."""
Target = str | Mapping[str, str | bool | float]
"""As `Model.translate` takes it (core.space.Wish)."""


@dataclass(frozen=True)
class Ask:
    """An image to be translated to each target in turn. image, reference: contents of image files."""

    model: str
    image: bytes
    targets: tuple[Target, ...]
    source: Target = ""
    strength: float = 1.0
    seed: int = 0
    reference: bytes | None = None
    full_size: bool = False
    form: Form = "png"


@dataclass(frozen=True)
class Made:
    """The answer to an Ask: contents of image files, one for each target. warning: if the image is unlike the training images."""

    images: tuple[bytes, ...]
    warning: str = ""


@dataclass(frozen=True)
class Refused:
    """The answer to an Ask that cannot be met, with the reason. status: HTTP's."""

    reason: str
    status: int = 422


@dataclass(frozen=True)
class About:
    """What clients are told of a model.

    Args:
        model: its name in requests.
        recipe: recipe that it was trained with. step: number of its training steps.
        attributes: each attribute of its labels with the values that it can have.
        spaces: size of the images of each space, as (height, width, channels); between spaces, a target is one of these names.
        source_needed: whether a request must say what its image shows, as there is no labeller to predict it.
        styles: whether `seed` and `reference` choose among results.
        example: an example of a target.
        card: text about the model, in Markdown; empty if it has none.
        by_target: whether images of a batch must have the same targets.
    """

    model: str
    recipe: str
    step: int
    attributes: Mapping[str, Sequence[str]]
    spaces: Mapping[str, tuple[int, int, int]]
    source_needed: bool
    styles: bool
    example: str
    card: str
    by_target: bool
