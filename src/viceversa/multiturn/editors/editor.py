"""The request to an editor, and the protocol of an editor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from PIL import Image


@dataclass(frozen=True)
class Edit:
    """A request to an editor, in words and, where the data has labels, in attributes.

    Args:
        instruction: what to do, in words.
        source: attribute -> value that the image shows before the edit; {"space": NAME} between two spaces; empty without labels.
        target: the same after the edit.
    """

    instruction: str
    source: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, str] = field(default_factory=dict)


class Editor(Protocol):
    """Edits an image."""

    def __call__(self, image: Image.Image, edit: Edit, seed: int) -> Image.Image:
        """Return the edited image, of any size, mode "L" or "RGB".

        Args:
            image: of mode "L" or "RGB".
            edit: what is asked.
            seed: of whatever is random; the same seed gives the same answer if the editor can do that.

        Raises UsageError for an edit that cannot be had from this editor.
        """
