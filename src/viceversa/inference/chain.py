"""List of the images of a chain, which a notebook shows as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from viceversa.core.space import Wish, as_text
from viceversa.images.pictures import grid, png


class Chain(list[Any]):
    """Translations of `Model.chain`, one for each target. A notebook shows single images as a strip, with their targets above."""

    def __init__(self, translations: Sequence[Any], targets: Sequence[Wish]) -> None:
        super().__init__(translations)
        self.targets = targets

    def _repr_png_(self) -> bytes | None:
        """Return the strip as a PNG file; None for arrays, tensors and lists."""
        if not self or not all(isinstance(each, Image.Image) for each in self):
            return None
        return png(grid([[np.asarray(each.convert("RGB")) for each in self]], list(map(as_text, self.targets))))
