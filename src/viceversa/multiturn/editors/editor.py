"""The request to an editor, and the protocol of an editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from PIL import Image


@dataclass(frozen=True)
class Edit:
    """A request to an editor, in words and, if the data has labels, in attributes.

    Args:
        instruction: the request in words.
        source: attributes that the image shows before the edit; {"space": NAME} between two spaces; empty without labels.
        target: the same after the edit.
    """

    instruction: str
    source: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, str] = field(default_factory=dict)


class Editor(Protocol):
    """Function that edits an image."""

    def __call__(self, image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        """Return the edited image, of any size, in mode "L" or "RGB".

        Args:
            image: image of mode "L" or "RGB".
            edit: the request.
            seed: seed of random numbers; the same seed gives the same answer if the editor supports that.

        Raises:
            UsageError: If the editor does not support the edit.
        """
