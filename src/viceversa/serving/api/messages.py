"""Messages between the process that answers requests and those that compute. This module does not need PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Form = Literal["png", "webp", "jpeg"]
"""Format of an image file that the service writes."""
Target = str | Mapping[str, str | bool | float]
"""Target of a translation, as `Model.translate` takes it (core.space.Wish)."""


@dataclass(frozen=True)
class Ask:
    """Request to translate an image to each target in turn.

    Args:
        image, reference: contents of image files.
        form: format of the results. The other fields are arguments of `Model.translate`.
    """

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
    """Successful answer to an Ask.

    Args:
        images: contents of image files, one for each target.
        warning: why the image is unlike the training images; empty otherwise.
    """

    images: tuple[bytes, ...]
    warning: str = ""


@dataclass(frozen=True)
class Refused:
    """Answer to an Ask that is refused.

    Args:
        reason: the reason.
        status: HTTP status.
    """

    reason: str
    status: int = 422


@dataclass(frozen=True)
class About:
    """Description of a model for clients.

    Args:
        model: its name in requests.
        recipe: recipe that it was trained with.
        step: number of its training steps.
        attributes: values that each attribute of its labels can have.
        spaces: size of the images of each space, as (height, width, channels); between spaces, a target is one of these names.
        source_needed: whether a request must say what its image shows, because there is no labeller to predict it.
        styles: whether `seed` and `reference` choose among results.
        example: example of a target.
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
